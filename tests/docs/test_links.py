"""Links between pages lead somewhere."""

from pathlib import Path

import pytest

from tests.docs.pages import ROOT, anchor, headings, links, pages


def broken(page: Path, target: str) -> bool:
    name, _, place = target.partition("#")
    path = page.parent / name if name else page
    if not path.exists() or not path.resolve().is_relative_to(ROOT.resolve()):
        return True
    return bool(place) and place not in [anchor(one) for one in headings(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_inside_the_project_resolves(page: Path) -> None:
    inside = [
        one for one in links(page.read_text(encoding="utf-8")) if "://" not in one and not one.startswith("mailto:")
    ]
    assert [one for one in inside if broken(page, one)] == []


def test_every_page_of_docs_can_be_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    ahead = [ROOT / "README.md"]
    while ahead:
        page = ahead.pop().resolve()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        inside = [one.partition("#")[0] for one in links(page.read_text(encoding="utf-8")) if "://" not in one]
        ahead += [page.parent / one for one in inside if one and (page.parent / one).is_file()]
    wanted = {page.resolve() for page in (ROOT / "docs").rglob("*.md") if page.parent.name != "changes"}
    assert sorted(str(page.relative_to(ROOT.resolve())) for page in wanted - seen) == []
