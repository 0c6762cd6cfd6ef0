"""The doors: outgoing calls of one webservice, with auth, limits, metering and one log line each.

A door repeats a GET once when its kept-alive connection was dead, through a slot of its own, and a write never: its
outcome is unknown then, and the write protocol settles it.
"""

from __future__ import annotations

import inspect
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, Protocol
from urllib.parse import quote, urlencode

import structlog
from aiohttp import hdrs

from hub.contract import Webservice
from hub.domain.capabilities import Limits
from hub.domain.drafts import Request, Response
from hub.errors import AuthorizationError, TemporaryError, ThrottledError
from hub.remote.client import ConnectionDroppedError, RemoteTimeoutError, check_base
from hub.remote.client import RemoteClient as RemoteClient  # noqa: PLC0414 - doors and the client come from one place

_PLAIN_SEGMENT = re.compile(r"[A-Za-z][A-Za-z_.-]{0,40}|v?\d(\.\d)?")
_BAD_PATH = re.compile(r"[\x00-\x20?#\\\x7f]|//|(^|/)\.\.?(/|$)")
_CORRELATION = re.compile(r"[A-Za-z0-9._-]{1,64}")

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Meter:
    """What one piece of work has cost so far. `bytes_down` as they came over the wire, before they were unpacked.

    `repeats` are calls sent again because a kept-alive connection was dead, `refreshes` because a token had ended;
    both are in `calls` too.
    """

    def __init__(self) -> None:
        self.calls = 0
        self.bytes_up = 0
        self.bytes_down = 0
        self.seconds = 0.0
        self.repeats = 0
        self.refreshes = 0


class SlotLike(Protocol):
    """A place for one call (`hub.store.limits.Slot`)."""

    def tell(self, remaining: Mapping[str, int]) -> None:
        """Keep what the answer said about calls left."""

    def park(self, error: ThrottledError) -> None:
        """Keep everybody from calling for a while."""

    def unused(self) -> None:
        """Nothing was sent."""

    def linger(self) -> None:
        """The call may go on over there."""


class LimiterLike(Protocol):
    """What gives slots (`hub.store.limits.Limiter`)."""

    def slot(
        self,
        kind: str,
        organisation_id: str,
        limits: Limits,
        *,
        reserve: int = 0,
        priority: Literal["run", "person"] = "run",
    ) -> AbstractAsyncContextManager[SlotLike]:
        """A place for one call. Raises ThrottledError when it would be long in coming."""
        ...


class TokenSource(Protocol):
    """Where a door gets the access token from: one grant (`hub.remote.grants.GrantTokens`)."""

    async def __call__(self, *, rejected: str | None = None) -> str:
        """A token that is in force; *rejected* was just refused with 401. Raises as `Grants.access_token`."""
        ...


class Door:
    """One organisation's way out, as plugins see it (`hub.contract.Http`): made for one piece of work.

    Args:
        client: The process's client.
        kind: Whose base address, limits and headers count.
        limiter: Shared by all.
        token: Of the grant; None for a kind without OAuth.
        organisation_id: None before one is chosen: `grant_scope` then stands for it in the limits.
        grant_scope: Something that names the grant, for limits before an organisation is chosen.
        priority, reserve: As for `Limiter.slot`; runs take ``run`` and 1.
        before_send: Called right before each send, after every wait; what it raises (LeaseLostError) ends the call
            with nothing sent. It may be a coroutine function.
        meter: Counts what this work costs.
        context: Ids for the log line of each call (webservice_id, run_id).
    """

    def __init__(
        self,
        client: RemoteClient,
        kind: type[Webservice],
        limiter: LimiterLike,
        *,
        token: TokenSource | None = None,
        organisation_id: str | None = None,
        grant_scope: str = "",
        priority: Literal["run", "person"] = "run",
        reserve: int = 0,
        before_send: Callable[[], Awaitable[None] | None] | None = None,
        meter: Meter | None = None,
        context: Mapping[str, str] | None = None,
    ) -> None:
        self._client = client
        self._kind = kind
        self._limiter = limiter
        self._token = token
        self._organisation_id = organisation_id
        self._scope = organisation_id or f"grant:{grant_scope}"
        self._priority: Literal["run", "person"] = priority
        self._reserve = reserve
        self._before_send = before_send
        self._base = check_base(kind.base_url())
        self._log = log.bind(kind=kind.kind, **(context or {}))
        self.meter = meter or Meter()

    async def send(self, request: Request, *, organisation: bool = True, key: str | None = None) -> Response:
        """Make one call of the kind, with auth and limits; every answer but those below comes back as it is.

        Args:
            request: Its path is below the kind's base address.
            organisation: False leaves the organisation's headers out.
            key: Idempotency key; it goes where the kind's capabilities say.

        Raises:
            TemporaryError: no whole answer (network, time-out); a write's outcome is unknown.
            ThrottledError: 429, or a limit that opens too late; nothing was done there.
            AuthorizationError: 401 again after one refresh, or 403.
            LeaseLostError: `before_send` said so; nothing was sent.
            PermanentError: the token endpoint refuses the operator's client.
        """
        url = build_url(self._base, request, self._key_query(key))
        token = await self._token() if self._token else None
        response = await self._send_again_if_dropped(request, url, self._headers(request, organisation, key, token))
        if response.status == 401 and self._token is not None:
            token = await self._token(rejected=token)
            self.meter.refreshes += 1
            response = await self._send_again_if_dropped(request, url, self._headers(request, organisation, key, token))
        if response.status in {401, 403}:
            raise AuthorizationError(
                f"{self._kind.title} gives no access (answer {response.status}): connect the webservice again, or let "
                "someone who may use this organisation connect it."
            )
        return response

    async def _send_again_if_dropped(self, request: Request, url: str, headers: Mapping[str, str]) -> Response:
        try:
            return await self._send_once(request, url, headers)
        except ConnectionDroppedError:
            if request.method != "GET":
                raise
            self.meter.repeats += 1
            return await self._send_once(request, url, headers)

    async def _send_once(self, request: Request, url: str, headers: Mapping[str, str]) -> Response:
        limits = self._kind.limits
        async with self._limiter.slot(
            self._kind.kind, self._scope, limits, reserve=self._reserve, priority=self._priority
        ) as slot:
            await self._check(slot)
            began = time.monotonic()
            self.meter.calls += 1
            self.meter.bytes_up += len(request.body)
            try:
                answer = await self._client.call(
                    request.method, url, headers=headers, body=request.body, timeout=limits.timeout
                )
            except TemporaryError as error:
                if isinstance(error, RemoteTimeoutError):
                    slot.linger()
                self._note(request, began, error=type(error).__name__)
                raise
            self.meter.bytes_down += answer.bytes_down
            response = answer.response
            self._note(request, began, status=response.status, correlation_id=correlation_id(response))
            slot.tell(self._kind.remaining(response))
            limit = self._kind.throttled(response) if response.status >= 400 else None
            if limit is not None:
                slot.park(limit)
                raise limit
        return response

    async def _check(self, slot: SlotLike) -> None:
        """The last thing before the send: is this work still ours?"""
        if self._before_send is None:
            return
        try:
            done = self._before_send()
            if inspect.isawaitable(done):
                await done
        except BaseException:
            slot.unused()
            raise

    def _headers(
        self,
        request: Request,
        organisation: bool,
        key: str | None,
        token: str | None,
    ) -> dict[str, str]:
        headers = {hdrs.ACCEPT: "application/json", **dict(request.headers)}
        if request.body and hdrs.CONTENT_TYPE not in headers:
            headers[hdrs.CONTENT_TYPE] = "application/json"
        if organisation and self._organisation_id is not None:
            headers |= self._kind.organisation_headers(self._organisation_id)
        if token is not None:
            headers[hdrs.AUTHORIZATION] = f"Bearer {token}"
        if key is not None and self._kind.capabilities.idempotency == "header":
            headers[self._kind.capabilities.idempotency_name] = key
        return headers

    def _key_query(self, key: str | None) -> tuple[tuple[str, str], ...]:
        if key is None or self._kind.capabilities.idempotency != "query":
            return ()
        return ((self._kind.capabilities.idempotency_name, key),)

    def _note(self, request: Request, began: float, **facts: Any) -> None:
        """One line a call: never a header, a body, a query or an id within the path."""
        seconds = time.monotonic() - began
        self.meter.seconds += seconds
        path = path_template(request.path)
        self._log.info("remote.called", method=request.method, path=path, ms=round(seconds * 1000), **facts)


def build_url(base: str, request: Request, extra: tuple[tuple[str, str], ...] = ()) -> str:
    """The whole address. The path keeps what is percent-encoded in it; the query is encoded here, in its order.

    Raises:
        ValueError: the path could leave the base or carry a query.
    """
    if not request.path.startswith("/") or _BAD_PATH.search(request.path):
        raise ValueError(f"{request.method} {path_template(request.path)}: not a path below the base address")
    query = urlencode((*request.query, *extra), quote_via=quote, safe="")
    return base + quote(request.path, safe="/%:@!$&'()*+,;=~") + (f"?{query}" if query else "")


def path_template(path: str) -> str:
    """*path* with everything that may be an id, a number or a name in it replaced by ``{id}``; no query."""
    segments = path.partition("?")[0].split("/")
    return "/".join(one if not one or _PLAIN_SEGMENT.fullmatch(one) else "{id}" for one in segments)[:200]


def correlation_id(response: Response) -> str | None:
    """What their support asks for: the value of a header called ...-correlation-id or ...request-id, if it is plain."""
    for name, value in response.headers.items():
        if name.endswith(("correlation-id", "request-id")) and _CORRELATION.fullmatch(value):
            return value
    return None
