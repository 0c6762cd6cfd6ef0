"""What a route declares; routing, access and the OpenAPI document all come from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Any, Literal

import msgspec
from aiohttp import web

from hub.domain.records import Record

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Policy(StrEnum):
    """Who may call a route. In a route with `{gallery}` a key of another gallery sees what an unknown gallery shows."""

    PUBLIC = "public"  # anyone, to read; the handler looks after itself
    SIGNED = "signed"  # whoever signs as the kind of the path demands; the handler checks that
    KEY = "key"  # any known key
    GALLERY_READER = "gallery-reader"  # a key of the gallery, or an operator's
    GALLERY_ADMIN = "gallery-admin"  # a key of the gallery that may change things, or an operator's
    OPERATOR = "operator"

    # Pages: a signed-in browser in this role or one that may more (`hub.domain.sessions.ROLES`). A POST needs the token
    # of its session's forms too.
    PAGE_READER = "page-reader"
    PAGE_BOOKKEEPER = "page-bookkeeper"
    PAGE_OWNER = "page-owner"
    PAGE_OPERATOR = "page-operator"


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """Schema of a record in a PUT: `type` and `id` may be left out."""

    record: type[Record]


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """Schema of a stored record: what came in, and what the hub adds to it."""

    record: type[Record]
    extra: Mapping[str, Any] = {}


class PageOf(msgspec.Struct, frozen=True, kw_only=True):
    """Schema of a list: `items` and the cursor `next`."""

    item: Any


# A msgspec struct, a pydantic model, a JSON Schema as a mapping, or one of the three above.
Schema = Any


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A query parameter; none is required."""

    name: str
    summary: str
    schema: Mapping[str, Any] = msgspec.field(default_factory=lambda: {"type": "string"})


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One method of one path.

    Attributes:
        path: With aiohttp's `{name}` parameters; `{gallery}` is the gallery that the policy looks at.
        policy: Who may call it; there is no default on purpose.
        summary: One sentence for the documentation.
        tag: Heading it stands under there; None keeps it out of OpenAPI (pages).
        request, response: Schemas of the bodies; None = no body.
        media: Content type of request and response.
        status: Statuses of success, the usual one first.
        problems: Names from `hub.web.problems` that this route in particular answers with.
        page: People read it: faults are shown as pages.
    """

    method: Literal["GET", "PUT", "POST", "PATCH", "DELETE"]
    path: str
    handler: Handler
    policy: Policy
    summary: str
    tag: str | None = None
    query: tuple[Parameter, ...] = ()
    request: Schema = None
    response: Schema = None
    media: str = "application/json"
    status: tuple[int, ...] = (200,)
    problems: tuple[str, ...] = ()
    page: bool = False
