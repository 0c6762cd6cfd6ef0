"""Phase (c) of the write protocol: outcomes become entries, histories and problems, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec
import structlog

from hub.domain import settling
from hub.domain.drafts import Draft, Write
from hub.domain.entries import Entry
from hub.domain.records import Reference
from hub.domain.remotes import Accepted, NotNow, Operation, Outcome, Refused, Remote, RemoteStatus, Unknown
from hub.domain.settling import Settled
from hub.store import allocations, batches, entries, events, needs, problems
from hub.store.batches import Batch
from hub.store.database import Connection
from hub.store.problems import Cause
from hub.store.runs import Counts
from hub.sync.progress import booked, look_at
from hub.sync.session import Session

log = structlog.get_logger()


async def store(
    session: Session,
    batch: Batch,
    results: Sequence[Outcome],
    remotes: Mapping[Reference, Remote],
    *,
    answered: bool = False,
    resent: bool = False,
    parked: bool = False,
) -> None:
    """Store the outcomes of a batch: known ones end its generation, unknown ones keep it open for settling.

    *answered*: the whole was answered, though no member is known: it is looked up, never sent again. *resent*: its
    writes count as looked at already. *parked*: nothing was done, and the run comes back to them: nothing counts yet.
    """
    async with booked(session) as conn:
        now = await batches.now(conn)
        standing = await entries.by_ids(conn, session.gallery_id, [m.entry_id for m in batch.members])
        known: list[tuple[int, str, str]] = []
        settled: list[Settled] = []
        for member, outcome in zip(batch.members, results, strict=True):
            entry = standing[member.entry_id]
            result = settle_outcome(session, entry, member.write, outcome, remotes=remotes, now=now)
            settled.append(result)
            word = _word(outcome)
            if word is not None:
                known.append((member.position, word, _detail(outcome)))
            if not parked:
                _count(session, member.write, outcome, result)
        await batches.set_answered(
            conn, session.gallery_id, batch.id, answered=answered or not _is_all_unknown(results)
        )
        pairs = zip(batch.members, results, strict=True)
        taken = {m.position: r for m, r in pairs if isinstance(r, Refused) and r.ambiguous}
        await batches.set_refusals(conn, session.gallery_id, batch.id, taken)
        await batches.set_outcomes(conn, session.gallery_id, batch.id, known)
        await save_settled(conn, session, settled)
        await _after_accepted(conn, session, batch, results)
        if not (resent or parked):
            look_at(session, sum(_is_first(m.write) for m in batch.members))
    session.sent += len(batch.members)
    session.silent = session.silent + 1 if _is_all_unknown(results) else 0


def _is_first(write: Write) -> bool:
    """Whether it counts as looked at: contacts do not, and what is drawn up anew did already."""
    return write.reference.type != "contact" and (write.draft is None or write.draft.amends is None)


def settle_outcome(
    session: Session,
    entry: Entry,
    write: Write,
    outcome: Outcome,
    *,
    remotes: Mapping[Reference, Remote],
    now: datetime,
) -> Settled:
    """One outcome -> the entry as it is to be stored."""
    match outcome:
        case Accepted():
            return _accept(session, entry, write, outcome, remotes)
        case Refused(ambiguous=True):
            return settling.unknown(entry, Unknown(why=outcome.message), now, factor=session.tuning.clock_factor)
        case Refused() if _may_suffix(session, entry, outcome):
            return settling.again_distinct(entry, now)
        case Refused() if (softer := _soften(session, write, outcome)) is not None:
            session.amends.append(softer)
            return settling.again(entry, now, f"It goes once more, in a plainer form. {outcome.message}")
        case Refused():
            return settling.refused(entry, outcome, write.draft)
        case NotNow():
            return settling.not_now(entry, outcome, now, factor=session.tuning.clock_factor)
        case Unknown():
            return settling.unknown(entry, outcome, now, factor=session.tuning.clock_factor)


def _may_suffix(session: Session, entry: Entry, outcome: Refused) -> bool:
    """A known refusal of a contact's name, and the settings say to tell the two apart by a suffix: once."""
    chosen = getattr(session.book.settings, "duplicate_names", "hold") == "suffix"
    return chosen and entry.type == "contact" and outcome.code == "duplicate_contact" and not entry.distinct


def _soften(session: Session, write: Write, outcome: Refused) -> Write | None:
    """The write with what its kind would send instead of a refused draft, once (session.amends)."""
    before = write.draft
    if before is None or before.amends is not None:
        return None
    try:
        draft: object = session.kind.soften(before, outcome)
    except Exception:
        log.exception("sync.soften_failed", kind=session.kind.kind)  # the refusal stands, and holds its own record
        return None
    if not isinstance(draft, Draft) or draft.total != before.total:
        return None
    return msgspec.structs.replace(write, draft=msgspec.structs.replace(draft, amends=before.fingerprint))


def _accept(
    session: Session, entry: Entry, write: Write, outcome: Accepted, remotes: Mapping[Reference, Remote]
) -> Settled:
    """An accepted write; where another total came back, the kind may amend the document once (session.amends)."""
    settled = settling.accepted(entry, write, outcome, remotes)
    draft_before = write.draft
    if settled.hold is None or settled.hold.reason != "remote_total":
        return settled
    if draft_before is None or draft_before.amends is not None:
        return settled
    draft = session.kind.amend(draft_before, outcome.remote, session.book)
    if isinstance(draft, Draft):
        again = msgspec.structs.replace(draft, amends=draft_before.fingerprint)
        session.amends.append(
            msgspec.structs.replace(write, operation=Operation.UPDATE, draft=again, remote=outcome.remote)
        )
    return settled


def _is_all_unknown(results: Sequence[Outcome]) -> bool:
    return all(isinstance(outcome, Unknown) for outcome in results)


def _word(outcome: Outcome) -> str | None:
    """The stored word of a known outcome; None = the write stays open and is looked up."""
    match outcome:
        case Accepted():
            return "accepted"
        case Refused(ambiguous=True) | Unknown():
            return None
        case Refused():
            return "refused"
        case NotNow():
            return "not_now"


def _detail(outcome: Outcome) -> str:
    match outcome:
        case Accepted():
            return "; ".join(outcome.warnings)
        case Refused():
            return f"{outcome.code}: {outcome.message}"
        case NotNow() | Unknown():
            return outcome.why


def _count(session: Session, write: Write, outcome: Outcome, settled: Settled) -> None:
    counts = session.counts
    match outcome:
        case Accepted():
            count_written(counts, write.operation)
        case Refused(ambiguous=False) if settled.entry.state == "waiting":
            pass  # it goes once more in this run, or is due at once: nothing is refused yet
        case Refused(ambiguous=False):
            session.refusals[outcome.code] = session.refusals.get(outcome.code, 0) + 1
            counts.conflict += settled.entry.state == "conflict"
            counts.held += settled.entry.state == "held"
        case NotNow():
            counts.waiting += 1
        case _:
            counts.unknown += 1
    if isinstance(outcome, Accepted) and settled.entry.state == "held":
        counts.held += 1


def count_written(counts: Counts, operation: Operation) -> None:
    """Count one write that stands there."""
    match operation:
        case Operation.CREATE:
            counts.created += 1
        case Operation.UPDATE:
            counts.updated += 1
        case Operation.CANCEL:
            counts.voided += 1


async def save_settled(conn: Connection, session: Session, settled: Sequence[Settled]) -> None:
    """Store entries with their histories, and open the problems that hold them."""
    causes = {
        s.entry.id: Cause(s.hold.reason, s.hold.cause or s.entry.record_id, s.hold.message, s.hold.remedy)
        for s in settled
        if s.hold is not None
    }
    opened = await problems.open_all(conn, session.gallery_id, session.webservice_id, list(causes.values()))
    standing = await entries.list_problem_ids(conn, session.gallery_id, list(causes))
    changed = []
    for item in settled:
        cause = causes.get(item.entry.id)
        problem_id = opened[cause.reason, cause.cause][0] if cause is not None else None
        changed.append(msgspec.structs.replace(item.entry, problem_id=problem_id))
    history = [(s.entry.id, s.text) for s in settled if s.text]
    await entries.save(conn, session.gallery_id, changed, history)
    news = [e for e in changed if e.problem_id is not None and standing.get(e.id) != e.problem_id]
    await events.append_all(conn, session.gallery_id, [("entry.needs_person", _news(session, e)) for e in news])
    await needs.record(conn, session.gallery_id, [e.id for e in news])


def _news(session: Session, entry: Entry) -> dict[str, object]:
    """What the gallery system is told of an entry that needs a person: once for each cause, not at every judgement."""
    return {
        "webservice_id": session.webservice_id,
        "entry_id": entry.id,
        "type": entry.type,
        "record_id": entry.record_id,
        "state": entry.state,
        "reason": entry.reason,
        "message": entry.message,
        "remedy": entry.remedy,
        "problem_id": entry.problem_id,
    }


async def _after_accepted(conn: Connection, session: Session, batch: Batch, results: Sequence[Outcome]) -> None:
    """What accepted writes set free: invoices wait for contacts, payments and allocations for invoices.

    Payments and allocations lower what is due.
    """
    done = [m.write for m, r in zip(batch.members, results, strict=True) if isinstance(r, Accepted)]
    ids = [w.reference.id for w in done]
    if batch.type == "contact":
        session.released |= await entries.ask_invoices_of_contacts(conn, session.gallery_id, session.webservice_id, ids)
    elif batch.type == "invoice":
        await entries.ask_payments_of(conn, session.gallery_id, session.webservice_id, ids)
        await allocations.ask_of(conn, session.gallery_id, session.webservice_id, ids)
    elif batch.type == "allocation":
        settled = await _note_paid(conn, session, done)
        await allocations.ask_of(conn, session.gallery_id, session.webservice_id, settled)
        refused = [m.write for m, r in zip(batch.members, results, strict=True) if isinstance(r, Refused)]
        aimed = [need.id for w in refused if w.draft is not None for need in w.draft.needs]
        await allocations.ask_waiting(conn, session.gallery_id, session.webservice_id, aimed)
        gone = [w for w in done if w.operation is Operation.CANCEL and w.remote is not None]
        documents = [w.remote.document_id for w in gone if w.remote is not None and w.remote.document_id]
        notes = [w.reference.id for w in gone]
        freed = await allocations.ask_freed(conn, session.gallery_id, session.webservice_id, notes, documents)
        session.released |= freed
    else:
        settled = await _note_paid(conn, session, done)
        await allocations.ask_of(conn, session.gallery_id, session.webservice_id, settled)
        taken_back = [w.reference.id for w in done if w.operation is Operation.CANCEL]
        await entries.ask_settled_by(conn, session.gallery_id, session.webservice_id, taken_back)


async def _note_paid(conn: Connection, session: Session, done: Sequence[Write]) -> list[str]:
    """Our picture of the documents that accepted writes settle: what is paid there, without reading it back.

    An allocation settles an invoice, and uses up its credit note. Returns the ids of the documents.
    """
    sums: dict[str, Decimal] = {}
    for write in done:
        for need in write.draft.needs if write.draft is not None else ():
            if need.type == "invoice" and write.draft is not None and write.draft.total is not None:
                sums[need.id] = sums.get(need.id, Decimal(0)) + write.draft.total
    cancelled = [w.remote for w in done if w.operation is Operation.CANCEL and w.remote is not None]
    documents = await entries.by_remote_ids(  # where it stood: its record may name another invoice by now
        conn, session.gallery_id, session.webservice_id, "invoice", [r.document_id for r in cancelled if r.document_id]
    )
    for remote in cancelled:
        document = documents.get(remote.document_id or "")
        if document is not None and remote.total is not None:
            sums[document.record_id] = sums.get(document.record_id, Decimal(0)) - remote.total
    for write in done:
        taken_off = write.reference.type == "allocation" and write.operation is Operation.CANCEL
        if taken_off and write.remote is not None and write.remote.total is not None:
            sums[write.reference.id] = sums.get(write.reference.id, Decimal(0)) - write.remote.total
    if not sums:
        return []
    standing = await entries.by_records(conn, session.gallery_id, session.webservice_id, "invoice", list(sums))
    changed = []
    for invoice_id, entry in standing.items():
        stands = entry.remote
        if stands is None or stands.total is None:
            continue
        paid = max(Decimal(0), (stands.paid or Decimal(0)) + sums[invoice_id])
        open_status: RemoteStatus = "approved" if stands.status == "paid" else stands.status
        status: RemoteStatus = "paid" if paid >= stands.total else open_status
        changed.append(msgspec.structs.replace(entry, remote=msgspec.structs.replace(stands, paid=paid, status=status)))
    await entries.save(conn, session.gallery_id, changed)
    return list(sums)


async def store_split(session: Session, batch: Batch, why: str) -> None:
    """The whole was refused: this generation ends, and its members go on in halves (found again if we die now)."""
    async with session.owned() as conn:
        now = await batches.now(conn)
        standing = await entries.by_ids(conn, session.gallery_id, [m.entry_id for m in batch.members])
        again = [settling.again(standing[m.entry_id], now, "") for m in batch.members]
        await batches.set_outcomes(
            conn, session.gallery_id, batch.id, [(m.position, "split", why) for m in batch.members]
        )
        await save_settled(conn, session, again)
    log.info("sync.batch_split", batch_id=batch.id, members=len(batch.members))


async def store_unsent(session: Session, entry: Entry, why: Refused) -> None:
    """A write that cannot be sent at all, by itself larger than one request may be."""
    async with booked(session) as conn:
        done = msgspec.structs.replace(entry, judged=entry.asked)
        await save_settled(conn, session, [settling.refused(done, why)])
        session.counts.held += 1
        look_at(session, entry.type != "contact")
