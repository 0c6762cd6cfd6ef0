"""The contacts of an organisation as last read: what contacts are matched with, and what waits to be imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from hub.domain.content import decode_body, encode_body
from hub.domain.matching import Candidate, fold
from hub.domain.records import Contact
from hub.domain.remotes import Remote, RemoteId
from hub.store.database import Connection
from hub.store.queries import load

QUERIES = load("remote_contacts")


class Staged(msgspec.Struct, frozen=True, kw_only=True):
    """A remote contact that waits to be imported.

    Attributes:
        contact: As a contact of the gallery.
        claims: How many contacts of the gallery have its name and e-mail address; `claimed_by` is one of them.
        twins: How many active ones there have its name and e-mail address, itself included; 0 without an address.
    """

    candidate: Candidate
    contact: Contact
    claims: int
    claimed_by: str | None
    twins: int


class OwnContact(msgspec.Struct, frozen=True, kw_only=True):
    """A contact of the gallery, with the version of its record."""

    contact: Contact
    version: int


async def save(conn: Connection, gallery_id: str, webservice_id: str, contacts: Sequence[Remote]) -> None:
    """Remember what a page of remote contacts says; the last word on each wins."""
    latest = {c.id: c for c in contacts}
    rows = [
        {
            "remote_id": c.id,
            "number": c.number or None,
            "folded_name": fold(c.name or ""),
            "email": (c.email or "").strip().lower() or None,
            "status": c.status,
            "merged_into": c.merged_into,
            "name": c.name or "",
            "version": c.version,
        }
        for c in latest.values()
    ]
    if rows:
        await conn.execute(QUERIES.save, gallery_id, webservice_id, rows)


async def list_candidates(
    conn: Connection,
    gallery_id: str,
    webservice_id: str,
    *,
    numbers: Sequence[str],
    names: Sequence[str],
    ids: Sequence[str] = (),
) -> list[Candidate]:
    """Remote contacts that bear one of these numbers, names (compared folded) or ids."""
    folded = [fold(n) for n in names]
    rows = await conn.fetch(QUERIES.candidates, gallery_id, webservice_id, list(numbers), folded, list(ids))
    return [_candidate_of(row) for row in rows]


def _candidate_of(row: Mapping[str, Any]) -> Candidate:
    return Candidate(
        id=RemoteId(row["remote_id"]),
        number=row["number"],
        folded_name=row["folded_name"],
        email=row["email"],
        archived=row["status"] != "active",
        merged_into=row["merged_into"],
        name=row["name"],
        version=row["version"],
    )


async def list_owners(
    conn: Connection, gallery_id: str, webservice_id: str, ids: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Remote id -> ids of the contacts of the gallery that have it; those that nobody has are absent."""
    found: dict[str, tuple[str, ...]] = {}
    for row in await conn.fetch(QUERIES.owners, gallery_id, webservice_id, list(ids)):
        found[row["remote_id"]] = (*found.get(row["remote_id"], ()), row["record_id"])
    return found


# -- the import


async def stage(conn: Connection, gallery_id: str, webservice_id: str, read: Mapping[str, Contact | None]) -> None:
    """Remember what remote contacts are as contacts of a gallery, until they are taken; None: not to be imported."""
    texts = [None if one is None else encode_body(one).decode() for one in read.values()]
    await conn.execute(QUERIES.stage, gallery_id, webservice_id, list(read), texts)


async def unstage(conn: Connection, gallery_id: str, webservice_id: str, ids: Sequence[str] | None = None) -> None:
    """They were taken, or are not to be; None: all, and their claims with them."""
    await conn.execute(QUERIES.unstage, gallery_id, webservice_id, None if ids is None else list(ids))


async def clear_claims(conn: Connection, gallery_id: str, webservice_id: str) -> None:
    """Before the contacts of the gallery are compared (anew)."""
    await conn.execute(QUERIES.clear_claims, gallery_id, webservice_id)


async def claim(conn: Connection, gallery_id: str, webservice_id: str, pairs: Sequence[tuple[str, str | None]]) -> None:
    """(remote id, record id): that contact of the gallery has the name and e-mail address of the one there."""
    if pairs:
        ids, claimed_by = [remote for remote, _ in pairs], [record for _, record in pairs]
        await conn.execute(QUERIES.claim, gallery_id, webservice_id, ids, claimed_by)


async def count_staged(conn: Connection, gallery_id: str, webservice_id: str) -> tuple[int, int]:
    """(contacts as last read, those of them that wait to be imported)."""
    row = await conn.fetchrow(QUERIES.count_staged, gallery_id, webservice_id)
    return (int(row["n_read"]), int(row["n_staged"])) if row is not None else (0, 0)


async def list_staged(conn: Connection, gallery_id: str, webservice_id: str, *, limit: int) -> list[Staged]:
    """The next ones that wait to be imported, by remote id."""
    return [
        Staged(
            candidate=_candidate_of(row),
            contact=_contact_of(row["contact"]),
            claims=row["claims"],
            claimed_by=row["claimed_by"],
            twins=row["twins"],
        )
        for row in await conn.fetch(QUERIES.staged, gallery_id, webservice_id, limit)
    ]


async def list_own(
    conn: Connection, gallery_id: str, webservice_id: str, *, after: str, limit: int
) -> list[OwnContact]:
    """The gallery's contacts by id after *after*, without those that came from this webservice."""
    rows = await conn.fetch(QUERIES.own_contacts, gallery_id, webservice_id, after, limit)
    return [OwnContact(contact=_contact_of(row["body"]), version=row["version"]) for row in rows]


def _contact_of(body: str) -> Contact:
    contact = decode_body("contact", body)
    assert isinstance(contact, Contact)  # noqa: S101 - decoded as this type
    return contact
