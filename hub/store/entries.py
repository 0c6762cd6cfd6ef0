"""Entries in Postgres: asking, selecting what is due, saving what was decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from hub.domain.books import Organisation
from hub.domain.entries import Entry, Resolution, Sent
from hub.domain.records import EntryType, Reference
from hub.domain.remotes import Remote
from hub.store import feed
from hub.store.database import Connection
from hub.store.queries import load

QUERIES = load("entries")
WEBSERVICES = load("webservices")
CHUNK = 1000

T = TypeVar("T")


class EntryView(msgspec.Struct, frozen=True, kw_only=True):
    """An entry with what a reader needs to show it: its webservice's kind and organisation."""

    webservice_id: str
    kind: str
    organisation: Organisation | None
    entry: Entry


class Unbooked(msgspec.Struct, frozen=True, kw_only=True):
    """A record that does not stand in the books, and why."""

    type: EntryType
    record_id: str
    state: str
    reason: str | None
    total: Decimal | None
    currency: str | None


def entry_of(row: Mapping[str, Any]) -> Entry:
    """The domain value of a row of the table."""
    return Entry(
        id=row["id"],
        type=row["type"],
        record_id=row["record_id"],
        asked=row["asked"],
        judged=row["judged"],
        state=row["state"],
        reason=row["reason"],
        message=row["message"],
        remedy=row["remedy"],
        problem_id=row["problem_id"],
        number=row["number"],
        remote=_value(row["remote"], Remote),
        sent=_value(row["sent"], Sent),
        frozen=row["frozen"],
        forced=row["forced"],
        distinct=row["is_distinct"],
        attempts=row["attempts"],
        next_try_at=row["next_try_at"],
        resolution=_value(row["resolution"], Resolution),
        invoice_id=row["invoice_id"],
        updated_at=row["updated_at"],
    )


def new_entry(type: EntryType, record_id: str) -> Entry:
    """An entry that is not stored: for a dry run."""
    return Entry(id="", type=type, record_id=record_id)


def _value(data: Any, kind: type[T]) -> T | None:
    return None if data is None else msgspec.convert(data, kind, strict=False)


def _row_of(entry: Entry) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.to_builtins(entry)
    row["is_distinct"] = row.pop("distinct")
    return row


async def ask(conn: Connection, gallery_id: str, references: Sequence[Reference]) -> None:
    """Raise `asked` wherever a change of these records matters; in the caller's transaction, with the change itself."""
    if not references:
        return
    documents = [r for r in references if r.type in {"invoice", "payment"}]
    if documents:
        await conn.execute(QUERIES.ask_documents, gallery_id, [r.type for r in documents], [r.id for r in documents])
    changed = {kind: [r.id for r in references if r.type == kind] for kind in ("contact", "invoice", "tax_code")}
    if documents:
        paying = [r.id for r in documents if r.type == "payment"]
        await conn.execute(QUERIES.ask_allocations, gallery_id, changed["invoice"], paying)
    if any(changed.values()):
        await conn.execute(
            QUERIES.ask_dependents, gallery_id, changed["contact"], changed["invoice"], changed["tax_code"]
        )
    await conn.execute(WEBSERVICES.note_change, gallery_id)


async def ask_payments_of(conn: Connection, gallery_id: str, webservice_id: str, invoice_ids: Sequence[str]) -> None:
    """Judge again the payments that waited for these invoices."""
    if invoice_ids:
        await conn.execute(QUERIES.ask_payments_of, gallery_id, webservice_id, list(invoice_ids))


async def ask_invoices_of_contacts(
    conn: Connection, gallery_id: str, webservice_id: str, ids: Sequence[str]
) -> set[str]:
    """Judge again the invoices that were held for these contacts; returns them."""
    if not ids:
        return set()
    rows = await conn.fetch(QUERIES.ask_invoices_of_contacts, gallery_id, webservice_id, list(ids))
    return {row["record_id"] for row in rows}


async def ask_settled_by(conn: Connection, gallery_id: str, webservice_id: str, payment_ids: Sequence[str]) -> None:
    """Judge again what payments that were taken back set free: themselves, their invoices, the other payments."""
    if payment_ids:
        await conn.execute(QUERIES.ask_settled_by, gallery_id, webservice_id, list(payment_ids))


async def ask_again(
    conn: Connection, gallery_id: str, webservice_id: str, states: Sequence[str], reasons: Sequence[str] | None = None
) -> int:
    """Judge again one chunk of the entries in *states* (for *reasons*); returns how many: < CHUNK means all done."""
    await feed.lock_feed(conn, gallery_id, 0)
    rows = await conn.fetch(
        QUERIES.ask_again, gallery_id, webservice_id, list(states), None if reasons is None else list(reasons), CHUNK
    )
    return len(rows)


async def ask_entries(
    conn: Connection, gallery_id: str, webservice_id: str, ids: Sequence[str], *, forced: bool, distinct: bool = False
) -> int:
    """A person asked for these entries; returns how many there are."""
    await feed.lock_feed(conn, gallery_id, 0)
    return len(await conn.fetch(QUERIES.ask_entries, gallery_id, webservice_id, list(ids), forced, distinct))


async def ask_due_tries(
    conn: Connection, gallery_id: str, webservice_id: str, invoices: Sequence[str] | None = None
) -> None:
    """What waited for its next try is due now; *invoices* narrows it to these and their payments."""
    only = None if invoices is None else list(invoices)
    await conn.execute(QUERIES.ask_due_tries, gallery_id, webservice_id, only)


async def resync(conn: Connection, gallery_id: str, invoice_id: str) -> int:
    """Ask for an invoice whatever its age; returns how many entries that touched."""
    await feed.lock_feed(conn, gallery_id, 0)
    return len(await conn.fetch(QUERIES.resync, gallery_id, invoice_id))


async def enrol(conn: Connection, gallery_id: str, webservice_id: str, type: EntryType, after: str) -> str | None:
    """Make entries for one chunk of the gallery's records; returns where to go on, None at the end."""
    rows = await conn.fetch(QUERIES.enrol, gallery_id, webservice_id, after, type, CHUNK)
    return rows[-1]["id"] if len(rows) == CHUNK else None


async def take_over(conn: Connection, gallery_id: str, old: str, new: str) -> None:
    """Entries belong to (gallery, kind, organisation): a new webservice on the same organisation goes on with them."""
    await conn.execute(QUERIES.take_over, gallery_id, old, new)
    await conn.execute(QUERIES.take_over_contacts, gallery_id, old, new)
    await conn.execute(QUERIES.take_over_origins, gallery_id, old, new)


async def list_due(
    conn: Connection,
    gallery_id: str,
    webservice_id: str,
    type: EntryType,
    *,
    invoices: Sequence[str] | None,
    limit: int,
) -> list[Entry]:
    """What is to be judged, oldest first; *invoices* narrows it to these and their payments."""
    only = None if invoices is None else list(invoices)
    return [entry_of(r) for r in await conn.fetch(QUERIES.due, gallery_id, webservice_id, type, only, limit)]


async def list_due_contacts(conn: Connection, gallery_id: str, webservice_id: str, *, limit: int) -> list[Entry]:
    """Contacts in the books that are to be judged: those that no invoice needs yet are left alone."""
    return [entry_of(r) for r in await conn.fetch(QUERIES.due_contacts, gallery_id, webservice_id, limit)]


async def count_due(conn: Connection, gallery_id: str, webservice_id: str, invoices: Sequence[str] | None) -> int:
    """How many invoices and payments are to be judged."""
    only = None if invoices is None else list(invoices)
    return int(await conn.fetchval(QUERIES.count_due, gallery_id, webservice_id, only))


async def list_held_reasons(conn: Connection, gallery_id: str, webservice_id: str) -> set[str]:
    """The reasons for which entries are held."""
    return {row["reason"] for row in await conn.fetch(QUERIES.held_reasons, gallery_id, webservice_id)}


async def list_problem_ids(conn: Connection, gallery_id: str, ids: Sequence[str]) -> dict[str, str | None]:
    """Entry -> the problem that holds it, as stored now."""
    if not ids:
        return {}
    return {row["id"]: row["problem_id"] for row in await conn.fetch(QUERIES.problem_ids, gallery_id, list(ids))}


async def count_new(conn: Connection, gallery_id: str, webservice_id: str, limit: int) -> int:
    """How many invoices are to be judged that never stood there, counted up to *limit* + 1."""
    return int(await conn.fetchval(QUERIES.count_new, gallery_id, webservice_id, limit))


async def by_records(
    conn: Connection,
    gallery_id: str,
    webservice_id: str,
    type: EntryType,
    record_ids: Iterable[str],
) -> dict[str, Entry]:
    """Entries by record id; missing ones are absent."""
    rows = await conn.fetch(QUERIES.by_records, gallery_id, webservice_id, type, list(record_ids))
    return {row["record_id"]: entry_of(row) for row in rows}


async def by_ids(conn: Connection, gallery_id: str, ids: Iterable[str]) -> dict[str, Entry]:
    """Entries by their own id, locked. Takes the gallery's feed lock first, as every writer of entries does."""
    await feed.lock_feed(conn, gallery_id, 0)
    return {row["id"]: entry_of(row) for row in await conn.fetch(QUERIES.by_ids, gallery_id, list(ids))}


async def by_remote_ids(
    conn: Connection,
    gallery_id: str,
    webservice_id: str,
    type: EntryType,
    remote_ids: Iterable[str],
) -> dict[str, Entry]:
    """Entries by remote id."""
    rows = await conn.fetch(QUERIES.by_remote_ids, gallery_id, webservice_id, type, list(remote_ids))
    return {row["remote_id"]: entry_of(row) for row in rows}


async def by_numbers(
    conn: Connection,
    gallery_id: str,
    webservice_id: str,
    type: EntryType,
    numbers: Iterable[str],
) -> dict[str, Entry]:
    """Entries by natural key (number or marker)."""
    rows = await conn.fetch(QUERIES.by_numbers, gallery_id, webservice_id, type, list(numbers))
    return {row["number"]: entry_of(row) for row in rows}


async def payments_of(
    conn: Connection, gallery_id: str, webservice_id: str, invoice_ids: Iterable[str]
) -> dict[str, list[Entry]]:
    """Payment entries by invoice."""
    found: dict[str, list[Entry]] = {}
    for row in await conn.fetch(QUERIES.payments_of, gallery_id, webservice_id, list(invoice_ids)):
        found.setdefault(row["invoice_id"], []).append(entry_of(row))
    return found


async def ensure(
    conn: Connection,
    gallery_id: str,
    webservice_id: str,
    type: EntryType,
    record_ids: Sequence[str],
) -> dict[str, Entry]:
    """Entries of these records, made where missing."""
    await conn.execute(QUERIES.ensure, gallery_id, webservice_id, type, list(record_ids))
    return await by_records(conn, gallery_id, webservice_id, type, record_ids)


async def save(
    conn: Connection, gallery_id: str, changed: Sequence[Entry], history: Iterable[tuple[str, str]] = ()
) -> None:
    """Store entries as they are now (all but `asked`) and add sentences (entry id, text) to their histories."""
    if changed:
        await conn.fetch(QUERIES.save, gallery_id, [_row_of(e) for e in changed])
    lines = list(history)
    if lines:
        await conn.execute(QUERIES.add_history, gallery_id, [i for i, _ in lines], [t for _, t in lines])


async def list_history(conn: Connection, gallery_id: str, ids: Sequence[str]) -> dict[str, list[tuple[datetime, str]]]:
    """The last 200 sentences of each entry, oldest first."""
    found: dict[str, list[tuple[datetime, str]]] = {}
    for row in await conn.fetch(QUERIES.history, gallery_id, list(ids)):
        found.setdefault(row["entry_id"], []).append((row["at"], row["text"]))
    return found


async def for_records(
    conn: Connection,
    gallery_id: str,
    type: EntryType,
    record_ids: Iterable[str],
) -> dict[str, list[EntryView]]:
    """How each record stands in every webservice; records without entries are absent."""
    found: dict[str, list[EntryView]] = {}
    for row in await conn.fetch(QUERIES.of_records, gallery_id, type, list(record_ids)):
        view = EntryView(
            webservice_id=row["webservice_id"],
            kind=row["kind"],
            organisation=_value(row["organisation"], Organisation),
            entry=entry_of(row),
        )
        found.setdefault(row["record_id"], []).append(view)
    return found


async def any_in_books(conn: Connection, gallery_id: str, type: EntryType, record_id: str) -> bool:
    """Whether the record stands in any books, or its fate there is unknown."""
    return bool(await conn.fetchval(QUERIES.any_in_books, gallery_id, type, record_id))


async def list_page(
    conn: Connection,
    gallery_id: str,
    webservice_id: str,
    *,
    state: str | None,
    type: str | None,
    problem: str | None,
    record: str | None,
    after: str | None,
    limit: int,
) -> list[Entry]:
    """Entries of a webservice by id, filtered."""
    rows = await conn.fetch(QUERIES.page, gallery_id, webservice_id, state, type, problem, record, after, limit)
    return [entry_of(row) for row in rows]


async def in_books_page(
    conn: Connection,
    gallery_id: str,
    webservice_id: str,
    type: EntryType,
    *,
    after: str,
    limit: int,
    period: tuple[date | None, date | None],
) -> list[Entry]:
    """Entries that have a remote id, by id; *period* bounds the record's date, inclusive."""
    rows = await conn.fetch(QUERIES.in_books_page, gallery_id, webservice_id, type, after, limit, *period)
    return [entry_of(row) for row in rows]


async def not_in_books_page(
    conn: Connection,
    gallery_id: str,
    webservice_id: str,
    *,
    after: str,
    limit: int,
    period: tuple[date | None, date | None],
) -> tuple[list[Unbooked], str | None]:
    """Records without a remote counterpart, and where to go on (None: the end)."""
    rows = await conn.fetch(QUERIES.not_in_books_page, gallery_id, webservice_id, after, limit, *period)
    found = [
        Unbooked(
            type=row["type"],
            record_id=row["record_id"],
            state=row["shown"],
            reason=row["reason"],
            total=row["amount"],
            currency=row["currency"],
        )
        for row in rows
    ]
    return found, rows[-1]["id"] if len(rows) == limit else None


async def next_try(conn: Connection, gallery_id: str, webservice_id: str) -> datetime | None:
    """When the next waiting or unknown entry is to be looked at."""
    at: datetime | None = await conn.fetchval(QUERIES.next_try, gallery_id, webservice_id)
    return at
