"""An update whose answer was lost is our own change, not an edit of theirs; found by the kill sweep."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.sync.session import Tuning
from tests.sync.harness import cents, make_contact, make_invoice, make_line, open_bench

LOOKED_UP = Tuning(resend_seconds=0, look_seconds=1)  # no time to send again by key: only the look-up can tell


@pytest.mark.parametrize("fault", ["lose_answer", "error_before_commit"])
async def test_an_update_with_an_unclear_answer_is_no_edit_of_theirs(dsn: str, tmp_path: Path, fault: str) -> None:
    async with open_bench(dsn, tmp_path, tuning=LOOKED_UP) as bench:
        await bench.put(make_contact(), make_invoice(total="120.00"))
        await bench.connect()
        await bench.sync()
        await bench.put(make_invoice(total="130.00"))
        bench.sandbox.faults.add(fault, method="POST", path="Invoices")

        await bench.sync()
        await bench.sync()

        assert bench.sandbox.faults.injected[fault] == 1
        assert bench.books() == {"AG-1": ("AUTHORISED", cents("130.00"), cents("0.00"))}
        assert (await bench.entry("invoice", "i-1")).state == "synced"


@pytest.mark.parametrize("fault", ["lose_answer", "error_before_commit"])
async def test_an_update_of_texts_alone_arrives_though_its_answer_was_unclear(
    dsn: str, tmp_path: Path, fault: str
) -> None:
    """What stands there is equal in all that can be compared, before and after: only sending again is sure."""
    async with open_bench(dsn, tmp_path, tuning=LOOKED_UP) as bench:
        await bench.put(make_contact(), make_invoice(total="120.00"))
        await bench.connect()
        await bench.sync()
        await bench.put(make_invoice(total="120.00", lines=[make_line(price="120.00", description="Another title")]))
        bench.sandbox.faults.add(fault, method="POST", path="Invoices")

        await bench.sync()
        await bench.sync()

        assert bench.sandbox.faults.injected[fault] == 1
        assert "Another title" in (bench.invoice("AG-1").lines[0].description or "")
        assert (await bench.entry("invoice", "i-1")).state == "synced"


async def test_an_edit_made_there_beside_an_unclear_update_is_still_a_conflict(dsn: str, tmp_path: Path) -> None:
    async with open_bench(dsn, tmp_path, tuning=LOOKED_UP) as bench:
        await bench.put(make_contact(), make_invoice(total="120.00"))
        await bench.connect()
        await bench.sync()
        await bench.put(make_invoice(total="130.00"))
        bench.sandbox.faults.add("error_before_commit", method="POST", path="Invoices")
        await bench.sync()
        bench.organisation.alter(bench.invoice("AG-1").id, total_by=cents("5.00"), touch=True)

        await bench.sync()

        entry = await bench.entry("invoice", "i-1")
        assert (entry.state, entry.reason) == ("conflict", "edited_there")
