"""The embedded Postgres: a server of our own, kept by the daemon when no HUB_DATABASE_URL is set.

It starts and stops with the daemon. When the server is killed the monitor starts it again at the same address, and
whoever uses it only connects anew. When the daemon is killed, Linux tells the server to stop (PR_SET_PDEATHSIG);
elsewhere, or if that failed, the next start stops the server that was left before it starts its own. In both cases
Postgres recovers what was committed.
"""

import asyncio
import contextlib
import os
import time
from pathlib import Path
from types import TracebackType

import asyncpg
import structlog

from hub.errors import StartupError
from hub.store import postgres_leftover, postgres_setup
from hub.store.postgres_account import child_environment, last_lines
from hub.store.postgres_binaries import find_binaries
from hub.store.postgres_cluster import DATABASE, Places, open_log, render_dsn
from hub.store.postgres_setup import Prepared

__all__ = ["EmbeddedPostgres", "default_data_dir", "find_binaries", "find_running"]

log = structlog.get_logger(__name__)

_READY_SECONDS = 300.0  # recovery after a crash replays at most max_wal_size
_PROBE_SECONDS = 0.03
_RESTART_PAUSES = (0.0, 0.2, 1.0, 5.0)  # seconds before each new try; the last one repeats


class EmbeddedPostgres:
    """One PostgreSQL server on the files below `data_dir/postgres`, reachable by a private unix socket only.

    Start and stop it in the same event loop; on Linux the server stops when the thread that called `start` ends.

    Args:
        data_dir: The hub's data folder; made if it is missing. As root it must lie where an unprivileged account
            can go: below /var/lib.
        durable: False leaves out every fsync: for tests only, a power cut then loses the database.
        bin_dir: The folder of `postgres` and `initdb`; None looks for them (`find_binaries`).
        max_connections: Of the server.
    """

    def __init__(
        self, data_dir: Path, *, durable: bool = True, bin_dir: Path | None = None, max_connections: int = 100
    ) -> None:
        self._data_dir = data_dir
        self._durable = durable
        self._bin_dir = bin_dir
        self._max_connections = max_connections
        self._prepared: Prepared | None = None
        self._server: asyncio.subprocess.Process | None = None
        self._monitor: asyncio.Task[None] | None = None

    async def __aenter__(self) -> str:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def server_pid(self) -> int | None:
        """The process id of the postmaster; None when it does not run."""
        return self._server.pid if self._server is not None and self._server.returncode is None else None

    async def start(self) -> str:
        """Start the server and return the DSN for asyncpg; the database `hub` exists then.

        Raises:
            StartupError: it cannot run here, another daemon keeps it, the disk is full...; with the way out.
        """
        if self._prepared is not None:
            raise StartupError("This embedded Postgres is already started.")
        try:
            prepared = await self._prepare()
            await self._launch(prepared)
            await _make_database(prepared.dsn("postgres"))
        except BaseException:
            await self.stop()
            raise
        self._monitor = asyncio.create_task(self._heal(prepared), name="embedded-postgres-monitor")
        log.info("postgres.started", version=prepared.binaries.version, process=self.server_pid)
        return prepared.dsn()

    async def stop(self) -> None:
        """Stop the server (open transactions are rolled back) and give up the data folder; safe to repeat."""
        monitor, self._monitor = self._monitor, None
        if monitor is not None:
            monitor.cancel()
            await asyncio.wait([monitor])
        await self._end_server()
        prepared, self._prepared = self._prepared, None
        if prepared is not None:
            await asyncio.to_thread(postgres_setup.release, prepared)
            log.info("postgres.stopped")

    async def _prepare(self) -> Prepared:
        """Prepare in a thread; a cancelled start waits for the thread's end, so that it leaves nothing behind."""
        working = asyncio.create_task(
            asyncio.to_thread(postgres_setup.prepare, self._data_dir, self._bin_dir, durable=self._durable),
            name="embedded-postgres-prepare",
        )
        try:
            self._prepared = await asyncio.shield(working)
        except asyncio.CancelledError:
            await asyncio.wait([working])
            if working.exception() is None:
                self._prepared = working.result()
            raise
        return self._prepared

    async def _launch(self, prepared: Prepared) -> None:
        """Start the server process and wait until it answers.

        Raises:
            StartupError: it ended, or did not answer in time; with the last lines of its log.
        """
        output = await asyncio.to_thread(open_log, prepared.places)
        with output:
            self._server = await asyncio.create_subprocess_exec(
                *postgres_setup.server_command(prepared, durable=self._durable, max_connections=self._max_connections),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=child_environment(),
                cwd="/",
                start_new_session=True,  # Ctrl-C is for the daemon, which stops the server last
            )
        deadline = time.monotonic() + _READY_SECONDS
        while not await _answers(prepared.dsn("postgres")):
            if self._server.returncode is not None or time.monotonic() > deadline:
                what = "ended" if self._server.returncode is not None else "does not answer"
                words = await asyncio.to_thread(_last_words, prepared.places)
                raise StartupError(
                    f"The embedded Postgres in {prepared.places.home} {what}: {words}. Its log is "
                    f"{prepared.places.log}. If the disk is full, make room and start again; else look at the "
                    "folder's rights, or set HUB_DATABASE_URL."
                )
            await asyncio.sleep(_PROBE_SECONDS)

    async def _heal(self, prepared: Prepared) -> None:
        """Start the server again whenever it ends; until it is stopped."""
        failures = 0
        while True:
            if self._server is not None and not failures:
                log.error("postgres.ended", code=await self._server.wait())
            await asyncio.sleep(_RESTART_PAUSES[min(failures, len(_RESTART_PAUSES) - 1)])
            try:
                await asyncio.to_thread(postgres_setup.prepare_again, prepared)
                await self._launch(prepared)
            except (StartupError, OSError) as error:
                failures += 1
                log.error("postgres.restart_failed", reason=str(error), tries=failures)  # noqa: TRY400 - no traceback
                await self._end_server()
            else:
                failures = 0
                log.warning("postgres.restarted", process=self.server_pid)

    async def _end_server(self) -> None:
        server = self._server
        for number, seconds in postgres_leftover.STOP_STEPS:
            if server is not None and server.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    server.send_signal(number)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(server.wait(), seconds)


def default_data_dir() -> Path:
    """The data folder when HUB_DATA_DIR is unset: /var/lib/integration-hub for root, else below the home folder."""
    if os.geteuid() == 0:
        return Path("/var/lib/integration-hub")
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "integration-hub"


def find_running(data_dir: Path) -> str | None:
    """The DSN of the server that a running daemon keeps on *data_dir*: for commands beside the daemon.

    None when no such server runs, or the password may not be read; it may be starting or stopping.
    """
    places = Places(data_dir)
    folder = postgres_leftover.find_socket_folder(places.cluster)
    if folder is None or postgres_leftover.find_postmaster(places.cluster) is None:
        return None
    try:
        return render_dsn(places.password.read_text(encoding="ascii"), folder)
    except OSError:
        return None


async def _answers(dsn: str) -> bool:
    """Whether the server lets us in: what pg_isready asks, and more.

    Raises:
        StartupError: it answers, but refuses our password.
    """
    try:
        connection = await asyncpg.connect(dsn, timeout=5)
    except asyncpg.InvalidAuthorizationSpecificationError as error:
        raise StartupError(
            f"The embedded Postgres refuses the password kept beside it ({error}). Restore the whole data folder "
            "from one backup: cluster and password belong together."
        ) from error
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False  # not listening yet, or starting up
    await connection.close(timeout=5)
    return True


def _last_words(places: Places) -> str:
    with places.log.open("rb") as file:
        file.seek(max(0, places.log.stat().st_size - 2000))
        return last_lines(file.read().decode(errors="replace"))


async def _make_database(dsn: str) -> None:
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        known = await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE)
        if known is None:
            await connection.execute(f'CREATE DATABASE "{DATABASE}"')
    finally:
        await connection.close(timeout=5)
