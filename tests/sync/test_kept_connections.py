"""Connections go back to their pool as they came: nothing of ours changes a session (`hub.store.database._keep`)."""

from __future__ import annotations

from typing import Any

import pytest

from hub.store.database import Connection, Database
from tests.sync.harness import Bench, make_contact, make_invoice, make_payment

# the driver itself sets jit to what it is while it reads types: the value counts, not who set it
_CHANGED = "SELECT name FROM pg_settings WHERE source = 'session' AND setting <> reset_val ORDER BY name"
_LEFT = """SELECT (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())
  + (SELECT count(*) FROM pg_cursors WHERE name <> '') + (SELECT count(*) FROM pg_listening_channels())
  + (SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND pg_table_is_visible(oid))"""


async def read_session(conn: Connection) -> tuple[list[str], int]:
    """Settings that were changed since the connection was made, and how much else is left in its session."""
    return [row["name"] for row in await conn.fetch(_CHANGED)], await conn.fetchval(_LEFT)


async def list_sessions(database: Database) -> list[tuple[list[str], int]]:
    """Of every connection that the pool has by now."""
    pool: Any = database._pool
    held = [await pool.acquire() for _ in range(pool.get_size())]
    try:
        return [await read_session(conn) for conn in held]
    finally:
        for conn in held:
            await pool.release(conn)


async def test_a_sync_leaves_every_session_as_it_was_made(bench: Bench) -> None:
    await bench.connect()
    await bench.put(make_contact(), *(make_invoice(f"i-{n}") for n in range(1, 8)), make_payment(invoice_id="i-2"))
    await bench.sync()
    await bench.sync(dry_run=True)
    for database in (bench.hub.database, bench.hub.worker._database, bench.hub.scheduler._database):
        found = await list_sessions(database)
        assert found
        assert set(map(str, found)) == {str(([], 0))}


@pytest.mark.parametrize(
    "statement", ["SET work_mem = '8MB'", "SELECT pg_advisory_lock(7)", "LISTEN news", "CREATE TEMP TABLE t (n int)"]
)
async def test_what_would_stay_in_a_session_is_seen(bench: Bench, statement: str) -> None:
    async with bench.hub.database.connection() as conn:
        await conn.execute(statement)
        assert await read_session(conn) != ([], 0)
        await conn.execute("SELECT pg_advisory_unlock_all()")
        await conn.execute("DISCARD ALL")


async def test_a_transaction_left_open_is_rolled_back_when_its_connection_goes_back(bench: Bench) -> None:
    async with bench.hub.database.connection() as conn:
        await conn.execute("BEGIN")
        await conn.execute("DELETE FROM webservice")
    async with bench.hub.database.connection() as conn:
        assert not conn.is_in_transaction()
