"""The proof finds every cent, and everything that stands on one side only."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest

from hub.web.tables import escape_cell
from tests.sync.harness import cents, make_contact, make_invoice, make_payment
from tests.web.webservices.office import Office


async def synced(office: Office) -> None:
    """Two invoices, one of them paid, in the books."""
    await office.bench.put(
        make_contact(), make_invoice(), make_invoice("i-2", total="120.03", issued_on="2026-05-05"), make_payment()
    )
    await office.connect()
    assert (await office.sync())["counts"]["created"] == 4


async def test_the_proof_pairs_every_record_and_agrees(office: Office) -> None:
    await synced(office)
    proof = await office.proof()
    assert (proof["agrees"], proof["complete"], proof["orphans"]) == (True, True, {"ours": [], "theirs": []})
    rows = {(row["type"], row["record_id"]): row for row in proof["rows"]}
    assert len(proof["rows"]) == len(rows) == 3
    assert rows["invoice", "i-1"]["ours"] == {"total": "500.00", "tax": "45.45", "paid": "500.00"}
    assert rows["invoice", "i-1"]["theirs"] == rows["invoice", "i-1"]["ours"]
    assert rows["payment", "p-1"]["ours"] == {"total": "500.00", "tax": None, "paid": None}
    assert rows["payment", "p-1"]["difference"] == {"total": "0.00", "tax": None, "paid": None}
    (total,) = proof["sums"]
    assert (total["currency"], total["ours"]["total"], total["ours"]["paid"]) == ("AUD", "620.03", "500.00")
    assert set(total["difference"].values()) == {"0.00"}


async def test_one_cent_altered_there_without_a_new_time_stamp_is_found(office: Office) -> None:
    await synced(office)
    office.bench.organisation.alter(office.bench.invoice("AG-2").id, total_by=cents("0.01"))
    proof = await office.proof()
    assert proof["agrees"] is False
    (row,) = [one for one in proof["rows"] if one["difference"]["total"] not in {"0.00", None}]
    assert (row["record_id"], row["theirs"]["total"], row["difference"]["total"]) == ("i-2", "120.04", "-0.01")
    assert proof["sums"][0]["difference"]["total"] == "-0.01"


async def test_a_payment_altered_there_is_found(office: Office) -> None:
    await synced(office)
    (payment,) = office.bench.live_payments()
    payment.amount -= Decimal("0.01")
    office.bench.organisation.settle(office.bench.invoice("AG-1"))
    proof = await office.proof()
    differing = {(row["type"], row["record_id"]) for row in proof["rows"] if set(row["difference"].values()) & {"0.01"}}
    assert (proof["agrees"], differing) == (False, {("invoice", "i-1"), ("payment", "p-1")})


async def test_a_payment_deleted_there_counts_as_nothing(office: Office) -> None:
    await synced(office)
    (payment,) = office.bench.live_payments()
    office.bench.organisation.delete_payment(payment.id)
    proof = await office.proof()
    row = next(one for one in proof["rows"] if one["type"] == "payment")
    assert (row["theirs"]["total"], row["difference"]["total"], proof["orphans"]["ours"]) == ("0.00", "500.00", [])


async def test_what_is_gone_there_is_an_orphan_of_ours(office: Office) -> None:
    await synced(office)
    office.bench.ledger.invoices._rows.pop(office.bench.invoice("AG-2").id)
    proof = await office.proof()
    (orphan,) = proof["orphans"]["ours"]
    row = next(one for one in proof["rows"] if one["record_id"] == "i-2")
    assert (orphan["record_id"], row["theirs"], row["difference"]["total"]) == ("i-2", None, "120.03")
    assert proof["agrees"] is False


async def test_what_our_app_created_there_without_an_entry_is_an_orphan_of_theirs(office: Office) -> None:
    await synced(office)
    stray = office.bench.invoice("AG-2")
    async with office.services.database.transaction() as conn:
        await conn.execute("DELETE FROM entry WHERE record_id = 'i-2'")
    proof = await office.proof()
    assert [(one["remote_id"], one["total"]) for one in proof["orphans"]["theirs"]] == [(stray.id, "120.03")]
    assert proof["agrees"] is False
    assert (await office.proof(to="2026-04-01"))["orphans"]["theirs"] == []


async def test_a_payment_that_moved_to_another_invoice_here_is_a_row_and_no_orphan(office: Office) -> None:
    await synced(office)
    await office.bench.put(make_payment(invoice_id="i-nowhere"))
    proof = await office.proof()
    rows = [one for one in proof["rows"] if one["type"] == "payment"]
    assert [(one["record_id"], one["theirs"]["total"]) for one in rows] == [("p-1", "500.00")]
    assert proof["orphans"] == {"ours": [], "theirs": []}
    assert proof["agrees"] is False  # paid there, and not here


async def test_a_void_on_both_sides_agrees(office: Office) -> None:
    await synced(office)
    await office.bench.void("i-2")
    await office.sync()
    proof = await office.proof()
    row = next(one for one in proof["rows"] if one["record_id"] == "i-2")
    assert (row["state"], row["ours"]["total"], row["theirs"]["total"]) == ("voided", "0.00", "0.00")
    assert proof["agrees"] is True


async def test_a_void_there_alone_is_a_difference(office: Office) -> None:
    await synced(office)
    office.bench.organisation.void(office.bench.invoice("AG-2").id)
    proof = await office.proof()
    row = next(one for one in proof["rows"] if one["record_id"] == "i-2")
    assert (row["difference"]["total"], proof["agrees"]) == ("120.03", False)


async def test_a_resolved_difference_is_marked_and_still_counts(office: Office) -> None:
    await synced(office)
    office.bench.organisation.void(office.bench.invoice("AG-2").id)
    await office.sync()
    entry = await office.entry("invoice", "i-2")
    assert entry["reason"] == "voided_there"
    await office.call("POST", f"{office.path}/entries/{entry['id']}/resolve", json={"note": "a mistake"})
    proof = await office.proof()
    row = next(one for one in proof["rows"] if one["record_id"] == "i-2")
    assert (row["state"], proof["agrees"]) == ("resolved", False)


async def test_what_is_held_is_not_in_the_books_and_no_difference(office: Office) -> None:
    await synced(office)
    await office.bench.put(
        make_payment("p-2", amount="700.00", invoice_id="i-2"), make_invoice("i-3", lines=[], total="5.00")
    )
    await office.sync()
    proof = await office.proof()
    assert (proof["agrees"], proof["complete"]) == (True, False)
    waiting = {(one["record_id"], one["state"], one["reason"], one["total"]) for one in proof["not_in_books"]}
    assert waiting == {("p-2", "held", "exceeds_due", "700.00"), ("i-3", "held", "no_lines", "5.00")}


async def test_what_is_left_out_leaves_the_proof_complete(office: Office) -> None:
    await synced(office)
    await office.bench.put(make_invoice("i-3", status="draft"))
    await office.sync()
    proof = await office.proof()
    assert proof["complete"] is True
    assert [(one["record_id"], one["state"], one["reason"]) for one in proof["not_in_books"]] == [
        ("i-3", "left_out", "draft")
    ]


async def test_money_that_came_back_counts_on_both_sides(office: Office) -> None:
    await synced(office)
    invoice = office.bench.invoice("AG-2")
    office.bench.organisation.pay(invoice.id, cents("20.00"))
    before = await office.proof()
    assert before["agrees"] is False  # it was not read yet
    await office.sync()
    after = await office.proof()
    row = next(one for one in after["rows"] if one["type"] == "invoice" and one["record_id"] == "i-2")
    assert (row["ours"]["paid"], row["theirs"]["paid"], after["agrees"]) == ("20.00", "20.00", True), after


async def test_a_credit_that_came_back_counts_on_both_sides(office: Office) -> None:
    await synced(office)
    office.bench.organisation.credit(office.bench.invoice("AG-2").id, cents("20.03"))
    await office.sync()
    proof = await office.proof()
    credited = [one for one in proof["rows"] if one["record_id"].startswith("xero-credit-")]
    assert [one["difference"]["total"] for one in credited] == ["0.00"]
    assert proof["agrees"] is True, proof


async def test_a_period_bounds_the_records_date_on_both_ends(office: Office) -> None:
    await synced(office)
    first = await office.proof(to="2026-03-04")
    assert {(row["type"], row["record_id"]) for row in first["rows"]} == {("invoice", "i-1")}
    later = await office.proof(**{"from": "2026-03-05"})
    assert {(row["type"], row["record_id"]) for row in later["rows"]} == {("invoice", "i-2"), ("payment", "p-1")}
    status, told = await office.get(f"{office.path}/proof", **{"from": "2026-03-05", "to": "2026-03-04"})
    assert (status, told["errors"][0]["at"]) == (422, "to")
    assert (await office.get(f"{office.path}/proof", to="soon"))[0] == 422


async def test_a_proof_reads_pages_and_not_document_by_document(office: Office) -> None:
    await synced(office)
    office.bench.sandbox.calls.clear()
    await office.proof()
    # the payment was told with its invoice; credit notes are a list of their own
    assert [call.path.rsplit("/", 1)[1] for call in office.bench.sandbox.calls] == ["Invoices", "CreditNotes"]


async def test_the_proof_as_a_table(office: Office) -> None:
    await synced(office)
    response = await office.send("GET", f"{office.path}/proof", headers={"Accept": "text/csv"})
    assert (response.status, response.content_type) == (200, "text/csv")
    rows = list(csv.DictReader(io.StringIO(await response.text())))
    assert {row["section"] for row in rows} == {"row", "sum", "verdict"}
    invoice = next(row for row in rows if row["record_id"] == "i-1")
    assert (invoice["ours_total"], invoice["theirs_tax"], invoice["difference_paid"]) == ("500.00", "45.45", "0.00")
    assert rows[-1]["state"] == "agrees=true complete=true"
    assert (await office.send("GET", f"{office.path}/proof?format=csv")).content_type == "text/csv"


async def test_without_access_there_is_no_half_a_proof(office: Office) -> None:
    await synced(office)
    office.bench.sandbox.disconnect(office.bench.organisation)
    status, told = await office.get(f"{office.path}/proof")
    assert (status, told["type"]) == (502, "/problems/remote")


@pytest.mark.parametrize(
    ("cell", "written"),
    [("=1+1", "'=1+1"), ("+61", "+61"), ("@x", "'@x"), ("-5.00", "-5.00"), ("-x", "'-x"), ("\tx", "'\tx"), ("a", "a")],
)
def test_no_cell_is_taken_for_a_formula(cell: str, written: str) -> None:
    assert escape_cell(cell) == (written if cell != "+61" else "'+61")
