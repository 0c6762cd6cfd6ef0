"""The pure parts of Problems and of the home: which ways out fit a reason, ids that were pasted, the year as bars."""

from __future__ import annotations

from datetime import UTC, date, datetime

import msgspec
import pytest

from hub.domain import reasons
from hub.domain.entries import Entry
from hub.store.problems import Problem
from hub.store.webservices import WebserviceRow
from hub.sync.causes import Cause
from hub.sync.standing import Month, list_months
from hub.web.ui import glance, ways, year
from hub.web.ui.formats import Formats
from tests.docs.pages import read_page, rows

AT = datetime(2026, 3, 4, tzinfo=UTC)
ROW = WebserviceRow(
    gallery_id="g",
    id="w-1",
    kind="xero",
    name="Xero",
    state="ready",
    settings={},
    mappings=(),
    exclusions=(),
    choices=None,
    choices_at=None,
    organisation=None,
    organisation_id=None,
    grant_id=None,
    consent_id=None,
    confirmed_at=None,
    tag="T",
    created_at=AT,
    connected_at=AT,
    pull_cursor=None,
    contact_cursor=None,
    finished_at=None,
    scheduled_at=None,
    due_at=None,
    running=False,
    doing="",
)


def cause(reason: str, *, count: int = 2, own: bool = False, closed: bool = False) -> Cause:
    problem = Problem(
        id="p-1",
        reason=reason,
        cause="webservice" if own else "x",
        message="It does not go.",
        remedy="Mend it.",
        count=count,
        opened_at=AT,
        closed_at=AT if closed else None,
    )
    return Cause(problem=problem, row=ROW)


@pytest.mark.parametrize(
    ("found", "labels"),
    [
        (cause("mapping_missing"), ["Open the mapping", "Try again for all"]),
        (cause("email_invalid", count=1), ["Open the settings", "Try again"]),
        (cause("not_approved"), ["Reauthorise", "Try again for all"]),
        (cause("reauthorize", count=0, own=True), ["Reauthorise"]),
        (cause("refused", count=0, own=True), ["Open the webservice"]),
        (cause("refused"), ["Try again for all"]),
        (cause("marker_without_record", count=0), []),
        (cause("kinds-own-code"), ["Try again for all"]),
        (cause("mapping_missing", closed=True), []),
    ],
    ids=lambda value: value.problem.reason if isinstance(value, Cause) else None,
)
def test_the_ways_out_fit_the_reason_and_the_first_stands_out(found: Cause, labels: list[str]) -> None:
    offered = ways.list_ways(found)
    assert [way.label for way in offered] == labels
    assert [way.primary for way in offered] == [place == 0 for place in range(len(labels))]


def test_in_a_list_the_way_to_decide_comes_first_and_what_writes_over_never_stands_out() -> None:
    shown = ways.list_ways(cause("edited_there"), listed=True)
    assert [way.label for way in shown] == ["Compare and resolve", "Write over all of them there"]
    missing = ways.list_ways(cause("tax_code_missing"), listed=True)
    assert [way.label for way in missing] == ["Show what it holds", "Open the mapping", "Try again for all"]
    assert missing[0].primary
    for decided_below in ("edited_there", "duplicate_contact", "tax_code_missing"):
        assert not any(way.primary for way in ways.list_ways(cause(decided_below)))
    assert [way.label for way in ways.list_ways(cause("no_lines"), listed=True)] == [
        "Show what it holds",
        "Try again for all",
    ]


def test_what_a_bookkeeper_may_not_do_is_for_the_owner_alone() -> None:
    roles = {
        way.label: way.role for reason in ("not_approved", "email_invalid") for way in ways.list_ways(cause(reason))
    }
    assert roles == {"Reauthorise": "owner", "Open the settings": "owner", "Try again for all": "bookkeeper"}


def test_every_reason_that_the_ways_name_is_a_reason() -> None:
    named = (
        ways.MAPPINGS
        | ways.SETTINGS
        | ways.AUTHORISE
        | ways.RESOLVABLE
        | ways.LINKABLE
        | set(ways.CONFIRM)
        | set(ways.DECIDED_ONE_BY_ONE)
    )
    assert named <= set(rows(read_page("docs/reference/reasons.md"))) | set(reasons.PROBLEMS)


def test_every_remedy_that_names_the_mappings_or_resolving_has_that_way() -> None:
    for reason, cells in rows(read_page("docs/reference/reasons.md")).items():
        remedy = str(cells).lower()
        if "in the mappings" in remedy and reason in reasons.HELD:
            assert reason in ways.MAPPINGS, reason
    for reason in reasons.CONFLICT:
        assert ways.may_resolve(Entry(id="e", type="invoice", record_id="i", state="conflict", reason=reason))
    assert not ways.may_resolve(Entry(id="e", type="invoice", record_id="i", state="held", reason="no_lines"))


def test_of_a_doubtful_name_the_contact_is_linked_not_its_invoices() -> None:
    contact = Entry(id="e", type="contact", record_id="r", state="held", reason="duplicate_contact")
    invoice = msgspec.structs.replace(contact, type="invoice")
    assert [ways.may_link(one) for one in (contact, invoice)] == [True, False]
    assert [ways.may_be_distinct(one) for one in (contact, invoice)] == [True, False]


UUID = "d3b1c2aa-0f4e-4a56-9a4b-6b1f2c3d4e5f"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (UUID, UUID),
        (f"https://go.xero.com/app/!x1/invoicing/view/{UUID}", UUID),
        (f"https://go.xero.com/x?a={UUID.upper()}&b=1", UUID.upper()),
        ("remote-17", "remote-17"),
        ("", None),
        ("two words", None),
        ("https://go.xero.com/", None),
        ("x" * 101, None),
    ],
)
def test_an_address_or_an_id_may_be_pasted(text: str, found: str | None) -> None:
    assert ways.parse_remote_id(text) == found


def test_the_year_ends_with_this_month() -> None:
    months = list_months(date(2026, 1, 31))
    assert (months[0], months[-1], len(months)) == (date(2025, 2, 1), date(2026, 1, 1), 12)
    assert list_months(date(2026, 12, 1))[0] == date(2026, 1, 1)


def test_bars_are_stacked_from_the_bottom_and_a_single_one_is_seen() -> None:
    months = [
        Month(on=date(2026, 1, 1), in_the_books=999, needs_you=1),
        Month(on=date(2026, 2, 1)),
        Month(on=date(2026, 3, 1), in_the_books=500, on_its_way=250),
    ]
    bars = year.draw_bars(months)
    assert [bar.tone for bar in bars] == ["good", "need", "good", "busy"]
    assert float(bars[1].height) > 1.9
    assert float(bars[1].y) == pytest.approx(0, abs=0.02)
    assert (bars[2].x, bars[2].y, bars[2].height) == ("21.8", "50", "50")
    assert (bars[3].y, bars[3].height) == ("25", "25")
    for bar in bars:
        assert 0 <= float(bar.y) <= float(bar.y) + float(bar.height) <= 100.02
    assert year.draw_bars([Month(on=date(2026, 1, 1))]) == []


def test_what_waits_says_for_whom_and_since_when() -> None:
    counts = {"in_the_books": 12, "on_its_way": 3, "needs_you": 2}
    formats = Formats(country="AU", timezone="UTC", now=AT)
    assert (
        glance.render_glance(counts, formats, waits="for Xero since today 10:04")
        == "Everything else is in the books; 3 records wait for Xero since today 10:04 and 2 records need you."
    )
