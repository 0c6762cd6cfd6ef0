"""Xero's JSON: exact numbers, `/Date()/` stamps, envelopes, identifiers. FACTS 7.3 to 7.5."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import uuid4

import msgspec

Json = dict[str, Any]

ZERO_ID = "00000000-0000-0000-0000-000000000000"
CENT = Decimal("0.01")
NOUGHT = Decimal("0.00")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_MS = timedelta(milliseconds=1)
_MS_PER_DAY = 86_400_000
_MS_DATE = re.compile(r"^/Date\((-?\d+)([+-]\d{4})?\)/$")
_GUID = re.compile(r"^\{?[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\}?$")

# Numbers never pass through a float on their way in or out (FACTS 7.4).
_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


def decode(raw: bytes) -> Any:
    """Decode JSON; numbers come back as int or Decimal. Raises `msgspec.DecodeError`."""
    return _decoder.decode(raw)


def encode(value: Any) -> bytes:
    """Encode JSON; a Decimal is written as the number it shows."""
    return _encoder.encode(value)


def new_id() -> str:
    """A fresh identifier in Xero's shape: a lower-case GUID."""
    return str(uuid4())


def as_guid(text: str) -> str | None:
    """The canonical GUID that *text* spells (braces and missing hyphens allowed), or None."""
    if not _GUID.match(text):
        return None
    digits = text.strip("{}").replace("-", "").lower()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def to_cents(value: Decimal) -> Decimal:
    """*value* with two decimals, half away from zero."""
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


def ms_date(day: date) -> str:
    """A calendar day as Xero writes it: midnight UTC in ms. FACTS 7.3 [S]."""
    return f"/Date({(day.toordinal() - _EPOCH_DAY) * _MS_PER_DAY}+0000)/"


def ms_stamp(moment: datetime) -> str:
    """A moment as Xero writes it. FACTS 7.3 [S]."""
    return f"/Date({(moment - _EPOCH) // _MS}+0000)/"


def iso_day(day: date) -> str:
    """The string twin of a document date. FACTS 7.3 [T]."""
    return f"{day.isoformat()}T00:00:00"


def iso_stamp(moment: datetime) -> str:
    """The string twin of UpdatedDateUTC, with Z (July 2026). FACTS 7.3 [T]."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def parse_day(text: str) -> date | None:
    """A date in a request: ISO, ISO with a time, or `/Date(ms)/`; None when it is none of them."""
    try:
        if match := _MS_DATE.match(text):
            return (_EPOCH + timedelta(milliseconds=int(match[1]))).date()
        return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text).date()
    except (ValueError, OverflowError):
        return None


def truncate_ms(moment: datetime) -> datetime:
    """*moment* in UTC, cut to whole milliseconds."""
    moment = moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def envelope(app_name: str, now: datetime, key: str, elements: list[Any], extra: Json | None = None) -> bytes:
    """The answer around *elements*. FACTS 7.5 [S]; DateTimeUTC has no offset (7.3)."""
    body: Json = {
        "Id": new_id(),
        "Status": "OK",
        "ProviderName": app_name,
        "DateTimeUTC": f"/Date({(now - _EPOCH) // _MS})/",
    }
    if extra:
        body.update(extra)
    body[key] = elements
    return encode(body)
