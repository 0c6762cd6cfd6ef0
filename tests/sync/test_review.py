"""What a hostile reading of the engine found; each was a fault once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import msgspec

from hub.domain.books import Exclusion
from hub.domain.remotes import Remote, RemoteId
from hub.errors import UnavailableError
from hub.store import entries, events, leases, problems, runs, webservices
from hub.sync.session import Tuning
from tests.postgres import until
from tests.sync.harness import FAST, GALLERY, Bench, cents, make_contact, make_invoice, make_payment, open_bench


async def test_a_batch_whose_key_may_be_forgotten_is_looked_up_and_not_sent_again(dsn: str, tmp_path: Path) -> None:
    """The re-send is chosen inside the key's life, but its turn for a slot comes after it."""
    tuning = Tuning(resend_seconds=60, look_seconds=1)
    async with open_bench(dsn, tmp_path, tuning=tuning) as bench:
        await bench.put(make_contact(), make_invoice(), make_payment())
        await bench.connect()
        bench.sandbox.faults.add("lose_answer", method="PUT", path="Payments", times=2)
        await bench.sync()
        async with bench.hub.database.transaction() as conn:  # its first sending was long ago by now
            await conn.execute(
                "UPDATE batch SET first_sent_at = first_sent_at - interval '1 hour' WHERE state <> 'known'"
            )

        for _ in range(3):
            await bench.sync()

        assert len(bench.live_payments()) == 1
        assert (await bench.entry("payment", "p-1")).state == "synced"
        sent = [c for c in bench.sandbox.calls if c.method == "PUT" and c.path.endswith("Payments")]
        assert len(sent) == 1


async def test_a_persons_link_made_while_a_page_is_written_is_not_overwritten(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice())
    await bench.connect()
    bench.sandbox.faults.add("delay", method="PUT", path="Contacts", seconds=0.5 / FAST, when="before")
    running = asyncio.create_task(bench.sync(), name="sync")

    async def held_up() -> bool:
        return bench.sandbox.faults.injected["delay"] == 1

    await until(held_up)
    entry = await bench.entry("invoice", "i-1")
    async with bench.hub.database.transaction() as conn:
        (locked,) = (await entries.by_ids(conn, GALLERY, [entry.id])).values()
        linked = Remote(
            id=RemoteId("there-already"), number="INV-77", total=cents("500.00"), currency="AUD", ours=False
        )
        await entries.save(
            conn, GALLERY, [msgspec.structs.replace(locked, state="synced", judged=locked.asked, remote=linked)]
        )
    await running

    assert bench.books() == {}
    after = await bench.entry("invoice", "i-1")
    assert after.remote is not None
    assert after.remote.id == "there-already"


async def test_two_contacts_that_match_one_there_do_not_stop_the_run(bench: Bench) -> None:
    bench.organisation.add_contact("Ana Ruiz", email="ana@example.com")
    same = {"name": "Ana Ruiz", "email": "ana@example.com"}
    await bench.put(make_contact("c-1", **same), make_contact("c-2", **same), make_contact("c-3"))
    await bench.put(make_invoice("i-1"), make_invoice("i-2", contact_id="c-2"), make_invoice("i-3", contact_id="c-3"))
    await bench.connect()

    run = await bench.sync()

    assert run.state == "done", run.error
    states = await bench.states()
    assert states["invoice"] == {"synced": 2, "held": 1}


async def test_a_taken_number_is_put_right_by_a_new_number(bench: Bench) -> None:
    contact = bench.organisation.add_contact("Somebody")
    line = {"Description": "x", "Quantity": cents("1"), "UnitAmount": cents("10.00"), "TaxType": "EXEMPTOUTPUT"}
    line["AccountID"] = bench.organisation.account("200").id
    bench.organisation.add_invoice(InvoiceNumber="AG-1", Contact={"ContactID": contact.id}, LineItems=[line])
    await bench.put(make_contact(), make_invoice())
    await bench.connect()
    await bench.sync()
    assert (await bench.entry("invoice", "i-1")).reason == "number_taken"
    await bench.put(make_invoice(number="1-2"))

    await bench.sync()

    assert (await bench.entry("invoice", "i-1")).state == "synced"
    assert bench.invoice("AG-1-2").total == cents("500.00")


async def test_an_excluded_invoice_that_is_void_on_both_sides_stays_voided_and_stops_nothing(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice())
    await bench.connect()
    await bench.sync()
    await bench.void("i-1")
    await bench.sync()
    async with bench.hub.database.transaction() as conn:
        await webservices.set_exclusions(
            conn, GALLERY, bench.webservice_id, [Exclusion(filter="channel", arguments={"values": ["gallery"]})]
        )
        await entries.resync(conn, GALLERY, "i-1")
    await bench.put(make_invoice("i-2", channel="website"))

    run = await bench.sync()

    assert run.state == "done", run.error
    assert (await bench.entry("invoice", "i-1")).state == "voided"
    assert (await bench.entry("invoice", "i-2")).state == "synced"


async def test_a_wake_is_not_lost_when_a_run_is_asked_for_while_the_worker_reschedules(bench: Bench) -> None:
    await bench.connect()
    await bench.sync()
    async with bench.hub.database.transaction() as asking:
        await runs.open_run(
            asking, GALLERY, bench.webservice_id, "r-late", invoices=None, dry_run=False, asked_by="person"
        )
        await webservices.wake(asking, GALLERY, bench.webservice_id)

        async def reschedule() -> None:
            async with bench.hub.database.transaction() as conn:
                await webservices.schedule(conn, GALLERY, bench.webservice_id, None)

        other = asyncio.create_task(reschedule(), name="reschedule")
        async with bench.hub.database.connection() as conn:

            async def waits() -> bool:
                return bool(await conn.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

            await until(waits)
    await other

    assert (await bench.row()).due_at is not None


async def test_a_renewal_does_not_wait_for_a_transaction_that_holds_the_lease(bench: Bench) -> None:
    await bench.connect()
    async with bench.hub.database.transaction() as conn:
        await webservices.wake(conn, GALLERY, bench.webservice_id)
    async with bench.hub.database.transaction() as conn:
        (lease,) = await leases.claim(conn, "d", seconds=60, limit=1)
    async with bench.hub.database.transaction() as working:
        await leases.hold(working, lease)
        async with asyncio.timeout(3), bench.hub.database.connection() as conn:
            await leases.renew(conn, lease, seconds=60)


async def test_the_scheduler_outlives_an_error_nobody_thought_of(bench: Bench) -> None:
    await bench.connect()
    failing = 3

    class Broken:
        def transaction(self) -> object:
            nonlocal failing
            failing -= 1
            raise RuntimeError("nobody thought of this") if failing > 1 else UnavailableError

    scheduler = bench.hub.scheduler
    scheduler._database = Broken()  # type: ignore[assignment] # stands in for a database that fails oddly
    loop = asyncio.create_task(scheduler.run(), name="scheduler")

    async def tried() -> bool:
        return failing <= 0

    await until(tried)
    assert not loop.done()
    await scheduler.drain()
    await loop


async def test_a_run_for_one_invoice_leaves_what_waits_for_others_alone(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice(), make_invoice("i-2", total="120.00"))
    await bench.connect()
    bench.sandbox.faults.add("throttle", method="PUT", path="Invoices", retry_after=1, problem="minute")
    await bench.sync(invoices=["i-1"])
    before = await bench.entry("invoice", "i-1")
    assert before.state == "waiting"

    await bench.sync(invoices=["i-2"])

    after = await bench.entry("invoice", "i-1")
    assert after.next_try_at is not None or after.state == "synced"


async def test_one_contact_is_one_problem_and_frees_all_invoices_it_held_when_it_is_put_right(bench: Bench) -> None:
    await bench.put(make_contact(archived=True), *[make_invoice(f"i-{n}", total="10.00") for n in (1, 2, 3)])
    await bench.connect()
    await bench.sync()
    assert (await bench.states())["invoice"] == {"held": 3}
    async with bench.hub.database.connection() as conn:
        found = await problems.list_page(conn, GALLERY, bench.webservice_id, closed=False, after=None, limit=9)
    assert [p.count for p in found] == [3]
    await bench.put(make_contact())

    await bench.sync()

    assert (await bench.states())["invoice"] == {"synced": 3}
    async with bench.hub.database.connection() as conn:
        assert not await problems.list_page(conn, GALLERY, bench.webservice_id, closed=False, after=None, limit=9)


async def test_drafts_do_not_count_for_the_guard_against_mass_creation(dsn: str, tmp_path: Path) -> None:
    async with open_bench(dsn, tmp_path, tuning=Tuning(max_creates=2)) as bench:
        drafts = [make_invoice(f"i-{n}", status="draft") for n in range(1, 6)]
        await bench.put(make_contact(), *drafts, make_invoice("i-9"))
        await bench.connect(scheduled=True)
        async with bench.hub.database.transaction() as conn:
            await webservices.wake(conn, GALLERY, bench.webservice_id)

        await bench.work()

        assert (await bench.row()).state == "ready"
        assert set(bench.books()) == {"AG-9"}


async def test_an_outage_ends_the_run_until_later(dsn: str, tmp_path: Path) -> None:
    async with open_bench(dsn, tmp_path) as bench:
        await bench.put(make_contact(), *[make_invoice(f"i-{n}", total="10.00") for n in range(1, 601)])
        await bench.connect()
        bench.sandbox.faults.add("error_before_commit", method="PUT", path="Invoices", times=None)

        run = await bench.sync()

        assert run.state == "waiting"
        states = await bench.states()
        assert states["invoice"]["unknown"] <= 8 * 50
        assert states["invoice"]["pending"] >= 200


async def test_a_failed_look_is_not_repeated_at_once(dsn: str, tmp_path: Path) -> None:
    async with open_bench(dsn, tmp_path, tuning=Tuning(resend_seconds=0)) as bench:
        await bench.put(make_contact(), make_invoice())
        await bench.connect()
        bench.sandbox.faults.add("lose_answer", method="PUT", path="Invoices")
        await bench.sync()
        bench.sandbox.faults.add("error_before_commit", method="GET", path="Invoices", times=None)
        before = (await bench.entry("invoice", "i-1")).attempts

        await bench.sync()

        after = await bench.entry("invoice", "i-1")
        assert after.state == "unknown"
        assert after.attempts > before
        row = await bench.row()
        assert row.due_at is None or row.due_at > row.created_at + timedelta(0)


async def test_the_gallery_system_is_told_once_of_an_entry_that_needs_a_person(bench: Bench) -> None:
    await bench.put(make_contact(archived=True), make_invoice())
    await bench.connect()
    await bench.sync()
    async with bench.hub.database.transaction() as conn:
        await entries.resync(conn, GALLERY, "i-1")
    await bench.sync()

    async with bench.hub.database.connection() as conn:
        page = await events.list_after(conn, GALLERY, None, 100)

    told = [(e.data["record_id"], e.data["reason"]) for e in page.items if e.type == "entry.needs_person"]
    assert told == [("i-1", "contact_archived_source")]


async def test_a_dry_run_counts_what_it_would_write_and_a_run_tells_how_long_it_took(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice())
    await bench.connect()

    dry = await bench.sync(dry_run=True)
    wet = await bench.sync()

    assert (dry.counts, dry.done, dry.total) == (wet.counts, 1, 1)
    assert (dry.counts.created, wet.done) == (2, 1)
    assert wet.finished_at is not None
    assert wet.started_at is not None
    assert 0 < wet.seconds <= (wet.finished_at - wet.started_at).total_seconds() + 1
