"""The gallery system's callback: where its events are posted, signed."""

from __future__ import annotations

from typing import Any

import pydantic
from aiohttp import web

from hub.store.callbacks import MOST_COUNTED
from hub.sync import callback_service
from hub.sync.callback_service import Shown
from hub.web.api.shapes import MAYBE, MAYBE_TIME, NUMBER, TEXT, TIME, services_of, shape
from hub.web.bodies import answer, read_model
from hub.web.routes import Policy, Route

PATH = "/api/v1/galleries/{gallery}/callback"


class CallbackInput(pydantic.BaseModel):
    """Where events go. `rotate`: a new secret for the same URL; the old one signs beside it for a day."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    url: str = pydantic.Field(min_length=1, max_length=2000)
    rotate: bool = False


async def put_callback(request: web.Request) -> web.StreamResponse:
    """Set or change it; the answer has the secret that signs."""
    told = await read_model(request, CallbackInput)
    services = services_of(request)
    secret, is_new = await callback_service.put(services, request.match_info["gallery"], told.url, rotate=told.rotate)
    return answer({"url": told.url, "secret": secret.reveal()}, status=201 if is_new else 200)


async def get_callback(request: web.Request) -> web.StreamResponse:
    """How it stands, without the secret."""
    return answer(_render(await callback_service.get(services_of(request), request.match_info["gallery"])))


async def delete_callback(request: web.Request) -> web.StreamResponse:
    """Deliveries end."""
    await callback_service.remove(services_of(request), request.match_info["gallery"])
    return web.Response(status=204)


def _render(shown: Shown) -> dict[str, Any]:
    one = shown.callback
    return {
        "url": one.url,
        "state": one.state,
        "made_at": one.made_at,
        "delivered_at": one.delivered_at,
        "delivered_id": one.delivered_id,
        "error": one.error,
        "failed_at": one.failed_at,
        "attempts": one.attempts,
        "next_try_at": one.due_at if one.attempts else None,
        "waiting": shown.waiting,
        "skipped": one.skipped,
    }


_CALLBACK = shape(
    "Callback",
    url=TEXT,
    state={"type": "string", "enum": ["on", "gone"], "description": "gone: the receiver answered 410; PUT goes on."},
    made_at=TIME,
    delivered_at=MAYBE_TIME,
    delivered_id={**MAYBE, "description": "The event that was acknowledged last."},
    error={**MAYBE, "description": "Why the last try failed; null after one that did not."},
    failed_at=MAYBE_TIME,
    attempts={**NUMBER, "description": "Failed tries of the event that comes next."},
    next_try_at=MAYBE_TIME,
    waiting={**NUMBER, "description": f"Events not acknowledged yet, counted up to {MOST_COUNTED}."},
    skipped={**NUMBER, "description": "Events that waited longer than 7 days and were left behind."},
)
_SECRET = shape(
    "CallbackSecret", url=TEXT, secret={"type": "string", "description": "whsec_..., the key of the signatures."}
)

ROUTES = (
    Route(
        method="PUT",
        path=PATH,
        handler=put_callback,
        policy=Policy.GALLERY_ADMIN,
        summary="Have the gallery's events posted to a URL, signed by Standard Webhooks; the answer has the secret.",
        tag="Events",
        request=CallbackInput,
        response=_SECRET,
        status=(200, 201),
    ),
    Route(
        method="GET",
        path=PATH,
        handler=get_callback,
        policy=Policy.GALLERY_ADMIN,
        summary="Where events go, and how far they have gone.",
        tag="Events",
        response=_CALLBACK,
    ),
    Route(
        method="DELETE",
        path=PATH,
        handler=delete_callback,
        policy=Policy.GALLERY_ADMIN,
        summary="Post no more events. They stay readable.",
        tag="Events",
        status=(204,),
    ),
)
