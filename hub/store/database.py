"""The pool of connections, and the border where the driver's errors become the hub's."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from typing import Any, Self, TypeAlias

import asyncpg
import msgspec
from asyncpg import exceptions as pg

from hub.errors import BusyError, UnavailableError

Connection: TypeAlias = "asyncpg.Connection[Any] | asyncpg.pool.PoolConnectionProxy[Any]"  # generic in its stubs only

ACQUIRE_SECONDS = 5.0
LOCK_SECONDS = 5
IDLE_IN_TRANSACTION_SECONDS = 60
_CLOSE_SECONDS = 10.0

_BUSY = (
    pg.LockNotAvailableError,  # lock_timeout
    pg.QueryCanceledError,  # statement_timeout
    pg.DeadlockDetectedError,
    pg.SerializationError,
    pg.TooManyConnectionsError,
    pg.IdleInTransactionSessionTimeoutError,
    pg.OutOfMemoryError,
    pg.DiskFullError,
    TimeoutError,  # command_timeout, or no connection free in time
)
_GONE = (
    pg.PostgresConnectionError,
    pg.AdminShutdownError,
    pg.CrashShutdownError,
    pg.CannotConnectNowError,
    pg.InternalClientError,
    ConnectionError,
)


class Database:
    """A pool of connections to one Postgres database.

    Every wait has an end: 5 s for a free connection or a lock, `command_timeout` for a statement, 60 s for a
    transaction in which nothing happens. Columns of type jsonb come and go as plain values: numbers that are not whole
    come as Decimal, Decimals go as strings.
    """

    def __init__(self, pool: asyncpg.Pool[Any], *, acquire_timeout: float = ACQUIRE_SECONDS) -> None:
        self._pool = pool
        self._acquire_timeout = acquire_timeout

    @classmethod
    async def open(
        cls,
        dsn: str,
        *,
        size: int = 10,
        command_timeout: float = 30,
        acquire_timeout: float = ACQUIRE_SECONDS,
        application_name: str = "hub",
        clock_factor: float = 1,
    ) -> Database:
        """Open a pool of at most *size* connections; the caller closes it.

        Args:
            dsn: Of the database.
            size: Connections at most. Work of another kind (sync, heartbeat) opens a pool of its own.
            command_timeout: Seconds for one statement; the server ends it then.
            acquire_timeout: Seconds to wait for a free connection.
            application_name: What pg_stat_activity shows.
            clock_factor: What the SQL function waiting() scales its seconds by.

        Raises:
            UnavailableError: there is no server, or it refuses us.
        """
        settings = {
            "application_name": application_name,
            "hub.clock_factor": repr(float(clock_factor)),
            "timezone": "UTC",
            "jit": "off",  # compiling costs more than our short statements
            "plan_cache_mode": "force_custom_plan",  # a plan kept from when a table was empty reads all of it for ever
            "lock_timeout": f"{LOCK_SECONDS}s",
            "statement_timeout": f"{math.ceil(command_timeout * 1000)}ms",
            "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_SECONDS}s",
        }
        try:
            pool = await asyncpg.create_pool(
                dsn,
                min_size=1,
                max_size=size,
                command_timeout=command_timeout + 2,  # the server comes first and keeps the connection usable
                timeout=acquire_timeout,
                server_settings=settings,
                init=_prepare,
                reset=_keep,
            )
        except (*_GONE, *_BUSY, OSError, pg.PostgresError) as error:
            raise UnavailableError(f"the database cannot be reached: {str(error) or type(error).__name__}") from error
        return cls(pool, acquire_timeout=acquire_timeout)

    async def close(self) -> None:
        """Close every connection: politely within 10 s, then at once."""
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    async def __aenter__(self) -> Self:
        """Itself, already open."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the pool."""
        await self.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection outside any transaction, given back at the end, also after a cancellation.

        Raises:
            BusyError: none was free in time, or a statement or lock took too long.
            UnavailableError: the server cannot be reached or went away.
        """
        with translate_errors():
            try:
                connection = await self._pool.acquire(timeout=self._acquire_timeout)
            except OSError as error:  # refused, no such socket, no route; TimeoutError is one and stays busy
                if isinstance(error, TimeoutError):
                    raise
                raise UnavailableError from error
            try:
                yield connection
            finally:
                await self._pool.release(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection in a transaction (read committed): committed at the end, rolled back by any exception.

        Raises:
            BusyError, UnavailableError: as `connection`.
        """
        async with self.connection() as connection, connection.transaction():
            yield connection


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turn the driver's errors about time and connection into the hub's; all others pass."""
    try:
        yield
    except _BUSY as error:
        raise BusyError from error
    except _GONE as error:
        raise UnavailableError from error
    except pg.InterfaceError as error:
        # "connection is closed", "pool is closing", "has been released": the driver has no class for a lost connection
        if any(word in str(error) for word in ("clos", "released")):
            raise UnavailableError from error
        raise


def constraint_of(error: pg.IntegrityConstraintViolationError) -> str | None:
    """The name of the constraint that *error* is about: what callers turn into a ConflictError by."""
    name: str | None = getattr(error, "constraint_name", None)
    return name


_decode_json = msgspec.json.Decoder(float_hook=Decimal).decode
_encode_json = msgspec.json.encode


async def _prepare(connection: Connection) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",  # one version byte, then the text
        encoder=lambda value: b"\x01" + _encode_json(value),
        decoder=lambda data: _decode_json(data[1:]),
    )


async def _keep(_: Connection) -> None:
    """Instead of the driver's reset, a call to the server at each return of a connection (a quarter of all calls).

    Nothing of ours changes a session: settings come with the connection, what SQL sets is local to its transaction, and
    locks are the transaction's. What the driver itself does first stays: an open transaction is rolled back.
    """
