"""The content of a record: how it is written down, and when two records say the same.

Two records are equal when every field is, numbers compared as numbers ("450.0" is "450.00") and left-out fields taken
as their defaults; `source_updated_at` does not count.
"""

from __future__ import annotations

import hashlib
import re
from decimal import Decimal
from typing import Any

import msgspec

from hub.domain.records import TYPES, Exact, Record, RecordType, type_of

DECIMAL = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,12})?")
DECIMAL_RULE = 'a decimal string such as "450.00": at most 20 digits, a point and 12 places, no exponent'


def encode_body(record: Record) -> bytes:
    """*record* as the JSON that galleries send, defaults filled in, numbers as they were sent."""
    return _as_sent.encode(record)


def decode_body(type: RecordType, body: str | bytes) -> Record:
    """The record that `encode_body` wrote down. Raises msgspec.ValidationError when it was not of this *type*."""
    record: Record = _decoders[type].decode(body)
    return record


def settle(record: Record) -> Record:
    """*record* with every number marked as exact, as the door makes it: what code built has plain decimals in it."""
    return decode_body(type_of(record), encode_body(record))


def content_hash(record: Record) -> bytes:
    """32 bytes, equal for records of the same content (type and id are part of it).

    *record* comes from the door, from `decode_body` or from `settle`. Stored hashes stay good only as long as the
    record's fields stay the same: where they differ, compare the hashes of both records as they are read now.
    """
    if record.source_updated_at is not None:
        record = msgspec.structs.replace(record, source_updated_at=None)
    return hashlib.sha256(_normalised.encode(record)).digest()


def parse_exact(kind: type, value: Any) -> Any:
    """The decoder's hook for numbers. Raises ValueError for anything but a plain decimal string."""
    if kind is not Exact:
        raise TypeError(f"no way to decode a {kind.__name__}")
    if not isinstance(value, str) or DECIMAL.fullmatch(value) is None:
        raise ValueError(f"needs {DECIMAL_RULE}")
    return Exact(value)


def _write_as_sent(value: Any) -> str:
    if not isinstance(value, Decimal):
        raise TypeError(f"no way to encode a {type(value).__name__}")
    return format(value, "f")


def _write_normalised(value: Any) -> str:
    text = _write_as_sent(value)
    if "." in text:
        text = text.rstrip("0").removesuffix(".")
    return "0" if text == "-0" else text


def _read_stored(kind: type, value: Any) -> Any:
    # plain decimals of records that code built are written by msgspec itself, an exponent included: "1E+3"
    if kind is not Exact:
        raise TypeError(f"no way to decode a {kind.__name__}")
    return Exact(format(Decimal(value), "f") if "E" in value else value)


_as_sent = msgspec.json.Encoder(enc_hook=_write_as_sent)
_normalised = msgspec.json.Encoder(enc_hook=_write_normalised)
_decoders = {name: msgspec.json.Decoder(shape, dec_hook=_read_stored) for name, shape in TYPES.items()}
