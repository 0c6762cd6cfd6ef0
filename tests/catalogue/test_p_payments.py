"""Chapter P of the case catalogue: payments that go out, payments that come back (DOMAIN 5.6)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.catalogue.desk import (
    Json,
    connect,
    held,
    make_contact,
    make_invoice,
    make_payment,
    notes,
    outcome,
    put,
    refused,
    send,
    synced,
)
from tests.sync.harness import MAPPINGS
from tests.web.webservices.office import BASE, Office

BY_PROCESSOR = ("bank", {"method": "stripe", "processor_account": "acct-2"}, "092")


async def paid(office: Office, *payments: Json, **invoice: Any) -> None:
    """One invoice over 500.00 with these payments, sent and synced."""
    await send(office, make_contact(), make_invoice(**invoice), *payments)
    await office.sync()


async def gallery_invoice(office: Office, invoice_id: str = "i-1") -> Json:
    status, told = await office.get(f"{BASE}/invoices/{invoice_id}")
    assert status == 200, told
    return dict(told)


def there(office: Office) -> list[tuple[str, str, str]]:
    """(date, amount, account code) of the live payments there, by date."""
    codes = {office.bench.organisation.account(code).id: code for code in ("090", "091", "092", "093", "094")}
    live = sorted(office.bench.live_payments(), key=lambda one: (one.on, one.amount))
    return [(one.on.isoformat(), str(one.amount), codes[one.account_id]) for one in live]


async def test_p1_a_full_bank_transfer_closes_the_invoice(desk: Office) -> None:
    await paid(desk, make_payment())
    assert there(desk) == [("2026-03-10", "500.00", "090")]
    assert desk.bench.books()["AG-1"] == ("PAID", Decimal("500.00"), Decimal("500.00"))
    await synced(desk, "payment", "p-1")


async def test_p2_three_instalments_step_down_and_the_last_one_closes(desk: Office) -> None:
    days = ("2026-03-10", "2026-04-10", "2026-05-10")
    left = []
    await send(desk, make_contact(), make_invoice())
    for n, day in enumerate(days):
        await send(desk, make_payment(f"p-{n}", amount=("200.00", "200.00", "100.00")[n], paid_on=day))
        await desk.sync()
        left.append(str(desk.bench.invoice("AG-1").left))
    assert left == ["300.00", "100.00", "0.00"]
    assert desk.bench.invoice("AG-1").status == "PAID"


async def test_p2_instalments_that_arrive_together_all_go_in_one_run(desk: Office) -> None:
    await paid(desk, *[make_payment(f"p-{n}", amount="125.00", paid_on=f"2026-03-1{n}") for n in range(4)])
    assert [amount for _, amount, _ in there(desk)] == ["125.00"] * 4
    assert desk.bench.invoice("AG-1").status == "PAID"


async def test_p3_a_deposit_before_the_issue_date_keeps_its_day(desk: Office) -> None:
    await paid(desk, make_payment(amount="100.00", paid_on="2026-02-01"))
    assert there(desk) == [("2026-02-01", "100.00", "090")]
    await synced(desk, "payment", "p-1")


async def test_p4_a_payment_dated_in_the_future_goes_with_a_note(desk: Office) -> None:
    day = (date.today() + timedelta(days=400)).isoformat()  # noqa: DTZ011 - any day far ahead will do
    await paid(desk, make_payment(paid_on=day))
    assert there(desk) == [(day, "500.00", "090")]
    assert "in the future" in notes(await synced(desk, "payment", "p-1"))


async def test_p5_a_payment_in_a_locked_period_is_held_and_its_invoice_goes(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice())
    await desk.sync()
    desk.bench.organisation.lock(period=date(2026, 3, 31))
    assert (await desk.get(f"{desk.path}/choices", refresh="true"))[0] == 200
    await send(desk, make_payment())
    await desk.sync()
    await held(desk, "p-1", "period_locked", type_="payment")
    assert there(desk) == []
    assert desk.bench.invoice("AG-1").status == "AUTHORISED"


@pytest.mark.parametrize("amount", ["0.00", "0", "-0.00"])
async def test_p6_a_payment_of_nothing_is_refused_at_the_door(office: Office, amount: str) -> None:
    await send(office, make_contact(), make_invoice())
    assert list(await refused(office, make_payment(amount=amount))) == ["amount"]


async def test_p7_a_negative_payment_is_refused_and_the_refund_named_as_the_way_out(office: Office) -> None:
    await send(office, make_contact(), make_invoice())
    told = await refused(office, make_payment(amount="-5.00"))
    assert "refund" in told["amount"]


async def test_p9_of_two_payments_that_exceed_the_first_goes_and_the_second_is_held_whole(desk: Office) -> None:
    await paid(
        desk,
        make_payment("p-1", amount="300.00", paid_on="2026-03-10"),
        make_payment("p-2", amount="300.00", paid_on="2026-03-20"),
    )
    assert there(desk) == [("2026-03-10", "300.00", "090")]
    entry = await held(desk, "p-2", "exceeds_due", type_="payment")
    assert "300.00" in entry["message"]
    assert "200.00" in entry["message"]


async def test_p10_a_payment_told_by_hook_and_by_poll_stands_there_once(desk: Office) -> None:
    await paid(desk, make_payment())
    for _ in range(3):
        await send(desk, make_payment())
        await desk.sync()
    assert len(there(desk)) == 1
    assert [one["id"] for one in (await gallery_invoice(desk))["payments"]] == ["p-1"]


async def test_p13_a_payment_deleted_in_the_gallery_is_deleted_there(desk: Office) -> None:
    await paid(desk, make_payment())
    await put(desk, make_payment(status="deleted"))
    await desk.sync()
    assert there(desk) == []
    assert desk.bench.invoice("AG-1").status == "AUTHORISED"
    assert await outcome(desk, "payment", "p-1") == ("voided", None)


async def test_p13_a_reconciled_payment_deleted_in_the_gallery_is_a_conflict(desk: Office) -> None:
    await paid(desk, make_payment())
    desk.bench.organisation.reconcile(desk.bench.live_payments()[0].id)
    await put(desk, make_payment(status="deleted"))
    await desk.sync()
    await held(desk, "p-1", "closed", type_="payment", state="conflict")
    assert len(there(desk)) == 1


async def test_p15_a_payment_made_there_comes_back_with_its_origin_and_is_never_sent(desk: Office) -> None:
    await paid(desk)
    made = desk.bench.organisation.pay(desk.bench.invoice("AG-1").id, account="091", on=date(2026, 3, 12))
    await desk.sync()
    (payment,) = (await gallery_invoice(desk))["payments"]
    assert (payment["id"], payment["amount"], payment["method"]) == (f"xero-{made.id}", "500.00", "stripe")
    assert payment["origin"]["kind"] == "xero"
    assert (await gallery_invoice(desk))["due"] == "0.00"
    desk.bench.sandbox.calls.clear()
    await desk.sync()
    assert desk.bench.sandbox.calls.writes == 0
    assert len(there(desk)) == 1


async def test_p15_a_payment_deleted_there_again_is_reversed_in_the_gallery(desk: Office) -> None:
    await paid(desk)
    made = desk.bench.organisation.pay(desk.bench.invoice("AG-1").id)
    await desk.sync()
    desk.bench.organisation.delete_payment(made.id)
    await desk.sync()
    invoice = await gallery_invoice(desk)
    assert (invoice["paid"], invoice["due"]) == ("0.00", "500.00")
    assert [one["status"] for one in invoice["payments"]] == ["deleted"]


async def test_p16_each_part_of_a_batch_payment_comes_back_once(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice(), make_invoice("i-2", total="120.00"))
    await desk.sync()
    parts = [(desk.bench.invoice(number).id, None) for number in ("AG-1", "AG-2")]
    desk.bench.organisation.batch_pay(parts)
    await desk.sync()
    await desk.sync()
    amounts = [(await gallery_invoice(desk, one))["payments"][0]["amount"] for one in ("i-1", "i-2")]
    assert amounts == ["500.00", "120.00"]
    assert len((await gallery_invoice(desk))["payments"]) == 1


async def test_p20_a_stripe_payment_goes_gross_to_its_clearing_account(desk: Office) -> None:
    """The fee is kept in the record and posted nowhere: Xero's own feed may post it already (ADR 10)."""
    fee = {"amount": "14.80", "currency": "AUD"}
    await paid(desk, make_payment(method="stripe", fee=fee))
    assert there(desk) == [("2026-03-10", "500.00", "091")]
    (stored,) = (await gallery_invoice(desk))["payments"]
    assert stored["fee"] == fee


async def test_p21_a_fee_in_another_currency_never_holds_the_payment(desk: Office) -> None:
    await paid(desk, make_payment(method="stripe", fee={"amount": "9.90", "currency": "USD"}))
    await synced(desk, "payment", "p-1")
    assert there(desk) == [("2026-03-10", "500.00", "091")]


async def test_p22_a_second_stripe_account_has_its_own_clearing_account(office: Office) -> None:
    await connect(office, mappings=[*MAPPINGS, BY_PROCESSOR])
    await paid(
        office,
        make_payment("p-1", amount="200.00", method="stripe"),
        make_payment("p-2", amount="300.00", method="stripe", processor_account="acct-2"),
    )
    assert sorted((amount, code) for _, amount, code in there(office)) == [("200.00", "091"), ("300.00", "092")]


async def test_p23_an_unmapped_method_holds_the_payment_and_not_the_invoice(office: Office) -> None:
    others = [one for one in MAPPINGS if one[0] != "bank"]
    await connect(office, mappings=[*others, ("bank", {"method": "bank_transfer"}, "090")])
    await paid(office, make_payment(method="cash"))
    await held(office, "p-1", "payment_account", type_="payment")
    await synced(office, "invoice", "i-1")


async def test_p24_an_archived_account_holds_the_payment(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice())
    await desk.sync()
    desk.bench.organisation.archive_account("090")
    assert (await desk.get(f"{desk.path}/choices", refresh="true"))[0] == 200
    await send(desk, make_payment())
    await desk.sync()
    entry = await held(desk, "p-1", "payment_account", type_="payment")
    assert "archived" in entry["message"]
    assert there(desk) == []


async def test_p25_an_account_that_takes_no_payments_is_refused_when_it_is_mapped(desk: Office) -> None:
    status, told = await desk.map({"slot": "bank", "when": {"method": "cash"}, "to": {"code": "200"}})
    assert status == 422, told
    assert any("payments" in fault["message"] for fault in told["errors"])


async def test_p26_a_pending_card_payment_waits_in_the_gallery_until_it_is_recorded(desk: Office) -> None:
    await paid(desk, make_payment(status="pending", method="stripe"))
    assert await outcome(desk, "payment", "p-1") == ("left_out", "payment_not_recorded")
    assert there(desk) == []
    await put(desk, make_payment(method="stripe"))
    await desk.sync()
    assert there(desk) == [("2026-03-10", "500.00", "091")]


async def test_p26_a_failed_card_payment_never_goes(desk: Office) -> None:
    await paid(desk, make_payment(status="failed", method="stripe"))
    assert await outcome(desk, "payment", "p-1") == ("left_out", "payment_not_recorded")
    assert there(desk) == []


async def test_p27_a_chargeback_is_held_with_a_sentence_and_what_stands_there_stays(desk: Office) -> None:
    await paid(desk, make_payment(method="stripe"))
    await put(desk, make_payment(method="stripe", status="failed"))
    await desk.sync()
    entry = await held(desk, "p-1", "refused", type_="payment")
    assert "failed" in entry["message"]
    assert len(there(desk)) == 1


async def test_p28_cash_rounding_goes_to_the_rounding_account_and_the_payment_closes(desk: Office) -> None:
    """Worked example K: 19.98 rounded to 20.00 in cash."""
    await put(
        desk,
        {"type": "gallery", "name": "Harbour Lane Gallery", "country": "AU", "currency": "AUD"}
        | {"timezone": "Australia/Sydney", "cash_rounding": "0.05"},
    )
    line = {"id": "1", "kind": "publication", "description": "Postcards", "quantity": "1", "unit_price": "19.98"}
    await paid(
        desk,
        make_payment(amount="20.00", method="cash"),
        lines=[line | {"tax_code": "gst"}],
        total="20.00",
    )
    status, total, settled = desk.bench.books()["AG-1"]
    assert (status, total, settled) == ("PAID", Decimal("20.00"), Decimal("20.00"))


async def test_p29_a_payment_of_a_draft_waits_until_it_is_approved_there(office: Office) -> None:
    await connect(office, invoice_status="DRAFT")
    await paid(office, make_payment())
    assert (await outcome(office, "payment", "p-1"))[0] == "waiting"
    assert there(office) == []
    office.bench.organisation.approve(office.bench.invoice("AG-1").id)
    await office.sync()
    assert there(office) == [("2026-03-10", "500.00", "090")]


async def test_p30_a_payment_of_a_held_invoice_waits_and_both_go_in_order(desk: Office) -> None:
    await send(desk, make_invoice(), make_payment())  # the contact is missing
    await desk.sync()
    assert (await outcome(desk, "payment", "p-1"))[0] == "waiting"
    await send(desk, make_contact())
    await desk.sync()
    assert desk.bench.books()["AG-1"] == ("PAID", Decimal("500.00"), Decimal("500.00"))


async def test_p32_after_a_run_the_payments_of_both_sides_are_equal_or_named(desk: Office) -> None:
    await paid(desk, make_payment("p-1", amount="200.00"), make_payment("p-2", amount="400.00", paid_on="2026-04-01"))
    desk.bench.organisation.pay(desk.bench.invoice("AG-1").id, Decimal("100.00"), on=date(2026, 3, 20))
    await desk.sync()
    proof = await desk.proof()
    assert proof["agrees"] is True
    (row,) = [one for one in proof["rows"] if one["type"] == "invoice"]
    assert (row["ours"]["paid"], row["theirs"]["paid"]) == ("300.00", "300.00")
    named = {(one["record_id"], one["reason"]): one["total"] for one in proof["not_in_books"]}
    assert named == {("p-2", "exceeds_due"): "400.00"}
