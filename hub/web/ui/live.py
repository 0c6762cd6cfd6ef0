"""Parts of a page that follow what happens: fragments over server-sent events (`ui.live` in a template)."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import structlog
from aiohttp import web
from aiohttp_sse import EventSourceResponse, sse_response

from hub.errors import HubError, NotFoundError, UnavailableError
from hub.store import sessions
from hub.web.deps import DEPS
from hub.web.ui.session import visit_of

log = structlog.get_logger(__name__)

LONGEST_STREAM = 600.0  # a browser's EventSource comes back by itself
WATCH_SECONDS = 3.0
MOST_STREAMS = 20
"""Of one session at a time: a browser has one for each page that is left open."""
STREAMS = web.AppKey("streams", Counter[str])


class _Stream(EventSourceResponse):
    """Nobody keeps it, as with every page; the library would allow it with questions."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.headers["Cache-Control"] = "no-store"


async def stream_fragments(request: web.Request, fragments: AsyncGenerator[str, None]) -> web.StreamResponse:
    """Send each fragment of HTML (`hub.web.ui.render.render_fragment`) as the new content of its element.

    When *fragments* ends by itself, its subject is gone or nobody is signed in any more, the browser loads the whole
    page anew; after ten minutes, or when the hub is busy, it only asks again.

    Raises UnavailableError: this browser has too many streams already.
    """
    counted, whose = request.app[STREAMS], visit_of(request).token
    if counted[whose] >= MOST_STREAMS:
        raise UnavailableError("Too many pages follow what happens in this browser: close some of them.")
    counted[whose] += 1
    try:
        async with sse_response(request, response_cls=_Stream) as stream, contextlib.aclosing(fragments):
            with contextlib.suppress(ConnectionResetError):
                if await _send(request, stream, fragments):
                    await stream.send("", event="done")
    finally:
        counted[whose] -= 1
        if not counted[whose]:
            del counted[whose]
    return stream


async def _send(request: web.Request, stream: EventSourceResponse, fragments: AsyncIterator[str]) -> bool:
    """Send until *fragments* end; returns whether the page is to be loaded anew."""
    ended = False  # the session
    try:
        async with asyncio.timeout(LONGEST_STREAM) as limit:

            async def watch() -> None:
                nonlocal ended
                while True:
                    ended = await _is_over(request)
                    if ended or not _is_there(request, stream):
                        break
                    await asyncio.sleep(WATCH_SECONDS * min(1.0, request.app[DEPS].settings.clock_factor))
                limit.reschedule(asyncio.get_running_loop().time())

            watcher = asyncio.create_task(watch(), name="stream-watch")
            try:
                async for fragment in fragments:
                    await stream.send(fragment)
            finally:
                watcher.cancel()
                await asyncio.wait([watcher])
                if not watcher.cancelled():
                    watcher.result()
    except TimeoutError:
        return ended
    except NotFoundError:
        return True
    except HubError as error:
        log.warning("request.failed", error=type(error).__name__)
        return False
    except ConnectionResetError:
        raise
    except Exception:  # the stream has begun: no other answer can be given, and the log gets the cause
        log.exception("request.crashed")
        return False
    return True


def _is_there(request: web.Request, stream: EventSourceResponse) -> bool:
    """Whether the browser still listens: one that went away is told by nobody while there is nothing to send."""
    return stream.is_connected() and request.transport is not None and not request.transport.is_closing()


async def _is_over(request: web.Request) -> bool:
    """Whether the session ended since the page was asked for; where that cannot be told now it goes on."""
    try:
        async with request.app[DEPS].database.connection() as conn:
            return await sessions.find(conn, visit_of(request).session.secret.reveal(), touch=False) is None
    except HubError:
        return False
