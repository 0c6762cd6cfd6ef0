"""Fixtures of every test folder: `dsn` and `pool` on a real Postgres."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, Any

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parents[1]))  # `pytest` alone, without an installed hub, finds it too

from tests import postgres

SESSION_FOLDER = pytest.StashKey[Path]()
SESSION_PART = pytest.StashKey[IO[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Open the test run's folder, or join it in a worker of pytest-xdist."""
    told = getattr(config, "workerinput", {}).get("hub_session_folder")
    folder = Path(told) if told else postgres.make_session_folder()
    config.stash[SESSION_FOLDER] = folder
    config.stash[SESSION_PART] = postgres.join_session(folder)


# How fast a machine makes examples is no property of the hub: two shared cores must not fail a test that is right.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist the folder of the test run."""
    node.workerinput["hub_session_folder"] = str(node.config.stash[SESSION_FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave the test run; the last one to leave ends its server."""
    if SESSION_PART in config.stash:
        is_owner = not hasattr(config, "workerinput")
        postgres.leave_session(config.stash[SESSION_FOLDER], config.stash[SESSION_PART], is_owner=is_owner)


@pytest.fixture(scope="session")
async def postgres_server(request: pytest.FixtureRequest) -> str:
    """The DSN of the server that all tests share; its own database stays empty."""
    return await postgres.server_dsn(request.config.stash[SESSION_FOLDER])


@pytest.fixture(scope="session")
async def postgres_template(postgres_server: str) -> str:
    """The name of the migrated template database."""
    return await postgres.make_template(postgres_server)


@pytest.fixture
async def empty_dsn(postgres_server: str) -> AsyncIterator[str]:
    """The DSN of a database without any table, the test's own."""
    async with postgres.fresh_database(postgres_server, None) as dsn:
        yield dsn


@pytest.fixture
async def dsn(postgres_server: str, postgres_template: str) -> AsyncIterator[str]:
    """The DSN of a database with every migration applied and no rows, the test's own."""
    async with postgres.fresh_database(postgres_server, postgres_template) as dsn:
        yield dsn


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[asyncpg.Pool]:
    """A small pool on `dsn`; connections still held at the end are cut off."""
    made = await asyncpg.create_pool(dsn, min_size=1, max_size=5, command_timeout=30)
    try:
        yield made
    finally:
        made.terminate()
