"""From a data folder to a server that is ready to launch: one blocking function, and the server's settings."""

import os
from pathlib import Path
from typing import IO

import msgspec

from hub.errors import StartupError
from hub.store import postgres_cluster, postgres_leftover
from hub.store.postgres_account import Account, child_command, choose_account
from hub.store.postgres_binaries import Binaries, find_binaries, make_readable
from hub.store.postgres_cluster import PORT, Places


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """All that a launch needs; `lock` is open, and its holder alone may launch or stop the server."""

    places: Places
    lock: IO[str]
    account: Account
    binaries: Binaries
    password: str
    socket_folder: Path

    def dsn(self, database: str = postgres_cluster.DATABASE) -> str:
        """The DSN of *database*, with the password."""
        return postgres_cluster.render_dsn(self.password, self.socket_folder, database)


def prepare(data_dir: Path, bin_dir: Path | None, *, durable: bool) -> Prepared:
    """Take the data folder, stop what a killed daemon left in it, make the cluster if there is none.

    Raises:
        StartupError: with the way out; nothing is held then.
    """
    places = Places(data_dir)
    lock = postgres_cluster.take_lock(places)
    try:
        account = choose_account(places.cluster, places.data_dir)
        postgres_cluster.open_way(places, account)
        postgres_leftover.clear_leftover(places.cluster)
        if places.socket.exists():  # of a daemon that was killed
            postgres_leftover.remove_socket_folder(Path(places.socket.read_text(encoding="utf-8")))
        binaries = make_readable(_fitting_binaries(places, bin_dir), account, places.home)
        postgres_cluster.make_cluster(places, binaries, account, durable=durable)
        password = postgres_cluster.read_password(places)
        socket_folder = postgres_cluster.make_socket_folder(account)
        places.socket.write_text(str(socket_folder), encoding="utf-8")
        return Prepared(
            places=places,
            lock=lock,
            account=account,
            binaries=binaries,
            password=password,
            socket_folder=socket_folder,
        )
    except OSError as error:
        lock.close()
        raise StartupError(
            f"The embedded Postgres cannot prepare {places.home} ({error}). Look at the disk and its rights, set "
            "HUB_DATA_DIR to another folder, or set HUB_DATABASE_URL."
        ) from error
    except BaseException:
        lock.close()
        raise


def release(prepared: Prepared) -> None:
    """Undo `prepare` once the server has stopped; the database stays."""
    postgres_leftover.remove_socket_folder(prepared.socket_folder)
    prepared.places.socket.unlink(missing_ok=True)
    prepared.lock.close()


def prepare_again(prepared: Prepared) -> None:
    """Clear the way for a new launch at the same address, after the server has ended by itself."""
    postgres_leftover.clear_leftover(prepared.places.cluster)
    postgres_leftover.remove_socket_folder(prepared.socket_folder)
    prepared.socket_folder.mkdir(mode=0o700, exist_ok=True)
    if prepared.account.is_dropped:
        os.chown(prepared.socket_folder, prepared.account.uid, prepared.account.gid)


def server_command(prepared: Prepared, *, durable: bool, max_connections: int) -> list[str]:
    """The argument list of the server, a child of this process that ends with it; no secret is in it."""
    settings = _settings(prepared, max_connections) | ({} if durable else _VOLATILE)
    words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    cluster = str(prepared.places.cluster)
    return child_command(prepared.account, prepared.binaries.postgres, "-D", cluster, *words, parent=os.getpid())


def _fitting_binaries(places: Places, bin_dir: Path | None) -> Binaries:
    major = postgres_cluster.read_major(places)
    try:
        return find_binaries(bin_dir, major=major)
    except StartupError as error:
        if major is None:
            raise
        raise StartupError(
            f"The database in {places.cluster} was made by PostgreSQL {major} and opens only with that. {error} To "
            "move to another version: pg_dump with the old one, move the folder away, load the dump."
        ) from error


_VOLATILE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "32MB",
}


def _settings(prepared: Prepared, max_connections: int) -> dict[str, str]:
    """A small footprint on a machine it shares, and a log without anyone's data."""
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": f'"{prepared.socket_folder}"',
        "unix_socket_permissions": "0700",
        "port": str(PORT),
        "max_connections": str(max_connections),
        "password_encryption": "scram-sha-256",
        "shared_buffers": "64MB",
        "max_wal_size": "512MB",
        "max_parallel_workers_per_gather": "0",  # needs /dev/shm, which containers keep small
        "max_parallel_maintenance_workers": "0",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_checkpoints": "off",
        "log_min_messages": "log",  # no ERROR lines: they quote statements and keys of galleries
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
    }
    if prepared.binaries.major >= 18:
        settings["io_method"] = "sync"  # three worker processes less
    return settings
