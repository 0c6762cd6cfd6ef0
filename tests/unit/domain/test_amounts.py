"""The gallery's own arithmetic: DOMAIN 3.4.3 steps 1 to 5, and the worked examples' nets and taxes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.amounts import (
    Amounts,
    AmountsFault,
    allocate,
    compute_amounts,
    is_currency,
    is_precise,
    judge_difference,
    minor_digits,
    round_money,
)
from hub.domain.records import Invoice

D = Decimal
CENT = D("0.01")


def line(quantity: str, price: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": "1",
        "kind": "artwork",
        "description": "x",
        "quantity": quantity,
        "unit_price": price,
        **changes,
    }


def invoice(mode: str, total: str, *lines: dict[str, Any], currency: str = "AUD", **changes: Any) -> Invoice:
    data = {
        "type": "invoice",
        "id": "i-1",
        "number": "1",
        "contact_id": "c-1",
        "currency": currency,
        "price_mode": mode,
        "lines": lines,
        "total": total,
        **changes,
    }
    return msgspec.convert(data, Invoice, dec_hook=lambda wanted, value: wanted(value))


def worked(made: Invoice, *rates: str, per: Any = "line") -> list[tuple[str, str]]:
    amounts = compute_amounts(made, [D(rate) for rate in rates], tax_rounding=per)
    assert isinstance(amounts, Amounts), amounts
    assert amounts.difference == 0
    return [(str(one.net), str(one.tax)) for one in amounts.lines]


def fault(made: Invoice, *rates: str) -> AmountsFault:
    found = compute_amounts(made, [D(rate) for rate in rates])
    assert isinstance(found, AmountsFault), found
    return found


TABLE = [
    ("A", invoice("inclusive", "500.00", line("1", "500.00")), ["10"], [("454.55", "45.45")]),
    ("B", invoice("inclusive", "2500.00", line("1", "2500.00")), ["10"], [("2272.73", "227.27")]),
    ("C", invoice("inclusive", "120.03", line("1", "120.03")), ["20"], [("100.03", "20.00")]),
    ("D", invoice("inclusive", "99.99", line("3", "33.33")), ["20"], [("83.33", "16.66")]),
    ("E", invoice("inclusive", "315.00", line("7", "45.00")), ["15"], [("273.91", "41.09")]),
    ("F", invoice("inclusive", "2495.00", line("500", "4.99")), ["20"], [("2079.17", "415.83")]),
    ("J", invoice("inclusive", "105005", line("1", "105005"), currency="JPY"), ["10"], [("95459", "9546")]),
    (
        "L",
        invoice("inclusive", "1908.40", line("1", "2120.44", discount={"percent": "10"})),
        ["20"],
        [("1590.33", "318.07")],
    ),
    ("N", invoice("inclusive", "88.00", line("1.375", "64.00")), ["20"], [("73.33", "14.67")]),
]


@pytest.mark.parametrize(("name", "made", "rates", "expected"), TABLE, ids=[row[0] for row in TABLE])
def test_t1_worked_examples_of_one_line(
    name: str, made: Invoice, rates: list[str], expected: list[tuple[str, str]]
) -> None:
    assert expected == worked(made, *rates)


def test_t7_example_g_spreads_the_invoice_discount_over_mixed_rates() -> None:
    made = invoice(
        "inclusive",
        "3786.73",
        line("1", "3600.00"),
        line("2", "29.99"),
        line("1", "85.00"),
        line("1", "240.00"),
        discount={"amount": "198.25"},
    )
    assert worked(made, "20", "0", "20", "20") == [
        ("2850.75", "570.15"),
        ("57.00", "0.00"),
        ("67.31", "13.46"),
        ("190.05", "38.01"),
    ]


def test_t31_example_h_gives_tax_per_invoice_to_the_largest_line() -> None:
    made = invoice("exclusive", "87.75", line("1", "25.06"), line("1", "25.61"), line("1", "25.63"))
    taxes = [tax for _, tax in worked(made, "15", "15", "15", per="invoice")]
    assert taxes == ["3.76", "3.84", "3.85"]


def test_t26_example_i_takes_a_rate_of_two_components() -> None:
    made = invoice("exclusive", "2471.38", line("1", "1999.99"), line("1", "149.50"))
    assert worked(made, "14.975", "14.975") == [("1999.99", "299.50"), ("149.50", "22.39")]


def test_t31_example_o_spreads_inclusive_tax_per_invoice() -> None:
    made = invoice("inclusive", "299.97", *(line("1", "99.99") for _ in range(3)))
    pairs = worked(made, "20", "20", "20", per="invoice")
    # 299.97 / 1.2 = 249.975 -> 249.98 net, 49.99 tax, against 3 x 16.66 = 49.98
    assert D("49.99") == sum(D(tax) for _, tax in pairs)
    assert all(D(net) + D(tax) == D("99.99") for net, tax in pairs)


def test_t39_a_credit_mirrors_its_invoice() -> None:
    plus = worked(invoice("inclusive", "120.03", line("1", "120.03")), "20")
    minus = worked(invoice("inclusive", "-120.03", line("-1", "120.03")), "20")
    assert [(f"-{net}", f"-{tax}") for net, tax in plus] == minus


def test_l16_a_price_finer_than_the_currency_is_rounded_with_its_line() -> None:
    assert worked(invoice("inclusive", "0.00", line("1", "0.004")), "10") == [("0.00", "0.00")]


def test_l17_large_amounts_stay_exact() -> None:
    made = invoice("no_tax", "9999999999.99", line("1", "9999999999.99"))
    assert worked(made, "10") == [("9999999999.99", "0")]


def test_l20_a_discount_larger_than_its_line_is_a_fault() -> None:
    assert fault(invoice("inclusive", "0", line("1", "10", discount={"amount": "10.01"})), "10").code == "discount"
    assert fault(invoice("inclusive", "0", line("1", "10", discount={"percent": "101"})), "10").code == "discount"


def test_l19_a_discount_of_the_whole_line_leaves_nothing() -> None:
    made = invoice("inclusive", "0", line("1", "10", discount={"amount": "10"}))
    assert worked(made, "10") == [("0.00", "0.00")]


def test_l23_only_positive_lines_carry_the_invoice_discount() -> None:
    made = invoice("no_tax", "80.00", line("1", "100.00"), line("-1", "10.00"), discount={"amount": "10.00"})
    assert worked(made, "0", "0") == [("90.00", "0"), ("-10.00", "0")]


def test_i4_an_invoice_discount_above_its_lines_is_a_fault() -> None:
    assert fault(invoice("no_tax", "0", line("1", "5"), discount={"amount": "6"}), "0").code == "discount"


def test_l3_a_line_of_text_has_no_money() -> None:
    made = invoice("inclusive", "10.00", line("1", "10.00"), line("2", "99.00", kind="text"))
    assert worked(made, "10", "0")[1] == ("0.00", "0.00")


def test_x6_a_total_finer_than_its_currency_is_a_fault() -> None:
    made = invoice("inclusive", "100.5", line("1", "100.5"), currency="JPY")
    assert fault(made, "10").code == "currency_precision"


def test_absurd_digits_are_a_fault_and_no_crash() -> None:
    for quantity, price in (("1E+999999", "1"), ("1", "1E-999"), ("9" * 40, "1")):
        assert fault(invoice("inclusive", "1", line(quantity, price)), "10").code == "too_large"


def test_a_negative_rate_is_a_fault() -> None:
    assert fault(invoice("inclusive", "1", line("1", "1")), "-100").code == "total_mismatch"


def test_x13_decimals_follow_iso_4217() -> None:
    found = {code: minor_digits(code) for code in ("AUD", "HUF", "RSD", "ISK", "CLP", "JPY", "KWD", "IQD")}
    assert found == {"AUD": 2, "HUF": 2, "RSD": 2, "ISK": 0, "CLP": 0, "JPY": 0, "KWD": 3, "IQD": 3}


def test_x12_unknown_codes_are_no_currency() -> None:
    assert [is_currency(code) for code in ("XBT", "XAU", "XXX", "aud", "")] == [False] * 5
    assert is_currency("AUD")


def test_halves_are_rounded_away_from_zero() -> None:
    assert [D("0.01"), D("-0.01")] == [round_money(D("0.005"), CENT), round_money(D("-0.005"), CENT)]
    assert is_precise(D("1.500"), 1)
    assert not is_precise(D("1.501"), 2)


def test_p28_cash_rounding_is_told_from_a_mistake() -> None:
    step = D("0.05")
    assert judge_difference(D("0.02"), D("20.00"), step) == "cash"
    assert judge_difference(D("0.02"), D("20.00"), None) == "small"
    assert judge_difference(D("-0.05"), D("20.00"), None) == "small"
    assert judge_difference(D("0.06"), D("20.00"), step) == "mismatch"
    assert judge_difference(D("0.00"), D("20.00"), None) == "none"
    assert judge_difference(D("0.40"), D("20.00"), D(1)) == "cash"


@settings(max_examples=300, deadline=None)
@given(
    weights=st.lists(st.integers(-100, 10_000), min_size=1, max_size=12),
    share=st.integers(0, 1000),
    places=st.sampled_from([0, 2]),
)
def test_allocated_parts_sum_to_the_discount_and_never_exceed_a_line(
    weights: list[int], share: int, places: int
) -> None:
    unit = D(1).scaleb(-places)
    bases = [unit * weight for weight in weights]
    whole = sum((base for base in bases if base > 0), D(0))
    amount = round_money(whole * share / 1000, unit)
    parts = allocate(amount, bases, unit)
    assert parts is not None
    assert amount == sum(parts, D(0))
    assert all(D(0) <= part <= max(base, D(0)) for part, base in zip(parts, bases, strict=True))


@settings(max_examples=300, deadline=None)
@given(
    cents=st.lists(st.integers(-100_000, 1_000_000), min_size=1, max_size=8),
    rate=st.sampled_from(["5", "10", "12.5", "14.975", "15", "20", "25"]),
    per=st.sampled_from(["line", "invoice"]),
)
def test_i3_inclusive_lines_keep_their_gross(cents: list[int], rate: str, per: str) -> None:
    made = invoice("inclusive", f"{sum(cents)}E-2", *(line("1", f"{one}E-2") for one in cents))
    amounts = compute_amounts(made, [D(rate)] * len(cents), tax_rounding=per)  # type: ignore[arg-type] # one of two
    assert isinstance(amounts, Amounts)
    assert [D(one).scaleb(-2) for one in cents] == [one.net + one.tax for one in amounts.lines]
    assert amounts.difference == 0
