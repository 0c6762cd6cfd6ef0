"""What was asked of the sandbox: the last calls, and counts of all."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from datetime import datetime

import msgspec


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call. *elements* counts those sent, *sent* and *received* are bytes of the two bodies (after gzip).

    *status* is 0 when the connection was dropped without an answer.
    """

    at: datetime
    method: str
    path: str
    query: str
    organisation: str | None
    status: int
    elements: int
    received: int
    sent: int
    key: str | None = None


class Calls:
    """A ring of the last calls, newest last, and counters over all of them."""

    def __init__(self, size: int = 20_000) -> None:
        self.ring: deque[Call] = deque(maxlen=size)
        self.in_flight = 0
        self._reset()

    def _reset(self) -> None:
        self.total = 0
        self.reads = 0
        self.writes = 0
        self.throttled = 0
        self.max_in_flight = self.in_flight
        self.by_path: Counter[str] = Counter()
        self.by_status: Counter[int] = Counter()
        self.elements: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self.ring)

    def __iter__(self) -> Iterator[Call]:
        return iter(self.ring)

    def record(self, call: Call) -> None:
        """Count a call; reads and writes are those of the accounting API."""
        self.ring.append(call)
        self.total += 1
        self.by_path[f"{call.method} {call.path}"] += 1
        self.by_status[call.status] += 1
        if call.status == 429:
            self.throttled += 1
        if call.path.startswith("/api.xro/"):
            if call.method == "GET":
                self.reads += 1
            else:
                self.writes += 1
                self.elements[f"{call.method} {call.path}"] += call.elements

    def clear(self) -> None:
        """Forget everything but the calls in flight."""
        self.ring.clear()
        self._reset()
