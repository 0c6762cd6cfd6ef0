"""The gallery's home in a browser: empty, at work, and in need of somebody."""

from __future__ import annotations

from pathlib import Path

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
    card = page.get_by_role("region", name="Xero")
    await expect(card).to_contain_text("Connected")
    await expect(card.locator(".need .n")).to_have_text("1")
    await expect(card).to_contain_text("Last run just now")
    await look(page, shots, "overview")


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
    await page.get_by_role("link", name="Harbour Lane Gallery").click()
    await page.wait_for_url(desk.base + HOME)
    await page.get_by_role("link", name="All galleries").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")
    await check_structure(page)
