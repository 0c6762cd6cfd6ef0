"""Chapter T, second half: rates, modes and settings that change, and what no organisation may lack."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from plugins.xero.sandbox.render import render_invoice
from plugins.xero.sandbox.state import TaxRate
from tests.catalogue.bench_lines import (
    MORE_MAPPINGS,
    SALES,
    add_rates,
    basics,
    bodies,
    invoice,
    line,
    places,
    row,
    rows,
    total,
)
from tests.catalogue.desk import connect, held, is_there, notes, patch, put, refresh, send, synced
from tests.sync.harness import make_gallery
from tests.web.webservices.office import BASE, Office

D = Decimal


async def open_desk(office: Office, *, without: str = "", **settings: Any) -> None:
    """Connected with every rate and mapping of the catalogue, but for those of the slot *without*."""
    add_rates(office)
    await connect(office, mappings=[one for one in MORE_MAPPINGS if one[0] != without], **settings)
    await send(office, *basics())


async def remap(office: Office, *changed: tuple[str, dict[str, str], str]) -> tuple[int, Any]:
    """Save the mappings with *changed* in the place of those of the same slot and conditions."""
    keys = {(slot, *when.items()) for slot, when, _ in changed}
    kept = [one for one in MORE_MAPPINGS if (one[0], *one[1].items()) not in keys]
    body = [{"slot": slot, "when": when, "to": {"code": code}} for slot, when, code in [*kept, *changed]]
    return await office.put(f"{office.path}/mappings", {"mappings": body})


async def findings(office: Office) -> list[dict[str, Any]]:
    status, told = await office.get(f"{office.path}/mappings")
    assert status == 200, told
    return list(told["findings"])


def writes(office: Office) -> int:
    return office.bench.sandbox.calls.writes


# -- prices


async def test_t20_a_switched_price_mode_with_the_same_net_and_tax_writes_nothing(office: Office) -> None:
    await open_desk(office)
    await put(office, invoice("20", line("2500.00"), total="2500.00"))
    await office.sync()
    before = writes(office)
    await put(office, invoice("20", line("2272.73"), total="2500.00", price_mode="exclusive"))
    run = await office.sync()
    assert (writes(office), run["counts"]["unchanged"]) == (before, 1)
    assert total(office, "20") == D("2500.00")


async def test_t20_a_switched_price_mode_keeps_the_total_where_the_tax_would_be_a_cent_more(office: Office) -> None:
    await open_desk(office)
    await put(office, invoice("20", line("500.00"), total="500.00"))
    await office.sync()
    await put(office, invoice("20", line("454.55"), total="500.00", price_mode="exclusive"))
    run = await office.sync()
    assert run["counts"]["updated"] == 1
    assert await rows(office, "20") == [
        row("1", "454.55", "454.55", "45.46", sent=True),
        row("1", "-0.01", "-0.01", "0.00", sent=True),
    ]
    assert total(office, "20") == D("500.00")
    assert "differs from the lines by -0.01" in notes(await synced(office, "invoice", "i-20"))


# -- rates


async def test_t28_a_rate_edited_there_holds_until_a_person_confirms_it(office: Office) -> None:
    await open_desk(office)
    await send(office, invoice("28", line("115.00", "nz"), total="115.00"))
    await office.sync()
    office.bench.organisation.change_tax_rate("TAXNZ", rate=D("15.5"))
    await refresh(office)
    await send(office, invoice("29", line("115.00", "nz"), total="115.00"), invoice("30", line("50.00"), total="50.00"))
    await office.sync()
    entry = await held(office, "i-29", "tax_mapping")
    assert "15.5 %, and 15 % is needed" in entry["message"]
    await synced(office, "invoice", "i-30")
    (finding,) = [one for one in await findings(office) if one["when"] == {"tax_code": "nz"}]
    assert (finding["code"], finding["blocking"]) == ("tax_mapping", True)

    organisation = office.bench.organisation
    organisation.tax_rates["NZ15"] = TaxRate(tax_type="NZ15", name="GST 15 %", rate=D(15), applies=SALES)
    await refresh(office)
    status, told = await remap(office, ("tax", {"tax_code": "nz"}, "NZ15"))
    assert status == 200, told
    await office.sync()
    assert places(office, "29") == [("200", "NZ15")]
    assert places(office, "28") == [("200", "TAXNZ")]  # a changed mapping never rewrites old books


async def test_t28_a_rate_edited_since_the_last_look_shows_in_the_total_that_comes_back(office: Office) -> None:
    await open_desk(office)
    office.bench.organisation.change_tax_rate("TAXNZ", rate=D("15.5"))
    await send(office, invoice("28", line("115.00", "nz"), total="115.00"))
    await office.sync()
    entry = await held(office, "i-28", "remote_total")
    assert "115.50, not 115.00" in entry["message"]


async def test_t29_an_archived_rate_holds_what_needs_it_and_another_one_frees_it(office: Office) -> None:
    await open_desk(office)
    office.bench.organisation.change_tax_rate("OUTPUT", status="ARCHIVED")
    await refresh(office)
    await send(
        office, invoice("29", line("110.00"), total="110.00"), invoice("30", line("50.00", "zero"), total="50.00")
    )
    await office.sync()
    await held(office, "i-29", "tax_archived")
    await synced(office, "invoice", "i-30")
    organisation = office.bench.organisation
    organisation.tax_rates["GST2"] = TaxRate(tax_type="GST2", name="GST 10 %", rate=D(10), applies=SALES)
    await refresh(office)
    status, told = await remap(office, ("tax", {"tax_code": "gst"}, "GST2"))
    assert status == 200, told
    await office.sync()
    assert places(office, "29") == [("200", "GST2")]


async def test_t30_a_rate_for_purchases_is_refused_when_it_is_chosen(office: Office) -> None:
    await open_desk(office)
    status, told = await remap(office, ("tax", {"tax_code": "gst"}, "INPUT"))
    assert status == 422
    assert [fault["message"] for fault in told["errors"]] == ["The tax rate GST on Expenses cannot be used for sales."]


async def test_t37_a_rate_change_by_a_new_code_leaves_old_invoices_on_theirs(office: Office) -> None:
    await open_desk(office)
    organisation = office.bench.organisation
    for name, rate in (("NS15", 15), ("NS14", 14)):
        organisation.tax_rates[name] = TaxRate(tax_type=name, name=name, rate=D(rate), applies=SALES)
    await refresh(office)
    codes = {f"ns-{rate}": {"type": "tax_code", "id": f"ns-{rate}", "name": f"HST {rate}"} for rate in ("15", "14")}
    await send(office, *({**code, "rate": key[3:]} for key, code in codes.items()))
    status, told = await remap(office, ("tax", {"tax_code": "ns-15"}, "NS15"), ("tax", {"tax_code": "ns-14"}, "NS14"))
    assert status == 200, told
    old = invoice("1", line("100.00", "ns-15"), total="115.00", price_mode="exclusive", issued_on="2025-03-31")
    new = invoice("2", line("100.00", "ns-14"), total="114.00", price_mode="exclusive", issued_on="2025-04-01")
    await send(office, old, new)
    await office.sync()
    await send(office, {**old, "reference": "seen in June"})
    await office.sync()
    assert (places(office, "1"), total(office, "1")) == ([("200", "NS15")], D("115.00"))
    assert (places(office, "2"), total(office, "2")) == ([("200", "NS14")], D("114.00"))


async def test_t37_a_code_whose_rate_changes_keeps_the_old_rate_for_what_was_stored_under_it(office: Office) -> None:
    await open_desk(office)
    organisation = office.bench.organisation
    organisation.tax_rates["NS14"] = TaxRate(tax_type="NS14", name="HST 14", rate=D(14), applies=SALES)
    await refresh(office)
    await send(office, invoice("1", line("100.00", "nz"), total="115.00", price_mode="exclusive"))
    await send(office, {"type": "tax_code", "id": "nz", "name": "HST", "rate": "14"})
    await send(office, invoice("2", line("100.00", "nz"), total="114.00", price_mode="exclusive"))
    await office.sync()
    assert total(office, "1") == D("115.00")
    await held(office, "i-2", "tax_mapping")
    status, told = await remap(office, ("tax", {"tax_code": "nz"}, "NS14"))
    assert status == 200, told
    await office.sync()
    assert (places(office, "1"), total(office, "1")) == ([("200", "TAXNZ")], D("115.00"))
    assert (places(office, "2"), total(office, "2")) == ([("200", "NS14")], D("114.00"))


# -- settings


async def test_t31_a_gallery_that_taxes_the_sum_is_followed_without_being_told_per_invoice(office: Office) -> None:
    await put(office, make_gallery(tax_rounding="invoice"))
    await open_desk(office)
    prices = ("25.06", "25.61", "25.63")
    await send(
        office,
        invoice("h", *(line(price, "nz") for price in prices), total="87.75", price_mode="exclusive"),
        invoice("o", *[line("99.99", "vat")] * 3, total="299.97"),
    )
    await office.sync()
    assert [one.tax for one in await rows(office, "h")] == [D("3.76"), D("3.84"), D("3.85")]
    assert total(office, "h") == D("87.75")
    assert sum(one.tax for one in await rows(office, "o")) == D("49.99")
    assert total(office, "o") == D("299.97")


async def test_t32_example_c_with_a_rounding_line_leaves_the_tax_to_xero(office: Office) -> None:
    await open_desk(office, rounding="rounding_line")
    await send(office, invoice("32", line("120.03", "vat"), total="120.03"))
    await office.sync()
    assert await rows(office, "32") == [
        row("1", "100.03", "100.03", "20.01"),
        row("1", "-0.01", "-0.01", "0.00", sent=True),
    ]
    assert places(office, "32")[-1] == ("860", "BASEXCLUDED")
    assert total(office, "32") == D("120.03")


async def test_t32_strict_holds_it_instead_and_the_other_choice_lets_it_through(office: Office) -> None:
    await open_desk(office, rounding="strict")
    await send(
        office,
        invoice("32", line("120.03", "vat"), total="120.03"),
        invoice("33", line("120.00", "vat"), total="120.00"),
    )
    await office.sync()
    await held(office, "i-32", "total_mismatch")
    await synced(office, "invoice", "i-33")
    assert not is_there(office, "AG-32")
    await patch(office, rounding="tax_adjust")
    await office.sync()
    assert total(office, "32") == D("120.03")


async def test_t35_an_organisation_without_a_rounding_account_is_told_so_before_any_invoice(office: Office) -> None:
    organisation = office.bench.organisation
    del organisation.accounts[organisation.account("860").id]
    await open_desk(office, without="rounding", rounding="rounding_line")
    (finding,) = [one for one in await findings(office) if one["slot"] == "rounding"]
    assert (finding["code"], finding["blocking"]) == ("unmapped", True)
    assert "rounding account" in finding["message"]
    await send(
        office,
        invoice("35", line("120.03", "vat"), total="120.03"),
        invoice("36", line("120.00", "vat"), total="120.00"),
    )
    await office.sync()
    await held(office, "i-35", "mapping_missing")
    await synced(office, "invoice", "i-36")
    status, told = await remap(office, ("rounding", {}, "260"))
    assert status == 200, told
    assert [one for one in await findings(office) if one["slot"] == "rounding"] == []
    await office.sync()
    assert places(office, "35")[-1] == ("260", "BASEXCLUDED")


async def test_t35_a_rounding_account_that_no_tax_cannot_go_with_is_told_so_too(office: Office) -> None:
    await open_desk(office)
    rate = office.bench.organisation.tax_rates["BASEXCLUDED"]
    rate.applies = rate.applies - {"LIABILITY"}
    await refresh(office)
    (finding,) = [one for one in await findings(office) if one["slot"] == "rounding"]
    assert (finding["code"], finding["blocking"]) == ("tax_mapping", True)


async def test_t36_every_call_for_invoices_asks_for_four_decimals(office: Office) -> None:
    await open_desk(office)
    await send(office, invoice("36", line("33.33", "vat", "3"), total="99.99"))
    await office.sync()
    await send(office, invoice("36", line("33.33", "vat", "6"), total="199.98"))
    await office.sync()
    assert (await office.proof())["agrees"] is True
    calls = [one for one in office.bench.sandbox.calls if one.path.endswith(("/Invoices", "/CreditNotes"))]
    assert {one.method for one in calls} == {"GET", "PUT", "POST"}
    assert [one for one in calls if "unitdp=4" not in one.query.split("&")] == []
    there = office.bench.invoice("AG-36")  # 6 x 27.7750
    forgotten = render_invoice(office.bench.organisation, there, unitdp=2, whole_contact=False)
    assert (there.lines[0].unit_amount, forgotten["LineItems"][0]["UnitAmount"]) == (D("27.7750"), D("27.78"))


async def test_t40_what_did_not_change_is_sent_once_however_often_a_person_asks(office: Office) -> None:
    await open_desk(office)
    await send(office, invoice("40", line("120.03", "vat"), total="120.03"))
    await office.sync()
    before = writes(office)
    status, _ = await office.call("POST", f"{BASE}/invoices/i-40/resync")
    assert status == 202
    await office.sync()
    assert (writes(office), len(await bodies(office, "AG-40"))) == (before, 1)
