"""Every reason has its remedy test; one cause is one problem."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from plugins.xero.errors import RULES
from plugins.xero.holds import LABELS
from plugins.xero.places import SLOTS
from tests.docs.test_reference import CONFLICT, HELD, LEFT_OUT
from tests.remedies.casebook import (
    Casebook,
    check_remedy,
    make_contact,
    make_invoice,
    make_line,
    make_payment,
)

FOLDER = Path(__file__).parent


def remedy_tests() -> list[str]:
    """Names of the tests in this folder."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in FOLDER.glob("test_*.py")]
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node.name for tree in trees for node in tree.body if isinstance(node, kinds)]


@pytest.mark.parametrize("reason", [*LEFT_OUT, *HELD, *CONFLICT])
def test_every_reason_has_a_test_that_carries_its_remedy_out(reason: str) -> None:
    longer = [one for one in (*LEFT_OUT, *HELD, *CONFLICT) if one.startswith(f"{reason}_")]
    names = [name for name in remedy_tests() if name.startswith(f"test_{reason}_")]
    assert [name for name in names if not any(name.startswith(f"test_{one}_") for one in longer)]


def test_the_words_of_what_xero_refuses_are_whole_and_their_codes_known() -> None:
    for rule in RULES:
        check_remedy(rule.remedy)
    assert {rule.code for rule in RULES} <= {*HELD, *CONFLICT}


def test_a_remedy_names_a_slot_as_its_page_does() -> None:
    assert {slot.key: slot.label for slot in SLOTS} == LABELS


# -- one cause, one problem


@pytest.fixture
async def unmapped(book: Casebook) -> str:
    """Two invoices that need the account for framing, which was archived, and one without lines: the first problem."""
    framed = [make_line(kind="framing")]
    await book.put(make_contact(), make_invoice(lines=framed), make_invoice("i-2", lines=framed))
    await book.put(make_invoice("i-3", lines=[]), make_payment())
    await book.connect()
    book.xero.archive_account("220")
    await book.office.get(f"{book.office.path}/choices", refresh="true")
    sick = await book.find("invoice", "i-1", "held", "mapping_invalid", "220", count=2)
    assert (await book.office.entry("invoice", "i-2"))["problem_id"] == sick.problem_id
    assert sorted(one["reason"] for one in (await book.problems()).values()) == ["mapping_invalid", "no_lines"]
    return str(sick.problem_id)


async def test_try_again_of_a_problem_tries_all_that_it_blocks_and_it_closes_with_the_last(
    book: Casebook, unmapped: str
) -> None:
    book.xero.restore_account("220")
    await book.office.get(f"{book.office.path}/choices", refresh="true")

    status, _ = await book.office.call("POST", f"{book.office.path}/problems/{unmapped}/retry")
    assert status == 200
    await book.office.bench.work()

    assert [(await book.office.entry("invoice", one))["state"] for one in ("i-1", "i-2")] == ["synced", "synced"]
    assert (await book.office.entry("payment", "p-1"))["state"] == "synced"
    assert (await book.problems("closed"))[unmapped]["closed_at"] is not None
    assert [one["reason"] for one in (await book.problems()).values()] == ["no_lines"]


async def test_a_problem_stays_open_while_it_blocks_anything(book: Casebook, unmapped: str) -> None:
    await book.put(make_invoice())
    await book.run()

    problem = (await book.problems())[unmapped]
    assert (problem["count"], problem["closed_at"]) == (1, None)
    await book.put(make_invoice("i-2"))
    await book.run()

    assert unmapped not in await book.problems()
    assert (await book.problems("closed"))[unmapped]["closed_at"] is not None


async def test_problems_are_listed_by_their_state(book: Casebook, unmapped: str) -> None:
    await book.put(make_invoice("i-3", total="30.00", lines=[make_line(price="30.00")]))
    await book.run()

    by_state = {state: set(await book.problems(state)) for state in ("open", "closed", "all")}

    assert by_state["open"] == {unmapped}
    assert by_state["all"] == by_state["open"] | by_state["closed"]
    assert len(by_state["closed"]) == 1
    _, usual = await book.office.get(f"{book.office.path}/problems")
    assert {one["id"] for one in usual["items"]} == by_state["open"]
    status, told = await book.office.get(f"{book.office.path}/problems", state="odd")
    assert (status, told["errors"][0]["at"]) == (422, "state")


async def test_what_xero_refuses_of_many_for_one_cause_is_one_problem(book: Casebook) -> None:
    """Archived since the last look at the accounts: Xero itself refuses both, in the same words."""
    framed = [make_line(kind="framing")]
    await book.put(make_contact(), make_invoice(lines=framed), make_invoice("i-2", lines=framed))
    await book.connect()
    book.xero.archive_account("220")

    await book.find("invoice", "i-1", "held", "mapping_invalid", "220", count=2)


async def test_the_documents_of_a_contact_archived_there_are_one_problem(book: Casebook) -> None:
    await book.put(make_contact(), make_invoice())
    await book.connect()
    await book.run()
    book.xero.archive_contact(book.numbered("AG-1").contact_id)
    await book.put(make_invoice("i-2"), make_invoice("i-3"))

    await book.find("invoice", "i-2", "held", "contact_archived", "Ana Ruiz c-1", count=2)
