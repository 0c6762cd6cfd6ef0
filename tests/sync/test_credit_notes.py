"""Credit notes: documents of their own, changed, taken back, looked up; never taken for the invoice beside them."""

from __future__ import annotations

from typing import Any

import pytest

from hub.domain.entries import Entry
from plugins.xero.sandbox.state import Document
from tests.sync.harness import Bench, cents, make_contact, make_invoice, make_line


def make_note(note_id: str = "n-1", **changes: Any) -> dict[str, Any]:
    """A credit note of 200.00, applied to nothing."""
    total = changes.pop("total", "200.00")
    note = make_invoice(note_id, total=total, kind="credit_note", number=note_id, issued_on="2026-03-12", due_on=None)
    return note | changes


def note_there(bench: Bench, number: str = "AG-n-1") -> Document:
    """The one credit note of that number there."""
    (found,) = [one for one in bench.ledger.credit_notes.values() if one.number == number]
    return found


async def entry(bench: Bench, note_id: str = "n-1") -> Entry:
    return await bench.entry("invoice", note_id)


async def standing(bench: Bench, note_id: str = "n-1") -> tuple[str | None, str | None]:
    found = await entry(bench, note_id)
    return found.state, found.reason


async def sent(bench: Bench, **changes: Any) -> None:
    """A credit note in the books."""
    await bench.put(make_contact(), make_note(**changes))
    await bench.connect()
    await bench.sync()
    assert await standing(bench) == ("synced", None)
    bench.sandbox.calls.clear()


async def test_a_credit_note_goes_out_as_one_with_positive_lines(bench: Bench) -> None:
    await sent(bench)

    there = note_there(bench)
    assert (there.type, there.status, there.total) == ("ACCRECCREDIT", "AUTHORISED", cents("200.00"))
    assert [line.amount > 0 for line in there.lines] == [True]
    assert bench.ledger.invoices.values() == []
    found = await entry(bench)
    assert found.remote is not None
    assert (found.remote.credit_note, found.remote.ours, found.remote.paid) == (True, True, cents("0.00"))


async def test_an_unchanged_credit_note_is_not_sent_again(bench: Bench) -> None:
    await sent(bench)

    run = await bench.sync()

    assert (run.counts.created, run.counts.updated) == (0, 0)
    assert [c.method for c in bench.sandbox.calls if c.method != "GET"] == []


async def test_a_changed_credit_note_is_updated_by_its_id(bench: Bench) -> None:
    await sent(bench)
    await bench.put(make_note(lines=[make_line(price="150.00")], total="150.00"))

    run = await bench.sync()

    assert run.counts.updated == 1
    assert note_there(bench).total == cents("150.00")
    assert len(bench.ledger.credit_notes.values()) == 1


@pytest.mark.parametrize(("status", "gone"), [("AUTHORISED", "VOIDED"), ("DRAFT", "DELETED")])
async def test_a_void_credit_note_is_taken_back_there(bench: Bench, status: str, gone: str) -> None:
    await bench.put(make_contact(), make_note())
    await bench.connect(invoice_status=status)
    await bench.sync()
    await bench.void("n-1")

    await bench.sync()

    assert note_there(bench).status == gone
    assert (await entry(bench)).state == "voided"


async def test_an_invoice_and_a_credit_note_may_bear_one_number(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice("i-7"), make_note("n-7", number="7"))
    await bench.connect()

    run = await bench.sync()

    assert run.counts.created == 3  # the contact too
    assert bench.invoice("AG-7").total == cents("500.00")
    assert note_there(bench, "AG-7").total == cents("200.00")
    assert await standing(bench, "i-7") == ("synced", None)
    assert await standing(bench, "n-7") == ("synced", None)


async def test_a_taken_number_of_a_credit_note_is_held(bench: Bench) -> None:
    await bench.put(make_contact(), make_note())
    await bench.connect()
    stranger = bench.organisation.add_contact("Somebody")
    note = bench.organisation.add_credit_note(stranger.id, cents("10.00"))
    note.number, old = "AG-n-1", note.number
    bench.organisation.put_document(note, old_number=old)

    await bench.sync()

    assert await standing(bench) == ("held", "number_taken")


@pytest.mark.parametrize("fault", ["lose_answer", "error_after_commit", "cut_answer"])
async def test_a_lost_answer_makes_no_second_credit_note(bench: Bench, fault: str) -> None:
    await bench.put(make_contact(), make_note())
    await bench.connect()
    bench.sandbox.faults.add(fault, method="PUT", path="CreditNotes")

    await bench.sync()
    assert (await entry(bench)).state in {"unknown", "synced"}
    await bench.sync()

    assert await standing(bench) == ("synced", None)
    assert len(bench.ledger.credit_notes.values()) == 1
