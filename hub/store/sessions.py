"""Links that sign a browser in once, and signed-in browsers.

Both are found by the hash of the secret that came: no comparison depends on how much of it was guessed. People need the
times below as they are: no clock factor shortens them.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Any, Literal

import msgspec

from hub.domain.secrets import Secret
from hub.domain.sessions import Visitor
from hub.errors import ConflictError, NotFoundError
from hub.store.database import Connection
from hub.store.queries import load

QUERIES = load("sessions")

LINK_SECONDS = 300.0
IDLE_SECONDS = 1_800.0
LONGEST_SECONDS = 43_200.0
"""PROMISES R38: 30 minutes without use, 12 hours in all."""
TOUCH_SECONDS = 60.0
_LONGEST_SECRET = 100
_MOST_FLASHES = 10
_LONGEST_FLASH = 2_000
_PURGE = 200

Tone = Literal["good", "note", "bad"]


class Flash(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence that the next page shows, once."""

    text: str
    tone: Tone = "good"


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in browser. `secret` is what its cookie holds; `flashes`: whether there are some to be taken."""

    secret: Secret
    visitor: Visitor
    flashes: bool = False


async def add_link(conn: Connection, visitor: Visitor) -> tuple[str, datetime]:
    """Make a link for *visitor*: (its secret part, when it ends)."""
    one_time = secrets.token_urlsafe(32)
    ends_at: datetime = await conn.fetchval(QUERIES.add_link, _hash(one_time), *_columns(visitor), LINK_SECONDS)
    return one_time, ends_at


async def enter(conn: Connection, one_time: str, *, instead_of: str | None = None) -> Session:
    """Use a link up and begin a session with a new secret; the browser's session of before (*instead_of*) ends.

    Runs in the caller's transaction. What ended long ago is removed on the way.

    Raises:
        NotFoundError: there is no such link.
        ConflictError: ``gone``: it was used, or is too old.
    """
    row = await conn.fetchrow(QUERIES.use_link, _hash(one_time))
    if row is None:
        if await conn.fetchval(QUERIES.has_link, _hash(one_time)):
            raise ConflictError("gone", "This link was used already, or is older than five minutes.")
        raise NotFoundError("It may have been cut off on its way here.")
    visitor = msgspec.convert(dict(row), Visitor)
    secret = secrets.token_urlsafe(32)
    await conn.execute(QUERIES.begin, _hash(secret), *_columns(visitor), LONGEST_SECONDS)
    if instead_of:
        await conn.execute(QUERIES.finish, _hash(instead_of))
    await conn.execute(QUERIES.purge_links, _PURGE)
    await conn.execute(QUERIES.purge_sessions, _PURGE)
    return Session(secret=Secret(secret), visitor=visitor)


async def find(conn: Connection, secret: str, *, touch: bool = True) -> Session | None:
    """The live session with this secret, or None; *touch* counts as use of it."""
    if not secret or len(secret) > _LONGEST_SECRET:
        return None
    hashed = _hash(secret)
    row = await conn.fetchrow(QUERIES.find, hashed, IDLE_SECONDS, TOUCH_SECONDS)
    if row is None:
        return None
    values: dict[str, Any] = dict(row)
    flashes, stale = bool(values.pop("flashes")), values.pop("stale")
    if touch and stale:
        await conn.execute(QUERIES.touch, hashed)
    return Session(secret=Secret(secret), visitor=msgspec.convert(values, Visitor), flashes=flashes)


async def finish(conn: Connection, session: Session) -> None:
    """End it; repeating it is harmless."""
    await conn.execute(QUERIES.finish, _hash(session.secret.reveal()))


async def add_flash(conn: Connection, session: Session, flash: Flash) -> None:
    """Keep a sentence for the next page; what no text can hold in the database is left out, and it is cut."""
    text = flash.text[:_LONGEST_FLASH].replace("\0", "").encode("utf-8", "replace").decode()
    data = msgspec.to_builtins(msgspec.structs.replace(flash, text=text))
    await conn.execute(QUERIES.add_flash, _hash(session.secret.reveal()), data, _MOST_FLASHES)


async def take_flashes(conn: Connection, session: Session) -> tuple[Flash, ...]:
    """The sentences for this page, oldest first; nobody gets them again."""
    found = await conn.fetchval(QUERIES.take_flashes, _hash(session.secret.reveal()))
    return msgspec.convert(found or [], tuple[Flash, ...])


def _columns(visitor: Visitor) -> tuple[object, ...]:
    return (
        visitor.gallery_id,
        visitor.role,
        visitor.user_name,
        visitor.user_email,
        visitor.return_url,
        visitor.theme,
    )


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
