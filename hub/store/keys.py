"""Keys of the API: a secret of 256 random bits, of which only the SHA-256 is stored.

A key is found by the hash of the secret that came: no comparison depends on how much of a secret was guessed.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Literal, get_args

import msgspec

from hub.errors import ConflictError, Fault, FormError, NotFoundError
from hub.store.database import Connection
from hub.store.queries import load

QUERIES = load("keys")
PREFIX = "hub_"
_LONGEST = 100

Role = Literal["operator", "gallery-admin", "gallery-reader"]
ROLES: tuple[Role, ...] = get_args(Role)


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A live key; `gallery_id` is None for an operator, who may touch every gallery."""

    id: str
    role: Role
    gallery_id: str | None
    created_at: datetime


async def create(conn: Connection, role: Role, gallery_id: str | None = None, *, once: str | None = None) -> str:
    """Make a key and return its secret, which is never to be had again.

    *once*: a random word of the asker's; only one key is ever made for it.

    Raises:
        FormError: no such role, an operator's key with a gallery, or another one without.
        ConflictError: there is, or was, a key for *once*.
    """
    check_scope(role, gallery_id)
    secret = PREFIX + secrets.token_urlsafe(32)
    name = secrets.token_hex(8) if once is None else _hash(once).hex()[:16]
    if await conn.fetchval(QUERIES.save_key, f"key_{name}", _hash(secret), role, gallery_id) is None:
        raise ConflictError("conflict", "This key was made already, and was shown then.")
    return secret


def check_scope(role: str, gallery_id: str | None) -> None:
    """Raises FormError: no such role, an operator's key with a gallery, or another one without (pure)."""
    if role not in ROLES:
        raise FormError([Fault("role", f"needs one of: {', '.join(ROLES)}")])
    if (role == "operator") != (gallery_id is None):
        fault = "an operator's key is for all galleries" if gallery_id else f"a {role}'s key needs its gallery"
        raise FormError([Fault("gallery", fault)])


async def find(conn: Connection, secret: str) -> Key | None:
    """The live key with this secret, or None."""
    if not secret.startswith(PREFIX) or len(secret) > _LONGEST or not secret.isascii():
        return None
    row = await conn.fetchrow(QUERIES.find_key, _hash(secret))
    return None if row is None else Key(**row)


async def list_keys(conn: Connection, gallery_id: str | None) -> list[Key]:
    """The live keys of a gallery (None: of operators), oldest first."""
    return [Key(**row) for row in await conn.fetch(QUERIES.list_keys, gallery_id)]


async def revoke(conn: Connection, id: str) -> None:
    """End a key at once; repeating it is harmless. Raises NotFoundError."""
    if await conn.fetchval(QUERIES.revoke_key, id) is None:
        raise NotFoundError(f"key {id!r} does not exist")


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
