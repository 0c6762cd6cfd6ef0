"""A year of Harbour Lane Gallery: the first sync, life going on, the way out of its conflicts."""

from __future__ import annotations

import dataclasses
from typing import Any

from hub.demo.player import Player, Scene
from hub.testing.year import Year, expected_in_year


class HarbourLane(Player):
    """Plays a `Year`."""

    def __init__(self, scene: Scene, year: Year) -> None:
        super().__init__(scene, str(year.of_type("gallery")[0]["id"]))
        self._year = year

    async def play(self) -> bool:
        """All three acts; whether all came out as expected."""
        year = self._year
        facts = [_fact(f) for f in year.remote]
        self.scene.happen([f for f in facts if f["fact"] != "payment"])
        fine = await self.load(year.of_type("gallery")[0], [r for r in year.records if r["type"] != "gallery"])
        await self.connect(year.settings, year.mappings)
        fine = await self.sync_and_compare("First sync", expected_in_year(year, "first")) and fine
        fine = await self.prove(()) and fine
        self.console.print(
            "\n[bold]Life goes on[/bold]: payments are entered in Xero, invoices edited and voided here."
        )
        self.scene.happen([f for f in facts if f["fact"] == "payment"])
        await self._live_on()
        fine = await self.sync_and_compare("Second sync", expected_in_year(year, "second")) and fine
        conflicts = {e.record_id for e in year.expected if e.state == "conflict"}
        fine = await self.prove(conflicts) and fine
        self.console.print("\n[bold]The way out[/bold]: the gallery takes back what it changed on closed invoices.")
        await self._take_back(conflicts)
        fine = await self.sync_and_compare("Third sync", expected_in_year(year, "third")) and fine
        return await self.prove(()) and fine

    async def _live_on(self) -> None:
        for record in self._year.edits:
            await self.client.put(f"{self.base}/{record['type']}s/{record['id']}", record)
        for void in self._year.voids:
            path = f"{self.base}/invoices/{void.invoice_id}/void"
            await self.client.post(path, {"on": void.on.isoformat(), "reason": void.reason})

    async def _take_back(self, conflicts: set[str]) -> None:
        for record in self._year.of_type("invoice"):
            if record["id"] in conflicts:
                await self.client.put(f"{self.base}/invoices/{record['id']}", record)


def _fact(fact: Any) -> dict[str, Any]:
    """A fact of the year as the sandbox's `prepare` takes it: RemoteTaxRate -> ``{"fact": "tax_rate", ...}``."""
    name = type(fact).__name__.removeprefix("Remote")
    words = "".join(f"_{c.lower()}" if c.isupper() else c for c in name).strip("_")
    return {"fact": words, **dataclasses.asdict(fact)}
