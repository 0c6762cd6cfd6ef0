"""When a webservice is due next by its schedule."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta


def phase(webservice_id: str, interval: timedelta) -> timedelta:
    """Where in the interval this webservice's slots lie: a hash, so that a thousand of them do not start at once."""
    number = int.from_bytes(hashlib.sha256(webservice_id.encode()).digest()[:8])
    return interval * (number % 1_000_000) / 1_000_000


def next_slot(webservice_id: str, interval: timedelta, now: datetime) -> datetime:
    """The first slot after *now* (aware); slots are UTC, so no change of the clocks moves, skips or repeats one."""
    origin = datetime(2020, 1, 1, tzinfo=UTC) + phase(webservice_id, interval)
    passed = (now - origin) // interval
    return origin + interval * (passed + 1)
