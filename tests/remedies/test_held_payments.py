"""What holds a payment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from plugins.xero import render
from tests.remedies.casebook import (
    Casebook,
    Sick,
    check_remedy,
    check_sentence,
    make_contact,
    make_invoice,
    make_payment,
)
from tests.web.webservices.office import open_office


@pytest.fixture
async def invoiced(book: Casebook) -> Casebook:
    """AG-1 over 500.00 stands in the books."""
    await book.put(make_contact(), make_invoice())
    await book.connect()
    await book.run()
    return book


async def held(book: Casebook, reason: str, *names: str, **changes: Any) -> Sick:
    """The payment p-1 with *changes*, held."""
    await book.put(make_payment(**changes))
    return await book.find("payment", "p-1", "held", reason, *names)


def amounts(book: Casebook, number: str = "AG-1") -> list[str]:
    """What is paid there."""
    return sorted(str(one.amount) for one in book.live_payments(number))


# -- its account and currency


async def test_payment_account_choose_one(invoiced: Casebook) -> None:
    await invoiced.map(without={"bank"})
    sick = await held(invoiced, "payment_account", "bank transfer", "none is chosen")
    assert "“Payments”" in sick.remedy

    await invoiced.map()

    await invoiced.check_cured(sick, "500.00")


@pytest.fixture
async def till(invoiced: Casebook) -> Casebook:
    """Cash goes to the till, which takes no payments any more."""
    await invoiced.map(("bank", {"method": "cash"}, "093"))
    invoiced.xero.change_account("093", takes_payments=False)
    return invoiced


@pytest.mark.parametrize("known", [True, False], ids=["seen before", "found by Xero"])
async def test_payment_account_choose_a_bank_account(till: Casebook, known: bool) -> None:
    if known:
        await till.office.get(f"{till.office.path}/choices", refresh="true")
    sick = await held(till, "payment_account", "cash" if known else "Account", method="cash")

    await till.map(("bank", {"method": "cash"}, "090"))

    await till.check_cured(sick, "500.00")


async def test_payment_account_correct_it_there(till: Casebook) -> None:
    await till.office.get(f"{till.office.path}/choices", refresh="true")
    sick = await held(till, "payment_account", "cash", "Till", method="cash")

    till.xero.change_account("093", takes_payments=True)

    await till.check_cured(sick, "500.00")


async def test_payment_account_archived_correct_it_there(invoiced: Casebook) -> None:
    invoiced.xero.archive_account("091")
    await invoiced.office.get(f"{invoiced.office.path}/choices", refresh="true")
    sick = await held(invoiced, "payment_account", "stripe", "archived", method="stripe")

    invoiced.xero.restore_account("091")

    await invoiced.check_cured(sick, "500.00")


async def test_payment_currency_correct_the_payment(invoiced: Casebook) -> None:
    sick = await held(invoiced, "payment_currency", "USD", "AUD", currency="USD")

    await invoiced.put(make_payment(currency="AUD"))

    await invoiced.check_cured(sick, "500.00")


async def test_payment_currency_choose_another_account(invoiced: Casebook) -> None:
    """A bank account in dollars takes no payment of an invoice in euro."""
    await invoiced.map(("bank", {"method": "paypal"}, "094"))
    await invoiced.put(make_invoice("i-2", currency="EUR"))
    sick = await held(invoiced, "payment_currency", "USD bank", "EUR", invoice_id="i-2", method="paypal")

    await invoiced.map(("bank", {"method": "paypal"}, "092"))

    await invoiced.check_cured(sick, "500.00")


async def test_period_locked_for_a_payment_move_the_lock_date(invoiced: Casebook) -> None:
    invoiced.sound_on = "2026-05-01"
    invoiced.xero.lock(period=date(2026, 3, 31))
    await invoiced.office.get(f"{invoiced.office.path}/choices", refresh="true")
    sick = await held(invoiced, "period_locked", "2026-03-31")

    invoiced.xero.lock(period=None)

    await invoiced.check_cured(sick, "500.00")


async def test_source_missing_for_a_payment_send_its_invoice(invoiced: Casebook) -> None:
    sick = await held(invoiced, "source_missing", "i-7", invoice_id="i-7")

    await invoiced.put(make_invoice("i-7"))

    await invoiced.check_cured(sick, "500.00")


# -- what stands there already


@pytest.fixture
async def overpaid(invoiced: Casebook) -> Casebook:
    """p-0 over 300.00 is in the books, p-1 over 400.00 is one too many."""
    await invoiced.put(make_payment("p-0", amount="300.00"))
    await invoiced.run()
    return invoiced


async def test_exceeds_due_correct_the_payment(overpaid: Casebook) -> None:
    sick = await held(overpaid, "exceeds_due", "AG-1", "400.00", "200.00", amount="400.00")

    await overpaid.put(make_payment(amount="200.00"))

    await overpaid.check_cured(sick, "200.00")
    assert amounts(overpaid) == ["200.00", "300.00"]


async def test_exceeds_due_remove_another_payment(overpaid: Casebook) -> None:
    sick = await held(overpaid, "exceeds_due", "AG-1", "400.00", "200.00", amount="400.00")

    await overpaid.put(make_payment("p-0", amount="300.00", status="deleted"))

    await overpaid.check_cured(sick, "400.00")
    assert amounts(overpaid) == ["400.00"]


async def test_exceeds_due_remove_another_payment_that_was_made_there(invoiced: Casebook) -> None:
    theirs = invoiced.xero.pay(invoiced.numbered("AG-1").id, invoiced.numbered("AG-1").total / 2)
    sick = await held(invoiced, "exceeds_due", "AG-1", "400.00", "250.00", amount="400.00")

    invoiced.xero.delete_payment(theirs.id)

    await invoiced.check_cured(sick, "400.00")
    assert amounts(invoiced) == ["400.00"]


@pytest.fixture
async def twice(invoiced: Casebook) -> Sick:
    """200.00 was entered on both sides, and the invoice has room for both."""
    invoiced.xero.pay(invoiced.numbered("AG-1").id, invoiced.numbered("AG-1").total * 2 / 5, on=date(2026, 3, 9))
    return await held(invoiced, "possible_duplicate_payment", "AG-1", "200.00", "2026-03-09", amount="200.00")


async def test_possible_duplicate_payment_delete_the_one_here(invoiced: Casebook, twice: Sick) -> None:
    await invoiced.put(make_payment(amount="200.00", status="deleted"))
    await invoiced.run()

    assert (await invoiced.entry(twice))["state"] == "left_out"
    await invoiced.check_closed(twice)
    await invoiced.check_quiet()
    assert amounts(invoiced) == ["200.00"]


async def test_possible_duplicate_payment_delete_the_one_there(invoiced: Casebook, twice: Sick) -> None:
    (theirs,) = invoiced.live_payments()

    invoiced.xero.delete_payment(theirs.id)

    entry = await invoiced.check_cured(twice, "200.00")
    assert [one.id for one in invoiced.live_payments()] == [entry["remote_id"]]


async def test_possible_duplicate_payment_try_again(invoiced: Casebook, twice: Sick) -> None:
    await invoiced.try_again(twice)

    await invoiced.check_cured(twice, "200.00", runs=False)
    assert amounts(invoiced) == ["200.00", "200.00"]


@pytest.fixture
async def orphan(invoiced: Casebook) -> str:
    """A payment with our marker stands there, of which the gallery knows nothing: the id of its problem."""
    tag = str((await invoiced.office.entry("contact", "c-1"))["number"]).partition("-")[0]
    marker = render.payment_marker("p-1", tag)
    invoiced.xero.pay(
        invoiced.numbered("AG-1").id, invoiced.numbered("AG-1").total, reference=marker, on=date(2026, 3, 10)
    )
    await invoiced.run()
    (problem,) = (await invoiced.problems()).values()
    assert (problem["reason"], problem["closed_at"]) == ("marker_without_record", None)
    check_sentence(problem["message"], "500.00", "2026-03-10")
    check_remedy(problem["remedy"])
    return str(problem["id"])


async def test_marker_without_record_delete_the_payment_there(invoiced: Casebook, orphan: str) -> None:
    (theirs,) = invoiced.live_payments()

    invoiced.xero.delete_payment(theirs.id)
    await invoiced.run()

    assert await invoiced.problems() == {}
    assert (await invoiced.problems("closed"))[orphan]["closed_at"] is not None
    await invoiced.check_quiet()


async def test_marker_without_record_send_the_payment_again(invoiced: Casebook, orphan: str) -> None:
    (theirs,) = invoiced.live_payments()

    await invoiced.put(make_payment())
    await invoiced.run()

    entry = await invoiced.office.entry("payment", "p-1")
    assert (entry["state"], entry["remote_id"]) == ("synced", theirs.id)
    assert await invoiced.problems() == {}
    assert (await invoiced.problems("closed"))[orphan]["closed_at"] is not None
    await invoiced.check_quiet()


# -- what nobody knows


@pytest.fixture
async def hasty(dsn: str, tmp_path: Path) -> AsyncIterator[Casebook]:
    """An invoice in the books of a hub that sends nothing twice by itself, and gives a lost payment up at once."""
    async with open_office(dsn, tmp_path) as office:
        worker = office.bench.hub.scheduler._worker  # the engine's times are no setting
        worker._tuning = replace(worker._tuning, resend_seconds=0.0, lost_seconds=0.0)
        book = Casebook(office)
        await book.put(make_contact(), make_invoice())
        await book.connect()
        await book.run()
        yield book


async def lost(book: Casebook) -> Sick:
    """No answer came, and the payment is not there."""
    book.office.bench.sandbox.faults.add("error_before_commit", method="PUT", path="Payments")
    await book.put(make_payment())
    await book.run()
    assert (await book.office.entry("payment", "p-1"))["state"] == "unknown"
    return await book.find("payment", "p-1", "held", "unknown_outcome", "payment", "p-1", "UTC")


async def test_unknown_outcome_link_it_when_it_is_there(hasty: Casebook) -> None:
    sick = await lost(hasty)
    theirs = hasty.xero.pay(hasty.numbered("AG-1").id, on=date(2026, 3, 11))

    told = await hasty.act(sick.entry, "link", remote_id=theirs.id)

    assert (told["state"], told["remote_id"]) == ("synced", theirs.id)
    await hasty.check_cured(sick, "500.00")
    assert amounts(hasty) == ["500.00"]


async def test_unknown_outcome_try_again_when_it_is_not_there(hasty: Casebook) -> None:
    sick = await lost(hasty)

    await hasty.try_again(sick)

    await hasty.check_cured(sick, "500.00", runs=False)
    assert amounts(hasty) == ["500.00"]


async def test_exceeds_due_a_refund_goes_when_its_credit_note_is_taken_off_for_one_run(open_book: Casebook) -> None:
    note = {"kind": "credit_note", "number": "n-1", "total": "200.00"}
    await open_book.put(make_invoice(), make_invoice("n-1", **note, applies_to="i-1"))
    await open_book.run()
    await open_book.put(make_payment(amount="150.00", kind="refund", invoice_id="n-1"))
    sick = await open_book.find("payment", "p-1", "held", "exceeds_due", "150.00", "AG-n-1")

    await open_book.put(make_invoice("n-1", **note))

    await open_book.check_cured(sick, "150.00")
    await open_book.put(make_invoice("n-1", **note, applies_to="i-1"))
    await open_book.run()
    assert str(open_book.numbered("AG-1").left) == "450.00"
