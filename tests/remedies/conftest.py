"""Fixtures of these tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.remedies.casebook import Casebook, make_contact
from tests.web.webservices.office import open_office


@pytest.fixture
async def book(dsn: str, tmp_path: Path) -> AsyncIterator[Casebook]:
    """A hub over HTTP beside a sandbox: the gallery stored, nothing connected."""
    async with open_office(dsn, tmp_path) as office:
        yield Casebook(office)


@pytest.fixture
async def open_book(book: Casebook) -> Casebook:
    """Connected, with the contact c-1 stored."""
    await book.put(make_contact())
    await book.connect()
    return book
