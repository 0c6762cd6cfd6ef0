"""Payments there with our marker and no record here: found again when their record is sent to the hub once more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog

from hub.domain import receiving
from hub.domain.entries import Entry
from hub.domain.records import Payment, Reference
from hub.domain.remotes import Remote, RemoteId
from hub.store import entries, problems, pulled, records
from hub.store.database import Connection
from hub.sync.session import Session

log = structlog.get_logger()

TEXT = "A payment with its marker stands there already: it is that one."


async def find_records(session: Session) -> None:
    """Close the problems whose payment has its record by now; a record that came again takes its payment over.

    Without open problems of this sort it is one statement.
    """
    gallery_id, webservice_id = session.gallery_id, session.webservice_id
    async with session.database.connection() as conn:
        open_ = await problems.list_orphans(conn, gallery_id, webservice_id)
        if not open_:
            return
        linked = await entries.by_remote_ids(conn, gallery_id, webservice_id, "payment", list(open_))
        wanted = await _match(conn, session, {i: m for i, m in open_.items() if i not in linked})
    remotes = await session.service.read("payment", sorted(wanted)) if wanted else ()
    if not linked and not remotes:
        return
    async with session.owned() as conn:
        attached = await _attach(conn, session, wanted, remotes, open_)
        gone = [remote.id for remote in remotes if remote.status == "deleted"]
        await problems.close_orphans(conn, gallery_id, webservice_id, [*linked, *attached, *gone])


async def _match(conn: Connection, session: Session, markers: Mapping[str, str]) -> dict[RemoteId, str]:
    """Remote id -> id of the entry that has this marker and stands nowhere yet."""
    remote_ids = {marker: RemoteId(remote_id) for remote_id, marker in markers.items()}
    found: dict[RemoteId, str] = {}
    if not remote_ids:
        return found
    async for page in pulled.list_not_there(conn, session.gallery_id, session.webservice_id):
        for entry in page:
            marker = entry.number or session.kind.number("payment", entry.record_id, session.book)
            if marker in remote_ids:
                found[remote_ids[marker]] = entry.id
    return found


async def _attach(
    conn: Connection,
    session: Session,
    wanted: Mapping[RemoteId, str],
    remotes: Sequence[Remote],
    markers: Mapping[str, str],
) -> list[str]:
    """Attach each of *remotes* to its entry where both are the same payment; returns their ids."""
    standing = await entries.by_ids(conn, session.gallery_id, list(wanted.values())) if wanted else {}
    stored = await records.load(
        conn, session.gallery_id, [Reference("payment", e.record_id) for e in standing.values()]
    )
    ids = sorted({e.invoice_id for e in standing.values() if e.invoice_id})
    invoices = await entries.by_records(conn, session.gallery_id, session.webservice_id, "invoice", ids)
    changed: list[Entry] = []
    for remote in remotes:
        entry = standing.get(wanted.get(remote.id, ""))
        found = stored.get(Reference("payment", entry.record_id)) if entry is not None else None
        if entry is None or found is None or not isinstance(found.record, Payment):
            continue
        if receiving.belongs(entry, found.record, invoices.get(entry.invoice_id or ""), remote):
            changed.append(receiving.found_again(entry, markers[remote.id], found.version, found.record, remote))
            log.info("sync.orphan_found", webservice_id=session.webservice_id, entry_id=entry.id)
    await entries.save(conn, session.gallery_id, changed, [(e.id, TEXT) for e in changed])
    await entries.ask_entries(conn, session.gallery_id, session.webservice_id, [e.id for e in changed], forced=False)
    return [e.remote.id for e in changed if e.remote is not None]
