"""`make bench-pages`: how long the server takes for each page, and how large it is, beside a small and a large gallery.

Each is asked for five times, the median counts, and the ratio
between the two galleries shows what grows. A page of the hub takes less than 300 ms and 60 KB with 10,000 invoices.

    python -m tests.bench_pages [--invoices 10000]
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from hub.store.embedded import EmbeddedPostgres
from plugins.xero.sandbox import SandboxSettings
from tests.sync.harness import make_contact, make_invoice, make_line, make_payment
from tests.ui.desk import HOME, Desk, Person, open_desk

UNLIMITED = {"per_minute": 1_000_000, "per_day": 10_000_000, "app_per_minute": 10_000_000}
SMALL = 100
CHUNK = 500
TIMES = 5
MOST_SECONDS = 0.3
MOST_BYTES = 60 * 1024


async def fill(desk: Desk, n: int) -> None:
    """*n* invoices of a hundred contacts over a year: most in the books, some paid, held, left out or on their way."""
    contacts = min(100, n)
    await desk.bench.put(*(make_contact(f"c-{k}") for k in range(contacts)))
    for start in range(1, n + 1, CHUNK):
        records = []
        for k in range(start, min(start + CHUNK, n + 1)):
            odd = {"lines": [make_line(tax_code="nowhere")]} if k % 50 == 0 else {}
            draft = {"status": "draft"} if k % 40 == 1 else {}
            day = f"2026-{k % 12 + 1:02d}-{k % 28 + 1:02d}"
            invoice = make_invoice(f"i-{k}", contact_id=f"c-{k % contacts}", issued_on=day, due_on=day, **odd, **draft)
            records.append(invoice)
            if k % 5 == 0:
                records.append(make_payment(f"p-{k}", invoice_id=f"i-{k}", amount="500.00", paid_on=day))
        await desk.bench.put(*records)


def list_pages(desk: Desk, run_id: str, problem_id: str) -> list[str]:
    """Every page that shows records, and the others of a webservice."""
    one = f"{HOME}/webservices/{desk.webservice_id}"
    return [
        HOME,
        f"{HOME}/webservices",
        one,
        f"{one}/mappings",
        f"{one}/mappings?part=taxes",
        f"{one}/mappings?part=payments",
        f"{one}/mappings/apply",
        f"{one}/settings",
        f"{one}/exclusions",
        f"{one}/exclusions?count=1",
        f"{one}/runs",
        f"{one}/runs/{run_id}",
        f"{one}/problems/{problem_id}",
        f"{one}/disconnect",
        f"{HOME}/problems",
        f"{HOME}/proof",
        f"{HOME}/invoices",
        f"{HOME}/invoices?group=needs_you",
        f"{HOME}/invoices?q=ana+ruiz",
        f"{HOME}/invoices?q=no+such+thing",
        f"{HOME}/invoices/i-7",
    ]


async def measure(person: Person, path: str) -> tuple[float, int]:
    """(median seconds, bytes) of a page."""
    took, size = [], 0
    for _ in range(TIMES):
        began = time.perf_counter()
        answer = await person.get(path, headers={"Accept": "text/html"})
        took.append(time.perf_counter() - began)
        assert answer.status == 200, (path, answer.status, answer.text[:300])
        size = len(answer.text.encode())
    return statistics.median(took), size


@asynccontextmanager
async def open_filled(dsn: str, folder: Path, n: int) -> AsyncIterator[tuple[Desk, list[str]]]:
    """A desk whose gallery has *n* invoices and one finished run, and its pages."""
    async with open_desk(dsn, folder, sandbox_settings=SandboxSettings(**UNLIMITED)) as desk:
        await desk.connect()
        began = time.perf_counter()
        await fill(desk, n)
        run = await desk.sync()
        assert run["state"] == "done", run
        print(f"{n} invoices stored and synced in {time.perf_counter() - began:.1f} s", file=sys.stderr)
        _, problems = await desk.get(f"{desk.path}/problems")
        yield desk, list_pages(desk, run["id"], problems["items"][0]["id"])


async def run(invoices: int) -> int:
    """Measure both and print the table; 1 when a page is slower or larger than it may be."""
    found: list[dict[str, tuple[float, int]]] = []
    for n in (SMALL, invoices):
        with tempfile.TemporaryDirectory() as folder:
            async with (
                EmbeddedPostgres(Path(folder), durable=False) as dsn,
                open_filled(dsn, Path(folder), n) as (desk, pages),
            ):
                person = await desk.person("owner")
                names = {path: path.replace(desk.webservice_id, "W").removeprefix(HOME) or "/" for path in pages}
                found.append({_plain(names[path]): await measure(person, path) for path in pages})
    small, large = found
    print(f"{'page':34} {'ms':>8} {'KB':>7}   ratio to {SMALL} invoices: time, size")
    worst = 0
    for name, (seconds, size) in large.items():
        off = seconds > MOST_SECONDS or size > MOST_BYTES
        worst = max(worst, int(off))
        ratios = f"{seconds / small[name][0]:.1f}, {size / small[name][1]:.1f}"
        print(f"{name:34} {seconds * 1000:8.0f} {size / 1024:7.1f}   {ratios}{'   TOO MUCH' if off else ''}")
    return worst


def _plain(name: str) -> str:
    """Ids of runs and problems differ between the two galleries."""
    parts = name.split("/")
    return "/".join("ID" if len(part) > 14 and part.count("-") and "?" not in part else part for part in parts)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Time and size of each page, beside a small and a large gallery.")
    parser.add_argument("--invoices", type=int, default=10_000, help="invoices of the large gallery")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    return asyncio.run(run(parser.parse_args().invoices))


if __name__ == "__main__":
    sys.exit(main())
