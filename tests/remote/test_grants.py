"""PROMISES C1: one refresh at a time, and no race, crash or lost answer destroys a grant."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pydantic
import pytest

from hub.domain.grants import Grant, Tokens
from hub.domain.secrets import Secret
from hub.errors import AuthorizationError, HubError, PermanentError, TemporaryError, UnavailableError
from hub.remote import grants as grants_module
from hub.remote.oauth import OAuthClient
from hub.store.database import Database
from hub.store.grants import GrantStore
from tests.remote.conftest import World
from tests.remote.support import five_minutes, make_oauth

MakeWorld = Callable[..., AbstractAsyncContextManager[World]]


class CountingClient(OAuthClient):
    """Counts exchanges, and how many are under way at once."""

    exchanges = 0
    under_way = 0
    most = 0

    async def refresh(self, refresh_token: Secret, *, timeout: float = 20.0) -> Tokens:  # noqa: ASYNC109 - as the base
        kind = type(self)
        kind.exchanges += 1
        kind.under_way += 1
        kind.most = max(kind.most, kind.under_way)
        try:
            await asyncio.sleep(0.05)  # long enough for a second one to begin
            return await super().refresh(refresh_token, timeout=timeout)
        finally:
            kind.under_way -= 1


def counting(world: World) -> type[CountingClient]:
    return type("Counting", (CountingClient,), {})


async def is_good(world: World, token: str) -> bool:
    """Whether the remote side takes the access token."""
    answer = await world.client.call(
        "GET", f"{world.base}/connections", headers={"Authorization": f"Bearer {token}"}, timeout=5
    )
    return answer.response.status == 200


async def test_a_token_far_from_its_end_is_handed_out_without_a_call(world: World) -> None:
    grant_id = await world.connect()
    kind = counting(world)
    grants = world.grants(clients=lambda name: kind(world.client, name, world.facts))
    for _ in range(3):
        assert await is_good(world, await grants.access_token("harbour", grant_id))
    assert kind.exchanges == 0


async def test_c1_many_tasks_of_three_processes_make_one_exchange(world: World, dsn: str) -> None:
    grant_id = await world.connect()
    await world.end_access_token()
    kind = counting(world)
    processes = []
    databases = [await Database.open(dsn, size=3) for _ in range(3)]
    for db in databases:
        store = GrantStore(db, world.store._box)
        grants = grants_module.Grants(
            store, lambda name: kind(world.client, name, world.facts), refresh_within=five_minutes
        )
        processes += [grants.access_token("harbour", grant_id) for _ in range(10)]
    tokens = set(await asyncio.gather(*processes))
    for db in databases:
        await db.close()
    assert (kind.exchanges, kind.most) == (1, 1)
    assert len(tokens) == 1
    assert await is_good(world, tokens.pop())


async def test_a_rejected_token_is_replaced_once_for_all_who_met_it(world: World) -> None:
    grant_id = await world.connect()
    kind = counting(world)
    grants = world.grants(clients=lambda name: kind(world.client, name, world.facts))
    old = await grants.access_token("harbour", grant_id)
    world.sandbox.tokens.expire()
    new = await asyncio.gather(*(grants.access_token("harbour", grant_id, rejected=old) for _ in range(8)))
    assert kind.exchanges == 1
    assert set(new) != {old}
    assert await is_good(world, new[0])


async def test_an_answer_that_was_lost_costs_nothing_within_the_grace(make_world: MakeWorld) -> None:
    for kills in (True, False):
        async with make_world(retry_kills_first_pair=kills) as world:
            grant_id = await world.connect()
            await world.run("UPDATE grant_ SET expires_at = clock_timestamp() - interval '1 second'")
            lost: list[Tokens] = []

            class Losing(OAuthClient):
                async def refresh(self, refresh_token: Secret, *, timeout: float = 20.0) -> Tokens:  # noqa: ASYNC109 - as the base
                    lost.append(await super().refresh(refresh_token, timeout=timeout))  # noqa: B023 - of this turn
                    raise TemporaryError("the answer was lost")

            losing = world.grants(clients=lambda name: Losing(world.client, name, world.facts))
            with pytest.raises(TemporaryError):
                await losing.access_token("harbour", grant_id)
            await world.run("UPDATE grant_ SET retry_at = NULL")
            token = await world.grants().access_token("harbour", grant_id)
            assert len(lost) == 1
            assert await is_good(world, token)
            await world.run("DELETE FROM grant_")


async def test_c1_a_crash_between_the_answer_and_the_store_costs_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grants_module, "_LEAST_CLAIM", 0.4)
    grant_id = await world.connect()
    await world.run("UPDATE grant_ SET expires_at = clock_timestamp() - interval '1 second'")

    class Crash(BaseException):
        """The process is gone."""

    class Crashing(GrantStore):
        async def swap(self, grant: Grant, owner: str, tokens: Tokens) -> bool:
            raise Crash

    dead = grants_module.Grants(
        Crashing(world.db, world.store._box), world.oauth, refresh_within=five_minutes, clock_factor=0.001
    )
    with pytest.raises(Crash):
        await dead._get(("harbour", grant_id), None)
    assert (await world.store.look("harbour", grant_id)).claimed_for > 0
    token = await world.grants(factor=0.001).access_token("harbour", grant_id)  # after the claim of the dead has ended
    assert await is_good(world, token)


async def test_a_database_away_right_after_the_exchange_is_waited_for(world: World) -> None:
    grant_id = await world.connect()
    await world.end_access_token()
    failures = [UnavailableError(), UnavailableError()]

    class Away(GrantStore):
        async def swap(self, grant: Grant, owner: str, tokens: Tokens) -> bool:
            if failures:
                raise failures.pop()
            return await super().swap(grant, owner, tokens)

    grants = grants_module.Grants(Away(world.db, world.store._box), world.oauth, refresh_within=five_minutes)
    assert await is_good(world, await grants.access_token("harbour", grant_id))
    assert (await world.store.get("harbour", grant_id)).version == 2


async def test_a_caller_that_gives_up_does_not_stop_the_refresh(world: World) -> None:
    grant_id = await world.connect()
    await world.end_access_token()
    kind = counting(world)
    grants = world.grants(clients=lambda name: kind(world.client, name, world.facts))
    caller = asyncio.create_task(grants.access_token("harbour", grant_id))
    async with asyncio.timeout(5):
        while kind.under_way == 0:  # noqa: ASYNC110 - a counter
            await asyncio.sleep(0.001)
    caller.cancel()
    await asyncio.wait([caller])
    await grants.close()
    assert (await world.store.get("harbour", grant_id)).version == 2


async def test_a_refresher_stopped_for_longer_than_its_claim_changes_nothing_when_it_wakes(world: World) -> None:
    grant_id = await world.connect()
    await world.end_access_token()
    woken, asked = asyncio.Event(), asyncio.Event()

    class Stopped(OAuthClient):
        async def refresh(self, refresh_token: Secret, *, timeout: float = 20.0) -> Tokens:  # noqa: ASYNC109 - as the base
            tokens = await super().refresh(refresh_token, timeout=timeout)
            asked.set()
            await woken.wait()
            return tokens

    stopped = world.grants(clients=lambda name: Stopped(world.client, name, world.facts))
    late = asyncio.create_task(stopped.access_token("harbour", grant_id))
    await asked.wait()
    await world.run("UPDATE grant_ SET refresh_until = clock_timestamp()")
    token = await world.grants().access_token("harbour", grant_id, rejected="none of ours")
    woken.set()
    assert await late == token
    assert await is_good(world, token)
    assert (await world.store.get("harbour", grant_id)).version == 2


async def test_b9_a_revoked_consent_is_marked_deletes_nothing_and_is_not_tried_again(world: World) -> None:
    grant_id = await world.connect()
    before = await world.store.get("harbour", grant_id)
    world.sandbox.tokens.revoke_user(next(iter(world.sandbox.tokens.users)))
    kind = counting(world)
    grants = world.grants(clients=lambda name: kind(world.client, name, world.facts))
    for _ in range(3):
        with pytest.raises(AuthorizationError):
            await grants.access_token("harbour", grant_id, rejected=before.access.reveal())
    after = await world.store.get("harbour", grant_id)
    assert (after.state, after.refresh) == ("reauthorize", before.refresh)
    assert kind.exchanges == 1
    assert await world.connect() == grant_id
    assert await is_good(world, await grants.access_token("harbour", grant_id))


async def test_when_the_newest_refresh_token_is_refused_the_one_before_is_tried_once(make_world: MakeWorld) -> None:
    async with make_world(grace_ends_on_use=False) as world:
        grant_id = await world.connect()
        await world.end_access_token()
        grants = world.grants()
        await grants.access_token("harbour", grant_id)
        newest = (await world.store.get("harbour", grant_id)).refresh
        assert newest is not None
        world.sandbox.tokens.refresh[newest.reveal()].is_dead = True
        await world.end_access_token()
        assert await is_good(world, await world.grants().access_token("harbour", grant_id))
        assert (await world.store.get("harbour", grant_id)).state == "ok"


async def test_tokens_stored_by_someone_else_meanwhile_count_before_a_refusal(world: World) -> None:
    grant_id = await world.connect()
    await world.end_access_token()

    class Overtaken(OAuthClient):
        async def refresh(self, refresh_token: Secret, *, timeout: float = 20.0) -> Tokens:  # noqa: ASYNC109 - as the base
            await world.connect()  # a new consent of the same person, in another process
            return await super().refresh(Secret("of the past"), timeout=timeout)

    grants = world.grants(clients=lambda name: Overtaken(world.client, name, world.facts))
    assert await is_good(world, await grants.access_token("harbour", grant_id))
    assert (await world.store.get("harbour", grant_id)).state == "ok"


async def test_an_operator_fault_keeps_the_tokens_and_names_the_settings(world: World) -> None:
    grant_id = await world.connect()
    await world.run("UPDATE grant_ SET expires_at = clock_timestamp() - interval '1 second'")
    wrong = make_oauth(world.base, client_secret=pydantic.SecretStr("a wrong one"))
    with pytest.raises(PermanentError) as told:
        await world.grants(clients=lambda kind: world.oauth(kind, wrong)).access_token("harbour", grant_id)
    assert told.value.code == "oauth_client"
    assert "HUB_XERO__CLIENT_SECRET" in told.value.remedy
    assert "a wrong one" not in str(told.value)
    await world.run("UPDATE grant_ SET retry_at = NULL")
    assert await is_good(world, await world.grants().access_token("harbour", grant_id))


class Failing(OAuthClient):
    """Never gets an answer."""

    calls = 0

    async def refresh(self, refresh_token: Secret, *, timeout: float = 20.0) -> Tokens:  # noqa: ASYNC109 - as the base
        type(self).calls += 1
        raise TemporaryError("no answer", delay=40)


async def test_a_token_endpoint_without_an_answer_is_not_asked_again_at_once(world: World) -> None:
    grant_id = await world.connect()
    await world.run("UPDATE grant_ SET expires_at = clock_timestamp() - interval '1 second'")
    Failing.calls = 0
    grants = world.grants(clients=lambda kind: Failing(world.client, kind, world.facts), factor=0.5)
    for _ in range(3):
        with pytest.raises(TemporaryError) as told:
            await grants.access_token("harbour", grant_id)
    assert Failing.calls == 1
    assert told.value.delay == pytest.approx(40, abs=2)  # unscaled: 20 real seconds under the factor 0.5


async def test_a_token_that_is_good_still_serves_while_its_renewal_fails(world: World) -> None:
    grant_id = await world.connect()
    await world.run("UPDATE grant_ SET expires_at = clock_timestamp() + interval '100 seconds'")
    grants = world.grants(clients=lambda kind: Failing(world.client, kind, world.facts))
    for _ in range(2):
        assert await is_good(world, await grants.access_token("harbour", grant_id))


async def test_a_short_lived_token_is_not_renewed_at_every_call(make_world: MakeWorld) -> None:
    async with make_world(access_token_seconds=60) as world:
        grant_id = await world.connect()
        kind = counting(world)
        for _ in range(3):
            grants = world.grants(clients=lambda name: kind(world.client, name, world.facts))
            await grants.access_token("harbour", grant_id)
        assert kind.exchanges == 0


async def test_grants_nobody_used_for_a_week_are_refreshed_and_one_that_fails_stops_no_other(world: World) -> None:
    good = await world.connect()
    bad = await world.connect("other")
    world.sandbox.tokens.users["another"] = "another"
    await world.run("UPDATE grant_ SET refreshed_at = clock_timestamp() - interval '8 days'")
    await world.run("UPDATE grant_ SET access_token = refresh_token WHERE id = $1", bad)  # does not open
    assert await world.grants().refresh_idle() == 1
    assert (await world.store.get("harbour", good)).version == 2
    assert await world.grants().refresh_idle() == 0


@pytest.mark.parametrize("revoke", [True, False])
async def test_c5_an_ended_grant_is_forgotten_here_and_revoked_there_when_asked(world: World, revoke: bool) -> None:
    grant_id = await world.connect()
    grants = world.grants()
    token = await grants.access_token("harbour", grant_id)
    await grants.end("harbour", grant_id, revoke=revoke)
    assert await is_good(world, token) is not revoke
    with pytest.raises(HubError):
        await grants.access_token("harbour", grant_id)
