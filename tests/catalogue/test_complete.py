"""Every case of the catalogue has a test that bears its id."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
DOMAIN = TESTS.parents[1] / "shared" / "DOMAIN.md"  # the specification, where it lies beside the checkout

_CASE = re.compile(r"^- \*\*([CNLTXPRKO])(\d+)(?:[–-]\1?(\d+))?\*\*", re.MULTILINE)
_TEST = re.compile(r"^\s*(?:async )?def test_([cnltxprko])(\d+)_", re.MULTILINE)


def list_cases(text: str) -> list[tuple[str, int]]:
    """(chapter, number) of each case, in their order; ``**T1–T16**`` stands for sixteen."""
    chapter = text[text.index("## 5. Test catalogue") : text.index("## 6.")]
    return [
        (letter, number)
        for letter, first, last in _CASE.findall(chapter)
        for number in range(int(first), int(last or first) + 1)
    ]


def list_tested() -> set[tuple[str, int]]:
    """(chapter, number) of every test named after a case, anywhere under tests."""
    texts = (path.read_text() for path in TESTS.rglob("test_*.py"))
    return {(letter.upper(), int(number)) for text in texts for letter, number in _TEST.findall(text)}


@pytest.fixture(scope="module")
def cases() -> list[tuple[str, int]]:
    """The cases of the specification."""
    if not DOMAIN.is_file():
        pytest.skip("../shared/DOMAIN.md, the catalogue of cases, is not beside this checkout")
    return list_cases(DOMAIN.read_text())


def test_a_range_of_ids_counts_each_and_other_numbers_do_not() -> None:
    before, after = "- **C9** before\n## 5. Test catalogue\n", "## 6. Data\n- **N1** after\n"
    text = f"{before}- **T1–T3** as written.\n- **X5** one, see T9\n{after}"
    assert list_cases(text) == [("T", 1), ("T", 2), ("T", 3), ("X", 5)]


def test_the_catalogue_is_read_whole(cases: list[tuple[str, int]]) -> None:
    assert {letter for letter, _ in cases} == set("CNLTXPRKO")
    assert ("C", 1) in cases
    assert ("T", 16) in cases
    assert len(cases) == len(set(cases)) > 200


def test_every_case_has_a_test_named_after_it(cases: list[tuple[str, int]]) -> None:
    tested = list_tested()
    assert [f"{letter}{number}" for letter, number in cases if (letter, number) not in tested] == []
