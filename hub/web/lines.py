"""NDJSON both ways in bounded memory: lines come in while answers go out."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

import msgspec
from aiohttp import StreamReader, web

LINE_BYTES = 5 * 1024 * 1024
IDLE_SECONDS = 30.0
CHUNK_LINES = 500
CHUNK_BYTES = 1024 * 1024
CHUNK_SECONDS = 0.1
SEND_SECONDS = 60.0
_SPOOL_BYTES = 256 * 1024
_SEND_BYTES = 64 * 1024


class InputLine(msgspec.Struct, frozen=True):
    """One line that is not blank; `raw` None = it was too long and was skipped."""

    number: int
    raw: bytes | None


class LineSplitter:
    """Cuts a stream of bytes into lines; holds at most one line of at most `limit` bytes, skips a longer one."""

    def __init__(self, limit: int = LINE_BYTES) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._held = 0
        self._skipping = False
        self._number = 0

    def feed(self, data: bytes) -> list[InputLine]:
        """The lines that *data* completes."""
        *ended, rest = data.split(b"\n")
        found = [line for part in ended if (line := self._end(part)) is not None]
        self._hold(rest)
        return found

    def close(self) -> list[InputLine]:
        """The last line, where no line end followed it."""
        line = self._end(b"") if self._held or self._skipping else None
        return [] if line is None else [line]

    def _hold(self, part: bytes) -> None:
        self._held += len(part)
        if self._held > self._limit:
            self._skipping = True
            self._parts.clear()
        elif part:
            self._parts.append(part)

    def _end(self, part: bytes) -> InputLine | None:
        self._hold(part)
        skipped, raw = self._skipping, b"".join(self._parts).strip(b" \t\r")
        self._parts, self._held, self._skipping = [], 0, False
        self._number += 1
        if skipped:
            return InputLine(self._number, None)
        return InputLine(self._number, raw) if raw else None


class IdleError(Exception):
    """Nothing came for a while: the rest of the input is not waited for."""


async def read_chunks(
    content: StreamReader, *, limit: int = LINE_BYTES, idle: float = IDLE_SECONDS
) -> AsyncIterator[list[InputLine]]:
    """The lines of *content* in chunks: up to 500 lines, 1 MiB (or one longer line), or what 100 ms brought.

    Raises:
        IdleError: nothing came for *idle* seconds; the lines before were yielded.
        aiohttp.web.RequestPayloadError: the body broke off.
    """
    loop = asyncio.get_running_loop()
    splitter = LineSplitter(limit)
    chunk: list[InputLine] = []
    size, due = 0, 0.0
    while True:
        wait = max(0.0, due - loop.time()) if chunk else idle
        try:
            async with asyncio.timeout(wait):
                data = await content.readany()
        except TimeoutError as error:
            if not chunk:
                raise IdleError from error
            yield chunk
            chunk, size = [], 0
            continue
        lines = splitter.feed(data) if data else splitter.close()
        for line in lines:
            due = due if chunk else loop.time() + CHUNK_SECONDS
            chunk.append(line)
            size += len(line.raw or b"")
            if len(chunk) >= CHUNK_LINES or size >= CHUNK_BYTES:
                yield chunk
                chunk, size = [], 0
        if not data:
            break
    if chunk:
        yield chunk


class Outbox:
    """Sends answers while more are being made, and never makes the maker wait for a slow reader.

    A client that sends its whole body before it reads an answer would otherwise block for ever: its answers wait in a
    temporary file (in memory while they are few).
    """

    def __init__(self, response: web.StreamResponse) -> None:
        self._response = response
        self._file = tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES)  # noqa: SIM115 - closed in __aexit__
        self._written = 0
        self._sent = 0
        self._news = asyncio.Event()
        self._closed = False
        self._sender: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start sending."""
        self._sender = asyncio.create_task(self._send(), name="bulk-answers")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Send what is left, unless it ends by an exception; the sender ends in any case."""
        assert self._sender is not None  # noqa: S101 - set in __aenter__
        self._closed = True
        self._news.set()
        try:
            if error is not None:
                self._sender.cancel()
                await asyncio.wait([self._sender])
            else:
                await self._sender
        finally:
            self._sender.cancel()
            self._file.close()

    def put(self, data: bytes) -> None:
        """Queue *data*. Raises what ended the sender (ConnectionError, TimeoutError): the reader is gone."""
        assert self._sender is not None  # noqa: S101 - set in __aenter__
        if self._sender.done():
            self._sender.result()
        self._file.seek(self._written)
        self._file.write(data)
        self._written += len(data)
        self._news.set()

    async def _send(self) -> None:
        while True:
            if self._sent == self._written:
                if self._closed:
                    return
                self._rewind()
                self._news.clear()
                await self._news.wait()
                continue
            self._file.seek(self._sent)
            data = self._file.read(_SEND_BYTES)
            self._sent += len(data)
            async with asyncio.timeout(SEND_SECONDS):
                await self._response.write(data)

    def _rewind(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._written = self._sent = 0
