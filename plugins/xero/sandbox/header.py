"""The header of a document: number, dates, currency, address. FACTS 4.1, 4.2, 4.4, 4.9. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from plugins.xero.sandbox.context import Context, lock_faults, too_long
from plugins.xero.sandbox.errors import Fault, RefusedError
from plugins.xero.sandbox.state import Document
from plugins.xero.sandbox.wire import Json

_NUMBER_MAX = 255
_ENDED = {"VOIDED", "DELETED"}


class Family:
    """What differs between invoices and credit notes."""

    def __init__(self, *, id_key: str, number_key: str, prefix: str, is_credit: bool) -> None:
        self.id_key = id_key
        self.number_key = number_key
        self.prefix = prefix
        self.is_credit = is_credit
        self.taken = "credit_number_taken" if is_credit else "invoice_number_taken"
        self.absent = "credit_not_found" if is_credit else "invoice_not_found"
        self.wrong_status = "credit_not_of_valid_status" if is_credit else "not_of_valid_status"


INVOICES = Family(id_key="InvoiceID", number_key="InvoiceNumber", prefix="INV", is_credit=False)
CREDIT_NOTES = Family(id_key="CreditNoteID", number_key="CreditNoteNumber", prefix="CN", is_credit=True)


def find_numbered(context: Context, family: Family, number: str) -> list[Document]:
    """Documents of the family that hold *number*; voided and deleted ones keep theirs. FACTS 4.4 [T], [U]."""
    ledger = context.books.ledger
    if family.is_credit:
        found = [ledger.credit_notes[key] for key in ledger.credit_numbers.ids(number)]
    else:
        found = [one for one in ledger.invoices_numbered(number) if one.type == "ACCREC"]
    if context.settings.voided_number_reusable:
        return [one for one in found if one.status not in _ENDED]
    return found


def judge_header(context: Context, family: Family, sent: Json, document: Document, status: str) -> Mapping[str, Any]:
    """The header fields to apply when *document* shall have *status*. Raises `RefusedError` with every fault."""
    settings = context.settings
    is_new = not document.number
    is_approved = status in {"SUBMITTED", "AUTHORISED"}
    faults: list[Fault] = []
    changes: dict[str, Any] = {
        key: sent[key]
        for key in (
            *("Date", "DueDate", "LineAmountTypes", "Reference", "BrandingThemeID", "Url"),
            *("SentToContact", "ExpectedPaymentDate", "CurrencyCode", "CurrencyRate"),
        )
        if key in sent
    }
    changes["Status"] = status
    if number := sent.get(family.number_key):
        faults += too_long(context, family.number_key, number, _NUMBER_MAX)
        if number != document.number and document.type != "ACCPAY":
            holders = find_numbered(context, family, number)
            if any(holder is not document for holder in holders):
                faults.append(context.fault(family.taken))
        changes["Number"] = number
    faults += too_long(context, "Reference", sent.get("Reference"), settings.reference_max)
    faults += _judge_dates(context, family, sent, document, changes, is_approved=is_approved)
    faults += _judge_currency(context, sent, document, is_new=is_new)
    faults += _judge_url(context, sent.get("Url"))
    if not is_new and sent.get("Type", document.type) != document.type:
        faults.append(context.fault("type_fixed"))
    if is_approved and document.status not in {"SUBMITTED", "AUTHORISED"} and settings.approval == "refused":
        faults.append(context.fault("approval_limit"))  # FACTS 4.3 [T]
    if faults:
        raise RefusedError(faults)
    return changes


def _judge_dates(
    context: Context, family: Family, sent: Json, document: Document, changes: dict[str, Any], *, is_approved: bool
) -> list[Fault]:
    """Both dates, and the lock dates; default terms may add a DueDate to *changes*."""
    is_new = not document.number
    faults: list[Fault] = []
    if is_approved:
        if is_new and "Date" not in sent:  # FACTS 4.2 [T]
            faults.append(context.fault("date_missing"))
        if not family.is_credit and "DueDate" not in sent and document.due_on is None:
            if context.settings.due_date_required:
                faults.append(context.fault("due_date_missing"))
            else:  # FACTS 4.2 [T] MARLEY: the default terms fill it in
                changes["DueDate"] = changes.get("Date", document.on) + timedelta(days=14)
    if "Date" in sent:
        faults += lock_faults(context, sent["Date"])
    elif is_new:
        faults += lock_faults(context, document.on)
    return faults


def _judge_currency(context: Context, sent: Json, document: Document, *, is_new: bool) -> list[Fault]:
    currency = sent.get("CurrencyCode", document.currency)
    if currency not in context.books.currencies:  # FACTS 4.10 [T]
        return [context.fault("currency", currency=currency)]
    fixed = context.settings.approved_currency_fixed and document.status == "AUTHORISED"  # FACTS 4.5 [U]
    if not is_new and fixed and currency != document.currency:
        return [context.fault("currency_fixed")]
    return []


def _judge_url(context: Context, url: str | None) -> list[Fault]:
    if not url:
        return []
    try:
        parts = urlsplit(url)
    except ValueError:
        return [context.fault("url")]
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        return [context.fault("url")]  # FACTS 4.1 [T]
    return [context.fault("url_xero")] if "xero" in url.casefold() else []  # FACTS 4.1 [O*]


def rate_warnings(context: Context, sent: Json) -> tuple[str, ...]:
    """FACTS 12 [O*]: since 7 April 2026 an odd CurrencyRate is a warning, not an error."""
    rate, currency = sent.get("CurrencyRate"), sent.get("CurrencyCode", context.books.currency)
    if rate is None or currency == context.books.currency:
        return ()
    usual = context.books.day_rate(currency)
    if rate <= 0 or not usual / 2 <= rate <= usual * 2:
        return (context.say("rate_warning", rate=rate),)
    return ()


_HEADER = {
    "Date": "on",
    "DueDate": "due_on",
    "LineAmountTypes": "line_amount_types",
    "Reference": "reference",
    "BrandingThemeID": "branding_theme_id",
    "Url": "url",
    "SentToContact": "sent_to_contact",
    "ExpectedPaymentDate": "expected_payment_on",
    "CurrencyCode": "currency",
    "Number": "number",
    "Status": "status",
}


def apply_header(document: Document, changes: Mapping[str, Any]) -> None:
    """Put judged header fields on *document*."""
    for key, field in _HEADER.items():
        if key in changes:
            setattr(document, field, changes[key])
