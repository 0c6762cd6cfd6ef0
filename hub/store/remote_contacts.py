"""The contacts of an organisation as last read: what a new contact is matched with before it is created."""

from __future__ import annotations

from collections.abc import Sequence

from hub.domain.matching import Candidate, fold
from hub.domain.remotes import Remote, RemoteId
from hub.store.database import Connection
from hub.store.queries import load

QUERIES = load("remote_contacts")


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
    return [
        Candidate(
            id=RemoteId(row["remote_id"]),
            number=row["number"],
            folded_name=row["folded_name"],
            email=row["email"],
            archived=row["status"] != "active",
            merged_into=row["merged_into"],
            name=row["name"],
            version=row["version"],
        )
        for row in rows
    ]
