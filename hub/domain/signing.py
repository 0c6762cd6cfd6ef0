"""Signatures of outgoing webhooks, by Standard Webhooks (standardwebhooks.com, spec/standard-webhooks.md; pure).

The signed text is ``<id>.<timestamp>.<body>``; the key is what stands in base64 behind ``whsec_``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable

PREFIX = "whsec_"
SECRET_BYTES = 32  # the spec asks for 24 to 64


def render_secret(key: bytes) -> str:
    """The text that stands for *key* (`SECRET_BYTES` random bytes)."""
    return PREFIX + base64.b64encode(key).decode()


def sign(secret: str, id: str, timestamp: int, body: bytes) -> str:
    """One signature, ``v1,<base64 of HMAC-SHA256>``; *timestamp* in seconds since 1970."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    digest = hmac.new(key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def signed_headers(secrets: Iterable[str], id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers, with a signature by each of *secrets*: while one replaces another both hold."""
    return {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(secret, id, timestamp, body) for secret in secrets),
    }
