"""How many calls may go out, and when: the state of one organisation's (or app's) limits, and the moves on it.

All times are seconds of one clock (the database's), as floats. A call counts against a window from the moment its slot
is taken until the window has passed since its slot was *released*. Whatever the network does in between, the remote
side counted it before the release, so no window there, fixed or rolling, ever holds more calls than ours did.
"""

from __future__ import annotations

import math

import msgspec

MINUTE = 60.0
DAY = 86_400.0
DAY_BUCKET = 900.0
APP_BUCKET = 2.0
END_BUCKET = 0.5
EXACT = 120
TOLD_DAY_SECONDS = 3_600.0
SAFETY = 0.1
"""Seconds (scaled) added to every window: their clock and ours do not tick alike."""


class Flight(msgspec.Struct, frozen=True, kw_only=True):
    """One call between taking its slot and releasing it; after `until` its process is taken for dead."""

    taken: float
    until: float


class CallState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known about the calls of one organisation.

    Attributes:
        flights: Slots taken, by their id.
        released: When calls of the last minute ended, ascending, and how many did.
        day: Calls per quarter of an hour, by number of the quarter since the epoch.
        not_before: No call until then (a Retry-After), for the limit `scope`.
        foreign, foreign_at: Calls in the last minute that were not ours, as told by the remote side.
        day_left, day_left_at: Calls left today as told; our calls since then are subtracted as they go out.
    """

    flights: dict[str, Flight] = {}
    released: tuple[tuple[float, int], ...] = ()
    day: dict[int, int] = {}
    not_before: float = 0.0
    scope: str = "minute"
    foreign: int = 0
    foreign_at: float = 0.0
    day_left: int | None = None
    day_left_at: float = 0.0


class Caps(msgspec.Struct, frozen=True, kw_only=True):
    """The limits that hold for one call, in calls; None = no such limit. `day` is less for runs than for people."""

    in_flight: int
    second: int | None = None
    minute: int | None = None
    day: int | None = None
    day_kept: int = 0


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """No slot now: ask again in `seconds` (real ones); 0 = when a slot is released."""

    seconds: float
    scope: str


def settle(state: CallState, now: float, *, factor: float) -> CallState:
    """*state* without what no longer counts; slots of dead processes end when their lease did."""
    dead = [flight.until for flight in state.flights.values() if flight.until <= now]
    # an answer under way may tell of all that was in its window when its call went out: `hear_minute` needs those too
    seen = min([now, *(flight.taken for flight in state.flights.values())]) - (MINUTE + SAFETY) * factor
    ended = sorted((*state.released, *((until, 1) for until in dead))) if dead else state.released
    quarter = DAY_BUCKET * factor
    first = math.floor((now - DAY * factor) / quarter) - 1
    told = state.day_left is not None and now - state.day_left_at < TOLD_DAY_SECONDS * factor
    return msgspec.structs.replace(
        state,
        flights={key: flight for key, flight in state.flights.items() if flight.until > now},
        released=tuple(one for one in ended if one[0] > seen),
        day={bucket: calls for bucket, calls in state.day.items() if bucket >= first},
        foreign=state.foreign if state.foreign_at > now - (MINUTE + SAFETY) * factor else 0,
        day_left=state.day_left if told else None,
    )


def wait_for(state: CallState, caps: Caps, now: float, *, factor: float) -> Wait | None:
    """What stands in the way of one more call, the longest wait first; None = nothing. *state* is settled."""
    waits = [
        wait
        for wait in (
            Wait(seconds=state.not_before - now, scope=state.scope) if state.not_before > now else None,
            _wait_day(state, caps, now, factor),
            _wait_window(state, caps.minute, now, (MINUTE + SAFETY) * factor, foreign=True),
            _wait_window(state, caps.second, now, (1 + SAFETY) * factor, foreign=False),
            Wait(seconds=0, scope="concurrent") if len(state.flights) >= caps.in_flight else None,
        )
        if wait is not None
    ]
    return max(waits, key=lambda wait: wait.seconds, default=None)


def _wait_window(state: CallState, cap: int | None, now: float, window: float, *, foreign: bool) -> Wait | None:
    if cap is None:
        return None
    recent = [(at + window, count) for at, count in state.released if at > now - window]
    if foreign and state.foreign:
        recent.append((state.foreign_at + window, state.foreign))
    over = len(state.flights) + sum(count for _, count in recent) - cap + 1
    if over <= 0:
        return None
    for until, count in sorted(recent):
        over -= count
        if over <= 0:
            return Wait(seconds=max(until - now, 0.001), scope="minute")
    return Wait(seconds=0, scope="minute")  # calls in flight alone fill it: wait for one of them to end


def _wait_day(state: CallState, caps: Caps, now: float, factor: float) -> Wait | None:
    if caps.day is None:
        return None
    if state.day_left is not None and state.day_left <= caps.day_kept:
        return Wait(seconds=max(state.day_left_at + TOLD_DAY_SECONDS * factor - now, 0.001), scope="day")
    over = sum(state.day.values()) - (caps.day - caps.day_kept) + 1
    if over <= 0:
        return None
    for bucket in sorted(state.day):
        over -= state.day[bucket]
        if over <= 0:
            return Wait(seconds=max(_bucket_end(bucket, factor) - now, 0.001), scope="day")
    return Wait(seconds=DAY * factor, scope="day")


def _bucket_end(bucket: int, factor: float) -> float:
    """When the calls of *bucket* leave the rolling day (see `settle`: a quarter late, never early)."""
    return (bucket + 2) * DAY_BUCKET * factor + DAY * factor


def take(state: CallState, key: str, now: float, *, lease: float, factor: float) -> CallState:
    """*state* with one more call in flight, its slot held for *lease* real seconds unless renewed."""
    bucket = math.floor(now / (DAY_BUCKET * factor))
    return msgspec.structs.replace(
        state,
        flights=state.flights | {key: Flight(taken=now, until=now + lease)},
        day=state.day | {bucket: state.day.get(bucket, 0) + 1},
        day_left=None if state.day_left is None else state.day_left - 1,
    )


def renew(state: CallState, keys: tuple[str, ...], now: float, *, lease: float) -> CallState:
    """*state* with the leases of those of *keys* that are still in flight made longer."""
    longer = {
        key: Flight(taken=flight.taken, until=now + lease) for key, flight in state.flights.items() if key in keys
    }
    return msgspec.structs.replace(state, flights=state.flights | longer)


def release(state: CallState, key: str, now: float, *, factor: float, counted: bool = True) -> CallState:
    """*state* with the call *key* ended at *now*: it counts for one more minute. An unknown key changes nothing.

    Beyond `EXACT` ends they are kept in buckets of half a second (scaled), each at its latest end: later, never
    earlier. `counted` False: no limit of the kind looks at minutes or seconds, nothing is kept.
    """
    if key not in state.flights:
        return state
    flights = {other: flight for other, flight in state.flights.items() if other != key}
    ended = (*state.released, (now, 1)) if counted else ()
    bucket = END_BUCKET * factor
    if len(ended) > EXACT and math.floor(ended[-2][0] / bucket) == math.floor(now / bucket):
        ended = (*ended[:-2], (now, ended[-2][1] + 1))
    return msgspec.structs.replace(state, flights=flights, released=ended)


def give_back(state: CallState, key: str, *, factor: float) -> CallState:
    """*state* as if the slot *key* had never been taken: nothing was sent under it."""
    flight = state.flights.get(key)
    if flight is None:
        return state
    bucket = math.floor(flight.taken / (DAY_BUCKET * factor))
    return msgspec.structs.replace(
        state,
        flights={other: one for other, one in state.flights.items() if other != key},
        day=state.day | {bucket: max(state.day.get(bucket, 0) - 1, 0)},
        day_left=None if state.day_left is None else state.day_left + 1,
    )


def park(state: CallState, now: float, *, seconds: float, scope: str) -> CallState:
    """*state* with no call for *seconds* (real ones); an earlier end never shortens a later one."""
    if now + seconds <= state.not_before:
        return state
    return msgspec.structs.replace(state, not_before=now + seconds, scope=scope)


def hear_minute(state: CallState, key: str, left: int, cap: int, now: float, *, factor: float) -> CallState:
    """*state* after an answer under the slot *key* said that *left* of *cap* calls of the minute are left.

    Calls the remote side has counted beyond all that could be ours are another program's: they count with us for a
    minute. Everything of ours that may have been in its window when it answered is taken as counted there.
    """
    flight = state.flights.get(key)
    if flight is None:
        return state
    window = (MINUTE + SAFETY) * factor
    ours = len(state.flights) + sum(count for at, count in state.released if at > flight.taken - window)
    foreign = cap - left - ours
    if foreign <= 0:
        return state
    return msgspec.structs.replace(state, foreign=foreign, foreign_at=now)


def hear_day(state: CallState, left: int, now: float) -> CallState:
    """*state* after an answer said that *left* calls of the day are left; calls in flight may not be in it yet."""
    return msgspec.structs.replace(state, day_left=left - max(len(state.flights) - 1, 0), day_left_at=now)


def left_minute(state: CallState, cap: int, now: float, *, factor: float) -> int:
    """Calls that may still go out in this minute. *state* is settled."""
    if state.not_before > now:
        return 0
    recent = sum(count for at, count in state.released if at > now - (MINUTE + SAFETY) * factor)
    return max(cap - len(state.flights) - recent - state.foreign, 0)


def left_day(state: CallState, cap: int) -> int:
    """Calls left of the day: the lower of what we counted and what we were told."""
    left = cap - sum(state.day.values())
    return max(left if state.day_left is None else min(left, state.day_left), 0)


class AppState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Calls of a whole app (all organisations of a kind), in buckets of two seconds; `not_before` as in CallState."""

    buckets: dict[int, int] = {}
    not_before: float = 0.0


def settle_app(state: AppState, now: float, *, factor: float) -> AppState:
    """*state* without the buckets that left the minute, one bucket late."""
    first = math.floor((now - MINUTE * factor) / (APP_BUCKET * factor)) - 1
    return msgspec.structs.replace(state, buckets={key: n for key, n in state.buckets.items() if key >= first})


def wait_app(state: AppState, cap: int | None, now: float, *, factor: float) -> Wait | None:
    """What stands in the way of one more call of the app. A twentieth of *cap* is kept as margin: calls travel."""
    if state.not_before > now:
        return Wait(seconds=state.not_before - now, scope="app")
    if cap is None:
        return None
    over = sum(state.buckets.values()) - cap * 19 // 20 + 1
    for bucket in sorted(state.buckets):
        if over <= 0:
            break
        over -= state.buckets[bucket]
        if over <= 0:
            return Wait(seconds=max(((bucket + 2) * APP_BUCKET + MINUTE) * factor - now, 0.001), scope="app")
    return Wait(seconds=MINUTE * factor, scope="app") if over > 0 else None


def take_app(state: AppState, now: float, *, factor: float) -> AppState:
    """*state* with one more call."""
    bucket = math.floor(now / (APP_BUCKET * factor))
    return msgspec.structs.replace(state, buckets=state.buckets | {bucket: state.buckets.get(bucket, 0) + 1})
