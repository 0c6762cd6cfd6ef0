"""The pages' own files: style, script, mark. Each has a hash of its content in its name and may be kept for ever."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

from aiohttp import web

from hub.errors import NotFoundError
from hub.web.routes import Policy, Route
from hub.web.ui import theme

FOLDER = Path(__file__).with_name("static")
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
KEEP = "public, max-age=31536000, immutable"
_THEME = re.compile(r"theme-([0-9a-f]{6})\.css")


@cache
def _files() -> dict[str, tuple[str, bytes]]:
    """Name with hash -> (media type, content)."""
    found = {}
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in TYPES:
            body = path.read_bytes()
            mark = hashlib.sha256(body).hexdigest()[:12]
            found[f"{path.stem}.{mark}{path.suffix}"] = (TYPES[path.suffix], body)
    return found


@cache
def asset(name: str) -> str:
    """The path of one of the files: ``hub.css`` -> ``/static/hub.3fa9c1d20b77.css``. Raises KeyError."""
    stem, _, suffix = name.rpartition(".")
    for full in _files():
        if full.startswith(f"{stem}.") and full.endswith(f".{suffix}"):
            return f"/static/{full}"
    raise KeyError(name)


def theme_sheet(colour: str) -> str:
    """The path of the sheet that makes *colour* (``#rrggbb``) the accent."""
    return f"/static/theme-{colour.removeprefix('#').lower()}.css"


async def send_asset(request: web.Request) -> web.StreamResponse:
    """One of the files."""
    name = request.match_info["name"]
    if themed := _THEME.fullmatch(name):
        media, body = "text/css", theme.render_sheet(f"#{themed[1]}").encode()
    elif name in _files():
        media, body = _files()[name]
    else:
        raise NotFoundError("There is no such file.")
    return web.Response(body=body, content_type=media, charset="utf-8", headers={"Cache-Control": KEEP})


ROUTES = (
    Route(
        method="GET",
        path="/static/{name}",
        handler=send_asset,
        policy=Policy.PUBLIC,
        summary="Style and script of the pages.",
    ),
)
