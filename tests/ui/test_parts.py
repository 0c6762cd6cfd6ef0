"""What every page is made of: all macros on one page, forms, sentences after a form, faults as pages, our own files."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import aiohttp_jinja2
import jinja2
import pytest
from aiohttp import web
from playwright.async_api import Page, expect

from hub.errors import ConflictError, Fault, FormError, PermanentError, UnavailableError
from hub.web.routes import Policy, Route
from hub.web.ui import assets, render
from hub.web.ui.live import stream_fragments
from hub.web.ui.session import HOME, form_of, visit_of
from tests.ui.browser import look
from tests.ui.desk import HOME as HOME_PATH
from tests.ui.desk import Desk, open_desk

WHEN = datetime.now(UTC) - timedelta(minutes=3)
EVERYTHING = (Path(__file__).with_name("templates") / "all.html").read_text(encoding="utf-8")
HOSTILE = "<script>alert(1)</script>\u202e\"'=cmd"


async def show_all(request: web.Request) -> web.StreamResponse:
    return await render.render(
        request,
        "test/all.html",
        title="Every part",
        crumbs=[("Webservices", visit_of(request).path("webservices"))],
        total=Decimal("-1234.5"),
        when=WHEN,
        day_=date(2026, 3, 4),
        hostile=HOSTILE,
    )


async def take_form(request: web.Request) -> web.StreamResponse:
    form = form_of(request)
    said = "; ".join(f"{name}={'|'.join(form.all(name))}" for name in form.names())
    return await render.redirect(request, visit_of(request).path("all"), say=f"Saved {said}")


async def follow(request: web.Request) -> web.StreamResponse:
    async def fragments() -> AsyncIterator[str]:
        yield render.render_fragment(request, "test/part.html", text=HOSTILE)
        await asyncio.Event().wait()

    return await stream_fragments(request, fragments())


ERRORS = {
    "form": FormError([Fault("name", "is missing")]),
    "conflict": ConflictError("not-ready", "The webservice is paused: start it again."),
    "remote": PermanentError("x", "No such account.", "Choose another one."),
    "away": UnavailableError("the database cannot be reached"),
    "bug": ZeroDivisionError("a secret of 42"),
}


async def fail(request: web.Request) -> web.StreamResponse:
    raise ERRORS[request.match_info["what"]]


def own(method: str, path: str, handler: object) -> Route:
    return Route(
        method=method,  # type: ignore[arg-type] # a literal by its callers
        path=HOME + path,
        handler=handler,  # type: ignore[arg-type] # a handler by its callers
        policy=Policy.PAGE_READER,
        summary="A test's.",
        page=True,
    )


OWN = (
    own("GET", "/all", show_all),
    own("POST", "/all", take_form),
    own("GET", "/live", follow),
    own("GET", "/fail/{what}", fail),
)


@pytest.fixture
async def desk(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    """A desk with a page that uses every macro."""
    parts = {"test/all.html": EVERYTHING, "test/part.html": "<p>Live: {{ text }}</p>"}
    async with open_desk(dsn, tmp_path, more=OWN) as opened:
        env = aiohttp_jinja2.get_env(opened.client.app)  # type: ignore[arg-type] # the client serves an application
        assert env.loader is not None
        monkeypatch.setattr(env, "loader", jinja2.ChoiceLoader([jinja2.DictLoader(parts), env.loader]))
        yield opened


async def test_every_part_looks_right_and_works(desk: Desk, page: Page, shots: Path, script: bool) -> None:
    await page.goto(await desk.link("owner", theme="#d4a017"))
    await page.goto(f"{desk.base}{HOME_PATH}/all")
    if script:
        await expect(page.locator("[data-live]")).to_contain_text("Live: <script>alert(1)</script>")
        await expect(page.get_by_role("button", name="Copy")).to_be_visible()
    else:
        await expect(page.locator("[data-live]")).to_have_text("Begin")
        await expect(page.get_by_role("button", name="Copy")).to_be_hidden()
    await look(page, shots, f"parts-{'js' if script else 'nojs'}")
    await page.get_by_label("Note").fill("one\ntwo")
    await page.get_by_role("button", name="Save").click()
    notice = page.get_by_role("status").filter(has_text="Saved")
    await expect(notice).to_contain_text("kind=b; tax=a; tick=1; note=one two")
    await page.reload()
    await expect(notice).to_have_count(0)


@pytest.mark.parametrize("script", [True], indirect=True)
async def test_what_cannot_be_undone_is_asked_for_first(desk: Desk, page: Page) -> None:
    await page.goto(await desk.link("owner"))
    await page.goto(f"{desk.base}{HOME_PATH}/all")
    await page.get_by_role("button", name="Disconnect").click()
    dialog = page.get_by_role("dialog", name="Disconnect it for good?")
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(dialog).to_have_count(0)
    await page.get_by_role("button", name="Disconnect").click()
    await dialog.get_by_role("button", name="Disconnect").click()
    await expect(page.get_by_role("status").filter(has_text="Saved what=gone")).to_be_visible()


@pytest.mark.parametrize("script", [True], indirect=True)
async def test_a_list_is_filtered_and_a_menu_closes_by_escape(desk: Desk, page: Page) -> None:
    await page.goto(await desk.link("owner"))
    await page.goto(f"{desk.base}{HOME_PATH}/all")
    await page.evaluate("document.querySelector('tbody').id = 'rows'")
    await page.get_by_label("Find").fill("1208")
    await expect(page.locator("tbody tr:visible")).to_have_count(1)
    await page.get_by_text("More about this").locator("..").click()
    await expect(page.get_by_role("button", name="Pause")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Pause")).to_be_hidden()


@pytest.mark.parametrize("script", [False], indirect=True)
async def test_the_keyboard_reaches_the_content_first(desk: Desk, page: Page) -> None:
    await page.goto(await desk.link("owner"))
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()


async def test_a_form_keeps_every_value_and_refuses_what_it_cannot_hold(desk: Desk) -> None:
    person = await desk.person("reader")
    path = f"{HOME_PATH}/all"
    answer = await person.follow(path, {"a": ["1", " 2 "], "b": "é\r\nf"})
    assert "Saved a=1|2; b=é\nf" in answer.text
    assert "Saved" not in (await person.get(path)).text
    assert (await person.post(path, {"a": "x\0y"})).status == 400
    assert (await person.post(path, {"a": "x" * 65_536})).status == 413
    assert (await person.post(path, {f"n{n}": "" for n in range(5_001)})).status == 400
    token = (await person.get(path)).token
    for options in (
        {"json": {"_token": token}},
        {"data": f"_token={token}&a=%ff", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"data": f"_token={token}&_token={token}", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    ):
        assert (await person.send("POST", path, **options)).status in {400, 403, 415}, options  # type: ignore[arg-type] # of aiohttp


async def test_two_browsers_do_not_see_each_others_sentences(desk: Desk) -> None:
    one, other = await desk.person("reader"), await desk.person("reader")
    await one.post(f"{HOME_PATH}/all", {"a": "1"})
    assert "Saved" not in (await other.get(f"{HOME_PATH}/all")).text
    assert "Saved" not in (await one.send("HEAD", f"{HOME_PATH}/all")).text
    assert "Saved a=1" in (await one.get(f"{HOME_PATH}/all")).text


@pytest.mark.parametrize(
    ("what", "status", "says"),
    [
        ("form", 422, "is missing"),
        ("conflict", 409, "The webservice is paused: start it again."),
        ("remote", 502, "No such account. Choose another one."),
        ("away", 503, "Try again in a few seconds."),
        ("bug", 500, "Nothing is lost."),
    ],
)
async def test_a_fault_is_a_page_with_a_sentence_and_a_way_out(desk: Desk, what: str, status: int, says: str) -> None:
    person = await desk.person("reader")
    answer = await person.get(f"{HOME_PATH}/fail/{what}")
    assert answer.status == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert says in answer.text
    assert f'href="{HOME_PATH}">To the overview' in answer.text
    assert "Mia Lowe" in answer.text
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


async def test_what_is_not_there_and_what_cannot_be_done_are_pages_too(desk: Desk, page: Page, shots: Path) -> None:
    person = await desk.person("reader")
    html = {"Accept": "text/html"}
    for method, path, status in (
        ("GET", "/nowhere", 404),
        ("GET", f"{HOME_PATH}/nowhere", 404),
        ("PUT", f"{HOME_PATH}/all", 405),
        ("DELETE", "/leave", 405),
    ):
        answer = await person.send(method, path, headers=html)
        assert (answer.status, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8"), path
    await page.goto(f"{desk.base}{HOME_PATH}")
    await look(page, shots, "signed-out")
    await page.goto(f"{desk.base}/enter/unknown")
    await look(page, shots, "unknown-link")


async def test_our_files_may_be_kept_for_ever_under_their_names(desk: Desk) -> None:
    nobody = await desk.person(None)
    for name, media in (("hub.css", "text/css"), ("hub.js", "text/javascript"), ("mark.svg", "image/svg+xml")):
        path = assets.asset(name)
        assert re.fullmatch(r"/static/\w+\.[0-9a-f]{12}\.\w+", path)
        answer = await nobody.get(path)
        assert (answer.status, answer.headers["Content-Type"]) == (200, f"{media}; charset=utf-8")
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    for path in (
        "/static/hub.css",
        "/static/hub.000000000000.css",
        "/static/theme-xyzxyz.css",
        "/static/..%2fsession.py",
    ):
        assert (await nobody.get(path)).status == 404


def test_style_and_script_are_small() -> None:
    sizes = {path.name: path.stat().st_size for path in assets.FOLDER.iterdir()}
    assert sizes["hub.css"] < 18_000  # what all pages share; a page with a style of its own brings that beside it
    assert sizes["hub.js"] < 6_000
