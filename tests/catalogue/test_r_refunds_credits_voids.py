"""DOMAIN 5.7 and what else is about credit: refunds, credit notes, allocations, over the API and the socket."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from plugins.xero.sandbox.payments import judge_allocation
from plugins.xero.sandbox.state import Document
from tests.catalogue.desk import send
from tests.sync.harness import make_contact, make_invoice, make_line, make_payment
from tests.sync.test_credit_notes import make_note
from tests.sync.test_refunds import make_refund
from tests.web.webservices.office import BASE, Office

Json = dict[str, Any]


def note_there(office: Office, number: str = "AG-n-1") -> Document:
    """The one credit note of that number there."""
    (found,) = [one for one in office.bench.ledger.credit_notes.values() if one.number == number]
    return found


def put_there(office: Office, amount: str) -> None:
    """A person allocates the credit note to AG-1 in Xero."""
    organisation = office.bench.organisation
    invoice = {"InvoiceID": office.bench.invoice("AG-1").id}
    sent = {"Amount": Decimal(amount), "Date": organisation.today(), "Invoice": invoice}
    judge_allocation(organisation._context(), note_there(office), sent).commit()


async def standing(office: Office, type_: str, record_id: str) -> tuple[str, str | None]:
    found = await office.entry(type_, record_id)
    return found["state"], found["reason"]


async def told(office: Office, invoice_id: str) -> tuple[str, str]:
    """What the gallery system is told of an invoice: paid, due."""
    status, body = await office.get(f"{BASE}/invoices/{invoice_id}")
    assert status == 200, body
    return body["paid"], body["due"]


async def check_proof(office: Office, *, without: tuple[str, ...] = ()) -> Json:
    """Both sides agree to the cent, and nothing is left to do."""
    found = await office.proof()
    rows = {(row["type"], row["record_id"]): row for row in found["rows"]}
    wrong = [(name, row["difference"]) for name, row in rows.items() if any(map(_differs, row["difference"].values()))]
    assert (wrong, found["orphans"]) == ([], {"ours": [], "theirs": []})
    assert (found["agrees"], found["complete"] or bool(without)) == (True, True)
    return found


def _differs(value: str | None) -> bool:
    return value is not None and Decimal(value) != 0


async def test_r1_full_refund_of_a_paid_invoice_is_credit_note_and_refund_from_the_same_account(desk: Office) -> None:
    paid = make_payment(method="stripe")
    note = make_note(total="500.00", applies_to="i-1")
    await send(desk, make_contact(), make_invoice(), paid, note, make_refund(amount="500.00", method="stripe"))

    await desk.sync()

    payment, refund = sorted(desk.bench.live_payments(), key=lambda one: one.type)
    assert (payment.type, refund.type) == ("ACCRECPAYMENT", "ARCREDITPAYMENT")
    assert payment.account_id == refund.account_id
    assert (desk.bench.invoice("AG-1").status, note_there(desk).status) == ("PAID", "PAID")
    assert await standing(desk, "allocation", "n-1") == ("synced", None)
    assert await told(desk, "n-1") == ("500.00", "0.00")
    await check_proof(desk)


async def test_r2_partial_refund_credits_net_and_tax_of_one_line(desk: Office) -> None:
    lines = [make_line("1", price="330.00"), make_line("2", price="110.00", kind="framing")]
    note = make_note(total="110.00", lines=lines[1:])
    await send(desk, make_contact(), make_invoice(lines=lines, total="440.00"), make_payment(amount="440.00"))
    await send(desk, note, make_refund(amount="110.00"))

    await desk.sync()

    there = note_there(desk)
    assert (there.sub_total, there.total_tax, there.total) == (Decimal("100.00"), Decimal("10.00"), Decimal("110.00"))
    assert (there.paid, there.status) == (Decimal("110.00"), "PAID")
    await check_proof(desk)


@pytest.mark.parametrize("names", ["i-1", "n-unknown"])
async def test_r3_refund_without_credit_note_is_held_and_asks_for_one(desk: Office, names: str) -> None:
    await send(desk, make_contact(), make_invoice(), make_payment(), make_refund(invoice_id=names, amount="100.00"))

    await desk.sync()

    found = await desk.entry("payment", "r-1")
    assert (found["state"], found["reason"]) == ("held", "refused")
    assert "credit note" in found["message"]
    assert "credit note" in found["remedy"]
    assert len(desk.bench.live_payments()) == 1


async def test_r4_refund_above_what_the_credit_note_leaves_is_held(desk: Office) -> None:
    await send(desk, make_contact(), make_note(), make_refund(amount="200.01"))
    await desk.sync()
    assert await standing(desk, "payment", "r-1") == ("held", "exceeds_due")

    await send(desk, make_refund(amount="200.00"))
    await desk.sync()

    assert await standing(desk, "payment", "r-1") == ("synced", None)


async def test_r5_store_credit_is_a_credit_note_left_unallocated(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice(), make_note())

    await desk.sync()

    there = note_there(desk)
    assert (there.status, there.left, there.allocations) == ("AUTHORISED", Decimal("200.00"), [])
    assert await told(desk, "n-1") == ("0.00", "200.00")
    await check_proof(desk)


async def test_r6_credit_applied_to_another_invoice_of_the_same_contact_is_an_allocation(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice(), make_invoice("i-2"), make_note(applies_to="i-2"))

    await desk.sync()

    (one,) = note_there(desk).allocations
    assert (one.invoice_id, one.amount) == (desk.bench.invoice("AG-2").id, Decimal("200.00"))
    assert await told(desk, "i-2") == ("200.00", "300.00")
    assert await told(desk, "i-1") == ("0.00", "500.00")
    assert await told(desk, "n-1") == ("200.00", "0.00")
    found = await check_proof(desk)
    rows = {(row["type"], row["record_id"]): row["ours"] for row in found["rows"]}
    assert rows["allocation", "n-1"]["total"] == "200.00"
    assert (rows["invoice", "i-2"]["paid"], rows["invoice", "n-1"]["paid"]) == ("200.00", "200.00")
    (sums,) = found["sums"]
    assert sums["ours"] == sums["theirs"]
    assert (sums["ours"]["total"], sums["ours"]["paid"]) == ("800.00", "0.00")


async def test_r7_credit_in_another_currency_is_held(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice(), make_note(applies_to="i-1", currency="EUR"))
    await desk.sync()
    assert await standing(desk, "invoice", "n-1") == ("held", "payment_currency")
    assert await standing(desk, "invoice", "i-1") == ("synced", None)

    await send(desk, make_note(applies_to="i-1"))
    await desk.sync()

    assert await standing(desk, "allocation", "n-1") == ("synced", None)


async def test_r9_void_of_a_draft_credit_note_deletes_it(office: Office) -> None:
    await office.connect(invoice_status="DRAFT")
    await send(office, make_contact(), make_note())
    await office.sync()
    status, _ = await office.call("POST", f"{BASE}/invoices/n-1/void", json={})
    assert status == 200

    await office.sync()

    assert note_there(office).status == "DELETED"


async def test_r10_void_of_an_approved_credit_note_takes_it_off_and_voids_it(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice(), make_note(applies_to="i-1"))
    await desk.sync()
    await desk.call("POST", f"{BASE}/invoices/n-1/void", json={})

    await desk.sync()

    assert (note_there(desk).status, desk.bench.invoice("AG-1").left) == ("VOIDED", Decimal("500.00"))
    assert await standing(desk, "invoice", "n-1") == ("voided", None)
    assert await told(desk, "i-1") == ("0.00", "500.00")
    await check_proof(desk)


async def test_r11_void_of_an_invoice_with_our_credit_is_blocked_until_the_credit_is_void_too(
    desk: Office,
) -> None:
    await send(desk, make_contact(), make_invoice(), make_note(applies_to="i-1"))
    await desk.sync()
    await desk.call("POST", f"{BASE}/invoices/i-1/void", json={})
    await desk.sync()
    assert await standing(desk, "invoice", "i-1") == ("conflict", "void_blocked")

    await desk.call("POST", f"{BASE}/invoices/n-1/void", json={})
    await desk.sync()

    assert (note_there(desk).status, desk.bench.invoice("AG-1").status) == ("VOIDED", "VOIDED")


async def test_r12_void_of_a_credit_note_in_a_locked_period_is_held(desk: Office) -> None:
    await send(desk, make_contact(), make_note())
    await desk.sync()
    desk.bench.organisation.lock(period=desk.bench.organisation.today())
    await desk.call("POST", f"{BASE}/invoices/n-1/void", json={})

    await desk.sync()

    assert await standing(desk, "invoice", "n-1") == ("held", "period_locked")
    assert note_there(desk).status == "AUTHORISED"


async def test_r14_a_credit_note_voided_on_both_sides_is_voided(desk: Office) -> None:
    await send(desk, make_contact(), make_note())
    await desk.sync()
    note = note_there(desk)
    note.status = "VOIDED"
    desk.bench.organisation.put_document(note)
    await desk.call("POST", f"{BASE}/invoices/n-1/void", json={})

    await desk.sync()

    assert await standing(desk, "invoice", "n-1") == ("voided", None)


async def test_t39_credit_note_of_t3_mirrors_it_to_the_cent(desk: Office) -> None:
    """Amounts that need an adjustment at 10 %; T3's own 120.03 at 20 % is in tests/plugins/xero/test_credit_render."""
    odd = [make_line("1", price="500.00"), make_line("2", price="995.00"), make_line("3", price="0.05", quantity="7")]
    lines: Json = {"lines": odd, "total": "1495.35"}
    await send(desk, make_contact(), make_invoice(**lines), make_note(**lines, applies_to="i-1"))

    await desk.sync()

    invoice, note = desk.bench.invoice("AG-1"), note_there(desk)
    assert [(one.amount, one.tax) for one in note.lines] == [(one.amount, one.tax) for one in invoice.lines]
    assert (note.sub_total, note.total_tax, note.total) == (invoice.sub_total, invoice.total_tax, invoice.total)
    assert (invoice.status, note.status) == ("PAID", "PAID")
    await check_proof(desk)


async def test_k11_a_fully_credited_invoice_is_closed_like_a_paid_one(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice(), make_note(total="500.00", applies_to="i-1"))
    await desk.sync()
    assert desk.bench.invoice("AG-1").status == "PAID"
    await send(desk, make_invoice(lines=[make_line(price="450.00")], total="450.00"))

    await desk.sync()

    assert await standing(desk, "invoice", "i-1") == ("conflict", "closed")
    assert desk.bench.invoice("AG-1").total == Decimal("500.00")


async def test_p17_a_credit_note_applied_in_xero_comes_back_as_credit_and_ours_does_not(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice(), make_note(applies_to="i-1"))
    await desk.sync()
    desk.bench.organisation.credit(desk.bench.invoice("AG-1").id, Decimal("100.00"))

    run = await desk.sync()

    assert run["counts"]["received"] == 1
    _, body = await desk.get(f"{BASE}/invoices/i-1")
    assert [(one["method"], one["amount"]) for one in body["payments"]] == [("credit", "100.00")]
    assert (body["paid"], body["due"]) == ("300.00", "200.00")
    await check_proof(desk)


@pytest.mark.parametrize("source", ["prepayment", "overpayment"])
async def test_p18_prepayments_and_overpayments_allocated_in_xero_come_back(desk: Office, source: str) -> None:
    await send(desk, make_contact(), make_invoice())
    await desk.sync()
    desk.bench.organisation.credit(desk.bench.invoice("AG-1").id, Decimal("100.00"), source=source)

    await desk.sync()

    assert await told(desk, "i-1") == ("100.00", "400.00")
    await check_proof(desk)


async def test_p19_a_write_off_by_credit_shows_the_invoice_as_closed(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice())
    await desk.sync()
    desk.bench.organisation.credit(desk.bench.invoice("AG-1").id)

    await desk.sync()

    assert await told(desk, "i-1") == ("500.00", "0.00")
    await check_proof(desk)


async def test_store_credit_that_a_person_puts_on_an_invoice_counts_on_both_and_is_no_payment(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice(), make_note())
    await desk.sync()
    put_there(desk, "120.00")

    run = await desk.sync()

    assert run["counts"]["received"] == 0
    assert (await told(desk, "i-1"), await told(desk, "n-1")) == (("120.00", "380.00"), ("120.00", "80.00"))
    await check_proof(desk)


async def test_a_dry_run_shows_credit_note_refund_and_allocation_in_order(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice(), make_note(applies_to="i-1"), make_refund(amount="50.00"))

    run = await desk.sync(dry_run=True)

    shown = [(one["type"], one["record_id"], one["operation"]) for one in run["writes"]]
    assert shown == [
        ("contact", "c-1", "create"),
        ("invoice", "i-1", "create"),
        ("invoice", "n-1", "create"),
        ("payment", "r-1", "create"),
        ("allocation", "n-1", "create"),
    ]
    assert run["writes"][-1]["draft"]["total"] == "150.00"
    assert desk.bench.ledger.credit_notes.values() == []


async def test_explain_entries_and_counts_know_allocations(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice(), make_note(applies_to="i-1"))
    await desk.sync()

    status, told_ = await desk.get(f"{BASE}/invoices/n-1/explain")
    entry = await desk.entry("allocation", "n-1")
    _, webservice = await desk.get(desk.path)

    assert status == 200
    assert "200.00 of the credit note n-1 is put on the invoice i-1." in [c["message"] for c in told_["checks"]]
    assert "ViewCreditNote.aspx?creditNoteID=" in entry["remote_url"]
    assert [line["text"] for line in entry["history"]][-1] == "It was written there as AG-n-1 on AG-1."
    assert webservice["counts"]["allocation"] == {"synced": 1}
