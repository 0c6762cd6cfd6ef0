"""Forward-only migrations: numbered SQL files, each applied once, in order, in a transaction of its own.

A file is `migrations/0007_what_it_does.sql`. What was applied stands, with its SHA-256, in the table
`schema_migration`; an applied file is never edited, a change is a new file. Old daemons may go on serving while a
newer one migrates, so a migration only adds what the old version can live with, and waits for a table's lock for a
short time only.
"""

import asyncio
import hashlib
import re
import time
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import msgspec
import structlog

from hub.errors import StartupError, UnavailableError

log = structlog.get_logger(__name__)

FOLDER = Path(__file__).with_name("migrations")
_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_ADVISORY_KEY = 0x6875622D6D696772  # "hub-migr"
_POLL_SECONDS = 0.1
_TURN_SECONDS = 600.0
_LOCK_TRIES = 60
_LOCK_TIMEOUT = "1s"  # a waiting ALTER TABLE holds up every query behind it

_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migration (
    number integer CONSTRAINT schema_migration_pkey PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""
_HAS_TABLE = "SELECT to_regclass('schema_migration') IS NOT NULL"
_LIST = "SELECT number, name, checksum FROM schema_migration ORDER BY number"
_RECORD = "INSERT INTO schema_migration (number, name, checksum) VALUES ($1, $2, $3)"

Connection: TypeAlias = "asyncpg.Connection[Any] | asyncpg.pool.PoolConnectionProxy[Any]"  # generic in its stubs only


class Migration(msgspec.Struct, frozen=True, kw_only=True):
    """One migration: `name` is the file's name without `.sql`, `checksum` the SHA-256 of its text in hex."""

    number: int
    name: str
    checksum: str
    sql: str = ""


async def migrate(dsn: str, *, folder: Path | None = None) -> list[str]:
    """Apply what is missing and return the names applied, in order; an empty list when there was nothing to do.

    Any number of processes may call it at once: each migration is applied by one of them, the others wait.

    Args:
        dsn: Of the database; its user may change the schema.
        folder: Of the `.sql` files; None is the hub's own.

    Raises:
        StartupError: the files or the database are not as they should be, the lock is not to be had, or the
            database refused a statement; what was applied before stays.
        UnavailableError: there is no server, or it refuses us.
    """
    shipped = read_migrations(folder or FOLDER)
    connection = await _connect(dsn)
    try:
        await _take_turn(connection)
        await connection.execute(_TABLE)
        missing = plan_migrations(shipped, await _list_applied(connection))
        for migration in missing:
            await _apply(connection, migration)
    finally:
        await connection.close(timeout=5)  # gives the advisory lock free, too
    return [migration.name for migration in missing]


async def _connect(dsn: str) -> Connection:
    try:
        return await asyncpg.connect(dsn, timeout=30, server_settings={"application_name": "hub-migrate"})
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise UnavailableError(f"the database cannot be reached: {str(error) or type(error).__name__}") from error


async def pending(dsn: str, *, folder: Path | None = None) -> list[str]:
    """The names of the migrations that `migrate` would apply; changes nothing.

    Raises:
        StartupError: as `migrate`, when it would refuse.
    """
    connection = await _connect(dsn)
    try:
        applied = await _list_applied(connection)
    finally:
        await connection.close(timeout=5)
    return [migration.name for migration in plan_migrations(read_migrations(folder or FOLDER), applied)]


async def is_current(connection: Connection, *, folder: Path | None = None) -> bool:
    """Whether every migration of this version is applied, unchanged: the database's part of /readyz.

    A database that a newer version has migrated further is current: the old version goes on serving.
    """
    applied = {(one.number, one.name, one.checksum) for one in await _list_applied(connection)}
    shipped = await asyncio.to_thread(read_migrations, folder or FOLDER)
    return all((one.number, one.name, one.checksum) in applied for one in shipped)


def read_migrations(folder: Path) -> tuple[Migration, ...]:
    """The migrations in *folder* by number; line ends do not count for the checksum.

    Raises:
        StartupError: a name is not `0001_name.sql`, or the numbers are not 1, 2, 3...
    """
    found: list[Migration] = []
    for path in sorted(folder.glob("*.sql")):
        name = _NAME.fullmatch(path.name)
        if name is None:
            raise StartupError(f"{path}: a migration is called 0001_what_it_does.sql (a-z, 0-9 and _). Rename it.")
        text = path.read_text(encoding="utf-8")  # reads every line end as \n
        checksum = hashlib.sha256(text.encode()).hexdigest()
        found.append(Migration(number=int(name[1]), name=path.stem, checksum=checksum, sql=text))
    for expected, migration in enumerate(found, start=1):
        if migration.number != expected:
            fault = "is there twice" if migration.number < expected else f"comes where {expected:04} is missing"
            raise StartupError(
                f"Migrations in {folder}: number {migration.number:04} ({migration.name}) {fault}. Numbers run from "
                "0001 without gaps; give the newer file the next free number."
            )
    return tuple(found)


def plan_migrations(shipped: tuple[Migration, ...], applied: tuple[Migration, ...]) -> tuple[Migration, ...]:
    """Those of *shipped* to apply, in order, to a database that has *applied*; both are in order of number.

    Raises:
        StartupError: the database is newer than this version, or an applied migration was edited or renamed.
    """
    for known, done in zip(shipped, applied, strict=False):
        if known.number != done.number:
            raise StartupError(
                f"The database has migration {done.name} but not {known.name}: its table schema_migration was "
                "changed by hand. Restore the database from a backup."
            )
        if known.name != done.name:
            raise StartupError(
                f"Migration {known.name} was applied to this database as {done.name}. Name the file {done.name}.sql "
                "again; a new migration gets the next free number."
            )
        if known.checksum != done.checksum:
            raise StartupError(
                f"Migration {known.name} was edited after it was applied to this database. Restore the file as it "
                "was released and put the change into a new migration."
            )
    if len(applied) > len(shipped):
        raise StartupError(
            f"The database is newer than this version of the hub: it has {applied[-1].name}, this version ends with "
            f"{shipped[-1].name if shipped else 'none'}. Start the newer version, or restore a backup made before it."
        )
    return shipped[len(applied) :]


async def _list_applied(connection: Connection) -> tuple[Migration, ...]:
    if not await connection.fetchval(_HAS_TABLE):
        return ()
    rows = await connection.fetch(_LIST)
    return tuple(Migration(number=row["number"], name=row["name"], checksum=row["checksum"]) for row in rows)


async def _take_turn(connection: Connection) -> None:
    """Wait for the advisory lock by asking again and again.

    The waiting form holds a snapshot open while it waits, and a CREATE INDEX CONCURRENTLY in the process that has
    the lock waits for that snapshot: a deadlock.
    """
    deadline = time.monotonic() + _TURN_SECONDS
    while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _ADVISORY_KEY):
        if time.monotonic() > deadline:
            raise StartupError(
                f"Another process has been migrating this database for {_TURN_SECONDS:g} s. See pg_stat_activity "
                "(application_name hub-migrate); end it if it hangs, then start again."
            )
        await asyncio.sleep(_POLL_SECONDS)


async def _apply(connection: Connection, migration: Migration) -> None:
    began = time.monotonic()
    for _ in range(_LOCK_TRIES):
        try:
            await _apply_once(connection, migration)
        except asyncpg.LockNotAvailableError as error:
            last = error
            await asyncio.sleep(_POLL_SECONDS)
        except asyncpg.PostgresError as error:
            raise StartupError(
                f"Migration {migration.name} failed and was rolled back: {error}. Those before it stay applied; "
                "report this, or go back to the former version."
            ) from error
        else:
            seconds = round(time.monotonic() - began, 3)
            log.info("migration.applied", name=migration.name, seconds=seconds)
            return
    raise StartupError(
        f"Migration {migration.name} did not get its locks in {_LOCK_TRIES} tries: {last}. See pg_stat_activity for a "
        "long transaction, end it, then start again."
    ) from last


async def _apply_once(connection: Connection, migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'; SET LOCAL statement_timeout = 0")
        started = await connection.fetchval("SELECT pg_current_xact_id()::text")
        await connection.execute(migration.sql)
        if await connection.fetchval("SELECT pg_current_xact_id()::text") != started:
            raise StartupError(f"Migration {migration.name} ends its own transaction: take COMMIT and BEGIN out of it.")
        await connection.execute(_RECORD, migration.number, migration.name, migration.checksum)
