"""Entries: how one record stands in one webservice, and the moves between states.

Two counters decide what is due: changes and people raise `asked`; judging stores `judged` = the `asked` it read.
An entry with ``asked > judged`` is shown as *pending*; that state is never stored. An entry in `sending` or `unknown`
is settled before it is judged.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, get_args

import msgspec

from hub.domain.records import EntryType
from hub.domain.remotes import Operation, Remote

State = Literal[
    "pending", "left_out", "sending", "unknown", "waiting", "synced", "held", "conflict", "resolved", "voided"
]
STATES: tuple[State, ...] = get_args(State)

Group = Literal["in_the_books", "on_its_way", "needs_you", "left_out"]

# From a state to those it may become. `pending` stands for "never judged" on the left and never occurs on the right.
_JUDGED: frozenset[State] = frozenset(
    {"left_out", "sending", "waiting", "synced", "held", "conflict", "resolved", "voided"}
)
MOVES: dict[State, frozenset[State]] = {
    "pending": _JUDGED - {"resolved"},
    "left_out": _JUDGED,
    "sending": frozenset({"unknown", "synced", "held", "conflict", "waiting", "voided"}),
    "unknown": frozenset({"unknown", "sending", "synced", "held", "conflict", "waiting", "voided"}),
    "waiting": _JUDGED,
    "synced": _JUDGED,
    "held": _JUDGED,
    "conflict": _JUDGED,
    "resolved": _JUDGED,
    "voided": _JUDGED - {"left_out"},
}


class IllegalMoveError(AssertionError):
    """A state change that the table above does not allow: a fault of the hub, never of the data."""


def move(before: State | None, after: State) -> State:
    """*after*, when an entry in *before* (None: never judged) may become it. Raises IllegalMoveError."""
    if after not in MOVES[before or "pending"]:
        raise IllegalMoveError(f"an entry cannot go from {before} to {after}")
    return after


def group(state: State, *, in_books: bool) -> Group:
    """The group people see; *in_books*: something of ours stands there and is not voided."""
    if state in {"held", "conflict"}:
        return "needs_you"
    if state in {"pending", "sending", "unknown", "waiting"}:
        return "on_its_way"
    if in_books and state != "voided":
        return "in_the_books"
    return "left_out"


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What we last wrote there and saw accepted: the ground that a later difference is measured from.

    `body`: of a contact, so that a later update sends only what the gallery changed; `written`: the keys of it that we
    wrote there ourselves (a link writes none), which alone may be emptied there. `contact_record`: the gallery's
    id of the contact that an invoice went out with; None where that is not known. `lines`: those of the answer.
    """

    fingerprint: str
    record_version: int
    on: date | None = None
    currency: str | None = None
    total: Decimal | None = None
    tax: Decimal | None = None
    contact_id: str | None = None
    contact_record: str | None = None
    account_id: str | None = None
    body: dict[str, Any] | None = None
    written: tuple[str, ...] = ()
    lines: tuple[tuple[str, str], ...] = ()


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """A person accepted a difference. It holds as long as neither side changes."""

    by: str
    at: datetime
    note: str
    record_version: int
    remote_version: str


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """How one record, or allocation, stands in one webservice.

    Attributes:
        type, record_id: Of an allocation: `hub.domain.allocating`.
        state: The stored state; None = never judged.
        number: Natural key there, frozen before the first write.
        remote: What stands there as far as we know.
        sent: Our last accepted write.
        frozen: Excluded after it was sent: no more updates.
        forced: A person asked for it: the window is overridden and the draft rendered anew.
        distinct: A person said that a second contact of this name is meant.
        updated_at: When the row last changed: it is saved only if nobody changed it since it was read.
    """

    id: str
    type: EntryType
    record_id: str
    asked: int = 1
    judged: int = 0
    state: State | None = None
    reason: str | None = None
    message: str | None = None
    remedy: str | None = None
    problem_id: str | None = None
    number: str | None = None
    remote: Remote | None = None
    sent: Sent | None = None
    frozen: bool = False
    forced: bool = False
    distinct: bool = False
    attempts: int = 0
    next_try_at: datetime | None = None
    resolution: Resolution | None = None
    invoice_id: str | None = None  # of a payment or allocation
    updated_at: datetime | None = None

    @property
    def shown(self) -> State:
        """The state people see: `pending` when something is due."""
        if self.state in {"sending", "unknown"}:
            return self.state
        if self.state is None or self.asked > self.judged:
            return "pending"
        return self.state

    @property
    def in_books(self) -> bool:
        """Something of ours stands there and is not voided or deleted."""
        return self.remote is not None and self.remote.status not in {"voided", "deleted"}


class LeaveOut(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing goes there, for a reason that is no fault."""

    reason: str
    message: str
    remedy: str = ""
    freeze: bool = False


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A person is needed. `cause` groups entries into one problem."""

    reason: str
    message: str
    remedy: str
    cause: str = ""
    conflict: bool = False


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """It goes later by itself, when what it waits for has happened."""

    message: str


class Nothing(msgspec.Struct, frozen=True, kw_only=True):
    """Both sides agree already. `state` is synced or voided; `note` goes into the history when given."""

    state: Literal["synced", "voided", "resolved"] = "synced"
    note: str = ""


class Do(msgspec.Struct, frozen=True, kw_only=True):
    """A write is due."""

    operation: Operation


Step = LeaveOut | Hold | Wait | Nothing | Do


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One of the ordered checks that `explain` shows. `passed` None = not reached."""

    code: str
    passed: bool | None = msgspec.field(name="pass")
    message: str
