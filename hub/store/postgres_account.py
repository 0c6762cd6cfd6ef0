"""Which account runs the embedded Postgres, and how a program is started as that account.

Postgres refuses to run as root. An ordinary user runs it as itself; root hands it to an unprivileged account.
"""

import os
import pwd
import subprocess
import sys
from pathlib import Path

import msgspec

from hub.errors import StartupError

_CHILD = Path(__file__).with_name("postgres_child.py")
_PREFERRED = ("hub", "postgres", "_postgres", "nobody")
_SECONDS = 120  # initdb takes under one second; this bounds a disk that hangs


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The account of the server; `uid` and `gid` are -1 when it is the daemon's own."""

    name: str
    uid: int = -1
    gid: int = -1

    @property
    def is_dropped(self) -> bool:
        """Whether the server runs as another account than the daemon."""
        return self.uid >= 0


def choose_account(*places: Path) -> Account:
    """The account for the server whose files are in *places*.

    Not root: ourselves. Root: the owner of the first of *places* that exists and is not root's, else the first of
    the accounts hub, postgres and nobody that this machine has.

    Raises:
        StartupError: root, and there is none of them.
    """
    if os.geteuid() != 0:
        return Account(name=f"user {os.geteuid()}")
    for place in places:
        if place.exists() and (owner := place.stat().st_uid) != 0:
            return _account_of(owner, place)
    for name in _PREFERRED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise StartupError(
        "Postgres refuses to run as root and this machine has none of the accounts hub, postgres and nobody. "
        "Make one (useradd --system hub), start the hub as an ordinary user, or set HUB_DATABASE_URL."
    )


def _account_of(uid: int, place: Path) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError as error:
        raise StartupError(
            f"{place} belongs to user {uid}, whom this machine does not know, and initdb needs a known one. "
            "Give the folder to a known account (chown), or set HUB_DATABASE_URL."
        ) from error
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def child_command(account: Account, program: Path, *args: str, parent: int = 0) -> list[str]:
    """The argument list that runs *program* as *account*, and ends it with the process *parent* (0: never)."""
    return [*_child(account, parent), "exec", str(program), *args]


def child_environment() -> dict[str, str]:
    """A bare environment: no PG* variable misleads the server and no secret of the daemon reaches its account."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH") if name in os.environ}
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", **kept}


def run_as(account: Account, program: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Run *program* to its end as *account*; output and error output come together in `stdout`.

    Raises:
        StartupError: it took more than two minutes.
    """
    return _run(child_command(account, program, *args))


def find_closed_folder(account: Account, folder: Path) -> Path | None:
    """The outermost folder on the way to *folder*, itself included, that *account* may not enter; None when it may."""
    answer = _run([*_child(account, 0), "enter", str(folder)])
    if answer.returncode == 0:
        return None
    printed = answer.stdout.strip()
    if not printed.startswith("/"):  # a container without the right to change the account
        raise StartupError(
            f"root cannot start a program as the account {account.name} here: {last_lines(printed, 1)}. "
            "Start the hub as an ordinary user, or set HUB_DATABASE_URL."
        )
    return Path(printed)


def last_lines(text: str, count: int = 5) -> str:
    """The last *count* lines of a program's output that say something, as one line."""
    return " | ".join([line.strip() for line in text.splitlines() if line.strip()][-count:])


def _child(account: Account, parent: int) -> list[str]:
    who = (str(parent), str(account.uid), str(account.gid))
    return [sys.executable, "-I", "-S", str(_CHILD), *who]


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=child_environment(),
            cwd="/",
            timeout=_SECONDS,
            text=True,
            errors="replace",
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise StartupError(
            f"{' '.join(command[8:10])} did not end within {_SECONDS} s. Check the disk, or set HUB_DATABASE_URL."
        ) from error
