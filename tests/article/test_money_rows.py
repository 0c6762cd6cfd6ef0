"""Money: payments that come back, totals that stay the same, closed invoices, voids (help article, troubleshooting)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec
import pytest

from tests.article.house import (
    explain,
    invoice_here,
    live_payments,
    press,
    problems,
    run_quietly,
    void,
    writes,
)
from tests.catalogue.desk import (
    BASE,
    Json,
    connect,
    held,
    lines_there,
    make_contact,
    make_invoice,
    make_line,
    make_payment,
    outcome,
    patch,
    put,
    send,
    synced,
    there_invoice,
)
from tests.sync.harness import cents
from tests.web.webservices.office import Office


async def invoiced(office: Office, *more: Json) -> str:
    """An invoice over 500.00 in the books; its id there."""
    await send(office, make_contact(), make_invoice(), *more)
    await office.sync()
    return office.bench.invoice("AG-1").id


def paid_here(invoice: Json) -> list[tuple[str, str, str]]:
    """(amount, method, status) of an invoice's payments, by amount."""
    found = [(one["amount"], one["method"], one["status"]) for one in invoice["payments"]]
    return sorted(found)


# -- Payments come back


async def test_payments_come_back_in_parts_with_their_origin_and_method_and_are_never_sent_again(desk: Office) -> None:
    there = await invoiced(desk)
    first = desk.bench.organisation.pay(there, cents("200.00"), account="091", on=date(2026, 3, 12))
    run = await run_quietly(desk)
    assert run["counts"]["received"] == 1
    invoice = await invoice_here(desk)
    assert (invoice["paid"], invoice["due"]) == ("200.00", "300.00")
    (payment,) = invoice["payments"]
    assert (payment["id"], payment["method"], payment["paid_on"]) == (f"xero-{first.id}", "stripe", "2026-03-12")
    assert (payment["origin"]["kind"], payment["origin"]["remote_id"]) == ("xero", first.id)
    status, told = await desk.put(f"{BASE}/payments/{payment['id']}", make_payment(payment["id"], amount="1.00"))
    assert (status, told["type"]) == (409, "/problems/read-only")

    desk.bench.organisation.pay(there, account="090")
    await run_quietly(desk)
    await run_quietly(desk)
    invoice = await invoice_here(desk)
    assert paid_here(invoice) == [("200.00", "stripe", "recorded"), ("300.00", "bank_transfer", "recorded")]
    assert invoice["due"] == "0.00"
    assert live_payments(desk) == [cents("200.00"), cents("300.00")]
    assert (await desk.proof())["agrees"] is True


async def test_payments_of_one_deposit_for_several_invoices_come_back_each_once_and_go_with_it(desk: Office) -> None:
    first = await invoiced(desk, make_invoice("i-2", total="120.00"))
    batch = desk.bench.organisation.batch_pay([(first, None), (desk.bench.invoice("AG-2").id, cents("20.00"))])
    for _ in range(2):
        await run_quietly(desk)
    assert [(await invoice_here(desk, one))["due"] for one in ("i-1", "i-2")] == ["0.00", "100.00"]
    assert [len((await invoice_here(desk, one))["payments"]) for one in ("i-1", "i-2")] == [1, 1]

    desk.bench.organisation.delete_batch(batch.id)
    await run_quietly(desk)
    assert [(await invoice_here(desk, one))["due"] for one in ("i-1", "i-2")] == ["500.00", "120.00"]


async def test_payments_deleted_there_are_reversed_here_or_a_conflict_where_the_gallery_made_them(
    desk: Office,
) -> None:
    there = await invoiced(desk, make_payment(amount="300.00"))
    theirs = desk.bench.organisation.pay(there, cents("100.00"))
    await run_quietly(desk)
    ours = next(one for one in desk.bench.live_payments() if one.id != theirs.id)
    for one in (theirs, ours):
        desk.bench.organisation.delete_payment(one.id)
    await run_quietly(desk)

    invoice = await invoice_here(desk)
    assert ("100.00", "bank_transfer", "deleted") in paid_here(invoice)
    entry = await held(desk, "p-1", "payment_deleted_there", type_="payment", state="conflict")
    assert "300.00" in entry["message"]

    await press(desk, entry, "retry")
    await desk.sync()
    await synced(desk, "payment", "p-1")
    assert live_payments(desk) == [cents("300.00")]
    assert (await invoice_here(desk))["due"] == "200.00"


@pytest.mark.parametrize("source", ["credit_note", "overpayment", "prepayment"])
async def test_payments_by_credit_or_overpayment_count_as_settled_are_named_and_go_when_taken_off(
    desk: Office, source: str
) -> None:
    there = await invoiced(desk)
    credit = desk.bench.organisation.credit(there, cents("80.00"), source=source)
    await run_quietly(desk)
    await run_quietly(desk)
    invoice = await invoice_here(desk)
    assert (paid_here(invoice), invoice["due"]) == ([("80.00", "credit", "recorded")], "420.00")
    assert invoice["payments"][0]["origin"]["remote_id"].startswith(source.partition("_")[0])
    assert (await desk.proof())["agrees"] is True

    desk.bench.organisation.remove_credit(there, credit.id)
    await run_quietly(desk)
    assert (await invoice_here(desk))["due"] == "500.00"


async def test_payments_entered_on_both_sides_are_never_doubled(desk: Office) -> None:
    """In full, both mean one payment: it is linked. In part, both may be right: a person says."""
    there = await invoiced(desk, make_invoice("i-2", total="120.00"))
    desk.bench.organisation.pay(there, on=date(2026, 3, 12))
    desk.bench.organisation.pay(desk.bench.invoice("AG-2").id, cents("50.00"), on=date(2026, 3, 12))
    await send(desk, make_payment("p-1"), make_payment("p-2", invoice_id="i-2", amount="50.00"))
    await run_quietly(desk)

    await synced(desk, "payment", "p-1")
    assert ((await invoice_here(desk))["due"], live_payments(desk)) == ("0.00", [cents("500.00")])
    entry = await held(desk, "p-2", "possible_duplicate_payment", type_="payment")
    assert live_payments(desk, "AG-2") == [cents("50.00")]

    await press(desk, entry, "retry")  # a person says that they are two
    await desk.sync()
    assert live_payments(desk, "AG-2") == [cents("50.00"), cents("50.00")]
    assert (await invoice_here(desk, "i-2"))["due"] == "20.00"


# -- Tax exclusive with the same total


UNREACHABLE = make_invoice(lines=[make_line(price="500.00")])  # no net plus its rounded 10 % makes 500.00


@pytest.mark.parametrize("mode", ["inclusive", "exclusive", "no_tax"])
async def test_tax_whatever_the_gallery_chose_goes_exclusive_with_the_same_total(desk: Office, mode: str) -> None:
    total = {"inclusive": "450.00", "exclusive": "495.00", "no_tax": "450.00"}[mode]
    tax_code = None if mode == "no_tax" else "gst"
    line = make_line(price="500.00", discount={"percent": "10"}, tax_code=tax_code)
    await send(
        desk, make_contact(), make_invoice(price_mode=mode, lines=[line], total=total), make_payment(amount=total)
    )
    await desk.sync()
    there = there_invoice(desk, "AG-1")
    assert there["LineAmountTypes"] in {"Exclusive", "NoTax"}
    assert (there["Total"], there["Status"]) == (Decimal(total), "PAID")
    assert there["SubTotal"] + there["TotalTax"] == there["Total"]
    assert (await invoice_here(desk))["due"] == "0.00"


async def test_tax_rounding_by_adjusting_the_tax_of_a_line(desk: Office) -> None:
    await send(desk, make_contact(), UNREACHABLE)
    await desk.sync()
    there = there_invoice(desk, "AG-1")
    assert (there["SubTotal"], there["TotalTax"], there["Total"]) == (Decimal("454.55"), Decimal("45.45"), 500)
    assert len(there["LineItems"]) == 1


async def test_tax_rounding_by_a_line_of_its_own(office: Office) -> None:
    await connect(office, rounding="rounding_line")
    await send(office, make_contact(), UNREACHABLE)
    await office.sync()
    there = there_invoice(office, "AG-1")
    assert there["Total"] == 500
    (_, rounding) = lines_there(there)
    assert abs(rounding[2]) == Decimal("0.01")
    assert there["LineItems"][1]["AccountCode"] == "860"


async def test_tax_rounding_strict_holds_what_cannot_be_exact_until_another_way_is_chosen(office: Office) -> None:
    await connect(office, rounding="strict")
    await send(office, make_contact(), UNREACHABLE, make_invoice("i-2", total="110.00"))
    await office.sync()
    entry = await held(office, "i-1", "total_mismatch")
    assert "500.00" in entry["message"]
    await synced(office, "invoice", "i-2")

    await patch(office, rounding="tax_adjust")
    await office.sync()
    await synced(office, "invoice", "i-1")


async def test_tax_totals_answered_are_compared_and_no_payment_follows_a_wrong_one(office: Office) -> None:
    """Xero works out its own tax, half to even: the answer tells another total than ours."""
    switches = office.bench.sandbox.settings
    msgspec.structs.force_setattr(switches, "honour_tax_overrides", False)
    msgspec.structs.force_setattr(switches, "tax_tie", "half_even")
    await connect(office, rounding="strict")
    net = make_invoice(price_mode="exclusive", total="110.28", lines=[make_line(price="100.25")])
    await send(office, make_contact(), net, make_payment(amount="110.28"), make_invoice("i-2", total="110.00"))
    await office.sync()
    entry = await held(office, "i-1", "remote_total")
    assert ("110.27" in entry["message"], "110.28" in entry["message"]) == (True, True)
    assert live_payments(office) == []
    await synced(office, "invoice", "i-2")

    office.bench.organisation.alter(entry["remote_id"], total_by=Decimal("0.01"), touch=True)
    await office.sync()
    await synced(office, "invoice", "i-1")
    assert live_payments(office) == [cents("110.28")]


# -- Closed invoice changed


async def closed(office: Office) -> str:
    """Paid and reconciled there, then changed here: a conflict."""
    there = await invoiced(office)
    office.bench.organisation.pay(there, is_reconciled=True)
    await office.sync()
    changed = make_invoice(total="550.00", issued_on="2026-03-05")
    await put(office, changed)
    before = writes(office)
    await office.sync()
    assert writes(office) == before
    return there


async def test_closed_compares_both_sides_and_clears_itself_when_the_payment_is_removed_there(desk: Office) -> None:
    there = await closed(desk)
    entry = await held(desk, "i-1", "closed", state="conflict")
    for words in ("AG-1", "total 550.00 in the gallery, 500.00 there", "tax 50.00 in the gallery, 45.45 there"):
        assert words in entry["message"]
    assert "date 2026-03-05 in the gallery, 2026-03-04 there" in entry["message"]
    assert (await explain(desk))["draft"]["total"] == "550.00"
    assert str(desk.bench.invoice("AG-1").total) == "500.00"
    assert [one["reason"] for one in await problems(desk)] == ["closed"]

    (payment,) = desk.bench.live_payments()
    desk.bench.organisation.delete_payment(payment.id)
    await desk.sync()
    await synced(desk, "invoice", "i-1")
    assert (desk.bench.invoice("AG-1").id, str(desk.bench.invoice("AG-1").total)) == (there, "550.00")
    assert await problems(desk) == []
    assert (await desk.proof())["agrees"] is True


async def test_closed_is_marked_as_resolved_with_who_when_and_a_note_until_either_side_changes(desk: Office) -> None:
    there = await closed(desk)
    entry = await held(desk, "i-1", "closed", state="conflict")
    resolved = await press(desk, entry, "resolve", note="Agreed with the client by phone.")
    assert (resolved["state"], resolved["resolution"]["note"]) == ("resolved", "Agreed with the client by phone.")
    assert resolved["resolution"]["by"] == "operator key"
    assert resolved["resolution"]["at"]
    assert await problems(desk) == []
    await run_quietly(desk)
    assert (await outcome(desk, "invoice", "i-1"))[0] == "resolved"

    await put(desk, make_invoice(total="560.00"))  # this side
    await run_quietly(desk)
    entry = await held(desk, "i-1", "closed", state="conflict")
    await press(desk, entry, "resolve", note="That too.")
    desk.bench.organisation.delete_payment(desk.bench.live_payments()[0].id)  # that side
    desk.bench.organisation.pay(there, cents("400.00"))
    await run_quietly(desk)
    assert (await outcome(desk, "invoice", "i-1"))[0] == "conflict"


async def test_closed_and_changed_without_another_total_says_that_nothing_was_sent_and_what_did_not_change(
    desk: Office,
) -> None:
    await invoiced(desk)
    desk.bench.organisation.pay(desk.bench.invoice("AG-1").id)
    await desk.sync()
    for change in ({"reference": "R-2"}, {"due_on": "2026-09-01"}):
        await put(desk, make_invoice(**change))
        await run_quietly(desk)
        told = (await synced(desk, "invoice", "i-1"))["message"]
        assert "not sent" in told
        assert "totals, date, currency and buyer" in told


async def test_closed_by_a_credit_note_is_closed_like_a_paid_one(desk: Office) -> None:
    there = await invoiced(desk)
    desk.bench.organisation.credit(there)
    await desk.sync()
    await put(desk, make_invoice(total="550.00"))
    await run_quietly(desk)
    await held(desk, "i-1", "closed", state="conflict")


# -- Void, not delete


async def test_void_not_delete_while_connected_and_the_void_is_carried_over(desk: Office) -> None:
    await invoiced(desk)
    status, told = await desk.call("DELETE", f"{BASE}/invoices/i-1")
    assert (status, told["type"]) == (409, "/problems/connected")
    assert "void" in told["detail"].lower()
    await void(desk)
    await desk.sync()
    assert desk.bench.invoice("AG-1").status == "VOIDED"
    assert (await outcome(desk, "invoice", "i-1"))[0] == "voided"
    assert (await desk.proof())["agrees"] is True
    await run_quietly(desk)

    assert (await desk.call("DELETE", desk.path))[0] == 204  # it stands in the books all the same
    status, told = await desk.call("DELETE", f"{BASE}/invoices/i-1")
    assert (status, told["type"]) == (409, "/problems/connected")


async def test_void_with_payments_there_is_blocked_says_so_and_goes_when_they_are_gone(desk: Office) -> None:
    there = await invoiced(desk)
    await void(desk)
    payment = desk.bench.organisation.pay(there, cents("100.00"))
    await run_quietly(desk)
    entry = await held(desk, "i-1", "void_blocked", state="conflict")
    assert "Remove the payments there" in entry["remedy"]
    assert desk.bench.invoice("AG-1").status == "AUTHORISED"

    desk.bench.organisation.delete_payment(payment.id)
    await desk.sync()
    assert desk.bench.invoice("AG-1").status == "VOIDED"
    assert await problems(desk) == []


async def test_void_of_an_invoice_with_payments_here_is_refused_at_the_door(desk: Office) -> None:
    await invoiced(desk, make_payment(amount="100.00"))
    status, told = await desk.call("POST", f"{BASE}/invoices/i-1/void", json={"on": "2026-03-20", "reason": ""})
    assert (status, told["type"]) == (409, "/problems/has-payments")


async def test_void_of_an_invoice_that_was_paid_there_names_the_way_out_and_it_works(desk: Office) -> None:
    """A payment that came back is read-only here: its way out is there."""
    there = await invoiced(desk)
    theirs = desk.bench.organisation.pay(there)
    await run_quietly(desk)
    status, told = await desk.call("POST", f"{BASE}/invoices/i-1/void", json={"on": "2026-03-20", "reason": ""})
    assert (status, told["type"]) == (409, "/problems/has-payments")
    assert "came from xero: delete it there" in told["detail"]

    desk.bench.organisation.delete_payment(theirs.id)
    await run_quietly(desk)
    await void(desk)
    await desk.sync()
    assert desk.bench.invoice("AG-1").status == "VOIDED"


async def test_void_made_there_is_a_conflict_here_and_agrees_when_the_gallery_voids_it_too(desk: Office) -> None:
    there = await invoiced(desk)
    desk.bench.organisation.void(there)
    await run_quietly(desk)
    await held(desk, "i-1", "voided_there", state="conflict")
    await void(desk)
    await run_quietly(desk)
    assert (await outcome(desk, "invoice", "i-1"))[0] == "voided"
