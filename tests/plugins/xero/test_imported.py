"""Xero's contacts as contacts of a gallery: by value, hostile and over-long texts included."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from hub import Address, Contact
from hub.domain import door
from hub.domain.content import encode_body
from plugins.xero import wire
from plugins.xero.fields import FIELDS
from plugins.xero.imported import parse_contact, parse_contacts
from plugins.xero.normalise import text_length

ID = "bd2270c3-8706-4c11-9cfb-000b551c3f51"
EMPTY_ADDRESS = {"City": "", "Region": "", "PostalCode": "", "Country": ""}
EMPTY_PHONE = {"PhoneNumber": "", "PhoneAreaCode": "", "PhoneCountryCode": ""}


def read(**fields: Any) -> Contact | None:
    """A contact as Xero's JSON, read."""
    body = {"ContactID": ID.upper(), "ContactStatus": "ACTIVE", "Name": "Ana Ruiz", **fields}
    answer = wire.decode_envelope(msgspec.json.encode({"Contacts": [body]}))
    assert answer.contacts is not None
    return parse_contact(answer.contacts[0])


def brought(**fields: Any) -> Contact:
    made = read(**fields)
    assert made is not None
    return made


def phone(kind: str = "DEFAULT", number: str = "", area: str = "", country: str = "") -> dict[str, str]:
    return {"PhoneType": kind, "PhoneNumber": number, "PhoneAreaCode": area, "PhoneCountryCode": country}


def address(kind: str = "POBOX", **fields: str) -> dict[str, str]:
    return {"AddressType": kind, **EMPTY_ADDRESS, **fields}


def test_a_whole_contact() -> None:
    contact = brought(
        FirstName="Ana",
        LastName="Ruiz",
        EmailAddress="ana@example.com",
        TaxNumber="51 824 753 556",
        Addresses=[
            address("STREET", City="Melbourne"),
            address(
                AddressLine1="1 Wharf Rd", AddressLine3="Level 2", City="Sydney", PostalCode="2000", Country="aust"
            ),
        ],
        Phones=[phone("FAX", "1"), phone("MOBILE", "400 000 000", country="61"), phone()],
    )

    assert contact == Contact(
        id=ID,
        name="Ana Ruiz",
        first_name="Ana",
        last_name="Ruiz",
        organisation=False,
        email="ana@example.com",
        phone="+61 400 000 000",
        tax_number="51824753556",
        address=Address(lines=("1 Wharf Rd", "Level 2"), city="Sydney", postcode="2000", country_text="aust"),
    )


def test_the_empty_slots_of_a_read_are_nothing() -> None:
    contact = brought(
        FirstName="",
        EmailAddress="",
        Addresses=[address("STREET"), address("POBOX")],
        Phones=[{"PhoneType": one, **EMPTY_PHONE} for one in ("DDI", "DEFAULT", "FAX", "MOBILE")],
    )

    assert contact == Contact(id=ID, name="Ana Ruiz")


@pytest.mark.parametrize(
    "fields",
    [
        {"ContactStatus": "ARCHIVED"},
        {"ContactStatus": "GDPRREQUEST"},
        {"ContactStatus": "SOMETHING_NEW"},
        {"MergedToContactID": "00000000-0000-4000-8000-000000000001"},
        {"Name": None},
        {"Name": " \t\u2028 "},
        {"Name": "\x00\x07"},
        {"ContactID": "00000000-0000-0000-0000-000000000000"},
    ],
)
def test_what_a_gallery_cannot_have_is_left_out(fields: dict[str, Any]) -> None:
    assert read(**fields) is None


def test_a_page_gives_them_by_their_id() -> None:
    contacts = [
        wire.Contact(contact_id=ID.upper(), name="Ana"),
        wire.Contact(contact_id=None, name="No id"),
        wire.Contact(contact_id=ID.replace("b", "c"), name=""),
    ]
    assert {id_: one.name for id_, one in parse_contacts(contacts).items()} == {ID: "Ana"}


@pytest.mark.parametrize(
    ("text", "code", "kept"),
    [
        ("Australia", "AU", None),
        ("UNITED KINGDOM", "GB", None),
        ("United Kingdom of Great Britain and Northern Ireland", "GB", None),
        ("Côte d'Ivoire", "CI", None),
        ("nz", "NZ", None),
        ("Middle Earth", None, "Middle Earth"),
        ("x" * 300, None, "x" * 100),
        ("", None, None),
    ],
)
def test_the_country_is_a_code_where_its_text_says_one(text: str, code: str | None, kept: str | None) -> None:
    made = brought(Addresses=[address(City="Sydney", Country=text)]).address
    assert made is not None
    assert (made.country, made.country_text) == (code, kept)


@pytest.mark.parametrize(
    ("phones", "wanted"),
    [
        ([phone(number="5550 0123", area="2", country="61")], "+61 2 5550 0123"),
        ([phone(number="5550 0123", area="02")], "02 5550 0123"),
        ([phone(number="255500123", country="+61")], "+61 255500123"),
        ([phone(number="255500123", country="0061")], "+61 255500123"),
        ([phone(number="+61 255500123", country="61")], "+61 255500123"),
        ([phone("MOBILE", "2"), phone("DEFAULT", "1")], "1"),
        ([phone("FAX", "3")], None),
        ([phone(area="2", country="61")], None),
    ],
)
def test_the_phone_is_one_text(phones: list[dict[str, str]], wanted: str | None) -> None:
    assert brought(Phones=phones).phone == wanted


@pytest.mark.parametrize(
    ("fields", "organisation"),
    [
        ({"FirstName": "Ana", "LastName": "Ruiz"}, False),
        ({"Name": "RUIZ, Ana", "FirstName": "Ana", "LastName": "Ruiz"}, False),
        ({"Name": "Harbour Trust", "FirstName": "Ana", "LastName": "Ruiz"}, True),
        ({"Name": "Harbour Trust"}, False),
        ({"Name": "Harbour Trust", "CompanyNumber": "123"}, True),
    ],
)
def test_an_organisation_has_a_company_number_or_a_person_of_another_name(
    fields: dict[str, str], organisation: bool
) -> None:
    assert brought(**fields).organisation is organisation


@pytest.mark.parametrize("email", ["ana at example", "ána@example.com", "a@b", "x" * 250 + "@example.com", "<script>"])
def test_an_email_address_that_is_none_is_left_out_since_nobody_could_correct_it_here(email: str) -> None:
    assert brought(EmailAddress=email).email is None


@pytest.mark.parametrize("text", ["<b>x</b>" * 30_000, "😀" * 40_000, "\u202e\ufeff x\r\ny\x00" * 9_000, "ß" * 70_000])
def test_hostile_and_over_long_texts_are_bounded_so_that_the_door_takes_them(text: str) -> None:
    parts = dict.fromkeys(("AddressLine1", "AddressLine4", "City", "Region", "PostalCode", "Country"), text)
    contact = brought(
        Name=f"A {text}",
        FirstName=text,
        LastName=text,
        EmailAddress=text,
        TaxNumber=text,
        CompanyNumber=text,
        Phones=[phone(number=text, area=text, country=text)],
        Addresses=[address(**parts)],
    )

    assert door.parse_record(encode_body(contact), type="contact") == contact
    assert text_length(contact.name) <= FIELDS["Contact.Name"].most
    assert not set("<>\n\x00") & set(contact.name)
    assert contact.tax_number is None or text_length(contact.tax_number) <= FIELDS["Contact.TaxNumber"].most
    assert len(encode_body(contact)) < 12_000
