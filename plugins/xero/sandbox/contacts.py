"""The rules of contacts: identity, uniqueness, archive, field limits. FACTS 4.11, 5. Pure up to the commit."""

from __future__ import annotations

import re
from typing import Any

from plugins.xero.sandbox import wire
from plugins.xero.sandbox.context import Context, Plan, too_long
from plugins.xero.sandbox.errors import Fault, RefusedError
from plugins.xero.sandbox.state import Contact
from plugins.xero.sandbox.wire import Json

# FACTS 4.11 [S]: wire field -> (our field, longest)
_FIELDS: dict[str, tuple[str, int]] = {
    "Name": ("name", 255),
    "FirstName": ("first_name", 255),
    "LastName": ("last_name", 255),
    "EmailAddress": ("email", 255),
    "ContactNumber": ("number", 50),
    "AccountNumber": ("account_number", 50),
    "TaxNumber": ("tax_number", 50),
    "CompanyNumber": ("company_number", 50),
}
_ADDRESS_LIMITS = {
    **dict.fromkeys(("AddressLine1", "AddressLine2", "AddressLine3", "AddressLine4"), 500),
    **dict.fromkeys(("City", "Region", "AttentionTo"), 255),
    **dict.fromkeys(("PostalCode", "Country"), 50),
}
_PHONE_LIMITS = {"PhoneNumber": 50, "PhoneAreaCode": 10, "PhoneCountryCode": 20}
_COUNTRIES = {
    "letters_only": re.compile(r"^[A-Za-z]*$"),
    "letters_and_spaces": re.compile(r"^[A-Za-z ]*$"),
    "any": re.compile(r"", re.DOTALL),
}
# FACTS 4.11 [S]: letters beyond ASCII are not supported.
_EMAIL = re.compile(
    r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9-]+\.)+[A-Za-z0-9-]{2,}$"
)
_WEBSITE = re.compile(r"^https?://", re.IGNORECASE)


def find_contact(context: Context, sent: Json) -> Contact | None:
    """The contact that a POST means: by ID, else ContactNumber, else Name. FACTS 3.2 [O], [T].

    Raises:
        RefusedError: a ContactID that does not exist.
    """
    ledger = context.books.ledger
    if contact_id := sent.get("ContactID"):
        contact = ledger.contacts.get(contact_id)
        if contact is None:
            raise RefusedError([context.fault("contact_not_found")])
        return contact
    if (number := sent.get("ContactNumber")) and (found := ledger.contacts_numbered(number)):
        return found[0]
    if name := sent.get("Name"):
        named = ledger.contacts_named(name)
        return next((contact for contact in named if contact.status == "ACTIVE"), named[0] if named else None)
    return None


def judge_contact(context: Context, sent: Json) -> Plan:
    """Judge a contact sent to the Contacts endpoint: PUT creates, POST also updates what it finds. FACTS 3.2.

    Raises:
        RefusedError: every fault found.
    """
    existing = None if context.is_put and not sent.get("ContactID") else find_contact(context, sent)
    if existing is not None and existing.status != "ACTIVE":
        raise RefusedError([context.fault("edit_archived")], existing.id)  # FACTS 5.2 [T]
    faults = _judge_identity(context, sent, existing) + _judge_fields(context, sent)
    if existing is not None and existing.website and not _WEBSITE.match(existing.website):
        faults.append(context.fault("website"))  # FACTS 5.6 [T]: read-only, yet checked at every update
    if faults:
        raise RefusedError(faults, existing.id if existing else None)

    def commit() -> str:
        contact = existing or Contact(id=wire.new_id(), name="")
        old_name, old_number = contact.name or None, contact.number
        apply_contact(context, contact, sent)
        context.books.put_contact(contact, old_name=old_name, old_number=old_number)
        return contact.id

    return Plan(commit)


def apply_contact(context: Context, contact: Contact, sent: Json) -> None:
    """Put *sent* on *contact*: fields left out keep their value, persons are replaced as a whole. FACTS 5.3."""
    for field, (ours, _) in _FIELDS.items():
        if field in sent:
            value = sent[field]
            setattr(contact, ours, _tidy(value) if field == "Name" else value or None)
    if "ContactStatus" in sent:
        contact.status = sent["ContactStatus"]
    if "DefaultCurrency" in sent:
        contact.default_currency = sent["DefaultCurrency"]
    if "ContactPersons" in sent:
        contact.persons = sent["ContactPersons"]
    contact.addresses = _slots(context, contact.addresses, sent.get("Addresses"), "AddressType", "POBOX")
    contact.phones = _slots(context, contact.phones, sent.get("Phones"), "PhoneType", "DEFAULT")


def _slots(
    context: Context, before: dict[str, Json], sent: list[Json] | None, key: str, default: str
) -> dict[str, Json]:
    """Addresses and phones: replaced slot by slot, or all together. FACTS 5.3 [U]."""
    if sent is None:
        return before
    slots = dict(before) if context.settings.contact_slots == "by_type" else {}
    for one in sent:
        slots[one.get(key, default)] = {name: value for name, value in one.items() if name != key}
    return slots


def _tidy(name: str) -> str:
    return " ".join(name.split())


def _judge_identity(context: Context, sent: Json, existing: Contact | None) -> list[Fault]:
    ledger = context.books.ledger
    faults = []
    name = sent.get("Name")
    if name is None or not name.strip():
        if existing is None or name is not None:
            faults.append(context.fault("name_missing"))
    else:
        if "<" in name or ">" in name:  # FACTS 5.1 [O*]
            faults.append(context.fault("name_characters"))
        if context.settings.name_alphabet == "bmp" and any(ord(char) > 0xFFFF for char in name):  # DOMAIN C7
            faults.append(context.fault("name_symbols"))
        if name != _tidy(name) and context.settings.name_spaces == "refuse":
            faults.append(context.fault("name_spaces"))
        # FACTS 5.1 [S], [T]: unique among active contacts, compared without case.
        others = (one for one in ledger.contacts_named(_tidy(name)) if one is not existing and one.status == "ACTIVE")
        if any(others):
            faults.append(context.fault("name_taken", name=name))
    number = sent.get("ContactNumber")
    if not number or not context.settings.contact_number_unique:
        return faults
    if any(one is not existing for one in ledger.contacts_numbered(number)):  # FACTS 5.1 [T], [U]: archived ones count
        faults.append(context.fault("number_taken", number=number))
    return faults


def _judge_fields(context: Context, sent: Json) -> list[Fault]:
    faults: list[Fault] = []
    for field, (_, limit) in _FIELDS.items():
        faults += too_long(context, field, sent.get(field), limit)
    faults += _judge_email(context, sent.get("EmailAddress"))
    country = _COUNTRIES[context.settings.country_alphabet]
    for index, address in enumerate(sent.get("Addresses", ())):
        faults += _judge_part(context, address, _ADDRESS_LIMITS, "Addresses", index)
        if not country.match(address.get("Country") or ""):  # FACTS 4.11 [S], enforcement [U]
            faults.append(context.fault("country", "Addresses", index))
    for index, phone in enumerate(sent.get("Phones", ())):
        faults += _judge_part(context, phone, _PHONE_LIMITS, "Phones", index)
    persons = sent.get("ContactPersons", ())
    if len(persons) > 5:  # FACTS 5.3 [O]
        faults.append(context.fault("persons_many"))
    for person in persons:
        faults += _judge_email(context, person.get("EmailAddress"))
    return faults


def _judge_email(context: Context, email: str | None) -> list[Fault]:
    if email and not _EMAIL.match(email):
        return [context.fault("email")]  # FACTS 4.10 [O]
    return []


def _judge_part(context: Context, part: Json, limits: dict[str, int], key: str, index: int) -> list[Fault]:
    faults: list[Fault] = []
    for field, limit in limits.items():
        faults += too_long(context, field, part.get(field), limit, key, index)
    return faults


def judge_nested(context: Context, sent: Json | None) -> tuple[Plan, Contact | None]:
    """Judge the Contact block inside a document. FACTS 4.7.

    Gives the plan that stores what the block changes and returns the contact's id, and the contact itself unless
    the block makes a new one.

    Raises:
        RefusedError: no contact, none found, or an archived one.
    """
    if sent is None:
        raise RefusedError([context.fault("contact_missing")])
    if not any(sent.get(key) for key in ("ContactID", "ContactNumber", "Name")):
        raise RefusedError([context.fault("contact_unidentified", "Contact")])
    existing = find_contact(context, sent)
    if existing is not None and existing.status != "ACTIVE":
        raise RefusedError([context.fault("contact_archived", "Contact")])
    extra: dict[str, Any] = {key: value for key, value in sent.items() if key not in {"ContactID", "ContactStatus"}}
    if existing is not None and all(
        key in _FIELDS and getattr(existing, _FIELDS[key][0]) == value for key, value in extra.items()
    ):
        contact_id = existing.id
        return Plan(lambda: contact_id), existing
    # Extra fields change the contact, and persons that are not in the block are deleted. FACTS 4.7 [O], [T]
    if existing is not None:
        extra = {"ContactPersons": [], **extra, "ContactID": existing.id}
    return judge_contact(as_post(context), extra), existing


def as_post(context: Context) -> Context:
    """*context* as a POST: a nested contact is created or updated, whatever the document's verb."""
    return Context(books=context.books, app=context.app, is_put=False, unitdp=context.unitdp)
