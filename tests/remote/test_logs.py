"""What may stand in a log line, shown with the tokens of a real consent."""

import ast
import base64
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import structlog

from hub import logs
from tests.remote.conftest import World

ROOT = Path(__file__).parents[2]


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where a configured process logs to; everything is as before afterwards."""
    root, access = logging.getLogger(), logging.getLogger("aiohttp.access")
    before = (list(root.handlers), root.level, access.disabled, dict(logs._live))
    stream = io.StringIO()
    logs.configure("json", stream=stream)
    yield stream
    root.handlers[:], root.level, access.disabled = before[0], before[1], before[2]
    logs._live.clear()
    logs._live.update(before[3])
    structlog.reset_defaults()


def lines_of(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def is_told(secret: str, text: str) -> bool:
    """Whether *text* holds six characters in a row of the secret, plain, URL-encoded or in base64."""
    forms = [secret, quote(secret, safe="")]
    forms += [base64.b64encode(secret.encode()[cut:]).decode().rstrip("=")[:-2] for cut in range(3)]
    return any(form[at : at + 6] in text for form in forms for at in range(len(form) - 5))


async def test_c2_the_tokens_of_a_real_consent_do_not_come_through_in_any_form(
    world: World, stream: io.StringIO
) -> None:
    grant = await world.store.get("harbour", await world.connect())
    assert grant.refresh is not None
    access, refresh = grant.access.reveal(), grant.refresh.reveal()
    log = structlog.get_logger("test")
    for token in (access, refresh):
        log.info("one", status=token, path=f"/connect/{token}", error=f"refused: Bearer {token}")
        log.info("two", reason=quote(token, safe=""), code=base64.b64encode(token.encode()).decode())
        log.info("three", authorization=f"Bearer {token}", counts={"a": token, token: 1}, lines=[token])
        log.info("four", error=grant, reason={"headers": {"Authorization": token}})
        log.info("five %s", token)
        logging.getLogger("aiohttp.client").warning("GET https://x/?access_token=%s failed", token)
        try:
            raise ValueError(f"the answer was {token}")
        except ValueError:
            log.exception("six")
    text = stream.getvalue()
    assert len([line for line in lines_of(stream) if line["logger"] in {"test", "aiohttp.client"}]) == 14
    assert not is_told(refresh, text)
    # the header of a JWT is the same for every token of Xero's and tells nothing
    assert not is_told(access.partition(".")[2], text)


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdef123456",
        "Authorization: Basic c2FuZGJveA==",
        '{"refresh_token": "abcdef123456"}',
        "client_secret=abcdef123456&x=1",
        "https://localhost/oauth/callback/xero?code=abcdef123456&state=fedcba654321",
        "postgresql://hub:abcdef123456@localhost/hub",
        "s1.0011aabb.abcdef123456_-==",
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhYmNkZWYxMjM0NTYifQ.abcdef123456",
        "/connect/abcdef123456",
        "opaque abcdef123456abcdef123456abcdef123456abcdef1",
        "Set-Cookie: abcdef123456; Path=/",
    ],
)
def test_what_looks_like_a_secret_is_removed(text: str) -> None:
    scrubbed = logs.scrub(text)
    assert logs.REDACTED in scrubbed
    assert "abcdef123456" not in scrubbed
    assert "fedcba654321" not in scrubbed


@pytest.mark.parametrize(
    "text",
    [
        "GET /api.xro/2.0/Invoices/{id}",
        "the call to api.xero.com failed: ClientConnectorError",
        "6f2c1c9a-0d0b-4a53-9c0f-1f0c0f7f2c11",
        "throttled (minute) for 26 s",
        "plugin 'xeroo': 0 found in integration_hub.plugins (known: core, xero)",
        "HUB_XERO__CLIENT_ID and HUB_XERO__CLIENT_SECRET",
        "the token endpoint of xero is not available (503)",
        "in test_a_second_consent_of_the_same_user_keeps_1_grant",
    ],
)
def test_what_people_need_to_read_stays(text: str) -> None:
    assert logs.scrub(text) == text


def test_a_live_secret_is_found_however_short_of_a_shape_it_is(stream: io.StringIO) -> None:
    logs.conceal("open sesame")
    log = structlog.get_logger("test")
    log.info("told", reason="open sesame", error=quote("open sesame"), code=base64.b64encode(b"open sesame").decode())
    [line] = lines_of(stream)
    assert {line["reason"], line["error"]} == {logs.REDACTED}
    assert not is_told("open sesame", stream.getvalue())


def test_live_secrets_are_bounded(stream: io.StringIO) -> None:
    for number in range(1000):
        logs.conceal(f"secret number {number}")
    assert len(logs._live) <= 256
    assert "secret number 999" in logs._live


def test_a_field_that_is_not_listed_loses_its_value_and_its_name_shows_that_it_is_missing(stream: io.StringIO) -> None:
    structlog.get_logger("test").info("told", customer_name="Ana Ruiz", status=200)
    [line] = lines_of(stream)
    assert (line["customer_name"], line["status"]) == (logs.UNLISTED, 200)
    assert line["level"] == "info"
    assert line["timestamp"].endswith("Z")


def test_d7_hostile_text_stays_one_line(stream: io.StringIO) -> None:
    logs.configure("console", stream=stream)
    hostile = "a\r\nb\x00c\u202ed\u2028e\x1b[31m"
    structlog.get_logger("test").info("told", reason=hostile)
    logging.getLogger("other").warning(hostile)
    assert len(stream.getvalue().splitlines()) == 2
    assert "\x1b" not in stream.getvalue()
    assert "\u202e" not in stream.getvalue()


def test_a_traceback_has_no_local_variables(stream: io.StringIO) -> None:
    for style in ("json", "console"):
        logs.configure(style, stream=stream)
        hidden = "a local value"
        try:
            raise ValueError("told")
        except ValueError:
            structlog.get_logger("test").exception("failed")
        assert hidden not in stream.getvalue()
    assert stream.getvalue().count("ValueError: told") == 2


def test_the_access_log_with_its_queries_is_off(stream: io.StringIO) -> None:
    logging.getLogger("aiohttp.access").error("GET /oauth/callback/xero?code=1 200")
    assert stream.getvalue() == ""


def test_every_field_that_the_code_logs_is_listed() -> None:
    """A field that is missing here would show without its value: add it to `hub.logs.FIELDS` if it names no person."""
    seen, unlisted = 0, set()
    for path in sorted([*(ROOT / "hub").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")]):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "log." in text else ():
            if isinstance(node, ast.Call) and is_log_call(node):
                seen += 1
                names = {keyword.arg for keyword in node.keywords if keyword.arg}
                unlisted |= {(str(path.relative_to(ROOT)), name) for name in names - logs.FIELDS - {"exc_info"}}
    assert seen > 20
    assert unlisted == set()


def is_log_call(node: ast.Call) -> bool:
    levels = {"debug", "info", "warning", "error", "exception", "critical"}
    if not isinstance(node.func, ast.Attribute) or node.func.attr not in levels:
        return False
    return ast.unparse(node.func.value).rpartition(".")[2] in {"log", "_log"}
