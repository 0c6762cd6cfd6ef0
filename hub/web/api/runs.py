"""Runs: ask for one, look at them, follow one while it goes on."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated, Any

import msgspec
import pydantic
from aiohttp import web
from aiohttp_sse import sse_response

from hub.store import runs, webservices
from hub.store.runs import Run
from hub.sync import asking
from hub.web.api.shapes import (
    FLAG,
    FREE,
    MAYBE,
    MAYBE_TIME,
    NUMBER,
    ONE,
    TEXT,
    id_of,
    listed,
    names_of,
    parse_timed_cursor,
    render_cursor,
    services_of,
    shape,
)
from hub.web.bodies import answer, read_model
from hub.web.deps import DEPS
from hub.web.queries import CURSOR, LIMIT, Query
from hub.web.routes import PageOf, Policy, Route

POLL_SECONDS = 1.0
LONGEST_STREAM = 600.0  # a browser's EventSource comes back by itself
_ENDED = frozenset({"done", "paused", "failed", "cancelled"})

Id = Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9._-]{1,50}$")]


class SyncInput(pydantic.BaseModel):
    """What to sync: everything that is due, or only some invoices with their payments; `dry_run` writes nothing."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    dry_run: bool = False
    invoices: list[Id] | None = pydantic.Field(default=None, min_length=1, max_length=1000)


async def start_run(request: web.Request) -> web.StreamResponse:
    """Ask for a run."""
    told = await read_model(request, SyncInput)
    run = await asking.start_run(services_of(request), *names_of(request), dry_run=told.dry_run, invoices=told.invoices)
    return answer(render_run(run), status=202)


async def list_runs(request: web.Request) -> web.StreamResponse:
    """One page of runs, newest first."""
    query = Query(request)
    limit, cursor = query.limit(), query.text("cursor")
    query.check()
    names = names_of(request)
    async with services_of(request).database.connection() as conn:
        await webservices.get(conn, *names)
        found = await runs.list_page(conn, *names, before=parse_timed_cursor(cursor), limit=limit + 1)
    page = found[:limit]
    following = render_cursor(page[-1].id, page[-1].created_at) if len(found) > limit else None
    return answer({"items": [render_run(one) for one in page], "next": following})


async def get_run(request: web.Request) -> web.StreamResponse:
    """One run; a dry run with what it would write."""
    return answer(render_run(await _read(request), whole=True))


async def follow_run(request: web.Request) -> web.StreamResponse:
    """Server-sent events: the run as it is now, then whenever it changes, until it ends."""
    run = await _read(request)
    async with sse_response(request) as stream:
        with contextlib.suppress(ConnectionResetError, TimeoutError):
            async with asyncio.timeout(LONGEST_STREAM):
                await _follow(request, run, stream)
    return stream


async def _follow(request: web.Request, run: Run, stream: Any) -> None:
    told = ""
    while stream.is_connected():
        text = msgspec.json.encode(render_run(run)).decode()
        if text != told:
            await stream.send(text, event="run")
            told = text
        if run.state in _ENDED:
            return
        await asyncio.sleep(min(POLL_SECONDS, max(0.05, POLL_SECONDS * request.app[DEPS].settings.clock_factor)))
        run = await _read(request)


async def _read(request: web.Request) -> Run:
    gallery_id, webservice_id = names_of(request)
    async with services_of(request).database.connection() as conn:
        return await runs.get(conn, gallery_id, webservice_id, id_of(request, "run"))


def render_run(run: Run, *, whole: bool = False) -> dict[str, Any]:
    """A run as the API shows it; *whole*: with the writes of a dry run."""
    body: dict[str, Any] = {
        "id": run.id,
        "state": run.shown,
        "dry_run": run.dry_run,
        "invoices": None if run.invoices is None else list(run.invoices),
        "asked_by": run.asked_by,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "resume_at": run.resume_at,
        "counts": msgspec.to_builtins(run.counts),
        "done": run.done,
        "total": run.total,
        "calls": run.calls,
        "bytes_up": run.bytes_up,
        "bytes_down": run.bytes_down,
        "seconds": round(run.seconds, 3),
        "error": run.error,
    }
    if whole and run.dry_run:
        body["writes"] = run.writes or []
    return body


_STATES = ["queued", "running", "waiting", "done", "paused", "failed", "cancelled"]
_FIELDS: dict[str, Any] = {
    "id": TEXT,
    "state": {"type": "string", "enum": _STATES},
    "dry_run": FLAG,
    "invoices": {**listed(TEXT), "type": ["array", "null"], "description": "Only these; null: everything due."},
    "asked_by": {"type": "string", "enum": ["person", "schedule", "change"]},
    "created_at": {"type": "string", "format": "date-time"},
    "started_at": MAYBE_TIME,
    "finished_at": MAYBE_TIME,
    "resume_at": MAYBE_TIME,
    "counts": {"type": "object", "additionalProperties": NUMBER},
    "done": NUMBER,
    "total": NUMBER,
    "calls": NUMBER,
    "bytes_up": NUMBER,
    "bytes_down": NUMBER,
    "seconds": {"type": "number"},
    "error": MAYBE,
}
RUN = shape("Run", **_FIELDS)
_WHOLE = {
    **RUN,
    "title": "WholeRun",
    "properties": {**_FIELDS, "writes": {**listed(FREE), "description": "Of a dry run: what it would write."}},
}

ROUTES = (
    Route(
        method="POST",
        path=f"{ONE}/sync",
        handler=start_run,
        policy=Policy.GALLERY_ADMIN,
        summary="Start a run, or join the full one that is under way.",
        tag="Runs",
        request=SyncInput,
        response=RUN,
        status=(202,),
        problems=("not-ready",),
    ),
    Route(
        method="GET",
        path=f"{ONE}/runs",
        handler=list_runs,
        policy=Policy.GALLERY_READER,
        summary="Runs, newest first.",
        tag="Runs",
        query=(LIMIT, CURSOR),
        response=PageOf(item=RUN),
    ),
    Route(
        method="GET",
        path=f"{ONE}/runs/{{run}}",
        handler=get_run,
        policy=Policy.GALLERY_READER,
        summary="One run; a dry run with its `writes`.",
        tag="Runs",
        response=_WHOLE,
    ),
    Route(
        method="GET",
        path=f"{ONE}/runs/{{run}}/events",
        handler=follow_run,
        policy=Policy.GALLERY_READER,
        summary="Server-sent events `run` with the run whenever it changes, until it ends.",
        tag="Runs",
        response=TEXT,
        media="text/event-stream",
    ),
)
