"""The small pages of the API's own: landing, problems, consent. Rendered here, no script, nothing from elsewhere."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import jinja2
from aiohttp import web
from markupsafe import Markup

from hub.errors import NotFoundError
from hub.web import headers, problems
from hub.web.deps import DEPS
from hub.web.routes import Policy, Route

TEMPLATES = Path(__file__).with_name("templates")


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )


@cache
def _style() -> str:
    return (TEMPLATES / "plain.css").read_text(encoding="utf-8")


@cache
def hub_version() -> str:
    """The installed version of the hub."""
    try:
        return version("integration-hub")
    except PackageNotFoundError:
        return "0"


def render(request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
    """A page from `templates/`, with the Content-Security-Policy that lets only its own style in."""
    style = _style()
    html = _environment().get_template(template).render(style=Markup(style), version=hub_version(), **values)  # noqa: S704 - our own file
    policy = headers.page_policy(request.app[DEPS].settings, style_hashes=[headers.hash_style(style)])
    return web.Response(text=html, status=status, content_type="text/html", headers={"Content-Security-Policy": policy})


async def show_landing(request: web.Request) -> web.StreamResponse:
    """Say what this is and where the documentation stands."""
    return render(request, "landing.html")


async def show_problem_kind(request: web.Request) -> web.StreamResponse:
    """Explain what a problem's `type` stands for."""
    kind = problems.KINDS.get(request.match_info["name"])
    if kind is None:
        raise NotFoundError("There is no problem of this name.")
    return render(request, "problem_kind.html", kind=kind, phrase=problems.phrase(kind.status))


async def list_problem_kinds(request: web.Request) -> web.StreamResponse:
    """List every problem."""
    return render(request, "problem_kinds.html", kinds=sorted(problems.KINDS.values(), key=lambda kind: kind.status))


ROUTES = (
    Route(
        method="GET",
        path="/",
        handler=show_landing,
        policy=Policy.PUBLIC,
        summary="What this is.",
        page=True,
    ),
    Route(
        method="GET",
        path="/problems",
        handler=list_problem_kinds,
        policy=Policy.PUBLIC,
        summary="Every problem the API answers with.",
        page=True,
    ),
    Route(
        method="GET",
        path="/problems/{name}",
        handler=show_problem_kind,
        policy=Policy.PUBLIC,
        summary="What one problem means.",
        page=True,
    ),
)
