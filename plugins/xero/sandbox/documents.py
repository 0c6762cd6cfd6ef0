"""The rules of invoices and credit notes: status, lines, what may change when. FACTS 4. Pure up to the commit."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from plugins.xero.sandbox import contacts, wire
from plugins.xero.sandbox.arithmetic import Totals
from plugins.xero.sandbox.context import Context, Plan, lock_faults
from plugins.xero.sandbox.errors import Fault, RefusedError
from plugins.xero.sandbox.header import (
    CREDIT_NOTES,
    INVOICES,
    Family,
    apply_header,
    find_numbered,
    judge_header,
    rate_warnings,
)
from plugins.xero.sandbox.lines import judge_lines
from plugins.xero.sandbox.state import Contact, Document, Line
from plugins.xero.sandbox.wire import Json

_MOVES = {  # FACTS 4.3 [O], [T]
    "DRAFT": {"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"},
    "SUBMITTED": {"SUBMITTED", "AUTHORISED", "DRAFT", "DELETED"},
    "AUTHORISED": {"AUTHORISED", "VOIDED"},
    "PAID": set[str](),
    "VOIDED": set[str](),
    "DELETED": set[str](),
}
_ENDED = {"VOIDED", "DELETED"}
_SIX_PLACES = Decimal("0.000001")

__all__ = ["CREDIT_NOTES", "INVOICES", "as_sent", "judge_document"]


def judge_document(context: Context, family: Family, sent: Json, *, target: Document | None = None) -> Plan:
    """Judge one document: PUT creates, POST also updates what it finds by id, else by number. FACTS 3.2.

    *target* is the document that the URL names.

    Raises:
        RefusedError: every fault of the first step that finds any.
    """
    existing = target or _find_existing(context, family, sent)
    if existing is None:
        return _judge_new(context, family, sent)
    return _judge_change(context, family, sent, existing)


def _find_existing(context: Context, family: Family, sent: Json) -> Document | None:
    ledger = context.books.ledger
    shelf = ledger.credit_notes if family.is_credit else ledger.invoices
    if document_id := sent.get(family.id_key):
        document = shelf.get(document_id)
        if document is None:
            other = ledger.invoices if family.is_credit else ledger.credit_notes
            raise RefusedError([context.fault("wrong_endpoint" if document_id in other else family.absent)])
        return document
    number = sent.get(family.number_key)
    if not number or sent.get("Type") == "ACCPAY":
        return None
    found = find_numbered(context, family, number)
    if found and context.is_put:  # FACTS 3.2 and 4.4 [S]
        raise RefusedError([context.fault(family.taken)])
    return found[0] if found else None


def _judge_new(context: Context, family: Family, sent: Json) -> Plan:
    status = sent.get("Status", "DRAFT")
    kind = sent.get("Type")
    faults: list[Fault] = []
    if kind is None:
        faults.append(context.fault("type_missing"))
    if status in {"PAID", *_ENDED}:
        faults.append(context.fault(family.wrong_status))
    if faults:
        raise RefusedError(faults)
    contact_plan, contact = contacts.judge_nested(context, sent.get("Contact"))
    document = Document(
        id=wire.new_id(),
        type=kind or "",
        number="",
        contact_id=contact.id if contact else "",
        status="DRAFT",
        on=context.books.today(),  # FACTS 4.1: today in the organisation's time zone
        currency=context.books.currency,
        created_by=context.app,
    )
    changes = judge_header(context, family, sent, document, status)
    lines, totals = _judge_all_lines(context, sent, document, status)

    def commit() -> str:
        document.contact_id = contact_plan.commit()
        _mark_customer(context, document)
        _apply(context, document, changes, lines, totals)
        document.number = document.number or _free_number(context, family)
        context.books.settle(document)
        context.books.put_document(document)
        return document.id

    return Plan(commit, rate_warnings(context, sent))


def _free_number(context: Context, family: Family) -> str:
    while True:
        number = context.books.next_number(family.prefix)
        if not find_numbered(context, family, number):
            return number


def _judge_change(context: Context, family: Family, sent: Json, document: Document) -> Plan:
    wanted = sent.get("Status", document.status)
    if document.is_settled_in_part:
        return _judge_frozen(context, family, sent, document)
    if wanted not in _MOVES[document.status]:  # FACTS 4.3, 4.4 [T]
        raise RefusedError([context.fault(family.wrong_status)], document.id)
    if faults := lock_faults(context, document.on):
        raise RefusedError(faults, document.id)
    if wanted in _ENDED:
        return Plan(lambda: _end(context, document, wanted))
    try:
        contact_plan, contact = (
            contacts.judge_nested(context, sent["Contact"])
            if "Contact" in sent
            else (Plan(lambda: document.contact_id), context.books.ledger.contacts[document.contact_id])
        )
        if contact is not None and contact.status != "ACTIVE":
            raise RefusedError([context.fault("contact_archived", "Contact")])
        changes = judge_header(context, family, sent, document, wanted)
        lines, totals = _judge_all_lines(context, sent, document, wanted)
    except RefusedError as refused:
        raise RefusedError(refused.faults, document.id) from None

    def commit() -> str:
        old_number = document.number
        document.contact_id = contact_plan.commit()
        _mark_customer(context, document)
        _apply(context, document, changes, lines, totals)
        context.books.settle(document)
        context.books.put_document(document, old_number=old_number)
        return document.id

    return Plan(commit, rate_warnings(context, sent))


def _judge_frozen(context: Context, family: Family, sent: Json, document: Document) -> Plan:
    """A document with a payment or credit: frozen but for what a switch allows. FACTS 4.5 [T], [U]."""
    editable = context.settings.paid_editable
    free = {family.id_key, family.number_key, "Type", *editable}
    same_status = sent.get("Status", document.status) == document.status
    if editable and same_status and all(key in free or key == "Status" for key in sent):
        changes = {key: sent[key] for key in editable if key in sent}

        def commit() -> str:
            # FACTS 7.1 [O]: DueDate and SentToContact do not bump UpdatedDateUTC on part-paid documents.
            apply_header(document, changes)
            if set(changes) - {"DueDate", "SentToContact"}:
                context.books.put_document(document)
            return document.id

        return Plan(commit)
    faults = [context.fault("has_payment")]
    if not same_status:
        faults.append(context.fault("status_has_payment", status=sent["Status"]))
    raise RefusedError(faults, document.id)


def _end(context: Context, document: Document, status: str) -> str:
    document.status = status
    context.books.put_document(document)
    return document.id


def _judge_all_lines(
    context: Context, sent: Json, document: Document, status: str
) -> tuple[list[Line] | None, Totals | None]:
    """The new lines, or None when the request leaves them alone. FACTS 4.6 [O]."""
    is_new = not document.number
    is_approved = status in {"SUBMITTED", "AUTHORISED"}
    lines = sent.get("LineItems")
    if lines is None and not is_new:
        retotal = sent.get("LineAmountTypes", document.line_amount_types) != document.line_amount_types
        if not retotal and not (is_approved and document.status == "DRAFT"):
            return None, None
        lines = [as_sent(line, keep_tax=not retotal) for line in document.lines]
        context = Context(books=context.books, app=context.app, is_put=context.is_put, unitdp=4)
    if not lines:  # FACTS 4.2 [O]
        raise RefusedError([context.fault("lines_missing")])
    judged, totals = judge_lines(
        context,
        lines,
        kind=document.type,
        amount_types=sent.get("LineAmountTypes", document.line_amount_types),
        is_approved=is_approved,
        kept=document.lines,
    )
    faults = []
    given = (("SubTotal", totals.sub_total), ("TotalTax", totals.total_tax), ("Total", totals.total))
    if context.settings.wrong_totals == "refuse" and any(sent.get(key, worked) != worked for key, worked in given):
        faults.append(context.fault("totals_mismatch"))  # FACTS 4.8 [S]/[T]
    if totals.total < 0 and context.settings.negative_total_refused:
        faults.append(context.fault("total_negative"))  # FACTS 4.1 [U]
    if faults:
        raise RefusedError(faults)
    return judged, totals


def as_sent(line: Line, *, keep_tax: bool) -> Json:
    """A stored line as if it were sent again, unchanged."""
    sent: Json = {
        "LineItemID": line.id,
        "Description": line.description,
        "Quantity": line.quantity,
        "UnitAmount": line.unit_amount,
        "TaxType": line.tax_type,
        "TaxAmount": line.tax if keep_tax else None,
        "AccountID": line.account_id,
        "DiscountRate": line.discount_rate,
        "DiscountAmount": line.discount_amount,
        "Tracking": [{"TrackingCategoryID": one, "TrackingOptionID": other} for one, other in line.tracking],
    }
    return {key: value for key, value in sent.items() if value is not None}


def _mark_customer(context: Context, document: Document) -> None:
    """FACTS 5.3 and 7.1 [O]: IsCustomer follows from invoices and does not bump UpdatedDateUTC."""
    contact: Contact = context.books.ledger.contacts[document.contact_id]
    field = "is_supplier" if document.type == "ACCPAY" else "is_customer"
    if not getattr(contact, field):
        setattr(contact, field, True)
        contact.rendered = None


def _apply(
    context: Context,
    document: Document,
    changes: Mapping[str, Any],
    lines: list[Line] | None,
    totals: Totals | None,
) -> None:
    before = document.status
    apply_header(document, changes)
    # FACTS 4.3 [T], [U]: without the right to approve, the status comes back lower than asked.
    lower = {"submitted": "SUBMITTED", "draft": "DRAFT"}.get(context.settings.approval)
    if lower and document.status == "AUTHORISED" and before != "AUTHORISED" and context.app is not None:
        document.status = lower
    rate = changes.get("CurrencyRate", Decimal(0)).quantize(_SIX_PLACES, rounding=ROUND_HALF_UP)
    if rate > 0 and document.currency != context.books.currency:
        document.currency_rate = rate
    elif "CurrencyCode" in changes or "CurrencyRate" in changes:  # FACTS 4.1: missing = the rate of the day
        document.currency_rate = context.books.day_rate(document.currency)
    if lines is not None and totals is not None:
        document.lines = lines
        document.sub_total = totals.sub_total
        document.total_tax = totals.total_tax
        document.total = totals.total
        document.total_discount = totals.total_discount
