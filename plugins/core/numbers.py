"""The exclude filter by invoice number: listed numbers, or a range that counts as people do (9 before 10)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from hub import Fault, Invoice
from plugins.core.arguments import (
    Arguments,
    any_of,
    check_names,
    check_range,
    check_values,
    end_properties,
    range_words,
    values_property,
)


class Number(NamedTuple):
    """An invoice number taken apart: what stands before its first digit, and the rest as comparable parts."""

    prefix: str
    parts: tuple[tuple[int, int, str], ...]


def parse_number(text: str) -> Number:
    """Take *text* apart: ``INV-0012/b`` -> prefix ``inv-``, parts 12 and ``/b``. No parts when it has no digit."""
    plain = text.strip().casefold()
    prefix, rest = re.fullmatch(r"([^0-9]*)(.*)", plain, re.DOTALL).groups()  # type: ignore[union-attr] # fits any text
    parts = re.findall(r"[0-9]+|[^0-9]+", rest)
    return Number(prefix, tuple((0, int(part), "") if part[0] in "0123456789" else (1, 0, part) for part in parts))


class NumberFilter:
    """By the gallery's invoice number.

    Digits are compared as numbers, the rest as text without capitals. A prefix may be left out on either side and
    may have the webservice's own before it: ``1234``, ``INV-1234`` and ``AG-INV-1234`` mean one invoice, ``INV-1234``
    and ``CN-1234`` two. ``to`` takes in what goes on behind it: up to ``1999`` has ``1999-2``, up to ``2024`` has
    ``2024/118``. A number without any digit is in no range, but can be listed.
    """

    key = "number"
    label = "Invoice number"
    help = "Leave out invoices with these numbers, or numbers from and to (both included; a prefix may be left out)."
    schema: Mapping[str, Any] = {
        "type": "object",
        "properties": {"values": values_property(), **end_properties()},
        "anyOf": [{"required": ["values"]}, {"required": ["from"]}, {"required": ["to"]}],
        "additionalProperties": False,
    }

    def check(self, arguments: Arguments) -> list[Fault]:
        """Faults of *arguments*: unknown names, both ways at once, neither, ends without a digit or the wrong way."""
        faults = check_names(arguments, ("values", "from", "to"))
        has_ends = arguments.get("from") is not None or arguments.get("to") is not None
        if arguments.get("values") is None:
            return [*faults, *(check_range(arguments, _read_end) if has_ends else [_NEITHER])]
        if has_ends:
            faults.append(Fault("values", "cannot stand beside from and to: make two rules of it"))
        return [*faults, *check_values(arguments, lambda _: None)]

    def matches(self, invoice: Invoice, arguments: Arguments) -> bool:
        """Whether its number is listed, or lies in the range."""
        number = parse_number(invoice.number)
        if arguments.get("values") is not None:
            return any(_is_same(number, parse_number(value)) for value in arguments["values"])
        return bool(number.parts) and _is_within(number, arguments.get("from"), arguments.get("to"))

    def describe(self, arguments: Arguments) -> str:
        """Such as ``invoice number from 1000 to 1999``."""
        if arguments.get("values") is not None:
            return f"invoice number is {any_of(arguments['values'])}"
        return f"invoice number {range_words(arguments)}"


_NEITHER = Fault("", "needs values, or from, to or both")


def _read_end(text: str) -> tuple[tuple[int, int, str], ...]:
    parts = parse_number(text).parts
    if not parts:
        raise ValueError(f"{text!r} has no digit to count from")
    return parts


def _has_same_prefix(one: Number, other: Number) -> bool:
    return one.prefix.endswith(other.prefix) or other.prefix.endswith(one.prefix)


def _is_same(one: Number, other: Number) -> bool:
    if not one.parts or not other.parts:
        return one == other
    return one.parts == other.parts and _has_same_prefix(one, other)


def _is_within(number: Number, start: str | None, end: str | None) -> bool:
    if start is not None:
        first = parse_number(start)
        if number.parts < first.parts or not _has_same_prefix(number, first):
            return False
    if end is not None:
        last = parse_number(end)
        if number.parts[: len(last.parts)] > last.parts or not _has_same_prefix(number, last):
            return False
    return True
