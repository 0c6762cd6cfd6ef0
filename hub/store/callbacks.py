"""Callbacks in Postgres: where each gallery's events go, and how far they have gone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from hub.domain.secrets import Place
from hub.store.database import Connection
from hub.store.queries import load

QUERIES = load("callbacks")
MOST_COUNTED = 10_000


class Callback(msgspec.Struct, frozen=True, kw_only=True):
    """One gallery's callback.

    `secret` and `previous_secret` are sealed (`place_of`); `after_seq`: events up to it are acknowledged or were too
    old; `claim` grows with each claim and change; `at`: the database's clock when it was read.
    """

    gallery_id: str
    url: str
    state: str
    secret: str
    previous_secret: str | None
    previous_until: datetime | None
    version: int
    made_at: datetime
    after_seq: int
    due_at: datetime | None
    attempts: int
    delivered_at: datetime | None
    delivered_id: str | None
    error: str | None
    failed_at: datetime | None
    skipped: int
    claim: int
    at: datetime


def place_of(gallery_id: str, column: str, version: int) -> Place:
    """Where a secret of a callback is sealed; *column* is ``secret`` or ``previous_secret``."""
    return Place(
        table="callback", column=column, row_id=gallery_id, gallery_id=gallery_id, kind="callback", version=version
    )


async def find(conn: Connection, gallery_id: str) -> Callback | None:
    """The gallery's callback."""
    row = await conn.fetchrow(QUERIES.find, gallery_id)
    return None if row is None else _callback(row)


async def save(
    conn: Connection,
    gallery_id: str,
    *,
    url: str,
    secret: str,
    previous_secret: str | None,
    previous_until: datetime | None,
    version: int,
    after_seq: int,
) -> None:
    """Store a new callback, which gets what comes after *after_seq*, or change one, which goes on where it was."""
    await conn.execute(QUERIES.save, gallery_id, url, secret, previous_secret, previous_until, version, after_seq)


async def delete(conn: Connection, gallery_id: str) -> bool:
    """Forget the callback; False when there was none."""
    return await conn.fetchval(QUERIES.delete, gallery_id) is not None


async def count_waiting(conn: Connection, callback: Callback) -> int:
    """Events not acknowledged yet, counted up to `MOST_COUNTED`."""
    return int(await conn.fetchval(QUERIES.count_waiting, callback.gallery_id, callback.after_seq, MOST_COUNTED))


async def claim(conn: Connection, *, seconds: float, limit: int) -> list[Callback]:
    """Claim up to *limit* due callbacks, of all galleries, in one statement. Who dies leaves them to others."""
    return [_callback(row) for row in await conn.fetch(QUERIES.claim, seconds, limit)]


async def skip_old(conn: Connection, callback: Callback, *, seconds: float) -> tuple[int, int]:
    """Leave behind what waited longer than *seconds*: (how many, the new `after_seq`)."""
    row = await conn.fetchrow(QUERIES.skip_old, callback.gallery_id, callback.claim, seconds)
    return (0, callback.after_seq) if row is None else (row["n"], row["after_seq"])


async def acknowledge(conn: Connection, callback: Callback, seq: int, event_id: str, *, seconds: float) -> bool:
    """An event arrived; False when the callback is not ours any more."""
    row = await conn.fetchval(QUERIES.acknowledge, callback.gallery_id, callback.claim, seq, event_id, seconds)
    return row is not None


async def fail(conn: Connection, callback: Callback, error: str, *, delay: float | None) -> None:
    """An event did not arrive; *delay*: unscaled seconds until the next try, None when the receiver wants no more."""
    await conn.execute(QUERIES.fail, callback.gallery_id, callback.claim, error, delay)


async def rest(conn: Connection, callback: Callback) -> None:
    """Give the claim back; the caller holds the gallery's feed."""
    await conn.execute(QUERIES.rest, callback.gallery_id, callback.claim)


async def is_anything_due(conn: Connection) -> tuple[bool, bool]:
    """Whether a notice, and whether a callback is due, of any gallery."""
    row = await conn.fetchrow(QUERIES.anything_due)
    return (False, False) if row is None else (row["notice"], row["callback"])


def _callback(row: Any) -> Callback:
    return Callback(**{name: row[name] for name in Callback.__struct_fields__})
