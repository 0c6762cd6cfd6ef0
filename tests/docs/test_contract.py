"""The page of the contract lists every member of the class, where it belongs."""

import inspect
from typing import Any

import pytest

from hub import Webservice
from tests.docs.pages import read_page, rows, section

PAGE = "docs/reference/contract.md"


def members() -> dict[str, Any]:
    """The public members in the order of the class: annotations without a value, then the rest."""
    own = {**dict.fromkeys(Webservice.__annotations__), **vars(Webservice)}
    return {name: value for name, value in own.items() if not name.startswith("_")}


def is_done(member: Any) -> bool:
    return inspect.iscoroutinefunction(member)


def test_every_member_has_its_row_in_the_order_of_the_class() -> None:
    assert list(rows(read_page(PAGE))) == list(members())


def test_what_acts_is_listed_as_done_and_nothing_else() -> None:
    done = [name for name, member in members().items() if is_done(member)]
    assert list(rows(section(read_page(PAGE), "Done"))) == done


@pytest.mark.parametrize("title", ["Declared", "Decided"])
def test_what_is_declared_or_decided_belongs_to_the_class(title: str) -> None:
    listed = list(rows(section(read_page(PAGE), title)))
    own = members()
    assert listed
    assert [name for name in listed if inspect.isfunction(own[name])] == []


def test_every_member_says_what_it_means() -> None:
    assert [name for name, cells in rows(read_page(PAGE)).items() if len(" ".join(cells)) < 20] == []
