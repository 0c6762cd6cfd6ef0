"""The contacts: 170 persons, 60 firms and 30 artists, from six parts of the world in fixed shares."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import count

from hub.testing.year import words
from hub.testing.year.dice import Dice, shuffled
from hub.testing.year.values import Record

QUOTAS = {"AU": 156, "NZ": 26, "GB": 26, "US": 26, "EU": 16, "JP": 4, "SG": 3, "HK": 2, "KR": 1}  # of 260
FIRMS = {"AU": 36, "NZ": 6, "GB": 6, "US": 6, "EU": 4, "JP": 1, "SG": 1}  # of 60
ARTISTS = 30  # all in Australia: they pay the fees of the artist portal
SPECIAL = ("uk_long_1", "uk_long_2", "bad_email", "archived", "duplicate_1", "duplicate_2", "late")


def contacts(seed: str) -> list[Record]:
    """All contacts: ``c-001`` .. ``c-230`` (persons and firms, mixed) and ``artist-01`` .. ``artist-30``."""
    homes = shuffled(seed, "homes", [f"{country}-{n}" for country, share in QUOTAS.items() for n in range(share)])
    homes = [home for home in homes if not (home.startswith("AU-") and int(home[3:]) < ARTISTS)]
    firms = {f"{country}-{QUOTAS[country] - 1 - n}" for country, share in FIRMS.items() for n in range(share)}
    person_names = {country: _person_names(seed, country) for country in QUOTAS}
    firm_names = iter(shuffled(seed, "firms", [f"{a} {b}" for a in words.FIRM_NAMES for b in words.FIRM_KINDS]))
    persons = count(1)
    made = []
    for number, home in enumerate(homes, 1):
        country = home.split("-")[0]
        dice = Dice(seed, "contact", number)
        if home in firms:
            made.append(_firm(dice, number, country, next(firm_names)))
        else:
            first, last = next(person_names[country])
            odd = words.ODD_NAMES.get(next(persons))
            names = odd or (f"{first} {last}", first, last)
            made.append(_person(dice, f"c-{number:03d}", country, names))
    for number, artist in enumerate(words.ARTISTS[:ARTISTS], 1):
        first, _, last = artist.partition(" ")
        made.append(_person(Dice(seed, "artist", number), f"artist-{number:02d}", "AU", (artist, first, last)))
    return _with_specials(made)


def country_of(contact: Record) -> str:
    """The country a contact lives in, also where somebody typed its name instead of choosing it."""
    address = contact["address"]
    if address["country"]:
        return str(address["country"])
    typed = address["country_text"]
    return next((code for code, texts in words.COUNTRY_TEXTS.items() if typed in texts), "GB")


def special_ids(made: list[Record]) -> dict[str, str]:
    """The contacts that carry a problem (or, ``late``, arrive late): one invoice each, by what is odd about them."""
    british = [c["id"] for c in made if c["address"]["country_text"] == words.UK_LONG]
    plain = [c["id"] for c in made if _is_plain(c)]
    odd = [c["id"] for c in made if c["email"] == "foo@"]
    return dict(zip(SPECIAL, [*british, *odd, *plain[-4:]], strict=True))


def _is_plain(contact: Record) -> bool:
    return not contact["organisation"] and contact["address"]["country"] == "AU" and contact["id"].startswith("c-")


def _person_names(seed: str, country: str) -> Iterator[tuple[str, str]]:
    pairs = [f"{first}|{last}" for first in words.FIRST[country] for last in words.LAST[country]]
    return ((first, last) for first, _, last in (pair.partition("|") for pair in shuffled(seed, "names", pairs)))


def _person(dice: Dice, contact_id: str, country: str, names: tuple[str, str, str]) -> Record:
    name, first, last = names
    email = f"{_slug(name) or contact_id}@example.com"
    return _contact(dice, contact_id, country, {"name": name, "first_name": first, "last_name": last, "email": email})


def _firm(dice: Dice, number: int, country: str, name: str) -> Record:
    tax_number = f"{dice.between('abn', 10, 99)} 000 {dice.between('abn2', 100, 999)} 000" if country == "AU" else None
    return _contact(
        dice,
        f"c-{number:03d}",
        country,
        {"name": name, "organisation": True, "email": f"accounts@{_slug(name)}.test", "tax_number": tax_number},
    )


def _contact(dice: Dice, contact_id: str, country: str, given: Record) -> Record:
    if country == "EU":
        country = dice.choose("country", words.EU)
    if dice.below("no email", 20) == 0:
        given = {**given, "email": None}
    elif dice.below("blanks", 40) == 0:
        given = {**given, "email": f" {given['email']} "}
    return {
        "type": "contact",
        "id": contact_id,
        "first_name": None,
        "last_name": None,
        "organisation": False,
        "phone": _phone(dice, country),
        "tax_number": None,
        "tax_exempt": False,
        "archived": False,
        "address": _address(dice, country),
        **given,
    }


def _address(dice: Dice, country: str) -> Record:
    city, region, postcode = dice.choose("city", words.PLACES[country])
    lines = [f"{dice.between('street number', 1, 240)} {dice.choose('street', words.STREETS)}"]
    if dice.below("unit", 4) == 0:
        lines.insert(0, f"Unit {dice.between('unit number', 1, 60)}")
    texts = words.COUNTRY_TEXTS.get(country, ())
    typed = dice.choose("country text", texts) if texts and dice.below("typed", 3) == 0 else None
    return {
        "lines": lines,
        "city": city,
        "region": region or None,
        "postcode": postcode or None,
        "country": None if typed else country,
        "country_text": typed,
    }


def _phone(dice: Dice, country: str) -> str | None:
    number = dice.below("phone", 1000)
    match country:
        case "AU":
            return f"+61 2 5550 {number:04d}"
        case "GB":
            return f"+44 20 7946 {number:04d}"
        case "US":
            return f"+1 212 555 {100 + number % 100:04d}"
        case "DE":
            return f"+49 30 23125 {number:03d}"
    return None


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    return ".".join("".join(c if c.isalnum() else " " for c in plain).split())


def _with_specials(made: list[Record]) -> list[Record]:
    """Two British contacts get the long country name; one Australian a broken e-mail; the last four a sound one."""
    british = [c["id"] for c in made if c["address"]["country"] == "GB"][:2]
    plain = [c["id"] for c in made if _is_plain(c)]
    return [_special(contact, british, plain[-5], plain[-4:]) for contact in made]


def _special(contact: Record, british: list[str], bad: str, sound: list[str]) -> Record:
    if contact["id"] in british:
        return {**contact, "address": {**contact["address"], "country": None, "country_text": words.UK_LONG}}
    if contact["id"] == bad:
        return {**contact, "email": "foo@"}
    if contact["id"] in sound:
        return {**contact, "email": f"{_slug(contact['name'])}@example.com"}
    return contact
