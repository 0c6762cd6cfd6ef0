"""Forms that only our own pages can send: a token bound to the session, and the browser's word where it comes from."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

from hub.domain.secrets import Secret
from hub.errors import AccessError
from hub.web.bodies import SMALL_BYTES, read_body

FIELD = "_token"
FORM_TYPES = frozenset({"application/x-www-form-urlencoded"})
MOST_FIELDS = 5_000
_PURPOSE = b"hub form token 1"
_STALE = "This form is too old or was not made by the hub. Go back, load the page again and send it once more."


class Form:
    """What a form brought: each name with all its values, in order. Line ends are ``\\n``, ends are trimmed."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value.replace("\r\n", "\n").replace("\r", "\n").strip())

    def text(self, name: str, default: str = "") -> str:
        """The first value of *name*."""
        return self._values.get(name, [default])[0]

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of *name*, empty ones too."""
        return tuple(self._values.get(name, ()))

    def flag(self, name: str) -> bool:
        """Whether a box is ticked, or a button of this name was pressed."""
        return name in self._values

    def names(self) -> tuple[str, ...]:
        """Every name, in the order of the form; never the token's."""
        return tuple(self._values)


def make_token(secret: Secret) -> str:
    """The token of a session: nobody can make it, or tell the session, from the other one."""
    made = hmac.digest(secret.reveal().encode(), _PURPOSE, hashlib.sha256)
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def is_valid(token: str, secret: Secret) -> bool:
    """Whether *token* is this session's; in constant time."""
    return hmac.compare_digest(token.encode("utf-8", "replace"), make_token(secret).encode())


def make_once(secret: Secret) -> str:
    """A mark for a form that may be sent once: a random word, signed for this session."""
    word = secrets.token_hex(16)
    return f"{word}.{_sign_once(word, secret)}"


def read_once(mark: str, secret: Secret) -> str | None:
    """The random word of a mark that this session was given; None: it is none."""
    word, _, signed = mark.partition(".")
    good = hmac.compare_digest(signed.encode("utf-8", "replace"), _sign_once(word, secret).encode())
    return word if good else None


def _sign_once(word: str, secret: Secret) -> str:
    return hmac.new(
        secret.reveal().encode(), b"hub form once 1" + word.encode("utf-8", "replace"), "sha256"
    ).hexdigest()


def check_origin(request: web.Request, *, ours: str) -> None:
    """Raises AccessError when the browser says that another site sent this.

    *ours*: where browsers reach the hub. A browser that says nothing passes: the token decides. So does ``Origin:
    null`` without ``Sec-Fetch-Site``: our own ``Referrer-Policy: no-referrer`` makes browsers send it from our own
    forms (Fetch standard, "append a request Origin header"), and over plain http they send nothing else.
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin", "null")
    known = {urlsplit(ours).netloc, request.host}
    if (site is not None and site != "same-origin") or (origin != "null" and urlsplit(origin).netloc not in known):
        raise AccessError("forbidden", "This was sent by another site: nothing was done.")


async def read_form(request: web.Request, secret: Secret, *, ours: str) -> Form:
    """The form of a POST, of at most 64 KiB, sent by a page of this very session.

    Raises:
        AccessError: another site sent it, or its token is missing or another session's.
        web.HTTPException: 400, 408, 413, 415.
    """
    check_origin(request, ours=ours)
    raw = await read_body(request, limit=SMALL_BYTES, allowed=FORM_TYPES)
    pairs = parse_form(raw)
    tokens = [value for name, value in pairs if name == FIELD]
    if len(tokens) != 1 or not is_valid(tokens[0], secret):
        raise AccessError("forbidden", _STALE)
    return Form([(name, value) for name, value in pairs if name != FIELD])


def parse_form(raw: bytes) -> list[tuple[str, str]]:
    """Names and values of a body. Raises HTTPBadRequest: no UTF-8, characters nothing can hold, too many fields."""
    try:
        text = raw.decode("utf-8")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise web.HTTPBadRequest(text="The form cannot be read.") from error
    if any("\0" in part for pair in pairs for part in pair):
        raise web.HTTPBadRequest(text="The form has characters in it that cannot be stored.")
    return pairs
