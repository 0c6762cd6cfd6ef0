"""What stands before and behind every call: faults, counting, sign-in, limits, idempotency, compression."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable, Mapping
from datetime import datetime

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from plugins.xero.sandbox import accounting, errors, wire
from plugins.xero.sandbox.accounting import Answer, Ask
from plugins.xero.sandbox.books import Books
from plugins.xero.sandbox.calls import Call, Calls
from plugins.xero.sandbox.errors import AnswerError
from plugins.xero.sandbox.faults import FaultRule, Faults
from plugins.xero.sandbox.grants import Access
from plugins.xero.sandbox.idempotency import IdempotencyKeys
from plugins.xero.sandbox.identity import check_access
from plugins.xero.sandbox.limits import Limits
from plugins.xero.sandbox.replies import (
    abort,
    as_plain,
    body_length,
    make_response,
    reorder,
    send_half,
    server_error,
    throttled,
)
from plugins.xero.sandbox.settings import SandboxSettings
from plugins.xero.sandbox.tokens import Tokens

API = "/api.xro/2.0/"
_ELEMENTS = web.RequestKey("elements", int)
_ENTERED = web.RequestKey("entered", str)
_GZIP_FROM = 1024
# Answers that stand for no deed: a fault "after the commit" leaves them alone.
_NOT_DONE = {401, 403, 429}


class Gate:
    """The way of a call through the sandbox."""

    def __init__(
        self,
        *,
        settings: SandboxSettings,
        clock: Callable[[], datetime],
        tokens: Tokens,
        organisations: Mapping[str, Books],
        faults: Faults,
        calls: Calls,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.tokens = tokens
        self.organisations = organisations
        self.faults = faults
        self.calls = calls
        self.limits = Limits(settings)
        self.keys = IdempotencyKeys(settings)

    def middleware(self) -> Middleware:
        """The aiohttp middleware around every route; the control endpoints pass untouched."""

        @web.middleware
        async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.path == "/" or request.path.startswith("/sandbox"):
                return await handler(request)
            return await self._watch(request, handler)

        return watch

    async def _watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        at = self.clock()
        self.calls.in_flight += 1
        self.calls.max_in_flight = max(self.calls.max_in_flight, self.calls.in_flight)
        status, sent = 0, 0
        try:
            response = await self._spoil(request, await self._answer(request, handler))
            status, sent = response.status, body_length(response)
            if request.transport is None or request.transport.is_closing():
                status, sent = 0, 0
            return response
        finally:
            self.calls.in_flight -= 1
            if entered := request.get(_ENTERED):  # in flight until it is answered, delays included
                self.limits.leave(entered)
            self.calls.record(
                Call(
                    at=at,
                    method=request.method,
                    path=request.path,
                    query=request.query_string,
                    organisation=request.headers.get("xero-tenant-id"),
                    status=status,
                    elements=request.get(_ELEMENTS, 0),
                    received=request.content_length or 0,
                    sent=sent,
                    key=request.headers.get("Idempotency-Key"),
                )
            )

    async def _answer(self, request: web.Request, handler: Handler) -> web.Response:
        """The handler's answer, or that of a fault before it."""
        try:
            await self._before(request)
            response: web.Response = as_plain(await handler(request))
        except AnswerError as error:
            response = make_response(error.status, error.body, error.content_type, error.headers)
        except web.HTTPException as error:
            response = make_response(error.status, b"", None, {})
        tenant = request.headers.get("xero-tenant-id", "")
        if tenant in self.organisations:
            for name, value in self.limits.headers(tenant, self.clock()).items():
                response.headers.setdefault(name, value)
        response.headers["xero-correlation-id"] = wire.new_id()  # FACTS 11.2 [T]
        return response

    def _take(self, kind: str, request: web.Request) -> FaultRule | None:
        return self.faults.take(kind, request.method, request.path)

    async def _before(self, request: web.Request) -> None:
        """Faults that come before anything is done. Raises `AnswerError`."""
        self._revoking_faults(request)
        if rule := self.faults.take_delay(request.method, request.path, when="before"):
            await self._sleep(rule)
        if rule := self._take("offline", request):
            raise errors.offline(str(rule.args.get("message", "The Xero API is temporarily unavailable")))
        if rule := self._take("throttle", request):
            raise throttled(str(rule.args.get("problem", "minute")), rule.args.get("retry_after", 60))
        if rule := self._take("error_before_commit", request):
            error = server_error(rule)
            key = request.headers.get("Idempotency-Key")
            if key and rule.args.get("remember") == "error":
                body = await request.read()
                stored = Answer(status=error.status, body=error.body, content_type=error.content_type)
                self.keys.keep(self.settings.client_id, key, self._fingerprint(request, body), stored, self.clock())
            raise error

    def _revoking_faults(self, request: web.Request) -> None:
        if self._take("expire_tokens", request):
            self.tokens.expire()
        if self._take("revoke", request):
            for user_id in self.tokens.users:
                self.tokens.revoke_user(user_id)
        tenant = request.headers.get("xero-tenant-id", "")
        if tenant and self._take("disconnect", request):
            self.tokens.disconnect_organisation(tenant)

    async def _sleep(self, rule: FaultRule) -> None:
        await asyncio.sleep(float(rule.args.get("seconds", 1)) * self.settings.clock_factor)

    async def _spoil(self, request: web.Request, response: web.Response) -> web.StreamResponse:
        """Faults that come after the deed, and compression."""
        if response.status in _NOT_DONE:
            return response
        body = response.body if isinstance(response.body, bytes) else b""
        if self._take("shuffle", request):
            response.body = body = reorder(body, shuffled=True)
        if rule := self._take("drop", request):
            response.body = body = reorder(body, without=int(rule.args.get("index", 0)))
        if rule := self.faults.take_delay(request.method, request.path, when="after"):
            await self._sleep(rule)
        if rule := self._take("error_after_commit", request):
            error = server_error(rule)
            key = request.headers.get("Idempotency-Key")
            if key and rule.args.get("remember") == "error":
                stored = Answer(status=error.status, body=error.body, content_type=error.content_type)
                self.keys.replace(self.settings.client_id, key, stored)
            return make_response(error.status, error.body, error.content_type, {})
        if self._take("lose_answer", request):
            abort(request)
            return response
        if self._take("cut_answer", request):
            return await send_half(request, response, body)
        if self.settings.gzip and len(body) >= _GZIP_FROM and "gzip" in request.headers.get("Accept-Encoding", ""):
            response.body = await asyncio.to_thread(gzip.compress, body, 1)
            response.headers["Content-Encoding"] = "gzip"
        return response

    # the accounting API

    async def api(self, request: web.Request) -> web.Response:
        """One call of the accounting API: sign-in, scope, limits, key, deed."""
        access = check_access(self.tokens, request.headers, self.clock())
        books = self._organisation(request, access)
        path = tuple(part for part in request.path[len(API) :].split("/") if part)
        self._check_scope(request.method, path, access)
        if len(request.path_qs) > self.settings.max_url_chars:  # FACTS 11.2 [U]
            raise AnswerError(414)
        if refusal := self.limits.enter(books.id, self.clock()):
            raise throttled(refusal.problem, refusal.retry_after)
        request[_ENTERED] = books.id
        return await self._call(request, books, path)

    async def _call(self, request: web.Request, books: Books, path: tuple[str, ...]) -> web.Response:
        if books.is_offline:
            raise errors.offline("The Organisation is offline")
        if (request.content_length or 0) > self.settings.max_body_bytes:  # FACTS 3.1
            raise AnswerError(413)
        body = await request.read()
        if len(body) > self.settings.max_body_bytes:
            raise AnswerError(413)
        if self.settings.latency_seconds:
            await asyncio.sleep(self.settings.latency_seconds * self.settings.clock_factor)
        accept = request.headers.get("Accept", "")
        if "json" not in accept:  # FACTS 1.6 [S], [O]: XML is the historic default, and this sandbox has none
            raise AnswerError(406, b"This sandbox speaks JSON only: send Accept: application/json", "text/plain")
        ask = Ask(
            method=request.method,
            path=path,
            params=request.query,
            headers=request.headers,
            body=body,
            app=self.settings.client_id,
        )
        answer = self._keyed(request, books, ask)
        request[_ELEMENTS] = answer.elements
        return make_response(answer.status, answer.body, answer.content_type, answer.headers)

    def _keyed(self, request: web.Request, books: Books, ask: Ask) -> Answer:
        """Carry *ask* out, or replay what its idempotency key answered before. FACTS 3.5."""
        key = request.headers.get("Idempotency-Key")
        if not key or ask.method not in {"PUT", "POST", "PATCH"}:
            return accounting.answer(books, ask)
        fingerprint = self._fingerprint(request, ask.body)
        now = self.clock()
        if (kept := self.keys.find(ask.app, key, fingerprint, now)) is not None:
            return kept
        answer = accounting.answer(books, ask)
        self.keys.keep(ask.app, key, fingerprint, answer, now)
        return answer

    @staticmethod
    def _fingerprint(request: web.Request, body: bytes) -> tuple[str, str, str, bytes]:
        return (request.method, request.path_qs, request.headers.get("xero-tenant-id", ""), body)

    def _organisation(self, request: web.Request, access: Access) -> Books:
        """The organisation that the tenant header names, if the user is connected to it. FACTS 1.7, 1.8 [T]."""
        tenant = request.headers.get("xero-tenant-id", "").strip().lower()
        books = self.organisations.get(tenant)
        if books is None or self.tokens.find_connection(access.user_id, tenant) is None:
            raise errors.problem(403, "Forbidden", "AuthenticationUnsuccessful")
        return books

    def _check_scope(self, method: str, path: tuple[str, ...], access: Access) -> None:
        scope = accounting.SCOPES.get(path[0].casefold()) if path else None
        if scope is None:
            return
        accepted = {scope, f"{scope}.read"} if method == "GET" else {scope}
        if accepted & access.scopes or (self.settings.broad_scopes_allowed and _is_broad(scope, method, access)):
            return
        # FACTS 1.7 [T], [O]: 401 with Xero's own misspelling, or 403.
        status = self.settings.insufficient_scope_status
        headers = {"WWW-Authenticate": 'Bearer error="insufficent_scope"'} if status == 401 else {}
        title = "Unauthorized" if status == 401 else "Forbidden"
        raise errors.problem(status, title, "AuthorizationUnsuccessful: insufficient scope", headers)


def _is_broad(scope: str, method: str, access: Access) -> bool:
    if scope not in {"accounting.invoices", "accounting.payments"}:
        return False
    wanted = {"accounting.transactions"} | ({"accounting.transactions.read"} if method == "GET" else set())
    return bool(wanted & access.scopes)
