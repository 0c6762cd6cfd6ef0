"""FACTS 4.8 and 3.4, DOMAIN 3.4: Xero's arithmetic, worked by hand here."""

from __future__ import annotations

from decimal import Decimal

import pytest

from plugins.xero.sandbox import arithmetic

D = Decimal
RATES = {"T10": D(10), "T20": D(20), "T15": D(15), "Q": D("14.975"), "NONE": D(0)}


def totals(*lines: dict[str, object], kind: str = "Exclusive", **options: object) -> tuple[D, D, D]:
    found = arithmetic.total(lines=lines, line_amount_types=kind, rates=RATES, **options)  # type: ignore[arg-type] # options by name
    return found.sub_total, found.total_tax, found.total


def one(unit: str, tax_type: str = "T20", **more: object) -> dict[str, object]:
    return {"Quantity": D(1), "UnitAmount": D(unit), "TaxType": tax_type, **more}


def test_tax_is_rounded_per_line_then_summed() -> None:
    assert totals(*[one("0.05", "T10")] * 10) == (D("0.50"), D("0.10"), D("0.60"))  # DOMAIN 3.4.4 P


@pytest.mark.parametrize(("tie", "tax"), [("half_up", "45.46"), ("half_even", "45.46")])
def test_a_half_cent_of_an_odd_cent_goes_up_either_way(tie: str, tax: str) -> None:
    assert totals(one("454.55", "T10"), tie=tie)[1] == D(tax)  # 45.455


@pytest.mark.parametrize(("tie", "tax"), [("half_up", "45.45"), ("half_even", "45.44")])
def test_a_half_cent_of_an_even_cent_shows_the_tie_rule(tie: str, tax: str) -> None:
    assert totals(one("454.45", "T10"), tie=tie)[1] == D(tax)  # 45.445


def test_half_a_cent_below_zero_goes_away_from_zero() -> None:
    assert totals(one("-454.45", "T10"))[1] == D("-45.45")


def test_inclusive_lines_hold_their_tax() -> None:
    assert totals(one("120.03"), kind="Inclusive") == (D("100.02"), D("20.01"), D("120.03"))


def test_no_tax_means_no_tax() -> None:
    assert totals(one("100", TaxAmount=D(20)), kind="NoTax") == (D("100.00"), D("0.00"), D("100.00"))


def test_a_tax_amount_overrides_where_it_is_honoured() -> None:
    line = one("100.03", TaxAmount=D("20.00"))
    assert totals(line)[2] == D("120.03")  # DOMAIN 3.4.4 C
    assert totals(line, honour_tax_overrides=False)[2] == D("120.04")


@pytest.mark.parametrize(("switch", "tax"), [(False, "16.67"), (True, "16.66")])
def test_overrides_on_inclusive_documents_are_a_switch(switch: bool, tax: str) -> None:
    line = one("100", TaxAmount=D("16.66"))
    assert totals(line, kind="Inclusive", override_inclusive=switch)[1] == D(tax)


@pytest.mark.parametrize(("unitdp", "net"), [(4, "83.33"), (2, "83.34")])
def test_units_are_rounded_before_they_are_multiplied(unitdp: int, net: str) -> None:
    assert totals({**one("27.7767"), "Quantity": D(3)}, unitdp=unitdp)[0] == D(net)  # DOMAIN 3.4.4 D


@pytest.mark.parametrize(
    ("discount", "net", "off"),
    [({"DiscountRate": D(10)}, "1908.40", "212.04"), ({"DiscountAmount": D("20.44")}, "2100.00", "20.44")],
)
def test_discounts_come_off_the_line(discount: dict[str, object], net: str, off: str) -> None:
    found = arithmetic.total(lines=[one("2120.44", "NONE", **discount)], rates=RATES)
    assert (found.sub_total, found.total_discount) == (D(net), D(off))


def test_a_line_of_text_is_worth_nothing() -> None:
    assert totals({"Description": "Thank you"}, one("1", "NONE")) == (D("1.00"), D("0.00"), D("1.00"))


def test_a_line_amount_supplies_a_missing_unit() -> None:
    assert totals({"Quantity": D(4), "LineAmount": D(10)})[2] == D("10.00")


def test_a_whole_invoice_of_two_rates() -> None:
    lines = [one("2850.75"), {**one("28.50", "NONE"), "Quantity": D(2)}, one("67.31"), one("190.05")]
    assert totals(*lines) == (D("3165.11"), D("621.62"), D("3786.73"))  # DOMAIN 3.4.4 G


def test_wire_numbers_may_be_whole_or_strings_but_never_floats() -> None:
    assert totals({"Quantity": 2, "UnitAmount": "1.50", "TaxType": "NONE"})[2] == D("3.00")
    with pytest.raises(TypeError):
        totals({"Quantity": 1, "UnitAmount": 1.5})
    with pytest.raises(KeyError):
        totals(one("1", "UNKNOWN"))
