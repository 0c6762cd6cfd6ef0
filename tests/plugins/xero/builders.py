"""Builders that show only what a test is about: records, a chart, a book, subjects."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from hub import (
    Account,
    Book,
    Choices,
    Contact,
    Draft,
    Gallery,
    Held,
    Invoice,
    Mapping,
    Organisation,
    Payment,
    Subject,
    Target,
    TaxCode,
    TaxRate,
    TrackingCategory,
    TrackingOption,
)
from hub.domain.records import type_of
from plugins.xero.settings import XeroSettings
from plugins.xero.webservice import Xero

TAG = "abc234"
ALL = ("revenue", "expense", "asset", "liability", "equity")


def account(code: str, name: str, class_: Any = "revenue", **changes: Any) -> Account:
    """An account whose id says its code."""
    return Account(id=f"acc-{code}", code=code, name=name, class_=class_, **changes)


ACCOUNTS = (
    account("200", "Artwork - owned"),
    account("205", "Artwork - consigned"),
    account("220", "Framing"),
    account("230", "Shipping"),
    account("240", "Portal fees"),
    account("299", "Old sales", active=False),
    account("310", "Cost of art", "expense"),
    account("610", "Accounts Receivable", "asset", system="DEBTORS"),
    account("835", "Customer deposits", "liability"),
    account("836", "Gift vouchers", "liability", takes_payments=True),
    account("845", "Resale levy", "liability"),
    account("847", "Donations", "liability"),
    account("860", "Rounding", "liability", system="ROUNDING"),
    account("090", "Bank", "asset", type="BANK", is_bank=True, takes_payments=True, currency="AUD"),
    account("091", "Stripe clearing", "asset", takes_payments=True),
    account("092", "Stripe NZ", "asset", takes_payments=True),
    account("094", "USD bank", "asset", type="BANK", is_bank=True, takes_payments=True, currency="USD"),
    account("099", "Old bank", "asset", is_bank=True, takes_payments=True, active=False),
)
RATES = {
    "GST10": "10",
    "VAT20": "20",
    "NZ15": "15",
    "QC": "14.975",
    "NYC": "8.875",
    "FR55": "5.5",
    "ZERO": "0",
    "EXEMPT": "0",
}
CODES = {
    "gst": ("GST10", "10", "standard"),
    "vat": ("VAT20", "20", "standard"),
    "nz": ("NZ15", "15", "standard"),
    "qc": ("QC", "14.975", "standard"),
    "nyc": ("NYC", "8.875", "standard"),
    "fr": ("FR55", "5.50", "reduced"),
    "zero": ("ZERO", "0", "zero"),
    "export": ("ZERO", "0", "export"),
    "margin": ("EXEMPT", "20", "margin"),
}
TRACKING = TrackingCategory(
    id="cat-1",
    name="Salesperson",
    options=(TrackingOption(id="opt-1", name="Ann"), TrackingOption(id="opt-2", name="Old", active=False)),
)
ORGANISATION = Organisation(id="org-1", name="Harbour Lane", currency="AUD", country="AU", short_code="!abc")
CHOICES = Choices(
    accounts=ACCOUNTS,
    tax_rates=(
        *(TaxRate(code=code, name=code, rate=Decimal(rate)) for code, rate in RATES.items()),
        TaxRate(code="OLD10", name="Old", rate=Decimal(10), active=False),
        TaxRate(code="NONE", name="No tax", rate=Decimal(0)),
        TaxRate(code="INPUT10", name="Purchases", rate=Decimal(10), applies_to=("expense",)),
    ),
    tracking=(TRACKING,),
    currencies=("AUD", "GBP", "NZD", "USD", "CAD", "EUR", "JPY", "KWD", "HUF", "CLP"),
    organisation=ORGANISATION,
)


def mapping(slot: str, to: str, **when: str) -> Mapping:
    """A mapping to an account or tax rate by its code."""
    return Mapping(slot=slot, when=when, to=Target(code=to))


MAPPINGS = (
    mapping("sales", "200"),
    mapping("sales", "205", ownership="consigned"),
    mapping("sales", "220", line_kind="framing"),
    mapping("shipping", "230"),
    mapping("portal", "240"),
    mapping("expense", "310"),
    mapping("deposit", "835"),
    mapping("voucher", "836"),
    mapping("levy", "845"),
    mapping("donation", "847"),
    mapping("bank", "090", method="bank_transfer"),
    mapping("bank", "091", method="stripe"),
    mapping("bank", "836", method="voucher"),
    mapping("no_tax", "NONE"),
    *(mapping("tax", to, tax_code=code) for code, (to, _, _) in CODES.items()),
)
GALLERY = Gallery(id="g-1", name="Harbour Lane", country="AU", currency="AUD", timezone="Australia/Sydney")


def make_book(**changes: Any) -> Book:
    """A book with the chart and mappings above; keyword arguments of the settings may be given as `settings`."""
    settings = changes.pop("settings", {})
    fields: dict[str, Any] = {
        "gallery": GALLERY,
        "kind": "xero",
        "webservice_id": "w-1",
        "settings": XeroSettings(**settings),
        "tag": TAG,
        "mappings": MAPPINGS,
        "choices": CHOICES,
        "organisation_id": "org-1",
        "connected_at": datetime(2026, 3, 1, tzinfo=UTC),
        "today": date(2026, 3, 5),
    }
    return Book(**{**fields, **changes})


def with_choices(book: Book, **changes: Any) -> Book:
    """*book* with other choices."""
    return msgspec.structs.replace(book, choices=msgspec.structs.replace(book.choices, **changes))


T = TypeVar("T")


def exact(data: dict[str, Any], type_: type[T]) -> T:
    """A record from its JSON form, decimals given as strings."""
    return msgspec.convert(data, type_, dec_hook=lambda wanted, value: wanted(value))


def tax_code(key: str) -> TaxCode:
    """One of the codes above."""
    _, rate, kind = CODES[key]
    return exact({"type": "tax_code", "id": key, "name": key.upper(), "rate": rate, "kind": kind}, TaxCode)


TAX_CODES = {key: tax_code(key) for key in CODES}


def make_contact(**changes: Any) -> Contact:
    """A plain person."""
    data = {"type": "contact", "id": "c-7", "name": "Ana Ruiz", "email": "ana@example.com", **changes}
    return exact(data, Contact)


def make_line(**changes: Any) -> dict[str, Any]:
    """A line in JSON: one artwork for 500.00 with GST."""
    return {
        "id": "1",
        "kind": "artwork",
        "description": "Study for a Harbour (2024)",
        "quantity": "1",
        "unit_price": "500.00",
        "tax_code": "gst",
        **changes,
    }


def make_invoice(*lines: dict[str, Any], **changes: Any) -> Invoice:
    """An issued inclusive invoice of 500.00."""
    data = {
        "type": "invoice",
        "id": "i-1234",
        "number": "1234",
        "contact_id": "c-7",
        "currency": "AUD",
        "price_mode": "inclusive",
        "issued_on": "2026-03-04",
        "due_on": "2026-04-03",
        "total": "500.00",
        "lines": [{**line, "id": str(index)} for index, line in enumerate(lines or (make_line(),), start=1)],
        **changes,
    }
    return exact(data, Invoice)


def make_payment(**changes: Any) -> Payment:
    """A bank transfer of 500.00."""
    data = {
        "type": "payment",
        "id": "p-9",
        "invoice_id": "i-1234",
        "paid_on": "2026-03-05",
        "amount": "500.00",
        "method": "bank_transfer",
        **changes,
    }
    return exact(data, Payment)


def make_subject(record: Contact | Invoice | Payment, book: Book | None = None, **changes: Any) -> Subject:
    """The subject of *record*, with its frozen number, the contact above and all tax codes."""
    book = book or make_book()
    named = record.number if isinstance(record, Invoice) else record.id
    fields: dict[str, Any] = {
        "record": record,
        "version": 1,
        "number": Xero.number(type_of(record), named, book),
        "gallery": book.gallery,
    }
    if isinstance(record, Invoice):
        fields |= {"contact": make_contact(), "tax_codes": TAX_CODES}
    if isinstance(record, Payment):
        fields |= {"invoice": make_invoice()}
    return Subject(**{**fields, **changes})


def render(record: Contact | Invoice | Payment, book: Book | None = None, **changes: Any) -> Draft | Held:
    """What the kind makes of *record*."""
    book = book or make_book()
    return Xero.render(make_subject(record, book, **changes), book)


def draft_of(record: Contact | Invoice | Payment, book: Book | None = None, **changes: Any) -> Draft:
    """The draft of *record*; the hold's sentence when there is none."""
    made = render(record, book, **changes)
    assert isinstance(made, Draft), made
    return made


def held_of(record: Contact | Invoice | Payment, book: Book | None = None, **changes: Any) -> Held:
    """The hold of *record*."""
    made = render(record, book, **changes)
    assert isinstance(made, Held), made
    return made
