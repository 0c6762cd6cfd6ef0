"""Events: in order, by cursor, in the transaction of what they tell."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub.errors import NotFoundError
from hub.store import events, records
from hub.store.database import Database
from tests.store.record_builders import contact, gallery, save


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    async with await Database.open(dsn, size=2) as opened:
        await save(opened, gallery())
        yield opened


async def append(database: Database, *types: str) -> list[str]:
    async with database.transaction() as conn:
        return [await events.append(conn, "g", type_, {"n": type_, "amount": "1.50"}) for type_ in types]


async def test_events_are_listed_in_order_after_the_last_one_seen(database: Database) -> None:
    first, second, third = await append(database, "a", "b", "c")
    async with database.connection() as conn:
        page = await events.list_after(conn, "g", None, 2)
        assert ([one.id for one in page.items], page.next) == ([first, second], second)
        rest = await events.list_after(conn, "g", page.next, 2)
    assert ([one.id for one in rest.items], rest.next) == ([third], None)
    assert rest.items[0].data == {"n": "c", "amount": "1.50"}
    assert page.items[0].at < page.items[1].at < rest.items[0].at


async def test_records_and_events_share_one_cursor(database: Database) -> None:
    await append(database, "a")
    await save(database, contact())
    async with database.connection() as conn:
        here = (await records.list_page(conn, "g", "contact", limit=1)).here
    await append(database, "b")
    async with database.connection() as conn:
        assert [one.type for one in (await events.list_after(conn, "g", here, 9)).items] == ["b"]


async def test_an_event_goes_with_its_transaction(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as conn:
            await events.append(conn, "g", "a", {})
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    async with database.connection() as conn:
        assert (await events.list_after(conn, "g", None, 9)).items == ()


async def test_a_gallery_that_is_not_there_is_told_nothing(database: Database) -> None:
    async with database.transaction() as conn:
        with pytest.raises(NotFoundError):
            await events.append(conn, "x", "a", {})
        assert (await events.list_after(conn, "x", None, 9)).items == ()
