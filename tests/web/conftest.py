"""A running application on real Postgres, two galleries, and a client for each role."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from hub.settings import Settings
from hub.store import keys
from hub.store.database import Database
from hub.web.app import make_app
from hub.web.deps import Deps
from hub.web.serving import Runner
from tests import postgres

OPERATOR_KEY = "the-operator-key-of-the-tests"
SETTINGS = Settings(operator_key=SecretStr(OPERATOR_KEY))
GALLERY = {"name": "Harbour Lane Gallery", "country": "AU", "currency": "AUD", "timezone": "Australia/Sydney"}
BASE = "/api/v1/galleries/harbour-lane"


class HubServer(TestServer):
    """aiohttp's test server with the hub's own runner."""

    async def _make_runner(self, **options: Any) -> Runner:
        return Runner(self.app, **options)


class Api:
    """A client with a key; `call` returns status and decoded body."""

    def __init__(self, client: TestClient[Any, Any], key: str | None) -> None:
        self.client = client
        self.headers = {} if key is None else {"Authorization": f"Bearer {key}"}

    async def call(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        response = await self.send(method, path, **options)
        return response.status, await response.json(content_type=None) if response.status != 204 else None

    async def send(self, method: str, path: str, **options: Any) -> ClientResponse:
        headers = {**self.headers, **options.pop("headers", {})}
        response = await self.client.request(method, path, headers=headers, allow_redirects=False, **options)
        await response.read()
        return response

    async def put(self, path: str, body: object) -> tuple[int, Any]:
        return await self.call("PUT", path, json=body)

    async def get(self, path: str, **params: str) -> tuple[int, Any]:
        return await self.call("GET", path, params=params)


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    """The store of one test."""
    async with await Database.open(dsn, size=5) as opened:
        yield opened


@pytest.fixture
def deps(database: Database) -> Deps:
    """What the application works with; tests replace parts of it."""
    return Deps(settings=SETTINGS, database=database)


@pytest.fixture(scope="session")
async def shared_deps(postgres_server: str, postgres_template: str) -> AsyncIterator[Deps]:
    """Deps on a database that many tests share: for what stores nothing."""
    async with (
        postgres.fresh_database(postgres_server, postgres_template) as dsn,
        await Database.open(dsn, size=3) as opened,
    ):
        yield Deps(settings=SETTINGS, database=opened)


@pytest.fixture(scope="session")
async def shared(shared_deps: Deps) -> AsyncIterator[Api]:
    """A gallery-admin of harbour-lane in an application that many tests share."""
    async with TestClient(HubServer(make_app(shared_deps))) as client:
        for name in ("harbour-lane", "other-side"):
            await Api(client, OPERATOR_KEY).put(f"/api/v1/galleries/{name}", GALLERY)
        yield Api(client, await make_key(shared_deps.database, "gallery-admin", "harbour-lane"))


Starter = Callable[..., Awaitable[TestClient[Any, Any]]]


@pytest.fixture
async def start(deps: Deps) -> AsyncIterator[Starter]:
    """Start an application with parts of its deps replaced."""
    clients: list[TestClient[Any, Any]] = []

    async def start_app(**parts: Any) -> TestClient[Any, Any]:
        more = parts.pop("more", ())
        client = TestClient(HubServer(make_app(replace(deps, **parts), more=more)))
        await client.start_server()
        clients.append(client)
        return client

    yield start_app
    for client in clients:
        await client.close()


@pytest.fixture
async def client(start: Starter) -> TestClient[Any, Any]:
    """A client without a key."""
    return await start()


@pytest.fixture
async def operator(client: TestClient[Any, Any]) -> Api:
    """The operator; the two galleries exist."""
    api = Api(client, OPERATOR_KEY)
    for name in ("harbour-lane", "other-side"):
        status, _ = await api.put(f"/api/v1/galleries/{name}", GALLERY)
        assert status == 201
    return api


async def make_key(database: Database, role: Any, gallery_id: str | None) -> str:
    """A new key's secret."""
    async with database.transaction() as connection:
        return await keys.create(connection, role, gallery_id)


@pytest.fixture
async def admin(operator: Api, database: Database) -> Api:
    """A gallery-admin of harbour-lane."""
    return Api(operator.client, await make_key(database, "gallery-admin", "harbour-lane"))


@pytest.fixture
async def reader(operator: Api, database: Database) -> Api:
    """A gallery-reader of harbour-lane."""
    return Api(operator.client, await make_key(database, "gallery-reader", "harbour-lane"))


def make_invoice(**changes: Any) -> dict[str, Any]:
    """An invoice over 450.00 with one line."""
    line = {"id": "1", "kind": "artwork", "description": "Study", "quantity": "1", "unit_price": "450.00"}
    return {
        "number": "1234",
        "contact_id": "c-7",
        "currency": "AUD",
        "price_mode": "inclusive",
        "issued_on": "2026-03-04",
        "lines": [line],
        "total": "450.00",
        **changes,
    }


def make_payment(**changes: Any) -> dict[str, Any]:
    """A payment of 100.00 for i-1."""
    return {"invoice_id": "i-1", "paid_on": "2026-03-10", "amount": "100.00", "method": "bank_transfer", **changes}
