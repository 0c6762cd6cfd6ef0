"""The mapping page: what waits comes first, suggestions are accepted, rules come and go; one invoice shows it all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.sync.harness import make_contact, make_invoice, make_line, make_payment
from tests.ui.browser import check_structure, look
from tests.ui.desk import HOME, Answer, Desk, Person


def path_of(desk: Desk, *more: str) -> str:
    return "/".join((f"{HOME}/webservices/{desk.webservice_id}/mappings", *more))


async def put_records(desk: Desk) -> None:
    """Three invoices; 1003 has the most sorts of lines and two payments."""
    lines = [
        make_line("1", price="400.00", artist="M. Lowe", ownership="consigned", category="painting"),
        make_line("2", price="80.00", kind="framing", description="Oak frame"),
        make_line("3", price="20.00", kind="shipping", description="Courier to Hobart", tax_code="free"),
    ]
    await desk.bench.put(
        make_contact(),
        make_invoice("i-1001"),
        make_invoice("i-1002"),
        make_invoice("i-1003", lines=lines),
        make_payment("p-1", invoice_id="i-1003", amount="300.00", method="stripe"),
        make_payment("p-2", invoice_id="i-1003", amount="200.00"),
    )


async def connect(desk: Desk, *, mapped: bool = False) -> None:
    """Everything up to the mapping; *mapped*: with it."""
    await put_records(desk)
    if mapped:
        await desk.connect()
        return
    status, page = await desk.walk(await desk.make())
    assert status == 200, page
    status, chosen = await desk.choose(desk.bench.organisation)
    assert status == 200, chosen


async def saved(desk: Desk) -> dict[tuple[str, str], str]:
    """(slot, conditions) -> code or name of what is saved."""
    status, told = await desk.get(f"{desk.path}/mappings")
    assert status == 200
    status, choices = await desk.get(f"{desk.path}/choices")
    codes = {one["id"]: one["code"] for one in choices["accounts"]}
    return {
        (one["slot"], ",".join(f"{k}={v}" for k, v in sorted(one["when"].items()))): codes.get(
            one["to"].get("id"), one["to"].get("code") or one["to"].get("id")
        )
        for one in told["mappings"]
    }


async def test_a_newcomer_accepts_all_suggestions_and_sees_the_total_proven(
    desk: Desk, page: Page, shots: Path
) -> None:
    await connect(desk)
    await page.goto(await desk.link("bookkeeper"))
    await page.goto(desk.base + path_of(desk))
    await expect(page.get_by_role("heading", name="Not mapped yet")).to_be_visible()
    waiting = page.get_by_role("region", name="Not mapped yet")
    await expect(waiting.get_by_role("row", name="Artwork")).to_contain_text("3 invoices")
    await expect(page.locator("#drawn")).to_contain_text("Nothing in Xero is chosen for")
    await look(page, shots, "mapping-fresh")
    await page.get_by_role("button", name="Accept all suggestions").first.click()
    await expect(page.get_by_text("suggestions accepted")).to_be_visible()
    assert (await saved(desk))["sales", "line_kind=framing"] == "220"
    await expect(page.locator("#drawn")).to_contain_text("AG-1003")
    await expect(page.locator(".proven")).to_have_text("Equal to the cent")
    await expect(page.locator("#drawn")).to_contain_text("220 Framing")
    await look(page, shots, "mapping-accepted")


async def test_a_tax_code_that_nothing_on_the_page_can_map_leads_to_its_invoice_and_holds_up_nothing_else(
    desk: Desk,
) -> None:
    await connect(desk)
    await desk.bench.put(make_invoice("i-1004", lines=[make_line(tax_code="nowhere")]))
    person = await desk.person("bookkeeper")
    shown = (await person.get(path_of(desk))).text
    assert "This tax code is not in the hub, so it cannot be mapped." in shown
    assert f'href="{HOME}/invoices/i-1004" aria-label="See the invoice 1004"' in shown
    assert "Choose for nowhere" not in shown
    assert "takes those below as well" in shown
    accepted = await person.follow(path_of(desk, "suggestions"), {"all": "1", "part": "accounts"})
    assert "You can go on with the rest." in accepted.text
    assert "Go on with Xero" in accepted.text


async def test_one_suggestion_is_accepted_alone(desk: Desk, page: Page) -> None:
    await connect(desk)
    await page.goto(await desk.link("bookkeeper"))
    await page.goto(desk.base + path_of(desk))
    waiting = page.get_by_role("region", name="Not mapped yet")
    await waiting.get_by_role("row", name="GST 10%").get_by_role("button", name="Accept").click()
    await expect(page.get_by_text("Accepted.")).to_be_visible()
    assert await saved(desk) == {("tax", "tax_code=gst"): "OUTPUT"}


async def test_a_changed_account_is_previewed_then_saved(desk: Desk, page: Page, script: bool, shots: Path) -> None:
    await connect(desk, mapped=True)
    await page.goto(await desk.link("bookkeeper"))
    await page.goto(desk.base + path_of(desk))
    await expect(page.locator("#drawn")).to_contain_text("200 Artwork")
    await page.get_by_label("Sales", exact=True).select_option("260")
    if not script:
        await page.get_by_role("button", name="Preview", exact=True).click()
    await expect(page.locator("#drawn")).to_contain_text("260 Other")
    assert (await saved(desk))["sales", ""] == "200"
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    assert (await saved(desk))["sales", ""] == "260"
    await look(page, shots, "mapping-accounts")


async def test_rates_that_are_not_equal_say_so_before_they_are_saved(
    desk: Desk, page: Page, script: bool, shots: Path
) -> None:
    await connect(desk, mapped=True)
    await page.goto(await desk.link("bookkeeper"))
    await page.goto(desk.base + path_of(desk) + "?part=taxes")
    row = page.get_by_role("row", name="GST 10%")
    await expect(row.locator(".badge")).to_have_text("Equal")
    await page.get_by_label("GST 10%").select_option("EXEMPTOUTPUT")
    if not script:
        await page.get_by_role("button", name="Preview", exact=True).click()
    await expect(row.locator(".badge")).to_have_text("Not equal")
    await expect(row.locator(".error")).to_contain_text("needs 10 %")
    await expect(page.locator("#drawn .notice")).to_contain_text("10 % is needed")
    await look(page, shots, "mapping-taxes")


async def test_rules_come_change_and_go_without_javascript_too(desk: Desk, page: Page, shots: Path) -> None:
    await connect(desk, mapped=True)
    await page.goto(await desk.link("bookkeeper"))
    await page.goto(desk.base + path_of(desk) + "?part=rules")
    sales = page.get_by_role("region", name="Sales", exact=True)
    await sales.get_by_text("Add a rule").click()
    await sales.get_by_label("Artist", exact=True).fill("m. lowe")
    await sales.get_by_label("Ownership", exact=True).select_option("consigned")
    await sales.get_by_label("Goes to").select_option("205")
    await sales.get_by_role("button", name="Add the rule").click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    row = sales.get_by_role("row", name="Artist m. lowe, ownership Consigned")
    await expect(row).to_contain_text("205 Artwork – consigned")
    await expect(page.locator("#drawn")).to_contain_text("205 Artwork – consigned")
    await row.get_by_role("link", name="Change").click()
    await sales.get_by_label("Ownership", exact=True).select_option("")
    await look(page, shots, "mapping-rules")
    await sales.get_by_role("button", name="Save the rule").click()
    assert (await saved(desk))["sales", "artist=m. lowe"] == "205"
    assert ("sales", "artist=m. lowe,ownership=consigned") not in await saved(desk)
    await sales.get_by_role("row", name="Artist m. lowe").get_by_label("Remove").check()
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    assert ("sales", "artist=m. lowe") not in await saved(desk)


async def test_payments_by_method_and_by_currency(desk: Desk, page: Page, shots: Path) -> None:
    await connect(desk, mapped=True)
    await page.goto(await desk.link("bookkeeper"))
    await page.goto(desk.base + path_of(desk) + "?part=payments")
    await page.get_by_label("PayPal", exact=True).select_option("092")
    special = page.get_by_role("region", name="Payments of a certain kind")
    await special.get_by_label("Currency").select_option("USD")
    await special.get_by_label("Goes to").select_option("094")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    found = await saved(desk)
    assert (found["bank", "method=paypal"], found["bank", "currency=USD"]) == ("092", "094")
    await expect(page.locator("#drawn")).to_contain_text("Stripe clearing")
    await look(page, shots, "mapping-payments")


async def test_saving_tells_what_of_the_books_is_not_touched_and_applies_it(
    desk: Desk, page: Page, script: bool, shots: Path
) -> None:
    await connect(desk, mapped=True)
    await desk.sync()
    await page.goto(await desk.link("bookkeeper"))
    await page.goto(desk.base + path_of(desk))
    await page.get_by_label("Sales", exact=True).select_option("260")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("2 open, unpaid invoices stand in Xero as before")).to_be_visible()
    await page.get_by_role("link", name="Apply to open, unpaid invoices").click()
    await expect(page.get_by_role("heading", name="2 invoices differ")).to_be_visible()
    await look(page, shots, "mapping-apply")
    await page.get_by_role("button", name="Apply to 2 invoices").click()
    if script:
        await page.get_by_role("dialog").get_by_role("button", name="Apply to 2 invoices").click()
    await expect(page.get_by_text("2 invoices are updated with the next run.")).to_be_visible()
    await desk.sync()
    assert [line.account_code for line in desk.bench.invoice("AG-1001").lines] == ["260"]


async def test_another_invoice_is_shown_by_its_number_either_way(desk: Desk, page: Page) -> None:
    await connect(desk, mapped=True)
    await page.goto(await desk.link("bookkeeper"))
    await page.goto(desk.base + path_of(desk))
    for number in ("1001", "AG-1002"):
        await page.get_by_label("Invoice", exact=True).fill(number)
        await page.get_by_role("button", name="Show").click()
        await expect(page.locator("#drawn")).to_contain_text(f"AG-{number.removeprefix('AG-')}")
    await page.get_by_label("Invoice", exact=True).fill("9999")
    await page.get_by_role("button", name="Show").click()
    await expect(page.locator("#drawn")).to_contain_text("There is no invoice 9999")


@pytest.mark.parametrize("script", [True], indirect=True)
async def test_a_reader_sees_the_mapping_and_no_way_to_change_it(desk: Desk, page: Page, shots: Path) -> None:
    await connect(desk, mapped=True)
    await page.goto(await desk.link("reader"))
    await page.goto(desk.base + path_of(desk))
    await expect(page.get_by_role("row", name="Sales")).to_contain_text("200 Artwork")
    for name in ("Save", "Accept", "Refresh from Xero", "Add the rule"):
        assert await page.get_by_role("button", name=name).count() == 0, name
    await page.get_by_label("Invoice", exact=True).fill("1001")
    await page.get_by_role("button", name="Show").click()
    await expect(page.locator("#drawn")).to_contain_text("AG-1001")
    await check_structure(page)


# -- without a screen


async def enter(desk: Desk, **fields: Any) -> Answer:
    person: Person = await desk.person("bookkeeper")
    return await person.post(path_of(desk), fields)


async def test_before_the_organisation_there_is_an_empty_page_that_says_so(desk: Desk) -> None:
    await desk.make()
    answer = await (await desk.person("bookkeeper")).get(path_of(desk))
    assert answer.status == 200
    assert "First choose the organisation" in answer.text


async def test_what_cannot_be_used_stands_at_its_field_and_nothing_is_saved(desk: Desk) -> None:
    await connect(desk, mapped=True)
    before = await saved(desk)
    answer = await enter(desk, part="accounts", **{"to.sales": "310", "to.shipping": "240"})
    assert answer.status == 422
    assert "310 Cost of art is an account of the class expense" in answer.text
    assert 'href="#f-to-sales"' in answer.text
    assert await saved(desk) == before


async def test_a_rule_without_a_condition_or_a_target_is_refused_with_what_was_typed(desk: Desk) -> None:
    await connect(desk, mapped=True)
    answer = await enter(desk, part="rules", **{"new.sales.artist": "M. Lowe"})
    assert (answer.status, "Choose where it goes." in answer.text) == (422, True)
    assert 'value="M. Lowe"' in answer.text
    answer = await enter(desk, part="rules", **{"new.sales.to": "205"})
    assert (answer.status, "Give one condition at least." in answer.text) == (422, True)
    answer = await enter(desk, part="rules", **{"new.sales.to": "205", "new.sales.artist": "x" * 300})
    assert answer.status == 422
    answer = await enter(desk, part="rules", **{"new.sales.to": "205", "new.sales.ownership": "stolen"})
    assert answer.status == 422


async def test_a_mapping_that_went_bad_there_is_shown_and_keeps_no_other_from_being_saved(desk: Desk) -> None:
    await connect(desk, mapped=True)
    desk.bench.organisation.account("240").status = "ARCHIVED"
    person = await desk.person("bookkeeper")
    answer = await person.follow(path_of(desk, "choices"), {"part": "accounts"})
    assert "Read just now" in answer.text
    assert "240 Portal fees is archived" in answer.text
    answer = await enter(desk, part="accounts", **{"to.sales": "260", "to.portal": "240"})
    assert answer.status == 303
    assert ((await saved(desk))["sales", ""], (await saved(desk))["portal", ""]) == ("260", "240")


async def test_what_the_form_does_not_have_stays_as_it_is(desk: Desk) -> None:
    await connect(desk, mapped=True)
    before = await saved(desk)
    assert (await enter(desk, part="accounts", **{"to.levy": "", "to.sales": "200"})).status == 303
    after = await saved(desk)
    assert after == {key: value for key, value in before.items() if key != ("levy", "")}


async def test_any_query_and_form_gets_an_answer_that_is_no_failure(desk: Desk) -> None:
    await connect(desk, mapped=True)
    person = await desk.person("bookkeeper")
    for query in ("part=nothing", "from=-1", "from=x", "invoice=" + "9" * 200, "change=%00"):
        assert (await person.get(f"{path_of(desk)}?{query}")).status in {200, 422}, query
    for fields in (
        {"part": "zzz"},
        {"part": "taxes", "from": "999999", "to.tax.gst": "?gone"},
        {"part": "rules", "new.tracking.to": "no/such", "remove": "zzz"},
        {"part": "payments", "new.bank.to": "094", "new.bank.currency": "nothing"},
    ):
        for more in ((), ("preview",), ("suggestions",)):
            assert (await person.post(path_of(desk, *more), fields)).status in {200, 303, 422}, (fields, more)
