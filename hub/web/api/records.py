"""Records one by one and in pages: contacts, tax codes, invoices, payments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Any, get_args

import msgspec
from aiohttp import web

from hub.domain import content, door
from hub.domain.amounts import minor_digits, minor_unit
from hub.domain.entries import STATES
from hub.domain.records import (
    Contact,
    Invoice,
    InvoiceStatus,
    Payment,
    PaymentStatus,
    Record,
    RecordType,
    TaxCode,
)
from hub.errors import ConflictError, FormError, NotFoundError
from hub.store import allocations, records
from hub.store.database import Connection
from hub.store.records import Stored
from hub.web.api import entry_views
from hub.web.bodies import RECORD_BYTES, answer, is_id, read_body
from hub.web.deps import DEPS, Deps
from hub.web.queries import CHANGED_SINCE, CURSOR, LIMIT, STATE, Q, Query
from hub.web.routes import Handler, Incoming, PageOf, Policy, Route
from hub.web.routes import Stored as StoredSchema

PATHS: Mapping[str, type[Record]] = {
    "tax-codes": TaxCode,
    "contacts": Contact,
    "invoices": Invoice,
    "payments": Payment,
}
_KNOWN_STATES = tuple(dict.fromkeys((*STATES, *get_args(InvoiceStatus), *get_args(PaymentStatus))))
_WIDE = 80  # digits: sums of the widest amounts the door lets in stay exact
_NOTHING = Decimal(0)


async def put_record(request: web.Request, type_: RecordType, id_: str) -> web.Response:
    """Store the record in the body; 201 when it is new, 200 when it is changed, the same, or older than what stands."""
    gallery_id = request.match_info["gallery"]
    record = door.parse_record(await read_body(request, limit=RECORD_BYTES), type=type_, id=id_)
    deps = request.app[DEPS]
    async with deps.database.transaction() as connection:
        (saved,) = await records.save(connection, gallery_id, [record])
        if saved.conflict is not None:
            raise ConflictError(saved.conflict, " ".join(fault.message for fault in saved.faults))
        if saved.status == "refused" or saved.stored is None:
            raise FormError(saved.faults, title="The record has faults")
        (body,) = await render_records(deps, connection, gallery_id, [saved.stored])
    if saved.status == "stale":
        body["stale"] = True
    return answer(body, status=201 if saved.status == "created" else 200)


async def get_record(request: web.Request, type_: RecordType, id_: str) -> web.Response:
    """One record, or 404."""
    gallery_id = request.match_info["gallery"]
    deps = request.app[DEPS]
    check_id(type_, id_)
    async with deps.database.connection() as connection:
        stored = await records.get(connection, gallery_id, type_, id_)
        (body,) = await render_records(deps, connection, gallery_id, [stored])
    return answer(body)


async def list_records(request: web.Request, type_: RecordType) -> web.Response:
    """One page of records in the order of their last change."""
    gallery_id = request.match_info["gallery"]
    deps = request.app[DEPS]
    query = Query(request)
    limit, cursor, text = query.limit(), query.text("cursor"), query.text("q")
    since, state = query.text("changed_since"), query.choice("state", _KNOWN_STATES)
    query.check()
    async with deps.database.connection() as connection:
        page = await records.list_page(
            connection, gallery_id, type_, limit=limit, cursor=cursor, changed_since=since, q=text, state=state
        )
        if not page.items:
            await check_gallery(connection, gallery_id)
        items = await render_records(deps, connection, gallery_id, page.items)
    return answer({"items": items, "next": page.next})


async def check_gallery(connection: Connection, gallery_id: str) -> None:
    """Raises NotFoundError when there is no such gallery (only an operator can ask for one that is not there)."""
    await records.get(connection, gallery_id, "gallery", gallery_id)


def check_id(type_: RecordType, id_: str) -> None:
    """Raises NotFoundError for what cannot be an id: it is not looked for."""
    if not is_id(id_):
        raise NotFoundError(f"There is no such {type_.replace('_', ' ')}.")


async def render_records(
    deps: Deps, connection: Connection, gallery_id: str, stored: Sequence[Stored]
) -> list[dict[str, Any]]:
    """Records of one type as the API shows them; invoices with what was paid and how they stand in the books."""
    bodies = [render_record(one) for one in stored]
    invoices = [one.record for one in stored if isinstance(one.record, Invoice)]
    if not invoices:
        return bodies
    ids = [invoice.id for invoice in invoices]
    payments = await records.payments_of(connection, gallery_id, ids)
    store = deps.entry_store
    entries = await store.for_records(connection, gallery_id, "invoice", ids) if store else {}
    allocated = await allocations.allocated(connection, gallery_id, ids) if store else {}
    for body, invoice in zip(bodies, invoices, strict=True):
        own = payments.get(invoice.id, ())
        recorded = [one.record for one in own if isinstance(one.record, Payment)]
        paid, due = sum_payments(invoice, recorded, allocated.get(invoice.id, _NOTHING))
        body["payments"] = [render_record(one) for one in own]
        body["paid"], body["due"] = format(paid, "f"), format(due, "f")
        body["entries"] = [entry_views.render_entry(view, deps.registry) for view in entries.get(invoice.id, ())]
    return bodies


def render_record(stored: Stored) -> dict[str, Any]:
    """A stored record: what the gallery sent, defaults filled in, and what the hub knows of it."""
    body: dict[str, Any] = msgspec.json.decode(content.encode_body(stored.record))
    body["version"] = stored.version
    body["created_at"] = stored.created_at
    body["updated_at"] = stored.updated_at
    if stored.origin is not None:
        body["origin"] = stored.origin
    if stored.void is not None:
        body["void"] = stored.void
    return body


def sum_payments(
    invoice: Invoice, payments: Sequence[Payment], allocated: Decimal = _NOTHING
) -> tuple[Decimal, Decimal]:
    """What of *invoice* is paid, and what is still due, exact, in its currency (pure).

    Only recorded payments in its currency count. Refunds pay out a credit note and take back from an invoice.
    *allocated* is what credit notes settle of it in the books (of a credit note: what it settles). A void invoice owes
    nothing.
    """
    pays = "refund" if invoice.kind == "credit_note" else "payment"
    with localcontext(prec=_WIDE):
        paid = minor_unit(minor_digits(invoice.currency)) * 0 + allocated
        for payment in payments:
            if payment.status == "recorded" and payment.currency in {None, invoice.currency}:
                paid += payment.amount if payment.kind == pays else -payment.amount
        due = invoice.total - paid if invoice.status != "void" else paid - paid
    return paid, due


_TIMES = {name: {"type": "string", "format": "date-time"} for name in ("created_at", "updated_at")}
_ORIGIN = {
    "type": "object",
    "description": "Where it came from; such a record is read-only.",
    "properties": {
        "kind": {"type": "string"},
        "remote_id": {"type": "string"},
        "webservice_id": {"type": ["string", "null"]},
    },
}
_VOID = {
    "type": "object",
    "description": "How it was voided, when the void call did it.",
    "properties": {"on": {"type": ["string", "null"]}, "reason": {"type": "string"}},
}


def incoming_schema(record: type[Record]) -> Incoming:
    """Schema of a record in a PUT."""
    return Incoming(record=record)


def stored_schema(record: type[Record]) -> StoredSchema:
    """Schema of a record in an answer."""
    extra: dict[str, Any] = {"version": {"type": "integer", "minimum": 1}, **_TIMES, "origin": _ORIGIN}
    extra["stale"] = {"const": True, "description": "In the answer to a PUT that was older than what stands."}
    if record is Invoice:
        extra["void"] = _VOID
        extra["payments"] = {"type": "array", "items": {"type": "object"}, "description": "Stored payments."}
        extra |= {name: {"type": "string", "description": "A decimal string."} for name in ("paid", "due")}
        extra["entries"] = {"type": "array", "items": entry_views.SCHEMA}
    return StoredSchema(record=record, extra=extra)


def _handlers(type_: RecordType) -> tuple[Handler, Handler, Handler]:
    async def put(request: web.Request) -> web.StreamResponse:
        return await put_record(request, type_, request.match_info["id"])

    async def get(request: web.Request) -> web.StreamResponse:
        return await get_record(request, type_, request.match_info["id"])

    async def list_(request: web.Request) -> web.StreamResponse:
        return await list_records(request, type_)

    return put, get, list_


def _routes(path: str, record: type[Record]) -> tuple[Route, ...]:
    type_ = TYPE_NAMES[record]
    put, get, list_ = _handlers(type_)
    word = type_.replace("_", " ")
    base = f"/api/v1/galleries/{{gallery}}/{path}"
    title = path.replace("-", " ").capitalize()
    return (
        Route(
            method="GET",
            path=base,
            handler=list_,
            policy=Policy.GALLERY_READER,
            summary=f"All {path.replace('-', ' ')} in the order of their last change.",
            tag=title,
            query=(LIMIT, CURSOR, CHANGED_SINCE, STATE, Q),
            response=PageOf(item=stored_schema(record)),
        ),
        Route(
            method="GET",
            path=f"{base}/{{id}}",
            handler=get,
            policy=Policy.GALLERY_READER,
            summary=f"One {word}.",
            tag=title,
            response=stored_schema(record),
        ),
        Route(
            method="PUT",
            path=f"{base}/{{id}}",
            handler=put,
            policy=Policy.GALLERY_ADMIN,
            summary=f"Store a {word}. An equal one changes nothing; one with an older `source_updated_at` is `stale`.",
            tag=title,
            request=incoming_schema(record),
            response=stored_schema(record),
            status=(200, 201),
            problems=("read-only",) if record in {Contact, Payment} else (),
        ),
    )


TYPE_NAMES: Mapping[type[Record], RecordType] = {
    TaxCode: "tax_code",
    Contact: "contact",
    Invoice: "invoice",
    Payment: "payment",
}

ROUTES = tuple(route for path, record in PATHS.items() for route in _routes(path, record))
