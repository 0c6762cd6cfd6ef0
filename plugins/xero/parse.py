"""Xero's records -> ours. Pure; lengths are not checked, unknown words get the most careful meaning."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Literal

from hub import Remote, RemoteId, RemotePart, RemoteStatus
from plugins.xero import wire
from plugins.xero.lines import text_key

PartKind = Literal["payment", "credit", "prepayment", "overpayment"]
ZERO = Decimal(0)
_LONG_AGO = date(1970, 1, 1)
_INVOICE_STATUS: dict[str, RemoteStatus] = {
    "DRAFT": "draft",
    "SUBMITTED": "submitted",
    "AUTHORISED": "approved",
    "PAID": "paid",
    "VOIDED": "voided",
    "DELETED": "deleted",
}


def parse_invoice(invoice: wire.Invoice, *, ours: bool | None = None) -> Remote | None:
    """A sales invoice; None without an id. `paid` counts credits, prepayments and overpayments too."""
    remote_id = wire.real_id(invoice.invoice_id)
    if remote_id is None:
        return None
    contact = wire.real_id(invoice.contact.contact_id) if invoice.contact else None
    return Remote(
        id=RemoteId(remote_id),
        version=invoice.updated_date_utc or "",
        number=invoice.invoice_number,
        status=_INVOICE_STATUS.get(invoice.status or "", "approved"),
        currency=invoice.currency_code,
        total=invoice.total,
        tax=invoice.total_tax,
        paid=(invoice.amount_paid or ZERO) + (invoice.amount_credited or ZERO),
        updated_at=wire.parse_stamp(invoice.updated_date_utc),
        on=wire.parse_day(invoice.date_string, invoice.date),
        contact_id=RemoteId(contact) if contact else None,
        parts=_parts(invoice),
        lines=_line_sums(invoice.line_items or ()),
        line_ids=_line_ids(invoice.line_items or ()),
        rate=invoice.currency_rate,
        ours=ours,
    )


def parse_credit_note(note: wire.CreditNote, *, ours: bool | None = None) -> Remote | None:
    """A sales credit note; None without an id. `paid` is what of it is refunded or put on invoices."""
    remote_id = wire.real_id(note.credit_note_id)
    if remote_id is None:
        return None
    contact = wire.real_id(note.contact.contact_id) if note.contact else None
    known = note.total is not None and note.remaining_credit is not None
    return Remote(
        id=RemoteId(remote_id),
        version=note.updated_date_utc or "",
        number=note.credit_note_number,
        status=_INVOICE_STATUS.get(note.status or "", "approved"),
        currency=note.currency_code,
        total=note.total,
        tax=note.total_tax,
        paid=_used(note) if known else None,
        updated_at=wire.parse_stamp(note.updated_date_utc),
        on=wire.parse_day(note.date_string, note.date),
        contact_id=RemoteId(contact) if contact else None,
        parts=_credit_parts(note, remote_id),
        lines=_line_sums(note.line_items or ()),
        ours=ours,
        credit_note=True,
    )


def _used(note: wire.CreditNote) -> Decimal:
    # A voided note has nothing used up, whatever is left of it is told as (FACTS 4.3: a void keeps its amounts).
    if _INVOICE_STATUS.get(note.status or "") in ("voided", "deleted"):
        return ZERO
    return (note.total or ZERO) - (note.remaining_credit or ZERO)


def _credit_parts(note: wire.CreditNote, remote_id: str) -> tuple[RemotePart, ...] | None:
    """Its refunds and allocations; None when the answer tells neither (a summary)."""
    if note.payments is None and note.allocations is None:
        return None
    parts = [_part(part, "payment", part.payment_id) for part in note.payments or ()]
    for one in note.allocations or ():
        allocation = parse_allocation(one, remote_id)
        if allocation is None:
            continue
        parts.append(
            RemotePart(
                id=allocation.id,
                kind="allocation",
                amount=allocation.total or ZERO,
                on=allocation.on or _LONG_AGO,
                deleted=allocation.status == "deleted",
                document_id=allocation.document_id,
            )
        )
    return tuple(part for part in parts if part is not None)


def allocation_id(credit_note_id: str, own_id: str) -> RemoteId:
    """Our id of an allocation there, which is known only with its credit note: ``<credit note>.<allocation>``."""
    return RemoteId(f"{credit_note_id}.{own_id}")


def split_allocation_id(remote_id: str) -> tuple[str, str]:
    """(credit note, allocation) of what `allocation_id` made."""
    note, _, own = remote_id.partition(".")
    return note, own


def parse_allocation(allocation: wire.Allocation, credit_note_id: str) -> Remote | None:
    """An allocation of a credit note; None without an id or invoice."""
    own = wire.real_id(allocation.allocation_id)
    invoice = wire.real_id(allocation.invoice.invoice_id) if allocation.invoice else None
    if own is None or invoice is None:
        return None
    return Remote(
        id=allocation_id(credit_note_id, own),
        status="deleted" if allocation.is_deleted else "approved",
        total=allocation.amount,
        on=wire.parse_day(allocation.date_string, allocation.date),
        document_id=RemoteId(invoice),
    )


def _parts(invoice: wire.Invoice) -> tuple[RemotePart, ...] | None:
    """What settled it; None when the answer has none of the four lists (a summary)."""
    told = (invoice.payments, invoice.credit_notes, invoice.prepayments, invoice.overpayments)
    if all(part is None for part in told):
        return None
    parts = [_part(part, "payment", part.payment_id) for part in invoice.payments or ()]
    parts += [_part(part, "credit", part.credit_note_id) for part in invoice.credit_notes or ()]
    parts += [_part(part, "prepayment", part.prepayment_id) for part in invoice.prepayments or ()]
    parts += [_part(part, "overpayment", part.overpayment_id) for part in invoice.overpayments or ()]
    return tuple(part for part in parts if part is not None)


def _part(part: wire.Part, kind: PartKind, named: str | None) -> RemotePart | None:
    part_id = wire.real_id(named or part.id)
    amount = part.amount if kind == "payment" else _first(part.applied_amount, part.amount)
    if part_id is None or amount is None:
        return None
    account = wire.real_id(part.account.account_id) if part.account else None
    return RemotePart(
        id=RemoteId(part_id),
        kind=kind,
        amount=amount,
        on=wire.parse_day(part.date_string, part.date) or _LONG_AGO,
        reference=part.reference or "",
        account_id=account,
        deleted=part.status == "DELETED",
        reconciled=bool(part.is_reconciled),
        batch_id=wire.real_id(part.batch_payment_id),
    )


def _first(*amounts: Decimal | None) -> Decimal | None:
    return next((amount for amount in amounts if amount is not None), None)


def _line_sums(lines: Iterable[wire.LineItem]) -> tuple[tuple[str, str], ...]:
    """Net per account and tracking option: ``("200 | Salesperson: Ann", "454.55")``, in the order of the lines."""
    sums: dict[str, Decimal] = {}
    for line in lines:
        if line.line_amount is None or not (line.account_code or line.account_id):
            continue
        tracked = [f"{one.name}: {one.option}" for one in line.tracking or () if one.name and one.option]
        key = " | ".join([line.account_code or line.account_id or "", *tracked])
        sums[key] = sums.get(key, ZERO) + line.line_amount
    return tuple((key, f"{amount:f}") for key, amount in sums.items())


def _line_ids(lines: Iterable[wire.LineItem]) -> tuple[tuple[str, str], ...]:
    """(LineItemID, key of its text) of each line, in their order."""
    return tuple((one.line_item_id, text_key(one.description)) for one in lines if one.line_item_id)


def parse_contact(contact: wire.Contact) -> Remote | None:
    """A contact; None without an id. Anything but ACTIVE counts as archived, GDPRREQUEST too (FACTS 5.2)."""
    remote_id = wire.real_id(contact.contact_id)
    if remote_id is None:
        return None
    merged = wire.real_id(contact.merged_to_contact_id)
    return Remote(
        id=RemoteId(remote_id),
        version=contact.updated_date_utc or "",
        number=contact.contact_number or None,
        status="active" if (contact.contact_status or "ACTIVE") == "ACTIVE" else "archived",
        updated_at=wire.parse_stamp(contact.updated_date_utc),
        name=contact.name,
        email=contact.email_address or None,
        merged_into=RemoteId(merged) if merged else None,
    )


def parse_payment(payment: wire.Payment) -> Remote | None:
    """A payment; None without an id. `number` is its reference, with our marker in front when it is ours."""
    remote_id = wire.real_id(payment.payment_id)
    if remote_id is None:
        return None
    document = payment.invoice.invoice_id if payment.invoice else None
    if document is None and payment.credit_note:
        document = payment.credit_note.credit_note_id
    document = wire.real_id(document)
    batch = payment.batch_payment_id or (payment.batch_payment.batch_payment_id if payment.batch_payment else None)
    deleted = payment.status == "DELETED"
    return Remote(
        id=RemoteId(remote_id),
        version=payment.updated_date_utc or "",
        number=payment.reference,
        status="deleted" if deleted else "approved",
        currency=_payment_currency(payment),
        total=payment.amount,
        tax=ZERO,
        paid=payment.amount,
        updated_at=wire.parse_stamp(payment.updated_date_utc),
        on=wire.parse_day(payment.date_string, payment.date),
        document_id=RemoteId(document) if document else None,
        account_id=wire.real_id(payment.account.account_id) if payment.account else None,
        reconciled=bool(payment.is_reconciled),
        batch_id=wire.real_id(batch),
    )


def _payment_currency(payment: wire.Payment) -> str | None:
    if payment.invoice and payment.invoice.invoice_id:
        return payment.invoice.currency_code
    return payment.credit_note.currency_code if payment.credit_note else None


def is_sales_payment(payment: wire.Payment) -> bool:
    """Whether it settles a sales invoice or refunds a sales credit note: bills come in the same list (FACTS 6.1)."""
    if payment.payment_type is not None:
        return payment.payment_type in ("ACCRECPAYMENT", "ARCREDITPAYMENT")
    if payment.credit_note is not None and payment.invoice is None:
        return True
    return payment.invoice is not None and payment.invoice.type in (None, "ACCREC")


def is_sales_credit_note(note: wire.CreditNote) -> bool:
    """Whether it is a sales credit note: those of bills come in the same list."""
    return note.type in (None, "ACCRECCREDIT")


def is_sales_invoice(invoice: wire.Invoice) -> bool:
    """Whether it is a sales invoice: bills come in the same list."""
    return invoice.type in (None, "ACCREC")
