"""Grants as values: the tokens of a remote user, and a consent under way."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from hub.domain.secrets import Secret

GrantState = Literal["ok", "reauthorize"]


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What a token endpoint answered.

    Attributes:
        refresh: None when none was issued (or, after a refresh, when the old one stays in force).
        expires_in: Seconds the access token lives from now, as told there.
        remote_user, consent_id: From claims of the access token; None where the kind names no claim or it is absent.
    """

    access: Secret
    refresh: Secret | None = None
    expires_in: float
    remote_user: str | None = None
    consent_id: str | None = None


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """One stored grant, opened.

    Attributes:
        previous: The refresh token before `refresh`, while the remote side may still take it.
        version: +1 whenever the tokens change.
        valid_for: Seconds until the access token ends, by the database's clock when it was read; negative = ended.
        lifetime: Seconds the access token lived in all.
        retry_in: Seconds until a failed refresh may be tried again; 0 = now.
    """

    gallery_id: str
    id: str
    kind: str
    remote_user: str
    consent_id: str
    state: GrantState
    version: int
    access: Secret
    refresh: Secret | None
    previous: Secret | None
    valid_for: float
    lifetime: float
    retry_in: float = 0.0
    failures: int = 0
    refreshed_at: datetime


class ConnectLink(msgspec.Struct, frozen=True, kw_only=True):
    """Whose consent a one-use link is for."""

    gallery_id: str
    webservice_id: str
    kind: str


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """A consent under way, as the callback finds it again."""

    gallery_id: str
    webservice_id: str
    kind: str
    verifier: Secret
    redirect_uri: str
