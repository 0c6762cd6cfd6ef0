"""The endless supply for load tests: plain, lazy, right to the cent."""

from __future__ import annotations

import tracemalloc
from collections import Counter, deque
from decimal import Decimal
from fractions import Fraction
from itertools import islice

import pytest

from hub.testing.year import many, ndjson_line
from tests.unit.testing.year import naive


def test_counts_are_the_ones_asked_for() -> None:
    found = Counter(record["type"] for record in many("s", 1000, 200, 600))
    assert found == {"tax_code": 1, "contact": 200, "invoice": 1000, "payment": 600}


@pytest.mark.parametrize(("invoices", "payments"), [(7, 0), (7, 3), (7, 7), (7, 40)])
def test_payments_are_spread_over_the_invoices(invoices: int, payments: int) -> None:
    found = Counter(r["invoice_id"] for r in many("s", invoices, 3, payments) if r["type"] == "payment")
    assert sum(found.values()) == payments
    assert max(found.values(), default=0) <= -(-payments // invoices)


@pytest.mark.parametrize("currency", ["AUD", "JPY", "KWD"])
def test_totals_are_what_the_lines_come_to_and_payments_fit(currency: str) -> None:
    records = list(many("s", 300, 20, 500, currency))
    codes = naive.rates(records)
    due = {}
    for invoice in (record for record in records if record["type"] == "invoice"):
        plain = {"discount": None, "tax_rounding": "line", **invoice}
        assert Fraction(invoice["total"]) == naive.naive_total(plain, codes)
        due[invoice["id"]] = Decimal(invoice["total"])
    for payment in (record for record in records if record["type"] == "payment"):
        assert Decimal(payment["amount"]) > 0
        due[payment["invoice_id"]] -= Decimal(payment["amount"])
    assert min(due.values()) == 0
    assert max(due.values()) > 0


def test_both_price_modes_and_all_numbers_of_lines_occur() -> None:
    invoices = [record for record in many("s", 200, 5, 0) if record["type"] == "invoice"]
    assert {(i["price_mode"], len(i["lines"])) for i in invoices} == {
        (mode, count) for mode in ("inclusive", "exclusive") for count in (1, 2, 3, 4)
    }


def test_contacts_come_before_their_invoices_and_all_buy() -> None:
    seen, bought = set(), set()
    for record in many("s", 60, 50, 10):
        if record["type"] == "contact":
            seen.add(record["id"])
        if record["type"] == "invoice":
            assert record["contact_id"] in seen
            bought.add(record["contact_id"])
    assert bought == seen


def test_same_seed_same_bytes_other_seed_other_bytes() -> None:
    def lines(seed: str) -> bytes:
        return b"".join(map(ndjson_line, many(seed, 50, 5, 30)))

    assert lines("s") == lines("s")
    assert lines("s") != lines("t")


def test_it_is_lazy_and_flat_in_memory() -> None:
    assert next(islice(many("s", 10**9, 10**9, 10**9), 5, None))["id"] == "load-c-5"
    tracemalloc.start()
    try:
        deque(many("s", 4000, 10, 2000), maxlen=0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 500_000


def test_invoices_without_contacts_are_refused() -> None:
    with pytest.raises(ValueError, match="needs a contact"):
        next(many("s", 1, 0, 0))
