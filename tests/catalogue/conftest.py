"""Fixtures of the catalogue: an office of its own for cases of several steps, worlds for many single-shot cases."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from plugins.xero.sandbox import SandboxSettings
from tests import postgres
from tests.catalogue import desk as desk_
from tests.sync.harness import MAPPINGS
from tests.web.webservices.office import Office, open_office


class OpenWorld(Protocol):
    """Open a world: *prepare* the organisation there, connect, send *records*, sync once."""

    def __call__(
        self,
        records: Iterable[Mapping[str, Any]],
        *,
        prepare: Callable[[Office], object] | None = None,
        mappings: Iterable[tuple[str, Mapping[str, str], str]] = MAPPINGS,
        sandbox_settings: SandboxSettings | None = None,
        **settings: Any,
    ) -> Awaitable[Office]: ...


@pytest.fixture
async def office(dsn: str, tmp_path: Path) -> AsyncIterator[Office]:
    """A hub over HTTP beside a sandbox: the gallery stored, nothing connected."""
    async with open_office(dsn, tmp_path) as made:
        yield made


@pytest.fixture
async def desk(office: Office) -> Office:
    """The same, connected with the demo chart: what is sent goes with the next `sync`."""
    await desk_.connect(office)
    return office


@pytest.fixture(scope="module")
async def open_world(
    postgres_server: str, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[OpenWorld]:
    """Opens worlds that live as long as the module's tests; ask for it in a module-scoped fixture."""
    async with AsyncExitStack() as stack:

        async def open_(
            records: Iterable[Mapping[str, Any]],
            *,
            prepare: Callable[[Office], object] | None = None,
            mappings: Iterable[tuple[str, Mapping[str, str], str]] = MAPPINGS,
            sandbox_settings: SandboxSettings | None = None,
            **settings: Any,
        ) -> Office:
            dsn = await stack.enter_async_context(postgres.fresh_database(postgres_server, postgres_template))
            folder = tmp_path_factory.mktemp("world")
            office = await stack.enter_async_context(open_office(dsn, folder, sandbox_settings=sandbox_settings))
            if prepare is not None:
                prepare(office)
            await desk_.connect(office, mappings=mappings, **settings)
            await desk_.send(office, *records)
            run = await office.sync()
            assert run["state"] == "done", run
            return office

        yield open_
