"""The system's Chromium for tests of the pages: what every page has to be, and pictures of it."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 860}
SETTING = "HUB_TEST_BROWSER"
SHOTS = "HUB_TEST_SHOTS"

_STYLE_IS_OURS = "() => [...document.querySelectorAll('[style], style, script:not([src])')].map(e => e.outerHTML)"
_TOO_WIDE = """() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"""
_UNNAMED = """() => [...document.querySelectorAll('a, button, input:not([type=hidden]), select, textarea, img')]
  .filter(e => e.checkVisibility())
  .filter(e => !(e.labels?.length || e.getAttribute('aria-label') || e.getAttribute('alt') || e.innerText?.trim()
                 || e.textContent.trim() || e.title))
  .map(e => e.outerHTML)"""
_STRUCTURE = """() => ({
  h1: document.querySelectorAll('h1').length,
  main: document.querySelectorAll('main').length,
  lang: document.documentElement.lang,
  twice: [...document.querySelectorAll('[id]')].map(e => e.id).filter((id, n, all) => all.indexOf(id) !== n),
  levels: [...document.querySelectorAll('h1, h2, h3, h4')].map(e => Number(e.tagName[1])),
})"""


def find_browser() -> str | None:
    """The path of a Chromium, or None."""
    if told := os.environ.get(SETTING):
        return told
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


@asynccontextmanager
async def open_browser(path: str) -> AsyncIterator[Browser]:
    """One browser."""
    async with async_playwright() as playwright:
        arguments = ["--lang=en-AU"]  # its own date fields go by it
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")  # Chromium refuses root otherwise
        browser = await playwright.chromium.launch(executable_path=path, args=arguments)
        try:
            yield browser
        finally:
            await browser.close()


class Watch:
    """What a page said and asked for while it was looked at."""

    def __init__(self, page: Page) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))

    def _hear(self, message: ConsoleMessage) -> None:
        # "Failed to load resource" repeats the status of a page that a test asks for on purpose
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.said.append(message.text)

    def check(self, *allowed: str) -> None:
        """Nothing was said in the console, and nobody but this machine and the hosts *allowed* was asked."""
        assert self.said == [], self.said
        elsewhere = [
            url for url in self.asked if urlsplit(url).hostname not in {"localhost", "127.0.0.1", None, *allowed}
        ]
        assert elsewhere == [], elsewhere


async def look(page: Page, folder: Path, name: str) -> None:
    """Look at the page as it stands: phone and desktop, light and dark; check what must hold.

    With `HUB_TEST_SHOTS` a picture of each, `name-phone-light.png` and so on. Checked: no sideways scrolling, nothing
    serious by axe-core, nothing inline, everything that can be used has a name, one heading of the first level, no
    level left out, no id twice.
    """
    pictures = bool(os.environ.get(SHOTS))  # they are for people: nobody looks at those of a machine's run
    for size_name, size in (("phone", PHONE), ("desktop", DESKTOP)):
        await page.set_viewport_size({"width": size["width"], "height": size["height"]})
        for scheme in _schemes() if pictures else ():
            await page.emulate_media(color_scheme=scheme)
            # caret: else Playwright writes styles into the page, which its policy refuses
            await page.screenshot(path=folder / f"{name}-{size_name}-{scheme}.png", full_page=True, caret="initial")
        wide, room = await page.evaluate(_TOO_WIDE)
        assert wide <= room, f"{name}: {wide} px wide in {room} px ({size_name})"
    for scheme in _schemes():
        await page.emulate_media(color_scheme=scheme)
        await check_axe(page, f"{name}, {scheme}", only=("color-contrast",) if scheme == "light" else ())
    await check_structure(page)


async def check_axe(page: Page, name: str, *, only: tuple[str, ...] = ()) -> None:
    """axe-core finds nothing serious: what it calls critical or serious fails, with the rule and the places.

    It needs timers, so a browser without scripts is left to the same test with them. *only*: these rules; the second
    scheme has other colours and nothing else.
    """
    if not await page.evaluate("() => matchMedia('(scripting: enabled)').matches"):
        return
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(_axe())
    options = {"resultTypes": ["violations"]} | ({"runOnly": list(only)} if only else {})
    found = await page.evaluate("options => axe.run(document, options)", options)
    grave = [
        f"{name}: {one['id']}: {one['help']}: {[node['html'][:200] for node in one['nodes'][:3]]}"
        for one in found["violations"]
        if one["impact"] in {"critical", "serious"}
    ]
    assert grave == [], "\n".join(grave)


@cache
def _axe() -> str:
    """axe-core as its wrapper for Playwright ships it."""
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


async def check_structure(page: Page) -> None:
    """What a screen reader and our own rules need of a page."""
    inline = await page.evaluate(_STYLE_IS_OURS)
    assert inline == [], inline
    assert await page.evaluate(_UNNAMED) == []
    found = await page.evaluate(_STRUCTURE)
    assert (found["h1"], found["main"], found["lang"], found["twice"]) == (1, 1, "en", [])
    levels = found["levels"]
    jumps = [(before, after) for before, after in itertools.pairwise(levels) if after > before + 1]
    assert jumps == [], levels


def _schemes() -> Iterator[Literal["dark", "light"]]:
    yield "dark"
    yield "light"
