"""Problems as pages: a card for each cause, the ways out as buttons, what it holds, and what was solved."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from hub.domain import telling
from hub.store import problems, webservices
from tests.sync.harness import GALLERY, make_contact, make_invoice, make_line
from tests.ui.browser import look
from tests.ui.desk import HOME, Desk, Person

PAGE = f"{HOME}/problems"
NOTE = "The framer's bill came later; agreed with Ana."


def broken(number: int, price: str = "500.00") -> dict[str, object]:
    """An invoice whose tax code the hub does not know."""
    return make_invoice(f"i-{number}", total=price, lines=[make_line(price=price, tax_code="nowhere")])


async def make_trouble(desk: Desk) -> None:
    """Three causes: a tax code that is not there, a contact of a name that is taken, an invoice changed there."""
    await desk.connect()
    twin = make_contact("c-2", name="Cleo Marsh")
    await desk.bench.put(make_contact(), twin, make_invoice("i-1"), make_invoice("i-2", contact_id="c-2"))
    await desk.bench.put(broken(3), broken(4, "750.50"))
    desk.bench.organisation.add_contact("Cleo Marsh", email="cleo@elsewhere.example.com")
    await desk.sync()
    standing = desk.bench.invoice("AG-1")
    desk.bench.organisation.edit_line(
        standing.id, UnitAmount=Decimal("463.64"), TaxAmount=Decimal("46.36"), LineAmount=None
    )
    await desk.sync()


async def address_of(desk: Desk, reason: str) -> str:
    """The path that stands in mails."""
    _, page = await desk.get(f"{desk.path}/problems", state="all")
    (found,) = [one for one in page["items"] if one["reason"] == reason]
    return telling.problem_url("", GALLERY, desk.webservice_id, found["id"])


async def test_a_gallery_without_problems_is_told_so(desk: Desk, page: Page, shots: Path) -> None:
    await page.goto(await desk.link("reader"))
    await page.goto(desk.base + PAGE)
    await expect(page.get_by_text("Nothing needs you")).to_be_visible()
    await look(page, shots, "problems-none")


async def test_each_cause_is_a_card_with_its_sentence_its_sum_and_its_ways_out(
    desk: Desk, page: Page, shots: Path
) -> None:
    await make_trouble(desk)
    await page.goto(await desk.link("bookkeeper"))
    await page.goto(desk.base + PAGE)
    await expect(page.get_by_text("3 causes need a person.")).to_be_visible()
    card = page.get_by_role("region", name="Tax code missing")
    await expect(card).to_contain_text("The tax code “nowhere” of a line is not in the hub.")
    await expect(card).to_contain_text("2 invoices, $1,250.50")
    await expect(card.get_by_role("link", name="Open the mapping")).to_be_visible()
    await expect(card.get_by_role("button", name="Try again for all")).to_be_visible()
    await look(page, shots, "problems")
    await card.get_by_role("link", name="Show what it holds").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Tax code missing")
    await expect(page.get_by_role("navigation", name="Sections").locator("[aria-current]")).to_have_text("Problems")
    await expect(page.get_by_role("link", name="Invoice 4")).to_have_attribute("href", f"{HOME}/invoices/i-4")
    await look(page, shots, "problem")


async def test_a_difference_is_resolved_with_a_note_and_stands_under_solved(
    desk: Desk, page: Page, shots: Path
) -> None:
    await make_trouble(desk)
    await page.goto(await desk.link("bookkeeper"))
    await page.goto(desk.base + await address_of(desk, "edited_there"))
    there = page.get_by_role("link", name="Open in Xero")
    await expect(there).to_have_attribute("href", re.compile("^https://go.xero.com/"))
    await page.locator("summary", has_text="Mark as resolved").click()
    await look(page, shots, "problem-resolving")
    await page.get_by_label("Why is it fine as it is?").fill(NOTE)
    await page.get_by_role("button", name="Mark as resolved").click()
    await expect(page.get_by_text("Marked as resolved. It opens again when either side changes.")).to_be_visible()
    await expect(page.get_by_text(re.compile("^Solved today"))).to_be_visible()
    entry = await desk.entry("invoice", "i-1")
    assert (entry["state"], entry["resolution"]["by"], entry["resolution"]["note"]) == ("resolved", "Mia Lowe", NOTE)
    await page.goto(desk.base + PAGE)
    await expect(page.get_by_role("region", name="Solved in the last 30 days")).to_contain_text("Changed in the books")
    await expect(page.get_by_text("2 causes need a person.")).to_be_visible()
    await look(page, shots, "problems-solved")


async def test_a_different_person_is_said_with_one_button(desk: Desk, page: Page, script: bool) -> None:
    await make_trouble(desk)
    await page.goto(await desk.link("bookkeeper"))
    await page.goto(desk.base + await address_of(desk, "duplicate_contact"))
    row = page.get_by_role("row", name="Contact Cleo Marsh")
    await row.get_by_role("button", name="A different person").click()
    if script:
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text("Xero then gets a second contact of this name")
        await dialog.get_by_role("button", name="A different person").click()
    await expect(page.get_by_text("It is made as another contact of the same name.")).to_be_visible()
    await desk.bench.work()
    assert (await desk.entry("invoice", "i-2"))["state"] == "synced"
    await page.reload()
    await expect(page.get_by_text(re.compile("^Solved today"))).to_be_visible()


async def test_a_contact_is_linked_with_one_of_those_of_its_name(desk: Desk) -> None:
    await make_trouble(desk)
    path = await address_of(desk, "duplicate_contact")
    person = await desk.person("bookkeeper")
    shown = (await person.get(path)).text
    (theirs,) = [one.id for one in desk.bench.ledger.contacts.values() if one.name == "Cleo Marsh"]
    assert f'<option value="{theirs}">Cleo Marsh, cleo@elsewhere.example.com</option>' in shown
    entry = await desk.entry("contact", "c-2")
    done = await person.follow(f"{path}/entries/{entry['id']}", {"way": "link", "remote_id": theirs})
    assert "Linked. Nothing was changed there." in done.text
    assert (await desk.entry("contact", "c-2"))["remote_id"] == theirs


async def test_a_number_that_is_taken_is_linked_by_the_pasted_address(desk: Desk) -> None:
    await desk.connect()
    theirs = desk.bench.organisation.add_invoice(
        InvoiceNumber="AG-7",
        Contact={"Name": "Somebody"},
        LineItems=[{"Description": "x", "Quantity": 1, "UnitAmount": Decimal(80), "AccountCode": "200"}],
    )
    await desk.bench.put(make_contact(), make_invoice("i-7"))
    await desk.sync()
    path = await address_of(desk, "number_taken")
    person = await desk.person("bookkeeper")
    entry = await desk.entry("invoice", "i-7")
    form = f"{path}/entries/{entry['id']}"
    wrong = await person.post(form, {"way": "link", "remote_id": "not an id <b>"})
    assert wrong.status == 422
    assert "Paste its address there, or its id." in wrong.text
    assert 'value="not an id &lt;b&gt;"' in wrong.text, "what was typed stays"
    absent = await person.post(form, {"way": "link", "remote_id": "0" * 8 + "-0000-4000-8000-" + "0" * 12})
    assert absent.status == 422
    address = f"https://go.xero.com/app/!x/invoicing/view/{theirs.id}"
    await person.follow(form, {"way": "link", "remote_id": address})
    assert (await desk.entry("invoice", "i-7"))["remote_id"] == theirs.id


async def test_a_note_is_needed_and_faults_keep_what_was_typed(desk: Desk) -> None:
    await make_trouble(desk)
    path = await address_of(desk, "edited_there")
    person = await desk.person("bookkeeper")
    form = f"{path}/entries/{(await desk.entry('invoice', 'i-1'))['id']}"
    for note in ("", "   ", "x" * 2_001):
        answer = await person.post(form, {"way": "resolve", "note": note})
        assert answer.status == 422
        assert "1 to 2000 printable characters are needed" in answer.text
    assert "x" * 2_001 in answer.text
    assert (await desk.entry("invoice", "i-1"))["state"] == "conflict"
    assert (await person.post(form, {"way": "elsewhere"})).status == 404
    assert (await person.post(f"{path}/entries/x-1", {"way": "retry"})).status == 404


async def test_try_again_for_all_asks_for_one_run(desk: Desk) -> None:
    await make_trouble(desk)
    path = await address_of(desk, "tax_code_missing")
    person = await desk.person("bookkeeper")
    done = await person.follow(f"{path}/retry")
    assert "All are tried again now." in done.text
    _, runs = await desk.get(f"{desk.path}/runs")
    assert [run["state"] for run in runs["items"]] == ["queued", "done", "done"]
    await desk.bench.work()
    assert (await desk.entry("invoice", "i-3"))["state"] == "held", "nothing was mended"
    async with desk.bench.hub.database.transaction() as conn:
        await webservices.set_state(conn, GALLERY, desk.webservice_id, "paused")
    paused = await person.follow(f"{path}/retry")
    assert "All are tried again as soon as Xero runs again." in paused.text


async def test_a_reader_sees_everything_and_no_button(desk: Desk) -> None:
    await make_trouble(desk)
    reader = await desk.person("reader")
    for path in (PAGE, await address_of(desk, "edited_there"), await address_of(desk, "duplicate_contact")):
        shown = (await reader.get(path)).text
        assert "Try again" not in shown.split("<main")[1].replace("press “Try again”", "")
        assert "Mark as resolved</" not in shown
        assert "A different person" not in shown
        assert "Open in Xero" in shown or path != await address_of(desk, "edited_there")
    assert "You can look; a bookkeeper or an owner can act." in shown


async def test_what_it_holds_comes_fifty_a_page(desk: Desk) -> None:
    await desk.connect()
    await desk.bench.put(make_contact(), *(broken(n) for n in range(10, 70)))
    await desk.sync()
    person = await desk.person("owner")
    path = await address_of(desk, "tax_code_missing")
    first = await person.get(path)
    more = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert more is not None
    second = await person.get(more[1])
    found = [set(re.findall(r"/invoices/(i-\d+)", page.text)) for page in (first, second)]
    assert [len(one) for one in found] == [50, 10]
    assert not found[0] & found[1]
    assert "60 invoices" in first.text
    assert len(first.text.encode()) < 60_000
    for bad in ("?cursor=x", "?cursor=" + "A" * 600):
        assert (await person.get(path + bad)).status == 422


async def test_a_webservice_that_has_stopped_comes_first_with_its_way_out(desk: Desk, page: Page, shots: Path) -> None:
    await make_trouble(desk)
    async with desk.bench.hub.database.transaction() as conn:
        await webservices.set_state(conn, GALLERY, desk.webservice_id, "reauthorize")
        cause = problems.Cause(
            "reauthorize",
            problems.OF_WEBSERVICE,
            "The accounting system no longer gives access to the organisation.",
            "Press “Reauthorise” and allow access again, as a user of that organisation.",
        )
        await problems.open_all(conn, GALLERY, desk.webservice_id, [cause])
    await page.goto(await desk.link("owner"))
    await expect(page.get_by_role("alert")).to_contain_text("Xero gives no access any more")
    await look(page, shots, "overview-stopped")
    await page.get_by_role("link", name="All 4 problems").click()
    first = page.locator("section.card").first
    await expect(first.get_by_role("heading")).to_have_text("Access ended")
    await expect(first).to_contain_text("Xero has stopped")
    await expect(first.get_by_role("link", name="Reauthorise")).to_have_attribute("href", re.compile("/access$"))


async def test_causes_come_in_pages_and_no_page_is_large(desk: Desk) -> None:
    await desk.connect()
    await desk.bench.put(*(make_invoice(f"i-{n}", contact_id=f"somebody-nobody-knows-{n}") for n in range(60)))
    await desk.sync()
    async with desk.bench.hub.database.transaction() as conn:  # what a month leaves behind
        await conn.execute(
            "INSERT INTO problem (gallery_id, id, webservice_id, reason, cause, message, remedy, closed_at) "
            "SELECT gallery_id, gen_random_uuid()::text, webservice_id, reason, cause, repeat('Long. ', 30), remedy, "
            "clock_timestamp() FROM problem"
        )
        await conn.execute("UPDATE problem SET closed_at = closed_at - interval '31 days' WHERE cause LIKE '%5%'")
    person = await desk.person("owner")
    first, second, last = [await person.get(f"{PAGE}?page={n}") for n in (1, 2, 3)]
    assert "60 causes need a person." in first.text
    assert [page.text.count('<section class="card need"') for page in (first, second, last)] == [25, 25, 10]
    assert first.text.count("<li><a href") >= 20
    assert f'rel="next" href="{PAGE}?page=2"' in first.text
    assert f'rel="prev" href="{PAGE}?page=1"' in second.text
    assert len(first.text.encode()) < 60_000


@pytest.mark.parametrize("query", ["?page=0", "?page=x", "?page=201", "?page=1e1", "?page=²"])
async def test_a_page_that_is_none_is_said_so(desk: Desk, query: str) -> None:
    person = await desk.person("reader")
    assert (await person.get(PAGE + query)).status == 422


async def test_beyond_the_last_page_there_is_a_way_back(desk: Desk) -> None:
    person: Person = await desk.person("reader")
    beyond = await person.get(f"{PAGE}?page=7")
    assert "There are no more problems" in beyond.text
    assert f'href="{PAGE}"' in beyond.text
