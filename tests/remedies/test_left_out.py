"""What a rule or a setting keeps out, and how it is let in."""

from __future__ import annotations

from typing import Any

import pytest

from tests.remedies.casebook import Casebook, make_contact, make_invoice, make_payment

LONG_AGO = "2025-01-01T00:00:00Z"


async def test_draft_issue_the_invoice(book: Casebook) -> None:
    await book.put(make_contact(), make_invoice(status="draft"))
    await book.connect()
    sick = await book.find("invoice", "i-1", "left_out", "draft", "invoice", "draft")

    await book.put(make_invoice(status="issued"))

    await book.check_cured(sick, "500.00")


async def test_excluded_take_the_mark_off(book: Casebook) -> None:
    await book.put(make_contact(), make_invoice(excluded=True))
    await book.connect()
    sick = await book.find("invoice", "i-1", "left_out", "excluded", "marked")

    await book.put(make_invoice(excluded=False))

    await book.check_cured(sick, "500.00")


async def test_excluded_take_the_filter_off(book: Casebook) -> None:
    await book.put(make_contact(), make_invoice(channel="shopify"))
    await book.connect()
    await book.exclude({"filter": "channel", "values": ["shopify"]})
    sick = await book.find("invoice", "i-1", "left_out", "excluded", "shopify")

    await book.exclude()

    await book.check_cured(sick, "500.00")


async def test_excluded_after_it_was_sent_take_the_mark_off(book: Casebook) -> None:
    """It stays in the books as it is; the change made meanwhile goes when the mark is off."""
    await book.put(make_contact(), make_invoice())
    await book.connect()
    await book.run()
    await book.put(make_invoice(total="510.00", excluded=True))
    sick = await book.find("invoice", "i-1", "synced", "excluded", "excluded")
    assert book.numbered("AG-1").total == 500

    await book.put(make_invoice(total="510.00", excluded=False))

    await book.check_cured(sick, "510.00")


async def test_before_sync_from_move_the_date_back(book: Casebook) -> None:
    await book.put(make_contact(), make_invoice(issued_on="2026-02-27"))
    await book.connect(sync_from="2026-03-01")
    sick = await book.find("invoice", "i-1", "left_out", "before_sync_from", "2026-02-27", "2026-03-01")

    await book.change(sync_from="2026-02-27")

    await book.check_cured(sick, "500.00")


@pytest.mark.parametrize("settings", [{"copy_existing": True}, {"sync_from": "2026-03-04"}])
async def test_before_connection_copy_existing_or_set_a_sync_from_date(
    book: Casebook, settings: dict[str, Any]
) -> None:
    await book.put(make_contact(), make_invoice())
    await book.connect(copy_existing=False)
    sick = await book.find("invoice", "i-1", "left_out", "before_connection", "before the webservice was made")

    await book.change(**settings)

    await book.check_cured(sick, "500.00")


@pytest.fixture
async def stale(book: Casebook) -> Casebook:
    """A webservice for new invoices, with one that its own system changed last long ago."""
    await book.connect(copy_existing=False)
    await book.put(make_contact(), make_invoice(source_updated_at=LONG_AGO))
    return book


async def test_outside_window_sync_again(stale: Casebook) -> None:
    sick = await stale.find("invoice", "i-1", "left_out", "outside_window", "14 days")

    status, told = await stale.office.call("POST", "/api/v1/galleries/harbour-lane/invoices/i-1/resync")

    assert (status, told) == (202, {"asked": 1})
    await stale.check_cured(sick, "500.00")


async def test_outside_window_raise_the_days_to_look_back(stale: Casebook) -> None:
    sick = await stale.find("invoice", "i-1", "left_out", "outside_window", "14 days")

    await stale.change(window_days=3650)

    await stale.check_cured(sick, "500.00")


async def test_void_never_sent_nothing_to_do(book: Casebook) -> None:
    """Voided here before it went, or sent to the hub as void: it is left alone for good."""
    await book.put(make_contact(), make_invoice(), make_invoice("i-2", status="void"))
    await book.connect()
    await book.void("i-1")

    for invoice_id in ("i-1", "i-2"):
        sick = await book.find("invoice", invoice_id, "left_out", "void_never_sent", "voided")
        assert sick.remedy == "Nothing to do."

    await book.check_quiet()
    assert [number for number in book.office.bench.books() if number in {"AG-1", "AG-2"}] == []


async def test_void_never_sent_delete_the_payment_of_an_invoice_that_is_void_on_both_sides(book: Casebook) -> None:
    await book.put(make_contact(), make_invoice())
    await book.connect()
    await book.run()
    await book.void("i-1")
    await book.run()
    await book.put(make_payment())
    await book.find("payment", "p-1", "left_out", "void_never_sent", "void")

    await book.put(make_payment(status="deleted"))
    await book.run()

    assert (await book.office.entry("payment", "p-1"))["state"] in {"left_out", "voided"}
    await book.check_quiet()


@pytest.mark.parametrize("status", ["pending", "failed", "deleted"])
async def test_payment_not_recorded_record_it_when_the_money_is_there(book: Casebook, status: str) -> None:
    await book.put(make_contact(), make_invoice(), make_payment(status=status))
    await book.connect()
    sick = await book.find("payment", "p-1", "left_out", "payment_not_recorded", status)

    await book.put(make_payment(status="recorded"))

    await book.check_cured(sick, "500.00")


async def test_the_payments_of_what_is_left_out_say_so_and_go_with_it(book: Casebook) -> None:
    await book.put(make_contact(), make_invoice(status="draft"), make_payment())
    await book.connect()
    sick = await book.find("payment", "p-1", "left_out", "draft", "draft")
    assert sick.remedy == "Issue the invoice in the gallery system."

    await book.put(make_invoice())

    await book.check_cured(sick, "500.00")
