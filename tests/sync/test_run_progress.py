"""A run's counts are stored with what it did: whoever takes it over goes on from there, and counts nothing twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.errors import UnavailableError
from hub.store import runs, webservices
from hub.store.runs import Run
from hub.sync import outcomes, writing
from hub.sync.session import Tuning
from tests.postgres import until
from tests.sync.harness import GALLERY, Bench, make_contact, make_invoice, make_payment, open_bench

INVOICES = 120  # three batches
STEP = 50


async def load(bench: Bench, count: int = INVOICES) -> None:
    await bench.put(make_contact(), *[make_invoice(f"i-{n}") for n in range(1, count + 1)])
    await bench.connect()


async def start_run(bench: Bench) -> str:
    async with bench.hub.database.transaction() as conn:
        run, _ = await runs.open_run(
            conn, GALLERY, bench.webservice_id, "r-one", invoices=None, dry_run=False, asked_by="person"
        )
        await webservices.wake(conn, GALLERY, bench.webservice_id)
    return run.id


def lose_lease_at(monkeypatch: pytest.MonkeyPatch, bench: Bench, nth: int, *, after: bool) -> None:
    """Another daemon takes the lease right before, or right after, the outcome of the nth batch of invoices is stored.

    The worker that lost it stores nothing any more.
    """
    store, at = outcomes.store, {"invoices": 0}

    async def steal() -> None:
        async with bench.hub.database.transaction() as conn:
            await conn.execute("UPDATE lease SET epoch = epoch + 1, until = clock_timestamp(), owner = NULL")
            await webservices.wake(conn, GALLERY, bench.webservice_id)

    async def storing(session: Any, batch: Any, *args: Any, **how: Any) -> None:
        at["invoices"] += batch.type == "invoice"
        here = batch.type == "invoice" and at["invoices"] == nth
        if here and not after:
            await steal()
        await store(session, batch, *args, **how)
        if here and after:
            await steal()

    monkeypatch.setattr(outcomes, "store", storing)


def one_lane(monkeypatch: pytest.MonkeyPatch, bench: Bench) -> None:
    """One batch after the other, so that a test knows what was stored."""
    kind = bench.hub.registry.kinds["xero"]
    monkeypatch.setattr(kind, "limits", type(kind.limits)(**{**_fields(kind.limits), "in_flight": 2}))


def _fields(struct: Any) -> dict[str, Any]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


def assert_all_counted(bench: Bench, run: Run) -> None:
    assert run.state == "done", run.error
    assert len(bench.books()) == INVOICES
    assert run.counts == runs.Counts(created=INVOICES + 1)  # and the contact
    assert (run.done, run.total) == (INVOICES, INVOICES)


async def test_a_run_whose_lease_is_taken_after_its_second_batch_counts_all_in_the_end(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await load(bench)
    one_lane(monkeypatch, bench)
    lose_lease_at(monkeypatch, bench, 2, after=True)
    run_id = await start_run(bench)

    await bench.work()
    stopped = await bench.run_named(run_id)
    await bench.work()

    assert stopped.counts.created == 2 * STEP + 1
    assert (stopped.done, stopped.total) == (2 * STEP, INVOICES)
    assert_all_counted(bench, await bench.run_named(run_id))


async def test_writes_whose_outcome_a_dead_process_never_stored_count_when_they_are_settled(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await load(bench)
    one_lane(monkeypatch, bench)
    lose_lease_at(monkeypatch, bench, 2, after=False)
    run_id = await start_run(bench)

    await bench.work()
    stopped = await bench.run_named(run_id)
    await bench.work()

    assert (stopped.counts.created, stopped.done, stopped.total) == (STEP + 1, STEP, INVOICES)
    assert_all_counted(bench, await bench.run_named(run_id))


async def test_writes_of_a_dead_process_that_are_looked_up_count_too(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their key may be forgotten there: they are not sent again."""
    async with open_bench(dsn, tmp_path, tuning=Tuning(resend_seconds=0)) as bench:
        await load(bench)
        one_lane(monkeypatch, bench)
        lose_lease_at(monkeypatch, bench, 2, after=False)
        run_id = await start_run(bench)

        await bench.work()
        await bench.work()

        assert_all_counted(bench, await bench.run_named(run_id))


async def test_a_run_that_is_stopped_with_its_daemon_counts_all_in_the_end(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await load(bench)
    one_lane(monkeypatch, bench)
    draining = bench.hub.scheduler._worker.draining  # SIGTERM sets it
    push, at = writing.push, {"invoices": 0}

    async def pushing(session: Any, batch: Any) -> Any:
        at["invoices"] += batch.type == "invoice"
        if at["invoices"] == 3:
            draining.set()
        return await push(session, batch)

    monkeypatch.setattr(writing, "push", pushing)
    run_id = await start_run(bench)
    await bench.work()
    stopped = await bench.run_named(run_id)
    draining.clear()
    for _ in range(3):
        await bench.work()

    assert (stopped.state, stopped.counts.created, stopped.done) == ("queued", 2 * STEP + 1, 2 * STEP)
    assert stopped.calls > 0
    assert_all_counted(bench, await bench.run_named(run_id))


async def test_progress_moves_with_every_batch(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await load(bench)
    one_lane(monkeypatch, bench)
    store, seen = outcomes.store, list[tuple[int, int]]()

    async def storing(session: Any, batch: Any, *args: Any, **how: Any) -> None:
        await store(session, batch, *args, **how)
        run = await bench.run_named("r-one")
        seen.append((run.done, run.total))

    monkeypatch.setattr(outcomes, "store", storing)
    await start_run(bench)
    await bench.work()

    assert seen == [(0, 120), (50, 120), (100, 120), (120, 120)]  # the contact, and three batches


async def test_what_is_undone_is_not_counted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The transaction of an outcome fails once: its writes are settled, and counted, later."""
    await load(bench)
    one_lane(monkeypatch, bench)
    after, at = outcomes._after_accepted, {"invoices": 0}  # the last step of that transaction

    async def failing(conn: Any, session: Any, batch: Any, results: Any) -> None:
        at["invoices"] += batch.type == "invoice"
        if at["invoices"] == 2:
            at["invoices"] += 1
            raise UnavailableError("the database went away")
        await after(conn, session, batch, results)

    monkeypatch.setattr(outcomes, "_after_accepted", failing)
    run_id = await start_run(bench)
    await bench.work()

    async def over() -> bool:
        await bench.work()
        return (await bench.run_named(run_id)).state == "done"

    await until(over)
    assert_all_counted(bench, await bench.run_named(run_id))


async def test_a_dry_run_counts_as_the_run_right_after_it(bench: Bench) -> None:
    await bench.put(
        make_contact(),
        make_invoice("i-1"),
        make_invoice("i-2", lines=[], total="0.00"),
        make_invoice("i-3", status="draft"),
        make_payment("p-1", invoice_id="i-1"),
        make_payment("p-2", invoice_id="i-2"),
    )
    await bench.connect()

    dry = await bench.sync(dry_run=True)
    wet = await bench.sync()

    assert (dry.counts.held, dry.counts.left_out, dry.counts.created) == (1, 1, 3)
    assert dry.counts == wet.counts
    assert (dry.done, dry.total) == (wet.done, wet.total) == (5, 5)


async def test_a_dry_run_counts_invoices_of_a_held_contact_as_held(bench: Bench) -> None:
    bench.organisation.add_contact("Ana Ruiz c-1", email="somebody.else@example.com")
    await bench.put(make_contact("c-2"), make_invoice("i-2", contact_id="c-2"))
    await bench.put(make_contact(), make_invoice(), make_payment())
    await bench.connect()
    await bench.sync(invoices=["i-2"])  # reads the contacts there

    dry = await bench.sync(dry_run=True)
    wet = await bench.sync()

    assert dry.counts.held == 1
    assert dry.counts == wet.counts
