"""Xero's contacts -> contacts of a gallery, for the one-time import. Pure.

The texts of strangers: cleaned, and cut to what Xero says that it takes, since what it gives may be longer (FACTS
4.11). What a gallery could not send back (an e-mail address that is none) is left out: nobody could correct it here,
since an imported contact is read-only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hub import Address, Contact, RemoteId
from plugins.xero import normalise, wire
from plugins.xero.countries import find_country
from plugins.xero.fields import FIELDS

# The postal address is the one that Xero prints on invoices; the first phone in this order counts, a fax never.
_ADDRESS_TYPES = ("POBOX", "STREET")
_PHONE_TYPES = ("DEFAULT", "MOBILE", "DDI")
_MOST_COUNTRY_TEXT = 100


def parse_contacts(contacts: Iterable[wire.Contact]) -> dict[RemoteId, Contact]:
    """Those that a gallery can have, by ContactID in lower case: active ones with a name.

    Archived ones are left out, with them what was merged into others and who asked to be forgotten (GDPRREQUEST).
    Customers, suppliers and those that are neither yet all count: a contact becomes a customer by its first invoice.
    """
    found = {}
    for one in contacts:
        remote_id = wire.real_id(one.contact_id)
        contact = parse_contact(one)
        if remote_id is not None and contact is not None:
            found[RemoteId(remote_id)] = contact
    return found


def parse_contact(contact: wire.Contact) -> Contact | None:
    """One contact with its ContactID for an id (the hub gives it its own); None when a gallery cannot have it."""
    name = _cut("Contact.Name", contact.name)
    remote_id = wire.real_id(contact.contact_id)
    active = (contact.contact_status or "ACTIVE") == "ACTIVE"
    if remote_id is None or not active or not name or wire.real_id(contact.merged_to_contact_id):
        return None
    first, last = _cut("Contact.FirstName", contact.first_name), _cut("Contact.LastName", contact.last_name)
    email, _ = normalise.parse_email(contact.email_address)
    tax_number, _ = normalise.fit("Contact.TaxNumber", normalise.clean_tax_number(contact.tax_number))
    return Contact(
        id=remote_id,
        name=name,
        first_name=first or None,
        last_name=last or None,
        organisation=_is_organisation(contact, name, first, last),
        email=email,
        phone=_phone(contact.phones or ()),
        tax_number=tax_number or None,
        address=_address(contact.addresses or ()),
    )


def _cut(field: str, text: str | None) -> str:
    return normalise.cut_text(normalise.clean_line(text), FIELDS[field].most)


def _is_organisation(contact: wire.Contact, name: str, first: str, last: str) -> bool:
    """Xero does not say: it is one with a company number, or when its person is called otherwise than itself."""
    if normalise.clean_line(contact.company_number):
        return True
    person = sorted(f"{first} {last}".casefold().split())
    return bool(person) and person != sorted(name.replace(",", " ").casefold().split())


def _phone(phones: Sequence[wire.Phone]) -> str | None:
    """The number as people write it: ``+61 2 5550 0123``, its parts apart; None when there is none."""
    by_type = {one.phone_type: one for one in reversed(phones)}
    for kind in _PHONE_TYPES:
        one = by_type.get(kind)
        number = _cut("Phone.PhoneNumber", one.phone_number) if one else ""
        if one is None or not number:
            continue
        country = "".join(c for c in _cut("Phone.PhoneCountryCode", one.phone_country_code) if c in "0123456789")
        area = _cut("Phone.PhoneAreaCode", one.phone_area_code)
        international = f"+{country.lstrip('0')}" if country.strip("0") and not number.startswith("+") else ""
        return " ".join(part for part in (international, area, number) if part)
    return None


def _address(addresses: Sequence[wire.Address]) -> Address | None:
    """The first address with anything in it; its country as a code where the text says one."""
    by_type = {one.address_type: one for one in reversed(addresses)}
    for kind in _ADDRESS_TYPES:
        one = by_type.get(kind)
        made = _parse_address(one) if one is not None else Address()
        if made != Address():
            return made
    return None


def _parse_address(address: wire.Address) -> Address:
    told = (address.address_line1, address.address_line2, address.address_line3, address.address_line4)
    lines = (_cut("Address.AddressLine", line) for line in told)
    country = normalise.clean_line(address.country)
    code = find_country(None, country)
    return Address(
        lines=tuple(line for line in lines if line),
        city=_cut("Address.City", address.city) or None,
        region=_cut("Address.Region", address.region) or None,
        postcode=_cut("Address.PostalCode", address.postal_code) or None,
        country=code,
        country_text=None if code else normalise.cut_text(country, _MOST_COUNTRY_TEXT) or None,
    )
