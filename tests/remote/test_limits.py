"""Doors and the limiter against the sandbox's own limits, over a real socket."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Literal

import pytest

from hub.domain.capabilities import Limits
from hub.domain.drafts import Request
from hub.errors import ThrottledError
from hub.remote.http import Door, Meter
from hub.store.limits import Limiter
from tests.remote.conftest import World
from tests.remote.support import make_kind

FACTOR = 0.01
XERO = Limits(in_flight=5, per_minute=60, per_day=5000, app_per_minute=10_000)
READ = Request(method="GET", path="/api.xro/2.0/Currencies")
MakeWorld = Callable[..., AbstractAsyncContextManager[World]]


def open_door(world: World, limiter: Limiter, grant_id: str, *, meter: Meter | None = None) -> Door:
    kind = make_kind(world.base, limits=XERO)
    organisation = next(iter(world.sandbox.organisations))
    token = world.grants().source("harbour", grant_id)
    return Door(world.client, kind, limiter, token=token, organisation_id=organisation, meter=meter)


@pytest.mark.parametrize("window", ["fixed", "rolling"])
async def test_b3_doors_never_provoke_a_429_of_the_sandbox(
    make_world: MakeWorld, window: Literal["fixed", "rolling"]
) -> None:
    async with make_world(clock_factor=FACTOR, limit_window=window, latency_seconds=0.3) as world:
        grant_id = await world.connect()
        meter, left = Meter(), iter(range(200))

        async def caller(door: Door) -> None:
            for _ in left:
                assert (await door.send(READ)).status == 200

        async with (
            Limiter(world.db, clock_factor=FACTOR) as one,
            Limiter(world.db, clock_factor=FACTOR) as two,
            asyncio.TaskGroup() as group,
        ):
            for limiter in (one, two) * 4:
                group.create_task(caller(open_door(world, limiter, grant_id, meter=meter)))
        organisation = next(iter(world.sandbox.organisations))
        assert world.sandbox.gate.limits.of(organisation).max_in_flight <= 5
        assert (meter.calls, world.sandbox.calls.throttled) == (200, 0)


async def test_a_429_of_the_sandbox_keeps_every_door_from_calling(make_world: MakeWorld) -> None:
    async with make_world(clock_factor=FACTOR) as world:
        grant_id = await world.connect()
        limiter, other = Limiter(world.db, clock_factor=FACTOR), Limiter(world.db, clock_factor=FACTOR)
        await open_door(world, limiter, grant_id).send(READ)
        world.sandbox.faults.add("throttle", retry_after=66_975, problem="day")
        with pytest.raises(ThrottledError) as told:
            await open_door(world, limiter, grant_id).send(READ)
        assert told.value.retry_after == 66_975
        calls = len(world.sandbox.calls)
        with pytest.raises(ThrottledError) as parked:
            await open_door(world, other, grant_id).send(READ)
        assert parked.value.retry_after == pytest.approx(66_975, abs=300)
        assert len(world.sandbox.calls) == calls
