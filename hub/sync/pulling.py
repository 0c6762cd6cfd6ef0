"""Pull: what changed there since the cursor. Edits there are seen before we write, and payments made there come back.

Three lists are read: what our app created, by their ids the documents that a person linked, and credit notes. Nothing
is lost on the way: a page is stored with its cursor, and cursors stay where they are while nobody can say whether some
invoice, payment or allocation of ours was made there, since what hangs on it has no entry to be matched with yet.
Reading again is harmless.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import structlog

from hub.contract import Pulled, Webservice
from hub.domain import receiving
from hub.domain.entries import Entry
from hub.domain.remotes import Remote
from hub.errors import CursorExpiredError
from hub.store import allocations, entries, pulled, webservices
from hub.store.database import Connection
from hub.sync import allotting, orphans, returning
from hub.sync.session import Session

log = structlog.get_logger()


async def pull(session: Session) -> None:
    """Read page after page and store each with its cursor in one transaction, so that nothing is read twice or lost."""
    if not session.kind.capabilities.pull:
        return
    cursor = session.row.pull_cursor
    kept = cursor
    while True:
        try:
            page = await session.service.pull(cursor)
        except CursorExpiredError:
            log.warning("sync.cursor_expired", webservice_id=session.webservice_id)
            page = await session.service.pull(None)
        async with session.owned() as conn:
            await _store_page(conn, session, page)
            if not await pulled.has_open_creates(conn, session.gallery_id, session.webservice_id):
                await webservices.save_pull_cursor(conn, session.gallery_id, session.webservice_id, page.cursor)
                kept = page.cursor
        cursor = page.cursor
        if not page.more:
            break
    session.row = msgspec.structs.replace(session.row, pull_cursor=kept)
    if session.kind.pull_linked is not Webservice.pull_linked:
        await _pull_linked(session)
    if session.kind.pull_credit_notes is not Webservice.pull_credit_notes:
        await _pull_credit_notes(session)
    await orphans.find_records(session)


async def _pull_linked(session: Session) -> None:
    """Read the documents that a person linked; costs nothing where there are none."""
    gallery_id, webservice_id = session.gallery_id, session.webservice_id
    async with session.database.connection() as conn:
        ids = await pulled.list_linked(conn, gallery_id, webservice_id)
        cursor = await pulled.get_linked_cursor(conn, gallery_id, webservice_id) if ids else None
    while ids:
        try:
            page = await session.service.pull_linked(ids, cursor)
        except CursorExpiredError:
            log.warning("sync.cursor_expired", webservice_id=webservice_id)
            page = await session.service.pull_linked(ids, None)
        async with session.owned() as conn:
            await _store_page(conn, session, page)
            if not await pulled.has_open_creates(conn, gallery_id, webservice_id):
                await pulled.save_linked_cursor(conn, gallery_id, webservice_id, page.cursor)
        cursor = page.cursor
        if not page.more:
            break


async def _pull_credit_notes(session: Session) -> None:
    """Read the credit notes that changed, with their refunds and allocations; costs nothing where there are none."""
    gallery_id, webservice_id = session.gallery_id, session.webservice_id
    async with session.database.connection() as conn:
        if not await pulled.has_credit_notes(conn, gallery_id, webservice_id):
            return
        cursor = await pulled.get_credit_cursor(conn, gallery_id, webservice_id)
    while True:
        try:
            page = await session.service.pull_credit_notes(cursor)
        except CursorExpiredError:
            log.warning("sync.cursor_expired", webservice_id=webservice_id)
            page = await session.service.pull_credit_notes(None)
        async with session.owned() as conn:
            await _store_page(conn, session, page)
            if not await pulled.has_open_creates(conn, gallery_id, webservice_id):
                await pulled.save_credit_cursor(conn, gallery_id, webservice_id, page.cursor)
        cursor = page.cursor
        if not page.more:
            break


async def _store_page(conn: Connection, session: Session, page: Pulled) -> None:
    """Store one page in a number of statements that does not depend on its size."""
    invoices = {remote.id: remote for remote in page.invoices}
    standing = await _store_invoices(conn, session, list(invoices.values())) if invoices else {}
    told = [remote for remote in invoices.values() if remote.id in standing and remote.parts is not None]
    credited = {part.id for remote in told for part in remote.parts or () if part.kind == "credit"}
    own = await pulled.own_notes(conn, session.gallery_id, session.webservice_id, credited)
    parts = [credit for remote in told for credit in receiving.credits_of(remote, own)]
    gone = await _find_gone(conn, session, told, standing, own)
    await returning.store_payments(conn, session, [*page.payments, *parts, *gone])
    notes = [remote for remote in told if remote.credit_note]
    await allotting.store_allocations(conn, session.gallery_id, session.webservice_id, notes, standing)


async def _store_invoices(conn: Connection, session: Session, remotes: Sequence[Remote]) -> dict[str, Entry]:
    """Remember what stands there now; what differs in what matters is asked. Foreign invoices are ignored.

    Returns the entries of ours, by remote id.
    """
    latest = {r.id: r for r in remotes}
    standing = await entries.by_remote_ids(conn, session.gallery_id, session.webservice_id, "invoice", list(latest))
    settled = {k: e for k, e in standing.items() if e.state not in {"sending", "unknown"}}
    changed = [receiving.seen(entry, latest[entry.remote.id]) for entry in settled.values() if entry.remote]
    fresh = [entry for entry, _ in changed]
    asked = [entry for entry, matters in changed if matters]
    text = "It changed in the accounting system."
    await entries.save(conn, session.gallery_id, fresh, [(e.id, text) for e in asked])
    await entries.ask_entries(conn, session.gallery_id, session.webservice_id, [e.id for e in asked], forced=False)
    await entries.ask_payments_of(conn, session.gallery_id, session.webservice_id, [e.record_id for e in asked])
    await allocations.ask_of(conn, session.gallery_id, session.webservice_id, [e.record_id for e in asked])
    return standing


async def _find_gone(
    conn: Connection, session: Session, told: Sequence[Remote], standing: dict[str, Entry], own: set[str]
) -> list[Remote]:
    """Credits that came back once and settle these invoices no more; *own*: the gallery's credit notes among them."""
    if not told:
        return []
    ids = [standing[remote.id].record_id for remote in told]
    received = await pulled.credits_of(conn, session.gallery_id, session.webservice_id, ids, receiving.CREDITS)
    return [
        gone
        for remote in told
        for gone in receiving.credits_gone(remote, received.get(standing[remote.id].record_id, []), own)
    ]
