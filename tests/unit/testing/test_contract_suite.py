"""The contract suite: a sound kind passes, and a planted bug is found by the test that is named for it."""

from __future__ import annotations

import inspect
import subprocess
import sys
from decimal import Decimal

import msgspec
import pytest

import hub
from hub.testing import FakeHttp, WebserviceContract, make_invoice, make_line
from hub.testing.contract.rendering import HELD_CODES
from tests.docs.pages import read_page, rows, section
from tests.unit.testing import bugs_there
from tests.unit.testing.bugs import BUGS
from tests.unit.testing.shelf import Shelf, ShelfSystem

TESTS = [name for name, _ in inspect.getmembers(WebserviceContract, inspect.isfunction) if name.startswith("test_")]


class OnShelf(WebserviceContract):
    kind = Shelf

    def setup_method(self) -> None:
        self.system = ShelfSystem()

    def answer(self, request: hub.Request) -> hub.Response:
        return self.system.answer(request)


class TestShelf(OnShelf):
    """The sound kind, as a plugin's own test class has it."""


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found_by_the_test_named_for_it(name: str) -> None:
    kind, wanted = BUGS[name]
    suite = type("Suite", (OnShelf,), {"kind": kind})()
    suite.setup_method()
    with pytest.raises((AssertionError, ValueError)) as caught:
        getattr(suite, wanted)()
    assert str(caught.value)


def test_every_test_of_the_suite_has_a_bug_that_it_finds() -> None:
    assert bugs_there.Doubles.__name__ in BUGS
    assert sorted({wanted for _, wanted in BUGS.values()}) == sorted(TESTS)


def test_a_kind_that_needs_answers_is_told_to_give_them() -> None:
    suite = type("Suite", (WebserviceContract,), {"kind": Shelf})()
    with pytest.raises(AssertionError, match="give Suite a method `answer`: POST /contact asks it"):
        suite.test_every_example_can_be_written()


def test_the_codes_of_what_is_held_are_those_of_the_reference() -> None:
    assert sorted(HELD_CODES) == sorted(rows(section(read_page("docs/reference/reasons.md"), "Held")))


def test_the_suite_is_imported_without_pytest() -> None:
    code = "import sys; sys.modules['pytest'] = None; import hub.testing; print(len(hub.testing.__all__))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert int(told.stdout) == len(hub.testing.__all__)


def test_a_draft_may_hold_the_records_own_numbers() -> None:
    invoice = make_invoice(make_line(unit_price="12.00"))
    body = {"total": invoice.total, "prices": [one.unit_price for one in invoice.lines]}
    draft = hub.Draft(number="1", body=body, total=invoice.total)
    assert type(invoice.total) is not Decimal  # as the door and the store make them
    assert msgspec.json.decode(msgspec.json.encode(draft))["body"] == {"total": "12.00", "prices": ["12.00"]}


async def test_the_fake_door_remembers_and_answers_in_order() -> None:
    first, second = hub.Response(status=200), hub.TemporaryError("no network")
    door = FakeHttp(first, second, lambda request: hub.Response(status=201, body=request.path.encode()))
    request = hub.Request(method="GET", path="/a")

    assert await door.send(request, key="k") == first
    with pytest.raises(hub.TemporaryError):
        await door.send(request)
    assert [(await door.send(request, organisation=False)).body for _ in range(2)] == [b"/a", b"/a"]

    assert [(one.request, one.organisation, one.key) for one in door.sent] == [
        (request, True, "k"),
        (request, True, None),
        (request, False, None),
        (request, False, None),
    ]


async def test_a_call_that_nobody_scripted_fails() -> None:
    with pytest.raises(AssertionError, match="no answer is left for GET /a"):
        await FakeHttp().send(hub.Request(method="GET", path="/a"))
