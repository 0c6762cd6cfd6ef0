"""What is done to a stored invoice: void, delete, send again."""

from __future__ import annotations

from datetime import date

import pydantic
from aiohttp import web

from hub.domain.records import Invoice
from hub.errors import ConflictError
from hub.store import records
from hub.web.api import records as record_views
from hub.web.bodies import answer, read_model
from hub.web.deps import DEPS
from hub.web.routes import Policy, Route


class VoidInput(pydantic.BaseModel):
    """How an invoice is voided: `on` which day in the gallery's time zone, and why."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    on: date | None = None
    reason: str = pydantic.Field(default="", max_length=1000)

    @pydantic.field_validator("reason")
    @classmethod
    def _check_reason(cls, value: str) -> str:
        if "\0" in value:
            raise ValueError("must not contain NUL")
        return value


async def void_invoice(request: web.Request) -> web.StreamResponse:
    """Void a stored invoice without payments."""
    gallery_id, id_ = request.match_info["gallery"], request.match_info["id"]
    record_views.check_id("invoice", id_)
    told = await read_model(request, VoidInput)
    deps = request.app[DEPS]
    async with deps.database.transaction() as connection:
        stored = await records.void(connection, gallery_id, id_, told.on, told.reason)
        (body,) = await record_views.render_records(deps, connection, gallery_id, [stored])
    return answer(body)


async def delete_invoice(request: web.Request) -> web.StreamResponse:
    """Delete an invoice that no books know and none will learn of."""
    gallery_id, id_ = request.match_info["gallery"], request.match_info["id"]
    record_views.check_id("invoice", id_)
    deps = request.app[DEPS]
    async with deps.database.transaction() as connection:
        await records.lock_feed(connection, gallery_id, 0)  # nobody connects or stores in between
        await records.get(connection, gallery_id, "invoice", id_)
        if deps.webservice_store and await deps.webservice_store.any_connected(connection, gallery_id):
            raise ConflictError("connected", "A webservice of the gallery is connected: void the invoice instead.")
        if deps.entry_store and await deps.entry_store.any_in_books(connection, gallery_id, "invoice", id_):
            raise ConflictError("connected", f"Invoice {id_!r} stands in the books: void it instead.")
        await records.delete_invoice(connection, gallery_id, id_)
    return web.Response(status=204)


_BASE = "/api/v1/galleries/{gallery}/invoices/{id}"

ROUTES = (
    Route(
        method="POST",
        path=f"{_BASE}/void",
        handler=void_invoice,
        policy=Policy.GALLERY_ADMIN,
        summary="Void an invoice.",
        tag="Invoices",
        request=VoidInput,
        response=record_views.stored_schema(Invoice),
        problems=("has-payments",),
    ),
    Route(
        method="DELETE",
        path=_BASE,
        handler=delete_invoice,
        policy=Policy.GALLERY_ADMIN,
        summary="Delete an invoice; refused while any webservice is connected or it stands in any books.",
        tag="Invoices",
        status=(204,),
        problems=("connected",),
    ),
)
