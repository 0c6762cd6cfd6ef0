"""Explain an invoice, and have it sent again."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.errors import NotFoundError
from hub.sync import asking, explaining
from hub.web.api import records as record_views
from hub.web.api.shapes import FREE, MAYBE, NUMBER, TEXT, listed, services_of, shape
from hub.web.bodies import answer, is_id
from hub.web.queries import Query
from hub.web.routes import Parameter, Policy, Route


async def explain_invoice(request: web.Request) -> web.StreamResponse:
    """Why an invoice is or is not in the books, and what would be posted."""
    gallery_id, id_ = request.match_info["gallery"], request.match_info["id"]
    record_views.check_id("invoice", id_)
    query = Query(request)
    webservice_id = query.text("webservice")
    query.check()
    if webservice_id is not None and not is_id(webservice_id):
        raise NotFoundError("There is no such webservice.")
    found = await explaining.explain(services_of(request), gallery_id, id_, webservice_id)
    return answer(msgspec.to_builtins(found))


async def resync_invoice(request: web.Request) -> web.StreamResponse:
    """Have an invoice compared and sent again at the next run."""
    gallery_id, id_ = request.match_info["gallery"], request.match_info["id"]
    record_views.check_id("invoice", id_)
    asked = await asking.resync(services_of(request), gallery_id, id_)
    return answer({"asked": asked}, status=202)


_CHECK = shape(
    None,
    **{
        "code": TEXT,
        "pass": {"type": ["boolean", "null"], "description": "null: not reached."},
        "message": TEXT,
    },
)
_EXPLANATION = shape(
    "Explanation",
    state=TEXT,
    reason=MAYBE,
    verdict={**TEXT, "description": "One sentence."},
    remedy=MAYBE,
    checks=listed(_CHECK),
    draft={**FREE, "type": ["object", "null"], "description": "What would be posted, amounts as decimal strings."},
)
_BASE = "/api/v1/galleries/{gallery}/invoices/{id}"

ROUTES = (
    Route(
        method="GET",
        path=f"{_BASE}/explain",
        handler=explain_invoice,
        policy=Policy.GALLERY_READER,
        summary="Why an invoice is or is not in the books, and exactly what would be posted.",
        tag="Invoices",
        query=(Parameter(name="webservice", summary="For this one; left out: the first live one."),),
        response=_EXPLANATION,
    ),
    Route(
        method="POST",
        path=f"{_BASE}/resync",
        handler=resync_invoice,
        policy=Policy.GALLERY_ADMIN,
        summary="Compare and send an invoice again at the next run, whatever its age.",
        tag="Invoices",
        response=shape(None, asked={**NUMBER, "description": "Entries that are judged again."}),
        status=(202,),
    ),
)
