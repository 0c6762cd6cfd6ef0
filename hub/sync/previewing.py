"""Previews: which invoices a changed book would let in, leave out or freeze, before anything is saved.

Only the pure gates are asked (`hub/domain/eligibility`): nothing is drawn up, stored or called. All invoices of the
gallery stream through in pages, so that memory stays flat; when the time is used up the counts say "at least".
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from hub.domain.books import Book, Exclusion, Finding
from hub.domain.eligibility import Gates, find_window_start
from hub.domain.entries import LeaveOut
from hub.domain.exclusions import describe
from hub.domain.mappings import parse_mappings
from hub.domain.tallies import Tally
from hub.errors import ConflictError, Fault, FormError
from hub.store.previews import Candidate
from hub.store.webservices import WebserviceRow
from hub.sync import forms, mapping_service, unmapped
from hub.sync.gating import Ruled, Stop, stream
from hub.sync.services import Services
from hub.sync.unmapped import Unmapped

SECONDS = 20.0


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of the book that would change, as plain JSON; None: stays as it is. Settings that are left out stay."""

    settings: Mapping[str, Any] | None = None
    exclusions: Sequence[Mapping[str, Any]] | None = None
    mappings: Any = None


class RuleTally(msgspec.Struct, frozen=True, kw_only=True):
    """One exclusion of the new book: what it keeps out that would go (or be updated) without the exclusions."""

    exclusion: Exclusion
    words: str
    tally: Tally


class Preview(msgspec.Struct, kw_only=True):
    """What the book as it would be does, against the book as it is.

    Attributes:
        complete: False: the time was used up, and all counts are of the `looked_at` first invoices by id.
        would_go: Not in the books, and passed by all gates.
        held: How many of those are held now, for a reason that no gate knows.
        newly_let_in: Of those that would go, what the book as it is keeps out; reasons: of now.
        newly_left_out: Not in the books and free to go now, kept out then; reasons: of then.
        newly_frozen: In the books and updated now, excluded then: no more updates.
        thawed: The other way round.
        kept_out: Reason (then) -> what is not in the books and stays out.
        unmapped, findings: Only where mappings were given.
    """

    complete: bool = True
    looked_at: int = 0
    held: int = 0
    would_go: Tally = msgspec.field(default_factory=Tally)
    newly_let_in: Tally = msgspec.field(default_factory=Tally)
    newly_left_out: Tally = msgspec.field(default_factory=Tally)
    newly_frozen: Tally = msgspec.field(default_factory=Tally)
    thawed: Tally = msgspec.field(default_factory=Tally)
    kept_out: dict[str, Tally] = {}
    exclusions: tuple[RuleTally, ...] = ()
    unmapped: tuple[Unmapped, ...] | None = None
    findings: tuple[Finding, ...] | None = None


async def preview(
    services: Services, gallery_id: str, webservice_id: str, wanted: Wanted, *, seconds: float = SECONDS
) -> Preview:
    """What *wanted* would change. Nothing is stored.

    It works before the connection is complete too: then what is in the hub by now counts as there before it.

    Raises:
        FormError: every fault of *wanted*, as saving it would name them.
        ConflictError: ``not-ready``: the webservice is disconnected.
    """
    row = await services.get(gallery_id, webservice_id)
    if row.state == "disconnected":
        raise ConflictError("not-ready", "The webservice is disconnected: make a new one for the same organisation.")
    async with services.database.connection() as conn:
        now = _as_if_connected(row, await services.load_book(conn, row))
    then = _change(services, row, now, wanted)
    found = await compare(services, row, now, then, seconds=seconds)
    if wanted.mappings is not None:
        async with services.database.connection() as conn:
            found.unmapped = await unmapped.list_unmapped(conn, services.kind_of(row), row, then)
        if row.choices is not None:
            found.findings = services.kind_of(row).check_mappings(then.mappings, row.choices, then)
    return found


async def preview_gates(
    services: Services, gallery_id: str, webservice_id: str, settings: Mapping[str, Any], *, seconds: float = SECONDS
) -> Preview | None:
    """As `preview` for changed settings; None when no gate reads what changed, and so nothing is let in or left out."""
    row = await services.get(gallery_id, webservice_id)
    async with services.database.connection() as conn:
        now = _as_if_connected(row, await services.load_book(conn, row))
    then = _change(services, row, now, Wanted(settings=settings))
    if Gates.of(now.settings) == Gates.of(then.settings):
        return None
    return await preview(services, gallery_id, webservice_id, Wanted(settings=settings), seconds=seconds)


async def compare(
    services: Services, row: WebserviceRow, now: Book, then: Book, *, seconds: float = SECONDS
) -> Preview:
    """Every invoice of the gallery under both books."""
    filters = services.filters_of(services.kind_of(row))
    before, after = Ruled(now, filters), Ruled(then, filters)
    same_rules = now.exclusions == then.exclusions
    same_gates = same_rules and now.settings == then.settings and now.window_start == then.window_start
    rules = tuple(RuleTally(exclusion=one, words=describe(one, filters), tally=Tally()) for one in then.exclusions)
    found = Preview(exclusions=rules, kept_out={})
    deadline = time.monotonic() + seconds
    async for candidate in stream(services.database, row):
        if time.monotonic() >= deadline:
            found.complete = False
            break
        matched_then = after.matched(candidate)
        matched_now = matched_then if same_rules else before.matched(candidate)
        stop_then = after.stop(candidate, matched_then)
        stop_now = stop_then if same_gates else before.stop(candidate, matched_now)
        _count(found, candidate, stop_now, stop_then)
        if matched_then and after.stop(candidate, ()) is None and not _is_gone(candidate):
            for n in matched_then:
                rules[n].tally.add(candidate.invoice)
    return found


def _is_gone(candidate: Candidate) -> bool:
    """It stood there once and is void or deleted now: no gate and no rule moves it."""
    return candidate.entry.remote is not None and not candidate.entry.in_books


def _count(found: Preview, candidate: Candidate, now: Stop, then: Stop) -> None:
    found.looked_at += 1
    invoice = candidate.invoice
    if _is_gone(candidate):
        return
    if candidate.entry.in_books:
        if _freezes(then) and not _freezes(now):
            found.newly_frozen.add(invoice)
        elif _freezes(now) and not _freezes(then):
            found.thawed.add(invoice)
    elif then is None:
        found.would_go.add(invoice)
        found.held += candidate.entry.state in {"held", "conflict"}
        if now is not None:
            found.newly_let_in.add(invoice, now.reason)
    else:
        found.kept_out.setdefault(then.reason, Tally()).add(invoice)
        if now is None:
            found.newly_left_out.add(invoice, then.reason)


def _freezes(stop: Stop) -> bool:
    return isinstance(stop, LeaveOut) and stop.freeze


# -- the two books


def _as_if_connected(row: WebserviceRow, book: Book) -> Book:
    """Before an organisation is chosen the webservice counts as made now, as the choice will have it."""
    if row.organisation_id is not None:
        return book
    return _timed(msgspec.structs.replace(book, connected_at=datetime.now(UTC)), None)


def _timed(book: Book, finished_at: datetime | None) -> Book:
    start = find_window_start(Gates.of(book.settings), finished_at or book.connected_at)
    return msgspec.structs.replace(book, window_start=start)


def _change(services: Services, row: WebserviceRow, now: Book, wanted: Wanted) -> Book:
    """The book as it would be. Raises FormError with the faults of all parts."""
    kind = services.kind_of(row)
    faults: list[Fault] = []
    changes: dict[str, Any] = {}
    if wanted.settings is not None:
        before = forms.open_row(kind, row, services.box).settings
        try:
            changes["settings"] = forms.parse(kind, {**before, **wanted.settings})
        except FormError as error:
            faults += error.faults
    if wanted.exclusions is not None:
        try:
            changes["exclusions"] = mapping_service.parse_exclusions(wanted.exclusions, services.filters_of(kind))
        except FormError as error:
            faults += error.faults
    if wanted.mappings is not None:
        try:
            changes["mappings"] = _parse_mappings(services, row, now, wanted.mappings)
        except FormError as error:
            faults += error.faults
    if faults:
        raise FormError(faults, title="What is to be previewed has faults")
    return _timed(msgspec.structs.replace(now, **changes), row.finished_at)


def _parse_mappings(services: Services, row: WebserviceRow, book: Book, data: Any) -> Any:
    """Checked as when they are saved; before anything there can be chosen, only their shape."""
    kind = services.kind_of(row)
    if row.choices is not None:
        return mapping_service.check_all(kind, data, row.choices, book)
    if faults := forms.find_nul(data, "mappings"):
        raise FormError(faults)
    return parse_mappings(data, kind.account_mappings())
