"""Allocations beside what else happens: moves, unknown fates, links, exclusions, payments that a person resolved."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from hub.domain.entries import Entry
from hub.store import records
from hub.store.records import Stored
from hub.sync import entry_actions
from hub.sync.session import Tuning
from plugins.xero.sandbox.payments import judge_allocation
from tests.sync.harness import GALLERY, Bench, cents, make_contact, make_invoice, make_payment, open_bench
from tests.sync.test_allocations import allocated, gallery_payments, sent, standing, there
from tests.sync.test_credit_notes import make_note, note_there


async def link(bench: Bench, entry: Entry, remote_id: str) -> None:
    await entry_actions.link(bench.hub.services, GALLERY, bench.webservice_id, entry.id, remote_id=remote_id)


async def payments(bench: Bench, invoice_id: str = "i-1") -> list[Stored]:
    async with bench.hub.database.connection() as conn:
        return (await records.payments_of(conn, GALLERY, [invoice_id]))[invoice_id]


async def test_one_moved_to_a_paid_invoice_and_on_is_no_conflict(bench: Bench) -> None:
    await sent(bench, make_invoice("i-2"), make_invoice("i-3"), make_payment("p-2", invoice_id="i-2"))
    await bench.put(make_note(applies_to="i-2"))
    await bench.sync()
    assert (await standing(bench), there(bench)) == (("synced", None), [])
    await bench.put(make_note(applies_to="i-3"))

    await bench.sync()

    assert (await standing(bench), there(bench)) == (("synced", None), [("AG-3", "200.00")])


async def test_one_moved_to_a_paid_invoice_goes_when_its_payment_is_deleted(bench: Bench) -> None:
    await sent(bench, make_invoice("i-2"), make_payment("p-2", invoice_id="i-2"))
    await bench.put(make_note(applies_to="i-2"))
    await bench.sync()
    await bench.put(make_payment("p-2", invoice_id="i-2", status="deleted"))

    await bench.sync()
    await bench.sync()

    assert there(bench) == [("AG-2", "200.00")]


async def test_one_beside_another_of_unknown_fate_waits_for_it(dsn: str, tmp_path: Path) -> None:
    async with open_bench(dsn, tmp_path, tuning=Tuning(page=1)) as bench:
        second = make_note("n-2", total="400.00", applies_to="i-1")
        await bench.put(make_contact(), make_invoice(), make_note(applies_to="i-1"), second)
        await bench.connect()
        bench.sandbox.faults.add("drop", method="PUT", path="Allocations", times=1)
        await bench.sync()
        assert await standing(bench, "n-2") == ("waiting", None)

        await bench.sync()
        await bench.sync()

        assert bench.invoice("AG-1").left == 0
        assert await allocated(bench, "i-1", "n-2") == {"i-1": cents("500.00"), "n-2": cents("300.00")}


async def test_one_made_there_counts_on_an_invoice_that_is_linked_later(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice(), make_note())
    await bench.connect()
    await bench.sync()
    organisation = bench.organisation
    line = {"Description": "x", "Quantity": Decimal(1), "UnitAmount": Decimal("500.00"), "AccountCode": "200"}
    foreign = organisation.add_invoice(
        Type="ACCREC",
        Contact={"ContactID": bench.invoice("AG-1").contact_id},
        InvoiceNumber="AG-2",
        Status="AUTHORISED",
        LineAmountTypes="Inclusive",
        Date=date(2026, 3, 4),
        DueDate=date(2026, 4, 3),
        LineItems=[{**line, "TaxType": "OUTPUT"}],
    )
    put = {"Amount": Decimal("120.00"), "Date": organisation.today(), "Invoice": {"InvoiceID": foreign.id}}
    judge_allocation(organisation._context(), note_there(bench), put).commit()
    await bench.sync()
    await bench.put(make_invoice("i-2"))
    await bench.sync()

    await link(bench, await bench.entry("invoice", "i-2"), foreign.id)

    assert await allocated(bench, "i-2", "n-1") == {"i-2": cents("120.00"), "n-1": cents("120.00")}
    async with bench.hub.database.transaction() as conn:  # as another way of attaching leaves it
        await conn.execute("UPDATE entry SET invoice_id = NULL WHERE type = 'allocation' AND record_id LIKE 'n-1:%'")
    await bench.sync()
    assert await allocated(bench, "i-2") == {"i-2": cents("120.00")}


async def test_a_foreign_credit_counts_once_when_its_credit_note_is_linked(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice())
    await bench.connect()
    await bench.sync()
    bench.organisation.credit(bench.invoice("AG-1").id, cents("200.00"))
    await bench.sync()
    assert len(await gallery_payments(bench)) == 1
    (there_,) = bench.ledger.credit_notes.values()
    await bench.put(make_note(status="draft"))
    await bench.sync()

    await link(bench, await bench.entry("invoice", "n-1"), there_.id)

    assert [one.record.status for one in await payments(bench)] == ["deleted"]  # type: ignore[union-attr]  # payments
    assert await allocated(bench, "i-1", "n-1") == {"i-1": cents("200.00"), "n-1": cents("200.00")}
    await bench.put(make_note(applies_to="i-1"))
    for _ in range(2):
        await bench.sync()
    assert [one.record.status for one in await payments(bench)] == ["deleted"]  # type: ignore[union-attr]  # payments
    assert await allocated(bench, "i-1", "n-1") == {"i-1": cents("200.00"), "n-1": cents("200.00")}
    assert bench.invoice("AG-1").left == cents("300.00")


@pytest.mark.parametrize("change", ["dropped", "voided", "dropped at once", "invoice"])
async def test_what_stands_stays_when_either_document_is_excluded(bench: Bench, change: str) -> None:
    await sent(bench)
    await bench.put(make_invoice(excluded=True) if change == "invoice" else make_note(applies_to="i-1", excluded=True))
    if change != "dropped at once":
        await bench.sync()
    if change == "voided":
        await bench.void("n-1")
    else:
        await bench.put(make_note(excluded=change != "invoice"))

    await bench.sync()

    assert there(bench) == [("AG-1", "200.00")]


async def test_what_was_kept_is_taken_off_when_its_invoice_is_excluded_no_more(bench: Bench) -> None:
    await sent(bench)
    await bench.put(make_invoice(excluded=True), make_note())
    await bench.sync()
    assert there(bench) == [("AG-1", "200.00")]
    await bench.put(make_invoice())

    await bench.sync()
    await bench.sync()

    assert there(bench) == []


async def test_a_payment_that_a_person_resolved_is_not_waited_for(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice())
    await bench.connect()
    await bench.sync()
    bench.organisation.pay(bench.invoice("AG-1").id, cents("100.00"), on=date(2026, 3, 10))
    await bench.put(make_payment(amount="100.00"))
    await bench.sync()
    paid = await bench.entry("payment", "p-1")
    assert paid.state in {"held", "conflict"}
    await entry_actions.resolve(
        bench.hub.services, GALLERY, bench.webservice_id, paid.id, by="Ana", note="the same money"
    )
    await bench.put(make_note(total="400.00", applies_to="i-1"))

    await bench.sync()

    assert there(bench) == [("AG-1", "400.00")]
    assert note_there(bench).left == 0
