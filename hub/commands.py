"""What the commands of `hub.cli` do; each is a function of the settings, beside or without a running daemon."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from hub import bootstrap
from hub.bootstrap import Hub
from hub.domain import door
from hub.domain.records import Gallery, Record, Reference
from hub.domain.sessions import ROLES, Visitor
from hub.errors import Fault, FormError, HubError, NotFoundError, StartupError
from hub.progress import Progress
from hub.remote.outbound import Outbound
from hub.settings import Settings
from hub.store import embedded, keys, migrate, postgres_binaries, records, runs, sessions, webservices
from hub.store.database import Database
from hub.store.runs import Run
from hub.sync import proving
from hub.sync.services import STATE_WORDS
from hub.sync.telling import why_off
from hub.web.api.proof import write_json
from hub.web.api.sessions import ENTER

CHUNK = 500


async def serve_sandbox(settings: Settings, kind: str, port: int, client: tuple[str, str], console: Console) -> None:
    """Serve the sandbox of *kind* until Ctrl-C. Raises StartupError when no plugin brings one."""
    registry = bootstrap.load_registry(settings)
    factory = registry.sandboxes.get(kind)
    if factory is None:
        known = ", ".join(registry.sandboxes) or "none"
        raise StartupError(f"No enabled plugin brings a sandbox for {kind!r} (known: {known}).")
    app = factory.app(clock_factor=settings.clock_factor, client_id=client[0], client_secret=client[1])
    bound = bootstrap.bind_socket(settings.host, port)
    url = f"http://localhost:{bound.getsockname()[1]}"
    async with bootstrap.listening(app, bound):
        console.print(f"The sandbox of {kind} answers at {url} (its own page: {url}/sandbox/). Ctrl-C stops it.")
        await bootstrap.stop_signal().wait()


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    """The hub's database: a running daemon's, or one started for this command."""
    running = None if settings.database_url else embedded.find_running(bootstrap.data_dir(settings))
    if running is not None:
        async with await Database.open(running, size=2, clock_factor=settings.clock_factor) as database:
            yield database
        return
    async with bootstrap.open_database_url(settings) as (dsn, _):
        await migrate.migrate(dsn)
        async with await Database.open(dsn, size=2, clock_factor=settings.clock_factor) as database:
            yield database


@asynccontextmanager
async def _hub(settings: Settings) -> AsyncIterator[tuple[Hub, bool]]:
    """(A wired hub, whether a daemon works beside it): with an embedded Postgres of a running daemon, it does."""
    running = None if settings.database_url else embedded.find_running(bootstrap.data_dir(settings))
    if running is not None:
        async with bootstrap.open_hub(settings, running) as hub:
            yield hub, True
        return
    async with (
        bootstrap.open_database_url(settings) as (dsn, alone),
        bootstrap.open_hub(settings, dsn, alone=alone) as hub,
    ):
        yield hub, False


async def create_key(settings: Settings, gallery: str | None, role: str) -> str:
    """A new key's secret. Raises FormError for a role that is none, NotFoundError for a gallery that is none."""
    chosen = next((known for known in keys.ROLES if known == role), None)
    if chosen is None:
        raise FormError([Fault("--role", f"must be one of {', '.join(keys.ROLES)}")])
    if (chosen == "operator") != (gallery is None):
        raise FormError([Fault("--gallery", "an operator key opens all galleries, any other key exactly one")])
    async with _database(settings) as database, database.transaction() as conn:
        if gallery is not None and not await records.load(conn, gallery, [Reference("gallery", gallery)]):
            raise NotFoundError(f"There is no gallery {gallery!r}: PUT it first, or import its records.")
        return await keys.create(conn, chosen, gallery)


async def make_login_link(settings: Settings, gallery: str | None, role: str | None) -> str:
    """The address that signs a browser in. Raises FormError for a role that is none, NotFoundError as `create_key`."""
    wanted = role or ("operator" if gallery is None else "owner")
    chosen = next((known for known in ROLES if known == wanted), None)
    if chosen is None:
        raise FormError([Fault("--role", f"must be one of {', '.join(ROLES)}")])
    if (chosen == "operator") != (gallery is None):
        raise FormError([Fault("--gallery", "an operator sees all galleries, any other role exactly one")])
    async with _database(settings) as database, database.transaction() as conn:
        if gallery is not None and not await records.load(conn, gallery, [Reference("gallery", gallery)]):
            raise NotFoundError(f"There is no gallery {gallery!r}: PUT it first, or import its records.")
        one_time, _ = await sessions.add_link(conn, Visitor(role=chosen, gallery_id=gallery))
    return f"{settings.url()}{ENTER}{one_time}"


async def import_file(settings: Settings, file: Path, gallery: str | None, console: Console) -> int:
    """Store a file of NDJSON; returns how many lines were refused, each of which is printed with its faults."""
    lines = await asyncio.to_thread(_read_lines, file)
    tally: dict[str, int] = {}
    async with _database(settings) as database:
        with Progress(console, "Import") as bar:
            for start in range(0, len(lines), CHUNK):
                chunk = lines[start : start + CHUNK]
                gallery = await _import_chunk(database, chunk, gallery, tally, console)
                bar.update(min(start + CHUNK, len(lines)), len(lines))
    console.print(", ".join(f"{n} {status}" for status, n in sorted(tally.items())) or "nothing to import")
    return tally.get("refused", 0)


def _read_lines(file: Path) -> list[tuple[int, bytes]]:
    try:
        raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise StartupError(f"{file} cannot be read: {error.strerror}.") from error
    return [(n, line) for n, line in enumerate(raw.splitlines(), start=1) if line.strip()]


async def _import_chunk(
    database: Database,
    chunk: Iterable[tuple[int, bytes]],
    gallery: str | None,
    tally: dict[str, int],
    console: Console,
) -> str | None:
    parsed: list[tuple[int, Record]] = []
    for number, line in chunk:
        try:
            record = door.parse_record(line)
        except FormError as error:
            _refuse(console, tally, number, str(error))
            continue
        if gallery is None and isinstance(record, Gallery):
            gallery = record.id
        parsed.append((number, record))
    if not parsed:
        return gallery
    if gallery is None:
        raise StartupError("Which gallery? Begin the file with its gallery record, or say --gallery.")
    async with database.transaction() as conn:
        saved = await records.save(conn, gallery, [record for _, record in parsed])
    for (number, _), one in zip(parsed, saved, strict=True):
        if one.status == "refused":
            _refuse(console, tally, number, "; ".join(f"{at}: {message}" for at, message in one.faults))
        else:
            tally[one.status] = tally.get(one.status, 0) + 1
    return gallery


def _refuse(console: Console, tally: dict[str, int], number: int, why: str) -> None:
    tally["refused"] = tally.get("refused", 0) + 1
    console.print(f"line {number}: {why}", style="red", markup=False)


async def _find_gallery(hub: Hub, webservice_id: str) -> str:
    async with hub.database.connection() as conn:
        gallery_id = await webservices.find_gallery(conn, webservice_id)
    if gallery_id is None:
        raise NotFoundError(f"There is no webservice {webservice_id}: GET /api/v1/galleries/<gallery>/webservices.")
    return gallery_id


async def sync(settings: Settings, webservice_id: str, *, dry_run: bool, console: Console) -> Run:
    """Start or join a run and wait for its end. Without a daemon beside it, the command does the work itself."""
    async with _hub(settings) as (hub, beside):
        gallery_id = await _find_gallery(hub, webservice_id)
        run_id = f"r-{secrets.token_hex(10)}"
        async with hub.database.transaction() as conn:
            row = await webservices.get(conn, gallery_id, webservice_id)
            if row.state != "ready":
                raise HubError(f"The webservice {STATE_WORDS[row.state]}, so it cannot sync.")
            run, _ = await runs.open_run(
                conn, gallery_id, webservice_id, run_id, invoices=None, dry_run=dry_run, asked_by="person"
            )
            await webservices.wake(conn, gallery_id, webservice_id)
        with Progress(console, "Sync") as bar:
            async with nullcontext() if beside else bootstrap.working(hub):
                while run.state in {"queued", "running", "waiting"}:
                    await asyncio.sleep(0.3)
                    async with hub.database.connection() as conn:
                        run = await runs.get(conn, gallery_id, webservice_id, run.id)
                    bar.update(run.done, run.total)
        return run


async def prove(settings: Settings, webservice_id: str) -> dict[str, Any]:
    """The proof as the API gives it."""
    async with _hub(settings) as (hub, _):
        gallery_id = await _find_gallery(hub, webservice_id)
        found = await proving.prove(hub.services, gallery_id, webservice_id)
        try:
            report: dict[str, Any] = msgspec.json.decode(b"".join(write_json(found)))
            return report
        finally:
            found.close()


def summary(run: Run) -> dict[str, Any]:
    """What a run did, for printing."""
    return {
        "id": run.id,
        "state": run.state,
        "counts": msgspec.to_builtins(run.counts),
        "done": run.done,
        "total": run.total,
        "calls": run.calls,
        "error": run.error,
    }


async def examine(settings: Settings) -> list[tuple[bool, str, str]]:
    """(fine, what, what was found and the way out) for everything that keeps a hub from running."""
    findings = [_try("plugins", lambda: ", ".join(p.name for p in bootstrap.load_registry(settings).plugins))]
    findings.append((True, "public URL", settings.url()))
    findings.extend(_look_at_notifiers(settings))
    if settings.database_url is None:
        findings.append(_try("embedded Postgres", lambda: str(postgres_binaries.find_binaries().folder)))
        findings.append((True, "data folder", str(bootstrap.data_dir(settings))))
    try:
        async with _database(settings) as database, database.connection() as conn:
            version = await conn.fetchval("SHOW server_version")
            findings.append((True, "database", f"PostgreSQL {version}"))
            current = await migrate.is_current(conn)
            findings.append((current, "migrations", "all applied" if current else "run `hub migrate`"))
    except HubError as error:
        findings.append((False, "database", str(error)))
    return findings


def _look_at_notifiers(settings: Settings) -> list[tuple[bool, str, str]]:
    """What tells people and gallery systems; one that is off is no fault."""
    try:
        registry = bootstrap.load_registry(settings)
        bootstrap.open_notifiers(registry, settings, Outbound(), public_url=settings.url())
    except HubError as error:
        return [(False, "notifiers", str(error))]
    return [(True, f"notifier {key}", why_off(one) or "on") for key, one in registry.notifiers.items()]


def _try(what: str, look: Any) -> tuple[bool, str, str]:
    try:
        return True, what, str(look())
    except HubError as error:
        return False, what, str(error)
