"""What the operator looks at, over all galleries: who needs someone, what daemons do, how much waits."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.store.database import Connection
from hub.store.queries import load

QUERIES = load("operating")
BEATS = "hub-beat"  # application_name of a daemon's heartbeat connections, before the daemon's own name


class Needy(msgspec.Struct, frozen=True, kw_only=True):
    """A webservice that needs someone. `problems`: open ones; `since`: the oldest of them."""

    gallery_id: str
    gallery: str | None
    id: str
    name: str
    kind: str
    state: str
    problems: int
    since: datetime | None


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A lease: what the daemon *owner* works at. `live`: its time is not over."""

    owner: str
    gallery_id: str
    gallery: str | None
    webservice_id: str
    name: str
    doing: str
    until: datetime
    live: bool


class Daemon(msgspec.Struct, frozen=True, kw_only=True):
    """A daemon that is connected to the database, at work or at rest. `since`: its oldest connection of this sort."""

    owner: str
    since: datetime


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How much there is and how much waits.

    Attributes:
        webservices, ready: Those not disconnected, and of them those that work.
        runs: Queued or under way.
        overdue: Webservices whose time came over a minute ago and that no daemon has.
        notices, callbacks: Those whose last try failed.
        postgres: Its version; `bytes`: the size of the database.
    """

    galleries: int
    webservices: int
    ready: int
    runs: int
    overdue: int
    notices: int
    callbacks: int
    postgres: str
    bytes: int


async def list_needy(conn: Connection, *, limit: int) -> list[Needy]:
    """Webservices that need someone: those without access first, then those stopped, then the oldest problems."""
    rows = await conn.fetch(QUERIES.needy, limit)
    return [Needy(**{name: row[name] for name in Needy.__struct_fields__}) for row in rows]


async def list_daemons(conn: Connection, *, limit: int) -> list[Daemon]:
    """Daemons that are connected now, the oldest first. A command such as `hub doctor` is one while it works."""
    rows = await conn.fetch(QUERIES.daemons, BEATS, limit)
    return [Daemon(owner=row["owner"], since=row["since"]) for row in rows]


async def list_leases(conn: Connection, *, limit: int) -> list[Held]:
    """Leases that have an owner, by owner; a daemon at rest holds none."""
    rows = await conn.fetch(QUERIES.leases, limit)
    return [Held(**{name: row[name] for name in Held.__struct_fields__}) for row in rows]


async def get_figures(conn: Connection) -> Figures:
    """The figures now."""
    row = await conn.fetchrow(QUERIES.figures)
    assert row is not None  # noqa: S101 - aggregates give one row
    return Figures(**{name: row[name] for name in Figures.__struct_fields__})
