"""The consent of a person: from a one-use link through the remote side's page to a stored grant.

The link binds whoever opens it to a browser by cookie; the answer is taken only from that browser, once, within ten
minutes, with the PKCE verifier that never left the hub (PROMISES C4, R43). Only hashes of link, state and cookie are
stored. Every kind has a redirect address of its own, so one provider's answer never passes for another's.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec
import structlog

from hub.domain.grants import ConnectLink, Consent, Tokens
from hub.domain.secrets import Secret
from hub.errors import ConflictError
from hub.remote.oauth import InvalidGrantError, OAuthClient

_COOKIE = "hub-consent"
_WORD = re.compile(r"[a-z_]{1,40}")

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """What the browser gets: a cookie (HttpOnly, SameSite=Lax, Path=/, ten minutes) and where it goes.

    `secure`: the cookie needs ``Secure``; its name starts with ``__Host-`` then.
    """

    cookie_name: str
    cookie_value: str
    redirect_url: str
    secure: bool


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """How a consent ended. `refused`: the remote side's word (``access_denied``); there is no grant then.

    `consent_id` names this consent at the remote side; it goes into `Webservice.organisations`.
    """

    gallery_id: str
    webservice_id: str
    grant_id: str | None = None
    consent_id: str | None = None
    refused: str | None = None


class ConsentRows(Protocol):
    """What keeps links, consents and grants (`hub.store.grants.GrantStore`)."""

    async def add_link(self, hashed: bytes, link: ConnectLink) -> None:
        """Keep a link by its hash."""

    async def begin(
        self, hashed: bytes, *, state: bytes, cookie: bytes, verifier: Secret, redirect_uri: Callable[[str], str]
    ) -> ConnectLink:
        """Use a link up and keep the consent it starts."""
        ...

    async def use_state(self, state: bytes, kind: str, cookie: bytes) -> Consent | None:
        """The consent of this state, kind and browser, once."""
        ...

    async def save(self, gallery_id: str, kind: str, tokens: Tokens, *, remote_user: str, consent_id: str) -> str:
        """Store a grant and return its id."""
        ...


class Consents:
    """The consent flow of every kind.

    Args:
        rows: The store.
        clients: Kind -> its token endpoint.
        public_url: Where browsers reach the hub, without a slash at the end.
    """

    def __init__(self, rows: ConsentRows, clients: Callable[[str], OAuthClient], public_url: str) -> None:
        self._rows = rows
        self._clients = clients
        self._public_url = public_url.rstrip("/")
        self._secure = self._public_url.startswith("https://")

    def redirect_uri(self, kind: str) -> str:
        """The exact address that the remote side sends the browser back to; the operator registers it there."""
        return f"{self._public_url}/oauth/callback/{kind}"

    async def open_link(self, gallery_id: str, webservice_id: str, kind: str) -> str:
        """The path of a new link, good for one use within a day."""
        one_time = secrets.token_urlsafe(32)
        link = ConnectLink(gallery_id=gallery_id, webservice_id=webservice_id, kind=kind)
        await self._rows.add_link(_hash(one_time), link)
        return f"/connect/{one_time}"

    async def begin(self, one_time: str) -> Begun:
        """Use the link up.

        Raises:
            NotFoundError: there is no such link, or it has ended.
            ConflictError: ``used``.
        """
        state, cookie = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        verifier = Secret(secrets.token_urlsafe(64))  # 86 characters; RFC 7636 allows 43 to 128
        link = await self._rows.begin(
            _hash(one_time),
            state=_hash(state),
            cookie=_hash(cookie),
            verifier=verifier,
            redirect_uri=self.redirect_uri,
        )
        client = self._clients(link.kind)
        url = client.authorize_url(state=state, verifier=verifier, redirect_uri=self.redirect_uri(link.kind))
        log.info("consent.begun", gallery_id=link.gallery_id, webservice_id=link.webservice_id, kind=link.kind)
        return Begun(cookie_name=self.cookie_name(state), cookie_value=cookie, redirect_url=url, secure=self._secure)

    async def finish(self, kind: str, query: Mapping[str, str], cookies: Mapping[str, str]) -> Finished:
        """Take the answer that the remote side sent the browser back with.

        Raises:
            ConflictError: ``consent``: not begun in this browser, for this kind, within ten minutes, or used before;
                or the code is not taken. Nothing was stored; the person starts again.
            PermanentError, TemporaryError: the token endpoint; the person starts again.
        """
        state = query.get("state", "")
        cookie = cookies.get(self.cookie_name(state), "")
        consent = await self._rows.use_state(_hash(state), kind, _hash(cookie)) if state and cookie else None
        if consent is None:
            raise ConflictError(
                "consent",
                "This answer does not belong to a connection begun in this browser within the last ten minutes. "
                "Start the connection again from the webservice.",
            )
        names = {"gallery_id": consent.gallery_id, "webservice_id": consent.webservice_id}
        code = query.get("code", "")
        if "error" in query or not code:
            word = query.get("error", "")
            refused = word if _WORD.fullmatch(word) else "no_code"
            log.info("consent.refused", kind=kind, reason=refused, **names)
            return Finished(refused=refused, **names)
        try:
            client = self._clients(kind)
            tokens = await client.exchange(code, verifier=consent.verifier, redirect_uri=consent.redirect_uri)
        except InvalidGrantError as error:
            raise ConflictError(
                "consent", "The remote side does not take this answer (any more). Start the connection again."
            ) from error
        consent_id = tokens.consent_id or secrets.token_hex(16)
        grant_id = await self._rows.save(
            consent.gallery_id,
            kind,
            tokens,
            # a side that does not name its users: a grant for this webservice alone
            remote_user=tokens.remote_user or f"webservice:{consent.webservice_id}",
            consent_id=consent_id,
        )
        log.info("consent.finished", kind=kind, grant_id=grant_id, **names)
        return Finished(grant_id=grant_id, consent_id=consent_id, **names)

    def cookie_name(self, state: str) -> str:
        """One cookie for each consent: two tabs of a browser do not end each other's."""
        return f"{'__Host-' if self._secure else ''}{_COOKIE}-{_hash(state).hex()[:12]}"


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
