"""A whole hub with its pages on a real port, beside a Xero sandbox, and people who are signed in to it."""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestClient
from pydantic import SecretStr

from hub.domain.sessions import Role, Visitor
from hub.settings import Settings
from hub.store import entries, sessions, webservices
from hub.web.app import make_app
from hub.web.deps import Deps
from hub.web.routes import Route
from hub.web.ui import csrf
from plugins.xero.sandbox import SandboxSettings
from tests import postgres
from tests.sync.harness import GALLERY, Bench, open_bench
from tests.web.conftest import OPERATOR_KEY, HubServer
from tests.web.webservices.office import Office

HOME = f"/galleries/{GALLERY}"
OTHER = "other-side"
BACK = "https://app.example.com/accounting"


class Answer:
    """One answer: status, text, headers, and where it sends the browser."""

    def __init__(self, response: aiohttp.ClientResponse, text: str) -> None:
        self.status = response.status
        self.text = text
        self.headers = response.headers
        self.cookies = response.cookies

    @property
    def to(self) -> str:
        """The Location."""
        return self.headers["Location"]

    @property
    def token(self) -> str:
        """The token of its first form."""
        found = re.search(rf'name="{csrf.FIELD}" value="([^"]+)"', self.text)
        assert found, self.text
        return found[1]


class Person:
    """A signed-in browser without a screen: plain HTTP with the cookie, no redirects followed."""

    def __init__(
        self, base: str, http: aiohttp.ClientSession, cookies: Mapping[str, str], role: Role | None = None
    ) -> None:
        self.base = base
        self.role = role
        self.http = http
        self.cookies = dict(cookies)

    async def send(self, method: str, path: str, **options: Any) -> Answer:
        """One request."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = ({"Cookie": cookie} if cookie else {}) | options.pop("headers", {})
        target = self.base + path
        async with self.http.request(method, target, headers=headers, allow_redirects=False, **options) as response:
            return Answer(response, await response.text())

    async def get(self, path: str, **options: Any) -> Answer:
        """A page."""
        return await self.send("GET", path, **options)

    async def post(self, path: str, data: Mapping[str, Any] | None = None, **options: Any) -> Answer:
        """A form, with the token of this session."""
        token = csrf.make_token(sessions.Secret(next(iter(self.cookies.values()), "")))
        return await self.send("POST", path, data={csrf.FIELD: token, **(data or {})}, **options)

    async def follow(self, path: str, data: Mapping[str, Any] | None = None) -> Answer:
        """A form, and the page that it leads to."""
        answer = await self.post(path, data)
        assert answer.status == 303, answer.text
        return await self.get(answer.to)


class Desk(Office):
    """An office whose pages browsers reach at `base`."""

    base: str
    settings: Settings
    http: aiohttp.ClientSession

    async def link(self, role: Role = "owner", *, gallery: str = GALLERY, **changes: Any) -> str:
        """A fresh link that signs a browser in, made as a gallery system makes it (an operator's: as the command)."""
        if role == "operator":
            async with self.bench.hub.database.transaction() as conn:
                one_time, _ = await sessions.add_link(conn, Visitor(role=role))
            return f"{self.base}/enter/{one_time}"
        body = {
            "role": role,
            "user": {"name": "Mia Lowe", "email": "mia@example.com"},
            "return_url": BACK,
            **changes,
        }
        status, made = await self.call("POST", f"/api/v1/galleries/{gallery}/sessions", json=body)
        assert status == 201, made
        return str(made["url"])

    async def person(self, role: Role | None = "owner", *, gallery: str = GALLERY, **changes: Any) -> Person:
        """Somebody signed in, without a screen; None: nobody."""
        if role is None:
            return Person(self.base, self.http, {})
        link = await self.link(role, gallery=gallery, **changes)
        async with self.http.get(link, allow_redirects=False) as entered:
            assert entered.status == 303, await entered.text()
            cookies = {name: morsel.value for name, morsel in entered.cookies.items()}
        return Person(self.base, self.http, cookies, role)


@asynccontextmanager
async def open_desk(
    dsn: str,
    folder: Path,
    *,
    sandbox_settings: SandboxSettings | None = None,
    more: Iterable[Route] = (),
    **settings: Any,
) -> AsyncIterator[Desk]:
    """A desk on a fresh database: the gallery stored, nothing connected.

    *more*: routes of the test's own. *settings*: other settings of the hub.
    """
    bound = socket.create_server(("127.0.0.1", 0))
    port = bound.getsockname()[1]
    async with open_bench(dsn, folder, sandbox_settings=sandbox_settings, port=port) as bench:
        deps = make_deps(bench, **settings)
        server = HubServer(make_app(deps, more=more), socket_factory=lambda *_: bound)
        async with TestClient(server) as client, aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
            desk = Desk(client, bench, bench.hub.services)
            desk.base, desk.settings, desk.http = f"http://localhost:{port}", deps.settings, http
            yield desk


@asynccontextmanager
async def open_shared_desk(server: str, template: str, factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A desk on a database of its own, for fixtures that live longer than a test."""
    async with (
        postgres.fresh_database(server, template) as dsn,
        open_desk(dsn, factory.mktemp("desk")) as desk,
    ):
        yield desk


def make_deps(bench: Bench, **settings: Any) -> Deps:
    """What the application works with, with other settings."""
    hub = bench.hub
    given = hub.settings.model_copy(update={"operator_key": SecretStr(OPERATOR_KEY), **settings})
    return Deps(
        settings=given,
        database=hub.database,
        registry=hub.registry,
        consents=hub.consents,
        webservices=hub.services,
        entry_store=entries,
        webservice_store=webservices,
    )
