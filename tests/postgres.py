"""A real Postgres for the tests: one server a test run, one template database, a copy of it for each test.

The first worker that needs the server starts a *holder*, a process of its own that keeps an embedded Postgres without
fsync. The pytest session and each of its workers hold a shared file lock; the holder waits for the exclusive one, so
it stops the server and removes its folder when the last of them has gone, in whatever way it went.

With HUB_TEST_DATABASE_URL set (a user that may create databases) that server is used instead.
"""

import asyncio
import fcntl
import hashlib
import inspect
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg

from hub.store import migrate
from hub.store.embedded import EmbeddedPostgres

ROOT = Path(__file__).parents[1]
URL_SETTING = "HUB_TEST_DATABASE_URL"
_START_SECONDS = 60.0
_TURN_SECONDS = 120.0
_POLL_SECONDS = 0.02
_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder with a random name, for its owner only, is made in it
_ROOM_BYTES = 4 * 1024**3
_TEMPLATE_KEY = 0x6875622D74657374  # "hub-test"


def make_session_folder() -> Path:
    """A folder for one test run, in memory where there is room; `HUB_TEST_DATABASE_URL` leaves it empty.

    Thousands of databases are made and dropped: in memory that takes half the time.
    """
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES and os.access(_MEMORY, os.W_OK)
    return Path(tempfile.mkdtemp(prefix="hub-tests-", dir=_MEMORY if roomy else None))


def join_session(folder: Path) -> IO[str]:
    """Take part in the test run of *folder* until the returned file is closed (or the process ends)."""
    file = (folder / "users").open("a")
    fcntl.flock(file, fcntl.LOCK_SH)
    return file


def leave_session(folder: Path, file: IO[str], *, is_owner: bool) -> None:
    """Leave the test run; its owner removes the folder if no server runs there, else the holder does."""
    file.close()
    if is_owner and not (folder / "dsn").exists():
        shutil.rmtree(folder, ignore_errors=True)


async def server_dsn(folder: Path) -> str:
    """The DSN of the run's server (its database is not for tests), started by whoever asks first."""
    if given := os.environ.get(URL_SETTING):
        return given
    return await asyncio.to_thread(_holder_dsn, folder)


def with_database(dsn: str, name: str) -> str:
    """*dsn* with the database *name* in place of its own."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


async def make_template(dsn: str) -> str:
    """The name of the database that has every migration and no rows; made once for each state of the migrations."""
    marks = "".join(f"{one.name} {one.checksum}\n" for one in migrate.read_migrations(migrate.FOLDER))
    name = f"hub_template_{hashlib.sha256(marks.encode()).hexdigest()[:12]}"
    connection = await asyncpg.connect(dsn, timeout=30)
    try:
        await _take_turn(connection)
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await connection.execute(f"DROP DATABASE IF EXISTS {name}_new WITH (FORCE)")
            await connection.execute(f"CREATE DATABASE {name}_new")
            await migrate.migrate(with_database(dsn, f"{name}_new"))
            await connection.execute(f"ALTER DATABASE {name}_new RENAME TO {name}")
    finally:
        await connection.close(timeout=5)
    return name


@asynccontextmanager
async def fresh_database(server: str, template: str | None) -> AsyncIterator[str]:
    """The DSN of a new copy of *template* (None: an empty database), dropped at the end with its connections."""
    name = f"hub_test_{secrets.token_hex(6)}"
    # FILE_COPY: 15 ms against 40 ms for WAL_LOG, measured with fsync off on PostgreSQL 18
    source = f"TEMPLATE {template or 'template1'} STRATEGY FILE_COPY"
    await _run_alone(server, f"CREATE DATABASE {name} {source}")
    try:
        yield with_database(server, name)
    finally:
        await _run_alone(server, f"DROP DATABASE {name} WITH (FORCE)")


async def until(condition: Callable[[], Awaitable[object] | object], *, seconds: float = 30) -> None:
    """Wait until *condition*, a function or a coroutine function, gives something true.

    Raises:
        TimeoutError: it did not within *seconds*.
    """
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if await answer if inspect.isawaitable(answer) else answer:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"not true within {seconds:g} s: {inspect.getsource(condition).strip()}")
        await asyncio.sleep(_POLL_SECONDS)


async def _run_alone(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn, timeout=30)
    try:
        await connection.execute(statement, timeout=60)
    finally:
        await connection.close(timeout=5)


async def _cheapen_logins(dsn: str) -> None:
    """Keep the password with one round of hashing: a test connects ten times, and a login takes half as long."""
    told = urlsplit(dsn)
    word = unquote(told.password or "").replace("'", "''")
    connection = await asyncpg.connect(dsn, timeout=30)
    try:
        await connection.execute("SET scram_iterations = 1")
        await connection.execute(f"ALTER ROLE {told.username} PASSWORD '{word}'")
    finally:
        await connection.close(timeout=5)


async def _take_turn(connection: asyncpg.Connection) -> None:
    deadline = time.monotonic() + _TURN_SECONDS
    while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _TEMPLATE_KEY):
        assert time.monotonic() < deadline, "another test worker has not finished the template database"
        await asyncio.sleep(_POLL_SECONDS)


def _holder_dsn(folder: Path) -> str:
    with (folder / "start").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not (folder / "holder.log").exists():
            _start_holder(folder)
    deadline = time.monotonic() + _START_SECONDS
    while not (folder / "dsn").exists():
        said = (folder / "holder.log").read_text()
        assert "Error" not in said, f"the Postgres of the tests did not start:\n{said}"
        assert time.monotonic() < deadline, f"the Postgres of the tests is not ready:\n{said}"
        time.sleep(_POLL_SECONDS)
    return (folder / "dsn").read_text()


def _start_holder(folder: Path) -> None:
    """Start the holder through a process that ends at once: it outlives this worker and is nobody's zombie."""
    code = (
        "import subprocess, sys; "
        "subprocess.Popen([sys.executable, *sys.argv[1:]], start_new_session=True).returncode = 0"
    )
    with (folder / "holder.log").open("w") as output:
        subprocess.run(
            [sys.executable, "-c", code, "-m", "tests.postgres", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=ROOT,
            timeout=_START_SECONDS,
            check=True,
        )


async def hold(folder: Path) -> None:
    """Keep the server of *folder* until nobody takes part in the test run any more, then remove the folder."""
    async with EmbeddedPostgres(folder, durable=False, max_connections=200) as dsn:
        await _cheapen_logins(dsn)
        part = folder / "dsn.part"
        part.touch(0o600)
        part.write_text(dsn)
        part.rename(folder / "dsn")
        with (folder / "users").open("a") as users:
            await asyncio.to_thread(fcntl.flock, users, fcntl.LOCK_EX)
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


if __name__ == "__main__":
    asyncio.run(hold(Path(sys.argv[1])))
