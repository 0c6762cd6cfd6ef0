"""One run, step by step (DESIGN section 8): settle, pull, then contacts, invoices, payments, allocations in pages."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal

import msgspec
import structlog

from hub.domain import paying, settling
from hub.domain.entries import Do, Entry, Hold, IllegalMoveError, Nothing, Wait
from hub.domain.records import EntryType, Payment, Reference
from hub.domain.remotes import Operation, Remote
from hub.domain.settling import Settled
from hub.store import entries, records, runs
from hub.store.runs import Run
from hub.sync import importing, outcomes, pulling, recognising, settle, subjects, twins
from hub.sync.allocation_stage import AllocationStage
from hub.sync.contacts import ContactStage, cause_of
from hub.sync.judging import (
    Verdict,
    account_of,
    do_steps,
    judge_invoice_entry,
    judge_payment_entry,
    once_a_number,
    take,
)
from hub.sync.progress import booked, count_state, look_at
from hub.sync.session import Session
from hub.sync.writing import Planned, plan_write, write_all, write_amends

log = structlog.get_logger()

PAUSE_SHARE = Decimal("0.3")
PAUSE_AT_LEAST = 20


class PausedError(Exception):
    """The run stops because a person's word is needed; the message is the problem's sentence."""

    def __init__(self, reason: str, message: str, remedy: str) -> None:
        self.reason = reason
        self.remedy = remedy
        super().__init__(message)


class Pipeline:
    """One run of one webservice."""

    def __init__(self, session: Session, run: Run) -> None:
        self._session = session
        self._run = run
        self._contacts = ContactStage(session)
        self._allocations = AllocationStage(session)
        self._creates = 0
        session.done, session.total = run.done, run.total

    @property
    def _only(self) -> tuple[str, ...] | None:
        """The invoices a narrowed run is about, with those that its own writes set free; None: all."""
        return None if self._run.invoices is None else (*self._run.invoices, *self._session.released)

    async def execute(self) -> None:
        """All steps. Raises ThrottledError, AuthorizationError, LeaseLostError, PausedError: they end the run."""
        session = self._session
        await settle.settle(session)
        await session.renew(doing="reading what changed there")
        await pulling.pull(session)
        async with session.owned() as conn:
            await entries.ask_due_tries(conn, session.gallery_id, session.webservice_id, self._only)
        await self._progress()
        if self._only is None:
            await importing.run(session, self._progress)
            await self._contacts.write_changed()
        await self._allocations.take_off(self._only)
        await self._invoices()
        await self._payments()
        await self._allocate()
        await self._progress()

    # -- pages

    async def _list_due(self, type: EntryType) -> list[Entry]:
        session = self._session
        async with session.database.connection() as conn:
            return await entries.list_due(
                conn,
                session.gallery_id,
                session.webservice_id,
                type,
                invoices=self._only,
                limit=session.tuning.page,
            )

    async def _invoices(self) -> None:
        session = self._session
        while page := await self._list_due("invoice"):
            await session.renew(doing=f"judging {len(page)} invoices")
            async with session.database.connection() as conn:
                dossiers = await subjects.load_invoices(conn, session.kind, session.book, page)
            verdicts = []
            for n, dossier in enumerate(dossiers):
                verdicts.append(judge_invoice_entry(dossier, session.kind, session.book, session.filters))
                if n % 50 == 49:
                    await asyncio.sleep(0)  # rendering is pure computing: the heartbeat must get its turn
            await self._write_invoices(verdicts)
            await self._check_refusals()
            await self._progress()

    async def _write_invoices(self, verdicts: Sequence[Verdict]) -> None:
        writing, still = do_steps(verdicts)
        writing = once_a_number(writing)
        needed = sorted({r.id for v in writing if v.draft for r in v.draft.needs if r.type == "contact"})
        contacts = await self._contacts.write(needed) if needed else {}
        ready: list[Planned] = []
        settled = [judged(v) for v in still]
        for verdict in writing:
            blocked = _blocked_by(verdict, contacts)
            if blocked is None:
                ready.append(plan_write(verdict))
            else:
                settled.append(judged(msgspec.structs.replace(verdict, step=blocked)))
        freed = [v.entry.record_id for v in still if v.entry.state != "synced" and isinstance(v.step, Nothing)]
        await self._save(settled, freed)
        await self._guard_creates(ready)
        remotes = {Reference("contact", i): e.remote for i, e in contacts.items() if e.remote is not None}
        await self._write("invoice", ready, remotes)

    async def _payments(self) -> None:
        session = self._session
        while page := await self._list_due("payment"):
            await session.renew(doing=f"judging {len(page)} payments")
            invoice_ids = sorted({e.invoice_id for e in page if e.invoice_id})
            async with session.database.connection() as conn:
                invoices = await entries.by_records(
                    conn, session.gallery_id, session.webservice_id, "invoice", invoice_ids
                )
                dossiers = await subjects.load_payments(conn, session.kind, session.book, page, invoices)
                foreign = await records.payments_of(conn, session.gallery_id, invoice_ids)
            accounts = {i: account_of(invoices.get(i), foreign.get(i, []), session.webservice_id) for i in invoice_ids}
            verdicts = self._judge_payments(dossiers, accounts)
            await self._write_payments(verdicts, invoices)
            await self._check_refusals()
            await self._progress()

    async def _allocate(self) -> None:
        session = self._session
        while page := await self._list_due("allocation"):
            await session.renew(doing=f"judging {len(page)} allocations")
            verdicts = await self._allocations.judge(page)
            await self._save([judged(v) for v in do_steps(verdicts)[1]])
            await self._allocations.write(verdicts)
            await self._check_refusals()
            await self._progress()

    def _judge_payments(
        self, dossiers: Sequence[subjects.Dossier], accounts: dict[str, paying.Account]
    ) -> list[Verdict]:
        """In order of date: what an earlier one takes is not there for a later one."""
        session = self._session
        verdicts = []
        for dossier in dossiers:
            invoice_id = dossier.entry.invoice_id or ""
            account = accounts.get(invoice_id, paying.Account(entry=None))
            verdict = judge_payment_entry(dossier, session.kind, session.book, account)
            subject = dossier.subject
            creates = isinstance(verdict.step, Do) and verdict.step.operation is Operation.CREATE
            if creates and subject is not None and isinstance(subject.record, Payment):
                accounts[invoice_id] = take(account, subject.record.amount)
            verdicts.append(verdict)
        return verdicts

    async def _write_payments(self, verdicts: Sequence[Verdict], invoices: dict[str, Entry]) -> None:
        verdicts = await recognising.recognise(self._session, verdicts, invoices)
        verdicts = await twins.link(self._session, verdicts)
        writing, still = do_steps(verdicts)
        await self._save([judged(v) for v in still])
        remotes = {Reference("invoice", i): e.remote for i, e in invoices.items() if e.remote is not None}
        for wave in _waves(writing):
            await self._write("payment", [plan_write(v, remotes) for v in wave], remotes)

    async def _write(self, type: EntryType, planned: Sequence[Planned], remotes: dict[Reference, Remote]) -> None:
        await write_all(self._session, type, planned, remotes)
        await settle.settle_answered(self._session)
        await write_amends(self._session, type, remotes)

    async def _save(self, settled: Sequence[Settled], freed: Sequence[str] = ()) -> None:
        """Store judgements; payments of the *freed* invoices are judged again."""
        session = self._session
        async with booked(session) as conn:
            for item in settled:
                count_state(session.counts, item.entry.state)
            look_at(session, len(settled))
            await outcomes.save_settled(conn, session, settled)
            await entries.ask_payments_of(conn, session.gallery_id, session.webservice_id, freed)

    # -- guards and progress

    async def _guard_creates(self, ready: Sequence[Planned]) -> None:
        """More creates than a person would expect in one scheduled run need a person's word (PROMISES A9)."""
        session = self._session
        self._creates += sum(p.write.operation is Operation.CREATE for p in ready)
        if self._creates <= session.tuning.max_creates:
            return
        async with session.database.connection() as conn:  # a person may have joined it meanwhile
            run = await runs.get(conn, session.gallery_id, session.webservice_id, self._run.id)
        if run.asked_by == "person":
            return
        raise PausedError(
            "refused",
            f"More than {session.tuning.max_creates} new invoices would go out in one scheduled run.",
            "Look at the preview, set the webservice to ready and start the run by hand: that is the word it needs.",
        )

    async def _check_refusals(self) -> None:
        """The same refusal for more than 30 % of at least 20 sent means one cause there: stop and say it once."""
        session = self._session
        if session.sent < PAUSE_AT_LEAST:
            return
        for code, n in session.refusals.items():
            if Decimal(n) / session.sent > PAUSE_SHARE:
                raise PausedError(
                    code,
                    f"{n} of {session.sent} were refused there for one reason ({code}).",
                    "Put the cause right, then set the webservice to ready again.",
                )

    async def _progress(self) -> None:
        """Store counts and progress, with what is due as the database has it."""
        session = self._session
        async with booked(session) as conn:
            session.still_due = await entries.count_due(conn, session.gallery_id, session.webservice_id, self._only)


def judged(verdict: Verdict) -> Settled:
    """The entry after a judgement without a write. A move that cannot be holds its own entry and nothing else."""
    step = verdict.step
    assert not isinstance(step, Do)  # noqa: S101 - the caller chose the others
    try:
        return settling.judged(verdict.entry, step)
    except IllegalMoveError as error:
        log.exception("sync.illegal_move", entry_id=verdict.entry.id, error=str(error))
        return settling.broken(verdict.entry, str(error))


def _blocked_by(verdict: Verdict, contacts: dict[str, Entry]) -> Hold | Wait | None:
    """What keeps an invoice back for its contact: the contact's own hold (one problem for both), or its write."""
    for need in verdict.draft.needs if verdict.draft is not None else ():
        entry = contacts.get(need.id)
        if need.type != "contact" or (entry is not None and entry.in_books and entry.state == "synced"):
            continue
        if entry is not None and entry.state in {"held", "conflict"}:
            return Hold(
                reason=entry.reason or "refused",
                message=entry.message or "Its contact is held.",
                remedy=entry.remedy or "Put the contact right.",
                cause=cause_of(entry),
            )
        return Wait(message="It waits for its contact, whose own writing is not settled yet.")
    return None


def _waves(writing: Sequence[Verdict]) -> list[list[Verdict]]:
    """One open payment write per invoice (PROMISES R5): the n-th payment of an invoice goes in the n-th wave."""
    seen: dict[str, int] = {}
    waves: list[list[Verdict]] = []
    for verdict in writing:
        n = seen.get(verdict.entry.invoice_id or "", 0)
        seen[verdict.entry.invoice_id or ""] = n + 1
        if n == len(waves):
            waves.append([])
        waves[n].append(verdict)
    return waves
