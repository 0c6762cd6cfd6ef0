"""Runs in words: what one did, when it will be done, what its writes became, what a dry run would write (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from hub.domain.capabilities import Limits
from hub.store.batches import Sent, WriteCount
from hub.store.limits import Remaining
from hub.store.runs import Counts, PlannedSum, Run
from hub.web.ui.formats import Formats
from hub.web.ui.words import Word

ASKED_BY: Mapping[str, str] = {"person": "By hand", "schedule": "By schedule", "change": "After a change"}
OPERATIONS: Mapping[str, str] = {"create": "created", "update": "updated", "cancel": "voided"}
PLANNED: Mapping[str, str] = {"create": "Create", "update": "Update", "cancel": "Void"}

# of `Counts`, in the order people care: what was done, what needs somebody, what rests
COUNTS: Mapping[str, str] = {
    "created": "created",
    "updated": "updated",
    "voided": "voided",
    "received": "came back",
    "held": "held",
    "conflict": "differ",
    "unknown": "being looked up",
    "waiting": "waiting",
    "left_out": "left out",
    "unchanged": "unchanged",
}
_NEEDS = frozenset({"held", "conflict"})
_DOING: Sequence[tuple[str, str]] = (
    ("opening the book", "reading settings and mappings"),
    ("judging ", "looking at "),
)

LEAST_SECONDS = 2.0  # before that a speed says nothing
KEPT_SHARE = 10  # a tenth of a day's calls is kept for people (`hub.store.limits`)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """When a run will be done. `at` None: today's calls are not enough for all of it."""

    at: datetime | None


def foresee(
    run: Run, *, now: datetime, limits: Limits, budget: Remaining | None, factor: float = 1.0
) -> Forecast | None:
    """When *run* will be done, by its own speed so far and by the calls it still may make; None: too early to say.

    Its seconds are those of its work: what it waited for calls does not count.

    Args:
        factor: HUB_CLOCK_FACTOR: how long a minute of the limits really lasts, in minutes.
    """
    left = run.total - run.done
    if left <= 0 or run.done <= 0 or run.seconds < LEAST_SECONDS:
        return None
    needed = left * run.calls / run.done
    seconds = left * run.seconds / run.done
    day = None if budget is None else budget["day"]
    if day is not None and limits.per_day is not None and needed > day - limits.per_day // KEPT_SHARE:
        return Forecast(at=None)
    if budget is not None and budget["minute"] is not None and limits.per_minute:
        minutes = max(0.0, needed - budget["minute"]) / limits.per_minute
        seconds = max(seconds, minutes * 60 * factor)
    return Forecast(at=now + timedelta(seconds=seconds))


def say_forecast(found: Forecast | None, fmt: Formats, title: str) -> str:
    """``Done at about 14:05.``"""
    if found is None:
        return "It is too early to say when it will be done."
    if found.at is None:
        return f"The calls that {title} allows today are not enough for all of it: the rest goes tomorrow, by itself."
    if found.at - fmt.now < timedelta(minutes=1):
        return "Done within a minute."
    on, _, clock = fmt.moment(found.at).rpartition(" ")
    return f"Done {'' if on == 'today' else on.rstrip(',') + ' '}at about {clock}."


def say_doing(doing: str) -> str:
    """What a run does at this moment, as a sentence."""
    for theirs, ours in _DOING:
        if doing.startswith(theirs):
            doing = ours + doing.removeprefix(theirs)
    text = doing.replace("_", " ").strip()
    return f"{text[:1].upper()}{text[1:]}." if text else "It has begun."


def say_error(error: str | None) -> str:
    """Why a run stopped or waits, as a sentence; "" when it says nothing."""
    text = (error or "").strip()
    text = text[:1].upper() + text[1:]
    return text if not text or text[-1] in ".!?" else f"{text}."


def list_counts(counts: Counts) -> list[tuple[str, int, str]]:
    """(word, n, tone) of what is not 0."""
    found = [(name, word, getattr(counts, name)) for name, word in COUNTS.items()]
    found = [(name, "differs" if name == "conflict" and n == 1 else word, n) for name, word, n in found]
    return [(word, n, "need" if name in _NEEDS else "") for name, word, n in found if n]


def list_rest(counts: Counts) -> list[tuple[str, int, str]]:
    """(word, n, tone) of what a dry run looked at and would not write."""
    done = set(OPERATIONS.values())
    return [one for one in list_counts(counts) if one[0] not in done]


def say_seconds(seconds: float, fmt: Formats) -> str:
    """How long a run took."""
    return fmt.lasting(seconds) if seconds >= 1 else "under a second"


def say_counts(run: Run, fmt: Formats) -> str:
    """``40 created, 2 updated, 1 held``; of a dry run what would be."""
    said = ", ".join(f"{fmt.number(n)} {word}" for word, n, _ in list_counts(run.counts))
    if run.dry_run:
        return f"Would be: {said}" if said else "Nothing to write"
    return said or "Nothing to do"


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a run's writes of one type."""

    type: str
    done: tuple[tuple[str, int], ...]  # ("created", 40)
    refused: int
    open: int

    @property
    def n(self) -> int:
        """All of them."""
        return sum(n for _, n in self.done) + self.refused + self.open


def tally_writes(counts: Iterable[WriteCount]) -> list[Written]:
    """By type, in the order they are written."""
    found: dict[str, dict[str, int]] = {}
    for one in counts:
        sort = sort_of(one.outcome)
        key = OPERATIONS[one.operation] if sort == "done" else sort
        sums = found.setdefault(one.type, {})
        sums[key] = sums.get(key, 0) + one.n
    order = ("contact", "invoice", "payment", "allocation")
    return [
        Written(
            type=type_,
            done=tuple((word, found[type_][word]) for word in OPERATIONS.values() if word in found[type_]),
            refused=found[type_].get("refused", 0),
            open=found[type_].get("open", 0),
        )
        for type_ in sorted(found, key=order.index)
    ]


def sort_of(outcome: str | None) -> str:
    """``done``, ``refused`` or ``open``."""
    if outcome in {"accepted", "present"}:
        return "done"
    return "refused" if outcome == "refused" else "open"


def outcome_word(sent: Sent) -> Word:
    """What became of one write."""
    match sent.outcome:
        case "accepted" | "present":
            hint = "No answer came; it was found there." if sent.outcome == "present" else ""
            return Word(text=OPERATIONS[sent.operation].capitalize(), tone="good", hint=hint)
        case "refused":
            return Word(text="Refused", tone="bad")
        case "not_now":
            return Word(text="Not now", tone="busy", hint="It goes again by itself.")
        case "absent":
            return Word(text="Did not arrive", tone="busy", hint="It was looked up; it goes again by itself.")
        case _:
            return Word(text="Being looked up", tone="busy", hint="No clear answer came yet.")


def say_detail(sent: Sent) -> str:
    """What the other side said to one write, and the way out where it needs somebody; "" when all is well."""
    if sent.outcome == "refused":
        said = (sent.detail or "").partition(": ")[2] or (sent.detail or "")
        if sent.state == "held":
            return " ".join(part for part in (sent.message or said, sent.remedy) if part)
        return said + (" It stands there by now." if sent.state in {"synced", "resolved"} else "")
    if sent.outcome in {"not_now", "accepted"}:
        return sent.detail or ""
    return ""


def label_of(sent: Sent) -> str:
    """How people call a record that was written."""
    shown = sent.shown or {}
    if sent.type == "contact":
        return shown.get("name") or sent.record_id or sent.number
    if sent.type == "allocation":
        return " on ".join(one for one in (shown.get("credit_note"), shown.get("invoice")) if one) or sent.number
    return sent.number if sent.type == "invoice" else sent.record_id or sent.number


# -- a dry run

PAGE_WEIGHT = 110  # drafts of a page and their lines: what keeps a page small
PAGE_WRITES = 50
MOST_LINES = 25


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """All writes of one type and operation in a dry run; totals by currency."""

    type: str
    operation: str
    n: int
    totals: tuple[tuple[str, Decimal], ...]

    @property
    def key(self) -> str:
        """Names it in a query."""
        return f"{self.type}-{self.operation}"


def tally_planned(sums: Sequence[PlannedSum]) -> list[Planned]:
    """By type and operation, in the order they would be written."""
    counts: dict[tuple[str, str], int] = {}
    totals: dict[tuple[str, str], list[tuple[str, Decimal]]] = {}
    for one in sums:
        key = (one.type, one.operation)
        counts[key] = counts.get(key, 0) + one.n
        if one.total is not None and one.currency:
            totals.setdefault(key, []).append((one.currency, one.total))
    return [
        Planned(type=key[0], operation=key[1], n=n, totals=tuple(sorted(totals.get(key, ()))))
        for key, n in counts.items()
    ]


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a dry run's writes: `items` from the place `start` on, of `n`; `following`: None at the end."""

    items: tuple[Mapping[str, Any], ...]
    start: int
    n: int
    following: int | None


def cut_page(found: Sequence[Mapping[str, Any]], *, start: int, n: int) -> Slice:
    """As many of *found*, which begins at the place *start* of *n*, as a page takes."""
    items: list[Mapping[str, Any]] = []
    weight = 0
    for write in found[:PAGE_WRITES]:
        lines = len((write["draft"] or {}).get("lines", ()))
        weight += 2 + min(lines, MOST_LINES)
        if items and weight > PAGE_WEIGHT:
            break
        items.append(write)
    end = start + len(items)
    return Slice(items=tuple(items), start=start, n=n, following=end if items and end < n else None)


def planned_label(write: Mapping[str, Any]) -> str:
    """How people call a record that would be written."""
    draft = write["draft"] or {}
    fields = draft.get("fields") or {}
    if write["type"] == "contact" and fields.get("name"):
        return str(fields["name"])
    return str(draft.get("number") or write["record_id"]) if write["type"] == "invoice" else str(write["record_id"])


_FIRST = ("name", "contact", "invoice", "credit_note", "date", "due")


def list_fields(draft: Mapping[str, Any], fmt: Formats) -> list[tuple[str, str]]:
    """What a person compares of a draft, with dates written out; amounts stand in their own place."""
    made = []
    fields: dict[str, str] = draft.get("fields") or {}
    first = [name for name in _FIRST if name in fields]
    for name in (*first, *(name for name in fields if name not in first)):
        value = fields[name]
        if value and name not in {"total", "tax", "currency", "amount"}:
            text = fmt.day(date.fromisoformat(value)) if _ISO.fullmatch(value) else value
            made.append((name.replace("_", " ").capitalize(), text))
    return made
