"""FACTS 4.11 and 5: identity, uniqueness, archive, field limits."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plugins.xero.sandbox.support import Caller, invoice, messages, running

TAKEN = (
    "The contact name ANA RUIZ is already assigned to another contact. "
    "The contact name must be unique across all active contacts."
)
ARCHIVED = (
    "The specified contact details matched an archived contact. "
    "Archived contacts cannot currently be edited via the API."
)


async def refusals(caller: Caller, **fields: Any) -> list[str]:
    (made,) = await caller.put("Contacts", {"Name": "Somebody", **fields})
    assert made["StatusAttributeString"] == "ERROR"
    assert made["HasValidationErrors"] is True
    assert made["ContactID"] == "00000000-0000-0000-0000-000000000000"
    return messages(made)


async def test_a_name_is_unique_among_active_contacts_whatever_its_case() -> None:
    async with running() as caller:
        await caller.contact("Ana Ruiz")
        assert await refusals(caller, Name="ANA RUIZ") == [TAKEN]


async def test_the_name_of_an_archived_contact_is_free() -> None:
    async with running() as caller:
        caller.organisation.archive_contact(await caller.contact("Ana Ruiz"))
        await caller.contact("Ana Ruiz")
        assert len(caller.organisation.ledger.contacts_named("ana ruiz")) == 2


async def test_a_contact_number_is_unique_across_archived_ones_too() -> None:
    async with running() as caller:
        caller.organisation.archive_contact(await caller.contact("Ana", ContactNumber="AG-1"))
        assert "must be unique across all contacts" in (await refusals(caller, ContactNumber="ag-1"))[0]


async def test_contact_numbers_may_repeat_by_a_switch() -> None:
    async with running(contact_number_unique=False) as caller:
        first = await caller.contact("Ana", ContactNumber="AG-1")
        await caller.contact("Bo", ContactNumber="AG-1")
        assert (await caller.get("Contacts/AG-1")).json["Contacts"][0]["ContactID"] == first
        where = 'Contacts?page=1&where=ContactNumber=="AG-1"'
        assert len((await caller.get(where)).json["Contacts"]) == 2


@pytest.mark.parametrize("key", ["ContactID", "ContactNumber", "Name"])
async def test_a_post_silently_updates_what_it_finds(key: str) -> None:
    async with running() as caller:
        contact = await caller.contact("Ana", ContactNumber="AG-1", EmailAddress="old@example.com")
        named = {"ContactID": contact, "ContactNumber": "AG-1", "Name": "ana"}[key]
        (changed,) = await caller.post("Contacts", {key: named, "EmailAddress": "new@example.com"})
        assert (changed["ContactID"], changed["EmailAddress"]) == (contact, "new@example.com")
        assert len(caller.organisation.ledger.contacts) == 1


async def test_fields_left_out_keep_their_value_and_persons_are_replaced() -> None:
    async with running() as caller:
        contact = await caller.contact(
            FirstName="Ana", ContactPersons=[{"FirstName": "Bo", "EmailAddress": "bo@example.com"}]
        )
        (changed,) = await caller.post(f"Contacts/{contact}", {"LastName": "Ruiz", "ContactPersons": []})
        assert (changed["FirstName"], changed["LastName"], changed["ContactPersons"]) == ("Ana", "Ruiz", [])


@pytest.mark.parametrize(("switch", "kept"), [("by_type", "Sydney"), ("whole", "")])
async def test_addresses_are_replaced_slot_by_slot_or_together(switch: str, kept: str) -> None:
    async with running(contact_slots=switch) as caller:
        contact = await caller.contact(Addresses=[{"AddressType": "STREET", "City": "Sydney"}])
        pobox = {"AddressType": "POBOX", "City": "York"}
        (changed,) = await caller.post(f"Contacts/{contact}", {"Addresses": [pobox]})
        cities = {one["AddressType"]: one["City"] for one in changed["Addresses"]}
        assert cities == {"STREET": kept, "POBOX": "York"}
        assert len(changed["Phones"]) == 4


async def test_an_archived_contact_cannot_be_edited_or_restored_but_a_person_can() -> None:
    async with running() as caller:
        contact = await caller.contact()
        (archived,) = await caller.post(f"Contacts/{contact}", {"ContactStatus": "ARCHIVED"})
        assert archived["ContactStatus"] == "ARCHIVED"
        for change in ({"FirstName": "A"}, {"ContactStatus": "ACTIVE"}):
            (refused,) = await caller.post(f"Contacts/{contact}", change)
            assert messages(refused) == [ARCHIVED]
            assert refused["ContactID"] == contact
        caller.organisation.restore_contact(contact)
        (changed,) = await caller.post(f"Contacts/{contact}", {"FirstName": "A"})
        assert changed["FirstName"] == "A"


async def test_a_merged_contact_points_to_its_successor_only_in_pages_and_alone() -> None:
    async with running() as caller:
        old, new = await caller.contact("Ana"), await caller.contact("Bo")
        made = await caller.invoice(Contact={"ContactID": old})
        caller.organisation.merge_contacts(old, new)
        for path, is_told in (
            (f"Contacts/{old}", True),
            (f"Contacts?page=1&includeArchived=true&IDs={old}", True),
            (f"Contacts?includeArchived=true&IDs={old}", False),
        ):
            (found,) = (await caller.get(path)).json["Contacts"]
            assert (found.get("MergedToContactID") == new) is is_told
        moved = (await caller.get(f"Invoices/{made['InvoiceID']}")).json["Invoices"][0]
        assert moved["Contact"]["ContactID"] == new


async def test_archived_contacts_are_listed_only_on_request() -> None:
    async with running() as caller:
        contact = await caller.contact()
        caller.organisation.archive_contact(contact)
        assert (await caller.get("Contacts?page=1")).json["Contacts"] == []
        assert len((await caller.get("Contacts?page=1&includeArchived=true")).json["Contacts"]) == 1


@pytest.mark.parametrize(
    ("field", "limit"),
    [
        ("Name", 255),
        ("FirstName", 255),
        ("LastName", 255),
        ("ContactNumber", 50),
        ("AccountNumber", 50),
        ("TaxNumber", 50),
        ("CompanyNumber", 50),
    ],
)
async def test_field_lengths(caller: Caller, field: str, limit: int) -> None:
    fields = {"Name": f"Somebody {field}", field: "x" * limit}
    (made,) = await caller.put("Contacts", fields)
    assert made["StatusAttributeString"] == "OK"
    assert await refusals(caller, **{field: "y" * (limit + 1)}) == [f"{field} cannot exceed {limit} characters"]


@pytest.mark.parametrize(
    ("part", "field", "limit"),
    [
        ("Addresses", "AddressLine1", 500),
        ("Addresses", "City", 255),
        ("Addresses", "Region", 255),
        ("Addresses", "PostalCode", 50),
        ("Addresses", "Country", 50),
        ("Phones", "PhoneNumber", 50),
        ("Phones", "PhoneAreaCode", 10),
        ("Phones", "PhoneCountryCode", 20),
    ],
)
async def test_part_lengths(caller: Caller, part: str, field: str, limit: int) -> None:
    kind = {"AddressType": "STREET"} if part == "Addresses" else {"PhoneType": "DEFAULT"}
    sent = {part: [{**kind, field: "x" * limit}]}
    (made,) = await caller.put("Contacts", {"Name": f"{part} {field}", **sent})
    assert made["StatusAttributeString"] == "OK", made
    too_long = {part: [{**kind, field: "x" * (limit + 1)}]}
    assert await refusals(caller, **too_long) == [f"{field} cannot exceed {limit} characters"]


async def test_the_one_country_that_is_too_long(caller: Caller) -> None:
    country = "United Kingdom of Great Britain and Northern Ireland"
    address = {"AddressType": "POBOX", "Country": country}
    assert await refusals(caller, Addresses=[address]) == ["Country cannot exceed 50 characters"]


@pytest.mark.parametrize(
    ("alphabet", "country", "is_accepted"),
    [
        ("letters_and_spaces", "New Zealand", True),
        ("letters_and_spaces", "Côte d'Ivoire", False),
        ("letters_only", "New Zealand", False),
        ("letters_only", "Australia", True),
        ("any", "Korea, Republic of", True),
    ],
)
async def test_the_alphabet_of_countries(alphabet: str, country: str, is_accepted: bool) -> None:
    async with running(country_alphabet=alphabet) as caller:
        address = {"AddressType": "POBOX", "Country": country}
        (made,) = await caller.put("Contacts", {"Name": "Ana", "Addresses": [address]})
        assert (made["StatusAttributeString"] == "OK") is is_accepted


@pytest.mark.parametrize("email", ["nonsense", "a@b", "müller@example.com", "a b@example.com", "a@@example.com"])
async def test_a_bad_email_is_refused(caller: Caller, email: str) -> None:
    assert await refusals(caller, EmailAddress=email) == ["Email address must be valid."]


async def test_spaces_in_names_are_refused_or_trimmed() -> None:
    async with running() as caller:
        assert await refusals(caller, Name=" Ana  Ruiz ")
    async with running(name_spaces="trim") as caller:
        (made,) = await caller.put("Contacts", {"Name": " Ana  Ruiz "})
        assert made["Name"] == "Ana Ruiz"


async def test_emoji_in_names_are_taken_or_refused() -> None:
    async with running() as caller:
        (made,) = await caller.put("Contacts", {"Name": "Ana 🎨 Ruiz"})
        assert made["Name"] == "Ana 🎨 Ruiz"
    async with running(name_alphabet="bmp") as caller:
        assert await refusals(caller, Name="Ana 🎨 Ruiz") == [
            "The contact name contains characters that are not allowed"
        ]


@pytest.mark.parametrize("name", ["<b>Ana</b>", "", "   "])
async def test_a_bad_name_is_refused(caller: Caller, name: str) -> None:
    assert await refusals(caller, Name=name)


async def test_a_website_typed_without_http_blocks_every_update() -> None:
    async with running() as caller:
        contact = await caller.contact()
        caller.organisation.change_contact(contact, website="www.example.com")
        (refused,) = await caller.post(f"Contacts/{contact}", {"FirstName": "A"})
        assert messages(refused) == ["Website must be valid."]


async def test_messages_may_sit_on_the_part_they_are_about() -> None:
    sent = {"Name": "Ana", "Addresses": [{"AddressType": "STREET", "Country": "1"}]}
    async with running(nested_errors=True) as caller:
        (refused,) = await caller.put("Contacts", sent)
        assert refused["ValidationErrors"] == []
        assert len(messages(refused["Addresses"][0])) == 1
    async with running() as caller:
        (refused,) = await caller.put("Contacts", sent)
        assert len(messages(refused)) == 1


async def test_a_name_in_an_invoice_makes_a_new_contact_and_extra_fields_change_one() -> None:
    async with running() as caller:
        (made,) = await caller.put("Invoices", invoice(Contact={"Name": "New Buyer"}))
        contact = made["Contact"]["ContactID"]
        caller.organisation.change_contact(contact, persons=[{"FirstName": "Bo"}])
        block = {"ContactID": contact, "EmailAddress": "new@example.com"}
        await caller.put("Invoices", invoice(Contact=block))
        kept = caller.organisation.ledger.contacts[contact]
        assert (kept.email, kept.persons, kept.is_customer) == ("new@example.com", [], True)


async def test_an_invoice_that_names_the_contact_by_id_leaves_it_alone() -> None:
    async with running() as caller:
        contact = await caller.contact(ContactPersons=[{"FirstName": "Bo"}])
        before = caller.organisation.ledger.contacts[contact].updated_at
        await caller.put("Invoices", invoice(Contact={"ContactID": contact}))
        kept = caller.organisation.ledger.contacts[contact]
        assert (kept.updated_at, kept.persons) == (before, [{"FirstName": "Bo"}])
