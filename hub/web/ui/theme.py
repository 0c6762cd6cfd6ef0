"""The accent colour of a gallery system, made readable on our paper (pure).

A colour that somebody chose for a logo is rarely dark enough for text. It is mixed with black (with white in the dark)
until its contrast with the paper is that of WCAG 2.2 AA for text, 4.5 to 1.
"""

from __future__ import annotations

from typing import TypeAlias

LEAST = 4.5
LIGHT_PAPER = "#ffffff"
LIGHT_GROUND = "#f7f5f1"
DARK_PAPER = "#1d1f23"
_STEPS = 50

Rgb: TypeAlias = tuple[int, int, int]


def parse_colour(text: str) -> Rgb:
    """``#1d5c63`` as three numbers from 0 to 255. Raises ValueError."""
    if len(text) != 7 or text[0] != "#":
        raise ValueError(f"no colour: {text!r}")
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def render_colour(colour: Rgb) -> str:
    """The other way round."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 to 21 (WCAG 2.2, "contrast ratio")."""
    light, dark = sorted((_luminance(parse_colour(one)), _luminance(parse_colour(other))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def readable(colour: str, *papers: str) -> str:
    """*colour*, moved away from *papers* (all light, or all dark) only as far as text in it can be read on each."""
    towards = 0 if _luminance(parse_colour(papers[0])) > 0.5 else 255
    start = parse_colour(colour)
    for step in range(_STEPS + 1):
        mixed = render_colour(_mix(start, towards, step / _STEPS))
        if min(contrast(mixed, paper) for paper in papers) >= LEAST:
            break
    return mixed


def render_sheet(theme: str) -> str:
    """The style sheet that sets the accent for light and dark."""
    light = readable(theme, LIGHT_GROUND, LIGHT_PAPER)
    dark = readable(theme, DARK_PAPER)
    on_dark = "#16171a" if contrast(dark, "#16171a") >= LEAST else "#ffffff"
    return (
        f":root{{--accent:{light};--on-accent:#ffffff}}"
        f"@media screen and (prefers-color-scheme:dark){{:root{{--accent:{dark};--on-accent:{on_dark}}}}}"
    )


def _mix(colour: Rgb, towards: int, share: float) -> Rgb:
    red, green, blue = (round(one + (towards - one) * share) for one in colour)
    return red, green, blue


def _luminance(colour: Rgb) -> float:
    parts = [one / 255 for one in colour]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
