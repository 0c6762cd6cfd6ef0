"""`hub demo`: a year of a gallery against a sandbox, seen from outside through the HTTP API alone.

Act one: connect over the real consent, map, load the year, sync, proof. Act two: the bookkeeper enters payments, the
gallery edits and voids; sync again. Act three: the conflicts are solved, and the proof agrees again. Every outcome is
compared with what the year's quotas say must come out.
"""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from hub import bootstrap
from hub.client import HubClient, accept_consent
from hub.errors import StartupError
from hub.hookspecs import SandboxFactory
from hub.progress import Progress
from hub.settings import Settings
from hub.store import embedded
from hub.store.embedded import EmbeddedPostgres
from hub.testing.year import Expected, Year, generate

KIND = "xero"
SEED = "demo"
ANCHOR = date(2026, 6, 30)
CLOCK_FACTOR = 0.1  # Xero's minute lasts six seconds, so that limits are met and waited for without boring anybody


async def run_demo(settings: Settings, console: Console, *, stop_after_proof: bool) -> int:
    """The whole demo; returns the exit code: 0 only if the proof agrees and every outcome is the expected one."""
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="hub-demo-", dir=_base_folder()))
    try:
        async with AsyncExitStack() as stack:
            console.print("[bold]A year of Harbour Lane Gallery[/bold], in a fresh folder, against a sandbox of Xero.")
            dsn = await stack.enter_async_context(EmbeddedPostgres(folder))
            socket = bootstrap.bind_socket(settings.host, settings.port, or_any=True)
            sandbox, sandbox_app, sandbox_url = await _start_sandbox(stack, settings)
            configured = _configure(settings, folder, dsn, socket.getsockname()[1], sandbox_url)
            hub = await stack.enter_async_context(bootstrap.open_hub(configured, dsn, alone=True))
            await stack.enter_async_context(bootstrap.listening(hub.app, socket))
            await stack.enter_async_context(bootstrap.working(hub))
            key = configured.operator_key.get_secret_value() if configured.operator_key else ""
            url = configured.url()
            client = await stack.enter_async_context(HubClient(url, key))
            play = Play(client=client, console=console, sandbox=sandbox, sandbox_app=sandbox_app)
            fine = await play.run()
            console.print(f"[bold]{'All as expected' if fine else 'NOT as expected'}[/bold], {_seconds(began)}.")
            if not stop_after_proof:
                await _stay(console, url, key, sandbox_url)
            return 0 if fine else 1
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _base_folder() -> Path | None:
    """Postgres, run by root, drops to another account: its folder must lie where that account may go."""
    base = embedded.default_data_dir().parent
    return base if base == Path("/var/lib") else None


async def _start_sandbox(stack: AsyncExitStack, settings: Settings) -> tuple[SandboxFactory, Any, str]:
    registry = bootstrap.load_registry(settings)
    sandbox = registry.sandboxes.get(KIND)
    if sandbox is None:
        raise StartupError(f"No enabled plugin brings a sandbox for {KIND}: add it to HUB_PLUGINS.")
    app = sandbox.app(clock_factor=CLOCK_FACTOR, client_id="demo", client_secret="demo-secret")  # noqa: S106 - a stand-in's
    socket = bootstrap.bind_socket("127.0.0.1", 0)
    await stack.enter_async_context(bootstrap.listening(app, socket))
    return sandbox, app, f"http://localhost:{socket.getsockname()[1]}"


def _configure(settings: Settings, folder: Path, dsn: str, port: int, sandbox_url: str) -> Settings:
    """The operator's settings with the demo's own database, keys and addresses."""
    section = {
        "client_id": "demo",
        "client_secret": "demo-secret",
        "login_url": sandbox_url,
        "identity_url": sandbox_url,
        "api_url": sandbox_url,
    }
    changes = {
        "data_dir": folder,
        "database_url": SecretStr(dsn),
        "port": port,
        "public_url": "",
        "operator_key": SecretStr(f"demo-{secrets.token_urlsafe(24)}"),
        "clock_factor": CLOCK_FACTOR,
    }
    return settings.model_copy(update=changes).with_sections({KIND: section})


def _seconds(began: float) -> str:
    return f"{time.monotonic() - began:.0f} s"


async def _stay(console: Console, url: str, key: str, sandbox_url: str) -> None:
    console.print(f"\nThe daemon goes on: [bold]{url}[/bold] (API at {url}/api/v1/docs)")
    console.print(f"Operator key: {key}")
    console.print(f"The sandbox's own page: {sandbox_url}/sandbox/")
    console.print("Ctrl-C stops everything.")
    stopped = bootstrap.stop_signal()
    await stopped.wait()


@dataclasses.dataclass(kw_only=True)
class Play:
    """The three acts, as an outside program plays them."""

    client: HubClient
    console: Console
    sandbox: SandboxFactory
    sandbox_app: Any
    gallery: str = ""
    webservice: str = ""

    async def run(self) -> bool:
        """All acts; whether all came out as expected."""
        year = generate(SEED, ANCHOR)
        self.gallery = str(year.of_type("gallery")[0]["id"])
        facts = [_fact(f) for f in year.remote]
        self.sandbox.prepare(self.sandbox_app, [f for f in facts if f["fact"] != "payment"])
        await self._load(year)
        await self._connect(year)
        fine = await self._sync_and_compare("First sync", year.expected_first)
        fine = await self._prove(set()) and fine
        self.console.print(
            "\n[bold]Life goes on[/bold]: payments are entered in Xero, invoices edited and voided here."
        )
        self.sandbox.prepare(self.sandbox_app, [f for f in facts if f["fact"] == "payment"])
        await self._live_on(year)
        fine = await self._sync_and_compare("Second sync", year.expected) and fine
        conflicts = {e.record_id for e in year.expected if e.state == "conflict"}
        fine = await self._prove(conflicts) and fine
        self.console.print("\n[bold]The way out[/bold]: the gallery takes back what it changed on closed invoices.")
        await self._take_back(year, conflicts)
        solved = [
            dataclasses.replace(e, state="synced", reason=None) if e.record_id in conflicts else e
            for e in year.expected
        ]
        fine = await self._sync_and_compare("Third sync", solved) and fine
        return await self._prove(set()) and fine

    async def _load(self, year: Year) -> None:
        began = time.monotonic()
        gallery = year.of_type("gallery")[0]
        await self.client.put(f"/galleries/{self.gallery}", gallery)
        lines = [r for r in year.records if r["type"] != "gallery"]
        answers = await self.client.send_records(self.gallery, lines)
        refused = [a for a in answers if a["status"] == "refused"]
        counts = Counter(str(r["type"]) for r in lines)
        told = ", ".join(f"{n} {name.replace('_', ' ')}s" for name, n in counts.items())
        self.console.print(f"Loaded {told} in {_seconds(began)}; {len(refused)} refused at the door.")

    async def _connect(self, year: Year) -> None:
        base = f"/galleries/{self.gallery}/webservices"
        made = await self.client.post(base, {"kind": KIND, "name": "Xero", "settings": dict(year.settings)})
        self.webservice = str(made["id"])
        here = f"{base}/{self.webservice}"
        await accept_consent(str(made["authorize_url"]))
        offered = (await self.client.get(f"{here}/organisations"))["items"]
        await self.client.post(f"{here}/organisation", {"id": offered[0]["id"]})
        choices = await self.client.get(f"{here}/choices")
        await self.client.put(f"{here}/mappings", {"mappings": list(year.mappings)})
        self.console.print(
            f"Connected to {offered[0]['name']} by consent: {len(choices['accounts'])} accounts, "
            f"{len(choices['tax_rates'])} tax rates; {len(year.mappings)} mappings."
        )

    async def _live_on(self, year: Year) -> None:
        for record in year.edits:
            await self.client.put(f"/galleries/{self.gallery}/{record['type']}s/{record['id']}", record)
        for void in year.voids:
            path = f"/galleries/{self.gallery}/invoices/{void.invoice_id}/void"
            await self.client.post(path, {"on": void.on.isoformat(), "reason": void.reason})

    async def _take_back(self, year: Year, conflicts: set[str]) -> None:
        for record in year.of_type("invoice"):
            if record["id"] in conflicts:
                await self.client.put(f"/galleries/{self.gallery}/invoices/{record['id']}", record)

    async def _sync_and_compare(self, title: str, expected: Sequence[Expected]) -> bool:
        here = f"/galleries/{self.gallery}/webservices/{self.webservice}"
        run = await self.client.post(f"{here}/sync", {})
        with Progress(self.console, title) as bar:
            while run["state"] in {"queued", "running", "waiting"}:
                await asyncio.sleep(0.2)
                run = await self.client.get(f"{here}/runs/{run['id']}")
                bar.update(int(run["done"]), int(run["total"]))
        counts = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in run["counts"].items() if n)
        self.console.print(
            f"{title}: {run['state']}; {counts}; {run['calls']} calls, {run['bytes_down']:,} bytes read."
        )
        if run["error"]:
            self.console.print(f"[red]{run['error']}[/red]")
        entries = await self.client.get_all(f"{here}/entries")
        self._show_states(entries)
        self._show_people(entries)
        wrong = _compare(entries, expected)
        for line in wrong[:20]:
            self.console.print(f"[red]{line}[/red]")
        return run["state"] == "done" and not wrong

    def _show_states(self, entries: Sequence[Mapping[str, Any]]) -> None:
        table = Table("", *[state.replace("_", " ") for state in _STATES])
        for kind in ("contact", "invoice", "payment"):
            of_kind = Counter(str(e["state"]) for e in entries if e["type"] == kind)
            table.add_row(f"{kind}s", *[str(of_kind[s]) if of_kind[s] else "·" for s in _STATES])
        self.console.print(table)

    def _show_people(self, entries: Sequence[Mapping[str, Any]]) -> None:
        waiting = [e for e in entries if e["state"] in {"held", "conflict"}]
        self.console.print(f"{len(waiting)} need a person:")
        for entry in waiting:
            name = f"{entry['type']} {entry['record_id']}"
            self.console.print(f"  [bold]{name}[/bold] ({entry['state']}: {entry['reason']}) {entry['message']}")
            self.console.print(f"      → {entry['remedy']}")

    async def _prove(self, differing: set[str]) -> bool:
        """Print the proof; whether it agrees, but for the invoices that must differ."""
        proof = await self.client.get(f"/galleries/{self.gallery}/webservices/{self.webservice}/proof")
        table = Table(
            "currency", "ours", "theirs", "difference", title="Proof: re-read from Xero just now, to the cent"
        )
        for row in proof["sums"]:
            table.add_row(row["currency"], _total(row["ours"]), _total(row["theirs"]), _total(row["difference"]))
        self.console.print(table)
        wrong = {row["record_id"] for row in proof["rows"] if _differs(row["difference"])}
        orphans = proof["orphans"]
        named = ", ".join(sorted(wrong))
        expected = ", as it must: they are in conflict" if wrong == differing else ""
        verdict = "agrees" if proof["agrees"] else f"differs in {named}{expected}"
        self.console.print(
            f"The proof [bold]{verdict}[/bold]: {len(proof['rows'])} rows, {len(orphans['ours'])} orphans here, "
            f"{len(orphans['theirs'])} there; {len(proof['not_in_books'])} not in the books."
        )
        return wrong == differing and proof["agrees"] == (not differing)


_STATES = ("synced", "voided", "pending", "sending", "unknown", "waiting", "held", "conflict", "left_out")


def _differs(difference: Mapping[str, str | None] | None) -> bool:
    return any(Decimal(figure or 0) for figure in (difference or {}).values())


def _total(figure: Any) -> str:
    return str(figure["total"]) if isinstance(figure, Mapping) else str(figure)


def _fact(fact: Any) -> dict[str, Any]:
    """A fact of the year as the sandbox's `prepare` takes it: RemoteTaxRate -> ``{"fact": "tax_rate", ...}``."""
    name = type(fact).__name__.removeprefix("Remote")
    words = "".join(f"_{c.lower()}" if c.isupper() else c for c in name).strip("_")
    return {"fact": words, **dataclasses.asdict(fact)}


def _compare(entries: Sequence[Mapping[str, Any]], expected: Sequence[Expected]) -> list[str]:
    """What differs from the year's expectations, in sentences."""
    standing = {(e["type"], e["record_id"]): e for e in entries}
    wrong = []
    for item in expected:
        if item.state is None:
            continue
        entry = standing.get((item.type, item.record_id))
        state, reason = (entry["state"], entry["reason"]) if entry else ("missing", None)
        if (state, reason) != (item.state, item.reason):
            why = f": {entry['message']}" if entry else ""
            wrong.append(
                f"{item.type} {item.record_id} is {state} ({reason}), expected {item.state} ({item.reason}){why}"
            )
    return wrong
