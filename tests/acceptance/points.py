"""Where a process can be killed: every commit, every write of bytes to the remote side, every answer from there.

A point is named by what happens, on which side of it, and which time it is that this happens:
``commit sync.writing._send_group, after #2``. The name, not a running number, says where to kill, so that the order in
which concurrent work gets on does not matter.
"""

from __future__ import annotations

import asyncio.selector_events as selector
import os
import re
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import asyncpg.connection
from aiohttp.client_proto import ResponseHandler

ROOT = Path(__file__).parents[2]
_OURS = (f"{ROOT / 'hub'}{os.sep}", f"{ROOT / 'plugins'}{os.sep}")
_WRAPPERS = {"transaction", "connection", "owned", "booked"}
_REQUEST = re.compile(rb"(GET|PUT|POST|DELETE) (\S+) HTTP/1\.1\r\n")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
_WRITES = re.compile(r"\b(INSERT INTO|UPDATE|DELETE FROM)\b")


class Recorder:
    """Counts the points that are passed, in order, and kills this process with SIGKILL at one of them."""

    def __init__(self, kill: str | None) -> None:
        self.seen: list[str] = []
        self.listening = True
        self._kill = kill
        self._times: Counter[str] = Counter()

    def reach(self, name: str) -> bool:
        """Pass a point; whether the process is to end there (`die` does it)."""
        if not self.listening:
            return False
        self._times[name] += 1
        point = f"{name} #{self._times[name]}"
        self.seen.append(point)
        return point == self._kill

    def die_at(self, name: str) -> None:
        """Pass a point that needs nothing done before the end."""
        if self.reach(name):
            self.die()

    @staticmethod
    def die() -> None:
        """`kill -9`: nothing is flushed, closed, rolled back or said."""
        os.kill(os.getpid(), signal.SIGKILL)

    def hook(self, port: int) -> None:
        """Hook commits, and what goes to and comes from the remote side on *port*."""
        self._hook_statements()
        self._hook_sends(port)
        self._hook_answers(port)

    def _hook_statements(self) -> None:
        """COMMIT, and writing statements outside of any transaction: each is a commit of its own."""
        connection: Any = asyncpg.connection.Connection
        execute, execute_prepared = connection.execute, connection._execute

        async def hooked_execute(this: Any, query: str, *args: Any, **more: Any) -> Any:
            name = _name_of(this, query) if not args else None  # with arguments it comes by _execute
            return await self._around(name, execute(this, query, *args, **more))

        async def hooked_prepared(this: Any, query: str, *args: Any, **more: Any) -> Any:
            return await self._around(_name_of(this, query), execute_prepared(this, query, *args, **more))

        connection.execute = hooked_execute
        connection._execute = hooked_prepared

    async def _around(self, name: str | None, deed: Any) -> Any:
        if name is None:
            return await deed
        self.die_at(f"{name}, before")
        done = await deed
        self.die_at(f"{name}, after")
        return done

    def _hook_sends(self, port: int) -> None:
        """Before any byte left, after half of them, after all."""
        transport: Any = vars(selector)["_SelectorSocketTransport"]
        write = transport.write
        asked = self._asked = {}

        def hooked_write(this: Any, data: bytes) -> None:
            if not _goes_to(this, port):
                write(this, data)
                return
            found = _REQUEST.match(bytes(data[:2048]))
            if found:
                asked[id(this)] = _request_name(found)
            name = f"send {asked[id(this)]}{'' if found else ' (more)'}"
            self.die_at(f"{name}, before")
            if self.reach(f"{name}, half"):
                write(this, data[: len(data) // 2])
                self.die()
            write(this, data)
            self.die_at(f"{name}, after")

        def hooked_writelines(this: Any, chunks: Any) -> None:
            this.write(b"".join(chunks))

        transport.write = hooked_write
        transport.writelines = hooked_writelines

    def _hook_answers(self, port: int) -> None:
        """An answer (or a part of one) is here, and nothing has been done with it."""
        handler: Any = ResponseHandler
        received = handler.data_received

        def hooked(this: ResponseHandler, data: bytes) -> None:
            if this.transport is not None and _goes_to(this.transport, port):
                self.die_at(f"answer to {self._asked.get(id(this.transport), '?')}, before its use")
            received(this, data)

        handler.data_received = hooked

    _asked: dict[int, str]


def kind_of(point: str) -> str:
    """A point's name without the number of the time."""
    return point.rpartition(" #")[0]


def _goes_to(transport: Any, port: int) -> bool:
    peer = transport.get_extra_info("peername")
    return isinstance(peer, tuple) and peer[1] == port


def _request_name(found: re.Match[bytes]) -> str:
    path = found[2].decode().partition("?")[0]
    return f"{found[1].decode()} {_ID.sub('{id}', path).removeprefix('/api.xro/2.0')}"


def _name_of(connection: Any, query: str) -> str | None:
    """The name of the commit that *query* is; None when it is none."""
    if query.startswith("COMMIT"):
        return f"commit {_caller()}"
    if not connection.is_in_transaction() and _WRITES.search(query):
        return f"statement {_caller()}"
    return None


def _caller() -> str:
    """Module and function of the innermost frame of ours that is more than a wrapper around the database."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if code.co_filename.startswith(_OURS) and code.co_name not in _WRAPPERS:
            module = Path(code.co_filename).relative_to(ROOT).with_suffix("")
            return ".".join([*module.parts[1:], code.co_name])
        frame = frame.f_back
    return "outside"
