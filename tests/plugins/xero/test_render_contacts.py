"""What is sent for a contact, and what holds it: DOMAIN 5.1."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hub import Refused, Remote, RemoteId
from plugins.xero.webservice import Xero
from tests.plugins.xero.builders import (
    TAG,
    draft_of,
    held_of,
    make_book,
    make_contact,
    make_invoice,
)

D = Decimal


# -- contacts


def test_c1_and_c2_names_fit_on_the_edge_of_a_visible_character() -> None:
    assert draft_of(make_contact(name="x" * 255)).body["Name"] == "x" * 255
    flag = "\U0001f1e6\U0001f1fa"
    draft = draft_of(make_contact(name="x" * 253 + flag))
    assert draft.body["Name"] == "x" * 253
    assert any("cut" in note for note in draft.notes)


def test_c4_and_c5_a_name_is_found_where_there_is_one() -> None:
    assert draft_of(make_contact(name="", first_name="Ana")).body["Name"] == "Ana"
    assert draft_of(make_contact(name=" ")).body["Name"] == "ana@example.com"


REFUSED = Refused(code="refused", message="Xero refuses it: “no such characters”.", remedy="Rename it.")


@pytest.mark.parametrize(
    ("name", "plainer"),
    [
        ("Ana 🎨 Ruiz", "Ana Ruiz"),
        ("👩🏽‍🎨Ana", "Ana"),
        ("🏴󠁧󠁢󠁳󠁣󠁴󠁿 Studio 1️⃣", "Studio 1"),
        ("Ana ❤️ Ruiz ☕", "Ana Ruiz"),
        ("草間 🎨 彌生", "草間 彌生"),
    ],
)
def test_c7_a_refused_name_is_softened_by_its_emoji_alone(name: str, plainer: str) -> None:
    draft = draft_of(make_contact(name=name))
    assert draft.body["Name"] == name
    softer = Xero.soften(draft, REFUSED)
    assert softer is not None
    assert (softer.body["Name"], softer.number) == (plainer, draft.number)
    assert any(name in note for note in softer.notes)


@pytest.mark.parametrize(("name", "code"), [("Ana Ruiz", "refused"), ("🎨", "refused"), ("Ana 🎨", "email_invalid")])
def test_c7_nothing_is_softened_without_emoji_without_a_name_or_for_another_fault(name: str, code: str) -> None:
    refused = Refused(code=code, message="Xero refuses it.", remedy="Correct it.")
    assert Xero.soften(draft_of(make_contact(name=name, email="ana@example.com")), refused) is None


def test_c7_a_refused_invoice_is_never_softened() -> None:
    assert Xero.soften(draft_of(make_invoice()), REFUSED) is None


@pytest.mark.parametrize("name", ["  Ana  Ruiz ", "O'Brien & Söhne", "Rene\u0301e"])
def test_c26_blanks_and_composed_accents_are_no_change_worth_a_note(name: str) -> None:
    assert draft_of(make_contact(name=name)).notes == ()


def test_c6_a_contact_without_anything_is_held() -> None:
    assert held_of(make_contact(name="", email=None)).code == "contact_empty"


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("Ana 🎨 Ruiz", "Ana 🎨 Ruiz"),
        ("A <b> C", "A ‹b› C"),
        ("O'Brien & Söhne", "O'Brien & Söhne"),
        ("山田 太郎", "山田 太郎"),
        ("עדי لين", "עדי لين"),
        (" Ana\r\n  Ruiz\t", "Ana Ruiz"),
        ("A\x00na\x1b", "Ana"),
    ],
)
def test_c7_to_c14_names_go_as_they_are_or_nearly(name: str, there: str) -> None:
    assert draft_of(make_contact(name=name)).body["Name"] == there


def test_c19_a_contact_archived_in_the_gallery_is_held_with_its_invoice() -> None:
    gone = make_contact(archived=True)
    assert held_of(gone).code == "contact_archived_source"
    assert held_of(make_invoice(), contact=gone).code == "contact_archived_source"


@pytest.mark.parametrize("email", ["foo@", "müller@bücher.example", "a b@example.com", "x" * 250 + "@example.com"])
def test_c23_c24_c27_a_bad_email_is_left_out_or_held(email: str) -> None:
    contact = make_contact(email=email)
    draft = draft_of(contact)
    assert "EmailAddress" not in draft.body
    assert any("e-mail" in note for note in draft.notes)
    held = held_of(contact, make_book(settings={"bad_email": "hold"}))
    assert held.code == "email_invalid"
    assert "Ana Ruiz" in held.message


def test_c22_c26_an_email_is_trimmed_and_may_be_missing() -> None:
    assert draft_of(make_contact(email=" ana@example.test ")).body["EmailAddress"] == "ana@example.test"
    assert "EmailAddress" not in draft_of(make_contact(email=None)).body


def address(**changes: Any) -> dict[str, Any]:
    draft = draft_of(make_contact(address=changes))
    (found,) = draft.body["Addresses"]
    return dict(found)


@pytest.mark.parametrize(
    ("told", "there"),
    [
        ({"country_text": "United Kingdom of Great Britain and Northern Ireland"}, "United Kingdom"),
        ({"country_text": "Côte d'Ivoire"}, "Ivory Coast"),
        ({"country_text": "Türkiye"}, "Turkey"),
        ({"country_text": "Åland Islands"}, "Aland Islands"),
        ({"country_text": "Guinea-Bissau"}, "Guinea Bissau"),
        ({"country_text": "Bolivia, Plurinational State of"}, "Bolivia"),
        ({"country_text": "England"}, "United Kingdom"),
        ({"country_text": "U.K."}, "United Kingdom"),
        ({"country_text": "Great Britain"}, "United Kingdom"),
        ({"country": "GB"}, "United Kingdom"),
        ({"country": "AU", "country_text": "Oz"}, "Australia"),
    ],
)
def test_c28_to_c30_countries_go_by_their_short_plain_names(told: dict[str, str], there: str) -> None:
    assert address(lines=["x"], **told)["Country"] == there


def test_an_unknown_country_is_left_out_and_said() -> None:
    draft = draft_of(make_contact(address={"lines": ["x"], "country_text": "Atlantis"}))
    assert "Country" not in draft.body["Addresses"][0]
    assert any("Atlantis" in note for note in draft.notes)


def test_c33_a_long_address_line_runs_over_into_the_next() -> None:
    found = address(lines=["x" * 501])
    assert [len(found["AddressLine1"]), len(found["AddressLine2"])] == [500, 1]


def test_c34_more_than_four_lines_share_the_last() -> None:
    assert address(lines=["1", "2", "3", "4", "5"])["AddressLine4"] == "4, 5"


def test_c35_a_postcode_that_is_too_long_holds_the_contact() -> None:
    assert held_of(make_contact(address={"postcode": "9" * 51})).code == "address"


def test_c37_tax_numbers_lose_their_spaces_and_phones_are_split() -> None:
    body = draft_of(make_contact(tax_number="51 824 753 556", phone="(02) 5550 0123")).body
    assert body["TaxNumber"] == "51824753556"
    assert body["Phones"] == [{"PhoneType": "DEFAULT", "PhoneCountryCode": "61", "PhoneNumber": "255500123"}]
    assert draft_of(make_contact(phone="ext 7")).body["Phones"] == [{"PhoneType": "DEFAULT", "PhoneNumber": "ext 7"}]


def test_contact_numbers_bear_the_tag_and_fit() -> None:
    book = make_book()
    assert Xero.number("contact", "c-7", book) == f"{TAG}-c-7"
    long = Xero.number("contact", "x" * 50, book)
    assert len(long) <= 50
    assert long != Xero.number("contact", "x" * 49 + "y", book)


def test_a_suffix_comes_only_when_it_was_asked_for_and_then_stays() -> None:
    assert draft_of(make_contact()).body["Name"] == "Ana Ruiz"
    assert draft_of(make_contact(), distinct=True).body["Name"] == "Ana Ruiz (c-7)"
    stands = Remote(id=RemoteId("r"), name="ANA RUIZ (c-7)")
    assert draft_of(make_contact(), remote=stands).body["Name"] == "Ana Ruiz (c-7)"
