"""The demo, as a newcomer runs it: a year, then every trouble; each outcome the expected one, the proofs too."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from hub.demo import ANCHOR, SEED
from hub.testing.year import demo_expectations
from tests.acceptance.daemon import environment


@pytest.mark.slow
async def test_the_demo_ends_well_and_says_what_it_did(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hub.cli", "demo", "--exit"),
        env={**environment(tmp_path), "COLUMNS": "300"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 180)
    told = out.decode()

    assert process.returncode == 0, told[-3000:] + err.decode()[-3000:]
    assert "The proof agrees" in told
    assert "All as expected" in told
    assert "NOT as expected" not in told
    assert "need a person" in told
    assert "calls" in told
    reasons = {one.reason for one in demo_expectations(SEED, ANCHOR) if one.reason}
    assert f"{len(reasons)} reasons came up, of {len(reasons)} expected" in told
    assert [reason for reason in reasons if reason not in told] == []
    assert "The proof differs in i-astray, i-copied, i-edited-there, i-remote-total, i-voided-there, as it must" in told
