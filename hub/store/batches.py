"""Batches of writes in Postgres: intent before the call, outcome right after it (the write protocol of DESIGN 8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec

from hub.domain.drafts import Request, Write
from hub.domain.records import EntryType
from hub.domain.remotes import Operation, Refused
from hub.store.database import Connection
from hub.store.queries import load

QUERIES = load("batches")


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One write of a batch with its place in it, the entry it is for, and the `asked` that was judged.

    `refusal`: it was refused because its name is taken there; whether by our own earlier write is looked up.
    """

    position: int
    entry_id: str
    write: Write
    judged: int = 0
    updated_at: datetime | None = None
    refusal: Refused | None = None


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """One request: ordered member writes, exact bytes, one key.

    `may_resend`: no member is known, and it is still inside the time in which the remote side knows its key.
    `answered`: some members are known: what is open is looked up.
    """

    id: str
    type: EntryType
    operation: Operation
    request: Request
    key: str
    members: tuple[Member, ...]
    tries: int = 1
    first_sent_at: datetime | None = None
    last_sent_at: datetime | None = None
    may_resend: bool = False
    answered: bool = False


class Looks(msgspec.Struct, frozen=True, kw_only=True):
    """Clean looks for a write that cannot be found: when the first and the latest were, and how many."""

    first_at: datetime
    last_at: datetime
    count: int = 1


class WriteCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many writes of a run have this type, operation and outcome; `outcome` None: not known yet."""

    type: EntryType
    operation: Operation
    outcome: str | None
    n: int


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One write of a run, as it went out, and how its entry stands now (`state` None: the entry is gone).

    `outcome`: ``accepted``, ``present`` (found there after all), ``refused``, ``not_now``, ``absent`` (looked up: it
    did not arrive), None: not known yet. `shown`: what a person compares. `currency` and `total`: None for contacts.
    `invoice_id`, `invoice_number`: Of a payment or allocation.
    """

    batch_id: str
    position: int
    first_sent_at: datetime
    type: EntryType
    operation: Operation
    number: str
    outcome: str | None
    detail: str | None
    record_id: str | None
    entry_id: str | None
    invoice_id: str | None
    currency: str | None
    total: Decimal | None
    shown: dict[str, str] | None
    state: str | None
    message: str | None
    remedy: str | None
    invoice_number: str | None


async def mark_sending(conn: Connection, gallery_id: str, members: Sequence[Member]) -> set[str]:
    """Entries become `sending`; returns those that nobody (a person's link) changed since they were judged."""
    rows = await conn.fetch(
        QUERIES.mark_sending,
        gallery_id,
        [m.entry_id for m in members],
        [m.judged for m in members],
        [m.write.number for m in members],
        [m.updated_at for m in members],
    )
    return {row["id"] for row in rows}


async def open_batch(
    conn: Connection, gallery_id: str, webservice_id: str, batch: Batch, *, run_id: str | None, epoch: int
) -> None:
    """Store the intent: exact bytes, key, members. Phase (a), in the transaction that marked the entries `sending`."""
    head = {"method": batch.request.method, "path": batch.request.path, "query": batch.request.query}
    head["headers"] = batch.request.headers
    await conn.execute(
        QUERIES.insert,
        gallery_id,
        batch.id,
        webservice_id,
        run_id,
        epoch,
        batch.type,
        batch.operation.value,
        head,
        batch.request.body,
        batch.key,
    )
    await conn.execute(
        QUERIES.insert_writes,
        gallery_id,
        batch.id,
        [m.entry_id for m in batch.members],
        [m.write.number for m in batch.members],
        [msgspec.to_builtins(m.write) for m in batch.members],
    )


async def mark_crashed(conn: Connection, gallery_id: str, webservice_id: str) -> list[EntryType]:
    """What a dead worker left in `sending` becomes `unknown`; returns the type of each such entry."""
    return [row["type"] for row in await conn.fetch(QUERIES.crashed, gallery_id, webservice_id)]


async def list_unknown(conn: Connection, gallery_id: str, webservice_id: str, *, resend_seconds: float) -> list[Batch]:
    """Batches with writes whose outcome is unknown, oldest first, with their open members."""
    rows = await conn.fetch(QUERIES.list_unknown, gallery_id, webservice_id, resend_seconds)
    members: dict[str, list[Member]] = {}
    for row in await conn.fetch(QUERIES.writes_of, gallery_id, [r["id"] for r in rows]):
        write = msgspec.convert(row["data"], Write, strict=False)
        refusal = None if row["refusal"] is None else msgspec.convert(row["refusal"], Refused)
        member = Member(position=row["position"], entry_id=row["entry_id"], write=write, refusal=refusal)
        members.setdefault(row["batch_id"], []).append(member)
    return [_batch_of(row, members.get(row["id"], [])) for row in rows]


def _batch_of(row: Any, members: Sequence[Member]) -> Batch:
    head = row["request"]
    request = Request(
        method=head["method"],
        path=head["path"],
        query=tuple((k, v) for k, v in head["query"]),
        headers=tuple((k, v) for k, v in head["headers"]),
        body=row["body"],
    )
    return Batch(
        id=row["id"],
        type=row["type"],
        operation=Operation(row["operation"]),
        request=request,
        key=row["key"],
        members=tuple(members),
        tries=row["tries"],
        first_sent_at=row["first_sent_at"],
        last_sent_at=row["last_sent_at"],
        may_resend=row["may_resend"],
        answered=row["answered"],
    )


async def mark_resent(
    conn: Connection, gallery_id: str, batch_id: str, epoch: int, *, resend_seconds: float
) -> float | None:
    """The batch is on its way again, byte for byte: the seconds its key is good for; None: it is too late."""
    left: float | None = await conn.fetchval(QUERIES.resend, gallery_id, batch_id, epoch, resend_seconds)
    if left is not None:
        await conn.execute(QUERIES.resend_entries, gallery_id, batch_id)
    return left


async def set_answered(conn: Connection, gallery_id: str, batch_id: str, *, answered: bool) -> None:
    """The call is over; with *answered*, some member is known and the whole is never sent again."""
    await conn.execute(QUERIES.set_answered, gallery_id, batch_id, answered)


async def set_known(conn: Connection, gallery_id: str, batch_id: str) -> None:
    """Nothing of it is open any more."""
    await conn.execute(QUERIES.set_known, gallery_id, batch_id)


async def set_outcomes(
    conn: Connection, gallery_id: str, batch_id: str, outcomes: Sequence[tuple[int, str, str]]
) -> None:
    """Store known outcomes of members: (position, accepted|refused|not_now|absent|present, detail)."""
    if outcomes:
        positions, names, details = zip(*outcomes, strict=True)
        await conn.execute(QUERIES.set_outcomes, gallery_id, batch_id, list(positions), list(names), list(details))
    await conn.execute(QUERIES.close_finished, gallery_id, [batch_id])


async def set_refusals(conn: Connection, gallery_id: str, batch_id: str, refusals: Mapping[int, Refused]) -> None:
    """Remember, by position, the refusals that are to be looked up before they count."""
    if refusals:
        plain = [msgspec.to_builtins(r) for r in refusals.values()]
        await conn.execute(QUERIES.set_refusals, gallery_id, batch_id, list(refusals), plain)


async def get_looks(conn: Connection, gallery_id: str, entry_ids: Sequence[str]) -> dict[str, Looks]:
    """Clean looks so far, by entry."""
    rows = await conn.fetch(QUERIES.looks, gallery_id, list(entry_ids))
    return {row["id"]: msgspec.convert(row["looks"], Looks, strict=False) for row in rows if row["looks"] is not None}


async def set_looks(
    conn: Connection, gallery_id: str, looks: dict[str, Looks], *, next_try_at: datetime | None
) -> None:
    """Remember clean looks and when to look again."""
    if looks:
        values = [msgspec.to_builtins(look) for look in looks.values()]
        await conn.execute(QUERIES.set_looks, gallery_id, list(looks), values, next_try_at)


async def clear_looks(conn: Connection, gallery_id: str, entry_ids: Sequence[str]) -> None:
    """A known outcome ends the looking."""
    await conn.execute(QUERIES.clear_looks, gallery_id, list(entry_ids))


async def count_of_run(conn: Connection, gallery_id: str, webservice_id: str, run_id: str) -> list[WriteCount]:
    """What a run wrote, or is writing, in numbers; batches are kept for 30 days."""
    rows = await conn.fetch(QUERIES.count_of_run, gallery_id, webservice_id, run_id)
    return [msgspec.convert(dict(row), WriteCount) for row in rows]


async def list_of_run(
    conn: Connection,
    gallery_id: str,
    webservice_id: str,
    run_id: str,
    *,
    type: EntryType | None = None,
    sort: Literal["done", "refused", "open"] | None = None,
    before: tuple[datetime, str, int] | None = None,
    limit: int,
) -> list[Sent]:
    """Writes of a run, newest first; *before*: (`first_sent_at`, `batch_id`, `position`) of the last one seen."""
    at, batch_id, position = before or (None, None, None)
    rows = await conn.fetch(
        QUERIES.list_of_run, gallery_id, webservice_id, run_id, type, sort, at, batch_id, position, limit
    )
    return [msgspec.convert(dict(row), Sent, strict=False) for row in rows]


async def now(conn: Connection) -> datetime:
    """The database's clock: the one clock of leases and of the write protocol."""
    at: datetime = await conn.fetchval(QUERIES.now)
    return at


async def purge(conn: Connection, gallery_id: str, webservice_id: str) -> None:
    """Bodies are kept for 30 days."""
    await conn.execute(QUERIES.purge, gallery_id, webservice_id)
