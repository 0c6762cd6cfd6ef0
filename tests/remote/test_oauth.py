"""The consent walk over a real socket, and what answers of a token endpoint mean."""

import base64
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from urllib.parse import parse_qsl, urlsplit

import pytest
from authlib.oauth2 import client as authlib_client
from structlog.testing import capture_logs

from hub.domain.drafts import Response
from hub.domain.secrets import Secret
from hub.errors import ConflictError, NotFoundError, PermanentError, TemporaryError
from hub.remote.client import RemoteClient
from hub.remote.consents import Begun, Consents
from hub.remote.oauth import InvalidGrantError, OAuthClient, claims_of, classify
from tests.remote.conftest import World, query_of
from tests.remote.support import SCOPES, SECRET, Side, make_oauth, serving

MakeWorld = Callable[..., AbstractAsyncContextManager[World]]


async def begin(world: World) -> tuple[Begun, dict[str, str]]:
    """A consent begun, and the query of the answer to it."""
    link = await world.consents.open_link("harbour", "w-1", "xero")
    begun = await world.consents.begin(link.removeprefix("/connect/"))
    return begun, query_of(world.sandbox.approve(begun.redirect_url))


def cookies_of(begun: Begun) -> dict[str, str]:
    return {begun.cookie_name: begun.cookie_value}


async def test_a_consent_ends_in_a_grant_that_opens_the_organisation(world: World) -> None:
    begun, back = await begin(world)
    finished = await world.consents.finish("xero", back, cookies_of(begun))
    assert (finished.gallery_id, finished.webservice_id, finished.refused) == ("harbour", "w-1", None)
    assert finished.grant_id is not None
    grant = await world.store.get("harbour", finished.grant_id)
    answer = await world.client.call(
        "GET",
        f"{world.base}/connections?authEventId={finished.consent_id}",
        headers={"Authorization": f"Bearer {grant.access.reveal()}"},
        timeout=5,
    )
    assert [one["tenantName"] for one in json.loads(answer.response.body)] == ["Harbour Lane"]
    assert grant.remote_user in world.sandbox.tokens.users
    assert grant.consent_id == finished.consent_id


async def test_c4_the_consent_page_is_asked_for_the_listed_scopes_with_pkce_and_an_exact_redirect(world: World) -> None:
    link = await world.consents.open_link("harbour", "w-1", "xero")
    begun = await world.consents.begin(link.removeprefix("/connect/"))
    asked = dict(parse_qsl(urlsplit(begun.redirect_url).query))
    assert begun.redirect_url.startswith(f"{world.base}/identity/connect/authorize?")
    assert asked.keys() == {
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "code_challenge",
        "code_challenge_method",
    }
    assert tuple(asked["scope"].split()) == SCOPES
    assert (asked["response_type"], asked["code_challenge_method"], len(asked["code_challenge"])) == (
        "code",
        "S256",
        43,
    )
    assert asked["redirect_uri"] == "http://localhost:8321/oauth/callback/xero"
    assert len(asked["state"]) >= 43


async def test_c4_a_state_is_taken_once(world: World) -> None:
    begun, back = await begin(world)
    await world.consents.finish("xero", back, cookies_of(begun))
    with pytest.raises(ConflictError) as told:
        await world.consents.finish("xero", back, cookies_of(begun))
    assert told.value.name == "consent"


@pytest.mark.parametrize(
    "alter",
    [
        lambda back, cookies: (back | {"state": "other"}, cookies),
        lambda back, cookies: (back | {"state": ""}, cookies),
        lambda back, cookies: ({"code": back["code"]}, cookies),
        lambda back, _cookies: (back, {}),
        lambda back, cookies: (back, dict.fromkeys(cookies, "other")),
        lambda back, cookies: (back, dict.fromkeys(cookies, "")),
        lambda back, cookies: (back, {"hub-consent": next(iter(cookies.values()))}),
        lambda back, cookies: (back | {"state": "\udce9"}, cookies),
        lambda back, cookies: (back | {"code": "other"}, cookies),
    ],
)
async def test_c4_an_altered_answer_is_refused_and_stores_nothing(
    world: World,
    alter: Callable[[dict[str, str], dict[str, str]], tuple[Mapping[str, str], Mapping[str, str]]],
) -> None:
    begun, back = await begin(world)
    query, cookies = alter(back, cookies_of(begun))
    with pytest.raises(ConflictError) as told:
        await world.consents.finish("xero", query, cookies)
    assert told.value.name == "consent"
    async with world.db.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM grant_") == 0


async def test_c4_an_answer_for_another_kind_or_after_ten_minutes_is_refused(world: World) -> None:
    begun, back = await begin(world)
    with pytest.raises(ConflictError):
        await world.consents.finish("myob", back, cookies_of(begun))
    await world.run("UPDATE oauth_state SET created_at = created_at - interval '601 seconds'")
    with pytest.raises(ConflictError):
        await world.consents.finish("xero", back, cookies_of(begun))


async def test_c4_two_browsers_do_not_finish_each_others_consent(world: World) -> None:
    ours, our_answer = await begin(world)
    theirs, their_answer = await begin(world)
    for answer, begun in ((our_answer, theirs), (their_answer, ours)):
        with pytest.raises(ConflictError):
            await world.consents.finish("xero", answer, cookies_of(begun))
    both = cookies_of(ours) | cookies_of(theirs)  # two tabs of one browser
    for answer in (our_answer, their_answer):
        assert (await world.consents.finish("xero", answer, both)).grant_id is not None


async def test_a_person_who_refuses_gets_no_grant_and_the_state_is_used(world: World) -> None:
    link = await world.consents.open_link("harbour", "w-1", "xero")
    begun = await world.consents.begin(link.removeprefix("/connect/"))
    back = query_of(world.sandbox.refuse(begun.redirect_url))
    finished = await world.consents.finish("xero", back, cookies_of(begun))
    assert (finished.refused, finished.grant_id) == ("access_denied", None)
    with pytest.raises(ConflictError):
        await world.consents.finish("xero", back, cookies_of(begun))


async def test_hostile_text_of_a_refusal_is_not_handed_on(world: World) -> None:
    begun, back = await begin(world)
    hostile = {"state": back["state"], "error": "<script>alert(1)</script>"}
    assert (await world.consents.finish("xero", hostile, cookies_of(begun))).refused == "no_code"


async def test_a_link_works_once_and_an_unknown_one_never(world: World) -> None:
    link = await world.consents.open_link("harbour", "w-1", "xero")
    await world.consents.begin(link.removeprefix("/connect/"))
    with pytest.raises(ConflictError) as told:
        await world.consents.begin(link.removeprefix("/connect/"))
    assert told.value.name == "used"
    with pytest.raises(NotFoundError):
        await world.consents.begin("never-made")


async def test_the_cookie_is_host_bound_when_the_hub_is_reached_by_https(world: World) -> None:
    for url, secure in (("https://hub.example.com", True), ("http://localhost:8080", False)):
        consents = Consents(world.store, world.oauth, url)
        begun = await consents.begin((await consents.open_link("g", "w", "xero")).removeprefix("/connect/"))
        assert begun.secure is secure
        assert begun.cookie_name.startswith("__Host-") is secure


async def test_a_public_client_sends_its_id_in_the_body_and_no_secret(make_world: MakeWorld) -> None:
    async with make_world(client_secret=None) as world:
        world.facts = make_oauth(world.base, client_authentication="none")
        grant_id = await world.connect()
        old = await world.store.token("harbour", grant_id)
        assert await world.grants().access_token("harbour", grant_id, rejected=old.reveal()) != old.reveal()


async def test_a_second_consent_of_the_same_user_keeps_the_grant(world: World) -> None:
    assert await world.connect() == await world.connect()


async def test_the_token_request_is_a_form_with_basic_auth_and_authlibs_own_headers_stay_clean() -> None:
    side = Side()
    side.answer(200, body=b'{"access_token": "a", "refresh_token": "r", "expires_in": 1800, "token_type": "Bearer"}')
    before = dict(authlib_client.DEFAULT_HEADERS)
    async with serving(side), RemoteClient() as client:
        oauth = OAuthClient(client, "xero", make_oauth(side.url))
        await oauth.exchange("the code", verifier=Secret("v" * 43), redirect_uri="http://localhost/cb")
        await oauth.refresh(Secret("r+/ =&é"))
        await oauth.revoke(Secret("r2"))
    forms = [dict(parse_qsl(body.decode())) for _, _, _, body in side.requests]
    assert forms == [
        {
            "grant_type": "authorization_code",
            "code": "the code",
            "redirect_uri": "http://localhost/cb",
            "code_verifier": "v" * 43,
        },
        {"grant_type": "refresh_token", "refresh_token": "r+/ =&é"},
        {"token": "r2", "token_type_hint": "refresh_token"},
    ]
    expected = "Basic " + base64.b64encode(f"sandbox-client:{SECRET}".encode()).decode()
    for method, _, headers, _ in side.requests:
        assert (method, headers["Authorization"]) == ("POST", expected)
        assert headers["Content-Type"].startswith("application/x-www-form-urlencoded")
    assert before == authlib_client.DEFAULT_HEADERS


@pytest.mark.parametrize(
    ("status", "body", "error", "code"),
    [
        (200, '{"access_token": "a"}', None, None),
        (400, '{"error": "invalid_grant"}', InvalidGrantError, None),
        (401, '{"error": "invalid_client"}', PermanentError, "oauth_client"),
        (400, '{"error": "invalid_client"}', PermanentError, "oauth_client"),
        (400, '{"error": "unauthorized_client"}', PermanentError, "oauth_client"),
        (400, '{"error": "invalid_scope"}', PermanentError, "invalid_scope"),
        (200, '{"error": "invalid_request"}', PermanentError, "invalid_request"),
        (429, "", TemporaryError, None),
        (500, '{"error": "invalid_grant"}', TemporaryError, None),
        (503, "The Xero API is currently offline", TemporaryError, None),
        (200, "<html>", TemporaryError, None),
        (200, '{"access_token": 5}', TemporaryError, None),
        (200, "[]", TemporaryError, None),
        (400, '{"error": "Bearer abcdefghi <b>"}', TemporaryError, None),
    ],
)
def test_answers_of_the_token_endpoint_by_what_can_be_done(
    status: int, body: str, error: type[Exception] | None, code: str | None
) -> None:
    found = classify(Response(status=status, body=body.encode()), "xero")
    assert (None if found is None else type(found)) is error
    assert getattr(found, "code", None) == code


def test_a_429_of_the_token_endpoint_tells_how_long() -> None:
    found = classify(Response(status=429, headers={"retry-after": "26"}), "xero")
    assert isinstance(found, TemporaryError)
    assert found.delay == 26


@pytest.mark.parametrize("token", ["", "opaque", "a.b", "a.%%%.c", "a.bm90IGpzb24.c", "a.W10.c", "a.é.c"])
def test_a_token_that_is_no_jwt_has_no_claims(token: str) -> None:
    assert claims_of(token) == {}


async def test_c2_neither_the_walk_nor_a_refresh_logs_anything_secret(world: World) -> None:
    with capture_logs() as lines:
        begun, back = await begin(world)
        finished = await world.consents.finish("xero", back, cookies_of(begun))
        assert finished.grant_id is not None
        first = await world.store.get("harbour", finished.grant_id)
        await world.grants().access_token("harbour", finished.grant_id, rejected=first.access.reveal())
        second = await world.store.get("harbour", finished.grant_id)
    text = repr(lines)
    assert "grant.refreshed" in text
    secrets = [back["code"], back["state"], begun.cookie_value, SECRET]
    for grant in (first, second):
        assert grant.refresh is not None
        secrets += [grant.access.reveal(), grant.refresh.reveal()]
        assert grant.access.reveal() not in repr(grant)
    for secret in secrets:
        assert not any(secret[at : at + 6] in text for at in range(len(secret) - 5))
