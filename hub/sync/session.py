"""A session: one worker's piece of work for one webservice, with everything that work needs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

import structlog

from hub.contract import Http, Webservice
from hub.domain.books import Book, Choices
from hub.domain.drafts import Write
from hub.domain.eligibility import Gates, find_window_start
from hub.domain.exclusions import ExcludeFilter
from hub.domain.records import Gallery
from hub.errors import BusyError, LeaseLostError, UnavailableError
from hub.remote.http import Meter
from hub.store import feed, leases, records, webservices
from hub.store.database import Connection, Database
from hub.store.leases import Lease
from hub.store.runs import Counts
from hub.store.webservices import WebserviceRow
from hub.sync.guarding import Guarded

log = structlog.get_logger()

LEASE_SECONDS = 60.0
HEARTBEAT_SECONDS = 10.0
SEND_MARGIN_SECONDS = 45.0  # a lease must outlast the call: it is renewed to at least this before each send


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """The engine's times, in unscaled seconds; `clock_factor` scales every waiting time (not the leases)."""

    clock_factor: float = 1.0
    resend_seconds: float = 300.0
    look_seconds: float = 900.0
    lost_seconds: float = 86_400.0
    page: int = 1000
    lease_seconds: float = LEASE_SECONDS
    heartbeat_seconds: float = HEARTBEAT_SECONDS
    max_creates: int = 500


class Doors(Protocol):
    """Makes the door out for one webservice (`hub.remote`)."""

    def open(
        self,
        kind: type[Webservice],
        row: WebserviceRow,
        *,
        meter: Meter | None = None,
        before_send: BeforeSend | None = None,
        priority: Literal["run", "person"] = "run",
    ) -> Http:
        """An `Http` for the webservice's organisation; *before_send* is awaited right before each call."""
        ...


class BeforeSend(Protocol):
    """Awaited right before each call; raises LeaseLostError to have nothing sent."""

    async def __call__(self) -> None:
        """Look whether the call may still be made."""
        ...


@dataclass(kw_only=True)
class Session:
    """One worker's piece of work: the lease is proved before each send and in each transaction that stores outcomes."""

    database: Database
    lease: Lease
    row: WebserviceRow
    kind: type[Webservice]
    book: Book
    filters: Mapping[str, ExcludeFilter]
    tuning: Tuning
    beats: Database  # a pool of its own: a busy one must not cost the lease
    draining: asyncio.Event
    service: Guarded = field(init=False)  # set once its door is open, which asks this session
    meter: Meter = field(default_factory=Meter)
    counts: Counts = field(default_factory=Counts)
    deadline: float = 0.0  # monotonic; the lease is ours until then
    refusals: dict[str, int] = field(default_factory=dict)  # cause -> refused there in this run
    opened: float = field(default_factory=time.monotonic)
    seconds_before: float = 0.0  # what the run took before it was interrupted
    run_id: str | None = None  # that its batches belong to
    sent: int = 0
    done: int = 0  # entries judged in this run
    still_due: int = 0
    total: int = 0  # what the run has to look at, as far as it was ever seen: it never shrinks
    key_until: float | None = None  # monotonic; while a batch is sent again: nothing leaves after it
    silent: int = 0  # batches in a row without any clear answer
    released: set[str] = field(default_factory=set)  # invoices that this run's own writes set free
    contacts_read: bool = False  # the contacts there were read to their end in this run
    to_import: int = 0  # contacts read there that are still to be taken
    amends: list[Write] = field(default_factory=list)  # writes drawn up anew after another total or a refusal

    @property
    def gallery_id(self) -> str:
        """The gallery all of this is about."""
        return self.row.gallery_id

    @property
    def webservice_id(self) -> str:
        """The webservice all of this is about."""
        return self.row.id

    @asynccontextmanager
    async def owned(self) -> AsyncIterator[Connection]:
        """A transaction in which the lease is ours until it commits. Raises LeaseLostError."""
        async with self.database.transaction() as conn:
            await feed.lock_feed(conn, self.gallery_id, 0)  # first of all locks, as whoever stores records takes it
            await leases.hold(conn, self.lease)
            yield conn

    async def renew(self, doing: str | None = None) -> None:
        """Keep the lease. Raises LeaseLostError."""
        asked_at = time.monotonic()
        async with self.beats.connection() as conn:
            await leases.renew(conn, self.lease, seconds=self.tuning.lease_seconds, doing=doing)
        self.deadline = asked_at + self.tuning.lease_seconds

    async def check_lease(self) -> None:
        """Right before a send: the lease must outlast it, and nobody pressed Stop. Raises LeaseLostError."""
        if self.draining.is_set():
            raise DrainingError("the daemon is stopping")
        if self.key_until is not None and time.monotonic() >= self.key_until:
            raise KeyExpiredError("the batch's key may be forgotten there by now")
        if self.deadline - time.monotonic() < min(SEND_MARGIN_SECONDS, self.tuning.lease_seconds * 0.75):
            await self.renew()
        async with self.database.connection() as conn:
            state = await webservices.get_state(conn, self.gallery_id, self.webservice_id)
        if state != "ready":
            raise StoppedError(f"the webservice is {state}")
        if time.monotonic() >= self.deadline:
            raise LeaseLostError(f"the lease on webservice {self.webservice_id} ran out")

    async def heartbeat(self) -> None:
        """Keep the lease for as long as the work goes on; a task of its own. Raises LeaseLostError."""
        while True:
            await asyncio.sleep(self.tuning.heartbeat_seconds)
            try:
                await self.renew()
            except (BusyError, UnavailableError) as error:
                if time.monotonic() >= self.deadline:
                    raise LeaseLostError("the lease could not be kept: the database is away") from error
                log.warning("sync.heartbeat_missed", error=str(error))


class StoppedError(LeaseLostError):
    """A person pressed Stop (or the grant ended) while the run was under way: nothing more is sent."""


class KeyExpiredError(LeaseLostError):
    """A batch that was to be sent again waited too long for its turn: nothing was sent, its writes are looked up."""


class DrainingError(LeaseLostError):
    """The daemon is stopping: what is in flight is finished, nothing more is sent, the run goes on elsewhere."""


async def load_book(
    conn: Connection, row: WebserviceRow, kind: type[Webservice], *, now: datetime | None = None
) -> Book:
    """The book of a webservice as one snapshot: settings, mappings, exclusions and choices."""
    stored = await records.get(conn, row.gallery_id, "gallery", row.gallery_id)
    gallery = stored.record
    assert isinstance(gallery, Gallery)  # noqa: S101 - the store keeps types apart
    settings = kind.settings.model_validate(row.settings)
    now = now or datetime.now(UTC)
    return Book(
        gallery=gallery,
        kind=row.kind,
        webservice_id=row.id,
        settings=settings,
        tag=row.tag,
        mappings=row.mappings,
        exclusions=row.exclusions,
        choices=row.choices or Choices(),
        organisation_id=row.organisation_id,
        connected_at=row.connected_at,
        window_start=find_window_start(Gates.of(settings), row.finished_at or row.connected_at),
        today=now.astimezone(ZoneInfo(gallery.timezone)).date(),
    )
