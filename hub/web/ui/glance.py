"""How everything stands, in one sentence that an owner understands (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from hub.web.ui import words


class Counter(Protocol):
    """Writes counts (`hub.web.ui.formats.Formats.count`)."""

    def count(self, n: int, one: str, many: str | None = None) -> str:
        """``1 invoice``."""
        ...


def group_counts(counts: Mapping[str, Mapping[str, int]], *types: str) -> dict[str, int]:
    """Group -> entries, of *types* (all when none is named); `counts`: type -> state shown -> entries."""
    found = dict.fromkeys(words.GROUPS, 0)
    for type_, states in counts.items():
        if not types or type_ in types:
            for state, n in states.items():
                found[words.GROUP_OF[state]] += n
    return found


def add_up(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Several of them as one."""
    found = dict.fromkeys(words.GROUPS, 0)
    for one in counts:
        for group, n in one.items():
            found[group] += n
    return found


def render_glance(groups: Mapping[str, int], formats: Counter, *, waits: str = "") -> str:
    """One sentence about all entries: what needs a person comes with a number, good news without.

    *waits*: what follows the records that are on their way when nothing moves them now: ``for Xero since today 10:04``.
    """
    needs, ahead, done = groups["needs_you"], groups["on_its_way"], groups["in_the_books"]
    if not needs and not ahead and not done:
        return "Nothing has gone to the books yet."
    parts = []
    if ahead and waits:
        parts.append(f"{formats.count(ahead, 'record waits', 'records wait')} {waits}")
    elif ahead:
        parts.append(f"{formats.count(ahead, 'record is', 'records are')} on the way")
    if needs:
        parts.append(f"{formats.count(needs, 'record needs', 'records need')} you")
    if not parts:
        return "Everything is in the books."
    return ("Everything else is in the books; " if done else "") + " and ".join(parts) + "."
