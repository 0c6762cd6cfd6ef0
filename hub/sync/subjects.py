"""Loading what a judgement reads: records with those their rendering needs, by a constant number of queries."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

import msgspec

from hub.contract import Webservice
from hub.domain import allocating
from hub.domain.books import Book
from hub.domain.drafts import Subject
from hub.domain.eligibility import Times
from hub.domain.entries import Entry
from hub.domain.records import Contact, Invoice, Payment, Reference, TaxCode
from hub.domain.remotes import RemoteId
from hub.store import allocations, records
from hub.store import entries as entry_rows  # `entries` are values here
from hub.store.database import Connection
from hub.store.records import Stored


class Dossier(msgspec.Struct, frozen=True, kw_only=True):
    """An entry with its subject and times; `subject` None: the record is gone from the gallery."""

    entry: Entry
    subject: Subject | None
    times: Times | None
    from_there: bool = False  # a payment or contact that came from this very organisation
    letting_go: bool = False  # an invoice or credit note that an allocation is about to be taken off
    contact_there: RemoteId | None = None  # where its contact stands there; loaded when the document names another


async def load_invoices(
    conn: Connection, kind: type[Webservice], book: Book, entries: Sequence[Entry]
) -> list[Dossier]:
    """Dossiers of invoice entries, in their order."""
    gallery_id = book.gallery.id
    stored = await records.load(conn, gallery_id, [Reference("invoice", e.record_id) for e in entries])
    invoices = [s.record for s in stored.values() if isinstance(s.record, Invoice)]
    contacts = await _load_contacts(conn, gallery_id, invoices)
    targets = await _load_targets(conn, gallery_id, invoices)
    letting_go = await _load_letting_go(conn, book, invoices)
    codes = await _load_codes(conn, gallery_id, stored)
    dossiers = [
        _invoice_dossier(
            entry,
            stored.get(Reference("invoice", entry.record_id)),
            kind,
            book,
            contacts=contacts,
            codes=codes,
            targets=targets,
            letting_go=letting_go,
        )
        for entry in entries
    ]
    return await _with_contacts_there(conn, book, dossiers)


async def _with_contacts_there(conn: Connection, book: Book, dossiers: Sequence[Dossier]) -> list[Dossier]:
    """Those that stand there with another contact than we wrote are told where theirs stands; else it costs nothing."""
    moved = {d.entry.record_id: d.subject.contact.id for d in dossiers if d.subject and d.subject.contact and _moved(d)}
    if not moved:
        return list(dossiers)
    found = await entry_rows.by_records(conn, book.gallery.id, book.webservice_id, "contact", sorted({*moved.values()}))
    there = {one: e.remote.id for one, e in found.items() if e.remote is not None}
    return [msgspec.structs.replace(d, contact_there=there.get(moved.get(d.entry.record_id, ""))) for d in dossiers]


def _moved(dossier: Dossier) -> bool:
    sent, remote = dossier.entry.sent, dossier.entry.remote
    return sent is not None and remote is not None and remote.contact_id not in (None, sent.contact_id)


async def _load_contacts(conn: Connection, gallery_id: str, invoices: Sequence[Invoice]) -> dict[str, Contact]:
    wanted = sorted({i.contact_id for i in invoices})
    found = await records.load(conn, gallery_id, [Reference("contact", c) for c in wanted])
    return {r.id: s.record for r, s in found.items() if isinstance(s.record, Contact)}


async def _load_codes(
    conn: Connection, gallery_id: str, stored: Mapping[Reference, Stored]
) -> dict[tuple[str, int], TaxCode]:
    wanted = {(code, version) for s in stored.values() for code, version in s.tax_versions.items()}
    return await records.load_tax_codes(conn, gallery_id, sorted(wanted))


def _invoice_dossier(
    entry: Entry,
    stored: Stored | None,
    kind: type[Webservice],
    book: Book,
    *,
    contacts: Mapping[str, Contact],
    codes: Mapping[tuple[str, int], TaxCode],
    targets: Mapping[str, Invoice],
    letting_go: Container[str],
) -> Dossier:
    if stored is None or not isinstance(stored.record, Invoice):
        return Dossier(entry=entry, subject=None, times=None)
    invoice = stored.record
    in_force = {c: codes[c, v] for c, v in stored.tax_versions.items() if (c, v) in codes}
    subject = Subject(
        record=invoice,
        version=stored.version,
        number=_invoice_number(entry, invoice, kind, book),
        gallery=book.gallery,
        contact=contacts.get(invoice.contact_id),
        invoice=targets.get(invoice.applies_to or "") if invoice.kind == "credit_note" else None,
        tax_codes=in_force,
        remote=entry.remote,
    )
    return Dossier(entry=entry, subject=subject, times=_times(stored), letting_go=invoice.id in letting_go)


async def _load_targets(conn: Connection, gallery_id: str, invoices: Sequence[Invoice]) -> dict[str, Invoice]:
    """The invoices that credit notes among *invoices* apply to; costs nothing where there are none."""
    wanted = sorted({i.applies_to for i in invoices if i.kind == "credit_note" and i.applies_to})
    found = await records.load(conn, gallery_id, [Reference("invoice", one) for one in wanted]) if wanted else {}
    return {name.id: s.record for name, s in found.items() if isinstance(s.record, Invoice)}


async def _load_letting_go(conn: Connection, book: Book, invoices: Sequence[Invoice]) -> set[str]:
    """Those void ones whose allocations are about to be taken off: their void waits for that."""
    void = [i.id for i in invoices if i.status == "void"]
    if not void:
        return set()
    where = (book.gallery.id, book.webservice_id)
    of_notes = await allocations.of_notes(conn, *where, void)
    on_invoices = await allocations.on_invoices(conn, *where, void)
    ids = sorted({e.record_id for group in (*of_notes.values(), *on_invoices.values()) for e in group})
    stored = await records.load(conn, book.gallery.id, [Reference("invoice", one) for one in ids])
    notes = {name.id: s.record for name, s in stored.items() if isinstance(s.record, Invoice)}
    return {
        one
        for one in void
        for entry in (*of_notes.get(one, ()), *on_invoices.get(one, ()))
        if allocating.is_letting_go(entry, notes.get(entry.record_id))
    }


def _invoice_number(entry: Entry, invoice: Invoice, kind: type[Webservice], book: Book) -> str:
    """Frozen from the first write on; one that never got there follows the record (the remedy of a taken number)."""
    free = entry.remote is None and entry.state in {None, "left_out", "held"}
    return kind.number("invoice", invoice.number, book) if free or entry.number is None else entry.number


async def load_contacts(
    conn: Connection, kind: type[Webservice], book: Book, entries: Sequence[Entry]
) -> list[Dossier]:
    """Dossiers of contact entries, in their order."""
    stored = await records.load(conn, book.gallery.id, [Reference("contact", e.record_id) for e in entries])
    dossiers = []
    for entry in entries:
        found = stored.get(Reference("contact", entry.record_id))
        if found is None or not isinstance(found.record, Contact):
            dossiers.append(Dossier(entry=entry, subject=None, times=None))
            continue
        subject = Subject(
            record=found.record,
            version=found.version,
            number=entry.number or kind.number("contact", entry.record_id, book),
            gallery=book.gallery,
            remote=entry.remote,
            distinct=entry.distinct,
        )
        from_there = _is_from_there(found, book)
        dossiers.append(Dossier(entry=entry, subject=subject, times=_times(found), from_there=from_there))
    return dossiers


async def load_payments(
    conn: Connection, kind: type[Webservice], book: Book, entries: Sequence[Entry], invoices: Mapping[str, Entry]
) -> list[Dossier]:
    """Dossiers of payment entries, in their order; *invoices*: their invoices' entries."""
    wanted = [Reference("payment", e.record_id) for e in entries]
    wanted += [Reference("invoice", i) for i in sorted({e.invoice_id for e in entries if e.invoice_id})]
    stored = await records.load(conn, book.gallery.id, wanted)
    return [_payment_dossier(e, stored, kind, book, invoices) for e in entries]


def _payment_dossier(
    entry: Entry,
    stored: Mapping[Reference, Stored],
    kind: type[Webservice],
    book: Book,
    invoices: Mapping[str, Entry],
) -> Dossier:
    found = stored.get(Reference("payment", entry.record_id))
    if found is None or not isinstance(found.record, Payment):
        return Dossier(entry=entry, subject=None, times=None)
    payment = found.record
    settled = stored.get(Reference("invoice", payment.invoice_id))
    invoice_entry = invoices.get(payment.invoice_id)
    subject = Subject(
        record=payment,
        version=found.version,
        number=entry.number or kind.number("payment", payment.id, book),
        gallery=book.gallery,
        invoice=settled.record if settled is not None and isinstance(settled.record, Invoice) else None,
        invoice_number=invoice_entry.number if invoice_entry else None,
        remote=entry.remote,
    )
    return Dossier(entry=entry, subject=subject, times=_times(found), from_there=_is_from_there(found, book))


def _is_from_there(stored: Stored, book: Book) -> bool:
    return stored.origin is not None and stored.origin.webservice_id == book.webservice_id


def _times(stored: Stored) -> Times:
    changed = getattr(stored.record, "source_updated_at", None) or stored.updated_at
    return Times(created_at=stored.created_at, changed_at=changed)
