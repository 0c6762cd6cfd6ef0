"""Runs in Postgres: one pass of one webservice, by schedule, by change or by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec

from hub.errors import NotFoundError
from hub.store.database import Connection
from hub.store.queries import load

QUERIES = load("runs")

RunState = Literal["queued", "running", "waiting", "done", "paused", "failed", "cancelled"]


class Counts(msgspec.Struct, kw_only=True):
    """What a run did, by record."""

    created: int = 0
    updated: int = 0
    voided: int = 0
    unchanged: int = 0
    left_out: int = 0
    held: int = 0
    conflict: int = 0
    waiting: int = 0
    unknown: int = 0
    received: int = 0


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a run is and what it cost so far: entries looked at of all, calls, bytes, seconds."""

    counts: Counts
    done: int
    total: int
    calls: int
    bytes_up: int
    bytes_down: int
    seconds: float


class PlannedSum(msgspec.Struct, frozen=True, kw_only=True):
    """Writes of a dry run of one type, operation and currency; `currency` and `total`: None for contacts."""

    type: str
    operation: str
    currency: str | None
    n: int
    total: Decimal | None


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One pass. `live`: its lease lives; a run whose lease died shows as queued."""

    id: str
    webservice_id: str
    state: RunState
    invoices: tuple[str, ...] | None
    dry_run: bool
    asked_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    resume_at: datetime | None
    counts: Counts
    done: int
    total: int
    calls: int
    bytes_up: int
    bytes_down: int
    seconds: float
    error: str | None
    writes: list[dict[str, Any]] | None
    live: bool = False

    @property
    def shown(self) -> RunState:
        """The state people see: *running* means a live lease, never a stored word."""
        return "queued" if self.state == "running" and not self.live else self.state


def _run_of(row: Any) -> Run:
    values = {name: row[name] for name in Run.__struct_fields__ if name not in {"counts", "invoices", "live"}}
    return Run(
        **values,
        counts=msgspec.convert(row["counts"], Counts),
        invoices=None if row["invoices"] is None else tuple(row["invoices"]),
        live=bool(row.get("live", False)),
    )


async def open_run(
    conn: Connection,
    gallery_id: str,
    webservice_id: str,
    run_id: str,
    *,
    invoices: Sequence[str] | None,
    dry_run: bool,
    asked_by: str,
) -> tuple[Run, bool]:
    """Queue a run, or join the full run that is under way when a full run is asked for: (run, whether it is new)."""
    only = None if invoices is None else list(invoices)
    row = await conn.fetchrow(QUERIES.insert, gallery_id, run_id, webservice_id, only, dry_run, asked_by)
    if row is not None:
        return _run_of(row), True
    joined = await conn.fetchrow(QUERIES.joined, gallery_id, webservice_id, asked_by)
    if joined is not None:
        return _run_of(joined), False
    return await open_run(  # it ended between the two statements
        conn, gallery_id, webservice_id, run_id, invoices=invoices, dry_run=dry_run, asked_by=asked_by
    )


async def find_next(conn: Connection, gallery_id: str, webservice_id: str) -> Run | None:
    """The run to go on with: an interrupted one first, then the oldest in the queue."""
    row = await conn.fetchrow(QUERIES.next, gallery_id, webservice_id)
    return None if row is None else _run_of(row)


async def start(conn: Connection, gallery_id: str, run_id: str) -> None:
    """It is running (again)."""
    await conn.execute(QUERIES.start, gallery_id, run_id)


async def save_progress(conn: Connection, gallery_id: str, run_id: str, progress: Progress) -> None:
    """Store how far a run is; whoever calls it holds the lease in the same transaction."""
    await conn.execute(
        QUERIES.progress,
        gallery_id,
        run_id,
        msgspec.to_builtins(progress.counts),
        progress.done,
        progress.total,
        progress.calls,
        progress.bytes_up,
        progress.bytes_down,
        progress.seconds,
    )


async def end(
    conn: Connection,
    gallery_id: str,
    run_id: str,
    state: RunState,
    *,
    error: str | None = None,
    resume_at: datetime | None = None,
    writes: list[dict[str, Any]] | None = None,
) -> None:
    """Store how the run ended, or until when it waits."""
    await conn.execute(QUERIES.end, gallery_id, run_id, state, error, resume_at, writes)


async def get(conn: Connection, gallery_id: str, webservice_id: str, run_id: str) -> Run:
    """One run. Raises NotFoundError."""
    row = await conn.fetchrow(QUERIES.get, gallery_id, webservice_id, run_id)
    if row is None:
        raise NotFoundError(f"there is no run {run_id}")
    return _run_of(row)


async def look(conn: Connection, gallery_id: str, webservice_id: str, run_id: str) -> Run:
    """One run without the writes of a dry run, which are large. Raises NotFoundError."""
    row = await conn.fetchrow(QUERIES.look, gallery_id, webservice_id, run_id)
    if row is None:
        raise NotFoundError(f"there is no run {run_id}")
    return _run_of(row)


async def sum_planned(conn: Connection, gallery_id: str, webservice_id: str, run_id: str) -> list[PlannedSum]:
    """What a dry run would write, in numbers, in the order it would be written."""
    rows = await conn.fetch(QUERIES.planned_sums, gallery_id, webservice_id, run_id)
    return [msgspec.convert(dict(row), PlannedSum, strict=False) for row in rows]


async def list_planned(
    conn: Connection,
    gallery_id: str,
    webservice_id: str,
    run_id: str,
    *,
    sort: tuple[str, str] | None,
    start: int,
    limit: int,
) -> list[dict[str, Any]]:
    """Writes of a dry run from the place *start* on; *sort*: only those of this (type, operation)."""
    type_, operation = sort or (None, None)
    rows = await conn.fetch(QUERIES.planned, gallery_id, webservice_id, run_id, type_, operation, start, limit)
    return [row["value"] for row in rows]


async def list_page(
    conn: Connection, gallery_id: str, webservice_id: str, *, before: tuple[datetime, str] | None, limit: int
) -> list[Run]:
    """Runs, newest first, without the writes of dry runs."""
    at, last = before or (None, None)
    return [_run_of(row) for row in await conn.fetch(QUERIES.list, gallery_id, webservice_id, at, last, limit)]


async def purge(conn: Connection, gallery_id: str, webservice_id: str) -> None:
    """A year of runs is kept."""
    await conn.execute(QUERIES.purge, gallery_id, webservice_id)


async def cancel_open(
    conn: Connection, gallery_id: str, webservice_id: str, state: RunState, error: str | None
) -> None:
    """End the runs under way of a webservice that stops."""
    await conn.execute(QUERIES.cancel_open, gallery_id, webservice_id, state, error)
