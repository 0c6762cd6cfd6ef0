"""How webservices stand, for people: state, what is missing, counts, last run, budget, and what is still to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from hub.contract import Webservice
from hub.store import records, runs, webservices
from hub.store.limits import Remaining
from hub.store.runs import Run
from hub.store.webservices import WebserviceRow
from hub.sync import forms
from hub.sync.services import Services
from hub.sync.worker import missing_slots


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One step on the way to a webservice that works."""

    code: str
    done: bool
    message: str


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """One webservice as people see it. `counts`: type -> state shown -> entries."""

    row: WebserviceRow
    settings: dict[str, Any]
    missing: tuple[str, ...]
    counts: Mapping[str, Mapping[str, int]]
    last_run: Run | None
    next_run_at: datetime | None
    budget: Remaining | None
    checklist: tuple[Task, ...]


async def list_overviews(services: Services, gallery_id: str) -> list[Overview]:
    """All webservices of the gallery, oldest first, disconnected ones too. Raises NotFoundError: no such gallery."""
    async with services.database.connection() as conn:
        rows = await webservices.list_all(conn, gallery_id)
        if not rows:
            await records.get(conn, gallery_id, "gallery", gallery_id)
    return await describe(services, gallery_id, rows)


async def get_overview(services: Services, gallery_id: str, webservice_id: str) -> Overview:
    """One webservice. Raises NotFoundError."""
    (found,) = await describe(services, gallery_id, [await services.get(gallery_id, webservice_id)])
    return found


async def describe(services: Services, gallery_id: str, rows: Sequence[WebserviceRow]) -> list[Overview]:
    """Overviews of *rows*, which are of one gallery."""
    async with services.database.connection() as conn:
        counts = await webservices.count_states(conn, gallery_id, [row.id for row in rows])
        last = {row.id: await runs.list_page(conn, gallery_id, row.id, before=None, limit=1) for row in rows}
    return [
        await _overview(services, row, counts.get(row.id, {}), last[row.id][0] if last[row.id] else None)
        for row in rows
    ]


async def _overview(
    services: Services, row: WebserviceRow, counts: Mapping[str, Mapping[str, int]], last_run: Run | None
) -> Overview:
    kind = services.registry.kinds.get(row.kind)
    missing = missing_slots(kind, row) if kind is not None else ()
    budget = None
    if kind is not None and row.organisation_id is not None and row.state != "disconnected":
        budget = await services.budget.remaining(row.kind, row.organisation_id, kind.limits)
    return Overview(
        row=row,
        settings=forms.show(kind, row.settings),
        missing=missing,
        counts=counts,
        last_run=last_run,
        next_run_at=_next_run(row),
        budget=budget,
        checklist=_checklist(row, kind, missing, last_run),
    )


def _next_run(row: WebserviceRow) -> datetime | None:
    """While a run is under way `due_at` only says when somebody looks after a dead worker: the slot counts then."""
    if row.state != "ready":
        return None
    return row.scheduled_at if row.running else row.due_at


def _checklist(
    row: WebserviceRow, kind: type[Webservice] | None, missing: Sequence[str], last_run: Run | None
) -> tuple[Task, ...]:
    title = kind.title if kind is not None else row.kind
    labels = {slot.key: slot.label for slot in kind.account_mappings()} if kind is not None else {}
    still = ", ".join(labels.get(key, key) for key in missing)
    allowed = row.state not in {"authorizing", "reauthorize", "disconnected"}
    synced = last_run is not None and last_run.state == "done" and not last_run.dry_run
    return (
        Task(code="access", done=allowed, message=f"Allow access to {title}."),
        Task(code="organisation", done=row.organisation_id is not None, message="Choose the organisation."),
        Task(
            code="mappings",
            done=not missing and row.organisation_id is not None,
            message=f"Choose where these go: {still}." if missing else "Choose accounts and tax rates.",
        ),
        Task(code="settings", done=row.confirmed_at is not None, message="Look at the settings and save them."),
        Task(code="sync", done=synced, message="Start the first sync."),
    )
