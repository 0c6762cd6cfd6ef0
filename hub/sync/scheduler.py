"""The scheduler: about once a second it claims what is due, for all galleries, and hands it to workers."""

from __future__ import annotations

import asyncio
import secrets

import structlog

from hub.errors import HubError
from hub.store import leases
from hub.store.database import Database
from hub.sync.session import Tuning
from hub.sync.worker import Worker

log = structlog.get_logger()

TICK_SECONDS = 1.0
DRAIN_SECONDS = 30.0
LONGEST_BACKOFF = 30.0


def name_daemon() -> str:
    """A name for one process, new at each start: what its leases and its connection bear."""
    return f"d-{secrets.token_hex(6)}"


class Scheduler:
    """Claims due webservices and works on up to *workers* of them at a time.

    `run` loops until it is cancelled; `drain` is the clean stop: no new claims, what is in flight is finished.
    """

    def __init__(
        self, database: Database, worker: Worker, *, workers: int, tuning: Tuning, owner: str | None = None
    ) -> None:
        self._database = database
        self._worker = worker
        self._workers = workers
        self._tuning = tuning
        self._owner = owner or name_daemon()
        self._tasks: set[asyncio.Task[None]] = set()
        self._freed = asyncio.Event()
        self._draining = False

    @property
    def owner(self) -> str:
        """This daemon's name in its leases."""
        return self._owner

    async def run(self) -> None:
        """Claim and work until cancelled. A database that is away is waited for; it costs nothing else."""
        failures = 0
        tick = max(0.05, TICK_SECONDS * min(1.0, self._tuning.clock_factor))
        while not self._draining:
            try:
                await self.claim()
                failures = 0
            except Exception as error:
                failures += 1
                expected = isinstance(error, HubError)
                log.warning(
                    "scheduler.claim_failed", error=str(error), failures=failures, exc_info=None if expected else error
                )
            delay = tick if not failures else min(LONGEST_BACKOFF, tick * 2**failures)
            self._freed.clear()
            try:
                async with asyncio.timeout(delay):
                    await self._freed.wait()
            except TimeoutError:
                continue

    async def claim(self) -> int:
        """One tick: claim up to the free places; returns how many were claimed."""
        free = self._workers - len(self._tasks)
        if free <= 0 or self._draining:
            return 0
        async with self._database.transaction() as conn:
            claimed = await leases.claim(conn, self._owner, seconds=self._tuning.lease_seconds, limit=free)
        for lease in claimed:
            task = asyncio.create_task(self._worker.work(lease), name=f"work-{lease.webservice_id}")
            self._tasks.add(task)
            task.add_done_callback(self._done)
        return len(claimed)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._freed.set()
        if not task.cancelled() and task.exception() is not None:
            log.error("scheduler.worker_died", exc_info=task.exception())

    async def drain(self) -> None:
        """No new claims, nothing more is sent; what is in flight ends, leases are given back, runs go on elsewhere."""
        self._draining = True
        self._freed.set()
        self._worker.draining.set()
        tasks = list(self._tasks)
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=DRAIN_SECONDS)
        for task in late:
            log.warning("scheduler.drain_late", task=task.get_name())
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=2)

    async def idle(self) -> None:
        """Wait until nothing is being worked on."""
        while self._tasks:
            await asyncio.wait(list(self._tasks))
