"""Throttled, refused, disconnected: a run waits without sleeping, splits, pauses, or asks for consent."""

from __future__ import annotations

from datetime import timedelta

from hub.store import problems, webservices
from tests.sync.harness import GALLERY, Bench, cents, make_contact, make_invoice, make_payment


async def open_problems(bench: Bench) -> list[tuple[str, int]]:
    async with bench.hub.database.connection() as conn:
        found = await problems.list_page(conn, GALLERY, bench.webservice_id, closed=False, after=None, limit=50)
    return [(p.reason, p.count) for p in found]


async def test_o5_a_long_throttle_parks_the_run_and_releases_the_lease(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice())
    await bench.connect()
    bench.sandbox.faults.add("throttle", method="PUT", path="Invoices", retry_after=60_000, problem="day")

    run = await bench.sync()

    assert run.state == "waiting"
    assert run.resume_at is not None
    assert not (await bench.row()).running
    assert (await bench.entry("invoice", "i-1")).state == "waiting"
    row = await bench.row()
    assert row.due_at is not None
    assert abs(row.due_at - run.resume_at) < timedelta(seconds=1)


async def test_o4_a_short_throttle_is_waited_for_and_the_run_completes(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice(), make_payment())
    await bench.connect()
    bench.sandbox.faults.add("throttle", method="PUT", path="Invoices", retry_after=1, problem="minute")

    first = await bench.sync()
    again = await bench.sync()

    assert {first.state, again.state} <= {"done", "waiting"}
    await bench.sync()
    assert bench.books() == {"AG-1": ("PAID", cents("500.00"), cents("500.00"))}


async def test_o1_one_bad_invoice_costs_itself_and_nothing_else(bench: Bench) -> None:
    bench.organisation.archive_account("220")
    good = [make_invoice(f"i-{n}", total="100.00") for n in range(2, 60)]
    bad = make_invoice("i-1")
    bad["lines"] = [bad["lines"][0] | {"kind": "framing"}]
    await bench.put(make_contact(), bad, *good)
    await bench.connect()

    await bench.sync()

    states = await bench.states()
    assert states["invoice"] == {"synced": 58, "held": 1}
    assert len(await open_problems(bench)) == 1


async def test_o6_a_revoked_consent_asks_for_a_new_one_once_and_deletes_nothing(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice())
    await bench.connect()
    await bench.sync()
    bench.sandbox.disconnect(bench.organisation)

    await bench.sync()

    assert (await bench.row()).state == "reauthorize"
    assert await open_problems(bench) == [("reauthorize", 0)]
    assert (await bench.entry("invoice", "i-1")).state == "synced"


async def test_b11_one_cause_refused_there_for_many_pauses_the_webservice(bench: Bench) -> None:
    await bench.put(make_contact(), *[make_invoice(f"i-{n}", total="100.00") for n in range(1, 120)])
    await bench.connect()
    bench.organisation.lock(period=bench.organisation.today())

    run = await bench.sync()

    assert run.state == "paused", run
    assert (await bench.row()).state == "paused"
    assert ("period_locked", 0) in await open_problems(bench)


async def test_a9_a_scheduled_run_with_too_many_creates_asks_for_a_persons_word(bench: Bench) -> None:
    await bench.put(make_contact(), *[make_invoice(f"i-{n}", total="10.00") for n in range(1, 503)])
    await bench.connect(scheduled=True)
    async with bench.hub.database.transaction() as conn:
        await webservices.wake(conn, GALLERY, bench.webservice_id)

    await bench.work()

    assert (await bench.row()).state == "paused"
    assert bench.books() == {}


async def test_a_person_who_presses_stop_stops_the_writes(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice())
    await bench.connect()
    async with bench.hub.database.transaction() as conn:
        await webservices.set_state(conn, GALLERY, bench.webservice_id, "paused")

    run = await bench.sync()

    assert run.state == "queued"
    assert bench.sandbox.calls.writes == 0


async def test_o20_a_dry_run_lists_what_would_be_written_and_writes_nothing(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice(), make_payment())
    await bench.connect()
    bench.sandbox.calls.clear()

    run = await bench.sync(dry_run=True)

    assert run.state == "done", run.error
    assert [(w["type"], w["operation"]) for w in run.writes or []] == [
        ("contact", "create"),
        ("invoice", "create"),
        ("payment", "create"),
    ]
    assert (run.writes or [])[1]["draft"]["total"] == "500.00"
    assert bench.sandbox.calls.writes == 0
    assert set((await bench.states())["invoice"]) == {"pending"}
