"""A write that was given up as unknown is sent again by nothing but a person's word."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hub.sync.session import Tuning
from tests.sync.harness import Bench, make_contact, make_invoice, make_payment, open_bench


@pytest.fixture
async def hasty(dsn: str, tmp_path: Path) -> AsyncIterator[Bench]:
    """A bench that gives up at once on what it cannot find."""
    async with open_bench(dsn, tmp_path, tuning=Tuning(resend_seconds=0.0, lost_seconds=0.0)) as bench:
        await bench.put(make_contact(), make_invoice())
        await bench.connect()
        await bench.sync()
        yield bench


async def give_up(bench: Bench, path: str, *records: dict[str, Any]) -> None:
    bench.sandbox.faults.add("error_before_commit", method="PUT", path=path)
    await bench.put(*records)
    for _ in range(3):
        await bench.sync()
    bench.sandbox.calls.clear()


@pytest.mark.parametrize(
    "changed",
    [
        make_invoice(notes="another note"),
        make_invoice(due_on="2026-05-01"),
        make_contact(phone="+61 2 5550 0199"),
        make_payment(reference="another word"),
        make_payment(amount="499.00"),
    ],
    ids=["notes", "due date", "contact", "reference", "amount"],
)
async def test_no_change_sends_a_payment_again_that_may_stand_there(hasty: Bench, changed: dict[str, Any]) -> None:
    await give_up(hasty, "Payments", make_payment())
    found = await hasty.entry("payment", "p-1")
    assert (found.state, found.reason) == ("held", "unknown_outcome")

    await hasty.put(changed)
    await hasty.sync()

    again = await hasty.entry("payment", "p-1")
    assert (again.state, again.reason, again.message) == ("held", "unknown_outcome", found.message)
    assert [call.path for call in hasty.sandbox.calls if call.method == "PUT" and "Payments" in call.path] == []
    assert hasty.live_payments() == []
