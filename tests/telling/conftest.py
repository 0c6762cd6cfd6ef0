"""Fixtures: an office whose hub mails to a real server, and a receiver of webhooks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.telling.receivers import Mailbox, Receiver, open_receiver, serve_mail
from tests.telling.tellers import Told, open_told


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A gallery system that takes webhooks."""
    async with open_receiver() as made:
        yield made


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    """A mail server that takes everything."""
    box = Mailbox()
    async with serve_mail(box):
        yield box


@pytest.fixture
async def told(dsn: str, tmp_path: Path, mailbox: Mailbox) -> AsyncIterator[Told]:
    """An office whose hub mails to `mailbox`, nothing connected."""
    async with open_told(dsn, tmp_path, mailbox) as made:
        yield made
