"""The teller: about once a second it looks who is to be told of something, people and gallery systems, and tells them.

Nothing due costs one indexed statement. Whatever a notifier does ends within its deadline and never touches a run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, cast

import structlog

from hub.domain.secrets import Sealer
from hub.errors import HubError
from hub.hookspecs import EventNotifier, Notifier
from hub.registry import Registry
from hub.store import callbacks, notices
from hub.store.database import Database
from hub.sync.delivering import DELIVER_SECONDS, SystemTeller
from hub.sync.noticing import NOTIFY_SECONDS, PeopleTeller

log = structlog.get_logger()

TICK_SECONDS = 1.0
DRAIN_SECONDS = 10.0
LONGEST_BACKOFF = 30.0
MOST_NOTICES = 8  # at a time in this daemon
MOST_CALLBACKS = 64  # at a time in this daemon: a slow one keeps one place, never the others


class Teller:
    """Tells people and gallery systems what they are to know.

    `run` loops until it is cancelled; `drain` is the clean stop: what is under way ends, or is cut off after 10 s and
    told again later.
    """

    def __init__(
        self,
        database: Database,
        registry: Registry,
        box: Sealer,
        *,
        public_url: str,
        clock_factor: float,
        notify_seconds: float = NOTIFY_SECONDS,
        deliver_seconds: float = DELIVER_SECONDS,
    ) -> None:
        self._database = database
        self._tick = max(0.05, TICK_SECONDS * min(1.0, clock_factor))
        people: dict[str, Notifier] = {}
        systems: dict[str, EventNotifier] = {}
        self._off: dict[str, str] = {}
        for key, notifier in registry.notifiers.items():
            if (why := why_off(notifier)) is not None:
                self._off[key] = why
            elif takes_events(notifier):
                systems[key] = cast("EventNotifier", notifier)
            else:
                people[key] = cast("Notifier", notifier)
        self._people = PeopleTeller(
            database,
            registry,
            people,
            public_url=public_url,
            clock_factor=clock_factor,
            deadline=notify_seconds,
        )
        self._systems = SystemTeller(database, systems, box, deadline=deliver_seconds)
        self._tells_people, self._tells_systems = bool(people), bool(systems)
        self._notices: set[asyncio.Task[None]] = set()
        self._deliveries: set[asyncio.Task[None]] = set()
        self._draining = False

    async def run(self) -> None:
        """Look and tell until cancelled. A database that is away is waited for."""
        for key, why in self._off.items():
            log.warning("notifier.off", notifier=key, reason=why)
        failures = 0
        while not self._draining:
            try:
                await self.look()
                failures = 0
            except Exception as error:
                failures += 1
                expected = isinstance(error, HubError)
                log.warning("teller.failed", error=str(error), failures=failures, exc_info=None if expected else error)
            await asyncio.sleep(self._tick if not failures else min(LONGEST_BACKOFF, self._tick * 2**failures))

    async def look(self) -> int:
        """One tick: claim what is due, up to the free places; returns how much was claimed."""
        if self._draining:
            return 0
        async with self._database.connection() as conn:
            notice, callback = await callbacks.is_anything_due(conn)
        claimed = 0
        free = MOST_NOTICES - len(self._notices)
        if notice and self._tells_people and free > 0:
            async with self._database.transaction() as conn:
                due = await notices.claim(conn, seconds=self._people.claim_seconds, limit=free)
            for one in due:
                self._start(self._notices, self._people.tell(one), f"notice-{one.webservice_id}")
            claimed += len(due)
        free = MOST_CALLBACKS - len(self._deliveries)
        if callback and self._tells_systems and free > 0:
            async with self._database.transaction() as conn:
                ours = await callbacks.claim(conn, seconds=self._systems.claim_seconds, limit=free)
            for found in ours:
                self._start(self._deliveries, self._systems.tell(found), f"callback-{found.gallery_id}")
            claimed += len(ours)
        return claimed

    def _start(self, tasks: set[asyncio.Task[None]], work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        tasks.add(task)
        task.add_done_callback(lambda done: self._done(tasks, done))

    def _done(self, tasks: set[asyncio.Task[None]], task: asyncio.Task[None]) -> None:
        tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:  # its claim runs out, and somebody tells it later
            expected = isinstance(error, HubError)
            log.warning(
                "teller.task_failed", task=task.get_name(), error=str(error), exc_info=None if expected else error
            )

    async def drain(self) -> None:
        """No new claims; what is under way ends within 10 s, or is cut off and told again later."""
        self._draining = True
        tasks = [*self._notices, *self._deliveries]
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=DRAIN_SECONDS)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=2)

    async def idle(self) -> None:
        """Wait until nothing is being told."""
        while tasks := [*self._notices, *self._deliveries]:
            await asyncio.wait(tasks)


def takes_events(notifier: object) -> bool:
    """Whether a notifier takes single events (`takes = "events"`) instead of notices."""
    return getattr(notifier, "takes", "notices") == "events"


def why_off(notifier: object) -> str | None:
    """Why a notifier can tell nobody, in its own words; None when it can."""
    ask = getattr(notifier, "why_off", None)
    return None if ask is None else ask()
