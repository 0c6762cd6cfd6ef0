"""Webservices: the list, a webservice's own page, Stop and Go on, and the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from datetime import date
from typing import Any

from aiohttp import web

from hub.domain.exclusions import describe
from hub.errors import ConflictError
from hub.sync import changing, connecting, entry_actions, overview
from hub.sync.overview import Overview, Task
from hub.sync.services import Services
from hub.web.api.shapes import names_of, services_of
from hub.web.deps import DEPS
from hub.web.routes import Policy, Route
from hub.web.ui import glance, words
from hub.web.ui.fields import Field, read_schema
from hub.web.ui.formats import Formats
from hub.web.ui.live import stream_fragments
from hub.web.ui.render import Crumb, redirect, render, render_fragment
from hub.web.ui.session import HOME, Visit, form_of, visit_of

LIST = f"{HOME}/webservices"
ONE = f"{LIST}/{{webservice}}"
REFRESH_SECONDS = 10
POLL_SECONDS = 2.0
MOST_PROBLEMS = 3

# a task of the checklist -> the page below the webservice where it is done
TASK_PAGES: Mapping[str, str] = {
    "access": "access",
    "organisation": "organisation",
    "mappings": "mappings",
    "settings": "settings",
}


def crumbs_of(visit: Visit, *more: Crumb) -> list[Crumb]:
    """The pages above one about webservices."""
    return [("Webservices", visit.path("webservices")), *more]


def title_of(services: Services, kind_key: str) -> str:
    """A kind by its name for people; by its key when no enabled plugin adds it."""
    kind = services.registry.kinds.get(kind_key)
    return kind_key if kind is None else kind.title


def view_of(services: Services, one: Overview) -> dict[str, Any]:
    """What the parts of `webservices/parts.html` show of a webservice."""
    row, todo = one.row, next((task for task in one.checklist if not task.done), None)
    return {
        "one": one,
        "row": row,
        "title": title_of(services, row.kind),
        "oauth": (kind := services.registry.kinds.get(row.kind)) is not None and kind.oauth() is not None,
        "word": words.webservice_word(row.state, running=row.running),
        "groups": glance.group_counts(one.counts),
        "todo": todo,
        "todo_page": _page_of(todo),
        "ready": row.state == "ready" and not one.missing,
        "since": one.last_run.started_at if row.running and one.last_run is not None else None,
    }


def _page_of(task: Task | None) -> str:
    return "" if task is None else TASK_PAGES.get(task.code, "")


async def list_webservices(request: web.Request) -> web.StreamResponse:
    """All of the gallery's, disconnected ones last."""
    services = services_of(request)
    found = await overview.list_overviews(services, visit_of(request).gallery_id)
    views = [view_of(services, one) for one in found]
    return await render(
        request,
        "webservices/list.html",
        title="Webservices",
        live=[view for view in views if view["row"].state != "disconnected"],
        ended=[view for view in views if view["row"].state == "disconnected"],
        refresh=REFRESH_SECONDS if any(one.row.running for one in found) else None,
    )


async def show_webservice(request: web.Request) -> web.StreamResponse:
    """How one webservice stands, and what is left to do."""
    services, names, visit = services_of(request), names_of(request), visit_of(request)
    one = await overview.get_overview(services, *names)
    problems = await entry_actions.list_problems(
        services, *names, open=True, closed=False, after=None, limit=MOST_PROBLEMS + 1
    )
    kind = services.registry.kinds.get(one.row.kind)
    filters = {} if kind is None else services.filters_of(kind)
    fields = () if kind is None else read_schema(kind.settings.model_json_schema())
    formats = Formats.of(visit.gallery, request.app[DEPS].clock.now())
    return await render(
        request,
        "webservices/one.html",
        title=one.row.name,
        crumbs=crumbs_of(visit),
        it=view_of(services, one),
        tasks=[(task, _page_of(task)) for task in one.checklist],
        begun=all(task.done for task in one.checklist),
        problems=problems[:MOST_PROBLEMS],
        more_problems=len(problems) > MOST_PROBLEMS,
        settings=[
            (field.label, _say(field, one.settings[field.key], formats))
            for field in fields
            if field.key in one.settings
        ],
        rules=[describe(rule, filters) for rule in one.row.exclusions],
        refresh=REFRESH_SECONDS if one.row.running else None,
    )


def _say(field: Field, value: Any, formats: Formats) -> str:
    """A setting in words; a date as everywhere on the pages."""
    return formats.day(date.fromisoformat(str(value))) if field.kind == "date" and value else field.shown(value)


async def set_state(request: web.Request) -> web.StreamResponse:
    """Stop (`to` is ``paused``) or go on (``ready``)."""
    services, names, visit = services_of(request), names_of(request), visit_of(request)
    if form_of(request).text("to") == "ready":
        await changing.change(services, *names, state="ready")
        said = "It goes on: what waits is sent with the next run."
        return await redirect(request, visit.path("webservices", names[1]), say=said)
    await changing.change(services, *names, state="paused")
    return await redirect(request, visit.path("webservices", names[1]))  # the page itself says that it stopped


async def follow_webservice(request: web.Request) -> web.StreamResponse:
    """Server-sent events: how it stands, whenever that changes, until nothing runs any more."""
    services, names = services_of(request), names_of(request)
    return await stream_fragments(request, _fragments(request, await overview.get_overview(services, *names)))


async def _fragments(request: web.Request, one: Overview) -> AsyncGenerator[str, None]:
    services, told = services_of(request), ""
    pause = POLL_SECONDS * min(1.0, request.app[DEPS].settings.clock_factor)
    while one.row.running:
        text = render_fragment(request, "webservices/standing.html", it=view_of(services, one))
        if text != told:
            yield text
            told = text
        await asyncio.sleep(pause)
        one = await overview.get_overview(services, one.row.gallery_id, one.row.id)


async def ask_disconnect(request: web.Request) -> web.StreamResponse:
    """What disconnecting means, before it is done."""
    services, visit = services_of(request), visit_of(request)
    one = await overview.get_overview(services, *names_of(request))
    if one.row.state == "disconnected":
        raise ConflictError("not-ready", "The webservice is disconnected already; its history is kept.")
    return await render(
        request,
        "webservices/disconnect.html",
        title=f"Disconnect {one.row.name}",
        crumbs=crumbs_of(visit, (one.row.name, visit.path("webservices", one.row.id))),
        it=view_of(services, one),
    )


async def disconnect(request: web.Request) -> web.StreamResponse:
    """End it; entries and history stay."""
    services, names = services_of(request), names_of(request)
    row = await services.get(*names)
    await connecting.disconnect(services, *names)
    said = f"{row.name} is disconnected. What stands in the books stays there, and the history is kept here."
    return await redirect(request, visit_of(request).path("webservices"), say=said)


ROUTES = (
    Route(
        method="GET",
        path=LIST,
        handler=list_webservices,
        policy=Policy.PAGE_READER,
        summary="The webservices.",
        page=True,
    ),
    Route(
        method="GET",
        path=ONE,
        handler=show_webservice,
        policy=Policy.PAGE_READER,
        summary="How one webservice stands.",
        page=True,
    ),
    Route(
        method="GET",
        path=f"{ONE}/events",
        handler=follow_webservice,
        policy=Policy.PAGE_READER,
        summary="How one webservice stands, as it changes.",
        page=True,
    ),
    Route(
        method="POST",
        path=f"{ONE}/state",
        handler=set_state,
        policy=Policy.PAGE_BOOKKEEPER,
        summary="Stop or go on.",
        page=True,
    ),
    Route(
        method="GET",
        path=f"{ONE}/disconnect",
        handler=ask_disconnect,
        policy=Policy.PAGE_OWNER,
        summary="What disconnecting means.",
        page=True,
    ),
    Route(
        method="POST",
        path=f"{ONE}/disconnect",
        handler=disconnect,
        policy=Policy.PAGE_OWNER,
        summary="Disconnect.",
        page=True,
    ),
)
