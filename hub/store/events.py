"""Events: what a gallery learns from the hub, in the same order and by the same cursors as its records."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from hub.errors import Fault, FormError
from hub.store import feed
from hub.store.database import Connection
from hub.store.queries import load
from hub.store.record_rows import json_text

QUERIES = load("events")
LARGEST_PAGE = 500
KEPT_DAYS = 90
_CHUNK = 5_000
_ID = re.compile(r"evt_([0-9]{1,18})_[0-9a-f]{12}")


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event; `id` is unique everywhere and stands for its place, too: read on after it."""

    id: str
    type: str
    at: datetime
    data: dict[str, Any]


class EventPage(msgspec.Struct, frozen=True, kw_only=True):
    """Events in order; `next` is the cursor of the next page, None when these are the last ones."""

    items: tuple[Event, ...]
    next: str | None


async def append(conn: Connection, gallery_id: str, type: str, data: Mapping[str, Any]) -> str:
    """Tell one event in the caller's transaction; returns its id. *data*: money as strings.

    Raises:
        NotFoundError: there is no such gallery.
    """
    (id_,) = await append_all(conn, gallery_id, [(type, data)])
    return id_


async def append_all(conn: Connection, gallery_id: str, told: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """Tell events, each (type, data), in order; returns their ids. As `append`, with one statement for all."""
    if not told:
        return []
    await feed.lock_feed(conn, gallery_id, 0)
    stamp = await feed.take_seq(conn, gallery_id, len(told))
    seqs = list(range(stamp.seq, stamp.seq + len(told)))
    ids = [f"evt_{seq}_{secrets.token_hex(6)}" for seq in seqs]
    types, data = [type_ for type_, _ in told], [json_text(one) for _, one in told]
    await conn.execute(QUERIES.append_events, gallery_id, stamp.at, seqs, ids, types, data)
    return ids


def render(event: Event) -> dict[str, Any]:
    """An event as JSON shows it: the same in a list and at a callback."""
    return {"id": event.id, "type": event.type, "at": event.at, "data": event.data}


def encode(event: Event) -> bytes:
    """An event as the JSON that a callback gets: amounts are strings, times RFC 3339."""
    return msgspec.json.encode(render(event), enc_hook=_decimal_text)


def _decimal_text(value: Any) -> str:
    if isinstance(value, Decimal):  # a kind of its own below Decimal; msgspec knows plain ones
        return format(value, "f")
    raise TypeError(f"no JSON for a {type(value).__name__}")


async def list_waiting(conn: Connection, gallery_id: str, after_seq: int, limit: int) -> list[tuple[int, Event]]:
    """(seq, event) after the number *after_seq*, oldest first, at most *limit*."""
    rows = await conn.fetch(QUERIES.list_events, gallery_id, after_seq, limit)
    return [(row["seq"], Event(id=row["id"], type=row["type"], at=row["at"], data=row["data"])) for row in rows]


async def purge(conn: Connection, gallery_id: str) -> int:
    """Forget one chunk of events older than `KEPT_DAYS`; returns how many, 0 when nothing is left to forget."""
    await feed.lock_feed(conn, gallery_id, 0)
    return len(await conn.fetch(QUERIES.purge_events, gallery_id, KEPT_DAYS, _CHUNK))


async def list_galleries(conn: Connection, after: str, *, limit: int = LARGEST_PAGE) -> list[str]:
    """Galleries that have events, in order of their ids, after *after*."""
    return [row["gallery_id"] for row in await conn.fetch(QUERIES.list_galleries, after, limit)]


async def list_after(conn: Connection, gallery_id: str, after: str | None, limit: int) -> EventPage:
    """Events after the event (its id) or cursor *after*, None = from the first; at most *limit* (1 to 500).

    Reading on after the last event seen never skips one that commits late.

    Raises:
        FormError: *after* is neither.
    """
    size = min(max(limit, 1), LARGEST_PAGE)
    rows = await conn.fetch(QUERIES.list_events, gallery_id, _parse_after(after), size + 1)
    items = tuple(Event(id=row["id"], type=row["type"], at=row["at"], data=row["data"]) for row in rows[:size])
    return EventPage(items=items, next=items[-1].id if len(rows) > size else None)


def _parse_after(after: str | None) -> int:
    if after is None:
        return 0
    found = _ID.fullmatch(after)
    seq = int(found[1]) if found else feed.find_cursor(after)
    if seq is None:
        raise FormError([Fault("after", "is neither the id of an event nor a cursor")])
    return seq
