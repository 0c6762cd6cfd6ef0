"""What a pull must not lose, keep too long, or get in the way of."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from hub.domain import receiving
from hub.domain.entries import Entry
from hub.domain.records import Payment
from hub.domain.remotes import Remote, RemoteId, RemotePart
from hub.store import problems, pulled
from hub.store.problems import Problem
from hub.sync import entry_actions, pulling
from plugins.xero import render
from plugins.xero.sandbox.state import Document
from tests.sync.harness import GALLERY, Bench, cents, make_contact, make_invoice, make_payment
from tests.sync.test_pull import stored_payments, synced

ORPHAN = "marker_without_record"


async def amounts(bench: Bench) -> list[tuple[Decimal, str]]:
    """(amount, status) of the gallery's payments on the invoice."""
    found = [s.record for s in await stored_payments(bench)]
    return [(p.amount, p.status) for p in found if isinstance(p, Payment)]


async def orphans(bench: Bench, *, closed: bool = False) -> list[Problem]:
    """The problems about payments with our marker and no record."""
    async with bench.hub.database.connection() as conn:
        found = await problems.list_page(conn, GALLERY, bench.webservice_id, closed=closed, after=None, limit=50)
    return [p for p in found if p.reason == ORPHAN]


def reads(bench: Bench) -> list[str]:
    """What was asked over there, by the last word of the path."""
    return [call.path.rsplit("/", 1)[1] for call in bench.sandbox.calls if call.method == "GET"]


async def make_linked(bench: Bench, *, paid: str | None = None) -> Document:
    """An invoice that a person entered over there and linked to i-1 (paid in part before the link)."""
    await bench.put(make_contact(), make_invoice("i-9", number="9"))
    await bench.connect()
    await bench.sync()
    contact = next(iter(bench.ledger.contacts.values()))
    line = {"Description": "x", "Quantity": cents("1"), "UnitAmount": cents("454.55"), "TaxAmount": cents("45.45")}
    line |= {"TaxType": "OUTPUT", "AccountID": bench.organisation.account("200").id}
    there = bench.organisation.add_invoice(
        Contact={"ContactID": contact.id},
        LineItems=[line],
        InvoiceNumber="INV-77",
        Date=date(2026, 3, 4),
        DueDate=date(2026, 4, 3),
    )
    if paid is not None:
        bench.organisation.pay(there.id, cents(paid))
    await bench.put(make_invoice())
    entry = await bench.entry("invoice", "i-1")
    await entry_actions.link(bench.hub.services, GALLERY, bench.webservice_id, entry.id, remote_id=there.id)
    return there


# -- on a document whose own write is unknown


async def test_a_payment_made_on_an_invoice_whose_write_is_unknown_comes_back(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice())
    await bench.connect()
    bench.sandbox.faults.add("lose_answer", method="PUT", path="Invoices", times=2)
    await bench.sync()
    bench.organisation.pay(bench.invoice("AG-1").id, cents("200.00"))
    await bench.sync()
    assert (await bench.entry("invoice", "i-1")).state == "unknown"

    await bench.sync()
    await bench.sync()

    assert (await bench.entry("invoice", "i-1")).state == "synced"
    assert await amounts(bench) == [(cents("200.00"), "recorded")]
    bench.sandbox.calls.clear()
    await bench.sync()
    assert reads(bench) == ["Invoices"]


async def test_what_is_read_again_while_a_write_is_unknown_counts_once(bench: Bench) -> None:
    await synced(bench)
    bench.sandbox.faults.add("lose_answer", method="PUT", path="Invoices", times=3)
    await bench.put(make_invoice("i-2"))
    await bench.sync()
    bench.organisation.pay(bench.invoice("AG-1").id, cents("200.00"))
    cursor = (await bench.row()).pull_cursor

    received = [(await bench.sync()).counts.received for _ in range(2)]

    assert (await bench.entry("invoice", "i-2")).state == "unknown"
    assert (await bench.row()).pull_cursor == cursor
    assert received == [1, 0]
    assert await amounts(bench) == [(cents("200.00"), "recorded")]


# -- credits


@pytest.mark.parametrize("source", ["credit_note", "prepayment", "overpayment"])
async def test_a_credit_taken_off_there_is_reversed_here(bench: Bench, source: str) -> None:
    await synced(bench)
    invoice = bench.invoice("AG-1")
    credit = bench.organisation.credit(invoice.id, cents("100.00"), source=source)
    bench.organisation.pay(invoice.id, cents("50.00"))
    await bench.sync()
    assert sorted(await amounts(bench)) == [(cents("50.00"), "recorded"), (cents("100.00"), "recorded")]
    bench.organisation.remove_credit(invoice.id, credit.id)

    await bench.sync()
    await bench.sync()

    assert sorted(await amounts(bench)) == [(cents("50.00"), "recorded"), (cents("100.00"), "deleted")]
    (gone,) = [s.record.id for s in await stored_payments(bench) if getattr(s.record, "status", "") == "deleted"]
    entry = await bench.entry("payment", gone)
    assert (entry.state, entry.shown) == ("voided", "voided")
    assert bench.sandbox.calls.writes == 2  # the contact and the invoice, and nothing for credits


async def test_a_credit_that_changed_there_changes_here_and_one_put_back_counts_again(bench: Bench) -> None:
    await synced(bench)
    invoice = bench.invoice("AG-1")
    credit = bench.organisation.credit(invoice.id, cents("100.00"), source="prepayment")
    await bench.sync()
    credit.amount = cents("60.00")
    bench.organisation.settle(invoice)
    bench.organisation.put_document(invoice)

    await bench.sync()

    assert await amounts(bench) == [(cents("60.00"), "recorded")]
    bench.organisation.remove_credit(invoice.id, credit.id)
    await bench.sync()
    assert await amounts(bench) == [(cents("60.00"), "deleted")]
    invoice.allocations = [credit]
    bench.organisation.settle(invoice)
    bench.organisation.put_document(invoice)

    await bench.sync()

    assert await amounts(bench) == [(cents("60.00"), "recorded")]
    (stored,) = await stored_payments(bench)
    assert (await bench.entry("payment", stored.record.id)).shown == "synced"


def make_part(part_id: str, amount: str, kind: Any = "credit") -> RemotePart:
    """A settlement of an invoice there."""
    return RemotePart(id=RemoteId(part_id), kind=kind, amount=Decimal(amount), on=date(2026, 3, 4))


def make_settled(paid: str, *parts: RemotePart) -> Remote:
    """An invoice there."""
    return Remote(id=RemoteId("r-1"), total=Decimal("500.00"), paid=Decimal(paid), currency="AUD", parts=parts)


def test_two_parts_of_one_credit_on_one_invoice_count_together() -> None:
    invoice = make_settled("50.00", make_part("n-1", "20.00"), make_part("n-1", "30.00"))
    assert [credit.total for credit in receiving.credits_of(invoice)] == [Decimal("50.00")]


def test_a_credit_is_not_taken_for_removed_when_the_answer_does_not_tell_all_that_was_paid() -> None:
    (credit,) = receiving.credits_of(make_settled("50.00", make_part("n-1", "50.00")))
    entry = Entry(id="e-1", type="payment", record_id="xero-1", state="synced", remote=credit)
    assert receiving.credits_gone(make_settled("50.00"), [entry]) == []
    told = receiving.credits_gone(make_settled("0.00"), [entry])
    assert [(gone.id, gone.status) for gone in told] == [(credit.id, "deleted")]


# -- documents that a person linked


async def test_payments_on_a_linked_invoice_come_back_those_from_before_the_link_too(bench: Bench) -> None:
    there = await make_linked(bench, paid="100.00")

    await bench.sync()

    assert await amounts(bench) == [(cents("100.00"), "recorded")]
    later = bench.organisation.pay(there.id, cents("150.00"))
    await bench.sync()
    assert await amounts(bench) == [(cents("100.00"), "recorded"), (cents("150.00"), "recorded")]
    bench.organisation.delete_payment(later.id)
    await bench.sync()
    assert sorted(await amounts(bench)) == [(cents("100.00"), "recorded"), (cents("150.00"), "deleted")]


async def test_a_linked_invoice_costs_one_conditional_read_while_nothing_changes(bench: Bench) -> None:
    await make_linked(bench)
    await bench.sync()
    bench.sandbox.calls.clear()

    await bench.sync()

    assert reads(bench) == ["Invoices", "Invoices"]


async def test_a_linked_invoice_voided_there_is_a_conflict(bench: Bench) -> None:
    there = await make_linked(bench)
    await bench.sync()
    bench.organisation.void(there.id)

    await bench.sync()

    entry = await bench.entry("invoice", "i-1")
    assert (entry.state, entry.reason) == ("conflict", "voided_there")
    bench.sandbox.calls.clear()
    await bench.sync()
    assert reads(bench) == ["Invoices"]  # nothing can come of it any more


async def test_a_linked_invoice_is_still_read_after_we_wrote_to_it(bench: Bench) -> None:
    there = await make_linked(bench)
    await bench.sync()
    await bench.put(make_invoice(reference="R-9"))
    await bench.sync()
    assert there.reference == "R-9"
    bench.organisation.pay(there.id, cents("150.00"))

    await bench.sync()

    assert await amounts(bench) == [(cents("150.00"), "recorded")]


async def test_a_cursor_of_the_linked_that_cannot_be_read_starts_anew(bench: Bench) -> None:
    there = await make_linked(bench)
    await bench.sync()
    async with bench.hub.database.transaction() as conn:
        await pulled.save_linked_cursor(conn, GALLERY, bench.webservice_id, "of another version")
    bench.organisation.pay(there.id, cents("150.00"))

    run = await bench.sync()

    assert run.state == "done"
    assert await amounts(bench) == [(cents("150.00"), "recorded")]


# -- the transaction


async def test_a_pull_locks_the_feed_before_any_entry_as_every_put_does(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked: list[bool] = []
    store_page = pulling._store_page

    async def looking(conn: Any, session: Any, page: Any) -> None:
        async with bench.hub.database.connection() as other:
            free = await other.fetch("SELECT 1 FROM gallery_feed WHERE gallery_id = $1 FOR UPDATE SKIP LOCKED", GALLERY)
        locked.append(not free)
        await store_page(conn, session, page)

    await synced(bench)
    bench.organisation.pay(bench.invoice("AG-1").id, cents("500.00"))
    monkeypatch.setattr(pulling, "_store_page", looking)

    await bench.sync()

    assert locked
    assert all(locked)
    assert await amounts(bench) == [(cents("500.00"), "recorded")]


class Counting:
    """A connection whose statements are counted."""

    def __init__(self, conn: Any) -> None:
        self.conn = conn
        self.count = 0

    def __getattr__(self, name: str) -> Any:
        self.count += name in {"execute", "executemany", "fetch", "fetchrow", "fetchval"}
        return getattr(self.conn, name)


async def test_a_page_of_payments_costs_the_same_statements_whatever_its_size(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[int] = []
    store_page = pulling._store_page  # the unit whose statements count

    async def counted(conn: Any, *rest: Any) -> None:
        counting: Any = Counting(conn)
        await store_page(counting, *rest)
        counts.append(counting.count)

    await synced(bench)
    invoice_id = bench.invoice("AG-1").id
    few = [bench.organisation.pay(invoice_id, cents("1.00")) for _ in range(2)]
    many = [bench.organisation.pay(invoice_id, cents("1.00")) for _ in range(12)]
    await bench.sync()
    monkeypatch.setattr(pulling, "_store_page", counted)
    pages = []
    for some in (few, many):
        counts.clear()
        for payment in some:
            bench.organisation.delete_payment(payment.id)
        await bench.sync()
        pages.append(max(counts))

    assert [status for _, status in await amounts(bench)] == ["deleted"] * 14
    assert pages[0] == pages[1]


# -- payments with our marker


def marker_for(payment_id: str) -> str:
    """What we write in front of the reference of that payment."""
    return render.payment_marker(payment_id, "HLANE2")


async def test_a_payment_with_our_marker_and_no_record_is_a_problem_until_it_is_deleted_there(bench: Bench) -> None:
    await synced(bench)
    there = bench.organisation.pay(bench.invoice("AG-1").id, cents("100.00"), reference=marker_for("p-1"))
    await bench.sync()
    await bench.sync()

    assert len(await orphans(bench)) == 1
    assert await amounts(bench) == []
    bench.organisation.delete_payment(there.id)
    await bench.sync()
    assert await orphans(bench) == []


async def test_a_payment_that_is_sent_to_the_hub_again_is_the_one_with_its_marker(bench: Bench) -> None:
    await synced(bench)
    there = bench.organisation.pay(bench.invoice("AG-1").id, cents("100.00"), reference=marker_for("p-1"))
    await bench.sync()
    await bench.put(make_payment(amount="100.00"))

    await bench.sync()

    assert await orphans(bench) == []
    entry = await bench.entry("payment", "p-1")
    assert entry.shown == "synced"
    assert entry.remote is not None
    assert entry.remote.id == there.id
    assert [p.id for p in bench.live_payments()] == [there.id]


async def test_a_second_payment_with_the_marker_of_one_that_stands_is_a_problem(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice(), make_payment(amount="100.00"))
    await bench.connect()
    await bench.sync()
    double = bench.organisation.pay(bench.invoice("AG-1").id, cents("100.00"), reference=marker_for("p-1"))

    await bench.sync()
    await bench.sync()

    (problem,) = await orphans(bench)
    assert double.id in problem.cause
    assert [s.record.id for s in await stored_payments(bench)] == ["p-1"]
    assert (await bench.entry("payment", "p-1")).shown == "synced"
    bench.organisation.delete_payment(double.id)
    await bench.sync()
    assert await orphans(bench) == []
    assert (await bench.entry("payment", "p-1")).shown == "synced"


async def test_a_second_payment_found_while_the_first_is_unknown_is_a_problem_once_it_is_known(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice(), make_payment(amount="100.00"))
    await bench.connect()
    bench.sandbox.faults.add("lose_answer", method="PUT", path="Payments", times=2)
    await bench.sync()
    bench.organisation.pay(bench.invoice("AG-1").id, cents("100.00"), reference=marker_for("p-1"))
    await bench.sync()
    assert (await bench.entry("payment", "p-1")).state == "unknown"
    assert await orphans(bench) == []

    await bench.sync()

    assert (await bench.entry("payment", "p-1")).state == "synced"
    assert len(await orphans(bench)) == 1
    assert [s.record.id for s in await stored_payments(bench)] == ["p-1"]


async def test_a_linked_payment_ends_its_problem(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice(), make_payment(amount="100.00"))
    await bench.connect()
    await bench.sync()
    (first,) = bench.live_payments()
    double = bench.organisation.pay(bench.invoice("AG-1").id, cents("100.00"), reference=marker_for("p-1"))
    await bench.sync()
    bench.organisation.delete_payment(first.id)
    await bench.sync()
    entry = await bench.entry("payment", "p-1")
    assert (entry.state, len(await orphans(bench))) == ("conflict", 1)

    await entry_actions.link(bench.hub.services, GALLERY, bench.webservice_id, entry.id, remote_id=double.id)
    await bench.sync()

    assert await orphans(bench) == []
    assert (await bench.entry("payment", "p-1")).shown == "synced"
