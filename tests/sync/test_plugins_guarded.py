"""PROMISES E1, E3: what never returns, raises SystemExit or returns nonsense costs only its own run or record."""

from __future__ import annotations

import asyncio
from typing import Any

from hub import Limits
from tests.sync.harness import Bench
from tests.sync.test_plugins_that_fail import (
    THREE,
    Well,
    broken,
    failing,
    pushing,
    run_both,
    shaky_problems,
    states,
    well,
)

__all__ = ["well"]  # the fixture
OTHERS_GO = {"i-1": "synced", "i-2": "refused", "i-3": "synced"}


async def test_e3_a_render_that_returns_nonsense_holds_its_own_record(bench: Bench, well: type[Well]) -> None:
    run = await run_both(bench, failing(well, "i-2", lambda _: None))

    assert run.state == "done", run.error
    assert await states(bench) == OTHERS_GO


async def test_e1_a_render_that_raises_system_exit_holds_its_own_record(bench: Bench, well: type[Well]) -> None:
    run = await run_both(bench, failing(well, "i-2", SystemExit(3)))

    assert run.state == "done", run.error
    assert await states(bench) == OTHERS_GO


async def test_e1_a_push_that_raises_system_exit_leaves_its_writes_unknown(bench: Bench, well: type[Well]) -> None:
    async def leaves(done: Any) -> Any:
        raise SystemExit(3)

    run = await run_both(bench, pushing(well, leaves))

    assert run.state in {"done", "waiting", "failed"}
    assert await states(bench) == dict.fromkeys(THREE, "unknown")


async def test_e1_a_pull_that_never_returns_ends_its_own_run_by_a_deadline(bench: Bench, well: type[Well]) -> None:
    class Hangs(well):  # type: ignore[misc,valid-type] # the fixture is a class
        limits = Limits(batch=3, timeout=0.1)

        async def pull(self, cursor: str | None) -> Any:
            await asyncio.Event().wait()

    async with asyncio.timeout(30):
        run = await run_both(bench, Hangs)

    assert run.state == "failed"
    assert "did not return in time" in (run.error or "")


async def test_e1_a_run_that_a_plugin_failed_opens_a_problem_that_names_it(bench: Bench, well: type[Well]) -> None:
    await run_both(bench, broken(well, "pull"))

    assert await shaky_problems(bench) == [("refused", 0)]


async def test_e3_outcomes_that_are_no_outcomes_are_unknown(bench: Bench, well: type[Well]) -> None:
    async def nonsense(done: Any) -> Any:
        return tuple("yes" for _ in done)

    run = await run_both(bench, pushing(well, nonsense))

    assert run.state in {"done", "waiting"}, run.error
    assert await states(bench) == dict.fromkeys(THREE, "unknown")
