"""`hub demo`: two galleries against a sandbox, seen from outside through the HTTP API alone.

First a year of Harbour Lane Gallery, in three acts: connect over the real consent, map, load the year, sync, proof;
then the bookkeeper enters payments, the gallery edits and voids; then the conflicts are solved, and the proof agrees
again. After it Tidemark Editions, a small gallery in which everything goes wrong once, and some of it is put right.
Every outcome is compared with what must come out, and every reason there is comes up.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from rich.console import Console

from hub import bootstrap
from hub.client import HubClient
from hub.demo.harbour import HarbourLane
from hub.demo.player import KIND, Scene, show_reasons
from hub.demo.tidemark import Tidemark
from hub.errors import StartupError
from hub.hookspecs import SandboxFactory
from hub.settings import Settings
from hub.store import embedded
from hub.store.embedded import EmbeddedPostgres
from hub.testing.year import demo_expectations, generate, tell_troubles

SEED = "demo"
ANCHOR = date(2026, 6, 30)
CLOCK_FACTOR = 0.1  # Xero's minute lasts six seconds, so that limits are met and waited for without boring anybody
DAY_FACTOR = 2e-7  # for the one act in which a day passes: it lasts 17 milliseconds


async def run_demo(settings: Settings, console: Console, *, stop_after_proof: bool) -> int:
    """The whole demo; returns the exit code: 0 only if the proofs agree and every outcome is the expected one."""
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="hub-demo-", dir=_base_folder()))
    try:
        async with AsyncExitStack() as stack:
            console.print("[bold]A year of Harbour Lane Gallery[/bold], in a fresh folder, against a sandbox of Xero.")
            dsn = await stack.enter_async_context(EmbeddedPostgres(folder))
            socket = bootstrap.bind_socket(settings.host, settings.port, or_any=True)
            sandbox, sandbox_app, sandbox_url = await _start_sandbox(stack, settings)
            configured = _configure(settings, folder, dsn, socket.getsockname()[1], sandbox_url)
            hub = await stack.enter_async_context(bootstrap.open_hub(configured, dsn, alone=True))
            await stack.enter_async_context(bootstrap.listening(hub.app, socket))
            key = configured.operator_key.get_secret_value() if configured.operator_key else ""
            url = configured.url()
            client = await stack.enter_async_context(HubClient(url, key))
            scene = Scene(client=client, console=console, sandbox=sandbox, sandbox_app=sandbox_app)
            fine = await _play(scene, configured, dsn)
            console.print(f"[bold]{'All as expected' if fine else 'NOT as expected'}[/bold], {_seconds(began)}.")
            if not stop_after_proof:
                await stack.enter_async_context(_engine(configured, dsn))
                await _stay(console, client, url, key, sandbox_url)
            return 0 if fine else 1
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _play(scene: Scene, settings: Settings, dsn: str) -> bool:
    """Both galleries; whether all came out as expected, and every reason that is expected was met."""
    troubles = Tidemark(scene, tell_troubles(ANCHOR))
    async with _engine(settings, dsn):
        fine = await HarbourLane(scene, generate(SEED, ANCHOR)).play()
        fine = await troubles.play() and fine
    async with _engine(settings.model_copy(update={"clock_factor": DAY_FACTOR}), dsn):
        fine = await troubles.play_a_day_later() and fine
    async with _engine(settings, dsn):
        fine = await troubles.play_the_way_out() and fine
    return show_reasons(scene, demo_expectations(SEED, ANCHOR)) and fine


@asynccontextmanager
async def _engine(settings: Settings, dsn: str) -> AsyncIterator[None]:
    """What makes the runs, with a clock of its own: the HTTP side goes on while one follows another."""
    async with bootstrap.open_hub(settings, dsn) as hub, bootstrap.working(hub):
        yield


def _base_folder() -> Path | None:
    """Postgres, run by root, drops to another account: its folder must lie where that account may go."""
    base = embedded.default_data_dir().parent
    return base if base == Path("/var/lib") else None


async def _start_sandbox(stack: AsyncExitStack, settings: Settings) -> tuple[SandboxFactory, Any, str]:
    registry = bootstrap.load_registry(settings)
    sandbox = registry.sandboxes.get(KIND)
    if sandbox is None:
        raise StartupError(f"No enabled plugin brings a sandbox for {KIND}: add it to HUB_PLUGINS.")
    app = sandbox.app(clock_factor=CLOCK_FACTOR, client_id="demo", client_secret="demo-secret")  # noqa: S106 - a stand-in's
    socket = bootstrap.bind_socket("127.0.0.1", 0)
    await stack.enter_async_context(bootstrap.listening(app, socket))
    return sandbox, app, f"http://localhost:{socket.getsockname()[1]}"


def _configure(settings: Settings, folder: Path, dsn: str, port: int, sandbox_url: str) -> Settings:
    """The operator's settings with the demo's own database, keys and addresses."""
    section = {
        "client_id": "demo",
        "client_secret": "demo-secret",
        "login_url": sandbox_url,
        "identity_url": sandbox_url,
        "api_url": sandbox_url,
    }
    changes = {
        "data_dir": folder,
        "database_url": SecretStr(dsn),
        "port": port,
        "public_url": "",
        "smtp_url": None,  # made-up people get no mail
        "operator_key": SecretStr(f"demo-{secrets.token_urlsafe(24)}"),
        "clock_factor": CLOCK_FACTOR,
    }
    return settings.model_copy(update=changes).with_sections({KIND: section})


def _seconds(began: float) -> str:
    return f"{time.monotonic() - began:.0f} s"


async def _stay(console: Console, client: HubClient, url: str, key: str, sandbox_url: str) -> None:
    console.print(f"\nThe daemon goes on: [bold]{url}[/bold] (API at {url}/api/v1/docs)")
    console.print("Its pages, by links that work once, within five minutes:")
    for gallery in ("harbour-lane", "tidemark"):
        person = {"role": "owner", "user": {"name": "Owner of the demo", "email": "owner@example.com"}}
        made = await client.post(f"/galleries/{gallery}/sessions", person | {"return_url": f"{url}/"})
        console.print(f"  {gallery}: {made['url']}", soft_wrap=True)
    console.print("  (again: POST /api/v1/galleries/<gallery>/sessions with the key)")
    console.print(f"Operator key: {key} (galleries: harbour-lane, tidemark)")
    console.print(f"The sandbox's own page: {sandbox_url}/sandbox/")
    console.print("Ctrl-C stops everything.")
    stopped = bootstrap.stop_signal()
    await stopped.wait()
