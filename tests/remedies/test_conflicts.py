"""Where both sides have it and differ: each way out of each conflict."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.remedies.casebook import Casebook, Sick, make_contact, make_invoice, make_payment


@pytest.fixture
async def standing(book: Casebook) -> Casebook:
    """AG-1 over 500.00 stands in the books."""
    await book.put(make_contact(), make_invoice())
    await book.connect()
    await book.run()
    return book


async def conflict(book: Casebook, reason: str, *names: str, type_: str = "invoice", record_id: str = "i-1") -> Sick:
    """A conflict after the next run."""
    return await book.find(type_, record_id, "conflict", reason, *names)


def amounts(book: Casebook) -> list[str]:
    """What is paid there."""
    return sorted(str(one.amount) for one in book.live_payments())


# -- closed


async def test_closed_by_the_gallerys_own_credit_note_take_off_what_it_applies_to(standing: Casebook) -> None:
    note = {"kind": "credit_note", "number": "n-1", "total": "100.00"}
    await standing.put(make_invoice("n-1", **note, applies_to="i-1"))
    await standing.run()
    await standing.put(make_invoice(total="510.00"))
    sick = await conflict(standing, "closed", "AG-1", "510.00")

    await standing.put(make_invoice("n-1", **note))

    await standing.check_cured(sick, "510.00")


@pytest.fixture
async def closed(standing: Casebook) -> Sick:
    """Paid there, and changed here."""
    standing.xero.pay(standing.numbered("AG-1").id)
    await standing.run()
    await standing.put(make_invoice(total="510.00"))
    return await conflict(standing, "closed", "AG-1", "500.00", "510.00")


async def test_closed_remove_the_payment_there(standing: Casebook, closed: Sick) -> None:
    (theirs,) = standing.live_payments()

    standing.xero.delete_payment(theirs.id)

    await standing.check_cured(closed, "510.00")


async def test_closed_mark_it_as_resolved(standing: Casebook, closed: Sick) -> None:
    await standing.resolve(closed)

    await standing.put(make_invoice(total="520.00"))
    await conflict(standing, "closed", "AG-1", "520.00")


@pytest.mark.parametrize("source", ["credit_note", "prepayment", "overpayment"])
async def test_closed_by_a_credit_remove_it_there(standing: Casebook, source: str) -> None:
    invoice = standing.numbered("AG-1")
    credit = standing.xero.credit(invoice.id, Decimal("100.00"), source=source)
    await standing.run()
    await standing.put(make_invoice(total="510.00"))
    sick = await conflict(standing, "closed", "AG-1", "510.00")

    standing.xero.remove_credit(invoice.id, credit.id)

    await standing.check_cured(sick, "510.00")


@pytest.fixture
async def reconciled(standing: Casebook) -> Sick:
    """Our payment was matched with a bank line there, and changed here."""
    await standing.put(make_payment(amount="200.00"))
    await standing.run()
    (ours,) = standing.live_payments()
    standing.xero.reconcile(ours.id)
    await standing.put(make_payment(amount="300.00"))
    return await conflict(standing, "closed", "200.00", "300.00", "reconciled", type_="payment", record_id="p-1")


async def test_closed_payment_delete_it_there(standing: Casebook, reconciled: Sick) -> None:
    (ours,) = standing.live_payments()

    standing.xero.delete_payment(ours.id)

    await standing.check_cured(reconciled, "300.00")
    assert amounts(standing) == ["300.00"]


async def test_closed_payment_mark_it_as_resolved(standing: Casebook, reconciled: Sick) -> None:
    await standing.resolve(reconciled)

    assert amounts(standing) == ["200.00"]


# -- edited there


@pytest.fixture
async def edited(standing: Casebook) -> Sick:
    """The bookkeeper corrected the price there: 510.00 with its tax, 463.64 without."""
    standing.xero.edit_line(
        standing.numbered("AG-1").id, UnitAmount=Decimal("463.64"), TaxAmount=Decimal("46.36"), LineAmount=None
    )
    return await conflict(standing, "edited_there", "AG-1", "500.00", "510.00")


async def test_edited_there_make_both_equal_there(standing: Casebook, edited: Sick) -> None:
    standing.xero.edit_line(
        standing.numbered("AG-1").id, UnitAmount=Decimal("454.55"), TaxAmount=Decimal("45.45"), LineAmount=None
    )

    await standing.check_cured(edited, "500.00")


async def test_edited_there_make_both_equal_here(standing: Casebook, edited: Sick) -> None:
    await standing.put(make_invoice(total="510.00"))

    await standing.check_cured(edited, "510.00")


async def test_edited_there_mark_it_as_resolved(standing: Casebook, edited: Sick) -> None:
    await standing.resolve(edited)

    assert standing.numbered("AG-1").total == 510


@pytest.mark.parametrize(
    ("there", "here", "named"),
    [
        ({"Date": "2026-03-06"}, {"issued_on": "2026-03-06"}, "2026-03-06"),
        ({"Contact": "c-2"}, {"contact_id": "c-2"}, "contact"),
    ],
    ids=["date", "contact"],
)
async def test_edited_there_in_its_head_make_both_equal_here(
    standing: Casebook, there: dict[str, Any], here: dict[str, Any], named: str
) -> None:
    from datetime import date  # noqa: PLC0415 - a bound wire field

    await standing.put(make_contact("c-2"), make_invoice("i-2", contact_id="c-2"))
    await standing.run()
    fields: dict[str, Any] = {}
    if "Date" in there:
        fields["Date"] = date.fromisoformat(there["Date"])
    if "Contact" in there:
        fields["Contact"] = {"ContactID": standing.numbered("AG-2").contact_id}
    standing.xero.edit(standing.numbered("AG-1").id, **fields)
    sick = await conflict(standing, "edited_there", "AG-1", named)

    await standing.put(make_invoice(**here))

    await standing.check_cured(sick, "500.00")


# -- voided there


@pytest.fixture
async def voided(standing: Casebook) -> Sick:
    """Somebody voided it there."""
    standing.xero.void(standing.numbered("AG-1").id)
    return await conflict(standing, "voided_there", "AG-1", "voided")


async def test_voided_there_void_it_here_and_issue_a_new_one(standing: Casebook, voided: Sick) -> None:
    await standing.void("i-1")
    await standing.put(make_invoice("i-2"))
    await standing.run()

    assert (await standing.entry(voided))["state"] == "voided"
    await standing.check_closed(voided)
    assert (await standing.office.entry("invoice", "i-2"))["state"] == "synced"
    assert (standing.numbered("AG-1").status, str(standing.numbered("AG-2").total)) == ("VOIDED", "500.00")
    await standing.check_quiet()


async def test_voided_there_mark_it_as_resolved(standing: Casebook, voided: Sick) -> None:
    await standing.resolve(voided)


# -- void blocked


@pytest.fixture
async def blocked(standing: Casebook) -> Sick:
    """Voided here while it was paid there."""
    standing.xero.pay(standing.numbered("AG-1").id, Decimal("200.00"))
    await standing.void("i-1")
    return await conflict(standing, "void_blocked", "AG-1", "void")


async def test_void_blocked_remove_the_payments_there(standing: Casebook, blocked: Sick) -> None:
    (theirs,) = standing.live_payments()

    standing.xero.delete_payment(theirs.id)
    await standing.run()

    assert (await standing.entry(blocked))["state"] == "voided"
    assert standing.numbered("AG-1").status == "VOIDED"
    await standing.check_closed(blocked)
    await standing.check_quiet()


async def test_void_blocked_mark_it_as_resolved(standing: Casebook, blocked: Sick) -> None:
    await standing.resolve(blocked)

    assert standing.numbered("AG-1").status == "AUTHORISED"


# -- payment deleted there


@pytest.fixture
async def unpaid(standing: Casebook) -> Sick:
    """Somebody deleted our payment there."""
    await standing.put(make_payment(amount="200.00"))
    await standing.run()
    (ours,) = standing.live_payments()
    standing.xero.delete_payment(ours.id)
    return await conflict(
        standing, "payment_deleted_there", "200.00", "2026-03-10", "deleted", type_="payment", record_id="p-1"
    )


async def test_payment_deleted_there_delete_it_here(standing: Casebook, unpaid: Sick) -> None:
    await standing.put(make_payment(amount="200.00", status="deleted"))
    await standing.run()

    assert (await standing.entry(unpaid))["state"] == "voided"
    await standing.check_closed(unpaid)
    await standing.check_quiet()
    assert amounts(standing) == []


async def test_payment_deleted_there_try_again(standing: Casebook, unpaid: Sick) -> None:
    await standing.try_again(unpaid)

    await standing.check_cured(unpaid, "200.00", runs=False)
    assert amounts(standing) == ["200.00"]
