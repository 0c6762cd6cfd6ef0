"""The demo's own judgement can fail: whatever is not as expected is named."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from hub.client import HubClient
from hub.demo.player import Scene, Told, compare, show_reasons
from hub.testing.year import Expectation


def entry(record_id: str, state: str, reason: str | None = None, type_: str = "invoice") -> dict[str, Any]:
    return {"type": type_, "record_id": record_id, "state": state, "reason": reason, "message": "Why.", "remedy": "So."}


def expect(record_id: str, state: str, reason: str | None = None, type_: str = "invoice") -> Expectation:
    return Expectation(gallery="g", act="first", type=type_, record_id=record_id, state=state, reason=reason)


HELD = entry("i-1", "held", "date")
OPEN = {"reason": "marker_without_record", "message": "Why.", "remedy": "So."}


@pytest.mark.parametrize(
    ("entries", "problems", "expected", "said"),
    [
        ([HELD], [], [expect("i-1", "held", "date")], []),
        ([HELD], [], [expect("i-1", "held", "no_lines")], ["i-1 is held (date), expected held (no_lines): Why."]),
        ([HELD], [], [expect("i-1", "synced")], ["i-1 is held (date), expected synced (None): Why."]),
        ([], [], [expect("i-1", "synced")], ["i-1 is missing (None), expected synced (None)"]),
        ([HELD], [], [], ["i-1 is held (date): Why.; nobody expected that"]),
        ([entry("i-1", "synced")], [], [], []),
        ([entry("c-1", "held", "address", "contact")], [], [], []),  # its invoices say it too
        ([], [OPEN], [expect("p-1", "open", "marker_without_record", "problem")], []),
        (
            [],
            [],
            [expect("p-1", "open", "marker_without_record", "problem")],
            ["p-1 is missing (None), expected open (marker_without_record)"],
        ),
    ],
)
def test_what_differs_is_named(
    entries: list[dict[str, Any]], problems: list[dict[str, Any]], expected: list[Expectation], said: list[str]
) -> None:
    found = compare(entries, problems, expected)
    assert [one.partition(" ")[2] for one in found] == said


@pytest.mark.parametrize(
    ("told", "fine", "line"),
    [
        (["date"], True, "1 reasons came up, of 1 expected."),
        ([], False, "the reason date did not come up"),
        (["date", "refused"], False, "the reason refused came up, and was not expected"),
    ],
)
def test_every_expected_reason_must_come_up_and_no_other(told: list[str], fine: bool, line: str) -> None:
    written = io.StringIO()
    scene = Scene(
        client=HubClient("http://localhost", ""),
        console=Console(file=written, width=200),
        sandbox=None,  # type: ignore[arg-type] # nothing happens there
        sandbox_app=None,
        told={reason: Told("held", f"Why {reason}.", "So.") for reason in told},
    )
    assert show_reasons(scene, [expect("i-1", "held", "date"), expect("i-2", "synced")]) is fine
    assert line in written.getvalue()
    assert all(f"Why {reason}." in written.getvalue() for reason in told)
