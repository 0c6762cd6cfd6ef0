"""Chapter X: currencies: a British organisation (GBP, EUR, USD), an Australian one with those of other decimals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hub.domain.amounts import is_currency, minor_digits
from tests.catalogue.bench_lines import MORE_MAPPINGS, add_rates, basics, bodies, invoice, line, row, rows
from tests.catalogue.conftest import OpenWorld
from tests.catalogue.desk import (
    connect,
    held,
    is_there,
    make_payment,
    notes,
    put,
    refresh,
    send,
    synced,
    there_invoice,
    use_organisation,
)
from tests.sync.harness import make_gallery
from tests.web.webservices.office import BASE, Office

D = Decimal
BRITISH: list[tuple[str, dict[str, str], str]] = [
    ("sales", {}, "200"),
    ("bank", {}, "090"),
    ("bank", {"currency": "USD", "method": "stripe"}, "094"),
    ("tax", {"tax_code": "vat"}, "OUTPUT2"),
    ("tax", {"tax_code": "zero"}, "ZERORATEDOUTPUT"),
    ("no_tax", {}, "NONE"),
]
IN_LONDON = make_gallery(country="GB", currency="GBP", timezone="Europe/London")


def euros(key: str, **changes: Any) -> dict[str, Any]:
    """1,200.00 with 20 % in it."""
    return invoice(key, line("1200.00", "vat"), total="1200.00", **({"currency": "EUR"} | changes))


ABROAD = [
    euros("x1", currency="GBP", exchange_rate="1.5"),
    euros("x2"),
    euros("x8", exchange_rate="1.1832565"),
    euros("x8-short", exchange_rate="1.2"),
    euros("x8-odd", exchange_rate="0.0000001"),
    euros("x12", currency="XBT"),
    euros("x12-gold", currency="XAU"),
    euros("x12-other"),
    invoice("x21", line("100.00", None), total="100.00", currency="GBP"),
    euros("x9", currency="USD"),
    make_payment("p-x9", amount="1200.00", invoice_id="i-x9", settled={"amount": "902.15", "currency": "GBP"}),
    euros("x9-plain", currency="USD"),
    make_payment("p-x9-plain", amount="1200.00", invoice_id="i-x9-plain"),
    euros("x9-dollars", currency="USD"),
    make_payment("p-x9-dollars", amount="1200.00", invoice_id="i-x9-dollars", method="stripe"),
    euros("x10", currency="GBP"),
    make_payment("p-x10", amount="1200.00", invoice_id="i-x10", currency="EUR"),
    euros("x10-other", currency="GBP"),
    make_payment("p-x10-other", amount="1200.00", invoice_id="i-x10-other", currency="GBP"),
]
DECIMALS = [
    invoice("x5", line("105005"), total="105005", currency="JPY"),
    invoice("x6", line("1000.5", "free"), total="1000.5", currency="JPY"),
    invoice("x6-unit", line("0.5", "free", "2000"), total="1000", currency="JPY"),
    invoice("x13-huf", line("1000.55", "free"), total="1000.55", currency="HUF"),
    invoice("x13-isk", line("1000", "free"), total="1000", currency="ISK"),
    invoice("x13-isk-half", line("1000.50", "free"), total="1000.50", currency="ISK"),
    invoice("x13-clp", line("3990"), total="3990", currency="CLP"),
    invoice("x13-clp-half", line("3990.1", "free"), total="3990.1", currency="CLP"),
    invoice("x13-kwd", line("10.005", "free"), total="10.005", currency="KWD"),
    invoice("x13-kwd-even", line("10.050", "free"), total="10.050", currency="KWD"),
]


@pytest.fixture(scope="module")
async def abroad(open_world: OpenWorld) -> Office:
    """The British organisation."""
    records = [IN_LONDON, *basics(), *ABROAD]
    return await open_world(records, prepare=lambda office: use_organisation(office, "GB"), mappings=BRITISH)


@pytest.fixture(scope="module")
async def decimals(open_world: OpenWorld) -> Office:
    """The Australian organisation."""
    return await open_world([*basics(), *DECIMALS], prepare=add_rates, mappings=MORE_MAPPINGS)


async def open_abroad(office: Office) -> None:
    """The British organisation, connected, with the basics."""
    use_organisation(office, "GB")
    await connect(office, mappings=BRITISH)
    await send(office, IN_LONDON, *basics())


async def test_x1_in_the_base_currency_no_rate_is_sent(abroad: Office) -> None:
    (body,) = await bodies(abroad, "AG-x1")
    assert (body["CurrencyCode"], "CurrencyRate" in body) == ("GBP", False)
    assert abroad.bench.invoice("AG-x1").currency_rate == D(1)


async def test_x2_xeros_rate_of_the_day_is_read_back_and_stored(abroad: Office) -> None:
    (body,) = await bodies(abroad, "AG-x2")
    assert (body["CurrencyCode"], "CurrencyRate" in body) == ("EUR", False)
    there = there_invoice(abroad, "AG-x2")
    assert (there["CurrencyCode"], there["Total"]) == ("EUR", D("1200.00"))
    assert there["CurrencyRate"] == abroad.bench.organisation.day_rate("EUR") != D(1)
    abroad.bench.webservice_id = abroad.webservice_id
    remote = (await abroad.bench.entry("invoice", "i-x2")).remote
    assert remote is not None
    assert (remote.currency, remote.rate) == ("EUR", there["CurrencyRate"])


async def test_x4_a_currency_the_plan_does_not_have_is_refused_when_it_is_mapped_and_held_when_it_is_used(
    office: Office,
) -> None:
    organisation = use_organisation(office, "GB")
    for currency in ("EUR", "USD"):
        organisation.unsubscribe(currency)
    await connect(office, mappings=[one for one in BRITISH if "currency" not in one[1]])
    body = [{"slot": slot, "when": when, "to": {"code": code}} for slot, when, code in BRITISH]
    status, told = await office.put(f"{office.path}/mappings", {"mappings": body})
    assert status == 422
    assert [one["message"] for one in told["errors"]] == [
        "The organisation does not use USD: add it in Xero first (not every plan has several)."
    ]
    await send(office, IN_LONDON, *basics(), euros("4"), euros("5", currency="GBP"))
    await office.sync()
    entry = await held(office, "i-4", "currency_not_subscribed")
    assert "EUR" in entry["message"]
    await synced(office, "invoice", "i-5")
    organisation.subscribe("EUR")
    await refresh(office)
    await office.sync()
    assert there_invoice(office, "AG-4")["CurrencyCode"] == "EUR"


async def test_x5_yen_are_whole_and_the_tax_is_told(decimals: Office) -> None:
    assert await rows(decimals, "x5") == [row("1", "95459", "95459", "9546", sent=True)]
    assert there_invoice(decimals, "AG-x5")["Total"] == D("105005")


async def test_x6_half_a_yen_is_held_but_a_unit_price_may_be_finer(decimals: Office) -> None:
    entry = await held(decimals, "i-x6", "currency_precision")
    assert "1000.5" in entry["message"]
    assert await rows(decimals, "x6-unit") == [row("2000", "0.5", "1000", "0")]


async def test_x8_the_gallerys_rate_goes_with_six_decimals_in_xeros_direction(abroad: Office) -> None:
    (body,) = await bodies(abroad, "AG-x8")
    assert body["CurrencyRate"] == D("1.183257")  # half away from zero
    there = abroad.bench.invoice("AG-x8")
    # Units of the document's currency for one of the base currency: 1,200 EUR are about 1,014 GBP (FACTS 4.1 [U]).
    assert (there.currency_rate, there.total) == (D("1.183257"), D("1200.00"))
    assert (await bodies(abroad, "AG-x8-short"))[0]["CurrencyRate"] == D("1.2")


async def test_x8_a_rate_that_xero_cannot_hold_is_left_out_and_noted(abroad: Office) -> None:
    assert "CurrencyRate" not in (await bodies(abroad, "AG-x8-odd"))[0]
    assert "exchange rate 0.0000001 was left out" in notes(await synced(abroad, "invoice", "i-x8-odd"))


async def test_x9_a_dollar_invoice_paid_into_the_pound_account_keeps_what_arrived(abroad: Office) -> None:
    there = abroad.bench.invoice("AG-x9")
    (payment,) = [one for one in abroad.bench.live_payments() if one.invoice_id == there.id]
    account = abroad.bench.organisation.account("090")
    assert (account.currency, payment.account_id) == ("GBP", account.id)
    assert (payment.amount, payment.bank_amount) == (D("1200.00"), D("902.15"))
    assert (there.status, there.left) == ("PAID", D("0.00"))
    await synced(abroad, "payment", "p-x9")


async def test_x9_without_what_arrived_xero_takes_the_invoices_rate_and_a_dollar_account_takes_dollars(
    abroad: Office,
) -> None:
    paid = {one.invoice_id: one for one in abroad.bench.live_payments()}
    plain, dollars = (paid[abroad.bench.invoice(f"AG-{key}").id] for key in ("x9-plain", "x9-dollars"))
    rate = abroad.bench.organisation.day_rate("USD")
    assert plain.bank_amount == (D("1200.00") / rate).quantize(D("0.01"), "ROUND_HALF_UP")
    assert dollars.bank_amount == dollars.amount == D("1200.00")
    assert dollars.account_id == abroad.bench.organisation.account("094").id


async def test_x10_a_payment_in_another_currency_than_its_invoice_is_held_alone(abroad: Office) -> None:
    entry = await held(abroad, "p-x10", "payment_currency", type_="payment")
    assert "EUR" in entry["message"]
    assert "GBP" in entry["message"]
    assert abroad.bench.invoice("AG-x10").left == D("1200.00")
    await synced(abroad, "invoice", "i-x10")
    await synced(abroad, "payment", "p-x10-other")


async def test_x11_a_changed_currency_is_a_conflict_with_an_offer_and_nothing_is_voided_silently(
    office: Office,
) -> None:
    await open_abroad(office)
    await put(office, euros("11"))
    await office.sync()
    before = office.bench.sandbox.calls.writes
    await put(office, euros("11", currency="USD"))
    await put(office, make_payment("p-11", amount="1200.00", invoice_id="i-11"))
    await office.sync()
    entry = await held(office, "i-11", "closed", state="conflict")
    assert "AG-11 stands there in EUR and cannot be changed to USD." in entry["message"]
    assert "Void it" in entry["remedy"]
    assert (await office.entry("payment", "p-11"))["state"] == "waiting"  # dollars are no euros
    assert office.bench.sandbox.calls.writes == before
    assert office.bench.invoice("AG-11").status == "AUTHORISED"


async def test_x11_the_offers_are_sound(office: Office) -> None:
    await open_abroad(office)
    await send(office, euros("1"), euros("2"))
    await office.sync()
    await send(office, euros("1", currency="USD"), euros("2", currency="USD"))
    await office.sync()
    await held(office, "i-1", "closed", state="conflict")
    await held(office, "i-2", "closed", state="conflict")
    await put(office, euros("1"))
    status, _ = await office.call("POST", f"{BASE}/invoices/i-2/void", json={"on": "2026-03-05", "reason": "USD"})
    assert status == 200
    await put(office, euros("2-2", currency="USD"))
    await office.sync()
    await synced(office, "invoice", "i-1")
    assert {number: status for number, (status, _, _) in office.bench.books().items()} == {
        "AG-1": "AUTHORISED",
        "AG-2": "VOIDED",
        "AG-2-2": "AUTHORISED",
    }
    assert office.bench.invoice("AG-2-2").currency == "USD"


async def test_x11_a_draft_there_takes_another_currency(office: Office) -> None:
    use_organisation(office, "GB")
    await connect(office, mappings=BRITISH, invoice_status="DRAFT")
    await send(office, IN_LONDON, *basics(), euros("11"))
    await office.sync()
    await put(office, euros("11", currency="USD"))
    await office.sync()
    await synced(office, "invoice", "i-11")
    assert office.bench.invoice("AG-11").currency == "USD"


async def test_x12_an_unknown_code_is_held_and_others_go_on(abroad: Office) -> None:
    for key in ("x12", "x12-gold"):
        await held(abroad, f"i-{key}", "currency_unknown")
        assert not is_there(abroad, f"AG-{key}")
    await synced(abroad, "invoice", "i-x12-other")


@pytest.mark.parametrize(
    ("key", "amount"), [("huf", "1000.55"), ("isk", "1000"), ("clp", "3990"), ("kwd-even", "10.05")]
)
async def test_x13_amounts_of_a_currencys_decimals_are_exact(decimals: Office, key: str, amount: str) -> None:
    assert there_invoice(decimals, f"AG-x13-{key}")["Total"] == D(amount)
    await synced(decimals, "invoice", f"i-x13-{key}")


@pytest.mark.parametrize("key", ["isk-half", "clp-half", "kwd"])
async def test_x13_amounts_of_more_decimals_are_held(decimals: Office, key: str) -> None:
    await held(decimals, f"i-x13-{key}", "currency_precision")
    assert not is_there(decimals, f"AG-x13-{key}")


async def test_x13_tax_of_a_currency_without_decimals_is_whole(decimals: Office) -> None:
    assert await rows(decimals, "x13-clp") == [row("1", "3627", "3627", "363", sent=True)]


def test_x13_decimals_are_those_of_iso_4217_not_those_that_are_shown() -> None:
    known = {
        "AUD": 2,
        "HUF": 2,
        "TWD": 2,
        "RSD": 2,
        "IDR": 2,
        "JPY": 0,
        "KRW": 0,
        "ISK": 0,
        "CLP": 0,
        "KWD": 3,
        "TND": 3,
    }
    assert {code: minor_digits(code) for code in known} == known
    assert [code for code in ("AUD", "XBT", "XAU", "XXX", "aud", "") if is_currency(code)] == ["AUD"]


async def test_t21_in_a_british_organisation_lines_without_tax_are_none(abroad: Office) -> None:
    assert [one["TaxType"] for one in there_invoice(abroad, "AG-x21")["LineItems"]] == ["NONE"]
