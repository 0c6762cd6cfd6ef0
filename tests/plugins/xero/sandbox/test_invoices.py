"""FACTS 4.1 to 4.7 and 4.9: numbers, dates, status, edits, contacts, lock dates."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.plugins.xero.sandbox.support import Caller, Clock, invoice, line, messages, payment, running

FROZEN = "This document cannot be edited as it has a payment or credit note allocated to it."
STATUS = "Invoice not of valid status for modification"
UNIQUE = "Invoice # must be unique."


async def refusals(caller: Caller, **fields: Any) -> list[str]:
    fields.setdefault("Contact", {"ContactID": caller.organisation.add_contact("Somebody").id})
    (made,) = await caller.put("Invoices", invoice(**fields))
    assert (made["StatusAttributeString"], made["HasErrors"]) == ("ERROR", True)
    return messages(made)


async def change(caller: Caller, made: dict[str, Any], **fields: Any) -> dict[str, Any]:
    (changed,) = await caller.post(f"Invoices/{made['InvoiceID']}", fields)
    return changed


async def test_an_invoice_comes_back_whole(caller: Caller) -> None:
    made = await caller.invoice(InvoiceNumber="AG1", Reference="R", Url="https://gallery.example/i/1")
    (read,) = (await caller.get(f"Invoices/{made['InvoiceID']}?unitdp=4")).json["Invoices"]
    assert {key: one for key, one in made.items() if key != "StatusAttributeString"} == read
    assert (read["SubTotal"], read["TotalTax"], read["Total"]) == (100, 10, 110)
    assert (read["DateString"], read["Date"]) == ("2026-03-04T00:00:00", "/Date(1772582400000+0000)/")
    assert (read["AmountDue"], read["Status"], read["InvoiceNumber"]) == (110, "AUTHORISED", "AG1")
    assert (await caller.get("Invoices/AG1")).json["Invoices"][0]["InvoiceID"] == made["InvoiceID"]


async def test_a_put_with_a_used_number_is_refused_whatever_became_of_the_first() -> None:
    async with running() as caller:
        for number, act in (("A", None), ("B", "VOIDED"), ("C", "paid")):
            made = await caller.invoice(InvoiceNumber=number)
            if act == "VOIDED":
                caller.organisation.void(made["InvoiceID"])
            if act == "paid":
                caller.organisation.pay(made["InvoiceID"])
            assert await refusals(caller, InvoiceNumber=number.lower()) == [UNIQUE]


async def test_two_equal_numbers_in_one_batch_make_one_invoice() -> None:
    async with running() as caller:
        contact = {"ContactID": await caller.contact()}
        both = await caller.put("Invoices", *[invoice(Contact=contact, InvoiceNumber="AG1")] * 2)
        assert [one["StatusAttributeString"] for one in both] == ["OK", "ERROR"]


async def test_the_number_of_a_voided_invoice_may_be_free_by_a_switch() -> None:
    async with running(voided_number_reusable=True) as caller:
        made = await caller.invoice(InvoiceNumber="AG1")
        caller.organisation.void(made["InvoiceID"])
        again = await caller.invoice(InvoiceNumber="AG1")
        assert again["InvoiceID"] != made["InvoiceID"]


async def test_a_renamed_invoice_frees_its_number() -> None:
    async with running() as caller:
        made = await caller.invoice(InvoiceNumber="AG1")
        assert (await change(caller, made, InvoiceNumber="AG1-void"))["InvoiceNumber"] == "AG1-void"
        assert (await change(caller, made, Status="VOIDED"))["Status"] == "VOIDED"
        await caller.invoice(InvoiceNumber="AG1")


async def test_a_post_by_number_silently_edits_and_fails_on_a_voided_one() -> None:
    async with running() as caller:
        made = await caller.invoice(InvoiceNumber="AG1")
        (changed,) = await caller.post("Invoices", {"InvoiceNumber": "AG1", "Reference": "changed"})
        assert (changed["InvoiceID"], changed["Reference"]) == (made["InvoiceID"], "changed")
        caller.organisation.void(made["InvoiceID"])
        (refused,) = await caller.post("Invoices", {"InvoiceNumber": "AG1", "Reference": "again"})
        assert messages(refused) == [STATUS]


async def test_xero_numbers_invoices_that_have_no_number(caller: Caller) -> None:
    one, two = await caller.invoice(), await caller.invoice()
    assert one["InvoiceNumber"].startswith("INV-")
    assert one["InvoiceNumber"] != two["InvoiceNumber"]


async def test_bills_may_repeat_numbers() -> None:
    async with running() as caller:
        await caller.invoice(InvoiceNumber="AG1")
        contact = await caller.contact()
        bill = invoice(
            Type="ACCPAY",
            InvoiceNumber="AG1",
            Contact={"ContactID": contact},
            LineItems=[line(AccountCode="310", TaxType="INPUT")],
        )
        (made,) = await caller.put("Invoices", bill)
        assert made["StatusAttributeString"] == "OK", made


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"Type": ...}, "A Type must be specified"),
        ({"Date": ...}, "The Date field must be specified."),
        ({"DueDate": ...}, "The document DueDate field must be specified."),
        ({"LineItems": []}, "One or more line items must be specified"),
        ({"InvoiceNumber": "x" * 256}, "InvoiceNumber cannot exceed 255 characters"),
        ({"Reference": "x" * 256}, "Reference cannot exceed 255 characters"),
        ({"CurrencyCode": "NZD"}, "Organisation is not subscribed to currency NZD"),
        ({"Url": "gallery.example/1"}, "Url must be a valid absolute url"),
        ({"Url": "https://xero.example/1"}, "Url cannot contain the word xero"),
        ({"Contact": ...}, "A Contact must be specified for this type of transaction"),
        ({"Contact": {"EmailAddress": "a@example.com"}}, "The Contact must contain at least 1 of"),
        ({"Contact": {"ContactID": "11111111-1111-1111-1111-111111111111"}}, "The Contact with the specified"),
        ({"Status": "VOIDED"}, STATUS),
        ({"Status": "PAID"}, STATUS),
        ({"Total": Decimal("110.01")}, "The document total does not equal the sum of the lines."),
        ({"InvoiceID": "11111111-1111-1111-1111-111111111111"}, "An existing Invoice with the specified"),
    ],
)
async def test_what_a_new_invoice_needs(caller: Caller, fields: dict[str, Any], expected: str) -> None:
    (found,) = await refusals(caller, **fields)
    assert found.startswith(expected)


async def test_a_draft_needs_less(caller: Caller) -> None:
    made = await caller.invoice(
        Status="DRAFT", Date=..., DueDate=..., LineItems=[{"Description": "Something", "UnitAmount": 5}]
    )
    assert (made["Status"], made["Total"]) == ("DRAFT", 5)
    (refused,) = await caller.post(f"Invoices/{made['InvoiceID']}", {"Status": "AUTHORISED", "DueDate": "2026-04-01"})
    assert messages(refused) == ["The account code or ID must be specified"]


async def test_the_due_date_may_follow_from_default_terms() -> None:
    async with running(due_date_required=False) as caller:
        assert (await caller.invoice(DueDate=...))["DueDateString"] == "2026-03-18T00:00:00"


async def test_wrong_totals_may_be_ignored() -> None:
    async with running(wrong_totals="ignore") as caller:
        assert (await caller.invoice(Total=5, SubTotal=4, TotalTax=1))["Total"] == 110


async def test_the_length_of_references_may_be_unlimited() -> None:
    async with running(reference_max=None) as caller:
        assert len((await caller.invoice(Reference="x" * 5000))["Reference"]) == 5000


async def test_a_total_below_zero_is_refused_or_not() -> None:
    below = [line(UnitAmount=-5)]
    async with running() as caller:
        assert await refusals(caller, LineItems=below) == ["The document total cannot be less than zero"]
    async with running(negative_total_refused=False) as caller:
        assert (await caller.invoice(LineItems=below))["Total"] == Decimal("-5.5")


@pytest.mark.parametrize(("switch", "status"), [(True, "PAID"), (False, "AUTHORISED")])
async def test_an_invoice_over_nothing_is_paid_at_once_or_not(switch: bool, status: str) -> None:
    async with running(zero_total_paid=switch) as caller:
        made = await caller.invoice(LineItems=[line(UnitAmount=0)])
        assert (made["Status"], made["Total"], made["AmountPaid"]) == (status, 0, 0)


@pytest.mark.parametrize(("switch", "status"), [("submitted", "SUBMITTED"), ("draft", "DRAFT")])
async def test_approval_may_come_back_lower(switch: str, status: str) -> None:
    async with running(approval=switch) as caller:
        made = await caller.invoice()
        assert made["Status"] == status
        actions = (await caller.get("Organisation/Actions")).json["Actions"]
        assert {"Name": "CreateApprovedInvoice", "Status": "NOT-ALLOWED"} in actions
        assert caller.organisation.approve(made["InvoiceID"]).status == "AUTHORISED"  # a person may


async def test_approval_may_be_refused() -> None:
    async with running(approval="refused") as caller:
        assert await refusals(caller) == ["You have reached the limit of invoices you can approve"]
        assert (await caller.invoice(Status="DRAFT"))["Status"] == "DRAFT"


MOVES = [
    ("DRAFT", "SUBMITTED", True),
    ("DRAFT", "AUTHORISED", True),
    ("DRAFT", "DELETED", True),
    ("DRAFT", "VOIDED", False),
    ("SUBMITTED", "DRAFT", True),
    ("SUBMITTED", "AUTHORISED", True),
    ("SUBMITTED", "DELETED", True),
    ("AUTHORISED", "VOIDED", True),
    ("AUTHORISED", "DELETED", False),
    ("AUTHORISED", "DRAFT", False),
    ("AUTHORISED", "SUBMITTED", False),
]


@pytest.mark.parametrize(("before", "after", "may"), MOVES)
async def test_status_moves(caller: Caller, before: str, after: str, may: bool) -> None:
    made = await caller.invoice(Status=before)
    changed = await change(caller, made, Status=after)
    stands = caller.organisation.ledger.invoices[made["InvoiceID"]].status
    if may:
        assert (changed["StatusAttributeString"], changed["Status"], stands) == ("OK", after, after)
    else:
        assert (messages(changed), stands) == ([STATUS], before)
        assert changed["Status"] == after  # an echo of what was sent


async def test_voided_and_deleted_invoices_are_final_and_still_read(caller: Caller) -> None:
    for before, after in (("AUTHORISED", "VOIDED"), ("DRAFT", "DELETED")):
        made = await caller.invoice(Status=before)
        await change(caller, made, Status=after)
        assert messages(await change(caller, made, Reference="x")) == [STATUS]
        (read,) = (await caller.get(f"Invoices/{made['InvoiceID']}")).json["Invoices"]
        assert read["Status"] == after


@pytest.mark.parametrize(("switch", "due"), [(True, 110), (False, 0)])
async def test_a_voided_invoice_keeps_its_amount_due_or_not(switch: bool, due: int) -> None:
    async with running(void_keeps_amount_due=switch) as caller:
        changed = await change(caller, await caller.invoice(), Status="VOIDED")
        assert (changed["AmountDue"], changed["Total"]) == (due, 110)


@pytest.mark.parametrize("amount", ["10.00", "110.00"])
async def test_a_paid_or_part_paid_invoice_is_frozen(caller: Caller, amount: str) -> None:
    made = await caller.invoice()
    paid = caller.organisation.pay(made["InvoiceID"], Decimal(amount))
    assert messages(await change(caller, made, Reference="x")) == [FROZEN]
    voided = await change(caller, made, Status="VOIDED")
    assert voided["InvoiceID"] == made["InvoiceID"]
    assert messages(voided) == [
        FROZEN,
        "The status VOIDED cannot be applied to the invoice because it has payments or credit notes allocated to it.",
    ]
    caller.organisation.delete_payment(paid.id)
    assert (await change(caller, made, Status="VOIDED"))["Status"] == "VOIDED"


async def test_some_fields_of_a_paid_invoice_may_be_editable() -> None:
    clock = Clock()
    async with running(clock, paid_editable=("DueDate", "Reference")) as caller:
        made = await caller.invoice()
        caller.organisation.pay(made["InvoiceID"], Decimal(10))
        stamp = caller.organisation.ledger.invoices[made["InvoiceID"]].updated_at
        clock.pass_(5)
        changed = await change(caller, made, DueDate="2026-05-05")
        assert changed["DueDateString"].startswith("2026-05-05")
        assert caller.organisation.ledger.invoices[made["InvoiceID"]].updated_at == stamp  # no bump
        await change(caller, made, Reference="x")
        assert caller.organisation.ledger.invoices[made["InvoiceID"]].updated_at > stamp
        assert messages(await change(caller, made, LineItems=[line()])) == [FROZEN]


async def test_an_approved_invoice_takes_a_full_update_and_lines_are_replaced_as_a_whole(caller: Caller) -> None:
    made = await caller.invoice(LineItems=[line(), line(Description="Frame")])
    kept = made["LineItems"][0]["LineItemID"]
    changed = await change(caller, made, LineItems=[line(LineItemID=kept, UnitAmount=50), line(Description="New")])
    ids = [one["LineItemID"] for one in changed["LineItems"]]
    assert ids[0] == kept
    assert ids[1] not in {one["LineItemID"] for one in made["LineItems"]}
    assert changed["Total"] == 165
    assert (await change(caller, made, Reference="x"))["Total"] == 165  # lines left out are kept


async def test_the_currency_of_an_approved_invoice_is_fixed_or_not() -> None:
    for is_fixed in (True, False):
        async with running(approved_currency_fixed=is_fixed) as caller:
            changed = await change(caller, await caller.invoice(), CurrencyCode="USD")
            assert bool(messages(changed)) is is_fixed


async def test_an_archived_contact_takes_no_new_invoice_nor_edits(caller: Caller) -> None:
    contact = caller.organisation.add_contact("Leaving").id
    made = await caller.invoice(Contact={"ContactID": contact})
    caller.organisation.archive_contact(contact)
    expected = "The contact must be un-archived before creating new invoices or credit notes."
    assert (await refusals(caller, Contact={"ContactID": contact}))[0].endswith(expected)
    assert messages(await change(caller, made, Reference="x"))[0].endswith(expected)
    assert (await change(caller, made, Status="VOIDED"))["Status"] == "VOIDED"


async def test_lock_dates_hold_back_making_editing_voiding_and_paying() -> None:
    async with running() as caller:
        locked, moved = await caller.invoice(), await caller.invoice(Date="2026-05-01")
        caller.organisation.lock(period=date(2026, 3, 31))
        expected = "The document date cannot be before the period lock date, currently set at 31-Mar-2026"
        assert await refusals(caller) == [expected]
        assert messages(await change(caller, locked, Reference="x")) == [expected]
        assert messages(await change(caller, locked, Status="VOIDED")) == [expected]
        assert messages(await change(caller, moved, Date="2026-03-31")) == [expected]
        (paid,) = await caller.put("Payments", payment(locked["InvoiceID"]))
        assert "lock date" in messages(paid)[0]
        (paid,) = await caller.put("Payments", payment(locked["InvoiceID"], Date="2026-04-01"))
        assert paid["StatusAttributeString"] == "OK"
        (profile,) = (await caller.get("Organisation")).json["Organisations"]
        assert "PeriodLockDate" in profile
        assert "EndOfYearLockDate" not in profile


async def test_an_adviser_passes_the_period_lock_but_not_that_of_the_year() -> None:
    async with running(adviser_passes_period_lock=True) as caller:
        caller.organisation.lock(period=date(2026, 3, 31))
        await caller.invoice()
        caller.organisation.lock(year_end=date(2026, 3, 31))
        assert "end of year lock date" in (await refusals(caller))[0]


async def test_foreign_currency_has_a_rate_and_an_odd_one_is_a_warning(caller: Caller) -> None:
    assert (await caller.invoice(CurrencyCode="USD"))["CurrencyRate"] == Decimal("0.66")
    contact = {"ContactID": caller.organisation.add_contact("Foreign buyer").id}
    sent = invoice(Contact=contact, CurrencyCode="USD", CurrencyRate=Decimal("66.1234567"))
    (odd,) = await caller.put("Invoices", sent)
    assert (odd["StatusAttributeString"], odd["CurrencyRate"]) == ("WARNING", Decimal("66.123457"))
    assert len(odd["Warnings"]) == 1


async def test_the_wording_of_messages_can_be_changed() -> None:
    async with running(wording={"invoice_number_taken": "Number already exists"}) as caller:
        await caller.invoice(InvoiceNumber="AG1")
        assert await refusals(caller, InvoiceNumber="AG1") == ["Number already exists"]
