"""Refunds: money that pays a credit note out, there as a payment of the credit note with our marker."""

from __future__ import annotations

from typing import Any

import pytest

from hub.domain.records import Payment
from hub.store import records
from plugins.xero.sandbox.payments import judge_payment
from tests.sync.harness import GALLERY, Bench, cents, make_contact, make_invoice, make_payment
from tests.sync.test_credit_notes import make_note, note_there


def make_refund(refund_id: str = "r-1", *, amount: str = "200.00", **changes: Any) -> dict[str, Any]:
    """A refund of the credit note n-1."""
    refund = make_payment(refund_id, amount=amount, kind="refund", paid_on="2026-03-13")
    return refund | {"invoice_id": "n-1"} | changes


async def standing(bench: Bench, payment_id: str = "r-1") -> tuple[str | None, str | None]:
    found = await bench.entry("payment", payment_id)
    return found.state, found.reason


async def sent(bench: Bench, *more: dict[str, Any], **refund: Any) -> None:
    await bench.put(make_contact(), make_note(), make_refund(**refund), *more)
    await bench.connect()
    await bench.sync()


async def test_a_refund_pays_its_credit_note_out_with_our_marker(bench: Bench) -> None:
    await sent(bench)

    (there,) = bench.live_payments()
    assert (there.type, there.credit_note_id, there.invoice_id) == ("ARCREDITPAYMENT", note_there(bench).id, None)
    assert there.reference.startswith("HLANE2-")
    assert note_there(bench).status == "PAID"
    assert await standing(bench) == ("synced", None)
    note = await bench.entry("invoice", "n-1")
    assert note.remote is not None
    assert note.remote.paid == cents("200.00")


async def test_a_refund_goes_to_the_account_of_its_method(bench: Bench) -> None:
    await sent(bench, method="stripe")

    (there,) = bench.live_payments()
    assert bench.organisation.account("091").id == there.account_id


async def test_two_partial_refunds_fit_and_a_third_exceeds(bench: Bench) -> None:
    more = make_refund("r-2", amount="80.00"), make_refund("r-3", amount="1.00", reference="too much")
    await sent(bench, *more, amount="120.00")

    states = [await standing(bench, one) for one in ("r-1", "r-2", "r-3")]
    assert sorted(states) == [("held", "exceeds_due"), ("synced", None), ("synced", None)]
    assert note_there(bench).left in {cents("0.00"), cents("79.00"), cents("119.00")}


async def test_a_refund_of_an_invoice_is_held_and_asks_for_the_credit_note(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice(), make_payment(), make_refund(invoice_id="i-1"))
    await bench.connect()

    await bench.sync()

    assert await standing(bench) == ("held", "refused")
    assert "credit note" in ((await bench.entry("payment", "r-1")).remedy or "")
    assert len(bench.live_payments()) == 1


async def test_a_refund_goes_when_its_credit_note_comes(bench: Bench) -> None:
    await bench.put(make_contact(), make_refund())
    await bench.connect()
    await bench.sync()
    assert await standing(bench) == ("held", "refused")
    await bench.put(make_note())

    await bench.sync()

    assert await standing(bench) == ("synced", None)


async def test_a_payment_of_a_credit_note_is_held(bench: Bench) -> None:
    await bench.put(make_contact(), make_note(), make_payment(invoice_id="n-1"))
    await bench.connect()

    await bench.sync()

    assert await standing(bench, "p-1") == ("held", "refused")


async def test_a_deleted_refund_is_deleted_there(bench: Bench) -> None:
    await sent(bench)
    await bench.put(make_refund(status="deleted"))

    await bench.sync()

    assert bench.live_payments() == []
    assert note_there(bench).status == "AUTHORISED"
    assert (await standing(bench))[0] == "voided"


async def test_a_refund_made_there_comes_back_as_one(bench: Bench) -> None:
    await bench.put(make_contact(), make_note())
    await bench.connect()
    await bench.sync()
    sent = {
        "CreditNote": {"CreditNoteID": note_there(bench).id},
        "Account": {"AccountID": bench.organisation.account("090").id},
        "Amount": cents("50.00"),
        "Date": bench.organisation.today(),
    }
    judge_payment(bench.organisation._context(), sent).commit()

    run = await bench.sync()

    assert run.counts.received == 1
    async with bench.hub.database.connection() as conn:
        (stored,) = (await records.payments_of(conn, GALLERY, ["n-1"]))["n-1"]
    assert isinstance(stored.record, Payment)
    assert (stored.record.kind, stored.record.amount) == ("refund", cents("50.00"))
    assert stored.origin is not None


@pytest.mark.parametrize("fault", ["lose_answer", "error_after_commit"])
async def test_a_lost_answer_makes_no_second_refund(bench: Bench, fault: str) -> None:
    await bench.put(make_contact(), make_note(), make_refund())
    await bench.connect()
    bench.sandbox.faults.add(fault, method="PUT", path="Payments")

    await bench.sync()
    await bench.sync()

    assert await standing(bench) == ("synced", None)
    assert len(bench.live_payments()) == 1
