"""Entries of allocations: what of a credit note settles an invoice there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from hub.domain.allocating import note_of
from hub.domain.entries import Entry
from hub.store.database import Connection
from hub.store.entries import by_records, entry_of
from hub.store.queries import load

QUERIES = load("allocations")


async def ask_of(conn: Connection, gallery_id: str, webservice_id: str, record_ids: Iterable[str]) -> None:
    """Judge again what waits for these invoices and credit notes."""
    if wanted := sorted(set(record_ids)):
        await conn.execute(QUERIES.ask_of, gallery_id, webservice_id, wanted)


async def ask_waiting(conn: Connection, gallery_id: str, webservice_id: str, invoice_ids: Iterable[str]) -> None:
    """Judge again what waits for another allocation on these invoices, which came to nothing."""
    if wanted := sorted(set(invoice_ids)):
        await conn.execute(QUERIES.ask_waiting, gallery_id, webservice_id, wanted)


async def ask_freed(
    conn: Connection, gallery_id: str, webservice_id: str, note_ids: Sequence[str], document_ids: Sequence[str]
) -> set[str]:
    """Judge again what allocations that were taken off set free; *document_ids*: the remote invoices they stood on.

    Returns the ids of the records.
    """
    if not note_ids:
        return set()
    rows = await conn.fetch(QUERIES.ask_freed, gallery_id, webservice_id, list(note_ids), list(document_ids))
    return {row["record_id"] for row in rows}


async def of_notes(
    conn: Connection, gallery_id: str, webservice_id: str, note_ids: Iterable[str]
) -> dict[str, list[Entry]]:
    """All allocations by credit note, those that were made there included."""
    found: dict[str, list[Entry]] = {}
    if wanted := sorted(set(note_ids)):
        for row in await conn.fetch(QUERIES.of_notes, gallery_id, webservice_id, wanted):
            found.setdefault(note_of(row["record_id"]), []).append(entry_of(row))
    return found


async def on_invoices(
    conn: Connection, gallery_id: str, webservice_id: str, invoice_ids: Iterable[str]
) -> dict[str, list[Entry]]:
    """All allocations by the invoice they stand on, or are to stand on."""
    found: dict[str, list[Entry]] = {}
    if wanted := sorted(set(invoice_ids)):
        for row in await conn.fetch(QUERIES.on_invoices, gallery_id, webservice_id, wanted):
            found.setdefault(row["invoice_id"], []).append(entry_of(row))
    return found


async def observe(
    conn: Connection, gallery_id: str, webservice_id: str, seen: Sequence[tuple[str, str | None, date | None]]
) -> dict[str, Entry]:
    """Entries of allocations that were made there, by record id; *seen*: (record id, invoice, date) of each."""
    if not seen:
        return {}
    names, invoices, dates = zip(*seen, strict=True)
    await conn.execute(QUERIES.observe, gallery_id, webservice_id, list(names), list(invoices), list(dates))
    return await by_records(conn, gallery_id, webservice_id, "allocation", names)


async def set_invoices(conn: Connection, gallery_id: str, moved: Mapping[str, str]) -> None:
    """Entry -> the invoice it is to stand on from now on."""
    if moved:
        await conn.execute(QUERIES.set_invoices, gallery_id, list(moved), list(moved.values()))


async def place(conn: Connection, gallery_id: str, webservice_id: str, placed: Mapping[str, str]) -> None:
    """Remote invoice -> the record it is from now on: allocations that were made on it there stand on that."""
    if placed:
        await conn.execute(QUERIES.place, gallery_id, webservice_id, list(placed), list(placed.values()))


async def place_new(conn: Connection, gallery_id: str, webservice_id: str) -> None:
    """Place the allocations that were made there on an invoice that became ours since."""
    await conn.execute(QUERIES.place_new, gallery_id, webservice_id)


async def received_credits(conn: Connection, gallery_id: str, webservice_id: str, words: Sequence[str]) -> list[Entry]:
    """Entries of the live payments that came from credits there; *words*: the first words of their ids there."""
    rows = await conn.fetch(QUERIES.received_credits, gallery_id, webservice_id, list(words))
    return [entry_of(row) for row in rows]


async def allocated(conn: Connection, gallery_id: str, record_ids: Sequence[str]) -> dict[str, Decimal]:
    """What credit notes settle of these invoices in the books, and what of these credit notes does; absent: nothing.

    In several webservices the largest amount counts.
    """
    rows = await conn.fetch(QUERIES.allocated, gallery_id, list(record_ids))
    return {row["id"]: row["amount"] for row in rows}
