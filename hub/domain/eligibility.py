"""Whether an invoice or payment is to go at all: the ordered gates that `explain` shows (DESIGN section 8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from hub.domain.books import Book
from hub.domain.entries import Check, Entry, Hold, LeaveOut
from hub.domain.exclusions import ExcludeFilter, find_exclusion
from hub.domain.reasons import HELD, LEFT_OUT, words
from hub.domain.records import Invoice, Payment


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """When a record was first stored here and last changed (by its source's clock where given); aware UTC."""

    created_at: datetime
    changed_at: datetime


class Gates(msgspec.Struct, frozen=True, kw_only=True):
    """The settings the gates read, whatever the kind calls its own settings class."""

    sync_from: date | None = None
    copy_existing: bool = False
    window_days: int | None = 14

    @classmethod
    def of(cls, settings: Any) -> Gates:
        """The gates of a kind's settings; a kind without such a setting has it off."""
        return cls(
            sync_from=getattr(settings, "sync_from", None),
            copy_existing=getattr(settings, "copy_existing", True),
            window_days=getattr(settings, "window_days", None),
        )


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """The checks in order, and what stops the record (None: it may go)."""

    checks: tuple[Check, ...]
    stop: LeaveOut | Hold | None = None


def _left_out(code: str, **facts: object) -> LeaveOut:
    sentence, remedy = words(LEFT_OUT, code, **facts)
    return LeaveOut(reason=code, message=sentence, remedy=remedy, freeze=code == "excluded")


def _held(code: str, **facts: object) -> Hold:
    sentence, remedy = words(HELD, code, **facts)
    return Hold(reason=code, message=sentence, remedy=remedy, cause=code)


def find_window_start(gates: Gates, since: datetime) -> datetime | None:
    """The instant before which a change falls out of the window, which counts back from *since*; None: no window."""
    return None if gates.window_days is None else since - timedelta(days=gates.window_days)


def judge_invoice(
    invoice: Invoice, entry: Entry, times: Times, book: Book, filters: Mapping[str, ExcludeFilter]
) -> Judgement:
    """The gates of an invoice. What stands in the books already passes the gates of date, connection and window."""
    checks: list[Check] = []
    stop: LeaveOut | Hold | None = None
    for code, question, verdict in _gates(
        invoice, entry, times, book, lambda: find_exclusion(invoice, book.exclusions, filters)
    ):
        if stop is not None:
            checks.append(Check(code=code, passed=None, message=question))
            continue
        stop = verdict()
        checks.append(Check(code=code, passed=stop is None, message=stop.message if stop else question))
    return Judgement(checks=tuple(checks), stop=stop)


def find_stop(invoice: Invoice, entry: Entry, times: Times, book: Book, *, rule: str | None) -> LeaveOut | Hold | None:
    """What stops *invoice*, as `judge_invoice` says it, where the words of the rule that excludes it are known."""
    for _, _, verdict in _gates(invoice, entry, times, book, lambda: rule):
        if (stop := verdict()) is not None:
            return stop
    return None


_Gate = tuple[str, str, Callable[[], LeaveOut | Hold | None]]


def _gates(
    invoice: Invoice, entry: Entry, times: Times, book: Book, find_rule: Callable[[], str | None]
) -> tuple[_Gate, ...]:
    """(code, what holds when it is passed, verdict) of each gate, in order."""
    gates = Gates.of(book.settings)
    stands = entry.remote is not None
    return (
        ("status", "It is issued.", lambda: _status(invoice, stands)),
        ("excluded", "No exclusion keeps it out.", lambda: _excluded(invoice, find_rule)),
        ("date", "It has an issue date.", lambda: _held("date") if invoice.issued_on is None else None),
        (
            "sync_from",
            "Its date is inside the sync.",
            lambda: None if stands else _sync_from(invoice, times, book, gates),
        ),
        ("window", "It changed recently enough.", lambda: None if stands else _window(entry, times, book, gates)),
    )


def judge_payment(payment: Payment, entry: Entry) -> Judgement:
    """The gate of a payment: it must be recorded. What ever stood there goes on, to be taken back or shown."""
    stop = None
    if payment.status != "recorded" and entry.remote is None and entry.state != "voided":
        stop = _left_out("payment_not_recorded", status=payment.status)
    passed = "The payment is recorded." if payment.status == "recorded" else "It was sent before."
    return Judgement(
        checks=(Check(code="status", passed=stop is None, message=stop.message if stop else passed),), stop=stop
    )


def _status(invoice: Invoice, stands: bool) -> LeaveOut | None:
    if stands:
        return None
    if invoice.status == "void":
        return _left_out("void_never_sent")
    return _left_out("draft") if invoice.status == "draft" else None


def _excluded(invoice: Invoice, find_rule: Callable[[], str | None]) -> LeaveOut | None:
    if invoice.excluded:
        return _left_out("excluded", rule="it is marked so")
    rule = find_rule()
    return _left_out("excluded", rule=rule) if rule else None


def _sync_from(invoice: Invoice, times: Times, book: Book, gates: Gates) -> LeaveOut | None:
    if gates.sync_from is not None:
        if invoice.issued_on is None or invoice.issued_on >= gates.sync_from:
            return None
        return _left_out("before_sync_from", on=invoice.issued_on, sync_from=gates.sync_from)
    if gates.copy_existing or times.created_at >= book.connected_at:
        return None
    return _left_out("before_connection")


def _window(entry: Entry, times: Times, book: Book, gates: Gates) -> LeaveOut | None:
    """Never for sync_from or copy_existing, nor for what is held, waiting or asked for by a person (R6)."""
    if gates.window_days is None or gates.sync_from is not None or gates.copy_existing or book.window_start is None:
        return None
    seen_before = entry.state not in {None, "left_out"}
    if entry.forced or seen_before or times.changed_at >= book.window_start:
        return None
    return _left_out("outside_window", days=gates.window_days)
