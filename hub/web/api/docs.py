"""The OpenAPI document and the page that people read in its place."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import msgspec
from aiohttp import web

from hub.web import openapi, pages
from hub.web.deps import DEPS
from hub.web.policies import ROUTES as ALL_ROUTES
from hub.web.routes import Policy, Route
from hub.web.schemas import REF


class Document:
    """The document of one application, made when it is first asked for: that takes longer than all else at start."""

    def __init__(self, app: web.Application) -> None:
        self._app = app

    @cached_property
    def content(self) -> dict[str, Any]:
        """Every route of the application, as OpenAPI 3.1."""
        server = self._app[DEPS].settings.url() + "/"
        return openapi.describe(self._app[ALL_ROUTES].values(), version=pages.hub_version(), server=server)


DOCUMENT = web.AppKey("openapi", Document)


async def show_document(request: web.Request) -> web.StreamResponse:
    """Send the document."""
    return web.Response(body=msgspec.json.encode(request.app[DOCUMENT].content), content_type="application/json")


async def show_page(request: web.Request) -> web.StreamResponse:
    """Render the document for people."""
    document = request.app[DOCUMENT].content
    components = document["components"]["schemas"]
    shapes = [_shape(name, schema) for name, schema in sorted(components.items()) if "properties" in schema]
    return pages.render(request, "docs.html", groups=_groups(document), shapes=shapes)


def _groups(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            groups.setdefault(operation["tags"][0], []).append(_call(path, method, operation))
    return [{"id": name.lower().replace(" ", "-"), "name": name, "calls": calls} for name, calls in groups.items()]


def _call(path: str, method: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    responses = operation["responses"]
    successes = [status for status in responses if status < "4"]
    faults = [one["$ref"].rsplit("/", 1)[1] for one in responses.values() if "$ref" in one]
    request, request_id = _name(_body_schema(operation.get("requestBody", {})))
    response, response_id = _name(_body_schema(responses[successes[0]]))
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "policy": operation["x-policy"],
        "statuses": ", ".join(successes),
        "problems": faults,
        "query": [one for one in operation.get("parameters", ()) if one["in"] == "query"],
        "request": request,
        "request_id": request_id,
        "response": response,
        "response_id": response_id,
    }


def _body_schema(holder: Mapping[str, Any]) -> Mapping[str, Any]:
    for media in holder.get("content", {}).values():
        schema: Mapping[str, Any] = media["schema"]
        return schema
    return {}


def _shape(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    required = set(schema.get("required", ()))
    fields = []
    for field, inner in schema["properties"].items():
        text, target = _name(inner)
        fields.append({"name": field, "type": text, "target": target, "required": field in required})
    return {"id": f"shape-{name}", "name": name, "description": schema.get("description", ""), "fields": fields}


def _name(schema: Mapping[str, Any]) -> tuple[str, str | None]:
    """What a person calls *schema*, and the anchor of its own table."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(REF)
        return name, f"shape-{name}"
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        named = [_name(choice) for choice in choices]
        target = next((one[1] for one in named if one[1]), None)
        return " or ".join(dict.fromkeys(one[0] for one in named)), target
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"]), None
    if schema.get("type") == "array":
        text, target = _name(schema.get("items", {}))
        return f"list of {text or 'anything'}", target
    if schema.get("type") == "object" and "items" in schema.get("properties", {}):
        text, target = _name(schema["properties"]["items"].get("items", {}))
        return f"page of {text or 'objects'}", target
    kind = schema.get("type", "")
    text = " or ".join(kind) if isinstance(kind, list) else str(kind)
    return ("decimal string" if "examples" in schema and text == "string" else text), None


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/openapi.json",
        handler=show_document,
        policy=Policy.PUBLIC,
        summary="This API as an OpenAPI 3.1 document.",
        tag="Documentation",
        response={"type": "object"},
    ),
    Route(
        method="GET",
        path="/api/v1/docs",
        handler=show_page,
        policy=Policy.PUBLIC,
        summary="This API for people.",
        tag="Documentation",
        response={"type": "string"},
        media="text/html",
        page=True,
    ),
)
