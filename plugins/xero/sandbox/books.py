"""One organisation as the rules see it: its profile, chart and ledger, and how a document settles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from plugins.xero.sandbox import demo_chart
from plugins.xero.sandbox.ledger import Ledger
from plugins.xero.sandbox.settings import SandboxSettings
from plugins.xero.sandbox.state import Account, Contact, Document, Payment, TaxRate, TrackingCategory
from plugins.xero.sandbox.wire import NOUGHT, truncate_ms

CURRENCY_NAMES = {
    "AUD": "Australian Dollar",
    "CAD": "Canadian Dollar",
    "EUR": "Euro",
    "GBP": "British Pound",
    "JPY": "Japanese Yen",
    "NZD": "New Zealand Dollar",
    "USD": "United States Dollar",
}
# Units of the currency per Australian dollar: a made-up day rate for documents that give none (FACTS 4.1).
_DAY_RATES = {
    "AUD": Decimal(1),
    "CAD": Decimal("0.91"),
    "EUR": Decimal("0.57"),
    "GBP": Decimal("0.49"),
    "JPY": Decimal("99.5"),
    "NZD": Decimal("1.12"),
    "USD": Decimal("0.66"),
}


class Books:
    """An organisation's profile, chart and ledger.

    *clock* gives aware datetimes; every change takes its stamp from there, in whole milliseconds.
    """

    def __init__(
        self,
        *,
        organisation_id: str,
        name: str,
        country: str,
        currency: str,
        settings: SandboxSettings,
        clock: Callable[[], datetime],
        chart: Sequence[Account] | None = None,
        currencies: Sequence[str] = (),
        tracking: Sequence[tuple[str, tuple[str, ...]]] = (),
    ) -> None:
        self.id = organisation_id
        self.name = name
        self.country = country
        self.currency = currency
        self.settings = settings
        self.clock = clock
        self.short_code = "!" + demo_chart.stable_id(organisation_id, "short")[:5]
        self.currencies = [currency, *(code for code in currencies if code != currency)]
        accounts = demo_chart.demo_accounts(country, currency, organisation_id) if chart is None else list(chart)
        for account in accounts:
            account.updated_at = self.now()
        self.accounts: dict[str, Account] = {account.id: account for account in accounts}
        self.tax_rates: dict[str, TaxRate] = {rate.tax_type: rate for rate in demo_chart.demo_tax_rates(country)}
        self.tracking: list[TrackingCategory] = demo_chart.demo_tracking(organisation_id, tracking)
        self.period_lock: date | None = None
        self.year_lock: date | None = None
        self.is_offline = False
        self.ledger = Ledger()
        self.zone = ZoneInfo(demo_chart.TIME_ZONES[country][1])
        self._next_number = 1

    def now(self) -> datetime:
        """The clock's time in UTC, whole milliseconds."""
        return truncate_ms(self.clock())

    def today(self) -> date:
        """The date in the organisation's time zone. FACTS 4.1."""
        return self.clock().astimezone(self.zone).date()

    def account_coded(self, code: str) -> Account | None:
        """The account with *code*; an active one before an archived one."""
        found = [account for account in self.accounts.values() if account.code == code]
        return next((account for account in found if account.status == "ACTIVE"), found[0] if found else None)

    def rates(self) -> Mapping[str, Decimal]:
        """EffectiveRate in percent by TaxType."""
        return {rate.tax_type: rate.rate for rate in self.tax_rates.values()}

    def day_rate(self, currency: str) -> Decimal:
        """Document-currency units per unit of the base currency, six decimals."""
        rate = _DAY_RATES.get(currency, Decimal(1)) / _DAY_RATES.get(self.currency, Decimal(1))
        return rate.quantize(Decimal("0.000001"))

    def next_number(self, prefix: str) -> str:
        """A number of the organisation's own sequence."""
        self._next_number += 1
        return f"{prefix}-{self._next_number:04d}"

    def put_contact(self, contact: Contact, *, old_name: str | None = None, old_number: str | None = None) -> None:
        """Store *contact* as changed now; give the old name and number when they may have changed."""
        contact.rendered = None
        self.ledger.contact_names.move(old_name, contact.name, contact.id)
        self.ledger.contact_numbers.move(old_number, contact.number, contact.id)
        self.ledger.contacts.touch(contact, self.now())

    def put_document(self, document: Document, *, old_number: str | None = None) -> None:
        """Store *document* as changed now."""
        self.ledger.number_index(document).move(old_number, document.number, document.id)
        self.ledger.shelf_of(document).touch(document, self.now())

    def put_payment(self, payment: Payment) -> None:
        """Store *payment* as changed now, and settle and bump what it pays. FACTS 6.5 [S]."""
        self.ledger.payments.touch(payment, self.now())
        document = self.paid_document(payment)
        if payment.id not in document.payment_ids:
            document.payment_ids.append(payment.id)
        self.settle(document)
        self.ledger.shelf_of(document).touch(document, self.now())

    def paid_document(self, payment: Payment) -> Document:
        """What *payment* pays: an invoice, or a credit note (a refund)."""
        if payment.invoice_id is not None:
            return self.ledger.invoices[payment.invoice_id]
        return self.ledger.credit_notes[payment.credit_note_id or ""]

    def settle(self, document: Document) -> None:
        """Work out paid, credited and PAID <-> AUTHORISED from payments and allocations. FACTS 4.3 [O]."""
        live = [payment for payment in self.ledger.payments_of(document) if payment.status == "AUTHORISED"]
        document.paid = sum((payment.amount for payment in live), NOUGHT)
        document.credited = sum((allocation.amount for allocation in document.allocations), NOUGHT)
        if document.status not in {"AUTHORISED", "PAID"}:
            return
        if document.left == 0 and (live or document.allocations or self.settings.zero_total_paid):
            document.status = "PAID"
            days = [payment.on for payment in live] + [allocation.on for allocation in document.allocations]
            document.fully_paid_on = max(days, default=document.on)
        else:
            document.status = "AUTHORISED"
            document.fully_paid_on = None
