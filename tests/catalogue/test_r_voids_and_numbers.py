"""Chapter R of the case catalogue, its cases without credit notes: voids and the numbers they leave (DOMAIN 5.7)."""

from __future__ import annotations

from tests.catalogue.desk import (
    connect,
    held,
    left_out,
    locked_until,
    make_contact,
    make_invoice,
    outcome,
    refresh,
    refused,
    send,
    synced,
)
from tests.web.webservices.office import BASE, Office


async def void(office: Office, invoice_id: str = "i-1") -> None:
    status, told = await office.call(
        "POST", f"{BASE}/invoices/{invoice_id}/void", json={"on": "2026-03-20", "reason": ""}
    )
    assert status == 200, told


async def test_r8_voided_before_it_was_ever_sent_it_never_goes(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice())
    await void(desk)
    await desk.sync()
    await left_out(desk, "i-1", "void_never_sent")
    assert desk.bench.books() == {}


async def test_r9_a_voided_draft_is_deleted_there(office: Office) -> None:
    await connect(office, invoice_status="DRAFT")
    await send(office, make_contact(), make_invoice())
    await office.sync()
    await void(office)
    await office.sync()
    assert office.bench.books()["AG-1"][0] == "DELETED"
    assert (await outcome(office, "invoice", "i-1"))[0] == "voided"


async def test_r10_an_approved_unpaid_invoice_is_voided_there(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice())
    await desk.sync()
    await void(desk)
    run = await desk.sync()
    assert run["counts"]["voided"] == 1
    assert desk.bench.books()["AG-1"][0] == "VOIDED"
    assert (await outcome(desk, "invoice", "i-1"))[0] == "voided"


async def test_r12_a_void_in_a_locked_period_is_held_until_the_lock_is_lifted(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice())
    await desk.sync()
    locked_until(desk, period="2026-03-31")
    await refresh(desk)
    await void(desk)
    await desk.sync()
    await held(desk, "i-1", "period_locked")
    assert desk.bench.books()["AG-1"][0] == "AUTHORISED"
    locked_until(desk)
    await refresh(desk)
    await desk.sync()
    assert desk.bench.books()["AG-1"][0] == "VOIDED"


async def test_r14_voided_on_both_sides_it_is_voided(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice())
    await desk.sync()
    desk.bench.organisation.void(desk.bench.invoice("AG-1").id)
    await void(desk)
    desk.bench.sandbox.calls.clear()
    await desk.sync()
    assert (await outcome(desk, "invoice", "i-1")) == ("voided", None)
    assert desk.bench.sandbox.calls.writes == 0


async def test_r15_a_void_is_for_ever_and_the_way_out_is_a_copy_with_a_new_number(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice())
    await desk.sync()
    await void(desk)
    await desk.sync()
    assert desk.bench.books()["AG-1"][0] == "VOIDED"
    status, told = await desk.put(f"{BASE}/invoices/i-1", make_invoice())
    assert status == 422, told
    (fault,) = told["errors"]
    assert fault["at"] == "status"
    assert "a new invoice under another id and number" in fault["message"]
    await send(desk, make_invoice("i-2", number="1-2"))
    await desk.sync()
    await synced(desk, "invoice", "i-2")
    assert desk.bench.books()["AG-1"][0] == "VOIDED"


async def test_r16_a_number_that_was_voided_there_is_held_with_the_way_out(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice("i-9"))
    await desk.sync()
    organisation = desk.bench.organisation
    contact = organisation.add_contact("Somebody Else")
    line = {"Description": "By hand", "Quantity": 1, "UnitAmount": 10, "AccountID": organisation.account("200").id}
    there = organisation.add_invoice(InvoiceNumber="AG-1", Contact={"ContactID": contact.id}, LineItems=[line])
    organisation.void(there.id)
    await send(desk, make_invoice())
    await desk.sync()
    entry = await held(desk, "i-1", "number_void")
    assert "AG-1" in entry["message"]
    await send(desk, make_invoice(number="1-2"))
    await desk.sync()
    await synced(desk, "invoice", "i-1")
    assert desk.bench.invoice("AG-1-2").status == "AUTHORISED"


async def test_r16_the_same_number_given_to_a_second_invoice_is_refused_at_the_door(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice())
    await void(desk)
    assert "number" in await refused(desk, make_invoice("i-2", number="1"))
