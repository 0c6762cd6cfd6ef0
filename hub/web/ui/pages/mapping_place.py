"""Where on the mapping page somebody is, in its addresses and forms."""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec
from aiohttp import web

from hub.store.webservices import WebserviceRow
from hub.sync.services import Services
from hub.web.api.shapes import names_of, services_of
from hub.web.ui.csrf import Form
from hub.web.ui.pages.mapping_rows import PARTS
from hub.web.ui.render import Crumb
from hub.web.ui.session import HOME, visit_of

BASE = f"{HOME}/webservices/{{webservice}}/mappings"
LONGEST_NUMBER = 100
MOST_STARTS = 100_000


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where on the page somebody is: part, invoice of the preview, first row, the rule being changed.

    `saved`: something was saved right before. `differ`: how many open, unpaid invoices stood there otherwise then;
    `at_least`: not all were looked at.
    """

    part: str = "accounts"
    number: str = ""
    start: int = 0
    change: str = ""
    saved: bool = False
    differ: int = 0
    at_least: bool = False


def ask(request: web.Request) -> tuple[Services, tuple[str, str]]:
    """The services, and (gallery, webservice) of the path."""
    return services_of(request), names_of(request)


def crumbs_of(request: web.Request, row: WebserviceRow) -> list[Crumb]:
    """The pages above the mapping."""
    path = visit_of(request).path
    return [("Webservices", path("webservices")), (row.name, path("webservices", row.id))]


def place_of(form: Form) -> Place:
    """The place that a form of the page was sent from; what makes no sense is left out."""
    part, start = form.text("part"), form.text("from")
    number = form.text("invoice")[:LONGEST_NUMBER]
    digits = start.isascii() and start.isdigit() and len(start) <= 6
    return Place(
        part=part if part in PARTS else "",
        number=number if number.isprintable() else "",
        start=min(int(start), MOST_STARTS) if digits else 0,
    )


def link_to(request: web.Request, place: Place) -> str:
    """The address of *place*."""
    wanted = {
        "part": place.part,
        "invoice": place.number,
        "from": str(place.start or ""),
        "saved": "1" if place.saved else "",
        "differ": str(place.differ or ""),
        "more": "1" if place.differ and place.at_least else "",
    }
    query = urlencode({key: value for key, value in wanted.items() if value})
    path = visit_of(request).path("webservices", request.match_info["webservice"], "mappings")
    return f"{path}?{query}" if query else path
