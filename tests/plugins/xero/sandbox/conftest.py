"""One served sandbox for the tests of a module that leave its settings alone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.plugins.xero.sandbox.support import Caller, running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def caller() -> AsyncIterator[Caller]:
    async with running() as one:
        yield one
