"""What a dry run reads: everything that is due, page by page, without any of it leaving the selection."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from hub.domain.entries import Entry
from hub.domain.records import RecordType
from hub.store.database import Connection
from hub.store.entries import entry_of
from hub.store.queries import load

QUERIES = load("previews")


class Place(msgspec.Struct, frozen=True):
    """Where a page ended: the date and id of its last entry's record."""

    on: date | None = None
    record_id: str = ""


async def list_due_page(
    conn: Connection,
    gallery_id: str,
    webservice_id: str,
    type: RecordType,
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
