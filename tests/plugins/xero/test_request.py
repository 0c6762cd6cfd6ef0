"""The exact bytes of each sort of request, against golden files; ``HUB_GOLDEN=1`` writes them anew."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hub import Contact, Draft, Invoice, Operation, Payment, PermanentError, Reference, Remote, RemoteId, Request, Write
from hub.domain.records import reference
from plugins.xero import wire
from plugins.xero.webservice import Xero
from tests.plugins.xero.builders import draft_of, make_book, make_contact, make_invoice, make_line, make_payment

GOLDEN = Path(__file__).parent / "golden"
D = Decimal
REMOTES = {
    Reference("contact", "c-7"): Remote(id=RemoteId("11111111-1111-1111-1111-111111111111"), status="active"),
    Reference("invoice", "i-1234"): Remote(id=RemoteId("22222222-2222-2222-2222-222222222222")),
}
STANDS = Remote(id=RemoteId("33333333-3333-3333-3333-333333333333"))


def write(record: Contact | Invoice | Payment, operation: Operation, remote: Remote | None = None) -> Write:
    draft = draft_of(record)
    return Write(
        reference=reference(record),
        operation=operation,
        number=draft.number,
        draft=None if operation is Operation.CANCEL else draft,
        remote=remote,
    )


def request(*records: Contact | Invoice | Payment, operation: Operation, remote: Remote | None = None) -> Request:
    return Xero.request([write(record, operation, remote) for record in records], REMOTES)


RICH = make_contact(
    first_name="Ana",
    last_name="Ruiz",
    phone="+61 2 5550 0123",
    tax_number="51 824 753 556",
    address={"lines": ["1 Wharf Rd"], "city": "Sydney", "region": "NSW", "postcode": "2000", "country": "AU"},
)
TWO_LINES = make_invoice(
    make_line(),
    make_line(kind="framing", unit_price="33.33", quantity="3", tax_code="vat", description="Frame\r\nOak"),
    total="599.99",
    reference="PO 7",
    url="https://gallery.example.com/i/1234",
)
SENT = {
    "contact_create": request(RICH, make_contact(id="c-8", name="Söhne"), operation=Operation.CREATE),
    "contact_update": request(RICH, operation=Operation.UPDATE, remote=STANDS),
    "invoice_create": request(TWO_LINES, make_invoice(id="i-2", number="2"), operation=Operation.CREATE),
    "invoice_update": request(TWO_LINES, operation=Operation.UPDATE, remote=STANDS),
    "invoice_cancel": request(TWO_LINES, operation=Operation.CANCEL, remote=STANDS),
    "payment_create": request(make_payment(reference="Thanks"), operation=Operation.CREATE),
    "payment_cancel": request(make_payment(), operation=Operation.CANCEL, remote=STANDS),
}


@pytest.mark.parametrize("name", sorted(SENT))
def test_requests_are_what_they_were_byte_for_byte(name: str) -> None:
    made = SENT[name]
    query = "&".join(f"{key}={value}" for key, value in made.query)
    text = f"{made.method} {made.path}{'?' + query if query else ''}\n{made.body.decode()}\n"
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("HUB_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_a_create_is_put_and_a_change_is_posted_with_an_id() -> None:
    for name, made in SENT.items():
        (elements,) = wire.decode_any(made.body).values()
        if name.endswith("create"):
            assert made.method == "PUT"
            assert not {"InvoiceID", "ContactID", "PaymentID"} & elements[0].keys()
        else:
            assert made.method == "POST"
            told = elements[0].keys() & {"InvoiceID", "ContactID"}
            assert told or made.path.endswith(STANDS.id)


def test_t36_every_invoice_write_asks_for_four_decimals_and_single_answers() -> None:
    for name, made in SENT.items():
        if name.startswith("invoice"):
            assert made.query == (("summarizeErrors", "false"), ("unitdp", "4"))


def test_numbers_are_json_numbers_without_a_float_in_between() -> None:
    body = draft_of(make_invoice(make_line(unit_price="9999999999.99", tax_code="zero"), total="9999999999.99"))
    assert b'"UnitAmount":9999999999.99' in wire.encode(body.body)
    with pytest.raises(TypeError):
        wire.encode({"UnitAmount": 0.1})


def test_a_draft_that_was_stored_as_json_gives_the_same_bytes() -> None:
    draft = draft_of(TWO_LINES)
    again = msgspec.json.decode(msgspec.json.encode(draft), type=Draft)
    first = Write(reference=Reference("invoice", "i"), operation=Operation.CREATE, number=draft.number, draft=draft)
    second = msgspec.structs.replace(first, draft=again)
    assert Xero.request([first], REMOTES) == Xero.request([second], REMOTES)
    assert draft.fingerprint == again.fingerprint


@pytest.mark.parametrize(
    ("stands", "asked", "sent"),
    [("draft", "DRAFT", "DRAFT"), ("approved", "DRAFT", "AUTHORISED"), ("draft", "AUTHORISED", "AUTHORISED")],
)
def test_an_update_never_takes_an_approval_back(stands: Any, asked: str, sent: str) -> None:
    draft = draft_of(make_invoice(), make_book(settings={"invoice_status": asked}))
    one = Write(
        reference=Reference("invoice", "i-1234"),
        operation=Operation.UPDATE,
        number=draft.number,
        draft=draft,
        remote=Remote(id=RemoteId("r"), status=stands),
    )
    body = wire.decode_any(Xero.request([one], REMOTES).body)
    assert body["Invoices"][0]["Status"] == sent


def test_what_xero_cannot_do_is_refused() -> None:
    with pytest.raises(PermanentError):
        request(make_payment(), operation=Operation.UPDATE, remote=STANDS)
    with pytest.raises(PermanentError):
        request(make_contact(), operation=Operation.CANCEL, remote=STANDS)


def test_a_caller_that_lacks_a_needed_record_is_told() -> None:
    with pytest.raises(ValueError, match="needs a contact"):
        Xero.request([write(make_invoice(), Operation.CREATE)], {})
    with pytest.raises(ValueError, match="one type"):
        request(make_invoice(), make_payment(), operation=Operation.CREATE)


def test_payments_are_deleted_one_at_a_time() -> None:
    assert Xero.batch_size("payment", Operation.CANCEL) == 1
    assert Xero.batch_size("payment", Operation.CREATE) == 50
