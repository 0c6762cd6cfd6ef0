"""A dry run: what the next run would write, from the same judgement; nothing is written, here or there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from hub.domain import planning
from hub.domain.allocating import Facts
from hub.domain.drafts import Draft
from hub.domain.entries import Do, Entry, Hold, LeaveOut, Nothing, Step, Wait
from hub.domain.matching import Candidate, CreateContact, Link, match_contact
from hub.domain.records import Contact, EntryType, Payment
from hub.domain.remotes import Operation
from hub.store import entries, previews, records
from hub.store.previews import Place
from hub.store.runs import Counts
from hub.sync import allocation_cases, contacts, outcomes, pipeline, subjects
from hub.sync.drafts_view import render_draft
from hub.sync.judging import Verdict, account_of, judge_contact_entry, judge_invoice_entry, judge_payment_entry
from hub.sync.progress import count_state
from hub.sync.session import Session
from hub.sync.subjects import Dossier

MAX_WRITES = 5000
ORDER: tuple[EntryType, ...] = ("contact", "invoice", "payment", "allocation")
BREATH = 50  # records judged between two turns of everything else: rendering is pure computing


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What the next run would do.

    `writes`: ``[{type, record_id, operation, draft}]``, at most 5,000: contacts, invoices, payments, allocations.
    `counts`: as that run would count, of what was judged. `looked_at`: invoices, payments and allocations judged.
    """

    writes: list[dict[str, Any]]
    counts: Counts
    looked_at: int


async def list_writes(session: Session, invoices: Sequence[str] | None) -> Found:
    """Everything that is due is judged until 5,000 writes are found.

    Contacts are matched with the remote contacts as last read, and what changed there since the last pull is not known.
    """
    preview = _Preview(session, invoices)
    await preview.fill()
    for write in preview.writes:
        outcomes.count_written(preview.counts, Operation(write["operation"]))
    return Found(writes=preview.writes, counts=preview.counts, looked_at=preview.looked_at)


class _Preview:
    """The writes found so far, and what they make of contacts and invoices."""

    def __init__(self, session: Session, invoices: Sequence[str] | None) -> None:
        self._session = session
        self._only = invoices
        self._found: dict[EntryType, list[dict[str, Any]]] = {one: [] for one in ORDER}
        self.counts = Counts()
        self.looked_at = 0
        self._contacts: dict[str, bool] = {}  # contact id -> whether its invoices may go
        self._held: set[str] = set()  # contacts that are held, or would be
        self._linked: set[str] = set()  # remote contacts that a contact of this preview would be linked to
        self._going: dict[str, Draft] = {}  # invoices that would be written
        self._still: dict[str, LeaveOut | Hold | Wait | Nothing] = {}  # those that would not
        self._taken: dict[str, Decimal] = {}  # invoice -> what payments of this preview take
        self._judged = 0

    @property
    def writes(self) -> list[dict[str, Any]]:
        return [write for found in self._found.values() for write in found][:MAX_WRITES]

    def _is_full(self) -> bool:
        return sum(len(found) for found in self._found.values()) >= MAX_WRITES

    async def fill(self) -> None:
        if self._only is None:
            async for page in self._pages("contact"):
                await self._add_contacts([e for e in page if e.remote is not None])
        async for page in self._pages("invoice"):
            await self._add_invoices(page)
        async for page in self._pages("payment"):
            await self._add_payments(page)
        async for page in self._pages("allocation"):
            await self._add_allocations(page)

    async def _pages(self, type: EntryType) -> AsyncIterator[list[Entry]]:
        session = self._session
        place: Place | None = Place()
        while place is not None and not self._is_full():
            async with session.database.connection() as conn:
                page, place = await previews.list_due_page(
                    conn,
                    session.gallery_id,
                    session.webservice_id,
                    type,
                    invoices=self._only,
                    after=place,
                    limit=session.tuning.page,
                )
            yield page

    async def _breathe(self) -> None:
        self._judged += 1
        if self._judged % BREATH == 0:
            await asyncio.sleep(0)

    def _look(self, verdict: Verdict) -> None:
        """One more was judged; what needs no write counts by the state it would be left in."""
        self.looked_at += 1
        if verdict.twin is not None:
            self.counts.unchanged += 1  # the two would be made one
        elif not isinstance(verdict.step, Do):
            count_state(self.counts, pipeline.judged(verdict).entry.state)

    def _add(self, verdict: Verdict) -> None:
        """A cancel with a draft is a payment that is made again: payments cannot be changed there."""
        found = self._found[verdict.entry.type]
        step = verdict.step
        assert isinstance(step, Do)  # noqa: S101 - the callers chose the Do steps
        draft = None if verdict.draft is None else render_draft(verdict.draft)
        head = {"type": verdict.entry.type, "record_id": verdict.entry.record_id}
        if step.operation is Operation.CANCEL:
            found.append({**head, "operation": Operation.CANCEL.value, "draft": None})
            if draft is None:
                return
        made = Operation.CREATE if step.operation is Operation.CANCEL else step.operation
        found.append({**head, "operation": made.value, "draft": draft})

    # -- contacts

    async def _need(self, contact_ids: Sequence[str]) -> None:
        """Decide on the contacts that invoices need and that were not decided yet."""
        session = self._session
        wanted = sorted({i for i in contact_ids if i not in self._contacts})
        if not wanted:
            return
        async with session.database.connection() as conn:
            standing = await entries.by_records(conn, session.gallery_id, session.webservice_id, "contact", wanted)
        due = []
        for contact_id in wanted:
            entry = standing.get(contact_id) or entries.new_entry("contact", contact_id)
            if _is_due(entry):
                due.append(entry)
            else:
                self._contacts[contact_id] = entry.in_books and entry.state == "synced"
                if entry.state in {"held", "conflict"}:
                    self._held.add(contact_id)
        await self._add_contacts(due)

    async def _add_contacts(self, due: Sequence[Entry]) -> None:
        session = self._session
        async with session.database.connection() as conn:
            dossiers = await subjects.load_contacts(conn, session.kind, session.book, due)
        creating = []
        for dossier in dossiers:
            verdict = judge_contact_entry(dossier, session.kind, session.book)
            await self._breathe()
            self._contacts[verdict.entry.record_id] = not isinstance(verdict.step, Hold)
            if isinstance(verdict.step, Hold):
                self._held.add(verdict.entry.record_id)
            if isinstance(verdict.step, Do) and verdict.entry.remote is None:
                creating.append(verdict)
            elif isinstance(verdict.step, Do):
                self._add(verdict)
        if creating:
            self._match(creating, await self._candidates(creating))

    async def _candidates(self, creating: Sequence[Verdict]) -> list[Candidate]:
        session = self._session
        drafts = [v.draft for v in creating if v.draft is not None]
        async with session.database.connection() as conn:
            return await contacts.list_candidates(conn, session, drafts)

    def _match(self, creating: Sequence[Verdict], candidates: Sequence[Candidate]) -> None:
        """As a run does it: linked ones need no write, what is not clear is held."""
        suffix = getattr(self._session.book.settings, "duplicate_names", "hold") == "suffix"
        for verdict in creating:
            subject, draft = verdict.dossier.subject, verdict.draft
            if subject is None or draft is None or not isinstance(subject.record, Contact):
                continue
            match match_contact(
                subject.record,
                number=draft.number,
                name=contacts.name_of(draft),
                candidates=[contacts.mark_taken(c, self._linked) for c in candidates],
                distinct=subject.distinct,
                suffix=suffix,
            ):
                case CreateContact():
                    self._add(verdict)
                case Link(candidate=candidate):
                    self._linked.add(candidate.id)
                case Hold():
                    self._contacts[verdict.entry.record_id] = False
                    self._held.add(verdict.entry.record_id)

    # -- invoices

    async def _add_invoices(self, page: Sequence[Entry]) -> None:
        session = self._session
        async with session.database.connection() as conn:
            dossiers = await subjects.load_invoices(conn, session.kind, session.book, page)
        writing = []
        for dossier in dossiers:
            verdict = judge_invoice_entry(dossier, session.kind, session.book, session.filters)
            await self._breathe()
            if isinstance(verdict.step, Do):
                writing.append(verdict)
            else:
                self._look(verdict)
                self._still[verdict.entry.record_id] = verdict.step
        await self._need([i for v in writing for i in _contacts_of(v)])
        for verdict in writing:
            blocked = self._blocked_by(verdict)
            self._look(verdict if blocked is None else msgspec.structs.replace(verdict, step=blocked))
            if blocked is not None:
                self._still[verdict.entry.record_id] = blocked
                continue
            if verdict.draft is not None:
                self._going[verdict.entry.record_id] = verdict.draft
            else:
                self._still[verdict.entry.record_id] = Nothing(state="voided")
            self._add(verdict)

    def _blocked_by(self, verdict: Verdict) -> Hold | Wait | None:
        """What keeps an invoice back for its contact, as in a run."""
        blocking = next((i for i in _contacts_of(verdict) if not self._contacts[i]), None)
        if blocking is None:
            return None
        if blocking in self._held:
            return Hold(reason="refused", message="Its contact is held.", remedy="Put the contact right.")
        return Wait(message="It waits for its contact.")

    def _after(self, entry: Entry) -> Entry:
        """An invoice's entry as the run would leave it."""
        draft, step = self._going.get(entry.record_id), self._still.get(entry.record_id)
        if step is not None:
            return pipeline.judged(Verdict(dossier=Dossier(entry=entry, subject=None, times=None), step=step)).entry
        if draft is None:
            return entry
        remote = msgspec.structs.replace(
            entry.remote or planning.EXPECTED, total=draft.total, status=draft.status or "approved"
        )
        return msgspec.structs.replace(entry, state="synced", judged=entry.asked, remote=remote)

    # -- payments

    async def _add_payments(self, page: Sequence[Entry]) -> None:
        """Payments that would follow, those of invoices that this very run would create included."""
        session = self._session
        ids = sorted({e.invoice_id for e in page if e.invoice_id})
        async with session.database.connection() as conn:
            standing = await entries.by_records(conn, session.gallery_id, session.webservice_id, "invoice", ids)
            dossiers = await subjects.load_payments(conn, session.kind, session.book, page, standing)
            stored = await records.payments_of(conn, session.gallery_id, ids)
        after = {i: self._after(entry) for i, entry in standing.items()}
        for dossier in dossiers:
            invoice_id = dossier.entry.invoice_id or ""
            account = account_of(after.get(invoice_id), stored.get(invoice_id, []), session.webservice_id)
            taken = self._taken.get(invoice_id, Decimal(0))
            account = msgspec.structs.replace(account, due=account.due - taken)
            verdict = judge_payment_entry(dossier, session.kind, session.book, account)
            await self._breathe()
            self._look(verdict)
            if not isinstance(verdict.step, Do):
                continue
            self._taken[invoice_id] = taken + _takes(verdict.step, dossier)
            self._add(verdict)

    # -- allocations

    async def _add_allocations(self, page: Sequence[Entry]) -> None:
        """What would be put on invoices or taken off, with what this very run would create; one that moves is both."""
        session = self._session
        async with session.database.connection() as conn:
            cases = await allocation_cases.load(conn, session.book, page)
        for case in cases:
            facts = self._facts_after(case.facts)
            verdict, amount = allocation_cases.judge_one(facts, case, session.kind, session.book)
            await self._breathe()
            self._look(verdict)
            if isinstance(verdict.step, Do):
                self._add(verdict)
            if facts.invoice is not None:
                self._taken[facts.invoice.id] = self._taken.get(facts.invoice.id, Decimal(0)) + amount

    def _facts_after(self, facts: Facts) -> Facts:
        """The documents as this run would leave them; payments that it would send count as coming already."""
        note, invoice = facts.note_entry, facts.invoice_entry
        sent = self._taken.get(facts.invoice.id, Decimal(0)) if facts.invoice is not None else Decimal(0)
        return msgspec.structs.replace(
            facts,
            note_entry=self._after(note) if note is not None else None,
            invoice_entry=self._after(invoice) if invoice is not None else None,
            taken=max(Decimal(0), sent - facts.coming),
        )


def _is_due(entry: Entry) -> bool:
    if entry.state in {"sending", "unknown"}:
        return False
    return entry.asked > entry.judged or (entry.remote is None and entry.state != "held")


def _contacts_of(verdict: Verdict) -> list[str]:
    return [r.id for r in verdict.draft.needs if r.type == "contact"] if verdict.draft is not None else []


def _takes(step: Step, dossier: Dossier) -> Decimal:
    """What a payment that would be created takes of its invoice, beyond what it settles there already."""
    subject = dossier.subject
    if subject is None or not isinstance(subject.record, Payment) or not isinstance(step, Do):
        return Decimal(0)
    new = subject.record.amount if subject.record.status == "recorded" else Decimal(0)
    remote = dossier.entry.remote
    old = remote.total if step.operation is Operation.CANCEL and remote is not None else None
    return new - (old or Decimal(0))
