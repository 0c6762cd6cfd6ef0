"""The hand-over of the guide signs a user in."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import code_blocks, read_page, rows, section
from tests.sync.harness import GALLERY
from tests.ui.desk import HOME, open_desk
from tests.web.conftest import make_key

PAGE = "docs/guides/handing-users-over.md"


def code() -> str:
    (found,) = code_blocks(read_page(PAGE), "python")
    return found


def test_it_takes_fewer_than_twenty_lines() -> None:
    assert len([line for line in code().splitlines() if line.strip()]) < 20


async def test_the_code_of_the_guide_signs_a_user_in(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_desk(dsn, tmp_path) as desk:
        monkeypatch.setenv("HUB_URL", desk.base)
        monkeypatch.setenv("HUB_KEY", await make_key(desk.bench.hub.database, "gallery-admin", GALLERY))
        names: dict[str, Any] = {}
        exec(code(), names)  # noqa: S102 - the guide's own words
        user = {"name": "Mia Lowe", "email": "mia@example.com"}
        link = await asyncio.to_thread(names["open_accounting"], GALLERY, user)
        person = await desk.person(None)
        entered = await person.get(link.removeprefix(desk.base))
        assert (entered.status, entered.to) == (303, HOME)
        person.cookies = {name: morsel.value for name, morsel in entered.cookies.items()}
        assert "Mia Lowe" in (await person.get(HOME)).text


def test_every_field_has_its_row() -> None:
    assert list(rows(section(read_page(PAGE), "What you send"))) == ["role", "user", "return_url", "theme"]
