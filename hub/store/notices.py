"""Notices in Postgres: what people are to be told about a webservice, and what they were told of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from hub.domain.telling import BlockedRecord
from hub.store.database import Connection
from hub.store.queries import load

QUERIES = load("notices")


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """News about one webservice, ours to tell for a while.

    `since`: the oldest of it; `attempts`, `error`: of the tries before; `at`: the database's clock.
    """

    gallery_id: str
    webservice_id: str
    claim: int
    asked: int
    since: datetime | None
    attempts: int
    error: str | None
    at: datetime


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """A problem as it is told; `own`: of the webservice itself."""

    id: str
    reason: str
    cause: str
    message: str
    remedy: str
    opened_at: datetime
    closed_at: datetime | None
    own: bool
    count: int


async def ask(conn: Connection, gallery_id: str, webservice_id: str) -> None:
    """There is news for people: in the transaction that opens or closes problems, which has the gallery's feed."""
    await conn.execute(QUERIES.ask, gallery_id, webservice_id)


async def claim(conn: Connection, *, seconds: float, limit: int) -> list[Claim]:
    """Claim up to *limit* due webservices, of all galleries, in one statement. Who dies leaves them to others."""
    rows = await conn.fetch(QUERIES.claim, seconds, limit)
    return [Claim(**{name: row[name] for name in Claim.__struct_fields__}) for row in rows]


async def settle(
    conn: Connection, claimed: Claim, *, again: float | None, attempts: int = 0, error: str | None = None
) -> None:
    """Give the claim back. *again*: unscaled seconds until somebody looks again, None when all is told."""
    names = (claimed.gallery_id, claimed.webservice_id, claimed.claim, claimed.asked)
    await conn.execute(QUERIES.settle, *names, again, attempts, error)


async def list_opened(conn: Connection, gallery_id: str, webservice_id: str, notifier: str) -> list[Cause]:
    """Open problems that *notifier* has not told of: the webservice's own first, then those that block most."""
    return [_cause(row) for row in await conn.fetch(QUERIES.list_opened, gallery_id, webservice_id, notifier)]


async def list_closed(conn: Connection, gallery_id: str, webservice_id: str, notifier: str) -> list[Cause]:
    """Closed problems that *notifier* told of as open."""
    return [_cause(row) for row in await conn.fetch(QUERIES.list_closed, gallery_id, webservice_id, notifier)]


async def list_blocked(
    conn: Connection, gallery_id: str, problem_ids: Sequence[str], *, limit: int
) -> dict[str, list[BlockedRecord]]:
    """Problem -> at most *limit* of the records that it blocks, by date."""
    found: dict[str, list[BlockedRecord]] = {}
    for row in await conn.fetch(QUERIES.list_blocked, gallery_id, list(problem_ids), limit):
        record = BlockedRecord(**{name: row[name] for name in BlockedRecord.__struct_fields__})
        found.setdefault(row["problem_id"], []).append(record)
    return found


async def count_open(conn: Connection, gallery_id: str, webservice_id: str) -> int:
    """How many problems are open."""
    return int(await conn.fetchval(QUERIES.count_open, gallery_id, webservice_id))


async def find_last_told(conn: Connection, gallery_id: str, webservice_id: str, notifier: str) -> datetime | None:
    """When *notifier* last told of anything here."""
    found: datetime | None = await conn.fetchval(QUERIES.last_told, gallery_id, webservice_id, notifier)
    return found


async def record_told(
    conn: Connection,
    gallery_id: str,
    webservice_id: str,
    notifier: str,
    *,
    opened: Sequence[str],
    closed: Sequence[str],
) -> None:
    """People know of these; the caller holds the gallery's feed."""
    await conn.execute(QUERIES.record_opened, gallery_id, webservice_id, notifier, list(opened))
    await conn.execute(QUERIES.record_closed, gallery_id, notifier, list(closed))


async def record_renewed(conn: Connection, gallery_id: str, notifier: str, renewed: Sequence[tuple[str, str]]) -> None:
    """(closed, opened) problems of one cause, which went and came back unnoticed: nothing is said of either."""
    closed, opened = [one for one, _ in renewed], [one for _, one in renewed]
    await conn.execute(QUERIES.record_renewed, gallery_id, notifier, closed, opened)


def _cause(row: Any) -> Cause:
    return Cause(**{name: row[name] for name in Cause.__struct_fields__})
