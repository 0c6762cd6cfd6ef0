"""Values that follow from a seed alone: no clock, no global random, no state.

Every value comes from SHA-256 of ``seed|entity|index|field``. So a new field, entity or index never changes the
values of the others, and the order in which they are asked for does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Dice:
    """The values of one entity, such as the contact number 7 of the seed "demo"."""

    seed: str
    entity: str
    index: int | str

    def number(self, field: str) -> int:
        """A whole number of 256 bits."""
        return int.from_bytes(sha256(f"{self.seed}|{self.entity}|{self.index}|{field}".encode()).digest(), "big")

    def below(self, field: str, bound: int) -> int:
        """A whole number from 0 up to and without *bound*."""
        return self.number(field) % bound

    def between(self, field: str, low: int, high: int) -> int:
        """A whole number from *low* to *high*, both included."""
        return low + self.below(field, high - low + 1)

    def choose(self, field: str, options: Sequence[T]) -> T:
        """One of *options*."""
        return options[self.below(field, len(options))]


def shuffled(seed: str, entity: str, items: Iterable[T]) -> list[T]:
    """*items* in an order that depends on the seed and on each item's own text, not on the order they came in."""
    return sorted(items, key=lambda item: (Dice(seed, entity, str(item)).number("order"), str(item)))
