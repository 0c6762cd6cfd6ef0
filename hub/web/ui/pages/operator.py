"""The operator's pages: every gallery, who needs someone, keys, daemons, health and settings."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Literal

from aiohttp import web
from pydantic import SecretStr

from hub.errors import BusyError, ConflictError, Fault, FormError, NotFoundError, UnavailableError
from hub.settings import PREFIX, Settings
from hub.store import keys, migrate, operating, records
from hub.store.keys import Key
from hub.store.operating import Daemon, Held
from hub.web.api.records import check_gallery
from hub.web.bodies import is_id
from hub.web.deps import DEPS, Deps
from hub.web.health import READY_SECONDS
from hub.web.pages import hub_version
from hub.web.queries import Query
from hub.web.routes import Handler, Policy, Route
from hub.web.ui import csrf
from hub.web.ui.csrf import Form
from hub.web.ui.render import redirect, render
from hub.web.ui.session import OPERATOR_HOME, form_of, visit_of

PAGE = 50
MOST_LEASES = 200
KEYS = f"{OPERATOR_HOME}/keys"
KEY_ROLES = {
    "gallery-admin": "gallery-admin: reads and writes one gallery",
    "gallery-reader": "gallery-reader: only reads one gallery",
    "operator": "operator: every gallery, and keys",
}


async def list_galleries(request: web.Request) -> web.StreamResponse:
    """One page of all galleries, by id, below the webservices that need someone."""
    query = Query(request)
    cursor, text = query.text("cursor"), query.text("q")
    query.check()
    first = cursor is None and text is None
    async with request.app[DEPS].database.connection() as conn:
        page = await records.list_galleries(conn, limit=PAGE, cursor=cursor, q=text)
        needy = await operating.list_needy(conn, limit=PAGE + 1) if first else []
    return await render(
        request,
        "operator/galleries.html",
        title="Galleries",
        galleries=[one.record for one in page.items],
        needy=needy[:PAGE],
        more_needy=len(needy) > PAGE,
        q=text or "",
        next=page.next,
    )


async def list_keys(request: web.Request) -> web.StreamResponse:
    """Live keys: those of operators, or of one gallery."""
    query = Query(request)
    gallery_id = query.text("gallery", longest=50)
    query.check()
    return await _show_keys(request, gallery_id)


async def _show_keys(
    request: web.Request,
    gallery_id: str | None,
    *,
    secret: str = "",
    again: bool = False,
    faults: list[Fault] | None = None,
    role: str = "gallery-admin",
    status: int = 200,
) -> web.Response:
    found: list[Key] = []
    async with request.app[DEPS].database.connection() as conn:
        if gallery_id is None or is_id(gallery_id):
            found = await keys.list_keys(conn, gallery_id)
    return await render(
        request,
        "operator/keys.html",
        title="Keys",
        status=status,
        keys=found[:PAGE],
        more=len(found) > PAGE,
        of=gallery_id or "",
        secret=secret,
        again=again,
        once=csrf.make_once(visit_of(request).session.secret),
        roles=list(KEY_ROLES.items()),
        role=role,
        fault=(faults or [Fault("", "")])[0].message,
        key_of_settings=gallery_id is None and request.app[DEPS].settings.operator_key is not None,
    )


async def make_key(request: web.Request) -> web.StreamResponse:
    """Make a key and show it: this answer is the only place, so no redirect follows and nothing of it is stored.

    A reload sends the form again: its mark makes one key only.
    """
    form = form_of(request)
    role, gallery_id = form.text("role"), form.text("gallery") or None
    try:
        secret = await _make_key(request, form)
    except FormError as error:
        return await _show_keys(request, gallery_id, faults=error.faults, role=role, status=422)
    except ConflictError:
        return await _show_keys(request, gallery_id, again=True, role=role, status=409)
    return await _show_keys(request, gallery_id, secret=secret)


async def _make_key(request: web.Request, form: Form) -> str:
    role, gallery_id = form.text("role"), form.text("gallery") or None
    known = next((one for one in keys.ROLES if one == role), None)
    if known is None:
        raise FormError([Fault("role", "Choose one of the roles.")])
    if gallery_id is not None and known != "operator" and not is_id(gallery_id):
        raise FormError([Fault("gallery", "There is no such gallery.")])
    once = csrf.read_once(form.text("once"), visit_of(request).session.secret)
    async with request.app[DEPS].database.transaction() as conn:
        if gallery_id is not None and known != "operator":
            try:
                await check_gallery(conn, gallery_id)
            except NotFoundError as error:
                raise FormError([Fault("gallery", "There is no such gallery.")]) from error
        keys.check_scope(known, gallery_id)
        if once is None:
            raise ConflictError("conflict", "This form is not one of the page as it was shown.")
        return await keys.create(conn, known, gallery_id, once=once)


async def revoke_key(request: web.Request) -> web.StreamResponse:
    """Revoke a key for good."""
    gallery_id = form_of(request).text("gallery") or None
    if gallery_id is not None and not is_id(gallery_id):
        raise NotFoundError("There is no such key.")
    async with request.app[DEPS].database.transaction() as conn:
        if request.match_info["key"] not in {key.id for key in await keys.list_keys(conn, gallery_id)}:
            raise NotFoundError("There is no such key, or it was revoked already.")
        await keys.revoke(conn, request.match_info["key"])
    to = KEYS if gallery_id is None else f"{KEYS}?gallery={gallery_id}"
    return await redirect(request, to, say="The key is revoked: it opens nothing from now on.")


async def show_system(request: web.Request) -> web.StreamResponse:
    """Daemons with their leases, health, version, settings without their secrets."""
    deps = request.app[DEPS]
    async with deps.database.connection() as conn:
        figures = await operating.get_figures(conn)
        held = await operating.list_leases(conn, limit=MOST_LEASES)
        alive = await operating.list_daemons(conn, limit=MOST_LEASES)
    return await render(
        request,
        "operator/system.html",
        title="System",
        version=hub_version(),
        figures=figures,
        current=await _is_current(deps),
        daemons=join_daemons(alive, held),
        plugins=[] if deps.registry is None else sorted(deps.registry.kinds),
        settings=list_settings(deps.settings),
        sections=[(name, sorted(deps.settings.section(name))) for name in deps.settings.plugins],
    )


def join_daemons(alive: Sequence[Daemon], held: Sequence[Held]) -> list[tuple[str, datetime | None, list[Held]]]:
    """(name, since when, what it works at) of each daemon; None: it is gone, and its leases are left (pure)."""
    leases = {owner: list(its) for owner, its in groupby(held, key=lambda one: one.owner)}
    there = [(one.owner, one.since, leases.pop(one.owner, [])) for one in alive]
    return there + [(owner, None, its) for owner, its in leases.items()]


async def _is_current(deps: Deps) -> bool:
    try:
        async with asyncio.timeout(READY_SECONDS), deps.database.connection() as conn:
            return await migrate.is_current(conn)
    except (BusyError, UnavailableError, TimeoutError):
        return False


def list_settings(settings: Settings) -> list[tuple[str, str, str]]:
    """(name in the environment, value for people, what it is); of a secret only whether it is set (pure)."""
    return [
        (f"{PREFIX}{name.upper()}", _show(getattr(settings, name)), field.description or "")
        for name, field in Settings.model_fields.items()
    ]


def _show(value: Any) -> str:
    match value:
        case None | "" | ():
            return "not set"
        case SecretStr():
            return "set, not shown"
        case tuple():
            return ", ".join(str(one) for one in value)
        case _:
            return str(value)


def _route(method: Literal["GET", "POST"], path: str, handler: Handler, summary: str) -> Route:
    return Route(method=method, path=path, handler=handler, policy=Policy.PAGE_OPERATOR, summary=summary, page=True)


ROUTES = (
    _route("GET", OPERATOR_HOME, list_galleries, "Every gallery."),
    _route("GET", KEYS, list_keys, "Live keys."),
    _route("POST", KEYS, make_key, "Make a key."),
    _route("POST", f"{KEYS}/{{key}}/revoke", revoke_key, "Revoke a key."),
    _route("GET", f"{OPERATOR_HOME}/system", show_system, "Daemons, health, version and settings."),
)
