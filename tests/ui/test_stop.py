"""Stop: pressed while a run writes, no new write goes out within a second; Go on carries the rest over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub.bootstrap import working
from plugins.xero.sandbox import SandboxSettings
from tests.postgres import until
from tests.sync.harness import make_contact, make_invoice
from tests.ui.desk import HOME, Desk, open_desk

INVOICES = 1200
SLOW = SandboxSettings(
    latency_seconds=40
)  # 0.4 s a call here: the run is in the middle of it when the button is pressed


def writes_of(desk: Desk) -> list[datetime]:
    """When invoices were sent there."""
    return [call.at for call in desk.bench.sandbox.calls.ring if call.method == "PUT" and "Invoices" in call.path]


async def test_stop_ends_all_new_writes_within_a_second_and_go_on_carries_the_rest(dsn: str, tmp_path: Path) -> None:
    async with open_desk(dsn, tmp_path, sandbox_settings=SLOW) as desk:
        await desk.connect()
        await desk.bench.put(make_contact())
        for start in range(0, INVOICES, 400):
            await desk.bench.put(*(make_invoice(f"i-{n}") for n in range(start, start + 400)))
        person = await desk.person("bookkeeper")
        one = f"{HOME}/webservices/{desk.webservice_id}"
        async with working(desk.bench.hub):
            begun = await person.post(f"{one}/runs")
            await until(lambda: bool(writes_of(desk)))
            stopped = await person.post(f"{one}/state", {"to": "paused"})
            pressed = datetime.now(UTC)
            await desk.bench.hub.scheduler.idle()
            assert (begun.status, stopped.status) == (303, 303)
            assert 0 < len(desk.bench.books()) < INVOICES
            assert max(writes_of(desk)) < pressed + timedelta(seconds=1)
            there = len(writes_of(desk))
            assert "Stopped: nothing is written" in (await person.get(one)).text

            assert (await person.post(f"{one}/state", {"to": "ready"})).status == 303
            await until(lambda: len(desk.bench.books()) == INVOICES, seconds=60)
            assert len(writes_of(desk)) > there
