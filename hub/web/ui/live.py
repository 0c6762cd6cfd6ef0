"""Parts of a page that follow what happens: fragments over server-sent events (`ui.live` in a template)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web
from aiohttp_sse import EventSourceResponse, sse_response

LONGEST_STREAM = 600.0  # a browser's EventSource comes back by itself


class _Stream(EventSourceResponse):
    """Nobody keeps it, as with every page; the library would allow it with questions."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.headers["Cache-Control"] = "no-store"


async def stream_fragments(request: web.Request, fragments: AsyncIterator[str]) -> web.StreamResponse:
    """Send each fragment of HTML (`hub.web.ui.render.render_fragment`) as the new content of its element.

    When *fragments* ends by itself the browser loads the whole page anew; after ten minutes it only asks again.
    """
    async with sse_response(request, response_cls=_Stream) as stream:
        with contextlib.suppress(ConnectionResetError, TimeoutError):
            async with asyncio.timeout(LONGEST_STREAM):
                async for fragment in fragments:
                    await stream.send(fragment)
                await stream.send("", event="done")
    return stream
