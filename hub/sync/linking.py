"""Linking by a person's word: the record is that remote record; both are compared, and nothing is written there."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from hub.contract import Webservice
from hub.domain import planning, receiving, settling
from hub.domain.books import Book
from hub.domain.drafts import Draft
from hub.domain.entries import Do, Entry, Nothing, Sent, Step
from hub.domain.records import EntryType, Invoice, Payment, Reference
from hub.domain.remotes import Remote, RemoteId
from hub.domain.settling import Settled
from hub.errors import Fault, FormError, NotFoundError, PermanentError
from hub.store import allocations, entries, records
from hub.store.database import Connection
from hub.sync import allotting, subjects
from hub.sync.judging import render
from hub.sync.subjects import Dossier


async def read_one(service: Webservice, type_: EntryType, remote_id: str) -> Remote:
    """What stands there under *remote_id* now. Raises FormError when nothing does."""
    try:
        found = await service.read(type_, [RemoteId(remote_id)])
    except PermanentError as error:
        raise FormError([Fault("remote_id", f"cannot be read there: {error}")]) from error
    for remote in found:
        if remote.id.casefold() == remote_id.casefold():
            return remote
    raise FormError([Fault("remote_id", f"no {type_} of this id stands there")])


async def attach(conn: Connection, kind: type[Webservice], book: Book, entry: Entry, remote: Remote) -> Settled:
    """*entry* with *remote* attached, in the state that comparing the two gives.

    Raises:
        NotFoundError: the record is gone from the gallery.
        FormError: a payment of another amount, or of another invoice.
    """
    dossier = await _load(conn, kind, book, entry)
    if dossier.subject is None:
        raise NotFoundError(f"{entry.type} {entry.record_id} is gone from the gallery")
    match dossier.subject.record:
        case Invoice() as invoice:
            settled = _attach_invoice(kind, book, dossier, invoice, remote)
            await _take_over(conn, book, entry, remote)
            return settled
        case Payment() as payment:
            return await _attach_payment(conn, book, dossier, payment, remote)
        case _:
            sent = Sent(fingerprint="", record_version=dossier.subject.version)
            linked = msgspec.structs.replace(
                entry, number=entry.number or dossier.subject.number, remote=remote, sent=sent, distinct=False
            )
            return _settled(linked, Nothing(), remote)


async def _load(conn: Connection, kind: type[Webservice], book: Book, entry: Entry) -> Dossier:
    if entry.type == "allocation":
        fault = Fault("remote_id", "an allocation is made from its credit note, and cannot be linked")
        raise FormError([fault], title="It cannot be linked")
    if entry.type == "invoice":
        (dossier,) = await subjects.load_invoices(conn, kind, book, [entry])
    elif entry.type == "contact":
        (dossier,) = await subjects.load_contacts(conn, kind, book, [entry])
    else:
        ids = [entry.invoice_id] if entry.invoice_id else []
        invoices = await entries.by_records(conn, book.gallery.id, book.webservice_id, "invoice", ids)
        (dossier,) = await subjects.load_payments(conn, kind, book, [entry], invoices)
    return dossier


def _attach_invoice(kind: type[Webservice], book: Book, dossier: Dossier, invoice: Invoice, remote: Remote) -> Settled:
    """As if we had written it: what differs is an edit there, what is equal needs nothing. Its number there stays.

    Raises FormError: one is a credit note, the other is none.
    """
    subject = dossier.subject
    assert subject is not None  # noqa: S101 - the caller looked
    if remote.credit_note != subject.credit_note:
        found, wanted = ("a credit note", "an invoice") if remote.credit_note else ("an invoice", "a credit note")
        raise FormError([Fault("remote_id", f"that is {found}, this is {wanted}")], title="It cannot be linked")
    draft = render(kind, subject, book)
    drawn = draft if isinstance(draft, Draft) else None
    sent = Sent(
        fingerprint=drawn.fingerprint if drawn is not None else "",
        record_version=subject.version,
        on=invoice.issued_on,
        currency=invoice.currency,
        total=Decimal(invoice.total),  # plain: the record carries a subclass that only its decoder knows
        tax=drawn.tax if drawn is not None else None,
    )
    linked = msgspec.structs.replace(
        dossier.entry,
        number=remote.number or dossier.entry.number or subject.number,
        remote=remote,
        sent=sent,
        resolution=None,
    )
    step = planning.plan_standing(invoice, subject.version, linked, remote) or Nothing()
    return _settled(linked, step, remote)


async def _take_over(conn: Connection, book: Book, entry: Entry, remote: Remote) -> None:
    """What stood on the document before it was ours: allocations are placed, credits that came back are reversed."""
    gallery_id, webservice_id = book.gallery.id, book.webservice_id
    await allocations.place(conn, gallery_id, webservice_id, {remote.id: entry.record_id})
    if not remote.credit_note:
        return
    received = await allocations.received_credits(conn, gallery_id, webservice_id, receiving.CREDITS)
    doubled = {
        e.record_id: msgspec.structs.replace(e, remote=msgspec.structs.replace(e.remote, status="deleted"))
        for e in received
        if e.remote is not None and receiving.is_credit_of(e.remote, remote.id)
    }
    text = f"It came from the credit note {remote.number or remote.id}, which is the gallery's own from now on."
    await entries.save(conn, gallery_id, list(doubled.values()), [(e.id, text) for e in doubled.values()])
    stored = await records.load(conn, gallery_id, [Reference("payment", one) for one in doubled])
    gone = [
        (msgspec.structs.replace(one.record, status="deleted"), one.origin)
        for one in stored.values()
        if isinstance(one.record, Payment) and one.record.status == "recorded" and one.origin is not None
    ]
    if gone:
        await records.save_received(conn, gallery_id, gone)
    if remote.parts is not None:
        await allotting.store_allocations(conn, gallery_id, webservice_id, [remote], {remote.id: entry})


async def _attach_payment(conn: Connection, book: Book, dossier: Dossier, payment: Payment, remote: Remote) -> Settled:
    entry, subject = dossier.entry, dossier.subject
    assert subject is not None  # noqa: S101 - the caller looked
    invoices = await entries.by_records(conn, book.gallery.id, book.webservice_id, "invoice", [payment.invoice_id])
    standing = invoices.get(payment.invoice_id)
    faults = []
    if remote.total != payment.amount:
        faults.append(Fault("remote_id", f"that payment is {remote.total}, this one {payment.amount}"))
    if standing is None or standing.remote is None or standing.remote.id != remote.document_id:
        faults.append(Fault("remote_id", f"that payment does not settle invoice {payment.invoice_id}"))
    if remote.status == "deleted":
        faults.append(Fault("remote_id", "that payment is deleted there"))
    if faults:
        raise FormError(faults, title="It cannot be linked")
    sent = Sent(fingerprint="", record_version=subject.version, on=payment.paid_on, total=Decimal(payment.amount))
    linked = msgspec.structs.replace(
        entry, number=entry.number or subject.number, remote=remote, sent=sent, resolution=None
    )
    return _settled(linked, Nothing(), remote)


def _settled(linked: Entry, step: Step, remote: Remote) -> Settled:
    """The entry after its comparison; a void that is still to be carried over is left to the next run."""
    text = f"A person linked it to {remote.number or remote.name or remote.id}."
    if isinstance(step, Do):
        return Settled(entry=linked, text=text)
    settled = settling.judged(msgspec.structs.replace(linked, forced=False), step)
    return Settled(entry=settled.entry, text=" ".join(filter(None, [text, settled.text])), hold=settled.hold)
