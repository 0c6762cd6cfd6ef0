"""Xero's JSON: the fields we use as msgspec structs, its dates, and exact numbers. Lenient on everything else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

ZERO_ID = "00000000-0000-0000-0000-000000000000"
_MS_DATE = re.compile(r"^/Date\((-?\d+)([+-]\d{4})?\)/$")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """A part of an answer; unknown fields are ignored, lengths are never checked (FACTS 4.11)."""


class Message(Wire, frozen=True):
    """One validation message; some answers say Description (FACTS 3.3)."""

    message: str | None = None
    description: str | None = None


class Faulty(Wire, frozen=True):
    """Whatever may bear validation messages."""

    validation_errors: list[Message] | None = None
    warnings: list[Message] | None = None


class Element(Faulty, frozen=True):
    """A member of a write's answer."""

    status_attribute_string: str | None = None
    has_errors: bool | None = None
    has_validation_errors: bool | None = None


class Address(Faulty, frozen=True):
    """An address; read answers have two, empty fields as "" (FACTS 5.3)."""

    address_type: str | None = None
    address_line1: str | None = msgspec.field(default=None, name="AddressLine1")
    address_line2: str | None = msgspec.field(default=None, name="AddressLine2")
    address_line3: str | None = msgspec.field(default=None, name="AddressLine3")
    address_line4: str | None = msgspec.field(default=None, name="AddressLine4")
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None


class Phone(Wire, frozen=True):
    """A phone number in parts; read answers have four."""

    phone_type: str | None = None
    phone_number: str | None = None
    phone_area_code: str | None = None
    phone_country_code: str | None = None


class ContactRef(Faulty, frozen=True):
    """The contact of a document."""

    contact_id: str | None = msgspec.field(default=None, name="ContactID")


class Contact(Element, frozen=True):
    """A contact."""

    contact_id: str | None = msgspec.field(default=None, name="ContactID")
    contact_number: str | None = None
    contact_status: str | None = None
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email_address: str | None = None
    tax_number: str | None = None
    company_number: str | None = None
    phones: list[Phone] | None = None
    merged_to_contact_id: str | None = msgspec.field(default=None, name="MergedToContactID")
    updated_date_utc: str | None = msgspec.field(default=None, name="UpdatedDateUTC")
    addresses: list[Address] | None = None


class TrackingRef(Wire, frozen=True):
    """A tracking option of a line."""

    name: str | None = None
    option: str | None = None


class LineItem(Faulty, frozen=True):
    """A line."""

    line_item_id: str | None = msgspec.field(default=None, name="LineItemID")
    description: str | None = None
    account_code: str | None = None
    account_id: str | None = msgspec.field(default=None, name="AccountID")
    line_amount: Decimal | None = None
    tracking: list[TrackingRef] | None = None


class AccountRef(Faulty, frozen=True):
    """The account of a payment."""

    account_id: str | None = msgspec.field(default=None, name="AccountID")


class Part(Wire, frozen=True):
    """A payment, credit, prepayment or overpayment inside an invoice: the short form of FACTS 6.5."""

    payment_id: str | None = msgspec.field(default=None, name="PaymentID")
    credit_note_id: str | None = msgspec.field(default=None, name="CreditNoteID")
    prepayment_id: str | None = msgspec.field(default=None, name="PrepaymentID")
    overpayment_id: str | None = msgspec.field(default=None, name="OverpaymentID")
    id: str | None = msgspec.field(default=None, name="ID")
    amount: Decimal | None = None
    applied_amount: Decimal | None = None
    date: str | None = None
    date_string: str | None = None
    reference: str | None = None
    status: str | None = None
    is_reconciled: bool | None = None
    batch_payment_id: str | None = msgspec.field(default=None, name="BatchPaymentID")
    account: AccountRef | None = None


class Invoice(Element, frozen=True):
    """An invoice."""

    invoice_id: str | None = msgspec.field(default=None, name="InvoiceID")
    invoice_number: str | None = None
    type: str | None = None
    status: str | None = None
    contact: ContactRef | None = None
    currency_code: str | None = None
    currency_rate: Decimal | None = None
    date: str | None = None
    date_string: str | None = None
    total: Decimal | None = None
    total_tax: Decimal | None = None
    amount_paid: Decimal | None = None
    amount_credited: Decimal | None = None
    updated_date_utc: str | None = msgspec.field(default=None, name="UpdatedDateUTC")
    line_items: list[LineItem] | None = None
    payments: list[Part] | None = None
    credit_notes: list[Part] | None = None
    prepayments: list[Part] | None = None
    overpayments: list[Part] | None = None


class AllocatedTo(Wire, frozen=True):
    """The invoice of an allocation."""

    invoice_id: str | None = msgspec.field(default=None, name="InvoiceID")


class Allocation(Element, frozen=True):
    """What of a credit note was put on an invoice (FACTS 4.12)."""

    allocation_id: str | None = msgspec.field(default=None, name="AllocationID")
    amount: Decimal | None = None
    date: str | None = None
    date_string: str | None = None
    invoice: AllocatedTo | None = None
    is_deleted: bool | None = None


class CreditNote(Element, frozen=True):
    """A credit note."""

    credit_note_id: str | None = msgspec.field(default=None, name="CreditNoteID")
    credit_note_number: str | None = None
    type: str | None = None
    status: str | None = None
    contact: ContactRef | None = None
    currency_code: str | None = None
    date: str | None = None
    date_string: str | None = None
    total: Decimal | None = None
    total_tax: Decimal | None = None
    remaining_credit: Decimal | None = None
    updated_date_utc: str | None = msgspec.field(default=None, name="UpdatedDateUTC")
    line_items: list[LineItem] | None = None
    payments: list[Part] | None = None
    allocations: list[Allocation] | None = None


class InvoiceRef(Faulty, frozen=True):
    """The invoice of a payment."""

    invoice_id: str | None = msgspec.field(default=None, name="InvoiceID")
    type: str | None = None
    currency_code: str | None = None


class BatchRef(Wire, frozen=True):
    """The batch of a payment."""

    batch_payment_id: str | None = msgspec.field(default=None, name="BatchPaymentID")


class CreditRef(Wire, frozen=True):
    """The credit note of a refund."""

    credit_note_id: str | None = msgspec.field(default=None, name="CreditNoteID")
    currency_code: str | None = None


class Payment(Element, frozen=True):
    """A payment."""

    payment_id: str | None = msgspec.field(default=None, name="PaymentID")
    payment_type: str | None = None
    status: str | None = None
    amount: Decimal | None = None
    date: str | None = None
    date_string: str | None = None
    reference: str | None = None
    is_reconciled: bool | None = None
    invoice: InvoiceRef | None = None
    credit_note: CreditRef | None = None
    account: AccountRef | None = None
    batch_payment_id: str | None = msgspec.field(default=None, name="BatchPaymentID")
    batch_payment: BatchRef | None = None
    updated_date_utc: str | None = msgspec.field(default=None, name="UpdatedDateUTC")


class Pagination(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Only in paged answers (FACTS 7.2)."""

    page: int = 1
    page_size: int = 100
    page_count: int = 1
    item_count: int = 0


class Envelope(Wire, frozen=True):
    """Any answer with records."""

    date_time_utc: str | None = msgspec.field(default=None, name="DateTimeUTC")
    pagination: Pagination | None = msgspec.field(default=None, name="pagination")
    invoices: list[Invoice] | None = None
    contacts: list[Contact] | None = None
    payments: list[Payment] | None = None
    credit_notes: list[CreditNote] | None = None
    allocations: list[Allocation] | None = None


class Fault(Wire, frozen=True):
    """The body of a refusal: of FACTS 11.1, or of 1.7 (`title`, `detail`)."""

    error_number: int | None = None
    type: str | None = None
    title: str | None = None
    detail: str | None = None
    message: str | None = None
    elements: list[dict[str, Any]] | None = None


_envelope = msgspec.json.Decoder(Envelope, strict=True)
_fault = msgspec.json.Decoder(Fault, strict=True)
_any = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")
NUMBERS = frozenset({"Quantity", "UnitAmount", "TaxAmount", "CurrencyRate", "Amount", "BankAmount"})


def decode_envelope(body: bytes) -> Envelope:
    """An answer with records; numbers are exact. Raises `msgspec.DecodeError` when it is cut or no such answer."""
    return _envelope.decode(body)


def decode_fault(body: bytes) -> Fault | None:
    """A refusal's body; None when it is empty, text, HTML or anything else."""
    try:
        return _fault.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def decode_any(body: bytes) -> Any:
    """Plain JSON with exact numbers (int, Decimal). Raises `msgspec.DecodeError`."""
    return _any.decode(body)


def encode(value: dict[str, Any]) -> bytes:
    """The exact bytes: keys in the order given; the texts of `NUMBERS` become JSON numbers, digit by digit."""
    return _encoder.encode(_numbers(value))


def _numbers(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _numbers(part, name) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_numbers(part) for part in value]
    if isinstance(value, float):
        raise TypeError(f"{key} is a float: money never passes through one")
    return Decimal(value) if key in NUMBERS else value


def parse_stamp(text: str | None) -> datetime | None:
    """A moment: ``/Date(1439434356790+0000)/``, or ISO with or without Z; aware, UTC. None when it is neither."""
    if not text:
        return None
    if found := _MS_DATE.match(text):
        try:
            return _EPOCH + timedelta(milliseconds=int(found[1]))
        except OverflowError:
            return None
    try:
        moment = datetime.fromisoformat(text[:26].removesuffix("Z") if "." in text else text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def parse_day(*texts: str | None) -> date | None:
    """A calendar date from the first text that holds one; never shifted to a time zone (FACTS 7.3)."""
    for text in texts:
        if (moment := parse_stamp(text)) is not None:
            return moment.date()
    return None


def real_id(text: str | None) -> str | None:
    """An id of theirs in lower case; None for none and for the zero id of things that do not exist."""
    return text.lower() if text and text != ZERO_ID else None


def walk_messages(value: Any) -> Iterator[str]:
    """All validation messages of a plain JSON tree, outermost first."""
    if isinstance(value, dict):
        for one in value.get("ValidationErrors") or ():
            if isinstance(one, dict) and (text := one.get("Message") or one.get("Description")):
                yield str(text)
        for key, part in value.items():
            if key not in ("ValidationErrors", "Warnings"):
                yield from walk_messages(part)
    elif isinstance(value, list):
        for part in value:
            yield from walk_messages(part)
