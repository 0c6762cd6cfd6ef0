"""The year by month as bars (pure): the numbers that an SVG of the page is drawn from."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.sync.standing import Month

WIDE, HIGH = 10, 100
_BAR = 6.4
_LEAST = 2.0
"""Of the height: one invoice that needs somebody among a thousand is still seen."""
GROUPS = (("in_the_books", "good"), ("on_its_way", "busy"), ("needs_you", "need"))


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """A rectangle in units of the drawing (10 for each month wide, 100 high), as attributes; its tone as a class."""

    x: str
    y: str
    width: str
    height: str
    tone: str


def draw_bars(months: Sequence[Month]) -> list[Bar]:
    """The bars of all months, stacked from the bottom: in the books, on the way, needs you."""
    parts = [[(getattr(month, group), tone) for group, tone in GROUPS] for month in months]
    most = max((month.total for month in months), default=0)
    bars = []
    for place, stack in enumerate(parts):
        heights = [(max(n / most * HIGH, _LEAST), tone) for n, tone in stack if n]
        over = max(1.0, sum(height for height, _ in heights) / HIGH)
        top = float(HIGH)
        for height, tone in heights:
            top -= height / over
            left = place * WIDE + (WIDE - _BAR) / 2
            bars.append(Bar(x=_text(left), y=_text(top), width=_text(_BAR), height=_text(height / over), tone=tone))
    return bars


def _text(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
