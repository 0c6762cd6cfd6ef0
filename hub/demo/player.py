"""What an outside program does with one gallery: load, connect, sync, compare, prove; all through the HTTP API."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from hub.client import HubClient, accept_consent
from hub.hookspecs import SandboxFactory
from hub.progress import Progress
from hub.testing.year import Expectation

KIND = "xero"
_STATES = ("synced", "voided", "pending", "sending", "unknown", "waiting", "held", "conflict", "left_out")
_PEOPLE = ("held", "conflict")


class Told(NamedTuple):
    """What the hub said for a reason, the first time it came up."""

    state: str
    message: str
    remedy: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scene:
    """What the players share. `told`: what the hub said, by reason."""

    client: HubClient
    console: Console
    sandbox: SandboxFactory
    sandbox_app: Any
    told: dict[str, Told] = dataclasses.field(default_factory=dict)

    def happen(self, facts: Sequence[Mapping[str, Any]]) -> None:
        """Something happens over there."""
        self.sandbox.prepare(self.sandbox_app, facts)


class Player:
    """One gallery's own part of the demo."""

    def __init__(self, scene: Scene, gallery: str) -> None:
        self.scene = scene
        self.client = scene.client
        self.console = scene.console
        self.gallery = gallery
        self.webservice = ""

    @property
    def base(self) -> str:
        """Path of the gallery."""
        return f"/galleries/{self.gallery}"

    @property
    def here(self) -> str:
        """Path of its webservice."""
        return f"{self.base}/webservices/{self.webservice}"

    async def load(self, gallery: Mapping[str, Any], records: Sequence[Mapping[str, Any]]) -> bool:
        """Send the gallery and its records; whether the door took them all."""
        began = time.monotonic()
        await self.client.put(self.base, gallery)
        refused = await self.send(records)
        counts = Counter(str(r["type"]) for r in records)
        told = ", ".join(f"{n} {name.replace('_', ' ')}s" for name, n in counts.items())
        self.console.print(f"Loaded {told} in {time.monotonic() - began:.0f} s; {len(refused)} refused at the door.")
        return not refused

    async def send(self, records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Send *records*; the answers of those that the door refused."""
        answers = await self.client.send_records(self.gallery, records)
        refused = [one for one in answers if one["status"] == "refused"]
        for one in refused:
            self.console.print(f"[red]{one['type']} {one['id']} was refused at the door: {one['errors']}[/red]")
        return refused

    async def connect(
        self, settings: Mapping[str, Any], mappings: Sequence[Mapping[str, Any]], *, organisation: str = ""
    ) -> None:
        """Make the webservice, allow access to *organisation* (the first when none is named), choose it, map."""
        made = await self.client.post(
            f"{self.base}/webservices", {"kind": KIND, "name": "Xero", "settings": dict(settings)}
        )
        self.webservice = str(made["id"])
        await accept_consent(str(made["authorize_url"]), choose=organisation)
        offered = (await self.client.get(f"{self.here}/organisations"))["items"]
        chosen = next(one for one in offered if not organisation or one["name"] == organisation)
        await self.client.post(f"{self.here}/organisation", {"id": chosen["id"]})
        choices = await self.client.get(f"{self.here}/choices")
        await self.client.put(f"{self.here}/mappings", {"mappings": list(mappings)})
        self.console.print(
            f"Connected to {chosen['name']} by consent: {len(choices['accounts'])} accounts, "
            f"{len(choices['tax_rates'])} tax rates; {len(mappings)} mappings."
        )

    async def sync(self, title: str) -> bool:
        """Start a run and wait for its end; whether it ended well."""
        run = await self.client.post(f"{self.here}/sync", {})
        with Progress(self.console, title) as bar:
            while run["state"] in {"queued", "running", "waiting"}:
                await asyncio.sleep(0.1)
                run = await self.client.get(f"{self.here}/runs/{run['id']}")
                bar.update(int(run["done"]), int(run["total"]))
        counts = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in run["counts"].items() if n)
        self.console.print(
            f"{title}: {run['state']}; {counts or 'nothing new'}; "
            f"{run['calls']} calls, {run['bytes_down']:,} bytes read."
        )
        if run["error"]:
            self.console.print(f"[red]{run['error']}[/red]")
        return bool(run["state"] == "done")

    async def sync_and_compare(self, title: str, expected: Sequence[Expectation], *, name_people: bool = True) -> bool:
        """Sync, show how all stands, and say what is not as expected."""
        done = await self.sync(title)
        entries = await self.client.get_all(f"{self.here}/entries")
        problems = await self.client.get_all(f"{self.here}/problems")
        self._listen(entries, problems)
        self._show_states(entries)
        self._show_people(entries, name_people=name_people)
        wrong = compare(entries, problems, expected)
        for line in wrong[:20]:
            self.console.print(f"[red]{line}[/red]")
        return done and not wrong

    def _listen(self, entries: Sequence[Mapping[str, Any]], problems: Sequence[Mapping[str, Any]]) -> None:
        """Remember what was said for each reason: by entries, and by problems that are about no entry."""
        for one in [e for e in entries if e["reason"]] + [{**p, "state": "open"} for p in problems]:
            told = Told(str(one["state"]), str(one["message"]), str(one["remedy"] or ""))
            self.scene.told.setdefault(str(one["reason"]), told)

    def _show_states(self, entries: Sequence[Mapping[str, Any]]) -> None:
        table = Table("", *[state.replace("_", " ") for state in _STATES])
        for kind in dict.fromkeys(("contact", "invoice", "payment", *(str(e["type"]) for e in entries))):
            of_kind = Counter(str(e["state"]) for e in entries if e["type"] == kind)
            table.add_row(f"{kind}s", *[str(of_kind[s]) if of_kind[s] else "·" for s in _STATES])
        self.console.print(table)

    def _show_people(self, entries: Sequence[Mapping[str, Any]], *, name_people: bool) -> None:
        waiting = [e for e in entries if e["state"] in _PEOPLE]
        self.console.print(f"{len(waiting)} need a person{':' if name_people else '.'}")
        for entry in waiting if name_people else ():
            name = f"{entry['type']} {entry['record_id']}"
            self.console.print(f"  [bold]{name}[/bold] ({entry['state']}: {entry['reason']}) {entry['message']}")
            self.console.print(f"      → {entry['remedy']}")

    async def prove(self, differing: Collection[str], *, strangers: int = 0) -> bool:
        """Print the proof; whether it agrees, but for the records that must differ and so many orphans there."""
        proof = await self.client.get(f"{self.here}/proof")
        table = Table(
            "currency", "ours", "theirs", "difference", title="Proof: re-read from Xero just now, to the cent"
        )
        for row in proof["sums"]:
            table.add_row(row["currency"], _total(row["ours"]), _total(row["theirs"]), _total(row["difference"]))
        self.console.print(table)
        wrong = {row["record_id"] for row in proof["rows"] if _differs(row["difference"])}
        orphans = proof["orphans"]
        fine = wrong == set(differing) and (len(orphans["ours"]), len(orphans["theirs"])) == (0, strangers)
        named = ", ".join(sorted(wrong))
        judged = ", as it must" if fine else f"; it should in {', '.join(sorted(differing)) or 'none'}"
        verdict = "agrees" if proof["agrees"] else f"differs in {named}{judged}"
        self.console.print(
            f"The proof [bold]{verdict}[/bold]: {len(proof['rows'])} rows, {len(orphans['ours'])} orphans here, "
            f"{len(orphans['theirs'])} there; {len(proof['not_in_books'])} not in the books."
        )
        return fine and proof["agrees"] == (not differing and not strangers)


def _differs(difference: Mapping[str, str | None] | None) -> bool:
    return any(Decimal(figure or 0) for figure in (difference or {}).values())


def _total(figure: Any) -> str:
    return str(figure["total"]) if isinstance(figure, Mapping) else str(figure)


def compare(
    entries: Sequence[Mapping[str, Any]], problems: Sequence[Mapping[str, Any]], expected: Sequence[Expectation]
) -> list[str]:
    """What differs from the expectations, in sentences; an invoice or payment that needs a person must be expected."""
    standing = {(e["type"], e["record_id"]): e for e in entries}
    open_ = {str(p["reason"]): p for p in problems}
    wrong = []
    for item in expected:
        entry = standing.get((item.type, item.record_id))
        state, reason = (entry["state"], entry["reason"]) if entry else ("missing", None)
        if item.type == "problem":
            entry = open_.get(item.reason or "")
            state, reason = ("open", item.reason) if entry else ("missing", None)
        if (state, reason) != (item.state, item.reason):
            why = f": {entry['message']}" if entry else ""
            wrong.append(
                f"{item.type} {item.record_id} is {state} ({reason}), expected {item.state} ({item.reason}){why}"
            )
    listed = {(item.type, item.record_id) for item in expected}
    for name, entry in standing.items():
        if entry["type"] != "contact" and entry["state"] in _PEOPLE and name not in listed:
            what = f"{entry['state']} ({entry['reason']}): {entry['message']}"
            wrong.append(f"{entry['type']} {entry['record_id']} is {what}; nobody expected that")
    return wrong


def show_reasons(scene: Scene, expected: Sequence[Expectation]) -> bool:
    """Print every reason that came up, with what the hub said; whether they are those that were expected."""
    table = Table("reason", "what the hub says", "the way out", title="Every reason, as it was met", show_lines=True)
    rank = {"left_out": 0, "held": 1, "open": 1, "conflict": 2}
    for reason, told in sorted(scene.told.items(), key=lambda one: (rank.get(one[1].state, 3), one[0])):
        table.add_row(reason, told.message, told.remedy)
    scene.console.print(table)
    wanted = {one.reason for one in expected if one.reason is not None}
    missing, more = wanted - set(scene.told), set(scene.told) - wanted
    for reason in sorted(missing):
        scene.console.print(f"[red]the reason {reason} did not come up[/red]")
    for reason in sorted(more):
        scene.console.print(f"[red]the reason {reason} came up, and was not expected[/red]")
    scene.console.print(f"{len(scene.told)} reasons came up, of {len(wanted)} expected.")
    return not missing and not more
