"""Asking for runs: a whole sync, some invoices, or a preview."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from hub.domain.records import Reference
from hub.errors import ConflictError, Fault, FormError
from hub.store import entries, records, runs, upkeep, webservices
from hub.store.database import Connection
from hub.store.runs import Run
from hub.store.webservices import WebserviceRow
from hub.sync.services import STATE_WORDS, Services
from hub.sync.worker import missing_slots


async def start_run(
    services: Services,
    gallery_id: str,
    webservice_id: str,
    *,
    dry_run: bool = False,
    invoices: Sequence[str] | None = None,
) -> Run:
    """Queue a run, or join the full one under way. Asking by hand is the word that the settings are right.

    Raises:
        ConflictError: ``not-ready``: its state, or required slots without a mapping.
        FormError: invoices that are not there.
    """
    async with services.database.transaction() as conn:
        row = await webservices.get(conn, gallery_id, webservice_id)
        check_ready(services, row)
        if invoices is not None:
            await _check_invoices(conn, gallery_id, invoices)
        run = await open_run(conn, row, dry_run=dry_run, invoices=invoices)
        if not dry_run:
            await upkeep.confirm(conn, gallery_id, webservice_id)
        return await runs.get(conn, gallery_id, webservice_id, run.id)


def check_ready(services: Services, row: WebserviceRow) -> None:
    """Raises ConflictError ``not-ready`` unless *row* can sync."""
    if row.state != "ready":
        ways = {
            "authorizing": "allow access first",
            "choosing": "choose its organisation first",
            "paused": "let it go on first",
            "reauthorize": "authorise it again first",
            "disconnected": "make a new one",
        }
        raise ConflictError("not-ready", f"The webservice {STATE_WORDS[row.state]}: {ways[row.state]}.")
    kind = services.kind_of(row)
    if missing := missing_slots(kind, row):
        labels = {slot.key: slot.label for slot in kind.account_mappings()}
        named = ", ".join(f"{key} ({labels[key]})" for key in missing)
        raise ConflictError("not-ready", f"These slots have no mapping yet: {named}.")


async def open_run(
    conn: Connection, row: WebserviceRow, *, dry_run: bool = False, invoices: Sequence[str] | None = None
) -> Run:
    """Queue a person's run in the caller's transaction and wake the webservice."""
    run, _ = await runs.open_run(
        conn,
        row.gallery_id,
        row.id,
        f"r-{secrets.token_hex(10)}",
        invoices=None if invoices is None else list(dict.fromkeys(invoices)),
        dry_run=dry_run,
        asked_by="person",
    )
    await webservices.wake(conn, row.gallery_id, row.id)
    return run


async def _check_invoices(conn: Connection, gallery_id: str, invoices: Sequence[str]) -> None:
    found = await records.load(conn, gallery_id, [Reference("invoice", one) for one in invoices])
    faults = [
        Fault(f"invoices[{index}]", f"there is no invoice {one!r}")
        for index, one in enumerate(invoices)
        if Reference("invoice", one) not in found
    ]
    if faults:
        raise FormError(faults)


async def resync(services: Services, gallery_id: str, invoice_id: str) -> int:
    """Have an invoice compared and sent again at the next run, whatever its age; returns how many entries that asks.

    Raises NotFoundError.
    """
    async with services.database.transaction() as conn:
        await records.get(conn, gallery_id, "invoice", invoice_id)
        asked = await entries.resync(conn, gallery_id, invoice_id)
        for row in await webservices.list_all(conn, gallery_id):
            await upkeep.note_change(conn, gallery_id, row.id)
        return asked
