"""A process that has imported everything and forks a hub for each order: `python -m tests.acceptance.zygote`.

Orders come as lines of JSON on stdin (`Order`); each answer is one line on stdout (`Answer`): how the child ended and,
if it lived, what it reported. A child works as a daemon with a Postgres of its own would: it takes over every old
lease, claims what is due and works until that rests.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import structlog
from aiohttp import web
from pydantic import SecretStr

from hub import bootstrap
from hub.bootstrap import Hub, load_registry, open_hub
from hub.settings import Settings
from hub.store import runs, webservices
from hub.sync.session import Tuning
from tests.acceptance import plants
from tests.acceptance.points import Recorder

LIFE_SECONDS = 90  # a child that hangs ends by SIGALRM, which no test takes for a kill
_OPEN = "SELECT count(*) FROM entry WHERE state IN ('sending', 'unknown', 'waiting') OR state IS NULL OR asked > judged"
_DUE = "SELECT count(*) FROM run WHERE state IN ('queued', 'running', 'waiting')"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a child is to do. *passes*: runs at most until it rests; *rerun*: then one more; *kill*: where to end."""

    dsn: str
    base_url: str
    folder: str
    gallery_id: str
    webservice_id: str
    passes: int
    clock_factor: float
    resend_seconds: float = 300.0
    look_seconds: float = 900.0
    rerun: bool = True
    kill: str | None = None
    plant: str | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a child that lived has seen. *rested_at*: from then on nothing was due."""

    points: list[str]
    passes: int
    rested_at: datetime | None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """How a child ended: the signal that killed it, or its exit code and its report."""

    signal: int | None
    code: int | None
    report: Report | None


def settings_of(order: Order) -> Settings:
    """The settings of a child."""
    section = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
    section |= dict.fromkeys(("login_url", "identity_url", "api_url"), order.base_url)
    made = Settings(database_url=SecretStr(order.dsn), data_dir=Path(order.folder), clock_factor=order.clock_factor)
    return made.with_sections({"xero": section})


async def work(order: Order, recorder: Recorder) -> Report:
    """Pass after pass until nothing is due; then, unwatched, one more run that must find nothing to do."""
    tuning = Tuning(
        clock_factor=order.clock_factor, resend_seconds=order.resend_seconds, look_seconds=order.look_seconds
    )
    async with open_hub(settings_of(order), order.dsn, alone=True, tuning=tuning) as hub:
        rested_at, passes = None, 0
        for n in range(order.passes):
            if n:
                await _ask_for_run(hub, order, recorder)
            passes += 1
            await hub.scheduler.claim()
            await hub.scheduler.idle()
            if await _rests(hub):
                rested_at = datetime.now(UTC)
                break
        recorder.listening = False
        if rested_at is not None and order.rerun:
            await _ask_for_run(hub, order, recorder)
            await hub.scheduler.claim()
            await hub.scheduler.idle()
    return Report(points=recorder.seen, passes=passes, rested_at=rested_at)


async def _ask_for_run(hub: Hub, order: Order, recorder: Recorder) -> None:
    """Ask by hand, as a person does: not a part of what is watched."""
    listening, recorder.listening = recorder.listening, False
    async with hub.database.transaction() as conn:
        run_id = f"r-{os.urandom(6).hex()}"
        await runs.open_run(
            conn, order.gallery_id, order.webservice_id, run_id, invoices=None, dry_run=False, asked_by="person"
        )
        await webservices.wake(conn, order.gallery_id, order.webservice_id)
    recorder.listening = listening


async def _rests(hub: Hub) -> bool:
    async with hub.database.connection() as conn:
        return not await conn.fetchval(_OPEN) and not await conn.fetchval(_DUE)


def run_child(order: Order, out: int) -> None:
    """In the child: hook, work, report."""
    recorder = Recorder(order.kill)
    recorder.hook(urlsplit(order.base_url).port or 0)
    if order.plant:
        plants.PLANTS[order.plant]()
    report = asyncio.run(work(order, recorder))
    with os.fdopen(out, "wb") as pipe:
        pipe.write(msgspec.json.encode(report))


def fork(order: Order) -> Answer:
    """Carry an order out in a child of its own."""
    ours, its = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ours)
        signal.alarm(LIFE_SECONDS)
        code = 1
        try:
            run_child(order, its)
            code = 0
        except BaseException as error:  # noqa: BLE001 - the child ends here, whatever it was
            sys.excepthook(type(error), error, error.__traceback__)
        finally:
            sys.stderr.flush()
            os._exit(code)
    os.close(its)
    with os.fdopen(ours, "rb") as pipe:
        text = pipe.read()
    _, status = os.waitpid(pid, 0)
    return Answer(
        signal=os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
        code=os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
        report=msgspec.json.decode(text, type=Report) if text else None,
    )


def main() -> None:
    """Answer orders until stdin ends. Whatever is printed or logged goes to stderr."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    load_registry(Settings())  # imports the plugins once, for all children
    # the engine has no use for pages, and they cost each child a tenth of a second
    vars(bootstrap)["make_app"] = lambda _: web.Application()
    for line in sys.stdin.buffer:
        answers.write(msgspec.json.encode(fork(msgspec.json.decode(line, type=Order))) + b"\n")


if __name__ == "__main__":
    main()
