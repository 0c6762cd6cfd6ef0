"""What was put on another account or tracking option there: no conflict, until a change of ours would undo it. Pure."""

from __future__ import annotations

import msgspec

from hub.domain.entries import Do, Entry, Step
from hub.domain.planning import conflict
from hub.domain.remotes import Operation

REMEDY = "Put it back there, press “Try again” to write over it, or mark it as resolved."


def judge_recoded(entry: Entry, step: Step) -> Step:
    """*step*, or a conflict where it would write over amounts that were moved there since our last write (DESIGN 8).

    A person who saw that and pressed “Try again” has it written over.
    """
    if not isinstance(step, Do) or step.operation is not Operation.UPDATE:
        return step
    moved = list_moved(entry)
    was_seen = entry.forced and (entry.state, entry.reason) == ("conflict", "edited_there")
    if not moved or was_seen or entry.remote is None:
        return step
    number = entry.remote.number or entry.number
    return msgspec.structs.replace(conflict("edited_there", number=number, difference="; ".join(moved)), remedy=REMEDY)


def list_moved(entry: Entry) -> tuple[str, ...]:
    """Both sides of each account (with its tracking) whose sum there is not that of our last write, in words."""
    if entry.sent is None or entry.remote is None or not entry.sent.lines or not entry.remote.lines:
        return ()
    ours, theirs = dict(entry.sent.lines), dict(entry.remote.lines)
    return tuple(
        f"account {key} {ours.get(key, 'nothing')} in the gallery, {theirs.get(key, 'nothing')} there"
        for key in {**ours, **theirs}
        if ours.get(key) != theirs.get(key)
    )
