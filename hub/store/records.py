"""Records in Postgres: saved in bulk, read by name, listed in the order of their changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from hub.domain.content import content_hash
from hub.domain.records import (
    Contact,
    Gallery,
    Invoice,
    Origin,
    Payment,
    Record,
    RecordType,
    Reference,
    reference,
)
from hub.errors import ConflictError, NotFoundError
from hub.store import entries, events, feed, tax_versions
from hub.store.database import Connection
from hub.store.feed import lock_feed
from hub.store.queries import load as load_queries
from hub.store.record_lists import Page, list_galleries, list_page
from hub.store.record_rows import Row, arrays_of, body_text, columns_of, json_text, stored_of
from hub.store.saving import Decision, Ledger, Saved, Stored
from hub.store.tax_versions import load_tax_codes

__all__ = [
    "Page",
    "Saved",
    "Stored",
    "delete_invoice",
    "get",
    "list_galleries",
    "list_page",
    "load",
    "load_tax_codes",
    "lock_feed",
    "payments_of",
    "save",
    "save_received",
    "void",
]

QUERIES = load_queries("records")
RECEIVED = "payment.received"
RECEIVED_AGAIN = "payment.changed"
RECEIVED_DELETED = "payment.deleted"


async def save(conn: Connection, gallery_id: str, records: Sequence[Record]) -> list[Saved]:
    """Save *records* of one gallery in the order given; one answer each, in the same order.

    Runs in the caller's transaction and holds the gallery's feed until its end, with the same few statements for one
    record as for thousands. Equal records write no row; entries are asked about those that were created or changed.

    Raises:
        NotFoundError: there is no such gallery, and its record is not among *records*.
    """
    return await _save(conn, gallery_id, [(record, None) for record in records])


async def save_received(
    conn: Connection, gallery_id: str, received: Sequence[tuple[Payment | Contact, Origin]]
) -> list[Saved]:
    """Save payments (or contacts) that came from a webservice, each with its origin; otherwise as `save`.

    Their ids are ``<kind>-<remote id>``. Each payment that is new or has changed is told as an event.
    """
    saved = await _save(conn, gallery_id, received)
    told = [
        (_event_type(one, one.stored.record), _event_data(one.stored))
        for one in saved
        if one.status in {"created", "changed"} and one.stored and isinstance(one.stored.record, Payment)
    ]
    await events.append_all(conn, gallery_id, told)
    return saved


async def get(conn: Connection, gallery_id: str, type: RecordType, id: str) -> Stored:
    """One stored record. Raises NotFoundError."""
    name = Reference(type, id)
    found = await load(conn, gallery_id, [name])
    if name not in found:
        raise NotFoundError(f"{type.replace('_', ' ')} {id!r} does not exist in gallery {gallery_id!r}")
    return found[name]


async def load(conn: Connection, gallery_id: str, references: Sequence[Reference]) -> dict[Reference, Stored]:
    """The stored records among *references*, in one query (two when an invoice waited for a tax code)."""
    found = await _find(conn, gallery_id, references)
    return {reference(one.record): one for one in await tax_versions.complete(conn, gallery_id, found)}


async def payments_of(conn: Connection, gallery_id: str, invoice_ids: Sequence[str]) -> dict[str, list[Stored]]:
    """The payments and refunds (of any status) of each invoice, in the order of their last change."""
    found: dict[str, list[Stored]] = {id_: [] for id_ in invoice_ids}
    for row in await conn.fetch(QUERIES.payments_of, gallery_id, list(found)):
        found[row["invoice_id"]].append(stored_of(row))
    return found


async def void(conn: Connection, gallery_id: str, id: str, on: date | None, reason: str) -> Stored:
    """Void a stored invoice; one that is void already stays as it is.

    Raises:
        NotFoundError: there is no such invoice.
        ConflictError: ``has-payments``.
    """
    await feed.lock_feed(conn, gallery_id, 0)
    stored = await get(conn, gallery_id, "invoice", id)
    invoice = stored.record
    assert isinstance(invoice, Invoice)  # noqa: S101 - stored under this type
    if invoice.status == "void":
        return stored
    payment = await conn.fetchrow(QUERIES.find_recorded_payment, gallery_id, id)
    if payment is not None:
        origin = payment["origin_kind"]  # what came from there is read-only here
        way = "send it with status deleted" if origin is None else f"it came from {origin}: delete it there and sync"
        raise ConflictError(
            "has-payments", f"invoice {id!r} has payment {payment['id']!r}: {way}, then void the invoice"
        )
    stamp = await feed.take_seq(conn, gallery_id, 1)
    after = msgspec.structs.replace(
        stored,
        record=msgspec.structs.replace(invoice, status="void"),
        version=stored.version + 1,
        seq=stamp.seq,
        updated_at=stamp.at,
        void={"on": None if on is None else on.isoformat(), "reason": reason},
    )
    await conn.execute(
        QUERIES.save_records, gallery_id, stamp.at, *arrays_of([_row(after, content_hash(after.record))])
    )
    await conn.execute(QUERIES.record_void, gallery_id, id, after.void)
    await entries.ask(conn, gallery_id, [Reference("invoice", id)])
    return after


async def delete_invoice(conn: Connection, gallery_id: str, id: str) -> None:
    """Forget an invoice; its number is free again. The caller checks that it stands in no books.

    Raises:
        NotFoundError: there is no such invoice.
    """
    await feed.lock_feed(conn, gallery_id, 0)
    if await conn.fetchval(QUERIES.delete_invoice, gallery_id, id) is None:
        raise NotFoundError(f"invoice {id!r} does not exist in gallery {gallery_id!r}")


async def _find(conn: Connection, gallery_id: str, references: Iterable[Reference]) -> list[Stored]:
    names = list(dict.fromkeys(references))
    rows = await conn.fetch(
        QUERIES.find_records, gallery_id, [name.type for name in names], [name.id for name in names]
    )
    return [stored_of(row) for row in rows]


async def _save(conn: Connection, gallery_id: str, incoming: Sequence[tuple[Record, Origin | None]]) -> list[Saved]:
    if any(isinstance(record, Gallery) and record.id == gallery_id for record, _ in incoming):
        await feed.open_feed(conn, gallery_id)
    else:
        await feed.lock_feed(conn, gallery_id, 0)
    standing = {
        reference(one.record): one for one in await _find(conn, gallery_id, (reference(r) for r, _ in incoming))
    }
    invoices = [record for record, _ in incoming if isinstance(record, Invoice)]
    ledger = Ledger(
        gallery_id,
        standing,
        await _find_numbers(conn, gallery_id, invoices),
        await tax_versions.find_current(conn, gallery_id, [one for one in invoices if reference(one) not in standing]),
    )
    decisions = [ledger.decide(record, origin) for record, origin in incoming]
    written = await _write(conn, gallery_id, ledger, standing)
    return [_saved(decision, written, standing) for decision in decisions]


async def _find_numbers(conn: Connection, gallery_id: str, invoices: Sequence[Invoice]) -> dict[tuple[str, str], str]:
    pairs = list(dict.fromkeys((invoice.kind, invoice.number) for invoice in invoices))
    if not pairs:
        return {}
    rows = await conn.fetch(
        QUERIES.find_numbers, gallery_id, [kind for kind, _ in pairs], [number for _, number in pairs]
    )
    return {(row["kind"], row["number"]): row["id"] for row in rows}


async def _write(
    conn: Connection, gallery_id: str, ledger: Ledger, standing: dict[Reference, Stored]
) -> dict[Reference, Stored]:
    """Write what the ledger decided and ask the entries; returns what was written, as it stands now."""
    if ledger.touched:
        await _touch(conn, gallery_id, ledger.touched)
    if not ledger.written:
        return {}
    stamp = await feed.take_seq(conn, gallery_id, len(ledger.written))
    after = {}
    for seq, (name, now) in enumerate(ledger.written.items(), start=stamp.seq):
        before = standing.get(name)
        after[name] = Stored(
            record=now.record,
            version=now.version,
            seq=seq,
            created_at=before.created_at if before else stamp.at,
            updated_at=stamp.at,
            origin=now.origin,
            tax_versions=before.tax_versions if before else ledger.tax_versions.get(name, {}),
            void=before.void if before else None,
        )
    if ledger.cleared:
        await conn.execute(QUERIES.clear_numbers, gallery_id, ledger.cleared)
    await conn.execute(
        QUERIES.save_records,
        gallery_id,
        stamp.at,
        *arrays_of(_row(one, ledger.written[name].hash) for name, one in after.items()),
    )
    if ledger.code_versions:
        versions = [(code.id, version, body_text(code)) for version, code in ledger.code_versions]
        await conn.execute(QUERIES.save_code_versions, gallery_id, stamp.at, *map(list, zip(*versions, strict=True)))
    await entries.ask(conn, gallery_id, list(after))
    return after


async def _touch(conn: Connection, gallery_id: str, touched: dict[Reference, Record]) -> None:
    rows = [
        (name.type, name.id, record.source_updated_at, str(msgspec.to_builtins(record.source_updated_at)))
        for name, record in touched.items()
    ]
    await conn.execute(QUERIES.touch_records, gallery_id, *map(list, zip(*rows, strict=True)))


def _row(stored: Stored, digest: bytes) -> Row:
    name = reference(stored.record)
    return Row(
        name.type,
        name.id,
        stored.version,
        stored.seq,
        body_text(stored.record),
        digest,
        stored.record.source_updated_at,
        json_text(stored.origin),
        json_text(stored.tax_versions) if name.type == "invoice" else None,
        *columns_of(stored.record),
    )


def _saved(decision: Decision, written: dict[Reference, Stored], standing: dict[Reference, Stored]) -> Saved:
    stored = written.get(decision.reference) or standing.get(decision.reference)
    if stored is not None and decision.record is not None and decision.record is not stored.record:
        # the batch has another word on it further on, or only its source_updated_at is newer
        stored = msgspec.structs.replace(stored, record=decision.record, version=decision.version)
    if decision.record is None:
        stored = None
    return Saved(status=decision.status, stored=stored, faults=decision.faults, conflict=decision.conflict)


def _event_type(saved: Saved, payment: Payment) -> str:
    if saved.status == "created":
        return RECEIVED
    return RECEIVED_DELETED if payment.status == "deleted" else RECEIVED_AGAIN


def _event_data(stored: Stored) -> dict[str, object]:
    payment = stored.record
    assert isinstance(payment, Payment)  # noqa: S101 - only payments are told
    return {
        "payment_id": payment.id,
        "invoice_id": payment.invoice_id,
        "kind": payment.kind,
        "status": payment.status,
        "amount": format(payment.amount, "f"),
        "currency": payment.currency,
        "paid_on": payment.paid_on.isoformat(),
        "origin": msgspec.to_builtins(stored.origin),
    }
