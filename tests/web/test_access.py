"""Who may call what (PROMISES D1): every route, every kind of caller, told from the route table."""

from __future__ import annotations

import re
from typing import Any

import pytest
from aiohttp import web

from hub.errors import AccessError, NotFoundError, StartupError
from hub.store import keys
from hub.store.database import Database
from hub.web.app import ROUTES, make_app
from hub.web.deps import Deps
from hub.web.policies import Caller, check_access
from hub.web.routes import Policy, Route
from tests.web.conftest import BASE, GALLERY, Api, Starter, make_key

PAGES = {policy for policy in Policy if policy.startswith("page-")}  # tests/ui walks these
GUARDED = [route for route in ROUTES if route.policy not in {Policy.PUBLIC, Policy.SIGNED, *PAGES}]
OF_A_GALLERY = [route for route in GUARDED if "{gallery}" in route.path]


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


def path_of(route: Route, gallery: str) -> str:
    return re.sub(r"\{(?!gallery)\w+\}", "x-1", route.path).replace("{gallery}", gallery)


async def ask(api: Api, route: Route, gallery: str = "harbour-lane", **options: Any) -> tuple[int, Any, str | None]:
    """Status, what the body says (without the request's id), and the challenge."""
    body = {} if route.request is None else {"data": b"{}", "headers": {"Content-Type": route.media}}
    response = await api.send(route.method, path_of(route, gallery), **body, **options)
    told = await response.json(content_type=None) if response.content_type.endswith("json") else None
    if isinstance(told, dict):
        told.pop("request_id", None)
    return response.status, told, response.headers.get("WWW-Authenticate")


@pytest.mark.parametrize("route", GUARDED, ids=name_of)
async def test_without_a_known_key_every_guarded_route_is_401(shared: Api, route: Route) -> None:
    for key in (None, "hub_unknown", "", "the-operator-key-of-the-test", "caf\u00e9"):
        status, told, challenge = await ask(Api(shared.client, key), route)
        assert (status, told["type"], challenge) == (401, "/problems/unauthorized", 'Bearer realm="hub"')
    for scheme in ("Basic", "Token"):
        foreign = Api(shared.client, None)
        foreign.headers = {"Authorization": shared.headers["Authorization"].replace("Bearer", scheme)}
        assert (await ask(foreign, route))[0] == 401


@pytest.mark.parametrize("route", OF_A_GALLERY, ids=name_of)
async def test_a_foreign_gallery_looks_like_one_that_is_not_there(shared: Api, route: Route) -> None:
    foreign = await ask(shared, route, "other-side")
    assert foreign == await ask(shared, route, "nowhere")
    assert foreign == await ask(shared, route, "%00")
    assert foreign[0] == 404
    assert "other-side" not in str(foreign[1])


@pytest.mark.parametrize("route", GUARDED, ids=name_of)
def test_roles(route: Route) -> None:
    gallery = "g" if "{gallery}" in route.path else None
    allowed = {
        Policy.KEY: {"operator", "gallery-admin", "gallery-reader"},
        Policy.GALLERY_READER: {"operator", "gallery-admin", "gallery-reader"},
        Policy.GALLERY_ADMIN: {"operator", "gallery-admin"},
        Policy.OPERATOR: {"operator"},
    }[route.policy]
    callers: list[Caller] = [
        Caller(role="operator"),
        Caller(role="gallery-admin", gallery_id="g"),
        Caller(role="gallery-reader", gallery_id="g"),
    ]
    for caller in callers:
        if caller.role in allowed:
            check_access(route.policy, caller, gallery)
        else:
            with pytest.raises(AccessError, match="key"):
                check_access(route.policy, caller, gallery)
        if gallery and caller.role != "operator":
            with pytest.raises(NotFoundError):
                check_access(route.policy, caller, "other")


def test_every_route_that_changes_something_is_closed_to_readers() -> None:
    """The route table itself: a reader's key and the public never write. Hooks are signed, and only wake."""
    for route in ROUTES:
        if route.path == "/hooks/{kind}":
            assert route.policy is Policy.SIGNED
        elif route.path.endswith("{webservice}/preview"):
            assert (
                route.policy is Policy.GALLERY_READER
            )  # a question with a body: its own tests show that it writes nothing
        elif route.method != "GET" and route.policy not in PAGES:
            assert route.policy in {Policy.GALLERY_ADMIN, Policy.OPERATOR}, name_of(route)


async def test_a_readers_writes_are_403_and_have_no_effect(reader: Api, admin: Api) -> None:
    await admin.put(f"{BASE}/contacts/x-1", {"name": "Ana"})
    _, before = await admin.get(f"{BASE}/contacts")
    for route in OF_A_GALLERY:
        status, told, _ = await ask(reader, route)
        if route.policy in {Policy.GALLERY_ADMIN, Policy.OPERATOR}:
            assert (status, told["type"]) == (403, "/problems/forbidden"), name_of(route)
        else:
            assert status in {200, 404, 503}, name_of(route)  # 503: the sync side is not part of this application
    assert await admin.get(f"{BASE}/contacts") == (200, before)
    _, gallery = await admin.get(BASE)
    assert gallery["version"] == 1


async def test_a_gallery_admin_changes_its_gallery_and_no_other(admin: Api) -> None:
    assert (await admin.put(BASE, {**GALLERY, "name": "New"}))[0] == 200
    assert (await admin.put("/api/v1/galleries/other-side", GALLERY))[0] == 404
    assert (await admin.put("/api/v1/galleries/quite-new", GALLERY))[0] == 404
    assert (await admin.get("/api/v1/galleries"))[0] == 403


async def test_an_operator_key_of_the_database_opens_every_gallery(operator: Api, database: Database) -> None:
    stored = Api(operator.client, await make_key(database, "operator", None))
    assert (await stored.get(BASE))[0] == 200
    assert (await stored.put("/api/v1/galleries/third", GALLERY))[0] == 201


async def test_a_revoked_key_is_unknown(admin: Api, operator: Api, database: Database) -> None:
    async with database.transaction() as connection:
        (key,) = await keys.list_keys(connection, "harbour-lane")
    assert (await operator.call("DELETE", f"{BASE}/keys/{key.id}"))[0] == 204
    assert (await admin.get(BASE))[0] == 401
    assert (await operator.call("DELETE", f"{BASE}/keys/{key.id}"))[0] == 404


async def test_an_operator_makes_keys_that_are_shown_once(operator: Api) -> None:
    status, made = await operator.call("POST", f"{BASE}/keys", json={"role": "gallery-reader"})
    assert (status, made["role"]) == (201, "gallery-reader")
    assert (await Api(operator.client, made["key"]).get(BASE))[0] == 200
    _, listed = await operator.get(f"{BASE}/keys")
    assert [item["id"] for item in listed["items"]] == [made["id"]]
    assert made["key"] not in str(listed)
    status, problem = await operator.call("POST", f"{BASE}/keys", json={"role": "operator"})
    assert (status, problem["errors"][0]["at"]) == (422, "role")
    assert (await operator.call("POST", "/api/v1/galleries/nowhere/keys", json={"role": "gallery-reader"}))[0] == 404
    assert (await operator.call("DELETE", "/api/v1/galleries/other-side/keys/" + made["id"]))[0] == 404


async def test_without_an_operator_key_in_the_settings_none_is_accepted(start: Starter, deps: Deps) -> None:
    client = await start(settings=deps.settings.model_copy(update={"operator_key": None}))
    assert (await Api(client, "the-operator-key-of-the-tests").get("/api/v1/galleries"))[0] == 401


async def test_an_application_with_a_route_without_policy_does_not_start(deps: Deps) -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response()

    app = make_app(deps)
    app.router.add_get("/forgotten", handler)
    runner = web.AppRunner(app)
    with pytest.raises(StartupError, match="GET /forgotten"):
        await runner.setup()
    await runner.cleanup()
    clean = web.AppRunner(make_app(deps))
    await clean.setup()
    await clean.cleanup()


async def test_two_routes_for_one_path_are_refused(deps: Deps) -> None:
    with pytest.raises((StartupError, RuntimeError), match="/healthz"):
        make_app(deps, more=[next(route for route in ROUTES if route.path == "/healthz")])
