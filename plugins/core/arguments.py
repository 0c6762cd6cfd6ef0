"""The arguments of exclude filters as people save them: checked, read, compared, put into words.

They are either ``values`` (a list of texts), or ``from`` and ``to`` (texts, both included, one may be left out).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from hub import Fault

Arguments = Mapping[str, Any]

MOST_VALUES = 1000
LONGEST_VALUE = 255

DATE_PATTERN = r"^\d{4}-\d\d-\d\d$"
AMOUNT_PATTERN = r"^-?\d{1,20}(\.\d{1,10})?$"


def values_property(allowed: tuple[str, ...] = (), pattern: str | None = None) -> dict[str, Any]:
    """The JSON Schema of ``values``: texts, *allowed* ones or of a *pattern* where that is given."""
    item: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": LONGEST_VALUE}
    if allowed:
        item = {"type": "string", "enum": list(allowed)}
    elif pattern:
        item = {"type": "string", "pattern": pattern}
    return {"type": "array", "items": item, "minItems": 1, "maxItems": MOST_VALUES}


def end_properties(**more: Any) -> dict[str, Any]:
    """The JSON Schemas of ``from`` and ``to``, both included."""
    text = {"type": ["string", "null"], "maxLength": LONGEST_VALUE, **more}
    return {"from": {**text, "title": "From"}, "to": {**text, "title": "To"}}


def values_schema(allowed: tuple[str, ...] = (), pattern: str | None = None) -> dict[str, Any]:
    """The JSON Schema of the arguments of a rule by values."""
    listed = {"values": values_property(allowed, pattern)}
    return {"type": "object", "properties": listed, "required": ["values"], "additionalProperties": False}


def range_schema(**more: Any) -> dict[str, Any]:
    """The JSON Schema of the arguments of a rule with ends, of which one may be left out."""
    ends = end_properties(**more)
    needs = [{"required": ["from"]}, {"required": ["to"]}]
    return {"type": "object", "properties": ends, "anyOf": needs, "additionalProperties": False}


def plain(value: str) -> str:
    """How texts are compared: without outer blanks and capitals."""
    return value.strip().casefold()


def read_date(text: str) -> date:
    """A day from ``2026-03-31``; raises ValueError with the words for people."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):  # Python reads more forms than people should write
        raise ValueError(f"{text!r} is no date like 2026-03-31")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no day of the calendar") from None


def read_amount(text: str) -> Decimal:
    """An exact amount from ``100.00``; raises ValueError with the words for people."""
    if not re.fullmatch(r"-?\d{1,20}(\.\d{1,10})?", text, re.ASCII):
        raise ValueError(f"{text!r} is no amount like 100.00")
    return Decimal(text)


def check_names(arguments: Arguments, known: tuple[str, ...]) -> list[Fault]:
    """A fault for each argument that is not *known*."""
    return [Fault(name, f"is not known here (known: {', '.join(known)})") for name in arguments if name not in known]


def check_values(arguments: Arguments, fault_of: Callable[[str], str | None]) -> list[Fault]:
    """Faults of ``values``: no list, empty, too long, or what *fault_of* says of one of its texts."""
    values = arguments.get("values")
    if not isinstance(values, list | tuple) or not values:
        return [Fault("values", "must be a list with at least one text")]
    if len(values) > MOST_VALUES:
        return [Fault("values", f"must have {MOST_VALUES} texts at most, not {len(values)}")]
    faults = []
    for position, value in enumerate(values):
        if not isinstance(value, str) or not value.strip():
            faults.append(Fault(f"values[{position}]", "must be a text that is not empty"))
        elif len(value) > LONGEST_VALUE:
            faults.append(Fault(f"values[{position}]", f"must have {LONGEST_VALUE} characters at most"))
        elif message := fault_of(value):
            faults.append(Fault(f"values[{position}]", message))
    return faults


def check_range(arguments: Arguments, read: Callable[[str], Any]) -> list[Fault]:
    """Faults of ``from`` and ``to``, which *read* turns into something comparable or raises ValueError."""
    if arguments.get("from") is None and arguments.get("to") is None:
        return [Fault("", "needs from, to or both")]
    faults = []
    ends = {}
    for name in ("from", "to"):
        text = arguments.get(name)
        if text is None:
            continue
        if not isinstance(text, str) or len(text) > LONGEST_VALUE:
            faults.append(Fault(name, f"must be a text of {LONGEST_VALUE} characters at most"))
            continue
        try:
            ends[name] = read(text.strip())
        except ValueError as error:
            faults.append(Fault(name, str(error)))
    if len(ends) == 2 and ends["from"] > ends["to"]:
        faults.append(Fault("to", f"{arguments['to']} comes before from ({arguments['from']})"))
    return faults


def within(value: Any, arguments: Arguments, read: Callable[[str], Any]) -> bool:
    """Whether *value* lies between ``from`` and ``to``, both included; a missing end is open."""
    start, end = arguments.get("from"), arguments.get("to")
    return (start is None or read(start.strip()) <= value) and (end is None or value <= read(end.strip()))


def any_of(values: Iterable[str]) -> str:
    """Such as ``a, b or c``."""
    *first, last = (value.strip() for value in values)
    return f"{', '.join(first)} or {last}" if first else last


def range_words(arguments: Arguments) -> str:
    """Such as ``from a to b``, ``from a`` or ``to b``."""
    start, end = arguments.get("from"), arguments.get("to")
    return " ".join(f"{word} {text.strip()}" for word, text in (("from", start), ("to", end)) if text is not None)
