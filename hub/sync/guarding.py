"""A plugin's I/O behind a guard: it ends within a deadline, and whatever it raises costs its own run and names it.

Plugins are trusted code in our process (PROMISES E1), but one that never returns, or raises SystemExit, must not take
the daemon with it: a SystemExit that leaves a task ends the whole loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import TypeVar

from hub.contract import ContactPage, Lookup, Page, Pulled, Webservice
from hub.domain.books import Book, Choices
from hub.domain.drafts import Request, Write
from hub.domain.records import EntryType, RecordType, Reference
from hub.domain.remotes import Outcome, Remote, RemoteId
from hub.errors import HubError

T = TypeVar("T")

CALLS = 10  # calls that one piece of a plugin's work may make, each within the kind's own time-out
WAIT_SECONDS = 600.0  # unscaled: and what it may wait for its places in the limits


class PluginFailedError(HubError):
    """A plugin raised something that is no error of the contract, or did not return in time."""


class Guarded(Webservice):
    """Stands before a webservice at work during a run; only its I/O members are asked through it."""

    def __init__(self, inner: Webservice, plugin: str, *, clock_factor: float) -> None:
        self._inner = inner
        self._plugin = plugin
        self._seconds = inner.limits.timeout * CALLS + WAIT_SECONDS * clock_factor

    def take_book(self, book: Book) -> None:
        """The book was read anew."""
        self._inner.book = book

    async def _ask(self, made: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self._seconds):
                return await made
        except (HubError, asyncio.CancelledError, KeyboardInterrupt):
            raise
        except TimeoutError as error:
            raise PluginFailedError(f"The plugin {self._plugin!r} did not return in time.") from error
        except BaseException as error:
            raise PluginFailedError(f"The plugin {self._plugin!r} failed ({type(error).__name__}).") from error

    async def choices(self) -> Choices:
        """As the contract says."""
        return await self._ask(self._inner.choices())

    async def find(self, lookups: Sequence[Lookup]) -> dict[Reference, tuple[Remote, ...]]:
        """As the contract says."""
        return await self._ask(self._inner.find(lookups))

    async def read(self, type: EntryType, ids: Sequence[RemoteId]) -> tuple[Remote, ...]:
        """As the contract says."""
        return await self._ask(self._inner.read(type, ids))

    async def read_ours(self, type: RecordType, cursor: str | None) -> Page:
        """As the contract says."""
        return await self._ask(self._inner.read_ours(type, cursor))

    async def pull(self, cursor: str | None) -> Pulled:
        """As the contract says."""
        return await self._ask(self._inner.pull(cursor))

    async def pull_linked(self, ids: Sequence[RemoteId], cursor: str | None) -> Pulled:
        """As the contract says."""
        return await self._ask(self._inner.pull_linked(ids, cursor))

    async def pull_credit_notes(self, cursor: str | None) -> Pulled:
        """As the contract says."""
        return await self._ask(self._inner.pull_credit_notes(cursor))

    async def contacts(self, cursor: str | None) -> ContactPage:
        """As the contract says."""
        return await self._ask(self._inner.contacts(cursor))

    async def push(self, request: Request, writes: Sequence[Write], key: str) -> tuple[Outcome, ...]:
        """As the contract says."""
        return await self._ask(self._inner.push(request, writes, key))
