"""Which callbacks are taken, and which addresses are called (PROMISES D6, R40)."""

from __future__ import annotations

import socket

import pytest
from aiohttp import ThreadedResolver, web
from aiohttp.abc import ResolveResult
from aiohttp.test_utils import TestServer

from hub.domain.callbacks import check_url, is_allowed, is_local_hub
from hub.errors import TemporaryError
from hub.remote.outbound import Outbound

GOOD = (
    "https://gallery.example.com",
    "https://gallery.example.com:8443/hub/events?source=hub",
    "https://8.8.8.8/x",
    "https://[2606:4700:4700::1111]/x",
)
BAD = (
    "",
    "gallery.example.com",
    "ftp://gallery.example.com",
    "http://gallery.example.com",
    "https://",
    "https://:443",
    "https://gallery.example.com:0/",
    "https://gallery.example.com:99999/",
    "https://user@gallery.example.com",
    "https://user:password@gallery.example.com",
    "https://gallery.example.com/#part",
    "https://gallery.example.com/#",
    "https://gallery.example.com/a b",
    "https://gallery.example.com/a\r\nX: y",
    "https://gallery.example.com\\@evil.example",
    "https://gallerie-é.example.com",
    "https://[::1",
    "https://10.0.0.1/",
    "https://192.168.1.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://100.64.0.1/",
    "https://0.0.0.0/",
    "https://224.0.0.1/",
    "https://[fe80::1]/",
    "https://[fd00::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://x.example/" + "a" * 2000,
)
LOCAL = ("http://localhost:9/x", "http://127.0.0.1:9/x", "http://[::1]:9/x", "https://localhost/x")


@pytest.mark.parametrize("url", GOOD)
def test_a_public_https_address_is_taken(url: str) -> None:
    assert check_url(url, allow_local=False) is None


@pytest.mark.parametrize("url", BAD)
@pytest.mark.parametrize("allow_local", [False, True])
def test_everything_else_is_refused_with_a_sentence(url: str, allow_local: bool) -> None:
    assert check_url(url, allow_local=allow_local)


@pytest.mark.parametrize("url", LOCAL)
def test_this_machine_is_called_only_by_a_hub_that_is_reached_there_only(url: str) -> None:
    assert check_url(url, allow_local=True) is None
    assert check_url(url, allow_local=False)


def test_a_hub_is_local_by_its_public_address() -> None:
    assert is_local_hub("http://localhost:8080")
    assert not is_local_hub("https://hub.example.com")


def test_a_name_may_lead_to_public_addresses_only() -> None:
    assert is_allowed("gallery.example.com", "8.8.8.8", allow_local=False)
    for address in ("127.0.0.1", "10.1.2.3", "::1", "fe80::1%eth0", "169.254.169.254", "255.255.255.255", "no-address"):
        assert not is_allowed("gallery.example.com", address, allow_local=True), address


async def test_a_private_address_is_not_called_whatever_name_leads_there(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    names = {"localhost": "127.0.0.1", "2130706433": "127.0.0.1"}

    async def resolve(self: object, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
        found = ResolveResult(hostname=host, host=names[host], port=port, family=socket.AF_INET, proto=0, flags=0)
        return [found]

    monkeypatch.setattr(ThreadedResolver, "resolve", resolve)  # the names of the net, told by the test

    async def note(request: web.Request) -> web.Response:
        called.append(request.path)
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", note)
    async with TestServer(app) as server, Outbound() as public, Outbound(allow_local=True) as local:
        for url in (f"https://127.0.0.1:{server.port}/", f"http://localhost:{server.port}/", "https://2130706433/"):
            with pytest.raises(TemporaryError):
                await public.post(url, {}, b"{}")
        names["gallery.example.com"] = "127.0.0.1"
        for outbound in (public, local):
            with pytest.raises(TemporaryError, match="leads to no public address"):
                await outbound.post(f"https://gallery.example.com:{server.port}/", {}, b"{}")
        assert called == []
        assert await local.post(f"http://localhost:{server.port}/here", {}, b"{}") == (200, None)
    assert called == ["/here"]


async def test_no_redirect_is_followed_and_no_body_is_waited_for() -> None:
    called: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        called.append(request.path)
        if request.path == "/away":
            raise web.HTTPTemporaryRedirect("/other")
        if request.path == "/busy":
            return web.Response(status=503, headers={"Retry-After": "7"})
        response = web.StreamResponse()
        response.content_length = 10**9
        await response.prepare(request)
        await response.write(b"x")
        return response  # never the whole body

    app = web.Application()
    app.router.add_post("/{tail:.*}", answer)
    async with TestServer(app) as server, Outbound(allow_local=True) as outbound:
        base = f"http://localhost:{server.port}"
        assert await outbound.post(f"{base}/away", {}, b"{}") == (307, None)
        assert await outbound.post(f"{base}/busy", {}, b"{}") == (503, 7.0)
        assert await outbound.post(f"{base}/endless", {}, b"{}") == (200, None)
    assert called == ["/away", "/busy", "/endless"]
