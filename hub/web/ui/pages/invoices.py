"""Invoices: searched, filtered by group, webservice, reason and date; a number alone leads to its invoice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import cast, get_args
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from hub.domain.entries import Group
from hub.store.invoice_lists import Filter, Found
from hub.sync import invoices
from hub.web.api.shapes import services_of
from hub.web.queries import Query
from hub.web.routes import Policy, Route
from hub.web.ui import words
from hub.web.ui.render import render, see_other
from hub.web.ui.session import HOME, visit_of

PAGE = 50
_LAST_PAGE = 10_000
_GROUPS: tuple[str, ...] = get_args(Group)


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What the address asks for; `go`: an exact number leads straight to its invoice."""

    text: str | None
    go: bool
    group: str | None
    webservice: str | None
    reason: str | None
    since: date | None
    until: date | None
    page: int

    @property
    def kept(self) -> dict[str, str]:
        """What links to other pages of the same search carry on."""
        given = {
            "q": self.text,
            "group": self.group,
            "webservice": self.webservice,
            "reason": self.reason,
            "from": self.since,
            "to": self.until,
        }
        return {name: str(value) for name, value in given.items() if value is not None}


async def list_invoices(request: web.Request) -> web.StreamResponse:
    """One page of invoices, newest first."""
    visit, services, chosen = visit_of(request), services_of(request), _read(request)
    if chosen.go and chosen.text is not None:
        one = await invoices.find_one(services, visit.gallery_id, chosen.text)
        if one is not None:
            return see_other(visit.path("invoices", one))
    wanted = Filter(
        text=chosen.text,
        group=cast("Group | None", chosen.group),  # one of them: `choice` looked
        reason=chosen.reason,
        since=chosen.since,
        until=chosen.until,
    )
    skip = (chosen.page - 1) * PAGE
    listed = await invoices.list_invoices(
        services, visit.gallery_id, wanted, webservice_id=chosen.webservice, limit=PAGE, offset=skip
    )
    found, kept, path = listed.found, chosen.kept, visit.path("invoices")
    if chosen.go and len(found.items) == 1 and found.all == 1:
        return see_other(visit.path("invoices", found.items[0].id))
    total = found.all if chosen.group is None else found.counts.get(chosen.group, 0)
    reasons = sorted(((one, words.reason_word(one)) for one in listed.reasons), key=lambda pair: pair[1])
    return await render(
        request,
        "invoices/list.html",
        title="Invoices",
        listed=listed,
        names={row.id: row.name for row in listed.webservices},
        kept=kept,
        filtered=bool(kept.keys() - {"group"}),
        narrowed=bool(kept.keys() & {"webservice", "reason", "from", "to"}),
        tabs=_tabs(path, kept, found),
        reasons=[("", "Any reason"), *reasons],
        total=total,
        first=skip + 1,
        previous=_address(path, kept, page=chosen.page - 1) if chosen.page > 1 else "",
        next=_address(path, kept, page=chosen.page + 1) if skip + PAGE < total else "",
    )


def _read(request: web.Request) -> Chosen:
    """The query. Raises FormError with every fault."""
    query = Query(request)
    text = query.text("q", longest=200)
    chosen = Chosen(
        text=(text.strip() or None) if text is not None else None,
        go=query.flag("go"),
        group=query.choice("group", _GROUPS),
        webservice=query.text("webservice", longest=50),
        reason=query.text("reason", longest=50),
        since=query.day("from"),
        until=query.day("to"),
        page=_page_of(query),
    )
    query.check()
    return chosen


def _page_of(query: Query) -> int:
    text = query.text("page", longest=5) or "1"
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _LAST_PAGE):
        query.fault("page", f"needs a whole number from 1 to {_LAST_PAGE}")
        return 1
    return int(text)


def _address(path: str, kept: Mapping[str, str], *, page: int = 1) -> str:
    """The list with this search."""
    pairs = {**kept, "page": str(page)} if page > 1 else kept
    return f"{path}?{urlencode(pairs)}" if pairs else path


class Tab(msgspec.Struct, frozen=True, kw_only=True):
    """A group as a link, with how many invoices there are in it."""

    text: str
    n: int
    href: str
    here: bool
    tone: str = ""


def _tabs(path: str, kept: Mapping[str, str], found: Found) -> list[Tab]:
    """All, then each group, in the order of the words."""
    others = {name: value for name, value in kept.items() if name != "group"}
    tabs = [Tab(text="All", n=found.all, href=_address(path, others), here="group" not in kept)]
    for group, word in words.GROUPS.items():
        href = _address(path, {**others, "group": group})
        here = kept.get("group") == group
        tabs.append(Tab(text=word.text, n=found.counts.get(group, 0), href=href, here=here, tone=word.tone))
    return tabs


ROUTES = (
    Route(
        method="GET",
        path=f"{HOME}/invoices",
        handler=list_invoices,
        policy=Policy.PAGE_READER,
        summary="Invoices, searched and filtered.",
        page=True,
    ),
)
