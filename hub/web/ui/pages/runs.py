"""Runs: their history, one run while it goes on and after, and the dry run that is read before the first real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Any, get_args

import msgspec
from aiohttp import web

from hub.domain.records import EntryType, Invoice, Payment, Reference
from hub.errors import ConflictError
from hub.store import batches, records, runs
from hub.store.database import Connection
from hub.store.runs import Run
from hub.store.webservices import WebserviceRow
from hub.sync import asking
from hub.sync.services import Services
from hub.web.api.runs import POLL_SECONDS
from hub.web.api.shapes import id_of, names_of, parse_cursor, parse_timed_cursor, render_cursor, services_of
from hub.web.deps import DEPS
from hub.web.queries import Query
from hub.web.routes import Policy, Route
from hub.web.ui.live import stream_fragments
from hub.web.ui.pages import run_views as views
from hub.web.ui.render import Crumb, redirect, render, render_fragment
from hub.web.ui.session import HOME, Visit, form_of, visit_of

PAGE = 50
RELOAD_SECONDS = 5
MOST_START = 5_000
ONE = f"{HOME}/webservices/{{webservice}}"
UNDER_WAY = frozenset({"queued", "running", "waiting"})
SORTS = ("done", "refused", "open")


async def list_runs(request: web.Request) -> web.StreamResponse:
    """One page of runs, newest first."""
    query = Query(request)
    cursor = query.text("cursor")
    query.check()
    services, names = services_of(request), names_of(request)
    row = await services.get(*names)
    async with services.database.connection() as conn:
        found = await runs.list_page(conn, *names, before=parse_timed_cursor(cursor), limit=PAGE + 1)
    page = found[:PAGE]
    older = render_cursor(page[-1].id, page[-1].created_at) if len(found) > PAGE else ""
    return await render(
        request,
        "runs/list.html",
        title="Runs",
        crumbs=crumbs_of(visit_of(request), row),
        row=row,
        runs=page,
        older=older,
        first=cursor is None,
        hindrance=hindrance_of(services, row),
        views=views,
    )


async def start_run(request: web.Request) -> web.StreamResponse:
    """Ask for a run, or a dry run, and show it."""
    dry_run = form_of(request).flag("dry_run")
    names = names_of(request)
    run = await asking.start_run(services_of(request), *names, dry_run=dry_run)
    say = "The dry run begins: nothing is written." if dry_run else "The run begins."
    return await redirect(request, visit_of(request).path("webservices", names[1], "runs", run.id), say=say)


async def show_run(request: web.Request) -> web.StreamResponse:
    """One run: its progress while it goes on, what it did afterwards; a dry run with what it would write."""
    services = services_of(request)
    row = await services.get(*names_of(request))
    values = await _look(request, row)
    run: Run = values["run"]
    visit = visit_of(request)
    crumbs = [*crumbs_of(visit, row), ("Runs", visit.path("webservices", row.id, "runs"))]
    under_way = run.state in UNDER_WAY
    if run.dry_run and run.state == "done":
        template, more = "runs/dry.html", await _plan(request, row, run)
    else:
        template, more = "runs/one.html", await _list_writes(request, row, run)
    return await render(
        request,
        template,
        title="Dry run" if run.dry_run else "Run",
        crumbs=crumbs,
        refresh=RELOAD_SECONDS if under_way else None,
        hindrance=hindrance_of(services, row),
        **values,
        **more,
    )


async def follow_run(request: web.Request) -> web.StreamResponse:
    """Server-sent events: how far the run is, whenever that changes, until it ends."""
    row = await services_of(request).get(*names_of(request))
    return await stream_fragments(request, _fragments(request, row, await _look(request, row)))


async def _fragments(request: web.Request, row: WebserviceRow, values: dict[str, Any]) -> AsyncGenerator[str, None]:
    told = ""
    pause = min(POLL_SECONDS, max(0.05, POLL_SECONDS * request.app[DEPS].settings.clock_factor))
    while values["run"].state in UNDER_WAY:
        text = render_fragment(request, "runs/progress.html", **values)
        if text != told:
            yield text
            told = text
        await asyncio.sleep(pause)
        row = await services_of(request).get(row.gallery_id, row.id)
        values = await _look(request, row)


async def _look(request: web.Request, row: WebserviceRow) -> dict[str, Any]:
    """How far a run is, from the database."""
    services, deps = services_of(request), request.app[DEPS]
    run_id = id_of(request, "run")
    async with services.database.connection() as conn:
        run = await runs.look(conn, row.gallery_id, row.id, run_id)
        counted = await batches.count_of_run(conn, row.gallery_id, row.id, run.id)
    kind = services.registry.kinds.get(row.kind)
    budget = forecast = None
    if run.state in UNDER_WAY and kind is not None and row.organisation_id is not None:
        budget = await services.budget.remaining(row.kind, row.organisation_id, kind.limits)
        factor = deps.settings.clock_factor
        forecast = views.foresee(run, now=deps.clock.now(), limits=kind.limits, budget=budget, factor=factor)
    return {
        "run": run,
        "row": row,
        "kind_title": kind.title if kind is not None else row.kind,
        "written": views.tally_writes(counted),
        "budget": budget,
        "forecast": forecast,
        "views": views,
        "under_way": run.state in UNDER_WAY,
    }


async def _list_writes(request: web.Request, row: WebserviceRow, run: Run) -> dict[str, Any]:
    """One page of what a run wrote."""
    query = Query(request)
    cursor = query.text("cursor")
    type_, sort = query.choice("type", get_args(EntryType)), query.choice("outcome", SORTS)
    query.check()
    async with services_of(request).database.connection() as conn:
        found = await batches.list_of_run(
            conn,
            row.gallery_id,
            row.id,
            run.id,
            type=msgspec.convert(type_, EntryType | None),
            sort=sort,  # type: ignore[arg-type] # one of SORTS
            before=_place(cursor),
            limit=PAGE + 1,
        )
    page = found[:PAGE]
    older = ""
    if len(found) > PAGE:
        older = render_cursor(f"{page[-1].position}:{page[-1].batch_id}", page[-1].first_sent_at)
    return {"writes": page, "older": older, "type": type_ or "", "outcome": sort or "", "first": cursor is None}


def _place(cursor: str | None) -> tuple[datetime, str, int] | None:
    parse_timed_cursor(cursor)  # refuses what no list gave out
    place = parse_cursor(cursor)
    if place is None or place[0] is None:
        return None
    position, _, batch_id = place[1].partition(":")
    return place[0], batch_id, int(position) if position.isdecimal() and len(position) < 9 else 0


async def _plan(request: web.Request, row: WebserviceRow, run: Run) -> dict[str, Any]:
    """One page of what a dry run would write."""
    query = Query(request)
    start = query.text("start", longest=5) or "0"
    if not (start.isascii() and start.isdecimal() and int(start) <= MOST_START):
        query.fault("start", "needs a number of the list")
        start = "0"
    names = (row.gallery_id, row.id, run.id)
    async with services_of(request).database.connection() as conn:
        groups = views.tally_planned(await runs.sum_planned(conn, *names))
        key = query.choice("group", tuple(one.key for one in groups))
        query.check()
        chosen = [one for one in groups if key in {None, one.key}]
        sort = (chosen[0].type, chosen[0].operation) if key is not None else None
        found = await runs.list_planned(conn, *names, sort=sort, start=int(start), limit=views.PAGE_WRITES)
    page = views.cut_page(found, start=int(start), n=sum(one.n for one in chosen))
    ids = [one["record_id"] for one in page.items if one["type"] == "payment"]
    async with services_of(request).database.connection() as conn:
        numbers = await _invoice_numbers(conn, row, ids)
    return {"groups": groups, "group": key or "", "page": page, "numbers": numbers}


async def _invoice_numbers(conn: Connection, row: WebserviceRow, payment_ids: Sequence[str]) -> dict[str, str]:
    """Payment -> the number, in the gallery, of the invoice that it settles."""
    found = await records.load(conn, row.gallery_id, [Reference("payment", one) for one in payment_ids])
    payments = [one.record for one in found.values() if isinstance(one.record, Payment)]
    wanted = list({Reference("invoice", one.invoice_id) for one in payments})
    settled = await records.load(conn, row.gallery_id, wanted)
    numbers = {one.record.id: one.record.number for one in settled.values() if isinstance(one.record, Invoice)}
    return {one.id: numbers[one.invoice_id] for one in payments if one.invoice_id in numbers}


def hindrance_of(services: Services, row: WebserviceRow) -> str:
    """Why no run can be asked for now; "" when one can."""
    try:
        asking.check_ready(services, row)
    except ConflictError as error:
        return str(error)
    return ""


def crumbs_of(visit: Visit, row: WebserviceRow) -> list[Crumb]:
    """The pages above those of a webservice."""
    return [("Webservices", visit.path("webservices")), (row.name, visit.path("webservices", row.id))]


ROUTES = (
    Route(
        method="GET",
        path=f"{ONE}/runs",
        handler=list_runs,
        policy=Policy.PAGE_READER,
        summary="The runs of a webservice.",
        page=True,
    ),
    Route(
        method="POST",
        path=f"{ONE}/runs",
        handler=start_run,
        policy=Policy.PAGE_BOOKKEEPER,
        summary="Start a run or a dry run.",
        page=True,
    ),
    Route(
        method="GET",
        path=f"{ONE}/runs/{{run}}",
        handler=show_run,
        policy=Policy.PAGE_READER,
        summary="One run.",
        page=True,
    ),
    Route(
        method="GET",
        path=f"{ONE}/runs/{{run}}/events",
        handler=follow_run,
        policy=Policy.PAGE_READER,
        summary="How far a run is, as it changes.",
        page=True,
    ),
)
