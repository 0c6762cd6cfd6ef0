"""The command `hub`: the daemon, the demo, the sandbox, and what an operator does beside them."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from hub import bootstrap, logs
from hub import commands as commands_
from hub.errors import HubError
from hub.settings import Settings
from hub.settings import load as load_settings
from hub.store import migrate as migrate_

app = typer.Typer(
    name="hub",
    help="Keeps an art gallery's accounting systems in step with its invoices, to the cent.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
keys_app = typer.Typer(help="API keys.", no_args_is_help=True)
sandbox_app = typer.Typer(help="Stand-ins for remote sides, for rehearsals and tests.", no_args_is_help=True)
app.add_typer(keys_app, name="keys")
app.add_typer(sandbox_app, name="sandbox")

console = Console(width=None if sys.stdout.isatty() else 140)
errors = Console(stderr=True)

T = TypeVar("T")
Config = Annotated[Path | None, typer.Option("--config", help="Settings file; else HUB_CONFIG or config/hub.toml.")]


def main() -> None:
    """Entry point of the console script: a HubError is a sentence and exit code 1, never a traceback."""
    try:
        app()
    except HubError as error:
        errors.print(f"hub: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run on uvloop where there is one."""
    if sys.platform == "win32":
        return asyncio.run(work)
    import uvloop  # noqa: PLC0415 - not on every platform

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def _settings(config: Path | None) -> Settings:
    settings = load_settings(config)
    logs.configure(settings.log)
    return settings


@app.command()
def serve(config: Config = None) -> None:
    """Run the daemon: the API, the pages and the sync. Stops cleanly on SIGTERM or Ctrl-C."""
    _run(bootstrap.serve(_settings(config)))


@app.command()
def demo(
    exit_: Annotated[
        bool, typer.Option("--exit", help="Stop after the proof; exit code 0 only if all agrees.")
    ] = False,
    config: Config = None,
) -> None:
    """A year of a gallery against a sandbox of Xero: connected, synced, proof printed, daemon left running."""
    from hub.demo import run_demo  # noqa: PLC0415 - loads the whole test year, which no other command needs

    settings = load_settings(config)
    logs.configure("console", level=logging.WARNING)
    code = _run(run_demo(settings, console, stop_after_proof=exit_))
    raise typer.Exit(code)


@sandbox_app.callback()
def sandbox() -> None:
    """Stand-ins for remote sides, for rehearsals and tests."""


@sandbox_app.command("xero")
def sandbox_xero(
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8090,
    client_id: Annotated[str, typer.Option(help="The client id it accepts.")] = "sandbox-client",
    client_secret: Annotated[str, typer.Option(help="The client secret it accepts.")] = "sandbox-secret",  # noqa: S107 - a stand-in's, told to everybody
    config: Config = None,
) -> None:
    """Serve a stand-in for Xero. Point HUB_XERO__LOGIN_URL, __IDENTITY_URL and __API_URL at it."""
    _run(commands_.serve_sandbox(_settings(config), "xero", port, (client_id, client_secret), console))


@app.command()
def migrate(config: Config = None) -> None:
    """Bring the database up to date; `serve` does it by itself."""

    async def work() -> list[str]:
        async with bootstrap.open_database_url(_settings(config)) as (dsn, _):
            return await migrate_.migrate(dsn)

    applied = _run(work())
    console.print(f"applied: {', '.join(applied)}" if applied else "the database is up to date")


@keys_app.command("create")
def keys_create(
    gallery: Annotated[str | None, typer.Option(help="The gallery it opens; none for an operator key.")] = None,
    role: Annotated[str, typer.Option(help="operator, gallery-admin or gallery-reader.")] = "gallery-admin",
    config: Config = None,
) -> None:
    """Make an API key and print it: it is shown this once, only its hash is kept."""
    console.print(_run(commands_.create_key(_settings(config), gallery, role)), markup=False, highlight=False)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="NDJSON: one record a line, each with `type`; - for standard input.")],
    gallery: Annotated[str | None, typer.Option(help="The gallery; else the first gallery record of the file.")] = None,
    config: Config = None,
) -> None:
    """Store records from a file of NDJSON; equal records change nothing. Exit code 1 when a line was refused."""
    refused = _run(commands_.import_file(_settings(config), file, gallery, console))
    raise typer.Exit(1 if refused else 0)


@app.command()
def sync(
    webservice: Annotated[str, typer.Argument(help="The webservice's id.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would be written; write nothing.")] = False,
    config: Config = None,
) -> None:
    """Start a run (or join the one under way), show its progress and what it did."""
    run = _run(commands_.sync(_settings(config), webservice, dry_run=dry_run, console=console))
    if dry_run:
        for write in run.writes or []:
            total = (write["draft"] or {}).get("total")
            console.print(
                f"{write['operation']:7} {write['type']:8} {write['record_id']:20} {total or ''}", markup=False
            )
    console.print_json(json.dumps(commands_.summary(run)))
    raise typer.Exit(0 if run.state == "done" else 1)


@app.command()
def proof(
    webservice: Annotated[str, typer.Argument(help="The webservice's id.")],
    config: Config = None,
) -> None:
    """Re-read what the remote side holds and compare it, to the cent. Exit code 1 when it differs."""
    report = _run(commands_.prove(_settings(config), webservice))
    console.print_json(json.dumps(report))
    raise typer.Exit(0 if report["agrees"] else 1)


@app.command()
def doctor(config: Config = None) -> None:
    """Look whether the hub can run here, and say what to do where it cannot."""
    findings = _run(commands_.examine(_settings(config)))
    table = Table("", "what", "found")
    for ok, what, found in findings:
        table.add_row("[green]✓[/green]" if ok else "[red]✗[/red]", what, found)
    console.print(table)
    console.print("This version was never run against a live Xero: only against the sandbox that comes with it.")
    raise typer.Exit(0 if all(ok for ok, _, _ in findings) else 1)


@app.command()
def plugins(config: Config = None) -> None:
    """List the enabled plugins with the kinds and filters they add."""
    registry = bootstrap.load_registry(_settings(config))
    table = Table("plugin", "version", "kinds", "from")
    for plugin in registry.plugins:
        kinds = ", ".join(kind for kind, owner in registry.owners.items() if owner == plugin.name)
        table.add_row(plugin.name, plugin.version, kinds or "-", plugin.distribution)
    console.print(table)
    console.print(f"exclude filters: {', '.join(registry.filters) or 'none'}")


@app.command("login-link")
def login_link(
    gallery: Annotated[str | None, typer.Option(help="The gallery whose pages it opens; none for an operator.")] = None,
    role: Annotated[
        str | None, typer.Option(help="reader, bookkeeper, owner (usual with a gallery) or operator (without).")
    ] = None,
    config: Config = None,
) -> None:
    """Make a link that signs a browser in, once, within five minutes, and print it."""
    link = _run(commands_.make_login_link(_settings(config), gallery, role))
    console.print(link, markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
