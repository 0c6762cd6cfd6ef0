"""The last step before a server program runs: drop root, tie the child's life to the daemon's, exec.

Run as a script of its own by ``sys.executable -I -S`` and imports nothing of the hub. A separate program and not a
``preexec_fn``, because Python code between fork and exec may deadlock in a process that has threads.

Arguments: ``PARENT UID GID exec PROGRAM ARGS...`` or ``PARENT UID GID enter FOLDER``. PARENT is the process whose
death ends the child, 0 for none; UID and GID are -1 to stay who we are. ``enter`` prints the first folder on the way
to FOLDER that the account may not enter and exits with 1, or exits with 0.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def drop_root(uid: int, gid: int) -> None:
    """Become the account *uid*, *gid* for good, without any supplementary group; -1 changes nothing."""
    if uid < 0:
        return
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def die_with(parent: int) -> None:
    """Ask the kernel for SIGINT (Postgres: fast shutdown) when the daemon dies, even by ``kill -9``.

    Linux only; elsewhere the next start stops the server that was left. The kernel clears this mark when the
    account changes, so it comes after `drop_root`, and it survives exec.
    """
    if parent == 0 or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0)
    if os.getppid() != parent:  # it died before the mark was set
        sys.exit(1)


def first_closed_folder(folder: Path) -> Path | None:
    """The outermost folder on the way to *folder*, itself included, that this account may not enter."""
    for step in (*reversed(folder.parents), folder):
        if not os.access(step, os.X_OK):
            return step
    return None


def main() -> None:
    """Do what the arguments say; does not return when it is ``exec``."""
    parent, uid, gid = (int(word) for word in sys.argv[1:4])
    deed, target = sys.argv[4:6]
    drop_root(uid, gid)
    if deed == "enter":
        closed = first_closed_folder(Path(target))
        if closed is not None:
            print(closed)  # noqa: T201 - the answer to the supervisor
        sys.exit(closed is not None)
    os.umask(0o077)
    die_with(parent)
    os.execv(target, sys.argv[5:])  # noqa: S606 - no shell is what we want


if __name__ == "__main__":
    main()
