"""Mistakes to plant into a child: a sweep that finds nothing with one of them in would find nothing at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.store import batches
from hub.sync import pulling, settle

_FORGET = (
    "UPDATE entry SET state = NULL, asked = asked + 1 WHERE state IN ('sending', 'unknown')",
    "UPDATE write SET outcome = 'absent' WHERE outcome IS NULL",
    "UPDATE batch SET state = 'known' WHERE state <> 'known'",
)


async def _no_pull(session: Any) -> None:
    return None


def plant_careless() -> None:
    """What is unknown counts as not done, and is sent again at once with a new key; nothing is read back first."""

    async def careless(session: Any) -> None:
        async with session.owned() as conn:
            for statement in _FORGET:
                await conn.execute(statement)

    settle.settle = careless
    pulling.pull = _no_pull


def plant_no_intent() -> None:
    """The intent is not stored before the call, and nothing is read back: nobody knows that anything was sent."""

    async def nothing(*args: Any, **more: Any) -> None:
        return None

    async def as_if(conn: Any, gallery_id: str, members: Any) -> set[str]:
        return {member.entry_id for member in members}

    batches.open_batch = nothing
    batches.mark_sending = as_if
    pulling.pull = _no_pull


PLANTS: dict[str, Callable[[], None]] = {"careless": plant_careless, "no_intent": plant_no_intent}
