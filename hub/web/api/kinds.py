"""The kinds of webservice that the enabled plugins add."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from hub.contract import Webservice
from hub.domain.exclusions import arguments_schema
from hub.registry import Registry
from hub.web.api.shapes import FLAG, FREE, MAYBE, TEXT, listed, shape
from hub.web.bodies import answer
from hub.web.deps import DEPS
from hub.web.routes import Policy, Route


async def list_kinds(request: web.Request) -> web.StreamResponse:
    """Every kind, by what a person needs to make a webservice of it."""
    registry = request.app[DEPS].registry or Registry()
    return answer({"items": [render_kind(kind, registry) for kind in registry.kinds.values()], "next": None})


def render_kind(kind: type[Webservice], registry: Registry) -> dict[str, Any]:
    """One kind as the API shows it."""
    filters = [registry.filters[key] for key in kind.exclude_filters() if key in registry.filters]
    return {
        "kind": kind.kind,
        "title": kind.title,
        "plugin": registry.owners.get(kind.kind),
        "oauth": kind.oauth() is not None,
        "settings": kind.settings.model_json_schema(),
        "slots": msgspec.to_builtins(kind.account_mappings()),
        "filters": [
            {"key": one.key, "label": one.label, "help": one.help, "arguments": arguments_schema(one)}
            for one in filters
        ],
        "capabilities": msgspec.to_builtins(kind.capabilities),
        "limits": msgspec.to_builtins(kind.limits),
    }


_SLOT = shape(None, key=TEXT, label=TEXT, fills=listed(TEXT), required=FLAG, when=listed(TEXT), help=TEXT)
_FILTER = shape(
    None, key=TEXT, label=TEXT, help=TEXT, arguments={**FREE, "description": "JSON Schema of the rule's arguments."}
)
_KIND = shape(
    "Kind",
    kind=TEXT,
    title=TEXT,
    plugin=MAYBE,
    oauth=FLAG,
    settings={"type": "object", "description": "JSON Schema of its settings."},
    slots=listed(_SLOT),
    filters=listed(_FILTER),
    capabilities=FREE,
    limits=FREE,
)

ROUTES = (
    Route(
        method="GET",
        path="/api/v1/kinds",
        handler=list_kinds,
        policy=Policy.KEY,
        summary="The kinds of webservice: settings, slots, filters, capabilities, limits.",
        tag="Webservices",
        response=shape(None, items=listed(_KIND), next={"type": "null"}),
    ),
)
