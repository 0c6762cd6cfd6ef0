"""The edges of HTTP: headers of every answer, limits, aiohttp's own errors as problems, errors without details."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from hub.errors import (
    AuthorizationError,
    BusyError,
    ConflictError,
    HubError,
    PermanentError,
    StartupError,
    TemporaryError,
    ThrottledError,
    UnavailableError,
)
from hub.settings import Settings
from hub.web import bodies, problems
from hub.web.app import ROUTES
from hub.web.deps import Deps
from hub.web.routes import Policy, Route
from tests.web.conftest import BASE, OPERATOR_KEY, Api, Starter

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Frame-Options": "DENY",
    "Server": "hub",
}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def deps(shared_deps: Deps) -> Deps:
    """Nothing here stores anything: the tests share a database."""
    return shared_deps


def raising(error: Exception, **changes: Any) -> Route:
    """A public route whose handler raises."""

    async def handler(_request: web.Request) -> web.Response:
        raise error

    named = {"method": "GET", "path": "/raise", "policy": Policy.PUBLIC, "summary": "Raises.", **changes}
    return Route(handler=handler, **named)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
        ("GET", "/metrics", 200),
        ("GET", "/api/v1/docs", 200),
        ("GET", "/api/v1/openapi.json", 200),
        ("GET", "/problems", 200),
        ("GET", "/problems/has-payments", 200),
        ("GET", "/problems/nothing", 404),
        ("GET", BASE, 200),
        ("HEAD", BASE, 200),
        ("GET", f"{BASE}/contacts/nobody", 404),
        ("POST", f"{BASE}/records", 200),
        ("GET", "/nowhere", 404),
        ("DELETE", BASE, 405),
        ("OPTIONS", BASE, 405),
        ("PUT", f"{BASE}/contacts/c-1", 415),
    ],
)
async def test_every_answer_has_the_headers(shared: Api, method: str, path: str, status: int) -> None:
    headers = {"Content-Type": "application/x-ndjson"} if path.endswith("/records") else {}
    response = await shared.send(method, path, headers=headers)
    assert response.status == status
    for name, value in EVERYWHERE.items():
        assert response.headers.getall(name) == [value], name
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "Access-Control-Allow-Origin" not in response.headers
    assert "Set-Cookie" not in response.headers
    assert response.headers["X-Request-Id"]


async def test_pages_may_be_framed_only_where_the_operator_says(start: Starter) -> None:
    client = await start(settings=Settings(frame_ancestors="https://app.example.com"))  # type: ignore[arg-type] # as in the environment
    page = await client.get("/")
    assert "frame-ancestors https://app.example.com" in page.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in page.headers
    data = await client.get("/healthz")
    assert data.headers["X-Frame-Options"] == "DENY"


async def test_a_path_that_is_not_there_and_a_method_that_it_does_not_know(shared: Api) -> None:
    status, problem = await shared.call("GET", "/api/v1/nothing")
    assert (status, problem["type"], problem["status"]) == (404, "/problems/not-found", 404)
    response = await shared.send("PATCH", f"{BASE}/contacts/c-1")
    assert (response.status, response.content_type) == (405, "application/problem+json")
    assert set(response.headers["Allow"].split(",")) == {"GET", "HEAD", "PUT"}


async def test_people_get_a_page_and_programs_a_problem(shared: Api) -> None:
    page = await shared.send("GET", "/nowhere", headers={"Accept": "text/html,*/*"})
    assert (page.status, page.content_type) == (404, "text/html")
    data = await shared.send("GET", "/api/v1/nowhere", headers={"Accept": "text/html,*/*"})
    assert (data.status, data.content_type) == (404, "application/problem+json")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 415),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, 415),
        ({"Content-Type": "application/json; charset=latin-1"}, 415),
        ({"Content-Type": "application/json; charset=UTF-8"}, 422),
        ({"Content-Type": "application/json"}, 422),
    ],
)
async def test_a_body_is_json_as_it_is(shared: Api, headers: dict[str, str], status: int) -> None:
    response = await shared.send(
        "PUT", f"{BASE}/contacts/c-1", data=b"{}", headers=headers, skip_auto_headers=["Content-Type"]
    )
    assert (response.status, response.content_type) == (status, "application/problem+json")


@pytest.mark.parametrize(
    ("method", "path", "limit"),
    [
        ("PUT", f"{BASE}/contacts/c-1", bodies.RECORD_BYTES),
        ("PUT", BASE, bodies.RECORD_BYTES),
        ("POST", f"{BASE}/invoices/i-1/void", bodies.SMALL_BYTES),
    ],
)
async def test_too_large_a_body_is_refused_at_once_and_ends_the_connection(
    shared: Api, method: str, path: str, limit: int
) -> None:
    reader, writer = await asyncio.open_connection(shared.client.host, shared.client.port)
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {limit + 1}\r\n"
    writer.write(f"{head}Authorization: {shared.headers['Authorization']}\r\n\r\n".encode())
    async with asyncio.timeout(20):
        answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"connection: close" in answer.lower()
    writer.close()


async def test_a_body_without_a_length_is_bounded_too(shared: Api) -> None:
    async def body() -> Any:
        for _ in range(20):
            yield b" " * 16_384

    response = await shared.send("POST", f"{BASE}/invoices/i-1/void", data=body(), headers=JSON)
    assert response.status == 413


async def test_a_body_that_stops_is_408(shared: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.1)
    reader, writer = await asyncio.open_connection(shared.client.host, shared.client.port)
    head = f"PUT {BASE}/contacts/c-1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n"
    writer.write(f"{head}Authorization: {shared.headers['Authorization']}\r\n\r\n{{".encode())
    async with asyncio.timeout(20):
        answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 408")
    writer.close()


@pytest.mark.parametrize(
    ("error", "status", "name", "after"),
    [
        (ConflictError("not-ready", "Choose an organisation."), 409, "not-ready", None),
        (ConflictError("a-plugins-rule", "No."), 409, "a-plugins-rule", None),
        (BusyError(), 503, "unavailable", "5"),
        (UnavailableError(), 503, "unavailable", "5"),
        (TemporaryError("Xero did not answer.", delay=7.2), 503, "remote-unavailable", "8"),
        (ThrottledError(61, "minute"), 429, "limit-reached", "61"),
        (PermanentError("refused", "Xero refused it.", "Ask them."), 502, "remote", None),
        (AuthorizationError("Authorise it again."), 502, "remote", None),
        (StartupError("secret"), 500, "internal", None),
        (HubError("secret"), 500, "internal", None),
        (ZeroDivisionError("secret"), 500, "internal", None),
        (ConnectionResetError("secret"), 500, "internal", None),
        (web.HTTPServiceUnavailable(text="Later."), 503, "internal", None),
    ],
)
async def test_errors_are_problems(start: Starter, error: Exception, status: int, name: str, after: str | None) -> None:
    client = await start(more=[raising(error)])
    with capture_logs() as logs:
        response = await client.get("/raise")
        problem = await response.json(content_type=None)
    assert (response.status, problem["status"], problem["type"]) == (status, status, f"/problems/{name}")
    assert response.content_type == "application/problem+json"
    assert response.headers.get("Retry-After") == after
    assert problem["request_id"] == response.headers["X-Request-Id"]
    assert "secret" not in await response.text()
    assert logs[-1]["event"] == "request.answered"
    assert logs[-1]["status"] == status
    if name == "internal" and not isinstance(error, web.HTTPException | HubError):
        assert any(line["event"] == "request.crashed" and line["log_level"] == "error" for line in logs)


async def test_one_line_a_request_without_what_it_was_about(shared: Api) -> None:
    with capture_logs() as logs:
        await shared.get(f"{BASE}/contacts/someones-name", q="private words")
    (line,) = logs
    assert line["event"] == "request.answered"
    assert (line["method"], line["status"]) == ("GET", 404)
    assert line["route"] == "/api/v1/galleries/{gallery}/contacts/{id}"
    assert "someones" not in str(logs)
    assert "private" not in str(logs)


async def test_a_request_keeps_the_id_it_came_with_when_that_is_sound(shared: Api) -> None:
    given = await shared.send("GET", "/healthz", headers={"X-Request-Id": "from-the-gallery-7"})
    assert given.headers["X-Request-Id"] == "from-the-gallery-7"
    odd = await shared.send("GET", "/healthz", headers={"X-Request-Id": "<script>"})
    assert odd.headers["X-Request-Id"] != "<script>"


async def test_metrics_count_by_template_and_name_nobody(start: Starter) -> None:
    client = await start()
    await client.get(f"{BASE}/contacts/secret-contact", headers={"Authorization": f"Bearer {OPERATOR_KEY}"})
    await client.get("/some/unknown/path")
    await client.request("PROPFIND", "/healthz")
    text = await (await client.get("/metrics")).text()
    template = "/api/v1/galleries/{gallery}/contacts/{id}"
    assert f'hub_http_requests_total{{method="GET",route="{template}",status="404"}} 1.0' in text
    assert 'hub_http_requests_total{method="GET",route="unknown",status="404"} 1.0' in text
    assert 'method="other",route="unknown",status="405"' in text
    assert "secret-contact" not in text
    assert "harbour-lane" not in text


def test_every_problem_a_route_names_is_in_the_table() -> None:
    for route in ROUTES:
        assert set(route.problems) <= problems.KINDS.keys()


async def test_every_problem_has_its_page(shared: Api) -> None:
    for name, kind in problems.KINDS.items():
        page = await shared.send("GET", f"/problems/{name}")
        assert page.status == 200
        assert kind.title in (await page.text()).replace("&#39;", "'")
