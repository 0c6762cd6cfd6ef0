"""Pages from templates: what every template can use, the headers of a page, and what follows a form.

Macros are there as `ui` in every template, without an import; formats, words and paths by their names (see
`hub.web.ui`). A value that is missing is an error, and every value is escaped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp_jinja2
import jinja2
from aiohttp import web

from hub.store import sessions
from hub.store.sessions import Flash, Tone
from hub.web import headers
from hub.web.deps import DEPS
from hub.web.routes import Policy, Route
from hub.web.ui import assets, csrf, live, words
from hub.web.ui.formats import Formats
from hub.web.ui.session import HOME, OPERATOR_HOME, find_visit, visit_of

TEMPLATES = Path(__file__).with_name("templates")
MACROS = "macros.html"
FORMATS = ("money", "number", "count", "day", "month", "moment", "ago")

# (label, path below the gallery's home): shown as soon as there is a page
SECTIONS = (
    ("Overview", ()),
    ("Webservices", ("webservices",)),
    ("Invoices", ("invoices",)),
    ("Problems", ("problems",)),
    ("Proof", ("proof",)),
)
OPERATOR_SECTIONS = (("Galleries", ()), ("Keys", ("keys",)), ("System", ("system",)))
PATHS = web.AppKey("paths", frozenset[str])

Crumb = tuple[str, str]


@cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals |= {
        "asset": assets.asset,
        "theme_sheet": assets.theme_sheet,
        "words": words,
        "TOKEN": csrf.FIELD,
    }
    return made


def setup(app: web.Application, routes: Sequence[Route]) -> None:
    """Give *app* the templates, and the navigation the pages that there are."""
    app[aiohttp_jinja2.APP_KEY] = _environment()
    app[live.STREAMS] = Counter()
    app[PATHS] = frozenset(route.path for route in routes if route.method == "GET" and route.policy != Policy.PUBLIC)


async def render(
    request: web.Request,
    template: str,
    *,
    title: str,
    crumbs: Sequence[Crumb] = (),
    status: int = 200,
    refresh: int | None = None,
    **values: Any,
) -> web.Response:
    """A page from `templates/`; sentences that wait for this browser are shown on it and forgotten.

    Args:
        template: Extends `base.html`, with its content in the block `main`.
        title: Of the window; the page's own heading is `ui.title`.
        crumbs: (text, path) of the pages above this one, outermost first, without the home and without this one.
        refresh: Seconds after which a browser without JavaScript loads the page again.
        values: What the template names.
    """
    visit = find_visit(request)
    flashes: tuple[Flash, ...] = ()
    if visit is not None and visit.session.flashes and request.method == "GET":
        async with request.app[DEPS].database.connection() as conn:
            flashes = await sessions.take_flashes(conn, visit.session)
    return render_page(
        request, template, title=title, crumbs=crumbs, status=status, refresh=refresh, flashes=flashes, **values
    )


def render_page(
    request: web.Request,
    template: str,
    *,
    title: str,
    crumbs: Sequence[Crumb] = (),
    status: int = 200,
    refresh: int | None = None,
    flashes: Sequence[Flash] = (),
    **values: Any,
) -> web.Response:
    """As `render`, without the sentences that wait: for where nothing can be awaited."""
    context = _context(request) | {
        "title": title,
        "crumbs": crumbs,
        "refresh": refresh,
        "flashes": flashes,
        "nav": _navigation(request),
        **values,
    }
    text = _fill(request, template, context)
    policy = headers.signed_in_policy(request.app[DEPS].settings, form_targets=_form_targets(request))
    return web.Response(text=text, status=status, content_type="text/html", headers={"Content-Security-Policy": policy})


def render_fragment(request: web.Request, template: str, **values: Any) -> str:
    """A part of a page as HTML, for `hub.web.ui.live`; it has `ui`, formats, words and paths as a page has."""
    return _fill(request, template, _context(request) | values)


def _context(request: web.Request) -> dict[str, Any]:
    """What every template has."""
    visit = find_visit(request)
    formats = Formats.of(None if visit is None else visit.gallery, request.app[DEPS].clock.now())
    return {
        "visit": visit,
        "gallery": None if visit is None else visit.gallery,
        "visitor": None if visit is None else visit.session.visitor,
        "token": "" if visit is None else visit.token,
        "may": lambda role: visit is not None and visit.may(role),
        "path": _plain_path if visit is None else visit.path,
        "fmt": formats,
        **{name: getattr(formats, name) for name in FORMATS},
    }


def _fill(request: web.Request, template: str, context: dict[str, Any]) -> str:
    macros = aiohttp_jinja2.get_env(request.app).get_template(MACROS).make_module(context)
    return aiohttp_jinja2.render_string(template, request, {**context, "ui": macros})


def _plain_path(*parts: str) -> str:
    return "/" + "/".join(parts)


async def redirect(request: web.Request, to: str, *, say: str = "", tone: Tone = "good") -> web.Response:
    """What follows a form: 303 to *to*, a path of ours (or a consent link), where the sentence *say* is shown once."""
    if say:
        async with request.app[DEPS].database.connection() as conn:
            await sessions.add_flash(conn, visit_of(request).session, Flash(text=say, tone=tone))
    return see_other(to)


def see_other(to: str) -> web.Response:
    """303: the browser asks for *to* by GET."""
    return web.Response(status=303, headers={"Location": to})


def _navigation(request: web.Request) -> list[tuple[str, str, bool]]:
    """(label, path, whether this page belongs to it)."""
    visit = find_visit(request)
    if visit is None:
        return []
    if visit.gallery is None:
        ways = [(label, "/".join((OPERATOR_HOME, *parts))) for label, parts in OPERATOR_SECTIONS]
        return [(label, to, request.path == to) for label, to in ways if to in request.app[PATHS]]
    there = [(label, parts) for label, parts in SECTIONS if "/".join((HOME, *parts)) in request.app[PATHS]]
    below = request.path.removeprefix(visit.path()).split("/")[1::2]  # webservices, not which one
    here = [label for label, parts in there if set(parts) & set(below) or (not parts and not below)]
    return [(label, visit.path(*parts), here[-1:] == [label]) for label, parts in there]


def _form_targets(request: web.Request) -> list[str]:
    """Where a form may lead besides us, by redirects: the kinds' consent pages, and the way back."""
    visit, registry = find_visit(request), request.app[DEPS].registry
    if visit is None:
        return []
    kinds = () if registry is None else registry.kinds.values()
    pages = {headers.origin_of(facts.authorize_url) for kind in kinds if (facts := kind.oauth()) is not None}
    back = visit.session.visitor.return_url
    return sorted(pages | ({headers.origin_of(back)} if back else set()))
