"""The troubles: with the year they show every reason there is, and what is expected follows from what is done."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from datetime import date

import msgspec
import pytest

from hub.domain import eligibility
from hub.domain.door import parse_record
from hub.domain.reasons import CONFLICT, LEFT_OUT
from hub.testing.year import Story, demo_expectations, generate, tell_troubles
from hub.testing.year.troubles import ACTS, SYNCED_ACTS, Act
from plugins.xero.settings import XeroSettings
from tests.docs.pages import read_page, rows, section

ANCHOR = date(2026, 6, 30)


@pytest.fixture(scope="module")
def story() -> Story:
    return tell_troubles(ANCHOR)


def reasons_of(state: str) -> set[str]:
    """The codes that the reference page lists, which another test compares with the fixed ones."""
    return set(rows(section(read_page("docs/reference/reasons.md"), state)))


@pytest.mark.parametrize(("title", "states"), [
    ("Left out", {"left_out"}), ("Held", {"held", "open"}), ("Conflict", {"conflict"}),
])  # fmt: skip
def test_the_demo_expects_every_reason_there_is_and_no_other(title: str, states: set[str]) -> None:
    expected = {one.reason for one in demo_expectations("demo", ANCHOR) if one.state in states}
    assert expected == reasons_of(title)


def test_the_troubles_alone_show_every_reason_but_the_one_that_needs_a_sync_from_date(story: Story) -> None:
    everything = reasons_of("Left out") | reasons_of("Held") | reasons_of("Conflict")
    assert everything - {trouble.reason for trouble in story.troubles} == {"before_sync_from"}
    assert XeroSettings(**story.settings).sync_from is None


def test_every_trouble_has_one_reason_in_its_own_state(story: Story) -> None:
    assert [reason for reason, count in Counter(one.reason for one in story.troubles).items() if count > 1] == []
    for one in story.troubles:
        assert (one.state == "left_out") == (one.reason in LEFT_OUT), one
        assert (one.state == "conflict") == (one.reason in CONFLICT), one


def test_the_door_takes_every_record(story: Story) -> None:
    sent = [story.gallery, *story.opening, *(record for act in ACTS for record in story.deeds(act).records)]
    assert [parse_record(msgspec.json.encode(record)).id for record in sent] == [record["id"] for record in sent]


def test_nothing_is_expected_of_a_record_before_it_was_sent(story: Story) -> None:
    sent: set[tuple[str, str]] = set()
    for act in ACTS:
        sent |= {(record["type"], record["id"]) for record in story.deeds(act).records}
        for one in (*story.sound_before(act), *story.expected(act)):
            assert one.type == "problem" or (one.type, one.record_id) in sent, one


def test_a_record_stands_soundly_until_its_trouble_comes(story: Story) -> None:
    sound = {one.record_id for one in story.sound_before("first")}
    assert sound == {
        "i-closed", "i-edited-there", "i-voided-there", "i-void-blocked", "p-deleted-there", "p-astray", "c-web"
    }  # fmt: skip
    assert story.sound_before("lost") == ()
    assert {one.state for one in story.sound_before("first")} == {"synced"}


@pytest.mark.parametrize("act", SYNCED_ACTS)
def test_an_act_has_one_expectation_of_a_record(story: Story, act: Act) -> None:
    names = [(one.type, one.record_id) for one in (*story.sound_before(act), *story.expected(act))]
    assert len(names) == len(set(names))


def test_the_way_out_solves_a_handful_and_leaves_the_others(story: Story) -> None:
    last = story.expected("way out")
    solved = {one.record_id: one.state for one in last if one.reason is None}
    assert Counter(solved.values()) == {"synced": 16, "voided": 1}
    assert solved["i-void-blocked"] == "voided"
    assert len(last) == len(story.troubles)
    assert {one.reason for one in last if one.reason} == {one.reason for one in story.troubles if not one.is_solved}


def test_a_later_mapping_replaces_the_earlier_one_of_its_place(story: Story) -> None:
    first, last = story.mappings_in("first"), story.mappings_in("way out")
    portal = [one["to"]["code"] for one in last if one["slot"] == "portal"]
    assert ([one["to"]["code"] for one in first if one["slot"] == "portal"], portal) == (["240"], ["260"])
    assert [one for one in first if one["slot"] == "levy"] == []
    assert [one["to"]["code"] for one in last if one["slot"] == "levy"] == ["845"]
    assert len(last) == len(first) + 1


def test_the_story_sets_neither_date_nor_existing_so_that_both_gates_stand(story: Story) -> None:
    gates = eligibility.Gates.of(XeroSettings(**story.settings))
    assert (gates.sync_from, gates.copy_existing, gates.window_days) == (None, False, 14)


def test_galleries_do_not_meet(story: Story) -> None:
    galleries = {one.gallery for one in demo_expectations("demo", ANCHOR)}
    assert galleries == {story.gallery_id, generate("demo", ANCHOR).of_type("gallery")[0]["id"]}


def test_another_anchor_moves_every_day(story: Story) -> None:
    moved = tell_troubles(date(2027, 3, 15))
    days = {record["issued_on"][:7] for record in moved.deeds("first").records if record.get("issued_on")}
    assert days == {"2027-03", "2027-02"}  # what is locked lies in the month before
    assert [one.reason for one in moved.troubles] == [one.reason for one in story.troubles]


def test_the_expected_outcomes_are_one_file_that_never_changes_by_itself() -> None:
    runs = [
        subprocess.run(
            [sys.executable, "-m", "hub.testing.year", "--expected"],
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            timeout=60,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    lines = [msgspec.json.decode(line) for line in runs[0].splitlines()]
    assert lines[0].keys() == {"act", "gallery", "type", "record_id", "state", "reason"}
    assert len(lines) == len(demo_expectations("demo", ANCHOR))
