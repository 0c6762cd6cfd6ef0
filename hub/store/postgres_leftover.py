"""A server that a killed daemon left: found, told apart from strangers, and stopped.

Only a process that proves to be a postmaster of this very cluster is ever signalled; a process that merely got the
same number meanwhile is not.
"""

import contextlib
import itertools
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from hub.errors import StartupError
from hub.store.postgres_cluster import PORT

STOP_STEPS = (
    (signal.SIGINT, 30.0),  # fast: roll back, checkpoint, stop
    (signal.SIGQUIT, 10.0),  # immediate: recovers on the next start
    (signal.SIGKILL, 10.0),
)
_POLL_SECONDS = 0.02
_HAS_PROC = Path("/proc/self/cmdline").exists()  # Linux


def find_postmaster(cluster: Path) -> int | None:
    """The process id of the postmaster that serves *cluster*, whoever started it; None when there is none."""
    lines = _pid_lines(cluster)
    if not lines or not lines[0].isdigit():
        return None
    pid = int(lines[0])
    return pid if _serves(pid, cluster) else None


def find_socket_folder(cluster: Path) -> Path | None:
    """The socket folder written in the cluster's postmaster.pid (its fifth line); None when there is none."""
    lines = _pid_lines(cluster)
    return Path(lines[4]) if len(lines) > 4 and lines[4].startswith("/") else None


def clear_leftover(cluster: Path) -> None:
    """Stop what still runs on *cluster* and remove its traces, so that a new server can start.

    Raises:
        StartupError: it does not end, even by SIGKILL.
    """
    if (pid := find_postmaster(cluster)) is not None:
        _end(pid, cluster)
    _end_orphans(cluster)
    (cluster / "postmaster.pid").unlink(missing_ok=True)


def remove_socket_folder(folder: Path) -> None:
    """Remove a socket folder of ours: only the socket and its lock file, and the folder only if that empties it."""
    with contextlib.suppress(OSError):
        if folder.name.startswith("hub-pg-") and not folder.is_symlink():
            for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
                (folder / name).unlink(missing_ok=True)
            folder.rmdir()


def _pid_lines(cluster: Path) -> list[str]:
    try:
        return (cluster / "postmaster.pid").read_text(errors="replace").splitlines()
    except OSError:
        return []


def _end(pid: int, cluster: Path) -> None:
    for number, seconds in STOP_STEPS:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if _becomes_true(lambda: not _serves(pid, cluster), seconds):
            return
    raise StartupError(
        f"The Postgres that a killed hub left (process {pid}, {cluster}) does not end. Look at its disk, end it by "
        "hand or restart the machine."
    )


def _end_orphans(cluster: Path) -> None:
    """End the backends of a postmaster that was killed: they hold its shared memory, and no new one may start.

    They end by themselves, but not before the statement they are busy with.
    """
    for number, seconds in STOP_STEPS[1:]:
        for orphan in _orphans(cluster):
            with contextlib.suppress(ProcessLookupError):
                os.kill(orphan, number)
        if _becomes_true(lambda: not any(True for _ in _orphans(cluster)), seconds):
            return


def _becomes_true(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _serves(pid: int, cluster: Path) -> bool:
    words = _command(pid)
    if not words or Path(words[0]).name not in ("postgres", "postmaster"):
        return False
    told = any(word == "-D" and Path(value) == cluster for word, value in itertools.pairwise(words))
    return told or _works_in(pid, cluster)


def _command(pid: int) -> list[str]:
    """The argument list of a process; empty when it is gone, a zombie, or not ours to see."""
    if _HAS_PROC:
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
        except OSError:
            return []
    # `ps` joins the words by spaces: take the program, and the folder if the line holds it
    answer = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, timeout=20, check=False
    )
    program, found, rest = answer.stdout.strip().partition(" -D ")
    return [program, "-D", rest.split(" -c ")[0]] if found else []


def _works_in(pid: int, cluster: Path) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cwd").readlink() == cluster  # both without symbolic links
    return False


def _orphans(cluster: Path) -> Iterator[int]:
    """Processes of a Postgres that work in *cluster*; Linux only, and none where /proc does not tell."""
    for entry in Path("/proc").iterdir() if _HAS_PROC else ():
        if entry.name.isdigit() and _works_in(int(entry.name), cluster):
            title = " ".join(_command(int(entry.name))[:1])  # of a backend: "postgres: hub hub [local] idle"
            if title.startswith("postgres:") or Path(title).name == "postgres":
                yield int(entry.name)
