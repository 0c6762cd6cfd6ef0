"""The operator's home: every gallery."""

from __future__ import annotations

from aiohttp import web

from hub.store import records
from hub.web.deps import DEPS
from hub.web.queries import Query
from hub.web.routes import Policy, Route
from hub.web.ui.render import render
from hub.web.ui.session import OPERATOR_HOME

PAGE = 50


async def list_galleries(request: web.Request) -> web.StreamResponse:
    """One page of all galleries, by id."""
    query = Query(request)
    cursor, text = query.text("cursor"), query.text("q")
    query.check()
    async with request.app[DEPS].database.connection() as conn:
        page = await records.list_galleries(conn, limit=PAGE, cursor=cursor, q=text)
    return await render(
        request,
        "operator/galleries.html",
        title="Galleries",
        galleries=[one.record for one in page.items],
        q=text or "",
        next=page.next,
    )


ROUTES = (
    Route(
        method="GET",
        path=OPERATOR_HOME,
        handler=list_galleries,
        policy=Policy.PAGE_OPERATOR,
        summary="Every gallery.",
        page=True,
    ),
)
