"""Several daemons on one Postgres: one live lease per webservice, and a worker that lost it stores nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hub.errors import LeaseLostError
from hub.store import leases, webservices
from hub.store.leases import Lease
from hub.sync.scheduler import Scheduler
from hub.sync.session import Tuning
from hub.sync.worker import Worker
from tests.postgres import until
from tests.sync.harness import FAST, GALLERY, Bench, cents, make_contact, make_invoice, make_payment, open_bench


def second_daemon(bench: Bench) -> Scheduler:
    """Another daemon on the same Postgres."""
    hub = bench.hub
    worker = Worker(hub.database, hub.registry, hub.doors, hub.tuning, box=hub.services.box)
    return Scheduler(hub.database, worker, workers=2, tuning=hub.tuning)


async def claim(bench: Bench, owner: str, seconds: float) -> list[Lease]:
    async with bench.hub.database.transaction() as conn:
        return await leases.claim(conn, owner, seconds=seconds, limit=5)


async def test_o8_two_daemons_do_not_work_on_one_webservice_at_once(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice(), make_payment())
    await bench.connect()
    other = second_daemon(bench)
    async with bench.hub.database.transaction() as conn:
        await webservices.wake(conn, GALLERY, bench.webservice_id)

    claimed = await asyncio.gather(bench.hub.scheduler.claim(), other.claim())
    await bench.hub.scheduler.idle()
    await other.idle()

    assert sorted(claimed) == [0, 1]
    assert bench.books() == {"AG-1": ("PAID", cents("500.00"), cents("500.00"))}


async def test_a_lease_that_ran_out_is_claimed_by_another_with_a_higher_epoch(bench: Bench) -> None:
    await bench.connect()
    async with bench.hub.database.transaction() as conn:
        await webservices.wake(conn, GALLERY, bench.webservice_id)
    (first,) = await claim(bench, "frozen", 0.01)
    async with bench.hub.database.transaction() as conn:
        await webservices.wake(conn, GALLERY, bench.webservice_id)

    found: list[Lease] = []

    async def claimed() -> bool:
        found.extend(await claim(bench, "awake", 30))
        return bool(found)

    await until(claimed)

    assert found[0].epoch == first.epoch + 1
    async with bench.hub.database.transaction() as conn:
        with pytest.raises(LeaseLostError):
            await leases.hold(conn, first)
    with pytest.raises(LeaseLostError):
        async with bench.hub.database.connection() as conn:
            await leases.renew(conn, first, seconds=30)


async def test_a3_a_worker_that_lost_its_lease_during_a_call_stores_nothing_and_nothing_is_doubled(
    dsn: str, tmp_path: Path
) -> None:
    """The call of the first worker is held up past its lease; the second settles what became of it."""
    tuning = Tuning(lease_seconds=1.0, heartbeat_seconds=3600.0)
    async with open_bench(dsn, tmp_path, tuning=tuning) as bench:
        await bench.put(make_contact(), make_invoice(), make_payment())
        await bench.connect()
        bench.sandbox.faults.add("delay", method="PUT", path="Invoices", seconds=3.0 / FAST, when="after")
        slow = asyncio.create_task(bench.sync(), name="slow")

        async def lapsed() -> bool:
            row = await bench.row()
            return bench.sandbox.faults.injected["delay"] == 1 and not row.running

        await until(lapsed)
        other = second_daemon(bench)
        async with bench.hub.database.transaction() as conn:
            await webservices.wake(conn, GALLERY, bench.webservice_id)
        assert await other.claim() == 1
        await other.idle()
        await slow
        for _ in range(3):
            await bench.sync()

        assert bench.books() == {"AG-1": ("PAID", cents("500.00"), cents("500.00"))}
        assert len(bench.live_payments()) == 1
