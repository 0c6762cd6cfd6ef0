"""The demo, as a newcomer runs it: a year of a gallery, every outcome the expected one, the proof agrees."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from tests.acceptance.daemon import environment


@pytest.mark.slow
async def test_the_demo_ends_well_and_says_what_it_did(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hub.cli", "demo", "--exit"),
        env=environment(tmp_path),
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
