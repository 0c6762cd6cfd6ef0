"""The pool: every wait ends, nothing leaks, errors of the driver become the hub's."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from hub.errors import BusyError, UnavailableError
from hub.store.database import Connection, Database, constraint_of
from hub.store.queries import load, parse_queries


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    async with await Database.open(dsn, size=2, acquire_timeout=0.2) as opened:
        yield opened


async def test_no_free_connection_is_busy_and_recovers(database: Database) -> None:
    async with database.connection(), database.connection():
        with pytest.raises(BusyError, match="the database is busy"):
            async with database.connection():
                pass
    async with database.connection() as conn:
        assert await conn.fetchval("SELECT 1") == 1


async def test_a_transaction_is_committed_or_rolled_back(database: Database) -> None:
    async with database.transaction() as conn:
        await conn.execute("INSERT INTO gallery_feed (gallery_id) VALUES ('kept')")

    async def fail() -> None:
        async with database.transaction() as conn:
            await conn.execute("INSERT INTO gallery_feed (gallery_id) VALUES ('lost')")
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    async with database.connection() as conn:
        assert [row[0] for row in await conn.fetch("SELECT gallery_id FROM gallery_feed")] == ["kept"]


async def test_connections_have_limits_and_a_name(dsn: str) -> None:
    opened = Database.open(dsn, command_timeout=7, application_name="hub-x", clock_factor=0.5)
    async with await opened as database, database.connection() as conn:
        names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "application_name",
                     "hub.clock_factor", "TimeZone")  # fmt: skip
        found = [await conn.fetchval("SELECT current_setting($1)", name) for name in names]
    assert found == ["5s", "7s", "1min", "hub-x", "0.5", "UTC"]


async def test_a_statement_that_takes_too_long_is_busy(dsn: str) -> None:
    async with await Database.open(dsn, size=1, command_timeout=0.1) as database:
        with pytest.raises(BusyError):
            async with database.connection() as conn:
                await conn.execute("SELECT pg_sleep(30)")
        async with database.connection() as conn:
            assert await conn.fetchval("SELECT 1") == 1


async def test_a_lock_that_is_not_to_be_had_is_busy(database: Database) -> None:
    async with database.transaction() as holder:
        await holder.execute("LOCK TABLE gallery_feed")
        with pytest.raises(BusyError):
            async with database.transaction() as conn:
                await conn.execute("SET LOCAL lock_timeout = '10ms'; LOCK TABLE gallery_feed")


async def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="cannot be reached"):
        await Database.open(f"postgresql://nobody@/x?host={tmp_path}")


async def test_a_database_that_refuses_us_is_unavailable(dsn: str) -> None:
    with pytest.raises(UnavailableError, match="does not exist"):
        await Database.open(urlunsplit(urlsplit(dsn)._replace(path="/hub_no_such_database")))


async def test_a_lost_connection_is_unavailable_and_replaced(database: Database) -> None:
    async def lose(killer: Connection) -> None:
        async with database.connection() as conn:
            pid = await conn.fetchval("SELECT pg_backend_pid()")
            await killer.execute("SELECT pg_terminate_backend($1, 5000)", pid)
            await conn.fetchval("SELECT 1")

    async with database.connection() as killer:
        with pytest.raises(UnavailableError):
            await lose(killer)
    async with database.connection(), database.connection() as conn:
        assert await conn.fetchval("SELECT 1") == 1


async def test_a_closed_pool_is_unavailable(dsn: str) -> None:
    database = await Database.open(dsn, size=1)
    await database.close()
    with pytest.raises(UnavailableError):
        async with database.connection():
            pass


async def test_no_connection_leaks_by_cancellation(database: Database) -> None:
    """Cancelled while it waits for a connection, begins, works, commits or gives back."""
    chance = random.Random(7)

    async def work() -> None:
        async with database.transaction() as conn:
            await conn.fetchval("SELECT pg_sleep(0.0005)")

    for _ in range(150):
        tasks = [asyncio.create_task(work()) for _ in range(4)]
        for _ in range(chance.randrange(12)):
            await asyncio.sleep(0)
        await asyncio.sleep(chance.random() * 0.004)
        for task in tasks:
            task.cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(answer) for answer in answers} <= {type(None), asyncio.CancelledError, BusyError}
    async with database.connection(), database.connection() as conn:
        stuck = (
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE state LIKE 'idle in transaction%' AND datname = current_database()"
        )
        assert await conn.fetchval(stuck) == 0


async def test_json_goes_and_comes_without_floats(database: Database) -> None:
    async with database.connection() as conn:
        sent = {"text": "é\u202e", "amount": Decimal("450.10"), "list": [1, None, True]}
        assert await conn.fetchval("SELECT $1::jsonb", sent) == {**sent, "amount": "450.10"}
        back = await conn.fetchval("""SELECT '{"n": 450.10, "i": 12345678901234567890}'::jsonb""")
        assert (back, type(back["n"])) == ({"n": Decimal("450.10"), "i": 12345678901234567890}, Decimal)


async def test_a_broken_constraint_has_its_name(database: Database) -> None:
    async def break_it(conn: Connection) -> None:
        await conn.execute("INSERT INTO gallery_feed (gallery_id) VALUES ('twice')")

    async with database.connection() as conn:
        await break_it(conn)
        with pytest.raises(asyncpg.UniqueViolationError) as caught:
            await break_it(conn)
    assert constraint_of(caught.value) == "gallery_feed_pkey"


@pytest.mark.parametrize("noun", ["feed", "records", "events", "keys"])
async def test_every_statement_is_one_that_postgres_can_prepare(database: Database, noun: str) -> None:
    queries = load(noun)
    async with database.connection() as conn:
        for name in dir(queries):
            await conn.prepare(getattr(queries, name))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("SELECT 1;\n-- name: a\n-- no parameters\nSELECT 1;", "SQL before the first"),
        ("-- name: A-b\n-- no parameters\nSELECT 1;", "a name is a-z"),
        ("-- name: a\nSELECT 1;", "a needs header comments"),
        ("-- name: a\n-- no parameters", "a needs header comments and a statement"),
        ("-- name: a\n-- x\nSELECT 1;\n-- name: a\n-- x\nSELECT 2;", "a is there twice"),
    ],
)
def test_a_file_of_statements_that_is_not_in_order_is_refused(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        parse_queries("x.sql", text)


def test_a_statement_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(AttributeError, match=r"no query 'nothing' in keys\.sql \(known: save_key"):
        _ = load("keys").nothing
