"""The order of a gallery's changes.

Whoever changes data of a gallery locks its feed row first, until the commit. Hence `seq` and the time of a change are
in the order of commits, and who reads on from the last number seen skips nothing that commits late.
"""

from __future__ import annotations

import base64
import re
from datetime import datetime
from typing import NamedTuple

import msgspec

from hub.errors import Fault, FormError, NotFoundError
from hub.store.database import Connection
from hub.store.queries import load

QUERIES = load("feed")
_CURSOR = re.compile(r"seq:([0-9]{1,18})")
_LOST_PLUS = re.compile(r" (?=[0-9]{2}:[0-9]{2}$)")


class Stamp(NamedTuple):
    """Numbers taken for changes: `seq` is the first of them, `at` the time of all."""

    seq: int
    at: datetime


async def lock_feed(conn: Connection, gallery_id: str, count: int = 1) -> int:
    """Lock the gallery for writing until the end of the transaction and take *count* change numbers.

    Returns the first number taken; with a *count* of 0, the number that comes next.

    Raises:
        NotFoundError: there is no such gallery.
    """
    last: int | None = await conn.fetchval(QUERIES.lock_feed, gallery_id)
    if last is None:
        raise NotFoundError(f"gallery {gallery_id!r} does not exist: PUT it first")
    return (await take_seq(conn, gallery_id, count)).seq if count else last + 1


async def open_feed(conn: Connection, gallery_id: str) -> None:
    """Make the feed of a new gallery and lock it; an existing one is only locked."""
    await conn.execute(QUERIES.open_feed, gallery_id)
    await lock_feed(conn, gallery_id, 0)


async def take_seq(conn: Connection, gallery_id: str, count: int) -> Stamp:
    """Take *count* change numbers of a gallery whose feed this transaction has locked."""
    row = await conn.fetchrow(QUERIES.take_seq, gallery_id, count)
    if row is None:
        raise NotFoundError(f"gallery {gallery_id!r} does not exist: PUT it first")
    return Stamp(row["seq"] - count + 1, row["changed_at"])


def render_cursor(seq: int) -> str:
    """The opaque text that stands for "after change *seq*"."""
    return base64.urlsafe_b64encode(f"seq:{seq}".encode()).decode().rstrip("=")


def find_cursor(text: str) -> int | None:
    """The number in a text of `render_cursor`; None when it is none."""
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode("ascii")
    except ValueError:
        return None
    found = _CURSOR.fullmatch(plain)
    return int(found[1]) if found else None


def parse_cursor(text: str | None, at: str = "cursor") -> int:
    """The number in a cursor; 0 for None. Raises FormError at *at* for what no list gave out."""
    if text is None:
        return 0
    seq = find_cursor(text)
    if seq is None:
        raise FormError([Fault(at, "is no cursor: take `next` of the page before as it is")])
    return seq


def parse_since(text: str) -> int | datetime:
    """What `changed_since` says: a cursor's number or an instant. Raises FormError."""
    seq = find_cursor(text)
    if seq is not None:
        return seq
    try:
        instant = msgspec.convert(_LOST_PLUS.sub("+", text), datetime)  # a plus in an address arrives as a space
    except msgspec.ValidationError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise FormError([Fault("changed_since", "needs an instant such as 2026-03-04T05:06:07Z, or a cursor")])
    return instant
