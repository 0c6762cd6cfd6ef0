"""Keys: the secret is shown once, only its hash is stored."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub.errors import FormError, NotFoundError
from hub.store import keys
from hub.store.database import Connection, Database


@pytest.fixture
async def conn(dsn: str) -> AsyncIterator[Connection]:
    async with await Database.open(dsn, size=1) as database, database.connection() as opened:
        yield opened


async def test_a_key_is_found_by_its_secret(conn: Connection) -> None:
    admin = await keys.create(conn, "gallery-admin", "g")
    operator = await keys.create(conn, "operator", None)
    assert admin.startswith("hub_")
    assert len(admin) == len("hub_") + 43
    found = await keys.find(conn, admin)
    assert found is not None
    assert (found.role, found.gallery_id) == ("gallery-admin", "g")
    found = await keys.find(conn, operator)
    assert found is not None
    assert (found.role, found.gallery_id) == ("operator", None)


async def test_any_other_secret_finds_nothing(conn: Connection) -> None:
    secret = await keys.create(conn, "gallery-reader", "g")
    for other in (secret[:-1], secret + "x", secret.upper(), secret[4:], "", "hub_"):
        assert await keys.find(conn, other) is None


async def test_odd_secrets_find_nothing(conn: Connection) -> None:
    for odd in ("hub_\0", "hub_\ud800", "hub_" + "x" * 10_000_000):
        assert await keys.find(conn, odd) is None


async def test_the_secret_is_not_in_the_database(conn: Connection) -> None:
    secret = await keys.create(conn, "gallery-reader", "g")
    row = await conn.fetchval("SELECT api_key::text FROM api_key")
    assert secret[4:] not in row
    assert secret[4:12] not in row


async def test_a_revoked_key_is_found_no_more(conn: Connection) -> None:
    secret = await keys.create(conn, "gallery-reader", "g")
    kept = await keys.create(conn, "gallery-admin", "g")
    key = await keys.find(conn, secret)
    assert key is not None
    await keys.revoke(conn, key.id)
    await keys.revoke(conn, key.id)
    assert await keys.find(conn, secret) is None
    assert [one.role for one in await keys.list_keys(conn, "g")] == ["gallery-admin"]
    assert await keys.find(conn, kept) is not None
    with pytest.raises(NotFoundError):
        await keys.revoke(conn, "key_x")


async def test_only_an_operator_has_no_gallery(conn: Connection) -> None:
    for role, gallery in (("operator", "g"), ("gallery-admin", None), ("boss", "g")):
        with pytest.raises(FormError):
            await keys.create(conn, role, gallery)  # type: ignore[arg-type] # roles come from a command line, too
