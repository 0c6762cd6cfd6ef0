"""Problems in Postgres: one per cause, with the entries it blocks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from hub.errors import NotFoundError
from hub.store import events, feed, notices
from hub.store.database import Connection
from hub.store.queries import load

QUERIES = load("problems")
OF_WEBSERVICE = "webservice"  # the cause of problems that are the webservice's own


class Cause(msgspec.Struct, frozen=True):
    """What makes one problem: reason and cause, with the words for people."""

    reason: str
    cause: str
    message: str
    remedy: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One cause that needs a person; `count` entries wait for it."""

    id: str
    reason: str
    cause: str
    message: str
    remedy: str
    count: int
    opened_at: datetime
    closed_at: datetime | None


async def open_all(
    conn: Connection, gallery_id: str, webservice_id: str, causes: Sequence[Cause]
) -> dict[tuple[str, str], tuple[str, bool]]:
    """(reason, cause) -> (problem id, whether it is new), opened where there is none yet."""
    unique = {(c.reason, c.cause): c for c in causes}
    if not unique:
        return {}
    await feed.lock_feed(conn, gallery_id, 0)
    wanted = sorted(unique.values(), key=lambda c: (c.reason, c.cause))  # one order for all workers: no deadlock
    rows = await conn.fetch(
        QUERIES.open,
        gallery_id,
        webservice_id,
        [c.reason for c in wanted],
        [c.cause for c in wanted],
        [c.message for c in wanted],
        [c.remedy for c in wanted],
    )
    fresh = [_news(webservice_id, row["id"], unique[row["reason"], row["cause"]]) for row in rows if row["fresh"]]
    await _tell(conn, gallery_id, webservice_id, [("problem.opened", one) for one in fresh])
    return {(row["reason"], row["cause"]): (row["id"], row["fresh"]) for row in rows}


def _news(webservice_id: str, problem_id: str, cause: Any) -> dict[str, object]:
    """What the gallery system is told of a problem; *cause*: a `Cause`, or a row that has its columns."""
    told = {name: getattr(cause, name) for name in Cause.__struct_fields__}
    return {"webservice_id": webservice_id, "problem_id": problem_id, **told}


async def _tell(
    conn: Connection, gallery_id: str, webservice_id: str, told: Sequence[tuple[str, dict[str, object]]]
) -> None:
    """Gallery system and people learn of it, in this transaction."""
    if told:
        await events.append_all(conn, gallery_id, told)
        await notices.ask(conn, gallery_id, webservice_id)


async def _close(conn: Connection, statement: str, gallery_id: str, webservice_id: str, *more: object) -> list[str]:
    """Close what *statement* closes, and tell of it; returns the ids."""
    await feed.lock_feed(conn, gallery_id, 0)
    rows = await conn.fetch(statement, gallery_id, webservice_id, *more)
    closed = [
        _news(webservice_id, row["id"], Cause(row["reason"], row["cause"], row["message"], row["remedy"]))
        for row in rows
    ]
    await _tell(conn, gallery_id, webservice_id, [("problem.closed", one) for one in closed])
    return [row["id"] for row in rows]


async def close_empty(conn: Connection, gallery_id: str, webservice_id: str) -> list[str]:
    """Close what blocks nothing any more; returns the ids."""
    return await _close(conn, QUERIES.close_empty, gallery_id, webservice_id)


async def list_orphans(conn: Connection, gallery_id: str, webservice_id: str) -> dict[str, str]:
    """Open problems about payments there that bear our marker and have no record here: remote id -> marker."""
    causes = [row["cause"].partition(" ") for row in await conn.fetch(QUERIES.list_orphans, gallery_id, webservice_id)]
    return {remote_id: marker for marker, _, remote_id in causes}


async def close_orphans(conn: Connection, gallery_id: str, webservice_id: str, remote_ids: Sequence[str]) -> list[str]:
    """Close those about these remote payments: deleted there, or found to belong to a record; returns the ids."""
    if not remote_ids:
        return []
    return await _close(conn, QUERIES.close_orphans, gallery_id, webservice_id, list(remote_ids))


async def close_of_webservice(conn: Connection, gallery_id: str, webservice_id: str) -> list[str]:
    """Close the webservice's own problems."""
    return await _close(conn, QUERIES.close_webservice, gallery_id, webservice_id)


async def list_page(
    conn: Connection,
    gallery_id: str,
    webservice_id: str,
    *,
    closed: bool,
    after: tuple[datetime, str] | None,
    limit: int,
    open: bool = True,  # noqa: A002 - the word for it; nothing is opened here
) -> list[Problem]:
    """Problems, newest first: the *open* ones, and with *closed* the closed ones."""
    at, last = after or (None, None)
    rows = await conn.fetch(QUERIES.list, gallery_id, webservice_id, closed, at, last, limit, open)
    return [_problem(row) for row in rows]


async def get(conn: Connection, gallery_id: str, webservice_id: str, problem_id: str) -> Problem:
    """One problem. Raises NotFoundError."""
    row = await conn.fetchrow(QUERIES.get, gallery_id, webservice_id, problem_id)
    if row is None:
        raise NotFoundError(f"there is no problem {problem_id}")
    return _problem(row)


async def retry(conn: Connection, gallery_id: str, webservice_id: str, problem_id: str) -> int:
    """Ask again for all entries that a problem blocks; returns how many."""
    return len(await conn.fetch(QUERIES.retry, gallery_id, webservice_id, problem_id))


def _problem(row: Any) -> Problem:
    return Problem(**{name: row[name] for name in Problem.__struct_fields__})
