"""Who uses the pages: roles, and what a gallery system hands over with its user (pure)."""

from __future__ import annotations

import re
from typing import Literal, get_args
from urllib.parse import urlsplit

import msgspec

from hub.domain.callbacks import LOCAL

Role = Literal["reader", "bookkeeper", "owner", "operator"]
ROLES: tuple[Role, ...] = get_args(Role)
"""From the one who may least to the one who may most: each may what those before it may."""

LONGEST_URL = 2000
LONGEST_NAME = 200
_HOST = re.compile(r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]")
_THEME = re.compile(r"#[0-9a-fA-F]{6}")


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """Who comes, as what, and how they get back.

    Attributes:
        gallery_id: Whose pages it opens; None exactly for an operator, who sees all.
        user_name, user_email: For people to read; nothing is ever sent there.
        return_url: The way back; None: there is none.
        theme: The accent colour of the gallery system, ``#rrggbb``.
    """

    role: Role
    gallery_id: str | None = None
    user_name: str = ""
    user_email: str = ""
    return_url: str | None = None
    theme: str | None = None


def may(role: Role, needed: Role) -> bool:
    """Whether who has *role* may do what *needed* may."""
    return ROLES.index(role) >= ROLES.index(needed)


def check_return_url(url: str, *, allow_local: bool) -> str | None:
    """What is wrong with *url* as the way back, in one sentence; None when browsers may be sent there.

    *allow_local*: plain http to this very machine is taken too (the hub itself is reached there only).
    """
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return f"needs at most {LONGEST_URL} visible ASCII characters, without spaces"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "is no address: https://gallery.example.com/accounting is one"
    if parts.scheme not in {"https", "http"} or not host or port == 0:
        return "needs to begin with https:// and a host"
    if "@" in parts.netloc:
        return "must not hold a user name or a password"
    if _HOST.fullmatch(parts.netloc.removesuffix(f":{port}")) is None:
        return "needs a host of letters, digits, dots and hyphens"
    if parts.scheme == "http" and not (allow_local and host in LOCAL):
        return "needs https: plain http is taken only on this machine, by a hub that is reached there too"
    return None


def check_theme(theme: str) -> str | None:
    """What is wrong with *theme*, in one sentence; None when it is a colour."""
    return None if _THEME.fullmatch(theme) else "needs to be a colour such as #1d5c63"


def check_line(text: str) -> str | None:
    """What is wrong with *text* as a name on a page, in one sentence; None when it can stand there."""
    if len(text) > LONGEST_NAME or not text.isprintable():
        return f"needs at most {LONGEST_NAME} printable characters"
    return None
