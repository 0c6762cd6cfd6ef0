"""The bookkeeper's guide shows what the walk took pictures of, and calls things as the pages call them."""

import re
import struct

from tests.docs.pages import DOCS, ROOT, read_page
from tests.ui.hand import SIZES

PAGE = "docs/guides/bookkeeper.md"
PICTURES = DOCS / "images" / "bookkeeper"
MOST_BYTES = 200_000
WALK = ROOT / "tests" / "ui" / "test_whole_walk.py"


def shown() -> dict[str, str]:
    """Name of each picture of the guide -> its text for those who cannot see it."""
    return {
        name: text
        for text, name in re.findall(r"!\[([^\]]*)\]\(\.\./images/bookkeeper/([a-z-]+)\.png\)", read_page(PAGE))
    }


def test_every_picture_is_made_by_the_walk_and_every_one_made_is_shown() -> None:
    taken = re.findall(r"\.take\(\"([a-z-]+)\"", WALK.read_text(encoding="utf-8"))
    assert sorted(taken) == sorted(shown())
    assert sorted(one.stem for one in PICTURES.iterdir()) == sorted(taken)


def test_every_picture_has_words_the_width_of_its_screen_and_is_not_heavy() -> None:
    widths = {size["width"] for size in SIZES.values()}
    for name, text in shown().items():
        data = (PICTURES / f"{name}.png").read_bytes()
        assert data[:8] == b"\x89PNG\r\n\x1a\n", name
        assert struct.unpack(">I", data[16:20])[0] in widths, name
        assert len(data) < MOST_BYTES, name
        assert len(text) > 10, name


def test_what_the_guide_calls_by_name_stands_on_the_pages() -> None:
    sources = [*(ROOT / "hub" / "web" / "ui").rglob("*.html"), *(ROOT / "hub" / "web" / "ui").rglob("*.py")]
    sources += [ROOT / "plugins" / "xero" / "settings.py"]
    pages = "\n".join(one.read_text(encoding="utf-8") for one in sources)
    named = set(re.findall(r"(?<![*\w])\*([^*\n]+)\*(?!\*)", read_page(PAGE)))
    assert len(named) > 15
    assert [one for one in sorted(named) if one not in pages] == []
