"""A whole hub over HTTP beside a Xero sandbox: the API's calls about webservices, with the engine worked by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from hub.store import entries, webservices
from hub.sync.connecting import Webservices
from hub.web.app import make_app
from hub.web.deps import Deps
from plugins.xero.sandbox import SandboxSettings
from plugins.xero.sandbox.organisation import Organisation
from tests.sync.harness import GALLERY, MAPPINGS, Bench, open_bench
from tests.web.conftest import OPERATOR_KEY, Api

BASE = f"/api/v1/galleries/{GALLERY}"


class Office(Api):
    """An operator of the whole hub; `bench` has the engine and the sandbox."""

    def __init__(self, client: TestClient[Any, Any], bench: Bench, services: Webservices) -> None:
        super().__init__(client, OPERATOR_KEY)
        self.bench = bench
        self.services = services
        self.webservice_id = ""

    @property
    def path(self) -> str:
        """Of the webservice that `connect` made."""
        return f"{BASE}/webservices/{self.webservice_id}"

    async def make(self, **settings: Any) -> str:
        """Make a Xero webservice: the path of its consent link."""
        body = {"kind": "xero", "name": "", "settings": {"copy_existing": True, **settings}}
        status, made = await self.call("POST", f"{BASE}/webservices", json=body)
        assert (status, made["state"]) == (201, "authorizing"), made
        self.webservice_id = made["id"]
        return str(urlsplit(made["authorize_url"]).path)

    async def walk(self, link: str, *organisations: Organisation) -> tuple[int, str]:
        """Open the link in a browser, allow access, come back: status and page."""
        begun = await self.client.get(link, allow_redirects=False)
        assert begun.status == 302, await begun.text()
        back = urlsplit(
            self.bench.sandbox.approve(
                begun.headers["Location"], organisations=organisations or [self.bench.organisation]
            )
        )
        cookies = {name: morsel.value for name, morsel in begun.cookies.items()}
        answer = await self.client.get(f"{back.path}?{back.query}", cookies=cookies, allow_redirects=False)
        return answer.status, await answer.text()

    async def connect(self, **settings: Any) -> None:
        """Make, allow, choose, map: a webservice that is ready, with its records enrolled."""
        status, page = await self.walk(await self.make(**settings))
        assert status == 200, page
        status, chosen = await self.choose(self.bench.organisation)
        assert (status, chosen["state"]) == (200, "ready"), chosen
        status, told = await self.map()
        assert status == 200, told

    async def choose(self, organisation: Organisation) -> tuple[int, Any]:
        """Pick the organisation."""
        return await self.call("POST", f"{self.path}/organisation", json={"id": organisation.id})

    async def map(self, *changed: dict[str, Any]) -> tuple[int, Any]:
        """Save the mappings of the demo chart, and more."""
        mappings = [{"slot": slot, "when": when, "to": {"code": code}} for slot, when, code in MAPPINGS]
        return await self.call("PUT", f"{self.path}/mappings", json={"mappings": [*mappings, *changed]})

    async def sync(self, **body: Any) -> dict[str, Any]:
        """Ask for a run, let the engine work, and return the run as it ended."""
        status, run = await self.call("POST", f"{self.path}/sync", json=body)
        assert status == 202, run
        await self.bench.work()
        status, ended = await self.get(f"{self.path}/runs/{run['id']}")
        assert status == 200, ended
        return dict(ended)

    async def entry(self, type_: str, record_id: str) -> dict[str, Any]:
        """How a record stands, by the API."""
        status, page = await self.get(f"{self.path}/entries", type=type_, record=record_id)
        assert (status, len(page["items"])) == (200, 1), page
        return dict(page["items"][0])

    async def proof(self, **query: str) -> dict[str, Any]:
        """The proof."""
        status, found = await self.get(f"{self.path}/proof", **query)
        assert status == 200, found
        return dict(found)


@asynccontextmanager
async def open_office(
    dsn: str, folder: Path, *, sandbox_settings: SandboxSettings | None = None
) -> AsyncIterator[Office]:
    """An office on a fresh database, with the gallery stored and nothing connected."""
    async with open_bench(dsn, folder, sandbox_settings=sandbox_settings) as bench:
        hub = bench.hub
        settings = hub.settings.model_copy(update={"operator_key": SecretStr(OPERATOR_KEY)})
        services = hub.services
        deps = Deps(
            settings=settings,
            database=hub.database,
            registry=hub.registry,
            consents=hub.consents,
            webservices=services,
            entry_store=entries,
            webservice_store=webservices,
        )
        async with TestClient(TestServer(make_app(deps))) as client:
            yield Office(client, bench, services)
