"""The write protocol, three phases a batch: the intent is stored, the call is made, the outcome is stored."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence

import msgspec
import structlog

from hub.domain.drafts import Request, Write
from hub.domain.entries import Do, Entry
from hub.domain.records import EntryType, Reference
from hub.domain.remotes import Accepted, NotNow, Operation, Outcome, Refused, Remote, RemoteId, Unknown
from hub.errors import AuthorizationError, LeaseLostError, PermanentError, TemporaryError, ThrottledError
from hub.store import batches, entries
from hub.store.batches import Batch, Member
from hub.sync import outcomes
from hub.sync.guarding import PluginFailedError
from hub.sync.judging import Verdict
from hub.sync.session import DrainingError, Session, StoppedError

log = structlog.get_logger()

OUTCOMES = (Accepted, Refused, Unknown, NotNow)
SILENT_BATCHES = 3  # so many in a row without a clear answer end the run until later
NOT_DONE = (ThrottledError, AuthorizationError, StoppedError, DrainingError)  # raised before, or instead of, any effect


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """One write with its entry."""

    entry: Entry
    write: Write


def plan_write(verdict: Verdict, remotes: Mapping[Reference, Remote] | None = None) -> Planned:
    """The write that a verdict with a `Do` step asks for; *remotes*: what its draft needs, where it stands there."""
    subject, step = verdict.dossier.subject, verdict.step
    assert subject is not None  # noqa: S101 - a Do step has a subject
    assert isinstance(step, Do)  # noqa: S101 - the caller chose the Do steps
    cancel = step.operation is Operation.CANCEL
    remotes = remotes or {}
    remote = verdict.entry.remote if step.operation is not Operation.CREATE else None
    write = Write(
        reference=subject.reference,
        operation=step.operation,
        number=subject.number,
        draft=None if cancel else verdict.draft,
        remote=remote,
        record_version=subject.version,
        before=verdict.entry.sent.body if verdict.entry.sent is not None else None,
        written=verdict.entry.sent.written if verdict.entry.sent is not None else (),
        document_id=_document_id(verdict, remotes),
        source_id=_source_id(verdict, remotes),
        credit_note=subject.credit_note,
    )
    return Planned(entry=verdict.entry, write=write)


def _document_id(verdict: Verdict, remotes: Mapping[Reference, Remote]) -> RemoteId | None:
    needs = verdict.draft.needs if verdict.draft is not None else ()
    return next((remotes[n].id for n in needs if n.type == "invoice" and n in remotes), None)


def _source_id(verdict: Verdict, remotes: Mapping[Reference, Remote]) -> RemoteId | None:
    """Of an allocation: the remote credit note, whose id here it bears."""
    source = remotes.get(Reference("invoice", verdict.entry.record_id))
    return source.id if source is not None and verdict.entry.type == "allocation" else None


async def write_all(
    session: Session, type: EntryType, planned: Sequence[Planned], remotes: Mapping[Reference, Remote]
) -> None:
    """Send writes of one type in full batches, several in flight, one slot kept free for people and look-ups.

    Credit notes are in batches of their own, apart from invoices.

    Every outcome is stored when this returns. Raises ThrottledError or AuthorizationError after the batches in
    flight have ended; LeaseLostError at once.
    """
    groups = [
        chunk
        for operation in (Operation.CREATE, Operation.UPDATE, Operation.CANCEL)
        for sort in _by_sort([p for p in planned if p.write.operation is operation])
        for chunk in _chunks(sort, session.kind.batch_size(type, operation))
    ]
    waiting: Iterator[list[Planned]] = iter(groups)
    stop: list[Exception] = []

    async def lane() -> None:
        for group in waiting:
            if stop:
                return
            try:
                await _send_group(session, type, group, remotes)
            except NOT_DONE as error:
                stop.append(error)
            if session.silent >= SILENT_BATCHES:
                stop.append(TemporaryError("The other side gives no clear answers: it is left in peace for a while."))

    lanes = max(1, min(session.kind.limits.in_flight - 1, len(groups)))
    async with asyncio.TaskGroup() as tasks:
        for n in range(lanes):
            tasks.create_task(lane(), name=f"write-{session.webservice_id}-{n}")
    if stop:
        raise stop[0]


async def write_amends(session: Session, type: EntryType, remotes: Mapping[Reference, Remote]) -> None:
    """Send once more what the kind drew up anew after the answer (`Webservice.amend`, `Webservice.soften`)."""
    amends, session.amends = session.amends, []
    if not amends:
        return
    async with session.database.connection() as conn:
        standing = await entries.by_records(
            conn, session.gallery_id, session.webservice_id, type, [w.reference.id for w in amends]
        )
    again = [Planned(entry=standing[w.reference.id], write=w) for w in amends if w.reference.id in standing]
    session.counts.held -= sum(p.entry.state == "held" for p in again)
    await write_all(session, type, again, remotes)


def _by_sort(items: Sequence[Planned]) -> list[list[Planned]]:
    """Invoices, then credit notes; refunds go with payments."""
    notes = [p for p in items if p.write.credit_note and p.write.reference.type == "invoice"]
    others = [p for p in items if not (p.write.credit_note and p.write.reference.type == "invoice")]
    return [others, notes]


def _chunks(items: Sequence[Planned], size: int) -> list[list[Planned]]:
    return [list(items[i : i + size]) for i in range(0, len(items), size)]


class _ChangedError(Exception):
    """Some members were changed by a person since they were judged; the transaction is undone."""

    def __init__(self, unchanged: set[str]) -> None:
        self.unchanged = unchanged
        super().__init__("entries changed meanwhile")


async def _send_group(
    session: Session, type: EntryType, group: Sequence[Planned], remotes: Mapping[Reference, Remote]
) -> None:
    """One group as one batch, without those that a person changed since they were judged."""
    try:
        await _send_whole(session, type, group, remotes)
    except _ChangedError as error:
        left = [p for p in group if p.entry.id in error.unchanged]
        if left:
            await _send_group(session, type, left, remotes)


async def _send_whole(
    session: Session, type: EntryType, group: Sequence[Planned], remotes: Mapping[Reference, Remote]
) -> None:
    """One batch, or halves while its body is too large or the whole is refused."""
    writes = [p.write for p in group]
    try:
        request = session.kind.request(writes, remotes)
    except PermanentError as error:
        why = Refused(code=_code(error), message=str(error), remedy=error.remedy or "Correct what it names.")
        await _send_halves(session, type, group, remotes, why)
        return
    if len(request.body) > session.kind.limits.body_bytes:
        await _send_halves(session, type, group, remotes, _too_large(session, len(request.body)))
        return
    batch = make_batch(session, type, group, request)
    async with session.owned() as conn:
        ours = await batches.mark_sending(conn, session.gallery_id, batch.members)
        if len(ours) == len(group):
            await batches.open_batch(
                conn, session.gallery_id, session.webservice_id, batch, run_id=session.run_id, epoch=session.lease.epoch
            )
        else:  # a person changed some meanwhile: their entries stay as they are, and due
            raise _ChangedError(ours)
    try:
        results = await push(session, batch)
    except PermanentError as error:
        whole = Refused(code=_code(error), message=str(error), remedy=error.remedy or "Correct what it names.")
        if len(group) == 1:
            await outcomes.store(session, batch, [whole], remotes)
            return
        await outcomes.store_split(session, batch, str(error))
        await _send_halves(session, type, group, remotes, whole)
        return
    except NOT_DONE as error:
        parked = isinstance(error, ThrottledError | DrainingError)  # the run goes on under its id: they count then
        await outcomes.store(session, batch, _none_done(batch, error), remotes, parked=parked)
        raise
    await outcomes.store(session, batch, results, remotes)


def _none_done(batch: Batch, error: Exception) -> list[Outcome]:
    after = error.retry_after if isinstance(error, ThrottledError) else None
    if isinstance(error, DrainingError):
        after = 0.0  # whoever goes on with the run sends them at once
    return [NotNow(why=str(error), retry_after=after)] * len(batch.members)


def _code(error: PermanentError) -> str:
    return error.code if error.code in {"too_large", "refused", "period_locked"} else "refused"


def _too_large(session: Session, size: int) -> Refused:
    limit = session.kind.limits.body_bytes
    message = f"It is {size:,} bytes as a request; {session.kind.title} takes {limit:,}."
    return Refused(code="too_large", message=message, remedy="Split the invoice.")


async def _send_halves(
    session: Session,
    type: EntryType,
    group: Sequence[Planned],
    remotes: Mapping[Reference, Remote],
    why: Refused,
) -> None:
    if len(group) == 1:
        await outcomes.store_unsent(session, group[0].entry, why)
        return
    middle = len(group) // 2
    for half in (group[:middle], group[middle:]):
        await _send_group(session, type, half, remotes)


def make_batch(session: Session, type: EntryType, group: Sequence[Planned], request: Request) -> Batch:
    """A new batch: its key is its own and its bytes', at most 128 characters, and never used for other bytes."""
    batch_id = secrets.token_hex(12)
    digest = hashlib.sha256(b"|".join([session.webservice_id.encode(), batch_id.encode(), request.body])).hexdigest()
    members = tuple(
        Member(position=n, entry_id=p.entry.id, write=p.write, judged=p.entry.asked, updated_at=p.entry.updated_at)
        for n, p in enumerate(group, start=1)
    )
    return Batch(
        id=batch_id,
        type=type,
        operation=group[0].write.operation,
        request=request,
        key=digest,
        members=members,
    )


async def push(session: Session, batch: Batch) -> list[Outcome]:
    """The call. Whatever is not a clear answer is Unknown for every member; nothing is guessed.

    Raises what says that nothing was done (ThrottledError, AuthorizationError, LeaseLostError) or that the whole was
    refused (PermanentError).
    """
    writes = [m.write for m in batch.members]
    await session.renew(doing=f"sending {len(writes)} {batch.type}s")
    try:
        if not session.kind.base_url():
            await session.check_lease()  # there is no door that looks right before the call
        async with asyncio.timeout(session.kind.limits.timeout + 125):  # the door's own total, and its wait for a slot
            results = await session.service.push(batch.request, writes, batch.key)
    except (ThrottledError, AuthorizationError, LeaseLostError, PermanentError):
        raise
    except TemporaryError as error:
        return [Unknown(why=str(error))] * len(writes)
    except TimeoutError:
        return [Unknown(why="No answer came in time.")] * len(writes)
    except PluginFailedError as error:
        log.exception("sync.push_failed", kind=session.kind.kind, batch_id=batch.id)
        return [Unknown(why=str(error))] * len(writes)
    if not _is_sound(results, len(writes)):
        log.error("sync.outcomes_unsound", kind=session.kind.kind, expected=len(writes))
        return [Unknown(why="The plugin did not account for every write.")] * len(writes)
    return list(results)


def _is_sound(results: object, count: int) -> bool:
    """What a plugin returns is validated before anything is stored (PROMISES E3)."""
    if not isinstance(results, (tuple, list)) or len(results) != count:
        return False
    return all(isinstance(result, OUTCOMES) for result in results)
