"""Chapter T without a socket: every whole price, and that the conversion is pure (T18, T40)."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hub import Draft, Invoice, Operation, Remote, RemoteId, Write
from hub.domain.amounts import Amounts, compute_amounts
from hub.domain.door import parse_record
from plugins.xero import rounding
from plugins.xero.webservice import Xero
from tests.plugins.xero.builders import draft_of, make_book, make_contact, make_invoice, make_line, make_subject
from tests.plugins.xero.generate import generate

D = Decimal


@pytest.mark.parametrize(("rate", "adjusted"), [("10", 909), ("15", 1305), ("20", 0)])
def test_t18_every_whole_price_is_exact_and_as_many_need_a_cent_as_was_calculated(rate: str, adjusted: int) -> None:
    percent, seen = D(rate), Counter[Decimal]()
    for price in range(1, 10_001):
        made = make_invoice(make_line(unit_price=f"{price}.00"), total=f"{price}.00")
        amounts = compute_amounts(made, [percent])
        assert isinstance(amounts, Amounts)
        (worth,) = amounts.lines
        worths = [rounding.Worth(quantity=D(1), net=worth.net, tax=worth.tax, rate=percent)]
        done = rounding.convert(worths, difference=amounts.difference, strategy="tax_adjust", digits=2)
        assert isinstance(done, rounding.Converted)
        (piece,) = done.pieces
        assert (done.rounding, piece.unit + piece.tax) == (D(0), D(price))
        seen[piece.tax - rounding.round_cents(piece.unit * percent / 100)] += 1
    assert set(seen) <= {D("-0.01"), D("0.00"), D("0.01")}
    assert sum(count for adjustment, count in seen.items() if adjustment) == adjusted


def bytes_of(record: Invoice, **settings: Any) -> bytes:
    """What one create of *record* would send."""
    book = make_book(settings=settings)
    subject = make_subject(record, book)
    draft = Xero.render(subject, book)
    assert isinstance(draft, Draft), draft
    assert draft.tax is not None
    assert sum((one.net for one in draft.lines), draft.tax) == record.total
    write = Write(reference=subject.reference, operation=Operation.CREATE, number=draft.number, draft=draft)
    contact = {need: Remote(id=RemoteId("there")) for need in draft.needs}
    return Xero.request([write], contact).body


@given(seed=st.integers(0, 2**32), strategy=st.sampled_from(["tax_adjust", "rounding_line"]))
@hypothesis_settings(max_examples=60)
def test_t40_the_same_invoice_gives_the_same_bytes_stored_or_not(seed: int, strategy: str) -> None:
    (made,) = generate(seed, 1)
    before = msgspec.json.encode(made.invoice)
    first = bytes_of(made.invoice, rounding=strategy)
    assert bytes_of(made.invoice, rounding=strategy) == first
    assert msgspec.json.encode(made.invoice) == before
    stored = parse_record(before)
    assert isinstance(stored, Invoice)
    assert bytes_of(stored, rounding=strategy) == first


def test_t40_a_trailing_nought_is_no_change() -> None:
    contact = make_contact()
    short, long = (
        draft_of(make_invoice(make_line(unit_price=price, quantity=quantity)), contact=contact)
        for price, quantity in (("500", "1"), ("500.000", "1.00"))
    )
    assert short.fingerprint == long.fingerprint
