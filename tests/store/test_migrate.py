"""Migrations: each once, in order, unchanged, whoever starts at the same time."""

import asyncio
import sys
from pathlib import Path

import asyncpg
import pytest

from hub.errors import StartupError, UnavailableError
from hub.store.migrate import FOLDER, is_current, migrate, pending, read_migrations
from tests.postgres import ROOT, until

TWO = {"0001_first.sql": "CREATE TABLE first (id int);", "0002_second.sql": "CREATE TABLE second (id int);"}


def write(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, sql in files.items():
        (folder / name).write_text(sql)
    return folder


async def fetch(dsn: str, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetch(query)
    finally:
        await connection.close()


async def tables(dsn: str) -> set[str]:
    rows = await fetch(dsn, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {row["tablename"] for row in rows}


async def ready(dsn: str, folder: Path) -> bool:
    connection = await asyncpg.connect(dsn)
    try:
        return await is_current(connection, folder=folder)
    finally:
        await connection.close()


async def test_missing_migrations_are_applied_in_order_and_named(empty_dsn, tmp_path):
    folder = write(tmp_path, TWO | {"0003_third.sql": "ALTER TABLE second ADD COLUMN name text; SELECT 1;"})
    assert await migrate(empty_dsn, folder=folder) == ["0001_first", "0002_second", "0003_third"]
    assert await tables(empty_dsn) == {"first", "second", "schema_migration"}


async def test_applying_again_does_nothing(empty_dsn, tmp_path):
    folder = write(tmp_path, TWO)
    await migrate(empty_dsn, folder=folder)
    assert await migrate(empty_dsn, folder=folder) == []


async def test_only_the_new_one_is_applied_later(empty_dsn, tmp_path):
    folder = write(tmp_path, TWO)
    await migrate(empty_dsn, folder=folder)
    write(tmp_path, {"0003_third.sql": "CREATE TABLE third ()"})
    assert await pending(empty_dsn, folder=folder) == ["0003_third"]
    assert await migrate(empty_dsn, folder=folder) == ["0003_third"]


async def test_five_processes_at_once_apply_each_once(empty_dsn, tmp_path):
    files = {f"{n:04}_step.sql": f"CREATE TABLE step{n} (); SELECT pg_sleep(0.02);" for n in range(1, 7)}
    folder = write(tmp_path, files)
    code = (
        "import asyncio, sys; from pathlib import Path; from hub.store.migrate import migrate; "
        "sys.stdin.readline(); "
        "print(*asyncio.run(migrate(sys.argv[1], folder=Path(sys.argv[2]))), file=sys.stderr)"
    )
    pipe = asyncio.subprocess.PIPE
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, empty_dsn, str(folder), cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe
        )
        for _ in range(5)
    ]
    answers = await asyncio.wait_for(asyncio.gather(*(one.communicate(b"go\n") for one in processes)), 60)
    assert [one.returncode for one in processes] == [0] * 5, answers
    applied = [name for _, names in answers for name in names.decode().split()]
    assert sorted(applied) == sorted(Path(name).stem for name in files)
    assert len(await fetch(empty_dsn, "SELECT 1 FROM schema_migration")) == 6


async def test_a_concurrent_index_build_is_not_blocked_by_a_waiting_process(empty_dsn, tmp_path):
    folder = write(tmp_path, TWO)
    await migrate(empty_dsn, folder=folder)
    write(folder, {"0003_third.sql": "CREATE TABLE third ()"})
    holder = await asyncpg.connect(empty_dsn)
    try:
        await holder.execute("SELECT pg_advisory_lock($1)", 0x6875622D6D696772)
        waiting = asyncio.create_task(migrate(empty_dsn, folder=folder))
        asked = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'hub-migrate' AND query LIKE '%advisory%'"
        await until(lambda: holder.fetchval(asked))
        await holder.execute("CREATE INDEX CONCURRENTLY first_id ON first (id)", timeout=20)
        assert not waiting.done()
    finally:
        await holder.close()
    assert await waiting == ["0003_third"]


async def test_a_failing_migration_leaves_nothing_of_itself(empty_dsn, tmp_path):
    folder = write(tmp_path, TWO | {"0003_bad.sql": "CREATE TABLE third (); CREATE TABLE first ();"})
    with pytest.raises(StartupError, match=r"0003_bad failed and was rolled back.*already exists"):
        await migrate(empty_dsn, folder=folder)
    assert await tables(empty_dsn) == {"first", "second", "schema_migration"}
    assert await pending(empty_dsn, folder=folder) == ["0003_bad"]


async def test_an_edited_migration_is_refused_by_name(empty_dsn, tmp_path):
    folder = write(tmp_path, TWO)
    await migrate(empty_dsn, folder=folder)
    write(folder, {"0001_first.sql": "CREATE TABLE first (id bigint);", "0003_third.sql": "CREATE TABLE third ()"})
    with pytest.raises(StartupError, match=r"0001_first was edited.*new migration"):
        await migrate(empty_dsn, folder=folder)
    assert "third" not in await tables(empty_dsn)


async def test_other_line_ends_are_no_edit(empty_dsn, tmp_path):
    folder = write(tmp_path, {"0001_first.sql": "CREATE TABLE first (\n);\n"})
    await migrate(empty_dsn, folder=folder)
    (folder / "0001_first.sql").write_bytes(b"CREATE TABLE first (\r\n);\r\n")
    assert await migrate(empty_dsn, folder=folder) == []


async def test_a_renamed_migration_is_refused(empty_dsn, tmp_path):
    folder = write(tmp_path, TWO)
    await migrate(empty_dsn, folder=folder)
    (folder / "0002_second.sql").rename(folder / "0002_other.sql")
    with pytest.raises(StartupError, match=r"0002_other was applied to this database as 0002_second"):
        await migrate(empty_dsn, folder=folder)


async def test_a_database_newer_than_the_code_is_refused(empty_dsn, tmp_path):
    await migrate(empty_dsn, folder=write(tmp_path, TWO))
    (tmp_path / "0002_second.sql").unlink()
    with pytest.raises(StartupError, match=r"newer than this version.*0002_second.*0001_first"):
        await migrate(empty_dsn, folder=tmp_path)


async def test_a_hole_in_what_was_applied_is_refused(empty_dsn, tmp_path):
    await migrate(empty_dsn, folder=write(tmp_path, TWO))
    await fetch(empty_dsn, "DELETE FROM schema_migration WHERE number = 1")
    with pytest.raises(StartupError, match=r"has migration 0002_second but not 0001_first"):
        await migrate(empty_dsn, folder=tmp_path)


async def test_a_migration_that_commits_by_itself_is_refused(empty_dsn, tmp_path):
    folder = write(tmp_path, {"0001_first.sql": "CREATE TABLE first (); COMMIT; BEGIN;"})
    with pytest.raises(StartupError, match=r"0001_first ends its own transaction"):
        await migrate(empty_dsn, folder=folder)


async def test_a_migration_waits_for_a_long_reader_without_holding_up_the_others(empty_dsn, tmp_path):
    folder = write(tmp_path, TWO)
    await migrate(empty_dsn, folder=folder)
    write(folder, {"0003_third.sql": "ALTER TABLE first ADD COLUMN name text"})
    reader, other = await asyncpg.connect(empty_dsn), await asyncpg.connect(empty_dsn)
    try:
        transaction = reader.transaction()
        await transaction.start()
        await reader.fetch("SELECT id FROM first")
        migrating = asyncio.create_task(migrate(empty_dsn, folder=folder))
        await until(lambda: other.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))
        await other.fetch("SELECT id FROM first", timeout=5)  # queued behind ALTER TABLE for its lock_timeout only
        await transaction.commit()
        assert await migrating == ["0003_third"]
    finally:
        reader.terminate()
        other.terminate()


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        (["0001_a.sql", "0003_c.sql"], r"0003 \(0003_c\) comes where 0002 is missing"),
        (["0002_b.sql"], r"comes where 0001 is missing"),
        (["0001_a.sql", "0001_b.sql"], r"0001 \(0001_b\) is there twice"),
        (["1_a.sql"], r"1_a\.sql: a migration is called"),
        (["0001-a.sql"], r"0001-a\.sql: a migration is called"),
    ],
)
def test_bad_numbers_and_names_are_refused(tmp_path, names, complaint):
    write(tmp_path, dict.fromkeys(names, "SELECT 1"))
    with pytest.raises(StartupError, match=complaint):
        read_migrations(tmp_path)


async def test_readiness_follows_the_migrations(empty_dsn, tmp_path):
    folder = write(tmp_path, TWO)
    assert not await ready(empty_dsn, folder)
    await migrate(empty_dsn, folder=folder)
    assert await ready(empty_dsn, folder)
    write(folder, {"0003_third.sql": "CREATE TABLE third ()"})
    assert not await ready(empty_dsn, folder)


async def test_the_old_version_stays_ready_while_a_newer_one_has_migrated(empty_dsn, tmp_path):
    await migrate(empty_dsn, folder=write(tmp_path, TWO))
    (tmp_path / "0002_second.sql").unlink()
    assert await ready(empty_dsn, tmp_path)


async def test_the_template_has_every_migration_of_the_hub(dsn):
    assert await pending(dsn) == []
    assert await ready(dsn, FOLDER)


@pytest.mark.parametrize("act", [migrate, pending])
async def test_a_database_that_is_not_there_is_a_sentence(act):
    with pytest.raises(UnavailableError, match="the database cannot be reached"):
        await act("postgres://nobody:secret@127.0.0.1:1/nothing")
