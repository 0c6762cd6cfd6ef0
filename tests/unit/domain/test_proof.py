"""The arithmetic of a proof, by value."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hub.domain.entries import Entry, Sent
from hub.domain.proof import Figures, Sums, pair_invoice, pair_payment, sum_paid
from hub.domain.records import Invoice, Payment
from hub.domain.remotes import Remote, RemoteId
from hub.sync.proof_view import render_amount


def cents(text: str) -> Decimal:
    return Decimal(text)


def make_invoice(**changes: Any) -> Invoice:
    fields: dict[str, Any] = {"currency": "AUD", "price_mode": "inclusive", "lines": (), "total": cents("110.00")}
    return Invoice(id="i-1", number="1", contact_id="c-1", **{**fields, **changes})


def make_payment(**changes: Any) -> Payment:
    fields: dict[str, Any] = {"amount": cents("10.00"), "method": "cash", "paid_on": date(2026, 3, 4)}
    return Payment(id="p-1", invoice_id="i-1", **{**fields, **changes})


def make_remote(**changes: Any) -> Remote:
    fields: dict[str, Any] = {"total": cents("110.00"), "tax": cents("10.00"), "paid": cents("0.00"), "currency": "AUD"}
    return Remote(id=RemoteId("r-1"), **{**fields, **changes})


ENTRY = Entry(
    id="e-1",
    type="invoice",
    record_id="i-1",
    judged=1,
    state="synced",
    remote=make_remote(),
    sent=Sent(fingerprint="", record_version=1, tax=cents("10.00")),
)
PAID = msgspec.structs.replace(ENTRY, type="payment", sent=None)
NOTHING = cents("0.00")


@pytest.mark.parametrize(
    ("invoice", "remote", "difference"),
    [
        ({}, {}, ("0.00", "0.00", "0.00")),
        ({}, {"total": cents("110.01"), "tax": cents("10.01")}, ("-0.01", "-0.01", "0.00")),
        ({}, {"paid": cents("5.00")}, ("0.00", "0.00", "-5.00")),
        ({}, {"paid": None, "tax": None}, ("0.00", None, None)),
        ({}, {"status": "voided"}, ("110.00", "10.00", "0.00")),
        ({"status": "void"}, {"status": "voided"}, ("0.00", "0.00", "0.00")),
        ({"status": "void"}, {}, ("-110.00", "-10.00", "0.00")),
        ({}, {"currency": "USD"}, ("110.00", "10.00", "0.00")),
    ],
)
def test_an_invoice_differs_by_what_stands_on_one_side_only(
    invoice: dict[str, Any], remote: dict[str, Any], difference: tuple[str | None, ...]
) -> None:
    row = pair_invoice(make_invoice(**invoice), ENTRY, make_remote(**remote), NOTHING)
    told = (row.difference.total, row.difference.tax, row.difference.paid)
    assert told == tuple(None if one is None else cents(one) for one in difference)


def test_what_is_gone_there_differs_by_all_of_it() -> None:
    row = pair_invoice(make_invoice(), ENTRY, None, NOTHING)
    assert (row.theirs, row.difference.total, row.difference.tax) == (None, cents("110.00"), cents("10.00"))


@pytest.mark.parametrize(("status", "difference"), [("recorded", "0.00"), ("deleted", "-10.00"), ("failed", "-10.00")])
def test_only_a_recorded_payment_counts_here(status: Any, difference: str) -> None:
    remote = make_remote(total=cents("10.00"), tax=None, paid=None)
    row = pair_payment(make_payment(status=status), "AUD", PAID, remote)
    assert row.difference.total == cents(difference)


def test_what_is_paid_counts_recorded_payments_in_the_books_less_refunds() -> None:
    outside = msgspec.structs.replace(PAID, remote=None)
    payments = [
        (make_payment(), PAID),
        (make_payment(amount=cents("3.00"), kind="refund"), PAID),
        (make_payment(status="deleted"), PAID),
        (make_payment(), outside),
    ]
    assert sum_paid("AUD", payments) == cents("7.00")
    assert sum_paid("AUD", payments, kind="credit_note") == cents("-7.00")


def test_sums_are_by_currency_and_credit_notes_count_off() -> None:
    sums = Sums()
    sums.add(pair_invoice(make_invoice(), ENTRY, make_remote(), NOTHING))
    sums.add(pair_invoice(make_invoice(kind="credit_note", total=cents("10.00")), ENTRY, None, NOTHING))
    sums.add(pair_invoice(make_invoice(currency="JPY", total=cents("7")), ENTRY, make_remote(currency="JPY"), NOTHING))
    sums.add(pair_payment(make_payment(), "AUD", PAID, None))
    found = sums.by_currency()
    assert list(found) == ["AUD", "JPY"]
    assert found["AUD"][0].total == cents("100.00")
    assert found["AUD"][1].total == cents("110.00")


def test_a_tax_that_one_side_does_not_tell_counts_on_neither() -> None:
    """An invoice changed since it was written has no tax of ours: half of a pair would look like a difference."""
    sums = Sums()
    sums.add(pair_invoice(make_invoice(), ENTRY, make_remote(), NOTHING))
    sent = Sent(fingerprint="", record_version=1, total=cents("110.00"), tax=cents("10.00"))
    changed = msgspec.structs.replace(ENTRY, sent=sent)
    sums.add(pair_invoice(make_invoice(total=cents("120.00")), changed, make_remote(), NOTHING))
    ((ours, theirs),) = sums.by_currency().values()
    assert (ours.tax, theirs.tax) == (cents("10.00"), cents("10.00"))
    assert (ours.total, theirs.total) == (cents("230.00"), cents("220.00"))


def test_what_is_gone_there_counts_its_tax_on_our_side() -> None:
    sums = Sums()
    sums.add(pair_invoice(make_invoice(), ENTRY, None, NOTHING))
    ((ours, theirs),) = sums.by_currency().values()
    assert (ours.tax, theirs.tax or NOTHING) == (cents("10.00"), NOTHING)


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [("0", "AUD", "0.00"), ("500", "AUD", "500.00"), ("105005.00", "JPY", "105005"), ("1.234", "AUD", "1.234")],
)
def test_amounts_of_a_proof_have_the_decimals_of_their_currency(amount: str, currency: str, written: str) -> None:
    assert render_amount(cents(amount), currency) == written


def test_what_a_side_does_not_tell_is_no_difference() -> None:
    assert Figures(total=None).minus(Figures(total=cents("1"))).is_zero
    assert not Figures(total=cents("0.01")).is_zero
