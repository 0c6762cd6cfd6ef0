"""Lost, late, cut and 5xx answers, shuffled elements: every outcome is known or is called unknown; nothing twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.sync.session import Tuning
from tests.sync.harness import Bench, cents, make_contact, make_invoice, make_payment, open_bench

PATHS = ("Contacts", "Invoices", "Payments")
PAID = {"AG-1": ("PAID", cents("500.00"), cents("500.00")), "AG-2": ("PAID", cents("120.00"), cents("120.00"))}


async def load(bench: Bench) -> None:
    await bench.put(
        make_contact(),
        make_invoice(),
        make_payment(),
        make_invoice("i-2", total="120.00"),
        make_payment("p-2", invoice_id="i-2", amount="120.00"),
    )
    await bench.connect()


async def sync_until_quiet(bench: Bench, runs: int = 4) -> None:
    """A promise: after faults stop, at most 3 further runs."""
    for _ in range(runs):
        await bench.sync()
        states = await bench.states()
        if all(set(by_state) == {"synced"} for by_state in states.values()):
            return


def assert_exactly_once(bench: Bench) -> None:
    assert bench.books() == PAID
    assert len(bench.live_payments()) == 2
    assert len(bench.ledger.contacts.values()) == 1


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("fault", ["lose_answer", "error_after_commit", "cut_answer", "error_before_commit"])
async def test_an_unclear_answer_is_sent_again_with_its_key_and_arrives_once(
    bench: Bench, fault: str, path: str
) -> None:
    await load(bench)
    bench.sandbox.faults.add(fault, method="PUT", path=path)

    await sync_until_quiet(bench)

    assert bench.sandbox.faults.injected[fault] == 1
    assert_exactly_once(bench)


@pytest.mark.parametrize("path", PATHS)
async def test_a_lost_answer_past_the_keys_life_is_looked_up(dsn: str, tmp_path: Path, path: str) -> None:
    """The re-send window is over at once, so only the look-up can tell; payments look with patience."""
    tuning = Tuning(resend_seconds=0, look_seconds=1)
    async with open_bench(dsn, tmp_path, tuning=tuning) as bench:
        await load(bench)
        bench.sandbox.faults.add("lose_answer", method="PUT", path=path)

        await sync_until_quiet(bench)

        assert bench.sandbox.faults.injected["lose_answer"] == 1
        assert_exactly_once(bench)


@pytest.mark.parametrize("path", PATHS)
async def test_a_request_that_never_arrived_is_sent_again_after_the_look(dsn: str, tmp_path: Path, path: str) -> None:
    tuning = Tuning(resend_seconds=0, look_seconds=1)
    async with open_bench(dsn, tmp_path, tuning=tuning) as bench:
        await load(bench)
        bench.sandbox.faults.add("error_before_commit", method="PUT", path=path)

        await sync_until_quiet(bench, runs=8)

        assert bench.sandbox.faults.injected["error_before_commit"] == 1
        assert_exactly_once(bench)


async def test_shuffled_elements_are_matched_by_number(bench: Bench) -> None:
    await load(bench)
    bench.sandbox.faults.add("shuffle", times=None)

    await bench.sync()

    assert_exactly_once(bench)
    assert {(await bench.entry("invoice", i)).remote.number for i in ("i-1", "i-2")} == {"AG-1", "AG-2"}  # type: ignore[union-attr] # synced entries have a remote


async def test_an_unknown_write_is_shown_as_unknown_and_blocks_only_itself(bench: Bench) -> None:
    await load(bench)
    bench.sandbox.faults.add("lose_answer", method="PUT", path="Payments", times=None)

    run = await bench.sync()

    assert run.state == "done", run.error
    states = await bench.states()
    assert states["invoice"] == {"synced": 2}
    assert states["payment"] == {"unknown": 2}
    assert run.counts.unknown == 2


async def test_an_edit_made_while_the_first_write_is_in_flight_reaches_the_books(bench: Bench) -> None:
    await load(bench)
    bench.sandbox.faults.add("lose_answer", method="PUT", path="Invoices")
    await bench.sync()
    assert (await bench.entry("invoice", "i-1")).state == "unknown"
    await bench.put(make_invoice(total="510.00"), make_payment(amount="510.00"))

    await sync_until_quiet(bench)

    assert bench.books()["AG-1"] == ("PAID", cents("510.00"), cents("510.00"))


async def test_a_void_made_while_the_first_write_is_in_flight_reaches_the_books(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice())
    await bench.connect()
    bench.sandbox.faults.add("lose_answer", method="PUT", path="Invoices")
    await bench.sync()
    await bench.void("i-1")

    await sync_until_quiet(bench, runs=3)

    assert bench.books() == {"AG-1": ("VOIDED", cents("500.00"), cents("0.00"))}
    assert (await bench.entry("invoice", "i-1")).state == "voided"
