"""Who may see which page (PROMISES D1, D2): every route of a page, every kind of caller, told from the route table."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.domain.sessions import ROLES, may
from hub.web.app import ROUTES
from hub.web.routes import Route
from hub.web.ui import csrf
from hub.web.ui.session import NEEDED
from tests.sync.harness import GALLERY
from tests.ui.desk import OTHER, Answer, Desk, Person, open_shared_desk
from tests.web.conftest import GALLERY as GALLERY_BODY

PAGES = [route for route in ROUTES if route.policy in NEEDED]
OF_A_GALLERY = [route for route in PAGES if "{gallery}" in route.path]
FORMS = [route for route in PAGES if route.method != "GET"]
NOT_STATE = {"session", "login_link"}  # being used is noted


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


def path_of(route: Route, gallery: str, **places: str) -> str:
    places = {"gallery": gallery, **places}
    return re.sub(r"\{(\w+)\}", lambda found: places.get(found[1], "x-1"), route.path)


async def ask(person: Person, route: Route, gallery: str = GALLERY, **options: Any) -> Answer:
    send = person.get if route.method == "GET" else person.post
    return await send(path_of(route, gallery), **options)


def told(answer: Answer) -> tuple[int, str]:
    """Status and text, without what differs from request to request."""
    return answer.status, re.sub(r"request [0-9a-f]+", "request", answer.text)


@pytest.fixture(scope="session")
async def office(
    postgres_server: str, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    """A desk that these tests share: a connected webservice, and a second gallery."""
    async with open_shared_desk(postgres_server, postgres_template, tmp_path_factory) as desk:
        await desk.connect()
        assert (await desk.put(f"/api/v1/galleries/{OTHER}", GALLERY_BODY))[0] == 201
        yield desk


async def end(desk: Desk, column: str, interval: str) -> None:
    """Let time pass for all sessions: the database's clock counts, and it cannot be set."""
    async with desk.bench.hub.database.transaction() as conn:
        await conn.execute(f"UPDATE session SET {column} = clock_timestamp() - interval '{interval}'")  # noqa: S608 - our own words


@pytest.mark.parametrize("route", PAGES, ids=name_of)
async def test_d1_without_a_live_session_every_page_is_401(office: Desk, route: Route) -> None:
    idle, old = await office.person("owner"), await office.person("owner")
    async with office.bench.hub.database.transaction() as conn:
        await conn.execute("UPDATE session SET seen_at = clock_timestamp() - interval '1801 seconds'")
    fresh = await office.person("owner")
    assert (await fresh.get(f"/galleries/{GALLERY}")).status == 200
    nobody = await ask(await office.person(None), route)
    assert nobody.status == 401
    assert "Open the hub from your gallery system again." in nobody.text
    assert "WWW-Authenticate" not in nobody.headers
    assert told(await ask(idle, route)) == told(nobody)
    await end(office, "ends_at", "1 second")
    assert told(await ask(old, route)) == told(nobody)
    for cookie in ("", "x" * 43, "x" * 5_000, "é"):
        assert told(await ask(Person(office.base, office.http, {"hub_session": cookie}), route)) == told(nobody)


@pytest.mark.parametrize("route", OF_A_GALLERY, ids=name_of)
async def test_d1_another_gallery_looks_like_one_that_is_not_there(office: Desk, route: Route) -> None:
    owner = await office.person("owner")
    foreign = told(await ask(owner, route, OTHER))
    assert foreign[0] == 404
    assert OTHER not in foreign[1].replace("owner", "")
    for unknown in ("nowhere", "%00", "a%2Fb", "x" * 60):
        assert told(await ask(owner, route, unknown)) == foreign
    operator = await office.person("operator")
    assert (await ask(operator, route, "nowhere")).status == 404


@pytest.mark.parametrize("route", PAGES, ids=name_of)
async def test_d1_a_role_that_may_not_is_403_and_roles_nest(office: Desk, route: Route) -> None:
    needed = NEEDED[route.policy]
    for role in ROLES:
        person = await office.person(role)
        if not may(role, needed):
            answer = await ask(person, route)
            assert answer.status == 403, role
            assert f"You are signed in as {role}" in answer.text
        elif route.method == "GET":
            assert (await ask(person, route)).status in {200, 303, 404, 409}, role


@pytest.mark.parametrize("route", FORMS, ids=name_of)
async def test_d2_a_form_needs_the_token_of_its_own_session(office: Desk, route: Route) -> None:
    role = NEEDED[route.policy]
    person, other = await office.person(role), await office.person(role)
    theirs = csrf.make_token(csrf.Secret(next(iter(other.cookies.values()))))
    path = path_of(route, GALLERY)
    for data in ({}, {csrf.FIELD: ""}, {csrf.FIELD: theirs}, {csrf.FIELD: "é"}):
        answer = await person.send("POST", path, data={"x": "1", **data})
        assert answer.status == 403, data
        assert "Nothing was done" in answer.text
    assert (await person.get(f"/galleries/{GALLERY}")).status in {200, 404}, "and nobody was signed out by it"


@pytest.mark.parametrize("route", FORMS, ids=name_of)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example.com"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
async def test_d2_a_form_from_another_site_is_refused(office: Desk, route: Route, headers: dict[str, str]) -> None:
    person = await office.person(NEEDED[route.policy])
    answer = await person.post(path_of(route, GALLERY), headers=headers)
    assert answer.status == 403
    assert "sent by another site" in answer.text


async def state_of(desk: Desk) -> dict[str, str]:
    async with desk.bench.hub.database.connection() as conn:
        tables = await conn.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        found = {}
        for (name,) in (row.values() for row in tables):
            if name not in NOT_STATE:
                rows = f"SELECT md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '')) FROM {name} t"  # noqa: S608 - of the catalogue
                found[name] = await conn.fetchval(rows)
    return found


async def test_d2_no_get_changes_anything(office: Desk) -> None:
    """Only /enter uses its link up, which is what it is for, and a HEAD leaves it alone."""
    people = {role: await office.person(role) for role in ROLES}
    before = await state_of(office)
    for route in PAGES:
        if route.method == "GET":
            path = path_of(route, GALLERY, webservice=office.webservice_id)
            assert (await people[NEEDED[route.policy]].get(path)).status < 500, path
    assert await state_of(office) == before


def test_every_page_that_changes_something_is_a_post_and_needs_a_session() -> None:
    assert {route.method for route in FORMS} <= {"POST"}
    written = [route for route in ROUTES if route.page and route.method != "GET"]
    assert [name_of(route) for route in written if route.policy not in NEEDED] == []
    assert [name_of(route) for route in PAGES if not route.page or route.tag is not None] == []


@pytest.mark.parametrize("route", [route for route in PAGES if route.method == "GET"], ids=name_of)
async def test_d4_every_page_has_the_headers_and_nothing_inline(office: Desk, route: Route) -> None:
    person = await office.person(NEEDED[route.policy])
    answer = await person.get(path_of(route, GALLERY, webservice=office.webservice_id))
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    if not answer.headers.get("Content-Type", "").startswith("text/html"):  # a stream, or the way to another page
        assert policy.keys() == {"default-src", "frame-ancestors"}
        return
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["base-uri"] == "'none'"
    consent = office.settings.section("xero")["login_url"]
    back = [] if person.role == "operator" else ["https://app.example.com"]
    assert sorted(policy["form-action"].split()) == sorted(["'self'", consent, *back])
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]* src=)|javascript:", answer.text)
    assert len(answer.text.encode()) <= 60_000
