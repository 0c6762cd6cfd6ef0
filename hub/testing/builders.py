"""Builders of records: a test gives what it is about, the rest is plain. Money and rates may be given as texts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from hub.contract import Webservice
from hub.domain.books import Book
from hub.domain.drafts import Subject
from hub.domain.records import Contact, Gallery, Invoice, Line, Payment, Record, TaxCode, type_of

T = TypeVar("T")


def make_gallery(**fields: Any) -> Gallery:
    """An Australian gallery, in Australian dollars."""
    plain = {"id": "g-1", "name": "Harbour Lane", "country": "AU", "currency": "AUD", "timezone": "Australia/Sydney"}
    return _exact(plain | fields, Gallery)


def make_tax_code(**fields: Any) -> TaxCode:
    """GST of 10 percent, ``gst``."""
    return _exact({"id": "gst", "name": "GST", "rate": "10"} | fields, TaxCode)


def make_contact(**fields: Any) -> Contact:
    """A person with an e-mail address, ``c-1``."""
    return _exact({"id": "c-1", "name": "Ana Ruiz", "email": "ana@example.com"} | fields, Contact)


def make_line(**fields: Any) -> Line:
    """One artwork at 500.00 with GST, ``1``."""
    plain = {"id": "1", "kind": "artwork", "description": "Study for a Harbour", "quantity": "1"}
    return _exact(plain | {"unit_price": "500.00", "tax_code": "gst"} | fields, Line)


def make_invoice(*lines: Line, **fields: Any) -> Invoice:
    """An issued invoice to ``c-1``, tax included: one artwork at the total (500.00), or *lines* and their sum."""
    total = fields.get("total") or (sum(one.quantity * one.unit_price for one in lines) if lines else "500.00")
    plain: dict[str, Any] = {
        "id": "i-1",
        "number": "1001",
        "contact_id": "c-1",
        "currency": "AUD",
        "price_mode": "inclusive",
        "issued_on": "2026-03-04",
        "due_on": "2026-04-03",
        "total": total,
        "lines": lines or (make_line(unit_price=total),),
    }
    return _exact(plain | fields, Invoice)


def make_credit_note(*lines: Line, **fields: Any) -> Invoice:
    """A credit note of 500.00 to ``c-1``, ``n-1``."""
    return make_invoice(*lines, **{"id": "n-1", "number": "CN-1001", "kind": "credit_note", **fields})


def make_payment(**fields: Any) -> Payment:
    """A bank transfer of 500.00 for ``i-1``, ``p-1``."""
    plain = {"id": "p-1", "invoice_id": "i-1", "paid_on": "2026-03-05", "amount": "500.00"}
    return _exact(plain | {"method": "bank_transfer"} | fields, Payment)


def make_book(kind: type[Webservice], **fields: Any) -> Book:
    """The book of a webservice of *kind*: `settings` may be a dict, by default it holds the kind's defaults."""
    told = fields.pop("settings", {})
    plain: dict[str, Any] = {
        "gallery": make_gallery(),
        "kind": kind.kind,
        "webservice_id": "w-1",
        "settings": kind.settings.model_validate(told) if isinstance(told, Mapping) else told,
        "tag": "ABC234",
        "organisation_id": "org-1",
        "connected_at": datetime(2026, 3, 1, tzinfo=UTC),
        "today": date(2026, 3, 5),
    }
    return Book(**(plain | fields))


def make_subject(kind: type[Webservice], record: Record, book: Book | None = None, **fields: Any) -> Subject:
    """*record* as `render` gets it: with its number, a contact or an invoice as it needs, and GST.

    `number` is what *kind* gives for it in *book*.
    """
    book = book or make_book(kind)
    own: dict[str, Any] = {}
    match record:
        case Invoice():
            own = {"contact": make_contact(id=record.contact_id), "tax_codes": {"gst": make_tax_code()}}
        case Payment():
            invoice = make_invoice(id=record.invoice_id)
            own = {"invoice": invoice, "invoice_number": kind.number("invoice", invoice.number, book)}
        case _:
            pass
    named = record.number if isinstance(record, Invoice) else record.id
    number = kind.number(type_of(record), named, book)
    return Subject(**({"record": record, "version": 1, "number": number, "gallery": book.gallery} | own | fields))


def _exact(data: dict[str, Any], type_: type[T]) -> T:
    """A record, checked against its shape; texts where decimals belong become exact decimals."""
    tag = type_.__struct_config__.tag  # type: ignore[attr-defined] # a record, or a part of one
    plain = {key: _plain(value) for key, value in data.items()} | ({"type": tag} if tag else {})
    return msgspec.convert(plain, type_, dec_hook=_decimal)


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return {name: _plain(one) for name, one in msgspec.structs.asdict(value).items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, Decimal) else value


def _decimal(wanted: type, value: Any) -> Any:
    return wanted(value)
