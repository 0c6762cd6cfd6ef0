"""Slots for calls, shared by all daemons: every organisation's limits are one row, changed under its lock.

A slot costs two short transactions, one to take it and one to release it with what the answer said. The rules are pure
and stand in `hub.domain.limits`.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self, TypedDict

import msgspec
import structlog

from hub.domain import limits as rules
from hub.domain.capabilities import Limits
from hub.domain.limits import AppState, CallState, Caps, Wait
from hub.errors import HubError, ThrottledError
from hub.store.database import Database
from hub.store.queries import load

Priority = Literal["run", "person"]

LONGEST_WAIT = 120.0
"""Seconds (scaled) a slot is waited for; a longer wait is the caller's to park (DESIGN section 8)."""
LEASE_SECONDS = 30.0
_LEAST_LEASE = 2.0  # real seconds: under a fast clock a busy process must still find the time to renew
_POLL_SECONDS = 0.25  # scaled: another process may have released a slot
_LEAST_POLL = 0.01  # real seconds
_MARGIN_SECONDS = 0.25  # scaled, added to their Retry-After: they may have rounded it down
_APP = ""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
QUERIES = load("limits")
_decode = msgspec.json.Decoder(CallState).decode
_decode_app = msgspec.json.Decoder(AppState).decode
_encode = msgspec.json.encode

_Move = Callable[[CallState, float], CallState]


class Remaining(TypedDict):
    """Calls left by our count and theirs, None = no such limit. `resets_at`: when the next call may go, None = now."""

    minute: int | None
    day: int | None
    resets_at: datetime | None


class Slot:
    """One place to make one call in. The holder tells it what the answer said; it is written at the release."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.told: Mapping[str, int] = {}
        self.parked: ThrottledError | None = None
        self.sent = True
        self.lingers = False

    def tell(self, remaining: Mapping[str, int]) -> None:
        """Keep what the answer said about calls left (keys ``minute``, ``day``)."""
        self.told = remaining

    def park(self, error: ThrottledError) -> None:
        """Nobody calls before its `retry_after` has passed."""
        self.parked = error

    def unused(self) -> None:
        """Nothing was sent: the slot does not count."""
        self.sent = False

    def linger(self) -> None:
        """The call may go on over there (time-out, cancelled): the slot stays taken until its lease ends."""
        self.lingers = True


class Limiter:
    """Gives slots; one for each process.

    Args:
        db: Where the rows are; several daemons share it, its clock counts.
        clock_factor: HUB_CLOCK_FACTOR: a minute lasts 60 times this in real seconds.

    `async with` keeps the leases of slots in use alive; without it a slot is good for `LEASE_SECONDS` (scaled).
    """

    def __init__(self, db: Database, *, clock_factor: float = 1.0) -> None:
        self._db = db
        self._factor = clock_factor
        self._lease = max(LEASE_SECONDS * clock_factor, _LEAST_LEASE)
        self._held: dict[tuple[str, str], set[str]] = {}
        self._released: dict[tuple[str, str], asyncio.Event] = {}
        self._lines: dict[tuple[str, str, Caps], asyncio.Lock] = {}
        self._renewer: asyncio.Task[None] | None = None
        self._releases: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Start renewing."""
        self._renewer = asyncio.create_task(self._renew(), name="limiter.renew")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Finish the releases under way and stop renewing; slots still held end with their lease."""
        if self._renewer is not None:
            self._renewer.cancel()
            await asyncio.wait([self._renewer])
        if self._releases:
            await asyncio.wait(self._releases, timeout=5)

    @asynccontextmanager
    async def slot(
        self,
        kind: str,
        organisation_id: str,
        limits: Limits,
        *,
        reserve: int = 0,
        priority: Priority = "run",
    ) -> AsyncIterator[Slot]:
        """A place for one call, as soon as every limit allows it; released at the end, also by a cancellation.

        Args:
            kind: Of the webservice; its app limit is shared by all organisations.
            organisation_id: Whose limits count; something of the grant before an organisation is chosen.
            limits: Of the kind.
            reserve: Places in flight to leave free (runs leave 1 for people and look-ups); one is always left to use.
            priority: ``person`` also for look-ups of unknown outcomes: only they may use the last tenth of the day.

        Raises:
            ThrottledError: the wait would be longer than `LONGEST_WAIT`; `retry_after` is unscaled. Nothing waits.
            BusyError, UnavailableError: the database.
        """
        key = await self._take(kind, organisation_id, limits, _caps(limits, reserve, priority))
        slot = Slot(key)
        held = self._held.setdefault((kind, organisation_id), set())
        held.add(key)
        try:
            yield slot
        except asyncio.CancelledError:
            slot.lingers = slot.sent
            raise
        finally:
            held.discard(key)
            # its own task: a cancelled caller still gives the slot back
            task = asyncio.create_task(self._give_back(kind, organisation_id, limits, slot), name="limiter.release")
            self._releases.add(task)
            task.add_done_callback(self._releases.discard)
            await asyncio.shield(task)

    async def remaining(self, kind: str, organisation_id: str, limits: Limits) -> Remaining:
        """Calls left now, for pages and for planning; reads one row and locks nothing."""
        async with self._db.connection() as conn:
            row = await conn.fetchrow(QUERIES.find_limit, kind, organisation_id)
        if row is None:
            return Remaining(minute=limits.per_minute, day=limits.per_day, resets_at=None)
        now: float = row["now"]
        state = rules.settle(_decode(row["state"]), now, factor=self._factor)
        wait = rules.wait_for(state, _caps(limits, 0, "person"), now, factor=self._factor)
        minute = limits.per_minute
        return Remaining(
            minute=None if minute is None else rules.left_minute(state, minute, now, factor=self._factor),
            day=None if limits.per_day is None else rules.left_day(state, limits.per_day),
            resets_at=None if wait is None else datetime.fromtimestamp(now, UTC) + timedelta(seconds=wait.seconds),
        )

    async def park(self, kind: str, organisation_id: str, error: ThrottledError) -> None:
        """Keep every daemon from calling before `error.retry_after` (unscaled) has passed; scope ``app``: the kind."""
        await self._change(kind, organisation_id, None, Slot(""), error)

    # -- inside

    async def _take(self, kind: str, organisation_id: str, limits: Limits, caps: Caps) -> str:
        """Wait in line: one caller of each sort asks the database, the others queue behind it in order."""
        deadline = asyncio.get_running_loop().time() + max(LONGEST_WAIT * self._factor, 1.5 * self._lease)
        line = self._lines.setdefault((kind, organisation_id, caps), asyncio.Lock())
        try:
            async with asyncio.timeout_at(deadline):
                await line.acquire()
        except TimeoutError:
            raise ThrottledError(LONGEST_WAIT / 10, "concurrent") from None
        try:
            return await self._take_first(kind, organisation_id, limits, caps, deadline)
        finally:
            line.release()

    async def _take_first(self, kind: str, organisation_id: str, limits: Limits, caps: Caps, deadline: float) -> str:
        key = secrets.token_hex(8)
        clock = asyncio.get_running_loop().time
        released = self._released.setdefault((kind, organisation_id), asyncio.Event())
        while True:
            released.clear()
            wait = await self._try_take(kind, organisation_id, limits, caps, key)
            if wait is None:
                return key
            if clock() + wait.seconds > deadline:
                raise ThrottledError(wait.seconds / self._factor or LONGEST_WAIT / 10, wait.scope)
            if wait.seconds:
                await asyncio.sleep(wait.seconds)
            else:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(max(_POLL_SECONDS * self._factor, _LEAST_POLL)):
                        await released.wait()

    async def _try_take(self, kind: str, organisation_id: str, limits: Limits, caps: Caps, key: str) -> Wait | None:
        rows = [organisation_id] if limits.app_per_minute is None else [_APP, organisation_id]
        async with self._db.transaction() as conn:
            found = await conn.fetch(QUERIES.lock_limits, kind, rows, False)
            if len(found) < len(rows):
                await conn.execute(QUERIES.add_limits, kind, rows)
                found = await conn.fetch(QUERIES.lock_limits, kind, rows, False)
            now: float = max(row["now"] for row in found)
            texts = {row["organisation_id"]: row["state"] for row in found}
            state = rules.settle(_decode(texts[organisation_id]), now, factor=self._factor)
            wait = rules.wait_for(state, caps, now, factor=self._factor)
            changed = {organisation_id: rules.take(state, key, now, lease=self._lease, factor=self._factor)}
            app: dict[str, Any] = {}
            if _APP in texts:
                calls = rules.settle_app(_decode_app(texts[_APP]), now, factor=self._factor)
                held_up = rules.wait_app(calls, limits.app_per_minute, now, factor=self._factor)
                wait = max((one for one in (wait, held_up) if one), key=lambda one: one.seconds, default=None)
                app = {_APP: rules.take_app(calls, now, factor=self._factor)}
            if wait is None:
                await self._save(conn, kind, changed | app)
        return wait

    async def _give_back(self, kind: str, organisation_id: str, limits: Limits, slot: Slot) -> None:
        try:
            await self._change(kind, organisation_id, limits, slot, slot.parked)
        except HubError as error:  # the lease ends by itself; the answer in hand is worth more than this slot
            log.warning("limit.release_failed", kind=kind, error=type(error).__name__)
        finally:
            if event := self._released.get((kind, organisation_id)):
                event.set()

    async def _change(
        self, kind: str, organisation_id: str, limits: Limits | None, slot: Slot, parked: ThrottledError | None
    ) -> None:
        of_app = parked is not None and parked.scope == "app"
        rows = [_APP, organisation_id] if of_app else [organisation_id]
        async with self._db.transaction() as conn:
            if not slot.key:
                await conn.execute(QUERIES.add_limits, kind, rows)
            locked = await conn.fetch(QUERIES.lock_limits, kind, rows, parked is None and slot.sent)
            found = {row["organisation_id"]: row for row in locked}
            changed: dict[str, Any] = {}
            if organisation_id in found:
                now: float = found[organisation_id]["now"]
                state = self._after(_decode(found[organisation_id]["state"]), now, limits, slot)
                if parked is not None and not of_app:
                    state = rules.park(state, now, seconds=self._real(parked), scope=parked.scope)
                changed[organisation_id] = state
            if parked is not None and _APP in found:
                app = _decode_app(found[_APP]["state"])
                until = max(app.not_before, found[_APP]["now"] + self._real(parked))
                changed[_APP] = msgspec.structs.replace(app, not_before=until)
            await self._save(conn, kind, changed)

    def _after(self, state: CallState, now: float, limits: Limits | None, slot: Slot) -> CallState:
        if limits is None:
            return state
        if not slot.sent:
            return rules.give_back(state, slot.key, factor=self._factor)
        if "minute" in slot.told and limits.per_minute is not None:
            left = slot.told["minute"]
            state = rules.hear_minute(state, slot.key, left, limits.per_minute, now, factor=self._factor)
        if "day" in slot.told and limits.per_day is not None:
            state = rules.hear_day(state, slot.told["day"], now)
        if slot.lingers:
            return state
        counted = limits.per_minute is not None or limits.per_second is not None
        return rules.release(state, slot.key, now, factor=self._factor, counted=counted)

    def _real(self, error: ThrottledError) -> float:
        return (max(error.retry_after, 0) + _MARGIN_SECONDS) * self._factor

    async def _save(self, conn: Any, kind: str, states: Mapping[str, CallState | AppState]) -> None:
        texts = [_encode(state).decode() for state in states.values()]
        await conn.execute(QUERIES.save_limits, kind, list(states), texts)

    async def _renew(self) -> None:
        """Make the leases of slots in use longer, thrice in a lease; most calls end before the first time."""
        while True:
            await asyncio.sleep(self._lease / 3)
            for (kind, organisation_id), keys in list(self._held.items()):
                if not keys:
                    continue
                try:
                    await self._renew_one(kind, organisation_id, tuple(keys))
                except HubError as error:
                    log.warning("limit.renew_failed", kind=kind, error=type(error).__name__)

    async def _renew_one(self, kind: str, organisation_id: str, keys: tuple[str, ...]) -> None:
        async with self._db.transaction() as conn:
            for row in await conn.fetch(QUERIES.lock_limits, kind, [organisation_id], False):
                state = rules.renew(_decode(row["state"]), keys, row["now"], lease=self._lease)
                await self._save(conn, kind, {organisation_id: state})


def _caps(limits: Limits, reserve: int, priority: Priority) -> Caps:
    kept = 0 if priority == "person" or limits.per_day is None else limits.per_day // 10
    return Caps(
        in_flight=max(limits.in_flight - reserve, 1),
        second=limits.per_second,
        minute=limits.per_minute,
        day=limits.per_day,
        day_kept=kept,
    )
