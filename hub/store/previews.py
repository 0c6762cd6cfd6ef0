"""What previews read: everything that is due, or stands, or occurs, page by page; nothing leaves any selection."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from hub.domain.content import decode_body
from hub.domain.eligibility import Times
from hub.domain.entries import Entry
from hub.domain.records import EntryType, Invoice
from hub.domain.remotes import Remote, RemoteId
from hub.store.database import Connection
from hub.store.entries import entry_of
from hub.store.queries import load

QUERIES = load("previews")
MOST_LOOKED_AT = 50_000  # records that one count of uses reads
MOST_USES = 1000  # different uses of one sort that are told apart
MOST_COMPARED = 200  # invoices among which the most telling one is found
MOST_READ = 500  # invoices, and payments, whose values are offered to choose from
MOST_VALUES = 100  # of each attribute
LINE_FACTS = ("line_kind", "category", "artist", "ownership", "channel", "salesperson")
PAYMENT_FACTS = ("method", "currency", "processor_account")


class Place(msgspec.Struct, frozen=True):
    """Where a page ended: the date and id of its last entry's record."""

    on: date | None = None
    record_id: str = ""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice with what its gates read.

    `entry` has an empty id where there is none yet, and of its remote only id and status.
    """

    invoice: Invoice
    entry: Entry
    times: Times


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """What occurs in records that are to go: `count` of them have these `facts`; `example`: (number, id) of one."""

    type: EntryType
    facts: dict[str, str | None]
    count: int
    example: tuple[str, str]


class Since(msgspec.Struct, frozen=True, kw_only=True):
    """The gates that SQL can see: issued on or after, first stored at or after; None: any."""

    issued_on: date | None = None
    created_at: datetime | None = None


async def list_due_page(
    conn: Connection,
    gallery_id: str,
    webservice_id: str,
    type: EntryType,
    *,
    invoices: Sequence[str] | None,
    after: Place,
    limit: int,
) -> tuple[list[Entry], Place | None]:
    """Entries that are due, oldest date first, and where to go on (None: the end).

    *invoices* narrows it to these and their payments.
    """
    only = None if invoices is None else list(invoices)
    rows = await conn.fetch(QUERIES.due_page, gallery_id, webservice_id, type, only, after.on, after.record_id, limit)
    last = Place(rows[-1]["sort_on"], rows[-1]["record_id"]) if len(rows) == limit else None
    return [entry_of(r) for r in rows], last


async def list_candidates(
    conn: Connection, gallery_id: str, webservice_id: str, *, after: str, limit: int
) -> tuple[list[Candidate], str | None]:
    """One page of all the gallery's invoices by id, and where to go on (None: the end)."""
    rows = await conn.fetch(QUERIES.candidates, gallery_id, webservice_id, after, limit)
    return [_candidate(row) for row in rows], rows[-1]["id"] if len(rows) == limit else None


def _candidate(row: Mapping[str, Any]) -> Candidate:
    invoice = decode_body("invoice", row["body"])
    assert isinstance(invoice, Invoice)  # noqa: S101 - the query asks for this type
    remote = None
    if row["remote_id"] is not None:
        remote = Remote(id=RemoteId(row["remote_id"]), status=row["remote_status"] or "approved")
    entry = Entry(
        id=row["entry_id"] or "",
        type="invoice",
        record_id=row["id"],
        state=row["state"],
        reason=row["reason"],
        forced=bool(row["forced"]),
        remote=remote,
    )
    times = Times(created_at=row["created_at"], changed_at=row["source_changed_at"])
    return Candidate(invoice=invoice, entry=entry, times=times)


async def list_standing_page(
    conn: Connection, gallery_id: str, webservice_id: str, *, after: str, limit: int
) -> tuple[list[Entry], str | None]:
    """One page of the invoices that stand in the books, by record, and where to go on (None: the end)."""
    rows = await conn.fetch(QUERIES.standing_page, gallery_id, webservice_id, after, limit)
    return [entry_of(row) for row in rows], rows[-1]["record_id"] if len(rows) == limit else None


async def find_telling_invoice(conn: Connection, gallery_id: str) -> str | None:
    """The id of the invoice, among the 200 that changed last, that has the most sorts of lines, tax and payments."""
    found: str | None = await conn.fetchval(QUERIES.telling_invoice, gallery_id, MOST_COMPARED)
    return found


async def find_invoice(conn: Connection, gallery_id: str, numbers: Sequence[str]) -> str | None:
    """The id of the invoice (else credit note) with the first of these numbers that there is."""
    found: str | None = await conn.fetchval(QUERIES.invoice_by_number, gallery_id, list(numbers))
    return found


async def list_values(conn: Connection, gallery_id: str) -> dict[str, list[str]]:
    """Attribute -> its values in what changed last, sorted: categories, artists, salespersons, processor accounts."""
    found: dict[str, list[str]] = {}
    for row in await conn.fetch(QUERIES.line_values, gallery_id, MOST_READ, MOST_VALUES):
        found.setdefault(row["name"], []).append(row["value"])
    return found


async def list_uses(
    conn: Connection, gallery_id: str, webservice_id: str, *, since: Since, apart: Collection[str]
) -> list[Use]:
    """How often each sort of line, tax code and way of payment occurs in what is not in the books, by two queries.

    Lines are told apart by their kind and the attributes in *apart* (those that mappings depend on). A tax code that is
    None stands for lines without tax.
    """
    where = (gallery_id, webservice_id)
    lines = await conn.fetch(
        QUERIES.line_uses, *where, sorted(apart), since.issued_on, since.created_at, MOST_LOOKED_AT, MOST_USES
    )
    payments = await conn.fetch(
        QUERIES.payment_uses, *where, since.issued_on, since.created_at, MOST_LOOKED_AT, MOST_USES
    )
    uses = [_use("invoice", row, ("tax_code",) if row["by_tax"] else LINE_FACTS) for row in lines]
    return uses + [_use("payment", row, PAYMENT_FACTS) for row in payments]


def _use(type: EntryType, row: Mapping[str, Any], names: Sequence[str]) -> Use:
    number, record_id = row["example"]
    facts: dict[str, str | None] = {name: row[name] for name in names}
    return Use(type=type, facts=facts, count=row["n"], example=(number, record_id))
