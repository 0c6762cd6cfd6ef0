"""The daemon as a process: started, ready, stopped, killed, several at once."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.acceptance.daemon import environment, start_daemon
from tests.store.places import open_folder

GALLERY = {"name": "Harbour Lane", "country": "AU", "currency": "AUD", "timezone": "Australia/Sydney"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the account of the embedded Postgres may enter."""
    with open_folder() as made:
        yield made


async def test_it_starts_on_an_embedded_postgres_is_ready_and_stops_cleanly_on_sigterm(folder: Path) -> None:
    async with start_daemon(environment(folder / "with a space")) as daemon:
        status, _ = await daemon.call("GET", "/readyz")
        assert status == 200

        code = await daemon.stop()

    assert code == 0
    assert [line["event"] for line in daemon.lines][-3:] == ["daemon.stopping", "postgres.stopped", "daemon.stopped"]


async def test_what_was_stored_survives_a_kill_of_the_daemon(folder: Path) -> None:
    env = environment(folder)
    async with start_daemon(env) as daemon:
        status, _ = await daemon.call("PUT", "/api/v1/galleries/g-1", GALLERY)
        assert status == 201
        await daemon.stop(signal.SIGKILL)

    async with start_daemon(env) as again:
        status, body = await again.call("GET", "/api/v1/galleries/g-1")

    assert (status, body["name"]) == (200, "Harbour Lane")


async def test_three_daemons_that_start_at_once_apply_each_migration_once(empty_dsn: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        key = tmp_path / "secret.key"
        starting = [
            stack.enter_async_context(
                start_daemon(environment(tmp_path / f"d{n}", HUB_DATABASE_URL=empty_dsn, HUB_SECRET_KEY_FILE=str(key)))
            )
            for n in range(3)
        ]
        daemons = await asyncio.gather(*starting)
        ready = [await daemon.call("GET", "/readyz") for daemon in daemons]
        applied = [line["name"] for daemon in daemons for line in daemon.lines if line["event"] == "migration.applied"]

    assert [status for status, _ in ready] == [200] * 3
    assert sorted(applied) == sorted(set(applied))
    assert "0003_sync" in applied


async def test_a_setting_that_is_wrong_is_named_and_nothing_starts(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hub.cli", "serve"),
        env=environment(tmp_path, HUB_WORKERS="none"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 30)

    assert process.returncode == 1
    assert b"HUB_WORKERS" in out + err
    assert b"Traceback" not in out + err
