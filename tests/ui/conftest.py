"""Fixtures: `desk` (the hub), `page` (a browser with and without JavaScript), `shots` (where pictures go).

`HUB_TEST_SHOTS` keeps the pictures in a folder of your choice; `HUB_TEST_BROWSER` names another Chromium.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from tests.ui.browser import SHOTS, Watch, find_browser, open_browser
from tests.ui.desk import Desk, open_desk


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser for each worker."""
    path = find_browser()
    if path is None:
        pytest.skip("there is no Chromium on this machine: install it, or name one in HUB_TEST_BROWSER")
    async with open_browser(path) as opened:
        yield opened


@pytest.fixture(params=[True, False], ids=["js", "no-js"])
def script(request: pytest.FixtureRequest) -> bool:
    """Whether the browser runs JavaScript; `parametrize("script", [True], indirect=True)` for one of the two."""
    return bool(request.param)


@pytest.fixture
async def page(browser: Browser, script: bool) -> AsyncIterator[Page]:
    """An empty browser that nobody is signed in to. At the end: a clean console, and nobody elsewhere was asked.

    The sandbox is on this machine too. Who needs others asks for a context of its own.
    """
    context = await browser.new_context(java_script_enabled=script, reduced_motion="reduce", locale="en-AU")
    context.set_default_timeout(30_000)
    opened = await context.new_page()
    watch = Watch(opened)
    yield opened
    await context.close()
    watch.check()


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[Desk]:
    """A hub with its pages: the gallery stored, nothing connected."""
    async with open_desk(dsn, tmp_path) as opened:
        yield opened


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """Where pictures go."""
    told = os.environ.get(SHOTS)
    folder = Path(told) if told else tmp_path / "shots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
