"""Credit notes, refunds and allocations: exact requests, outcomes and readings."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hub import (
    Accepted,
    Draft,
    Lookup,
    Operation,
    Outcome,
    PermanentError,
    Reference,
    Refused,
    Remote,
    RemoteId,
    Response,
    Unknown,
    Write,
)
from plugins.xero import credit, parse, reading, wire
from plugins.xero.webservice import Xero
from tests.plugins.xero.builders import ORGANISATION, draft_of, make_invoice, make_payment

NOTE, INVOICE, OWN = (f"{n * 8}-1111-4111-8111-111111111111" for n in "123")
CONTACT = "44444444-1111-4111-8111-111111111111"
D = Decimal
REMOTES = {
    Reference("contact", "c-7"): Remote(id=RemoteId(CONTACT)),
    Reference("invoice", "i-1234"): Remote(id=RemoteId(NOTE), credit_note=True),
}
STANDS = Remote(id=RemoteId(NOTE), credit_note=True)


def note_write(operation: Operation, remote: Remote | None = None) -> Write:
    draft = draft_of(make_invoice(kind="credit_note"))
    return Write(
        reference=Reference("invoice", "i-1234"),
        operation=operation,
        number=draft.number,
        draft=None if operation is Operation.CANCEL else draft,
        remote=remote,
        credit_note=True,
    )


def allocation_write(operation: Operation = Operation.CREATE) -> Write:
    needs = (Reference("invoice", "i-1"), Reference("invoice", "n-1"))
    body = {"Amount": "20.50", "Date": "2026-03-04"}
    draft = Draft(number="AG-2 on AG-1", body=body, needs=needs, currency="AUD", total=Decimal("20.50"))
    stands = Remote(id=parse.allocation_id(NOTE, OWN), total=Decimal("20.50"), document_id=RemoteId(INVOICE))
    return Write(
        reference=Reference("allocation", "n-1"),
        operation=operation,
        number=draft.number,
        draft=draft if operation is Operation.CREATE else None,
        remote=None if operation is Operation.CREATE else stands,
        document_id=RemoteId(INVOICE),
        source_id=RemoteId(NOTE),
    )


def outcome(write: Write, status: int, body: Any = b"") -> Outcome:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    (told,) = Xero.outcomes([write], Response(status=status, body=raw))
    return told


def told(**changes: Any) -> dict[str, Any]:
    """The answer to an allocation."""
    one = {"AllocationID": OWN.upper(), "Amount": 20.5, "Invoice": {"InvoiceID": INVOICE.upper()}} | changes
    return {"Allocations": [one]}


def test_a_credit_note_is_created_with_put_and_changed_by_its_id_alone() -> None:
    made = Xero.request([note_write(Operation.CREATE)], REMOTES)
    changed = Xero.request([note_write(Operation.UPDATE, STANDS)], REMOTES)
    voided = Xero.request([note_write(Operation.CANCEL, STANDS)], {})

    assert (made.method, made.path) == ("PUT", "/api.xro/2.0/CreditNotes")
    assert ("unitdp", "4") in made.query
    assert (changed.method, changed.path) == ("POST", "/api.xro/2.0/CreditNotes")
    assert json.loads(changed.body)["CreditNotes"][0]["CreditNoteID"] == NOTE
    assert json.loads(voided.body) == {"CreditNotes": [{"CreditNoteID": NOTE, "Status": "VOIDED"}]}


def test_a_refund_pays_the_credit_note() -> None:
    draft = draft_of(make_payment(kind="refund"))
    write = Write(
        reference=Reference("payment", "p-9"),
        operation=Operation.CREATE,
        number=draft.number,
        draft=draft,
        credit_note=True,
    )

    (sent,) = json.loads(Xero.request([write], REMOTES).body)["Payments"]

    assert sent["CreditNote"] == {"CreditNoteID": NOTE}
    assert "Invoice" not in sent


def test_invoices_and_credit_notes_are_not_mixed_in_one_batch() -> None:
    invoice = msgspec.structs.replace(note_write(Operation.CREATE), credit_note=False)
    with pytest.raises(ValueError, match="one type"):
        Xero.request([note_write(Operation.CREATE), invoice], REMOTES)


def test_an_allocation_is_put_under_its_credit_note_and_deleted_there() -> None:
    made = Xero.request([allocation_write()], {})
    gone = Xero.request([allocation_write(Operation.CANCEL)], {})

    assert (made.method, made.path) == ("PUT", f"/api.xro/2.0/CreditNotes/{NOTE}/Allocations")
    wanted = {"Amount": 20.5, "Date": "2026-03-04", "Invoice": {"InvoiceID": INVOICE}}
    assert json.loads(made.body) == {"Allocations": [wanted]}
    assert (gone.method, gone.path, gone.body) == ("DELETE", f"{made.path}/{OWN}", b"")
    assert Xero.batch_size("allocation", Operation.CREATE) == 1


def test_the_answer_names_the_allocation_by_its_invoice() -> None:
    found = outcome(allocation_write(), 200, told())

    assert isinstance(found, Accepted)
    assert (found.remote.id, found.remote.document_id) == (f"{NOTE}.{OWN}", INVOICE)
    assert (found.remote.total, found.remote.currency) == (Decimal("20.5"), "AUD")


@pytest.mark.parametrize("body", [{"Allocations": []}, b'{"Allocations": [', told(Invoice={"InvoiceID": NOTE})])
def test_an_answer_without_it_is_unknown(body: Any) -> None:
    assert isinstance(outcome(allocation_write(), 200, body), Unknown)


@pytest.mark.parametrize("operation", [Operation.CREATE, Operation.CANCEL])
def test_a_5xx_is_unknown(operation: Operation) -> None:
    assert isinstance(outcome(allocation_write(operation), 502, told()), Unknown)


def test_an_allocation_without_an_id_is_looked_up_at_once() -> None:
    found = outcome(allocation_write(), 200, told(AllocationID=None))
    assert isinstance(found, Refused)
    assert found.ambiguous


def test_a_refusal_is_known_with_its_reason() -> None:
    text = "The amount exceeds the remaining credit of this credit note"
    found = outcome(
        allocation_write(), 400, {"ErrorNumber": 10, "Elements": [{"ValidationErrors": [{"Message": text}]}]}
    )

    assert isinstance(found, Refused)
    assert (found.code, found.ambiguous) == ("exceeds_due", False)


def test_a_credit_note_that_is_gone_refuses_the_whole() -> None:
    with pytest.raises(PermanentError):
        outcome(allocation_write(), 404, b"The resource you're looking for cannot be found")


def test_taking_off_is_told_and_a_404_is_looked_up() -> None:
    done = outcome(allocation_write(Operation.CANCEL), 200, {"AllocationId": OWN, "IsDeleted": True})
    lost = outcome(allocation_write(Operation.CANCEL), 404, b"not found")

    assert isinstance(done, Accepted)
    assert done.remote.status == "deleted"
    assert isinstance(lost, Refused)
    assert lost.ambiguous


NOTE_JSON = {
    "CreditNoteID": NOTE.upper(),
    "CreditNoteNumber": "AG-7",
    "Type": "ACCRECCREDIT",
    "Status": "AUTHORISED",
    "Total": 200.0,
    "RemainingCredit": 129.5,
    "CurrencyCode": "AUD",
    "Payments": [{"PaymentID": CONTACT, "Amount": 50.0, "Date": "/Date(1772582400000+0000)/"}],
    "Allocations": [{"AllocationID": OWN, "Amount": 20.5, "Invoice": {"InvoiceID": INVOICE}}],
}


def read_note(**changes: Any) -> Remote:
    body = json.dumps({"CreditNotes": [NOTE_JSON | changes]}).encode()
    (note,) = reading.list_remotes("credit_note", wire.decode_envelope(body))
    return note


def test_a_credit_note_is_read_with_what_is_used_of_it() -> None:
    note = read_note()

    assert (note.id, note.credit_note, note.paid) == (NOTE, True, Decimal("70.5"))
    assert [(part.kind, part.amount) for part in note.parts or ()] == [
        ("payment", Decimal("50.0")),
        ("allocation", Decimal("20.5")),
    ]
    assert [one.id for one in credit.allocations_of(note)] == [f"{NOTE}.{OWN}"]
    assert read_note(Status="VOIDED").paid == Decimal(0)


def test_credit_notes_of_bills_are_left_out() -> None:
    body = json.dumps({"CreditNotes": [NOTE_JSON | {"Type": "ACCPAYCREDIT"}]}).encode()
    assert reading.list_remotes("credit_note", wire.decode_envelope(body)) == []


def test_an_allocation_that_is_gone_is_told_as_deleted_while_its_credit_note_stands() -> None:
    gone = parse.allocation_id(NOTE, CONTACT)

    found = list(credit.read_allocations([parse.allocation_id(NOTE, OWN), gone], [read_note()]))

    assert [(one.id, one.status) for one in found] == [(f"{NOTE}.{OWN}", "approved"), (gone, "deleted")]
    assert list(credit.read_allocations([gone], [])) == []


def test_a_look_up_of_an_allocation_takes_the_one_of_its_invoice() -> None:
    write = allocation_write()
    lookup = Lookup(
        reference=write.reference,
        number=write.number,
        draft=write.draft,
        document_id=write.document_id,
        source_id=write.source_id,
    )
    elsewhere = msgspec.structs.replace(lookup, document_id=RemoteId(CONTACT))

    assert [one.total for one in credit.answer_allocations([lookup], [read_note()])[write.reference]] == [D("20.5")]
    assert credit.answer_allocations([elsewhere], [read_note()])[write.reference] == ()


def test_look_ups_of_a_credit_note_never_ask_for_invoices() -> None:
    lookup = Lookup(reference=Reference("invoice", "i-1"), number='AG-"7', credit_note=True)

    plain, mine = reading.find_queries(credit.sort_of(lookup), [lookup])

    assert plain.path.endswith("/CreditNotes")
    assert ("where", 'CreditNoteNumber=="AG-""7"') in plain.params
    assert (plain.ours, mine.ours) == (None, True)


def test_links_lead_to_the_credit_note() -> None:
    link = Xero.remote_url("invoice", STANDS, ORGANISATION)
    assert link is not None
    assert link.endswith(f"/AccountsReceivable/ViewCreditNote.aspx?creditNoteID={NOTE}")
    assert Xero.remote_url("allocation", Remote(id=parse.allocation_id(NOTE, OWN)), ORGANISATION) == link


def test_the_day_of_an_allocation_is_read() -> None:
    to = wire.AllocatedTo(invoice_id=INVOICE)
    one = wire.Allocation(allocation_id=OWN, amount=D("1"), date_string="2026-03-04T00:00:00", invoice=to)

    part = parse.parse_allocation(one, NOTE)

    assert part is not None
    assert part.on == date(2026, 3, 4)
