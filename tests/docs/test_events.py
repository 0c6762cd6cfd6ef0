"""The page of events has every type with an example as it really is, and the guide's code checks real signatures."""

import json
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from hub.domain import signing
from hub.domain.telling import EVENTS
from hub.store.runs import Counts
from tests.docs.pages import code_blocks, headings, read_page, section

PAGE = "docs/reference/events.md"


def examples() -> dict[str, Any]:
    """type -> its example."""
    return {one["type"]: one for one in map(json.loads, code_blocks(read_page(PAGE), "json"))}


def test_every_type_has_its_heading_its_sentence_and_its_example() -> None:
    assert [one for one in headings(read_page(PAGE)) if "." in one] == list(EVENTS)
    assert list(examples()) == list(EVENTS)
    for type_, sentence in EVENTS.items():
        assert sentence in section(read_page(PAGE), type_)
        assert set(examples()[type_]) == {"id", "type", "at", "data"}


def test_the_counts_of_a_run_are_all_there() -> None:
    assert examples()["run.finished"]["data"]["counts"].keys() == msgspec.to_builtins(Counts()).keys()


@pytest.fixture
def check() -> Callable[..., bool]:
    """The guide's function."""
    (code,) = code_blocks(read_page("docs/guides/webhooks.md"), "python")
    assert len([line for line in code.splitlines() if line.strip()]) < 20
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - the page's own code is what is tested
    found: Callable[..., bool] = names["is_from_the_hub"]
    return found


def test_the_guides_code_takes_our_signatures_and_nothing_else(check: Callable[..., bool]) -> None:
    secret, other = (signing.render_secret(bytes([n]) * signing.SECRET_BYTES) for n in (1, 2))
    body = b'{"id": "evt_1"}'
    headers = signing.signed_headers((secret, other), "evt_1", int(time.time()), body)
    assert check(headers, body, secret)
    assert check(headers, body, other)
    assert not check(headers, body + b" ", secret)
    assert not check({**headers, "webhook-id": "evt_2"}, body, secret)
    old = signing.signed_headers((secret,), "evt_1", int(time.time()) - 3600, body)
    assert not check(old, body, secret)
