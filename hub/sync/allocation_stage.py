"""The last step of a run: credit notes are put on the invoices they apply to; and its first, what is to be taken off.

What is taken off goes before everything else, so that a credit note and its invoice can be voided in the same run.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import msgspec

from hub.domain import allocating
from hub.domain.entries import Do, Entry
from hub.domain.remotes import Operation
from hub.domain.settling import Settled
from hub.store import allocations, entries, previews
from hub.store.previews import Place
from hub.sync import allocation_cases, outcomes, settle
from hub.sync.allocation_cases import Case
from hub.sync.judging import Verdict, do_steps
from hub.sync.progress import booked, look_at
from hub.sync.session import Session
from hub.sync.writing import plan_write, write_all

ADOPTED = "A person put it on its invoice in the accounting system already: it is that one, and nothing was sent."


class AllocationStage:
    """The allocations of one run. *only*: the invoices and credit notes it is about; None: all."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def take_off(self, only: Sequence[str] | None) -> None:
        """Take off what is not to stand any more; all else waits for its turn."""
        async with self._session.owned() as conn:
            await allocations.place_new(conn, self._session.gallery_id, self._session.webservice_id)
        async for page in self._pages(only):
            _, verdicts = await self._judge([entry for entry in page if entry.in_books])
            cancels = [v for v in verdicts if isinstance(v.step, Do) and v.step.operation is Operation.CANCEL]
            await self._write(cancels)

    async def _pages(self, only: Sequence[str] | None) -> AsyncIterator[list[Entry]]:
        session = self._session
        place: Place | None = Place()
        while place is not None:
            async with session.database.connection() as conn:
                page, place = await previews.list_due_page(
                    conn,
                    session.gallery_id,
                    session.webservice_id,
                    "allocation",
                    invoices=only,
                    after=place,
                    limit=session.tuning.page,
                )
            if page:
                yield page

    async def judge(self, page: Sequence[Entry]) -> list[Verdict]:
        """Verdicts of a page; those that a person made there already are adopted, and have none."""
        cases, verdicts = await self._judge(page)
        if aimed := allocation_cases.aimed_anew(cases):
            async with self._session.owned() as conn:
                await allocations.set_invoices(conn, self._session.gallery_id, aimed)
        adopted = await self._adopt(cases)
        return [verdict for verdict in verdicts if verdict.entry.id not in adopted]

    async def _judge(self, page: Sequence[Entry]) -> tuple[list[Case], list[Verdict]]:
        session = self._session
        if not page:
            return [], []
        async with session.database.connection() as conn:
            cases = await allocation_cases.load(conn, session.book, page)
        return cases, allocation_cases.judge(cases, session.kind, session.book)

    async def _adopt(self, cases: Sequence[Case]) -> set[str]:
        """Make one of each allocation and what a person put on the very invoice; returns the entries that are done."""
        session, done = self._session, set[str]()
        wanted = [case for case in cases if allocation_cases.may_adopt(case)]
        if not wanted:
            return done
        async with booked(session) as conn:
            note_ids = [case.entry.record_id for case in wanted]
            around = await allocations.of_notes(conn, session.gallery_id, session.webservice_id, note_ids)
            for case in wanted:
                twin = allocation_cases.find_twin(case, around.get(case.entry.record_id, ()))
                if twin is None or twin.remote is None:
                    continue
                freed = msgspec.structs.replace(twin, state="voided", judged=twin.asked, remote=None)
                await entries.save(conn, session.gallery_id, [freed])  # it lets go first: a remote id has one entry
                own = allocating.attach(case.entry, case.facts.version, twin.remote)
                await outcomes.save_settled(conn, session, [Settled(entry=own, text=ADOPTED)])
                session.counts.unchanged += 1
                look_at(session, 1)
                done.add(case.entry.id)
        return done

    async def write(self, verdicts: Sequence[Verdict]) -> None:
        """Carry out the writes among *verdicts*, one at a time for each invoice."""
        writing, _ = do_steps(verdicts)
        await self._write(writing)

    async def _write(self, verdicts: Sequence[Verdict]) -> None:
        session = self._session
        if not verdicts:
            return
        async with session.owned() as conn:
            await allocations.set_invoices(conn, session.gallery_id, allocation_cases.moved(verdicts))
        async with session.database.connection() as conn:
            remotes = await allocation_cases.load_remotes(conn, session.book, verdicts)
        for wave in allocation_cases.waves(verdicts):
            await write_all(session, "allocation", [plan_write(v, remotes) for v in wave], remotes)
            await settle.settle_answered(session)
