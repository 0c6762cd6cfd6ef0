"""Slots for calls on a real Postgres, against servers that count by a fixed and by a rolling window."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from typing import Literal

import msgspec
import pytest

from hub.domain import limits as rules
from hub.domain.capabilities import Limits
from hub.domain.limits import CallState, Caps, Flight
from hub.errors import ThrottledError
from hub.store.database import Database
from hub.store.limits import Limiter

FACTOR = 0.01
XERO = Limits(in_flight=5, per_minute=60, per_day=5000, app_per_minute=10_000)


@pytest.fixture
async def db(dsn: str) -> AsyncIterator[Database]:
    async with await Database.open(dsn, size=6) as db:
        yield db


class CountingServer:
    """Counts calls as a remote side does: at arrival, a window of a scaled minute, and in flight."""

    def __init__(self, window: Literal["fixed", "rolling"], *, factor: float = FACTOR) -> None:
        self.window = window
        self.seconds = 60 * factor
        self.arrivals: deque[float] = deque()
        self.started = time.monotonic()
        self.in_flight = 0
        self.most = 0
        self.refused = 0
        self.served = 0

    async def call(self, answer_seconds: float) -> int:
        """Calls left in the window, or -1 for a 429."""
        now = time.monotonic()
        start = now - (self.seconds if self.window == "rolling" else (now - self.started) % self.seconds)
        while self.arrivals and self.arrivals[0] <= start:
            self.arrivals.popleft()
        if len(self.arrivals) >= 60 or self.in_flight >= 5:
            self.refused += 1
            return -1
        self.arrivals.append(now)
        self.served += 1
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        left = 60 - len(self.arrivals)
        try:
            await asyncio.sleep(answer_seconds)
        finally:
            self.in_flight -= 1
        return left


async def call_many(limiters: list[Limiter], server: CountingServer, calls: int) -> None:
    """*calls* calls by eight callers of each limiter, who do not wait for each other."""
    numbers = iter(range(calls))

    async def caller(limiter: Limiter) -> None:
        for number in numbers:
            async with limiter.slot("xero", "org", XERO) as slot:
                await asyncio.sleep(number % 7 / 1000)  # the way there takes longer for some
                left = await server.call(number % 5 / 1000)
                if left >= 0:
                    slot.tell({"minute": left})

    async with asyncio.TaskGroup() as group:
        for limiter in limiters * 8:
            group.create_task(caller(limiter))


@pytest.mark.parametrize("window", ["fixed", "rolling"])
async def test_b3_two_hundred_calls_of_two_daemons_provoke_no_429_and_are_never_above_the_limit(
    dsn: str, window: Literal["fixed", "rolling"]
) -> None:
    server = CountingServer(window)
    async with (
        await Database.open(dsn, size=3) as one,
        await Database.open(dsn, size=3) as two,
        Limiter(one, clock_factor=FACTOR) as first,
        Limiter(two, clock_factor=FACTOR) as second,
    ):
        await call_many([first, second], server, 200)
    assert (server.served, server.refused) == (200, 0)
    assert server.most <= 5


async def test_the_counting_server_does_refuse_callers_without_a_limiter() -> None:
    """The test above could pass by a server that never refuses."""
    server = CountingServer("rolling", factor=1)
    for _ in range(61):
        await server.call(0)
    assert server.refused == 1


async def test_a_run_leaves_one_place_in_flight_for_people(db: Database) -> None:
    limiter = Limiter(db, clock_factor=FACTOR)
    release = asyncio.Event()
    held = asyncio.Semaphore(0)

    async def hold() -> None:
        async with limiter.slot("xero", "org", XERO, reserve=1):
            held.release()
            await release.wait()

    tasks = [asyncio.create_task(hold()) for _ in range(5)]
    for _ in range(4):
        await held.acquire()
    async with limiter.slot("xero", "org", XERO, priority="person"):
        assert held.locked()  # the fifth of the run still waits
    release.set()
    await asyncio.gather(*tasks)


async def test_slots_of_a_dead_process_free_themselves_when_their_lease_ends(db: Database) -> None:
    dead = Limiter(db, clock_factor=FACTOR)
    for number in range(5):
        assert await dead._try_take("xero", "org", XERO, Caps(in_flight=5), f"dead-{number}") is None
    began = time.monotonic()
    async with Limiter(db, clock_factor=FACTOR).slot("xero", "org", Limits(in_flight=5)):
        waited = time.monotonic() - began
    assert 1.5 < waited < 5


async def test_a_slot_in_use_is_renewed_past_its_lease(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.store.limits._LEAST_LEASE", 0.15)
    async with Limiter(db, clock_factor=0.001) as limiter, limiter.slot("xero", "org", XERO):
        state = await limiter_state(db)
        first = min(flight.until for flight in state.flights.values())
        async with asyncio.timeout(5):
            while min(one.until for one in (await limiter_state(db)).flights.values()) <= first + 0.15:  # noqa: ASYNC110 - a row changes
                await asyncio.sleep(0.01)
    assert (await limiter_state(db)).released != ()


async def test_nobody_calls_before_retry_after_has_passed_and_a_long_one_is_told_at_once(db: Database) -> None:
    limiter, other = Limiter(db, clock_factor=FACTOR), Limiter(db, clock_factor=FACTOR)
    async with limiter.slot("xero", "org", XERO) as slot:
        slot.park(ThrottledError(30, "minute"))
    began = time.monotonic()
    async with other.slot("xero", "org", XERO, priority="person"):
        assert time.monotonic() - began >= 30 * FACTOR - 0.02
    await limiter.park("xero", "org", ThrottledError(3600, "day"))
    began = time.monotonic()
    with pytest.raises(ThrottledError) as told:
        async with other.slot("xero", "org", XERO, priority="person"):
            pass
    assert time.monotonic() - began < 1
    assert told.value.scope == "day"
    assert told.value.retry_after == pytest.approx(3600, abs=60)
    async with other.slot("xero", "another", XERO):
        pass  # other organisations go on


async def test_a_429_for_the_app_holds_up_every_organisation(db: Database) -> None:
    limiter = Limiter(db, clock_factor=FACTOR)
    async with limiter.slot("xero", "org", XERO) as slot:
        slot.park(ThrottledError(1000, "app"))
    with pytest.raises(ThrottledError, match="app"):
        async with limiter.slot("xero", "another", XERO):
            pass
    async with limiter.slot("myob", "another", XERO):
        pass


async def test_the_last_tenth_of_the_day_is_kept_for_people_and_look_ups(db: Database) -> None:
    limiter = Limiter(db, clock_factor=FACTOR)
    limits = Limits(in_flight=5, per_day=20)
    for _ in range(18):
        async with limiter.slot("xero", "org", limits):
            pass
    with pytest.raises(ThrottledError) as told:
        async with limiter.slot("xero", "org", limits):
            pass
    assert told.value.scope == "day"
    for _ in range(2):
        async with limiter.slot("xero", "org", limits, priority="person"):
            pass
    with pytest.raises(ThrottledError):
        async with limiter.slot("xero", "org", limits, priority="person"):
            pass


async def test_the_day_left_that_the_remote_side_tells_counts_before_our_own_count(db: Database) -> None:
    limiter = Limiter(db, clock_factor=FACTOR)
    async with limiter.slot("xero", "org", XERO) as slot:
        slot.tell({"minute": 50, "day": 400})
    with pytest.raises(ThrottledError, match="day"):
        async with limiter.slot("xero", "org", XERO):
            pass
    left = await limiter.remaining("xero", "org", XERO)
    assert left["day"] == 400


async def test_the_limit_of_the_whole_app_spans_organisations(db: Database) -> None:
    limiter = Limiter(db, clock_factor=1)
    limits = Limits(in_flight=5, app_per_minute=20)
    for number in range(19):
        async with limiter.slot("xero", f"org-{number}", limits):
            pass
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2), limiter.slot("xero", "org-20", limits):
            pass
    assert time.monotonic() - began < 2


async def test_an_unused_slot_does_not_count(db: Database) -> None:
    limiter = Limiter(db, clock_factor=1)
    async with limiter.slot("xero", "org", XERO) as slot:
        slot.unused()
    left = await limiter.remaining("xero", "org", XERO)
    assert (left["minute"], left["day"], left["resets_at"]) == (60, 5000, None)


async def test_a_cancelled_call_keeps_its_slot_until_the_lease_ends(db: Database) -> None:
    limiter = Limiter(db, clock_factor=1)
    taken = asyncio.Event()

    async def call() -> None:
        async with limiter.slot("xero", "org", XERO):
            taken.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(call())
    await taken.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert len((await limiter_state(db)).flights) == 1


async def test_a_call_costs_one_row_however_many_there_were(db: Database) -> None:
    limiter = Limiter(db, clock_factor=FACTOR)
    for _ in range(100):
        async with limiter.slot("xero", "org", Limits(in_flight=5, app_per_minute=10_000)):
            pass
    async with db.connection() as conn:
        rows = await conn.fetch(
            "SELECT organisation_id, length(state) AS size FROM call_limit ORDER BY organisation_id"
        )
    assert [row["organisation_id"] for row in rows] == ["", "org"]
    assert all(row["size"] < 4000 for row in rows)


@pytest.mark.parametrize(
    ("state", "caps", "seconds", "scope"),
    [
        (CallState(), Caps(in_flight=1), None, None),
        (CallState(flights={"a": Flight(taken=99, until=120)}), Caps(in_flight=1), 0, "concurrent"),
        (CallState(released=((50.0, 1), (60.0, 1))), Caps(in_flight=1, minute=2), 10.1, "minute"),
        (CallState(released=((50.0, 1), (60.0, 1))), Caps(in_flight=1, minute=3), None, None),
        (CallState(released=((99.5, 1),)), Caps(in_flight=1, second=1), 0.6, "minute"),
        (CallState(released=((50.0, 1),), foreign=1, foreign_at=90), Caps(in_flight=1, minute=2), 10.1, "minute"),
        (CallState(not_before=130, scope="day"), Caps(in_flight=1), 30, "day"),
        (CallState(day_left=2, day_left_at=100), Caps(in_flight=1, day=20, day_kept=2), 3600, "day"),
    ],
)
def test_what_stands_in_the_way_of_a_call(
    state: CallState, caps: Caps, seconds: float | None, scope: str | None
) -> None:
    wait = rules.wait_for(rules.settle(state, 100.0, factor=1), caps, 100.0, factor=1)
    assert (seconds, scope) == ((None, None) if wait is None else (pytest.approx(wait.seconds), wait.scope))


def test_calls_of_another_program_are_noticed_and_our_own_are_not_taken_for_them() -> None:
    state = CallState(
        flights={"mine": Flight(taken=100, until=130)}, released=tuple((float(at), 1) for at in range(50, 60))
    )
    assert rules.hear_minute(state, "mine", 60 - 11, 60, 101.0, factor=1).foreign == 0
    assert rules.hear_minute(state, "mine", 60 - 15, 60, 101.0, factor=1).foreign == 4


def test_a_high_limit_is_kept_in_bounded_space_and_never_exceeded() -> None:
    """1,000 a minute, called as fast as it goes: 20 calls a second for three minutes."""
    caps, state, now = Caps(in_flight=5, minute=1000), CallState(), 1_000_000.0
    sent: list[float] = []
    while len(sent) < 3000:
        state = rules.settle(state, now, factor=1)
        wait = rules.wait_for(state, caps, now, factor=1)
        if wait is None:
            state = rules.take(state, "a", now, lease=30, factor=1)
            sent.append(now)
            now += 0.02
            state = rules.release(state, "a", now, factor=1)
            assert len(state.released) < 300
        else:
            now += wait.seconds
    assert all(sent[number + 1000] - sent[number] >= 60 for number in range(len(sent) - 1000))
    assert sent[1000] - sent[0] < 62


def test_a_shorter_retry_after_never_shortens_a_longer_one() -> None:
    state = rules.park(CallState(), 100, seconds=50, scope="day")
    assert state == rules.park(state, 110, seconds=5, scope="minute")


@pytest.mark.parametrize("factor", [1.0, 0.01])
def test_a_day_of_calls_never_exceeds_the_limit_in_any_rolling_day(factor: float) -> None:
    caps, limit = Caps(in_flight=1, day=50), 50
    sent: list[float] = []
    state, now = CallState(), 1_000_000.0
    while len(sent) < 150:
        state = rules.settle(state, now, factor=factor)
        wait = rules.wait_for(state, caps, now, factor=factor)
        if wait is None:
            state = rules.take(state, "a", now, lease=10, factor=factor)
            sent.append(now)
            now += 20 * factor
            state = rules.release(state, "a", now, factor=factor)
        else:
            now += max(wait.seconds, 0.01)
    window = 86_400 * factor
    assert all(sent[number + limit] - sent[number] >= window for number in range(len(sent) - limit))
    assert sent[limit] - sent[0] <= window * 1.03  # and no more than half an hour of it is given away


async def limiter_state(db: Database) -> CallState:
    async with db.connection() as conn:
        text = await conn.fetchval("SELECT state FROM call_limit WHERE organisation_id = 'org'")
    return msgspec.json.decode(text, type=CallState)
