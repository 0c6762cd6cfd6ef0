"""The demo's expected outcomes, act by act: what `hub demo` compares the hub with, and ``python -m`` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from hub.testing.year.harbour import generate
from hub.testing.year.troubles import SYNCED_ACTS, Expectation, Story, tell_troubles
from hub.testing.year.values import Expected, Year

YEAR_ACTS = ("first", "second", "third")


def expected_in_year(year: Year, act: str) -> tuple[Expectation, ...]:
    """How the records of *year* stand after the first, second or third sync; in the third its conflicts are solved.

    Raises:
        ValueError: The year has no such act.
    """
    gallery = str(year.of_type("gallery")[0]["id"])
    items = year.expected if YEAR_ACTS.index(act) else year.expected_first
    return tuple(_of_year(gallery, act, items))


def _of_year(gallery: str, act: str, items: Sequence[Expected]) -> Iterator[Expectation]:
    for item in items:
        if item.state is None:
            continue
        solved = act == YEAR_ACTS[-1] and item.state == "conflict"
        yield Expectation(
            gallery=gallery,
            act=act,
            type=item.type,
            record_id=item.record_id,
            state="synced" if solved else item.state,
            reason=None if solved else item.reason,
        )


def expected_in_story(story: Story) -> tuple[Expectation, ...]:
    """How the records of *story* stand after each of its acts."""
    return tuple(one for act in SYNCED_ACTS for one in (*story.sound_before(act), *story.expected(act)))


def demo_expectations(seed: str, anchor: date) -> tuple[Expectation, ...]:
    """All that the demo compares: the year, then the troubles, act by act."""
    year = generate(seed, anchor)
    in_year = [one for act in YEAR_ACTS for one in expected_in_year(year, act)]
    return (*in_year, *expected_in_story(tell_troubles(anchor)))
