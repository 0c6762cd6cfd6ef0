"""What the mapping page reads: the most telling invoice, an invoice by its number, values to choose from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.store import previews
from hub.store.database import Database
from tests.store.record_builders import gallery, invoice, payment, save


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    async with await Database.open(dsn, size=2) as opened:
        await save(opened, gallery())
        yield opened


def line(id_: str, kind: str = "artwork", **changes: Any) -> dict[str, Any]:
    made = {"id": id_, "kind": kind, "description": "Study", "quantity": "1", "unit_price": "100.00"}
    return made | changes


def plain(id_: str, number: str, **changes: Any) -> Any:
    return invoice(id_, number, code=None, **changes)


async def test_the_invoice_with_the_most_sorts_of_lines_and_payments_is_the_most_telling(database: Database) -> None:
    rich = [line("1", artist="A"), line("2", "framing", tax_code="gst"), line("3", "text")]
    await save(database, plain("i-1", "1"), plain("i-2", "2", lines=rich), plain("i-3", "3"))
    async with database.connection() as conn:
        assert await previews.find_telling_invoice(conn, "g") == "i-2"
        assert await previews.find_telling_invoice(conn, "nobody") is None
    await save(database, plain("i-4", "4", lines=rich, status="draft"), plain("i-5", "5", lines=rich))
    await save(database, payment("p-1", invoice_id="i-2"))
    async with database.connection() as conn:
        assert await previews.find_telling_invoice(conn, "g") == "i-2", "its payment tells more than the latest does"


async def test_an_invoice_is_found_by_the_first_number_that_there_is(database: Database) -> None:
    await save(database, plain("i-1", "AG-1"), plain("i-2", "1"), plain("i-3", "1", kind="credit_note"))
    async with database.connection() as conn:
        assert await previews.find_invoice(conn, "g", ["AG-1", "1"]) == "i-1"
        assert await previews.find_invoice(conn, "g", ["XX-1", "1"]) == "i-2"
        assert await previews.find_invoice(conn, "g", ["9"]) is None
        assert await previews.find_invoice(conn, "other", ["1"]) is None


async def test_values_that_occur_are_offered_once_each_and_in_order(database: Database) -> None:
    lines = [line("1", artist="B", category="painting"), line("2", artist="A"), line("3", artist="B")]
    await save(database, plain("i-1", "1", lines=lines, salesperson="Kim"))
    await save(database, payment("p-1", invoice_id="i-1", processor_account="acct-1"))
    async with database.connection() as conn:
        found = await previews.list_values(conn, "g")
    assert found == {
        "artist": ["A", "B"],
        "category": ["painting"],
        "processor_account": ["acct-1"],
        "salesperson": ["Kim"],
    }
