"""The application: routes with their policies, middlewares, and what every answer carries."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from hub.errors import StartupError
from hub.web import headers, health, hooks, metrics, middlewares, oauth, pages, policies
from hub.web.api import (
    bulk,
    callback,
    docs,
    entries,
    events,
    explain,
    galleries,
    invoices,
    keys,
    kinds,
    mappings,
    previews,
    problems,
    proof,
    records,
    runs,
    sessions,
    webservices,
)
from hub.web.bodies import RECORD_BYTES
from hub.web.deps import DEPS, Deps
from hub.web.metrics import METRICS, Metrics
from hub.web.routes import Route
from hub.web.ui import pages as ui_pages
from hub.web.ui import render as ui_render

ROUTES: tuple[Route, ...] = (
    *galleries.ROUTES,
    *keys.ROUTES,
    *records.ROUTES,
    *invoices.ROUTES,
    *explain.ROUTES,
    *bulk.ROUTES,
    *kinds.ROUTES,
    *webservices.ROUTES,
    *mappings.ROUTES,
    *previews.ROUTES,
    *runs.ROUTES,
    *entries.ROUTES,
    *problems.ROUTES,
    *proof.ROUTES,
    *events.ROUTES,
    *callback.ROUTES,
    *sessions.ROUTES,
    *docs.ROUTES,
    *health.ROUTES,
    *metrics.ROUTES,
    *oauth.ROUTES,
    *hooks.ROUTES,
    *pages.ROUTES,
    *ui_pages.ROUTES,
)


def make_app(deps: Deps, *, more: Iterable[Route] = ()) -> web.Application:
    """The application, complete but for what a caller adds to it before it starts.

    Args:
        deps: What handlers work with; the caller opens and closes it.
        more: Routes besides `ROUTES`.

    Raises:
        StartupError: two routes claim the same method and path. At start also: a route without a policy.
    """
    app = web.Application(
        middlewares=[middlewares.observe, middlewares.explain_errors, policies.authorise],
        client_max_size=RECORD_BYTES,
    )
    app[DEPS] = deps
    app[METRICS] = Metrics()
    app[policies.ROUTES] = {}
    for route in (*ROUTES, *more):
        add_route(app, route)
    ui_render.setup(app, tuple(app[policies.ROUTES].values()))
    app[docs.DOCUMENT] = docs.Document(app)
    app.on_response_prepare.append(headers.add_headers)
    app.on_response_prepare.append(middlewares.note_begun)
    app.on_startup.append(_check)
    return app


def add_route(app: web.Application, route: Route) -> None:
    """Register *route* with its policy; a GET answers HEAD too."""
    declared = app[policies.ROUTES]
    if route.method == "GET":
        added = app.router.add_get(route.path, route.handler)
    else:
        added = app.router.add_route(route.method, route.path, route.handler)
    assert added.resource is not None  # noqa: S101 - aiohttp gives every added route its resource
    key = (route.method, added.resource.canonical)
    if key in declared:
        raise StartupError(f"Two routes claim {route.method} {route.path}.")
    declared[key] = route


async def _check(app: web.Application) -> None:
    policies.check_policies(app)
