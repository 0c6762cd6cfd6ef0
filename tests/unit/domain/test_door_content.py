"""When two records say the same."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.content import content_hash, decode_body, encode_body, settle
from hub.domain.records import Payment, TaxCode


def payment(amount: str = "450.00", **changes: object) -> Payment:
    made = Payment(id="p", invoice_id="i", paid_on=date(2026, 3, 4), amount=Decimal(amount), method="cash", **changes)  # type: ignore[arg-type] # a builder
    settled = settle(made)
    assert isinstance(settled, Payment)
    return settled


@pytest.mark.parametrize("amount", ["450", "450.0", "450.00", "0450.000", "4.5E+2"])
def test_equal_numbers_are_equal_content(amount: str) -> None:
    assert content_hash(payment(amount)) == content_hash(payment("450.00"))


@pytest.mark.parametrize("amount", ["450.01", "45", "4500", "-450"])
def test_other_numbers_are_other_content(amount: str) -> None:
    assert content_hash(payment(amount)) != content_hash(payment("450.00"))


def test_zero_has_no_sign() -> None:
    assert content_hash(payment("-0.00")) == content_hash(payment("0"))


def test_the_time_of_the_source_is_no_content() -> None:
    assert content_hash(payment(source_updated_at=datetime(2026, 3, 4, tzinfo=UTC))) == content_hash(payment())


def test_another_type_is_other_content() -> None:
    code = settle(TaxCode(id="p", name="p", rate=Decimal(1)))
    assert content_hash(code) != content_hash(payment())


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=6))
def test_a_body_keeps_every_number(amount: Decimal) -> None:
    made = payment(str(amount))
    assert decode_body("payment", encode_body(made)) == made
    assert made.amount == amount
