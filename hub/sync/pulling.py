"""Pull: what changed there since the cursor. Payments made there come back; edits there are seen before we write.

Every remote payment is first matched with our marker and with what is on its way; one that bears our marker is never
imported. The rest become gallery payments with an origin, once each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import structlog

from hub.contract import Pulled
from hub.domain import receiving
from hub.domain.entries import Entry
from hub.domain.mappings import resolve
from hub.domain.receiving import Received
from hub.domain.records import Reference
from hub.domain.remotes import Remote
from hub.errors import CursorExpiredError
from hub.store import entries, problems, records, webservices
from hub.store.database import Connection
from hub.store.problems import Cause
from hub.sync.session import Session

log = structlog.get_logger()


async def pull(session: Session) -> None:
    """Read page after page and store each with its cursor in one transaction, so that nothing is read twice or lost."""
    if not session.kind.capabilities.pull:
        return
    cursor = session.row.pull_cursor
    while True:
        try:
            page = await session.service.pull(cursor)
        except CursorExpiredError:
            log.warning("sync.cursor_expired", webservice_id=session.webservice_id)
            page = await session.service.pull(None)
        async with session.owned() as conn:
            await _store_page(conn, session, page)
            await webservices.save_pull_cursor(conn, session.gallery_id, session.webservice_id, page.cursor)
        cursor = page.cursor
        if not page.more:
            break
    session.row = msgspec.structs.replace(session.row, pull_cursor=cursor)


async def _store_page(conn: Connection, session: Session, page: Pulled) -> None:
    invoices = await _store_invoices(conn, session, page.invoices)
    parts = [r for remote in page.invoices if remote.id in invoices for r in receiving.credits_of(remote)]
    await _store_payments(conn, session, [*page.payments, *parts])


async def _store_invoices(conn: Connection, session: Session, remotes: Sequence[Remote]) -> dict[str, Entry]:
    """Remember what stands there now; what differs in what matters is asked. Foreign invoices are ignored."""
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
    return standing


async def _store_payments(conn: Connection, session: Session, remotes: Sequence[Remote]) -> None:
    """Attach ours, import foreign ones on our invoices, carry deletions over."""
    latest = {r.id: r for r in remotes}
    if not latest:
        return
    gallery_id, webservice_id = session.gallery_id, session.webservice_id
    known = await entries.by_remote_ids(conn, gallery_id, webservice_id, "payment", list(latest))
    markers = {marker: r for r in latest.values() if (marker := receiving.marker_of(r))}
    marked = await entries.by_numbers(conn, gallery_id, webservice_id, "payment", list(markers))
    documents = sorted({r.document_id for r in latest.values() if r.document_id})
    invoices = await entries.by_remote_ids(conn, gallery_id, webservice_id, "invoice", documents)
    foreign: list[Remote] = []
    for remote in latest.values():
        entry = known.get(remote.id) or marked.get(receiving.marker_of(remote) or "")
        if entry is not None:
            await _store_known(conn, session, entry, remote)
        elif remote.document_id in invoices and remote.status != "deleted":
            if (receiving.marker_of(remote) or "").startswith(f"{session.book.tag}-"):
                await _note_orphan(conn, session, remote)
            else:
                foreign.append(remote)
    await _import(conn, session, foreign, invoices)


async def _store_known(conn: Connection, session: Session, entry: Entry, remote: Remote) -> None:
    if entry.state in {"sending", "unknown"} or (entry.remote is not None and entry.remote.id != remote.id):
        return  # settled by its own look-up; or a second payment with our marker, which a proof shows
    fresh, matters = receiving.seen(entry, remote)
    await entries.save(conn, session.gallery_id, [fresh])
    if not matters:
        return
    if remote.status == "deleted":
        stored = (await records.load(conn, session.gallery_id, [Reference("payment", entry.record_id)])).get(
            Reference("payment", entry.record_id)
        )
        if stored is not None and stored.origin is not None:
            await _reverse(conn, session, entry, stored.record)
            return
    await entries.ask_entries(conn, session.gallery_id, session.webservice_id, [entry.id], forced=False)


async def _reverse(conn: Connection, session: Session, entry: Entry, payment: Any) -> None:
    """A payment that came from there was deleted there: it is reversed in the gallery."""
    if payment.status == "deleted":
        return
    stored = await records.load(conn, session.gallery_id, [Reference("payment", payment.id)])
    origin = stored[Reference("payment", payment.id)].origin
    assert origin is not None  # noqa: S101 - the caller looked
    gone = msgspec.structs.replace(payment, status="deleted")
    await records.save_received(conn, session.gallery_id, [(gone, origin)])
    text = "It was deleted in the accounting system, so it is deleted here."
    await entries.save(conn, session.gallery_id, [], [(entry.id, text)])


async def _note_orphan(conn: Connection, session: Session, remote: Remote) -> None:
    """It bears our marker, but we have no such payment: never imported, shown as a problem."""
    held = receiving.orphan(remote)
    await problems.open_all(
        conn,
        session.gallery_id,
        session.webservice_id,
        [Cause(held.reason, held.cause, held.message, held.remedy)],
    )


async def _import(conn: Connection, session: Session, foreign: Sequence[Remote], invoices: Mapping[str, Entry]) -> None:
    """Foreign payments on our invoices become gallery payments, each once, with its entry attached."""
    received = [
        receiving.receive(
            remote,
            invoices[remote.document_id],
            kind=session.kind.kind,
            webservice_id=session.webservice_id,
            method=receiving.method_of(remote, session.book, resolve),
        )
        for remote in foreign
        if remote.document_id is not None
    ]
    if not received:
        return
    await records.save_received(conn, session.gallery_id, [(r.payment, r.origin) for r in received])
    await _attach(conn, session, received)
    session.counts.received += len(received)


async def _attach(conn: Connection, session: Session, received: Sequence[Received]) -> None:
    """Entries of received payments: they stand there already, and never go back."""
    made = await entries.ensure(
        conn, session.gallery_id, session.webservice_id, "payment", [r.payment.id for r in received]
    )
    attached = [receiving.attached(made[r.payment.id], r) for r in received]
    text = "It came back from the accounting system."
    await entries.save(conn, session.gallery_id, attached, [(e.id, text) for e in attached])
