"""Sentences and remedies of what is held before anything is sent; the codes are the hub's (DESIGN section 6)."""

from __future__ import annotations

from hub import Held

_HOLDS: dict[str, tuple[str, str]] = {
    "contact_missing": (
        "Its contact {contact} is not in the hub.",
        "Send the contact to the hub; the invoice follows by itself.",
    ),
    "contact_empty": (
        "The contact has no name and no e-mail address, and Xero needs a name.",
        "Give the contact a name in the gallery system.",
    ),
    "contact_archived_source": (
        "The contact “{name}” is archived in the gallery system.",
        "Restore the contact in the gallery system, or put the invoice to another contact.",
    ),
    "email_invalid": (
        "The e-mail address of the contact “{name}” is not valid: {why}.",
        "Correct the address in the gallery system, or set “When an e-mail address is not valid” to leave it out.",
    ),
    "address": (
        "The contact “{name}” has an address that Xero does not take: {why}",
        "Correct it in the gallery system.",
    ),
    "contact_number": (
        "The contact's number {number} is longer than the 50 characters that Xero takes.",
        "Ask the operator: the hub should have shortened it.",
    ),
    "tax_code_missing": (
        "Line {line} has the tax code “{tax_code}”, which is not in the hub.",
        "Send the tax code to the hub, or correct the line in the gallery system.",
    ),
    "mapping_missing": (
        "Nothing in Xero is chosen for {what}.",
        "Choose it in the webservice's mappings (slot “{slot}”).",
    ),
    "mapping_invalid": (
        "What is chosen for {what} cannot be used in Xero: {why}.",
        "Choose another one in the webservice's mappings (slot “{slot}”).",
    ),
    "tax_mapping": (
        "The Xero tax rate chosen for {what} does not fit: {why}.",
        "Choose a tax rate that fits in the webservice's mappings (slot “{slot}”), or correct the rate in Xero.",
    ),
    "tax_archived": (
        "The Xero tax rate chosen for {what} is archived: {why}.",
        "Choose an active tax rate in the webservice's mappings (slot “{slot}”).",
    ),
    "currency_unknown": (
        "“{currency}” is no currency.",
        "Correct the currency of the invoice in the gallery system.",
    ),
    "currency_not_subscribed": (
        "The Xero organisation does not use the currency {currency}.",
        "Add {currency} in Xero (Settings, Currencies; not every plan has several), then refresh the choices.",
    ),
    "currency_precision": (
        "The amounts do not fit {currency} in Xero: {why}",
        "Round the amounts in the gallery system, or enter this one in Xero by hand.",
    ),
    "no_lines": ("The invoice has no lines.", "Add the lines in the gallery system."),
    "no_amount": (
        "The invoice has no line with an amount.",
        "Add a line with a quantity and a price in the gallery system.",
    ),
    "discount": ("The discount does not fit: {why}", "Correct the discount in the gallery system."),
    "negative_total": (
        "The total of the invoice is below zero, which Xero does not take.",
        "Make it a credit note in the gallery system.",
    ),
    "too_large": ("It is larger than Xero takes: {why}", "Split the invoice, or shorten it, in the gallery system."),
    "date": ("The invoice's date cannot be used: {why}.", "Correct the issue date in the gallery system."),
    "total_mismatch": (
        "The stated total {total} is not what the lines come to: {why}",
        "Correct the lines or the total in the gallery system.",
    ),
    "strict_rounding": (
        "The total {total} needs a rounding of {rounding}, and rounding is set to strict: {why}",
        "Correct the invoice, or choose another rounding in the webservice's settings.",
    ),
    "period_locked": (
        "It is dated {on}, and the books in Xero are locked up to {locked}.",
        "Move the lock date in Xero (Settings, Financial settings), or give it a later date.",
    ),
    "payment_account": (
        "No Xero account takes payments by {what}: {why}.",
        "Choose a bank account, or one with “Enable payments”, in the webservice's mappings (slot “bank”).",
    ),
    "payment_currency": (
        "The payment's currency does not fit: {why}.",
        "Correct the payment in the gallery system, or choose another account in the mappings (slot “bank”).",
    ),
    "remote_total": (
        "The total in Xero is {theirs}, not {ours}, and a rounding line cannot make up for it.",
        "Correct the invoice in Xero or in the gallery system; no payment goes out before the totals are equal.",
    ),
    "source_missing": (
        "The invoice {invoice} that it settles is not in the hub.",
        "Send the invoice to the hub; the payment follows by itself.",
    ),
    "credit_note": (
        "It is a credit note: those come with the next version.",
        "Enter it in Xero by hand for now; nothing is sent for it.",
    ),
    "refund": (
        "It is a refund: those come with the next version.",
        "Enter it in Xero by hand for now; nothing is sent for it.",
    ),
}
# Ways to say it that share one of the fixed codes.
_CODES = {
    "contact_number": "too_large",
    "negative_total": "discount",
    "strict_rounding": "total_mismatch",
    "credit_note": "refused",
    "refund": "refused",
}


def hold(name: str, /, *, cause: str = "", **facts: object) -> Held:
    """A hold with its words filled in. *cause* groups what one remedy solves; by default the code and the sentence."""
    sentence, remedy = _HOLDS[name]
    return Held(
        code=_CODES.get(name, name), message=sentence.format(**facts), remedy=remedy.format(**facts), cause=cause
    )
