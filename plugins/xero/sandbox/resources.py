"""The four kinds of element that can be written, and how each is bound, judged, found and shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from plugins.xero.sandbox import binding, contacts, documents, payments, render, wire
from plugins.xero.sandbox.books import Books
from plugins.xero.sandbox.context import Context, Plan
from plugins.xero.sandbox.wire import Json


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint of elements; *judge* takes (context, bound element, id named by the URL or None)."""

    key: str
    id_key: str
    error_key: str
    spec: Mapping[str, Any]
    judge: Callable[[Context, Json, str | None], Plan]
    find: Callable[[Books, str], str | None]
    show: Callable[[Books, str, int], Any]
    takes_bare_post: bool = False


def _judge_contact(context: Context, sent: Json, target: str | None) -> Plan:
    return contacts.judge_contact(context, sent if target is None else {**sent, "ContactID": target})


def _judge_invoice(context: Context, sent: Json, target: str | None) -> Plan:
    document = None if target is None else context.books.ledger.invoices[target]
    return documents.judge_document(context, documents.INVOICES, sent, target=document)


def _judge_credit_note(context: Context, sent: Json, target: str | None) -> Plan:
    document = None if target is None else context.books.ledger.credit_notes[target]
    return documents.judge_document(context, documents.CREDIT_NOTES, sent, target=document)


def _judge_payment(context: Context, sent: Json, target: str | None) -> Plan:
    if target is None:
        return payments.judge_payment(context, sent)
    return payments.judge_deletion(context, context.books.ledger.payments[target], sent)


def _find_contact(books: Books, key: str) -> str | None:
    """By id, or by number: with several, silently the first (FACTS 5.1 [T])."""
    if (guid := wire.as_guid(key)) is not None:
        return guid if guid in books.ledger.contacts else None
    found = books.ledger.contact_numbers.ids(key)
    return found[0] if found else None


def _find_invoice(books: Books, key: str) -> str | None:
    if (guid := wire.as_guid(key)) is not None:
        return guid if guid in books.ledger.invoices else None
    found = books.ledger.invoice_numbers.ids(key)
    return found[-1] if found else None


def _find_credit_note(books: Books, key: str) -> str | None:
    if (guid := wire.as_guid(key)) is not None:
        return guid if guid in books.ledger.credit_notes else None
    found = books.ledger.credit_numbers.ids(key)
    return found[-1] if found else None


def _find_payment(books: Books, key: str) -> str | None:
    guid = wire.as_guid(key)
    return guid if guid is not None and guid in books.ledger.payments else None


def _show_contact(books: Books, key: str, unitdp: int) -> Any:
    _ = unitdp
    return msgspec.Raw(render.render_contact_bytes(books.ledger.contacts[key]))


def _show_invoice(books: Books, key: str, unitdp: int) -> Any:
    return render.render_invoice(books, books.ledger.invoices[key], unitdp=unitdp, whole_contact=True)


def _show_credit_note(books: Books, key: str, unitdp: int) -> Any:
    return render.render_credit_note(books, books.ledger.credit_notes[key], unitdp=unitdp, whole_contact=True)


def _show_payment(books: Books, key: str, unitdp: int) -> Any:
    _ = unitdp
    return render.render_payment(books, books.ledger.payments[key])


CONTACTS = Resource(
    key="Contacts",
    id_key="ContactID",
    error_key="HasValidationErrors",
    spec=binding.CONTACT,
    judge=_judge_contact,
    find=_find_contact,
    show=_show_contact,
)
INVOICES = Resource(
    key="Invoices",
    id_key="InvoiceID",
    error_key="HasErrors",
    spec=binding.INVOICE,
    judge=_judge_invoice,
    find=_find_invoice,
    show=_show_invoice,
)
CREDIT_NOTES = Resource(
    key="CreditNotes",
    id_key="CreditNoteID",
    error_key="HasErrors",
    spec=binding.CREDIT_NOTE,
    judge=_judge_credit_note,
    find=_find_credit_note,
    show=_show_credit_note,
)
PAYMENTS = Resource(
    key="Payments",
    id_key="PaymentID",
    error_key="HasValidationErrors",
    spec=binding.PAYMENT,
    judge=_judge_payment,
    find=_find_payment,
    show=_show_payment,
    takes_bare_post=True,  # FACTS 3.2 [S]: POST /Payments is documented for one bare payment
)
WRITABLE = {resource.key.casefold(): resource for resource in (CONTACTS, INVOICES, CREDIT_NOTES, PAYMENTS)}
