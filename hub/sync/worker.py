"""The worker: one claimed webservice, one run after the other, until nothing is due or somebody must wait."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
import structlog

from hub.contract import Webservice
from hub.domain.exclusions import ExcludeFilter
from hub.domain.reasons import PROBLEMS
from hub.domain.schedule import next_slot
from hub.domain.secrets import Sealer
from hub.errors import (
    AuthorizationError,
    BusyError,
    HubError,
    LeaseLostError,
    PermanentError,
    TemporaryError,
    ThrottledError,
    UnavailableError,
)
from hub.registry import Registry
from hub.remote.http import Meter
from hub.store import batches, entries, events, feed, leases, needs, problems, runs, webservices
from hub.store.database import Connection, Database
from hub.store.leases import Lease
from hub.store.problems import OF_WEBSERVICE, Cause
from hub.store.runs import Counts, Run, RunState
from hub.store.webservices import WebserviceRow
from hub.sync import dryrun, forms, refreshing
from hub.sync.guarding import Guarded, PluginFailedError
from hub.sync.pipeline import PausedError, Pipeline
from hub.sync.progress import progress_of
from hub.sync.session import Doors, DrainingError, Session, StoppedError, Tuning, load_book

log = structlog.get_logger()

RETRY_SECONDS = 60.0
BUSY_SECONDS = 5.0
FAILED_SECONDS = 300.0  # after a run that failed
SOONEST_SECONDS = 5.0  # what could not be settled now is not tried again at once


class End(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended."""

    state: RunState
    error: str | None = None
    resume_after: float | None = None  # unscaled seconds
    writes: list[dict[str, Any]] | None = None


class Worker:
    """Runs one webservice at a time for a claimed lease."""

    def __init__(
        self,
        database: Database,
        registry: Registry,
        doors: Doors,
        tuning: Tuning,
        *,
        box: Sealer,
        beats: Database | None = None,
    ) -> None:
        self._database = database
        self._box = box
        self._beats = beats or database
        self.draining = asyncio.Event()
        self._registry = registry
        self._doors = doors
        self._tuning = tuning

    async def work(self, lease: Lease) -> None:
        """All runs of a webservice that are due, then release. Whatever happens ends in a run record and a log line."""
        with structlog.contextvars.bound_contextvars(webservice_id=lease.webservice_id):
            try:
                await self._work(lease)
            except LeaseLostError as error:
                log.info("sync.lease_lost", error=str(error))
            except Exception:
                log.exception("sync.worker_failed")
            finally:
                await asyncio.shield(self._release(lease))

    async def _release(self, lease: Lease) -> None:
        try:
            async with self._database.transaction() as conn:
                await leases.release(conn, lease)
        except HubError as error:
            log.warning("sync.release_failed", error=str(error))

    async def _work(self, lease: Lease) -> None:
        first, soonest = True, SOONEST_SECONDS
        while True:
            async with self._database.transaction() as conn:
                row = await webservices.get(conn, lease.gallery_id, lease.webservice_id)
                run = await self._next_run(conn, row, create=first)
            if run is None or row.state != "ready":
                break
            first = False
            end = await self._run(lease, row, run)
            if end.state != "done":
                soonest = max(end.resume_after or 0.0, FAILED_SECONDS if end.state == "failed" else SOONEST_SECONDS)
                break
        await self._reschedule(lease, soonest)

    async def _next_run(self, conn: Connection, row: WebserviceRow, *, create: bool) -> Run | None:
        run = await runs.find_next(conn, row.gallery_id, row.id)
        if run is not None or not create:
            return run
        kind = self._registry.kinds.get(row.kind)
        if kind is None or row.confirmed_at is None or missing_slots(kind, row):
            return None  # no scheduled run before every required slot is mapped and a person saved the settings
        run_id = f"r-{secrets.token_hex(10)}"
        made, _ = await runs.open_run(
            conn, row.gallery_id, row.id, run_id, invoices=None, dry_run=False, asked_by="schedule"
        )
        return made if made.resume_at is None else None

    async def _run(self, lease: Lease, row: WebserviceRow, run: Run) -> End:
        with structlog.contextvars.bound_contextvars(run_id=run.id):
            began = time.monotonic()
            async with self._database.transaction() as conn:
                await runs.start(conn, lease.gallery_id, run.id)
            session: Session | None = None
            try:
                session = await self._open(lease, row, run)
                end = await self._supervise(session, run)
            except asyncio.CancelledError:
                await asyncio.shield(self._interrupted(lease, run))
                raise
            except DrainingError:
                await self._interrupted(lease, run)
                raise
            except StoppedError as error:
                end = End(state="paused", error=str(error))
            except LeaseLostError:
                raise
            except Exception as error:  # noqa: BLE001 - a run ends in a record whatever a plugin raises; logged there
                end = await self._ended_by(lease, row, error)
            await self._finish(lease, row, run, session, end)
            counts = msgspec.to_builtins(session.counts) if session is not None else {}
            seconds = round(time.monotonic() - began, 2)
            calls = session.meter.calls if session is not None else 0
            log.info("sync.finished", state=end.state, error=end.error, seconds=seconds, calls=calls, **counts)
            return end

    async def _interrupted(self, lease: Lease, run: Run) -> None:
        """A clean stop: what was in flight has ended, and the run goes on under its id when somebody claims it."""
        async with self._database.transaction() as conn:
            await runs.end(conn, lease.gallery_id, run.id, "queued")
            await webservices.wake(conn, lease.gallery_id, lease.webservice_id)

    async def _supervise(self, session: Session, run: Run) -> End:
        """The run beside its heartbeat; the first to fail ends both."""
        work = self._dry(session, run) if run.dry_run else self._wet(session, run)
        try:
            async with asyncio.TaskGroup() as tasks:
                beat = tasks.create_task(session.heartbeat(), name=f"heartbeat-{session.webservice_id}")
                task = tasks.create_task(work, name=f"run-{run.id}")
                task.add_done_callback(lambda _: beat.cancel())
        except BaseExceptionGroup as group:
            raise _first(group) from None
        return task.result()

    async def _wet(self, session: Session, run: Run) -> End:
        await Pipeline(session, run).execute()
        return End(state="done")

    async def _dry(self, session: Session, run: Run) -> End:
        found = await dryrun.list_writes(session, run.invoices)
        session.counts, session.done = found.counts, found.looked_at
        return End(state="done", writes=found.writes)

    async def _open(self, lease: Lease, row: WebserviceRow, run: Run) -> Session:
        """The book as one snapshot, the door, and what the remote side offers now when that is stale."""
        kind = self._registry.kinds.get(row.kind)
        if kind is None:
            raise PermanentError("refused", f"No enabled plugin adds the kind {row.kind!r}.", "Enable its plugin.")
        meter = Meter()
        meter.calls, meter.bytes_up, meter.bytes_down = run.calls, run.bytes_up, run.bytes_down
        async with self._database.connection() as conn:
            book = await load_book(conn, forms.open_row(kind, row, self._box), kind)
        session = Session(
            database=self._database,
            lease=lease,
            row=row,
            kind=kind,
            book=book,
            filters=_filters(kind, self._registry.filters),
            tuning=self._tuning,
            beats=self._beats,
            draining=self.draining,
            meter=meter,
            counts=run.counts,
            seconds_before=run.seconds,
            run_id=run.id,
        )
        http = self._doors.open(kind, row, meter=meter, before_send=session.check_lease)
        plugin = self._registry.owners.get(row.kind, row.kind)
        session.service = Guarded(kind(http, book), plugin, clock_factor=self._tuning.clock_factor)
        await session.renew(doing="opening the book")
        await refreshing.refresh(session, by_person=run.asked_by == "person")
        return session

    async def _ended_by(self, lease: Lease, row: WebserviceRow, error: Exception) -> End:
        """What an error makes of the run: park it, pause the webservice, or try again later."""
        match error:
            case ThrottledError():
                return End(state="waiting", error=str(error), resume_after=error.retry_after)
            case TemporaryError():
                return End(state="waiting", error=str(error), resume_after=error.delay or RETRY_SECONDS)
            case BusyError() | UnavailableError():
                return End(state="waiting", error=str(error), resume_after=BUSY_SECONDS)
            case AuthorizationError():
                words = PROBLEMS["reauthorize"]
                cause = Cause("reauthorize", OF_WEBSERVICE, words.sentence, words.remedy)
                await self._stop(lease, row, "reauthorize", cause)
                return End(state="failed", error=str(error))
            case PausedError():
                cause = Cause(error.reason, OF_WEBSERVICE, str(error), error.remedy)
                await self._stop(lease, row, "paused", cause)
                return End(state="paused", error=str(error))
            case HubError() if not isinstance(error, PluginFailedError):
                return End(state="failed", error=str(error))
            case _:
                return await self._broken(lease, row, error)

    async def _broken(self, lease: Lease, row: WebserviceRow, error: Exception) -> End:
        """The plugin or the hub itself failed: a problem names it, and closes when a run ends well again."""
        log.error("sync.run_failed", exc_info=error)
        plugin = self._registry.owners.get(row.kind, row.kind)
        told = isinstance(error, PluginFailedError)
        sentence = str(error) if told else f"The plugin {plugin!r} or the hub failed ({type(error).__name__})."
        cause = Cause("refused", OF_WEBSERVICE, sentence, "Report this to whoever runs the hub.")
        async with self._database.transaction() as conn:
            await feed.lock_feed(conn, row.gallery_id, 0)
            await leases.hold(conn, lease)
            await problems.open_all(conn, row.gallery_id, row.id, [cause])
        return End(state="failed", error=sentence)

    async def _stop(
        self,
        lease: Lease,
        row: WebserviceRow,
        state: webservices.WebserviceState,
        cause: Cause,
    ) -> None:
        async with self._database.transaction() as conn:
            await feed.lock_feed(conn, row.gallery_id, 0)
            await leases.hold(conn, lease)
            await webservices.set_state(conn, row.gallery_id, row.id, state, only_from=["ready"])
            await problems.open_all(conn, row.gallery_id, row.id, [cause])

    async def _finish(self, lease: Lease, row: WebserviceRow, run: Run, session: Session | None, end: End) -> None:
        """Counts, problems that closed by themselves, the window's new start, one event."""
        counts = session.counts if session is not None else run.counts
        async with self._database.transaction() as conn:
            await feed.lock_feed(conn, row.gallery_id, 0)
            await leases.hold(conn, lease)
            now = await batches.now(conn)
            resume_at = self._resume_at(now, end)
            await runs.end(
                conn, row.gallery_id, run.id, end.state, error=end.error, resume_at=resume_at, writes=end.writes
            )
            if session is not None:
                await runs.save_progress(conn, row.gallery_id, run.id, progress_of(session))
            closed = await problems.close_empty(conn, row.gallery_id, row.id)
            if end.state == "done" and not run.dry_run:
                closed += await problems.close_of_webservice(conn, row.gallery_id, row.id)
            if end.state == "done" and run.invoices is None and not run.dry_run:
                await webservices.note_finished(conn, row.gallery_id, row.id, run.started_at or now)
            await needs.clear(conn, row.gallery_id)
            data = finished_data(row.id, run, end.state, counts, closed=len(closed))
            if is_news(run, end.state, counts, closed=len(closed)):
                await events.append(conn, row.gallery_id, "run.finished", data)
        self._registry.run_finished(data)

    def _resume_at(self, now: datetime, end: End) -> datetime | None:
        if end.resume_after is None:
            return None
        return now + timedelta(seconds=end.resume_after * self._tuning.clock_factor)

    async def _reschedule(self, lease: Lease, soonest: float) -> None:
        """When somebody is to look again: the schedule's slot, a parked run, the next try of an entry.

        *soonest*: unscaled seconds before which no entry's next try wakes anybody.
        """
        async with self._database.transaction() as conn:
            await leases.hold(conn, lease)
            row = await webservices.get(conn, lease.gallery_id, lease.webservice_id)
            now = await batches.now(conn)
            slot = slot_of(row, now, factor=self._tuning.clock_factor)
            next_try = await entries.next_try(conn, lease.gallery_id, lease.webservice_id)
            if next_try is not None:
                next_try = max(next_try, now + timedelta(seconds=soonest * self._tuning.clock_factor))
            await webservices.schedule(conn, lease.gallery_id, lease.webservice_id, slot, next_try_at=next_try)
            await batches.purge(conn, lease.gallery_id, lease.webservice_id)
            await runs.purge(conn, lease.gallery_id, lease.webservice_id)
            await leases.release(conn, lease)


def finished_data(webservice_id: str, run: Run, state: RunState, counts: Counts, *, closed: int) -> dict[str, Any]:
    """What gallery systems and observers learn of a run that ended."""
    return {
        "webservice_id": webservice_id,
        "run_id": run.id,
        "state": state,
        "dry_run": run.dry_run,
        "asked_by": run.asked_by,
        "counts": msgspec.to_builtins(counts),
        "closed_problems": closed,
    }


def is_news(run: Run, state: RunState, counts: Counts, *, closed: int) -> bool:
    """Whether a run is worth an event: it is over, and did something, went wrong, or was asked for by a person."""
    if state == "waiting":
        return False  # it goes on under the same id
    done = msgspec.structs.replace(counts, unchanged=0, left_out=0)
    return state != "done" or run.asked_by == "person" or closed > 0 or done != Counts()


def slot_of(row: WebserviceRow, now: datetime, *, factor: float) -> datetime | None:
    """The next slot of a webservice's schedule, None when it has none."""
    if not row.settings.get("scheduled"):
        return None
    minutes = int(row.settings.get("interval_minutes") or 60)
    return next_slot(row.id, timedelta(minutes=minutes) * factor, now)


def missing_slots(kind: type[Webservice], row: WebserviceRow) -> tuple[str, ...]:
    """Required slots without any mapping."""
    mapped = {m.slot for m in row.mappings}
    return tuple(slot.key for slot in kind.account_mappings() if slot.required and slot.key not in mapped)


def _filters(kind: type[Webservice], registered: Mapping[str, ExcludeFilter]) -> dict[str, ExcludeFilter]:
    wanted = kind.exclude_filters()
    return {key: rule for key, rule in registered.items() if key in wanted}


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error that ended a run: never the cancellation that followed from it."""
    flat = [_first(e) if isinstance(e, BaseExceptionGroup) else e for e in group.exceptions]
    return next((e for e in flat if not isinstance(e, asyncio.CancelledError)), flat[0])
