"""Coming in by a one-use link, staying for a while, and leaving (PROMISES R38, C2)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from hub import commands
from hub.domain.sessions import check_return_url, check_theme
from hub.errors import FormError, NotFoundError
from hub.web.ui import csrf
from tests.sync.harness import GALLERY
from tests.ui.desk import BACK, HOME, Desk, open_desk
from tests.web.conftest import Api, make_key

SESSIONS = f"/api/v1/galleries/{GALLERY}/sessions"
USER = {"name": "Mia <Lowe>", "email": "mia@example.com"}
BODY = {"role": "bookkeeper", "user": USER, "return_url": BACK}


async def test_a_link_signs_one_browser_in_once(desk: Desk) -> None:
    status, made = await desk.call("POST", SESSIONS, json=BODY)
    assert status == 201
    assert set(made) == {"url", "expires_at"}
    assert made["url"].startswith(f"{desk.base}/enter/")
    nobody = await desk.person(None)
    path = made["url"].removeprefix(desk.base)
    assert (await nobody.send("HEAD", path)).status == 200
    entered = await nobody.get(path)
    assert (entered.status, entered.to) == (303, HOME)
    morsel = entered.cookies["hub_session"]
    assert (morsel["httponly"], morsel["samesite"], morsel["path"], morsel["secure"]) == (True, "Lax", "/", "")
    assert (morsel["domain"], morsel["max-age"], morsel["expires"]) == ("", "", "")
    assert len(morsel.value) >= 43
    page = {"Accept": "text/html"}
    again = await nobody.get(path, headers=page)
    assert again.status == 410
    assert "Go back to your gallery system and open the hub from there again" in again.text
    unknown = await nobody.get("/enter/never-made", headers=page)
    assert unknown.status == 404
    assert "Go back to your gallery system and open the hub from there again" in unknown.text
    assert "Set-Cookie" not in again.headers


async def test_a_link_ends_after_five_minutes(desk: Desk) -> None:
    link = await desk.link()
    async with desk.bench.hub.database.transaction() as conn:
        left = await conn.fetchval("SELECT extract(epoch FROM ends_at - clock_timestamp()) FROM login_link")
        assert 290 < left <= 300
        await conn.execute("UPDATE login_link SET ends_at = clock_timestamp()")
    nobody = await desk.person(None)
    assert (await nobody.get(link.removeprefix(desk.base))).status == 410


async def test_two_browsers_at_once_get_one_session(desk: Desk) -> None:
    link = (await desk.link()).removeprefix(desk.base)
    nobody = await desk.person(None)
    answers = await asyncio.gather(*(nobody.get(link) for _ in range(5)))
    assert sorted(one.status for one in answers) == [303, 410, 410, 410, 410]


async def test_entering_again_ends_the_session_of_before(desk: Desk) -> None:
    first = await desk.person("owner")
    entered = await first.get((await desk.link("reader")).removeprefix(desk.base))
    assert entered.cookies["hub_session"].value != first.cookies["hub_session"]
    assert (await first.get(HOME)).status == 401


async def test_using_the_pages_keeps_a_session_alive_but_not_beyond_twelve_hours(desk: Desk) -> None:
    person = await desk.person("reader")
    async with desk.bench.hub.database.transaction() as conn:
        left = await conn.fetchval("SELECT extract(epoch FROM ends_at - clock_timestamp()) FROM session")
        assert 43_190 < left <= 43_200
        await conn.execute("UPDATE session SET seen_at = clock_timestamp() - interval '1700 seconds'")
    stream = await person.get(HOME, headers={"Accept": "text/event-stream"})
    assert stream.status == 200
    async with desk.bench.hub.database.connection() as conn:
        assert await conn.fetchval("SELECT clock_timestamp() - seen_at > interval '1600 seconds' FROM session")
    assert (await person.get(HOME)).status == 200
    async with desk.bench.hub.database.connection() as conn:
        assert await conn.fetchval("SELECT clock_timestamp() - seen_at < interval '60 seconds' FROM session")


async def test_leaving_ends_the_session_and_leads_back(desk: Desk) -> None:
    person = await desk.person("reader")
    left = await person.post("/leave")
    assert (left.status, left.to) == (303, BACK)
    assert left.cookies["hub_session"].value == ""
    assert (await person.get(HOME)).status == 401
    operator = await desk.person("operator")
    gone = await operator.post("/leave")
    assert gone.status == 200
    assert "You are signed out" in gone.text
    assert "All galleries" not in gone.text
    assert (await operator.get("/operator")).status == 401


async def test_only_hashes_are_stored_and_nothing_secret_is_logged_or_shown(desk: Desk) -> None:
    with capture_logs() as lines:
        link = await desk.link("owner")
        nobody = await desk.person(None)
        entered = await nobody.get(link.removeprefix(desk.base))
        nobody.cookies = {"hub_session": entered.cookies["hub_session"].value}
        page = await nobody.get(HOME)
    async with desk.bench.hub.database.connection() as conn:
        stored = str(await conn.fetch("SELECT * FROM session")) + str(await conn.fetch("SELECT * FROM login_link"))
    one_time, secret = link.rsplit("/", 1)[1], nobody.cookies["hub_session"]
    for told in (one_time, secret, page.token):
        assert told not in stored
        assert told not in str(lines)
    assert secret not in page.text
    assert page.token == csrf.make_token(csrf.Secret(secret))


async def test_every_page_shows_who_is_signed_in_and_the_way_back(desk: Desk) -> None:
    _, made = await desk.call("POST", SESSIONS, json={**BODY, "theme": "#ffcc00"})
    person = await desk.person(None)
    entered = await person.get(made["url"].removeprefix(desk.base))
    person.cookies = {"hub_session": entered.cookies["hub_session"].value}
    for path in (HOME, f"{HOME}/nothing", "/galleries/nowhere"):
        page = await person.get(path, headers={"Accept": "text/html"})
        if page.status == 200:
            assert "Mia &lt;Lowe&gt;" in page.text
            assert "Bookkeeper" in page.text
            assert 'Back<span class="rest"> to the gallery system' in page.text
            assert "/static/theme-ffcc00.css" in page.text
    sheet = await person.get("/static/theme-ffcc00.css")
    assert (sheet.status, sheet.headers["Content-Type"]) == (200, "text/css; charset=utf-8")


async def test_faults_of_a_hand_over_are_all_named(desk: Desk) -> None:
    bad = {
        "role": "bookkeeper",
        "user": {"name": "a\nb", "email": "x" * 201},
        "return_url": "http://gallery.example.com/",
        "theme": "red",
    }
    status, problem = await desk.call("POST", SESSIONS, json={**bad, "user": {"name": "a\nb", "email": ""}})
    assert status == 422
    assert [one["at"] for one in problem["errors"]] == ["user.name", "return_url", "theme"]
    for wrong in ({"role": "operator"}, {"user": bad["user"]}, {"more": 1}, {"return_url": None}):
        assert (await desk.call("POST", SESSIONS, json={**BODY, **wrong}))[0] == 422, wrong
    assert (await desk.call("POST", "/api/v1/galleries/nowhere/sessions", json=BODY))[0] == 404


async def test_a_key_hands_over_to_its_own_gallery_only(desk: Desk) -> None:
    admin = Api(desk.client, await make_key(desk.bench.hub.database, "gallery-admin", GALLERY))
    reader = Api(desk.client, await make_key(desk.bench.hub.database, "gallery-reader", GALLERY))
    assert (await admin.call("POST", SESSIONS, json=BODY))[0] == 201
    assert (await admin.call("POST", "/api/v1/galleries/other/sessions", json=BODY))[0] == 404
    assert (await reader.call("POST", SESSIONS, json=BODY))[0] == 403


@pytest.mark.parametrize(
    ("url", "local", "taken"),
    [
        ("https://app.example.com/a?b=c#d", False, True),
        ("https://localhost:8443/", False, True),
        ("https://[::1]/", False, True),
        ("http://localhost:3000/back", True, True),
        ("http://127.0.0.1/", True, True),
        ("http://localhost:3000/back", False, False),
        ("http://app.example.com/", True, False),
        ("javascript:alert(1)", True, False),
        ("data:text/html,x", True, False),
        ("//app.example.com", True, False),
        ("/back", True, False),
        ("", True, False),
        ("https://user@app.example.com/", True, False),
        ("https://user:word@app.example.com/", True, False),
        ("https://@app.example.com/", True, False),
        ("https://app.example.com;x/", True, False),
        ("https://app.example.com'/", True, False),
        ("https://a b.example.com/", True, False),
        ("https://app.example.com\\@evil.example.com/", True, False),
        ("https://app.example.com/\r\nSet-Cookie: a=b", True, False),
        ("https://münchen.example.com/", True, False),
        ("https://app.example.com:99999/", True, False),
        ("https://app.example.com/" + "x" * 1_977, False, False),
        ("https://app.example.com/" + "x" * 1_976, False, True),
    ],
)
def test_return_addresses(url: str, local: bool, taken: bool) -> None:
    assert (check_return_url(url, allow_local=local) is None) == taken


def test_a_theme_is_a_colour() -> None:
    assert check_theme("#1D5c63") is None
    for text in ("1d5c63", "#fff", "#1d5c63;", "#1d5c6g", "red", ""):
        assert check_theme(text)


async def test_over_https_the_cookie_is_bound_to_the_host(dsn: str, tmp_path: Path) -> None:
    async with open_desk(dsn, tmp_path, public_url="https://hub.example.com") as desk:
        link = await desk.link()
        assert link.startswith("https://hub.example.com/enter/")
        person = await desk.person(None)
        entered = await person.get(link.removeprefix("https://hub.example.com"))
        morsel = entered.cookies["__Host-hub"]
        assert (morsel["httponly"], morsel["samesite"], morsel["path"], morsel["secure"]) == (True, "Lax", "/", True)
        assert morsel["domain"] == ""
        person.cookies = {"__Host-hub": morsel.value}
        assert (await person.get(HOME)).status == 200
        person.cookies = {"hub_session": morsel.value}
        assert (await person.get(HOME)).status == 401


async def test_old_links_and_sessions_are_removed(desk: Desk) -> None:
    await desk.person("owner")
    async with desk.bench.hub.database.transaction() as conn:
        await conn.execute("UPDATE login_link SET ends_at = clock_timestamp() - interval '25 hours'")
        await conn.execute("UPDATE session SET ends_at = clock_timestamp() - interval '1 second'")
    await desk.person("reader")
    async with desk.bench.hub.database.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM login_link") == 1
        assert await conn.fetchval("SELECT string_agg(role, ',') FROM session") == "reader"


async def test_the_command_makes_links_for_a_gallery_and_for_the_operator(desk: Desk) -> None:
    settings = desk.settings
    person = await desk.person(None)
    for gallery, role, home in ((None, None, "/operator"), (GALLERY, None, HOME), (GALLERY, "reader", HOME)):
        link = await commands.make_login_link(settings, gallery, role)
        assert (await person.get(link.removeprefix(desk.base))).to == home
    wrong: list[Any] = [(GALLERY, "operator"), (None, "owner"), (GALLERY, "king")]
    for gallery, role in wrong:
        with pytest.raises(FormError):
            await commands.make_login_link(settings, gallery, role)
    with pytest.raises(NotFoundError):
        await commands.make_login_link(settings, "nowhere", None)
