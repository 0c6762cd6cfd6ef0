"""Which 400 invoices there are: type, day, and what is special about each, all by quota (DOMAIN section 6)."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

from hub.testing.year.dice import Dice, shuffled

MONTHS = (18, 22, 30, 34, 40, 36, 30, 28, 38, 44, 42, 38)
TYPES = {
    "single_bank": 120,
    "single_stripe": 70,
    "shipping": 45,
    "framing": 30,
    "several": 30,
    "edition": 20,
    "instalments": 15,  # these three are the 25 of "deposit + instalments": five deposits are invoices of their own
    "deposit": 5,
    "final": 5,
    "portal": 20,
    "export": 12,
    "foreign": 14,
    "void": 6,
    "credit": 6,
    "zero": 2,
}
CURRENCIES = ("USD",) * 5 + ("EUR",) * 4 + ("GBP",) * 3 + ("JPY",) * 2
BEFORE_SYNC_FROM = 8
MODES = {"inclusive": 260, "exclusive": 130, "no_tax": 10}
LINE_DISCOUNTS, INVOICE_DISCOUNTS = 60, 25
# Marks that exclude each other: how many, and of which types. All others are ordinary and paid in full.
PROBLEMS = {
    "excluded": 4,
    "uk_long_1": 1,
    "uk_long_2": 1,
    "bad_email": 1,
    "archived": 1,
    "duplicate_1": 1,
    "duplicate_2": 1,
    "edited_price": 1,
    "edited_line": 1,
    "unmapped_method": 1,
    "number_taken": 1,
    "exceeds": 1,
    "late": 1,
    "price_500": 1,
    "price_995": 1,
    "price_3800": 1,
}
OPEN_TYPES = ("single_bank", "single_stripe", "shipping", "framing", "several")
PLAIN = ("shipping", "framing", "several")


@dataclass(slots=True)
class Slot:
    """The place of one invoice in the year. Filled step by step while the plan is made, only read afterwards."""

    type: str
    index: int  # within its type
    position: int = 0  # within the year, in order of issue
    issued_on: date = date.min
    mode: str = ""
    marks: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        """The slot's own name: what its values are drawn by."""
        return f"{self.type}-{self.index}"

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar:
    """The twelve months that end with the anchor's, and the two days that cut off their beginning."""

    months: tuple[date, ...]
    last_day: date
    sync_from: date
    locked_on: date


def calendar_of(anchor: date) -> Calendar:
    """The year that ends with the last day of *anchor*'s month. Sync starts on its 10th day, the 12th is locked."""
    first = anchor.year * 12 + anchor.month - 12
    months = tuple(date(n // 12, n % 12 + 1, 1) for n in range(first, first + 12))
    return Calendar(
        months=months,
        last_day=_month_end(months[-1]),
        sync_from=months[0].replace(day=10),
        locked_on=months[0].replace(day=12),
    )


def plan(seed: str, year: Calendar) -> list[Slot]:
    """The 400 slots, in order of issue."""
    slots = [Slot(kind, n) for kind, count in TYPES.items() for n in range(count)]
    early = shuffled(seed, "early", [slot for slot in slots if slot.type == "single_bank"])[: BEFORE_SYNC_FROM + 1]
    for slot in early[:-1]:
        slot.marks.add("before_sync_from")
    early[-1].marks.add("period_locked")
    slots.sort(key=lambda slot: _place(seed, slot))
    for position, (slot, day) in enumerate(zip(slots, _days(seed, year), strict=True)):
        slot.position, slot.issued_on = position, day
    _mark(seed, slots, year)
    _set_modes(seed, slots)
    _mark_discounts(seed, slots)
    return slots


def _place(seed: str, slot: Slot) -> tuple[float, int, str]:
    """Early ones first, credit notes late, final invoices after their deposits; the rest anywhere."""
    rank = Dice(seed, "place", slot.name).below("rank", 10_000)
    if slot.marks:
        return (-1 if "before_sync_from" in slot.marks else 0, 0, slot.name)
    match slot.type:
        case "deposit":
            rank = rank * 4 // 10
        case "final":
            rank = 5_000 + rank * 4 // 10
        case "credit":
            rank = 7_000 + rank * 2 // 10
    return (1, rank, slot.name)


def _month_end(month: date) -> date:
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


def _days(seed: str, year: Calendar) -> list[date]:
    """400 days, ascending: per month by quota, in the first month around the two cut-off days."""
    days = []
    for index, (month, count) in enumerate(zip(year.months, MONTHS, strict=True)):
        last = _month_end(month).day
        for n in range(count):
            dice = Dice(seed, "day", f"{index}-{n}")
            low, high = (1, last) if index else (14, last)
            if index == 0 and n < BEFORE_SYNC_FROM:
                low, high = 1, year.sync_from.day - 1
            elif index == 0 and n == BEFORE_SYNC_FROM:
                low, high = year.sync_from.day, year.locked_on.day
            days.append(month.replace(day=dice.between("day", low, high)))
    return sorted(days)


def _mark(seed: str, slots: list[Slot], year: Calendar) -> None:
    def take(mark: str, count: int, types: Iterable[str], when: Callable[[Slot], bool] = lambda _: True) -> None:
        pool = [slot for slot in slots if slot.type in types and not slot.marks and when(slot)]
        if len(pool) < count:
            raise ValueError(f"seed {seed!r}: only {len(pool)} of {count} invoices left for {mark!r}")
        for slot in shuffled(seed, mark, pool)[:count]:
            slot.marks.add(mark)

    for mark, count in PROBLEMS.items():
        take(mark, count, ("single_bank",))
    take("draft", 2, OPEN_TYPES, lambda slot: slot.position >= 330)
    take("pending", 1, ("single_stripe",), lambda slot: slot.position >= 300)
    take("failed", 1, ("single_stripe",), lambda slot: slot.position >= 300)
    take("not_due", 11, OPEN_TYPES, lambda slot: slot.position >= 330)
    take("overdue", 25, OPEN_TYPES[:1] + PLAIN, lambda slot: (year.last_day - slot.issued_on).days > 35)
    take("part_paid", 8, ("instalments",))
    take("part_paid", 12, OPEN_TYPES[:1] + PLAIN)
    take("credited", 6, ("single_bank", "framing"), lambda slot: slot.position < 250)
    take("remote_paid", 15, ("single_bank",))
    take("void_later", 2, ("void",))
    take("invoice_tax", 12, ("several",))
    take("cash", 6, ("edition",))
    take("no_tax", MODES["no_tax"], ("single_bank",))


def _set_modes(seed: str, slots: list[Slot]) -> None:
    """Fixed where the case needs it, by quota elsewhere."""
    for slot in slots:
        slot.mode = _fixed_mode(slot)
    wanted = MODES["exclusive"] - sum(slot.mode == "exclusive" for slot in slots)
    for slot in shuffled(seed, "mode", [slot for slot in slots if not slot.mode])[:wanted]:
        slot.mode = "exclusive"
    for slot in slots:
        slot.mode = slot.mode or "inclusive"


def _fixed_mode(slot: Slot) -> str:
    if "no_tax" in slot.marks:
        return "no_tax"
    if slot.type in ("export", "foreign"):
        return "inclusive" if slot.name == "foreign-12" else "exclusive"  # the first yen invoice bears GST
    if "invoice_tax" in slot.marks:
        return ("inclusive", "exclusive")[slot.index % 2]
    inclusive = {"credited", "cash", "edited_price", "edited_line", "price_500", "price_995", "price_3800"}
    return "inclusive" if slot.type in ("credit", "zero", "deposit") or slot.marks & inclusive else ""


def _mark_discounts(seed: str, slots: list[Slot]) -> None:
    """One of the two zero totals is a line given away, the other an invoice given away."""
    kept = {"credited", "edited_price", "edited_line", "cash", "price_500", "price_995", "price_3800"}
    pool = [slot for slot in slots if slot.type in OPEN_TYPES and not slot.marks & kept]
    chosen = shuffled(seed, "discount", pool)[: LINE_DISCOUNTS + INVOICE_DISCOUNTS - 2]
    for n, slot in enumerate(chosen):
        slot.marks.add("line_discount" if n < LINE_DISCOUNTS - 1 else "invoice_discount")


def by_mark(slots: Iterable[Slot], mark: str) -> list[Slot]:
    """The slots that carry *mark*, in order of issue."""
    return [slot for slot in slots if mark in slot.marks]
