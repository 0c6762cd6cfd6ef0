"""What a rule knows about the request it judges, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

import msgspec

from plugins.xero.sandbox import errors
from plugins.xero.sandbox.books import Books
from plugins.xero.sandbox.errors import Fault
from plugins.xero.sandbox.settings import SandboxSettings


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """One write: whose books, which app, PUT (create) or POST (create or update)."""

    books: Books
    app: str | None  # client id; None = a person in Xero's own pages
    is_put: bool
    unitdp: int = 2

    @property
    def settings(self) -> SandboxSettings:
        """The sandbox's settings."""
        return self.books.settings

    def say(self, key: str, **facts: object) -> str:
        """The text *key* in the sandbox's wording."""
        return errors.text(self.settings.wording, key, **facts)

    def fault(self, key: str, *path: str | int, **facts: object) -> Fault:
        """A validation message about the part at *path*."""
        return Fault(self.say(key, **facts), path)


class Plan(NamedTuple):
    """A judged element: *commit* stores it and returns its id."""

    commit: Callable[[], str]
    warnings: tuple[str, ...] = ()


def lock_faults(context: Context, day: date, what: str = "document") -> list[Fault]:
    """Refusals because *day* is on or before a lock date. FACTS 4.9 [T]."""
    books = context.books
    if books.year_lock and day <= books.year_lock:
        return [context.fault("year_lock", what=what, day=books.year_lock.strftime("%d-%b-%Y"))]
    if books.period_lock and day <= books.period_lock and not context.settings.adviser_passes_period_lock:
        return [context.fault("period_lock", what=what, day=books.period_lock.strftime("%d-%b-%Y"))]
    return []


def too_long(context: Context, field: str, value: str | None, limit: int | None, *path: str | int) -> list[Fault]:
    """A refusal when *value* has more than *limit* characters. FACTS 4.11."""
    if value is not None and limit is not None and len(value) > limit:
        return [context.fault("too_long", *path, field=field, limit=limit)]
    return []
