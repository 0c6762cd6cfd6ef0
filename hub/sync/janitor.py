"""The janitor: what has to be done now and then, by one daemon or another, whether anything is synced or not."""

from __future__ import annotations

import asyncio

import structlog

from hub.errors import HubError
from hub.remote.grants import Grants

log = structlog.get_logger()

EVERY_SECONDS = 6 * 3600.0
FIRST_SECONDS = 60.0


async def run(grants: Grants) -> None:
    """Until cancelled: grants not used for a week are refreshed (unused ones end after 60 days), old states removed."""
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
