"""Keys of a gallery: made and revoked by the operator, shown once."""

from __future__ import annotations

from typing import Literal

import pydantic
from aiohttp import web

from hub.errors import NotFoundError
from hub.store import keys
from hub.web.api.records import check_gallery
from hub.web.bodies import answer, read_model
from hub.web.deps import DEPS
from hub.web.routes import PageOf, Policy, Route


class KeyInput(pydantic.BaseModel):
    """What the new key may do: `gallery-admin` reads and writes, `gallery-reader` only reads."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    role: Literal["gallery-admin", "gallery-reader"]


async def create_key(request: web.Request) -> web.StreamResponse:
    """Make a key; the answer is the only place where it is ever shown."""
    gallery_id = request.match_info["gallery"]
    told = await read_model(request, KeyInput)
    async with request.app[DEPS].database.transaction() as connection:
        await check_gallery(connection, gallery_id)
        secret = await keys.create(connection, told.role, gallery_id)
        made = await keys.find(connection, secret)
    return answer({"id": made.id if made else None, "key": secret, "role": told.role}, status=201)


async def list_keys(request: web.Request) -> web.StreamResponse:
    """The live keys of a gallery, without their secrets."""
    async with request.app[DEPS].database.connection() as connection:
        await check_gallery(connection, request.match_info["gallery"])
        found = await keys.list_keys(connection, request.match_info["gallery"])
    items = [{"id": key.id, "role": key.role, "created_at": key.created_at} for key in found]
    return answer({"items": items, "next": None})


async def revoke_key(request: web.Request) -> web.StreamResponse:
    """Revoke a key for good."""
    gallery_id, id_ = request.match_info["gallery"], request.match_info["id"]
    async with request.app[DEPS].database.transaction() as connection:
        if id_ not in {key.id for key in await keys.list_keys(connection, gallery_id)}:
            raise NotFoundError("There is no such key.")
        await keys.revoke(connection, id_)
    return web.Response(status=204)


_KEY = {
    "type": "object",
    "title": "Key",
    "properties": {
        "id": {"type": "string"},
        "key": {"type": "string", "description": "The secret; only its hash is stored."},
        "role": {"type": "string"},
    },
    "required": ["id", "key", "role"],
}

_LISTED = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("id", "role", "created_at")},
    "required": ["id", "role", "created_at"],
}

ROUTES = (
    Route(
        method="GET",
        path="/api/v1/galleries/{gallery}/keys",
        handler=list_keys,
        policy=Policy.OPERATOR,
        summary="The live keys of the gallery, oldest first; never their secrets.",
        tag="Keys",
        response=PageOf(item=_LISTED),
    ),
    Route(
        method="POST",
        path="/api/v1/galleries/{gallery}/keys",
        handler=create_key,
        policy=Policy.OPERATOR,
        summary="Make a key for the gallery.",
        tag="Keys",
        request=KeyInput,
        response=_KEY,
        status=(201,),
    ),
    Route(
        method="DELETE",
        path="/api/v1/galleries/{gallery}/keys/{id}",
        handler=revoke_key,
        policy=Policy.OPERATOR,
        summary="Revoke a key of the gallery.",
        tag="Keys",
        status=(204,),
    ),
)
