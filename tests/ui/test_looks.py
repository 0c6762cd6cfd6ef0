"""What the pages look like where it went wrong once: on phones, on paper, and for those who use the keyboard."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from hub.web.ui import theme
from tests.sync.harness import make_contact, make_gallery, make_invoice, make_line
from tests.ui.browser import DESKTOP, PHONE
from tests.ui.desk import HOME, Desk

LONG = "The Very Long and Venerable Gallery of Contemporary and Modern Art at Harbour Lane"
WHO = "Maximiliana Featherstonehaugh-Cholmondeley"
# What has the focus: its text, and whether a person sees it: on the page, of a size, with a ring or an edge of its own.
_FOCUSED = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect(), style = getComputedStyle(one);
  return {
    name: (one.getAttribute('aria-label') || one.innerText || one.labels?.[0]?.innerText || one.tagName).trim(),
    ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    inside: box.width > 1 && box.height > 1 && box.left >= 0 && box.right <= innerWidth && box.bottom > 0
      && box.top < innerHeight,
    top: box.top + scrollY, left: box.left, body: one === document.body,
  };
}"""
_MISPLACED = """() => [...document.querySelectorAll('.stack caption:not(.hide)')]
  .filter(e => e.getBoundingClientRect().width < 200).map(e => e.innerText)"""


async def resize(page: Page, size: dict[str, int]) -> None:
    await page.set_viewport_size({"width": size["width"], "height": size["height"]})


async def height_of_header(page: Page) -> float:
    box = await page.locator("header.top").bounding_box()
    assert box is not None
    return box["height"]


async def fill(desk: Desk) -> None:
    await desk.connect()
    await desk.bench.put(
        make_contact(), make_invoice("i-1"), make_invoice("i-2", lines=[make_line(tax_code="nowhere")])
    )
    await desk.sync()


@pytest.mark.parametrize("script", [False], indirect=True)
async def test_the_header_leaves_a_phone_to_the_page(desk: Desk, page: Page) -> None:
    """Two rows and one of sections, whatever the names are; all of it within the screen."""
    await resize(page, PHONE)
    await page.goto(await desk.link("owner"))
    assert await height_of_header(page) <= 150
    back = page.get_by_role("button", name="Back to the gallery system")
    box = await back.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= PHONE["width"]
    tops = {await one.evaluate("e => e.offsetTop") for one in await page.locator(".tabs li").all()}
    assert len(tops) == 1, "the sections are one row"
    await page.goto(await desk.link("operator"))
    assert await height_of_header(page) <= 150
    await desk.bench.put(make_gallery(name=LONG))
    await page.goto(await desk.link("owner", user={"name": WHO, "email": "m@example.com"}))
    await expect(page.get_by_role("banner")).to_contain_text(LONG)
    assert await height_of_header(page) <= 210
    await resize(page, DESKTOP)
    assert await height_of_header(page) <= 130
    me = await page.locator(".me form").bounding_box()
    assert me is not None
    assert me["x"] + me["width"] > DESKTOP["width"] / 2, "the way back stays at the end"


@pytest.mark.parametrize("script", [False], indirect=True)
async def test_a_caption_is_a_line_of_its_own_on_a_phone(desk: Desk, page: Page) -> None:
    await fill(desk)
    await page.goto(await desk.link("operator"))
    await resize(page, PHONE)
    await expect(page.get_by_text("Webservices that need someone")).to_be_visible()
    assert await page.evaluate(_MISPLACED) == []


@pytest.mark.parametrize("script", [True], indirect=True)
async def test_what_is_printed_is_dark_on_white_whatever_the_screen_is(desk: Desk, page: Page) -> None:
    await fill(desk)
    await page.goto(await desk.link("reader", theme="#ffcc00"))
    await page.goto(f"{desk.base}{HOME}/webservices/{desk.webservice_id}/proof?period=all")
    await expect(page.locator(".verdict h2")).to_be_visible()
    await page.emulate_media(media="print", color_scheme="dark")
    inks = await page.evaluate(
        "() => ['h1', '.verdict h2', 'tbody th'].map(e => getComputedStyle(document.querySelector(e)).color)"
    )
    for ink in inks:
        red, green, blue = (int(one) for one in ink.removeprefix("rgb(").removesuffix(")").split(","))
        assert theme.contrast(theme.render_colour((red, green, blue)), "#ffffff") >= 7, inks


@pytest.mark.parametrize("script", [True], indirect=True)
async def test_the_focus_is_seen_and_goes_from_top_to_bottom(desk: Desk, page: Page) -> None:
    await fill(desk)
    await page.goto(await desk.link("owner"))
    one = f"{HOME}/webservices/{desk.webservice_id}"
    for size in (DESKTOP, PHONE):
        await resize(page, size)
        for path in (HOME, one, f"{one}/settings", f"{HOME}/invoices/i-2"):
            await page.goto(desk.base + path)
            seen: list[dict[str, Any]] = []
            for _ in range(80):
                await page.keyboard.press("Tab")
                found = await page.evaluate(_FOCUSED)
                if found["body"] or (seen and found["name"] == seen[0]["name"]):  # once round
                    break
                seen.append(found)
            assert len(seen) > 10, path
            assert [at["name"] for at in seen if not (at["ring"] and at["inside"])] == [], path
            assert seen[0]["name"] == "Skip to the content"
            tops = [at["top"] for at in seen]
            back = [at["name"] for at, before in zip(seen[2:], tops[1:], strict=False) if at["top"] < before - 40]
            assert back == [], f"{path}: the focus jumps up"


@pytest.mark.parametrize("script", [True], indirect=True)
async def test_a_question_keeps_the_focus_and_gives_it_back(desk: Desk, page: Page) -> None:
    await fill(desk)
    await page.goto(await desk.link("bookkeeper"))
    await page.goto(f"{desk.base}{HOME}/invoices/i-1")
    button = page.get_by_role("button", name="Exclude", exact=True)
    await button.focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    for _ in range(5):
        await page.keyboard.press("Tab")
        behind = await page.evaluate("() => document.activeElement.closest('main, header, footer') !== null")
        assert not behind, "the focus is behind the question"
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(button).to_be_focused()


@pytest.mark.parametrize("script", [True], indirect=True)
async def test_a_menu_stays_on_the_screen_and_escape_gives_the_focus_back(desk: Desk, page: Page) -> None:
    await fill(desk)
    await page.goto(await desk.link("owner"))
    for path in (f"{HOME}/webservices", f"{HOME}/webservices/{desk.webservice_id}"):
        await page.goto(desk.base + path)
        for size in (DESKTOP, PHONE):
            await resize(page, size)
            summary = page.locator("details.menu > summary").first
            await summary.focus()
            await page.keyboard.press("Enter")
            box = await page.locator(".sheet").first.bounding_box()
            assert box is not None
            assert box["x"] >= 0, f"{path}: it is cut off at the left"
            assert box["x"] + box["width"] <= size["width"]
            await page.keyboard.press("Tab")
            await page.keyboard.press("Escape")
            await expect(page.locator("details.menu[open]")).to_have_count(0)
            await expect(summary).to_be_focused()
