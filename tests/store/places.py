"""Folders for the tests of the embedded Postgres, which must work as root and as an ordinary user."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def as_root() -> bool:
    """Whether the tests run as root."""
    return os.geteuid() == 0


@contextmanager
def open_folder() -> Iterator[Path]:
    """A new folder that every account may enter; pytest's own `tmp_path` is closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="hub-embedded-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
