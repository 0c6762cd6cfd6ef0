"""Where a browser goes after a consent: back into the pages, when it is signed in to them."""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import web

from hub.domain.sessions import may
from hub.store import sessions
from hub.store.sessions import Flash, Session, Tone
from hub.web.deps import DEPS
from hub.web.ui.render import see_other
from hub.web.ui.session import HOME, find_cookie, home_of


async def find_owner(request: web.Request) -> Session | None:
    """The live session of somebody who may connect webservices; None: the consent's own small pages are shown."""
    cookie = find_cookie(request)
    if cookie is None:
        return None
    async with request.app[DEPS].database.connection() as conn:
        session = await sessions.find(conn, cookie)
    return session if session is not None and may(session.visitor.role, "owner") else None


def sees(session: Session, gallery_id: str) -> bool:
    """Whether the pages of the gallery are open to it."""
    return session.visitor.gallery_id in {None, gallery_id}


async def lead_back(
    request: web.Request, session: Session, place: tuple[str, str, str] | None, *, say: str, tone: Tone
) -> web.Response:
    """303 to *place* (gallery, webservice, page below it), or to where the person begins, which shows *say* once."""
    async with request.app[DEPS].database.connection() as conn:
        await sessions.add_flash(conn, session, Flash(text=say, tone=tone))
    if place is None:
        return see_other(home_of(session))
    gallery_id, *parts = place
    home = HOME.format(gallery=quote(gallery_id, safe=""))
    return see_other("/".join([home, "webservices", *(quote(part, safe="") for part in parts)]))
