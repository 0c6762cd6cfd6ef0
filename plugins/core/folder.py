"""A folder of numbered batches, each a `.csv` for people and a `.jsonl` that counts: written whole, once per key."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

_NAME = re.compile(r"(\d{6,})-([a-z]+)-([0-9a-f]{16})\.(csv|jsonl)")


State = tuple[tuple[str, int, int], ...]
"""Name, time of change and size of each batch: equal when nothing was written or altered."""


class Member(NamedTuple):
    """One line of a batch, with the batch's number: the later one of two tells what stands there."""

    batch: int
    told: dict[str, Any]


def write_batch(folder: Path, type_: str, key: str, *, lines: bytes, sheet: bytes) -> int:
    """Write a batch unless *key* was written before; returns its number either way. Blocks; raises OSError.

    The `.jsonl` is written last: without it the batch does not exist, and a repetition takes up its number again.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    mark = sha256(key.encode()).hexdigest()[:16]
    known = list(_names(folder))
    number = next((number for number, found, _ in known if found == mark), None)
    if number is None:
        number = max((number for number, _, _ in known), default=0) + 1
    stem = f"{number:06}-{type_}s-{mark}"
    if (folder / f"{stem}.jsonl").exists():
        return number
    _replace(folder / f"{stem}.csv", sheet)
    _replace(folder / f"{stem}.jsonl", lines)
    return number


def read_members(folder: Path) -> Iterator[Member]:
    """All members of all batches, oldest batch first. Blocks; raises OSError, or ValueError naming a broken file."""
    if not folder.exists():
        return
    for number, _, name in sorted(one for one in _names(folder) if one[2].endswith(".jsonl")):
        try:
            told = msgspec.json.Decoder(dict[str, Any]).decode_lines((folder / name).read_bytes())
        except msgspec.DecodeError as error:
            raise ValueError(f"{name} was changed by somebody: {error}") from error
        yield from (Member(number, one) for one in told)


def read_state(folder: Path) -> State:
    """The state of all batches. Blocks; raises OSError."""
    if not folder.exists():
        return ()
    stats = ((name, (folder / name).stat()) for _, _, name in sorted(_names(folder)))
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)


def _names(folder: Path) -> Iterator[tuple[int, str, str]]:
    for path in folder.iterdir():
        if match := _NAME.fullmatch(path.name):
            yield int(match[1]), match[3], path.name


def _replace(path: Path, content: bytes) -> None:
    """Put *content* at *path* so that a crash leaves all of it or nothing."""
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
