"""Lists of records and events: pages, filters, and that no late commit is ever skipped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest

from hub.errors import FormError
from hub.store import events, records
from hub.store.database import Database
from tests.store.record_builders import contact, gallery, invoice, payment, save

WAITING = (  # of this database alone: other tests use the same server
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    async with await Database.open(dsn, size=6) as opened:
        await save(opened, gallery())
        yield opened


async def page(database: Database, type_: str = "contact", *, limit: int = 100, **options: str | None) -> records.Page:
    async with database.connection() as conn:
        return await records.list_page(conn, "g", type_, limit=limit, **options)  # type: ignore[arg-type] # a type of the tests


def ids(of: records.Page) -> list[str]:
    return [one.record.id for one in of.items]


async def test_pages_follow_each_other_in_the_order_of_changes(database: Database) -> None:
    await save(database, *(contact(f"c-{n}") for n in range(5)))
    await save(database, contact("c-1", name="changed"), invoice())
    first = await page(database, limit=2)
    second = await page(database, limit=2, cursor=first.next)
    third = await page(database, limit=2, cursor=second.next)
    assert [ids(first), ids(second), ids(third)] == [["c-0", "c-2"], ["c-3", "c-4"], ["c-1"]]
    assert third.next is None


async def test_a_full_last_page_has_no_next(database: Database) -> None:
    await save(database, contact("c-1"), contact("c-2"))
    assert (await page(database, limit=2)).next is None


async def test_the_end_of_a_list_is_a_cursor_for_later(database: Database) -> None:
    await save(database, contact("c-1"))
    here = (await page(database)).here
    assert ids(await page(database, changed_since=here)) == []
    await save(database, contact("c-2"), contact("c-1"))
    assert ids(await page(database, changed_since=here)) == ["c-2"]


async def test_changed_since_takes_the_time_of_a_change_and_has_that_change_too(database: Database) -> None:
    await save(database, contact("c-1"))
    (second,) = await save(database, contact("c-2"))
    await save(database, contact("c-3"))
    assert second.stored is not None
    at = second.stored.updated_at
    assert ids(await page(database, changed_since=at.isoformat())) == ["c-2", "c-3"]
    assert ids(await page(database, changed_since=at.isoformat().replace("+", " "))) == ["c-2", "c-3"]
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert ids(await page(database, changed_since=later)) == []
    assert ids(await page(database, changed_since="0001-01-01T00:00:00Z")) == ["c-1", "c-2", "c-3"]


async def test_a_page_goes_on_within_changed_since(database: Database) -> None:
    saved = await save(database, *(contact(f"c-{n}") for n in range(3)))
    assert saved[0].stored is not None
    since = saved[0].stored.updated_at.isoformat()
    first = await page(database, limit=2, changed_since=since)
    assert ids(await page(database, limit=2, changed_since=since, cursor=first.next)) == ["c-2"]


@pytest.mark.parametrize("text", ["", "x", "17", "c2VxOng", "2026-03-04", "ünlich", "c2VxOjE=\n", "\0"])
async def test_a_cursor_that_no_list_gave_out_is_a_fault(database: Database, text: str) -> None:
    for name in ("cursor", "changed_since"):
        with pytest.raises(FormError) as caught:
            await page(database, **{name: text})
        assert [fault.at for fault in caught.value.faults] == [name]
    async with database.connection() as conn:
        with pytest.raises(FormError):
            await events.list_after(conn, "g", text, 10)


async def test_records_are_found_by_a_part_of_their_texts_in_any_case(database: Database) -> None:
    await save(database, contact("c-1", name="Ana RUIZ", email="a%b@example.com"), contact("c-2", name="Straße"))
    await save(database, invoice("i-1", "INV-77"))
    assert ids(await page(database, q="ruiz")) == ["c-1"]
    assert ids(await page(database, q="a%B@")) == ["c-1"]
    assert ids(await page(database, q="STRASSE")) == ["c-2"]
    assert ids(await page(database, q="a_b")) == []
    assert ids(await page(database, "invoice", q="inv-7")) == ["i-1"]
    for odd in ("a\0", "\ud800"):
        with pytest.raises(FormError):
            await page(database, q=odd)


async def test_records_are_found_by_their_status_or_the_state_of_an_entry(database: Database) -> None:
    await save(database, invoice("i-1", "1", status="draft"), invoice("i-2", "2"), payment(status="pending"))
    async with database.connection() as conn:
        await conn.execute(
            "INSERT INTO entry (gallery_id, id, webservice_id, type, record_id, state) "
            "VALUES ('g', 'e', 'w', 'invoice', 'i-1', 'held')"
        )
    assert ids(await page(database, "invoice", state="draft")) == ["i-1"]
    assert ids(await page(database, "invoice", state="issued")) == ["i-2"]
    assert ids(await page(database, "invoice", state="held")) == ["i-1"]
    assert ids(await page(database, "payment", state="pending")) == ["p-9"]


async def test_galleries_are_listed_by_id_page_by_page(database: Database) -> None:
    await save(database, gallery("a"), to="a")
    await save(database, gallery("h", name="Quay"), to="h")
    async with database.connection() as conn:
        first = await records.list_galleries(conn, limit=2)
        assert (ids(first), first.next) == (["a", "g"], "g")
        rest = await records.list_galleries(conn, limit=2, cursor=first.next)
        assert (ids(rest), rest.next) == (["h"], None)
        assert ids(await records.list_galleries(conn, limit=2, q="quay")) == ["h"]


async def blocked(database: Database, is_there: Callable[[], bool]) -> None:
    """Wait until a statement of the hub waits for a lock, or *is_there*."""
    async with asyncio.timeout(5):
        async with database.connection() as conn:
            while not is_there():
                if await conn.fetchval(WAITING):
                    return
                await asyncio.sleep(0.005)


async def test_a_late_commit_is_not_skipped_by_a_cursor(database: Database) -> None:
    """The second writer waits for the first, so nobody ever sees its number before the first one's."""
    async with asyncio.TaskGroup() as group:
        async with database.transaction() as early:
            await records.save(early, "g", [contact("early")])
            await events.append(early, "g", "early", {})
            late = group.create_task(write_both(database, "late"))
            await blocked(database, late.done)
            assert not late.done()
            before = await page(database)
            seen = (await listed_events(database, None)).items
        await late
    assert (ids(before), seen) == ([], ())
    assert ids(await page(database, changed_since=before.here)) == ["early", "late"]
    assert [one.type for one in (await listed_events(database, before.here)).items] == ["early", "late"]


async def write_both(database: Database, name: str) -> None:
    async with database.transaction() as conn:
        await records.save(conn, "g", [contact(name)])
        await events.append(conn, "g", name, {})


async def listed_events(database: Database, after: str | None) -> events.EventPage:
    async with database.connection() as conn:
        return await events.list_after(conn, "g", after, 100)


async def test_who_asks_since_an_instant_waits_for_the_writer_under_way(database: Database) -> None:
    """Its time is before the reader's, its commit after: the next question, since the reader's time, would miss it."""
    async with asyncio.TaskGroup() as group:
        async with database.transaction() as writer:
            await records.save(writer, "g", [contact("early")])
            asked_at = datetime.now(UTC) - timedelta(hours=1)
            answer = group.create_task(page(database, changed_since=asked_at.isoformat()))
            await blocked(database, answer.done)
            assert not answer.done()
        found = await answer
    assert ids(found) == ["early"]


async def test_readers_by_cursor_never_skip_while_many_write_at_once(database: Database) -> None:
    writers = 4
    each = 15

    async def write(writer: int) -> None:
        for n in range(each):
            async with database.transaction() as conn:
                await records.save(conn, "g", [contact(f"c-{writer}-{n}"), contact(f"d-{writer}-{n}")])
                await asyncio.sleep(0)

    async def read(until: list[asyncio.Task[None]]) -> list[str]:
        seen: list[str] = []
        here: str | None = None
        is_last = False
        while not is_last:
            is_last = all(task.done() for task in until)
            found = await page(database, limit=500, cursor=here)
            seen += ids(found)
            here = found.here
        return seen

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(write(n)) for n in range(writers)]
        reader = group.create_task(read(tasks))
    seen = await reader
    assert len(seen) == len(set(seen)) == writers * each * 2


async def test_times_of_changes_rise_even_when_the_clock_goes_back(database: Database) -> None:
    async with database.connection() as conn:
        await conn.execute("UPDATE gallery_feed SET changed_at = clock_timestamp() + interval '1 hour'")
        await save(database, contact("c-1"))
        await save(database, contact("c-2"))
        rows = await conn.fetch("SELECT updated_at FROM record WHERE type = 'contact' ORDER BY seq")
        times = [row["updated_at"] for row in rows]
    assert times[0] < times[1]
    assert times[0] > datetime.now(UTC) + timedelta(minutes=59)
