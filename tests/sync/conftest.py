"""Fixtures of the engine's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.sync.harness import Bench, open_bench


@pytest.fixture
async def bench(dsn: str, tmp_path: Path) -> AsyncIterator[Bench]:
    """A hub and a sandbox, the gallery stored, nothing connected."""
    async with open_bench(dsn, tmp_path) as made:
        yield made
