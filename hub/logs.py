"""Logs: structured, one line an event, with a list of the fields that may appear and a last look for secrets.

Three walls stand between a secret and a line (PROMISES C2, R35): a field that is not in `FIELDS` loses its value;
values are plain (numbers, short texts) or they lose themselves to their type's name; and every text that is left, the
traceback included, passes `scrub`, which knows the shapes of tokens and the live secrets of this process (`conceal`).
Tracebacks come without local variables. Lines of other libraries pass the same walls.
"""

from __future__ import annotations

import base64
import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from datetime import date
from decimal import Decimal
from typing import Any, Literal, TextIO
from urllib.parse import quote

import structlog

REDACTED = "[redacted]"
UNLISTED = "[field not listed]"

# Who, where, what, how much: ids of ours, words of ours, numbers. Never names, addresses or texts of people.
FIELDS: frozenset[str] = frozenset(
    """
    event level logger timestamp exception
    gallery_id webservice_id organisation_id run_id batch_id grant_id entry_id problem_id record_id record_type
    request_id correlation_id kind plugin filter hook notifier owner epoch process task version name type role
    method path route status reason code state operation phase step mode scope signal error table column host port url
    ms seconds bytes_up bytes_down calls count counts done total size lines members attempts tries expected got
    remaining created updated voided unchanged left_out held conflict waiting unknown received refused changed failures
    same stale skipped problems opened closed sent at resume_at next_due_at due_at delay retry_after lag dry_run repeats
    refreshes workers old kept_grant asked linked
    """.split()  # noqa: SIM905 - a list that people read and add to
)

_LONGEST = 2_000
_LONGEST_TRACE = 20_000
_LIVE = 256
_SHORTEST = 6  # PROMISES C2 counts six characters as a leak
_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_SHAPES = (
    (re.compile(r"\beyJ[A-Za-z0-9_-]{4,}(\.[A-Za-z0-9_-]*){0,4}"), REDACTED),  # a JWT
    (re.compile(r"\bs1\.[0-9a-f]{8}\.[A-Za-z0-9_=-]+"), REDACTED),  # a text sealed by our own box
    (re.compile(r"\b(Bearer|Basic|DPoP)\s+[^\s\"',]+", re.IGNORECASE), rf"\1 {REDACTED}"),
    (re.compile(r"(://[^/\s:@]*):[^/\s@]+@"), rf"\1:{REDACTED}@"),  # the password of an address
    (
        re.compile(
            r"((?:[a-z_]*(?:token|secret|password|passwd|verifier|api_?key|authorization|cookie|signature)|[?&](?:code|state))"
            r"[\"']?\s*[=:]\s*[\"']?)(?!\[redacted)(?:(?:Bearer|Basic)\s+)?[^\s\"'&,;)}]+",
            re.IGNORECASE,
        ),
        rf"\1{REDACTED}",
    ),
    (re.compile(r"(/(?:connect|enter)/)[^/\s\"'?]+"), rf"\1{REDACTED}"),
    # anything long and opaque: capitals and digits, or many digits (else it is somebody's long name); not a UUID
    (
        re.compile(
            rf"(?<![A-Za-z0-9_-])(?!{_UUID}(?![A-Za-z0-9_-]))"
            r"(?:(?=[a-z0-9_-]*[A-Z])(?=[A-Za-z_-]*\d)|(?=(?:[A-Za-z_-]*\d){6})(?=[0-9_-]*[A-Za-z]))"
            r"[A-Za-z0-9_-]{32,}={0,2}"
        ),
        REDACTED,
    ),
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u0085\u2028\u2029\u202a-\u202e\u2066-\u2069]")

_live: dict[str, tuple[str, ...]] = {}  # secret -> its forms; the only memory of this module, bounded


def configure(
    style: Literal["json", "console"] = "json", *, stream: TextIO | None = None, level: int = logging.INFO
) -> None:
    """Send every log line of this process to *stream* (stderr), as JSON for machines or as text for people.

    Calling it again replaces what was set before. The access log of aiohttp is off: it would hold queries.
    """
    common: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,  # text without local variables
        redact,  # before the line leaves structlog: no handler ever sees more
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=common, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("aiohttp.access").disabled = True
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *common,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # tests and the demo configure again
    )


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """The three walls, as the last processor of ours."""
    return {
        key: value if key.startswith("_") else _clean(key, value) if key in FIELDS else UNLISTED
        for key, value in event.items()  # with "_": what structlog tells itself about a foreign line, never rendered
    }


def conceal(secret: str) -> None:
    """Remember a live secret of this process: `scrub` finds it plain, URL-encoded and in base64. The oldest go."""
    if len(secret) < _SHORTEST or secret in _live:
        return
    while len(_live) >= _LIVE:
        _live.pop(next(iter(_live)))
    _live[secret] = _forms(secret)


def scrub(text: str) -> str:
    """*text* without live secrets, without what looks like a token, and in one direction: no control characters."""
    for forms in _live.values():
        for form in forms:
            if form in text:
                text = text.replace(form, REDACTED)
    for shape, instead in _SHAPES:
        text = shape.sub(instead, text)
    return _CONTROL.sub(" ", text)


def _clean(key: str, value: object) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        text = scrub(value[:_LONGEST_TRACE])
        return text if key == "exception" else text[:_LONGEST].replace("\n", " ").replace("\t", " ")
    if isinstance(value, Decimal | date):  # datetime is a date
        return str(value)
    if isinstance(value, dict):
        return {scrub(str(name)): _clean("", one) for name, one in list(value.items())[:50]}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean("", one) for one in list(value)[:50]]
    return f"<{type(value).__name__}>"  # its repr may hold anything


def _forms(secret: str) -> tuple[str, ...]:
    raw = secret.encode("utf-8", "surrogatepass")
    plain = base64.b64encode(raw).decode().rstrip("=")
    safe = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    return tuple(dict.fromkeys((secret, quote(secret, safe=""), plain, safe)))
