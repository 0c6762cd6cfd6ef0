"""A tiny daemon for the tests: keeps an embedded Postgres until its standard input ends, or until it is killed.

Arguments: the data folder, and `orphan` to leave out the tie between the daemon's life and the server's. Prints one
line of JSON once the server runs.
"""

import asyncio
import json
import sys
from pathlib import Path

from hub.store import postgres_setup
from hub.store.embedded import EmbeddedPostgres
from hub.store.postgres_account import Account, child_command


def _command_without_tie(account: Account, program: Path, *args: str, parent: int) -> list[str]:
    return child_command(account, program, *args)


async def keep(data_dir: Path) -> None:
    """Keep the server."""
    postgres = EmbeddedPostgres(data_dir, durable=False)
    async with postgres as dsn:
        sys.stdout.write(json.dumps({"dsn": dsn, "server_pid": postgres.server_pid}) + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    if "orphan" in sys.argv:
        postgres_setup.child_command = _command_without_tie  # what a system without PR_SET_PDEATHSIG does
    asyncio.run(keep(Path(sys.argv[1])))
