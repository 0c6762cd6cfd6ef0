"""Records of the gallery -> drafts for Xero: contacts and payments; invoices are in `invoice`. Pure.

Numbers in a body are decimal strings: bodies may be stored and read back as JSON without a digit changing;
`request` writes them as JSON numbers.
"""

from __future__ import annotations

import base64
import hashlib
from decimal import Decimal
from typing import Any

import msgspec

from hub import (
    Account,
    Allocation,
    Book,
    Contact,
    Draft,
    Held,
    Invoice,
    Payment,
    Reference,
    Refused,
    Subject,
    find_account,
    is_precise,
    minor_digits,
    resolve,
)
from plugins.xero import normalise
from plugins.xero.countries import find_country
from plugins.xero.credit import render_allocation, render_credit_note
from plugins.xero.fields import FIELDS
from plugins.xero.holds import hold
from plugins.xero.invoice import check_lock, render_invoice
from plugins.xero.lines import plain
from plugins.xero.settings import XeroSettings

_ZERO = Decimal(0)


def render(subject: Subject, book: Book) -> Draft | Held:
    """The draft of a contact, invoice, credit note, payment, refund or allocation, or why there is none."""
    match subject.record:
        case Contact() as contact:
            return render_contact(contact, subject, book)
        case Invoice() as invoice:
            if subject.contact is None:
                return hold(
                    "contact_missing", contact=invoice.contact_id, cause=f"contact_missing:{invoice.contact_id}"
                )
            contact_draft = render_contact(subject.contact, None, book)
            if isinstance(contact_draft, Held):
                return contact_draft
            drawn = render_credit_note if subject.credit_note else render_invoice
            return drawn(invoice, subject, book)
        case Payment() as payment:
            return render_payment(payment, subject, book)
        case Allocation() as allocation:
            return render_allocation(allocation, subject, book)
        case _:
            return Held(code="refused", message="Xero takes no such record.", remedy="Nothing to do.")


# -- numbers


def invoice_number(number: str, prefix: str) -> str:
    """``1234`` with the prefix ``AG`` -> ``AG-1234``; one that bears the prefix already stays (DOMAIN N13-N15)."""
    number = normalise.clean_line(number)
    return number if number.startswith(f"{prefix}-") else f"{prefix}-{number}"


def contact_number(contact_id: str, tag: str) -> str:
    """``<tag>-<id>``; longer than ContactNumber takes: the tag and 20 base32 characters of the id's hash."""
    number = f"{tag}-{contact_id}"
    return number if len(number) <= FIELDS["Contact.ContactNumber"].most else f"{tag}-{short_hash(contact_id, 20)}"


def payment_marker(payment_id: str, tag: str) -> str:
    """What makes a payment ours in its reference: the tag and 10 base32 characters of the id's hash."""
    return f"{tag}-{short_hash(payment_id, 10)}"


def short_hash(text: str, length: int) -> str:
    """The first *length* base32 characters (A-Z, 2-7) of the SHA-256 of *text*."""
    return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode()[:length]


# -- contacts


def contact_name(contact: Contact) -> str:
    """The name Xero gets: the contact's own, else first and last name, else the e-mail; blank when there is nothing."""
    name = normalise.clean_line(contact.name)
    if not name:
        name = normalise.clean_line(_person(contact))
    return name or normalise.clean_line(contact.email)


def _person(contact: Contact) -> str:
    return f"{contact.first_name or ''} {contact.last_name or ''}"


def render_contact(contact: Contact, subject: Subject | None, book: Book) -> Draft | Held:
    """A contact with the fields that the gallery has; what it leaves blank is not touched in Xero.

    Args:
        contact: The contact.
        subject: Its own subject, or None where only a hold is asked for (by its invoice).
        book: The book.
    """
    settings: XeroSettings = book.settings
    full = contact_name(contact)
    if not full:
        return hold("contact_empty", contact=contact.id, cause=f"contact:{contact.id}")
    shown = normalise.cut_text(full, 80, end="…")
    if contact.archived:
        return hold("contact_archived_source", name=shown, cause=f"contact:{contact.id}")
    email, why = normalise.parse_email(contact.email)
    notes: list[str] = []
    if why:
        if settings.bad_email == "hold":
            return hold("email_invalid", name=shown, why=why, cause=f"contact:{contact.id}")
        notes.append(f"The e-mail address was left out: {why}.")
    address = normalise.render_address(contact.address)
    if isinstance(address, normalise.AddressFault):
        return hold("address", name=shown, why=address.message, cause=f"contact:{contact.id}")
    number = subject.number if subject else contact_number(contact.id, book.tag)
    if len(number) > FIELDS["Contact.ContactNumber"].most:
        return hold("contact_number", number=number)
    parts, address_notes = address
    name, name_note = _name_with_suffix(full, contact, subject)
    notes += [note for note in (_altered_name(full, contact), name_note, *address_notes) if note]
    body: dict[str, Any] = {"ContactNumber": number, "Name": name}
    _add_person(body, contact, notes)
    if email:
        body["EmailAddress"] = email
    if parts:
        body["Addresses"] = [{"AddressType": "POBOX", **parts}]  # the postal address: the one Xero prints on invoices
    _add_numbers(body, contact, book, notes)
    return Draft(number=number, body=body, notes=tuple(notes), shown=_shown_contact(name, email, parts))


def _add_numbers(body: dict[str, Any], contact: Contact, book: Book, notes: list[str]) -> None:
    tax_number, note = normalise.fit("Contact.TaxNumber", normalise.clean_tax_number(contact.tax_number))
    if tax_number:
        body["TaxNumber"] = tax_number
    if note:
        notes.append(note)
    country = find_country(*_countries(contact)) or book.gallery.country
    if phone := normalise.parse_phone(contact.phone, country):
        body["Phones"] = [{"PhoneType": "DEFAULT", **phone}]
    elif normalise.clean_line(contact.phone):
        notes.append("The phone number was left out: it is too long for Xero.")


def _countries(contact: Contact) -> tuple[str | None, str | None]:
    return (contact.address.country, contact.address.country_text) if contact.address else (None, None)


def _altered_name(full: str, contact: Contact) -> str | None:
    """A note when the name is not the one the gallery has, but for blanks around and between its words."""
    if not normalise.clean_line(contact.name) and not normalise.clean_line(_person(contact)):
        return "It has no name: its e-mail address stands as its name."
    given = contact.name if normalise.clean_line(contact.name) else _person(contact)
    if normalise.is_same_line(given, full):
        return None
    return f"Its name is sent as “{normalise.cut_text(full, 80, end='…')}”."


def _name_with_suffix(full: str, contact: Contact, subject: Subject | None) -> tuple[str, str | None]:
    """The name within its limit; with `` (c-7)`` behind it once it had to be told apart, and from then on."""
    most = FIELDS["Contact.Name"].most
    suffix = f" ({contact.id})"
    suffixed = normalise.cut_text(full, most - len(suffix)) + suffix
    stands = subject.remote.name if subject and subject.remote else None
    if subject and (subject.distinct or (stands is not None and stands.casefold() == suffixed.casefold())):
        return suffixed, f"The name stands there as “{suffixed}”, to tell two contacts of one name apart."
    name = normalise.cut_text(full, most)
    return name, None if name == full else f"Name was cut to {most} characters."


def _add_person(body: dict[str, Any], contact: Contact, notes: list[str]) -> None:
    for field, value in (("FirstName", contact.first_name), ("LastName", contact.last_name)):
        text, note = normalise.fit(f"Contact.{field}", normalise.clean_line(value))
        if text and not contact.organisation:
            body[field] = text
            if note:
                notes.append(note)


def soften(draft: Draft, refused: Refused) -> Draft | None:
    """A refused contact without the emoji of its names, where those may be the fault: Xero does not say (DOMAIN C7).

    Whether Xero takes them is not known, so they are sent as they are first. None: there are none, nothing of the
    name would be left, or Xero named another fault.
    """
    if "ContactNumber" not in draft.body or refused.code != "refused":
        return None
    keys: list[str] = [key for key in ("Name", "FirstName", "LastName") if key in draft.body]
    names = {key: str(draft.body[key]) for key in keys}
    plainer = {key: normalise.strip_symbols(name) for key, name in names.items()}
    if plainer == names or not plainer["Name"]:
        return None
    body = {key: value for key, value in draft.body.items() if plainer.get(key) != ""} | {
        key: name for key, name in plainer.items() if name
    }
    note = f"Xero refused its name “{normalise.cut_text(names['Name'], 80, end='…')}”: it went without the symbols."
    shown = {**draft.shown, "name": plainer["Name"]}
    return msgspec.structs.replace(draft, body=body, notes=(*draft.notes, note), shown=shown)


def _shown_contact(name: str, email: str | None, parts: dict[str, str]) -> dict[str, str]:
    shown = {"name": name}
    if email:
        shown["email"] = email
    if parts:
        shown["address"] = ", ".join(parts.values())
    return shown


# -- payments


def render_payment(payment: Payment, subject: Subject, book: Book) -> Draft | Held:
    """A payment of its invoice, or refund of its credit note: account by method, marker, the gallery's reference."""
    invoice = subject.invoice
    if invoice is None:
        return hold("source_missing", invoice=payment.invoice_id, cause=f"invoice:{payment.invoice_id}")
    currency = payment.currency or invoice.currency
    if currency != invoice.currency:
        why = f"the payment is in {currency}, the invoice in {invoice.currency}"
        return hold("payment_currency", why=why)
    if not is_precise(payment.amount, min(2, minor_digits(currency))):
        why = f"{payment.amount} has too many decimals."
        return hold("currency_precision", currency=currency, why=why)
    if held := check_lock(payment.paid_on, book):
        return held
    account = _payment_account(payment, currency, book)
    if isinstance(account, Held):
        return account
    text = f"{subject.number} {normalise.clean_line(payment.reference)}".strip()
    note, cut = normalise.fit("Payment.Reference", text)
    notes = [cut] if cut else []
    if payment.paid_on > book.today:
        notes.append(f"It is dated {payment.paid_on}, in the future.")
    body: dict[str, Any] = {
        "Account": {"AccountID": account.id},
        "Date": payment.paid_on.isoformat(),
        "Amount": plain(payment.amount),
        "Reference": note,
    }
    settled = payment.settled
    base = book.choices.organisation.currency if book.choices.organisation else None
    if settled and settled.currency == (account.currency or base) and settled.currency != currency:
        body["BankAmount"] = plain(settled.amount)  # what arrived, in the bank account's currency, FACTS 6.3
    return Draft(
        number=subject.number,
        body=body,
        needs=(Reference("invoice", payment.invoice_id),),
        currency=currency,
        total=Decimal(payment.amount),
        tax=_ZERO,
        on=payment.paid_on,
        notes=tuple(notes),
        shown={"date": payment.paid_on.isoformat(), "amount": plain(payment.amount), "account": account.name},
    )


def _payment_account(payment: Payment, currency: str, book: Book) -> Account | Held:
    facts = {"method": payment.method, "currency": currency, "processor_account": payment.processor_account}
    what = payment.method.replace("_", " ")
    if payment.processor_account:
        what += f" ({normalise.cut_text(normalise.clean_line(payment.processor_account), 60, end='…')})"
    cause = f"payment_account:{payment.method}:{payment.processor_account or ''}"
    target = resolve("bank", facts, book.mappings)
    if target is None:
        return hold("payment_account", what=what, why="none is chosen", cause=cause)
    account = find_account(target, book.choices)
    if account is None:
        return hold("payment_account", what=what, why="the chosen one is not there any more", cause=cause)
    if not account.active:
        return hold("payment_account", what=what, why=f"{account.name} is archived", cause=cause)
    if not (account.is_bank or account.takes_payments):
        return hold("payment_account", what=what, why=f"{account.name} does not take payments", cause=cause)
    base = book.choices.organisation.currency if book.choices.organisation else None
    if account.currency and account.currency not in (currency, base):
        why = f"{account.name} is in {account.currency}, the invoice in {currency}"
        return hold("payment_currency", why=why, cause=f"{cause}:{currency}")
    return account
