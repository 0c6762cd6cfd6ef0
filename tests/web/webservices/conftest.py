"""The fixture of these tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.web.webservices.office import Office, open_office


@pytest.fixture
async def office(dsn: str, tmp_path: Path) -> AsyncIterator[Office]:
    """A hub over HTTP beside a sandbox: the gallery stored, nothing connected."""
    async with open_office(dsn, tmp_path) as made:
        yield made
