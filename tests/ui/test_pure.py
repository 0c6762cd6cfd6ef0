"""The pure parts of the pages: formats by country and zone, words for every code, colours that can be read."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import get_args

import pytest

from hub.domain import reasons
from hub.domain.entries import STATES, Group
from hub.domain.records import EntryType
from hub.domain.sessions import ROLES
from hub.domain.sessions import may as may_
from hub.store.runs import RunState
from hub.store.webservices import WebserviceState
from hub.web.ui import assets, glance, theme, words
from hub.web.ui.formats import Formats
from tests.docs.pages import read_page, rows

NOW = datetime(2026, 3, 4, 0, 4, tzinfo=UTC)  # 11:04 in Sydney


def formats(country: str = "AU", timezone: str = "Australia/Sydney", now: datetime = NOW) -> Formats:
    return Formats(country=country, timezone=timezone, now=now)


@pytest.mark.parametrize(
    ("country", "amount", "currency", "written"),
    [
        ("AU", "1234.5", "AUD", "$1,234.50"),
        ("AU", "-0.05", "AUD", "-$0.05"),
        ("AU", "1234.50", "EUR", "EUR\xa01,234.50"),
        ("GB", "1234567.891", "GBP", "£1,234,567.891"),
        ("DE", "1234.5", "EUR", "1.234,50\xa0€"),
        ("FR", "1234.5", "EUR", "1\u202f234,50\xa0€"),
        ("CH", "1234.5", "CHF", "CHF\xa01’234.50"),
        ("IN", "1234567.5", "INR", "₹12,34,567.50"),
        ("JP", "1234", "JPY", "￥1,234"),
        ("KW", "1234.567", "KWD", "KWD\xa01,234.567"),
        ("AU", "12345678901234567890.12", "AUD", "$12,345,678,901,234,567,890.12"),
    ],
)
def test_money_is_written_as_the_country_writes_it_and_never_rounded(
    country: str, amount: str, currency: str, written: str
) -> None:
    assert formats(country).money(Decimal(amount), currency).replace("\u200f", "") == written


def test_without_a_gallery_no_country_is_assumed() -> None:
    nowhere = Formats.of(None, NOW)
    assert nowhere.money(Decimal("1234.5"), "USD") == "US$1,234.50"
    assert nowhere.moment(NOW) == "today 00:04"


def test_counts_and_numbers() -> None:
    told = formats()
    assert told.count(1, "invoice") == "1 invoice"
    assert told.count(0, "invoice") == "0 invoices"
    assert told.count(1204, "gallery", "galleries") == "1,204 galleries"
    assert formats("DE").number(Decimal("1234.125")) == "1.234,125"


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (NOW - timedelta(hours=1), "today 10:04"),
        (NOW - timedelta(hours=12), "yesterday 23:04"),
        (NOW + timedelta(hours=13), "tomorrow 00:04"),
        (datetime(2026, 2, 27, 13, 30, tzinfo=UTC), "28 February 2026, 00:30"),
    ],
)
def test_moments_are_told_in_the_gallerys_zone(at: datetime, written: str) -> None:
    assert formats().moment(at) == written


def test_days_and_months() -> None:
    assert formats().day(date(2026, 3, 4)) == "4 March 2026"
    assert formats("US").day(date(2026, 3, 4)) == "March 4, 2026"
    assert formats("JP").day(date(2026, 3, 4)) == "4 March 2026"
    assert formats().day(datetime(2026, 3, 3, 23, tzinfo=UTC)) == "4 March 2026"
    assert formats().month(date(2026, 3, 4)) == "March 2026"
    assert formats().machine(NOW) == "2026-03-04T00:04:00Z"
    assert formats().exact(NOW) == "4 March 2026, 11:04:00 AEDT"
    assert formats(timezone="No/Where").moment(NOW) == "today 00:04"
    assert formats(timezone="../../etc/passwd").moment(NOW) == "today 00:04"


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (3_599, "59 minutes ago"),
        (7_300, "2 hours ago"),
        (86_400, "1 day ago"),
        (-30, "in a moment"),
        (-300, "in 5 minutes"),
        (-7_200, "in 2 hours"),
        (604_800, "25 February 2026"),
    ],
)
def test_how_long_ago(seconds: int, written: str) -> None:
    assert formats().ago(NOW - timedelta(seconds=seconds)) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0.4, "0 seconds"), (1, "1 second"), (125, "2 minutes"), (3_600, "1 hour"), (3_960, "1 hour 6 minutes")],
)
def test_how_long_it_took(seconds: float, written: str) -> None:
    assert formats().lasting(seconds) == written


def test_every_state_group_role_and_type_has_its_word() -> None:
    assert set(words.ENTRY_STATES) == set(STATES) == set(words.GROUP_OF)
    assert set(words.GROUPS) == set(get_args(Group)) == set(words.GROUP_OF.values())
    assert set(words.WEBSERVICE_STATES) == set(get_args(WebserviceState))
    assert set(words.RUN_STATES) == set(get_args(RunState))
    assert set(words.ROLES) == set(ROLES)
    assert set(get_args(EntryType)) <= set(words.TYPES)


def test_every_reason_has_a_few_words() -> None:
    listed = set(rows(read_page("docs/reference/reasons.md")))
    assert listed | set(reasons.PROBLEMS) == set(words.REASONS)
    assert [text for text in words.REASONS.values() if len(text) > 30] == []
    assert words.reason_word("ACCOUNT_code") == "Account code"
    assert words.reason_word(None) == ""


def test_roles_nest() -> None:
    assert [[may_(role, needed) for needed in ROLES] for role in ROLES] == [
        [True, False, False, False],
        [True, True, False, False],
        [True, True, True, False],
        [True, True, True, True],
    ]


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        ((12, 0, 0), "Everything is in the books."),
        ((0, 0, 0), "Nothing has gone to the books yet."),
        ((12, 3, 0), "Everything else is in the books; 3 records are on the way."),
        ((12, 0, 1), "Everything else is in the books; 1 record needs you."),
        ((1, 1, 2), "Everything else is in the books; 1 record is on the way and 2 records need you."),
        ((0, 1_200, 0), "1,200 records are on the way."),
    ],
)
def test_one_glance(groups: tuple[int, int, int], said: str) -> None:
    counts = dict(zip(("in_the_books", "on_its_way", "needs_you"), groups, strict=True))
    assert glance.render_glance(counts, formats()) == said


def test_counts_of_states_become_groups() -> None:
    counts = {"invoice": {"synced": 3, "held": 1, "voided": 2}, "payment": {"sending": 4, "resolved": 1}}
    assert glance.group_counts(counts) == {"in_the_books": 4, "on_its_way": 4, "needs_you": 1, "left_out": 2}
    assert glance.group_counts(counts, "invoice")["on_its_way"] == 0


def palettes() -> list[dict[str, str]]:
    """The colours of the style sheet by name: light, dark (which takes over what it does not set)."""
    sheet = (assets.FOLDER / "hub.css").read_text(encoding="utf-8")
    light, dark = (
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", part))
        for part in re.findall(r":root \{(.*?)\n *\}", sheet, re.DOTALL)[:2]
    )
    return [light, {**light, **dark}]


@pytest.mark.parametrize("palette", palettes(), ids=["light", "dark"])
def test_every_text_can_be_read(palette: dict[str, str]) -> None:
    pairs = [(ink, paper) for ink in ("ink", "soft", "accent", "bad") for paper in ("paper", "ground")]
    pairs += [(tone, f"{tone}-bg") for tone in ("good", "busy", "need", "bad", "off")]
    pairs += [("ink", f"{tone}-bg") for tone in ("good", "busy", "need", "bad")]
    pairs += [(tone, "paper") for tone in ("good", "busy", "need")] + [("on-accent", "accent")]
    weak = {pair: theme.contrast(palette[pair[0]], palette[pair[1]]) for pair in pairs}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}
    assert theme.contrast(palette["edge"], palette["paper"]) >= 3, "the edge of a field"


@pytest.mark.parametrize("colour", ["#ffcc00", "#ffffff", "#000000", "#1d5c63", "#ff0000", "#00ff00", "#0000ff"])
def test_a_theme_is_moved_until_it_can_be_read(colour: str) -> None:
    sheet = theme.render_sheet(colour)
    (light, on_light), (dark, on_dark) = re.findall(r"--accent:(#[0-9a-f]{6});--on-accent:(#[0-9a-f]{6})", sheet)
    for ink, paper in (
        (light, theme.LIGHT_PAPER),
        (light, theme.LIGHT_GROUND),
        (on_light, light),
        (dark, theme.DARK_PAPER),
        (on_dark, dark),
    ):
        assert theme.contrast(ink, paper) >= 4.5


def test_a_theme_that_can_be_read_stays_as_it_is() -> None:
    assert theme.readable("#1d5c63", theme.LIGHT_GROUND, theme.LIGHT_PAPER) == "#1d5c63"
    assert theme.contrast("#000000", "#ffffff") == pytest.approx(21)


def test_the_papers_of_the_theme_are_those_of_the_style_sheet() -> None:
    light, dark = palettes()
    assert (light["paper"], light["ground"], dark["paper"]) == (
        theme.LIGHT_PAPER,
        theme.LIGHT_GROUND,
        theme.DARK_PAPER,
    )
