"""Fixtures: a gallery at its desk, with Xero's stand-in on a socket; where people are told, a mail server too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.catalogue import desk as desk_
from tests.telling.receivers import Mailbox, Receiver, open_receiver, serve_mail
from tests.telling.tellers import Told, open_told
from tests.web.webservices.office import Office, open_office


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


@pytest.fixture
async def told(dsn: str, tmp_path: Path) -> AsyncIterator[Told]:
    """An office whose hub mails to a real server on this machine, nothing connected."""
    box = Mailbox()
    async with serve_mail(box), open_told(dsn, tmp_path, box) as made:
        yield made


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A gallery system that takes webhooks."""
    async with open_receiver() as made:
        yield made
