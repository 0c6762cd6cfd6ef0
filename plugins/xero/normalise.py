"""Texts as Xero takes them: names, descriptions, e-mail addresses, phones, addresses. Pure; says what it changed."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache
from urllib.parse import urlsplit

import msgspec
import phonenumbers
from email_validator import EmailNotValidError, validate_email

from hub import Address
from plugins.xero.countries import country_name, find_country
from plugins.xero.fields import FIELDS, MOST_ADDRESS_LINES

_TAGS = "a|b|br|div|em|font|h[1-6]|hr|i|img|li|ol|p|small|span|strong|sub|sup|table|tbody|td|th|tr|u|ul"
_TAG = re.compile(rf"</?(?:{_TAGS})(?:\s[^<>]*)?/?>", re.IGNORECASE)
_BREAK = re.compile(r"<br\s*/?>|</(?:p|div|li|tr|h[1-6])\s*>", re.IGNORECASE)
_ANGLES = str.maketrans({"<": "‹", ">": "›"})  # Xero fails silently on < and > in names (DOMAIN C8)
_SPACES = re.compile(r"[^\S\n]+")
_ELLIPSIS = "…"
_ZERO_WIDTH_JOINER = "\u200d"


class AddressFault(msgspec.Struct, frozen=True, kw_only=True):
    """An address that cannot be sent, and why, in one sentence."""

    message: str


def _clean(text: str) -> str:
    """NFC, line ends as ``\\n``, no control characters, no halves of surrogate pairs, no non-characters."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))
    text = text.replace("\u2028", "\n").replace("\u2029", "\n").replace("\x0b", "\n").replace("\x0c", "\n")
    if text.isascii() and text.isprintable():
        return text
    return "".join(c for c in text if c == "\n" or (unicodedata.category(c) not in ("Cc", "Cs") and not _is_nothing(c)))


def _is_nothing(char: str) -> bool:
    return ord(char) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(char) <= 0xFDEF


def clean_line(text: str | None) -> str:
    """One line of text: cleaned, trimmed, any run of space as one space, angle brackets as ``‹`` and ``›``."""
    return " ".join(_clean(text or "").translate(_ANGLES).split())


def is_same_line(text: str, cleaned: str) -> bool:
    """Whether *cleaned* is *text* but for plain blanks around and between its words, and composed accents."""
    return " ".join(part for part in unicodedata.normalize("NFC", text).split(" ") if part) == cleaned


def clean_text(text: str | None) -> str:
    """Text of several lines: without HTML, cleaned, trimmed, with at most one empty line in a row."""
    text = text or ""
    if _TAG.search(text):
        text = html.unescape(_TAG.sub("", _BREAK.sub("\n", text)))
    text = _SPACES.sub(" ", _clean(text).translate(_ANGLES))
    text = "\n".join(line.strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def strip_symbols(text: str) -> str:
    """One line without emoji and other symbols, nor the joiners, selectors and skin tones that belong to them."""
    kept = "".join(char for char in text if unicodedata.category(char) != "So" and not _is_emoji_part(char))
    return " ".join(kept.split())


def _is_emoji_part(char: str) -> bool:
    point = ord(char)
    return point in (0x200D, 0xFE0F, 0x20E3) or 0x1F3FB <= point <= 0x1F3FF or 0xE0020 <= point <= 0xE007F


def text_length(text: str) -> int:
    """Length as .NET counts it, in UTF-16 units: an emoji counts two."""
    return len(text) + sum(1 for char in text if ord(char) > 0xFFFF)


def cut_text(text: str, most: int, *, end: str = "") -> str:
    """*text* in at most *most* units, never cut inside a visible character; *end* marks that something went."""
    if text_length(text) <= most:
        return text
    room, kept, used = most - text_length(end), 0, 0
    for index, char in enumerate(text):
        if not _continues(text, index):
            kept = index
        used += 2 if ord(char) > 0xFFFF else 1
        if used > room:
            break
    return text[:kept].rstrip() + end


def _continues(text: str, index: int) -> bool:
    """Whether the character at *index* belongs to the visible character before it."""
    if index == 0:
        return False
    char, before = text[index], text[index - 1]
    if _ZERO_WIDTH_JOINER in (char, before) or unicodedata.category(char) in ("Mn", "Me", "Mc"):
        return True
    if 0x1F3FB <= ord(char) <= 0x1F3FF:  # skin tones
        return True
    if 0x1F1E6 <= ord(char) <= 0x1F1FF:  # flags are pairs of regional indicators
        pairs = 0
        while pairs < index and 0x1F1E6 <= ord(text[index - 1 - pairs]) <= 0x1F1FF:
            pairs += 1
        return pairs % 2 == 1
    return 0xE0020 <= ord(char) <= 0xE007F  # tags of subdivision flags


def fit(field: str, text: str) -> tuple[str | None, str | None]:
    """*text* within the limit of *field* (a key of `FIELDS`), and a note when it changed; None where it must not go."""
    rule = FIELDS[field]
    if text_length(text) <= rule.most:
        return text, None
    name = field.split(".")[1]
    if rule.too_long == "cut":
        end = _ELLIPSIS if field == "LineItem.Description" else ""
        return cut_text(text, rule.most, end=end), f"{name} was cut to {rule.most} characters."
    return None, f"{name} was left out: Xero takes at most {rule.most} characters."


@lru_cache(maxsize=1024)  # a contact is looked at again with each of its invoices
def parse_email(text: str | None) -> tuple[str | None, str | None]:
    """An address that Xero takes, or None and what is wrong with it; (None, None) when there is none."""
    address = (text or "").strip()
    if not address:
        return None, None
    if not address.isascii():  # "umlauts are not supported", FACTS 4.11
        return None, "it has characters that Xero does not take"
    if len(address) > FIELDS["Contact.EmailAddress"].most:
        return None, f"it is longer than {FIELDS['Contact.EmailAddress'].most} characters"
    try:
        validate_email(address, check_deliverability=False, allow_smtputf8=False, test_environment=True)
    except EmailNotValidError as error:
        why = str(error).partition(". ")[0].rstrip(".")
        return None, why[:1].lower() + why[1:]
    return address, None


def parse_phone(text: str | None, country: str | None) -> dict[str, str] | None:
    """A phone as Xero's parts, read as a number of *country* (alpha-2) when it has no country code; None: none."""
    plain = clean_line(text)
    if not plain:
        return None
    try:
        number = phonenumbers.parse(plain, country)
    except phonenumbers.NumberParseException:
        return {"PhoneNumber": plain} if len(plain) <= FIELDS["Phone.PhoneNumber"].most else None
    if not phonenumbers.is_possible_number(number):
        return {"PhoneNumber": plain} if len(plain) <= FIELDS["Phone.PhoneNumber"].most else None
    national = phonenumbers.national_significant_number(number)
    if number.extension:
        national += f" x{number.extension}"
    return {"PhoneCountryCode": str(number.country_code), "PhoneNumber": national}


def clean_tax_number(text: str | None) -> str:
    """A tax number without spaces: ``51 824 753 556`` and ``51824753556`` are one."""
    return "".join(clean_line(text).split())


def clean_url(text: str | None) -> str | None:
    """The address if it may go: absolute https, and without the word "xero" in it (FACTS 4.1); else None."""
    url = (text or "").strip()
    if not url or "xero" in url.casefold() or any(char.isspace() for char in url) or not url.isascii():
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme != "https" or not host:
        return None
    return url if len(url) <= FIELDS["Invoice.Url"].most else None


def render_address(address: Address | None) -> tuple[dict[str, str], tuple[str, ...]] | AddressFault:
    """The address as Xero's parts (without its type), with notes; empty when there is nothing in it."""
    if address is None:
        return {}, ()
    notes: list[str] = []
    parts: dict[str, str] = {}
    for index, line in enumerate(_wrap_lines(address, notes), start=1):
        parts[f"AddressLine{index}"] = line
    for key, value in (("City", address.city), ("Region", address.region)):
        text, note = fit(f"Address.{key}", clean_line(value))
        if text:
            parts[key] = text
        if note:
            notes.append(note)
    postcode, note = fit("Address.PostalCode", clean_line(address.postcode))
    if note:
        return AddressFault(message=f"The postcode is longer than {FIELDS['Address.PostalCode'].most} characters.")
    if postcode:
        parts["PostalCode"] = postcode
    code = find_country(address.country, address.country_text)
    if code:
        parts["Country"] = country_name(code)
    told = clean_line(address.country_text) or clean_line(address.country)
    if told and not code:
        notes.append(f"The country “{cut_text(told, 60, end=_ELLIPSIS)}” is not known and was left out.")
    elif told and code and told not in (parts["Country"], code):
        notes.append(f"The country “{cut_text(told, 60, end=_ELLIPSIS)}” is sent as “{parts['Country']}”.")
    return parts, tuple(notes)


def _wrap_lines(address: Address, notes: list[str]) -> list[str]:
    """At most four lines: a long one runs over into the next, more than four share the last, which is cut."""
    most = FIELDS["Address.AddressLine"].most
    given = [line for part in address.lines if (line := clean_line(part))]
    lines = [line for part in given for line in _wrap(part, most) if line]
    if len(lines) > MOST_ADDRESS_LINES:
        rest = ", ".join(lines[MOST_ADDRESS_LINES - 1 :])
        lines = [*lines[: MOST_ADDRESS_LINES - 1], cut_text(rest, most)]
        if text_length(rest) > most:
            notes.append(f"The address was cut: Xero takes {MOST_ADDRESS_LINES} lines of {most} characters.")
            return lines
    if lines != given:
        notes.append(f"The address was laid out anew: Xero takes {MOST_ADDRESS_LINES} lines of {most} characters.")
    return lines


def _wrap(line: str, most: int) -> list[str]:
    lines = []
    while text_length(line) > most:
        head = cut_text(line, most)
        space = head.rfind(" ")
        if line[len(head)] != " " and space > most // 2:
            head = head[:space]
        if not head:
            break
        lines.append(head)
        line = line[len(head) :].lstrip()
    return [*lines, line]
