"""The two ends of the consent walk in the browser: out to the remote consent page, and back."""

from __future__ import annotations

from typing import NoReturn

from aiohttp import web

from hub.errors import ConflictError, NotFoundError, RemoteError, UnavailableError
from hub.remote.consents import Finished
from hub.store.sessions import Session
from hub.web import pages
from hub.web.bodies import is_id
from hub.web.deps import DEPS, Consents, Webservices
from hub.web.routes import Policy, Route
from hub.web.ui import coming_back

CONSENT_SECONDS = 600
_AGAIN = "Nothing was stored; to try again, start the connection from the webservice."
_REFUSALS = {"access_denied": "The connection was not allowed."}


async def connect(request: web.Request) -> web.StreamResponse:
    """Bind this browser by a cookie and send it to the remote consent page."""
    begun = await _consents(request).begin(request.match_info["one_time"])
    response = web.Response(status=302, headers={"Location": begun.redirect_url})
    response.set_cookie(
        begun.cookie_name,
        begun.cookie_value,
        max_age=CONSENT_SECONDS,
        path="/",
        secure=begun.secure,
        httponly=True,
        samesite="Lax",  # Strict would not come along on the way back
    )
    return response


async def receive_consent(request: web.Request) -> web.StreamResponse:
    """Take the remote side's answer: the consent is checked and finished.

    A browser that is signed in goes on in the pages, with a sentence that says how it went; another one gets a page of
    its own.
    """
    consents, kind = _consents(request), request.match_info["kind"]
    if not is_id(kind):
        raise NotFoundError("There is no such kind of webservice.")
    owner = await coming_back.find_owner(request)
    try:
        finished = await consents.finish(kind, request.query, request.cookies)
    except (ConflictError, RemoteError) as error:
        if owner is None:
            raise
        return await coming_back.lead_back(request, owner, None, say=f"{error} {_AGAIN}", tone="bad")
    if owner is not None and coming_back.sees(owner, finished.gallery_id):
        page = await _lead_on(request, owner, finished)
    else:
        page = await _tell(request, finished)
    cookie = consents.cookie_name(request.query.get("state", ""))
    page.del_cookie(cookie, path="/", secure=cookie.startswith("__Host-"), httponly=True, samesite="Lax")
    return page


async def _tell(request: web.Request, finished: Finished) -> web.Response:
    """A page that says what became of it, for a browser that nobody is signed in with."""
    if finished.refused:
        return pages.render(request, "notice.html", title="Not connected", text=_refusal(finished.refused), bad=True)
    sentence = await _webservices(request).consented(finished)
    return pages.render(request, "notice.html", title="Allowed", text=sentence, bad=False)


async def _lead_on(request: web.Request, owner: Session, finished: Finished) -> web.Response:
    """On to the choice of the organisation, which leads further where it was made before; or back to the beginning."""
    again = (finished.gallery_id, finished.webservice_id, "access")
    if finished.refused:
        return await coming_back.lead_back(request, owner, again, say=_refusal(finished.refused), tone="bad")
    try:
        sentence = await _webservices(request).consented(finished)
    except (ConflictError, RemoteError) as error:
        return await coming_back.lead_back(request, owner, again, say=str(error), tone="bad")
    on = (finished.gallery_id, finished.webservice_id, "organisation")
    return await coming_back.lead_back(request, owner, on, say=sentence, tone="good")


def _refusal(word: str) -> str:
    return f"{_REFUSALS.get(word, f'The other side refused the connection ({word}).')} {_AGAIN}"


def _consents(request: web.Request) -> Consents:
    return request.app[DEPS].consents or _absent()


def _webservices(request: web.Request) -> Webservices:
    return request.app[DEPS].webservices or _absent()


def _absent() -> NoReturn:
    raise UnavailableError("This part of the hub is not running here.")


ROUTES = (
    Route(
        method="GET",
        path="/connect/{one_time}",
        handler=connect,
        policy=Policy.PUBLIC,
        summary="Begin a consent in the browser that opens this one-time link.",
        page=True,
    ),
    Route(
        method="GET",
        path="/oauth/callback/{kind}",
        handler=receive_consent,
        policy=Policy.PUBLIC,
        summary="Where the remote consent page sends the browser back to.",
        page=True,
    ),
)
