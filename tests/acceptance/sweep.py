"""The sweep: prepares a gallery in mid-life, kills a hub at a point, starts it again, and has the books checked."""

from __future__ import annotations

import asyncio
import copy
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from plugins.xero.sandbox import Sandbox, SandboxSettings
from tests import postgres
from tests.acceptance import checker
from tests.acceptance.checker import Books
from tests.acceptance.zygote import Answer, Order
from tests.sync.harness import GALLERY, Bench, make_contact, make_invoice, make_payment, open_bench

CLOCK_FACTOR = 0.01
FURTHER_RUNS = 3  # PROMISES A1: after faults stop, at most so many further runs
_ANSWER_SECONDS = 120.0
_WEBSERVICE = "w-test"
# Choices are as if read just now for all of the sweep: else the points would change while it goes on.
_DUE = "UPDATE webservice SET due_at = clock_timestamp(), choices_at = clock_timestamp() + interval '1 day'"
_QUEUED = (
    "INSERT INTO run (gallery_id, id, webservice_id, state, asked_by) VALUES ($1, 'r-swept', $2, 'queued', 'person')"
)


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to get over a crash: which of the write protocol's two means is there.

    `keys`: batches are sent again with their key. `looks`: no key is known there any more, everything is looked up.
    """

    name: str
    resend_seconds: float
    look_seconds: float
    idempotency_seconds: int


KEYS = Way(name="keys", resend_seconds=3000, look_seconds=9000, idempotency_seconds=36_000)
LOOKS = Way(name="looks", resend_seconds=0, look_seconds=1, idempotency_seconds=0)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A gallery in mid-life: a template database, and the organisation as it stands there. Copied for each point."""

    server: str
    template: str
    folder: Path
    sandbox: Sandbox
    way: Way


@dataclass(frozen=True, kw_only=True)
class Passage:
    """What came of one point, or a row of them: how many processes SIGKILL ended, and what is wrong with the books."""

    point: str
    kills: int
    passes: int
    faults: tuple[str, ...]


class Zygote:
    """The process that forks the children. One order at a time."""

    def __init__(self, process: asyncio.subprocess.Process, errors: Path) -> None:
        self._process = process
        self._errors = errors

    @property
    def said(self) -> str:
        """The end of what the children logged and raised."""
        return self._errors.read_text(errors="replace")[-4000:]

    async def run(self, order: Order) -> Answer:
        """Have a child carry *order* out to whatever end."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(msgspec.json.encode(order) + b"\n")
        async with asyncio.timeout(_ANSWER_SECONDS):
            line = await stdout.readline()
        assert line, f"the zygote ended:\n{self.said}"
        return msgspec.json.decode(line, type=Answer)


@asynccontextmanager
async def open_zygote(folder: Path) -> AsyncIterator[Zygote]:
    """A zygote, ended with its last child when the sweep is over."""
    errors = folder / "zygote.log"
    with errors.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.acceptance.zygote"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            cwd=postgres.ROOT,
            start_new_session=True,
            limit=1 << 22,  # an answer is one line, which names every point
        )
    try:
        yield Zygote(process, errors)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def load_first(bench: Bench) -> None:
    """What was synced before: something to void, to edit, to pay here and to pay there."""
    await bench.put(
        make_contact("c-1"),
        make_contact("c-2"),
        make_invoice("i-1", total="80.00"),
        make_invoice("i-2", total="120.00", contact_id="c-2"),
        make_invoice("i-3", total="400.00"),
        make_invoice("i-4", total="60.00", contact_id="c-2"),
    )


async def load_then(bench: Bench) -> None:
    """What the swept run has to carry over, in both directions."""
    await bench.void("i-1")
    await bench.put(
        make_contact("c-2", email="new@example.com"),
        make_contact("c-3"),
        make_contact("c-4"),
        make_invoice("i-2", total="130.00", contact_id="c-2"),
        make_invoice("i-5", total="500.00", contact_id="c-3"),
        make_invoice("i-6", total="75.50", contact_id="c-4"),
        make_invoice("i-7", total="19.99"),
        make_payment("p-1", invoice_id="i-3", amount="150.00"),
        make_payment("p-2", invoice_id="i-3", amount="150.00", paid_on="2026-03-11"),
        make_payment("p-3", invoice_id="i-5", amount="500.00"),
        make_payment("p-4", invoice_id="i-6", amount="0.50"),
    )
    bench.organisation.pay(bench.invoice("AG-4").id, Decimal("60.00"))


EXPECTED_INVOICES = {  # worked out by hand, so that a reference that is wrong itself is found
    "AG-1": ("VOIDED", "80.00", "0.00"),
    "AG-2": ("AUTHORISED", "130.00", "0.00"),
    "AG-3": ("AUTHORISED", "400.00", "300.00"),
    "AG-4": ("PAID", "60.00", "60.00"),
    "AG-5": ("PAID", "500.00", "500.00"),
    "AG-6": ("AUTHORISED", "75.50", "0.50"),
    "AG-7": ("AUTHORISED", "19.99", "0.00"),
}


@asynccontextmanager
async def prepare(server: str, migrated: str, folder: Path, way: Way) -> AsyncIterator[Prepared]:
    """The gallery, connected over the real consent, once synced, then changed on both sides; its tokens have ended."""
    settings = SandboxSettings(idempotency_seconds=way.idempotency_seconds)
    async with postgres.fresh_database(server, migrated) as dsn:
        async with open_bench(dsn, folder, clock_factor=CLOCK_FACTOR, sandbox_settings=settings) as bench:
            await load_first(bench)
            await bench.connect()
            run = await bench.sync()
            assert run.state == "done", run.error
            await load_then(bench)
            await _open_run(bench)
            bench.sandbox.tokens.expire()
            bench.sandbox.calls.clear()
        template = urlsplit(dsn).path.removeprefix("/")
        yield Prepared(server=server, template=template, folder=folder, sandbox=bench.sandbox, way=way)


async def _open_run(bench: Bench) -> None:
    """A person asks for a run; nobody has taken it up yet."""
    async with bench.hub.database.transaction() as conn:
        await conn.execute(_DUE)
        await conn.execute(_QUEUED, GALLERY, _WEBSERVICE)


@dataclass(frozen=True, kw_only=True)
class World:
    """A copy of what was prepared: a database, and an organisation served on a socket of its own."""

    dsn: str
    sandbox: Sandbox
    base_url: str
    prepared: Prepared

    def order(self, *, passes: int, rerun: bool = False, kill: str | None = None, plant: str | None = None) -> Order:
        """An order for a child in this world."""
        return Order(
            dsn=self.dsn,
            base_url=self.base_url,
            folder=str(self.prepared.folder),
            gallery_id=GALLERY,
            webservice_id=_WEBSERVICE,
            passes=passes,
            clock_factor=CLOCK_FACTOR,
            resend_seconds=self.prepared.way.resend_seconds,
            look_seconds=self.prepared.way.look_seconds,
            rerun=rerun,
            kill=kill,
            plant=plant,
        )

    async def list_faults(self, reference: Books, answer: Answer) -> list[str]:
        """What is wrong with the books after the last child has ended as *answer* says."""
        (ledger, *_) = (one.ledger for one in self.sandbox.organisations.values())
        if answer.report is None:
            return [f"the restarted process ended with signal {answer.signal}, code {answer.code}"]
        faults = await checker.list_faults(ledger, self.dsn, reference)
        if answer.report.rested_at is None:
            return [f"not at rest after {answer.report.passes} further runs", *faults]
        return [*faults, *checker.list_late_writes(self.sandbox.calls, answer.report.rested_at)]

    async def read_books(self) -> Books:
        """Both sides as they stand now."""
        (ledger, *_) = (one.ledger for one in self.sandbox.organisations.values())
        return await checker.read_books(ledger, self.dsn)


@asynccontextmanager
async def open_world(prepared: Prepared) -> AsyncIterator[World]:
    """A fresh copy."""
    sandbox = copy.deepcopy(prepared.sandbox)
    async with postgres.fresh_database(prepared.server, prepared.template) as dsn, sandbox.serve() as base_url:
        yield World(dsn=dsn, sandbox=sandbox, base_url=base_url, prepared=prepared)


async def find_reference(zygote: Zygote, prepared: Prepared) -> tuple[list[str], Books]:
    """The points that an undisturbed run passes, and the books that it leaves; one run is enough for it."""
    async with open_world(prepared) as world:
        answer = await zygote.run(world.order(passes=1, rerun=True))
        assert answer.report is not None, f"the reference run ended with {answer}:\n{zygote.said}"
        books = await world.read_books()
        faults = await world.list_faults(books, answer)
        assert not faults, f"{faults}\n{zygote.said}"
    return answer.report.points, books


async def pass_points(
    zygote: Zygote, prepared: Prepared, reference: Books, *points: str, rerun: bool = True, plant: str | None = None
) -> Passage:
    """Kill one process after the other, each at the next of *points*; start again, and look at the books.

    *rerun*: let one more run follow when all is done, and see that it writes nothing.
    """
    async with open_world(prepared) as world:
        ends = [await zygote.run(world.order(passes=1, kill=point, plant=plant)) for point in points]
        last = await zygote.run(world.order(passes=FURTHER_RUNS, rerun=rerun, plant=plant))
        faults = await world.list_faults(reference, last)
        return Passage(
            point=", then ".join(points),
            kills=sum(end.signal == signal.SIGKILL for end in ends),
            passes=last.report.passes if last.report is not None else 0,
            faults=tuple(faults),
        )


async def list_recovery(zygote: Zygote, prepared: Prepared, point: str) -> list[str]:
    """The points that a restart passes after a kill at *point*."""
    async with open_world(prepared) as world:
        first = await zygote.run(world.order(passes=1, kill=point))
        assert first.signal == signal.SIGKILL, point
        second = await zygote.run(world.order(passes=1))
        assert second.report is not None, f"the restart ended with {second}:\n{zygote.said}"
        return second.report.points
