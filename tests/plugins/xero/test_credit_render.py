"""Credit notes, refunds and allocations as drafts: the mirror of the invoice, without what credit notes do not have."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from hub import Allocation, Draft, Held, Reference, Subject
from plugins.xero.render import render
from plugins.xero.webservice import Xero
from tests.plugins.xero.builders import (
    draft_of,
    held_of,
    make_book,
    make_invoice,
    make_line,
    make_payment,
)

D = Decimal


def test_a_credit_note_has_its_own_type_and_number_and_no_due_date_or_link() -> None:
    draft = draft_of(make_invoice(kind="credit_note", due_on="2026-05-01", url="https://example.com/1"))

    assert (draft.body["Type"], draft.body["CreditNoteNumber"]) == ("ACCRECCREDIT", draft.number)
    assert not {"DueDate", "Url", "InvoiceNumber"} & set(draft.body)
    assert "due" not in draft.shown
    assert draft.notes == ("Its link was left out: Xero's credit notes have none.",)


@pytest.mark.parametrize("price", ["120.03", "99.99", "500.00"])
@pytest.mark.parametrize("code", ["vat", "gst", "nz"])
def test_t39_the_lines_of_a_credit_note_are_those_of_the_invoice_and_positive(price: str, code: str) -> None:
    lines = [make_line(unit_price=price, tax_code=code)]

    invoice = draft_of(make_invoice(*lines, total=price))
    note = draft_of(make_invoice(*lines, total=price, kind="credit_note"))

    assert note.body["LineItems"] == invoice.body["LineItems"]
    assert (note.total, note.tax) == (invoice.total, invoice.tax)
    assert all(line.net > 0 for line in note.lines)


def test_a_credit_note_below_zero_is_held() -> None:
    assert held_of(make_invoice(kind="credit_note", total="-1.00")).code == "discount"


def test_a_credit_note_and_an_invoice_of_one_number_have_different_fingerprints() -> None:
    assert draft_of(make_invoice()).fingerprint != draft_of(make_invoice(kind="credit_note")).fingerprint


def test_a_refund_is_drawn_up_as_the_payment_it_is() -> None:
    payment, refund = draft_of(make_payment()), draft_of(make_payment(kind="refund"))

    assert refund.body == payment.body
    assert refund.body["Reference"] == Xero.number("payment", "p-9", make_book())


def allocation(on: date = date(2026, 3, 4)) -> Draft | Held:
    made = Allocation(
        id="n-1", invoice_id="i-1", amount=D("20.5"), currency="AUD", on=on, number="AG-2", invoice_number="AG-1"
    )
    book = make_book()
    return render(Subject(record=made, version=1, number="AG-2 on AG-1", gallery=book.gallery), book)


def test_an_allocation_names_invoice_then_credit_note() -> None:
    draft = allocation()

    assert isinstance(draft, Draft)
    assert draft.body == {"Amount": "20.50", "Date": "2026-03-04"}
    assert draft.needs == (Reference("invoice", "i-1"), Reference("invoice", "n-1"))
    assert (draft.total, draft.currency) == (D("20.5"), "AUD")
