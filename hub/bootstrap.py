"""The only place that makes objects and wires them to each other."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import structlog
from aiohttp import web

from hub import logs
from hub import registry as registry_
from hub.contract import OAuth
from hub.domain.callbacks import is_local_hub
from hub.domain.secrets import Secret
from hub.errors import NotFoundError, PluginError, StartupError
from hub.hookspecs import NotifierTools
from hub.registry import Registry
from hub.remote import secrets as secrets_
from hub.remote.client import RemoteClient
from hub.remote.consents import Consents
from hub.remote.grants import Grants
from hub.remote.oauth import OAuthClient
from hub.remote.outbound import Outbound
from hub.settings import Settings
from hub.store import embedded, entries, grants, leases, migrate, webservices
from hub.store.database import Database
from hub.store.embedded import EmbeddedPostgres
from hub.store.grants import GrantStore
from hub.store.limits import Limiter
from hub.store.operating import BEATS
from hub.sync import janitor
from hub.sync.connecting import Webservices
from hub.sync.doors import RemoteDoors
from hub.sync.scheduler import Scheduler, name_daemon
from hub.sync.session import Tuning
from hub.sync.telling import Teller
from hub.sync.worker import Worker
from hub.web import serving
from hub.web.app import make_app
from hub.web.deps import Deps

log = structlog.get_logger()

SYNC_POOL = 12
BEAT_POOL = 2
TELL_POOL = 4


@dataclass(frozen=True, kw_only=True)
class Hub:
    """The wired hub. `app` is its HTTP side; `scheduler` its engine; `teller` tells people and gallery systems."""

    settings: Settings
    registry: Registry
    database: Database
    client: RemoteClient
    limiter: Limiter
    grants: Grants
    consents: Consents
    doors: RemoteDoors
    services: Webservices
    worker: Worker
    scheduler: Scheduler
    teller: Teller
    app: web.Application
    tuning: Tuning


def load_registry(settings: Settings) -> Registry:
    """The plugins that the settings list, each configured with its own section."""
    config = {name: settings.section(name) for name in settings.plugins}
    return registry_.load(settings.plugins, config=config)


def data_dir(settings: Settings) -> Path:
    """Where the embedded Postgres and the secret key live."""
    return settings.data_dir or embedded.default_data_dir()


@asynccontextmanager
async def open_database_url(settings: Settings) -> AsyncIterator[tuple[str, bool]]:
    """(DSN, whether it is the embedded one, started and stopped here)."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value(), False
        return
    async with EmbeddedPostgres(data_dir(settings)) as dsn:
        yield dsn, True


async def find_database_url(settings: Settings) -> str:
    """The DSN for a command beside a running daemon. Raises StartupError when there is no server to ask."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    running = embedded.find_running(data_dir(settings))
    if running is None:
        raise StartupError("No daemon is running on this data folder: start one with `hub serve`.")
    return running


@asynccontextmanager
async def open_hub(
    settings: Settings, dsn: str, *, alone: bool = False, public_url: str | None = None, tuning: Tuning | None = None
) -> AsyncIterator[Hub]:
    """Everything but the listening socket and the scheduler's loop. *alone*: no other daemon shares the database."""
    registry = load_registry(settings)
    tuning = tuning or Tuning(
        clock_factor=settings.clock_factor,
        resend_seconds=settings.resend_seconds,
        look_seconds=settings.look_seconds,
    )
    await migrate.migrate(dsn)
    async with AsyncExitStack() as stack:
        factor = settings.clock_factor
        admin = await stack.enter_async_context(await Database.open(dsn, clock_factor=factor))
        sync = await stack.enter_async_context(
            await Database.open(dsn, size=SYNC_POOL, application_name="hub-sync", clock_factor=factor)
        )
        owner = name_daemon()
        beats = await stack.enter_async_context(
            await Database.open(dsn, size=BEAT_POOL, application_name=f"{BEATS} {owner}", clock_factor=factor)
        )
        box = secrets_.load_or_make(settings.secret_key_file or data_dir(settings) / "secret.key")
        async with admin.connection() as conn:
            await grants.check_keys(conn, box)
        if alone:
            async with admin.transaction() as conn:
                taken = await leases.take_over_all(conn)
                log.info("leases.taken_over", count=taken)
        client = await stack.enter_async_context(RemoteClient())
        limiter = await stack.enter_async_context(Limiter(sync, clock_factor=factor))
        store = GrantStore(admin, box)
        clients = _clients(registry, client)
        grants_ = Grants(
            store, clients, refresh_within=lambda kind: _facts(registry, kind).refresh_within, clock_factor=factor
        )
        stack.push_async_callback(grants_.close)
        url = public_url or settings.url()
        consents = Consents(store, clients, url)
        doors = RemoteDoors(client, limiter, grants_)
        services = Webservices(
            database=admin,
            registry=registry,
            doors=doors,
            consents=consents,
            grants=grants_,
            budget=limiter,
            box=box,
            public_url=url,
            tuning=tuning,
        )
        worker = Worker(sync, registry, doors, tuning, box=box, beats=beats)
        scheduler = Scheduler(beats, worker, workers=settings.workers, tuning=tuning, owner=owner)
        tells = await stack.enter_async_context(
            await Database.open(dsn, size=TELL_POOL, application_name="hub-tell", clock_factor=factor)
        )
        outbound = await stack.enter_async_context(Outbound(allow_local=is_local_hub(url)))
        open_notifiers(registry, settings, outbound, public_url=url)
        teller = Teller(tells, registry, box, public_url=url, clock_factor=factor)
        app = make_app(
            Deps(
                settings=settings,
                database=admin,
                registry=registry,
                consents=consents,
                webservices=services,
                entry_store=entries,
                webservice_store=webservices,
            )
        )
        yield Hub(
            settings=settings,
            registry=registry,
            database=admin,
            client=client,
            limiter=limiter,
            grants=grants_,
            consents=consents,
            doors=doors,
            services=services,
            worker=worker,
            scheduler=scheduler,
            teller=teller,
            app=app,
            tuning=tuning,
        )


def open_notifiers(registry: Registry, settings: Settings, outbound: Outbound, *, public_url: str) -> None:
    """Give the notifiers what they work with. Raises PluginError: one cannot use what the operator set."""
    smtp = settings.smtp_url
    for told in () if smtp is None else _passwords_of(smtp.get_secret_value()):
        logs.conceal(told)
    for key, notifier in registry.notifiers.items():
        take = getattr(notifier, "open", None)
        if take is None:
            continue
        tools = NotifierTools(
            settings=settings.section(registry.notifier_owners[key]),
            smtp_url=None if smtp is None else Secret(smtp.get_secret_value()),
            public_url=public_url,
            post=outbound.post,
        )
        try:
            take(tools)
        except Exception as error:
            raise PluginError(f"notifier {key!r}: {str(error) or type(error).__name__}") from error


def _passwords_of(url: str) -> tuple[str, ...]:
    """The password of an address, as it is written there and as it is meant."""
    try:
        password = urlsplit(url).password
    except ValueError:
        return ()
    return () if not password else (password, unquote(password))


def _facts(registry: Registry, kind: str) -> OAuth:
    found = registry.kinds.get(kind)
    facts = found.oauth() if found is not None else None
    if facts is None:
        raise NotFoundError(f"the kind {kind!r} has no OAuth")
    return facts


def _clients(registry: Registry, client: RemoteClient) -> Callable[[str], OAuthClient]:
    def make(kind: str) -> OAuthClient:
        return OAuthClient(client, kind, _facts(registry, kind))

    return make


def stop_signal() -> asyncio.Event:
    """An event that SIGTERM or Ctrl-C sets."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    return stop


async def serve(settings: Settings) -> None:
    """The daemon: until SIGTERM or Ctrl-C, then a clean stop within 45 s."""
    stop = stop_signal()
    listener = bind_socket(settings.host, settings.port)
    settings = settings.model_copy(update={"port": listener.getsockname()[1]})
    async with (
        open_database_url(settings) as (dsn, alone),
        open_hub(settings, dsn, alone=alone) as hub,
        listening(hub.app, listener),
        working(hub),
    ):
        log.info("daemon.started", port=settings.port, url=settings.url())
        await stop.wait()
        log.info("daemon.stopping")
    log.info("daemon.stopped")


@asynccontextmanager
async def working(hub: Hub) -> AsyncIterator[None]:
    """The engine at work; at the end it drains: nothing new is sent, what is in flight ends, leases are given back."""
    engine = asyncio.create_task(hub.scheduler.run(), name="scheduler")
    telling = asyncio.create_task(hub.teller.run(), name="teller")
    cleaning = asyncio.create_task(janitor.run(hub.grants, hub.database), name="janitor")
    try:
        yield
    finally:
        cleaning.cancel()
        telling.cancel()
        await asyncio.gather(hub.scheduler.drain(), hub.teller.drain())
        await asyncio.wait([engine, cleaning, telling])


def bind_socket(host: str, port: int, *, or_any: bool = False) -> socket.socket:
    """A bound socket, so that the port is known before anything is wired; *or_any*: another port when it is taken.

    Raises StartupError when the port is taken or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for wanted in (port, 0) if or_any else (port,):
        bound = socket.socket(family, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((host, wanted))
        except OSError as error:
            bound.close()
            failure = error
        else:
            return bound
    raise StartupError(
        f"The hub cannot listen on {host} port {port}: {failure.strerror}. Set HUB_PORT to a free one."
    ) from failure


@asynccontextmanager
async def listening(app: web.Application, bound: socket.socket) -> AsyncIterator[None]:
    """Serve *app* on a bound socket."""
    runner = serving.Runner(app)
    await runner.setup()
    try:
        await web.SockSite(runner, bound).start()
        yield
    finally:
        await runner.cleanup()
