"""A database, the process's client, a sandbox of Xero on a real socket, and what stands on them."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from urllib.parse import parse_qsl, urlsplit

import pytest

from hub.contract import OAuth
from hub.remote.client import RemoteClient
from hub.remote.consents import Consents
from hub.remote.grants import Grants
from hub.remote.oauth import OAuthClient
from hub.remote.secrets import SecretBox
from hub.store.database import Database
from hub.store.grants import GrantStore
from plugins.xero.sandbox import Sandbox, SandboxSettings
from tests.remote.support import PUBLIC_URL, five_minutes, make_oauth

KEY = b"k" * 32


class World:
    """The sandbox and one hub process connected to it."""

    def __init__(self, sandbox: Sandbox, base: str, client: RemoteClient, db: Database) -> None:
        self.sandbox = sandbox
        self.base = base
        self.client = client
        self.db = db
        self.facts = make_oauth(base)
        self.store = GrantStore(db, SecretBox([KEY]))
        self.consents = Consents(self.store, self.oauth, PUBLIC_URL)

    def oauth(self, kind: str, facts: OAuth | None = None) -> OAuthClient:
        return OAuthClient(self.client, kind, facts or self.facts)

    def grants(self, *, clients: Callable[[str], OAuthClient] | None = None, factor: float = 1.0) -> Grants:
        """The grants of one more process."""
        return Grants(self.store, clients or self.oauth, refresh_within=five_minutes, clock_factor=factor)

    async def connect(self, gallery: str = "harbour") -> str:
        """Walk through the consent; the grant's id."""
        link = await self.consents.open_link(gallery, "w-1", "xero")
        begun = await self.consents.begin(link.removeprefix("/connect/"))
        back = self.sandbox.approve(begun.redirect_url)
        finished = await self.consents.finish("xero", query_of(back), {begun.cookie_name: begun.cookie_value})
        assert finished.grant_id is not None
        return finished.grant_id

    async def run(self, statement: str, *args: object) -> None:
        async with self.db.connection() as conn:
            await conn.execute(statement, *args)

    async def end_access_token(self) -> None:
        """Every access token is about to end, as the hub sees it."""
        await self.run(
            "UPDATE grant_ SET expires_at = clock_timestamp() + interval '2 seconds', "
            "refreshed_at = clock_timestamp() - interval '1798 seconds'"
        )


def query_of(address: str) -> dict[str, str]:
    """The query of an address that a browser is sent to."""
    return dict(parse_qsl(urlsplit(address).query))


@pytest.fixture
async def make_world(dsn: str) -> Callable[..., AbstractAsyncContextManager[World]]:
    @asynccontextmanager
    async def make(**settings: object) -> AsyncIterator[World]:
        sandbox = Sandbox(settings=SandboxSettings(**settings))  # type: ignore[arg-type] # names are the sandbox's own
        sandbox.add_organisation(name="Harbour Lane")
        async with (
            sandbox.serve() as base,
            RemoteClient() as client,
            await Database.open(dsn, size=6) as db,
        ):
            yield World(sandbox, base, client, db)

    return make


@pytest.fixture
async def world(make_world: Callable[..., AbstractAsyncContextManager[World]]) -> AsyncIterator[World]:
    async with make_world() as world:
        yield world
