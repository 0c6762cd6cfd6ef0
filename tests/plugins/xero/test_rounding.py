"""Worked examples A to P of DOMAIN 3.4.4, and the strategies: what is sent, line by line."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hub import Invoice, TaxRate
from tests.plugins.xero.builders import draft_of, held_of, make_book, make_invoice, make_line, with_choices

D = Decimal
Row = tuple[str, str, str | None]  # quantity, unit, TaxAmount


def line(price: str, code: str | None, quantity: str = "1", **changes: Any) -> dict[str, Any]:
    return make_line(unit_price=price, tax_code=code, quantity=quantity, **changes)


def sent(invoice: Invoice, **settings: Any) -> list[Row]:
    """Quantity, unit and override of each line with money; the total must be the gallery's."""
    draft = draft_of(invoice, make_book(settings=settings))
    assert draft.total == invoice.total
    assert draft.tax is not None
    assert sum((one.net for one in draft.lines), draft.tax) == invoice.total
    return [
        (one["Quantity"], one["UnitAmount"], one.get("TaxAmount"))
        for one in draft.body["LineItems"]
        if "Quantity" in one
    ]


EXAMPLES: list[tuple[str, Invoice, list[Row]]] = [
    ("a", make_invoice(line("500.00", "gst"), total="500.00"), [("1", "454.55", "45.45")]),
    ("b", make_invoice(line("2500.00", "gst"), total="2500.00"), [("1", "2272.73", None)]),
    ("c", make_invoice(line("120.03", "vat"), total="120.03", currency="GBP"), [("1", "100.03", "20.00")]),
    ("d", make_invoice(line("33.33", "vat", "3"), total="99.99"), [("3", "27.7767", "16.66")]),
    ("e", make_invoice(line("45.00", "nz", "7"), total="315.00"), [("7", "39.13", None)]),
    ("f", make_invoice(line("4.99", "vat", "500"), total="2495.00"), [("1", "2079.17", None)]),
    (
        "g",
        make_invoice(
            line("3600.00", "vat"),
            line("29.99", "zero", "2"),
            line("85.00", "vat"),
            line("240.00", "vat"),
            discount={"amount": "198.25"},
            total="3786.73",
        ),
        [("1", "2850.75", None), ("2", "28.50", None), ("1", "67.31", None), ("1", "190.05", None)],
    ),
    (
        "h",
        make_invoice(
            line("25.06", "nz"),
            line("25.61", "nz"),
            line("25.63", "nz"),
            price_mode="exclusive",
            tax_rounding="invoice",
            total="87.75",
        ),
        [("1", "25.06", None), ("1", "25.61", None), ("1", "25.63", "3.85")],
    ),
    (
        "i",
        make_invoice(line("1999.99", "qc"), line("149.50", "qc"), price_mode="exclusive", total="2471.38"),
        [("1", "1999.99", None), ("1", "149.50", None)],
    ),
    ("j", make_invoice(line("105005", "gst"), currency="JPY", total="105005"), [("1", "95459.00", "9546.00")]),
    (
        "k",
        make_invoice(line("19.98", "gst"), total="20.00"),
        [("1", "18.16", None), ("1", "0.02", "0.00")],
    ),
    (
        "l",
        make_invoice(line("2120.44", "vat", discount={"percent": "10"}), total="1908.40"),
        [("1", "1590.33", None)],
    ),
    ("n", make_invoice(line("64.00", "vat", "1.375"), total="88.00"), [("1.375", "53.3309", None)]),
    (
        "o",
        make_invoice(*(line("99.99", "vat") for _ in range(3)), tax_rounding="invoice", total="299.97"),
        [("1", "83.32", "16.67"), ("1", "83.33", "16.66"), ("1", "83.33", "16.66")],
    ),
    (
        "p",
        make_invoice(*(line("0.05", "gst") for _ in range(10)), total="0.50"),
        [("1", "0.05", "0.00")] * 10,
    ),
]


@pytest.mark.parametrize(("name", "invoice", "expected"), EXAMPLES, ids=[row[0] for row in EXAMPLES])
def test_t1_to_t16_worked_examples(name: str, invoice: Invoice, expected: list[Row]) -> None:
    assert sent(invoice) == expected


def test_t32_example_c_with_a_rounding_line() -> None:
    invoice = make_invoice(line("120.03", "vat"), total="120.03")
    assert sent(invoice, rounding="rounding_line") == [("1", "100.03", None), ("1", "-0.01", "0.00")]
    draft = draft_of(invoice, make_book(settings={"rounding": "rounding_line"}))
    assert draft.body["LineItems"][-1]["AccountCode"] == "860"
    assert draft.tax == D("20.01")


def test_t32_strict_holds_what_would_need_an_adjustment() -> None:
    book = make_book(settings={"rounding": "strict"})
    held = held_of(make_invoice(line("120.03", "vat"), total="120.03"), book)
    assert held.code == "total_mismatch"
    assert draft_of(make_invoice(line("120.00", "vat"), total="120.00"), book).tax == D("20.00")


def test_t18_whole_dollar_prices_are_exact_with_a_cent_of_adjustment_at_most() -> None:
    for code, prices in (("gst", ("500", "995", "3800")), ("nz", ("150", "495", "3000"))):
        for price in prices:
            draft = draft_of(make_invoice(line(f"{price}.00", code), total=f"{price}.00"))
            (item,) = draft.body["LineItems"]
            assert D(item["UnitAmount"]) + D(item["TaxAmount"]) == D(price)


def test_p28_a_cash_rounded_total_passes_even_when_strict() -> None:
    gallery = msgspec.structs.replace(make_book().gallery, cash_rounding=D("0.05"))
    book = make_book(gallery=gallery, settings={"rounding": "strict"})
    draft = draft_of(make_invoice(line("19.98", "zero"), total="20.00"), book)
    assert draft.body["LineItems"][-1]["UnitAmount"] == "0.02"
    held = held_of(make_invoice(line("19.98", "zero"), total="20.00"), make_book(settings={"rounding": "strict"}))
    assert held.code == "total_mismatch"


def test_a_total_its_lines_do_not_produce_is_held_with_both_figures() -> None:
    held = held_of(make_invoice(line("500.00", "gst"), total="500.06"))
    assert held.code == "total_mismatch"
    assert "500.06" in held.message
    assert "500.00" in held.message


def test_t28_a_rate_changed_in_xero_is_held_and_not_papered_over() -> None:
    book = make_book()
    rates = tuple(
        TaxRate(code="GST10", name="GST", rate=D("10.5")) if one.code == "GST10" else one
        for one in book.choices.tax_rates
    )
    assert held_of(make_invoice(), with_choices(book, tax_rates=rates)).code == "tax_mapping"


def test_x5_three_decimals_are_held_unless_they_end_in_nought() -> None:
    assert held_of(make_invoice(line("10.005", "zero"), currency="KWD", total="10.005")).code == "currency_precision"
    assert sent(make_invoice(line("10.050", "zero"), currency="KWD", total="10.050")) == [("1", "10.05", None)]


def test_l9_amounts_beyond_xeros_line_are_held() -> None:
    fits = make_invoice(line("9999999999.99", "zero"), total="9999999999.99")
    assert sent(fits) == [("1", "9999999999.99", None)]
    assert held_of(make_invoice(line("10000000000.00", "zero"), total="10000000000.00")).code == "too_large"
