"""How far a run is: counted with what it stores, in one transaction, so that whoever takes it over goes on there."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from hub.store import runs
from hub.store.database import Connection
from hub.store.runs import Counts, Progress
from hub.sync.session import Session


@asynccontextmanager
async def booked(session: Session) -> AsyncIterator[Connection]:
    """A transaction under the lease that stores the run's progress too. Raises LeaseLostError.

    What is counted inside is stored with it, or forgotten when it is undone. Only one is open at a time: the lock on
    the gallery's feed comes first.
    """
    async with session.owned() as conn:
        before = (msgspec.structs.replace(session.counts), session.done, session.still_due)
        try:
            yield conn
            if session.run_id is not None:
                await runs.save_progress(conn, session.gallery_id, session.run_id, progress_of(session))
        except BaseException:
            session.counts, session.done, session.still_due = before
            raise


def look_at(session: Session, count: int) -> None:
    """So many more invoices, payments and allocations were looked at."""
    session.done += count
    session.still_due = max(0, session.still_due - count)


def progress_of(session: Session) -> Progress:
    """The progress and costs of the run that *session* works on, those from before it was interrupted included.

    `total` never shrinks: what was due when the run began stays in it.
    """
    session.total = max(session.total, session.done + session.still_due + session.to_import)
    meter = session.meter
    return Progress(
        counts=session.counts,
        done=session.done,
        total=session.total,
        calls=meter.calls,
        bytes_up=meter.bytes_up,
        bytes_down=meter.bytes_down,
        seconds=round(session.seconds_before + time.monotonic() - session.opened, 3),
    )


def count_state(counts: Counts, state: str | None) -> None:
    """Count one entry that was judged without a write, by the state it is in afterwards."""
    match state:
        case "left_out":
            counts.left_out += 1
        case "held":
            counts.held += 1
        case "conflict":
            counts.conflict += 1
        case "waiting":
            counts.waiting += 1
        case _:
            counts.unchanged += 1
