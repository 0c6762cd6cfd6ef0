"""GET of lists and of the settings endpoints. FACTS 5.4, 6.5, 7, 8."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from plugins.xero.sandbox import fields, render, render_settings
from plugins.xero.sandbox.books import Books
from plugins.xero.sandbox.ledger import Shelf, Stamped
from plugins.xero.sandbox.listing import Query, select
from plugins.xero.sandbox.state import Contact, Document, Payment
from plugins.xero.sandbox.wire import Json

T = TypeVar("T", bound=Stamped)


class Listed(NamedTuple):
    """What a list answers: the envelope's key, the elements, and the pagination object if any."""

    key: str
    elements: list[Any]
    pagination: Json | None = None


def _some(shelf: Shelf[T], keys: Sequence[str], query: Query) -> list[T]:
    """The rows of *keys* in order of their last change, since when the query says."""
    found = [row for key in keys if (row := shelf.get(key)) is not None]
    if query.since is not None:
        since = query.since
        found = [row for row in found if row.updated_at.replace(microsecond=0) >= since]
    return sorted(found, key=lambda row: row.updated_at)


def _rows(shelf: Shelf[T], query: Query) -> list[T]:
    if query.ids is not None:
        return _some(shelf, sorted(query.ids), query)
    return shelf.values() if query.since is None else shelf.since(query.since)


def _is_fold(books: Books) -> bool:
    return books.settings.where_case == "insensitive"


def list_contacts(books: Books, query: Query) -> Listed:
    """FACTS 5.4 [S]: archived ones only with includeArchived; MergedToContactID only when paging (5.2)."""
    ledger = books.ledger

    def keep(contact: Contact) -> bool:
        if contact.status != "ACTIVE" and not query.include_archived:
            return False
        if not query.search:
            return True
        texts = (contact.name, contact.first_name, contact.last_name, contact.number, contact.company_number)
        return any(query.search in text.casefold() for text in (*texts, contact.email) if text)

    found = select(
        _rows(ledger.contacts, query),
        query,
        fields.CONTACT,
        keep=keep,
        narrow={"Name": ledger.contacts_named, "ContactNumber": ledger.contacts_numbered},
        fold=_is_fold(books),
    )
    is_paged = query.page is not None
    shown: list[Any] = [
        msgspec.Raw(render.render_contact_bytes(contact))
        if is_paged or not contact.merged_to
        else render.render_contact(contact, merged=False)
        for contact in found.rows
    ]
    return Listed("Contacts", shown, found.pagination)


def _keep_document(query: Query, app: str) -> Callable[[Document], bool] | None:
    checks: list[Callable[[Document], bool]] = []
    if query.statuses is not None:
        statuses = query.statuses
        checks.append(lambda one: one.status in statuses)
    if query.contact_ids is not None:
        contact_ids = query.contact_ids
        checks.append(lambda one: one.contact_id in contact_ids)
    if query.created_by_my_app:
        checks.append(lambda one: one.created_by == app)
    if query.search:  # FACTS 7.2: InvoiceNumber and Reference
        checks.append(lambda one: query.search in one.number.casefold() or query.search in one.reference.casefold())
    if not checks:
        return None
    return lambda one: all(check(one) for check in checks)


def list_invoices(books: Books, query: Query, app: str) -> Listed:
    """FACTS 7.2 [T]: LineItems only in paged lists; voided and deleted invoices appear (4.4)."""
    ledger = books.ledger
    rows = _rows(ledger.invoices, query)
    if query.invoice_numbers is not None:
        keys = [key for number in query.invoice_numbers for key in ledger.invoice_numbers.ids(number)]
        wanted = set(keys) if query.ids is None else set(keys) & query.ids
        rows = _some(ledger.invoices, sorted(wanted), query)
    found = select(
        rows,
        query,
        fields.invoice_fields(books),
        keep=_keep_document(query, app),
        narrow={
            "InvoiceID": lambda key: _some(ledger.invoices, [key], query),
            "InvoiceNumber": ledger.invoices_numbered,
        },
        fold=_is_fold(books),
    )
    shown = [
        render.render_invoice(books, one, lines=query.page is not None, unitdp=query.unitdp, summary=query.summary_only)
        for one in found.rows
    ]
    hides = query.summary_only and not books.settings.summary_pagination  # FACTS 7.2 [U]
    return Listed("Invoices", shown, None if hides else found.pagination)


def list_credit_notes(books: Books, query: Query, app: str) -> Listed:
    """As invoices."""
    ledger = books.ledger
    found = select(
        _rows(ledger.credit_notes, query),
        query,
        fields.credit_note_fields(books),
        keep=_keep_document(query, app),
        fold=_is_fold(books),
    )
    shown = [
        render.render_credit_note(
            books, one, lines=query.page is not None, unitdp=query.unitdp, summary=query.summary_only
        )
        for one in found.rows
    ]
    return Listed("CreditNotes", shown, found.pagination)


def list_payments(books: Books, query: Query) -> Listed:
    """FACTS 6.5 [T]: deleted payments are listed too."""
    ledger = books.ledger

    def of_invoice(invoice_id: str) -> list[Payment]:
        invoice = ledger.invoices.get(invoice_id)
        return ledger.payments_of(invoice) if invoice else []

    found = select(
        _rows(ledger.payments, query),
        query,
        fields.payment_fields(books),
        narrow={
            "Invoice.InvoiceID": of_invoice,
            "Invoice.InvoiceNumber": lambda number: [
                payment for invoice in ledger.invoices_numbered(number) for payment in ledger.payments_of(invoice)
            ],
            "PaymentID": lambda key: _some(ledger.payments, [key], query),
        },
        fold=_is_fold(books),
    )
    return Listed("Payments", [render.render_payment(books, one) for one in found.rows], found.pagination)


def list_settings(books: Books, name: str, query: Query) -> Listed:
    """Organisation, Accounts, TaxRates, TrackingCategories, Currencies: never paged. FACTS 8."""
    query = msgspec.structs.replace(query, page=None)
    fold = _is_fold(books)
    if name == "organisation":
        return Listed("Organisations", [render_settings.render_organisation(books)])
    if name == "accounts":  # If-Modified-Since counts here only: FACTS 7.1 [S]
        since = query.since
        accounts = [
            one for one in books.accounts.values() if since is None or one.updated_at.replace(microsecond=0) >= since
        ]
        rows = select(accounts, query, fields.ACCOUNT, fold=fold).rows
        return Listed("Accounts", [render_settings.render_account(one) for one in rows])
    if name == "taxrates":
        rates = select(list(books.tax_rates.values()), query, fields.TAX_RATE, fold=fold).rows
        return Listed("TaxRates", [render_settings.render_tax_rate(one) for one in rates])
    if name == "trackingcategories":
        categories = select(books.tracking, query, fields.TRACKING, fold=fold).rows
        return Listed(
            "TrackingCategories",
            [
                render_settings.render_tracking(one, archived=query.include_archived)
                for one in categories
                if query.include_archived or one.status == "ACTIVE"
            ],
        )
    codes = select(books.currencies, query, fields.CURRENCY, fold=fold).rows
    return Listed("Currencies", [render_settings.render_currency(code) for code in codes])


SETTINGS = frozenset({"organisation", "accounts", "taxrates", "trackingcategories", "currencies"})


def list_actions(books: Books) -> Listed:
    """FACTS 8.3 [S], [O]: what the user may do."""
    may_approve = books.settings.approval == "granted"
    actions = {
        "CreateApprovedInvoice": may_approve,
        "UseMulticurrency": len(books.currencies) > 1,
        "ApproveTransactionsBeforePeriodLockDate": books.settings.adviser_passes_period_lock,
    }
    shown = [{"Name": name, "Status": "ALLOWED" if may else "NOT-ALLOWED"} for name, may in actions.items()]
    return Listed("Actions", shown)
