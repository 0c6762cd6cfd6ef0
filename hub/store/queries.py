"""The SQL of the store, read from `sql/*.sql`.

A file holds blocks: a line `-- name: find_entry`, header comments that tell parameters and result, one statement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("sql")
_NAME = re.compile(r"-- name: ([a-z][a-z0-9_]*)")


class Queries:
    """The statements of one file as attributes: `QUERIES.find_entry` is SQL text."""

    def __init__(self, file: str, statements: Mapping[str, str]) -> None:
        self._file = file
        self._statements = dict(statements)

    def __getattr__(self, name: str) -> str:
        """The statement called *name*. Raises AttributeError that names the file and what it has."""
        try:
            return self._statements[name]
        except KeyError:
            known = ", ".join(self._statements)
            raise AttributeError(f"no query {name!r} in {self._file} (known: {known})") from None

    def __dir__(self) -> list[str]:
        """The names of the statements."""
        return list(self._statements)


@cache
def load(noun: str, *, folder: Path = FOLDER) -> Queries:
    """The statements of `sql/<noun>.sql`.

    Raises:
        ValueError: text before the first name, a bad or repeated name, a name without a header or a statement.
    """
    path = folder / f"{noun}.sql"
    return Queries(path.name, parse_queries(path.name, path.read_text(encoding="utf-8")))


def parse_queries(file: str, text: str) -> dict[str, str]:
    """Name -> statement, without its header comments and closing semicolon. Raises ValueError as `load`."""
    statements: dict[str, str] = {}
    before, *blocks = re.split(r"^(?=-- name:)", text, flags=re.MULTILINE)
    if any(line.strip() and not line.startswith("--") for line in before.splitlines()):
        raise ValueError(f"{file}: SQL before the first '-- name:' line")
    for block in blocks:
        first, *lines = block.rstrip().splitlines()
        named = _NAME.fullmatch(first.rstrip())
        if named is None:
            raise ValueError(f"{file}: a name is a-z, 0-9 and _: {first!r}")
        name = named[1]
        header = [line for line in lines if line.startswith("--")]
        statement = "\n".join(line for line in lines if not line.startswith("--")).strip().removesuffix(";")
        if name in statements or not header or not statement:
            fault = "is there twice" if name in statements else "needs header comments and a statement"
            raise ValueError(f"{file}: {name} {fault}")
        statements[name] = statement
    return statements
