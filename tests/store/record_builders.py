"""Records for tests of the store, as the door makes them."""

from __future__ import annotations

import json
from typing import Any

from hub.domain.door import parse_record
from hub.domain.records import Contact, Gallery, Invoice, Payment, Record, TaxCode
from hub.store import records
from hub.store.database import Connection, Database
from hub.store.saving import Saved


def _made(type_: str, **fields: Any) -> Any:
    return parse_record(json.dumps({"type": type_, **fields}).encode())


def gallery(id_: str = "g", **changes: Any) -> Gallery:
    fields = {"name": "Harbour Lane", "country": "AU", "currency": "AUD", "timezone": "Australia/Sydney"} | changes
    return _made("gallery", id=id_, **fields)  # type: ignore[no-any-return] # by its type


def tax_code(id_: str = "gst", rate: str = "10", **changes: Any) -> TaxCode:
    return _made("tax_code", id=id_, **({"name": "GST", "rate": rate} | changes))  # type: ignore[no-any-return] # by its type


def contact(id_: str = "c-7", **changes: Any) -> Contact:
    return _made("contact", id=id_, **({"name": "Ana Ruiz"} | changes))  # type: ignore[no-any-return] # by its type


def invoice(id_: str = "i-1", number: str = "1", *, code: str | None = "gst", **changes: Any) -> Invoice:
    line = {"id": "1", "kind": "artwork", "description": "a", "quantity": "1", "unit_price": "450.00", "tax_code": code}
    fields = {"contact_id": "c-7", "currency": "AUD", "price_mode": "inclusive", "total": "450.00", "lines": [line]}
    return _made("invoice", id=id_, number=number, **(fields | changes))  # type: ignore[no-any-return] # by its type


def payment(id_: str = "p-9", **changes: Any) -> Payment:
    fields = {"invoice_id": "i-1", "paid_on": "2026-03-10", "amount": "450.00", "method": "cash"} | changes
    return _made("payment", id=id_, **fields)  # type: ignore[no-any-return] # by its type


async def save(database: Database, *given: Record, to: str = "g") -> list[Saved]:
    """Save records in a transaction of their own."""
    async with database.transaction() as conn:
        return await records.save(conn, to, given)


async def statuses(database: Database, *given: Record) -> list[str]:
    """What became of records saved in a transaction of their own."""
    return [one.status for one in await save(database, *given)]


async def rows_written(conn: Connection) -> list[tuple[str, str, str]]:
    """Where each row stands: equal lists mean that no row was written in between."""
    rows = await conn.fetch("SELECT type, id, ctid::text AS place FROM record ORDER BY type, id")
    return [(row["type"], row["id"], row["place"]) for row in rows]
