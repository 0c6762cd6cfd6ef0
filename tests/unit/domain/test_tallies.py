"""A tally counts in bounded memory."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from hub.domain.content import decode_body
from hub.domain.records import Invoice
from hub.domain.tallies import MOST_NAMED, Tally
from tests.sync.harness import make_invoice


def invoice(number: int, **changes: Any) -> Invoice:
    made = decode_body("invoice", msgspec.json.encode(make_invoice(f"i-{number:04}", **changes)))
    assert isinstance(made, Invoice)
    return made


def test_totals_are_kept_apart_by_currency_and_credit_notes_are_taken_off() -> None:
    tally = Tally()
    tally.add(invoice(1, total="100.10"))
    tally.add(invoice(2, total="0.20", kind="credit_note"))
    tally.add(invoice(3, total="7.00", currency="USD"))
    assert tally.count == 3
    assert tally.totals == {"AUD": Decimal("99.90"), "USD": Decimal("7.00")}


def test_the_newest_20_are_named_whatever_the_order() -> None:
    start = date(2026, 1, 1)
    tally, backwards = Tally(), Tally()
    made = [invoice(n, issued_on=(start + timedelta(days=n)).isoformat()) for n in range(50)]
    for one in made:
        tally.add(one)
    for one in reversed(made):
        backwards.add(one)
    assert [one.id for one in tally.named] == [f"i-{n:04}" for n in range(49, 49 - MOST_NAMED, -1)]
    assert tally.named == backwards.named
    assert (tally.oldest, tally.newest) == (start, start + timedelta(days=49))


def test_an_invoice_without_a_date_counts_and_is_named_last() -> None:
    tally = Tally()
    tally.add(invoice(2, issued_on=None), "date")
    tally.add(invoice(1))
    assert [one.id for one in tally.named] == ["i-0001", "i-0002"]
    assert (tally.count, tally.oldest, tally.reasons) == (2, date(2026, 3, 4), {"date": 1})
