"""The gates of all the gallery's invoices, asked one after the other outside of runs; nothing is drawn up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence

from hub.domain.books import Book, Exclusion
from hub.domain.eligibility import find_stop
from hub.domain.entries import Entry, Hold, LeaveOut
from hub.domain.exclusions import ExcludeFilter, describe, find_exclusion, is_matched
from hub.store import entries, previews
from hub.store.database import Database
from hub.store.previews import Candidate
from hub.store.webservices import WebserviceRow
from hub.sync import reasking

PAGE = 500
BREATH = 50  # invoices judged between two turns of everything else

Stop = LeaveOut | Hold | None


class Ruled:
    """The exclusions of one book, asked of one invoice at a time."""

    def __init__(self, book: Book, filters: Mapping[str, ExcludeFilter]) -> None:
        self._book = book
        self._filters = filters
        self._words = [describe(one, filters) for one in book.exclusions]

    def matched(self, candidate: Candidate) -> list[int]:
        """Positions of the rules that leave it out."""
        rules = self._book.exclusions
        return [n for n, rule in enumerate(rules) if is_matched(candidate.invoice, rule, self._filters)]

    def stop(self, candidate: Candidate, matched: Sequence[int]) -> Stop:
        """What the gates say, as a run would."""
        rule = self._words[matched[0]] if matched else None
        return find_stop(candidate.invoice, candidate.entry, candidate.times, self._book, rule=rule)


async def stream(database: Database, row: WebserviceRow) -> AsyncIterator[Candidate]:
    """All invoices of the gallery with their entries, page by page, with turns for everything else in between."""
    after: str | None = ""
    while after is not None:
        async with database.connection() as conn:
            page, after = await previews.list_candidates(conn, row.gallery_id, row.id, after=after, limit=PAGE)
        for n, candidate in enumerate(page):
            if n % BREATH == BREATH - 1:
                await asyncio.sleep(0)
            yield candidate


async def ask_concerned(
    database: Database, row: WebserviceRow, filters: Mapping[str, ExcludeFilter], rules: Sequence[Exclusion]
) -> int:
    """Have those entries judged again that *rules* leave out otherwise than the rules of *row*; returns how many.

    What only a person's word may send again is not asked. What stands in the books is frozen or thawed by that without
    being drawn up anew: no write follows.
    """
    count = 0
    concerned: list[Entry] = []
    async for candidate in stream(database, row):
        if not candidate.entry.id or not reasking.is_harmless(candidate.entry):
            continue
        if _rule(candidate, row.exclusions, filters) != _rule(candidate, rules, filters):
            concerned.append(candidate.entry)
        if len(concerned) == PAGE:
            count += await _ask(database, row, concerned)
            concerned = []
    return count + (await _ask(database, row, concerned) if concerned else 0)


def _rule(candidate: Candidate, rules: Sequence[Exclusion], filters: Mapping[str, ExcludeFilter]) -> str | None:
    return find_exclusion(candidate.invoice, rules, filters)


async def _ask(database: Database, row: WebserviceRow, concerned: Sequence[Entry]) -> int:
    """With the payments that wait for them, or are left out with them."""
    async with database.transaction() as conn:
        found = await entries.ask_entries(conn, row.gallery_id, row.id, [one.id for one in concerned], forced=False)
        await entries.ask_payments_of(conn, row.gallery_id, row.id, [one.record_id for one in concerned])
        return found
