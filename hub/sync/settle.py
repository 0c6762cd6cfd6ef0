"""Settling the unknown: batches are sent again byte for byte for a few minutes, then each write is looked up.

A payment or allocation that cannot be found is looked for with patience, since nothing at the remote side protects it
from being made twice: only after `look_seconds` without sending and two clean looks a third of that apart is it sent
again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from hub.contract import Lookup
from hub.domain import settling
from hub.domain.drafts import Write
from hub.domain.entries import Entry
from hub.domain.records import EntryType, Reference
from hub.domain.remotes import Accepted, Operation, Outcome, Remote, RemoteId, Unknown
from hub.domain.settling import Absent, Present, Settled, Taken
from hub.errors import PermanentError, TemporaryError
from hub.store import allocations, batches, entries
from hub.store.batches import Batch, Looks, Member
from hub.store.database import Connection
from hub.sync import outcomes
from hub.sync.progress import booked, look_at
from hub.sync.session import KeyExpiredError, Session
from hub.sync.writing import NOT_DONE, push

log = structlog.get_logger()


async def settle(session: Session) -> None:
    """Settle all that is unknown, as far as it can be settled now. The rest stays unknown, with its next try."""
    async with booked(session) as conn:
        crashed = await batches.mark_crashed(conn, session.gallery_id, session.webservice_id)
        session.counts.unknown += len(crashed)
        look_at(session, sum(type != "contact" for type in crashed))
    for batch in await _list_unknown(session):
        if batch.may_resend and batch.members:
            await _resend(session, batch)
    for batch in await _list_unknown(session):
        if not batch.may_resend:
            await look_up(session, batch)


async def settle_answered(session: Session) -> None:
    """Look up the writes of this run that were answered with a taken name, or not named in their batch's answer."""
    for batch in await _list_unknown(session):
        if batch.answered:
            await look_up(session, batch)


async def _list_unknown(session: Session) -> list[Batch]:
    async with session.database.connection() as conn:
        return await batches.list_unknown(
            conn, session.gallery_id, session.webservice_id, resend_seconds=session.tuning.resend_seconds
        )


async def _resend(session: Session, batch: Batch) -> None:
    """Send the whole batch again, byte for byte, with its key."""
    async with booked(session) as conn:
        left = await batches.mark_resent(
            conn, session.gallery_id, batch.id, session.lease.epoch, resend_seconds=session.tuning.resend_seconds
        )
        if left is not None:
            _no_more_unknown(session, len(batch.members))
    if left is None:
        return  # its key may be forgotten there: it is looked up
    remotes = await load_remotes(session, [m.write for m in batch.members])
    answered = False
    results: Sequence[Outcome]
    session.key_until = time.monotonic() + left
    try:
        results = await push(session, batch)
    except NOT_DONE as error:
        results = [Unknown(why=str(error))] * len(batch.members)
        await outcomes.store(session, batch, results, remotes, resent=True)
        raise
    except KeyExpiredError as error:
        results = [Unknown(why=str(error))] * len(batch.members)
    except PermanentError as error:  # it says nothing about the first sending
        results, answered = [Unknown(why=str(error))] * len(batch.members), True
    finally:
        session.key_until = None
    log.info("sync.batch_resent", batch_id=batch.id, members=len(batch.members), tries=batch.tries + 1)
    await outcomes.store(session, batch, results, remotes, answered=answered, resent=True)


def _no_more_unknown(session: Session, count: int) -> None:
    """So many were unknown; those that an earlier run left so are not in this run's counts."""
    session.counts.unknown = max(0, session.counts.unknown - count)


async def look_up(session: Session, batch: Batch) -> None:
    """Look up every open member of a batch by itself, and store what that tells."""
    creates = [m for m in batch.members if m.write.operation is Operation.CREATE]
    changes = [m for m in batch.members if m.write.operation is not Operation.CREATE]
    remotes = await load_remotes(session, [m.write for m in batch.members])
    try:
        found = await session.service.find([_lookup(m, remotes) for m in creates]) if creates else {}
        standing = await _read_changed(session, batch.type, changes)
    except (TemporaryError, PermanentError) as error:
        log.info("sync.look_failed", batch_id=batch.id, error=str(error))
        await _look_later(session, batch, str(error))
        return
    await _store_looks(session, batch, found, standing, remotes)


async def _look_later(session: Session, batch: Batch, why: str) -> None:
    """The look itself failed: its entries stay unknown, and are looked at again after a growing while."""
    async with session.owned() as conn:
        now = await batches.now(conn)
        rows = await entries.by_ids(conn, session.gallery_id, [m.entry_id for m in batch.members])
        factor = session.tuning.clock_factor
        later = [
            settling.unknown(e, Unknown(why=why), now, factor=factor) for e in rows.values() if e.state == "unknown"
        ]
        await entries.save(conn, session.gallery_id, [s.entry for s in later])


def _lookup(member: Member, remotes: Mapping[Reference, Remote]) -> Lookup:
    """The document of a payment is the one it was sent for, whatever its invoice's entry says by now."""
    write = member.write
    needed = [r for r in (write.draft.needs if write.draft else ()) if r.type == "invoice" and r in remotes]
    document = write.document_id or (remotes[needed[0]].id if needed else None)
    return Lookup(
        reference=write.reference,
        number=write.number,
        draft=write.draft,
        document_id=document,
        source_id=write.source_id,
        credit_note=write.credit_note,
    )


async def _read_changed(session: Session, type: EntryType, members: Sequence[Member]) -> dict[RemoteId, Remote]:
    ids = [m.write.remote.id for m in members if m.write.remote is not None]
    return {r.id: r for r in await session.service.read(type, ids)} if ids else {}


async def load_remotes(session: Session, writes: Sequence[Write]) -> dict[Reference, Remote]:
    """The remotes that the drafts of *writes* need."""
    needs = {need for w in writes if w.draft is not None for need in w.draft.needs}
    found: dict[Reference, Remote] = {}
    async with session.database.connection() as conn:
        for needed_type in sorted({n.type for n in needs}):
            ids = [n.id for n in needs if n.type == needed_type]
            standing = await entries.by_records(conn, session.gallery_id, session.webservice_id, needed_type, ids)
            found |= {Reference(needed_type, i): e.remote for i, e in standing.items() if e.remote is not None}
    return found


async def _store_looks(
    session: Session,
    batch: Batch,
    found: Mapping[Reference, Sequence[Remote]],
    standing: Mapping[RemoteId, Remote],
    remotes: Mapping[Reference, Remote],
) -> None:
    async with booked(session) as conn:
        now = await batches.now(conn)
        rows = await entries.by_ids(conn, session.gallery_id, [m.entry_id for m in batch.members])
        remote_ids = [remote.id for group in found.values() for remote in group]
        attached = await entries.by_remote_ids(conn, session.gallery_id, session.webservice_id, batch.type, remote_ids)
        looks = await batches.get_looks(conn, session.gallery_id, list(rows))
        view = _View(now=now, batch=batch, remotes=remotes, looks=looks, attached=frozenset(attached))
        settled: list[Settled] = []
        known: list[tuple[int, str, str]] = []
        patient: dict[str, Looks] = {}
        for member in batch.members:
            entry = rows[member.entry_id]
            if member.write.operation is Operation.CREATE:
                verdict = _judge_create(session, view, member, entry, found.get(member.write.reference, ()))
            else:
                verdict = _judge_change(member, entry, standing, view)
            if isinstance(verdict, Looks):
                patient[entry.id] = verdict
                continue
            settled.append(verdict[0])
            known.append((member.position, verdict[1], verdict[0].text))
            _count(session, member.write, verdict[0], arrived=verdict[1] == "present")
        await batches.set_outcomes(conn, session.gallery_id, batch.id, known)
        await batches.clear_looks(conn, session.gallery_id, [s.entry.id for s in settled])
        wait = timedelta(seconds=session.tuning.look_seconds * session.tuning.clock_factor / 3)
        await batches.set_looks(conn, session.gallery_id, patient, next_try_at=now + wait)
        await outcomes.save_settled(conn, session, settled)
        await _ask_dependents(conn, session, batch, settled)
        _no_more_unknown(session, len(settled))


def _count(session: Session, write: Write, settled: Settled, *, arrived: bool) -> None:
    """What a look tells counts in the run that looks."""
    if arrived:
        outcomes.count_written(session.counts, write.operation)
    session.counts.held += settled.entry.state == "held"
    session.counts.conflict += settled.entry.state == "conflict"


async def _ask_dependents(conn: Connection, session: Session, batch: Batch, settled: Sequence[Settled]) -> None:
    if batch.type == "invoice":
        ids = [s.entry.record_id for s in settled if s.entry.state == "synced"]
        await entries.ask_payments_of(conn, session.gallery_id, session.webservice_id, ids)
        await allocations.ask_of(conn, session.gallery_id, session.webservice_id, ids)
    elif batch.type == "allocation":  # what is paid there is read with the next pull
        freed = [s.entry for s in settled if s.entry.state == "voided"]
        documents = [e.remote.document_id for e in freed if e.remote is not None and e.remote.document_id]
        notes = [e.record_id for e in freed]
        await allocations.ask_freed(conn, session.gallery_id, session.webservice_id, notes, documents)
        given_up = [s.entry.invoice_id for s in settled if s.entry.state == "held" and s.entry.invoice_id]
        await allocations.ask_waiting(conn, session.gallery_id, session.webservice_id, given_up)
    elif batch.type == "payment":
        ids = [s.entry.invoice_id for s in settled if s.entry.invoice_id]
        await allocations.ask_of(conn, session.gallery_id, session.webservice_id, ids)
    elif batch.type == "contact":
        ids = [s.entry.record_id for s in settled]
        session.released |= await entries.ask_invoices_of_contacts(conn, session.gallery_id, session.webservice_id, ids)


class _View(msgspec.Struct, frozen=True, kw_only=True):
    """What all members of a look-up share."""

    now: datetime
    batch: Batch
    remotes: Mapping[Reference, Remote]
    looks: Mapping[str, Looks]
    attached: frozenset[str]


def _judge_create(
    session: Session, view: _View, member: Member, entry: Entry, found: Sequence[Remote]
) -> tuple[Settled, str] | Looks:
    """What a look tells about a create: (settled, word of the outcome), or Looks when it must be looked for again."""
    write = member.write
    needed = [view.remotes[r].id for r in (write.draft.needs if write.draft else ()) if r in view.remotes]
    contact_id = needed[0] if write.reference.type == "invoice" and needed else None
    match settling.judge_found(write, found, contact_id, attached=view.attached):
        case Present(remote=remote):
            return settling.accepted(entry, write, Accepted(remote=remote), view.remotes), "present"
        case Taken(remote=remote):
            return settling.taken(entry, remote, write.number), "taken"
        case Absent():
            return _judge_absent(session, view, member, entry)


def _judge_absent(session: Session, view: _View, member: Member, entry: Entry) -> tuple[Settled, str] | Looks:
    """Not found: an invoice or contact goes again (its number protects it), money only after patience."""
    if member.refusal is not None:  # refused as taken, and what took it cannot be seen: a person has to look
        return settling.refused(entry, member.refusal, member.write.draft), "refused"
    text = "It did not arrive there; it is sent again."
    if member.write.reference.type not in {"payment", "allocation"}:
        return settling.again(entry, view.now, text), "absent"
    factor = session.tuning.clock_factor
    first_at = view.batch.first_sent_at or view.now
    if view.now - first_at >= timedelta(seconds=session.tuning.lost_seconds * factor):
        return settling.lost(entry, first_at), "lost"
    sent_at = view.batch.last_sent_at or first_at
    before = view.looks.get(entry.id)
    looks = Looks(first_at=view.now, last_at=view.now)
    third = timedelta(seconds=session.tuning.look_seconds * factor / 3)
    if before is not None:
        counted = before.count + 1 if view.now - before.last_at >= third else before.count
        last_at = view.now if counted > before.count else before.last_at
        looks = Looks(first_at=before.first_at, last_at=last_at, count=counted)
    quiet = view.now - sent_at >= timedelta(seconds=session.tuning.look_seconds * factor)
    return (settling.again(entry, view.now, text), "absent") if quiet and looks.count >= 2 else looks


def _judge_change(
    member: Member, entry: Entry, standing: Mapping[RemoteId, Remote], view: _View
) -> tuple[Settled, str]:
    """An update or cancel names its document by id: see what stands there and judge anew; twice is harmless."""
    write, now = member.write, view.now
    remote = standing.get(write.remote.id) if write.remote is not None else None
    if remote is None:
        return settling.again(entry, now, "What became of the change could not be seen; it is tried again."), "absent"
    if write.operation is Operation.CANCEL and remote.status in {"voided", "deleted"}:
        return settling.accepted(entry, write, Accepted(remote=remote), {}), "present"
    after = settling.seen_change(entry, write, remote, view.remotes)
    return settling.again(after, now, "The change is compared with what stands there and sent again if needed."), "seen"
