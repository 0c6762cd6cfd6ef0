"""The sandbox as one thing: organisations, faults, calls, and the aiohttp application that serves them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

from plugins.xero.sandbox import demo_chart, wire
from plugins.xero.sandbox.calls import Calls
from plugins.xero.sandbox.control import Control
from plugins.xero.sandbox.faults import Faults
from plugins.xero.sandbox.gate import API, Gate
from plugins.xero.sandbox.identity import Identity
from plugins.xero.sandbox.organisation import Organisation
from plugins.xero.sandbox.settings import SandboxSettings
from plugins.xero.sandbox.state import Account
from plugins.xero.sandbox.tokens import Tokens

_BODY_SLACK = 1 << 20


def now_utc() -> datetime:
    """The clock used unless a test brings its own."""
    return datetime.now(UTC)


class Sandbox:
    """An independent stand-in for Xero, all state in memory.

    *clock* gives aware datetimes and drives every stamp, limit window and lifetime. One instance belongs to one
    event loop; tests may alter its organisations directly.
    """

    def __init__(self, *, settings: SandboxSettings | None = None, clock: Callable[[], datetime] | None = None) -> None:
        self.settings = settings or SandboxSettings()
        self.clock = clock or now_utc
        self.organisations: dict[str, Organisation] = {}
        self.faults = Faults()
        self.calls = Calls()
        self.tokens = Tokens(self.settings, self.clock)
        self.gate = Gate(
            settings=self.settings,
            clock=self.clock,
            tokens=self.tokens,
            organisations=self.organisations,
            faults=self.faults,
            calls=self.calls,
        )

    def add_organisation(
        self,
        *,
        name: str,
        country: str = "AU",
        currency: str = "AUD",
        chart: Sequence[Account] | None = None,
        currencies: Iterable[str] = (),
        tracking: Sequence[tuple[str, tuple[str, ...]]] = (("Channel", ("Gallery", "Website", "Fair")),),
    ) -> Organisation:
        """Add an organisation that users may connect.

        *country* (AU, GB, NZ, US, CA) gives tax rates and time zone; *chart* replaces the demo chart. The same name
        gives the same ids in every process.
        """
        organisation_id = demo_chart.stable_id("organisation", name)
        if organisation_id in self.organisations:
            organisation_id = wire.new_id()
        organisation = Organisation(
            organisation_id=organisation_id,
            name=name,
            country=country,
            currency=currency,
            settings=self.settings,
            clock=self.clock,
            chart=chart,
            currencies=tuple(currencies),
            tracking=tracking,
        )
        self.organisations[organisation.id] = organisation
        return organisation

    def add_user(self, name: str) -> str:
        """Another person who may sign in: their id."""
        user_id = wire.new_id()
        self.tokens.users[user_id] = name
        return user_id

    def app(self) -> web.Application:
        """Login, identity, API and control endpoints as one application."""
        app = web.Application(
            middlewares=[self.gate.middleware()], client_max_size=self.settings.max_body_bytes + _BODY_SLACK
        )
        app.add_routes(Identity(self.tokens, self.settings, self.organisations).routes())
        control = Control(organisations=self.organisations, faults=self.faults, calls=self.calls, tokens=self.tokens)
        app.add_routes(control.routes())
        app.router.add_route("*", API + "{tail:.*}", self.gate.api)
        app[SANDBOX] = self
        return app

    @asynccontextmanager
    async def serve(self, port: int = 0, host: str = "127.0.0.1") -> AsyncIterator[str]:
        """Serve on a real socket (port 0: a free one) and give the base URL, without a slash at its end."""
        runner = web.AppRunner(self.app(), access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, host, port)
            await site.start()
            found = runner.addresses[0]
            yield f"http://{host}:{found[1]}"
        finally:
            await runner.cleanup()

    # what a person does in the browser, without one

    def approve(
        self, authorize_url: str, *, organisations: Iterable[Organisation | str] | None = None, user: str | None = None
    ) -> str:
        """Allow access (to the first organisation unless named): the address that the browser is sent back to.

        Raises `plugins.xero.sandbox.grants.PageError` where a person would see an error page.
        """
        pending = self.tokens.open_consent(dict(parse_qsl(urlsplit(authorize_url).query)))
        if isinstance(pending, str):
            return pending
        chosen = list(self.organisations)[:1] if organisations is None else organisations
        ids = [one if isinstance(one, str) else one.id for one in chosen]
        return self.tokens.approve(pending.id, ids, user)

    def refuse(self, authorize_url: str) -> str:
        """Cancel: the address that the browser is sent back to."""
        pending = self.tokens.open_consent(dict(parse_qsl(urlsplit(authorize_url).query)))
        return pending if isinstance(pending, str) else self.tokens.refuse(pending.id)

    def disconnect(self, organisation: Organisation) -> int:
        """A person removes the app from an organisation, inside Xero: nobody is told. FACTS 1.8."""
        return self.tokens.disconnect_organisation(organisation.id)


SANDBOX = web.AppKey("SANDBOX", Sandbox)


def create_sandbox(
    *,
    clock_factor: float = 1.0,
    client_id: str = "sandbox-client",
    client_secret: str | None = "sandbox-secret",  # noqa: S107 - a made-up secret of a stand-in
    settings: SandboxSettings | None = None,
    clock: Callable[[], datetime] | None = None,
) -> Sandbox:
    """A sandbox with two demo organisations, for `hub sandbox xero` and the demo.

    The three named values win over those of *settings*.
    """
    base = settings or SandboxSettings()
    fields = {name: getattr(base, name) for name in base.__struct_fields__}
    fields.update(clock_factor=clock_factor, client_id=client_id, client_secret=client_secret)
    sandbox = Sandbox(settings=SandboxSettings(**fields), clock=clock)
    sandbox.add_organisation(
        name="Harbour Lane Gallery (Demo)",
        country="AU",
        currency="AUD",
        currencies=("USD", "EUR", "GBP", "JPY", "NZD"),
    )
    sandbox.add_organisation(
        name="Minster Yard Fine Art (Demo)", country="GB", currency="GBP", currencies=("EUR", "USD")
    )
    return sandbox


def make_app(*, clock_factor: float, client_id: str, client_secret: str) -> web.Application:
    """The application of `create_sandbox`, for who needs no more than to serve it."""
    return create_sandbox(clock_factor=clock_factor, client_id=client_id, client_secret=client_secret).app()
