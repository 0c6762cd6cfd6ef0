"""Chapter T, first half: the worked examples of DOMAIN 3.4.4 by value, in one world.

A row is quantity x unit = net + tax, and whether the tax was sent (an adjustment there) or left to Xero.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.catalogue.bench_lines import (
    CODES,
    MORE_MAPPINGS,
    add_rates,
    basics,
    invoice,
    line,
    places,
    row,
    rows,
    texts,
    total,
)
from tests.catalogue.conftest import OpenWorld
from tests.catalogue.desk import held, make_contact, notes, synced
from tests.sync.harness import make_gallery
from tests.web.webservices.office import Office

D = Decimal
WHOLE = {"gst": ("500", "995", "3800"), "nz": ("150", "495", "3000")}
CASES = [
    invoice("t1", line("500.00"), total="500.00"),
    invoice("t2", line("2500.00"), total="2500.00"),
    invoice("t3", line("120.03", "vat"), total="120.03"),
    invoice("t4", line("33.33", "vat", "3"), total="99.99"),
    invoice("t5", line("45.00", "nz", "7"), total="315.00"),
    invoice("t6", line("4.99", "vat", "500"), total="2495.00"),
    invoice(
        "t7",
        line("3600.00", "vat"),
        line("29.99", "zero", "2"),
        line("85.00", "vat"),
        line("240.00", "vat"),
        discount={"amount": "198.25"},
        total="3786.73",
    ),
    invoice(
        "t8",
        line("25.06", "nz"),
        line("25.61", "nz"),
        line("25.63", "nz"),
        price_mode="exclusive",
        tax_rounding="invoice",
        total="87.75",
    ),
    invoice("t9", line("1999.99", "qc"), line("149.50", "qc"), price_mode="exclusive", total="2471.38"),
    invoice("t10", line("105005"), currency="JPY", total="105005"),
    invoice("t11", line("19.98"), total="20.00"),
    invoice("t12", line("2120.44", "vat", discount={"percent": "10"}), total="1908.40"),
    invoice("t13", line("200.00", "zero"), line("120.03", "vat", "-1"), total="79.97"),
    invoice("t14", line("64.00", "vat", "1.375"), total="88.00"),
    invoice("t15", *[line("99.99", "vat")] * 3, tax_rounding="invoice", total="299.97"),
    invoice("t16", *[line("0.05")] * 10, total="0.50"),
    *(
        invoice(f"t18-{code}-{price}", line(f"{price}.00", code), total=f"{price}.00")
        for code, prices in WHOLE.items()
        for price in prices
    ),
    invoice("t21", line("500.00"), line("20.00", None), price_mode="no_tax", total="520.00"),
    invoice("t22", line("110.00"), line("40.00", "free"), total="150.00"),
    invoice(
        "t23",
        line("500.00", "margin", description="Harbour, 1961. Margin scheme: works of art"),
        line("120.00", "vat", kind="framing"),
        total="620.00",
    ),
    invoice("t24", line("500.00"), contact_id="c-2", total="500.00"),
    invoice("t24-export", line("500.00", "export"), contact_id="c-2", total="500.00"),
    invoice("t25", line("500.00", "export"), total="500.00"),
    invoice("t26", line("100.00", "bc"), price_mode="exclusive", total="112.00"),
    invoice("t30", line("500.00"), line("100.00", "free", "-1", kind="trade_in"), total="400.00"),
    invoice("t30-other", line("500.00"), total="500.00"),
    *(invoice(f"t38-{code}", line("1234.56", code), total="1234.56") for code in ("nyc", "qst", "qc", "fr")),
]


@pytest.fixture(scope="module")
async def world(open_world: OpenWorld) -> Office:
    """AUD, tax_adjust; the gallery rounds cash totals to 0.05."""
    records = [make_gallery(cash_rounding="0.05"), *basics(), make_contact("c-2", tax_exempt=True), *CASES]
    return await open_world(records, prepare=add_rates, mappings=MORE_MAPPINGS)


async def test_t1_example_a_a_tie_is_told_to_xero(world: Office) -> None:
    assert await rows(world, "t1") == [row("1", "454.55", "454.55", "45.45", sent=True)]
    assert total(world, "t1") == D("500.00")


async def test_t2_example_b_needs_no_adjustment(world: Office) -> None:
    assert await rows(world, "t2") == [row("1", "2272.73", "2272.73", "227.27")]
    assert total(world, "t2") == D("2500.00")


async def test_t3_example_c_a_cent_less_tax_than_xero_would_say(world: Office) -> None:
    assert await rows(world, "t3") == [row("1", "100.03", "100.03", "20.00", sent=True)]
    assert total(world, "t3") == D("120.03")


async def test_t4_example_d_three_prints(world: Office) -> None:
    assert await rows(world, "t4") == [row("3", "27.7767", "83.33", "16.66", sent=True)]
    assert total(world, "t4") == D("99.99")


async def test_t5_example_e_seven_at_fifteen_percent(world: Office) -> None:
    assert await rows(world, "t5") == [row("7", "39.1300", "273.91", "41.09")]
    assert total(world, "t5") == D("315.00")


async def test_t6_example_f_five_hundred_cards_go_as_one_line_that_says_so(world: Office) -> None:
    assert await rows(world, "t6") == [row("1", "2079.17", "2079.17", "415.83")]
    assert "500 × 4.99" in texts(world, "t6")[0]
    assert total(world, "t6") == D("2495.00")


async def test_t7_example_g_an_invoice_discount_over_mixed_rates(world: Office) -> None:
    assert await rows(world, "t7") == [
        row("1", "2850.75", "2850.75", "570.15"),
        row("2", "28.50", "57.00", "0.00"),
        row("1", "67.31", "67.31", "13.46"),
        row("1", "190.05", "190.05", "38.01"),
    ]
    there = world.bench.invoice("AG-t7")
    assert (there.sub_total, there.total_tax, there.total) == (D("3165.11"), D("621.62"), D("3786.73"))
    assert texts(world, "t7")[-1] == "A discount of 198.25 AUD is taken off in the lines above."


async def test_t8_example_h_tax_on_the_sum_gives_one_line_a_cent_more(world: Office) -> None:
    assert await rows(world, "t8") == [
        row("1", "25.06", "25.06", "3.76"),
        row("1", "25.61", "25.61", "3.84"),
        row("1", "25.63", "25.63", "3.85", sent=True),
    ]
    assert total(world, "t8") == D("87.75")


async def test_t9_example_i_gst_and_qst_in_one_rate(world: Office) -> None:
    assert await rows(world, "t9") == [
        row("1", "1999.99", "1999.99", "299.50"),
        row("1", "149.50", "149.50", "22.39"),
    ]
    assert total(world, "t9") == D("2471.38")


async def test_t10_example_j_yen_have_whole_tax(world: Office) -> None:
    assert await rows(world, "t10") == [row("1", "95459", "95459", "9546", sent=True)]
    there = world.bench.invoice("AG-t10")
    assert (there.currency, there.total) == ("JPY", D("105005"))


async def test_t11_example_k_a_cash_rounded_total_gets_a_rounding_line_and_a_note(world: Office) -> None:
    assert await rows(world, "t11") == [
        row("1", "18.16", "18.16", "1.82"),
        row("1", "0.02", "0.02", "0.00", sent=True),
    ]
    assert places(world, "t11")[-1] == ("860", "BASEXCLUDED")
    assert total(world, "t11") == D("20.00")
    assert "rounded for cash by 0.02" in notes(await synced(world, "invoice", "i-t11"))


async def test_t12_example_l_a_percentage_off_is_said_in_words(world: Office) -> None:
    assert await rows(world, "t12") == [row("1", "1590.33", "1590.33", "318.07")]
    assert texts(world, "t12") == ["Study for a Harbour (list 2120.44, less 10 %)"]
    assert total(world, "t12") == D("1908.40")


async def test_t13_example_m_what_is_taken_back_is_the_mirror_of_what_was_sold(world: Office) -> None:
    assert await rows(world, "t13") == [
        row("1", "200.00", "200.00", "0.00"),
        row("1", "-100.03", "-100.03", "-20.00", sent=True),
    ]
    assert total(world, "t13") == D("200.00") - total(world, "t3")


async def test_t14_example_n_hours_with_three_decimals(world: Office) -> None:
    assert await rows(world, "t14") == [row("1.375", "53.3309", "73.33", "14.67")]
    assert total(world, "t14") == D("88.00")


async def test_t15_example_o_three_lines_taxed_as_one(world: Office) -> None:
    found = await rows(world, "t15")
    assert sorted(found) == sorted(
        [
            row("1", "83.32", "83.32", "16.67", sent=True),
            row("1", "83.33", "83.33", "16.66", sent=True),
            row("1", "83.33", "83.33", "16.66", sent=True),
        ]
    )
    there = world.bench.invoice("AG-t15")
    assert (there.total, there.total_tax) == (D("299.97"), D("49.99"))


async def test_t16_example_p_ten_lines_of_five_cents(world: Office) -> None:
    assert await rows(world, "t16") == [row("1", "0.05", "0.05", "0.00", sent=True)] * 10
    assert total(world, "t16") == D("0.50")


@pytest.mark.parametrize(("code", "price"), [(code, price) for code, prices in WHOLE.items() for price in prices])
async def test_t18_whole_prices_that_need_a_cent_are_exact(world: Office, code: str, price: str) -> None:
    (found,) = await rows(world, f"t18-{code}-{price}")
    own = (found.net * (D(10) if code == "gst" else D(15)) / 100).quantize(D("0.01"), "ROUND_HALF_UP")
    assert found.net + found.tax == total(world, f"t18-{code}-{price}") == D(price)
    assert (abs(found.tax - own), found.sent) == (D("0.01"), found.tax)


async def test_t21_an_invoice_without_tax_takes_the_rate_for_none(world: Office) -> None:
    assert await rows(world, "t21") == [row("1", "500", "500", "0"), row("1", "20", "20", "0")]
    assert places(world, "t21") == [("200", "BASEXCLUDED")] * 2


async def test_t22_taxed_and_exempt_lines_stand_side_by_side(world: Office) -> None:
    assert await rows(world, "t22") == [row("1", "100", "100", "10"), row("1", "40", "40", "0")]
    assert places(world, "t22") == [("200", "OUTPUT"), ("200", "EXEMPTOUTPUT")]
    assert total(world, "t22") == D("150.00")


async def test_t23_a_margin_scheme_work_shows_no_tax_beside_taxed_framing(world: Office) -> None:
    assert await rows(world, "t23") == [row("1", "500", "500", "0"), row("1", "100", "100", "20")]
    assert places(world, "t23") == [("200", "EXEMPTOUTPUT"), ("220", "TAXVAT")]
    assert "Margin scheme" in texts(world, "t23")[0]


async def test_t24_an_exempt_buyer_pays_no_tax_on_a_standard_code(world: Office) -> None:
    assert await rows(world, "t24") == [row("1", "500", "500", "0")]
    assert places(world, "t24") == [("200", "BASEXCLUDED")]
    assert places(world, "t24-export") == [("200", "EXEMPTEXPORT")]  # which says better why


async def test_t25_an_export_goes_under_the_export_rate(world: Office) -> None:
    assert await rows(world, "t25") == [row("1", "500", "500", "0")]
    assert places(world, "t25") == [("200", "EXEMPTEXPORT")]


async def test_t26_components_go_as_one_rate_there(world: Office) -> None:
    assert await rows(world, "t26") == [row("1", "100", "100", "12")]
    assert places(world, "t26") == [("200", "TAXBC")]


async def test_t30_a_rate_that_is_not_allowed_on_the_account_holds_this_invoice_alone(world: Office) -> None:
    entry = await held(world, "i-t30", "tax_mapping")
    assert "310" in entry["message"]
    await synced(world, "invoice", "i-t30-other")


@pytest.mark.parametrize(
    ("code", "net", "tax"),
    [
        ("nyc", "1133.92", "100.64"),
        ("qst", "1122.58", "111.98"),
        ("qc", "1073.76", "160.80"),
        ("fr", "1170.20", "64.36"),
    ],
)
async def test_t38_rates_of_three_decimals_are_exact_and_compared_as_numbers(
    world: Office, code: str, net: str, tax: str
) -> None:
    (found,) = await rows(world, f"t38-{code}")
    assert (found.net, found.tax) == (D(net), D(tax))
    assert total(world, f"t38-{code}") == D("1234.56")
    here, _, tax_type, there = CODES[code]
    assert (here == there, D(here) == world.bench.organisation.tax_rates[tax_type].rate) == (code == "nyc", True)
