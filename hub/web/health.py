"""Is the daemon alive, and can it work?"""

from __future__ import annotations

import asyncio

from aiohttp import web

from hub.errors import BusyError, UnavailableError
from hub.store import migrate
from hub.web.bodies import answer
from hub.web.deps import DEPS
from hub.web.problems import BUSY_SECONDS
from hub.web.routes import Policy, Route

READY_SECONDS = 5.0


async def is_alive(_request: web.Request) -> web.StreamResponse:
    """Answer as long as the event loop turns."""
    return answer({"alive": True})


async def is_ready(request: web.Request) -> web.StreamResponse:
    """Ask the database, and whether it has every migration."""
    database, migrations = False, False
    try:
        async with asyncio.timeout(READY_SECONDS), request.app[DEPS].database.connection() as connection:
            migrations = await migrate.is_current(connection)
            database = True
    except (BusyError, UnavailableError, TimeoutError):
        pass  # that is the answer
    ready = database and migrations
    headers = {} if ready else {"Retry-After": str(BUSY_SECONDS)}
    body = {"ready": ready, "database": database, "migrations": migrations}
    return answer(body, status=200 if ready else 503, headers=headers)


_READY = {
    "type": "object",
    "properties": {name: {"type": "boolean"} for name in ("ready", "database", "migrations")},
    "required": ["ready", "database", "migrations"],
}

ROUTES = (
    Route(
        method="GET",
        path="/healthz",
        handler=is_alive,
        policy=Policy.PUBLIC,
        summary="Alive: the daemon answers.",
        tag="Operation",
        response={"type": "object", "properties": {"alive": {"const": True}}, "required": ["alive"]},
    ),
    Route(
        method="GET",
        path="/readyz",
        handler=is_ready,
        policy=Policy.PUBLIC,
        summary="Ready: the database answers and has every migration; 503 otherwise.",
        tag="Operation",
        response=_READY,
        status=(200, 503),
    ),
)
