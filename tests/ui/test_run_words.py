"""What the pages of runs and proofs say, by value: forecasts, sentences, periods, verdicts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from hub.domain.capabilities import Limits
from hub.domain.proof import Figures
from hub.domain.remotes import Operation
from hub.store.batches import Sent, WriteCount
from hub.store.limits import Remaining
from hub.store.runs import Counts, Run
from hub.web.ui.formats import Formats
from hub.web.ui.pages import proof_views, run_views

NOW = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)  # 14:00 in Sydney
FMT = Formats(country="AU", timezone="Australia/Sydney", now=NOW)
LIMITS = Limits(per_minute=60, per_day=5_000)


def make_run(**changes: Any) -> Run:
    values: dict[str, Any] = {
        "id": "r-1",
        "webservice_id": "w-1",
        "state": "running",
        "invoices": None,
        "dry_run": False,
        "asked_by": "person",
        "created_at": NOW,
        "started_at": NOW - timedelta(seconds=100),
        "finished_at": None,
        "resume_at": None,
        "counts": Counts(),
        "done": 0,
        "total": 1_000,
        "calls": 0,
        "bytes_up": 0,
        "bytes_down": 0,
        "seconds": 0.0,
        "error": None,
        "writes": None,
        "live": True,
    }
    return Run(**values | changes)


def budget(minute: int | None = 60, day: int | None = 5_000) -> Remaining:
    return {"minute": minute, "day": day, "resets_at": None}


@pytest.mark.parametrize(
    ("done", "calls", "left", "says"),
    [
        (0, 5, budget(), "It is too early to say when it will be done."),
        (1_000, 5, budget(), "It is too early to say when it will be done."),
        (990, 20, budget(), "Done within a minute."),
        (250, 10, budget(), "Done at about 14:05."),  # 2.5 a second, 750 left: 300 seconds
        (500, 500, budget(minute=20), "Done at about 14:08."),  # 500 calls more at 60 a minute, 20 of them at once
        (500, 500, budget(minute=20, day=900), "The calls that Xero allows today are not enough for all of it"),
        (500, 500, None, "Done at about 14:01."),
    ],
)
def test_a_forecast_is_made_of_the_measured_speed_and_the_limits(
    done: int, calls: int, left: Remaining | None, says: str
) -> None:
    run = make_run(done=done, calls=calls, seconds=100.0)
    found = run_views.foresee(run, now=NOW, limits=LIMITS, budget=left)
    assert run_views.say_forecast(found, FMT, "Xero").startswith(says)


def test_a_run_that_was_parked_for_a_night_is_measured_by_its_work_alone() -> None:
    run = make_run(started_at=NOW - timedelta(hours=12), done=500, seconds=100.0)
    found = run_views.foresee(run, now=NOW, limits=Limits(), budget=None)
    assert found is not None
    assert found.at == NOW + timedelta(seconds=100)


def test_what_takes_until_tomorrow_says_so() -> None:
    run = make_run(total=100_000, done=100, seconds=100.0)
    found = run_views.foresee(run, now=NOW, limits=Limits(), budget=None)
    assert run_views.say_forecast(found, FMT, "Xero") == "Done tomorrow at about 17:45."


def test_before_two_seconds_a_speed_says_nothing() -> None:
    assert run_views.foresee(make_run(done=5, seconds=1.9), now=NOW, limits=LIMITS, budget=budget()) is None


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (None, ""),
        ("no answer", "No answer."),
        ("Why not?", "Why not?"),
    ],
)
def test_why_a_run_stopped_is_a_sentence(error: str | None, says: str) -> None:
    assert run_views.say_error(error) == says


@pytest.mark.parametrize(
    ("doing", "says"),
    [
        ("", "It has begun."),
        ("opening the book", "Reading settings and mappings."),
        ("judging 1000 invoices", "Looking at 1000 invoices."),
        ("sending 50 credit_notes", "Sending 50 credit notes."),
    ],
)
def test_what_a_run_does_is_a_sentence(doing: str, says: str) -> None:
    assert run_views.say_doing(doing) == says


def test_what_a_run_did_is_said_with_what_matters_first() -> None:
    run = make_run(counts=Counts(created=40, held=1, unchanged=1_200))
    assert run_views.say_counts(run, FMT) == "40 created, 1 held, 1,200 unchanged"
    assert run_views.say_counts(make_run(), FMT) == "Nothing to do"
    assert run_views.say_counts(make_run(dry_run=True, counts=Counts(created=2)), FMT) == "Would be: 2 created"
    assert run_views.say_counts(make_run(dry_run=True), FMT) == "Nothing to write"
    assert run_views.list_counts(Counts(conflict=1)) == [("differs", 1, "need")]
    assert {word for word, _, _ in run_views.list_counts(Counts(**dict.fromkeys(run_views.COUNTS, 2)))} == set(
        run_views.COUNTS.values()
    )
    assert set(run_views.COUNTS) == set(Counts.__struct_fields__)


def make_sent(**changes: Any) -> Sent:
    values: dict[str, Any] = dict.fromkeys(Sent.__struct_fields__) | {
        "batch_id": "b",
        "position": 1,
        "first_sent_at": NOW,
        "type": "invoice",
        "operation": Operation.CREATE,
        "number": "AG-1",
    }
    return Sent(**values | changes)


@pytest.mark.parametrize(
    ("changes", "word", "detail"),
    [
        ({"outcome": "accepted"}, "Created", ""),
        ({"outcome": "present", "operation": Operation.CANCEL}, "Voided", ""),
        ({"outcome": "refused", "detail": "date: The period is locked."}, "Refused", "The period is locked."),
        (
            {"outcome": "refused", "detail": "x: y", "state": "held", "message": "It is locked.", "remedy": "Open it."},
            "Refused",
            "It is locked. Open it.",
        ),
        (
            {"outcome": "refused", "detail": "x: It was locked.", "state": "synced"},
            "Refused",
            "It was locked. It stands there by now.",
        ),
        ({"outcome": "not_now", "detail": "Later."}, "Not now", "Later."),
        ({"outcome": "absent"}, "Did not arrive", ""),
        ({"outcome": None}, "Being looked up", ""),
    ],
)
def test_what_became_of_a_write_is_said(changes: dict[str, Any], word: str, detail: str) -> None:
    sent = make_sent(**changes)
    assert (run_views.outcome_word(sent).text, run_views.say_detail(sent)) == (word, detail)


def test_records_are_called_as_people_call_them() -> None:
    assert run_views.label_of(make_sent()) == "AG-1"
    assert run_views.label_of(make_sent(type="contact", shown={"name": "Ana"})) == "Ana"
    assert run_views.label_of(make_sent(type="payment", record_id="p-1", number="X-p-1")) == "p-1"
    shown = {"credit_note": "AG-CN1", "invoice": "AG-1"}
    assert run_views.label_of(make_sent(type="allocation", shown=shown)) == "AG-CN1 on AG-1"


def test_writes_are_added_up_by_type_and_what_became_of_them() -> None:
    counts = [
        WriteCount(type="invoice", operation=Operation.CREATE, outcome="accepted", n=3),
        WriteCount(type="invoice", operation=Operation.CREATE, outcome="present", n=1),
        WriteCount(type="invoice", operation=Operation.UPDATE, outcome="refused", n=2),
        WriteCount(type="contact", operation=Operation.CREATE, outcome=None, n=5),
    ]
    contact, invoice = run_views.tally_writes(counts)
    assert (contact.type, contact.done, contact.open, contact.n) == ("contact", (), 5, 5)
    assert (invoice.done, invoice.refused, invoice.n) == ((("created", 4),), 2, 6)


@pytest.mark.parametrize(
    ("key", "today", "period"),
    [
        ("this-month", "2026-02-11", ("2026-02-01", "2026-02-28")),
        ("last-month", "2026-01-31", ("2025-12-01", "2025-12-31")),
        ("this-quarter", "2026-05-31", ("2026-04-01", "2026-06-30")),
        ("last-quarter", "2026-02-28", ("2025-10-01", "2025-12-31")),
        ("this-year", "2028-02-29", ("2028-01-01", "2028-12-31")),
        ("last-year", "2028-02-29", ("2027-01-01", "2027-12-31")),
    ],
)
def test_periods_are_whole_calendar_spans(key: str, today: str, period: tuple[str, str]) -> None:
    found = proof_views.resolve_period(key, date.fromisoformat(today))
    assert found == tuple(date.fromisoformat(one) for one in period)


def test_everything_has_no_bounds_and_periods_are_said() -> None:
    assert proof_views.resolve_period("all", date(2026, 3, 4)) == (None, None)
    first, last = date(2026, 3, 1), date(2026, 3, 31)
    assert proof_views.say_period((first, last), FMT) == "1 March 2026 to 31 March 2026"
    assert proof_views.say_period((first, None), FMT) == "everything from 1 March 2026"
    assert proof_views.say_period((None, last), FMT) == "everything up to 31 March 2026"
    assert proof_views.say_period((None, None), FMT) == "everything in the books"


def make_result(**changes: Any) -> proof_views.Result:
    values: dict[str, Any] = dict.fromkeys(proof_views.Result.__struct_fields__, 0) | {
        "agrees": True,
        "complete": True,
        "counts": {"invoice": 3},
    }
    return proof_views.Result(**values | changes)


@pytest.mark.parametrize(
    ("changes", "tone", "says", "more"),
    [
        ({}, "good", "Both ledgers agree to the cent.", ""),
        ({"n_absent": 2}, "good", "Both ledgers agree to the cent.", "2 records stay out of the books on purpose;"),
        ({"waiting": 1}, "need", "What is in the books agrees to the cent, but", "1 record is not in the books yet;"),
        ({"counts": {}}, "need", "There is nothing in the books of Xero", ""),
        ({"agrees": False, "differs": 2}, "bad", "The ledgers do not agree: 2 records differ.", ""),
        (
            {"agrees": False, "differs": 1, "resolved": 1},
            "need",
            "The ledgers do not agree: 1",
            "It is marked as resolved",
        ),
        ({"agrees": False, "differs": 2, "n_ours": 1, "resolved": 3}, "need", "The ledgers", "All of them are marked"),
        ({"agrees": False, "differs": 2, "resolved": 1}, "bad", "The ledgers do not agree: 2", "1 of them is marked"),
        (
            {"agrees": False, "n_ours": 1, "n_theirs": 2, "waiting": 2},
            "bad",
            "The ledgers do not agree: 1 record is gone in Xero and 2 documents stand only in Xero.",
            "2 records are not in the books yet;",
        ),
    ],
)
def test_the_verdict_is_one_sentence(changes: dict[str, Any], tone: str, says: str, more: str) -> None:
    found = proof_views.say_verdict(make_result(**changes), FMT, "Xero")
    assert found[0] == tone
    assert found[1].startswith(says)
    assert found[2].startswith(more)
    assert bool(found[2]) == bool(more)


def test_a_row_tells_each_figure_that_differs() -> None:
    def figures(total: str, tax: str, paid: str | None) -> Figures:
        return Figures(total=Decimal(total), tax=Decimal(tax), paid=None if paid is None else Decimal(paid))

    ours, theirs = figures("10", "1", "5"), figures("12.5", "1", None)
    row = proof_views.Row(
        type="invoice",
        record_id="i-1",
        number="AG-1",
        remote_id="x",
        state="synced",
        currency="AUD",
        ours=ours,
        theirs=theirs,
        difference=ours.minus(theirs),
    )
    assert row.differing() == [("Total", Decimal(10), Decimal("12.5"), Decimal("-2.5"))]
    assert row.off == Decimal("2.5")
