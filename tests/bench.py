"""`make bench`: ratios within one run, never a timed test.

Full path (judge, render, store, post, store) against a bare aiohttp + msgspec loop that posts the very same bodies;
calls against the floor of the remote side's batch sizes; the peak memory of a small and a large sync.

    python -m tests.bench [--invoices 2000] [--large 20000]
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from aiohttp import web

from hub import logs
from hub.store.embedded import EmbeddedPostgres, default_data_dir
from hub.testing.year import many
from plugins.xero.sandbox import SandboxSettings, create_sandbox

UNLIMITED = {"per_minute": 1_000_000, "per_day": 10_000_000, "app_per_minute": 10_000_000}
BATCH = 50


@dataclass(frozen=True)
class Result:
    """One sync in a process of its own."""

    invoices: int
    seconds: float
    peak_mib: float
    writes: int
    reads: int
    bodies: list[tuple[str, str, bytes]]


def _serve(pipe: Connection) -> None:
    """A sandbox without limits in a process of its own; tells its address, then counts until told to stop."""

    async def serve() -> None:
        sandbox = create_sandbox(settings=SandboxSettings(**UNLIMITED))
        async with sandbox.serve() as base:
            pipe.send(base)
            while True:
                order = await asyncio.to_thread(pipe.recv)
                if order == "stop":
                    return
                pipe.send((sandbox.calls.writes, sandbox.calls.reads))

    asyncio.run(serve())


@contextmanager
def _sandbox() -> Iterator[tuple[str, Connection]]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv(), ours
    finally:
        ours.send("stop")
        process.join(10)


def _sync_in_child(pipe: Connection, invoices: int, contacts: int, payments: int, keep_bodies: bool) -> None:
    """One gallery, one sync; sends a Result."""
    logs.configure("json", level=40)
    with _sandbox() as (base, control):
        pipe.send(asyncio.run(_sync(base, control, invoices, contacts, payments, keep_bodies=keep_bodies)))


async def _sync(
    base: str, control: Connection, invoices: int, contacts: int, payments: int, *, keep_bodies: bool
) -> Result:
    from tests.sync.harness import open_bench_at  # noqa: PLC0415 - in the child alone

    folder = Path(tempfile.mkdtemp(prefix="hub-bench-", dir=_base()))
    try:
        async with EmbeddedPostgres(folder, durable=True) as dsn, open_bench_at(dsn, folder, base) as bench:
            chunk: list[dict[str, Any]] = []
            for record in many("bench", invoices, contacts, payments):
                chunk.append(record)
                if len(chunk) == 1000:
                    await bench.put(*chunk)
                    chunk = []
            await bench.put(*chunk)
            await bench.connect()
            control.send("count")
            writes, reads = control.recv()
            began = time.monotonic()
            run = await bench.sync()
            seconds = time.monotonic() - began
            control.send("count")
            after = control.recv()
            assert run.state == "done", run.error
            assert run.counts.created == invoices + contacts + payments, run.counts
            bodies: list[tuple[str, str, bytes]] = []
            if keep_bodies:
                async with bench.hub.database.connection() as conn:
                    rows = await conn.fetch("SELECT request, body FROM batch ORDER BY first_sent_at")
                bodies = [(r["request"]["method"], r["request"]["path"], r["body"]) for r in rows]
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            return Result(invoices, seconds, peak, after[0] - writes, after[1] - reads, bodies)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _base() -> Path | None:
    base = default_data_dir().parent
    return base if base == Path("/var/lib") else None


def run_sync(invoices: int, contacts: int, payments: int, *, keep_bodies: bool = False) -> Result:
    """One sync in a fresh process, so that its peak memory is its own."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_sync_in_child, args=(theirs, invoices, contacts, payments, keep_bodies))
    process.start()
    result: Result = ours.recv()
    process.join(30)
    return result


async def _bare(bodies: list[tuple[str, str, bytes]], answer: bytes) -> float:
    """Seconds a bare loop takes to post the same bodies, four in flight, and to decode answers of that size."""

    async def take(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=answer, content_type="application/json")

    app = web.Application(client_max_size=10_000_000)
    app.router.add_route("*", "/{tail:.*}", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    queue = iter(bodies)
    began = time.monotonic()
    async with aiohttp.ClientSession() as session:

        async def lane() -> None:
            for method, path, body in queue:
                async with session.request(method, f"http://127.0.0.1:{port}{path}", data=body) as got:
                    msgspec.json.decode(await got.read())

        async with asyncio.TaskGroup() as tasks:
            for _ in range(4):
                tasks.create_task(lane())
    seconds = time.monotonic() - began
    await runner.cleanup()
    return seconds


def _answer_like(bodies: list[tuple[str, str, bytes]]) -> bytes:
    """An answer echoes what was sent, with some more fields: half as much again."""
    body = max((b for _, path, b in bodies if path.endswith("Invoices")), key=len)
    return b'{"Invoices":' + msgspec.json.encode([body.decode(), "x" * (len(body) // 2)]) + b"}"


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--invoices", type=int, default=2000, help="invoices of the speed run")
    parser.add_argument("--large", type=int, default=0, help="also sync so many for the peak memory (20000)")
    options = parser.parse_args()
    n = options.invoices
    full = run_sync(n, n // 5, n * 3 // 5, keep_bodies=True)
    bare = asyncio.run(_bare(full.bodies, _answer_like(full.bodies)))
    floor = sum(ceil(x / BATCH) for x in (n, n // 5, n * 3 // 5))
    print(
        f"full path      {n / full.seconds:10,.0f} invoices/s ({n:,} invoices with contacts and payments, sandbox and"
    )
    print(f"                          Postgres on the same cores, {full.seconds:.1f} s)")
    print(f"bare loop      {n / bare:10,.0f} invoices/s (the same {len(full.bodies)} bodies, {bare:.2f} s)")
    print(f"ratio          {bare / full.seconds:10.3f} of the bare loop's speed")
    print(f"calls          {full.writes:10,} writes and {full.reads} reads; the floor is {floor} writes")
    small = run_sync(1000, 200, 600)
    print(f"peak memory    {small.peak_mib:10.0f} MiB at 1,000 invoices ({small.writes} writes, {small.reads} reads)")
    if options.large:
        large = run_sync(options.large, options.large // 5, options.large * 3 // 5)
        told = f"{options.large:,} invoices, {options.large / large.seconds:,.0f} invoices/s"
        print(f"               {large.peak_mib:10.0f} MiB at {told}")
        print(f"               {large.peak_mib / small.peak_mib:10.2f} times the small one's")
    return 0


if __name__ == "__main__":
    sys.exit(main())
