"""The two ends of the consent walk in the browser: out to the remote consent page, and back."""

from __future__ import annotations

from typing import NoReturn

from aiohttp import web

from hub.errors import NotFoundError, UnavailableError
from hub.web import pages
from hub.web.bodies import is_id
from hub.web.deps import DEPS, Consents, Webservices
from hub.web.routes import Policy, Route

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
    """Take the remote side's answer: the consent is checked and finished, the person reads what follows."""
    consents, kind = _consents(request), request.match_info["kind"]
    if not is_id(kind):
        raise NotFoundError("There is no such kind of webservice.")
    finished = await consents.finish(kind, request.query, request.cookies)
    if finished.refused:
        refusal = _REFUSALS.get(finished.refused, f"The other side refused the connection ({finished.refused}).")
        page = pages.render(request, "notice.html", title="Not connected", text=f"{refusal} {_AGAIN}", bad=True)
    else:
        sentence = await _webservices(request).consented(finished)
        page = pages.render(request, "notice.html", title="Allowed", text=sentence, bad=False)
    cookie = consents.cookie_name(request.query.get("state", ""))
    page.del_cookie(cookie, path="/", secure=cookie.startswith("__Host-"), httponly=True, samesite="Lax")
    return page


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
