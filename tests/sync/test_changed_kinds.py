"""A document or payment whose kind changes after it was written: one is no change of the other."""

from __future__ import annotations

import pytest

from tests.sync.harness import Bench, make_contact, make_invoice, make_payment


async def quiet_writes(bench: Bench) -> int:
    bench.sandbox.calls.clear()
    for _ in range(2):
        await bench.sync()
    return bench.sandbox.calls.writes


@pytest.mark.parametrize(("first", "then"), [("invoice", "credit_note"), ("credit_note", "invoice")])
async def test_a_document_in_the_books_that_changes_its_kind_is_a_conflict_and_nothing_is_sent(
    bench: Bench, first: str, then: str
) -> None:
    await bench.put(make_contact(), make_invoice(kind=first))
    await bench.connect()
    await bench.sync()
    await bench.put(make_invoice(kind=then))

    assert await quiet_writes(bench) == 0

    entry = await bench.entry("invoice", "i-1")
    assert (entry.state, entry.reason) == ("conflict", "edited_there")
    assert "stands there as" in (entry.message or "")
    await bench.void("i-1")
    assert await quiet_writes(bench) == 0
    assert (await bench.entry("invoice", "i-1")).state == "conflict"


async def test_its_kind_changed_back_it_is_synced_again(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice())
    await bench.connect()
    await bench.sync()
    await bench.put(make_invoice(kind="credit_note"))
    await bench.sync()
    await bench.put(make_invoice())

    await bench.sync()

    assert (await bench.entry("invoice", "i-1")).state == "synced"
    assert bench.books()["AG-1"][0] == "AUTHORISED"


async def test_a_refund_that_becomes_a_payment_on_its_credit_note_is_held(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice(kind="credit_note"), make_payment(kind="refund", amount="50.00"))
    await bench.connect()
    await bench.sync()
    assert (await bench.entry("payment", "p-1")).state == "synced"
    await bench.put(make_payment(kind="payment", amount="50.00"))

    assert await quiet_writes(bench) == 0

    entry = await bench.entry("payment", "p-1")
    assert (entry.state, entry.reason) == ("held", "refused")
    assert len(bench.live_payments()) == 1


async def test_waiting_on_is_no_news_in_the_history(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice(kind="credit_note", applies_to="i-9"))
    await bench.connect()
    for _ in range(4):
        await bench.sync()

    async with bench.hub.database.connection() as conn:
        lines = await conn.fetchval(
            "SELECT count(*) FROM entry_history h JOIN entry e ON e.id = h.entry_id WHERE e.type = 'allocation'"
        )
    assert lines == 1
