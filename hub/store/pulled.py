"""What a pull asks the entries, and how far the linked documents were read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence

from hub.domain.entries import Entry
from hub.domain.remotes import RemoteId
from hub.store.database import Connection
from hub.store.entries import entry_of
from hub.store.queries import load

QUERIES = load("pulled")
CHUNK = 1000


async def has_open_creates(conn: Connection, gallery_id: str, webservice_id: str) -> bool:
    """Whether some invoice, payment or allocation may have been made there without our knowing its remote id yet."""
    return bool(await conn.fetchval(QUERIES.has_open_creates, gallery_id, webservice_id))


async def list_linked(conn: Connection, gallery_id: str, webservice_id: str) -> list[RemoteId]:
    """Remote invoices that a person linked and that can still change, in the order of their ids."""
    return [RemoteId(row["remote_id"]) for row in await conn.fetch(QUERIES.list_linked, gallery_id, webservice_id)]


async def get_linked_cursor(conn: Connection, gallery_id: str, webservice_id: str) -> str | None:
    """How far the linked documents were read; None = never."""
    cursor: str | None = await conn.fetchval(QUERIES.get_linked_cursor, gallery_id, webservice_id)
    return cursor


async def save_linked_cursor(conn: Connection, gallery_id: str, webservice_id: str, cursor: str) -> None:
    """Remember how far the linked documents were read; in the transaction that stores what was read."""
    await conn.execute(QUERIES.save_linked_cursor, gallery_id, webservice_id, cursor)


async def has_credit_notes(conn: Connection, gallery_id: str, webservice_id: str) -> bool:
    """Whether a credit note of the gallery stands there."""
    return bool(await conn.fetchval(QUERIES.has_credit_notes, gallery_id, webservice_id))


async def own_notes(conn: Connection, gallery_id: str, webservice_id: str, remote_ids: Iterable[str]) -> set[str]:
    """Those of *remote_ids* that are credit notes of the gallery."""
    wanted = sorted(set(remote_ids))
    rows = await conn.fetch(QUERIES.own_notes, gallery_id, webservice_id, wanted) if wanted else ()
    return {row["remote_id"] for row in rows}


async def get_credit_cursor(conn: Connection, gallery_id: str, webservice_id: str) -> str | None:
    """How far the credit notes were read; None = never."""
    cursor: str | None = await conn.fetchval(QUERIES.get_credit_cursor, gallery_id, webservice_id)
    return cursor


async def save_credit_cursor(conn: Connection, gallery_id: str, webservice_id: str, cursor: str) -> None:
    """Remember how far the credit notes were read; in the transaction that stores what was read."""
    await conn.execute(QUERIES.save_credit_cursor, gallery_id, webservice_id, cursor)


async def credits_of(
    conn: Connection, gallery_id: str, webservice_id: str, invoice_ids: Sequence[str], sorts: Sequence[str]
) -> dict[str, list[Entry]]:
    """Entries of the credits that came back, by invoice; *sorts* are the first words of their remote ids."""
    found: dict[str, list[Entry]] = {}
    for row in await conn.fetch(QUERIES.credits_of, gallery_id, webservice_id, list(invoice_ids), list(sorts)):
        found.setdefault(row["invoice_id"], []).append(entry_of(row))
    return found


async def list_not_there(conn: Connection, gallery_id: str, webservice_id: str) -> AsyncIterator[list[Entry]]:
    """Payment entries that stand nowhere and are not on their way, page by page."""
    after = ""
    while rows := await conn.fetch(QUERIES.not_there_page, gallery_id, webservice_id, after, CHUNK):
        yield [entry_of(row) for row in rows]
        after = rows[-1]["id"]
