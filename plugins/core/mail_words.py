"""A notice as a mail: subject, plain text and HTML (pure but for reading the templates once)."""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jinja2

from hub import Notice

_TEMPLATES = Path(__file__).with_name("templates")
_LONGEST_SUBJECT = 150
_LONGEST_NAME = 60


def render_mail(notice: Notice, *, sender: str, recipient: str) -> EmailMessage:
    """The whole message. Texts of galleries cannot break out: no line of a header, no tag of the HTML is theirs."""
    message = EmailMessage(policy=SMTP)
    message["From"] = f"Integration hub <{sender}>"
    message["To"] = recipient
    message["Subject"] = render_subject(notice)
    message["Date"] = format_datetime(notice.at)
    message["Message-ID"] = f"<{notice.id}@{sender.partition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    facts = _facts(notice)
    text = _environment(html=False).get_template("mail.txt.jinja").render(facts)
    page = _environment(html=True).get_template("mail.html.jinja").render(facts)
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(page, subtype="html", cte="quoted-printable")
    return message


def render_subject(notice: Notice) -> str:
    """One plain sentence; the names in it on one line, and not too long."""
    name = plain(notice.webservice, _LONGEST_NAME)
    if notice.stopped:
        sentence = f"{name} has stopped and needs you"
    elif notice.opened_count:
        needs = "needs" if notice.opened_count == 1 else "need"
        sentence = f"{_count(notice.opened_count, 'problem')} in {name} {needs} you"
    else:
        solved = "is" if notice.closed_count == 1 else "are"
        sentence = f"{_count(notice.closed_count, 'problem')} in {name} {solved} solved"
    return plain(f"{plain(notice.gallery, _LONGEST_NAME)}: {sentence}", _LONGEST_SUBJECT)


def plain(text: str, longest: int = 500) -> str:
    """*text* on one line, without control characters and direction marks, at most *longest* characters."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return words if len(words) <= longest else words[: longest - 1].rstrip() + "…"


def _facts(notice: Notice) -> dict[str, Any]:
    zone = ZoneInfo(notice.timezone)
    return {
        "notice": notice,
        "more_opened": notice.opened_count - len(notice.opened),
        "more_closed": notice.closed_count - len(notice.closed),
        "count": _count,
        "plain": plain,
        "when": lambda at: _when(at, zone),
    }


def _when(at: datetime, zone: ZoneInfo) -> str:
    """4 March 2026, 14:05: in the gallery's zone."""
    there = at.astimezone(zone)
    return f"{there.day} {there:%B %Y, %H:%M}"


def _count(number: int, what: str, plural: str | None = None) -> str:
    return f"{number} {what if number == 1 else plural or what + 's'}"


@cache
def _environment(*, html: bool) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=html,  # noqa: S701 - off for plain text alone, which has nothing to escape
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
