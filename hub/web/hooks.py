"""Incoming hooks: an accounting system says that something changed there. A hint, never data (PROMISES R24, D5)."""

from __future__ import annotations

import asyncio

import structlog
from aiohttp import web

from hub.contract import Webservice
from hub.errors import NotFoundError
from hub.store import upkeep, webservices
from hub.store.database import Database
from hub.web.bodies import BODY_SECONDS
from hub.web.deps import DEPS
from hub.web.routes import Policy, Route

log = structlog.get_logger()

HOOK_BYTES = 1024 * 1024
MOST_ORGANISATIONS = 1_000  # of one delivery; what a hook leaves out is found by the next scheduled look


async def receive_hook(request: web.Request) -> web.Response:
    """Check the signature over the bytes as they came, wake the webservices it names, answer with an empty body.

    401 says that the signature is wrong: some senders try that on purpose (FACTS 9, "intent to receive").
    """
    deps = request.app[DEPS]
    kind = deps.registry.kinds.get(request.match_info["kind"]) if deps.registry is not None else None
    if kind is None or not kind.capabilities.webhooks:
        raise NotFoundError("There is no kind of webservice of this name that takes hooks.")
    organisations = _check(kind, dict(request.headers), await _read(request))
    if organisations is None:
        return web.Response(status=401)
    await _wake(deps.database, kind.kind, organisations[:MOST_ORGANISATIONS])
    return web.Response()


async def _read(request: web.Request) -> bytes:
    """The body, byte for byte, whatever its type says; larger ones are refused while they come in."""
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while part := await request.content.readany():
                size += len(part)
                if size > HOOK_BYTES:
                    raise web.HTTPRequestEntityTooLarge(HOOK_BYTES, text="The delivery is larger than 1 MiB.")
                parts.append(part)
    except TimeoutError as error:
        raise web.HTTPRequestTimeout(text=f"The body did not arrive within {BODY_SECONDS:g} s.") from error
    except web.RequestPayloadError as error:
        raise web.HTTPBadRequest(text="The body broke off or is not framed as its headers say.") from error
    return b"".join(parts)


def _check(kind: type[Webservice], headers: dict[str, str], raw: bytes) -> tuple[str, ...] | None:
    """The organisations a delivery names; None when it is not to be trusted, or the plugin fails on it."""
    try:
        return kind.webhook(headers, raw)
    except Exception:  # a plugin's fault on a stranger's bytes is no reason to answer with 500
        log.exception("hook.check_failed", kind=kind.kind)
        return None


async def _wake(database: Database, kind: str, organisations: tuple[str, ...]) -> None:
    """The webservices that run by themselves look soon; those that are started by hand stay as they are."""
    if not organisations:
        return
    async with database.connection() as conn:
        found = await webservices.list_of_organisations(conn, kind, organisations)
    for gallery_id, webservice_id in found:
        async with database.transaction() as conn:
            await upkeep.note_remote_change(conn, gallery_id, webservice_id)
    log.info("hook.received", kind=kind, count=len(found))


ROUTES = (
    Route(
        method="POST",
        path="/hooks/{kind}",
        handler=receive_hook,
        policy=Policy.SIGNED,
        summary="Where an accounting system tells that something changed there: signed by it, and only a hint.",
    ),
)
