"""The gallery's home in a browser: empty, at work, and in need of somebody."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Page, expect

from tests.sync.harness import make_contact, make_invoice, make_line
from tests.ui.browser import check_structure, look
from tests.ui.desk import HOME, Desk


async def test_a_new_gallery_is_told_what_to_do_first(desk: Desk, page: Page, shots: Path) -> None:
    await page.goto(await desk.link("owner"))
    assert page.url == desk.base + HOME
    await expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    await expect(page.get_by_text("Connect your accounting system")).to_be_visible()
    await expect(page.get_by_role("banner")).to_contain_text("Harbour Lane Gallery")
    await expect(page.get_by_role("banner")).to_contain_text("Mia Lowe Owner")
    await look(page, shots, "overview-empty")


async def test_how_everything_stands_is_one_sentence_and_a_card(desk: Desk, page: Page, shots: Path) -> None:
    await desk.connect()
    broken = make_invoice("i-3", lines=[make_line(price="500.00", tax_code="nowhere")])
    await desk.bench.put(make_contact(), make_invoice("i-1"), make_invoice("i-2"), broken)
    await desk.sync()
    await page.goto(await desk.link("bookkeeper"))
    await expect(page.locator(".glance")).to_have_text("Everything else is in the books; 1 record needs you.")
    card = page.get_by_role("region", name="Xero", exact=True)
    await expect(card).to_contain_text("Connected")
    await expect(card.locator(".need .n")).to_have_text("1")
    await expect(card).to_contain_text("Last run just now")
    await expect(card.get_by_role("button", name="Sync now")).to_be_visible()
    await expect(page.get_by_role("region", name="What needs you").get_by_role("link")).to_have_text("Tax code missing")
    await look(page, shots, "overview")


async def test_the_year_counts_each_invoice_once_in_the_month_of_its_date(desk: Desk) -> None:
    await desk.connect()
    async with desk.bench.hub.database.connection() as conn:
        today = (await conn.fetchval("SELECT clock_timestamp()")).astimezone(ZoneInfo("Australia/Sydney")).date()
    days = [today.replace(day=1), today.replace(day=1) - timedelta(days=1), today.replace(day=1) - timedelta(days=400)]
    dated = {day: {"issued_on": str(day), "due_on": str(day)} for day in days}
    broken = make_invoice("i-4", lines=[make_line(tax_code="nowhere")], **dated[days[1]])
    await desk.bench.put(make_contact(), *(make_invoice(f"i-{n}", **dated[day]) for n, day in enumerate(days)), broken)
    await desk.sync()
    await desk.bench.put(make_invoice("i-5", **dated[days[0]]))
    shown = (await (await desk.person("reader")).get(HOME)).text
    cells = {
        name: re.findall(r'<td class="num" data-label="[^"]+">(\d+)</td>', rest)
        for name, rest in re.findall(r'<tr><th scope="row">([^<]+)</th>(.*?)</tr>', shown)
    }
    assert len(cells) == 12
    assert cells.pop(f"{days[0]:%B %Y}") == ["1", "1", "0"]
    assert cells.pop(f"{days[1]:%B %Y}") == ["1", "0", "1"]
    assert set(map(tuple, cells.values())) == {("0", "0", "0")}
    assert re.search(r"1 record waits for Xero since today \d\d:\d\d and 1 record needs you\.", shown)


@pytest.mark.parametrize("script", [True], indirect=True)
async def test_the_way_back_leads_to_the_gallery_system(desk: Desk, page: Page) -> None:
    """In the browser, whose form-action decides whether the redirect to another origin is followed."""
    back = desk.settings.section("xero")["api_url"] + "/sandbox/"
    await page.goto(await desk.link("reader", return_url=back))
    await page.get_by_role("button", name="Back to the gallery system").click()
    await page.wait_for_url(back)
    await page.goto(desk.base + HOME)
    await expect(page.get_by_role("heading", level=1)).to_have_text("You are not signed in")


async def test_the_operator_begins_with_all_galleries_and_opens_each(desk: Desk, page: Page, shots: Path) -> None:
    await page.goto(await desk.link("operator"))
    assert page.url == f"{desk.base}/operator"
    await look(page, shots, "operator")
    await page.get_by_label("Find a gallery").fill("nothing of this name")
    await page.get_by_role("button", name="Find").click()
    await expect(page.get_by_text("No gallery has this in its name")).to_be_visible()
    await page.goto(f"{desk.base}/operator?q=harbour")
    await page.get_by_role("link", name="Harbour Lane Gallery", exact=True).click()
    await page.wait_for_url(desk.base + HOME)
    await page.get_by_role("link", name="All galleries").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")
    await check_structure(page)
