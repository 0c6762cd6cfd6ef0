"""Those who are told in these tests: a gallery system that takes webhooks, and a mail server, both on real sockets."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class Receiver:
    """Remembers what was posted and answers as told; verifies signatures by the words of the spec."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)  # of the next answers; 200 after them
    taken: list[dict[str, Any]] = field(default_factory=list)  # acknowledged events
    tries: list[str] = field(default_factory=list)  # ids of all that came
    raw: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    hang: asyncio.Event | None = None
    came: asyncio.Event = field(default_factory=asyncio.Event)  # something was posted

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.raw.append((dict(request.headers), body))
        self.tries.append(request.headers["webhook-id"])
        self.came.set()
        if self.hang is not None:
            await self.hang.wait()
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            self.taken.append(json.loads(body))
        return web.Response(status=status, text="ignored")

    @property
    def types(self) -> list[str]:
        """Of the acknowledged events, in order."""
        return [one["type"] for one in self.taken]


def is_signed(headers: dict[str, str], body: bytes, secret: str) -> bool:
    """Whether any signature of the request is right: the spec in a few lines, sharing nothing with the hub."""
    told = {name.lower(): value for name, value in headers.items()}
    key = base64.b64decode(secret.split("_", 1)[1])
    content = b".".join([told["webhook-id"].encode(), told["webhook-timestamp"].encode(), body])
    wanted = "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    return any(hmac.compare_digest(wanted, one) for one in told["webhook-signature"].split())


@asynccontextmanager
async def open_receiver() -> AsyncIterator[Receiver]:
    """A receiver on a socket of this machine."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/events", receiver.handle)
    async with TestServer(app) as server:
        receiver.url = f"http://127.0.0.1:{server.port}/events"
        yield receiver
        if receiver.hang is not None:
            receiver.hang.set()


@dataclass
class Mailbox:
    """A mail server's handler: remembers messages, answers as told."""

    port: int = 0
    recipients: list[str] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    rcpt: str = "250 OK"
    data: str = "250 OK"
    user: str | None = None
    on_data: Callable[[], None] | None = None

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.rcpt.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        if self.data.startswith("2"):
            assert isinstance(envelope.content, bytes)
            self.raw.append(envelope.content)
            self.recipients += envelope.rcpt_tos
        return self.data

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"hub@example.com", b"p@ss word")
        self.user = "hub@example.com" if right else None
        return AuthResult(success=right, handled=False)  # not handled: the server answers

    @property
    def mails(self) -> list[EmailMessage]:
        """All messages taken, parsed."""
        parsed = [message_from_bytes(one, policy=default) for one in self.raw]
        return [one for one in parsed if isinstance(one, EmailMessage)]


@asynccontextmanager
async def serve_mail(box: Mailbox, *, auth: bool = False) -> AsyncIterator[None]:
    """Serve *box* on `box.port`, a free one when that is 0; it stays the same when it is served again."""
    loop = asyncio.get_running_loop()

    def make() -> SMTP:
        options: dict[str, Any] = {"authenticator": box.authenticate, "auth_require_tls": False} if auth else {}
        return SMTP(box, hostname="mail.test", loop=loop, enable_SMTPUTF8=False, **options)

    server = await loop.create_server(make, "127.0.0.1", box.port)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        server.close()
        server.close_clients() if hasattr(server, "close_clients") else None
        await server.wait_closed()


def text_of(mail: EmailMessage) -> str:
    """The plain text part."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def html_of(mail: EmailMessage) -> str:
    """The HTML part."""
    part = mail.get_body(("html",))
    assert part is not None
    return str(part.get_content())
