"""Around every handler: request id, one log line, metrics, and hub errors as problems."""

from __future__ import annotations

import re
import secrets
import time

import msgspec
import structlog
from aiohttp import web

from hub.errors import HubError
from hub.web import problems
from hub.web.metrics import METRICS
from hub.web.policies import find_route
from hub.web.routes import Handler, Route
from hub.web.ui import faults
from hub.web.ui.session import NEEDED

log = structlog.get_logger(__name__)

REQUEST_ID = web.RequestKey("request_id", str)
BEGUN = web.RequestKey("begun", bool)
CLIENT_GONE = 499  # in logs and metrics only, as nginx calls it
_KNOWN_METHODS = frozenset({"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


@web.middleware
async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request its id, count it, and write one line about it; paths appear as templates only."""
    given = request.headers.get("X-Request-Id", "")
    request_id = given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
    request[REQUEST_ID] = request_id
    metrics = request.app[METRICS]
    route = find_route(request)
    labels = (request.method if request.method in _KNOWN_METHODS else "other", route.path if route else "unknown")
    began = time.perf_counter()
    status = CLIENT_GONE
    with structlog.contextvars.bound_contextvars(request_id=request_id), metrics.in_flight.track_inprogress():
        try:
            response = await handler(request)
            status = response.status
            if not response.prepared:
                response.headers["X-Request-Id"] = request_id
            return response
        finally:
            seconds = time.perf_counter() - began
            metrics.requests.labels(*labels, str(status)).inc()
            metrics.seconds.labels(*labels).observe(seconds)
            log.info("request.answered", method=labels[0], route=labels[1], status=status, seconds=round(seconds, 4))


@web.middleware
async def explain_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what a handler raises into a problem: JSON for programs, a page for people.

    An answer that has begun can have no other: its connection is cut, so that nobody takes the half for the whole.
    """
    try:
        return await handler(request)
    except Exception as error:  # the border of the application: whatever it is, the caller is answered
        begun, known = request.get(BEGUN, False), isinstance(error, HubError | web.HTTPException)
        if begun or not known:
            if request.transport is None or request.transport.is_closing():
                return web.Response(status=CLIENT_GONE)  # there is nobody to tell
            log.exception("request.crashed")
        if begun and request.transport is not None:
            request.transport.abort()
            return web.Response(status=CLIENT_GONE)
        return _render(request, _explain(error))


async def note_begun(request: web.Request, _response: web.StreamResponse) -> None:
    """Signal handler: the answer to *request* begins."""
    request[BEGUN] = True


def _explain(error: Exception) -> problems.Answer:
    match error:
        case HubError():
            answer = problems.explain(error)
            if answer.problem.status >= 500:
                log.warning("request.failed", error=type(error).__name__, status=answer.problem.status)
            return answer
        case web.HTTPException():
            if error.status < 400:
                raise error
            return problems.explain_http(error)
        case _:
            return problems.Answer(problem=problems.problem("internal"))


def _render(request: web.Request, answer: problems.Answer) -> web.Response:
    problem = msgspec.structs.replace(answer.problem, request_id=request[REQUEST_ID])
    route = find_route(request)
    if _wants_page(request, route):
        response = faults.render_fault(request, problem)
    else:
        response = web.Response(
            status=problem.status, body=msgspec.json.encode(problem), headers={"Content-Type": problems.MEDIA}
        )
    response.headers.update(answer.headers)
    if route is not None and route.policy in NEEDED:
        response.headers.pop("WWW-Authenticate", None)  # browsers would ask for a password
    if problem.status in {408, 413}:
        response.force_close()  # the rest of the body is not wanted
    return response


def _wants_page(request: web.Request, route: Route | None) -> bool:
    if route is not None and route.policy in NEEDED:
        return True
    asks = "text/html" in request.headers.get("Accept", "")
    return asks and (route.page if route else not request.path.startswith("/api/"))
