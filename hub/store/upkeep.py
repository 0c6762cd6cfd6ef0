"""What a person's act on a webservice changes beside its own row: entries, batches, and when somebody is to look."""

from __future__ import annotations

from collections.abc import Sequence

from hub.domain.entries import Entry
from hub.domain.records import RecordType, Reference
from hub.errors import NotFoundError
from hub.store.database import Connection
from hub.store.entries import CHUNK, entry_of
from hub.store.queries import load

QUERIES = load("upkeep")


async def confirm(conn: Connection, gallery_id: str, webservice_id: str) -> None:
    """A person said that the settings are right: scheduled runs may begin."""
    await conn.execute(QUERIES.confirm, gallery_id, webservice_id)


async def note_remote_change(conn: Connection, gallery_id: str, webservice_id: str) -> None:
    """Something changed over there: a webservice that runs by itself looks soon, whatever it does with our changes."""
    await conn.execute(QUERIES.note_remote_change, gallery_id, webservice_id)


async def note_change(conn: Connection, gallery_id: str, webservice_id: str) -> None:
    """Something is due: a webservice that sends changes by itself looks when things went quiet."""
    await conn.execute(QUERIES.note_change, gallery_id, webservice_id)


async def close(conn: Connection, gallery_id: str, webservice_id: str) -> None:
    """After a disconnect: never due, and without a grant."""
    await conn.execute(QUERIES.close, gallery_id, webservice_id)


async def renumber(conn: Connection, gallery_id: str, webservice_id: str) -> int:
    """Let one chunk of invoices that are held for their number take a new one; < CHUNK means all done."""
    return len(await conn.fetch(QUERIES.renumber, gallery_id, webservice_id, CHUNK))


async def get_entry(conn: Connection, gallery_id: str, webservice_id: str, entry_id: str) -> Entry:
    """One entry, locked until the transaction ends. Raises NotFoundError."""
    row = await conn.fetchrow(QUERIES.find_entry, gallery_id, webservice_id, entry_id)
    if row is None:
        raise NotFoundError(f"there is no entry {entry_id}")
    return entry_of(row)


async def move_batches(conn: Connection, gallery_id: str, old: str, new: str) -> None:
    """Whoever took the entries over settles what is open of them."""
    await conn.execute(QUERIES.move_batches, gallery_id, old, new)


async def list_invoices_of_contacts(
    conn: Connection, gallery_id: str, webservice_id: str, contact_ids: Sequence[str], *, limit: int = CHUNK
) -> list[str]:
    """Ids of the invoices that are held or wait, of these contacts."""
    rows = await conn.fetch(QUERIES.invoices_of_contacts, gallery_id, webservice_id, list(contact_ids), limit)
    return [row["record_id"] for row in rows]


async def list_blocked(
    conn: Connection, gallery_id: str, webservice_id: str, problem_id: str, *, limit: int = CHUNK
) -> list[tuple[Reference, str | None]]:
    """(record, its invoice when it is a payment) of the entries that a problem blocks."""
    rows = await conn.fetch(QUERIES.problem_entries, gallery_id, webservice_id, problem_id, limit)
    return [(_reference(row["type"], row["record_id"]), row["invoice_id"]) for row in rows]


def _reference(type_: RecordType, record_id: str) -> Reference:
    return Reference(type_, record_id)
