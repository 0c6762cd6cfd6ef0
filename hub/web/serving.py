"""How the application is served: aiohttp's runner, with our answer to what is no HTTP.

aiohttp answers broken requests before any application sees them: as plain text, and with their bytes in its log, where
a key may be among them. Here they get a problem with our headers, and one line without their contents.
"""

from __future__ import annotations

from typing import Any

import msgspec
import structlog
from aiohttp import web

from hub.web import headers, problems

log = structlog.get_logger(__name__)

SHUTDOWN_SECONDS = 30.0
LINGER_SECONDS = 2.0  # how long the rest of a refused body is read before the connection ends


class _Protocol(web.RequestHandler):
    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - aiohttp's text quotes the request
    ) -> web.StreamResponse:
        """A problem in the place of aiohttp's plain text; it ends the connection."""
        log.warning("request.unreadable", status=status, error=type(exc).__name__)
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun: there is no other")
        named = problems.problem("internal" if status >= 500 else "bad-request", status=status)
        response = web.Response(
            status=status,
            body=msgspec.json.encode(named),
            headers={"Content-Type": problems.MEDIA, **headers.DATA_HEADERS},
        )
        response.force_close()
        return response


class _Server(web.Server):
    def __call__(self) -> web.RequestHandler:
        return _Protocol(self, loop=self._loop, **self._kwargs)


class Runner(web.AppRunner):
    """Serves one application; as aiohttp's `AppRunner`, without its access log: the application writes its own."""

    def __init__(self, app: web.Application, **options: Any) -> None:
        usual = {"access_log": None, "shutdown_timeout": SHUTDOWN_SECONDS, "lingering_time": LINGER_SECONDS}
        super().__init__(app, **{**usual, **options})

    async def _make_server(self) -> web.Server:
        # aiohttp has no other place to say which protocol a server speaks
        server = await super()._make_server()
        server.__class__ = _Server
        return server
