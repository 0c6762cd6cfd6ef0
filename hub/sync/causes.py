"""Problems for people: each cause with its webservice, what is behind it, and whom a contact could be linked with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from hub.domain.matching import Candidate
from hub.store import causes, problems, remote_contacts, webservices
from hub.store.causes import Behind, Blocked
from hub.store.database import Connection
from hub.store.problems import OF_WEBSERVICE, Problem
from hub.store.webservices import WebserviceRow
from hub.sync.services import Services

SOLVED_DAYS = 30
MOST_SOLVED = 20
MOST_CANDIDATES = 20
_ABOUT_CONTACTS = frozenset({"duplicate_contact", "contact_archived"})


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """A problem with its webservice. `behind`: what it blocks, by type, kind and currency."""

    problem: Problem
    row: WebserviceRow
    behind: tuple[Behind, ...] = ()

    @property
    def own(self) -> bool:
        """Whether it is about the webservice itself: it has stopped."""
        return self.problem.cause == OF_WEBSERVICE


class Causes(msgspec.Struct, frozen=True, kw_only=True):
    """One page of open causes. `total`: open ones of all pages; `solved`: closed in the last 30 days, at most 20."""

    opened: tuple[Cause, ...]
    total: int
    solved: tuple[Cause, ...]


class CausePage(msgspec.Struct, frozen=True, kw_only=True):
    """One cause with a page of the entries that it blocks.

    `candidates`: entry of a contact -> contacts there of its name, or that it is linked with.
    """

    cause: Cause
    blocked: tuple[Blocked, ...]
    candidates: dict[str, tuple[Candidate, ...]]


async def list_causes(
    services: Services, gallery_id: str, webservice_id: str | None, *, limit: int, skip: int = 0, solved: bool = True
) -> Causes:
    """What needs a person in all live webservices, or in one. Raises NotFoundError: no such webservice."""
    async with services.database.connection() as conn:
        if webservice_id is None:
            rows = await webservices.list_all(conn, gallery_id)
        else:
            rows = [await webservices.get(conn, gallery_id, webservice_id)]
        opened = await causes.list_open(conn, gallery_id, webservice_id, limit=limit, skip=skip)
        total = len(opened)
        if skip or total == limit:
            total = await causes.count_open(conn, gallery_id, webservice_id)
        sums = await causes.list_sums(conn, gallery_id, [problem.id for _, problem in opened])
        closed = []
        if solved:
            closed = await causes.list_solved(conn, gallery_id, webservice_id, days=SOLVED_DAYS, limit=MOST_SOLVED)
    named = {row.id: row for row in rows}
    return Causes(
        opened=tuple(Cause(problem=one, row=named[owner], behind=tuple(sums.get(one.id, ()))) for owner, one in opened),
        total=total,
        solved=tuple(Cause(problem=one, row=named[owner]) for owner, one in closed),
    )


async def get_cause(
    services: Services,
    gallery_id: str,
    webservice_id: str,
    problem_id: str,
    *,
    after: tuple[date, str] | None,
    limit: int,
) -> CausePage:
    """One cause, open or solved. Raises NotFoundError: no such webservice or problem."""
    async with services.database.connection() as conn:
        row = await webservices.get(conn, gallery_id, webservice_id)
        problem = await problems.get(conn, gallery_id, webservice_id, problem_id)
        sums = await causes.list_sums(conn, gallery_id, [problem_id])
        blocked = await causes.list_blocked(conn, gallery_id, webservice_id, problem_id, after=after, limit=limit)
        found = await _list_candidates(conn, row, problem, blocked)
    cause = Cause(problem=problem, row=row, behind=tuple(sums.get(problem_id, ())))
    return CausePage(cause=cause, blocked=tuple(blocked), candidates=found)


async def _list_candidates(
    conn: Connection, row: WebserviceRow, problem: Problem, blocked: Sequence[Blocked]
) -> dict[str, tuple[Candidate, ...]]:
    """Contacts there that a held contact may be, as last read."""
    found: dict[str, tuple[Candidate, ...]] = {}
    contacts = [one for one in blocked if one.entry.type == "contact" and one.contact]
    if problem.reason not in _ABOUT_CONTACTS or not contacts:
        return found
    for one in contacts[:MOST_CANDIDATES]:
        ids = [one.entry.remote.id] if one.entry.remote is not None else []
        listed = await remote_contacts.list_candidates(
            conn, row.gallery_id, row.id, numbers=[], names=[one.contact or ""], ids=ids
        )
        found[one.entry.id] = tuple(listed[:MOST_CANDIDATES])
    return found
