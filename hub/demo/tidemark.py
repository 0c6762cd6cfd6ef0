"""Tidemark Editions: everything that can go wrong does so once and is named; some of it is put right."""

from __future__ import annotations

from hub.demo.player import Player, Scene
from hub.testing.year import Story
from hub.testing.year.troubles import Act, Press


class Tidemark(Player):
    """Plays a `Story`. A day passes between `play` and `play_a_day_later`: who calls them sees to that."""

    def __init__(self, scene: Scene, story: Story) -> None:
        super().__init__(scene, story.gallery_id)
        self._story = story

    async def play(self) -> bool:
        """Connect, the first sync, what happens there, and the sync whose answer is lost."""
        story = self._story
        self.console.print(f"\n[bold]{story.gallery['name']}[/bold]: everything that can go wrong, once.")
        opening = story.deeds("before").records
        fine = await self.load(story.gallery, [*story.opening, *opening])
        self._happen(*story.there)
        await self.connect(story.settings, story.mappings, organisation=story.organisation)
        fine = await self._act("first", "First sync") and fine
        self.console.print("\n[bold]Things happen there[/bold]: archived, edited, voided, paid and deleted by hand.")
        fine = await self._act("life", "Second sync") and fine
        fine = await self._prove("life") and fine
        self.console.print("\n[bold]The line breaks[/bold] while a payment is on its way; a day passes.")
        return await self._do("lost") and await self.sync("Third sync") and fine

    async def play_a_day_later(self) -> bool:
        """The sync that cannot find out any more what became of the payment."""
        return await self._compare("lost", "A day later")

    async def play_the_way_out(self) -> bool:
        """Some remedies are carried out, and their records go through."""
        self.console.print("\n[bold]The way out[/bold]: some of it is corrected, here or there, and goes through.")
        fine = await self._act("way out", "Last sync")
        return await self._prove("way out") and fine

    async def _act(self, act: Act, title: str) -> bool:
        return await self._do(act) and await self._compare(act, title)

    async def _compare(self, act: Act, title: str) -> bool:
        expected = (*self._story.sound_before(act), *self._story.expected(act))
        return await self.sync_and_compare(title, expected, name_people=False)

    def _happen(self, *facts: dict[str, object]) -> None:
        self.scene.happen([self._story.here, *facts])

    async def _do(self, act: Act) -> bool:
        """Carry out the deeds of *act*; whether the door took all records."""
        deeds = self._story.deeds(act)
        self._happen(*deeds.there)
        if await self.send(deeds.records):
            return False
        for invoice in deeds.voids:
            await self.client.post(f"{self.base}/invoices/{invoice}/void", {"on": self._story.voided_on, "reason": ""})
        if deeds.mappings:
            await self.client.get(f"{self.here}/choices?refresh=true")  # as the page of the mappings does
            await self.client.put(f"{self.here}/mappings", {"mappings": list(self._story.mappings_in(act))})
        for press in deeds.presses:
            await self._press(press)
        return True

    async def _press(self, press: Press) -> None:
        found = await self.client.get(f"{self.here}/entries?type={press.type}&record={press.record_id}")
        entry = found["items"][0]["id"]
        await self.client.post(f"{self.here}/entries/{entry}/retry", {})

    async def _prove(self, act: Act) -> bool:
        return await self.prove(self._story.differing(act), strangers=self._story.count_strangers(act))
