"""Galleries: the tenants of the hub."""

from __future__ import annotations

from aiohttp import web

from hub.domain.records import Gallery
from hub.store import records
from hub.web.api import records as record_views
from hub.web.bodies import answer
from hub.web.deps import DEPS
from hub.web.queries import CURSOR, LIMIT, Q, Query
from hub.web.routes import PageOf, Policy, Route


async def list_galleries(request: web.Request) -> web.StreamResponse:
    """One page of all galleries."""
    query = Query(request)
    limit, cursor, text = query.limit(), query.text("cursor"), query.text("q")
    query.check()
    async with request.app[DEPS].database.connection() as connection:
        page = await records.list_galleries(connection, limit=limit, cursor=cursor, q=text)
    return answer({"items": [record_views.render_record(one) for one in page.items], "next": page.next})


async def put_gallery(request: web.Request) -> web.StreamResponse:
    """Make or change a gallery."""
    return await record_views.put_record(request, "gallery", request.match_info["gallery"])


async def get_gallery(request: web.Request) -> web.StreamResponse:
    """One gallery."""
    return await record_views.get_record(request, "gallery", request.match_info["gallery"])


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/galleries",
        handler=list_galleries,
        policy=Policy.OPERATOR,
        summary="All galleries.",
        tag="Galleries",
        query=(LIMIT, CURSOR, Q),
        response=PageOf(item=record_views.stored_schema(Gallery)),
    ),
    Route(
        method="GET",
        path="/api/v1/galleries/{gallery}",
        handler=get_gallery,
        policy=Policy.GALLERY_READER,
        summary="One gallery.",
        tag="Galleries",
        response=record_views.stored_schema(Gallery),
    ),
    Route(
        method="PUT",
        path="/api/v1/galleries/{gallery}",
        handler=put_gallery,
        policy=Policy.GALLERY_ADMIN,
        summary="Make a gallery (operator) or change one.",
        tag="Galleries",
        request=record_views.incoming_schema(Gallery),
        response=record_views.stored_schema(Gallery),
        status=(200, 201),
    ),
)
