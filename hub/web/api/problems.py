"""Problems: causes that need a person, each with the entries it blocks."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from hub.store.problems import Problem
from hub.sync import entry_actions
from hub.web.api.shapes import (
    MAYBE_TIME,
    NUMBER,
    ONE,
    TEXT,
    TIME,
    id_of,
    names_of,
    parse_timed_cursor,
    render_cursor,
    services_of,
    shape,
)
from hub.web.bodies import answer
from hub.web.queries import CURSOR, LIMIT, Query
from hub.web.routes import PageOf, Parameter, Policy, Route

STATES = ("open", "closed", "all")


async def list_problems(request: web.Request) -> web.StreamResponse:
    """One page of problems, newest first."""
    query = Query(request)
    limit, cursor = query.limit(), query.text("cursor")
    usual = "all" if query.flag("closed") else "open"
    state = query.choice("state", STATES) or usual
    query.check()
    found = await entry_actions.list_problems(
        services_of(request),
        *names_of(request),
        open=state != "closed",
        closed=state != "open",
        after=parse_timed_cursor(cursor),
        limit=limit + 1,
    )
    page = found[:limit]
    following = render_cursor(page[-1].id, page[-1].opened_at) if len(found) > limit else None
    return answer({"items": [render_problem(one) for one in page], "next": following})


async def retry_problem(request: web.Request) -> web.StreamResponse:
    """Try again all that it blocks."""
    services = services_of(request)
    found = await entry_actions.retry_problem(services, *names_of(request), id_of(request, "problem"))
    return answer(render_problem(found))


def render_problem(problem: Problem) -> dict[str, Any]:
    """A problem as the API shows it."""
    return {
        "id": problem.id,
        "reason": problem.reason,
        "cause": problem.cause,
        "message": problem.message,
        "remedy": problem.remedy,
        "count": problem.count,
        "opened_at": problem.opened_at,
        "closed_at": problem.closed_at,
    }


_PROBLEM = shape(
    "Blocker",
    id=TEXT,
    reason=TEXT,
    cause=TEXT,
    message=TEXT,
    remedy=TEXT,
    count={**NUMBER, "description": "Entries that it blocks."},
    opened_at=TIME,
    closed_at=MAYBE_TIME,
)

ROUTES = (
    Route(
        method="GET",
        path=f"{ONE}/problems",
        handler=list_problems,
        policy=Policy.GALLERY_READER,
        summary="What needs a person: one problem for each cause, newest first.",
        tag="Entries",
        query=(
            Parameter(
                name="state",
                summary="Only these; left out, the open ones.",
                schema={"type": "string", "enum": list(STATES)},
            ),
            Parameter(name="closed", summary="The same as state=all; state counts first.", schema={"type": "boolean"}),
            LIMIT,
            CURSOR,
        ),
        response=PageOf(item=_PROBLEM),
    ),
    Route(
        method="POST",
        path=f"{ONE}/problems/{{problem}}/retry",
        handler=retry_problem,
        policy=Policy.GALLERY_ADMIN,
        summary="Try again everything that the problem blocks.",
        tag="Entries",
        response=_PROBLEM,
    ),
)
