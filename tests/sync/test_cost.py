"""What a run costs: calls are counted at the sandbox, and the limits are never provoked."""

from __future__ import annotations

import pytest

from hub.testing.year import many
from tests.sync.harness import Bench

INVOICES, CONTACTS, PAYMENTS = 1000, 200, 600


async def store_many(bench: Bench, *, invoices: int, contacts: int, payments: int) -> None:
    """The load stream, in chunks."""
    chunk: list[dict[str, object]] = []
    for record in many("cost", invoices, contacts, payments):
        chunk.append(record)
        if len(chunk) == 500:
            await bench.put(*chunk)
            chunk = []
    if chunk:
        await bench.put(*chunk)


@pytest.mark.slow
async def test_a_thousand_invoices_cost_at_most_38_writes_and_6_reads_and_a_rerun_none(bench: Bench) -> None:
    await store_many(bench, invoices=INVOICES, contacts=CONTACTS, payments=PAYMENTS)
    await bench.connect()
    bench.sandbox.calls.clear()

    run = await bench.sync()

    assert run.state == "done", run.error
    calls = bench.sandbox.calls
    states = await bench.states()
    assert states["invoice"] == {"synced": INVOICES}
    assert states["payment"] == {"synced": PAYMENTS}
    assert (run.done, run.total) == (INVOICES + PAYMENTS, INVOICES + PAYMENTS)
    assert calls.writes <= 38
    assert calls.reads <= 6
    assert calls.max_in_flight <= 5
    assert calls.throttled == 0
    assert sum(total for _, total, _ in bench.books().values()) == sum(i.total for i in bench.ledger.invoices.values())

    calls.clear()
    again = await bench.sync()

    assert again.state == "done", again.error
    assert calls.writes == 0
    assert calls.reads <= 5


async def test_an_idle_webservice_costs_one_conditional_read(bench: Bench) -> None:
    await bench.connect()
    await bench.sync()
    bench.sandbox.calls.clear()

    await bench.sync()

    assert [(c.method, c.path.rsplit("/", 1)[1]) for c in bench.sandbox.calls] == [("GET", "Invoices")]
