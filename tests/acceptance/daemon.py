"""A real `hub` process, started and ended as an operator does."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

KEY = "operator-key-of-a-test"
START_SECONDS = 60
STOP_SECONDS = 45


@dataclass
class Daemon:
    """One running `hub serve`."""

    process: Process
    port: int = 0
    lines: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """(status, JSON)."""
        headers = {"Authorization": f"Bearer {KEY}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.request(method, f"{self.url}{path}", json=body) as got,
        ):
            return got.status, json.loads(await got.read() or b"null")

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; returns the exit code."""
        self.process.send_signal(number)
        async with asyncio.timeout(STOP_SECONDS):
            return await self.process.wait()


def environment(folder: Path, **more: str) -> dict[str, str]:
    """The environment of a daemon of its own: nothing of the tests' leaks in."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("HUB_")}
    return kept | {"HUB_DATA_DIR": str(folder), "HUB_PORT": "0", "HUB_OPERATOR_KEY": KEY, "HUB_LOG": "json"} | more


@asynccontextmanager
async def start_daemon(env: Mapping[str, str]) -> AsyncIterator[Daemon]:
    """`hub serve` in a process, ready; it is killed at the end when it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hub.cli", "serve", env=dict(env), stdout=PIPE, stderr=PIPE
    )
    daemon = Daemon(process)
    reader = asyncio.create_task(_read(daemon))
    try:
        async with asyncio.timeout(START_SECONDS):
            while not daemon.port:
                if process.returncode is not None:
                    raise AssertionError(f"the daemon ended with {process.returncode}: {daemon.lines[-5:]}")
                await asyncio.sleep(0.02)
        yield daemon
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reader


async def _read(daemon: Daemon) -> None:
    assert daemon.process.stderr is not None
    async for raw in daemon.process.stderr:
        try:
            line = json.loads(raw)
        except ValueError:
            line = {"event": raw.decode(errors="replace").rstrip()}
        daemon.lines.append(line)
        if line.get("event") == "daemon.started":
            daemon.port = int(line["port"])
