"""The mail server: TLS as the operator asked for it, and no password in the clear."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hub.errors import TemporaryError
from plugins.core import mail_server
from plugins.core.mail_server import parse_server, send
from tests.telling.receivers import Mailbox, serve_mail


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a certificate for localhost that signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    text = serialization.Encoding.PEM
    path.write_bytes(
        key.private_bytes(text, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(text)
    )
    return path


def context_of(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@asynccontextmanager
async def serve_tls(box: Mailbox, certificate: Path, *, implicit: bool) -> AsyncIterator[None]:
    """Serve *box* with TLS from the first byte, or with STARTTLS."""
    loop = asyncio.get_running_loop()
    context = context_of(certificate)
    options: dict[str, Any] = {} if implicit else {"tls_context": context}

    def make() -> SMTP:
        return SMTP(box, hostname="mail.test", loop=loop, authenticator=box.authenticate, **options)

    server = await loop.create_server(make, "127.0.0.1", 0, ssl=context if implicit else None)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()


def letter() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "hub@example.com", "a@example.com", "Hello"
    message.set_content("Hello.")
    return message


async def try_to_send(url: str) -> None:
    await send(parse_server(url, public_host="localhost"), letter(), "a@example.com")


@pytest.mark.parametrize(("scheme", "implicit"), [("smtps", True), ("smtp+starttls", False), ("smtp", False)])
async def test_tls_is_used_and_the_certificate_checked(
    monkeypatch: pytest.MonkeyPatch, certificate: Path, scheme: str, implicit: bool
) -> None:
    box = Mailbox()
    async with serve_tls(box, certificate, implicit=implicit):
        url = f"{scheme}://localhost:{box.port}"
        with pytest.raises(TemporaryError):
            await try_to_send(url)  # nobody vouches for it
        assert box.raw == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        await try_to_send(url)
        assert len(box.raw) == 1
        if not implicit:
            await try_to_send(f"{scheme}://hub%40example.com:p%40ss%20word@localhost:{box.port}")
            assert box.user == "hub@example.com"


async def test_required_tls_that_is_not_offered_sends_nothing() -> None:
    box = Mailbox()
    async with serve_mail(box):
        for url in ("smtp+starttls://127.0.0.1", "smtp://127.0.0.1"):
            address = f"{url}:{box.port}?starttls=required"
            with pytest.raises(TemporaryError):
                await try_to_send(address)
    assert box.raw == []


async def test_a_password_goes_in_the_clear_to_this_machine_or_by_the_operators_word_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    box = Mailbox()
    async with serve_mail(box, auth=True):
        url = f"smtp://hub%40example.com:p%40ss%20word@127.0.0.1:{box.port}"
        monkeypatch.setattr(mail_server, "_is_local", lambda _: False)  # as if it stood elsewhere
        with pytest.raises(TemporaryError, match="not sent in the clear"):
            await try_to_send(url)
        assert (box.user, box.raw) == (None, [])
        await try_to_send(f"{url}?starttls=never")
    assert (box.user, len(box.raw)) == ("hub@example.com", 1)
