"""The JSON Schema of each filter takes what the filter takes, and refuses what a form can know to be wrong."""

from __future__ import annotations

from typing import Any

import jsonschema  # type: ignore[import-untyped] # it ships no types
import pytest

from hub import ExcludeFilter
from hub.domain.exclusions import arguments_schema
from plugins.core.exclusions import FILTERS

BY_KEY: dict[str, ExcludeFilter] = {one.key: one for one in FILTERS}
GOOD: list[tuple[str, dict[str, Any]]] = [
    ("number", {"from": "1000", "to": "1999"}),
    ("number", {"values": ["AG-1", "7"]}),
    ("contact", {"values": ["c-7"]}),
    ("channel", {"values": ["shopify", "portal"]}),
    ("tag", {"values": ["fair"]}),
    ("kind", {"values": ["credit_note", "portal_fee"]}),
    ("currency", {"values": ["usd", "NZD"]}),
    ("date", {"from": "2026-01-01"}),
    ("date", {"from": "2026-01-01", "to": "2026-03-31"}),
    ("amount", {"to": "50.00"}),
]
BAD: list[tuple[str, dict[str, Any]]] = [
    ("number", {}),
    ("number", {"values": []}),
    ("contact", {"values": "c-7"}),
    ("channel", {"values": ["moon"]}),
    ("tag", {"values": ["x"], "moon": 1}),
    ("kind", {"values": ["quote"]}),
    ("currency", {"values": ["DOLLAR"]}),
    ("date", {"from": "March"}),
    ("amount", {"from": 10}),
    ("amount", {}),
]


def takes(key: str, arguments: dict[str, Any]) -> bool:
    return bool(jsonschema.Draft202012Validator(arguments_schema(BY_KEY[key])).is_valid(arguments))


@pytest.mark.parametrize(("key", "arguments"), GOOD)
def test_what_the_filter_takes_its_schema_takes(key: str, arguments: dict[str, Any]) -> None:
    assert BY_KEY[key].check(arguments) == []
    assert takes(key, arguments)


@pytest.mark.parametrize(("key", "arguments"), BAD)
def test_what_its_schema_refuses_the_filter_refuses_too(key: str, arguments: dict[str, Any]) -> None:
    assert not takes(key, arguments)
    assert BY_KEY[key].check(arguments) != []


def test_every_filter_has_a_schema_of_its_own() -> None:
    assert {one.key for one in FILTERS} == {key for key, _ in GOOD}
    for one in FILTERS:
        jsonschema.Draft202012Validator.check_schema(arguments_schema(one))
        assert arguments_schema(one)["additionalProperties"] is False
