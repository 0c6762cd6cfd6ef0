"""The consent walk in the browser, with remembered consents in the place of the real ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from hub.errors import ConflictError, NotFoundError, PermanentError
from hub.remote.consents import Begun, Finished
from hub.web.deps import Deps
from tests.web.conftest import Starter


@pytest.fixture
def deps(shared_deps: Deps) -> Deps:
    """Nothing here stores anything: the tests share a database."""
    return shared_deps


class FakeConsents:
    """Knows the link `once`; remembers what came back."""

    def __init__(self, *, secure: bool = False, refused: str | None = None) -> None:
        self.secure = secure
        self.refused = refused
        self.came: list[tuple[str, dict[str, str], dict[str, str]]] = []

    def cookie_name(self, state: str) -> str:
        return ("__Host-" if self.secure else "") + f"hub-consent-{state[:3]}"

    async def begin(self, one_time: str) -> Begun:
        if one_time == "used":
            raise ConflictError("used", "This link was used.")
        if one_time != "once":
            raise NotFoundError("There is no such link.")
        url = "https://login.example.com/authorize?state=abc"
        return Begun(cookie_name=self.cookie_name("abc"), cookie_value="value", redirect_url=url, secure=self.secure)

    async def finish(self, kind: str, query: Mapping[str, str], cookies: Mapping[str, str]) -> Finished:
        self.came.append((kind, dict(query), dict(cookies)))
        if "state" not in query:
            raise ConflictError("consent", "This answer does not belong to a connection begun in this browser.")
        return Finished(gallery_id="g", webservice_id="w", grant_id="t", consent_id="c", refused=self.refused)


class FakeWebservices:
    """Remembers who consented."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.consented_to: list[Finished] = []

    async def consented(self, finished: Finished) -> str:
        if self.error:
            raise self.error
        self.consented_to.append(finished)
        return "Harbour <Lane> is connected. You can close this page."


@pytest.mark.parametrize("secure", [True, False])
async def test_the_link_binds_the_browser_and_leads_to_the_remote_page(start: Starter, secure: bool) -> None:
    client = await start(consents=FakeConsents(secure=secure), webservices=FakeWebservices())
    response = await client.get("/connect/once", allow_redirects=False)
    assert (response.status, response.headers["Location"]) == (302, "https://login.example.com/authorize?state=abc")
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("__Host-hub-consent-abc=value" if secure else "hub-consent-abc=value")
    assert ("Secure" in cookie) is secure
    assert {"HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=600"} <= {part.strip() for part in cookie.split(";")}
    assert response.headers["Referrer-Policy"] == "no-referrer"


async def test_the_callback_finishes_the_consent_and_forgets_the_cookie(start: Starter) -> None:
    consents, webservices = FakeConsents(), FakeWebservices()
    client = await start(consents=consents, webservices=webservices)
    await client.get("/connect/once", allow_redirects=False)
    with capture_logs() as logs:
        response = await client.get("/oauth/callback/xero", params={"code": "hidden-code", "state": "abc"})
        text = await response.text()
    assert (response.status, response.content_type) == (200, "text/html")
    assert "Harbour &lt;Lane&gt; is connected" in text
    assert consents.came == [("xero", {"code": "hidden-code", "state": "abc"}, {"hub-consent-abc": "value"})]
    assert [one.webservice_id for one in webservices.consented_to] == ["w"]
    assert "Max-Age=0" in response.headers["Set-Cookie"]
    assert "hidden-code" not in str(logs) + text
    assert response.headers["Cache-Control"] == "no-store"


async def test_a_refusal_is_told_with_the_way_out(start: Starter) -> None:
    webservices = FakeWebservices()
    client = await start(consents=FakeConsents(refused="access_denied"), webservices=webservices)
    text = await (await client.get("/oauth/callback/xero?error=access_denied&state=abc")).text()
    assert "was not allowed" in text
    assert "start the connection" in text
    assert webservices.consented_to == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/connect/unknown", 404),
        ("/connect/used", 409),
        ("/connect/%00", 404),
        ("/connect/%FF", 404),
        ("/oauth/callback/xero", 409),
        ("/oauth/callback/%00?state=a", 404),
        ("/oauth/callback/a%20b?state=a", 404),
    ],
)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
async def test_what_is_not_sound_is_refused(start: Starter, path: str, status: int, accept: str) -> None:
    client = await start(consents=FakeConsents(), webservices=FakeWebservices())
    response = await client.get(path, headers={"Accept": accept}, allow_redirects=False)
    kind = "text/html" if accept == "text/html" else "application/problem+json"
    assert (response.status, response.content_type) == (status, kind)
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ({"consents": FakeConsents(), "webservices": FakeWebservices(PermanentError("refused", "No.", "Ask."))}, 502),
        ({"consents": FakeConsents()}, 503),
        ({}, 503),
    ],
)
async def test_a_consent_that_cannot_be_taken_over_says_so(start: Starter, parts: dict[str, Any], status: int) -> None:
    client = await start(**parts)
    response = await client.get("/oauth/callback/xero?state=abc&code=x", headers={"Accept": "text/html"})
    assert (response.status, response.content_type) == (status, "text/html")
