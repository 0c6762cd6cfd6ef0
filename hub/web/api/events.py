"""What galleries learn from the hub, by cursor."""

from __future__ import annotations

from aiohttp import web

from hub.store import events
from hub.web.api.records import check_gallery
from hub.web.bodies import answer
from hub.web.deps import DEPS
from hub.web.queries import LIMIT, Query
from hub.web.routes import PageOf, Parameter, Policy, Route

AFTER = Parameter(
    name="after", summary="`id` of the last event seen, or `next` of the page before; left out: the first."
)


async def list_events(request: web.Request) -> web.StreamResponse:
    """One page of events, oldest first; go on after the last one seen."""
    query = Query(request)
    limit, after = query.limit(), query.text("after")
    query.check()
    gallery_id = request.match_info["gallery"]
    async with request.app[DEPS].database.connection() as connection:
        page = await events.list_after(connection, gallery_id, after, limit)
        if not page.items:
            await check_gallery(connection, gallery_id)
    items = [events.render(one) for one in page.items]
    return answer({"items": items, "next": page.next})


_EVENT = {
    "type": "object",
    "title": "Event",
    "properties": {
        "id": {"type": "string"},
        "type": {"type": "string"},
        "at": {"type": "string", "format": "date-time"},
        "data": {"type": "object"},
    },
    "required": ["id", "type", "at", "data"],
}

ROUTES = (
    Route(
        method="GET",
        path="/api/v1/galleries/{gallery}/events",
        handler=list_events,
        policy=Policy.GALLERY_READER,
        summary="What happened: payments that came back, entries that need a person, runs finished.",
        tag="Events",
        query=(LIMIT, AFTER),
        response=PageOf(item=_EVENT),
    ),
)
