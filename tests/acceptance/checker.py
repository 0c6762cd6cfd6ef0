"""Are the books right? Looks at both sides by itself: shares no code with the hub, reads its tables with plain SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from plugins.xero.sandbox import Call
from plugins.xero.sandbox.ledger import Ledger

_ENTRIES = "SELECT type, record_id, state, remote_id, remote ->> 'number' AS number, asked > judged AS due FROM entry"
_FAILED = "SELECT state, error FROM run WHERE state IN ('failed', 'paused', 'cancelled', 'waiting')"
_LEFT = {
    "open batches": "SELECT count(*) FROM batch WHERE state <> 'known'",
    "open writes": "SELECT count(*) FROM write WHERE outcome IS NULL",
    "open runs": "SELECT count(*) FROM run WHERE state IN ('queued', 'running', 'waiting')",
    "held leases": "SELECT count(*) FROM lease WHERE owner IS NOT NULL",
    "open problems": "SELECT count(*) FROM problem WHERE closed_at IS NULL",
    "webservices that stopped": "SELECT count(*) FROM webservice WHERE state <> 'ready'",
}


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on both sides, without ids: rows as texts, each with how often it is there.

    *contacts*: number, name, e-mail, status. *invoices*: number, contact's name, status, total, tax, paid.
    *payments*: invoice's number, amount, date, account, status, whether ours (deleted ones too). *entries*: type,
    record id, state. Records of the gallery are in *records*, by type and content.
    """

    contacts: dict[str, int]
    invoices: dict[str, int]
    payments: dict[str, int]
    entries: dict[str, int]
    records: dict[str, int]


async def read_books(ledger: Ledger, dsn: str) -> Books:
    """Both sides as they stand now."""
    connection = await asyncpg.connect(dsn, timeout=30)
    try:
        entries = await connection.fetch("SELECT type, record_id, state FROM entry")
        records = await connection.fetch("SELECT type, status, amount, dated_on, invoice_id FROM record")
    finally:
        await connection.close(timeout=5)
    return Books(
        contacts=_count((c.number, c.name, c.email, c.status) for c in ledger.contacts.values()),
        invoices=_count(
            (i.number, ledger.contacts[i.contact_id].name, i.status, i.total, i.total_tax, i.paid)
            for i in ledger.invoices.values()
        ),
        payments=_count(
            (ledger.invoices[p.invoice_id or ""].number, p.amount, p.on, p.account_id, p.status, bool(p.created_by))
            for p in ledger.payments.values()
        ),
        entries=_count(_entry_row(e) for e in entries),
        records=_count(tuple(r) for r in records),
    )


def _entry_row(row: Any) -> tuple[Any, ...]:
    """A payment that came from there has an id of its own, made by the hub."""
    return (row["type"], row["record_id"], row["state"])


def _count(rows: Iterable[tuple[Any, ...]]) -> dict[str, int]:
    return dict(sorted(Counter(" | ".join(str(value) for value in row) for row in rows).items()))


async def list_faults(ledger: Ledger, dsn: str, reference: Books) -> list[str]:
    """Every way in which the books are not those of *reference*, or not at rest; empty when all is well."""
    books = await read_books(ledger, dsn)
    faults = [*_differences(books, reference), *_twice(ledger)]
    connection = await asyncpg.connect(dsn, timeout=30)
    try:
        for what, query in _LEFT.items():
            if count := await connection.fetchval(query):
                faults.append(f"{count} {what}")
        faults += [f"run {r['state']}: {r['error']}" for r in await connection.fetch(_FAILED)]
        faults += _astray(ledger, await connection.fetch(_ENTRIES))
    finally:
        await connection.close(timeout=5)
    return faults


def _differences(books: Books, reference: Books) -> Iterator[str]:
    for part in Books.__struct_fields__:
        found, expected = getattr(books, part), getattr(reference, part)
        for row in sorted({*found, *expected}):
            if found.get(row, 0) != expected.get(row, 0):
                yield f"{part}: {row}: {found.get(row, 0)} in place of {expected.get(row, 0)}"


def _twice(ledger: Ledger) -> Iterator[str]:
    """Nothing is there twice, whatever became of it: numbers of contacts and invoices, references of our payments."""
    keys = {
        "contact": [c.number for c in ledger.contacts.values() if c.number],
        "invoice": [i.number for i in ledger.invoices.values()],
        "payment": [p.reference for p in ledger.payments.values() if p.created_by],
    }
    for what, found in keys.items():
        for key, times in Counter(found).items():
            if times > 1:
                yield f"{what} {key} was made {times} times"


def _astray(ledger: Ledger, entries: Iterable[Any]) -> Iterator[str]:
    """Each entry points at the one record there that is its own, no two at the same, and none is left alone."""
    shelves: dict[str, Any] = {"contact": ledger.contacts, "invoice": ledger.invoices, "payment": ledger.payments}
    pointed: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        here = f"entry {entry['type']} {entry['record_id']}"
        if entry["due"]:
            yield f"{here} is due"
        remote = shelves[entry["type"]].get(entry["remote_id"] or "")
        if remote is None:
            yield f"{here} points at nothing"
            continue
        pointed[entry["type"], remote.id] += 1
        number = remote.reference if entry["type"] == "payment" else remote.number
        if (entry["number"] or "") != (number or ""):
            yield f"{here} says {entry['number']}, there it is {number}"
    for type_, shelf in shelves.items():
        for key in shelf:
            if pointed[type_, key] != 1:
                yield f"{type_} {key} is pointed at {pointed[type_, key]} times"


def list_late_writes(calls: Iterable[Call], rested_at: datetime) -> list[str]:
    """Writes to the books that were made although nothing was due any more."""
    return [
        f"{call.method} {call.path} after all was done"
        for call in calls
        if call.at > rested_at and call.method != "GET" and "/api.xro/" in call.path
    ]
