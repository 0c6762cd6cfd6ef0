"""The plugin's requests against the official OpenAPI description, where a copy lies beside the repository."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft4Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from plugins.xero import wire
from tests.plugins.xero.test_request import SENT

SPEC = Path(__file__).resolve().parents[4] / "shared" / "xero" / "openapi" / "xero_accounting.yaml"

pytestmark = pytest.mark.skipif(not SPEC.exists(), reason="no copy of xero_accounting.yaml in ../shared")


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    read: dict[str, Any] = yaml.load(SPEC.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return read


def undescribed(name: str, value: dict[str, Any]) -> list[str]:
    """Fields that the description does not know."""
    properties = document()["components"]["schemas"][name].get("properties", {})
    found = []
    for key, one in value.items():
        if key not in properties:
            found.append(f"{name}.{key}")
            continue
        inner = properties[key].get("$ref") or properties[key].get("items", {}).get("$ref", "")
        for part in one if isinstance(one, list) else [one]:
            if isinstance(part, dict) and inner:
                found += undescribed(inner.rsplit("/", 1)[1], part)
    return found


@pytest.mark.parametrize("name", sorted(SENT))
def test_requests_are_what_the_description_allows(name: str) -> None:
    body = wire.decode_any(SENT[name].body)
    (root,) = body
    resource = Resource(contents=document(), specification=DRAFT4)
    registry: Registry[Any] = Registry().with_resource("urn:xero", resource)
    validator = Draft4Validator({"$ref": f"urn:xero#/components/schemas/{root}"}, registry=registry)
    assert [error.message for error in validator.iter_errors(body)] == []
    assert undescribed(root, body) == []


@pytest.mark.parametrize("name", sorted(SENT))
def test_paths_methods_and_query_parameters_are_described(name: str) -> None:
    request = SENT[name]
    path = request.path.removeprefix("/api.xro/2.0")
    described = document()["paths"].get(path)
    if described is None:
        described = next(
            one for key, one in document()["paths"].items() if key.startswith(path.rsplit("/", 1)[0] + "/{")
        )
    operation = described[request.method.lower()]
    known = {one.get("name") or one["$ref"].rsplit("/", 1)[1] for one in operation.get("parameters", [])}
    assert {key for key, _ in request.query} <= known
