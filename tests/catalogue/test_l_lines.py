"""Chapter L: lines and amounts. Single-shot cases share one world; those of several steps have their own office."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO

import msgspec
import pytest

from tests.catalogue.bench_lines import (
    MORE_MAPPINGS,
    add_rates,
    basics,
    bodies,
    invoice,
    line,
    net_of_account,
    places,
    row,
    rows,
    texts,
    total,
)
from tests.catalogue.conftest import OpenWorld
from tests.catalogue.desk import (
    connect,
    held,
    is_there,
    make_payment,
    notes,
    path_of,
    put,
    refused,
    send,
    synced,
    there_invoice,
)
from tests.web.webservices.office import Office

D = Decimal
JSON = {"Content-Type": "application/json"}
LONG = "Untitled (harbour study). " * 160  # 4,160 characters
MESSY = "Harbour &amp; pier<br>oil\ton   board\r\n\r\n\r\n<p>30 x 40 cm</p>\x07 <unsigned>"
CASES = [
    invoice("l1", line("500.00"), total="500.00"),
    invoice("l2", total="0.00"),
    invoice("l3", line("0", None, kind="text", description="Thank you"), total="0.00"),
    invoice("l5", line("500.00", discount={"percent": "100"}), total="0.00"),
    invoice("l6", line("2000.00"), line("-300.00", None, kind="trade_in", description="Your print"), total="1700.00"),
    invoice("l7", line("500.00", quantity="-1"), total="-500.00"),
    invoice("l10", line("500.00"), line("80.00", quantity="0", description="Frame on request"), total="500.00"),
    invoice("l11", line("64.00", "vat", "1.375", kind="installation"), total="88.00"),
    invoice("l12", line("300.00", quantity="0.3333"), total="99.99"),
    invoice("l12-more", line("300.00", quantity="0.3333333333"), total="100.00"),
    invoice("l14", line("800.00"), line("500.00", quantity="-1", description="Returned"), total="300.00"),
    invoice("l16", line("0.004", kind="other"), line("20.00"), total="20.00"),
    invoice("l17", line("9999999999.99", "free"), total="9999999999.99"),
    invoice("l17-more", line("10000000000.00", "free"), total="10000000000.00"),
    invoice("l18", line("100.00", discount={"percent": "33.3"}), total="66.70"),
    invoice("l19", line("500.00"), line("120.00", discount={"amount": "120.00"}), total="500.00"),
    invoice("l20", line("120.00", discount={"amount": "120.01"}), total="0.00"),
    invoice("l20-invoice", line("120.00"), discount={"amount": "120.01"}, total="0.00"),
    invoice(
        "l23",
        line("600.00", "free"),
        line("400.00", "free"),
        line("-200.00", None, kind="trade_in"),
        discount={"amount": "100.00"},
        total="700.00",
    ),
    invoice("l24", line("500.00", description=" "), line("90.00", kind="portal_fee", description=""), total="590.00"),
    invoice("l25", line("500.00", description=LONG[:4001]), total="500.00"),
    invoice("l25-fits", line("500.00", description="x" * 4000), total="500.00"),
    invoice("l26", line("500.00", description=MESSY), total="500.00"),
    invoice("l27", line("500.00", artist="M. Lowe & Ana Ruiz"), total="500.00"),
    invoice("l27-turned", line("500.00", artist="Ana Ruiz; M. Lowe"), total="500.00"),
    invoice("l27-one", line("500.00", artist="Gilbert & George"), total="500.00"),
    invoice(
        "l27-told", line("500.00", artist="M. Lowe and Ana Ruiz", description="ANA RUIZ, M. Lowe: Tide"), total="500.00"
    ),
    invoice("l29", line("60.50", kind="shipping", description="Courier to Perth"), total="60.50"),
    invoice("l30", line("250.00"), line("250.00"), line("20.00", kind="framing", description="Frame"), total="520.00"),
    invoice("l34", line("200.00", None, kind="voucher", description="Gift voucher 117"), total="200.00"),
    invoice("l36-deposit", line("300.00", None, kind="deposit", description="Deposit"), total="300.00"),
    invoice(
        "l36-final",
        line("1000.00"),
        line("-300.00", None, kind="deposit", description="Deposit already invoiced"),
        total="700.00",
    ),
    invoice(
        "l37",
        line("12000.00", "free"),
        line("480.00", None, kind="levy", description="Resale right, 4 %"),
        total="12480.00",
    ),
    invoice(
        "l38", line("100.00", ownership="consigned"), line("100.00", ownership="owned"), line("9.00"), total="209.00"
    ),
]


@pytest.fixture(scope="module")
async def world(open_world: OpenWorld) -> Office:
    """AUD, tax_adjust."""
    return await open_world([*basics(), *CASES], prepare=add_rates, mappings=MORE_MAPPINGS)


async def test_l1_one_artwork(world: Office) -> None:
    assert await rows(world, "l1") == [row("1", "454.55", "454.55", "45.45", sent=True)]
    assert (places(world, "l1"), total(world, "l1")) == ([("200", "OUTPUT")], D("500.00"))
    assert there_invoice(world, "AG-l1")["LineAmountTypes"] == "Exclusive"
    await synced(world, "invoice", "i-l1")


async def test_l2_an_invoice_without_lines_is_held(world: Office) -> None:
    await held(world, "i-l2", "no_lines")


async def test_l3_an_invoice_of_text_alone_is_held(world: Office) -> None:
    await held(world, "i-l3", "no_amount")


async def test_l5_a_full_discount_ends_with_nothing_due_and_no_line_amount_was_sent(world: Office) -> None:
    assert await rows(world, "l5") == [row("1", "0.00", "0.00", "0.00")]
    (body,) = await bodies(world, "AG-l5")
    assert not {"LineAmount", "DiscountRate", "DiscountAmount"} & body["LineItems"][0].keys()
    there = world.bench.invoice("AG-l5")
    assert (there.status, there.total, there.left) == ("PAID", D("0.00"), D("0.00"))
    await synced(world, "invoice", "i-l5")


async def test_l6_a_trade_in_goes_as_a_negative_line(world: Office) -> None:
    found = await rows(world, "l6")
    assert found[1] == row("1", "-300.00", "-300.00", "0.00")
    assert places(world, "l6") == [("200", "OUTPUT"), ("310", "BASEXCLUDED")]
    assert total(world, "l6") == D("1700.00")


async def test_l7_a_negative_total_is_held_and_should_be_a_credit_note(world: Office) -> None:
    entry = await held(world, "i-l7", "discount")
    assert "credit note" in entry["remedy"]
    assert not is_there(world, "AG-l7")


async def test_l10_quantity_nought_goes_as_text_and_is_noted(world: Office) -> None:
    assert await rows(world, "l10") == [row("1", "454.55", "454.55", "45.45", sent=True)]
    assert texts(world, "l10") == ["Study for a Harbour", "Frame on request"]
    assert "has quantity 0 and goes as text alone" in notes(await synced(world, "invoice", "i-l10"))


async def test_l11_hours_of_three_decimals(world: Office) -> None:
    assert await rows(world, "l11") == [row("1.375", "53.3309", "73.33", "14.67")]
    assert total(world, "l11") == D("88.00")


async def test_l12_a_third_goes_at_four_decimals_or_as_one_line(world: Office) -> None:
    assert await rows(world, "l12") == [row("0.3333", "272.7273", "90.90", "9.09")]
    assert await rows(world, "l12-more") == [row("1", "90.91", "90.91", "9.09")]
    assert "0.3333333333 × 300.00" in texts(world, "l12-more")[0]
    assert (total(world, "l12"), total(world, "l12-more")) == (D("99.99"), D("100.00"))


async def test_l14_a_return_is_a_positive_quantity_of_a_negative_price(world: Office) -> None:
    assert [(one.quantity, one.unit) for one in await rows(world, "l14")] == [
        (D(1), D("727.27")),
        (D(1), D("-454.55")),
    ]
    assert total(world, "l14") == D("300.00")


async def test_l16_less_than_half_a_cent_is_nothing(world: Office) -> None:
    assert (await rows(world, "l16"))[0] == row("1", "0.00", "0.00", "0.00")
    assert total(world, "l16") == D("20.00")


async def test_l17_the_largest_amount_is_exact_and_a_cent_more_is_held(world: Office) -> None:
    assert await rows(world, "l17") == [row("1", "9999999999.99", "9999999999.99", "0.00")]
    assert total(world, "l17") == D("9999999999.99")
    await held(world, "i-l17-more", "too_large")


async def test_l18_a_third_off(world: Office) -> None:
    assert await rows(world, "l18") == [row("1", "60.64", "60.64", "6.06")]
    assert texts(world, "l18") == ["Study for a Harbour (list 100.00, less 33.3 %)"]


async def test_l19_a_discount_of_the_whole_line_leaves_nothing(world: Office) -> None:
    assert (await rows(world, "l19"))[1] == row("1", "0.00", "0.00", "0.00")
    assert "less 120.00" in texts(world, "l19")[1]
    assert total(world, "l19") == D("500.00")


async def test_l20_a_discount_above_its_line_or_invoice_is_held(world: Office) -> None:
    await held(world, "i-l20", "discount")
    await held(world, "i-l20-invoice", "discount")


async def test_l23_only_positive_lines_carry_the_invoices_discount(world: Office) -> None:
    assert [one.net for one in await rows(world, "l23")] == [D("540.00"), D("360.00"), D("-200.00")]
    assert total(world, "l23") == D("700.00")


async def test_l24_no_description_becomes_the_kinds_name_and_is_noted(world: Office) -> None:
    assert texts(world, "l24") == ["Artwork", "Portal fee"]
    said = notes(await synced(world, "invoice", "i-l24"))
    assert "A line has no description and goes as “Artwork”." in said
    assert "A line has no description and goes as “Portal fee”." in said


async def test_l25_a_long_description_is_cut_with_dots_and_is_noted(world: Office) -> None:
    (text,) = texts(world, "l25")
    assert (len(text), text[-1], text[:3_900]) == (4000, "…", LONG[:3_900])
    assert "A description was cut to 4000 characters." in notes(await synced(world, "invoice", "i-l25"))
    assert texts(world, "l25-fits") == ["x" * 4000]
    assert "cut" not in notes(await synced(world, "invoice", "i-l25-fits"))


async def test_l26_a_description_is_cleaned(world: Office) -> None:
    assert texts(world, "l26") == ["Harbour & pier\noil on board\n\n30 x 40 cm\n‹unsigned›"]


async def test_l27_two_artists_stand_in_the_text_and_the_first_decides_the_account(world: Office) -> None:
    assert places(world, "l27") == [("260", "OUTPUT")]
    assert texts(world, "l27") == ["Study for a Harbour (M. Lowe & Ana Ruiz)"]
    assert places(world, "l27-turned") == [("200", "OUTPUT")]
    assert texts(world, "l27-turned") == ["Study for a Harbour (Ana Ruiz & M. Lowe)"]
    assert places(world, "l27-one") == [("250", "OUTPUT")]  # mapped as they stand
    assert texts(world, "l27-told") == ["ANA RUIZ, M. Lowe: Tide"]


async def test_l28_an_unknown_line_kind_is_refused_with_the_kinds_there_are(world: Office) -> None:
    (message,) = (await refused(world, invoice("l28", line("5.00", kind="hologram"), total="5.00"))).values()
    assert "hologram" in message
    for kind in ("artwork", "framing", "portal_fee", "text"):
        assert kind in message


async def test_l29_shipping_alone(world: Office) -> None:
    assert await rows(world, "l29") == [row("1", "55.00", "55.00", "5.50")]
    assert places(world, "l29") == [("230", "OUTPUT")]


async def test_l30_identical_lines_are_both_kept_and_keep_their_ids(world: Office) -> None:
    there = world.bench.invoice("AG-l30")
    before = [one.id for one in there.lines]
    assert len(set(before)) == 3
    turned = (line("20.00", kind="framing", description="Frame"), line("240.00"), line("250.00"))
    more = line("10.00", description="Postcard")
    await put(world, invoice("l30", *turned, more, total="520.00"))
    await world.sync()
    after = [one.id for one in world.bench.invoice("AG-l30").lines]
    assert after[:3] == [before[2], before[0], before[1]]
    assert after[3] not in before
    assert [one.net for one in await rows(world, "l30")] == [D("18.18"), D("218.18"), D("227.27"), D("9.09")]
    await put(world, invoice("l30", line("500.00", description="All of it"), line("20.00"), total="520.00"))
    await world.sync()
    assert [one.id for one in world.bench.invoice("AG-l30").lines] == [before[2], before[0]]
    assert total(world, "l30") == D("520.00")


async def test_l34_a_voucher_that_is_sold_is_a_liability_without_tax(world: Office) -> None:
    assert await rows(world, "l34") == [row("1", "200.00", "200.00", "0.00")]
    assert places(world, "l34") == [("836", "BASEXCLUDED")]


async def test_l35_a_voucher_that_is_redeemed_pays_from_its_own_account(office: Office) -> None:
    add_rates(office)
    await connect(office, mappings=MORE_MAPPINGS)
    voucher = invoice("v", line("200.00", None, kind="voucher"), total="200.00")
    paid = make_payment("p-v", amount="200.00", invoice_id="i-35", method="voucher")
    await send(office, *basics(), voucher, invoice("35", line("500.00"), total="500.00"), paid)
    await office.sync()
    (payment,) = office.bench.live_payments()
    account = office.bench.organisation.account("836")
    assert (payment.amount, payment.account_id) == (D("200.00"), account.id)
    assert office.bench.invoice("AG-35").left == D("300.00")
    assert net_of_account(office, "836", ["v"]) == payment.amount  # the liability is gone
    await synced(office, "payment", "p-v")


async def test_l36_a_deposit_and_the_final_invoice_leave_the_liability_at_nought(world: Office) -> None:
    assert places(world, "l36-deposit") == [("835", "BASEXCLUDED")]
    assert places(world, "l36-final") == [("200", "OUTPUT"), ("835", "BASEXCLUDED")]
    assert net_of_account(world, "835", ["l36-deposit", "l36-final"]) == D(0)
    assert total(world, "l36-deposit") + total(world, "l36-final") == D("1000.00")


async def test_l37_a_levy_bears_no_tax_and_is_a_liability(world: Office) -> None:
    assert await rows(world, "l37") == [
        row("1", "12000.00", "12000.00", "0.00"),
        row("1", "480.00", "480.00", "0.00"),
    ]
    assert places(world, "l37")[1] == ("845", "BASEXCLUDED")


async def test_l38_ownership_decides_the_account(world: Office) -> None:
    assert [code for code, _ in places(world, "l38")] == ["205", "200", "200"]


async def test_l8_l9_a_thousand_lines_are_one_request_and_ten_thousand_are_held(office: Office) -> None:
    add_rates(office)
    await connect(office, mappings=MORE_MAPPINGS)
    many = [
        line("1.10", description=f"Lithograph {n} of 1,000, signed in pencil, with its own number") for n in range(1000)
    ]
    long = [invoice("8", *many, total="1100.00"), invoice("9", *many * 10, total="11000.00")]
    for record in [*basics(), *long, invoice("10", line("500.00"), total="500.00")]:
        answer = await office.send("PUT", path_of(record), data=BytesIO(msgspec.json.encode(record)), headers=JSON)
        assert answer.status == 201, await answer.text()
    await office.sync()
    calls = [one for one in office.bench.sandbox.calls if (one.method, one.path) == ("PUT", "/api.xro/2.0/Invoices")]
    assert [(one.elements, one.received < 3_500_000) for one in calls] == [(2, True)]
    there = office.bench.invoice("AG-8")
    assert (len(there.lines), there.total) == (1000, D("1100.00"))
    entry = await held(office, "i-9", "too_large")
    assert "10000 lines" in entry["message"]
    await synced(office, "invoice", "i-10")
