"""The gallery's home: how everything stands, in one sentence, the year, what needs somebody, and each webservice."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from hub.sync import causes, overview, standing
from hub.sync.overview import Overview
from hub.sync.standing import Standing
from hub.web.api.shapes import services_of
from hub.web.deps import DEPS
from hub.web.routes import Policy, Route
from hub.web.ui import glance, ways, words, year
from hub.web.ui.formats import Formats
from hub.web.ui.render import render
from hub.web.ui.session import HOME, visit_of

NEWEST = 3
_STOPPED = frozenset({"paused", "reauthorize"})


async def show_overview(request: web.Request) -> web.StreamResponse:
    """How everything stands."""
    visit, services = visit_of(request), services_of(request)
    found = await overview.list_overviews(services, visit.gallery_id)
    live = [one for one in found if one.row.state != "disconnected"]
    begun = [one for one in live if _has_begun(one)]
    formats = Formats.of(visit.gallery, request.app[DEPS].clock.now())
    today = formats.now.astimezone(formats.zone).date()
    stand = await standing.get_standing(services, visit.gallery_id, [one.row.id for one in begun], today=today)
    newest = await causes.list_causes(services, visit.gallery_id, None, limit=NEWEST, solved=False)
    return await render(
        request,
        "overview/home.html",
        title="Overview",
        cards=[_card(one) for one in live],
        ended=len(found) - len(live),
        glance=_say(begun, stand, formats),
        stopped=[one.row for one in live if one.row.state in _STOPPED],
        months=stand.months if any(month.total for month in stand.months) else (),
        bars=year.draw_bars(stand.months),
        newest=newest,
        ways=ways,
    )


def _card(one: Overview) -> dict[str, object]:
    return {
        "one": one,
        "word": words.webservice_word(one.row.state, running=one.row.running),
        "groups": glance.group_counts(one.counts),
        "todo": next((task for task in one.checklist if not task.done), None),
    }


def _say(begun: Sequence[Overview], stand: Standing, formats: Formats) -> str:
    if not begun:
        return "Nothing is synced yet: there is something left to do."
    waits = ""
    if stand.since is not None and not any(one.row.running for one in begun):
        names = dict.fromkeys(one.row.name for one in begun if glance.group_counts(one.counts)["on_its_way"])
        waits = f"for {' and '.join(names)} since {formats.moment(stand.since)}"
    groups = glance.add_up(glance.group_counts(one.counts) for one in begun)
    return glance.render_glance(groups, formats, waits=waits)


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
