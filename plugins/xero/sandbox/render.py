"""An organisation's records as Xero writes them. Pure."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import msgspec

from plugins.xero.sandbox import wire
from plugins.xero.sandbox.books import Books
from plugins.xero.sandbox.state import Allocation, Contact, Document, Line, Payment
from plugins.xero.sandbox.wire import NOUGHT, Json, iso_day, iso_stamp, ms_date, ms_stamp

_STEPS = {2: Decimal("0.01"), 4: Decimal("0.0001")}


def render_line(books: Books, line: Line, unitdp: int) -> Json:
    """One line; UnitAmount with *unitdp* decimals. FACTS 3.4 [S]."""
    shown: Json = {"Description": line.description} if line.description is not None else {}
    if line.unit_amount is not None:
        shown["UnitAmount"] = line.unit_amount.quantize(_STEPS[unitdp], rounding=ROUND_HALF_UP)
    shown["TaxType"] = line.tax_type or "NONE"
    shown["TaxAmount"] = line.tax
    shown["LineAmount"] = line.amount
    if line.account_code:
        shown["AccountCode"] = line.account_code
    if line.account_id:
        shown["AccountID"] = line.account_id
    shown["Tracking"] = [_tracking(books, *pair) for pair in line.tracking]
    if line.quantity is not None:
        shown["Quantity"] = line.quantity
    if line.discount_rate is not None:
        shown["DiscountRate"] = line.discount_rate
    if line.discount_amount is not None:
        shown["DiscountAmount"] = line.discount_amount
    shown["LineItemID"] = line.id
    shown["ValidationErrors"] = []
    return shown


def _tracking(books: Books, category_id: str, option_id: str) -> Json:
    for category in books.tracking:
        if category.id == category_id:
            option = next((one.name for one in category.options if one.id == option_id), "")
            return {
                "Name": category.name,
                "Option": option,
                "TrackingCategoryID": category_id,
                "TrackingOptionID": option_id,
            }
    return {"TrackingCategoryID": category_id, "TrackingOptionID": option_id}


def _short_contact(contact: Contact) -> Json:
    return {
        "ContactID": contact.id,
        "Name": contact.name,
        "Addresses": [],
        "Phones": [],
        "ContactGroups": [],
        "ContactPersons": [],
        "HasValidationErrors": False,
    }


def due(books: Books, document: Document) -> Decimal:
    """AmountDue: a voided document keeps it or not. FACTS 4.3 [T]."""
    if document.status in {"VOIDED", "DELETED"} and not books.settings.void_keeps_amount_due:
        return NOUGHT
    return document.left


def _document_body(
    books: Books, document: Document, *, lines: bool, unitdp: int, whole_contact: bool, summary: bool
) -> Json:
    contact = books.ledger.contacts[document.contact_id]
    body: Json = {
        "Type": document.type,
        "Reference": document.reference,
        "CurrencyCode": document.currency,
        "CurrencyRate": document.currency_rate,
        "Contact": msgspec.Raw(render_contact_bytes(contact)) if whole_contact else _short_contact(contact),
        "DateString": iso_day(document.on),
        "Date": ms_date(document.on),
        "Status": document.status,
        "LineAmountTypes": document.line_amount_types,
        "SubTotal": document.sub_total,
        "TotalTax": document.total_tax,
        "Total": document.total,
        "UpdatedDateUTC": ms_stamp(document.updated_at),
        "UpdatedDateUTCString": iso_stamp(document.updated_at),
        "SentToContact": document.sent_to_contact,
    }
    if document.due_on is not None:
        body["DueDateString"] = iso_day(document.due_on)
        body["DueDate"] = ms_date(document.due_on)
    if document.fully_paid_on is not None:
        body["FullyPaidOnDate"] = ms_date(document.fully_paid_on)  # no string twin: FACTS 7.3 [T]
    if document.branding_theme_id:
        body["BrandingThemeID"] = document.branding_theme_id
    if not summary:  # FACTS 7.2 [O]: summaryOnly drops Payments, HasAttachments and LineItems
        body["HasAttachments"] = False
        body["Payments"] = _payments_of(books, document)
        body["LineItems"] = [render_line(books, line, unitdp) for line in document.lines] if lines else []
    else:
        body["LineItems"] = []
    return body


def _payments_of(books: Books, document: Document) -> list[Json]:
    """FACTS 6.5 [T]: a short form without Status and PaymentType; whether deleted ones stay is a switch [U]."""
    listed = []
    for payment in books.ledger.payments_of(document):
        if payment.status == "DELETED" and not books.settings.deleted_payments_listed:
            continue
        short: Json = {
            "PaymentID": payment.id,
            "Date": ms_date(payment.on),
            "Amount": payment.amount,
            "CurrencyRate": Decimal(0) if books.settings.payment_rate_zero else payment.currency_rate,
            "HasAccount": False,
            "HasValidationErrors": False,
        }
        if payment.batch_id:
            short["BatchPaymentID"] = payment.batch_id
        if payment.reference:  # FACTS 6.5 [T]: keys without a value are left out
            short["Reference"] = payment.reference
        listed.append(short)
    return listed


def render_invoice(
    books: Books,
    document: Document,
    *,
    lines: bool = True,
    unitdp: int = 2,
    whole_contact: bool = False,
    summary: bool = False,
) -> Json:
    """An invoice or bill."""
    body = _document_body(books, document, lines=lines, unitdp=unitdp, whole_contact=whole_contact, summary=summary)
    body["InvoiceID"] = document.id
    body["InvoiceNumber"] = document.number
    body["AmountDue"] = due(books, document)
    body["AmountPaid"] = document.paid
    body["AmountCredited"] = document.credited
    body["IsDiscounted"] = document.total_discount != 0
    if document.total_discount:
        body["TotalDiscount"] = document.total_discount
    if document.url:
        body["Url"] = document.url
    if document.expected_payment_on:
        body["ExpectedPaymentDate"] = ms_date(document.expected_payment_on)
    for key, source in (
        ("CreditNotes", "credit_note"),
        ("Prepayments", "prepayment"),
        ("Overpayments", "overpayment"),
    ):
        body[key] = [_credit(one) for one in document.allocations if one.source == source]
    body["HasErrors"] = False
    return body


def _credit(allocation: Allocation) -> Json:
    """FACTS 4.12 [S]: how a credit shows on the invoice that it settles."""
    id_key = {"credit_note": "CreditNoteID", "prepayment": "PrepaymentID", "overpayment": "OverpaymentID"}
    shown: Json = {
        id_key[allocation.source]: allocation.source_id,
        "Date": ms_date(allocation.on),
        "DateString": iso_day(allocation.on),
        "Total": allocation.amount,
        "AppliedAmount": allocation.amount,
    }
    if allocation.source == "credit_note":
        shown["CreditNoteNumber"] = allocation.source_number
    return shown


def render_allocation(books: Books, allocation: Allocation) -> Json:
    """One allocation of a credit note."""
    invoice = books.ledger.invoices[allocation.invoice_id]
    return {
        "AllocationID": allocation.id,
        "Amount": allocation.amount,
        "Date": ms_date(allocation.on),
        "Invoice": {"InvoiceID": invoice.id, "InvoiceNumber": invoice.number},
        "IsDeleted": False,
    }


def render_credit_note(
    books: Books,
    document: Document,
    *,
    lines: bool = True,
    unitdp: int = 2,
    whole_contact: bool = False,
    summary: bool = False,
) -> Json:
    """A credit note; RemainingCredit = Total - allocations - refunds. FACTS 4.12 [T]."""
    body = _document_body(books, document, lines=lines, unitdp=unitdp, whole_contact=whole_contact, summary=summary)
    body["CreditNoteID"] = document.id
    body["CreditNoteNumber"] = document.number
    body["RemainingCredit"] = due(books, document)
    body["AppliedAmount"] = document.credited
    body["Allocations"] = [render_allocation(books, one) for one in document.allocations]
    body["HasErrors"] = False
    return body


def render_payment(books: Books, payment: Payment) -> Json:
    """A payment, in full. FACTS 6.1, 6.5."""
    account = books.accounts[payment.account_id]
    document = books.paid_document(payment)
    contact = books.ledger.contacts[document.contact_id]
    body: Json = {
        "PaymentID": payment.id,
        "Date": ms_date(payment.on),
        "BankAmount": payment.bank_amount,
        "Amount": payment.amount,
        "CurrencyRate": Decimal(0) if books.settings.payment_rate_zero else payment.currency_rate,
        "PaymentType": payment.type,
        "Status": payment.status,
        "UpdatedDateUTC": ms_stamp(payment.updated_at),
        "UpdatedDateUTCString": iso_stamp(payment.updated_at),
        "HasAccount": True,
        "IsReconciled": payment.is_reconciled,
        "Account": {"AccountID": account.id, **({"Code": account.code} if account.code else {})},
        "HasValidationErrors": False,
    }
    if payment.reference:
        body["Reference"] = payment.reference
    paid: Json = {
        "Type": document.type,
        "Contact": {"ContactID": contact.id, "Name": contact.name},
        "CurrencyCode": document.currency,
        "LineItems": [],
        "HasErrors": False,
    }
    if document.is_credit:
        body["CreditNote"] = {"CreditNoteID": document.id, "CreditNoteNumber": document.number, **paid}
    else:
        body["Invoice"] = {"InvoiceID": document.id, "InvoiceNumber": document.number, "IsDiscounted": False, **paid}
    if payment.batch_id:
        batch = books.ledger.batches[payment.batch_id]
        body["BatchPaymentID"] = batch.id
        body["BatchPayment"] = {
            "BatchPaymentID": batch.id,
            "Date": ms_date(batch.on),
            "Type": "RECBATCH",
            "Status": batch.status,
            "TotalAmount": batch.total,
            "UpdatedDateUTC": ms_stamp(batch.updated_at),
            "IsReconciled": False,
            "Account": {"AccountID": batch.account_id},
        }
    return body


_PHONE_TYPES = ("DDI", "DEFAULT", "FAX", "MOBILE")
_ADDRESS_TYPES = ("STREET", "POBOX")
_EMPTY_PHONE = {"PhoneNumber": "", "PhoneAreaCode": "", "PhoneCountryCode": ""}
_EMPTY_ADDRESS = {"City": "", "Region": "", "PostalCode": "", "Country": ""}


def render_contact(contact: Contact, *, merged: bool = True) -> Json:
    """A contact with its 4 phone and 2 address slots. FACTS 5.3 [T]; *merged* per FACTS 5.2 [S]."""
    body: Json = {
        "ContactID": contact.id,
        "ContactStatus": contact.status,
        "Name": contact.name,
        "FirstName": contact.first_name or "",
        "LastName": contact.last_name or "",
        "EmailAddress": contact.email or "",
        "BankAccountDetails": "",
        "ContactPersons": contact.persons,
        "Addresses": [
            {"AddressType": kind, **_EMPTY_ADDRESS, **contact.addresses.get(kind, {})} for kind in _ADDRESS_TYPES
        ],
        "Phones": [{"PhoneType": kind, **_EMPTY_PHONE, **contact.phones.get(kind, {})} for kind in _PHONE_TYPES],
        "UpdatedDateUTC": ms_stamp(contact.updated_at),
        "ContactGroups": [],
        "IsSupplier": contact.is_supplier,
        "IsCustomer": contact.is_customer,
        "HasAttachments": False,
        "HasValidationErrors": False,
    }
    for key, value in (
        ("ContactNumber", contact.number),
        ("AccountNumber", contact.account_number),
        ("TaxNumber", contact.tax_number),
        ("CompanyNumber", contact.company_number),
        ("Website", contact.website),
        ("DefaultCurrency", contact.default_currency),
        ("MergedToContactID", contact.merged_to if merged else None),
    ):
        if value:
            body[key] = value
    return body


def render_contact_bytes(contact: Contact) -> bytes:
    """The full contact as JSON, kept until it changes: write answers of 50 invoices repeat it."""
    if contact.rendered is None:
        contact.rendered = wire.encode(render_contact(contact))
    return contact.rendered
