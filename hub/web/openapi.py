"""The OpenAPI 3.1 document, from what the routes declare."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from hub.web import problems
from hub.web.routes import Policy, Route
from hub.web.schemas import REF, Schemas

_PARAMETER = re.compile(r"\{(\w+)(?::[^{}]*)?\}")
_ID_SCHEMA = {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,50}$"}
_FREE = {"one_time", "kind", "name"}  # path parameters that are not ids of ours
_TEXTS = {
    200: "Done.",
    201: "Created.",
    202: "Accepted: it is done soon.",
    204: "Done; there is nothing to say.",
    302: "Go there.",
    503: "Not ready.",
}


def describe(routes: Iterable[Route], *, version: str, server: str) -> dict[str, Any]:
    """The whole document.

    Args:
        routes: All routes; those without a tag are pages and stay out.
        version: Of the hub.
        server: The hub's public address.
    """
    schemas = Schemas()
    schemas.add("Problem", problems.schema())
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        if route.tag is not None:
            path = _PARAMETER.sub(r"{\1}", route.path)
            paths.setdefault(path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Integration hub",
            "version": version,
            "summary": "Keeps the accounting systems of art galleries in step with their invoices.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "responses": {name: _problem_response(kind) for name, kind in problems.KINDS.items()},
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "A key of the gallery, or an operator's."}
            },
        },
    }


def _operation(route: Route, schemas: Schemas) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": operation_id(route),
        "tags": [route.tag],
        "summary": route.summary,
        "x-policy": route.policy.value,
        "responses": _responses(route, schemas),
    }
    if route.policy is Policy.PUBLIC:
        made["security"] = []
    if parameters := [*_path_parameters(route), *_query_parameters(route)]:
        made["parameters"] = parameters
    if route.request is not None:
        made["requestBody"] = {
            "required": True,
            "content": {route.media: {"schema": schemas.reference(route.request)}},
        }
    return made


def operation_id(route: Route) -> str:
    """A name for *route*, made of method and path: ``put_galleries_invoices_id``."""
    words = [part.strip("{}").replace("-", "_") for part in route.path.removeprefix("/api/v1").split("/") if part]
    return "_".join((route.method.lower(), *(word.split(":")[0].replace(".", "_") for word in words)))


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string"} if name in _FREE else dict(_ID_SCHEMA),
        }
        for name in _PARAMETER.findall(route.path)
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": one.name, "in": "query", "description": one.summary, "schema": dict(one.schema)} for one in route.query
    ]


def _responses(route: Route, schemas: Schemas) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for status in route.status:
        made[str(status)] = {"description": _TEXTS.get(status, problems.phrase(status))}
        if route.response is not None and status not in {204, 302}:
            made[str(status)]["content"] = {route.media: {"schema": schemas.reference(route.response)}}
    for status, names in sorted(_problem_names(route).items()):
        made.setdefault(str(status), _refer(names))
    return made


def _problem_names(route: Route) -> dict[int, list[str]]:
    names = set(route.problems)
    if route.policy is not Policy.PUBLIC:
        names |= {"unauthorized", "forbidden", "unavailable"}
    if "{" in route.path:
        names.add("not-found")
    if route.request is not None:
        names |= {"too-large", "unsupported-media-type", "timeout", "bad-request"}
    if route.request is not None or route.query:
        names.add("invalid")
    grouped: dict[int, list[str]] = {}
    for name in sorted(names):
        grouped.setdefault(problems.KINDS[name].status, []).append(name)
    return grouped


def _refer(names: list[str]) -> dict[str, Any]:
    if len(names) == 1:
        return {"$ref": f"#/components/responses/{names[0]}"}
    texts = " ".join(f"`{name}`: {problems.KINDS[name].title}." for name in names)
    return {"description": texts, "content": {problems.MEDIA: {"schema": {"$ref": REF + "Problem"}}}}


def _problem_response(kind: problems.Kind) -> Mapping[str, Any]:
    return {
        "description": f"`{kind.name}`: {kind.title}. {kind.text}",
        "content": {problems.MEDIA: {"schema": {"$ref": REF + "Problem"}}},
    }
