"""Credit notes and allocations: what of their writes and reads differs from those of invoices (FACTS 4.12). Pure.

A credit note is built from the same lines as an invoice: its amounts are positive, and rounded half away from zero, so
that it mirrors the invoice to the cent (DOMAIN 3.4.3, T39).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from hub import (
    Accepted,
    Allocation,
    Book,
    Draft,
    Held,
    Invoice,
    Lookup,
    Operation,
    Outcome,
    Reference,
    Refused,
    Remote,
    RemoteId,
    Response,
    Subject,
    Unknown,
    Write,
)
from plugins.xero import errors, parse, wire
from plugins.xero.holds import hold
from plugins.xero.invoice import check_lock, render_invoice
from plugins.xero.lines import plain

_NOT_ON_CREDIT_NOTES = ("Type", "DueDate", "Url", "InvoiceNumber")
_UNNAMED = "Xero took it, but did not tell the allocation's id."


def render_credit_note(note: Invoice, subject: Subject, book: Book) -> Draft | Held:
    """The draft of an issued credit note whose contact is sound, or why there is none."""
    if note.total < 0:
        return hold("negative_credit")
    plainer = msgspec.structs.replace(note, due_on=note.issued_on, url=None)  # it has no such fields there
    drawn = render_invoice(plainer, subject, book)
    if isinstance(drawn, Held):
        return drawn
    body = {"Type": "ACCRECCREDIT", "CreditNoteNumber": subject.number}
    body |= {key: value for key, value in drawn.body.items() if key not in _NOT_ON_CREDIT_NOTES}
    notes = [*drawn.notes, "Its link was left out: Xero's credit notes have none."] if note.url else drawn.notes
    shown = {key: value for key, value in drawn.shown.items() if key != "due"}
    return msgspec.structs.replace(drawn, body=body, notes=tuple(notes), shown=shown)


def render_allocation(allocation: Allocation, subject: Subject, book: Book) -> Draft | Held:
    """What of a credit note is put on an invoice."""
    if held := check_lock(allocation.on, book):
        return held
    body = {"Amount": plain(allocation.amount), "Date": allocation.on.isoformat()}
    return Draft(
        number=subject.number,
        body=body,
        needs=(Reference("invoice", allocation.invoice_id), Reference("invoice", allocation.id)),
        currency=allocation.currency,
        total=allocation.amount,
        on=allocation.on,
        shown={
            "date": allocation.on.isoformat(),
            "amount": plain(allocation.amount),
            "credit_note": allocation.number,
            "invoice": allocation.invoice_number,
        },
    )


# -- outcomes


def find_refusal(write: Write, response: Response) -> Refused | None:
    """A refusal of this one allocation; None: the answer says something else."""
    taken_off = write.operation is Operation.CANCEL
    if taken_off and response.status == 404:  # it may be gone already: it is looked up, and that counts
        return Refused(code="refused", message="Xero does not find it.", remedy="Look it up in Xero.", ambiguous=True)
    fault = wire.decode_fault(response.body) if response.status == 400 else None
    texts = [text for element in (fault.elements or () if fault else ()) for text in wire.walk_messages(element)]
    return errors.classify(texts, "allocation", write.operation) if texts else None


def read_allocation(write: Write, told: Sequence[wire.Allocation], body: bytes) -> Outcome:
    """What a success says of one allocation: the one that settles the invoice it was meant for, or that it is gone."""
    whole = wire.decode_any(body)
    if write.operation is Operation.CANCEL:
        named = isinstance(whole, dict) and bool(_id_of(whole) or told)
        if write.remote is None or not named:
            return Unknown(why="Xero's answer does not name it")
        return Accepted(remote=msgspec.structs.replace(write.remote, status="deleted"))
    if texts := list(wire.walk_messages(whole)):
        return errors.classify(texts, "allocation", write.operation)
    named_ones = [one for one in told if one.invoice and wire.real_id(one.invoice.invoice_id) == write.document_id]
    if len(named_ones) != 1 or write.source_id is None:
        return Unknown(why="Xero's answer does not name it, or names it twice")
    remote = parse.parse_allocation(named_ones[0], write.source_id)
    if remote is None:  # the OpenAPI example has no id: it is looked up at once, and never sent again
        return Refused(code="refused", message=_UNNAMED, remedy="Look it up in Xero.", ambiguous=True)
    currency = write.draft.currency if write.draft is not None else None
    return Accepted(remote=msgspec.structs.replace(remote, currency=currency))


def _id_of(told: dict[str, object]) -> object:
    """The examples spell the name of a removed allocation's id in two ways (OpenAPI)."""
    return told.get("AllocationID") or told.get("AllocationId")


# -- reading


def notes_of(ids: Sequence[RemoteId]) -> list[RemoteId]:
    """The credit notes of these allocations, each once."""
    return [RemoteId(one) for one in dict.fromkeys(parse.split_allocation_id(one)[0] for one in ids)]


def allocations_of(note: Remote) -> Iterator[Remote]:
    """The allocations of a credit note, as records of their own."""
    for part in note.parts or ():
        if part.kind == "allocation":
            yield Remote(
                id=part.id,
                version=note.version,
                status="deleted" if part.deleted else "approved",
                currency=note.currency,
                total=part.amount,
                on=part.on,
                document_id=part.document_id,
            )


def read_allocations(ids: Sequence[RemoteId], notes: Sequence[Remote]) -> Iterator[Remote]:
    """Each of *ids* whose credit note was read: as it stands there, or as deleted."""
    standing = {one.id: one for note in notes for one in allocations_of(note)}
    known = {note.id for note in notes}
    for one in dict.fromkeys(ids):
        if one in standing:
            yield standing[one]
        elif parse.split_allocation_id(one)[0] in known:
            yield Remote(id=one, status="deleted")


def sort_of(lookup: Lookup) -> str:
    """What Xero calls the record of *lookup*: contact, invoice, credit_note, payment, refund or allocation."""
    sort = lookup.reference.type
    if not lookup.credit_note:
        return sort
    return {"invoice": "credit_note", "payment": "refund"}.get(sort, sort)


def answer_allocations(lookups: Sequence[Lookup], notes: Sequence[Remote]) -> dict[Reference, tuple[Remote, ...]]:
    """What of each credit note settles the invoice of its look-up; of the amount that was written first."""
    by_note = {note.id: note for note in notes}
    found = {}
    for lookup in lookups:
        note = by_note.get(lookup.source_id) if lookup.source_id is not None else None
        amount = lookup.draft.total if lookup.draft is not None else None
        own = [one for one in (allocations_of(note) if note else ()) if one.document_id == lookup.document_id]
        found[lookup.reference] = tuple(sorted(own, key=lambda one: one.total != amount))
    return found
