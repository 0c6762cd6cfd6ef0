"""The janitor: what has to be done now and then, by one daemon or another, whether anything is synced or not."""

from __future__ import annotations

import asyncio

import structlog

from hub.errors import HubError
from hub.remote.grants import Grants
from hub.store import events
from hub.store.database import Database

log = structlog.get_logger()

EVERY_SECONDS = 6 * 3600.0
FIRST_SECONDS = 60.0


async def run(grants: Grants, database: Database) -> None:
    """Until cancelled: grants not used for a week are refreshed (unused ones end after 60 days), old things removed."""
    delay = FIRST_SECONDS
    while True:
        await asyncio.sleep(delay)
        delay = EVERY_SECONDS
        try:
            refreshed = await grants.refresh_idle()
        except HubError as error:
            log.warning("janitor.failed", error=str(error))
        else:
            log.info("janitor.finished", count=refreshed)
        try:
            await purge_events(database)
        except HubError as error:
            log.warning("janitor.failed", error=str(error))


async def purge_events(database: Database) -> int:
    """Forget events older than 90 days, gallery by gallery, in short transactions; returns how many."""
    forgotten, after = 0, ""
    while True:
        async with database.connection() as conn:
            galleries = await events.list_galleries(conn, after)
        if not galleries:
            return forgotten
        for gallery_id in galleries:
            while True:
                async with database.transaction() as conn:
                    gone = await events.purge(conn, gallery_id)
                forgotten += gone
                if not gone:
                    break
        after = galleries[-1]
