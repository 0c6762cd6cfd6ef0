"""Contacts that are sent once: names, e-mail addresses, countries, addresses (cases C1 to C37)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.catalogue import desk
from tests.catalogue.conftest import OpenWorld
from tests.catalogue.desk import Json, make_contact
from tests.web.webservices.office import Office

UK = "United Kingdom of Great Britain and Northern Ireland"
PLAIN_COUNTRIES = {
    "Côte d'Ivoire": "Ivory Coast",
    "Türkiye": "Turkey",
    "Åland Islands": "Aland Islands",
    "Guinea-Bissau": "Guinea Bissau",
    "Bolivia, Plurinational State of": "Bolivia",
}
BRITISH = ("England", "UK", "U.K.", "Great Britain")
SCRIPTS = {"cjk": "草間 彌生", "arabic": "منى حاطوم", "hebrew": "יעל ברתנא"}


def address(**parts: Any) -> Json:
    """A contact's address: what the case is about, and nothing else."""
    return {"address": {"lines": [], **parts}}


# case -> what its contact has beside a plain name and e-mail address
CONTACTS: dict[str, Json] = {
    "1": {"name": "N" * 255},
    "2": {"name": "B" * 254 + "👩‍🎨"},
    "3": {"name": "Minster Yard Ltd", "organisation": True},
    "4": {"name": "", "first_name": "Anahera"},
    "5": {"name": "", "email": "nameless@example.com"},
    "6": {"name": "", "email": None},
    "7": {"name": "Ana 🎨 Ruiz"},
    "8": {"name": "Ana <the painter> Ruiz"},
    "10": {"name": "O'Brien & Söhne"},
    **{f"11-{key}": {"name": name} for key, name in SCRIPTS.items()},
    "14": {"name": "Ana\nRuiz the younger"},
    "16": {"name": "Twice There", "email": "twice@example.com"},
    "17": {"name": "Carla Case"},
    "18": {"name": "Archie Archived"},
    "19": {"name": "Gone Fishing", "archived": True},
    "21": {"name": "Forgotten Person"},
    "22": {"email": None},
    "23": {"email": "foo@"},
    "24": {"email": "müller@bücher.example"},
    "26": {"email": "  spaced@example.com \n"},
    "27": {"email": "a" * 240 + "@b.example.com.x"},
    "28": address(lines=["1 Pall Mall"], country_text=UK),
    **{f"29-{index}": address(country_text=told) for index, told in enumerate(PLAIN_COUNTRIES)},
    **{f"30-{index}": address(country_text=told) for index, told in enumerate(BRITISH)},
    "33": address(lines=["word " * 100 + "X"]),
    "33-most": address(lines=["a" * 501, "b" * 501, "c" * 501, "d" * 501]),
    "34": address(lines=["Flat 5", "The Old Dairy", "Mill Lane", "Upper Slaughter", "near Stow"]),
    "35": address(postcode="P" * 51),
    "37": {"tax_number": " 51 824 753 556 "},
}


def records() -> list[Json]:
    """A contact and its invoice for each case."""
    made = []
    for case, changes in CONTACTS.items():
        contact = make_contact(f"c-{case}", **{"name": f"Case {case}", **changes})
        made += [contact, desk.invoice_for(contact)]
    return made


def prepare(office: Office) -> None:
    """What people had in Xero before."""
    there = office.bench.organisation
    there.add_contact("L" * 263)  # Xero itself has longer names than its documentation allows (C2)
    there.add_contact("Twice There", email="twice@example.com")
    there.add_contact("TWICE  THERE", email="twice@example.com")
    there.add_contact("CARLA CASE", email="c-17@example.com")
    there.archive_contact(there.add_contact("Archie Archived", email="c-18@example.com").id)
    there.change_contact(there.add_contact("Forgotten Person", email="c-21@example.com").id, status="GDPRREQUEST")


@pytest.fixture(scope="module")
async def world(open_world: OpenWorld) -> Office:
    """Every contact of the table with an invoice of its own, synced once."""
    return await open_world(records(), prepare=prepare)


async def contact_of(world: Office, case: str) -> Json:
    """The case's contact there; its invoice must be synced too."""
    await desk.synced(world, "invoice", f"i-{case}")
    return await desk.there_contact(world, f"c-{case}")


async def notes_of(world: Office, case: str) -> str:
    """What a person reads about the case's contact."""
    return desk.notes(await world.entry("contact", f"c-{case}"))


def postal(contact: Mapping[str, Any]) -> Json:
    """The address of a contact there that stands on invoices, without its empty parts."""
    (found,) = [one for one in contact["Addresses"] if one["AddressType"] == "POBOX"]
    return {key: value for key, value in found.items() if value and key != "AddressType"}


async def test_c1_a_name_of_255_characters_goes_as_it_is(world: Office) -> None:
    assert (await contact_of(world, "1"))["Name"] == "N" * 255
    assert "cut" not in await notes_of(world, "1")


async def test_c2_a_longer_name_is_cut_before_the_character_that_does_not_fit(world: Office) -> None:
    assert (await contact_of(world, "2"))["Name"] == "B" * 254
    assert "Name was cut to 255 characters." in await notes_of(world, "2")
    _, kept = await world.get(f"{desk.BASE}/contacts/c-2")
    assert kept["name"] == CONTACTS["2"]["name"]


async def test_c2_a_longer_name_in_xero_stops_no_run(world: Office) -> None:
    assert any(len(contact.name) == 263 for contact in world.bench.ledger.contacts.values())
    await desk.synced(world, "invoice", "i-1")  # its contact was matched with all that stood there


async def test_c3_an_organisation_goes_without_a_person(world: Office) -> None:
    there = await contact_of(world, "3")
    assert (there["Name"], there["FirstName"], there["LastName"]) == ("Minster Yard Ltd", "", "")


async def test_c4_a_first_name_alone_is_a_name(world: Office) -> None:
    there = await contact_of(world, "4")
    assert (there["Name"], there["FirstName"]) == ("Anahera", "Anahera")


async def test_c5_without_a_name_the_email_address_is_the_name_and_it_says_so(world: Office) -> None:
    there = await contact_of(world, "5")
    assert (there["Name"], there["EmailAddress"]) == ("nameless@example.com", "nameless@example.com")
    assert "It has no name: its e-mail address stands as its name." in await notes_of(world, "5")


async def test_c6_nothing_at_all_is_held(world: Office) -> None:
    entry = await desk.held(world, "i-6", "contact_empty")
    assert "name" in entry["remedy"]


async def test_c7_an_emoji_in_a_name_goes_as_it_is(world: Office) -> None:
    assert (await contact_of(world, "7"))["Name"] == "Ana 🎨 Ruiz"


async def test_c8_angle_brackets_in_a_name_are_replaced_and_noted(world: Office) -> None:
    assert (await contact_of(world, "8"))["Name"] == "Ana ‹the painter› Ruiz"
    assert "Its name is sent as “Ana ‹the painter› Ruiz”." in await notes_of(world, "8")


async def test_c10_apostrophe_ampersand_and_umlaut_are_not_escaped(world: Office) -> None:
    assert (await contact_of(world, "10"))["Name"] == "O'Brien & Söhne"


@pytest.mark.parametrize("script", SCRIPTS)
async def test_c11_any_script_arrives_byte_for_byte(world: Office, script: str) -> None:
    there = await contact_of(world, f"11-{script}")
    assert there["Name"].encode() == SCRIPTS[script].encode()


async def test_c14_a_newline_in_a_name_becomes_a_space_and_is_noted(world: Office) -> None:
    assert (await contact_of(world, "14"))["Name"] == "Ana Ruiz the younger"
    assert "Its name is sent as “Ana Ruiz the younger”." in await notes_of(world, "14")


async def test_c16_two_active_contacts_of_one_name_and_email_are_listed_and_held(world: Office) -> None:
    entry = await desk.held(world, "i-16", "duplicate_contact")
    assert "Twice There <twice@example.com>" in entry["message"]
    assert "TWICE  THERE <twice@example.com>" in entry["message"]
    assert len(world.bench.ledger.contacts_named("Twice There")) == 1  # none was made


async def test_c17_names_that_differ_in_case_only_are_one_contact(world: Office) -> None:
    there = await contact_of(world, "17")
    assert (there["Name"], there.get("ContactNumber")) == ("CARLA CASE", None)  # linked, and not changed by that
    assert len(world.bench.ledger.contacts_named("Carla Case")) == 1


async def test_c18_a_contact_archived_in_xero_is_held(world: Office) -> None:
    entry = await desk.held(world, "i-18", "contact_archived")
    assert "estore" in entry["remedy"]
    assert "link" in entry["remedy"]


async def test_c19_a_contact_archived_in_the_gallery_is_held(world: Office) -> None:
    entry = await desk.held(world, "i-19", "contact_archived_source")
    assert "Gone Fishing" in entry["message"]


async def test_c21_a_contact_deleted_by_gdpr_request_is_held(world: Office) -> None:
    await desk.held(world, "i-21", "contact_archived")
    assert len(world.bench.ledger.contacts_named("Forgotten Person")) == 1  # nobody is made anew


async def test_c22_no_email_address_is_fine(world: Office) -> None:
    assert (await contact_of(world, "22"))["EmailAddress"] == ""
    assert "e-mail" not in await notes_of(world, "22")


async def assert_left_out(world: Office, case: str, why: str) -> None:
    """The contact stands there without its e-mail address, and a note says why."""
    assert (await contact_of(world, case))["EmailAddress"] == ""
    assert f"The e-mail address was left out: {why}" in await notes_of(world, case)


async def test_c23_half_an_email_address_is_left_out_and_noted(world: Office) -> None:
    await assert_left_out(world, "23", "there must be something after the @-sign")


async def test_c24_an_email_address_with_umlauts_is_left_out_and_noted(world: Office) -> None:
    await assert_left_out(world, "24", "it has characters that Xero does not take")


async def test_c27_an_email_address_of_256_characters_is_left_out_and_noted(world: Office) -> None:
    assert len(CONTACTS["27"]["email"]) == 256
    await assert_left_out(world, "27", "it is longer than 255 characters")


async def test_c26_blanks_around_an_email_address_are_trimmed(world: Office) -> None:
    assert (await contact_of(world, "26"))["EmailAddress"] == "spaced@example.com"


async def test_c28_the_long_name_of_the_united_kingdom_goes_short_and_is_noted(world: Office) -> None:
    assert postal(await contact_of(world, "28")) == {"AddressLine1": "1 Pall Mall", "Country": "United Kingdom"}
    assert f"The country “{UK}” is sent as “United Kingdom”." in await notes_of(world, "28")


@pytest.mark.parametrize(("index", "told"), list(enumerate(PLAIN_COUNTRIES)))
async def test_c29_countries_with_other_letters_go_by_a_plain_name(world: Office, index: int, told: str) -> None:
    assert postal(await contact_of(world, f"29-{index}")) == {"Country": PLAIN_COUNTRIES[told]}
    assert f"The country “{told}” is sent as “{PLAIN_COUNTRIES[told]}”." in await notes_of(world, f"29-{index}")


@pytest.mark.parametrize(("index", "told"), list(enumerate(BRITISH)))
async def test_c30_every_way_to_say_great_britain_is_known(world: Office, index: int, told: str) -> None:
    assert postal(await contact_of(world, f"30-{index}")) == {"Country": "United Kingdom"}


async def test_c33_a_long_address_line_runs_over_into_the_next_and_is_noted(world: Office) -> None:
    there = postal(await contact_of(world, "33"))
    assert there == {"AddressLine1": ("word " * 100).rstrip(), "AddressLine2": "X"}
    assert "laid out anew" in await notes_of(world, "33")


async def test_c33_what_four_lines_cannot_hold_is_cut_at_the_end_and_noted(world: Office) -> None:
    there = postal(await contact_of(world, "33-most"))
    assert list(there) == [f"AddressLine{index}" for index in range(1, 5)]
    assert (there["AddressLine1"], there["AddressLine2"], there["AddressLine3"]) == ("a" * 500, "a", "b" * 500)
    assert (len(there["AddressLine4"]), there["AddressLine4"][:4]) == (500, "b, c")
    assert "The address was cut: Xero takes 4 lines of 500 characters." in await notes_of(world, "33-most")


async def test_c34_five_address_lines_share_four(world: Office) -> None:
    assert list(postal(await contact_of(world, "34")).values()) == [
        "Flat 5",
        "The Old Dairy",
        "Mill Lane",
        "Upper Slaughter, near Stow",
    ]
    assert "laid out anew" in await notes_of(world, "34")


async def test_c35_a_postcode_of_51_characters_is_held(world: Office) -> None:
    entry = await desk.held(world, "i-35", "address")
    assert "postcode" in entry["message"]


async def test_c37_a_tax_number_goes_without_spaces(world: Office) -> None:
    assert (await contact_of(world, "37"))["TaxNumber"] == "51824753556"


async def test_no_contact_of_the_table_stopped_another(world: Office) -> None:
    _, found = await world.get(world.path)
    stopped = {"6", "16", "18", "19", "21", "35"}
    counts = found["counts"]["invoice"]
    assert counts == {"synced": len(CONTACTS) - len(stopped), "held": len(stopped)}
