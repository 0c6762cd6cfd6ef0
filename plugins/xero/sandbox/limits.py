"""Xero's rate limits: a minute, a day, five at once, and the app's minute. FACTS 2.1."""

from __future__ import annotations

import math
import zlib
from collections import deque
from datetime import datetime
from typing import NamedTuple

from plugins.xero.sandbox.settings import SandboxSettings


class Refusal(NamedTuple):
    """Why a call is refused, and after how many of Xero's (unscaled) seconds to come again, if it says so."""

    problem: str
    retry_after: int | None


class Window:
    """At most *limit* calls per *seconds*: a rolling window, or a fixed one whose reset is shifted by *offset*."""

    def __init__(self, limit: int, seconds: float, *, is_rolling: bool, offset: float = 0.0) -> None:
        self.limit = limit
        self.seconds = seconds
        self.is_rolling = is_rolling
        self.offset = offset
        self._calls: deque[float] = deque()

    def _start(self, now: float) -> float:
        if self.is_rolling:
            return now - self.seconds
        return now - (now + self.offset) % self.seconds

    def used(self, now: float) -> int:
        """Calls that count at *now*."""
        start = self._start(now)
        while self._calls and self._calls[0] <= start and self._calls[0] < now:
            self._calls.popleft()
        return len(self._calls)

    def left(self, now: float) -> int:
        """Calls that are still free at *now*."""
        return max(0, self.limit - self.used(now))

    def wait(self, now: float) -> float:
        """Seconds until a call is free again; 0 when one is."""
        if self.used(now) < self.limit:
            return 0.0
        if self.is_rolling:
            return self._calls[0] + self.seconds - now
        return self._start(now) + self.seconds - now

    def take(self, now: float) -> None:
        """Count one call."""
        self._calls.append(now)

    def clear(self) -> None:
        """Forget every call."""
        self._calls.clear()


class OrganisationLimits:
    """The windows of one organisation, and its calls in flight."""

    def __init__(self, organisation_id: str, settings: SandboxSettings) -> None:
        factor = settings.clock_factor
        is_rolling = settings.limit_window == "rolling"
        shift = zlib.crc32(organisation_id.encode()) % 60  # FACTS 2.1: the reset differs per organisation
        self.minute = Window(settings.per_minute, 60 * factor, is_rolling=is_rolling, offset=shift * factor)
        self.day = Window(settings.per_day, 86_400 * factor, is_rolling=is_rolling, offset=shift * 60 * factor)
        self.in_flight = 0
        self.max_in_flight = 0


class Limits:
    """All windows of the sandbox."""

    def __init__(self, settings: SandboxSettings) -> None:
        self.settings = settings
        self.app = Window(
            settings.app_per_minute, 60 * settings.clock_factor, is_rolling=settings.limit_window == "rolling"
        )
        self._organisations: dict[str, OrganisationLimits] = {}

    def of(self, organisation_id: str) -> OrganisationLimits:
        """The limits of one organisation."""
        return self._organisations.setdefault(organisation_id, OrganisationLimits(organisation_id, self.settings))

    def enter(self, organisation_id: str, moment: datetime) -> Refusal | None:
        """Count a call that begins, or say why it is refused; `leave` must follow only when it was not.

        Failed and replayed calls count as well (FACTS 2.1 [O*]); refused ones do not.
        """
        now = moment.timestamp()
        own = self.of(organisation_id)
        if own.in_flight >= self.settings.in_flight:
            return Refusal("concurrent", 1 if self.settings.short_retry_after else None)
        for problem, window in (("day", own.day), ("minute", own.minute)):
            if wait := window.wait(now):
                return Refusal(problem, self._unscaled(wait))
        if wait := self.app.wait(now):
            return Refusal("appminute", self._unscaled(wait) if self.settings.short_retry_after else None)
        for window in (own.day, own.minute, self.app):
            window.take(now)
        own.in_flight += 1
        own.max_in_flight = max(own.max_in_flight, own.in_flight)
        return None

    def leave(self, organisation_id: str) -> None:
        """A call has ended."""
        self.of(organisation_id).in_flight -= 1

    def _unscaled(self, seconds: float) -> int:
        """Retry-After in Xero's own seconds, rounded up."""
        return max(1, math.ceil(round(seconds / self.settings.clock_factor, 6)))

    def headers(self, organisation_id: str, moment: datetime) -> dict[str, str]:
        """The three headers of every answer. FACTS 2.1 [O]."""
        now = moment.timestamp()
        own = self.of(organisation_id)
        return {
            "X-DayLimit-Remaining": str(own.day.left(now)),
            "X-MinLimit-Remaining": str(own.minute.left(now)),
            "X-AppMinLimit-Remaining": str(self.app.left(now)),
        }
