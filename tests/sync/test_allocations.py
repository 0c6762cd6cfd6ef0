"""Allocations: a credit note is put on the invoice it applies to, once, and taken off again when it no longer does."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from hub.domain.entries import Entry
from hub.store import allocations, records
from plugins.xero.sandbox.payments import judge_allocation, remove_allocation
from plugins.xero.sandbox.state import Allocation
from tests.sync.harness import GALLERY, Bench, cents, make_contact, make_invoice, make_payment
from tests.sync.test_credit_notes import make_note, note_there
from tests.sync.test_refunds import make_refund


async def entry(bench: Bench, note_id: str = "n-1") -> Entry:
    return await bench.entry("allocation", note_id)


async def standing(bench: Bench, note_id: str = "n-1") -> tuple[str | None, str | None]:
    found = await entry(bench, note_id)
    return found.state, found.reason


def put_there(bench: Bench, amount: str, *, invoice: str = "AG-1") -> str:
    """A person allocates the credit note in Xero."""
    sent = {
        "Amount": cents(amount),
        "Date": bench.organisation.today(),
        "Invoice": {"InvoiceID": bench.invoice(invoice).id},
    }
    return judge_allocation(bench.organisation._context(), note_there(bench), sent).commit()


def taken_off_there(bench: Bench) -> None:
    """A person removes the allocation in Xero."""
    (one,) = note_there(bench).allocations
    assert remove_allocation(bench.organisation._context(), note_there(bench), one.id)


def there(bench: Bench) -> list[tuple[str, str]]:
    """Invoice and amount of each allocation of the credit note."""
    return [(bench.ledger.invoices[one.invoice_id].number, str(one.amount)) for one in note_there(bench).allocations]


def credits_on(bench: Bench, number: str = "AG-1") -> list[Allocation]:
    return bench.invoice(number).allocations


async def sent(bench: Bench, *more: dict[str, Any], total: str = "200.00") -> None:
    """An invoice of 500.00 and a credit note that applies to it, both in the books."""
    await bench.put(make_contact(), make_invoice(), make_note(applies_to="i-1", total=total), *more)
    await bench.connect()
    run = await bench.sync()
    assert run.state == "done", run.error
    bench.sandbox.calls.clear()


async def gallery_payments(bench: Bench, invoice_id: str = "i-1") -> list[str]:
    async with bench.hub.database.connection() as conn:
        stored = (await records.payments_of(conn, GALLERY, [invoice_id])).get(invoice_id, [])
    return [one.record.id for one in stored]


async def allocated(bench: Bench, *ids: str) -> dict[str, Decimal]:
    async with bench.hub.database.connection() as conn:
        return await allocations.allocated(conn, GALLERY, list(ids))


async def test_a_credit_note_is_put_on_its_invoice_in_the_same_run(bench: Bench) -> None:
    await sent(bench)

    assert there(bench) == [("AG-1", "200.00")]
    assert await standing(bench) == ("synced", None)
    assert bench.invoice("AG-1").left == cents("300.00")
    assert note_there(bench).status == "PAID"
    assert await allocated(bench, "i-1", "n-1") == {"i-1": cents("200.00"), "n-1": cents("200.00")}


async def test_it_does_not_come_back_as_a_payment_and_is_not_sent_twice(bench: Bench) -> None:
    await sent(bench)

    run = await bench.sync()
    again = await bench.sync()

    assert (run.counts.received, again.counts.received) == (0, 0)
    assert await gallery_payments(bench) == []
    assert there(bench) == [("AG-1", "200.00")]
    assert [c.method for c in bench.sandbox.calls if c.method != "GET"] == []


async def test_an_idle_run_reads_the_credit_notes_once_and_nothing_else_more(bench: Bench) -> None:
    await sent(bench)
    await bench.sync()
    bench.sandbox.calls.clear()

    await bench.sync()

    assert sorted(c.path.rsplit("/", 1)[1] for c in bench.sandbox.calls) == ["CreditNotes", "Invoices"]


async def test_it_takes_no_more_than_what_is_left_to_pay(bench: Bench) -> None:
    await sent(bench, make_payment(amount="400.00"))

    assert there(bench) == [("AG-1", "100.00")]
    assert bench.invoice("AG-1").status == "PAID"
    assert note_there(bench).left == cents("100.00")


async def test_a_refund_that_is_recorded_is_not_allocated_too(bench: Bench) -> None:
    await sent(bench, make_refund(amount="150.00"))

    assert there(bench) == [("AG-1", "50.00")]


async def test_nothing_left_to_apply_is_no_problem(bench: Bench) -> None:
    await sent(bench, make_payment(amount="500.00"), make_refund(amount="200.00"))

    found = await entry(bench)
    assert (found.state, found.remote) == ("synced", None)
    assert "Nothing is left to apply" in (found.message or "")


async def test_it_waits_for_an_invoice_that_is_not_there_yet(bench: Bench) -> None:
    await bench.put(make_contact(), make_note(applies_to="i-1"))
    await bench.connect()
    await bench.sync()
    assert await standing(bench) == ("waiting", None)
    await bench.put(make_invoice())

    await bench.sync()

    assert there(bench) == [("AG-1", "200.00")]


async def test_a_dropped_applies_to_takes_it_off(bench: Bench) -> None:
    await sent(bench)
    await bench.put(make_note())

    await bench.sync()

    assert there(bench) == []
    assert await standing(bench) == ("voided", None)
    assert bench.invoice("AG-1").left == cents("500.00")
    assert await allocated(bench, "i-1", "n-1") == {}


async def test_a_changed_applies_to_moves_it_in_one_run(bench: Bench) -> None:
    await sent(bench, make_invoice("i-2"))
    await bench.put(make_note(applies_to="i-2"))

    await bench.sync()

    assert there(bench) == [("AG-2", "200.00")]
    assert await standing(bench) == ("synced", None)
    assert await allocated(bench, "i-1", "i-2") == {"i-2": cents("200.00")}


async def test_a_void_credit_note_is_taken_off_and_voided_in_one_run(bench: Bench) -> None:
    await sent(bench)
    await bench.void("n-1")

    await bench.sync()

    assert note_there(bench).status == "VOIDED"
    assert (await bench.entry("invoice", "n-1")).state == "voided"
    assert bench.invoice("AG-1").left == cents("500.00")


async def test_a_void_invoice_goes_when_its_credit_note_is_void_too(bench: Bench) -> None:
    await sent(bench)
    await bench.void("n-1")
    await bench.void("i-1")

    await bench.sync()

    assert (note_there(bench).status, bench.invoice("AG-1").status) == ("VOIDED", "VOIDED")


async def test_a_void_invoice_with_a_live_credit_is_blocked(bench: Bench) -> None:
    await sent(bench)
    await bench.void("i-1")

    await bench.sync()

    found = await bench.entry("invoice", "i-1")
    assert (found.state, found.reason) == ("conflict", "void_blocked")
    assert there(bench) == [("AG-1", "200.00")]


async def test_another_currency_holds_the_credit_note(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice(), make_note(applies_to="i-1", currency="EUR"))
    await bench.connect()

    await bench.sync()

    found = await bench.entry("invoice", "n-1")
    assert (found.state, found.reason) == ("held", "payment_currency")
    assert len(bench.ledger.credit_notes.values()) == 0


async def test_what_a_person_put_on_the_very_invoice_is_attached(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice(), make_note())
    await bench.connect()
    await bench.sync()
    put_there(bench, "200.00")
    await bench.put(make_note(applies_to="i-1"))

    await bench.sync()

    assert there(bench) == [("AG-1", "200.00")]
    assert await standing(bench) == ("synced", None)
    assert await gallery_payments(bench) == []
    assert await allocated(bench, "i-1", "n-1") == {"i-1": cents("200.00"), "n-1": cents("200.00")}


async def test_store_credit_put_on_an_invoice_there_counts_on_both(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice(), make_note())
    await bench.connect()
    await bench.sync()
    put_there(bench, "120.00")

    await bench.sync()

    assert await gallery_payments(bench) == []
    assert await allocated(bench, "i-1", "n-1") == {"i-1": cents("120.00"), "n-1": cents("120.00")}
    await bench.put(make_note(applies_to="i-1"))
    await bench.sync()
    assert there(bench) == [("AG-1", "120.00")]
    assert await allocated(bench, "i-1", "n-1") == {"i-1": cents("120.00"), "n-1": cents("120.00")}


async def test_one_deleted_there_is_a_conflict_until_a_person_tries_again(bench: Bench) -> None:
    await sent(bench)
    taken_off_there(bench)

    await bench.sync()

    assert await standing(bench) == ("conflict", "payment_deleted_there")
    assert await allocated(bench, "i-1", "n-1") == {}
    await bench.put(make_note())
    await bench.sync()
    assert await standing(bench) == ("voided", None)
    await bench.put(make_note(applies_to="i-1"))
    await bench.sync()
    assert there(bench) == [("AG-1", "200.00")]


async def test_a_foreign_credit_note_still_comes_back_as_a_payment(bench: Bench) -> None:
    await sent(bench)
    bench.organisation.credit(bench.invoice("AG-1").id, cents("100.00"))

    run = await bench.sync()

    assert run.counts.received == 1
    assert len(await gallery_payments(bench)) == 1


@pytest.mark.parametrize("fault", ["lose_answer", "error_after_commit", "cut_answer"])
async def test_a_lost_answer_doubles_nothing(bench: Bench, fault: str) -> None:
    await bench.put(make_contact(), make_invoice(), make_note(applies_to="i-1"))
    await bench.connect()
    bench.sandbox.faults.add(fault, method="PUT", path="Allocations")

    await bench.sync()
    await bench.sync()

    assert bench.sandbox.faults.injected[fault] == 1
    assert there(bench) == [("AG-1", "200.00")]
    assert await standing(bench) == ("synced", None)
    found = await bench.entry("invoice", "i-1")
    assert found.remote is not None
    assert found.remote.paid == cents("200.00")


@pytest.mark.parametrize("fault", ["lose_answer", "error_after_commit"])
async def test_a_lost_answer_to_the_taking_off_is_looked_up(bench: Bench, fault: str) -> None:
    await sent(bench)
    await bench.put(make_note())
    bench.sandbox.faults.add(fault, method="DELETE", path="Allocations")

    await bench.sync()
    await bench.sync()

    assert there(bench) == []
    assert await standing(bench) == ("voided", None)


async def test_a_crash_in_the_middle_is_looked_up(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice(), make_note())
    await bench.connect()
    await bench.sync()
    await bench.put(make_note(applies_to="i-1"))
    bench.sandbox.faults.add("lose_answer", method="PUT", path="Allocations")
    await bench.sync()
    async with bench.hub.database.transaction() as conn:  # as a dead worker leaves it, long ago
        long_ago = "UPDATE batch SET state = 'sending', first_sent_at = first_sent_at - $1::interval"
        await conn.execute(long_ago, timedelta(hours=1))
        await conn.execute("UPDATE entry SET state = 'sending' WHERE type = 'allocation'")

    await bench.sync()

    assert there(bench) == [("AG-1", "200.00")]
    assert await standing(bench) == ("synced", None)
