"""The records of a gallery: the JSON that galleries send (FIXED), as frozen values.

Money, quantities and rates are exact decimals that arrive as decimal *strings*; a JSON number in their place is
refused. Currencies are ISO 4217 codes, countries ISO 3166 alpha-2, dates calendar dates in the gallery's zone.
The door (`hub.domain.door`) refuses what breaks these shapes; what these shapes allow is stored and judged later.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import msgspec

if TYPE_CHECKING:
    Exact = Decimal  # callers hand in plain Decimals; the subclass only tells the decoder to refuse JSON numbers
else:

    class Exact(Decimal):
        """A decimal that came as a string: msgspec would take a JSON number for a plain Decimal."""

        __slots__ = ()


RecordType = Literal["gallery", "tax_code", "contact", "invoice", "payment"]
RECORD_TYPES: tuple[RecordType, ...] = get_args(RecordType)
# What an entry may be of: a record, or an allocation, which is no record but made from a credit note's `applies_to`.
EntryType = Literal[RecordType, "allocation"]

Id = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,50}\Z")]
Line_ = Annotated[str, msgspec.Meta(max_length=255)]  # one line of text
Text = Annotated[str, msgspec.Meta(max_length=65_536)]  # "long texts (up to 64 KiB)" are stored and judged
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z")]

TaxKind = Literal["standard", "reduced", "zero", "exempt", "out_of_scope", "margin", "reverse_charge", "export"]
InvoiceKind = Literal["invoice", "credit_note"]
InvoiceStatus = Literal["draft", "issued", "void"]
PriceMode = Literal["inclusive", "exclusive", "no_tax"]
TaxRounding = Literal["line", "invoice"]
LineKind = Literal[
    "artwork",
    "edition",
    "framing",
    "shipping",
    "handling",
    "insurance",
    "installation",
    "service",
    "rental",
    "publication",
    "portal_fee",
    "levy",
    "deposit",
    "voucher",
    "trade_in",
    "donation",
    "rounding",
    "other",
    "text",
]
Ownership = Literal["owned", "consigned", "agent"]
Channel = Literal["gallery", "private_room", "website", "portal", "shopify", "fair", "other"]
PaymentKind = Literal["payment", "refund"]
PaymentStatus = Literal["recorded", "pending", "failed", "deleted"]
PaymentMethod = Literal[
    "bank_transfer", "stripe", "card_terminal", "paypal", "cash", "cheque", "voucher", "credit", "other"
]


class Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a record."""


class Gallery(Value, frozen=True, tag_field="type", tag="gallery"):
    """One business with its own records. `cash_rounding`: the step cash totals are rounded to, such as ``0.05``."""

    id: Id
    name: Text
    country: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}\Z")]
    currency: Currency
    timezone: Line_
    email: Text | None = None
    tax_rounding: TaxRounding = "line"
    cash_rounding: Exact | None = None
    default_due_days: Annotated[int, msgspec.Meta(ge=0, le=3650)] = 30
    source_updated_at: datetime | None = None


class TaxComponent(Value, frozen=True):
    """A part of a tax code, such as GST beside PST; rates in percent."""

    name: Text
    rate: Exact
    compound: bool = False


class TaxCode(Value, frozen=True, tag_field="type", tag="tax_code"):
    """A tax code of the gallery; `rate` in percent (``"10"`` is 10 %)."""

    id: Id
    name: Text
    rate: Exact
    kind: TaxKind = "standard"
    components: tuple[TaxComponent, ...] = ()
    source_updated_at: datetime | None = None


class Address(Value, frozen=True):
    """A postal address; `country` is alpha-2 where known, `country_text` what a person typed."""

    lines: tuple[Text, ...] = ()
    city: Text | None = None
    region: Text | None = None
    postcode: Text | None = None
    country: Line_ | None = None
    country_text: Text | None = None


class Contact(Value, frozen=True, tag_field="type", tag="contact"):
    """A person or organisation that invoices are written to."""

    id: Id
    name: Text
    first_name: Text | None = None
    last_name: Text | None = None
    organisation: bool = False
    email: Text | None = None
    phone: Text | None = None
    tax_number: Text | None = None
    tax_exempt: bool = False
    archived: bool = False
    address: Address | None = None
    source_updated_at: datetime | None = None


class Discount(Value, frozen=True, omit_defaults=True):
    """A discount on a whole line or invoice, in the terms of the price mode: exactly one of the two is given."""

    percent: Exact | None = None
    amount: Exact | None = None


class Line(Value, frozen=True):
    """One line of an invoice. `unit_price` is in the terms of the invoice's price mode."""

    id: Id
    kind: LineKind
    description: Text
    quantity: Exact
    unit_price: Exact
    tax_code: Id | None = None
    discount: Discount | None = None
    artist: Text | None = None
    category: Text | None = None
    ownership: Ownership | None = None


class Invoice(Value, frozen=True, tag_field="type", tag="invoice"):
    """An invoice or credit note. `total` is the gallery's stated total, authoritative; >= 0 for a credit note.

    `exchange_rate`: units of `currency` for one unit of the books' base currency.
    """

    id: Id
    number: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    contact_id: Id
    currency: Line_
    price_mode: PriceMode
    lines: tuple[Line, ...]
    total: Exact
    kind: InvoiceKind = "invoice"
    applies_to: Id | None = None
    status: InvoiceStatus = "issued"
    issued_on: date | None = None
    due_on: date | None = None
    exchange_rate: Exact | None = None
    tax_rounding: TaxRounding | None = None
    discount: Discount | None = None
    reference: Text = ""
    notes: Text = ""
    url: Text | None = None
    channel: Channel = "gallery"
    event: Text | None = None
    tags: tuple[Text, ...] = ()
    salesperson: Text | None = None
    excluded: bool = False
    source_updated_at: datetime | None = None


class Settled(Value, frozen=True):
    """What arrived in the account of a payment, where that is in another currency."""

    amount: Exact
    currency: Currency
    rate: Exact | None = None


class Fee(Value, frozen=True):
    """What the payment processor kept."""

    amount: Exact
    currency: Currency


class Origin(Value, frozen=True):
    """Where a record that came from a webservice stands there; such records are read-only."""

    kind: str
    remote_id: str
    webservice_id: str | None = None


class Payment(Value, frozen=True, tag_field="type", tag="payment"):
    """Money for an invoice; for `kind: refund`, `invoice_id` names the credit note that is paid out."""

    id: Id
    invoice_id: Id
    paid_on: date
    amount: Exact
    method: PaymentMethod
    kind: PaymentKind = "payment"
    currency: Line_ | None = None
    processor_account: Text | None = None
    settled: Settled | None = None
    fee: Fee | None = None
    reference: Text = ""
    status: PaymentStatus = "recorded"
    source_updated_at: datetime | None = None


Record = Gallery | TaxCode | Contact | Invoice | Payment

TYPES: dict[RecordType, type[Record]] = {
    "gallery": Gallery,
    "tax_code": TaxCode,
    "contact": Contact,
    "invoice": Invoice,
    "payment": Payment,
}


def type_of(record: Record) -> RecordType:
    """The record's type, as its JSON calls it."""
    tag = record.__struct_config__.tag
    assert isinstance(tag, str)  # noqa: S101 - set on every record class above
    return tag  # type: ignore[return-value] # the tags above are the literals


class Reference(msgspec.Struct, frozen=True, order=True):
    """Names a record within its gallery; an allocation bears the id of its credit note."""

    type: EntryType
    id: str


def reference(record: Record) -> Reference:
    """The name of *record* within its gallery."""
    return Reference(type_of(record), record.id)
