"""What the gallery sells: 620 single works by 40 artists, and 24 editions."""

from __future__ import annotations

from dataclasses import dataclass

from hub.testing.year import words
from hub.testing.year.dice import Dice, shuffled

WORKS, EDITIONS, CONSIGNED = 620, 24, 28  # 28 of the 40 artists are on consignment: 70 %
_SCALE = (400, 650, 1050, 1700, 2750, 4450, 7200, 11600, 18700, 30000, 48000)  # a step is always about 1.6 times


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """A work or an edition; `price` in whole units of the gallery's currency, in the terms of the price mode."""

    title: str
    artist: str
    category: str
    ownership: str
    price: int


def works(seed: str) -> list[Work]:
    """The single works, priced from 400 to 48,000 in gallery-like steps."""
    odd = {7 * n + 3: title for n, title in enumerate(words.ODD_TITLES)}
    owners = _owners(seed)
    return [_work(Dice(seed, "work", n), owners, odd.get(n)) for n in range(WORKS)]


def editions(seed: str) -> list[Work]:
    """The editions, priced from 120 to 950."""
    owners = _owners(seed)
    return [_edition(Dice(seed, "edition", n), owners, n) for n in range(EDITIONS)]


def _owners(seed: str) -> dict[str, str]:
    order = shuffled(seed, "ownership", words.ARTISTS)
    return {artist: "consigned" if n < CONSIGNED else "owned" for n, artist in enumerate(order)}


def _work(dice: Dice, owners: dict[str, str], odd: str | None) -> Work:
    artist = dice.choose("artist", words.ARTISTS)
    segment = dice.below("segment", len(_SCALE) - 1)
    raw = dice.between("price", _SCALE[segment], _SCALE[segment + 1])
    step = 10 if raw < 1000 else 50 if raw < 5000 else 100
    return Work(
        title=odd or f"{_title(dice)} ({dice.between('year', 1998, 2026)})",
        artist=artist,
        category=dice.choose("category", words.CATEGORIES),
        ownership=owners[artist],
        price=(raw + step // 2) // step * step,
    )


def _edition(dice: Dice, owners: dict[str, str], number: int) -> Work:
    artist = dice.choose("artist", words.ARTISTS)
    return Work(
        title=f"{_title(dice)}, edition of {dice.choose('size', (20, 30, 50, 75, 100))}",
        artist=artist,
        category="print",
        ownership=("owned", "consigned")[number % 2] if number < 2 else owners[artist],
        price=dice.between("price", 12, 95) * 10,
    )


def _title(dice: Dice) -> str:
    match dice.below("grammar", 5):
        case 0:
            return f"Study for {dice.choose('noun', words.NOUNS)} in {dice.choose('colour', words.COLOURS)}"
        case 1:
            return f"{dice.choose('scene', words.SCENES)}, {dice.choose('month', words.MONTHS)}"
        case 2:
            return f"Untitled (no. {dice.between('number', 1, 99)})"
        case 3:
            return f"{dice.choose('colour', words.COLOURS)} {dice.choose('noun', words.NOUNS)}"
    return f"The {dice.choose('noun', words.NOUNS)} at {dice.choose('scene', words.SCENES)}"
