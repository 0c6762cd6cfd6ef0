"""Webservices in Postgres: one configured accounting system of a gallery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import asyncpg
import msgspec

from hub.domain.books import Choices, Exclusion, Organisation
from hub.domain.books import Mapping as SlotMapping
from hub.errors import ConflictError, NotFoundError
from hub.store import events, feed
from hub.store.database import Connection, constraint_of
from hub.store.queries import load

QUERIES = load("webservices")

TOLD = frozenset({"ready", "paused", "reauthorize", "disconnected"})
WebserviceState = Literal["authorizing", "choosing", "ready", "paused", "reauthorize", "disconnected"]


class WebserviceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One webservice as stored. `settings` is the plain form of the kind's settings model."""

    gallery_id: str
    id: str
    kind: str
    name: str
    state: WebserviceState
    settings: dict[str, Any]
    mappings: tuple[SlotMapping, ...]
    exclusions: tuple[Exclusion, ...]
    choices: Choices | None
    choices_at: datetime | None
    organisation: Organisation | None
    organisation_id: str | None
    grant_id: str | None
    consent_id: str | None
    confirmed_at: datetime | None
    tag: str
    created_at: datetime
    connected_at: datetime
    pull_cursor: str | None
    contact_cursor: str | None
    finished_at: datetime | None
    contact_import: dict[str, Any] | None = None
    contacts_imported_at: datetime | None = None
    scheduled_at: datetime | None
    due_at: datetime | None
    running: bool
    doing: str


def _value(data: Any, kind: Any) -> Any:
    return None if data is None else msgspec.convert(data, kind, strict=False)


def _row_of(row: Any) -> WebserviceRow:
    special = {
        "mappings": tuple[SlotMapping, ...],
        "exclusions": tuple[Exclusion, ...],
        "choices": Choices,
        "organisation": Organisation,
    }
    values = {
        name: _value(row[name], special[name]) if name in special else row[name]
        for name in WebserviceRow.__struct_fields__
    }
    return WebserviceRow(**values)


async def insert(
    conn: Connection,
    gallery_id: str,
    webservice_id: str,
    *,
    kind: str,
    name: str,
    state: WebserviceState,
    settings: Mapping[str, Any],
    tag: str,
) -> None:
    """Store a new webservice and its (free) lease."""
    await conn.execute(QUERIES.insert, gallery_id, webservice_id, kind, name, state, dict(settings), tag)
    await conn.execute(QUERIES.insert_lease, gallery_id, webservice_id)


async def get(conn: Connection, gallery_id: str, webservice_id: str) -> WebserviceRow:
    """One webservice. Raises NotFoundError."""
    row = await conn.fetchrow(QUERIES.find, gallery_id, webservice_id)
    if row is None:
        raise NotFoundError(f"there is no webservice {webservice_id}")
    return _row_of(row)


async def find_gallery(conn: Connection, webservice_id: str) -> str | None:
    """The gallery of a webservice, for commands that name only the webservice."""
    found: str | None = await conn.fetchval(QUERIES.by_id, webservice_id)
    return found


async def list_all(conn: Connection, gallery_id: str) -> list[WebserviceRow]:
    """The gallery's webservices, oldest first, disconnected ones too."""
    return [_row_of(row) for row in await conn.fetch(QUERIES.list, gallery_id)]


async def list_of_organisations(conn: Connection, kind: str, organisation_ids: Sequence[str]) -> list[tuple[str, str]]:
    """(gallery, webservice) of the live webservices of *kind* on these organisations, of all galleries."""
    rows = await conn.fetch(QUERIES.list_of_organisations, kind, list(organisation_ids))
    return [(row["gallery_id"], row["id"]) for row in rows]


async def any_connected(conn: Connection, gallery_id: str) -> bool:
    """Whether any webservice is connected: deleting an invoice is refused then."""
    return bool(await conn.fetchval(QUERIES.any_connected, gallery_id))


async def update_form(
    conn: Connection, gallery_id: str, webservice_id: str, *, name: str, settings: Mapping[str, Any]
) -> None:
    """Save name and settings; after consent this is the person's word that the webservice may sync."""
    await conn.execute(QUERIES.update_form, gallery_id, webservice_id, name, dict(settings))


async def set_state(
    conn: Connection,
    gallery_id: str,
    webservice_id: str,
    state: WebserviceState,
    *,
    only_from: Sequence[WebserviceState] | None = None,
) -> bool:
    """Set the state (only when it is one of *only_from*); returns whether it was set. Writes stop within a second.

    The gallery system is told of the states in `TOLD`.
    """
    await feed.lock_feed(conn, gallery_id, 0)  # before the row: whoever works on the webservice takes them so
    if only_from is None:
        await conn.execute(QUERIES.set_state, gallery_id, webservice_id, state)
    elif await conn.fetchval(QUERIES.set_state_from, gallery_id, webservice_id, state, list(only_from)) is None:
        return False
    if state in TOLD:
        await events.append(conn, gallery_id, f"webservice.{state}", {"webservice_id": webservice_id, "state": state})
    return True


async def get_state(conn: Connection, gallery_id: str, webservice_id: str) -> WebserviceState:
    """The state alone, for the look before each send."""
    state: WebserviceState = await conn.fetchval(QUERIES.stopped, gallery_id, webservice_id)
    return state


async def set_mappings(conn: Connection, gallery_id: str, webservice_id: str, mappings: Sequence[SlotMapping]) -> None:
    """Replace all mappings."""
    await conn.execute(QUERIES.set_mappings, gallery_id, webservice_id, msgspec.to_builtins(list(mappings)))


async def lock(conn: Connection, gallery_id: str, webservice_id: str) -> None:
    """Keep others from changing the webservice until the transaction ends, for a change of what is read after it."""
    await conn.execute(QUERIES.lock, gallery_id, webservice_id)


async def set_exclusions(
    conn: Connection, gallery_id: str, webservice_id: str, exclusions: Sequence[Exclusion]
) -> None:
    """Replace all exclusions."""
    await conn.execute(QUERIES.set_exclusions, gallery_id, webservice_id, msgspec.to_builtins(list(exclusions)))


async def set_choices(conn: Connection, gallery_id: str, webservice_id: str, choices: Choices) -> None:
    """Remember what the remote side offers, as just read."""
    organisation = None if choices.organisation is None else msgspec.to_builtins(choices.organisation)
    await conn.execute(QUERIES.set_choices, gallery_id, webservice_id, msgspec.to_builtins(choices), organisation)


async def set_grant(
    conn: Connection, gallery_id: str, webservice_id: str, grant_id: str | None, consent_id: str | None
) -> None:
    """Remember which grant opens the organisation."""
    await conn.execute(QUERIES.set_grant, gallery_id, webservice_id, grant_id, consent_id)


async def set_organisation(
    conn: Connection, gallery_id: str, webservice_id: str, organisation: Organisation, *, state: WebserviceState
) -> None:
    """Pin the organisation. Raises ConflictError ``organisation-in-use`` when another live webservice holds it."""
    try:
        await conn.execute(
            QUERIES.set_organisation,
            gallery_id,
            webservice_id,
            msgspec.to_builtins(organisation),
            organisation.id,
            state,
        )
    except asyncpg.UniqueViolationError as error:
        if constraint_of(error) != "webservice_organisation":
            raise
        raise ConflictError(
            "organisation-in-use",
            f"{organisation.name} is connected by another webservice already: disconnect that one first.",
        ) from error


async def count_sharing(conn: Connection, gallery_id: str, grant_id: str, *, besides: str) -> int:
    """How many other live webservices use the grant: then it is not revoked."""
    return int(await conn.fetchval(QUERIES.sharing_grant, gallery_id, grant_id, besides))


async def inherit(conn: Connection, gallery_id: str, webservice_id: str, kind: str, organisation_id: str) -> str | None:
    """Take cursors and tag of the webservice that used this organisation before; returns its id, if there was one."""
    row = await conn.fetchrow(QUERIES.predecessor, gallery_id, kind, organisation_id, webservice_id)
    if row is None:
        return None
    await conn.execute(
        QUERIES.inherit, gallery_id, webservice_id, row["pull_cursor"], row["contact_cursor"], row["tag"]
    )
    old: str = row["id"]
    return old


async def save_pull_cursor(conn: Connection, gallery_id: str, webservice_id: str, cursor: str) -> None:
    """In the transaction that saves what was pulled."""
    await conn.execute(QUERIES.save_pull_cursor, gallery_id, webservice_id, cursor)


async def save_contact_cursor(conn: Connection, gallery_id: str, webservice_id: str, cursor: str) -> None:
    """In the transaction that saves the contacts read."""
    await conn.execute(QUERIES.save_contact_cursor, gallery_id, webservice_id, cursor)


async def save_import(
    conn: Connection, gallery_id: str, webservice_id: str, progress: Mapping[str, Any] | None
) -> None:
    """How far the import of contacts has come, in the transaction that saves what it did; None: none is under way."""
    await conn.execute(QUERIES.save_import, gallery_id, webservice_id, None if progress is None else dict(progress))


async def finish_import(conn: Connection, gallery_id: str, webservice_id: str) -> None:
    """All contacts are imported: not again before the setting was turned off and on."""
    await conn.execute(QUERIES.finish_import, gallery_id, webservice_id)


async def wake(conn: Connection, gallery_id: str, webservice_id: str) -> None:
    """It is due now."""
    await conn.execute(QUERIES.wake, gallery_id, webservice_id)


async def schedule(
    conn: Connection,
    gallery_id: str,
    webservice_id: str,
    next_slot: datetime | None,
    *,
    next_try_at: datetime | None = None,
) -> None:
    """When it is due next: its slot, or earlier for an entry's next try and for runs that are queued or wait."""
    await lock(conn, gallery_id, webservice_id)
    await conn.execute(QUERIES.schedule, gallery_id, webservice_id, next_slot, next_try_at)


async def note_finished(conn: Connection, gallery_id: str, webservice_id: str, started_at: datetime | None) -> None:
    """A full run finished that had started then: the window counts back from it."""
    await conn.execute(QUERIES.finish, gallery_id, webservice_id, started_at)


async def count_states(
    conn: Connection, gallery_id: str, webservice_ids: Sequence[str]
) -> dict[str, dict[str, dict[str, int]]]:
    """webservice -> type -> state shown -> how many entries."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for row in await conn.fetch(QUERIES.counts, gallery_id, list(webservice_ids)):
        found.setdefault(row["webservice_id"], {}).setdefault(row["type"], {})[row["shown"]] = row["n"]
    return found
