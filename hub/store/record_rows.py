"""Between rows of the table `record` and values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from hub.domain.content import decode_body, encode_body
from hub.domain.records import Contact, Gallery, Invoice, Origin, Payment, Record, TaxCode
from hub.store.saving import Stored

_SEARCH_PART = 200
_SEARCH_LENGTH = 600


class Columns(NamedTuple):
    """The columns of a record that queries look for, in the order of `save_records`."""

    kind: str | None = None
    status: str | None = None
    number: str | None = None
    contact_id: str | None = None
    invoice_id: str | None = None
    dated_on: date | None = None
    amount: Decimal | None = None
    currency: str | None = None
    search: str = ""


class Row(NamedTuple):
    """One record as `save_records` takes it."""

    type: str
    id: str
    version: int
    seq: int
    body: str
    hash: bytes
    source_updated_at: datetime | None
    origin: str | None
    tax_versions: str | None
    kind: str | None
    status: str | None
    number: str | None
    contact_id: str | None
    invoice_id: str | None
    dated_on: date | None
    amount: Decimal | None
    currency: str | None
    search: str


def stored_of(row: Mapping[str, Any]) -> Stored:
    """The value of a "stored record" of `sql/records.sql`."""
    origin = row["origin"]
    return Stored(
        record=decode_body(row["type"], row["body"]),
        version=row["version"],
        seq=row["seq"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        origin=None if origin is None else msgspec.convert(origin, Origin),
        tax_versions=row["tax_versions"] or {},
        void=row["void"],
    )


def body_text(record: Record) -> str:
    """The JSON of *record*, as a parameter."""
    return encode_body(record).decode()


def json_text(value: object) -> str | None:
    """*value* as JSON, as an element of an array parameter; None stays null."""
    return None if value is None else msgspec.json.encode(value).decode()


def columns_of(record: Record) -> Columns:
    """What queries look for in *record*."""
    match record:
        case Gallery():
            return Columns(search=_search(record.id, record.name, record.email))
        case TaxCode():
            return Columns(kind=record.kind, search=_search(record.id, record.name))
        case Contact():
            name = (record.name, record.first_name, record.last_name)
            return Columns(search=_search(record.id, *name, record.email, record.phone, record.tax_number))
        case Invoice():
            return Columns(
                kind=record.kind,
                status=record.status,
                number=record.number,
                contact_id=record.contact_id,
                dated_on=record.issued_on,
                amount=record.total,
                currency=record.currency,
                search=_search(record.number, record.id, record.reference, record.event, record.salesperson),
            )
        case Payment():
            return Columns(
                kind=record.kind,
                status=record.status,
                invoice_id=record.invoice_id,
                dated_on=record.paid_on,
                amount=record.amount,
                currency=record.currency,
                search=_search(record.id, record.invoice_id, record.reference),
            )


def fold(text: str) -> str:
    """*text* as it is searched: without case."""
    return text.casefold()


def _search(*parts: str | None) -> str:
    return "\n".join(fold(part[:_SEARCH_PART]) for part in parts if part)[:_SEARCH_LENGTH]


def arrays_of(rows: Iterable[Row]) -> list[list[Any]]:
    """The rows turned into one array per column."""
    return [list(column) for column in zip(*rows, strict=True)]
