"""Entries that need a person, as far as the gallery system knows: it is told once when they need nobody any more."""

from __future__ import annotations

from collections.abc import Sequence

from hub.store import events
from hub.store.database import Connection
from hub.store.queries import load

QUERIES = load("needs")


async def record(conn: Connection, gallery_id: str, entry_ids: Sequence[str]) -> None:
    """The gallery system is told that these need a person, in the caller's transaction."""
    if entry_ids:
        await conn.execute(QUERIES.record, gallery_id, list(entry_ids))


async def clear(conn: Connection, gallery_id: str) -> int:
    """Tell the gallery system, as events, of those that need nobody any more; returns how many.

    The caller holds the gallery's feed.
    """
    gone = [row["entry_id"] for row in await conn.fetch(QUERIES.clear, gallery_id)]
    if not gone:
        return 0
    rows = await conn.fetch(QUERIES.describe, gallery_id, gone)
    names = ("webservice_id", "entry_id", "type", "record_id", "state")
    told = [("entry.cleared", {name: row[name] for name in names}) for row in rows]
    await events.append_all(conn, gallery_id, told)
    return len(told)
