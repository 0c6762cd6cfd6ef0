"""Problems as people look through them: of a whole gallery, each with what is behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from hub.domain.entries import Entry
from hub.domain.records import EntryType
from hub.store.database import Connection
from hub.store.entries import entry_of
from hub.store.problems import Problem
from hub.store.queries import load

QUERIES = load("causes")


class Behind(msgspec.Struct, frozen=True, kw_only=True):
    """Blocked entries of one type, kind and currency. `amount`: of their records; None: they have none."""

    type: EntryType
    kind: str | None
    currency: str | None
    n: int
    amount: Decimal | None


class Blocked(msgspec.Struct, frozen=True, kw_only=True):
    """One entry that a problem blocks, with what names its record.

    Attributes:
        place: The day it is listed under, ``date.min`` without one: with the entry's id its place in the list.
        kind: Of the record: ``invoice``, ``credit_note``, ``payment``, ``refund``.
        document: The number of the invoice: its own, or of the one that a payment settles.
        contact: The name of its contact.
    """

    entry: Entry
    place: date
    kind: str | None
    document: str | None
    contact: str | None
    amount: Decimal | None
    currency: str | None
    dated_on: date | None


async def list_open(
    conn: Connection, gallery_id: str, webservice_id: str | None, *, limit: int, skip: int = 0
) -> list[tuple[str, Problem]]:
    """(webservice, problem): those of a webservice itself first, then the newest; None: of all that are live."""
    rows = await conn.fetch(QUERIES.list_open, gallery_id, webservice_id, limit, skip)
    return [_problem_of(row) for row in rows]


async def count_open(conn: Connection, gallery_id: str, webservice_id: str | None) -> int:
    """How many there are in `list_open`."""
    return int(await conn.fetchval(QUERIES.count_open, gallery_id, webservice_id))


async def list_solved(
    conn: Connection, gallery_id: str, webservice_id: str | None, *, days: int, limit: int
) -> list[tuple[str, Problem]]:
    """(webservice, problem) of those that closed in the last *days*, the last one first."""
    rows = await conn.fetch(QUERIES.list_solved, gallery_id, webservice_id, days, limit)
    return [_problem_of(row) for row in rows]


async def list_sums(conn: Connection, gallery_id: str, problem_ids: Sequence[str]) -> dict[str, list[Behind]]:
    """Problem -> what it blocks, documents before payments; a problem that blocks nothing is absent."""
    found: dict[str, list[Behind]] = {}
    if problem_ids:
        for row in await conn.fetch(QUERIES.sums, gallery_id, list(problem_ids)):
            behind = Behind(**{name: row[name] for name in Behind.__struct_fields__})
            found.setdefault(row["problem_id"], []).append(behind)
    return found


async def list_blocked(
    conn: Connection,
    gallery_id: str,
    webservice_id: str,
    problem_id: str,
    *,
    after: tuple[date, str] | None,
    limit: int,
) -> list[Blocked]:
    """What a problem blocks, the latest first. *after*: `place` and id of the last entry of the page before."""
    rows = await conn.fetch(
        QUERIES.list_blocked, gallery_id, webservice_id, problem_id, *(after or (None, None)), limit
    )
    names = [name for name in Blocked.__struct_fields__ if name != "entry"]
    return [Blocked(entry=entry_of(row), **{name: row[name] for name in names}) for row in rows]


def _problem_of(row: Mapping[str, Any]) -> tuple[str, Problem]:
    return row["webservice_id"], Problem(**{name: row[name] for name in Problem.__struct_fields__})
