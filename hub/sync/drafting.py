"""One real invoice, drawn up under mappings that are not saved: exactly what would stand there, with its payments."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.contract import Webservice
from hub.domain.books import Book
from hub.domain.books import Mapping as SlotMapping
from hub.domain.drafts import Draft
from hub.domain.entries import Entry, Hold
from hub.domain.records import Invoice, Payment
from hub.store import entries, previews, records
from hub.store.database import Connection
from hub.store.webservices import WebserviceRow
from hub.sync import subjects
from hub.sync.judging import render
from hub.sync.services import Services

MOST_PAYMENTS = 20


class DrawnPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded payment of the invoice, and its draft or what holds it."""

    payment: Payment
    drawn: Draft | Hold


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice and its draft or what holds it; its payments, 20 at most."""

    invoice: Invoice
    drawn: Draft | Hold
    payments: tuple[DrawnPayment, ...] = ()


async def draw_invoice(
    services: Services, row: WebserviceRow, mappings: Sequence[SlotMapping], *, number: str | None = None
) -> Drawn | None:
    """Draw the invoice *number* (as the gallery or the other side writes it) up under *mappings*.

    Without a number it is the one, of those that changed last, that needs the most of the mappings. Nothing is stored
    or sent. None: there is no such invoice.
    """
    kind = services.kind_of(row)
    async with services.database.connection() as conn:
        wanted = await _find(conn, row.gallery_id, number)
        if wanted is None:
            return None
        book = await services.load_book(conn, row)
        book = msgspec.structs.replace(book, mappings=tuple(mappings))
        standing = await entries.by_records(conn, row.gallery_id, row.id, "invoice", [wanted])
        entry = standing.get(wanted) or entries.new_entry("invoice", wanted)
        (dossier,) = await subjects.load_invoices(conn, kind, book, [entry])
        if dossier.subject is None or not isinstance(dossier.subject.record, Invoice):
            return None
        payments = await _draw_payments(conn, kind, book, entry)
    return Drawn(invoice=dossier.subject.record, drawn=render(kind, dossier.subject, book), payments=payments)


async def _find(conn: Connection, gallery_id: str, number: str | None) -> str | None:
    if number is None:
        return await previews.find_telling_invoice(conn, gallery_id)
    bare = number.partition("-")[2].strip()  # AG-1234 is 1234 here
    return await previews.find_invoice(conn, gallery_id, [number, bare] if bare else [number])


async def _draw_payments(
    conn: Connection, kind: type[Webservice], book: Book, invoice: Entry
) -> tuple[DrawnPayment, ...]:
    if not kind.capabilities.payments:
        return ()
    stored = (await records.payments_of(conn, book.gallery.id, [invoice.record_id]))[invoice.record_id]
    recorded = [one.record for one in stored if isinstance(one.record, Payment) and one.record.status == "recorded"]
    made = [
        msgspec.structs.replace(entries.new_entry("payment", one.id), invoice_id=invoice.record_id)
        for one in recorded[:MOST_PAYMENTS]
    ]
    found = await subjects.load_payments(conn, kind, book, made, {invoice.record_id: invoice})
    return tuple(
        DrawnPayment(payment=one.subject.record, drawn=render(kind, one.subject, book))
        for one in found
        if one.subject is not None and isinstance(one.subject.record, Payment) and not one.from_there
    )
