"""The gates: asked one by one for `explain`, and in one go for previews, they say the same."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from hub.domain.books import Book, Exclusion
from hub.domain.content import decode_body
from hub.domain.eligibility import Gates, Times, find_stop, find_window_start, judge_invoice
from hub.domain.entries import Entry
from hub.domain.exclusions import arguments_schema, find_exclusion
from hub.domain.records import Gallery, Invoice
from hub.domain.remotes import Remote, RemoteId
from plugins.core.exclusions import FILTERS
from tests.sync.harness import make_invoice

MADE = datetime(2026, 3, 1, tzinfo=UTC)
BY_KEY = {one.key: one for one in FILTERS}


def invoice(**changes: Any) -> Invoice:
    made = decode_body("invoice", msgspec.json.encode(make_invoice(**changes)))
    assert isinstance(made, Invoice)
    return made


def book(gates: Gates, *rules: Exclusion) -> Book:
    return Book(
        gallery=Gallery(id="g", name="G", country="AU", currency="AUD", timezone="Australia/Sydney"),
        kind="k",
        webservice_id="w",
        settings=gates,
        tag="AAAAAA",
        exclusions=rules,
        connected_at=MADE,
        window_start=find_window_start(gates, MADE),
        today=date(2026, 3, 1),
    )


INVOICES = [
    invoice(),
    invoice(status="draft"),
    invoice(status="void"),
    invoice(excluded=True),
    invoice(channel="shopify"),
    invoice(issued_on=None),
    invoice(issued_on="2025-01-01"),
]
BOOKS = [
    book(gates, *rules)
    for gates in (Gates(), Gates(copy_existing=True), Gates(sync_from=date(2026, 1, 1)), Gates(window_days=None))
    for rules in ((), (Exclusion(filter="channel", arguments={"values": ["shopify"]}),))
]
ENTRIES = [
    Entry(id="e", type="invoice", record_id="i-1"),
    Entry(id="e", type="invoice", record_id="i-1", state="held"),
    Entry(id="e", type="invoice", record_id="i-1", state="left_out", forced=True),
    Entry(id="e", type="invoice", record_id="i-1", state="synced", remote=Remote(id=RemoteId("r"))),
]
EARLY, LATE = MADE - timedelta(days=30), MADE + timedelta(days=1)
TIMES = [
    Times(created_at=EARLY, changed_at=EARLY),
    Times(created_at=LATE, changed_at=EARLY),
    Times(created_at=LATE, changed_at=LATE),
]


def test_what_stops_an_invoice_is_the_same_asked_in_either_way() -> None:
    reasons = set()
    for one, kept, entry, times in itertools.product(INVOICES, BOOKS, ENTRIES, TIMES):
        judged = judge_invoice(one, entry, times, kept, BY_KEY)
        rule = find_exclusion(one, kept.exclusions, BY_KEY)
        assert find_stop(one, entry, times, kept, rule=rule) == judged.stop
        assert [check.passed for check in judged.checks].count(False) == (judged.stop is not None)
        reasons.add(judged.stop.reason if judged.stop else None)
    assert reasons == {
        None,
        "draft",
        "void_never_sent",
        "excluded",
        "date",
        "before_sync_from",
        "before_connection",
        "outside_window",
    }


@pytest.mark.parametrize(("days", "start"), [(14, MADE - timedelta(days=14)), (0, MADE), (None, None)])
def test_the_window_counts_back_in_days(days: int | None, start: datetime | None) -> None:
    assert find_window_start(Gates(window_days=days), MADE) == start


def test_a_filter_without_a_schema_takes_any_object() -> None:
    class Plain:
        key = label = help = "plain"

        def check(self, arguments: object) -> list[Any]:
            return []

        def matches(self, invoice: Invoice, arguments: object) -> bool:
            return False

        def describe(self, arguments: object) -> str:
            return "plain"

    assert arguments_schema(Plain()) == {"type": "object"}
