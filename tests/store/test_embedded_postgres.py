"""The embedded Postgres: its life beside the daemon's, and what it shows to others."""

import asyncio
import contextlib
import json
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest

from hub.errors import StartupError
from hub.store import postgres_cluster
from hub.store.embedded import EmbeddedPostgres, find_running
from hub.store.postgres_cluster import Places
from hub.store.postgres_leftover import remove_socket_folder
from tests.postgres import ROOT, until
from tests.store.places import as_root, open_folder

KEEPER = Path(__file__).with_name("keeper.py")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a child's life to its parent's")


@pytest.fixture
def data_dir():
    """A data folder that does not exist yet, with a space in its path, where an unprivileged account can go."""
    with open_folder() as folder:
        yield folder / "hub data"
        with contextlib.suppress(OSError):
            remove_socket_folder(Path(Places(folder / "hub data").socket.read_text()))


@asynccontextmanager
async def keeper(data_dir: Path, *words: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str, int]]:
    """A daemon process that keeps the server: itself, the DSN and the server's process id."""
    pipe = asyncio.subprocess.PIPE
    path = os.pathsep.join((str(ROOT), *sys.path))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(KEEPER),
        str(data_dir),
        *words,
        stdin=pipe,
        stdout=pipe,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert process.stdout is not None
    try:
        told = {}
        while "dsn" not in told:
            line = await asyncio.wait_for(process.stdout.readline(), 60)
            assert line, "the keeper ended before its server ran"
            with contextlib.suppress(ValueError):  # a log line
                told = json.loads(line)
        yield process, told["dsn"], told["server_pid"]
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def fetch_value(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def write_mark(dsn: str) -> None:
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await connection.execute("CREATE TABLE mark AS SELECT 42 AS value")
        await connection.execute("CHECKPOINT")  # without durability a commit alone may be lost
    finally:
        await connection.close()


async def lets_in(dsn: str) -> bool:
    try:
        return await fetch_value(dsn, "SELECT 1") == 1
    except (OSError, asyncpg.PostgresError):
        return False


async def find_socket_folder(dsn: str) -> Path:
    return Path(str(await fetch_value(dsn, "SHOW unix_socket_directories")).strip('"'))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def is_missing(path: Path) -> bool:
    return not path.exists()


def tcp_links(family: list[psutil.Process]) -> list[object]:
    links: list[object] = []
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):  # the backend of a connection that was just closed
            links += process.net_connections(kind="inet")
    return links


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def test_what_a_running_server_shows_to_others(data_dir):
    postgres = EmbeddedPostgres(data_dir, durable=False)
    async with postgres as dsn:
        places = Places(data_dir)
        password = places.password.read_text()
        server = psutil.Process(postgres.server_pid)
        family = [server, *server.children(recursive=True)]
        socket_folder = await find_socket_folder(dsn)

        assert await fetch_value(dsn, "SELECT current_database()") == "hub"
        assert tcp_links(family) == []
        assert await fetch_value(dsn, "SHOW listen_addresses") == ""
        assert mode(socket_folder) == 0o700
        assert len(os.fsencode(socket_folder / ".s.PGSQL.5432")) <= 103
        for private in (places.password, places.log):
            assert mode(private) == 0o600
        assert mode(places.cluster) == 0o700
        assert mode(places.home) & 0o027 == 0
        assert password not in " ".join(server.cmdline())
        assert set(server.environ()) <= {"PATH", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "LC_CTYPE"}
        assert os.getsid(server.pid) != os.getsid(0), "Ctrl-C would reach the server before the daemon has finished"
        assert "trust" not in [
            word
            for line in (places.cluster / "pg_hba.conf").read_text().splitlines()
            if not line.startswith("#")
            for word in line.split()
        ]
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(dsn.replace(password, "wrong"))
        if as_root():
            assert server.uids().real != 0


async def test_stopping_ends_the_server_and_keeps_the_data(data_dir):
    first, second = EmbeddedPostgres(data_dir), EmbeddedPostgres(data_dir)
    dsn = await first.start()
    pid, folder = first.server_pid, await find_socket_folder(dsn)
    await write_mark(dsn)
    assert find_running(data_dir) == dsn
    reader = await asyncpg.connect(dsn)  # a connection that stays open does not hold up the stop
    await first.stop()
    await first.stop()
    reader.terminate()
    assert pid is not None
    assert is_gone(pid)
    assert is_missing(folder)
    assert find_running(data_dir) is None
    async with second as again:
        assert await fetch_value(again, "SHOW fsync") == "on"
        assert await fetch_value(again, "SELECT value FROM mark") == 42


async def test_a_killed_server_comes_back_at_the_same_address(data_dir):
    postgres = EmbeddedPostgres(data_dir, durable=False)
    async with postgres as dsn:
        await write_mark(dsn)
        killed = postgres.server_pid
        assert killed is not None
        busy = await asyncpg.connect(dsn)
        # A busy backend outlives its postmaster, and its shared memory keeps a new one from starting
        work = asyncio.create_task(busy.execute("DO $$ BEGIN LOOP END LOOP; END $$"))
        backend = busy.get_server_pid()
        await until(lambda: psutil.Process(backend).cpu_times().user > 0.02)
        os.kill(killed, signal.SIGKILL)
        await until(lambda: lets_in(dsn), seconds=60)
        assert await fetch_value(dsn, "SELECT value FROM mark") == 42
        assert postgres.server_pid != killed
        assert is_gone(backend)
        with pytest.raises((asyncpg.PostgresError, OSError)):
            await work
        busy.terminate()


@linux_only
async def test_a_killed_daemon_takes_the_server_with_it_and_the_next_start_has_the_data(data_dir):
    async with keeper(data_dir) as (daemon, dsn, server_pid):
        await write_mark(dsn)
        socket_folder = await find_socket_folder(dsn)
        daemon.kill()
        await daemon.wait()
        await until(lambda: is_gone(server_pid))
    async with EmbeddedPostgres(data_dir, durable=False) as again:
        assert await fetch_value(again, "SELECT value FROM mark") == 42
        assert is_missing(socket_folder)


async def test_a_server_left_by_a_killed_daemon_is_stopped_by_the_next_start(data_dir):
    async with keeper(data_dir, "orphan") as (daemon, dsn, server_pid):
        await write_mark(dsn)
        daemon.kill()
        await daemon.wait()
        assert await lets_in(dsn)
    postgres = EmbeddedPostgres(data_dir, durable=False)
    async with postgres as again:
        assert is_gone(server_pid)
        assert postgres.server_pid != server_pid
        assert await fetch_value(again, "SELECT value FROM mark") == 42


async def test_a_second_daemon_on_the_same_folder_is_refused_and_the_first_goes_on(data_dir):
    async with keeper(data_dir) as (daemon, dsn, _):
        with pytest.raises(StartupError, match=rf"process {daemon.pid}\).*several daemons need HUB_DATABASE_URL"):
            await EmbeddedPostgres(data_dir).start()
        assert await lets_in(dsn)


async def test_a_daemon_that_ends_properly_stops_its_server(data_dir):
    async with keeper(data_dir) as (daemon, _, server_pid):
        await asyncio.wait_for(daemon.communicate(b""), 60)  # closes its standard input
        assert daemon.returncode == 0
        assert is_gone(server_pid)


async def test_a_stranger_with_the_recorded_process_number_is_left_alone(data_dir):
    async with EmbeddedPostgres(data_dir, durable=False):
        record = (Places(data_dir).cluster / "postmaster.pid").read_text()
    stranger = await asyncio.create_subprocess_exec("sleep", "600")
    try:
        _, _, rest = record.partition("\n")
        (Places(data_dir).cluster / "postmaster.pid").write_text(f"{stranger.pid}\n{rest}")
        async with EmbeddedPostgres(data_dir, durable=False) as dsn:
            assert await lets_in(dsn)
        assert not is_gone(stranger.pid)
    finally:
        stranger.kill()
        await stranger.wait()


async def test_a_start_that_was_cut_off_in_initdb_begins_anew(data_dir):
    unfinished = Places(data_dir).unfinished
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    async with EmbeddedPostgres(data_dir, durable=False) as dsn:
        assert await lets_in(dsn)
    assert not unfinished.exists()


async def test_a_cancelled_start_leaves_nothing_behind(data_dir):
    starting = asyncio.create_task(EmbeddedPostgres(data_dir, durable=False).start())
    await until(Places(data_dir).unfinished.exists)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert find_running(data_dir) is None
    async with EmbeddedPostgres(data_dir, durable=False) as dsn:
        assert await lets_in(dsn)


async def test_a_password_that_is_not_the_clusters_is_named_and_no_server_stays(data_dir):
    async with EmbeddedPostgres(data_dir, durable=False):
        pass
    Places(data_dir).password.write_text("another")
    with pytest.raises(StartupError, match="cluster and password belong together"):
        await EmbeddedPostgres(data_dir, durable=False).start()
    assert find_running(data_dir) is None


async def test_a_server_that_ends_at_once_is_reported_in_its_own_words(data_dir):
    async with EmbeddedPostgres(data_dir, durable=False):
        pass
    (Places(data_dir).cluster / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(StartupError, match=r"no_such_setting.*server\.log"):
        await EmbeddedPostgres(data_dir, durable=False).start()


async def test_a_lost_password_is_named(data_dir):
    places = Places(data_dir)
    places.cluster.mkdir(parents=True)
    (places.cluster / "PG_VERSION").write_text("18\n")
    with pytest.raises(StartupError, match=r"password is missing.*backup"):
        await EmbeddedPostgres(data_dir).start()


async def test_a_cluster_of_another_major_version_is_refused_with_the_way_out(data_dir):
    places = Places(data_dir)
    places.cluster.mkdir(parents=True)
    (places.cluster / "PG_VERSION").write_text("12\n")
    with pytest.raises(StartupError, match=r"made by PostgreSQL 12.*HUB_PG_BIN.*pg_dump"):
        await EmbeddedPostgres(data_dir).start()


async def test_a_folder_that_is_no_cluster_is_refused(data_dir):
    places = Places(data_dir)
    places.cluster.mkdir(parents=True)
    (places.cluster / "precious.txt").write_text("mine")
    with pytest.raises(StartupError, match="is no PostgreSQL cluster"):
        await EmbeddedPostgres(data_dir).start()
    assert (places.cluster / "precious.txt").read_text() == "mine"


async def test_a_data_folder_that_cannot_be_made_is_named(data_dir):
    data_dir.write_text("a file")
    with pytest.raises(StartupError, match=r"cannot write .*hub data.*HUB_DATA_DIR"):
        await EmbeddedPostgres(data_dir).start()


async def test_a_full_disk_is_named_before_anything_is_written(data_dir, monkeypatch):
    monkeypatch.setattr(postgres_cluster, "_FREE_BYTES", 2**62)
    with pytest.raises(StartupError, match=r"too little for a database.*Make room"):
        await EmbeddedPostgres(data_dir).start()
    assert not Places(data_dir).cluster.exists()
