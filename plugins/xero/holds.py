"""Sentences and remedies of what is held before anything is sent; the codes are the hub's (DESIGN section 6)."""

from __future__ import annotations

from hub import Held

_HOLDS: dict[str, tuple[str, str]] = {
    "contact_missing": (
        "The contact {contact} is not in the hub.",
        "Send the contact to the hub; its invoices follow by themselves.",
    ),
    "contact_empty": (
        "The contact {contact} has no name and no e-mail address, and Xero needs a name.",
        "Give the contact a name in the gallery system.",
    ),
    "contact_archived_source": (
        "The contact “{name}” is archived in the gallery system.",
        "Restore the contact in the gallery system, or put the invoice to another contact.",
    ),
    "email_invalid": (
        "The e-mail address of the contact “{name}” is not valid: {why}.",
        "Correct the e-mail address in the gallery system, or set “When an e-mail address is not valid” to omit.",
    ),
    "address": (
        "The contact “{name}” has an address that Xero does not take: {why}",
        "Correct the address in the gallery system.",
    ),
    "contact_number": (
        "The contact's number {number} is longer than the 50 characters that Xero takes.",
        "Ask the operator: the hub should have shortened it.",
    ),
    "tax_code_missing": (
        "The tax code “{tax_code}” of a line is not in the hub.",
        "Correct the line in the gallery system, or send this tax code to the hub and choose its rate in the mappings.",
    ),
    "mapping_missing": (
        "Nothing in Xero is chosen for {what}.",
        "Choose it in the webservice's mappings (slot “{slot}”).",
    ),
    "mapping_invalid": (
        "What is chosen for {what} cannot be used in Xero: {why}.",
        "Choose another one in the webservice's mappings (slot “{slot}”), or put that one right in Xero.",
    ),
    "tax_mapping": (
        "The Xero tax rate chosen for {what} does not fit: {why}.",
        "Choose a tax rate that fits in the webservice's mappings (slot “{slot}”), or correct the rate in Xero.",
    ),
    "tax_account": (
        "The Xero tax rate chosen for {what} does not fit: {why}.",
        "Choose another account, or another tax rate (slot “{slot}”), in the webservice's mappings.",
    ),
    "tax_archived": (
        "The Xero tax rate chosen for {what} is archived: {why}.",
        "Choose an active tax rate in the webservice's mappings (slot “{slot}”), or restore that one in Xero.",
    ),
    "currency_unknown": (
        "“{currency}” is no currency.",
        "Correct the currency of the invoice in the gallery system.",
    ),
    "currency_not_subscribed": (
        "The Xero organisation does not use the currency {currency}.",
        "Add {currency} in Xero (Settings, Currencies; not every plan has several), and it goes with the next run.",
    ),
    "currency_precision": (
        "The amounts do not fit {currency} in Xero: {why}",
        "Round the amounts in the gallery system, or enter it in Xero by hand and mark this one as resolved.",
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
        "The total {total} cannot be reached without rounding, which is set to strict: {why}",
        "Correct the invoice in the gallery system, or choose another “Rounding” in the webservice's settings.",
    ),
    "period_locked": (
        "Its date lies in a period that is locked in Xero: the books are locked up to {locked}.",
        "Move the lock date in Xero (Settings, Financial settings), or give it a later date in the gallery system.",
    ),
    "payment_account": (
        "No Xero account takes payments by {what}: {why}.",
        "Choose a bank account, or one with “Enable payments”, in the mappings (slot “{slot}”), or correct it in Xero.",
    ),
    "payment_currency": (
        "The payment's currency does not fit: {why}.",
        "Correct the payment in the gallery system, or choose another account in the mappings (slot “{slot}”).",
    ),
    "remote_total": (
        "{number} is {theirs} in Xero, not {ours}, and a rounding line cannot make up for it.",
        "Correct it in Xero or in the gallery system; no payment goes out before the totals are equal.",
    ),
    "source_missing": (
        "The invoice {invoice} that it settles is not in the hub.",
        "Send the invoice to the hub; its payments follow by themselves.",
    ),
    "negative_credit": (
        "The total of the credit note is below zero, which Xero does not take.",
        "Make it an invoice in the gallery system: a credit note has positive amounts.",
    ),
}
# Ways to say it that share one of the fixed codes.
_CODES = {
    "contact_number": "too_large",
    "negative_total": "discount",
    "tax_account": "tax_mapping",
    "strict_rounding": "total_mismatch",
    "negative_credit": "discount",
}


# Slot -> what people read where they choose it.
LABELS = {
    "sales": "Sales",
    "portal": "Portal fees",
    "shipping": "Shipping",
    "bank": "Payments",
    "tax": "Taxes",
    "no_tax": "No tax",
    "expense": "Trade-ins and costs",
    "deposit": "Deposits",
    "voucher": "Gift vouchers",
    "levy": "Resale levies",
    "donation": "Donations",
    "rounding": "Rounding",
    "tracking": "Tracking",
}


def hold(name: str, /, *, cause: str = "", slot: str = "bank", **facts: object) -> Held:
    """A hold with its words filled in.

    Args:
        name: A key of the sentences above.
        cause: Groups what one remedy solves; by default the code and the sentence.
        slot: The key of the slot in which something is to be chosen.
        facts: What the sentence and the remedy name.
    """
    sentence, remedy = _HOLDS[name]
    facts["slot"] = LABELS.get(slot, slot)
    return Held(
        code=_CODES.get(name, name), message=sentence.format(**facts), remedy=remedy.format(**facts), cause=cause
    )
