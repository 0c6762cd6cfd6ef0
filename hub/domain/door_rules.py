"""Rules of the door that the shapes of records cannot say."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from hub.domain.content import DECIMAL
from hub.domain.records import Contact, Discount, Gallery, Invoice, Payment, Record, TaxCode, TaxComponent


def is_sound(record: Record) -> bool:
    """Whether `list_broken` would find nothing in *record*, quickly; False may also mean "look closer"."""
    if record.source_updated_at is not None and not is_instant(record.source_updated_at):
        return False
    match record:
        case Invoice():
            discounts = [line.discount for line in record.lines if line.discount is not None]
            if record.discount is not None:
                discounts.append(record.discount)
            is_odd = any((one.percent is None) is (one.amount is None) for one in discounts)
            return not is_odd and len({line.id for line in record.lines}) == len(record.lines)
        case Payment():
            return record.amount > 0
        case Contact():
            return True
        case Gallery() | TaxCode():
            return False  # few, and small


def list_broken(shape: type, value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Place (within *value*) and message of each rule that *value* breaks as a part of class *shape*.

    What has the wrong type breaks no rule here: the walk has said so.
    """
    rule = _RULES.get(shape)
    return rule(value) if rule else iter(())


def is_instant(value: datetime) -> bool:
    """Whether *value* has an offset and stands within the years 1 to 9999 of UTC."""
    try:
        return value.tzinfo is not None and value.astimezone(UTC).year >= 1
    except OverflowError:
        return False


@lru_cache(maxsize=1024)  # names come from outside
def is_timezone(name: str) -> bool:
    """Whether *name* is a time zone of the IANA database, such as ``Australia/Sydney``."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):  # also of names that are no names, such as ".."
        return False
    return True


def _gallery(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    zone = value.get("timezone")
    if isinstance(zone, str) and len(zone) <= 255 and "\0" not in zone and not is_timezone(zone):
        yield "timezone", 'needs a time zone of the IANA database, such as "Australia/Sydney"'
    step = _number(value.get("cash_rounding"))
    if step is not None and step <= 0:
        yield "cash_rounding", "must be greater than 0, or null"


def _rate(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    rate = _number(value.get("rate"))
    if rate is not None and rate < 0:
        yield "rate", "must not be negative"


def _discount(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    given = [name for name in ("percent", "amount") if value.get(name) is not None]
    if len(given) != 1:
        yield "", f"needs either percent or amount, not {'both' if given else 'neither'}"


def _invoice(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    lines = value.get("lines")
    seen: dict[str, int] = {}
    for position, line in enumerate(lines if isinstance(lines, list) else ()):
        id_ = line.get("id") if isinstance(line, dict) else None
        if isinstance(id_, str) and seen.setdefault(id_, position) != position:
            yield f"lines[{position}].id", f"is also the id of lines[{seen[id_]}]"


def _payment(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    amount = _number(value.get("amount"))
    if amount is not None and amount <= 0:
        yield "amount", "must be greater than 0; money that goes back is a payment of kind refund"


def _number(value: Any) -> Decimal | None:
    return Decimal(value) if isinstance(value, str) and DECIMAL.fullmatch(value) else None


_RULES: dict[type, Callable[[dict[str, Any]], Iterator[tuple[str, str]]]] = {
    Gallery: _gallery,
    TaxCode: _rate,
    TaxComponent: _rate,
    Discount: _discount,
    Invoice: _invoice,
    Payment: _payment,
}
