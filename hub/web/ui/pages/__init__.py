"""The pages. A new one: a module with `ROUTES` here, its templates in `templates/<module>/`, and its line below."""

from __future__ import annotations

from hub.web.routes import Route
from hub.web.ui import arriving, assets
from hub.web.ui.pages import operator, overview

ROUTES: tuple[Route, ...] = (
    *arriving.ROUTES,
    *assets.ROUTES,
    *operator.ROUTES,
    *overview.ROUTES,
)
