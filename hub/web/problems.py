"""Problems of the HTTP API (RFC 9457): every name, its status, and what each hub error becomes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, assert_never

import msgspec
from aiohttp import web

from hub.errors import (
    AccessError,
    AuthorizationError,
    BusyError,
    ConflictError,
    CursorExpiredError,
    FormError,
    HubError,
    NotFoundError,
    PermanentError,
    RemoteError,
    TemporaryError,
    ThrottledError,
    UnavailableError,
)

MEDIA = "application/problem+json"
BUSY_SECONDS = 5


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """What a problem's `type` stands for; `text` is shown at `/problems/<name>`."""

    name: str
    status: int
    title: str
    text: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of an answer with a status of 400 or more."""

    type: str
    title: str
    status: int
    detail: str = ""
    errors: list[dict[str, str]] = []
    request_id: str = ""


_KINDS = (
    Kind(name="bad-request", status=400, title="The request cannot be read", text="It is not HTTP as we know it."),
    Kind(
        name="unauthorized",
        status=401,
        title="A key is needed",
        text="Send `Authorization: Bearer <key>` with a key of the gallery. Keys are made with `hub keys create`; "
        "a revoked key is gone for good.",
    ),
    Kind(
        name="forbidden",
        status=403,
        title="This key may not do that",
        text="The key is known, but its role does not allow this call: writing needs a gallery-admin key, "
        "what concerns all galleries an operator key.",
    ),
    Kind(
        name="not-found",
        status=404,
        title="There is no such thing",
        text="The path or the id is unknown, or your key may not see it.",
    ),
    Kind(
        name="method-not-allowed",
        status=405,
        title="This path does not know that method",
        text="The header `Allow` of the answer lists the methods it knows.",
    ),
    Kind(
        name="timeout",
        status=408,
        title="The request took too long to arrive",
        text="The body came too slowly or stopped. Nothing of it was stored; send it again.",
    ),
    Kind(
        name="too-large",
        status=413,
        title="The body is too large",
        text="A record may have 5 MiB, any other body 64 KiB. Many records go through `POST .../records`, one a line.",
    ),
    Kind(
        name="unsupported-media-type",
        status=415,
        title="The body is of another type",
        text="Bodies are JSON in UTF-8 with `Content-Type: application/json` (many records: `application/x-ndjson`), "
        "not compressed.",
    ),
    Kind(
        name="expectation-failed",
        status=417,
        title="The header Expect asks for something unknown",
        text="Only `100-continue` is known.",
    ),
    Kind(
        name="invalid",
        status=422,
        title="The input has faults",
        text="`errors` lists every fault with its place (`lines[0].quantity`). Nothing was stored: correct them all "
        "and send it again.",
    ),
    Kind(
        name="conflict",
        status=409,
        title="The state of things forbids it",
        text="The request is sound in itself; `detail` says what stands in its way and what to do.",
    ),
    Kind(
        name="has-payments",
        status=409,
        title="The invoice has payments",
        text="An invoice that was paid in part or in full cannot be voided. Remove its payments first (a PUT with "
        '`"status": "deleted"`), or write a credit note.',
    ),
    Kind(
        name="connected",
        status=409,
        title="A webservice is connected",
        text="An invoice is not deleted while any webservice is connected or it stands in any books: void it instead.",
    ),
    Kind(
        name="read-only",
        status=409,
        title="The record is read-only",
        text="It came from a webservice (see its `origin`): change it there.",
    ),
    Kind(
        name="other-organisation",
        status=409,
        title="It is another organisation",
        text="The webservice was connected with another organisation before. Authorise that one again, or make a new "
        "webservice.",
    ),
    Kind(
        name="organisation-in-use",
        status=409,
        title="The organisation is in use",
        text="Another live webservice holds this organisation: disconnect that one first.",
    ),
    Kind(
        name="not-ready",
        status=409,
        title="The webservice is not ready",
        text="Its `state` says what is missing: the consent, an organisation, or mappings (see `missing`).",
    ),
    Kind(
        name="used",
        status=409,
        title="The link was used",
        text="A link to connect works once. Ask for a new one from the webservice.",
    ),
    Kind(
        name="consent",
        status=409,
        title="The answer belongs to no consent of this browser",
        text="A consent is finished in the browser that began it, within ten minutes, once. Start the connection again "
        "from the webservice.",
    ),
    Kind(
        name="too-many-requests",
        status=429,
        title="Too many requests",
        text="Wait as long as `Retry-After` says.",
    ),
    Kind(
        name="limit-reached",
        status=429,
        title="The accounting system takes no more calls for now",
        text="Its limit is used up, and nothing was done there; try again after `Retry-After` seconds.",
    ),
    Kind(
        name="internal",
        status=500,
        title="Something went wrong on our side",
        text="It was logged under the request id of the answer; give that id to the operator.",
    ),
    Kind(
        name="gone",
        status=410,
        title="This link has ended",
        text="A link that signs a browser in works once, within five minutes: make a new one.",
    ),
    Kind(
        name="remote",
        status=502,
        title="The other side refused",
        text="The accounting system did not do what was asked; `detail` holds its reason.",
    ),
    Kind(
        name="remote-unavailable",
        status=503,
        title="The other side does not answer",
        text="The accounting system is away; try again after `Retry-After` seconds.",
    ),
    Kind(
        name="unavailable",
        status=503,
        title="The hub is busy",
        text="The database is away or has no connection free; try again after `Retry-After` seconds.",
    ),
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _KINDS}
_BY_STATUS = {400: "bad-request", 404: "not-found", 405: "method-not-allowed", 408: "timeout", 413: "too-large"} | {
    415: "unsupported-media-type",
    417: "expectation-failed",
    429: "too-many-requests",
}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A problem with the headers it travels with."""

    problem: Problem
    headers: Mapping[str, str] = {}


def problem(
    name: str, detail: str = "", *, errors: list[dict[str, str]] | None = None, status: int | None = None
) -> Problem:
    """The problem *name*; a name that is not in the table (a plugin's rule) is a conflict."""
    kind = KINDS.get(name, KINDS["conflict"])
    return Problem(
        type=f"/problems/{name}",
        title=kind.title,
        status=status or kind.status,
        detail=detail or kind.text,
        errors=errors or [],
    )


def explain(error: HubError) -> Answer:
    """What a hub error says over HTTP. Its text is fit for people (see `HubError`)."""
    match error:
        case FormError():
            errors = [{"at": at, "message": message} for at, message in error.faults]
            return Answer(problem=problem("invalid", f"{error.title}: {_count(len(errors))}.", errors=errors))
        case NotFoundError():
            return Answer(problem=problem("not-found", str(error)))
        case ConflictError():
            return Answer(problem=problem(error.name, str(error)))
        case AccessError():
            challenge = {"WWW-Authenticate": 'Bearer realm="hub"'} if error.name == "unauthorized" else {}
            return Answer(problem=problem(error.name, str(error)), headers=challenge)
        case BusyError() | UnavailableError():
            return Answer(problem=problem("unavailable", str(error)), headers={"Retry-After": str(BUSY_SECONDS)})
        case RemoteError():
            return _explain_remote(error)
        case _:
            return Answer(problem=problem("internal"))


def _explain_remote(error: RemoteError) -> Answer:
    match error:
        case ThrottledError():
            return _later(error, error.retry_after, "limit-reached")
        case TemporaryError():
            return _later(error, error.delay or BUSY_SECONDS)
        case PermanentError():
            return Answer(problem=problem("remote", " ".join(part for part in (str(error), error.remedy) if part)))
        case AuthorizationError() | CursorExpiredError() | RemoteError():
            return Answer(problem=problem("remote", str(error)))
        case _:
            assert_never(error)


def _later(error: RemoteError, seconds: float, name: str = "remote-unavailable") -> Answer:
    after = str(max(1, math.ceil(min(seconds, 86_400))))
    return Answer(problem=problem(name, str(error)), headers={"Retry-After": after})


def explain_http(error: web.HTTPException) -> Answer:
    """What one of aiohttp's own errors (a path or method that is not there, a limit) says as a problem."""
    name = _BY_STATUS.get(error.status) or ("internal" if error.status >= 500 else "bad-request")
    own_words = error.text if error.text and error.text != f"{error.status}: {error.reason}" else ""
    kept = {header: error.headers[header] for header in ("Allow", "Retry-After") if header in error.headers}
    return Answer(problem=problem(name, own_words, status=error.status), headers=kept)


def schema() -> dict[str, Any]:
    """JSON Schema of a problem."""
    place = {"type": "string", "description": "Place of the fault (`lines[0].quantity`), empty for the whole input."}
    fault = {
        "type": "object",
        "properties": {"at": place, "message": {"type": "string"}},
        "required": ["at", "message"],
    }
    return {
        "type": "object",
        "title": "Problem",
        "description": "RFC 9457 problem details.",
        "properties": {
            "type": {"type": "string", "description": "`/problems/<name>`, a page that explains it."},
            "title": {"type": "string"},
            "status": {"type": "integer", "enum": sorted({int(kind.status) for kind in _KINDS})},
            "detail": {"type": "string"},
            "errors": {"type": "array", "items": fault},
            "request_id": {"type": "string"},
        },
        "required": ["type", "title", "status"],
    }


def phrase(status: int) -> str:
    """The standard phrase of a status: ``Not Found``."""
    return HTTPStatus(status).phrase


def _count(number: int) -> str:
    return "1 fault" if number == 1 else f"{number} faults"
