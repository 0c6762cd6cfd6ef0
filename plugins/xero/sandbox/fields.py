"""Which fields `where` and `order` may name, per endpoint, and how a record gives them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from plugins.xero.sandbox.books import Books
from plugins.xero.sandbox.render import due
from plugins.xero.sandbox.state import Account, Contact, Document, Payment, TaxRate, TrackingCategory
from plugins.xero.sandbox.where import Field


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), tzinfo=UTC)


CONTACT: Mapping[str, Field[Contact]] = {
    "ContactID": Field("guid", lambda one: one.id),
    "ContactNumber": Field("text", lambda one: one.number),
    "AccountNumber": Field("text", lambda one: one.account_number),
    "ContactStatus": Field("text", lambda one: one.status),
    "Name": Field("text", lambda one: one.name),
    "FirstName": Field("text", lambda one: one.first_name),
    "LastName": Field("text", lambda one: one.last_name),
    "EmailAddress": Field("text", lambda one: one.email),
    "IsCustomer": Field("bool", lambda one: one.is_customer),
    "IsSupplier": Field("bool", lambda one: one.is_supplier),
    "UpdatedDateUTC": Field("date", lambda one: one.updated_at),
}
ACCOUNT: Mapping[str, Field[Account]] = {
    "AccountID": Field("guid", lambda one: one.id),
    "Code": Field("text", lambda one: one.code or None),
    "Name": Field("text", lambda one: one.name),
    "Type": Field("text", lambda one: one.type),
    "Class": Field("text", lambda one: one.class_),
    "Status": Field("text", lambda one: one.status),
    "SystemAccount": Field("text", lambda one: one.system),
    "TaxType": Field("text", lambda one: one.tax_type),
    "EnablePaymentsToAccount": Field("bool", lambda one: one.takes_payments),
    "UpdatedDateUTC": Field("date", lambda one: one.updated_at),
}
TAX_RATE: Mapping[str, Field[TaxRate]] = {
    "TaxType": Field("text", lambda one: one.tax_type),
    "Name": Field("text", lambda one: one.name),
    "Status": Field("text", lambda one: one.status),
    "EffectiveRate": Field("number", lambda one: one.rate),
    "CanApplyToRevenue": Field("bool", lambda one: "REVENUE" in one.applies),
}
TRACKING: Mapping[str, Field[TrackingCategory]] = {
    "TrackingCategoryID": Field("guid", lambda one: one.id),
    "Name": Field("text", lambda one: one.name),
    "Status": Field("text", lambda one: one.status),
}
CURRENCY: Mapping[str, Field[str]] = {"Code": Field("text", lambda one: one)}


def _document_fields(books: Books) -> dict[str, Field[Document]]:
    contacts = books.ledger.contacts
    return {
        "Type": Field("text", lambda one: one.type),
        "Status": Field("text", lambda one: one.status),
        "Reference": Field("text", lambda one: one.reference),
        "Date": Field("date", lambda one: _midnight(one.on)),
        "DueDate": Field("date", lambda one: _midnight(one.due_on)),
        "CurrencyCode": Field("text", lambda one: one.currency),
        "SubTotal": Field("number", lambda one: one.sub_total),
        "TotalTax": Field("number", lambda one: one.total_tax),
        "Total": Field("number", lambda one: one.total),
        "UpdatedDateUTC": Field("date", lambda one: one.updated_at),
        "FullyPaidOnDate": Field("date", lambda one: _midnight(one.fully_paid_on)),
        "Contact.ContactID": Field("guid", lambda one: one.contact_id),
        "Contact.Name": Field("text", lambda one: contacts[one.contact_id].name),
        "Contact.ContactNumber": Field("text", lambda one: contacts[one.contact_id].number),
    }


def invoice_fields(books: Books) -> Mapping[str, Field[Document]]:
    """Fields of an invoice."""
    return {
        **_document_fields(books),
        "InvoiceID": Field("guid", lambda one: one.id),
        "InvoiceNumber": Field("text", lambda one: one.number),
        "AmountDue": Field("number", lambda one: due(books, one)),
        "AmountPaid": Field("number", lambda one: one.paid),
        "AmountCredited": Field("number", lambda one: one.credited),
    }


def credit_note_fields(books: Books) -> Mapping[str, Field[Document]]:
    """Fields of a credit note."""
    return {
        **_document_fields(books),
        "CreditNoteID": Field("guid", lambda one: one.id),
        "CreditNoteNumber": Field("text", lambda one: one.number),
        "RemainingCredit": Field("number", lambda one: due(books, one)),
    }


def payment_fields(books: Books) -> Mapping[str, Field[Payment]]:
    """Fields of a payment and, dotted, of what it pays."""

    def of(payment: Payment, field: str) -> Any:
        return getattr(books.paid_document(payment), field)

    return {
        "PaymentID": Field("guid", lambda one: one.id),
        "BatchPaymentID": Field("guid", lambda one: one.batch_id),
        "PaymentType": Field("text", lambda one: one.type),
        "Status": Field("text", lambda one: one.status),
        "Date": Field("date", lambda one: _midnight(one.on)),
        "Amount": Field("number", lambda one: one.amount),
        "Reference": Field("text", lambda one: one.reference or None),
        "IsReconciled": Field("bool", lambda one: one.is_reconciled),
        "UpdatedDateUTC": Field("date", lambda one: one.updated_at),
        "Account.AccountID": Field("guid", lambda one: one.account_id),
        "Invoice.InvoiceID": Field("guid", lambda one: one.invoice_id),
        "Invoice.InvoiceNumber": Field("text", lambda one: of(one, "number") if one.invoice_id else None),
        "Invoice.Contact.ContactID": Field("guid", lambda one: of(one, "contact_id") if one.invoice_id else None),
        "CreditNote.CreditNoteID": Field("guid", lambda one: one.credit_note_id),
    }
