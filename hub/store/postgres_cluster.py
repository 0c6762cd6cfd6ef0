"""The files of an embedded Postgres: lock, password, cluster, socket folder.

Below the data folder::

    postgres/lock        held (flock) by the one daemon that keeps the server; holds its process id
    postgres/password    of the database user `hub`, 0600, the daemon's own
    postgres/socket      the path of the socket's folder, which lies elsewhere
    postgres/server.log  what the server prints; the previous one is server.log.1
    postgres/cluster/    Postgres's own files, 0700, the server account's
    postgres/server-*/   a private copy of the programs, only where the account cannot read the installed ones

As root the folders above `cluster` stay root's; the server's group may pass through, nobody may write.
"""

import contextlib
import fcntl
import os
import secrets
import shutil
import stat
import tempfile
from pathlib import Path
from typing import IO
from urllib.parse import quote

from hub.errors import StartupError
from hub.store.postgres_account import Account, find_closed_folder, last_lines, run_as
from hub.store.postgres_binaries import Binaries

USER = "hub"
DATABASE = "hub"
PORT = 5432  # only part of the socket's name: nothing listens on TCP
_FREE_BYTES = 200_000_000  # a new cluster takes 40 MB, its WAL up to 512 MB later
_LOG_BYTES = 10_000_000
_SOCKET_PATH_BYTES = 103  # sun_path holds 104 bytes on macOS and 108 on Linux, with the closing zero


class Places:
    """Where the files below *data_dir* are."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.resolve()
        self.home = self.data_dir / "postgres"
        self.lock = self.home / "lock"
        self.password = self.home / "password"
        self.socket = self.home / "socket"
        self.log = self.home / "server.log"
        self.cluster = self.home / "cluster"
        self.unfinished = self.home / "cluster.new"


def take_lock(places: Places) -> IO[str]:
    """Become the one daemon that keeps the server; closing the file (or dying) gives the place free.

    Raises:
        StartupError: another process has it, or the folder cannot be written.
    """
    try:
        places.data_dir.parent.mkdir(parents=True, exist_ok=True)
        places.data_dir.mkdir(mode=0o700, exist_ok=True)
        places.home.mkdir(mode=0o700, exist_ok=True)
        file = places.lock.open("a+", encoding="ascii")
    except OSError as error:
        raise StartupError(
            f"The embedded Postgres cannot write {places.home} ({error.strerror}). Give the folder to the account "
            "that runs the hub, set HUB_DATA_DIR to one that it can write, or set HUB_DATABASE_URL."
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise StartupError(
            f"Another hub (process {holder}) keeps the embedded Postgres in {places.home}. Stop it first, or give "
            "this one its own HUB_DATA_DIR; several daemons need HUB_DATABASE_URL."
        ) from error
    except OSError as error:
        file.close()
        raise StartupError(
            f"The file system of {places.home} has no file locks ({error.strerror}). Set HUB_DATA_DIR to a local "
            "disk, or set HUB_DATABASE_URL."
        ) from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def open_way(places: Places, account: Account) -> None:
    """Let the server's account pass through our own two folders; folders above them are never touched.

    Raises:
        StartupError: a folder above them is closed to the account.
    """
    if not account.is_dropped:
        return
    for folder in (places.data_dir, places.home):
        if find_closed_folder(account, folder) == folder:
            os.chown(folder, -1, account.gid)
            folder.chmod(stat.S_IMODE(folder.stat().st_mode) & ~stat.S_IRWXG | stat.S_IXGRP)
    if closed := find_closed_folder(account, places.home):
        raise StartupError(
            f"Postgres refuses root, so it runs as {account.name}, who may not enter {closed}. Set HUB_DATA_DIR to a "
            "folder below /var/lib, start the hub as an ordinary user, or set HUB_DATABASE_URL."
        )


def read_major(places: Places) -> int | None:
    """The major version that made the cluster; None when there is no cluster yet.

    Raises:
        StartupError: the folder is there but is no cluster.
    """
    if not places.cluster.exists():
        return None
    try:
        return int((places.cluster / "PG_VERSION").read_text().strip())
    except (OSError, ValueError) as error:
        raise StartupError(
            f"{places.cluster} is no PostgreSQL cluster (no readable PG_VERSION). Restore it from a backup, or move "
            "it away to start with an empty database."
        ) from error


def make_cluster(places: Places, binaries: Binaries, account: Account, *, durable: bool) -> None:
    """Make the cluster if there is none; one that was cut short is made again from the start.

    Raises:
        StartupError: the disk is full, or initdb refused (its words are in the message).
    """
    if places.cluster.exists():
        return
    if shutil.disk_usage(places.home).free < _FREE_BYTES:
        raise StartupError(
            f"The disk of {places.home} has less than {_FREE_BYTES // 1_000_000} MB free, too little for a database. "
            "Make room, set HUB_DATA_DIR to another disk, or set HUB_DATABASE_URL."
        )
    shutil.rmtree(places.unfinished, ignore_errors=True)
    places.unfinished.mkdir(mode=0o700)
    word = places.home / "password.new"
    word.unlink(missing_ok=True)
    try:
        _write_private(word, read_password(places))
        if account.is_dropped:
            os.chown(places.unfinished, account.uid, account.gid)
            os.chown(word, account.uid, account.gid)
        options = ["-D", str(places.unfinished), "-U", USER, "--auth=scram-sha-256", f"--pwfile={word}"]
        options += ["--encoding=UTF8", "--data-checksums", "--no-instructions", *_locale(binaries)]
        options += [] if durable else ["--no-sync"]
        answer = run_as(account, binaries.initdb, *options)
    finally:
        word.unlink(missing_ok=True)
    if answer.returncode != 0:
        shutil.rmtree(places.unfinished, ignore_errors=True)
        raise StartupError(
            f"initdb could not make a database in {places.home}: {last_lines(answer.stdout)}. Look at the disk and "
            "its rights, set HUB_DATA_DIR to another folder, or set HUB_DATABASE_URL."
        )
    places.unfinished.rename(places.cluster)


def read_password(places: Places) -> str:
    """The password of the database user; made on first use.

    Raises:
        StartupError: there is a cluster but its password is lost.
    """
    if not places.password.exists():
        if places.cluster.exists():
            raise StartupError(
                f"{places.password} is missing, and {places.cluster} cannot be opened without it. Restore the file "
                "from the backup of the data folder."
            )
        unfinished = places.password.with_suffix(".part")
        unfinished.unlink(missing_ok=True)
        _write_private(unfinished, secrets.token_urlsafe(24))
        unfinished.rename(places.password)
    return places.password.read_text(encoding="ascii")


def open_log(places: Places) -> IO[bytes]:
    """The file the server prints to (a pipe that nobody reads would stop it), rotated at 10 MB on opening."""
    if places.log.exists() and places.log.stat().st_size > _LOG_BYTES:
        places.log.replace(places.log.with_name("server.log.1"))
    descriptor = os.open(places.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    return os.fdopen(descriptor, "ab")


def make_socket_folder(account: Account) -> Path:
    """A new folder for the socket, 0700 and the account's own, with a name short enough and impossible to guess.

    Below the runtime folder where there is one, else below the folder for temporary files.

    Raises:
        StartupError: no place can be written.
    """
    runtime = "/run" if account.is_dropped else os.environ.get("XDG_RUNTIME_DIR", "")
    for parent in (runtime, tempfile.gettempdir(), "/tmp"):  # noqa: S108 - mkdtemp inside it is private
        with contextlib.suppress(OSError):
            if parent and len(os.fsencode(parent)) < _SOCKET_PATH_BYTES - len(f"/hub-pg-12345678/.s.PGSQL.{PORT}"):
                folder = Path(tempfile.mkdtemp(prefix="hub-pg-", dir=parent))
                if account.is_dropped:
                    os.chown(folder, account.uid, account.gid)
                if find_closed_folder(account, folder) is None:
                    return folder
                folder.rmdir()
    raise StartupError(
        f"Found no folder for the socket of the embedded Postgres (tried {runtime or '-'}, {tempfile.gettempdir()}): "
        "set TMPDIR to a short path that can be written, or set HUB_DATABASE_URL."
    )


def render_dsn(password: str, socket_folder: Path, database: str = DATABASE) -> str:
    """The address for asyncpg; it holds the password, so it stays out of logs and process arguments."""
    return f"postgresql://{USER}:{password}@/{database}?host={quote(str(socket_folder), safe='')}&port={PORT}"


def _locale(binaries: Binaries) -> list[str]:
    """Sort by code point everywhere: no index depends on the collations of the operating system's version."""
    if binaries.major >= 17:
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    return ["--locale=C"]


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
