"""A proof in words: which period, what is being read, the verdict, differences first (pure, but for reading rows)."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

import msgspec

from hub.domain.proof import Figures, ProofRow
from hub.domain.records import EntryType
from hub.sync.proof_view import Orphan
from hub.sync.proving import Period, Proof
from hub.web.ui.formats import Formats
from hub.web.ui.words import entry_word, reason_word, type_word

MOST_FIGURES = 50
MOST_EQUAL = 50
MOST_ORPHANS = 30
MOST_NAMED = 3
_BREATH = 2_000  # rows between two turns of everything else
FIGURES: Mapping[str, str] = {"total": "Total", "tax": "Tax", "paid": "Paid"}

PERIODS: Mapping[str, str] = {
    "this-month": "This month",
    "last-month": "Last month",
    "this-quarter": "This quarter",
    "last-quarter": "Last quarter",
    "this-year": "This year",
    "last-year": "Last year",
    "all": "Everything",
}


def resolve_period(key: str, today: date) -> Period:
    """First and last day of one of `PERIODS` (calendar quarters and years), both inclusive; (None, None): no bounds."""
    span = {"month": 1, "quarter": 3, "year": 12}.get(key.rpartition("-")[2])
    if span is None:
        return None, None
    first = today.replace(month=(today.month - 1) // span * span + 1, day=1)
    if key.startswith("last-"):
        return _add_months(first, -span), first - timedelta(days=1)
    return first, _add_months(first, span) - timedelta(days=1)


def _add_months(first: date, n: int) -> date:
    months = first.year * 12 + first.month - 1 + n
    return date(months // 12, months % 12 + 1, 1)


def say_period(period: Period, fmt: Formats) -> str:
    """``1 March 2026 to 31 March 2026``."""
    start, end = period
    if start is None and end is None:
        return "everything in the books"
    if start is None and end is not None:
        return f"everything up to {fmt.day(end)}"
    if end is None and start is not None:
        return f"everything from {fmt.day(start)}"
    return f"{fmt.day(start)} to {fmt.day(end)}" if start and end else ""


def say_reading(what: str, n: int, fmt: Formats, title: str) -> str:
    """What a proof is reading (`hub.sync.proving.Tell`)."""
    match what:
        case "invoice":
            return f"Reading invoices and credit notes in {title}: {fmt.number(n)} so far."
        case "payment":
            return f"Reading payments in {title}: {fmt.number(n)} so far."
        case "not_in_books":
            return f"Looking through what is not in the books: {fmt.number(n)} so far."
        case _:
            return f"Comparing both ledgers: {fmt.number(n)} so far."


class Row(ProofRow, frozen=True, kw_only=True):
    """One row of a proof, read back as it was kept (`hub.sync.proof_view.render_row`), and what a page says of it."""

    @property
    def label(self) -> str:
        """How people call it."""
        return (self.number if self.type == "invoice" else None) or self.record_id

    @property
    def off(self) -> Decimal:
        """The largest of its differences."""
        return max(
            abs(one)
            for one in (self.difference.total, self.difference.tax, self.difference.paid, Decimal(0))
            if one is not None
        )

    def differing(self) -> list[tuple[str, Decimal | None, Decimal | None, Decimal]]:
        """(word, ours, theirs, difference) of each figure that differs."""
        found = []
        for name, word in FIGURES.items():
            difference = getattr(self.difference, name)
            if difference:
                theirs = None if self.theirs is None else getattr(self.theirs, name)
                found.append((word, getattr(self.ours, name), theirs, difference))
        return found


class _Unbooked(msgspec.Struct, frozen=True, kw_only=True):
    type: EntryType
    record_id: str
    state: str
    reason: str | None
    currency: str | None
    total: Decimal | None


class Absent(msgspec.Struct, kw_only=True):
    """Records that are not in the books for one reason; `named`: some of them."""

    state: str
    reason: str | None
    n: int = 0
    totals: dict[str, Decimal] = {}
    named: list[tuple[EntryType, str]] = []

    @property
    def word(self) -> str:
        """The reason in a few words; where there is none, or it is to be judged anew, what happens next."""
        if self.state == "pending":
            return "Goes with the next run"
        return reason_word(self.reason) or entry_word(self.state).text

    @property
    def on_purpose(self) -> bool:
        """A rule leaves them out."""
        return self.state == "left_out"


class Sum(msgspec.Struct, frozen=True, kw_only=True):
    """The sums of one currency; `lines`: (word, ours, theirs, difference)."""

    currency: str
    lines: tuple[tuple[str, Decimal | None, Decimal | None, Decimal | None], ...]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A proof, as much of it as a page shows; what is bounded says how many there are in all.

    `differs`: records that stand on both sides and differ; `ours`: gone there; `theirs`: only there; `resolved`: how
    many of the first two somebody marked as resolved.
    """

    agrees: bool
    complete: bool
    differs: int
    resolved: int
    differing: tuple[Row, ...]
    equal: int
    equals: tuple[Row, ...]
    equal_invoices: int
    counts: Mapping[str, int]  # type -> rows
    ours: tuple[Orphan, ...]
    theirs: tuple[Orphan, ...]
    n_ours: int
    n_theirs: int
    sums: tuple[Sum, ...]
    absent: tuple[Absent, ...]
    n_absent: int
    waiting: int


async def sum_up(found: Proof) -> Result:
    """What a page shows of *found*: the largest differences first, the rest counted."""
    decode = msgspec.json.Decoder(Row, strict=False).decode
    heap: list[tuple[Decimal, int, Row]] = []
    equals: list[Row] = []
    counts: dict[str, int] = {}
    differs = gone = resolved = equal_invoices = 0
    for n, raw in enumerate(found.rows.read()):
        row = decode(raw)
        counts[row.type] = counts.get(row.type, 0) + 1
        resolved += row.state == "resolved" and not row.difference.is_zero
        if row.difference.is_zero:
            equal_invoices += row.type == "invoice"
            if len(equals) < MOST_EQUAL and row.type == "invoice":
                equals.append(row)
        elif row.theirs is None:
            gone += 1  # listed as such
        else:
            differs += 1
            (heapq.heappushpop if len(heap) >= MOST_FIGURES else heapq.heappush)(heap, (row.off, -n, row))
        if n % _BREATH == _BREATH - 1:
            await asyncio.sleep(0)
    absent = await _group_absent(found)
    return Result(
        agrees=found.agrees,
        complete=found.complete,
        differs=differs,
        resolved=resolved,
        differing=tuple(row for _, _, row in sorted(heap, key=lambda one: one[:2], reverse=True)),
        equal=found.rows.count - differs - gone,
        equals=tuple(equals),
        equal_invoices=equal_invoices,
        counts=counts,
        ours=tuple(found.ours[:MOST_ORPHANS]),
        theirs=tuple(found.theirs[:MOST_ORPHANS]),
        n_ours=len(found.ours),
        n_theirs=len(found.theirs),
        sums=tuple(_sum(currency, ours, theirs) for currency, (ours, theirs) in found.sums.by_currency().items()),
        absent=absent,
        n_absent=found.not_in_books.count,
        waiting=found.waiting,
    )


def _sum(currency: str, ours: Figures, theirs: Figures) -> Sum:
    difference = ours.minus(theirs)
    return Sum(
        currency=currency,
        lines=tuple(
            (word, getattr(ours, name), getattr(theirs, name), getattr(difference, name))
            for name, word in FIGURES.items()
        ),
    )


async def _group_absent(found: Proof) -> tuple[Absent, ...]:
    """What is not in the books, by reason: what needs somebody first, then the largest groups."""
    decode = msgspec.json.Decoder(_Unbooked, strict=False).decode
    groups: dict[tuple[str, str | None], Absent] = {}
    for n, raw in enumerate(found.not_in_books.read()):
        one = decode(raw)
        reason = None if one.state == "pending" else one.reason  # an old one says nothing any more
        group = groups.setdefault((one.state, reason), Absent(state=one.state, reason=reason))
        group.n += 1
        if one.total is not None and one.currency and one.type == "invoice":
            group.totals[one.currency] = group.totals.get(one.currency, Decimal(0)) + one.total
        if len(group.named) < MOST_NAMED:
            group.named.append((one.type, one.record_id))
        if n % _BREATH == _BREATH - 1:
            await asyncio.sleep(0)
    return tuple(
        sorted(groups.values(), key=lambda one: (one.on_purpose, one.state not in {"held", "conflict"}, -one.n))
    )


def say_verdict(result: Result, fmt: Formats, title: str) -> tuple[str, str, str]:
    """(tone, the verdict in one sentence, what else there is to know)."""
    more = ""
    if result.waiting:
        are = "is" if result.waiting == 1 else "are"
        more = f"{fmt.count(result.waiting, 'record')} {are} not in the books yet; the reasons stand below."
    if not result.agrees:
        apart = result.differs + result.n_ours + result.n_theirs
        tone = "need" if result.resolved == apart else "bad"
        resolved = _say_resolved(result, apart, fmt)
        return tone, _say_differences(result, fmt, title), f"{resolved} {more}".strip()
    if not result.counts:
        return "need", f"There is nothing in the books of {title} in this period.", more
    if result.waiting:
        return "need", "What is in the books agrees to the cent, but not everything is there yet.", more
    if result.n_absent:
        stay = "stays" if result.n_absent == 1 else "stay"
        more = f"{fmt.count(result.n_absent, 'record')} {stay} out of the books on purpose; the reasons stand below."
    return "good", "Both ledgers agree to the cent.", more


def _say_differences(result: Result, fmt: Formats, title: str) -> str:
    parts = []
    if result.differs:
        parts.append(fmt.count(result.differs, "record differs", "records differ"))
    if result.n_ours:
        parts.append(f"{fmt.count(result.n_ours, 'record is', 'records are')} gone in {title}")
    if result.n_theirs:
        parts.append(f"{fmt.count(result.n_theirs, 'document stands', 'documents stand')} only in {title}")
    said = " and ".join(", ".join(parts).rsplit(", ", 1))
    return f"The ledgers do not agree: {said}."


def _say_resolved(result: Result, apart: int, fmt: Formats) -> str:
    if not result.resolved:
        return ""
    if apart == 1:
        return "It is marked as resolved, with a note in its history."
    which = "All" if result.resolved == apart else fmt.number(result.resolved)
    return f"{which} of them {'is' if result.resolved == 1 else 'are'} marked as resolved."


def say_counts(counts: Mapping[str, int], fmt: Formats) -> str:
    """``1,204 invoices, 600 payments``; credit notes count with the invoices."""
    order = ("invoice", "payment", "allocation")
    return ", ".join(f"{fmt.number(counts[one])} {type_word(one, counts[one])}" for one in order if one in counts)
