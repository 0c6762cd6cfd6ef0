"""The walk over an input that is no record: all that is wrong with it, each with its place.

What is allowed comes from the record classes themselves (`msgspec.inspect`), so that a new field needs nothing here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

import msgspec
from msgspec import inspect

from hub.domain import door_rules
from hub.domain.content import DECIMAL, DECIMAL_RULE
from hub.domain.records import Record
from hub.errors import Fault

_LONGEST_SHOWN = 60
_LONGEST_GUESSED = 40
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,60}")
_PATTERNS = {
    "^[A-Za-z0-9._-]{1,50}\\Z": "needs 1 to 50 characters of A-Z, a-z, 0-9, '.', '_' and '-'",
    "^[A-Z]{3}\\Z": "needs three capital letters (ISO 4217)",
    "^[A-Z]{2}\\Z": "needs two capital letters (ISO 3166)",
}


def list_faults(shape: type[Record], tree: dict[str, Any]) -> Iterator[Fault]:
    """Every fault of *tree* (plain JSON values, without its `type`) as a record of *shape*, in order of its fields."""
    return _walk_struct(shape, tree, "")


def shown(value: object) -> str:
    """*value* as a short piece of one line of a message: quoted, without control characters."""
    text = repr(value) if isinstance(value, str | int | float | None) else name_of(value)
    text = "".join(char if char.isprintable() else "?" for char in text[: _LONGEST_SHOWN + 1])
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def name_of(value: object) -> str:
    """What a JSON value is, with its article."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "an array"
        case _:
            return "an object"


class _Field(NamedTuple):
    """One field, taken apart once: `check` for a plain value, else `node` to walk into."""

    name: str
    required: bool
    nullable: bool
    node: inspect.Type
    check: Callable[[Any, Any], str | None] | None


@cache
def _fields_of(shape: type) -> dict[str, _Field]:
    node = inspect.type_info(shape)
    assert isinstance(node, inspect.StructType)  # noqa: S101 - records and their parts are structs
    return {field.encode_name: _take_apart(field) for field in node.fields}


def _take_apart(field: inspect.Field) -> _Field:
    node, nullable = field.type, False
    if isinstance(node, inspect.UnionType):  # only "X or null" occurs in records
        node, nullable = next(one for one in node.types if not isinstance(one, inspect.NoneType)), True
    return _Field(field.encode_name, field.required, nullable, node, _LEAVES.get(type(node)))


def _walk(node: inspect.Type, value: Any, at: str) -> Iterator[Fault]:
    if isinstance(node, inspect.StructType):
        yield from _walk_struct(node.cls, value, at)
    elif isinstance(node, inspect.VarTupleType):
        yield from _walk_array(node, value, at)
    elif fault := _LEAVES[type(node)](node, value):
        yield Fault(at, fault)


def _walk_struct(shape: type, value: Any, at: str) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield Fault(at, f"needs an object, not {name_of(value)}")
        return
    known = _fields_of(shape)
    for name, required, nullable, node, check in known.values():
        if name not in value:
            if required:
                yield Fault(_below(at, name), "is required")
        elif nullable and value[name] is None:
            continue
        elif check is None:
            yield from _walk(node, value[name], _below(at, name))
        elif fault := check(node, value[name]):
            yield Fault(_below(at, name), fault)
    for name in [one for one in value if one not in known]:
        yield Fault(_below(at, _key(name)), _unknown(name, list(known)))
    for place, message in door_rules.list_broken(shape, value):
        yield Fault(_below(at, place), message)


def _walk_array(node: inspect.VarTupleType, value: Any, at: str) -> Iterator[Fault]:
    if not isinstance(value, list):
        yield Fault(at, f"needs an array, not {name_of(value)}")
        return
    for position, item in enumerate(value):
        yield from _walk(node.item_type, item, f"{at}[{position}]")


def _below(at: str, place: str) -> str:
    return f"{at}.{place}" if at and place else at or place


def _key(name: str) -> str:
    return name if _PLAIN_KEY.fullmatch(name) else shown(name)


def _unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1) if len(name) <= _LONGEST_GUESSED else []
    return f"is not a field here; did you mean {near[0]!r}?" if near else "is not a field here"


def _text(node: inspect.StrType, value: Any) -> str | None:
    if not isinstance(value, str):
        return f"needs a text, not {name_of(value)}"
    if "\x00" in value:
        return "must not have NUL characters in it"
    if node.pattern is not None and re.search(node.pattern, value) is None:
        return f"{_PATTERNS[node.pattern]}, not {shown(value)}"
    if node.max_length is not None and len(value) > node.max_length:
        return f"has {len(value)} characters; at most {node.max_length} are allowed"
    if node.min_length is not None and len(value) < node.min_length:
        return "must not be empty"
    return None


def _whole(node: inspect.IntType, value: Any) -> str | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return f"needs a whole number, not {name_of(value)}"
    low, high = node.ge or 0, node.le
    if value < low or (high is not None and value > high):
        return f"needs a whole number from {low} to {high}"
    return None


def _flag(_: inspect.BoolType, value: Any) -> str | None:
    return None if isinstance(value, bool) else f"needs true or false, not {name_of(value)}"


def _choice(node: inspect.LiteralType, value: Any) -> str | None:
    if isinstance(value, str) and value in node.values:
        return None
    return f"needs one of: {', '.join(map(str, node.values))}; not {shown(value)}"


def _exact(_: inspect.CustomType, value: Any) -> str | None:
    if isinstance(value, str):
        return None if DECIMAL.fullmatch(value) else f"needs {DECIMAL_RULE}; not {shown(value)}"
    return f'needs a decimal string such as "450.00", not {name_of(value)}'


def _day(_: inspect.DateType, value: Any) -> str | None:
    return None if _converts(value, date) else f"needs a date YYYY-MM-DD, not {shown(value)}"


def _instant(_: inspect.DateTimeType, value: Any) -> str | None:
    if not _converts(value, datetime):
        return f"needs an instant such as 2026-03-04T05:06:07Z, not {shown(value)}"
    if not door_rules.is_instant(msgspec.convert(value, datetime)):
        return f"needs an instant with its offset from UTC, such as 2026-03-04T05:06:07Z, not {shown(value)}"
    return None


def _converts(value: Any, kind: type) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return isinstance(value, str)


_LEAVES: dict[type, Callable[[Any, Any], str | None]] = {
    inspect.StrType: _text,
    inspect.IntType: _whole,
    inspect.BoolType: _flag,
    inspect.LiteralType: _choice,
    inspect.CustomType: _exact,
    inspect.DateType: _day,
    inspect.DateTimeType: _instant,
}
