"""The pages. A new one: a module with `ROUTES` here, its templates in `templates/<module>/`, and its line below."""

from __future__ import annotations

from hub.web.routes import Route
from hub.web.ui import arriving, assets
from hub.web.ui.pages import (
    connecting,
    exclusions,
    invoice,
    invoices,
    mapping,
    operator,
    overview,
    problems,
    proof,
    runs,
    settings,
    webservices,
)

ROUTES: tuple[Route, ...] = (
    *arriving.ROUTES,
    *assets.ROUTES,
    *connecting.ROUTES,
    *exclusions.ROUTES,
    *invoice.ROUTES,
    *invoices.ROUTES,
    *mapping.ROUTES,
    *operator.ROUTES,
    *overview.ROUTES,
    *problems.ROUTES,
    *proof.ROUTES,
    *runs.ROUTES,
    *settings.ROUTES,
    *webservices.ROUTES,
)
