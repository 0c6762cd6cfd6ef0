"""JSON Schemas of bodies: from msgspec structs, pydantic models and the few shapes built on them."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import pydantic

from hub.domain import content
from hub.domain.records import Exact
from hub.web.routes import Incoming, PageOf, Schema, Stored

REF = "#/components/schemas/"
DECIMAL = {"type": "string", "pattern": f"^{content.DECIMAL.pattern}$", "examples": ["450.00"]}


class Schemas:
    """Collects the schemas that routes name; `components` holds each named one once."""

    def __init__(self) -> None:
        self.components: dict[str, dict[str, Any]] = {}
        self._sources: dict[str, object] = {}

    def add(self, name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Name a schema of its own; the reference to it."""
        self._put(name, name, dict(schema))
        return {"$ref": REF + name}

    def reference(self, schema: Schema) -> dict[str, Any]:
        """What stands for *schema* in the document: a reference, or the schema itself when it has no name."""
        match schema:
            case Incoming(record=record):
                return self._incoming(record)
            case Stored(record=record, extra=extra):
                return self._stored(record, extra)
            case PageOf(item=item):
                return _page(self.reference(item))
            case {"title": str() as title}:
                return self.add(title, _plain(schema))
            case Mapping():
                return _plain(schema)
        if inspect.isclass(schema) and issubclass(schema, pydantic.BaseModel):
            return self._pydantic(schema)
        return self._msgspec(schema)

    def _incoming(self, record: type[Any]) -> dict[str, Any]:
        made = dict(self._named(record))
        made["required"] = [name for name in made.get("required", []) if name not in {"type", "id"}]
        made["title"] = f"{record.__name__}Input"
        return self.add(made["title"], made)

    def _stored(self, record: type[Any], extra: Mapping[str, Any]) -> dict[str, Any]:
        made = dict(self._named(record))
        inner = {name: self.reference(value) for name, value in extra.items()}
        made["properties"] = {**made["properties"], **inner}
        made["title"] = f"Stored{record.__name__}"
        made.pop("additionalProperties", None)
        return self.add(made["title"], made)

    def _named(self, record: type[Any]) -> dict[str, Any]:
        self._msgspec(record)
        return self.components[record.__name__]

    def _msgspec(self, shape: Any) -> dict[str, Any]:
        (out,), named = msgspec.json.schema_components([shape], schema_hook=_hook, ref_template=REF + "{name}")
        for name, schema in named.items():
            self._put(name, name, _strict_json(schema))
        return _plain(out)

    def _pydantic(self, model: type[pydantic.BaseModel]) -> dict[str, Any]:
        schema = model.model_json_schema(ref_template=REF + "{model}")
        for name, inner in schema.pop("$defs", {}).items():
            self._put(name, name, _strict_json(inner))
        self._put(model.__name__, model, _strict_json(schema))
        return {"$ref": REF + model.__name__}

    def _put(self, name: str, source: object, schema: dict[str, Any]) -> None:
        if name in self.components and self.components[name] != schema:
            raise ValueError(f"two schemas are called {name}: rename one of {self._sources[name]!r} and {source!r}")
        self.components[name] = schema
        self._sources[name] = source


def _page(item: dict[str, Any]) -> dict[str, Any]:
    following = {"type": ["string", "null"], "description": "Cursor of the next page; null at the end."}
    return {
        "type": "object",
        "properties": {"items": {"type": "array", "items": item}, "next": following},
        "required": ["items", "next"],
    }


def _hook(kind: type) -> dict[str, Any]:
    if kind is Exact:
        return dict(DECIMAL)
    raise NotImplementedError(f"no schema for {kind.__name__}")  # msgspec's protocol for types it does not know


def _plain(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {**_strict_json(schema)}


def _strict_json(schema: Any) -> Any:
    """*schema* with Python's end of text in patterns as the end that JSON Schema knows."""
    if isinstance(schema, Mapping):
        return {key: _pattern(value) if key == "pattern" else _strict_json(value) for key, value in schema.items()}
    if isinstance(schema, Iterable) and not isinstance(schema, str | bytes):
        return [_strict_json(value) for value in schema]
    return schema


def _pattern(value: Any) -> Any:
    return value.replace(r"\Z", "$") if isinstance(value, str) else _strict_json(value)
