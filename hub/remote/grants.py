"""Keeping grants fresh: one refresher for each grant, in this process and over all of them.

PROMISES C1 and R13-R15: a short claim in the row, the exchange outside any transaction, a compare-and-swap store before
the first use; whoever waits reads the row again. No race, crash or lost answer destroys a grant: the old refresh token
stays in the row until the new one is stored, and is kept beside it for 25 minutes more.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

import structlog

from hub.domain.grants import Grant, Tokens
from hub.errors import AuthorizationError, HubError, PermanentError, TemporaryError, UnavailableError
from hub.remote.oauth import InvalidGrantError, OAuthClient

CLAIM_SECONDS = 30.0
_LEAST_CLAIM = 5.0  # real seconds, under a fast clock
_EXCHANGES = 2.5  # a refresh may need two exchanges (the previous token) and the store within its claim
_CACHE_SECONDS = 10.0
_POLL_SECONDS = 0.1
_EXPIRED = 5.0  # an access token with less than this left is not handed out when a refresh fails
_FIRST_BACKOFF, _LAST_BACKOFF = 5.0, 300.0
_IDLE_PAGE = 100

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class GrantRows(Protocol):
    """What keeps the rows (`hub.store.grants.GrantStore`)."""

    async def look(self, gallery_id: str, grant_id: str) -> Seen:
        """The grant, opened, and for how many more seconds somebody is refreshing it."""
        ...

    async def claim(self, grant: Grant, owner: str, seconds: float) -> bool:
        """Whether *owner* alone may refresh these tokens now."""
        ...

    async def swap(self, grant: Grant, owner: str, tokens: Tokens) -> bool:
        """Store new tokens if the claim is still ours and nothing changed."""
        ...

    async def fail(self, grant: Grant, owner: str, retry_in: float) -> None:
        """Give the claim back; no other try for so many seconds."""

    async def reauthorize(self, grant: Grant, owner: str) -> bool:
        """Mark it as in need of consent if nothing changed."""
        ...

    async def delete(self, gallery_id: str, grant_id: str) -> None:
        """Remove it."""

    async def list_idle(self, seconds: float, *, limit: int = 100) -> list[tuple[str, str]]:
        """Those not refreshed for so long."""
        ...

    async def sweep(self) -> None:
        """Remove what is past its time."""


class Seen(Protocol):
    """A grant as it stands in its row."""

    @property
    def grant(self) -> Grant:
        """The grant, opened."""
        ...

    @property
    def claimed_for(self) -> float:
        """Seconds for which somebody has claimed its refresh; 0 = nobody."""
        ...


class _Kept(NamedTuple):
    token: str
    until: float


class Grants:
    """Hands out access tokens that are in force.

    Args:
        rows: The store.
        clients: Kind -> its token endpoint.
        refresh_within: Kind -> seconds before its end from which an access token is renewed.
        clock_factor: Scales claims and back-offs, never the life of tokens: the remote side tells that in its own time.
    """

    def __init__(
        self,
        rows: GrantRows,
        clients: Callable[[str], OAuthClient],
        *,
        refresh_within: Callable[[str], float],
        clock_factor: float = 1.0,
    ) -> None:
        self._rows = rows
        self._clients = clients
        self._refresh_within = refresh_within
        self._factor = clock_factor
        self._claim = max(CLAIM_SECONDS * clock_factor, _LEAST_CLAIM)
        self._exchange = self._claim / _EXCHANGES
        self._owner = secrets.token_hex(8)
        self._running: dict[tuple[str, str], asyncio.Task[str]] = {}
        self._kept: dict[tuple[str, str], _Kept] = {}

    async def access_token(self, gallery_id: str, grant_id: str, *, rejected: str | None = None) -> str:
        """An access token in force, refreshed when its end is near.

        Args:
            gallery_id: Leads the key of the grant.
            grant_id: Of the grant.
            rejected: The token that a call was just refused with: another one comes back, refreshed if need be.

        Raises:
            AuthorizationError: a person has to consent again; nothing was deleted.
            PermanentError: ``oauth_client``: the operator's client id or secret is wrong; nothing was lost.
            TemporaryError: the token endpoint gives no answer; `delay` is unscaled.
            NotFoundError, SecretError, BusyError, UnavailableError: the row.
        """
        key = (gallery_id, grant_id)
        for _ in range(2):  # a refresh under way may have begun before *rejected* was
            kept = self._kept.get(key)
            if kept is not None and kept.until > time.monotonic() and kept.token != rejected:
                return kept.token
            token = await asyncio.shield(self._flight(key, rejected))
            if token != rejected:
                return token
        raise TemporaryError("the token that was just refused is still the newest: try again")

    def source(self, gallery_id: str, grant_id: str) -> GrantTokens:
        """The tokens of one grant, for a door."""
        return GrantTokens(self, gallery_id, grant_id)

    async def end(self, gallery_id: str, grant_id: str, *, revoke: bool) -> None:
        """Forget a grant. `revoke`: end it over there too, for all organisations of its remote user.

        A revocation that fails leaves it in force there until it ends by itself; our tokens go all the same.
        """
        try:
            grant = (await self._rows.look(gallery_id, grant_id)).grant
            if revoke and grant.refresh is not None:
                await self._clients(grant.kind).revoke(grant.refresh)
        except HubError as error:
            log.warning("grant.revoke_failed", grant_id=grant_id, error=type(error).__name__)
        finally:
            self._kept.pop((gallery_id, grant_id), None)
            await self._rows.delete(gallery_id, grant_id)

    async def refresh_idle(self, *, days: float = 7.0) -> int:
        """Refresh grants that nobody used for *days*, as a remote side drops them after a while, and sweep.

        Returns how many were refreshed. What fails is logged and tried at the next call.
        """
        count = 0
        for key in await self._rows.list_idle(days * 86_400, limit=_IDLE_PAGE):
            try:
                old = (await self._rows.look(*key)).grant.access.reveal()
                await self.access_token(*key, rejected=old)
                count += 1
            except HubError as error:
                log.warning("grant.idle_refresh_failed", grant_id=key[1], error=type(error).__name__)
        await self._rows.sweep()
        return count

    async def close(self) -> None:
        """Wait for the exchanges under way: what they got has to be stored."""
        if self._running:
            await asyncio.wait(list(self._running.values()), timeout=self._claim)

    # -- inside

    def _flight(self, key: tuple[str, str], rejected: str | None) -> asyncio.Task[str]:
        """The one task of this process that gets this grant's token; it outlives callers that give up."""
        task = self._running.get(key)
        if task is None:
            task = asyncio.create_task(self._get(key, rejected), name=f"grant.token {key[1]}")
            self._running[key] = task
            task.add_done_callback(lambda done: self._landed(key, done))
        return task

    def _landed(self, key: tuple[str, str], task: asyncio.Task[str]) -> None:
        self._running.pop(key, None)
        if not task.cancelled():
            task.exception()  # callers may all be gone; theirs is the same one

    async def _get(self, key: tuple[str, str], rejected: str | None) -> str:
        deadline = time.monotonic() + self._claim + self._exchange
        while time.monotonic() < deadline:
            seen = await self._rows.look(*key)
            grant = seen.grant
            if grant.state == "reauthorize":
                raise AuthorizationError("The consent has ended: connect the webservice again.")
            spare = self._spare(grant, rejected)
            if spare > self._within(grant):
                return self._keep(key, grant, spare)
            if seen.claimed_for > 0 or grant.retry_in > 0:
                if spare > _EXPIRED:  # somebody else renews it, or it failed lately: it is good for this call still
                    return grant.access.reveal()
                if grant.retry_in > 0:
                    raise TemporaryError("the token endpoint failed lately", delay=grant.retry_in / self._factor)
                await asyncio.sleep(min(seen.claimed_for, _POLL_SECONDS))
                continue
            if grant.refresh is None:
                if spare > _EXPIRED:
                    return grant.access.reveal()
                raise AuthorizationError(
                    "The consent gave no refresh token and has ended: connect the webservice again."
                )
            if await self._rows.claim(grant, self._owner, self._claim):
                await self._refresh(grant, spare)
        raise TemporaryError("another process is refreshing this grant for too long")

    def _spare(self, grant: Grant, rejected: str | None) -> float:
        """Seconds the stored access token is good for; none when it is the rejected one."""
        return 0.0 if rejected is not None and grant.access.reveal() == rejected else grant.valid_for

    def _within(self, grant: Grant) -> float:
        """How near its end a token is renewed: a third of its life at most, or a short one would be at every call."""
        return min(self._refresh_within(grant.kind), grant.lifetime / 3)

    def _keep(self, key: tuple[str, str], grant: Grant, spare: float) -> str:
        token = grant.access.reveal()
        self._kept[key] = _Kept(token, time.monotonic() + min(_CACHE_SECONDS, spare - self._within(grant)))
        return token

    async def _refresh(self, grant: Grant, spare: float) -> None:
        """Exchange under our claim and store; the caller reads the row again. Raises what a caller is to see."""
        try:
            tokens = await self._exchange_for(grant)
        except TemporaryError as error:
            await self._back_off(grant, error.delay)
            if spare <= _EXPIRED:
                raise
            return
        except PermanentError:
            await self._back_off(grant, _FIRST_BACKOFF)
            raise
        if tokens is None:
            return
        if await self._store(grant, tokens):
            log.info("grant.refreshed", grant_id=grant.id, kind=grant.kind)
        else:
            log.warning("grant.refresh_discarded", grant_id=grant.id, kind=grant.kind)

    async def _exchange_for(self, grant: Grant) -> Tokens | None:
        """New tokens, by the previous refresh token if the newest is refused; None: the row changed, read it again."""
        client = self._clients(grant.kind)
        for token in (grant.refresh, grant.previous):
            if token is None:
                continue
            try:
                return await client.refresh(token, timeout=self._exchange)
            except InvalidGrantError:
                now = (await self._rows.look(grant.gallery_id, grant.id)).grant
                if now.version != grant.version:
                    return None
        if await self._rows.reauthorize(grant, self._owner):
            log.warning("grant.refused", grant_id=grant.id, kind=grant.kind)
        return None

    async def _store(self, grant: Grant, tokens: Tokens) -> bool:
        """Store at all costs: these tokens are nowhere else. A commit without an answer is found by reading again."""
        deadline = time.monotonic() + self._claim
        while True:
            try:
                return await self._rows.swap(grant, self._owner, tokens)
            except HubError as error:
                if time.monotonic() > deadline:
                    raise
                log.warning("grant.store_failed", grant_id=grant.id, error=type(error).__name__)
                await asyncio.sleep(_POLL_SECONDS)

    async def _back_off(self, grant: Grant, delay: float | None) -> None:
        """Capped exponential with full jitter, at least what they asked for."""
        longest = min(_FIRST_BACKOFF * 2.0**grant.failures, _LAST_BACKOFF)
        seconds = max(random.uniform(0, longest), delay or 0.0)  # noqa: S311 - spreads load, hides nothing
        try:
            await self._rows.fail(grant, self._owner, seconds * self._factor)
        except UnavailableError:
            log.warning("grant.claim_kept", grant_id=grant.id)  # it ends by itself


class GrantTokens:
    """The tokens of one grant (`hub.remote.http.TokenSource`)."""

    def __init__(self, grants: Grants, gallery_id: str, grant_id: str) -> None:
        self._grants = grants
        self._key = (gallery_id, grant_id)

    async def __call__(self, *, rejected: str | None = None) -> str:
        """As `Grants.access_token`."""
        return await self._grants.access_token(*self._key, rejected=rejected)
