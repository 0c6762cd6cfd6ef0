"""A remote side of our own that does as it is told, a kind that calls it, and a limiter that never waits."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import msgspec
import pydantic
from aiohttp import web

from hub.contract import OAuth, Webservice
from hub.domain.capabilities import Capabilities, Idempotency, Limits
from hub.domain.drafts import Response
from hub.errors import ThrottledError

PUBLIC_URL = "http://localhost:8321"
SECRET = "sandbox-secret"
SCOPES = (
    "offline_access",
    "accounting.invoices",
    "accounting.payments",
    "accounting.contacts",
    "accounting.settings.read",
)

Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Side:
    """Remembers every request; answers by `reply`."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.reply: Reply = self.ok
        self.url = ""

    async def ok(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"ok": True}, headers={"Xero-Correlation-Id": "abc-123", "X-DayLimit-Remaining": "7"})

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.method, request.raw_path, dict(request.headers), await request.read()))
        return await self.reply(request)

    def answer(self, *statuses: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> None:
        """Give these statuses in turn, the last one for ever."""
        left = list(statuses)

        async def reply(request: web.Request) -> web.StreamResponse:
            status = left.pop(0) if len(left) > 1 else left[0]
            return web.Response(status=status, headers=headers, body=body)

        self.reply = reply


@asynccontextmanager
async def serving(side: Side | None = None) -> AsyncIterator[Side]:
    """*side* on a free port of 127.0.0.1."""
    side = side or Side()
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{tail:.*}", side._handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    side.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield side
    finally:
        await runner.cleanup()


def make_kind(url: str, *, limits: Limits | None = None, idempotency: str = "header") -> type[Webservice]:
    """A kind whose base address is *url*."""
    given, able = limits or Limits(in_flight=5, timeout=5), Capabilities(idempotency=Idempotency(idempotency))

    class Kind(Webservice):
        kind: ClassVar[str] = "xero"
        title: ClassVar[str] = "Xero"
        limits: ClassVar[Limits] = given
        capabilities: ClassVar[Capabilities] = able

        @classmethod
        def base_url(cls) -> str:
            return url

        @classmethod
        def organisation_headers(cls, organisation_id: str) -> Mapping[str, str]:
            return {"Xero-Tenant-Id": organisation_id}

        @classmethod
        def remaining(cls, response: Response) -> Mapping[str, int]:
            left = response.headers.get("x-daylimit-remaining")
            return {} if left is None else {"day": int(left)}

    return Kind


def make_oauth(base: str, **changes: Any) -> OAuth:
    """Provider facts as of the Xero sandbox at *base*."""
    facts = OAuth(
        authorize_url=f"{base}/identity/connect/authorize",
        token_url=f"{base}/connect/token",
        revocation_url=f"{base}/connect/revocation",
        client_id="sandbox-client",
        client_secret=pydantic.SecretStr(SECRET),
        scopes=SCOPES,
        user_claim="xero_userid",
        consent_claim="authentication_event_id",
    )
    return msgspec.structs.replace(facts, **changes)


def five_minutes(_kind: str) -> float:
    """`refresh_within` of every kind."""
    return 300.0


class FakeSlot:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: Mapping[str, int] = {}
        self.parked: ThrottledError | None = None
        self.is_unused = False
        self.lingers = False

    def tell(self, remaining: Mapping[str, int]) -> None:
        self.told = remaining

    def park(self, error: ThrottledError) -> None:
        self.parked = error

    def unused(self) -> None:
        self.is_unused = True

    def linger(self) -> None:
        self.lingers = True


class FakeLimiter:
    """Gives slots at once and remembers them, with the scope each was for."""

    def __init__(self) -> None:
        self.slots: list[FakeSlot] = []
        self.scopes: list[str] = []
        self.open = 0

    @asynccontextmanager
    async def slot(
        self, kind: str, organisation_id: str, limits: Limits, *, reserve: int = 0, priority: str = "run"
    ) -> AsyncIterator[FakeSlot]:
        slot = FakeSlot()
        self.slots.append(slot)
        self.scopes.append(organisation_id)
        self.open += 1
        try:
            yield slot
        finally:
            self.open -= 1


class FakeTokens:
    """Hands out numbered tokens: a new one whenever the last is rejected."""

    def __init__(self) -> None:
        self.number = 1
        self.rejected: list[str] = []

    async def __call__(self, *, rejected: str | None = None) -> str:
        if rejected is not None:
            self.rejected.append(rejected)
            self.number += 1
        await asyncio.sleep(0)
        return f"token-{self.number}"
