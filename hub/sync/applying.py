"""Apply to open, unpaid invoices: what today's mappings and settings would change in what stands in the books.

A changed mapping alone never rewrites old books (DESIGN section 8); this is the person's act that does. Only what is
open there is touched: nothing that is paid, credited, locked, frozen, in conflict or accepted as it is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Literal

import msgspec
import structlog

from hub.contract import Webservice
from hub.domain.books import Book
from hub.domain.drafts import Draft
from hub.domain.entries import Entry, Hold
from hub.domain.planning import is_closed
from hub.domain.records import Invoice
from hub.domain.tallies import Tally
from hub.store import entries, previews, upkeep
from hub.store.webservices import WebserviceRow
from hub.sync import asking, subjects
from hub.sync.judging import render
from hub.sync.services import Services
from hub.sync.subjects import Dossier

log = structlog.get_logger()

PAGE = 500
BREATH = 20  # drawn up between two turns of everything else
SECONDS = 30.0
HISTORY = "A person asked to apply today's mappings and settings to it."

Alone = Literal["paid", "frozen", "pending", "not_settled", "void", "locked", "held"]


class Application(msgspec.Struct, kw_only=True):
    """What would change (or was asked to), and what is left alone.

    Attributes:
        complete: False: the time was used up after `looked_at` of them (by record id): ask again for the rest.
        would_change: Open and unpaid there, and drawn up otherwise today.
        same: Open and unpaid there, and drawn up as they stand.
        left_alone: Why -> how many: ``paid`` (or part-paid, or credited), ``locked`` (inside the locked period),
            ``frozen`` (excluded), ``pending`` (due anyway at the next run), ``not_settled`` (on its way, held, in
            conflict or accepted as it is), ``void`` (in the gallery), ``held`` (could not be drawn up today).
        held: Reason -> how many of those could not be drawn up.
        asked: How many were asked for; 0 in a dry run.
    """

    dry_run: bool
    complete: bool = True
    looked_at: int = 0
    would_change: Tally = msgspec.field(default_factory=Tally)
    same: int = 0
    left_alone: dict[str, int] = {}
    held: dict[str, int] = {}
    asked: int = 0


async def apply(
    services: Services, gallery_id: str, webservice_id: str, *, dry_run: bool, seconds: float = SECONDS
) -> Application:
    """Count what differs; without *dry_run* also ask for it, so that it is updated at the next run.

    Raises ConflictError ``not-ready``: its state, or required slots without a mapping.
    """
    row = await services.get(gallery_id, webservice_id)
    asking.check_ready(services, row)
    kind = services.kind_of(row)
    async with services.database.connection() as conn:
        book = await services.load_book(conn, row)
    done = Application(dry_run=dry_run, left_alone={}, held={})
    deadline = time.monotonic() + seconds
    after: str | None = ""
    while after is not None:
        if time.monotonic() >= deadline:
            done.complete = False
            break
        async with services.database.connection() as conn:
            page, after = await previews.list_standing_page(conn, gallery_id, webservice_id, after=after, limit=PAGE)
            dossiers = await subjects.load_invoices(conn, kind, book, page)
        changing = await _sort_out(done, dossiers, kind, book)
        if changing and not dry_run:
            done.asked += await _ask(services, row, changing)
    log.info("webservice.applied", webservice_id=row.id, dry_run=dry_run, asked=done.asked)
    return done


async def _sort_out(done: Application, dossiers: Sequence[Dossier], kind: type[Webservice], book: Book) -> list[str]:
    """Count one page; returns the ids of the entries that would change."""
    changing = []
    for n, dossier in enumerate(dossiers):
        if n % BREATH == BREATH - 1:
            await asyncio.sleep(0)
        done.looked_at += 1
        alone = left_alone(dossier)
        if alone is None and dossier.subject is not None:
            drawn = render(kind, dossier.subject, book)
            alone = _held(done, drawn) if isinstance(drawn, Hold) else None
            if isinstance(drawn, Draft) and differs(dossier.entry, drawn):
                assert isinstance(dossier.subject.record, Invoice)  # noqa: S101 - the loader keeps types apart
                done.would_change.add(dossier.subject.record)
                changing.append(dossier.entry.id)
            elif isinstance(drawn, Draft):
                done.same += 1
        if alone is not None:
            done.left_alone[alone] = done.left_alone.get(alone, 0) + 1
    return changing


def _held(done: Application, hold: Hold) -> Alone:
    if hold.reason == "period_locked":
        return "locked"
    done.held[hold.reason] = done.held.get(hold.reason, 0) + 1
    return "held"


def left_alone(dossier: Dossier) -> Alone | None:
    """Why what stands there is not touched, as far as that is known without a draft (pure)."""
    entry, subject = dossier.entry, dossier.subject
    if subject is None or not isinstance(subject.record, Invoice) or entry.remote is None:
        return "not_settled"
    if subject.record.status == "void":
        return "void"
    if is_closed(entry.remote):
        return "paid"
    if entry.frozen:
        return "frozen"
    if entry.state != "synced" or entry.sent is None:
        return "not_settled"
    if entry.asked > entry.judged and (entry.forced or entry.sent.record_version != subject.version):
        return "pending"
    return None


def differs(entry: Entry, draft: Draft) -> bool:
    """Whether *draft* would write something else than what was sent last (pure)."""
    return entry.sent is not None and entry.sent.fingerprint != draft.fingerprint


async def _ask(services: Services, row: WebserviceRow, ids: Sequence[str]) -> int:
    async with services.database.transaction() as conn:
        asked = await entries.ask_entries(conn, row.gallery_id, row.id, ids, forced=True)
        await entries.save(conn, row.gallery_id, [], [(id_, HISTORY) for id_ in ids])
        await upkeep.note_change(conn, row.gallery_id, row.id)
        return asked
