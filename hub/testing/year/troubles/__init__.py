"""A small gallery in which everything goes wrong once: every reason that the demo's year leaves out, and most others.

Pure and deterministic, like the year. `tell_troubles` tells the story; what must come out follows from what is done.
"""

from __future__ import annotations

from datetime import date

from hub.testing.year.troubles.later import later_troubles
from hub.testing.year.troubles.records import (
    GALLERY,
    HERE,
    SETTINGS,
    STORY_MAPPINGS,
    TAX_CODES,
    Diary,
    contact,
    organisation_facts,
)
from hub.testing.year.troubles.start import troubles_of_the_start
from hub.testing.year.troubles.values import (
    ACTS,
    SYNCED_ACTS,
    Act,
    Deeds,
    Expectation,
    Press,
    Story,
    Trouble,
)

__all__ = ["ACTS", "SYNCED_ACTS", "Act", "Deeds", "Expectation", "Press", "Story", "Trouble", "tell_troubles"]


def tell_troubles(anchor: date) -> Story:
    """The story, in the month of *anchor*; the month before is locked in the organisation's books."""
    diary = Diary(anchor)
    return Story(
        gallery=GALLERY,
        here=HERE,
        there=organisation_facts(diary),
        opening=(*TAX_CODES, contact("buyer", "Ada Thorne")),
        mappings=STORY_MAPPINGS,
        settings=SETTINGS,
        voided_on=diary.paid.isoformat(),
        troubles=(*troubles_of_the_start(diary), *later_troubles(diary)),
    )
