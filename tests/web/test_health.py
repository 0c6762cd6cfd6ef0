"""Alive and ready."""

from __future__ import annotations

from hub.web.deps import Deps
from tests.web.conftest import OPERATOR_KEY, Starter


async def test_ready_needs_the_database_and_its_migrations(start: Starter, deps: Deps) -> None:
    client = await start()
    assert await (await client.get("/readyz")).json() == {"ready": True, "database": True, "migrations": True}
    async with deps.database.transaction() as connection:
        await connection.execute("DELETE FROM schema_migration WHERE number = 1")
    late = await client.get("/readyz")
    assert (late.status, (await late.json())["migrations"]) == (503, False)
    await deps.database.close()
    gone = await client.get("/readyz")
    assert (gone.status, await gone.json()) == (503, {"ready": False, "database": False, "migrations": False})
    assert gone.headers["Retry-After"] == "5"
    assert (await client.get("/healthz")).status == 200
    broken = await client.get("/api/v1/galleries", headers={"Authorization": f"Bearer {OPERATOR_KEY}"})
    assert (broken.status, broken.headers["Retry-After"]) == (503, "5")
