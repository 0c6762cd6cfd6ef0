"""What a person does about one entry or problem: mark as resolved, try again, link."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

import msgspec
import structlog

from hub.domain import settling
from hub.domain.entries import Entry, Resolution, move
from hub.domain.matching import imported_id
from hub.domain.records import Invoice, Reference
from hub.errors import ConflictError, Fault, FormError
from hub.store import batches, entries, needs, problems, records, remote_contacts, upkeep, webservices
from hub.store.database import Connection
from hub.store.problems import Cause, Problem
from hub.store.webservices import WebserviceRow
from hub.sync import asking, linking
from hub.sync.services import Services, check_connected
from hub.sync.worker import missing_slots

log = structlog.get_logger()

MOST_NOTE = 2000


class EntryDetail(msgspec.Struct, frozen=True, kw_only=True):
    """An entry with its webservice and its history, oldest first."""

    row: WebserviceRow
    entry: Entry
    history: tuple[tuple[datetime, str], ...]


async def list_entries(
    services: Services,
    gallery_id: str,
    webservice_id: str,
    *,
    state: str | None,
    type: str | None,
    problem: str | None,
    record: str | None,
    after: str | None,
    limit: int,
) -> list[EntryDetail]:
    """One page of entries by id, filtered. Raises NotFoundError: no such webservice."""
    async with services.database.connection() as conn:
        row = await webservices.get(conn, gallery_id, webservice_id)
        found = await entries.list_page(
            conn,
            gallery_id,
            webservice_id,
            state=state,
            type=type,
            problem=problem,
            record=record,
            after=after,
            limit=limit,
        )
        return await _details(conn, row, found)


async def _details(conn: Connection, row: WebserviceRow, found: Sequence[Entry]) -> list[EntryDetail]:
    history = await entries.list_history(conn, row.gallery_id, [e.id for e in found])
    return [EntryDetail(row=row, entry=e, history=tuple(history.get(e.id, ()))) for e in found]


async def _detail(conn: Connection, row: WebserviceRow, entry_id: str) -> EntryDetail:
    entry = await upkeep.get_entry(conn, row.gallery_id, row.id, entry_id)
    (detail,) = await _details(conn, row, [entry])
    return detail


def mark_of(entry: Entry) -> str:
    """A short mark of how *entry* stands, by which a form knows what the person saw who sends it (pure)."""
    version = entry.remote.version if entry.remote is not None else ""
    told = repr((entry.state, entry.reason, entry.message, version))
    return f"{hashlib.sha256(told.encode('utf-8', 'replace')).hexdigest()[:16]}-{entry.asked}"


def _check_seen(entry: Entry, seen: str | None, *, judged: bool = False) -> None:
    """Raises ConflictError when *entry* stands otherwise than the person saw it; *judged*: or is due anew since."""
    if seen is None:
        return
    now, then = mark_of(entry), seen
    if not judged:
        now, then = now.partition("-")[0], then.partition("-")[0]
    if now != then:
        raise ConflictError("conflict", "It changed meanwhile, so nothing was done: look at it again, then decide.")


async def resolve(
    services: Services,
    gallery_id: str,
    webservice_id: str,
    entry_id: str,
    *,
    by: str,
    note: str,
    seen: str | None = None,
) -> EntryDetail:
    """A person accepts the difference; any later change of either side reopens it. *seen*: `mark_of` what they saw.

    Raises ConflictError unless the entry is held or in conflict, and stands as it was seen.
    """
    async with services.database.transaction() as conn:
        row = await webservices.get(conn, gallery_id, webservice_id)
        await records.lock_feed(conn, gallery_id, 0)
        entry = await upkeep.get_entry(conn, gallery_id, webservice_id, entry_id)
        if entry.state not in {"held", "conflict"}:
            raise ConflictError("conflict", f"Only what is held or in conflict can be resolved; this is {entry.shown}.")
        _check_seen(entry, seen, judged=True)
        now = await batches.now(conn)
        name = Reference("invoice" if entry.type == "allocation" else entry.type, entry.record_id)
        stored = (await records.load(conn, gallery_id, [name])).get(name)
        resolution = Resolution(
            by=by,
            at=now,
            note=note,
            record_version=stored.version if stored is not None else 0,
            remote_version=entry.remote.version if entry.remote is not None else "",
        )
        resolved = msgspec.structs.replace(
            entry,
            state=move(entry.state, "resolved"),
            judged=entry.asked,
            forced=False,
            problem_id=None,
            resolution=resolution,
        )
        await entries.save(conn, gallery_id, [resolved], [(entry.id, f"Marked as resolved by {by}: {note}")])
        await problems.close_empty(conn, gallery_id, webservice_id)
        await needs.clear(conn, gallery_id)
        await _free(conn, row, entry)
        return await _detail(conn, row, entry_id)


async def _free(conn: Connection, row: WebserviceRow, entry: Entry) -> None:
    """What waited for this entry is judged again."""
    if entry.type == "invoice":
        await entries.ask_payments_of(conn, row.gallery_id, row.id, [entry.record_id])
    elif entry.type == "contact":
        await entries.ask_invoices_of_contacts(conn, row.gallery_id, row.id, [entry.record_id])
    await upkeep.note_change(conn, row.gallery_id, row.id)


async def retry(
    services: Services,
    gallery_id: str,
    webservice_id: str,
    entry_id: str,
    *,
    distinct: bool = False,
    seen: str | None = None,
) -> EntryDetail:
    """Try again at once, by a run of its own where the webservice is ready.

    Args:
        distinct: The contact (or the contact of the invoice) is another one than those of the same name there.
        seen: `mark_of` what the person saw: a word about a harmless hold is none about what was changed there since.

    Raises ConflictError: it does not stand as it was seen.
    """
    async with services.database.transaction() as conn:
        row = await webservices.get(conn, gallery_id, webservice_id)
        await records.lock_feed(conn, gallery_id, 0)
        entry = await upkeep.get_entry(conn, gallery_id, webservice_id, entry_id)
        _check_seen(entry, seen)
        await entries.ask_entries(conn, gallery_id, webservice_id, [entry_id], forced=True, distinct=distinct)
        invoices = await _ask_around(conn, row, entry, distinct=distinct)
        await entries.save(conn, gallery_id, [], [(entry_id, _retry_words(distinct))])
        await _run_for(services, conn, row, invoices)
        return await _detail(conn, row, entry_id)


def _retry_words(distinct: bool) -> str:
    return "A person said that it is another contact of the same name." if distinct else "A person asked to try again."


async def _ask_around(conn: Connection, row: WebserviceRow, entry: Entry, *, distinct: bool) -> list[str]:
    """Ask what the entry depends on too; returns the invoices that a run for it is about."""
    if entry.type == "payment":
        return [entry.invoice_id] if entry.invoice_id else []
    if entry.type == "contact":
        found = await upkeep.list_invoices_of_contacts(conn, row.gallery_id, row.id, [entry.record_id])
        await entries.ask_invoices_of_contacts(conn, row.gallery_id, row.id, [entry.record_id])
        return found
    name = Reference("invoice", entry.record_id)
    stored = (await records.load(conn, row.gallery_id, [name])).get(name)
    if stored is not None and isinstance(stored.record, Invoice):
        contact = await entries.by_records(conn, row.gallery_id, row.id, "contact", [stored.record.contact_id])
        held = [one.id for one in contact.values() if one.state in {"held", "conflict"}]
        await entries.ask_entries(conn, row.gallery_id, row.id, held, forced=True, distinct=distinct)
    return [entry.record_id]


async def _run_for(services: Services, conn: Connection, row: WebserviceRow, invoices: Sequence[str]) -> None:
    """A run for these invoices alone (for all where there are none: contacts in the books go with full runs).

    What cannot run now goes with the next run.
    """
    kind = services.registry.kinds.get(row.kind)
    if kind is not None and row.state == "ready" and not missing_slots(kind, row):
        await asking.open_run(conn, row, invoices=invoices or None)
    else:
        await upkeep.note_change(conn, row.gallery_id, row.id)


async def link(
    services: Services, gallery_id: str, webservice_id: str, entry_id: str, *, remote_id: str, seen: str | None = None
) -> EntryDetail:
    """A person's word that the record is that remote record. Nothing is changed there. *seen*: `mark_of` what they saw.

    Raises:
        ConflictError: another entry has it; the entry is on its way, or not as it was seen; ``not-ready``.
        FormError: it does not stand there, or is another payment.
        RemoteError: it could not be read.
    """
    row = await services.get(gallery_id, webservice_id)
    check_connected(row)
    async with services.database.connection() as conn:
        entry = await upkeep.get_entry(conn, gallery_id, webservice_id, entry_id)
        _check_linkable(entry)
        _check_seen(entry, seen)
    service = await services.open(row)
    remote = await linking.read_one(service, entry.type, remote_id)
    async with services.database.transaction() as conn:
        await records.lock_feed(conn, gallery_id, 0)
        entry = await upkeep.get_entry(conn, gallery_id, webservice_id, entry_id)
        _check_linkable(entry)
        _check_seen(entry, seen)
        await _check_free(conn, row, entry, remote.id)
        book = await services.load_book(conn, row)
        linked = await linking.attach(conn, services.kind_of(row), book, entry, remote)
        await _save_linked(conn, row, linked)
        await _free(conn, row, entry)
        log.info("entry.linked", webservice_id=webservice_id, entry_id=entry_id)
        return await _detail(conn, row, entry_id)


async def _check_free(conn: Connection, row: WebserviceRow, entry: Entry, remote_id: str) -> None:
    """Raises ConflictError when another record has it; a contact that came from there takes nothing away."""
    if entry.type == "contact":
        owners = (await remote_contacts.list_owners(conn, row.gallery_id, row.id, [remote_id])).get(remote_id, ())
        others = [one for one in owners if one not in {entry.record_id, imported_id(row.kind, remote_id)}]
    else:
        standing = await entries.by_remote_ids(conn, row.gallery_id, row.id, entry.type, [remote_id])
        others = [one.record_id for one in standing.values() if one.id != entry.id]
    if others:
        raise ConflictError("conflict", f"That one is linked to {entry.type} {others[0]} already.")


def _check_linkable(entry: Entry) -> None:
    if entry.state in {"sending", "unknown"}:
        raise ConflictError("conflict", "It is on its way: wait until its outcome is known.")


async def _save_linked(conn: Connection, row: WebserviceRow, linked: settling.Settled) -> None:
    entry = linked.entry
    if linked.hold is not None:
        cause = Cause(linked.hold.reason, linked.hold.cause or entry.record_id, linked.hold.message, linked.hold.remedy)
        opened = await problems.open_all(conn, row.gallery_id, row.id, [cause])
        entry = msgspec.structs.replace(entry, problem_id=opened[cause.reason, cause.cause][0])
    await entries.save(conn, row.gallery_id, [entry], [(entry.id, linked.text)])
    await problems.close_empty(conn, row.gallery_id, row.id)
    await needs.clear(conn, row.gallery_id)


async def list_problems(
    services: Services,
    gallery_id: str,
    webservice_id: str,
    *,
    closed: bool,
    after: tuple[datetime, str] | None,
    limit: int,
    open: bool = True,  # noqa: A002 - the word for it; nothing is opened here
) -> list[Problem]:
    """One page of problems, newest first. Raises NotFoundError: no such webservice."""
    async with services.database.connection() as conn:
        await webservices.get(conn, gallery_id, webservice_id)
        return await problems.list_page(
            conn, gallery_id, webservice_id, closed=closed, after=after, limit=limit, open=open
        )


async def retry_problem(services: Services, gallery_id: str, webservice_id: str, problem_id: str) -> Problem:
    """Try again all that a problem blocks, by one run. Raises NotFoundError."""
    async with services.database.transaction() as conn:
        row = await webservices.get(conn, gallery_id, webservice_id)
        problem = await problems.get(conn, gallery_id, webservice_id, problem_id)
        await records.lock_feed(conn, gallery_id, 0)
        blocked = await upkeep.list_blocked(conn, gallery_id, webservice_id, problem_id)
        await problems.retry(conn, gallery_id, webservice_id, problem_id)
        contacts = [name.id for name, _ in blocked if name.type == "contact"]
        await entries.ask_invoices_of_contacts(conn, gallery_id, webservice_id, contacts)
        invoices = {invoice or name.id for name, invoice in blocked if name.type != "contact"}
        invoices |= set(await upkeep.list_invoices_of_contacts(conn, gallery_id, webservice_id, contacts))
        await _run_for(services, conn, row, sorted(invoices))
        return problem


def check_note(note: str) -> str:
    """A note of a person. Raises FormError: empty or too long."""
    text = note.strip()
    if not text or len(text) > MOST_NOTE or not text.replace("\n", " ").replace("\t", " ").isprintable():
        raise FormError([Fault("note", f"1 to {MOST_NOTE} printable characters are needed")])
    return text
