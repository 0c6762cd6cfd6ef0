"""Payments after they were sent: changed, failed, deleted, on invoices that are left out, entered on both sides."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from hub.domain.capabilities import Cancel
from hub.domain.entries import Entry
from hub.domain.records import Payment
from hub.store import records
from tests.sync.harness import GALLERY, Bench, cents, make_contact, make_invoice, make_payment

PAID_ON = date(2026, 3, 10)  # what `make_payment` gives


async def sent(bench: Bench, **payment: Any) -> None:
    """An invoice over 500.00 with a payment of 200.00 (unless told), both in the books."""
    await bench.put(make_contact(), make_invoice(), make_payment(**{"amount": "200.00", **payment}))
    await bench.connect()
    await bench.sync()
    assert (await entry(bench)).state == "synced"
    bench.sandbox.calls.clear()


async def entry(bench: Bench, payment_id: str = "p-1") -> Entry:
    return await bench.entry("payment", payment_id)


async def standing(bench: Bench, payment_id: str = "p-1") -> tuple[str | None, str | None]:
    found = await entry(bench, payment_id)
    return found.state, found.reason


def amounts(bench: Bench) -> list[str]:
    return [str(p.amount) for p in bench.live_payments()]


async def gallery_payments(bench: Bench) -> dict[str, str]:
    async with bench.hub.database.connection() as conn:
        stored = (await records.payments_of(conn, GALLERY, ["i-1"])).get("i-1", [])
    return {s.record.id: s.record.status for s in stored if isinstance(s.record, Payment)}


# -- changed after it was sent


async def test_a_changed_amount_is_taken_back_and_made_again_in_one_run(bench: Bench) -> None:
    await sent(bench)
    await bench.put(make_payment(amount="300.00"))

    run = await bench.sync()

    assert run.state == "done", run.error
    assert amounts(bench) == ["300.00"]
    assert (run.counts.voided, run.counts.created) == (1, 1)
    assert await standing(bench) == ("synced", None)
    assert bench.invoice("AG-1").paid == cents("300.00")


async def test_a_full_payment_with_another_date_is_made_again_on_the_invoice_it_closes(bench: Bench) -> None:
    await sent(bench, amount="500.00")
    await bench.put(make_payment(amount="500.00", paid_on="2026-03-12"))

    await bench.sync()

    (there,) = bench.live_payments()
    assert (str(there.on), there.amount) == ("2026-03-12", cents("500.00"))
    assert bench.invoice("AG-1").status == "PAID"


async def test_a_changed_method_goes_to_the_other_account(bench: Bench) -> None:
    await sent(bench)
    before = bench.live_payments()[0].account_id
    await bench.put(make_payment(amount="200.00", method="stripe"))

    await bench.sync()

    (there,) = bench.live_payments()
    assert there.account_id == bench.organisation.account("091").id != before


async def test_a_payment_moved_to_another_invoice_stands_there_only(bench: Bench) -> None:
    await bench.put(make_invoice("i-2"))
    await sent(bench)
    await bench.put(make_payment(amount="200.00", invoice_id="i-2"))

    await bench.sync()

    assert (bench.invoice("AG-1").paid, bench.invoice("AG-2").paid) == (cents("0.00"), cents("200.00"))


async def test_a_changed_reference_alone_is_not_sent(bench: Bench) -> None:
    await sent(bench, reference="first words")
    await bench.put(make_payment(amount="200.00", reference="other words"))

    await bench.sync()

    assert bench.sandbox.calls.writes == 0
    assert await standing(bench) == ("synced", None)


async def test_a_change_that_does_not_fit_is_held_and_what_stands_there_stays(bench: Bench) -> None:
    await sent(bench)
    await bench.put(make_payment(amount="600.00"))

    await bench.sync()

    assert await standing(bench) == ("held", "exceeds_due")
    assert amounts(bench) == ["200.00"]


@pytest.mark.parametrize("change", [{"amount": "300.00"}, {"amount": "200.00", "status": "deleted"}])
async def test_p13_a_reconciled_payment_is_never_deleted_but_a_conflict(bench: Bench, change: dict[str, str]) -> None:
    await sent(bench)
    bench.organisation.reconcile(bench.live_payments()[0].id)
    await bench.put(make_payment(**change))

    await bench.sync()

    assert await standing(bench) == ("conflict", "closed")
    assert bench.sandbox.calls.writes == 0


async def test_a_changed_payment_that_was_reconciled_goes_once_a_person_deleted_it_there(bench: Bench) -> None:
    await sent(bench)
    (there,) = bench.live_payments()
    bench.organisation.reconcile(there.id)
    await bench.put(make_payment(amount="300.00"))
    await bench.sync()
    bench.organisation.delete_payment(there.id)

    await bench.sync()

    assert amounts(bench) == ["300.00"]
    assert await standing(bench) == ("synced", None)


async def test_a_payment_deleted_there_by_somebody_stays_a_conflict_though_it_changes_here(bench: Bench) -> None:
    await sent(bench)
    bench.organisation.delete_payment(bench.live_payments()[0].id)
    await bench.sync()
    await bench.put(make_payment(amount="300.00"))

    await bench.sync()

    assert await standing(bench) == ("conflict", "payment_deleted_there")
    assert amounts(bench) == []


async def test_a_payment_deleted_and_recorded_again_in_the_gallery_goes_again(bench: Bench) -> None:
    await sent(bench)
    await bench.put(make_payment(amount="200.00", status="deleted"))
    await bench.sync()
    assert await standing(bench) == ("voided", None)
    await bench.put(make_payment(amount="200.00"))

    await bench.sync()

    assert amounts(bench) == ["200.00"]


@pytest.mark.parametrize("status", ["pending", "failed"])
async def test_p27_a_sent_payment_that_is_not_recorded_any_more_needs_a_person(bench: Bench, status: str) -> None:
    await sent(bench)
    await bench.put(make_payment(amount="200.00", status=status))

    await bench.sync()

    found = await entry(bench)
    assert (found.state, found.reason) == ("held", "refused")
    assert status in (found.message or "")
    assert amounts(bench) == ["200.00"]


async def test_a_failed_payment_that_was_taken_back_is_never_made_again(bench: Bench) -> None:
    await sent(bench)
    await bench.put(make_payment(amount="200.00", status="deleted"))
    await bench.sync()
    await bench.put(make_payment(amount="200.00", status="failed"))

    await bench.sync()

    assert await standing(bench) == ("voided", None)
    assert amounts(bench) == []


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("fault", ["lose_answer", "error_before_commit"])
async def test_a_changed_payment_is_made_again_once_though_an_answer_is_lost(
    bench: Bench, fault: str, method: str
) -> None:
    """POST takes it back, PUT makes it again."""
    await sent(bench)
    bench.sandbox.faults.add(fault, method=method, path="Payments")
    await bench.put(make_payment(amount="300.00"))

    for _ in range(4):
        await bench.sync()

    assert bench.sandbox.faults.injected[fault] == 1
    assert amounts(bench) == ["300.00"]
    assert await standing(bench) == ("synced", None)


@pytest.mark.parametrize("change", [{"amount": "300.00"}, {"amount": "200.00", "status": "deleted"}])
async def test_a_kind_that_takes_nothing_back_shows_a_conflict(
    bench: Bench, change: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await sent(bench)
    kind = bench.hub.registry.kinds["xero"]
    monkeypatch.setattr(kind, "capabilities", msgspec.structs.replace(kind.capabilities, cancel=Cancel.NONE))
    await bench.put(make_payment(**change))

    await bench.sync()

    assert await standing(bench) == ("conflict", "closed")
    assert bench.sandbox.calls.writes == 0


# -- on an invoice that is left out


async def test_the_payments_of_a_left_out_invoice_are_left_out_with_it(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice(), make_payment())
    await bench.connect(sync_from="2026-06-01", copy_existing=False)

    await bench.sync()

    found = await entry(bench)
    assert (found.state, found.reason) == ("left_out", "before_sync_from")
    assert (found.message or "").startswith("Its invoice is left out: ")


async def test_a_payment_left_out_with_its_draft_goes_when_the_invoice_is_issued(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice(status="draft"), make_payment())
    await bench.connect()
    await bench.sync()
    assert await standing(bench) == ("left_out", "draft")
    await bench.put(make_invoice())

    await bench.sync()

    assert amounts(bench) == ["500.00"]


async def test_a_payment_of_an_invoice_excluded_after_it_was_sent_goes_when_it_is_let_in_again(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice())
    await bench.connect()
    await bench.sync()
    await bench.put(make_invoice(excluded=True))
    await bench.put(make_payment())
    await bench.sync()
    assert await standing(bench) == ("left_out", "excluded")
    await bench.put(make_invoice())

    await bench.sync()

    assert amounts(bench) == ["500.00"]


@pytest.mark.parametrize("change", [{"amount": "300.00"}, {"amount": "200.00", "status": "deleted"}])
async def test_payments_in_the_books_of_an_excluded_invoice_stay_as_they_are(
    bench: Bench, change: dict[str, str]
) -> None:
    await sent(bench)
    await bench.put(make_invoice(excluded=True))
    await bench.put(make_payment(**change))

    await bench.sync()

    assert bench.sandbox.calls.writes == 0
    assert (await entry(bench)).state == "synced"


async def test_a_payment_recorded_on_an_invoice_that_is_void_on_both_sides_is_left_out(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice())
    await bench.connect()
    await bench.sync()
    await bench.void("i-1")
    await bench.sync()
    await bench.put(make_payment())

    await bench.sync()

    assert await standing(bench) == ("left_out", "void_never_sent")


# -- entered on both sides


async def paid_there(bench: Bench, amount: str, *, total: str = "500.00") -> str:
    await bench.put(make_contact(), make_invoice(total=total))
    await bench.connect()
    await bench.sync()
    there = bench.organisation.pay(bench.invoice("AG-1").id, cents(amount), on=PAID_ON)
    await bench.sync()
    bench.sandbox.calls.clear()
    return there.id


async def test_a_payment_made_on_both_sides_is_one_payment_when_both_do_not_fit(bench: Bench) -> None:
    there = await paid_there(bench, "500.00")
    await bench.put(make_payment())

    await bench.sync()
    await bench.sync()

    assert bench.sandbox.calls.writes == 0
    found = await entry(bench)
    assert (found.state, found.remote.id if found.remote else None) == ("synced", there)
    assert await gallery_payments(bench) == {"p-1": "recorded", f"xero-{there}": "deleted"}
    assert await standing(bench, f"xero-{there}") == ("voided", None)


async def test_a_linked_payment_deleted_here_is_not_deleted_there(bench: Bench) -> None:
    await paid_there(bench, "500.00")
    await bench.put(make_payment())
    await bench.sync()
    await bench.put(make_payment(status="deleted"))

    await bench.sync()

    assert await standing(bench) == ("conflict", "closed")
    assert amounts(bench) == ["500.00"]


async def test_a_linked_payment_deleted_there_is_a_conflict(bench: Bench) -> None:
    there = await paid_there(bench, "500.00")
    await bench.put(make_payment())
    await bench.sync()
    bench.organisation.delete_payment(there)

    await bench.sync()

    assert await standing(bench) == ("conflict", "payment_deleted_there")


async def test_two_payments_here_take_one_made_there_only_once(bench: Bench) -> None:
    await paid_there(bench, "300.00")
    await bench.put(make_payment(amount="300.00"), make_payment("p-2", amount="300.00"))

    await bench.sync()

    states = sorted([await standing(bench), await standing(bench, "p-2")], key=str)
    assert [s for s, _ in states] == ["held", "synced"]
    assert amounts(bench) == ["300.00"]


async def test_the_same_payment_on_both_sides_is_held_while_both_fit(bench: Bench) -> None:
    await paid_there(bench, "200.00")
    await bench.put(make_payment(amount="200.00"))

    await bench.sync()

    assert await standing(bench) == ("held", "possible_duplicate_payment")


async def test_one_of_two_equal_payments_there_is_not_guessed(bench: Bench) -> None:
    await paid_there(bench, "250.00")
    bench.organisation.pay(bench.invoice("AG-1").id, cents("250.00"), on=PAID_ON)
    await bench.put(make_payment(amount="250.00"))

    await bench.sync()

    assert await standing(bench) == ("held", "possible_duplicate_payment")
