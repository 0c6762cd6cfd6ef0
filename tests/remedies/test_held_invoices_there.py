"""What holds an invoice for what stands in Xero, or for what Xero says of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.remedies.casebook import Casebook, Sick, check_sentence, make_contact, make_invoice, make_line, make_payment
from tests.remedies.test_held_invoices import held, look_at_choices


@pytest.fixture
async def other_total(open_book: Casebook) -> Casebook:
    """Xero works out its own tax, and rounding is strict: the invoice is written with another total, and is paid."""
    open_book.switch(honour_tax_overrides=False, tax_tie="half_even")
    await open_book.change(rounding="strict")
    await open_book.put(make_net("100.25", "110.28"), make_payment(amount="110.26"))
    return open_book


def make_net(price: str, total: str) -> Any:
    """An invoice whose price is without tax."""
    return make_invoice(price_mode="exclusive", total=total, lines=[make_line(price=price)])


async def test_remote_total_correct_it_there(other_total: Casebook) -> None:
    sick = await other_total.find("invoice", "i-1", "held", "remote_total", "AG-1", "110.27", "110.28")
    assert other_total.live_payments() == []

    other_total.xero.alter(sick.entry["remote_id"], total_by=Decimal("0.01"), touch=True)

    await other_total.check_cured(sick, "110.28")
    assert [str(one.amount) for one in other_total.live_payments()] == ["110.26"]


async def test_remote_total_correct_it_here(other_total: Casebook) -> None:
    sick = await other_total.find("invoice", "i-1", "held", "remote_total", "AG-1", "110.27", "110.28")
    assert other_total.live_payments() == []

    await other_total.put(make_net("100.24", "110.26"))

    await other_total.check_cured(sick, "110.26")
    assert [str(one.amount) for one in other_total.live_payments()] == ["110.26"]


async def test_number_taken_renumber_that_document_and_try_again(open_book: Casebook) -> None:
    theirs = open_book.enter("AG-1", "80.00")
    sick = await held(open_book, "number_taken", "AG-1")

    open_book.xero.edit(theirs.id, InvoiceNumber="INV-80")
    await open_book.try_again(sick)

    await open_book.check_cured(sick, "500.00", runs=False)


async def test_number_taken_change_the_number(open_book: Casebook) -> None:
    open_book.enter("AG-1", "80.00")
    sick = await held(open_book, "number_taken", "AG-1")

    await open_book.put(make_invoice(number="1001"))

    assert (await open_book.check_cured(sick, "500.00"))["number"] == "AG-1001"


async def test_number_taken_link_the_two(open_book: Casebook) -> None:
    theirs = open_book.enter("AG-1", "500.00", Date=date(2026, 3, 4))
    sick = await held(open_book, "number_taken", "AG-1")

    told = await open_book.act(sick.entry, "link", remote_id=theirs.id)

    assert (told["state"], told["remote_id"]) == ("synced", theirs.id)
    await open_book.check_cured(sick, "500.00")


@pytest.fixture
async def void_number(open_book: Casebook) -> Casebook:
    """AG-1 was entered there and voided."""
    open_book.xero.void(open_book.enter("AG-1", "80.00").id)
    return open_book


async def test_number_void_give_it_a_new_number(void_number: Casebook) -> None:
    sick = await held(void_number, "number_void", "AG-1")
    assert "AG-1-2" in sick.remedy

    await void_number.put(make_invoice(number="AG-1-2"))

    assert (await void_number.check_cured(sick, "500.00"))["number"] == "AG-1-2"


async def test_number_void_reissued_after_a_void_give_it_a_new_number(open_book: Casebook) -> None:
    """DOMAIN R16: voided on both sides, then the same number under another id."""
    await open_book.put(make_invoice())
    await open_book.run()
    await open_book.void("i-1")
    await open_book.run()
    await open_book.put(make_invoice(number="1-void", status="void"), make_invoice("i-2", number="1"))
    sick = await open_book.find("invoice", "i-2", "held", "number_void", "AG-1")

    await open_book.put(make_invoice("i-2", number="1-2"))

    await open_book.check_cured(sick, "500.00")


LOCKED = date(2026, 3, 31)


@pytest.fixture
async def locked(open_book: Casebook) -> Casebook:
    """The books are closed for March; the sound invoices are of April."""
    open_book.sound_on = "2026-04-01"
    open_book.xero.lock(period=LOCKED)
    return open_book


@pytest.mark.parametrize("known", [True, False], ids=["seen before", "found by Xero"])
async def test_period_locked_move_the_lock_date(locked: Casebook, known: bool) -> None:
    if known:
        await look_at_choices(locked)
    sick = await held(locked, "period_locked", "2026-03-31" if known else "31-Mar-2026")

    locked.xero.lock(period=date(2026, 2, 28))

    await locked.check_cured(sick, "500.00")


@pytest.mark.parametrize("known", [True, False], ids=["seen before", "found by Xero"])
async def test_period_locked_give_it_a_later_date(locked: Casebook, known: bool) -> None:
    if known:
        await look_at_choices(locked)
    sick = await held(locked, "period_locked", "2026-03-31" if known else "31-Mar-2026")

    await locked.put(make_invoice(issued_on="2026-04-01"))

    await locked.check_cured(sick, "500.00")


@pytest.mark.parametrize("approval", ["draft", "submitted"])
async def test_not_approved_approve_it_there(open_book: Casebook, approval: str) -> None:
    await open_book.put(make_payment())
    sick = await unapproved(open_book, approval)

    open_book.xero.approve(sick.entry["remote_id"])
    await open_book.office.sync()

    await open_book.check_cured(sick, "500.00", runs=False)
    assert [str(one.amount) for one in open_book.live_payments()] == ["500.00"]


async def unapproved(book: Casebook, approval: str) -> Sick:
    """The user who connected may not approve. The sound invoice goes before that right is gone."""
    await book.run()
    book.switch(approval=approval)
    await book.put(make_invoice())
    await book.office.sync()
    return await book.look("invoice", "i-1", "held", "not_approved", "AG-1", approval)


@pytest.mark.parametrize("approval", ["draft", "submitted"])
async def test_not_approved_authorise_as_a_user_who_may_and_try_again(open_book: Casebook, approval: str) -> None:
    sick = await unapproved(open_book, approval)

    open_book.switch(approval="granted")
    status, told = await open_book.office.call("POST", f"{open_book.office.path}/authorize")
    assert status == 200
    status, _ = await open_book.office.walk(told["authorize_url"].removeprefix("http://localhost:8080"))
    assert status == 200
    await open_book.try_again(sick)

    await open_book.check_cured(sick, "500.00", runs=False)


async def test_not_approved_stays_so_when_it_is_judged_again(open_book: Casebook) -> None:
    sick = await unapproved(open_book, "draft")

    await open_book.put(make_contact(phone="+61 2 5550 0123"))
    await open_book.office.sync()

    assert (await open_book.entry(sick))["reason"] == "not_approved"


async def test_not_approved_beyond_the_limit_of_the_plan_change_it_and_try_again(open_book: Casebook) -> None:
    await open_book.run()
    open_book.switch(approval="refused")
    await open_book.put(make_invoice())
    await open_book.office.sync()
    sick = await open_book.look("invoice", "i-1", "held", "not_approved", "limit")

    open_book.switch(approval="granted")
    await open_book.try_again(sick)

    await open_book.check_cured(sick, "500.00", runs=False)


async def test_source_missing_send_it_again(open_book: Casebook) -> None:
    """Deleted while nothing was connected; its entry was taken over by the new webservice of that organisation."""
    await held(open_book, "no_lines", lines=[])
    assert (await open_book.office.call("DELETE", open_book.office.path))[0] == 204
    assert (await open_book.office.call("DELETE", "/api/v1/galleries/harbour-lane/invoices/i-1"))[0] == 204
    await open_book.connect()
    await open_book.run()
    entry = await open_book.office.entry("invoice", "i-1")
    assert (entry["state"], entry["reason"]) == ("held", "source_missing")
    check_sentence(entry["message"], "invoice", "i-1")
    assert entry["message"] in {one["message"] for one in (await open_book.problems()).values()}

    await open_book.put(make_invoice())
    await open_book.run()

    assert (await open_book.office.entry("invoice", "i-1"))["state"] == "synced"
    assert open_book.numbered("AG-1").total == 500
    assert await open_book.problems() == {}
    await open_book.check_quiet()


@pytest.fixture
async def unheard(open_book: Casebook) -> Casebook:
    """Xero refuses the date in words that no rule of ours knows."""
    open_book.sound_on = "2026-04-01"
    open_book.switch(wording={"period_lock": "The quarter of this {what} is with the auditors until {day}."})
    open_book.xero.lock(period=LOCKED)
    return open_book


async def test_refused_correct_what_it_names_there_and_try_again(unheard: Casebook) -> None:
    sick = await held(unheard, "refused", "AG-1", "with the auditors")

    unheard.xero.lock(period=None)
    await unheard.try_again(sick)

    await unheard.check_cured(sick, "500.00", runs=False)


async def test_refused_correct_what_it_names_here(unheard: Casebook) -> None:
    """Its own record changed: nothing need be pressed."""
    sick = await held(unheard, "refused", "AG-1", "with the auditors")

    await unheard.put(make_invoice(issued_on="2026-04-01"))

    await unheard.check_cured(sick, "500.00")


async def test_refused_for_a_website_clear_it_there_and_try_again(open_book: Casebook) -> None:
    """Xero checks a field with every change that the hub neither reads nor writes."""
    await open_book.put(make_invoice("i-5", total="50.00"))
    await open_book.run()
    theirs = open_book.numbered("AG-5").contact_id
    open_book.xero.change_contact(theirs, website="no address")
    await open_book.put(make_contact(email="new@example.com"))
    sick = await open_book.find("contact", "c-1", "held", "refused", "Ana Ruiz c-1", "Website")

    open_book.xero.change_contact(theirs, website="")
    await open_book.try_again(sick)

    await open_book.check_cured(sick, "", runs=False)
    assert open_book.xero.ledger.contacts[theirs].email == "new@example.com"
