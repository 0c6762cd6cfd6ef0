"""Reading the pages of the project: tables, headings, links, code."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def pages() -> list[Path]:
    """Every page of the project, in a fixed order."""
    return sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


def read_page(name: str) -> str:
    """The text of the page *name*, relative to the project."""
    return (ROOT / name).read_text(encoding="utf-8")


def headings(text: str) -> list[str]:
    """The headings of all levels, without their marks."""
    return re.findall(r"^#+ +(.+?) *$", without_code(text), re.MULTILINE)


def section(text: str, title: str) -> str:
    """What stands below the heading *title* of the second level."""
    before, _, after = text.partition(f"\n## {title}\n")
    assert after, f"there is no heading {title!r} in: {before[:60]!r}"
    return after.partition("\n## ")[0]


def rows(text: str) -> dict[str, list[str]]:
    """The rows of all tables whose first cell is code: its text -> the other cells."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if match := re.fullmatch(r"\| `([^`]+)` \|(.*)\|", line):
            assert match[1] not in found, f"{match[1]} has two rows"
            found[match[1]] = [cell.strip() for cell in match[2].split("|")]
    return found


def code_blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of *language*."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def links(text: str) -> list[str]:
    """The targets of all links, as written."""
    return re.findall(r"\]\(([^)\s]+)\)", without_code(text))


def without_code(text: str) -> str:
    """*text* without fenced blocks and code in lines."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))


def anchor(heading: str) -> str:
    """The anchor that forges make of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
