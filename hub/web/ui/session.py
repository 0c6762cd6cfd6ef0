"""Who looks at a page: the browser's session, what it may see, and the gallery it looks at.

`hub.web.policies.authorise` lets every page of a `PAGE_...` policy through `admit`, in this order: a live session
(401), its gallery (404, the same for another one's as for one that is not there), the role (403), and for what changes
something the form's token (403). So no handler can forget one of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

import msgspec
from aiohttp import web

from hub.domain.records import Gallery, Reference
from hub.domain.sessions import Role, may
from hub.errors import AccessError, NotFoundError
from hub.settings import Settings
from hub.store import records, sessions
from hub.store.sessions import Session
from hub.web.deps import DEPS
from hub.web.routes import Policy, Route
from hub.web.ui import csrf

NEEDED: Mapping[Policy, Role] = {
    Policy.PAGE_READER: "reader",
    Policy.PAGE_BOOKKEEPER: "bookkeeper",
    Policy.PAGE_OWNER: "owner",
    Policy.PAGE_OPERATOR: "operator",
}
HOME = "/galleries/{gallery}"
OPERATOR_HOME = "/operator"
_ID = re.compile(r"[A-Za-z0-9._-]{1,50}")


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One request of a signed-in browser. `gallery` is None on the operator's own pages."""

    session: Session
    gallery: Gallery | None = None

    @property
    def role(self) -> Role:
        """What the person may do."""
        return self.session.visitor.role

    @property
    def token(self) -> str:
        """What every form of this session carries."""
        return csrf.make_token(self.session.secret)

    @property
    def who(self) -> str:
        """The person for a history: name, else e-mail, else role."""
        visitor = self.session.visitor
        return visitor.user_name or visitor.user_email or visitor.role

    @property
    def gallery_id(self) -> str:
        """The gallery's id. Raises NotFoundError on a page that belongs to none."""
        if self.gallery is None:
            raise NotFoundError("There is no such page.")
        return self.gallery.id

    @property
    def home(self) -> str:
        """Where this person begins."""
        return home_of(self.session)

    def may(self, role: Role) -> bool:
        """Whether the person may do what *role* may."""
        return may(self.role, role)

    def path(self, *parts: str) -> str:
        """A path below the gallery's home: ``path("webservices", id)``."""
        gallery = [] if self.gallery is None else ["galleries", self.gallery.id]
        return "/" + "/".join(quote(part, safe="") for part in (*gallery, *parts))


VISIT = web.RequestKey("visit", Visit)
FORM = web.RequestKey("form", csrf.Form)


def visit_of(request: web.Request) -> Visit:
    """The visit of a page with a `PAGE_...` policy."""
    return request[VISIT]


def find_visit(request: web.Request) -> Visit | None:
    """The visit; None on public pages and where nobody is signed in."""
    return request.get(VISIT)


def form_of(request: web.Request) -> csrf.Form:
    """What a POST of a page brought; its token is checked already."""
    return request[FORM]


def home_of(session: Session) -> str:
    """Where the pages of this session begin."""
    gallery_id = session.visitor.gallery_id
    return OPERATOR_HOME if gallery_id is None else HOME.format(gallery=quote(gallery_id, safe=""))


def is_secure(settings: Settings) -> bool:
    """Whether browsers reach the hub by https."""
    return settings.url().startswith("https://")


def cookie_name(settings: Settings) -> str:
    """``__Host-`` binds the cookie to this very host, and needs https."""
    return "__Host-hub" if is_secure(settings) else "hub_session"


def find_cookie(request: web.Request) -> str | None:
    """The secret that the browser brought."""
    return request.cookies.get(cookie_name(request.app[DEPS].settings)) or None


def set_cookie(request: web.Request, response: web.StreamResponse, session: Session) -> None:
    """Give the browser its session. Lax, as Strict would not come along on the way back from a consent page."""
    settings = request.app[DEPS].settings
    response.set_cookie(
        cookie_name(settings),
        session.secret.reveal(),
        path="/",
        secure=is_secure(settings),
        httponly=True,
        samesite="Lax",
    )


def drop_cookie(request: web.Request, response: web.StreamResponse) -> None:
    """Take the browser's session away."""
    settings = request.app[DEPS].settings
    response.del_cookie(cookie_name(settings), path="/", secure=is_secure(settings), httponly=True, samesite="Lax")


async def admit(request: web.Request, route: Route) -> None:
    """Let a request to a page of *route* through: afterwards `visit_of` and, for a POST, `form_of` are there.

    Raises:
        AccessError: nobody is signed in, the role may not, or the form's token is missing or another session's.
        NotFoundError: there is no such gallery, or it is another one's.
        web.HTTPException: a form that cannot be read (400, 408, 413, 415).
    """
    deps = request.app[DEPS]
    gallery_id = request.match_info.get("gallery")
    gallery: Gallery | None = None
    async with deps.database.connection() as conn:
        session = await sessions.find(conn, find_cookie(request) or "", touch=not _is_stream(request))
        if session is None:
            raise AccessError("unauthorized", "Nobody is signed in here, or it was too long ago.")
        if gallery_id is not None:
            if not _ID.fullmatch(gallery_id) or session.visitor.gallery_id not in {None, gallery_id}:
                raise unknown_page()
            found = await records.load(conn, gallery_id, [Reference("gallery", gallery_id)])
            gallery = next((one.record for one in found.values() if isinstance(one.record, Gallery)), None)
            if gallery is None:
                raise unknown_page()
    request[VISIT] = visit = Visit(session=session, gallery=gallery)
    needed = NEEDED[route.policy]
    if not visit.may(needed):
        raise AccessError("forbidden", f"You are signed in as {visit.role}; this needs the role {needed}.")
    if route.method != "GET":
        request[FORM] = await csrf.read_form(request, session.secret, ours=deps.settings.url())


def unknown_page() -> NotFoundError:
    """The one answer for what is not there and for what belongs to another gallery."""
    return NotFoundError("There is no such page, or it belongs to another gallery.")


def _is_stream(request: web.Request) -> bool:
    """A page that is left open asks for its events again and again: that is no use of it."""
    return "text/event-stream" in request.headers.get("Accept", "")
