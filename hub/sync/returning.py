"""Payments that a pull brought: ours are matched, those made there become gallery payments, deletions are carried over.

Every remote payment is first matched by its id and by our marker; one that bears our marker is never imported. The rest
become gallery payments with an origin, once each. All is decided in memory, then stored in a few statements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hub.domain import receiving
from hub.domain.entries import Entry
from hub.domain.mappings import resolve
from hub.domain.receiving import Received
from hub.domain.records import Origin, Payment, Reference
from hub.domain.remotes import Remote
from hub.store import entries, problems, records
from hub.store.database import Connection
from hub.store.problems import Cause
from hub.sync.session import Session

IMPORTED = "It came back from the accounting system."
DELETED = "It was deleted in the accounting system, so it is deleted here."
CHANGED = "It changed in the accounting system, so it changed here."


@dataclass(kw_only=True)
class _Page:
    """The payments of one page, sorted by what is to be done about them."""

    fresh: dict[str, Entry] = field(default_factory=dict)  # by id of the entry, as seen anew
    changed: dict[str, tuple[Entry, Remote]] = field(default_factory=dict)  # those that differ in what matters
    foreign: list[Remote] = field(default_factory=list)
    orphans: list[Remote] = field(default_factory=list)


async def store_payments(conn: Connection, session: Session, remotes: Sequence[Remote]) -> None:
    """Attach ours, import foreign ones on our invoices, carry changes and deletions over."""
    latest = {r.id: r for r in remotes}
    if not latest:
        return
    gallery_id, webservice_id = session.gallery_id, session.webservice_id
    known = await entries.by_remote_ids(conn, gallery_id, webservice_id, "payment", list(latest))
    markers = sorted({marker for r in latest.values() if (marker := receiving.marker_of(r))})
    marked = await entries.by_numbers(conn, gallery_id, webservice_id, "payment", markers)
    documents = sorted({r.document_id for r in latest.values() if r.document_id})
    invoices = await entries.by_remote_ids(conn, gallery_id, webservice_id, "invoice", documents)
    page = _sort(list(latest.values()), known, marked, invoices, tag=session.book.tag)
    await entries.save(conn, gallery_id, list(page.fresh.values()))
    await _carry_over(conn, session, page)
    await _note_orphans(conn, session, page.orphans)
    await problems.close_orphans(conn, gallery_id, webservice_id, [r.id for r in latest.values() if _is_gone(r)])
    await _import(conn, session, page.foreign, invoices)


def _is_gone(remote: Remote) -> bool:
    return remote.status == "deleted"


def _sort(
    remotes: Sequence[Remote],
    known: Mapping[str, Entry],
    marked: Mapping[str, Entry],
    invoices: Mapping[str, Entry],
    *,
    tag: str,
) -> _Page:
    """What is to be done about each. *known*: entries by remote id; *marked*: by marker; *invoices*: by remote id."""
    page = _Page()
    for remote in remotes:
        marker = receiving.marker_of(remote) or ""
        entry = known.get(remote.id) or marked.get(marker)
        entry = page.fresh.get(entry.id, entry) if entry is not None else None
        if entry is not None and entry.state in {"sending", "unknown"}:
            continue  # its own look-up settles it; the cursor waits for that when it is a create
        if entry is not None and (entry.remote is None or entry.remote.id == remote.id):
            fresh, matters = receiving.seen(entry, remote)
            page.fresh[entry.id] = fresh
            if matters:
                page.changed[entry.id] = (fresh, remote)
        elif _is_gone(remote):
            continue
        elif entry is not None or marker.startswith(f"{tag}-"):
            page.orphans.append(remote)  # where its document is unknown too: after a restored backup, say
        elif remote.document_id in invoices:
            page.foreign.append(remote)
    return page


async def _carry_over(conn: Connection, session: Session, page: _Page) -> None:
    """What came from there changes here; what is ours is judged anew."""
    if not page.changed:
        return
    gallery_id, kind = session.gallery_id, session.kind.kind
    names = [Reference("payment", entry.record_id) for entry, _ in page.changed.values()]
    stored = await records.load(conn, gallery_id, names)
    returned: list[tuple[Payment, Origin]] = []
    history: list[tuple[str, str]] = []
    asked: list[str] = []
    for entry, remote in page.changed.values():
        found = stored.get(Reference("payment", entry.record_id))
        origin = Origin(kind=kind, remote_id=remote.id, webservice_id=session.webservice_id)
        came = found is not None and found.origin is not None and (found.origin.kind, found.origin.remote_id)
        if found is None or not isinstance(found.record, Payment) or came != (kind, remote.id):
            asked.append(entry.id)
            continue
        payment = receiving.changed(found.record, remote)
        if payment != found.record:
            returned.append((payment, origin))
            history.append((entry.id, DELETED if _is_gone(remote) else CHANGED))
    if returned:
        await records.save_received(conn, gallery_id, returned)
    await entries.save(conn, gallery_id, [], history)
    await entries.ask_entries(conn, gallery_id, session.webservice_id, asked, forced=False)


async def _note_orphans(conn: Connection, session: Session, remotes: Sequence[Remote]) -> None:
    """They bear our marker, but we have no such payment, or have it already: never imported, shown as problems."""
    held = [receiving.orphan(remote) for remote in remotes]
    causes = [Cause(h.reason, h.cause, h.message, h.remedy) for h in held]
    await problems.open_all(conn, session.gallery_id, session.webservice_id, causes)


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
    saved = await records.save_received(conn, session.gallery_id, [(r.payment, r.origin) for r in received])
    taken = [one for one, result in zip(received, saved, strict=True) if result.status != "refused"]
    await _attach(conn, session, taken)
    session.counts.received += len(taken)


async def _attach(conn: Connection, session: Session, received: Sequence[Received]) -> None:
    """Entries of received payments: they stand there already, and never go back."""
    made = await entries.ensure(
        conn, session.gallery_id, session.webservice_id, "payment", [r.payment.id for r in received]
    )
    attached = [receiving.attached(made[r.payment.id], r) for r in received]
    await entries.save(conn, session.gallery_id, attached, [(e.id, IMPORTED) for e in attached])
