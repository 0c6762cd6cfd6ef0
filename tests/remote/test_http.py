"""What doors do to calls, on real sockets."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from hub.domain.capabilities import Limits
from hub.domain.drafts import Request
from hub.errors import AuthorizationError, LeaseLostError, TemporaryError, ThrottledError
from hub.remote import client as client_module
from hub.remote.client import ConnectionDroppedError, GlobalResolver, RemoteTimeoutError, check_base
from hub.remote.http import Door, RemoteClient, build_url, path_template
from tests.remote.support import FakeLimiter, FakeTokens, Side, make_kind, serving

GET = Request(method="GET", path="/Invoices", query=(("where", 'Type=="ACCREC"'), ("page", "1")))
PUT = Request(method="PUT", path="/Invoices", query=(("unitdp", "4"),), body=b'{"Invoices": []}')


@pytest.fixture
async def client() -> AsyncIterator[RemoteClient]:
    async with RemoteClient() as client:
        yield client


@pytest.fixture
async def side() -> AsyncIterator[Side]:
    async with serving() as side:
        yield side


async def test_a_call_carries_auth_organisation_and_idempotency_key_and_the_exact_bytes(
    client: RemoteClient, side: Side
) -> None:
    door = Door(client, make_kind(side.url), FakeLimiter(), token=FakeTokens(), organisation_id="org-1")
    response = await door.send(PUT, key="k" * 128)
    [(method, path, headers, body)] = side.requests
    assert (method, path, body) == ("PUT", "/Invoices?unitdp=4", PUT.body)
    assert headers["Authorization"] == "Bearer token-1"
    assert headers["Xero-Tenant-Id"] == "org-1"
    assert headers["Idempotency-Key"] == "k" * 128
    assert headers["Accept-Encoding"] == "gzip"
    assert response.headers["xero-correlation-id"] == "abc-123"


async def test_a_call_before_the_organisation_is_chosen_has_no_organisation_header(
    client: RemoteClient, side: Side
) -> None:
    limiter = FakeLimiter()
    await Door(client, make_kind(side.url), limiter, grant_scope="g-1").send(GET)
    await Door(client, make_kind(side.url), limiter, organisation_id="org-1").send(GET, organisation=False)
    assert all("Xero-Tenant-Id" not in headers for _, _, headers, _ in side.requests)
    assert limiter.scopes == ["grant:g-1", "org-1"]


async def test_a_query_is_encoded_in_its_order_and_the_key_may_travel_in_it(client: RemoteClient, side: Side) -> None:
    await Door(client, make_kind(side.url, idempotency="query"), FakeLimiter()).send(GET, key="a b")
    assert side.requests[0][1] == "/Invoices?where=Type%3D%3D%22ACCREC%22&page=1&Idempotency-Key=a%20b"
    assert "Idempotency-Key" not in side.requests[0][2]


async def test_a_401_is_repeated_once_with_a_new_token_the_same_key_and_the_same_bytes(
    client: RemoteClient, side: Side
) -> None:
    side.answer(401, 200)
    tokens = FakeTokens()
    door = Door(client, make_kind(side.url), FakeLimiter(), token=tokens, organisation_id="o")
    assert (await door.send(PUT, key="one")).status == 200
    assert tokens.rejected == ["token-1"]
    assert [headers["Authorization"] for _, _, headers, _ in side.requests] == ["Bearer token-1", "Bearer token-2"]
    assert [(headers["Idempotency-Key"], body) for _, _, headers, body in side.requests] == [("one", PUT.body)] * 2
    assert (door.meter.calls, door.meter.refreshes) == (2, 1)


@pytest.mark.parametrize(("status", "calls"), [(401, 2), (403, 1)])
async def test_no_access_after_one_refresh_is_an_authorization_error(
    client: RemoteClient, side: Side, status: int, calls: int
) -> None:
    side.answer(status)
    door = Door(client, make_kind(side.url), FakeLimiter(), token=FakeTokens(), organisation_id="o")
    with pytest.raises(AuthorizationError):
        await door.send(GET)
    assert len(side.requests) == calls


async def test_a_429_parks_the_slot_and_is_told_with_its_seconds(client: RemoteClient, side: Side) -> None:
    side.answer(429, headers={"Retry-After": "26"})
    limiter = FakeLimiter()
    with pytest.raises(ThrottledError) as told:
        await Door(client, make_kind(side.url), limiter, organisation_id="o").send(PUT, key="k")
    assert told.value.retry_after == 26
    assert limiter.slots[0].parked is told.value
    assert limiter.open == 0


async def test_every_other_answer_comes_back_as_it_is_redirects_included(client: RemoteClient, side: Side) -> None:
    door = Door(client, make_kind(side.url), FakeLimiter(), organisation_id="o")
    for status in (204, 302, 400, 404, 500, 503):
        side.answer(status, headers={"Location": "https://elsewhere.example/"}, body=b"" if status == 204 else b"text")
        assert (await door.send(GET)).status == status
    assert len(side.requests) == 6


async def test_what_an_answer_says_about_calls_left_reaches_the_limiter(client: RemoteClient, side: Side) -> None:
    limiter = FakeLimiter()
    await Door(client, make_kind(side.url), limiter, organisation_id="o").send(GET)
    assert limiter.slots[0].told == {"day": 7}


async def test_no_answer_in_time_is_temporary_and_its_slot_lingers(client: RemoteClient, side: Side) -> None:
    async def never(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(10)
        return web.Response()

    side.reply = never
    limiter = FakeLimiter()
    with pytest.raises(RemoteTimeoutError):
        await Door(client, make_kind(side.url, limits=Limits(timeout=0.1)), limiter).send(PUT, key="k")
    assert limiter.slots[0].lingers


async def test_a_cut_answer_is_temporary(client: RemoteClient, side: Side) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"half")
        assert request.transport is not None
        request.transport.close()
        return response

    side.reply = cut
    with pytest.raises(TemporaryError):
        await Door(client, make_kind(side.url), FakeLimiter()).send(PUT, key="k")
    assert len(side.requests) == 1


async def hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


@pytest.mark.parametrize(("request_", "calls"), [(PUT, 1), (GET, 2)])
async def test_a_dead_kept_alive_connection_repeats_a_read_through_a_slot_of_its_own_and_never_a_write(
    client: RemoteClient, side: Side, request_: Request, calls: int
) -> None:
    """aiohttp alone would send both twice, unseen by the limits."""
    limiter = FakeLimiter()
    door = Door(client, make_kind(side.url), limiter, organisation_id="o")
    await door.send(GET)  # opens the connection that is kept alive
    side.requests.clear()
    side.reply = hang_up
    with pytest.raises(ConnectionDroppedError):
        await door.send(request_)
    assert len(side.requests) == calls
    assert len(limiter.slots) == 1 + calls
    assert (door.meter.calls, door.meter.repeats) == (1 + calls, calls - 1)


async def test_nobody_listening_is_temporary(client: RemoteClient) -> None:
    async with serving() as gone:
        url = gone.url
    with pytest.raises(TemporaryError, match=r"127\.0\.0\.1"):
        await Door(client, make_kind(url), FakeLimiter()).send(GET)


async def test_a_lost_lease_stops_the_send_after_every_wait_and_the_slot_does_not_count(
    client: RemoteClient, side: Side
) -> None:
    limiter = FakeLimiter()

    def check() -> None:
        assert limiter.open == 1
        raise LeaseLostError("the lease ended")

    with pytest.raises(LeaseLostError):
        await Door(client, make_kind(side.url), limiter, token=FakeTokens(), before_send=check).send(PUT, key="k")
    assert side.requests == []
    assert limiter.slots[0].is_unused


async def test_the_check_before_a_send_may_be_a_coroutine_and_is_made_before_each_send(
    client: RemoteClient, side: Side
) -> None:
    side.answer(401, 200)
    checks: list[int] = []

    async def check() -> None:
        checks.append(len(side.requests))

    await Door(client, make_kind(side.url), FakeLimiter(), token=FakeTokens(), before_send=check).send(PUT, key="k")
    assert checks == [0, 1]


async def test_bytes_are_metered_as_they_travel(client: RemoteClient, side: Side) -> None:
    plain = b"a" * 100_000

    async def packed(request: web.Request) -> web.StreamResponse:
        return web.Response(body=gzip.compress(plain), headers={"Content-Encoding": "gzip"})

    side.reply = packed
    door = Door(client, make_kind(side.url), FakeLimiter())
    assert (await door.send(PUT, key="k")).body == plain
    assert (door.meter.calls, door.meter.bytes_up) == (1, len(PUT.body))
    assert door.meter.bytes_down == len(gzip.compress(plain))
    assert door.meter.seconds > 0


async def test_an_answer_too_large_ends_the_call_also_when_it_is_small_on_the_wire(
    client: RemoteClient, side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "ANSWER_BYTES", 1024 * 1024)

    async def bomb(request: web.Request) -> web.StreamResponse:
        return web.Response(body=gzip.compress(b"0" * 5 * 1024 * 1024), headers={"Content-Encoding": "gzip"})

    side.reply = bomb
    with pytest.raises(TemporaryError, match="larger than 1 MiB"):
        await Door(client, make_kind(side.url), FakeLimiter()).send(GET)


async def test_one_line_a_call_without_query_ids_headers_or_body(client: RemoteClient, side: Side) -> None:
    path = "/api.xro/2.0/Invoices/6f2c1c9a-0d0b-4a53-9c0f-1f0c0f7f2c11"
    door = Door(
        client, make_kind(side.url), FakeLimiter(), token=FakeTokens(), organisation_id="o", context={"run_id": "r-1"}
    )
    with capture_logs() as lines:
        await door.send(Request(method="GET", path=path, query=(("searchTerm", "Ana Ruiz"),)))
    [line] = lines
    assert line.pop("ms") >= 0
    assert line == {
        "event": "remote.called",
        "log_level": "info",
        "kind": "xero",
        "run_id": "r-1",
        "method": "GET",
        "path": "/api.xro/2.0/Invoices/{id}",
        "status": 200,
        "correlation_id": "abc-123",
    }


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/connections", "/connections"),
        ("/connections/6f2c1c9a-0d0b-4a53-9c0f-1f0c0f7f2c11", "/connections/{id}"),
        ("/api.xro/2.0/Invoices/AG-1234?x=1", "/api.xro/2.0/Invoices/{id}"),
        ("/v3/company/123146/query", "/v3/company/{id}/query"),
    ],
)
def test_a_path_in_the_log_keeps_words_only(path: str, template: str) -> None:
    assert path_template(path) == template


@pytest.mark.parametrize(
    "path", ["Invoices", "//evil.example/x", "/a/../../b", "/..", "/a?b=1", "/a#b", "/a b", "/a\r\nX: 1"]
)
def test_a_path_that_could_leave_the_base_address_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="not a path below"):
        build_url("https://api.xero.com", Request(method="GET", path=path))


@pytest.mark.parametrize("base", ["http://api.xero.com", "ftp://localhost", "https://", "https://u:p@x.com", "", "x"])
def test_a_base_address_is_https_or_localhost(base: str) -> None:
    with pytest.raises(ValueError, match="no address to call"):
        check_base(base)


def test_a_base_address_loses_its_last_slash() -> None:
    assert check_base("https://api.xero.com/") == "https://api.xero.com"
    assert check_base("http://localhost:8080") == "http://localhost:8080"


async def test_a_name_that_leads_into_a_private_network_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = GlobalResolver()
    leads: list[str] = []

    async def lead(host: str, port: int, family: object) -> list[dict[str, object]]:
        return [{"host": address, "port": port} for address in leads]

    monkeypatch.setattr(resolver._resolver, "resolve", lead)
    for address in ("10.0.0.5", "169.254.169.254", "127.0.0.1", "::1", "fd00::1"):
        leads[:] = [address]
        with pytest.raises(OSError, match="no public address"):
            await resolver.resolve("api.xero.com", 443)
    leads[:] = ["10.0.0.5", "8.8.8.8"]
    assert [one["host"] for one in await resolver.resolve("api.xero.com", 443)] == ["8.8.8.8"]
    leads[:] = ["127.0.0.1", "::1"]
    assert len(await resolver.resolve("localhost", 443)) == 2
    await resolver.close()
