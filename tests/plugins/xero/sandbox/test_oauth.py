"""FACTS 1: consent, tokens, connections."""

from __future__ import annotations

import base64
import re

import msgspec
import pytest

from tests.plugins.xero.sandbox.support import (
    REDIRECT,
    SCOPES,
    VERIFIER,
    Caller,
    Clock,
    authorize_query,
    basic,
    query_of,
    running,
)

AUTHORIZE = "/identity/connect/authorize"


def claims_of(token: str) -> dict[str, object]:
    middle = token.split(".")[1]
    claims: dict[str, object] = msgspec.json.decode(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    return claims


async def open_page(caller: Caller, **changes: str) -> str:
    reply = await caller.call("GET", f"{AUTHORIZE}?{authorize_query(**changes)}", is_api=False)
    assert reply.status == 200
    found = re.search(r'name="consent" value="([^"]+)"', reply.raw.decode())
    assert found
    return found[1]


async def decide(caller: Caller, consent: str, **form: str) -> str:
    reply = await caller.call("POST", AUTHORIZE, data={"consent": consent, **form}, is_api=False)
    assert reply.status == 302, reply
    return reply.headers["location"]


async def code_of(caller: Caller, **changes: str) -> str:
    address = caller.sandbox.approve(f"https://login/?{authorize_query(**changes)}")
    return query_of(address)["code"]


async def exchange(caller: Caller, code: str, **changes: str) -> tuple[int, str | None]:
    form = {"redirect_uri": REDIRECT, "code_verifier": VERIFIER, **changes}
    reply = await caller.token(headers=None, grant_type="authorization_code", code=code, **form)
    return reply.status, reply.json.get("error")


async def test_the_consent_page_lists_organisations_and_is_not_framed(caller: Caller) -> None:
    reply = await caller.call("GET", f"{AUTHORIZE}?{authorize_query()}", is_api=False)
    page = reply.raw.decode()
    assert "Harbour Lane" in page
    assert "Minster Yard" in page
    assert "Allow access" in page
    assert reply.headers["x-frame-options"] == "DENY"


async def test_allowing_access_in_the_form_leads_to_tokens_and_a_connection() -> None:
    async with running() as caller:
        other = list(caller.sandbox.organisations)[1]
        consent = await open_page(caller)
        address = await decide(caller, consent, organisation=other, action="allow")
        assert address.startswith(REDIRECT + "?")
        back = query_of(address)
        assert back["state"] == "some-state"
        reply = await caller.token(
            grant_type="authorization_code", code=back["code"], redirect_uri=REDIRECT, code_verifier=VERIFIER
        )
        caller.tokens = reply.json
        assert reply.json["expires_in"] == 1800
        claims = claims_of(caller.tokens["access_token"])
        assert claims["scope"] == SCOPES.split()
        event = claims["authentication_event_id"]
        touched = await caller.call("GET", f"/connections?authEventId={event}", is_api=False)
        assert [one["tenantId"] for one in touched.json] == [other]
        assert not touched.json[0]["createdDateUtc"].endswith("Z")
        every = await caller.call("GET", "/connections", is_api=False)
        assert len(every.json) == 2  # one token set covers all of the user's connections


async def test_cancelling_goes_back_with_access_denied(caller: Caller) -> None:
    address = await decide(caller, await open_page(caller), action="cancel")
    assert query_of(address) == {"error": "access_denied", "state": "some-state"}


async def test_a_consent_is_decided_once(caller: Caller) -> None:
    consent = await open_page(caller)
    await decide(caller, consent, action="cancel")
    reply = await caller.call("POST", AUTHORIZE, data={"consent": consent, "action": "cancel"}, is_api=False)
    assert reply.status == 400


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "accounting.transactions offline_access"}, "invalid_scope"),
        ({"scope": "accounting.nonsense"}, "invalid_scope"),
        ({"scope": f"{SCOPES} app.connections"}, "access_denied"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
async def test_a_bad_request_goes_back_with_its_error(caller: Caller, changes: dict[str, str], error: str) -> None:
    reply = await caller.call("GET", f"{AUTHORIZE}?{authorize_query(**changes)}", is_api=False)
    assert reply.status == 302
    assert query_of(reply.headers["location"])["error"] == error


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "http://127.0.0.1:8000/cb"},
        {"redirect_uri": "http://gallery.example/cb"},
        {"redirect_uri": "https://*.example/cb"},
        {"client_id": "somebody-else"},
    ],
)
async def test_an_untrusted_request_is_never_redirected(caller: Caller, changes: dict[str, str]) -> None:
    reply = await caller.call("GET", f"{AUTHORIZE}?{authorize_query(**changes)}", is_api=False)
    assert reply.status == 400
    assert "location" not in reply.headers


async def test_only_registered_redirects_are_accepted_when_there_is_a_list() -> None:
    async with running(redirect_uris=(REDIRECT,)) as caller:
        bad = authorize_query(redirect_uri=REDIRECT + "/")
        assert (await caller.call("GET", f"{AUTHORIZE}?{bad}", is_api=False)).status == 400


async def test_broad_scopes_work_where_the_switch_allows_them() -> None:
    async with running(broad_scopes_allowed=True) as caller:
        await caller.sign_in(scope="offline_access accounting.transactions accounting.contacts")
        assert (await caller.get("Invoices?page=1")).status == 200


async def test_settings_read_is_refused_by_a_switch() -> None:
    wide = SCOPES.replace("settings.read", "settings")
    async with running(settings_read_allowed=False, scope=wide) as caller:
        assert (await caller.get("Accounts")).status == 200
        address = caller.sandbox.approve(f"https://login/?{authorize_query()}")
        assert query_of(address)["error"] == "invalid_scope"


async def test_several_organisations_in_one_consent_only_with_bulk_connect() -> None:
    for is_bulk in (False, True):
        async with running(bulk_connect=is_bulk) as caller:
            consent = await open_page(caller)
            data = [("consent", consent), ("action", "allow")]
            data += [("organisation", one) for one in caller.sandbox.organisations]
            await caller.call("POST", AUTHORIZE, data=data, is_api=False)
            assert len(caller.sandbox.tokens.connections) == (2 if is_bulk else 1)


async def test_a_code_is_single_use(caller: Caller) -> None:
    code = await code_of(caller)
    assert await exchange(caller, code) == (200, None)
    assert await exchange(caller, code) == (400, "invalid_grant")


async def test_a_code_lives_five_minutes() -> None:
    clock = Clock()
    async with running(clock) as caller:
        fresh, stale = await code_of(caller), await code_of(caller)
        clock.pass_(300)
        assert await exchange(caller, fresh) == (200, None)
        clock.pass_(1)
        assert await exchange(caller, stale) == (400, "invalid_grant")


@pytest.mark.parametrize(
    "changes",
    [{"redirect_uri": REDIRECT + "/"}, {"code_verifier": "w" * 64}, {"code_verifier": ""}, {"code_verifier": "v" * 42}],
)
async def test_redirect_and_verifier_must_match_exactly(caller: Caller, changes: dict[str, str]) -> None:
    assert await exchange(caller, await code_of(caller), **changes) == (400, "invalid_grant")
    assert await exchange(caller, "nonsense") == (400, "invalid_grant")


async def test_client_authentication(caller: Caller) -> None:
    wrong = await caller.token(headers=basic(secret="wrong"), grant_type="refresh_token", refresh_token="x")
    assert (wrong.status, wrong.json) == (400, {"error": "invalid_client"})
    unknown = await caller.token(headers=basic("other"), grant_type="refresh_token", refresh_token="x")
    assert unknown.json == {"error": "unauthorized_client"}
    in_body = await caller.token(
        headers={},
        client_id="sandbox-client",
        client_secret="sandbox-secret",
        grant_type="refresh_token",
        refresh_token="x",
    )
    assert in_body.json == {"error": "invalid_grant"}
    custom = await caller.token(grant_type="client_credentials")
    assert custom.json == {"error": "unauthorized_client"}


async def test_a_wrong_secret_is_401_by_a_switch() -> None:
    async with running(invalid_client_status=401) as caller:
        assert (await caller.token(headers=basic(secret="wrong"), grant_type="refresh_token")).status == 401


async def test_a_pkce_app_has_no_secret() -> None:
    async with running(client_secret=None) as caller:
        reply = await caller.token(
            headers={},
            client_id="sandbox-client",
            grant_type="refresh_token",
            refresh_token=caller.tokens["refresh_token"],
        )
        assert reply.status == 200


async def test_no_refresh_token_without_offline_access(caller: Caller) -> None:
    tokens = await caller.sign_in(scope="openid accounting.invoices accounting.contacts accounting.payments")
    assert "refresh_token" not in tokens
    assert "id_token" in tokens
    await caller.sign_in()


async def test_a_refresh_rotates_and_the_old_token_dies_once_the_new_pair_is_used() -> None:
    async with running() as caller:
        old = caller.tokens["refresh_token"]
        first = (await caller.refresh(old)).json
        again = (await caller.refresh(old)).json  # the answer was lost: the grace period
        assert again["refresh_token"] not in {old, first["refresh_token"]}
        caller.tokens = again
        assert (await caller.get("Organisation")).status == 200
        assert (await caller.refresh(old)).json == {"error": "invalid_grant"}
        assert (await caller.refresh()).status == 200


@pytest.mark.parametrize(("is_killed", "status"), [(True, 400), (False, 200)])
async def test_a_retry_may_kill_the_first_pair(is_killed: bool, status: int) -> None:
    async with running(retry_kills_first_pair=is_killed) as caller:
        old = caller.tokens["refresh_token"]
        first = (await caller.refresh(old)).json
        await caller.refresh(old)
        assert (await caller.refresh(first["refresh_token"])).status == status


async def test_the_grace_period_may_outlast_use() -> None:
    async with running(grace_ends_on_use=False) as caller:
        old = caller.tokens["refresh_token"]
        caller.tokens = (await caller.refresh(old)).json
        await caller.get("Organisation")
        assert (await caller.refresh(old)).status == 200


async def test_the_grace_period_is_thirty_minutes_and_an_unused_token_lives_sixty_days() -> None:
    clock = Clock()
    async with running(clock) as caller:
        old = caller.tokens["refresh_token"]
        newer = (await caller.refresh(old)).json["refresh_token"]
        clock.pass_(1801)
        assert (await caller.refresh(old)).status == 400
        clock.pass_(60 * 86_400 - 1801)
        newest = (await caller.refresh(newer)).json["refresh_token"]
        clock.pass_(60 * 86_400 + 1)
        assert (await caller.refresh(newest)).status == 400


async def test_an_access_token_expires_after_thirty_minutes() -> None:
    clock = Clock()
    async with running(clock) as caller:
        clock.pass_(1800)
        reply = await caller.get("Organisation")
        assert reply.status == 401
        assert reply.json["Detail"].startswith("TokenExpired: token expired at ")
        caller.tokens = (await caller.refresh()).json
        assert (await caller.get("Organisation")).status == 200


async def test_an_unknown_token_is_401_and_a_foreign_organisation_403(caller: Caller) -> None:
    unknown = await caller.get("Organisation", Authorization="Bearer nonsense")
    assert (unknown.status, unknown.json["Detail"]) == (401, "AuthenticationUnsuccessful")
    for tenant in (list(caller.sandbox.organisations)[1], "", "nonsense"):
        foreign = await caller.get("Organisation", xero_tenant_id=tenant)
        assert (foreign.status, foreign.json["Detail"]) == (403, "AuthenticationUnsuccessful")


@pytest.mark.parametrize("status", [401, 403])
async def test_a_missing_scope_is_refused(status: int) -> None:
    async with running(insufficient_scope_status=status) as caller:
        await caller.sign_in(scope="offline_access accounting.invoices.read")
        assert (await caller.get("Invoices?page=1")).status == 200
        assert (await caller.get("Payments?page=1")).status == status
        refused = await caller.call("PUT", "Invoices", body={"Invoices": []})
        assert refused.status == status
        assert "insufficent_scope" in refused.headers.get("www-authenticate", "insufficent_scope")


async def test_deleting_a_connection_needs_its_own_id() -> None:
    async with running() as caller:
        (connection,) = (await caller.call("GET", "/connections", is_api=False)).json
        wrong = await caller.call("DELETE", f"/connections/{connection['tenantId']}", is_api=False)
        assert wrong.status == 404
        assert (await caller.call("DELETE", f"/connections/{connection['id']}", is_api=False)).status == 204
        assert (await caller.get("Organisation")).status == 403


async def test_connecting_again_keeps_the_connection_and_moves_its_stamp() -> None:
    clock = Clock()
    async with running(clock) as caller:
        clock.pass_(60)
        await caller.sign_in()
        (connection,) = (await caller.call("GET", "/connections", is_api=False)).json
        assert connection["createdDateUtc"] != connection["updatedDateUtc"]


@pytest.mark.parametrize(
    ("switch", "api", "refresh"),
    [("forbidden", 403, 200), ("unauthorized", 401, 200), ("invalid_grant", 401, 400)],
)
async def test_the_last_disconnect_shows_in_one_of_three_ways(switch: str, api: int, refresh: int) -> None:
    async with running(last_disconnect=switch) as caller:
        assert caller.sandbox.disconnect(caller.organisation) == 1
        assert (await caller.get("Organisation")).status == api
        assert (await caller.refresh()).status == refresh


async def test_revocation_ends_everything_of_that_user_and_of_nobody_else() -> None:
    async with running() as caller:
        other = caller.sandbox.add_user("colleague@example.com")
        caller.sandbox.approve(f"https://login/?{authorize_query()}", user=other)
        reply = await caller.call(
            "POST",
            "/connect/revocation",
            data={"token": caller.tokens["refresh_token"]},
            headers=basic(),
            is_api=False,
        )
        assert (reply.status, reply.raw) == (200, b"")
        assert (await caller.get("Organisation")).status == 401
        assert (await caller.refresh()).json == {"error": "invalid_grant"}
        assert {one.user_id for one in caller.sandbox.tokens.connections.values()} == {other}
