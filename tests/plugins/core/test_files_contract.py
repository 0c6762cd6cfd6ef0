"""The kind `files` keeps the contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.testing import WebserviceContract
from plugins.core.files import Files


class TestFiles(WebserviceContract):
    kind = Files

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path) -> Iterator[None]:
        Files.configure({"folder": str(tmp_path)})
        yield
        Files.configure({})
