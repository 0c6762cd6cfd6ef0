"""Who may call what: every route has a policy, and the application refuses to start with one that has none."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Literal

import msgspec
from aiohttp import web

from hub.errors import AccessError, NotFoundError, StartupError
from hub.store import keys
from hub.web.deps import DEPS
from hub.web.routes import Handler, Policy, Route
from hub.web.ui import session as visits

Role = Literal["operator", "gallery-admin", "gallery-reader"]

_BEARER = re.compile(r"Bearer +([\x21-\x7e]{1,512})", re.IGNORECASE)
_ID = re.compile(r"[A-Za-z0-9._-]{1,50}")


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls: `gallery_id` None = an operator, who sees every gallery."""

    role: Role
    gallery_id: str | None = None

    @property
    def may_write(self) -> bool:
        """Whether it may change things in its gallery."""
        return self.role != "gallery-reader"


CALLER = web.RequestKey("caller", Caller)
ROUTES = web.AppKey("routes", dict[tuple[str, str], Route])


def find_route(request: web.BaseRequest) -> Route | None:
    """What the route of *request* declares; None for a path or method that is not there."""
    if not isinstance(request, web.Request) or request.match_info.http_exception is not None:
        return None
    resource = request.match_info.route.resource
    if resource is None:
        return None
    method = "GET" if request.method == "HEAD" else request.method
    return request.app[ROUTES].get((method, resource.canonical))


def check_policies(app: web.Application) -> None:
    """Refuse an application that has a route which nobody declared a policy for.

    Raises:
        StartupError: the routes, by method and path.
    """
    declared = app[ROUTES]
    missing = [
        f"{route.method} {route.resource.canonical if route.resource else route}"
        for route in app.router.routes()
        if route.resource is None
        or ("GET" if route.method == "HEAD" else route.method, route.resource.canonical) not in declared
    ]
    if missing:
        raise StartupError(f"Routes without a policy: {', '.join(missing)}. Add each as a Route with its policy.")


@web.middleware
async def authorise(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request through to its handler only as its route's policy says.

    Raises:
        AccessError: no key (or session), an unknown one, or one without the right; a form without its token.
        NotFoundError: the gallery is another one's; the same answer as for a gallery that is not there.
    """
    route = find_route(request)
    if route is not None and route.policy in visits.NEEDED:
        await visits.admit(request, route)
    elif route is not None and route.policy not in {Policy.PUBLIC, Policy.SIGNED}:
        caller = await _identify(request)
        check_access(route.policy, caller, request.match_info.get("gallery"))
        request[CALLER] = caller
    return await handler(request)


def check_access(policy: Policy, caller: Caller, gallery_id: str | None) -> None:
    """Raise unless *caller* may call a route with *policy* for *gallery_id* (pure)."""
    if gallery_id is not None and not _ID.fullmatch(gallery_id):
        raise unknown_gallery()
    if caller.role == "operator":
        return
    if gallery_id is not None and caller.gallery_id != gallery_id:
        raise unknown_gallery()
    if policy is Policy.OPERATOR:
        raise AccessError("forbidden", "This needs an operator key.")
    if policy is Policy.GALLERY_ADMIN and not caller.may_write:
        raise AccessError("forbidden", "This key may only read: use a gallery-admin key.")


def unknown_gallery() -> NotFoundError:
    """The one answer for a gallery that is not there and for one that the caller may not see."""
    return NotFoundError("There is no such gallery, or your key may not see it.")


async def _identify(request: web.Request) -> Caller:
    deps = request.app[DEPS]
    found = _BEARER.fullmatch(request.headers.get("Authorization", "").strip())
    if found is None:
        raise AccessError("unauthorized", "Send the header `Authorization: Bearer <key>`.")
    secret = found[1]
    operator = deps.settings.operator_key
    if operator is not None and _is_same(secret, operator.get_secret_value()):
        return Caller(role="operator")
    async with deps.database.connection() as connection:
        key = await keys.find(connection, secret)
    if key is None:
        raise AccessError("unauthorized", "This key is unknown or was revoked.")
    return Caller(role=key.role, gallery_id=key.gallery_id)


def _is_same(given: str, expected: str) -> bool:
    """Constant-time, also in the length."""
    return hmac.compare_digest(hashlib.sha256(given.encode()).digest(), hashlib.sha256(expected.encode()).digest())
