"""Posting to addresses that galleries gave: public ones only, no redirects, no proxies, the answer's body ignored.

Other than `RemoteClient`, whose addresses come from the operator, nothing here is trusted: the address of each
connection is checked when it is made (PROMISES D6, R40).
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp import abc, hdrs
from yarl import URL

from hub.domain.callbacks import check_url, is_allowed
from hub.errors import TemporaryError

TIMEOUT_SECONDS = 10.0
_CONNECTIONS = 100
_PER_HOST = 8
_DNS_SECONDS = 30
_LONGEST_WAIT = 86_400.0


class Outbound:
    """The way out to callbacks.

    Args:
        allow_local: Let this machine be called: only where the hub itself is reached on this machine only.
        timeout: Seconds for one call, the connect included.
    """

    def __init__(self, *, allow_local: bool = False, timeout: float = TIMEOUT_SECONDS) -> None:
        self._allow_local = allow_local
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the session."""
        connector = aiohttp.TCPConnector(
            limit=_CONNECTIONS,
            limit_per_host=_PER_HOST,
            ttl_dns_cache=_DNS_SECONDS,
            resolver=_CheckingResolver(allow_local=self._allow_local),
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=self._timeout),
            headers={hdrs.USER_AGENT: "integration-hub", hdrs.ACCEPT_ENCODING: "identity"},
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the session and its connections."""
        if self._session is not None:
            await self._session.close()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, float | None]:
        """(status, seconds of a `Retry-After` or None) of one POST; the answer's body is not read.

        Raises:
            TemporaryError: no answer in time, or the address may not be called; its text names the host alone.
        """
        if self._session is None:
            raise RuntimeError("Outbound is used outside `async with`")
        host = urlsplit(url).hostname
        if (fault := check_url(url, allow_local=self._allow_local)) is not None:
            raise TemporaryError(f"{host} was not called: its address {fault}")
        try:
            async with self._session.post(
                URL(url, encoded=True), headers=headers, data=body, allow_redirects=False
            ) as got:
                return got.status, _seconds(got.headers.get(hdrs.RETRY_AFTER))
        except TimeoutError as error:
            raise TemporaryError(f"{host} gave no answer within {self._timeout:g} s") from error
        except _RefusedAddressError as error:
            raise TemporaryError(str(error)) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:  # their texts may quote the address
            cause = error.__cause__ if isinstance(error.__cause__, _RefusedAddressError) else None
            text = str(cause) if cause is not None else f"the call to {host} failed: {type(error).__name__}"
            raise TemporaryError(text) from error


class _RefusedAddressError(OSError):
    """A name leads to no address that may be called."""


class _CheckingResolver(abc.AbstractResolver):
    """Resolves names to addresses that may be called; numbers in an address are checked with the address itself."""

    def __init__(self, *, allow_local: bool) -> None:
        self._allow_local = allow_local
        self._resolver = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[abc.ResolveResult]:
        """Raises OSError when the name leads nowhere, or to nothing that may be called."""
        found = await self._resolver.resolve(host, port, family)
        allowed = [one for one in found if is_allowed(host, one["host"], allow_local=self._allow_local)]
        if not allowed:
            raise _RefusedAddressError(f"{host} leads to no public address")
        return allowed

    async def close(self) -> None:
        """Nothing is open."""
        await self._resolver.close()


def _seconds(retry_after: str | None) -> float | None:
    if retry_after is None or not retry_after.isdecimal() or len(retry_after) > 9:
        return None  # dates are rare, and a backoff does as well
    return min(float(retry_after), _LONGEST_WAIT)
