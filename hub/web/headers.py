"""Headers of every answer (PROMISES R39): nothing loads, frames, sniffs, caches or learns where a person came from."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from aiohttp import web

from hub.settings import Settings

BASE: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",  # browsers heed it over https only
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
DATA_HEADERS: Mapping[str, str] = {
    **BASE,
    "Content-Security-Policy": DATA_POLICY,
    "X-Frame-Options": "DENY",
    "Server": "hub",
}


def page_policy(settings: Settings, *, style_hashes: Iterable[str] = (), form_targets: Iterable[str] = ()) -> str:
    """The Content-Security-Policy of a page: only the styles with these hashes, forms to us and *form_targets*."""
    styles = " ".join(f"'sha256-{one}'" for one in style_hashes) or "'none'"
    ancestors = " ".join(settings.frame_ancestors) or "'none'"
    targets = " ".join(("'self'", *form_targets))
    return (
        f"default-src 'none'; style-src {styles}; img-src 'self' data:; base-uri 'none'; "
        f"form-action {targets}; frame-ancestors {ancestors}"
    )


def signed_in_policy(settings: Settings, *, form_targets: Iterable[str] = ()) -> str:
    """The Content-Security-Policy of the pages for people: our own files only, nothing inline, forms to us and them."""
    ancestors = " ".join(settings.frame_ancestors) or "'none'"
    targets = " ".join(("'self'", *form_targets))
    return (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        f"base-uri 'none'; form-action {targets}; frame-ancestors {ancestors}"
    )


def origin_of(url: str) -> str:
    """Scheme, host and port of *url*, for a Content-Security-Policy."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def hash_style(style: str) -> str:
    """What a Content-Security-Policy calls an inline style by."""
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Signal handler: add what a handler did not set by itself; runs for streams too."""
    for name, value in BASE.items():
        response.headers.setdefault(name, value)
    policy = response.headers.setdefault("Content-Security-Policy", DATA_POLICY)
    if "frame-ancestors 'none'" in policy:
        response.headers.setdefault("X-Frame-Options", "DENY")
    response.headers["Server"] = "hub"
