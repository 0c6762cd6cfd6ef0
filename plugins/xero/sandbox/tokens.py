"""OAuth 2 as Xero does it: consents, codes, tokens with rotation and grace, connections. FACTS 1. No sockets."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from plugins.xero.sandbox import wire
from plugins.xero.sandbox.grants import (
    BROAD,
    GRANULAR,
    Access,
    Code,
    Connection,
    OAuthError,
    PageError,
    Pending,
    Refresh,
    as_jwt,
    go_back,
)
from plugins.xero.sandbox.settings import SandboxSettings
from plugins.xero.sandbox.wire import Json


class Tokens:
    """Everything the login and identity hosts know."""

    def __init__(self, settings: SandboxSettings, clock: Callable[[], datetime]) -> None:
        self.settings = settings
        self.clock = clock
        self.pending: dict[str, Pending] = {}
        self.codes: dict[str, Code] = {}
        self.access: dict[str, Access] = {}
        self.refresh: dict[str, Refresh] = {}
        self.connections: dict[str, Connection] = {}
        self.users: dict[str, str] = {wire.new_id(): "demo@example.com"}

    # consent

    def open_consent(self, params: Mapping[str, str]) -> Pending | str:
        """Begin a consent: what to ask the person, or the address to go back to with an error.

        Raises:
            PageError: no redirect can be trusted (unknown client, bad redirect address).
        """
        if params.get("client_id") != self.settings.client_id:
            raise PageError("unauthorized_client: unknown client_id")
        redirect_uri = params.get("redirect_uri", "")
        if not self._is_registered(redirect_uri):
            raise PageError("invalid_request: Invalid redirect_uri")
        state = params.get("state", "")
        if params.get("response_type") != "code":
            return go_back(redirect_uri, {"error": "unsupported_response_type", "state": state})
        scopes = tuple(params.get("scope", "").split())
        if error := self._scope_error(scopes):
            return go_back(redirect_uri, {**error, "state": state})
        challenge = params.get("code_challenge", "")
        if challenge and params.get("code_challenge_method") != "S256":  # FACTS 1.2 [O]: S256
            return go_back(redirect_uri, {"error": "invalid_request", "state": state})
        if not challenge and self.settings.client_secret is None:
            return go_back(redirect_uri, {"error": "invalid_request", "state": state})
        pending = Pending(
            id=secrets.token_urlsafe(16),
            redirect_uri=redirect_uri,
            state=state,
            scopes=scopes,
            challenge=challenge,
            at=self.clock(),
        )
        self.pending[pending.id] = pending
        return pending

    def _is_registered(self, uri: str) -> bool:
        """FACTS 1.2: exact; https, or http on localhost; never http://127.0.0.1."""
        if self.settings.redirect_uris is not None:
            return uri in self.settings.redirect_uris
        try:
            parts = urlsplit(uri)
            host = parts.hostname
        except ValueError:
            return False
        if parts.fragment or "*" in uri or not host:
            return False
        return parts.scheme == "https" or (parts.scheme == "http" and host == "localhost")

    def _scope_error(self, scopes: tuple[str, ...]) -> dict[str, str] | None:
        if "app.connections" in scopes:  # FACTS 1.5 [T], the trap
            return {"error": "access_denied", "error_description": "Requested wrong apps scopes"}
        allowed = GRANULAR | BROAD if self.settings.broad_scopes_allowed else GRANULAR
        if not self.settings.settings_read_allowed:  # FACTS 1.5 [T]: seen once, AU, 2026-08-19
            allowed -= {"accounting.settings.read"}
        if not scopes or not allowed.issuperset(scopes):
            return {"error": "invalid_scope"}
        return None

    def refuse(self, pending_id: str) -> str:
        """The person cancels: the address to go back to. Raises KeyError for an unknown consent."""
        pending = self.pending.pop(pending_id)
        return go_back(pending.redirect_uri, {"error": "access_denied", "state": pending.state})

    def approve(self, pending_id: str, organisation_ids: Iterable[str], user_id: str | None = None) -> str:
        """The person allows access to these organisations: the address to go back to, with a code.

        Raises KeyError for an unknown consent.
        """
        pending = self.pending.pop(pending_id)
        user_id = user_id or next(iter(self.users))
        now, event_id = self.clock(), wire.new_id()
        for organisation_id in organisation_ids:
            self.connect(user_id, organisation_id, event_id, now)
        code = secrets.token_urlsafe(32)
        self.codes[code] = Code(pending=pending, user_id=user_id, event_id=event_id, at=now)
        back = {"code": code, "scope": " ".join(pending.scopes), "state": pending.state}
        return go_back(pending.redirect_uri, back)

    # connections

    def connect(self, user_id: str, organisation_id: str, event_id: str, now: datetime) -> Connection:
        """Connect, or connect again: then createdDateUtc and updatedDateUtc differ. FACTS 1.6 [O*]."""
        found = self.find_connection(user_id, organisation_id)
        if found is not None:
            found.event_id, found.updated_at = event_id, now
            return found
        connection = Connection(
            id=wire.new_id(),
            user_id=user_id,
            organisation_id=organisation_id,
            event_id=event_id,
            created_at=now,
            updated_at=now,
        )
        self.connections[connection.id] = connection
        return connection

    def find_connection(self, user_id: str, organisation_id: str) -> Connection | None:
        """The connection of one user to one organisation."""
        for one in self.connections.values():
            if (one.user_id, one.organisation_id) == (user_id, organisation_id):
                return one
        return None

    def connections_of(self, user_id: str) -> list[Connection]:
        """All connections of one user: one token set covers them (FACTS 1.4)."""
        return [one for one in self.connections.values() if one.user_id == user_id]

    def disconnect(self, connection_id: str) -> None:
        """End one connection; what becomes of the tokens after the last one is a switch. FACTS 1.8 [T]."""
        user_id = self.connections.pop(connection_id).user_id
        if self.settings.last_disconnect != "forbidden" and not self.connections_of(user_id):
            self.revoke_user(user_id, refresh_too=self.settings.last_disconnect == "invalid_grant")

    def disconnect_organisation(self, organisation_id: str) -> int:
        """A person removes the app from an organisation: how many connections ended."""
        ended = [key for key, one in self.connections.items() if one.organisation_id == organisation_id]
        for key in ended:
            self.disconnect(key)
        return len(ended)

    def revoke_user(self, user_id: str, *, refresh_too: bool = True) -> None:
        """Make a user's tokens worthless."""
        for access in self.access.values():
            if access.user_id == user_id:
                access.is_revoked = True
        for refresh in self.refresh.values():
            if refresh.user_id == user_id and refresh_too:
                refresh.is_dead = True

    def revoke(self, refresh_token: str) -> None:
        """Revocation ends all organisations this user connected to the app. FACTS 1.6 [O]."""
        found = self.refresh.get(refresh_token)
        if found is None:
            return
        self.revoke_user(found.user_id)
        for connection in self.connections_of(found.user_id):
            del self.connections[connection.id]

    def expire(self, user_id: str | None = None) -> None:
        """Let access tokens (of one user) expire now."""
        for access in self.access.values():
            if user_id is None or access.user_id == user_id:
                access.expires_at = min(access.expires_at, self.clock() - timedelta(seconds=1))

    # tokens

    def exchange(self, code: str, *, redirect_uri: str, verifier: str) -> Json:
        """Turn a code into tokens; single use, 5 minutes, exact redirect, PKCE. FACTS 1.2.

        Raises:
            OAuthError: invalid_grant.
        """
        found = self.codes.get(code)
        if found is None or found.is_used:
            raise OAuthError("invalid_grant")
        found.is_used = True
        age = self.clock() - found.at
        if age > timedelta(seconds=self.settings.code_seconds) or redirect_uri != found.pending.redirect_uri:
            raise OAuthError("invalid_grant")
        if found.pending.challenge:
            digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
            if not 43 <= len(verifier) <= 128 or not hmac.compare_digest(digest, found.pending.challenge):
                raise OAuthError("invalid_grant")
        return self._issue(found.user_id, found.event_id, found.pending.scopes, wire.new_id(), 0)

    def renew(self, refresh_token: str) -> Json:
        """Refresh: a new pair; the old token may be retried for 30 minutes while the new pair is unused. FACTS 1.3.

        Raises:
            OAuthError: invalid_grant.
        """
        now = self.clock()
        found = self.refresh.get(refresh_token)
        if found is None or found.is_dead:
            raise OAuthError("invalid_grant")
        if now - found.issued_at > timedelta(seconds=self.settings.refresh_token_seconds):
            raise OAuthError("invalid_grant")
        if found.replaced_at is not None:
            if now - found.replaced_at > timedelta(seconds=self.settings.grace_seconds):
                raise OAuthError("invalid_grant")
            if self.settings.retry_kills_first_pair:
                self._kill_after(found.family, found.generation)
        self._used(found.family, found.generation)
        found.replaced_at = found.replaced_at or now
        return self._issue(found.user_id, found.event_id, found.scopes, found.family, found.generation + 1)

    def _kill_after(self, family: str, generation: int) -> None:
        for one in self.refresh.values():
            if one.family == family and one.generation > generation:
                one.is_dead = True

    def _used(self, family: str, generation: int) -> None:
        """A pair was used: older refresh tokens of its family die. FACTS 1.3 [O]."""
        if not self.settings.grace_ends_on_use:
            return
        for one in self.refresh.values():
            if one.family == family and one.generation < generation:
                one.is_dead = True

    def open(self, token: str) -> Access | None:
        """What a bearer token opens, expired or not; None when unknown or revoked."""
        access = self.access.get(token)
        if access is None or access.is_revoked:
            return None
        if not access.is_used and access.expires_at > self.clock():
            access.is_used = True
            self._used(access.family, access.generation)
        return access

    def _issue(self, user_id: str, event_id: str, scopes: tuple[str, ...], family: str, generation: int) -> Json:
        now = self.clock()
        expires_at = now + timedelta(seconds=self.settings.access_token_seconds)
        claims: Json = {  # FACTS 1.3 [O], [T]
            "nbf": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
            "iss": "https://identity.xero.com",
            "aud": "https://identity.xero.com/resources",
            "client_id": self.settings.client_id,
            "sub": user_id.replace("-", ""),
            "auth_time": int(now.timestamp()),
            "xero_userid": user_id,
            "global_session_id": wire.new_id().replace("-", ""),
            "jti": wire.new_id().replace("-", ""),
            "authentication_event_id": event_id,
            "scope": list(scopes),
        }
        access_token = as_jwt(claims)
        self.access[access_token] = Access(
            token=access_token,
            user_id=user_id,
            event_id=event_id,
            scopes=frozenset(scopes),
            expires_at=expires_at,
            family=family,
            generation=generation,
        )
        issued: Json = {
            "access_token": access_token,
            "expires_in": self.settings.access_token_seconds,
            "token_type": "Bearer",
            "scope": " ".join(scopes),
        }
        if "openid" in scopes:
            issued["id_token"] = as_jwt({key: claims[key] for key in ("nbf", "iss", "sub", "xero_userid", "auth_time")})
        if "offline_access" in scopes:  # FACTS 1.3 [O]
            refresh_token = secrets.token_urlsafe(32)
            self.refresh[refresh_token] = Refresh(
                token=refresh_token,
                user_id=user_id,
                event_id=event_id,
                scopes=scopes,
                issued_at=now,
                family=family,
                generation=generation,
            )
            issued["refresh_token"] = refresh_token
        return issued
