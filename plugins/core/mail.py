"""The notifier `mail`: what changed for people about a webservice, as one mail."""

from __future__ import annotations

from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from hub import Notice, NotifierTools, PermanentError
from plugins.core.mail_server import Server, parse_server, send
from plugins.core.mail_words import render_mail


class Mail:
    """Mails to the address of the webservice, else to the gallery's, by the server of HUB_SMTP_URL."""

    key = "mail"

    def __init__(self) -> None:
        self._server: Server | None = None

    def open(self, tools: NotifierTools) -> None:
        """Take the server's address. Raises ValueError: it cannot be used."""
        if tools.smtp_url is not None:
            host = urlsplit(tools.public_url).hostname or ""
            self._server = parse_server(tools.smtp_url.reveal(), public_host=host)

    def why_off(self) -> str | None:
        """No server, no mail."""
        return None if self._server is not None else "HUB_SMTP_URL is not set: nobody gets mail about problems"

    async def notify(self, message: Notice) -> None:
        """Send one mail.

        Raises:
            PermanentError: there is no address, it is none, or the server refuses it for good.
            TemporaryError: the server does not take it now.
        """
        if self._server is None:
            raise PermanentError("off", "HUB_SMTP_URL is not set")
        recipient = parse_address(message.to)
        await send(self._server, render_mail(message, sender=self._server.sender, recipient=recipient), recipient)


def parse_address(text: str | None) -> str:
    """*text* as the one address to write to, in ASCII. Raises PermanentError: there is none, or it is none (pure)."""
    if not text:
        raise PermanentError(
            "no_address", "there is no address to write to: give the gallery an email, or the webservice an admin_email"
        )
    try:
        found = validate_email(text.strip(), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise PermanentError("no_address", "the address to write to is not valid: correct it") from error
    return found.ascii_email or found.normalized
