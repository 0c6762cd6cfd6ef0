"""OAuth 2 on authlib's client core: it builds the requests and checks the answers, `RemoteClient` carries them.

Error classes follow PROMISES R15 and FACTS 1.7. The bodies of the token endpoint never reach a log or an error's text;
only its `error` word does.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
import structlog
from aiohttp import hdrs
from authlib.oauth2.client import DEFAULT_HEADERS, OAuth2Client

from hub.contract import OAuth
from hub.domain.drafts import Response
from hub.domain.grants import Tokens
from hub.domain.secrets import Secret
from hub.errors import AuthorizationError, PermanentError, TemporaryError
from hub.remote.client import RemoteClient, check_base

EXCHANGE_SECONDS = 20.0
_LEAST_LIFE = 1.0
_DEFAULT_LIFE = 1_800.0
_WORD = re.compile(r"[a-z_]{1,40}")
_OPERATOR_FAULTS = {"invalid_client", "unauthorized_client"}

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class InvalidGrantError(AuthorizationError):
    """The token endpoint does not take this code or refresh token (any more)."""


class OAuthClient:
    """The token endpoint of one kind.

    Args:
        client: The process's client.
        kind: For messages and the log.
        facts: Of the kind's provider, from the operator's settings.
    """

    def __init__(self, client: RemoteClient, kind: str, facts: OAuth) -> None:
        self._client = client
        self._kind = kind
        self._facts = facts
        for url in (facts.authorize_url, facts.token_url, facts.revocation_url):
            check_base(url or facts.token_url)

    def authorize_url(self, *, state: str, verifier: Secret, redirect_uri: str) -> str:
        """Where the browser goes to consent; asks for the listed scopes and nothing else."""
        core = self._core(redirect_uri)
        challenge = {"code_verifier": verifier.reveal()} if self._facts.pkce else {}
        url, _ = core.create_authorization_url(self._facts.authorize_url, state=state, **challenge)
        return str(url)

    async def exchange(self, code: str, *, verifier: Secret, redirect_uri: str) -> Tokens:
        """Tokens for the code of a consent; a code works once.

        Raises:
            InvalidGrantError: the code was used, has ended, or belongs to another verifier or redirect address.
            PermanentError, TemporaryError: as `refresh`.
        """
        core = self._core(redirect_uri)
        extra = {"code_verifier": verifier.reveal()} if self._facts.pkce else {}
        token = await core.fetch_token(
            self._facts.token_url, headers=dict(DEFAULT_HEADERS), grant_type="authorization_code", code=code, **extra
        )
        return _tokens(token, self._facts)

    async def refresh(self, refresh_token: Secret, *, timeout: float = EXCHANGE_SECONDS) -> Tokens:  # noqa: ASYNC109 - the exchange ends before the caller's claim on the grant does
        """New tokens for a refresh token, which is of no more use then but for the remote side's grace period.

        Raises:
            InvalidGrantError: the token was used, revoked, or has ended.
            PermanentError: ``oauth_client``: the operator's client id or secret is wrong; other codes: as answered.
            TemporaryError: no clear answer; the token may have been used there.
        """
        core = self._core(timeout=timeout)
        token = await core.refresh_token(
            self._facts.token_url, refresh_token=refresh_token.reveal(), headers=dict(DEFAULT_HEADERS)
        )
        return _tokens(token, self._facts)

    async def revoke(self, refresh_token: Secret) -> None:
        """End the grant over there, for every organisation it opens. A kind without revocation: nothing.

        Raises:
            PermanentError, TemporaryError: it may be in force still.
        """
        if self._facts.revocation_url is None:
            return
        core = self._core()
        url, token = self._facts.revocation_url, refresh_token.reveal()
        answer = await core.revoke_token(url, token=token, token_type_hint="refresh_token", headers={})  # noqa: S106 - a word of RFC 7009
        if (
            answer.status != 200
            and (error := classify(answer, self._kind))
            and not isinstance(error, InvalidGrantError)
        ):
            raise error

    def _core(self, redirect_uri: str | None = None, *, timeout: float = EXCHANGE_SECONDS) -> _Core:
        secret = self._facts.client_secret.get_secret_value()
        basic = self._facts.client_authentication == "basic"
        return _Core(
            _Transport(self._client, self._kind, timeout),
            client_id=self._facts.client_id,
            client_secret=secret if basic else None,
            token_endpoint_auth_method="client_secret_basic" if basic else "none",
            revocation_endpoint_auth_method="client_secret_basic" if basic else "none",
            redirect_uri=redirect_uri,
            code_challenge_method="S256" if self._facts.pkce else None,
            scope=" ".join(self._facts.scopes) if redirect_uri else None,
        )


class _Transport:
    """What authlib's core calls a session: posts a form and hands back the answer."""

    def __init__(self, client: RemoteClient, kind: str, timeout: float) -> None:
        self._client = client
        self._kind = kind
        self._timeout = timeout

    async def post(self, url: str, *, form: str, auth: Any, headers: dict[str, str]) -> Response:
        url, signed, form = auth.prepare("POST", url, dict(headers), form)
        signed[hdrs.ACCEPT] = "application/json"
        answer = await self._client.call("POST", url, headers=signed, body=form.encode(), timeout=self._timeout)
        status, host = answer.response.status, urlsplit(url).hostname
        ms = round(answer.seconds * 1000)
        log.info("remote.token_called", kind=self._kind, host=host, status=status, ms=ms)
        return answer.response

    async def token(self, url: str, *, form: str, auth: Any, headers: dict[str, str]) -> dict[str, Any]:
        response = await self.post(url, form=form, auth=auth, headers=headers)
        if error := classify(response, self._kind):
            raise error
        token: dict[str, Any] = msgspec.json.decode(response.body)
        return token


class _Core(OAuth2Client):  # type: ignore[misc] # authlib has no annotations
    """The core with its three sending methods made asynchronous; it keeps no token.

    `headers` are ours, copied: those of the core are one dict for the whole process, which client authentication
    would write the secret into.
    """

    async def _fetch_token(
        self,
        url: str,
        body: str,
        headers: dict[str, str],
        auth: Any,
        method: str,  # noqa: ARG002 - always POST
    ) -> dict[str, Any]:
        token: dict[str, Any] = await self.session.token(url, form=body, auth=auth, headers=headers)
        return token

    async def _refresh_token(
        self,
        url: str,
        refresh_token: str,  # noqa: ARG002 - it is in the body
        body: str,
        headers: dict[str, str],
        auth: Any,
    ) -> dict[str, Any]:
        token: dict[str, Any] = await self.session.token(url, form=body, auth=auth, headers=headers)
        return token

    async def _http_post(self, url: str, body: str, auth: Any, headers: dict[str, str]) -> Response:
        answer: Response = await self.session.post(url, form=body, auth=auth, headers=headers)
        return answer


def classify(response: Response, kind: str) -> AuthorizationError | PermanentError | TemporaryError | None:
    """What an answer of the token endpoint means; None = it holds a token. Pure."""
    if response.status == 429 or response.status >= 500:
        after = response.headers.get("retry-after", "")
        delay = float(after) if after.isdigit() else None
        return TemporaryError(f"the token endpoint of {kind} is not available ({response.status})", delay=delay)
    try:
        body = msgspec.json.decode(response.body)
    except msgspec.DecodeError:
        body = None
    word = body.get("error") if isinstance(body, dict) else None
    if response.status == 200 and word is None and isinstance(body, dict) and isinstance(body.get("access_token"), str):
        return None
    if not isinstance(word, str) or not _WORD.fullmatch(word):
        return TemporaryError(f"the token endpoint of {kind} gave an answer that is none ({response.status})")
    if word == "invalid_grant":
        return InvalidGrantError(f"{kind} no longer takes this consent: connect the webservice again")
    if word in _OPERATOR_FAULTS:
        name = f"HUB_{kind.upper()}__CLIENT_ID and HUB_{kind.upper()}__CLIENT_SECRET"
        return PermanentError(
            "oauth_client",
            f"{kind} does not know this hub as its client ({word}).",
            f"The operator corrects {name}; nothing was lost, no new consent is needed.",
        )
    return PermanentError(
        word, f"{kind} refused the token request: {word}.", "The operator checks scopes and addresses."
    )


def claims_of(access_token: str) -> Mapping[str, Any]:
    """The claims of a JWT, read without trust: they name things, they prove nothing. Empty when it is no JWT."""
    parts = access_token.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = msgspec.json.decode(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _tokens(token: Mapping[str, Any], facts: OAuth) -> Tokens:
    access = str(token["access_token"])
    refresh = token.get("refresh_token")
    life = token.get("expires_in")
    claims = claims_of(access)
    return Tokens(
        access=Secret(access),
        refresh=Secret(refresh) if isinstance(refresh, str) and refresh else None,
        expires_in=max(float(life), _LEAST_LIFE) if isinstance(life, (int, float)) else _DEFAULT_LIFE,
        remote_user=_claim(claims, facts.user_claim),
        consent_id=_claim(claims, facts.consent_claim),
    )


def _claim(claims: Mapping[str, Any], name: str | None) -> str | None:
    value = claims.get(name) if name else None
    return value if isinstance(value, str) and 0 < len(value) <= 200 else None
