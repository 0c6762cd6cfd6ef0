"""Invoices for people: find one, see everything that stands about it, have it sent again, exclude it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from hub.domain.allocating import note_of
from hub.domain.books import Exclusion
from hub.domain.entries import Entry
from hub.domain.records import Contact, Invoice, Payment, Reference
from hub.errors import ConflictError, NotFoundError
from hub.store import allocations, entries, invoice_lists, records, remote_contacts, upkeep, webservices
from hub.store.database import Connection
from hub.store.invoice_lists import Filter, Found
from hub.store.records import Stored
from hub.store.webservices import WebserviceRow
from hub.sync import asking, explaining, mapping_service
from hub.sync.explaining import Explanation
from hub.sync.mapping_service import render_exclusion
from hub.sync.services import Services
from hub.sync.worker import missing_slots

FILTER = "number"
"""The exclude filter that leaves single invoices out; a kind that does not take it has no such button."""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a search, the webservices to choose from, and the reasons that occur in them."""

    found: Found
    webservices: tuple[WebserviceRow, ...]
    reasons: tuple[str, ...]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How one invoice, and all that belongs to it, stands in one webservice.

    Attributes:
        entry: Of the invoice; None when there is none yet.
        contact: Of its contact; None when no invoice went out to it yet.
        payments, allocations: Of its payments by record id; those of it, or on it, by record id.
        explanation: None for a disconnected webservice, or one whose plugin is not enabled.
        contact_there: Name of the contact that it stands there with, where that is known.
        history: (when, entry, sentence) of all of these, newest first.
        excludable: The kind takes a rule for single numbers. `excluded`: there is one for this very number.
    """

    row: WebserviceRow
    entry: Entry | None
    contact: Entry | None
    payments: Mapping[str, Entry]
    allocations: Mapping[str, Entry]
    explanation: Explanation | None
    contact_there: str | None
    history: tuple[tuple[datetime, Entry, str], ...]
    excludable: bool
    excluded: bool


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """One invoice with everything about it. `joined`: credit notes and invoices that allocations name, by id."""

    stored: Stored
    invoice: Invoice
    contact: Contact | None
    payments: tuple[Stored, ...]
    allocated: Decimal
    joined: Mapping[str, Invoice]
    standings: tuple[Standing, ...]


async def list_invoices(
    services: Services, gallery_id: str, wanted: Filter, *, webservice_id: str | None, limit: int, offset: int
) -> Listed:
    """One page of invoices; those of the webservice alone when one is named, else live webservices count.

    Raises NotFoundError: no such webservice.
    """
    async with services.database.connection() as conn:
        rows = await webservices.list_all(conn, gallery_id)
        if webservice_id is not None and webservice_id not in {row.id for row in rows}:
            raise NotFoundError("There is no such webservice.")
        ids = (webservice_id,) if webservice_id is not None else tuple(row.id for row in _shown(rows))
        chosen = msgspec.structs.replace(wanted, webservice_ids=ids, only=webservice_id is not None)
        return Listed(
            found=await invoice_lists.search(conn, gallery_id, chosen, limit=limit, offset=offset),
            webservices=tuple(rows),
            reasons=tuple(await invoice_lists.list_reasons(conn, gallery_id, ids)),
        )


def _shown(rows: Sequence[WebserviceRow]) -> Sequence[WebserviceRow]:
    """The live ones; where there is none, the history of the others."""
    return [row for row in rows if row.state != "disconnected"] or rows


async def find_one(services: Services, gallery_id: str, text: str) -> str | None:
    """The id of the only invoice called *text*: by its number here or there, with or without prefix, or its id."""
    name = text.strip().removeprefix("#").strip()
    if not name:
        return None
    parts = name.split("-")
    more = ["-".join(parts[n:]) for n in range(1, min(len(parts), 4)) if parts[n]]
    async with services.database.connection() as conn:
        named = await invoice_lists.list_named(conn, gallery_id, name, more)
        exact = [one for one, _, by_name in named if by_name]
        if not exact and named:
            exact = await _by_prefix(services, conn, gallery_id, name, named)
    return exact[0] if len(exact) == 1 else None


async def _by_prefix(
    services: Services, conn: Connection, gallery_id: str, name: str, named: Sequence[tuple[str, str, bool]]
) -> list[str]:
    """Those whose number, as some webservice would write it, is *name*: they may never have gone there."""
    found: dict[str, None] = {}
    for row in await webservices.list_all(conn, gallery_id):
        kind = services.registry.kinds.get(row.kind)
        if kind is None:
            continue
        book = await services.load_book(conn, row)
        for one, number, _ in named:
            if kind.number("invoice", number, book).lower() == name.lower():
                found[one] = None
    return list(found)


async def load_whole(services: Services, gallery_id: str, invoice_id: str) -> Whole:
    """One invoice with everything about it. Raises NotFoundError."""
    async with services.database.connection() as conn:
        stored = await records.get(conn, gallery_id, "invoice", invoice_id)
        invoice = stored.record
        assert isinstance(invoice, Invoice)  # noqa: S101 - stored under this type
        payments = (await records.payments_of(conn, gallery_id, [invoice_id]))[invoice_id]
        allocated = await allocations.allocated(conn, gallery_id, [invoice_id])
        rows = await webservices.list_all(conn, gallery_id)
    standings = [await _load_standing(services, row, invoice) for row in rows]
    shown = tuple(one for one in standings if one.entry is not None or one.row.state != "disconnected")
    async with services.database.connection() as conn:
        contact = await _load(conn, gallery_id, "contact", invoice.contact_id)
        joined = await _load_joined(conn, gallery_id, invoice, shown)
    return Whole(
        stored=stored,
        invoice=invoice,
        contact=contact if isinstance(contact, Contact) else None,
        payments=tuple(one for one in payments if isinstance(one.record, Payment)),
        allocated=allocated.get(invoice_id, Decimal(0)),
        joined=joined,
        standings=tuple(sorted(shown, key=lambda one: one.row.state == "disconnected")),
    )


async def _load(conn: Connection, gallery_id: str, type_: Any, id_: str) -> Any:
    name = Reference(type_, id_)
    found = (await records.load(conn, gallery_id, [name])).get(name)
    return None if found is None else found.record


async def _load_joined(
    conn: Connection, gallery_id: str, invoice: Invoice, standings: Sequence[Standing]
) -> dict[str, Invoice]:
    ids = {invoice.applies_to}
    for standing in standings:
        for entry in standing.allocations.values():
            ids |= {note_of(entry.record_id), entry.invoice_id}
    wanted = [Reference("invoice", one) for one in sorted(filter(None, ids - {invoice.id}))]
    found = await records.load(conn, gallery_id, wanted)
    return {name.id: one.record for name, one in found.items() if isinstance(one.record, Invoice)}


async def _load_standing(services: Services, row: WebserviceRow, invoice: Invoice) -> Standing:
    where = (row.gallery_id, row.id)
    kind = services.registry.kinds.get(row.kind)
    explanation = None
    if kind is not None and row.state != "disconnected":
        explanation = await explaining.explain(services, row.gallery_id, invoice.id, row.id)
    async with services.database.connection() as conn:
        entry = (await entries.by_records(conn, *where, "invoice", [invoice.id])).get(invoice.id)
        contact = (await entries.by_records(conn, *where, "contact", [invoice.contact_id])).get(invoice.contact_id)
        payments = (await entries.payments_of(conn, *where, [invoice.id])).get(invoice.id, [])
        joined = [
            *(await allocations.of_notes(conn, *where, [invoice.id])).get(invoice.id, ()),
            *(await allocations.on_invoices(conn, *where, [invoice.id])).get(invoice.id, ()),
        ]
        all_ = {one.id: one for one in (entry, contact, *payments, *joined) if one is not None}
        told = await entries.list_history(conn, row.gallery_id, list(all_))
        there = await _find_name(conn, row, entry, contact)
    history = [(at, all_[id_], text) for id_, lines in told.items() for at, text in lines]
    return Standing(
        row=row,
        entry=entry,
        contact=contact,
        payments={one.record_id: one for one in payments if one.type == "payment"},
        allocations={one.record_id: one for one in joined},
        explanation=explanation,
        contact_there=there,
        history=tuple(sorted(history, key=lambda line: line[0], reverse=True)),
        excludable=kind is not None and FILTER in services.filters_of(kind),
        excluded=any(_is_alone(one, invoice.number) for one in row.exclusions),
    )


async def _find_name(conn: Connection, row: WebserviceRow, entry: Entry | None, contact: Entry | None) -> str | None:
    """The name of the contact that the invoice stands there with."""
    id_ = entry.remote.contact_id if entry is not None and entry.remote is not None else None
    if id_ is None:
        return None
    if contact is not None and contact.remote is not None and contact.remote.id == id_ and contact.remote.name:
        return contact.remote.name
    found = await remote_contacts.list_candidates(conn, row.gallery_id, row.id, numbers=(), names=(), ids=(id_,))
    return next((one.name for one in found if one.id == id_ and one.name), None)


def is_moving(standings: Sequence[Standing], now: datetime) -> bool:
    """Whether a run is at work on the invoice, or begins with it at any moment (pure)."""
    return any(
        one.row.state == "ready"
        and one.entry is not None
        and one.entry.shown in {"pending", "sending"}
        and (one.row.running or (one.row.due_at is not None and one.row.due_at <= now))
        for one in standings
    )


async def load_states(services: Services, gallery_id: str, invoice_id: str) -> tuple[tuple[str, str], ...]:
    """(webservice, state shown) of the invoice, to see a change by. Raises NotFoundError."""
    async with services.database.connection() as conn:
        await records.get(conn, gallery_id, "invoice", invoice_id)
        views = (await entries.for_records(conn, gallery_id, "invoice", [invoice_id])).get(invoice_id, [])
    return tuple((one.webservice_id, one.entry.shown) for one in views)


async def sync_again(services: Services, gallery_id: str, invoice_id: str) -> int:
    """Have an invoice compared and sent again whatever its age, at once where a webservice can run.

    Returns how many webservices began with it; the others do it with their next run. Raises NotFoundError.
    """
    async with services.database.transaction() as conn:
        await records.get(conn, gallery_id, "invoice", invoice_id)
        await entries.resync(conn, gallery_id, invoice_id)
        rows = await webservices.list_all(conn, gallery_id)
        return sum([await _begin(services, conn, row, invoice_id) for row in rows if row.state != "disconnected"])


async def _begin(services: Services, conn: Connection, row: WebserviceRow, invoice_id: str) -> bool:
    """A run for the invoice alone, where the webservice can run now."""
    kind = services.registry.kinds.get(row.kind)
    if kind is None or row.state != "ready" or missing_slots(kind, row):
        await upkeep.note_change(conn, row.gallery_id, row.id)
        return False
    await asking.open_run(conn, row, invoices=[invoice_id])
    return True


async def exclude(services: Services, gallery_id: str, webservice_id: str, invoice_id: str, *, by: str) -> None:
    """Keep one invoice out of one webservice: its number joins the exclusions. What stands there stays, and is frozen.

    The record's own flag ``excluded`` is the gallery system's; this is the hub's.

    Raises:
        NotFoundError: no such invoice or webservice.
        ConflictError: the kind takes no rule for single numbers; ``not-ready``: the webservice is disconnected.
        FormError: there are as many rules as there may be.
    """
    number, row = await _number_of(services, gallery_id, webservice_id, invoice_id)
    if FILTER not in services.filters_of(services.kind_of(row)):
        raise ConflictError("conflict", f"{row.name} cannot leave out single invoices.")
    if any(_is_alone(one, number) for one in row.exclusions):
        return

    def add(standing: tuple[Exclusion, ...]) -> list[dict[str, Any]]:
        rules = [render_exclusion(one) for one in standing]
        if any(_is_alone(one, number) for one in standing):
            return rules
        listing = next((rule for rule in reversed(rules) if rule["filter"] == FILTER and rule.get("values")), None)
        if listing is not None and len(listing["values"]) < _MOST_LISTED:
            listing["values"] = [*listing["values"], number]
        else:
            rules.append({"filter": FILTER, "values": [number]})
        return rules

    await _save(services, row, invoice_id, add, f"{by} excluded it: its number {number} joined the exclusions.")


async def include(services: Services, gallery_id: str, webservice_id: str, invoice_id: str, *, by: str) -> None:
    """Take what `exclude` added off again. Raises as `exclude`."""
    number, row = await _number_of(services, gallery_id, webservice_id, invoice_id)
    if not any(_is_alone(one, number) for one in row.exclusions):
        return

    def take_off(standing: tuple[Exclusion, ...]) -> list[dict[str, Any]]:
        rules = []
        for one in standing:
            rule = render_exclusion(one)
            if _is_alone(one, number):
                rule["values"] = [value for value in rule["values"] if value != number]
            if rule.get("values") != []:
                rules.append(rule)
        return rules

    await _save(services, row, invoice_id, take_off, f"{by} took its number {number} off the exclusions.")


_MOST_LISTED = 100


def _is_alone(rule: Exclusion, number: str) -> bool:
    """Whether *rule* lists this very number."""
    return rule.filter == FILTER and number in (rule.arguments.get("values") or ())


async def _number_of(
    services: Services, gallery_id: str, webservice_id: str, invoice_id: str
) -> tuple[str, WebserviceRow]:
    async with services.database.connection() as conn:
        stored = await records.get(conn, gallery_id, "invoice", invoice_id)
        assert isinstance(stored.record, Invoice)  # noqa: S101 - stored under this type
        return stored.record.number, await webservices.get(conn, gallery_id, webservice_id)


async def _save(
    services: Services,
    row: WebserviceRow,
    invoice_id: str,
    change: Callable[[tuple[Exclusion, ...]], Sequence[Mapping[str, Any]]],
    text: str,
) -> None:
    await mapping_service.change_exclusions(services, row.gallery_id, row.id, change)
    async with services.database.transaction() as conn:
        await records.lock_feed(conn, row.gallery_id, 0)
        found = await entries.by_records(conn, row.gallery_id, row.id, "invoice", [invoice_id])
        await entries.save(conn, row.gallery_id, [], [(one.id, text) for one in found.values()])
        await _begin(services, conn, await webservices.get(conn, row.gallery_id, row.id), invoice_id)
