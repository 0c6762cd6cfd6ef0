"""An office with its teller worked by hand: time is moved in the database, nothing waits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from pydantic import SecretStr

from hub.bootstrap import open_notifiers
from hub.remote.outbound import Outbound
from hub.sync.telling import Teller
from tests.sync.harness import FAST
from tests.telling.receivers import Mailbox
from tests.web.webservices.office import BASE, Office, open_office

PUBLIC_URL = "http://localhost:8080"
CALLBACK = f"{BASE}/callback"


@dataclass
class Told:
    """The office, its teller, and the mail server."""

    office: Office
    teller: Teller
    mailbox: Mailbox

    async def run(self, statement: str, *values: Any) -> None:
        """One statement on the database."""
        async with self.office.bench.hub.database.connection() as conn:
            await conn.execute(statement, *values)

    async def value(self, statement: str, *values: Any) -> Any:
        """What one statement gives."""
        async with self.office.bench.hub.database.connection() as conn:
            return await conn.fetchval(statement, *values)

    async def look(self) -> int:
        """One tick of the teller, and all that follows from it."""
        claimed = await self.teller.look()
        await self.teller.idle()
        return claimed

    async def gather(self) -> None:
        """The gathering time is over: what is to be told is due, and told."""
        await self.run("UPDATE notice SET due_at = clock_timestamp() WHERE due_at IS NOT NULL")
        await self.look()

    async def rest(self) -> None:
        """More than an hour went by since people were last told."""
        await self.run("UPDATE problem_told SET opened_at = opened_at - interval '2 hours'")
        await self.run("UPDATE problem_told SET closed_at = closed_at - interval '2 hours'")

    async def deliver(self) -> None:
        """All delays of deliveries are over; deliver until nothing is due."""
        await self.run("UPDATE callback SET due_at = clock_timestamp() WHERE due_at IS NOT NULL AND state = 'on'")
        while await self.look():
            pass

    async def register(self, url: str, **more: Any) -> str:
        """Set the gallery's callback; returns its secret."""
        status, told = await self.office.call("PUT", CALLBACK, json={"url": url, **more})
        assert status in {200, 201}, told
        return str(told["secret"])

    async def events(self) -> list[dict[str, Any]]:
        """All events by cursor."""
        found: list[dict[str, Any]] = []
        after: dict[str, str] = {}
        while True:
            status, page = await self.office.get(f"{BASE}/events", **after)
            assert status == 200, page
            found += page["items"]
            if page["next"] is None:
                return found
            after = {"after": page["next"]}

    def teller_with(self, notifiers: dict[str, Any], **options: Any) -> Teller:
        """Another teller on the same database, as a second daemon has one."""
        hub = self.office.bench.hub
        registry = msgspec.structs.replace(hub.registry, notifiers=notifiers)
        return Teller(hub.database, registry, hub.services.box, public_url=PUBLIC_URL, clock_factor=FAST, **options)


@asynccontextmanager
async def open_told(dsn: str, folder: Path, mailbox: Mailbox, *, smtp: str | None = None) -> AsyncIterator[Told]:
    """An office whose hub mails to *mailbox*."""
    async with open_office(dsn, folder) as office, Outbound(allow_local=True, timeout=5) as outbound:
        hub = office.bench.hub
        address = smtp or f"smtp://127.0.0.1:{mailbox.port}?from=hub@hub.example.com"
        settings = hub.settings.model_copy(update={"smtp_url": SecretStr(address)})
        open_notifiers(hub.registry, settings, outbound, public_url=PUBLIC_URL)
        teller = Teller(hub.database, hub.registry, hub.services.box, public_url=PUBLIC_URL, clock_factor=FAST)
        yield Told(office=office, teller=teller, mailbox=mailbox)
