"""Tallies: how many invoices, what total in each currency, from when to when, and some of them by name. Pure."""

from __future__ import annotations

import heapq
from datetime import date
from decimal import Decimal

import msgspec

from hub.domain.records import Invoice

MOST_NAMED = 20
_NO_DATE = date.min


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice by name, for people."""

    id: str
    number: str
    kind: str
    on: date | None
    currency: str
    total: Decimal


class Tally:
    """Counts invoices one by one in bounded memory; the newest 20 are kept by name.

    Credit notes count as documents, and their totals below zero.
    """

    def __init__(self) -> None:
        self.count = 0
        self.totals: dict[str, Decimal] = {}
        self.oldest: date | None = None
        self.newest: date | None = None
        self.reasons: dict[str, int] = {}
        self._named: list[tuple[date, str, Named]] = []

    def add(self, invoice: Invoice, reason: str | None = None) -> None:
        """Count *invoice*; *reason* says why it is in this tally."""
        self.count += 1
        total = Decimal(invoice.total)
        signed = -total if invoice.kind == "credit_note" else total
        self.totals[invoice.currency] = self.totals.get(invoice.currency, Decimal(0)) + signed
        if reason is not None:
            self.reasons[reason] = self.reasons.get(reason, 0) + 1
        on = invoice.issued_on
        if on is not None:
            self.oldest = on if self.oldest is None else min(self.oldest, on)
            self.newest = on if self.newest is None else max(self.newest, on)
        self._name(invoice)

    def _name(self, invoice: Invoice) -> None:
        on, full = invoice.issued_on or _NO_DATE, len(self._named) >= MOST_NAMED
        if full and (on, invoice.id) <= self._named[0][:2]:
            return
        named = Named(
            id=invoice.id,
            number=invoice.number,
            kind=invoice.kind,
            on=invoice.issued_on,
            currency=invoice.currency,
            total=Decimal(invoice.total),
        )
        (heapq.heapreplace if full else heapq.heappush)(self._named, (on, invoice.id, named))

    @property
    def named(self) -> tuple[Named, ...]:
        """Up to 20 of them, the newest first."""
        return tuple(named for _, _, named in sorted(self._named, key=lambda one: one[:2], reverse=True))
