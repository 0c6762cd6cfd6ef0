"""The mail server: its address as the operator gave it, and one message through it."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from email.message import EmailMessage
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

import aiosmtplib
import msgspec

from hub import PermanentError, TemporaryError

TIMEOUT_SECONDS = 40.0
_STEP_SECONDS = 15.0
_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
_SENDER = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}")
Tls = Literal["implicit", "required", "optional", "never"]


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """Where mail is handed in. `sender`: the address that it comes from."""

    host: str
    port: int
    tls: Tls
    sender: str
    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        """Without the password."""
        return f"<Server {self.host}:{self.port} {self.tls}>"


def parse_server(url: str, *, public_host: str) -> Server:
    """What ``smtp://user:password@host:587?starttls=required&from=hub@example.com`` says.

    `smtps` is TLS from the first byte, `smtp+starttls` (or `?starttls=required`) needs STARTTLS, `smtp` takes it where
    it is offered. User and password are percent-encoded. Without `from` mail comes from the user where that is an
    address, else from `integration-hub@` *public_host*.

    Raises:
        ValueError: it cannot be used; its text never holds the password.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("HUB_SMTP_URL is no address: smtp://user:password@host:587 is one") from None
    if parts.scheme not in _PORTS or not host:
        raise ValueError("HUB_SMTP_URL must begin with smtp://, smtps:// or smtp+starttls:// and a host")
    told = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.path.strip("/") or parts.fragment or set(told) - {"starttls", "from"}:
        raise ValueError("HUB_SMTP_URL: only ?starttls= and from= may follow the host")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    sender = told.get("from") or (user if "@" in user else f"integration-hub@{public_host or 'localhost'}")
    if not _SENDER.fullmatch(sender):
        raise ValueError("HUB_SMTP_URL: from= is no mail address")
    return Server(
        host=host,
        port=port or (587 if user and parts.scheme == "smtp" else _PORTS[parts.scheme]),
        tls=_tls_of(parts.scheme, told.get("starttls")),
        sender=sender,
        user=user,
        password=password,
    )


def _tls_of(scheme: str, starttls: str | None) -> Tls:
    if scheme == "smtps":
        if starttls is not None:
            raise ValueError("HUB_SMTP_URL: smtps:// is TLS already, leave ?starttls= out")
        return "implicit"
    if scheme == "smtp+starttls":
        starttls = starttls or "required"
    match starttls or "optional":
        case "required" | "optional" | "never" as known:
            return known
    raise ValueError("HUB_SMTP_URL: starttls= is required, optional or never")


async def send(server: Server, message: EmailMessage, recipient: str) -> None:
    """Hand one message in.

    A password goes over TLS only, unless the server is on this machine or the operator said `starttls=never`.

    Raises:
        PermanentError: this recipient or message is refused for good (5xx).
        TemporaryError: anything else; the texts hold no address and no password.
    """
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        timeout=_STEP_SECONDS,
        use_tls=server.tls == "implicit",
        start_tls={"implicit": False, "required": True, "optional": None, "never": False}[server.tls],
        local_hostname=server.sender.partition("@")[2] or "localhost",
    )
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await client.connect()
            if server.user:
                _check_privacy(server, client)
                await client.login(server.user, server.password)
            await client.send_message(message, sender=server.sender, recipients=[recipient])
            await client.quit()
    except aiosmtplib.SMTPRecipientsRefused as error:
        raise _refused("the recipient", min(one.code for one in error.recipients)) from error
    except aiosmtplib.SMTPDataError as error:
        raise _refused("the message", error.code) from error
    except aiosmtplib.SMTPAuthenticationError as error:
        raise TemporaryError(f"the mail server refuses the log-in ({error.code}): correct HUB_SMTP_URL") from error
    except aiosmtplib.SMTPResponseException as error:
        raise TemporaryError(f"the mail server answered {error.code}") from error
    except (aiosmtplib.SMTPException, TimeoutError, OSError, ValueError) as error:
        raise TemporaryError(f"the mail server cannot be used: {type(error).__name__}") from error
    finally:
        client.close()


def _check_privacy(server: Server, client: aiosmtplib.SMTP) -> None:
    transport = client.transport
    secure = transport is not None and transport.get_extra_info("ssl_object") is not None
    if not secure and server.tls != "never" and not _is_local(server.host):
        raise TemporaryError("the mail server offers no TLS: the password is not sent in the clear (see HUB_SMTP_URL)")


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refused(what: str, code: int) -> Exception:
    if code >= 500:
        return PermanentError("refused", f"the mail server refuses {what} ({code})")
    return TemporaryError(f"the mail server does not take {what} now ({code})")
