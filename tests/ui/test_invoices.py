"""Invoices in a browser: found by number, filtered by group, explained, and put right."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.sync.harness import cents, make_contact, make_invoice, make_line, make_payment
from tests.ui.browser import look
from tests.ui.desk import HOME, Desk, open_shared_desk

LIST = f"{HOME}/invoices"
HOSTILE = '<img src=x onerror=alert(1)>"'


async def fill(desk: Desk) -> None:
    """A connected gallery with an invoice for each group: 1 and 2 in the books, 1207 held, 4 left out, 5 on its way."""
    await desk.connect(sync_from="2026-01-01", copy_existing=False)
    await desk.bench.put(
        make_contact(),
        make_contact("c-2", name=f"Ben Lowe {HOSTILE}"),
        make_invoice("i-1"),
        make_invoice("i-2", total="120.00", contact_id="c-2", issued_on="2026-03-06"),
        make_invoice("i-3", number="1207", issued_on="2026-03-05", lines=[make_line(tax_code="nowhere")]),
        make_invoice("i-4", issued_on="2025-12-31"),
        make_payment("p-1", amount="200.00"),
    )
    await desk.sync()
    await desk.bench.put(make_invoice("i-5", issued_on="2026-03-07"))


@pytest.fixture(scope="module")
async def searched(
    postgres_server: str, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    """A desk that tests without a browser share; 6 has a payment of more than is due."""
    async with open_shared_desk(postgres_server, postgres_template, tmp_path_factory) as desk:
        await fill(desk)
        await desk.bench.put(
            make_invoice("i-6", issued_on="2026-01-05"),
            make_payment("p-6", invoice_id="i-6", amount="900.00"),
        )
        await desk.sync()
        yield desk


async def test_why_an_invoice_is_not_there_is_answered_on_the_second_page(desk: Desk, page: Page, shots: Path) -> None:
    await fill(desk)
    await page.goto(await desk.link("reader"))
    await page.get_by_label("Invoice number").fill("ag-1207")
    await page.get_by_role("button", name="Go", exact=True).click()
    assert page.url == f"{desk.base}{LIST}/i-3"
    await expect(page.get_by_role("heading", level=1)).to_have_text("Invoice 1207")
    card = page.get_by_role("region", name="Xero")
    entry = await desk.entry("invoice", "i-3")
    await expect(card.locator(".verdict")).to_have_text(str(entry["message"]))
    await expect(card).to_contain_text(f"What to do: {entry['remedy']}")
    failed = card.locator(".checks .failed")
    await expect(failed).to_have_count(1)
    await expect(failed).to_contain_text("nowhere")
    await expect(page.get_by_text("This page follows by itself.")).to_have_count(0)
    for name in ("Try again", "Sync again", "Exclude", "Mark as resolved"):
        await expect(page.get_by_role("button", name=name)).to_have_count(0)
    await look(page, shots, "invoice-held-reader")


async def test_the_list_is_searched_and_counted_by_group(desk: Desk, page: Page, shots: Path) -> None:
    await fill(desk)
    await page.goto(await desk.link("bookkeeper"))
    await page.get_by_role("link", name="Invoices", exact=True).click()
    groups = page.get_by_role("navigation", name="Groups")
    await expect(groups.get_by_role("listitem")).to_have_text(
        [re.compile(f"^{one}$") for one in ("All 5", "In the books 2", "On its way 1", "Needs you 1", "Left out 1")]
    )
    await look(page, shots, "invoices")
    await groups.get_by_role("link", name="Left out").click()
    rows = page.locator("tbody tr")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("Before the sync-from date")
    await page.get_by_label("Number, contact or id").fill("ben lowe")
    await page.get_by_role("button", name="Search").click()
    await expect(page.get_by_text("No invoice matches")).to_be_visible()
    await groups.get_by_role("link", name="All").click()
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text(HOSTILE)


async def test_a_held_invoice_is_put_right_and_tried_again(desk: Desk, page: Page, shots: Path, script: bool) -> None:
    await fill(desk)
    await page.goto(await desk.link("bookkeeper"))
    await page.goto(f"{desk.base}{LIST}/i-3")
    await look(page, shots, "invoice-held")
    await desk.bench.put(make_invoice("i-3", number="1207", issued_on="2026-03-05"))
    await page.get_by_role("button", name="Sync again").click()
    await expect(page.get_by_role("status").filter(has_text="It is compared and sent again now.")).to_be_visible()
    await expect(page.get_by_text("This page follows by itself.")).to_be_visible()
    await desk.bench.work()
    if not script:
        await page.reload()
    await expect(page.locator(".verdict")).to_have_text("It stands in the books.")
    assert desk.bench.books()["AG-1207"][0] == "AUTHORISED"


async def test_a_conflict_shows_both_sides_and_is_resolved_with_a_note(
    desk: Desk, page: Page, shots: Path, script: bool
) -> None:
    await fill(desk)
    desk.bench.organisation.edit_line(desk.bench.invoice("AG-2").id, UnitAmount=cents("200.00"))
    await desk.sync()
    await page.goto(await desk.link("bookkeeper"))
    await page.goto(f"{desk.base}{LIST}/i-2")
    await expect(page.get_by_role("heading", name=re.compile("Both sides: [0-9]+ differences"))).to_be_visible()
    total = page.locator(".both tr.differs").filter(has_text="Total")
    await expect(total.locator("td")).to_have_text(["$120.00", "$220.00"])
    await page.get_by_text("Mark as resolved", exact=True).first.click()
    await look(page, shots, f"invoice-conflict-{'js' if script else 'nojs'}")
    await page.get_by_label("Why is it fine as it is?").fill("Agreed with\nBen Lowe")
    await page.get_by_role("button", name="Mark as resolved").click()
    await expect(page.locator(".card .badge").first).to_have_text("Resolved")
    await expect(page.get_by_text("Why: the difference was accepted")).to_be_visible()
    await expect(page.get_by_text("What to do:")).to_have_count(0)
    await expect(page.locator(".history")).to_contain_text("Marked as resolved by Mia Lowe: Agreed with Ben Lowe")


async def test_a_taken_number_is_linked_by_the_address_of_the_invoice_there(
    desk: Desk, page: Page, shots: Path
) -> None:
    organisation = desk.bench.organisation
    contact = organisation.add_contact("Somebody")
    line = {"Description": "x", "Quantity": cents("1"), "UnitAmount": cents("500.00"), "TaxType": "EXEMPTOUTPUT"}
    line["AccountID"] = organisation.account("200").id
    there = organisation.add_invoice(InvoiceNumber="AG-1", Contact={"ContactID": contact.id}, LineItems=[line])
    await desk.bench.put(make_contact(), make_invoice())
    await desk.connect()
    await desk.sync()
    assert (await desk.entry("invoice", "i-1"))["reason"] == "number_taken"
    await page.goto(await desk.link("bookkeeper"))
    await page.goto(f"{desk.base}{LIST}/i-1")
    await page.get_by_text("Link to what stands in Xero").click()
    address = page.get_by_label("Address or id in Xero")
    await address.fill("not an id")
    await page.get_by_role("button", name="Link", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("Nothing was done.")
    await expect(address).to_have_value("not an id")
    await look(page, shots, "invoice-link-wrong")
    await address.fill(f"https://go.xero.com/app/!x/invoicing/view/{there.id}")
    await page.get_by_role("button", name="Link", exact=True).click()
    await expect(page.get_by_text("The two are linked. Nothing was changed there.")).to_be_visible()
    assert (await desk.entry("invoice", "i-1"))["remote_id"] == there.id


async def test_what_a_rule_or_a_date_keeps_out_leads_to_where_that_is_changed(desk: Desk) -> None:
    await fill(desk)
    rules = {"exclusions": [{"filter": "number", "from": "5", "to": "9"}]}
    assert (await desk.put(f"{desk.path}/exclusions", rules))[0] == 200
    await desk.sync()
    person = await desk.person("owner")
    home = f"{HOME}/webservices/{desk.webservice_id}"
    assert f'href="{home}/exclusions">See what stays out</a>' in (await person.get(f"{LIST}/i-5")).text
    assert f'href="{home}/settings">Open the settings</a>' in (await person.get(f"{LIST}/i-4")).text
    assert "See what stays out" not in (await person.get(f"{LIST}/i-1")).text


async def test_an_exclusion_is_made_and_taken_off(desk: Desk, page: Page, script: bool, shots: Path) -> None:
    await fill(desk)
    await page.goto(await desk.link("bookkeeper"))
    await page.goto(f"{desk.base}{LIST}/i-1")
    await look(page, shots, "invoice-synced")
    await page.get_by_role("button", name="Exclude").click()
    if script:
        await page.get_by_role("dialog").get_by_role("button", name="Exclude").click()
    await expect(page.get_by_text("It is excluded. What stands there stays as it is.")).to_be_visible()
    await desk.bench.work()
    if not script:
        await page.reload()
    await expect(page.locator(".verdict")).to_contain_text("is not updated any more")
    await expect(page.locator(".history")).to_contain_text("Mia Lowe excluded it: its number 1 joined the exclusions.")
    _, rules = await desk.get(f"{desk.path}/exclusions")
    assert rules["exclusions"] == [{"filter": "number", "values": ["1"]}]
    await page.get_by_role("button", name="Take the exclusion off").click()
    await expect(page.get_by_text("The exclusion is taken off.")).to_be_visible()
    await desk.bench.work()
    if not script:
        await page.reload()
    await expect(page.locator(".verdict")).to_have_text("It stands in the books.")
    assert (await desk.get(f"{desk.path}/exclusions"))[1]["exclusions"] == []


async def test_a_list_of_fifty_a_page_with_long_texts_stays_small(desk: Desk) -> None:
    await desk.connect()
    long = HOSTILE * 20
    await desk.bench.put(
        make_contact(name=long),
        *(make_invoice(f"i-{n:03}", number=f"{n:03}{long}"[:255]) for n in range(120)),
    )
    reader = await desk.person("reader")
    first = await reader.get(LIST)
    assert (first.status, first.text.count('<th scope="row">')) == (200, 50)
    assert len(first.text.encode()) < 60_000
    assert "1 to 50 of 120 invoices" in first.text
    assert f'href="{LIST}?page=2">Older' in first.text
    last = await reader.get(f"{LIST}?page=3")
    assert last.text.count('<th scope="row">') == 20
    assert "Older</a>" not in last.text
    seen = {
        name
        for n in (1, 2, 3)
        for name in re.findall(r"/invoices/(i-\d+)", (await reader.get(f"{LIST}?page={n}")).text)
    }
    assert len(seen) == 120
    assert "<img" not in first.text


async def test_an_invoice_with_very_much_to_show_stays_small(desk: Desk) -> None:
    await desk.connect()
    lines = [make_line(f"l-{n}", price="1.00", description=f"{n} {HOSTILE * 100}") for n in range(300)]
    await desk.bench.put(
        make_contact(name=HOSTILE * 50),
        make_invoice("i-1", lines=lines, total="300.00", notes="x" * 60_000, reference=HOSTILE * 50),
        *(make_payment(f"p-{n}", amount="1.00", reference=HOSTILE * 30) for n in range(120)),
    )
    person = await desk.person("bookkeeper")
    for said in ("Due", "In the books", "115 more records of this invoice need you"):
        answer = await person.get(f"{LIST}/i-1")
        assert answer.status == 200
        assert said in answer.text
        assert len(answer.text.encode()) < 60_000
        assert "<img" not in answer.text
        await desk.sync()
        if said == "In the books":
            for payment in desk.bench.live_payments():
                desk.bench.organisation.delete_payment(payment.id)
            await desk.sync()


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("1207", "i-3"),
        ("ag-1207", "i-3"),
        ("#1207", "i-3"),
        ("i-3", "i-3"),
        ("AG-4", "i-4"),
        ("AG-5", "i-5"),
        ("  ben lowe ", "i-2"),
        ("XX-1207", None),
        ("20", "i-3"),
        ("Ana", None),
        ("-", None),
        ("%", None),
    ],
)
async def test_a_number_with_or_without_prefix_leads_to_its_invoice(
    searched: Desk, asked: str, found: str | None
) -> None:
    reader = await searched.person("reader")
    answer = await reader.get(LIST, params={"go": "1", "q": asked})
    if found is None:
        assert answer.status == 200
    else:
        assert (answer.status, answer.to) == (303, f"{LIST}/{found}")


async def test_an_invoice_and_a_credit_note_of_one_number_are_both_offered(searched: Desk) -> None:
    await searched.bench.put(make_invoice("n-1", number="1", kind="credit_note"))
    reader = await searched.person("reader")
    answer = await reader.get(LIST, params={"go": "1", "q": "1"})
    assert answer.status == 200
    assert "Credit note" in answer.text


@pytest.mark.parametrize(
    "query", ["group=all", "page=0", "page=x", "page=²", "from=yesterday", "q=%00", "webservice=w%0a", "q=" + "x" * 201]
)
async def test_a_query_with_faults_is_422_and_says_why(searched: Desk, query: str) -> None:
    answer = await (await searched.person("reader")).get(f"{LIST}?{query}")
    assert answer.status == 422
    assert "needs" in answer.text


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("group=needs_you", {"i-3", "i-6"}),
        ("reason=tax_code_missing", {"i-3"}),
        ("reason=exceeds_due", {"i-6"}),
        ("group=in_the_books&from=2026-03-05", {"i-2", "i-5"}),
        ("to=2025-12-31", {"i-4"}),
        ("from=2026-03-05&to=2026-03-05", {"i-3"}),
        ("q=C-2%40example.com", {"i-2"}),
        ("page=9999", set()),
    ],
)
async def test_each_filter_finds_its_own(searched: Desk, query: str, ids: set[str]) -> None:
    answer = await (await searched.person("reader")).get(f"{LIST}?{query}")
    assert answer.status == 200
    assert set(re.findall(r"/invoices/(i-\d+)", answer.text)) == ids


async def test_the_webservice_is_a_filter_and_an_unknown_one_is_not_there(searched: Desk) -> None:
    reader = await searched.person("reader")
    assert (await reader.get(f"{LIST}?webservice=w-none")).status == 404
    answer = await reader.get(f"{LIST}?webservice={searched.webservice_id}")
    assert len(set(re.findall(r"/invoices/(i-\d+)", answer.text))) == 6


async def test_what_a_reader_may_not_do_is_refused_and_not_offered(searched: Desk) -> None:
    reader = await searched.person("reader")
    page = await reader.get(f"{LIST}/i-3")
    assert f"{LIST}/i-3/sync" not in page.text
    entry = await searched.entry("invoice", "i-3")
    there = f"{LIST}/i-3/webservices/{searched.webservice_id}"
    for path in (
        f"{LIST}/i-3/sync",
        f"{there}/exclude",
        f"{there}/include",
        *(f"{there}/entries/{entry['id']}/{what}" for what in ("retry", "resolve", "link")),
    ):
        assert (await reader.post(path, {"note": "x", "remote": "y"})).status == 403, path


async def test_a_note_is_needed_and_what_is_not_there_is_404(searched: Desk) -> None:
    person = await searched.person("bookkeeper")
    entry = await searched.entry("invoice", "i-3")
    there = f"{LIST}/i-3/webservices/{searched.webservice_id}/entries"
    for note in ("", " ", "x" * 2_001):
        answer = await person.post(f"{there}/{entry['id']}/resolve", {"note": note})
        assert answer.status == 422
        assert "Nothing was done." in answer.text
    assert (await person.post(f"{there}/nothing/resolve", {"note": "x"})).status == 404
    assert (await person.get(f"{LIST}/i-99")).status == 404
    assert (await person.get(f"{LIST}/%00")).status == 404
    assert (await person.get(f"{LIST}/i-99/live")).status == 404
    synced = await searched.entry("invoice", "i-1")
    answer = await person.post(
        f"{LIST}/i-1/webservices/{searched.webservice_id}/entries/{synced['id']}/resolve", {"note": "x"}
    )
    assert answer.status == 409


async def test_a_payment_that_needs_somebody_makes_its_invoice_need_one(searched: Desk) -> None:
    page = await (await searched.person("bookkeeper")).get(f"{LIST}/i-6")
    assert "Payment of $900.00, 10 March 2026" in page.text
    assert (await searched.entry("payment", "p-6"))["id"] in page.text
    listed = await (await searched.person("reader")).get(f"{LIST}?group=needs_you")
    assert "1 payment" in listed.text


async def test_two_people_exclude_and_include_beside_other_rules(searched: Desk) -> None:
    person = await searched.person("bookkeeper")
    before = [{"filter": "channel", "values": ["shopify"]}, {"filter": "number", "from": "9000", "to": "9999"}]
    assert (await searched.put(f"{searched.path}/exclusions", {"exclusions": before}))[0] == 200
    for id_ in ("i-1", "i-2", "i-1"):
        there = f"{LIST}/{id_}/webservices/{searched.webservice_id}"
        assert (await person.post(f"{there}/exclude")).status == 303
    _, told = await searched.get(f"{searched.path}/exclusions")
    assert told["exclusions"] == [*before, {"filter": "number", "values": ["1", "2"]}]
    for id_ in ("i-1", "i-2", "i-2"):
        assert (await person.post(f"{LIST}/{id_}/webservices/{searched.webservice_id}/include")).status == 303
    _, told = await searched.get(f"{searched.path}/exclusions")
    assert told["exclusions"] == before


async def test_without_a_webservice_and_without_invoices_the_pages_say_what_to_do(desk: Desk) -> None:
    owner = await desk.person("owner")
    assert "No invoice yet" in (await owner.get(LIST)).text
    await desk.bench.put(make_contact(), make_invoice("i-1", number="1207"))
    assert "No webservice yet" in (await owner.get(LIST)).text
    page = await owner.get(f"{LIST}/i-1")
    assert "No webservice is connected" in page.text
    assert f"{HOME}/webservices/new" in page.text
    assert f"{LIST}/i-1/sync" not in page.text


async def test_what_a_disconnected_webservice_knew_is_kept(desk: Desk) -> None:
    await fill(desk)
    assert (await desk.call("DELETE", desk.path))[0] == 204
    person = await desk.person("bookkeeper")
    page = await person.get(f"{LIST}/i-1")
    assert "This webservice is disconnected" in page.text
    assert "It was written there as AG-1." in page.text
    assert "/exclude" not in page.text
    assert "In the books" in (await person.get(LIST)).text
