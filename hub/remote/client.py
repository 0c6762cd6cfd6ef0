"""The process's one way out: one aiohttp session, bounded, that goes nowhere but where the operator's settings say.

aiohttp repeats a GET, PUT or DELETE by itself when a kept-alive connection turns out to be dead. Such a repeat would go
out past the limits and past the lease check, so `RemoteClient` stops it with `ConnectionDroppedError`; see
`hub.remote.http.Door` for what follows.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Mapping
from typing import Self
from urllib.parse import urlsplit

import aiohttp
import msgspec
from aiohttp import abc, hdrs
from yarl import URL

from hub.domain.drafts import Response
from hub.errors import TemporaryError

ANSWER_BYTES = 20 * 1024 * 1024
_CONNECTIONS = 100
_DNS_SECONDS = 60
_CONNECT_SECONDS = 10.0
_LOCAL = {"localhost", "127.0.0.1", "::1"}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A whole answer and what it cost; sizes in bytes on the wire without the headers."""

    response: Response
    bytes_up: int
    bytes_down: int
    seconds: float


class ConnectionDroppedError(TemporaryError):
    """A kept-alive connection was dead when the call went out, or the other side hung up without an answer."""


class RemoteTimeoutError(TemporaryError):
    """No whole answer in time: the call may go on over there."""


class RemoteClient:
    """The process's one way out. No redirects, no cookies, no proxies of the environment, https except to localhost.

    Args:
        allow_private: Let names resolve to addresses inside private networks (only localhost may otherwise).
    """

    def __init__(self, *, allow_private: bool = False) -> None:
        self._allow_private = allow_private
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the session."""
        connector = aiohttp.TCPConnector(
            limit=_CONNECTIONS,
            ttl_dns_cache=_DNS_SECONDS,
            resolver=None if self._allow_private else GlobalResolver(),
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            headers={hdrs.ACCEPT_ENCODING: "gzip", hdrs.USER_AGENT: "integration-hub"},
            middlewares=(_send_once,),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the session and its connections."""
        if self._session is not None:
            await self._session.close()

    async def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes = b"",
        timeout: float,  # noqa: ASYNC109 - handed to aiohttp, which also bounds the connect with it
    ) -> Answer:
        """Make one call, whatever it answers.

        Args:
            url: Whole and encoded, of a base that `check_base` passed.
            timeout: Seconds in all, from the first byte of the connect to the last of the answer.

        Raises:
            RemoteTimeoutError, ConnectionDroppedError, TemporaryError: no whole answer; a write's outcome is unknown.
        """
        if self._session is None:
            raise RuntimeError("RemoteClient is used outside `async with`")
        began = time.monotonic()
        limits = aiohttp.ClientTimeout(total=timeout, sock_connect=_CONNECT_SECONDS)
        where = urlsplit(url).hostname
        try:
            async with self._session.request(
                method,
                URL(url, encoded=True),
                headers=headers,
                data=body or None,
                allow_redirects=False,
                timeout=limits,
            ) as got:
                data = await _read(got)
                down = got.content.total_raw_bytes if data else 0  # aiohttp's empty stream does not know it
                response = Response(
                    status=got.status, headers={k.lower(): v for k, v in got.headers.items()}, body=data
                )
        except TimeoutError as error:
            raise RemoteTimeoutError(f"{where} gave no whole answer within {timeout:g} s") from error
        except aiohttp.ServerDisconnectedError as error:
            raise ConnectionDroppedError(f"{where} closed the connection without an answer") from error
        except (aiohttp.ClientError, OSError) as error:  # their texts may quote a header or an address
            raise TemporaryError(f"the call to {where} failed: {type(error).__name__}") from error
        return Answer(response=response, bytes_up=len(body), bytes_down=down, seconds=time.monotonic() - began)


class GlobalResolver(abc.AbstractResolver):
    """Names resolve to public addresses only (PROMISES R40); localhost, which only an operator can set, to itself."""

    def __init__(self) -> None:
        self._resolver = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[abc.ResolveResult]:
        """Raises OSError when the name leads into a private network."""
        found = await self._resolver.resolve(host, port, family)
        allowed = [one for one in found if _is_allowed(host, one["host"])]
        if not allowed:
            raise OSError(f"{host} leads to no public address")
        return allowed

    async def close(self) -> None:
        """Nothing is open."""
        await self._resolver.close()


def check_base(base: str) -> str:
    """*base* (scheme, host, maybe a path) without a slash at the end. Raises ValueError unless https or localhost."""
    parts = urlsplit(base)
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)
    if not secure or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError(f"{base!r} is no address to call: it must be https:// and a host (http:// only on localhost)")
    return base.rstrip("/")


def _is_allowed(host: str, address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    return found.is_loopback if host in _LOCAL else found.is_global


async def _read(got: aiohttp.ClientResponse) -> bytes:
    """The body, unpacked, up to `ANSWER_BYTES`; TemporaryError beyond that, as the outcome of a write is unknown."""
    parts = bytearray()
    async for chunk in got.content.iter_any():
        parts += chunk
        if len(parts) > ANSWER_BYTES:
            got.close()
            raise TemporaryError(f"the answer is larger than {ANSWER_BYTES // 1024 // 1024} MiB")
    return bytes(parts)


async def _send_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Turn the error that makes aiohttp repeat a call by itself into one that does not."""
    try:
        return await handler(request)
    except (aiohttp.ServerDisconnectedError, ConnectionError) as error:
        raise ConnectionDroppedError("the connection was closed without an answer") from error
    except aiohttp.ClientConnectorError:
        raise
    except aiohttp.ClientOSError as error:
        raise ConnectionDroppedError("the connection broke") from error
