"""FACTS 6: payments; 4.12: credit notes, allocations, refunds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.plugins.xero.sandbox.support import Caller, Clock, line, messages, payment, running


async def pay(caller: Caller, *sent: dict[str, Any]) -> list[dict[str, Any]]:
    return await caller.put("Payments", *sent)


async def read(caller: Caller, made: dict[str, Any]) -> dict[str, Any]:
    (found,) = (await caller.get(f"Invoices/{made['InvoiceID']}")).json["Invoices"]
    return dict(found)


async def test_payments_close_an_invoice_and_deleting_one_opens_it_again(caller: Caller) -> None:
    made = await caller.invoice()
    first, second = await pay(
        caller, payment(made["InvoiceID"], "60"), payment(made["InvoiceID"], "50", Date="2026-03-12")
    )
    paid = await read(caller, made)
    assert (paid["Status"], paid["AmountPaid"], paid["AmountDue"]) == ("PAID", 110, 0)
    assert paid["FullyPaidOnDate"] == "/Date(1773273600000+0000)/"
    assert [one["PaymentID"] for one in paid["Payments"]] == [first["PaymentID"], second["PaymentID"]]
    assert not {"Status", "PaymentType"} & set(paid["Payments"][0])
    (deleted,) = await caller.post(f"Payments/{second['PaymentID']}", {"Status": "DELETED"})
    assert deleted["Status"] == "DELETED"
    opened = await read(caller, made)
    assert (opened["Status"], opened["AmountDue"], len(opened["Payments"])) == ("AUTHORISED", 50, 1)
    assert "FullyPaidOnDate" not in opened
    assert (await caller.get(f"Payments/{second['PaymentID']}")).json["Payments"][0]["Status"] == "DELETED"


async def test_a_deletion_may_be_sent_bare(caller: Caller) -> None:
    made = await caller.invoice()
    (paid,) = await pay(caller, payment(made["InvoiceID"]))
    reply = await caller.call("POST", f"Payments/{paid['PaymentID']}", body={"Status": "DELETED"})
    assert reply.json["Payments"][0]["Status"] == "DELETED"


async def test_deleted_payments_may_stay_in_the_invoice() -> None:
    async with running(deleted_payments_listed=True) as caller:
        made = await caller.invoice()
        paid = caller.organisation.pay(made["InvoiceID"])
        caller.organisation.delete_payment(paid.id)
        found = await read(caller, made)
        assert (len(found["Payments"]), found["AmountPaid"]) == (1, 0)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"Amount": Decimal("110.01")}, "Payment amount exceeds the amount outstanding on this document"),
        ({"Amount": 0}, "The payment amount must be greater than zero"),
        ({"Account": {"Code": "999"}}, "Account could not be found"),
        ({"Account": {}}, "Account could not be found"),
        ({"Account": {"Code": "200"}}, "Account type is invalid for making a payment to"),
        ({"Account": {"Code": "094"}}, "The currency of the bank account must be that of"),
        ({"Invoice": {}}, "Payment must be applied to an invoice or credit note"),
        ({"CreditNote": {"CreditNoteNumber": "CN-1"}}, "Payment is applied to more than one document"),
        ({"Invoice": {"InvoiceNumber": "nope"}}, "An existing Invoice with the specified InvoiceID could not be found"),
        ({"Reference": "x" * 256}, "Reference cannot exceed 255 characters"),
    ],
)
async def test_what_a_payment_may_not_be(caller: Caller, fields: dict[str, Any], expected: str) -> None:
    made = await caller.invoice()
    (refused,) = await pay(caller, {**payment(made["InvoiceID"]), **fields})
    assert (refused["StatusAttributeString"], refused["HasValidationErrors"]) == ("ERROR", True)
    assert messages(refused)[0].startswith(expected)
    assert (await read(caller, made))["AmountDue"] == 110


async def test_only_authorised_documents_are_paid(caller: Caller) -> None:
    draft = await caller.invoice(Status="DRAFT")
    voided = await caller.invoice()
    caller.organisation.void(voided["InvoiceID"])
    for made in (draft, voided):
        (refused,) = await pay(caller, payment(made["InvoiceID"]))
        assert messages(refused) == ["Payments can only be made against Authorised documents"]
    paid = await caller.invoice()
    caller.organisation.pay(paid["InvoiceID"])
    (refused,) = await pay(caller, payment(paid["InvoiceID"], "1"))
    assert messages(refused) == ["Payment amount exceeds the amount outstanding on this document"]


async def test_accounts_that_take_payments(caller: Caller) -> None:
    savings = next(one for one in caller.organisation.accounts.values() if one.name == "Savings")
    for account in ({"Code": "091"}, {"Code": "093"}, {"AccountID": savings.id}):
        made = await caller.invoice()
        (paid,) = await pay(caller, payment(made["InvoiceID"], Account=account))
        assert paid["StatusAttributeString"] == "OK", paid
    assert paid["Account"] == {"AccountID": savings.id}  # a bank account without a code


@pytest.mark.parametrize(
    ("switch", "expected"), [("not_found", "Account could not be found"), ("archived", "The account has been archived")]
)
async def test_an_archived_account_takes_no_payment(switch: str, expected: str) -> None:
    async with running(archived_payment_account=switch) as caller:
        made = await caller.invoice()
        caller.organisation.archive_account("090")
        (refused,) = await pay(caller, payment(made["InvoiceID"]))
        assert messages(refused) == [expected]


async def test_foreign_money_reaches_an_account_of_its_own_or_the_base_currency(caller: Caller) -> None:
    for code, bank_amount in (("094", "110"), ("090", "166.67")):
        made = await caller.invoice(CurrencyCode="USD")
        (paid,) = await pay(caller, payment(made["InvoiceID"], Account={"Code": code}))
        assert (paid["Amount"], paid["BankAmount"]) == (110, Decimal(bank_amount))


async def test_rates_of_payments_may_read_zero() -> None:
    async with running(payment_rate_zero=True) as caller:
        made = await caller.invoice()
        (paid,) = await pay(caller, payment(made["InvoiceID"]))
        assert paid["CurrencyRate"] == 0


async def test_a_payment_cannot_be_changed_nor_deleted_twice(caller: Caller) -> None:
    made = await caller.invoice()
    (paid,) = await pay(caller, payment(made["InvoiceID"]))
    path = f"Payments/{paid['PaymentID']}"
    assert messages((await caller.post(path, {"Amount": 5}))[0]) == ["Payments cannot be modified"]
    await caller.post(path, {"Status": "DELETED"})
    assert messages((await caller.post(path, {"Status": "DELETED"}))[0]) == ["The payment has already been deleted"]


@pytest.mark.parametrize("may", [False, True])
async def test_deleting_a_reconciled_payment_is_a_switch(may: bool) -> None:
    async with running(reconciled_payment_deletable=may) as caller:
        made = await caller.invoice()
        (paid,) = await pay(caller, payment(made["InvoiceID"]))
        caller.organisation.reconcile(paid["PaymentID"])
        (answered,) = await caller.post(f"Payments/{paid['PaymentID']}", {"Status": "DELETED"})
        assert bool(messages(answered)) is not may


async def test_a_batch_payment_shows_in_its_parts_and_is_deleted_only_whole(caller: Caller) -> None:
    one, two = await caller.invoice(), await caller.invoice()
    batch = caller.organisation.batch_pay([(one["InvoiceID"], None), (two["InvoiceID"], Decimal(10))], reference="B1")
    found = (await caller.get("Payments?page=1")).json["Payments"]
    parts = [part for part in found if part.get("BatchPaymentID") == batch.id]
    assert [part["Amount"] for part in parts] == [110, 10]
    assert (parts[0]["BatchPayment"]["Type"], parts[0]["BatchPayment"]["TotalAmount"]) == ("RECBATCH", 120)
    (refused,) = await caller.post(f"Payments/{parts[0]['PaymentID']}", {"Status": "DELETED"})
    assert "batch" in messages(refused)[0]
    caller.organisation.delete_batch(batch.id)
    assert (await read(caller, one))["AmountDue"] == 110


async def test_payments_bump_the_invoice() -> None:
    clock = Clock()
    async with running(clock) as caller:
        made = await caller.invoice()
        clock.pass_(10)
        (paid,) = await pay(caller, payment(made["InvoiceID"]))
        found = await read(caller, made)
        assert found["UpdatedDateUTC"] == paid["UpdatedDateUTC"] == "/Date(1772442010000+0000)/"
        assert found["UpdatedDateUTCString"] == "2026-03-02T09:00:10.000Z"


def credit_note(contact: str, **fields: Any) -> dict[str, Any]:
    return {
        "Type": "ACCRECCREDIT",
        "Status": "AUTHORISED",
        "Contact": {"ContactID": contact},
        "Date": "2026-03-15",
        "LineAmountTypes": "Exclusive",
        "LineItems": [line()],
        **fields,
    }


async def allocate(caller: Caller, credit: str, invoice_id: str, amount: str) -> tuple[int, Any]:
    sent = {"Amount": Decimal(amount), "Date": "2026-03-16", "Invoice": {"InvoiceID": invoice_id}}
    reply = await caller.call("PUT", f"CreditNotes/{credit}/Allocations", body={"Allocations": [sent]})
    return reply.status, reply.json


async def test_a_credit_note_is_allocated_and_taken_back() -> None:
    async with running() as caller:
        made = await caller.invoice()
        (credit,) = await caller.put("CreditNotes", credit_note(made["Contact"]["ContactID"], CreditNoteNumber="CN1"))
        key = credit["CreditNoteID"]
        assert (credit["RemainingCredit"], credit["Status"]) == (110, "AUTHORISED")
        status, body = await allocate(caller, key, made["InvoiceID"], "110")
        assert status == 200
        invoice = await read(caller, made)
        assert (invoice["Status"], invoice["AmountPaid"], invoice["AmountCredited"]) == ("PAID", 0, 110)
        assert invoice["CreditNotes"][0]["CreditNoteNumber"] == "CN1"
        (used,) = (await caller.get(f"CreditNotes/{key}")).json["CreditNotes"]
        assert (used["Status"], used["RemainingCredit"]) == ("PAID", 0)
        allocation = body["Allocations"][0]["AllocationID"]
        assert (await caller.call("DELETE", f"CreditNotes/{key}/Allocations/{allocation}")).status == 200
        assert (await caller.call("DELETE", f"CreditNotes/{key}/Allocations/{allocation}")).status == 404
        assert (await read(caller, made))["AmountDue"] == 110


async def test_what_an_allocation_may_not_be() -> None:
    async with running() as caller:
        made, other = await caller.invoice(), await caller.invoice()
        (credit,) = await caller.put("CreditNotes", credit_note(made["Contact"]["ContactID"]))
        key = credit["CreditNoteID"]
        assert (await allocate(caller, key, made["InvoiceID"], "110.01"))[0] == 400
        assert (await allocate(caller, key, other["InvoiceID"], "10"))[0] == 400  # another contact
        assert (await allocate(caller, key, made["InvoiceID"], "0"))[0] == 400
        incomplete = await caller.call("PUT", f"CreditNotes/{key}/Allocations", body={"Allocations": [{"Amount": 5}]})
        assert incomplete.status == 400
        assert (await read(caller, made))["AmountCredited"] == 0


async def test_a_credit_note_takes_no_discounts_and_no_used_number() -> None:
    async with running() as caller:
        contact = await caller.contact()
        await caller.put("CreditNotes", credit_note(contact, CreditNoteNumber="CN1"))
        (taken,) = await caller.put("CreditNotes", credit_note(contact, CreditNoteNumber="CN1"))
        assert messages(taken) == ["Credit Note # must be unique."]
        (discounted,) = await caller.put("CreditNotes", credit_note(contact, LineItems=[line(DiscountRate=10)]))
        assert messages(discounted) == ["Discounts can only be applied to sales invoices and quotes"]


async def test_a_refund_is_a_payment_of_a_credit_note() -> None:
    async with running() as caller:
        contact = await caller.contact()
        (credit,) = await caller.put("CreditNotes", credit_note(contact))
        refund = {"CreditNote": {"CreditNoteID": credit["CreditNoteID"]}, "Account": {"Code": "090"}, "Amount": 60}
        (paid,) = await pay(caller, refund)
        assert (paid["PaymentType"], paid["CreditNote"]["CreditNoteID"]) == ("ARCREDITPAYMENT", credit["CreditNoteID"])
        (again,) = await pay(caller, refund)
        assert messages(again) == ["Payment amount exceeds the amount outstanding on this document"]
        (wrong,) = await pay(caller, {**refund, "Account": {"Code": "200"}, "Amount": 5})
        assert messages(wrong) == ["Account type is invalid for making a payment from"]
        (found,) = (await caller.get("CreditNotes?page=1")).json["CreditNotes"]
        assert found["RemainingCredit"] == 50
        (frozen,) = await caller.post(f"CreditNotes/{credit['CreditNoteID']}", {"Status": "VOIDED"})
        assert len(messages(frozen)) == 2


@pytest.mark.parametrize(
    ("source", "key"), [("credit_note", "CreditNotes"), ("overpayment", "Overpayments"), ("prepayment", "Prepayments")]
)
async def test_credits_made_in_xero_show_in_the_invoice(caller: Caller, source: str, key: str) -> None:
    made = await caller.invoice()
    allocation = caller.organisation.credit(made["InvoiceID"], Decimal(30), source=source)
    found = await read(caller, made)
    assert (found["AmountCredited"], found["AmountDue"], len(found[key])) == (30, 80, 1)
    caller.organisation.remove_credit(made["InvoiceID"], allocation.id)
    assert (await read(caller, made))["AmountDue"] == 110


@pytest.mark.parametrize("bumps", [True, False])
async def test_whether_an_allocation_bumps_the_invoice_is_a_switch(bumps: bool) -> None:
    clock = Clock()
    async with running(clock, allocation_bumps_invoice=bumps) as caller:
        made = await caller.invoice()
        clock.pass_(10)
        caller.organisation.credit(made["InvoiceID"], Decimal(30))
        assert ((await read(caller, made))["UpdatedDateUTC"] != made["UpdatedDateUTC"]) is bumps
