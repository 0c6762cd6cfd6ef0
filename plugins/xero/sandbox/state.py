"""What an organisation holds, as plain mutable records. Money is Decimal with two decimals, percentages are 0-100.

Records that come by the ten thousand are kept from the garbage collector (`gc=False`): they never form a cycle.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec

from plugins.xero.sandbox.wire import NOUGHT, Json

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Account(msgspec.Struct, kw_only=True, eq=False):
    """FACTS 8.1. *class_* is ASSET, EQUITY, EXPENSE, LIABILITY or REVENUE."""

    id: str
    code: str
    name: str
    type: str
    class_: str
    tax_type: str
    status: str = "ACTIVE"
    system: str | None = None
    takes_payments: bool = False
    bank_account_type: str = ""
    currency: str | None = None
    updated_at: datetime = NEVER


class TaxRate(msgspec.Struct, kw_only=True, eq=False):
    """FACTS 8.2. *applies* holds the account classes the rate may be used with."""

    tax_type: str
    name: str
    rate: Decimal
    applies: frozenset[str]
    report_type: str = ""
    status: str = "ACTIVE"


class TrackingOption(msgspec.Struct, kw_only=True, eq=False):
    """One option of a tracking category."""

    id: str
    name: str
    status: str = "ACTIVE"


class TrackingCategory(msgspec.Struct, kw_only=True, eq=False):
    """FACTS 8.4."""

    id: str
    name: str
    options: list[TrackingOption]
    status: str = "ACTIVE"


class Contact(msgspec.Struct, kw_only=True, eq=False):
    """FACTS 5. *addresses* and *phones* are by their type, in wire form."""

    id: str
    name: str
    number: str | None = None
    account_number: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    tax_number: str | None = None
    company_number: str | None = None
    website: str | None = None
    default_currency: str | None = None
    status: str = "ACTIVE"
    merged_to: str | None = None
    persons: list[Json] = []
    addresses: dict[str, Json] = {}
    phones: dict[str, Json] = {}
    is_customer: bool = False
    is_supplier: bool = False
    updated_at: datetime = NEVER
    rendered: bytes | None = None  # the full JSON, until something changes


class Line(msgspec.Struct, kw_only=True, eq=False, gc=False):
    """One line, worked out. *tracking* holds (category id, option id)."""

    id: str
    description: str | None = None
    quantity: Decimal | None = None
    unit_amount: Decimal | None = None
    amount: Decimal = NOUGHT
    tax: Decimal = NOUGHT
    tax_type: str | None = None
    account_id: str | None = None
    account_code: str | None = None
    discount_rate: Decimal | None = None
    discount_amount: Decimal | None = None
    tracking: tuple[tuple[str, str], ...] = ()


class Allocation(msgspec.Struct, kw_only=True, eq=False):
    """A credit put on an invoice. *source* is credit_note, overpayment or prepayment."""

    id: str
    source: str
    source_id: str
    source_number: str
    invoice_id: str
    amount: Decimal
    on: date


class Document(msgspec.Struct, kw_only=True, eq=False, gc=False):
    """An invoice, bill or credit note. *paid* and *credited* of a credit note are its refunds and allocations."""

    id: str
    type: str  # ACCREC, ACCPAY or ACCRECCREDIT
    number: str
    contact_id: str
    status: str
    on: date
    due_on: date | None = None
    line_amount_types: str = "Exclusive"
    currency: str
    currency_rate: Decimal = Decimal(1)
    lines: list[Line] = []
    sub_total: Decimal = NOUGHT
    total_tax: Decimal = NOUGHT
    total: Decimal = NOUGHT
    total_discount: Decimal = NOUGHT
    paid: Decimal = NOUGHT
    credited: Decimal = NOUGHT
    fully_paid_on: date | None = None
    reference: str = ""
    url: str | None = None
    branding_theme_id: str | None = None
    expected_payment_on: date | None = None
    sent_to_contact: bool = False
    created_by: str | None = None  # client id of the app, None = a person
    payment_ids: list[str] = []
    allocations: list[Allocation] = []
    updated_at: datetime = NEVER

    @property
    def is_credit(self) -> bool:
        """Whether this is a credit note."""
        return self.type == "ACCRECCREDIT"

    @property
    def left(self) -> Decimal:
        """What is still to be paid of an invoice, or to be used of a credit note."""
        return self.total - self.paid - self.credited

    @property
    def is_settled_in_part(self) -> bool:
        """Whether any live payment or allocation is applied to it."""
        return bool(self.allocations) or self.paid != 0


class Payment(msgspec.Struct, kw_only=True, eq=False, gc=False):
    """FACTS 6.1. Exactly one of *invoice_id* and *credit_note_id* is set."""

    id: str
    type: str
    account_id: str
    on: date
    amount: Decimal
    bank_amount: Decimal
    currency_rate: Decimal
    invoice_id: str | None = None
    credit_note_id: str | None = None
    batch_id: str | None = None
    reference: str = ""
    is_reconciled: bool = False
    status: str = "AUTHORISED"
    created_by: str | None = None
    updated_at: datetime = NEVER


class Batch(msgspec.Struct, kw_only=True, eq=False):
    """FACTS 6.5: a batch payment, seen through its parts."""

    id: str
    account_id: str
    on: date
    total: Decimal
    reference: str = ""
    status: str = "AUTHORISED"
    updated_at: datetime = NEVER
