"""The spine: one invoice to the cent, over the real consent, with its payment."""

from __future__ import annotations

from tests.sync.harness import Bench, cents, make_contact, make_invoice, make_payment


async def test_one_invoice_goes_out_to_the_cent_with_its_contact_and_payment(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice(), make_payment())
    await bench.connect()

    run = await bench.sync()

    assert run.state == "done", run.error
    assert bench.books() == {"AG-1": ("PAID", cents("500.00"), cents("500.00"))}
    assert await bench.states() == {"contact": {"synced": 1}, "invoice": {"synced": 1}, "payment": {"synced": 1}}
    assert run.counts.created == 3
    assert bench.sandbox.calls.writes == 3


async def test_a_second_run_with_no_change_writes_nothing(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice(), make_payment())
    await bench.connect()
    await bench.sync()
    bench.sandbox.calls.clear()

    run = await bench.sync()

    assert run.state == "done", run.error
    assert bench.sandbox.calls.writes == 0
    assert bench.sandbox.calls.reads <= 2
