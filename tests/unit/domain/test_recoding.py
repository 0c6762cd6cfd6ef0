"""Amounts moved there to other accounts: a conflict only where a change of ours would write over them."""

from __future__ import annotations

import msgspec
import pytest

from hub.domain.entries import Do, Entry, Hold, Nothing, Sent, Step
from hub.domain.recoding import judge_recoded
from hub.domain.remotes import Operation, Remote, RemoteId

UPDATE = Do(operation=Operation.UPDATE)
OURS = (("200", "100.00"), ("230", "20.00"))
MOVED = (("205", "100.00"), ("230", "20.00"))


def make_entry(
    ours: tuple[tuple[str, str], ...] = OURS, theirs: tuple[tuple[str, str], ...] = MOVED, **changes: object
) -> Entry:
    """An invoice in the books, recoded there."""
    entry = Entry(
        id="e-1",
        type="invoice",
        record_id="i-1",
        number="AG-1",
        state="synced",
        sent=Sent(fingerprint="f", record_version=1, lines=ours),
        remote=Remote(id=RemoteId("r-1"), number="AG-1", lines=theirs),
    )
    return msgspec.structs.replace(entry, **changes)


def test_an_update_over_a_recoded_line_is_a_conflict_that_names_both_sides() -> None:
    step = judge_recoded(make_entry(), UPDATE)
    assert isinstance(step, Hold)
    assert (step.reason, step.conflict) == ("edited_there", True)
    assert step.message == (
        "AG-1 was changed there: account 200 100.00 in the gallery, nothing there; "
        "account 205 nothing in the gallery, 100.00 there."
    )
    assert "Try again" in step.remedy


@pytest.mark.parametrize(
    ("entry", "step"),
    [
        (make_entry(), Nothing()),
        (make_entry(), Do(operation=Operation.CANCEL)),
        (make_entry(theirs=(OURS[1], OURS[0])), UPDATE),
        (make_entry(ours=()), UPDATE),
        (make_entry(theirs=()), UPDATE),
        (make_entry(sent=None), UPDATE),
        (make_entry(forced=True, state="conflict", reason="edited_there"), UPDATE),
    ],
    ids=["nothing to write", "void", "same sums", "not known here", "not told there", "never sent", "seen"],
)
def test_every_other_step_stays_as_it_is(entry: Entry, step: Step) -> None:
    assert judge_recoded(entry, step) == step


def test_a_person_who_has_not_seen_it_yet_has_not_agreed_to_it() -> None:
    assert isinstance(judge_recoded(make_entry(forced=True), UPDATE), Hold)
