"""Scopes, codes, tokens and connections as values. FACTS 1."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode, urlsplit

import msgspec

from plugins.xero.sandbox import wire
from plugins.xero.sandbox.wire import Json

_REPORTS = ("aged", "balancesheet", "banksummary", "budgetsummary", "executivesummary", "profitandloss")
_PAIRS = ("invoices", "payments", "banktransactions", "manualjournals", "contacts", "settings", "attachments")
# FACTS 1.5 [O]
GRANULAR = frozenset(
    [
        *("openid", "profile", "email", "offline_access", "paymentservices"),
        *(f"accounting.{name}{suffix}" for name in _PAIRS for suffix in ("", ".read")),
        *(f"accounting.reports.{name}.read" for name in (*_REPORTS, "trialbalance", "taxreports")),
        *("accounting.budgets.read", "accounting.journals.read"),
    ]
)
BROAD = frozenset(["accounting.transactions", "accounting.transactions.read", "accounting.reports.read"])


class OAuthError(Exception):
    """The token endpoint refuses with this error code. FACTS 1.7."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class PageError(Exception):
    """The consent page cannot be shown; nothing may be redirected."""


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A consent that a person is looking at."""

    id: str
    redirect_uri: str
    state: str
    scopes: tuple[str, ...]
    challenge: str
    at: datetime


class Code(msgspec.Struct, kw_only=True):
    """An authorization code."""

    pending: Pending
    user_id: str
    event_id: str
    at: datetime
    is_used: bool = False


class Access(msgspec.Struct, kw_only=True):
    """What an access token opens."""

    token: str
    user_id: str
    event_id: str
    scopes: frozenset[str]
    expires_at: datetime
    family: str
    generation: int
    is_revoked: bool = False
    is_used: bool = False


class Refresh(msgspec.Struct, kw_only=True):
    """A refresh token: *generation* counts the rotations of its *family*."""

    token: str
    user_id: str
    event_id: str
    scopes: tuple[str, ...]
    issued_at: datetime
    family: str
    generation: int
    replaced_at: datetime | None = None
    is_dead: bool = False


class Connection(msgspec.Struct, kw_only=True):
    """One user's connection of one organisation to the app. FACTS 1.6."""

    id: str
    user_id: str
    organisation_id: str
    event_id: str
    created_at: datetime
    updated_at: datetime


def as_jwt(claims: Json) -> str:
    """A token in the shape of a JWT; its signature is made up, nobody may rely on it."""
    parts = (
        wire.encode({"alg": "RS256", "typ": "JWT", "kid": "SANDBOX"}),
        wire.encode(claims),
        secrets.token_bytes(32),
    )
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def go_back(redirect_uri: str, params: Mapping[str, str]) -> str:
    """The redirect address with *params* added; empty ones are left out."""
    joint = "&" if urlsplit(redirect_uri).query else "?"
    return f"{redirect_uri}{joint}{urlencode({key: value for key, value in params.items() if value})}"
