"""How a browser comes in by a one-use link, and leaves again."""

from __future__ import annotations

from aiohttp import web

from hub.store import sessions
from hub.web.deps import DEPS
from hub.web.routes import Policy, Route
from hub.web.ui.render import render_page, see_other
from hub.web.ui.session import VISIT, drop_cookie, find_cookie, home_of, set_cookie, visit_of


async def enter(request: web.Request) -> web.StreamResponse:
    """Use the link up and sign the browser in; a HEAD (a mail scanner, a chat's preview) does not."""
    if request.method == "HEAD":
        return web.Response()
    async with request.app[DEPS].database.transaction() as conn:
        session = await sessions.enter(conn, request.match_info["one_time"], instead_of=find_cookie(request))
    response = see_other(home_of(session))
    set_cookie(request, response, session)
    return response


async def leave(request: web.Request) -> web.StreamResponse:
    """End the session and go back to where the browser came from."""
    session = visit_of(request).session
    async with request.app[DEPS].database.connection() as conn:
        await sessions.finish(conn, session)
    response: web.Response
    if session.visitor.return_url:
        response = see_other(session.visitor.return_url)
    else:
        del request[VISIT]  # the page belongs to nobody
        sentences = ["You can close this page. To come back, open the hub with a new link."]
        response = render_page(
            request, "sentence.html", title="You are signed out", sentences=sentences, faults=[], way=None, mark=""
        )
    drop_cookie(request, response)
    return response


ROUTES = (
    Route(
        method="GET",
        path="/enter/{one_time}",
        handler=enter,
        policy=Policy.PUBLIC,
        summary="Sign a browser in by a one-use link.",
        page=True,
    ),
    Route(
        method="POST",
        path="/leave",
        handler=leave,
        policy=Policy.PAGE_READER,
        summary="Sign the browser out.",
        page=True,
    ),
)
