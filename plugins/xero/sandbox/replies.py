"""Answers as aiohttp sends them, and answers gone wrong."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping

from aiohttp import web

from plugins.xero.sandbox import errors, wire
from plugins.xero.sandbox.errors import AnswerError
from plugins.xero.sandbox.faults import FaultRule


def throttled(problem: str, retry_after: int | None) -> AnswerError:
    """FACTS 2.1 [T] DW: an empty 429 without Content-Type."""
    headers = {"X-Rate-Limit-Problem": problem}
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    if problem in {"minute", "day"}:
        headers["X-MinLimit-Remaining" if problem == "minute" else "X-DayLimit-Remaining"] = "0"
    return AnswerError(429, b"", None, headers)


def server_error(rule: FaultRule) -> AnswerError:
    """The 5xx that *rule* scripts."""
    status = int(rule.args.get("status", 500))
    if status == 503:
        return errors.offline()
    return errors.json_error(
        status, {"Type": None, "Title": "An error occurred", "Status": status, "Detail": "An error occurred in Xero."}
    )


def as_plain(response: web.StreamResponse) -> web.Response:
    """*response*, which every handler of the sandbox makes whole."""
    if not isinstance(response, web.Response):
        raise TypeError(f"a plain response was expected, not {response!r}")
    return response


def make_response(status: int, body: bytes, content_type: str | None, headers: Mapping[str, str]) -> web.Response:
    """A response; no Content-Type when it is None."""
    response = web.Response(status=status, body=body or None, headers=headers)
    if content_type is not None:
        response.content_type = content_type
        if content_type != "text/plain":
            response.charset = "utf-8"
    return response


def body_length(response: web.StreamResponse) -> int:
    """Bytes of the body."""
    body = response.body if isinstance(response, web.Response) else None
    return len(body) if isinstance(body, bytes) else 0


def reorder(body: bytes, *, shuffled: bool = False, without: int | None = None) -> bytes:
    """The answer with its elements in another order, or without one."""
    if not body:
        return body
    decoded = wire.decode(body)
    for value in decoded.values() if isinstance(decoded, dict) else ():
        if isinstance(value, list):
            before = list(value)
            if shuffled:
                random.Random(len(value)).shuffle(value)  # noqa: S311 - an order, no secret
                if value == before:
                    value.reverse()
            if without is not None and without < len(value):
                del value[without]
    return wire.encode(decoded)


def abort(request: web.Request) -> None:
    """Drop the connection without a byte."""
    transport = request.transport
    if isinstance(transport, asyncio.Transport):
        transport.abort()


async def send_half(request: web.Request, response: web.Response, body: bytes) -> web.StreamResponse:
    """Half of the body, though Content-Length promises all of it."""
    cut = web.StreamResponse(status=response.status, headers=response.headers)
    cut.content_length = len(body)
    await cut.prepare(request)
    await cut.write(body[: len(body) // 2])
    transport = request.transport
    if isinstance(transport, asyncio.Transport):
        transport.close()  # what is written goes out first
    return cut
