"""The gallery's home: how everything stands, in one sentence and a card for each webservice."""

from __future__ import annotations

from aiohttp import web

from hub.sync import overview
from hub.sync.overview import Overview
from hub.web.api.shapes import services_of
from hub.web.routes import Policy, Route
from hub.web.ui import glance, words
from hub.web.ui.render import render
from hub.web.ui.session import HOME, visit_of


async def show_overview(request: web.Request) -> web.StreamResponse:
    """How everything stands."""
    found = await overview.list_overviews(services_of(request), visit_of(request).gallery_id)
    live = [one for one in found if one.row.state != "disconnected"]
    cards = [
        {
            "one": one,
            "word": words.webservice_word(one.row.state, running=one.row.running),
            "groups": glance.group_counts(one.counts),
            "todo": next((task for task in one.checklist if not task.done), None),
        }
        for one in live
    ]
    return await render(
        request,
        "overview/home.html",
        title="Overview",
        cards=cards,
        ended=len(found) - len(live),
        groups=glance.add_up(glance.group_counts(one.counts) for one in live if _has_begun(one)),
        begun=any(_has_begun(one) for one in live),
        render_glance=glance.render_glance,
    )


def _has_begun(one: Overview) -> bool:
    return one.last_run is not None or any(one.counts.values())


ROUTES = (
    Route(
        method="GET",
        path=HOME,
        handler=show_overview,
        policy=Policy.PAGE_READER,
        summary="How everything stands.",
        page=True,
    ),
)
