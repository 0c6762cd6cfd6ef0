"""A dry run lists what the next run would write, and nothing else: the same run, made for real, must agree."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from hub.store.runs import Run
from hub.sync import dryrun, judging
from hub.sync.session import Tuning
from tests.sync.harness import Bench, cents, make_contact, make_invoice, make_payment, open_bench


def listed(run: Run) -> list[tuple[str, str, str]]:
    """(type, record, operation) of each write."""
    assert run.state == "done", run.error
    return [(w["type"], w["record_id"], w["operation"]) for w in run.writes or []]


async def preview(bench: Bench, **how: Any) -> list[tuple[str, str, str]]:
    bench.sandbox.calls.clear()
    found = listed(await bench.sync(dry_run=True, **how))
    assert bench.sandbox.calls.writes == 0
    return found


def counts(run: Run) -> tuple[int, int, int]:
    return run.counts.created, run.counts.updated, run.counts.voided


async def test_old_drafts_do_not_hide_what_would_be_written(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dryrun, "MAX_WRITES", 3)
    drafts = [make_invoice(f"i-{n}", status="draft", issued_on="2025-01-01") for n in range(1, 6)]
    await bench.put(make_contact(), *drafts, make_invoice("i-8"), make_invoice("i-9"), make_payment(invoice_id="i-8"))
    await bench.connect()

    found = await preview(bench)

    assert found == [("contact", "c-1", "create"), ("invoice", "i-8", "create"), ("invoice", "i-9", "create")]


async def test_what_is_due_is_read_page_by_page(dsn: str, tmp_path: Path) -> None:
    invoices = [make_invoice(f"i-{n}", issued_on=f"2026-03-0{1 + n % 3}") for n in range(1, 8)]
    payments = [make_payment(f"p-{n}", invoice_id=f"i-{n}") for n in range(1, 8)]
    async with open_bench(dsn, tmp_path, tuning=Tuning(page=2)) as bench:
        await bench.put(make_contact(), make_invoice("i-0", status="draft", issued_on=None), *invoices, *payments)
        await bench.connect()

        found = await preview(bench)

    assert len(found) == len(set(found)) == 15


async def test_judging_many_lets_others_have_their_turn(bench: Bench) -> None:
    await bench.put(make_contact(), *[make_invoice(f"i-{n}") for n in range(1, 121)])
    await bench.connect()
    turns: list[int] = []
    at = {"judged": 0}
    judge = judging.judge_invoice_entry

    def counted(*args: Any) -> Any:
        at["judged"] += 1
        return judge(*args)

    async def watch() -> None:
        while True:
            turns.append(at["judged"])
            await asyncio.sleep(0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dryrun, "judge_invoice_entry", counted)
        watcher = asyncio.create_task(watch())
        await preview(bench)
        watcher.cancel()

    assert {n for n in turns if 0 < n < 120} == {50, 100}


async def test_a_contact_that_would_be_linked_is_no_write(bench: Bench) -> None:
    bench.organisation.add_contact("Ana Ruiz c-1", email="c-1@example.com")
    await bench.put(make_contact(), make_invoice(), make_contact("c-2"), make_invoice("i-2", contact_id="c-2"))
    await bench.connect()
    await bench.sync(invoices=["i-2"])  # reads the contacts there

    found = await preview(bench)
    run = await bench.sync()

    assert found == [("invoice", "i-1", "create")]
    assert counts(run) == (1, 0, 0)


async def test_an_invoice_whose_contact_would_be_held_is_not_listed_nor_its_payment(bench: Bench) -> None:
    bench.organisation.add_contact("Ana Ruiz c-1", email="somebody.else@example.com")
    await bench.put(make_contact("c-2"), make_invoice("i-2", contact_id="c-2"))
    await bench.put(make_contact(), make_invoice(), make_payment())
    await bench.connect()
    await bench.sync(invoices=["i-2"])

    found = await preview(bench)
    run = await bench.sync()

    assert found == []
    assert counts(run) == (0, 0, 0)


async def test_a_changed_contact_in_the_books_is_listed_as_an_update(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice())
    await bench.connect()
    await bench.sync()
    await bench.put(make_contact(name="Ana Ruiz de la Torre"))

    assert await preview(bench) == [("contact", "c-1", "update")]


async def test_a_changed_payment_is_listed_as_taken_back_and_made_again(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice(), make_payment(amount="200.00"))
    await bench.connect()
    await bench.sync()
    await bench.put(make_payment(amount="300.00"))

    found = await preview(bench)
    run = await bench.sync()

    assert found == [("payment", "p-1", "cancel"), ("payment", "p-1", "create")]
    assert counts(run) == (1, 0, 1)


async def test_a_payment_that_does_not_fit_beside_what_is_paid_there_is_not_listed(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice(), make_payment(amount="200.00"))
    await bench.connect()
    await bench.sync()
    bench.organisation.pay(bench.invoice("AG-1").id, cents("100.00"))
    await bench.sync()
    await bench.put(make_payment("p-2", amount="150.00"), make_payment("p-3", amount="100.00"))

    found = await preview(bench)
    run = await bench.sync()

    assert found == [("payment", "p-2", "create")]
    assert counts(run) == (1, 0, 0)


async def test_payments_of_an_invoice_that_is_left_out_are_not_listed(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice(status="draft"), make_payment())
    await bench.connect()

    assert await preview(bench) == []


async def test_a_void_is_listed_without_a_draft(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice())
    await bench.connect()
    await bench.sync()
    await bench.void("i-1")

    assert await preview(bench) == [("invoice", "i-1", "cancel")]


async def test_a_preview_of_one_invoice_lists_it_with_its_contact_and_payment(bench: Bench) -> None:
    await bench.put(make_contact(), make_invoice(), make_invoice("i-2"), make_payment())
    await bench.connect()

    found = await preview(bench, invoices=["i-1"])

    assert found == [("contact", "c-1", "create"), ("invoice", "i-1", "create"), ("payment", "p-1", "create")]
