"""A hand on the mouse and the keys of a page, which counts what it does; and the pictures of the bookkeeper's guide."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.async_api import Locator, Page

PICTURES = "HUB_GUIDE_PICTURES"  # a folder: the pictures of the guide are made there, anew
SIZES = {"desktop": {"width": 1120, "height": 700}, "phone": {"width": 390, "height": 760}}
_TALLEST = 1100  # px of a picture: what comes below is no part of what the guide says there


class Hand:
    """What a person does on *page*. `clicks` and `typed` count it; a choice in a list is a click."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0
        self.typed = 0

    async def click(self, what: Locator) -> None:
        """Press or follow *what*."""
        self.clicks += 1
        await what.click()

    async def press(self, name: str) -> None:
        """Press the button of this name."""
        await self.click(self.page.get_by_role("button", name=name, exact=True).first)

    async def follow(self, name: str) -> None:
        """Follow the link of this name."""
        await self.click(self.page.get_by_role("link", name=name, exact=True).first)

    async def open(self, name: str) -> None:
        """Go to a section of the pages."""
        sections = self.page.get_by_role("navigation", name="Sections")
        await self.click(sections.get_by_role("link", name=name, exact=True))

    async def type(self, label: str, text: str) -> None:
        """Fill the field of this label."""
        self.typed += 1
        await self.page.get_by_label(label).fill(text)

    async def select(self, label: str, text: str) -> None:
        """Choose from a list."""
        self.clicks += 1
        await self.page.get_by_label(label, exact=True).select_option(label=text)

    async def take(self, name: str, *, size: str = "desktop", above: Locator | None = None) -> None:
        """A picture for the guide, with JavaScript and where it is asked for; *above*: what it ends before."""
        folder = os.environ.get(PICTURES)
        if not folder or not await self.page.evaluate("() => matchMedia('(scripting: enabled)').matches"):
            return
        before = self.page.viewport_size
        await self.page.evaluate("() => document.activeElement?.blur()")
        wanted = SIZES[size]
        await self.page.set_viewport_size({"width": wanted["width"], "height": wanted["height"]})
        await self.page.emulate_media(color_scheme="light")
        tall = await self.page.evaluate("() => document.documentElement.scrollHeight")
        if above is not None and (box := await above.bounding_box()):
            tall = box["y"]
        clip = {"x": 0, "y": 0, "width": wanted["width"], "height": min(tall, _TALLEST)}
        await self.page.screenshot(
            path=Path(folder) / f"{name}.png", full_page=True, clip=clip, caret="initial", animations="disabled"
        )
        if before is not None:
            await self.page.set_viewport_size(before)
