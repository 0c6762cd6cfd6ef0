"""The login and identity hosts over HTTP: consent page, token endpoint, revocation, connections. FACTS 1."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

from aiohttp import web

from plugins.xero.sandbox import errors, pages, wire
from plugins.xero.sandbox.books import Books
from plugins.xero.sandbox.grants import Access, OAuthError, PageError
from plugins.xero.sandbox.settings import SandboxSettings
from plugins.xero.sandbox.tokens import Tokens
from plugins.xero.sandbox.wire import Json

# FACTS 1.2 [O]: the consent page refuses to load in a frame.
_PAGE_HEADERS = {
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


def read_bearer(headers: Mapping[str, str]) -> str:
    """The token of an Authorization header, or an empty text."""
    kind, _, token = headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.casefold() == "bearer" else ""


def check_access(tokens: Tokens, headers: Mapping[str, str], now: datetime) -> Access:
    """Who calls. Raises `AnswerError`: 401 in Xero's shape. FACTS 1.7 [T]."""
    access = tokens.open(read_bearer(headers))
    if access is None:
        raise errors.problem(401, "Unauthorized", "AuthenticationUnsuccessful")
    if access.expires_at <= now:
        moment = access.expires_at.strftime("%m/%d/%Y %H:%M:%S")
        raise errors.problem(401, "Unauthorized", f"TokenExpired: token expired at {moment}")
    return access


def _seven_decimals(moment: datetime) -> str:
    """FACTS 1.6 [S]: seven decimals and no Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0"


class Identity:
    """Handlers of the login and identity hosts, and of `/connections`."""

    def __init__(self, tokens: Tokens, settings: SandboxSettings, organisations: Mapping[str, Books]) -> None:
        self.tokens = tokens
        self.settings = settings
        self.organisations = organisations

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """All routes."""
        return [
            web.get("/identity/connect/authorize", self.show_consent),
            web.post("/identity/connect/authorize", self.decide_consent),
            web.post("/connect/token", self.token),
            web.post("/connect/revocation", self.revocation),
            web.get("/connections", self.list_connections),
            web.get("/Connections", self.list_connections),
            web.delete("/connections/{id}", self.delete_connection),
            web.delete("/Connections/{id}", self.delete_connection),
        ]

    async def show_consent(self, request: web.Request) -> web.Response:
        """The page, or a redirect with an error."""
        try:
            pending = self.tokens.open_consent(request.query)
        except PageError as error:
            return self._html(pages.error_page(str(error)), status=400)
        if isinstance(pending, str):
            return self._redirect(pending)
        page = pages.consent_page(
            pending,
            app_name=self.settings.app_name,
            organisations=list(self.organisations.values()),
            users=self.tokens.users,
            is_bulk=self.settings.bulk_connect,
        )
        return self._html(page)

    async def decide_consent(self, request: web.Request) -> web.Response:
        """Allow or cancel."""
        form = await request.post()
        chosen = [str(value) for value in form.getall("organisation", [])]
        if not self.settings.bulk_connect:
            chosen = chosen[:1]
        try:
            if form.get("action") != "allow":
                return self._redirect(self.tokens.refuse(str(form.get("consent", ""))))
            if not chosen or any(one not in self.organisations for one in chosen):
                return self._html(pages.error_page("Choose an organisation."), status=400)
            user_id = str(form.get("user", "")) or None
            if user_id is not None and user_id not in self.tokens.users:
                return self._html(pages.error_page("Unknown user."), status=400)
            return self._redirect(self.tokens.approve(str(form.get("consent", "")), chosen, user_id))
        except KeyError:
            return self._html(pages.error_page("This request is no longer open. Please start again."), status=400)

    @staticmethod
    def _html(page: str, status: int = 200) -> web.Response:
        return web.Response(text=page, status=status, content_type="text/html", headers=_PAGE_HEADERS)

    @staticmethod
    def _redirect(address: str) -> web.Response:
        return web.Response(status=302, headers={**_PAGE_HEADERS, "Location": address})

    async def token(self, request: web.Request) -> web.Response:
        """The token endpoint: authorization_code and refresh_token. FACTS 1.2, 1.7."""
        form = {key: str(value) for key, value in (await request.post()).items()}
        try:
            self._check_client(request, form)
            return self._json(self._grant(form))
        except OAuthError as error:
            status = self.settings.invalid_client_status if error.code == "invalid_client" else 400
            return self._json({"error": error.code}, status=status)

    def _grant(self, form: Mapping[str, str]) -> Json:
        match form.get("grant_type"):
            case "authorization_code":
                return self.tokens.exchange(
                    form.get("code", ""),
                    redirect_uri=form.get("redirect_uri", ""),
                    verifier=form.get("code_verifier", ""),
                )
            case "refresh_token":
                return self.tokens.renew(form.get("refresh_token", ""))
            case "client_credentials":  # FACTS 1.2 [O*]: custom connections only
                raise OAuthError("unauthorized_client")
            case _:
                raise OAuthError("unsupported_grant_type")

    def _check_client(self, request: web.Request, form: Mapping[str, str]) -> None:
        """Basic auth, or client_id (and secret) in the body. FACTS 1.2, 1.7."""
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        kind, _, encoded = request.headers.get("Authorization", "").partition(" ")
        if kind.casefold() == "basic":
            try:
                client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                raise OAuthError("invalid_client") from None
        if client_id != self.settings.client_id:
            raise OAuthError("unauthorized_client")
        expected = self.settings.client_secret
        if expected is not None and not hmac.compare_digest(secret.encode(), expected.encode()):
            raise OAuthError("invalid_client")

    async def revocation(self, request: web.Request) -> web.Response:
        """FACTS 1.6 [O]: 200 with an empty body."""
        form = {key: str(value) for key, value in (await request.post()).items()}
        try:
            self._check_client(request, form)
        except OAuthError as error:
            return self._json({"error": error.code}, status=400)
        self.tokens.revoke(form.get("token", ""))
        return web.Response(status=200)

    async def list_connections(self, request: web.Request) -> web.Response:
        """FACTS 1.6 [S]."""
        access = check_access(self.tokens, request.headers, self.tokens.clock())
        event_id = request.query.get("authEventId")
        shown = [
            {
                "id": one.id,
                "authEventId": one.event_id,
                "tenantId": one.organisation_id,
                "tenantType": "ORGANISATION",
                "tenantName": self.organisations[one.organisation_id].name,
                "createdDateUtc": _seven_decimals(one.created_at),
                "updatedDateUtc": _seven_decimals(one.updated_at),
            }
            for one in self.tokens.connections_of(access.user_id)
            if event_id is None or one.event_id == event_id
        ]
        return self._json(shown)

    async def delete_connection(self, request: web.Request) -> web.Response:
        """FACTS 1.6 [S]: by connection id, 204; 404 if unknown."""
        access = check_access(self.tokens, request.headers, self.tokens.clock())
        found = self.tokens.connections.get(request.match_info["id"])
        if found is None or found.user_id != access.user_id:
            raise errors.not_found()
        self.tokens.disconnect(found.id)
        return web.Response(status=204)

    @staticmethod
    def _json(body: object, status: int = 200) -> web.Response:
        headers = {"Cache-Control": "no-store"}
        return web.Response(body=wire.encode(body), status=status, content_type="application/json", headers=headers)
