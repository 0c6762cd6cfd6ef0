"""Grants in their rows: shared by a remote user, sealed in place, changed by whoever holds the claim."""

from collections.abc import AsyncIterator

import pytest

from hub.domain.grants import ConnectLink, Tokens
from hub.domain.secrets import Secret
from hub.errors import ConflictError, NotFoundError, SecretError, StartupError
from hub.remote.secrets import SecretBox
from hub.store.database import Database
from hub.store.grants import GrantStore, check_keys, forget_keys

OLD, NEW = b"k" * 32, b"n" * 32
LINK = ConnectLink(gallery_id="harbour", webservice_id="w-1", kind="xero")


def make_tokens(mark: str = "1", *, refresh: bool = True) -> Tokens:
    return Tokens(
        access=Secret(f"access-{mark}"), refresh=Secret(f"refresh-{mark}") if refresh else None, expires_in=1800
    )


@pytest.fixture
async def db(dsn: str) -> AsyncIterator[Database]:
    async with await Database.open(dsn, size=4) as db:
        yield db


@pytest.fixture
def store(db: Database) -> GrantStore:
    return GrantStore(db, SecretBox([OLD]))


async def save(store: GrantStore, mark: str = "1", *, gallery: str = "harbour", user: str = "u-1") -> str:
    return await store.save(gallery, "xero", make_tokens(mark), remote_user=user, consent_id=f"c-{mark}")


async def run(db: Database, statement: str, *args: object) -> None:
    async with db.connection() as conn:
        await conn.execute(statement, *args)


async def test_a_grant_comes_back_as_it_was_saved(store: GrantStore) -> None:
    grant = await store.get("harbour", await save(store))
    assert (grant.access, grant.refresh, grant.previous) == (Secret("access-1"), Secret("refresh-1"), None)
    assert (grant.state, grant.version, grant.consent_id, grant.remote_user) == ("ok", 1, "c-1", "u-1")
    assert 1790 < grant.valid_for <= 1800
    assert await store.token("harbour", grant.id) == Secret("access-1")


async def test_a_second_consent_of_the_same_remote_user_replaces_the_tokens_for_all(store: GrantStore) -> None:
    first = await save(store, "1")
    grant = await store.get("harbour", first)
    assert await store.claim(grant, "a refresher", 30)
    assert await save(store, "2") == first
    assert (await store.get("harbour", first)).access == Secret("access-2")
    assert not await store.swap(grant, "a refresher", make_tokens("late"))
    assert (await store.look("harbour", first)).claimed_for == 0


async def test_grants_of_other_galleries_and_other_users_are_apart(store: GrantStore) -> None:
    ids = {await save(store), await save(store, user="u-2"), await save(store, gallery="other")}
    assert len(ids) == 3
    with pytest.raises(NotFoundError):
        await store.get("other", (await store.get("harbour", await save(store))).id)


async def test_c2_no_token_stands_in_the_clear_in_any_table(store: GrantStore, db: Database) -> None:
    grant = await store.get("harbour", await save(store))
    assert await store.claim(grant, "me", 30)
    assert await store.swap(grant, "me", make_tokens("2"))
    await store.add_link(b"h" * 32, LINK)
    await store.begin(b"h" * 32, state=b"s" * 32, cookie=b"c" * 32, verifier=Secret("verifier-1"), redirect_uri=str)
    async with db.connection() as conn:
        tables = ("grant_", "oauth_state", "connect_link", "secret_key")
        rows = [str(await conn.fetch(f"SELECT t::text FROM {name} t")) for name in tables]  # noqa: S608 - fixed names
    assert len(rows[0]) > 200
    for secret in ("access-1", "refresh-1", "access-2", "refresh-2", "verifier-1"):
        assert not any(secret in row for row in rows)


@pytest.mark.parametrize(
    "move",
    [
        "UPDATE grant_ SET access_token = refresh_token",
        "UPDATE grant_ a SET access_token = b.access_token FROM grant_ b WHERE a.id <> b.id",
        "UPDATE grant_ SET version = version + 1",
        "UPDATE grant_ SET kind = 'myob'",
        "UPDATE grant_ SET gallery_id = gallery_id || '2'",
    ],
)
async def test_c3_a_ciphertext_moved_by_hand_does_not_open(store: GrantStore, db: Database, move: str) -> None:
    one = await save(store)
    other = await save(store, user="u-2")
    await run(db, move)
    for grant_id in (one, other):
        with pytest.raises(SecretError):
            await store.get("harbour2" if "|| '2'" in move else "harbour", grant_id)


async def test_c3_an_old_ciphertext_put_back_into_its_own_row_does_not_open(store: GrantStore, db: Database) -> None:
    grant_id = await save(store)
    async with db.connection() as conn:
        old = await conn.fetchval("SELECT access_token FROM grant_")
    await save(store, "2")
    await run(db, "UPDATE grant_ SET access_token = $1", old)
    with pytest.raises(SecretError):
        await store.get("harbour", grant_id)


async def test_one_refresher_holds_the_claim_and_an_ended_claim_is_anyones(store: GrantStore, db: Database) -> None:
    grant = await store.get("harbour", await save(store))
    assert await store.claim(grant, "one", 30)
    assert not await store.claim(grant, "two", 30)
    assert (await store.look("harbour", grant.id)).claimed_for > 25
    await run(db, "UPDATE grant_ SET refresh_until = clock_timestamp()")
    assert await store.claim(grant, "two", 30)
    assert not await store.swap(grant, "one", make_tokens("late"))
    assert await store.swap(grant, "two", make_tokens("2"))
    assert not await store.claim(grant, "three", 30)  # its version is of the past


async def test_the_token_before_is_kept_for_25_minutes(store: GrantStore, db: Database) -> None:
    grant = await store.get("harbour", await save(store))
    assert await store.claim(grant, "me", 30)
    assert await store.swap(grant, "me", make_tokens("2"))
    after = await store.get("harbour", grant.id)
    assert (after.refresh, after.previous, after.version) == (Secret("refresh-2"), Secret("refresh-1"), 2)
    async with db.connection() as conn:
        kept = await conn.fetchval("SELECT extract(epoch FROM previous_until - refreshed_at)::float FROM grant_")
    assert kept == pytest.approx(1500, abs=1)
    await run(db, "UPDATE grant_ SET previous_until = clock_timestamp() - interval '1 second'")
    assert (await store.get("harbour", grant.id)).previous is None
    await store.sweep()
    async with db.connection() as conn:
        assert await conn.fetchval("SELECT previous_token FROM grant_") is None


async def test_a_refresh_that_gives_no_new_refresh_token_keeps_the_old_one(store: GrantStore) -> None:
    grant = await store.get("harbour", await save(store))
    assert await store.claim(grant, "me", 30)
    assert await store.swap(grant, "me", make_tokens("2", refresh=False))
    after = await store.get("harbour", grant.id)
    assert (after.access, after.refresh, after.previous) == (Secret("access-2"), Secret("refresh-1"), None)


async def test_reauthorize_deletes_nothing_and_a_new_consent_ends_it(store: GrantStore) -> None:
    grant = await store.get("harbour", await save(store))
    assert await store.claim(grant, "me", 30)
    assert await store.reauthorize(grant, "me")
    after = await store.get("harbour", grant.id)
    assert (after.state, after.refresh) == ("reauthorize", Secret("refresh-1"))
    assert not await store.claim(after, "me", 30)
    await save(store, "2")
    assert (await store.get("harbour", grant.id)).state == "ok"


async def test_c5_a_deleted_grant_is_gone(store: GrantStore, db: Database) -> None:
    grant_id = await save(store)
    for _ in range(2):
        await store.delete("harbour", grant_id)
    async with db.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM grant_") == 0


async def test_idle_grants_are_those_not_refreshed_for_long(store: GrantStore, db: Database) -> None:
    old, fresh = await save(store), await save(store, user="u-2")
    await run(db, "UPDATE grant_ SET refreshed_at = clock_timestamp() - interval '8 days' WHERE id = $1", old)
    assert await store.list_idle(7 * 86_400) == [("harbour", old)]
    assert fresh not in {grant_id for _, grant_id in await store.list_idle(7 * 86_400)}


# links and consents


async def test_a_link_works_once(store: GrantStore) -> None:
    await store.add_link(b"h" * 32, LINK)
    verifier = Secret("v")
    begun = await store.begin(b"h" * 32, state=b"1" * 32, cookie=b"c" * 32, verifier=verifier, redirect_uri=str)
    assert begun == LINK
    with pytest.raises(ConflictError) as told:
        await store.begin(b"h" * 32, state=b"2" * 32, cookie=b"c" * 32, verifier=verifier, redirect_uri=str)
    assert told.value.name == "used"
    with pytest.raises(NotFoundError):
        await store.begin(b"x" * 32, state=b"3" * 32, cookie=b"c" * 32, verifier=verifier, redirect_uri=str)


async def test_an_ended_link_is_as_good_as_none(store: GrantStore, db: Database) -> None:
    await store.add_link(b"h" * 32, LINK)
    await run(db, "UPDATE connect_link SET expires_at = clock_timestamp()")
    with pytest.raises(NotFoundError):
        await store.begin(b"h" * 32, state=b"1" * 32, cookie=b"c" * 32, verifier=Secret("v"), redirect_uri=str)


async def test_c4_a_state_works_once_for_its_kind_and_its_browser_within_ten_minutes(
    store: GrantStore, db: Database
) -> None:
    await store.add_link(b"h" * 32, LINK)
    redirect = "http://localhost/oauth/callback/xero"  # `format` gives it for any kind
    await store.begin(b"h" * 32, state=b"1" * 32, cookie=b"c" * 32, verifier=Secret("v"), redirect_uri=redirect.format)
    assert await store.use_state(b"1" * 32, "xero", b"d" * 32) is None
    assert await store.use_state(b"1" * 32, "myob", b"c" * 32) is None
    assert await store.use_state(b"2" * 32, "xero", b"c" * 32) is None
    await run(db, "UPDATE oauth_state SET created_at = created_at - interval '601 seconds'")
    assert await store.use_state(b"1" * 32, "xero", b"c" * 32) is None
    await run(db, "UPDATE oauth_state SET created_at = created_at + interval '10 seconds'")
    consent = await store.use_state(b"1" * 32, "xero", b"c" * 32)
    assert consent is not None
    assert (consent.webservice_id, consent.verifier, consent.redirect_uri) == ("w-1", Secret("v"), redirect)
    assert await store.use_state(b"1" * 32, "xero", b"c" * 32) is None


# keys


async def test_the_hub_refuses_to_start_without_a_key_that_sealed_something(store: GrantStore, db: Database) -> None:
    async with db.connection() as conn:
        await check_keys(conn, SecretBox([OLD]))
        await check_keys(conn, SecretBox([OLD]))
        with pytest.raises(StartupError, match=SecretBox([OLD]).key_id):
            await check_keys(conn, SecretBox([NEW]))
        await check_keys(conn, SecretBox([OLD, NEW]))
        await run(db, "DELETE FROM secret_key")
        await save(store)
        with pytest.raises(StartupError, match="HUB_SECRET_KEY_FILE"):
            await check_keys(conn, SecretBox([NEW]))


async def test_c3_rotation_seals_everything_anew_while_readers_read(store: GrantStore, db: Database) -> None:
    ids = [await save(store, str(number), user=f"u-{number}") for number in range(120)]
    both, new = SecretBox([OLD, NEW]), SecretBox([NEW])
    rotating = GrantStore(db, both)
    async with db.connection() as conn:
        await check_keys(conn, SecretBox([OLD]))
        await check_keys(conn, both)
    assert await rotating.reseal() == 120
    async with db.connection() as conn:
        assert await forget_keys(conn, both) == [SecretBox([OLD]).key_id]
        await check_keys(conn, new)
    assert [(await GrantStore(db, new).get("harbour", one)).access for one in ids] == [
        Secret(f"access-{number}") for number in range(120)
    ]


async def test_a_key_that_still_seals_something_is_not_forgotten(store: GrantStore, db: Database) -> None:
    await save(store)
    async with db.connection() as conn:
        await check_keys(conn, SecretBox([OLD]))
        await check_keys(conn, SecretBox([OLD, NEW]))
        assert await forget_keys(conn, SecretBox([OLD, NEW])) == []
