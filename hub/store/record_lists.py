"""Lists of records, page by page."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.domain.records import RecordType
from hub.errors import Fault, FormError
from hub.store import feed
from hub.store.database import Connection
from hub.store.queries import load
from hub.store.record_rows import fold, stored_of
from hub.store.saving import Stored

QUERIES = load("records")
LARGEST_PAGE = 500


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a list.

    Attributes:
        next: Cursor of the next page; None when this is the last one.
        here: Cursor behind the last item of this page, also of the last one: what `changed_since` takes later.
    """

    items: tuple[Stored, ...]
    next: str | None
    here: str | None = None


async def list_page(
    conn: Connection,
    gallery_id: str,
    type: RecordType,
    *,
    limit: int,
    cursor: str | None = None,
    changed_since: str | None = None,
    q: str | None = None,
    state: str | None = None,
) -> Page:
    """Records of one type in the order of their last change, at most *limit* (1 to 500).

    Following `next` to the end, and later going on from `here`, sees every record, those that commit late too; one
    that changes meanwhile is seen again. Items have their versions of tax codes as far as they were known when their
    invoice was first stored.

    Args:
        conn: Outside a transaction: with an instant in *changed_since* it waits for writers under way, and would
            keep new ones out until the transaction's end.
        cursor: `next` of the page before.
        changed_since: An RFC 3339 instant (records changed then or later) or a cursor.
        q: A part of number, name, e-mail, reference or id, in any case.
        state: A record's status (``issued``), or the state of one of its entries (``held``).

    Raises:
        FormError: *cursor* or *changed_since* is none, *q* or *state* is no text Postgres can hold.
    """
    _check_texts(q=q, state=state)
    after = feed.parse_cursor(cursor)
    if changed_since is not None:
        since = feed.parse_since(changed_since)
        after = max(after, await _seq_before(conn, gallery_id, type, since) if isinstance(since, datetime) else since)
    size = min(max(limit, 1), LARGEST_PAGE)
    rows = await conn.fetch(QUERIES.list_records, gallery_id, type, after, fold(q) if q else None, state, size + 1)
    items = tuple(stored_of(row) for row in rows[:size])
    here = feed.render_cursor(items[-1].seq if items else after)
    return Page(items=items, next=here if len(rows) > size else None, here=here)


async def list_galleries(conn: Connection, *, limit: int, cursor: str | None = None, q: str | None = None) -> Page:
    """The records of all galleries by id; *cursor* is the `next` of the page before (a gallery's id)."""
    _check_texts(q=q, cursor=cursor)
    size = min(max(limit, 1), LARGEST_PAGE)
    rows = await conn.fetch(QUERIES.list_galleries, cursor or "", fold(q) if q else None, size + 1)
    items = tuple(stored_of(row) for row in rows[:size])
    return Page(items=items, next=items[-1].record.id if len(rows) > size else None)


def _check_texts(**given: str | None) -> None:
    faults = [
        Fault(at, "must not have NUL characters or halves of surrogate pairs in it")
        for at, text in given.items()
        if text is not None and ("\0" in text or text.encode("utf-8", "ignore").decode() != text)
    ]
    if faults:
        raise FormError(faults)


async def _seq_before(conn: Connection, gallery_id: str, type_: RecordType, instant: datetime) -> int:
    # A writer under way has its time already, and its records are not to be seen yet: without waiting, who asks next
    # with the time of this answer would miss them.
    await conn.fetchval(feed.QUERIES.await_writers, gallery_id)
    seq: int | None = await conn.fetchval(QUERIES.find_seq_before, gallery_id, type_, instant)
    return seq or 0
