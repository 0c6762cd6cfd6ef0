"""What the calls about webservices share: finding the services, opaque cursors, small schemas."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from aiohttp import web

from hub.errors import Fault, FormError, NotFoundError, UnavailableError
from hub.sync.services import Services
from hub.web.bodies import is_id
from hub.web.deps import DEPS
from hub.web.policies import CALLER

WEBSERVICES = "/api/v1/galleries/{gallery}/webservices"
ONE = f"{WEBSERVICES}/{{webservice}}"

TEXT: Mapping[str, Any] = {"type": "string"}
MAYBE: Mapping[str, Any] = {"type": ["string", "null"]}
TIME: Mapping[str, Any] = {"type": "string", "format": "date-time"}
MAYBE_TIME: Mapping[str, Any] = {"type": ["string", "null"], "format": "date-time"}
FLAG: Mapping[str, Any] = {"type": "boolean"}
NUMBER: Mapping[str, Any] = {"type": "integer"}
FREE: Mapping[str, Any] = {"type": "object"}
MONEY: Mapping[str, Any] = {"type": ["string", "null"], "description": "A decimal string; null: not told."}


def shape(title: str | None = None, /, **fields: Any) -> dict[str, Any]:
    """The schema of an object with these fields, all of them always there."""
    made: dict[str, Any] = {"type": "object", "properties": fields, "required": list(fields)}
    return {"title": title, **made} if title else made


def listed(item: Any) -> dict[str, Any]:
    """The schema of a list."""
    return {"type": "array", "items": item}


FINDING = shape(
    None,
    code=TEXT,
    message=TEXT,
    slot=TEXT,
    when=FREE,
    count={"type": ["integer", "null"], "description": "Records that wait for it."},
    blocking=FLAG,
)


def without(data: Any, *names: str) -> Any:
    """*data* without the fields that only a GET answers with, so that its answer can be sent back as it is."""
    return {key: value for key, value in data.items() if key not in names} if isinstance(data, dict) else data


def services_of(request: web.Request) -> Services:
    """The services of the sync side. Raises UnavailableError in an application that has none (`Deps.webservices`)."""
    found: object = request.app[DEPS].webservices
    if not isinstance(found, Services):
        raise UnavailableError("This part of the hub is not running here.")
    return found


def names_of(request: web.Request) -> tuple[str, str]:
    """(gallery, webservice) of the path. Raises NotFoundError for what cannot be an id."""
    webservice_id = request.match_info["webservice"]
    if not is_id(webservice_id):
        raise NotFoundError("There is no such webservice.")
    return request.match_info["gallery"], webservice_id


def id_of(request: web.Request, name: str) -> str:
    """The id *name* of the path. Raises NotFoundError for what cannot be one."""
    value = request.match_info[name]
    if not is_id(value):
        raise NotFoundError(f"There is no such {name}.")
    return value


def caller_of(request: web.Request) -> str:
    """Who calls, in words for a history."""
    return f"{request[CALLER].role} key"


class _Place(msgspec.Struct, array_like=True):
    at: datetime | None
    id: str


def render_cursor(id_: str, at: datetime | None = None) -> str:
    """The opaque text for "after this one"."""
    return base64.urlsafe_b64encode(msgspec.json.encode(_Place(at, id_))).decode().rstrip("=")


def parse_cursor(text: str | None) -> tuple[datetime | None, str] | None:
    """What a cursor stands for. Raises FormError for what no list gave out."""
    if text is None:
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        place = msgspec.json.decode(raw, type=_Place)
        if place.at is not None and place.at.tzinfo is not None:
            place.at.astimezone(UTC)  # the database counts in UTC, where the first and last hours of time are missing
    except (ValueError, OverflowError):
        place = None
    if place is None or "\0" in place.id or (place.at is not None and place.at.tzinfo is None):
        raise FormError([Fault("cursor", "is no cursor: take `next` of the page before as it is")])
    return place.at, place.id


def parse_timed_cursor(text: str | None) -> tuple[datetime, str] | None:
    """What a cursor of a list by time stands for. Raises FormError as `parse_cursor`."""
    place = parse_cursor(text)
    if place is None:
        return None
    at, id_ = place
    if at is None:
        raise FormError([Fault("cursor", "is no cursor of this list: take `next` of the page before as it is")])
    return at, id_
