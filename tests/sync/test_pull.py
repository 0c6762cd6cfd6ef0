"""What changed there: payments come back once, edits and voids there are seen before anything is written."""

from __future__ import annotations

from hub.domain.records import Payment, Reference
from hub.store import records
from hub.store.records import Stored
from tests.sync.harness import GALLERY, Bench, cents, make_contact, make_invoice, make_payment


async def stored_payments(bench: Bench, invoice_id: str = "i-1") -> list[Stored]:
    async with bench.hub.database.connection() as conn:
        return (await records.payments_of(conn, GALLERY, [invoice_id])).get(invoice_id, [])


async def synced(bench: Bench, **settings: object) -> None:
    await bench.put(make_contact(), make_invoice())
    await bench.connect(**settings)
    await bench.sync()


async def test_p15_a_payment_made_there_comes_back_once_with_its_origin_and_is_never_sent(bench: Bench) -> None:
    await synced(bench)
    there = bench.organisation.pay(bench.invoice("AG-1").id, cents("500.00"), account="091")
    bench.sandbox.calls.clear()

    run = await bench.sync()
    await bench.sync()

    (stored,) = await stored_payments(bench)
    assert isinstance(stored.record, Payment)
    assert stored.record.id == f"xero-{there.id}"
    assert (stored.record.amount, stored.record.method) == (cents("500.00"), "stripe")
    assert stored.origin is not None
    assert run.counts.received == 1
    assert bench.sandbox.calls.writes == 0
    assert (await bench.entry("payment", stored.record.id)).state == "synced"


async def test_p10_our_own_payments_are_not_imported_again(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice(), make_payment())
    await bench.connect()
    await bench.sync()
    await bench.sync()

    assert [s.record.id for s in await stored_payments(bench)] == ["p-1"]


async def test_p16_each_part_of_a_batch_payment_comes_back_once(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice(), make_invoice("i-2", total="120.00"))
    await bench.connect()
    await bench.sync()
    bench.organisation.batch_pay(
        [(bench.invoice("AG-1").id, cents("500.00")), (bench.invoice("AG-2").id, cents("120.00"))]
    )

    await bench.sync()
    await bench.sync()

    assert len(await stored_payments(bench, "i-1")) == 1
    assert len(await stored_payments(bench, "i-2")) == 1


async def test_a_received_payment_deleted_there_is_reversed_here(bench: Bench) -> None:
    await synced(bench)
    there = bench.organisation.pay(bench.invoice("AG-1").id, cents("500.00"))
    await bench.sync()
    bench.organisation.delete_payment(there.id)

    await bench.sync()

    (stored,) = await stored_payments(bench)
    assert isinstance(stored.record, Payment)
    assert stored.record.status == "deleted"


async def test_our_payment_deleted_there_is_a_conflict(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice(), make_payment())
    await bench.connect()
    await bench.sync()
    (payment,) = bench.live_payments()
    bench.organisation.delete_payment(payment.id)

    await bench.sync()

    entry = await bench.entry("payment", "p-1")
    assert (entry.state, entry.reason) == ("conflict", "payment_deleted_there")


async def test_the_same_payment_entered_on_both_sides_is_held_when_both_do_not_fit(bench: Bench) -> None:
    await synced(bench)
    bench.organisation.pay(bench.invoice("AG-1").id, cents("500.00"))
    await bench.put(make_payment())
    bench.sandbox.calls.clear()

    await bench.sync()

    assert bench.sandbox.calls.writes == 0
    assert len(bench.live_payments()) == 1


async def test_an_invoice_edited_there_is_a_conflict_and_not_overwritten(bench: Bench) -> None:
    await synced(bench)
    bench.organisation.edit_line(bench.invoice("AG-1").id, UnitAmount=cents("600.00"))
    await bench.put(make_invoice(notes="changed here too", reference="R-9"))
    bench.sandbox.calls.clear()

    await bench.sync()

    entry = await bench.entry("invoice", "i-1")
    assert (entry.state, entry.reason) == ("conflict", "edited_there")
    assert bench.sandbox.calls.writes == 0


async def test_an_invoice_voided_there_is_a_conflict(bench: Bench) -> None:
    await synced(bench)
    bench.organisation.void(bench.invoice("AG-1").id)

    await bench.sync()

    entry = await bench.entry("invoice", "i-1")
    assert (entry.state, entry.reason) == ("conflict", "voided_there")


async def test_k1_a_paid_invoice_changed_here_is_a_conflict_that_clears_when_the_payment_is_removed(
    bench: Bench,
) -> None:
    await synced(bench)
    there = bench.organisation.pay(bench.invoice("AG-1").id, cents("500.00"))
    await bench.sync()
    await bench.put(make_invoice(total="510.00"))
    await bench.sync()
    entry = await bench.entry("invoice", "i-1")
    assert (entry.state, entry.reason) == ("conflict", "closed")
    bench.organisation.delete_payment(there.id)

    await bench.sync()

    assert (await bench.entry("invoice", "i-1")).state == "synced"
    assert bench.invoice("AG-1").total == cents("510.00")


async def test_k6_a_paid_invoice_whose_texts_changed_stays_synced_with_a_notice(bench: Bench) -> None:
    await synced(bench)
    bench.organisation.pay(bench.invoice("AG-1").id, cents("500.00"))
    await bench.sync()
    await bench.put(make_invoice(reference="new words"))
    bench.sandbox.calls.clear()

    await bench.sync()

    entry = await bench.entry("invoice", "i-1")
    assert entry.state == "synced"
    assert bench.sandbox.calls.writes == 0


async def test_a_foreign_invoice_and_its_payments_are_never_read_into_the_gallery(bench: Bench) -> None:
    await synced(bench)
    contact = bench.organisation.add_contact("Somebody")
    line = {"Description": "x", "Quantity": cents("1"), "UnitAmount": cents("10.00"), "TaxType": "EXEMPTOUTPUT"}
    line["AccountID"] = bench.organisation.account("200").id
    foreign = bench.organisation.add_invoice(Contact={"ContactID": contact.id}, LineItems=[line])
    bench.organisation.pay(foreign.id, cents("10.00"))

    run = await bench.sync()

    assert run.counts.received == 0
    async with bench.hub.database.connection() as conn:
        assert not await records.load(conn, GALLERY, [Reference("payment", f"xero-{p}") for p in bench.ledger.payments])
