"""Chapter K of the case catalogue: what is closed there, and what both sides changed (DOMAIN 5.8)."""

from __future__ import annotations

import csv
import io
from typing import Any

from tests.catalogue.desk import (
    Json,
    held,
    make_contact,
    make_invoice,
    make_line,
    make_payment,
    notes,
    outcome,
    put,
    send,
    synced,
)
from tests.web.webservices.office import BASE, Office


async def paid_there(office: Office, **changes: Any) -> str:
    """An invoice that was synced and paid in full there; its remote id."""
    await send(office, make_contact(), make_invoice(**changes))
    await office.sync()
    there = office.bench.invoice("AG-1").id
    office.bench.organisation.pay(there)
    await office.sync()
    return there


async def resolve(office: Office, record_id: str, note: str) -> Json:
    entry = await office.entry("invoice", record_id)
    status, told = await office.call("POST", f"{office.path}/entries/{entry['id']}/resolve", json={"note": note})
    assert status == 200, told
    return dict(told)


async def test_k1_a_price_changed_after_payment_is_a_conflict_that_shows_the_difference(desk: Office) -> None:
    await paid_there(desk)
    await put(desk, make_invoice(total="550.00"))
    desk.bench.sandbox.calls.clear()
    await desk.sync()
    entry = await held(desk, "i-1", "closed", state="conflict")
    assert "500.00" in entry["message"]
    assert "550.00" in entry["message"]
    assert desk.bench.sandbox.calls.writes == 0
    assert str(desk.bench.invoice("AG-1").total) == "500.00"


async def test_k1_it_clears_itself_when_the_payment_is_removed_there_and_the_change_goes_through(desk: Office) -> None:
    there = await paid_there(desk)
    await put(desk, make_invoice(total="550.00"))
    await desk.sync()
    (payment,) = desk.bench.live_payments()
    desk.bench.organisation.delete_payment(payment.id)
    await desk.sync()
    await synced(desk, "invoice", "i-1")
    assert (desk.bench.invoice("AG-1").id, str(desk.bench.invoice("AG-1").total)) == (there, "550.00")


async def test_k3_marked_as_resolved_it_stays_so_while_nothing_changes(desk: Office) -> None:
    await paid_there(desk)
    await put(desk, make_invoice(total="550.00"))
    await desk.sync()
    told = await resolve(desk, "i-1", "Agreed with the client by phone.")
    assert told["state"] == "resolved"
    assert told["resolution"]["note"] == "Agreed with the client by phone."
    assert told["resolution"]["by"]
    assert told["resolution"]["at"]
    for _ in range(2):
        await desk.sync()
        assert (await outcome(desk, "invoice", "i-1"))[0] == "resolved"
    assert "Agreed with the client by phone." in notes(await desk.entry("invoice", "i-1"))


async def test_k3_a_later_change_of_either_side_opens_it_again(desk: Office) -> None:
    there = await paid_there(desk)
    await put(desk, make_invoice(total="550.00"))
    await desk.sync()
    await resolve(desk, "i-1", "fine")
    await put(desk, make_invoice(total="560.00"))
    await desk.sync()
    await held(desk, "i-1", "closed", state="conflict")
    await resolve(desk, "i-1", "fine again")
    desk.bench.organisation.delete_payment(desk.bench.live_payments()[0].id)
    desk.bench.organisation.pay(there)
    await desk.sync()
    assert (await outcome(desk, "invoice", "i-1"))[0] == "conflict"


async def test_k6_a_reference_changed_after_payment_is_no_conflict_and_said_to_be_not_sent(desk: Office) -> None:
    await paid_there(desk, reference="first")
    await put(desk, make_invoice(reference="second"))
    desk.bench.sandbox.calls.clear()
    await desk.sync()
    entry = await synced(desk, "invoice", "i-1")
    assert "not sent" in notes(entry)
    assert desk.bench.sandbox.calls.writes == 0


async def test_k8_a_line_added_there_is_a_conflict_with_both_totals(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice())
    await desk.sync()
    there = desk.bench.invoice("AG-1")
    desk.bench.organisation.edit_line(there.id, UnitAmount="600.00")
    await desk.sync()
    entry = await held(desk, "i-1", "edited_there", state="conflict")
    assert "500.00" in entry["message"]
    assert str(desk.bench.invoice("AG-1").total) in entry["message"]


async def test_k9_flagged_again_while_held_it_starts_afresh(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice(lines=[], total="0.00"))
    await desk.sync()
    await held(desk, "i-1", "no_lines")
    await put(desk, make_invoice(lines=[], total="0.00", notes="."))
    assert (await desk.entry("invoice", "i-1"))["state"] == "pending"
    await desk.sync()
    entry = await held(desk, "i-1", "no_lines")
    assert entry["attempts"] == 0
    await put(desk, make_invoice())
    await desk.sync()
    await synced(desk, "invoice", "i-1")


async def test_k10_a_due_date_changed_on_a_part_paid_invoice_writes_nothing_and_is_said(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice(), make_payment(amount="100.00"))
    await desk.sync()
    await put(desk, make_invoice(due_on="2026-06-30"))
    desk.bench.sandbox.calls.clear()
    await desk.sync()
    entry = await synced(desk, "invoice", "i-1")
    assert "not sent" in notes(entry)
    assert desk.bench.sandbox.calls.writes == 0


async def test_k12_fifty_conflicts_do_not_stop_the_others_and_export_as_a_table(desk: Office) -> None:
    numbers = range(1, 101)
    invoices = [make_invoice(f"i-{n}", lines=[make_line(price="500.00")]) for n in numbers]
    await send(desk, make_contact(), *invoices)
    await desk.sync()
    for n in range(1, 51):
        desk.bench.organisation.pay(desk.bench.invoice(f"AG-{n}").id)
    await desk.sync()
    changed = [make_invoice(f"i-{n}", lines=[make_line(price="550.00")], total="550.00") for n in numbers]
    await send(desk, *changed)
    await desk.sync()
    totals = [str(desk.bench.invoice(f"AG-{n}").total) for n in numbers]
    assert totals == ["500.00"] * 50 + ["550.00"] * 50

    answer = await desk.send("GET", f"{desk.path}/entries?state=conflict", headers={"Accept": "text/csv"})
    assert answer.content_type == "text/csv"
    table = list(csv.DictReader(io.StringIO(await answer.text())))
    assert {row["record_id"] for row in table} == {f"i-{n}" for n in range(1, 51)}
    assert {row["reason"] for row in table} == {"closed"}
    assert all(row["message"] and row["remedy"] and row["remote_url"] for row in table)


async def test_an_empty_table_has_its_header_and_an_unknown_webservice_is_404(desk: Office) -> None:
    answer = await desk.send("GET", f"{desk.path}/entries?state=conflict&format=csv")
    assert (await answer.text()).startswith("type,record_id,number,state,reason")
    lost = await desk.send("GET", f"{BASE}/webservices/w-none/entries?format=csv")
    assert lost.status == 404
