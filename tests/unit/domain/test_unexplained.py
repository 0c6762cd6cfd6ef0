"""When something settles a document there that nobody here remembers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hub.domain.entries import Entry
from hub.domain.receiving import is_unexplained
from hub.domain.remotes import Remote, RemoteId, RemoteStatus


def make_entry(*, total: str | None = None, paid: str | None = None, status: RemoteStatus = "approved") -> Entry:
    """An entry that stands there with these amounts."""
    amounts = {name: None if text is None else Decimal(text) for name, text in (("total", total), ("paid", paid))}
    return Entry(id="e", type="invoice", record_id="r", remote=Remote(id=RemoteId("x"), status=status, **amounts))


@pytest.mark.parametrize(
    ("paid", "known", "unexplained"),
    [
        (None, [], False),
        ("0.00", [], False),
        ("200.00", [], True),
        ("200.00", [make_entry(total="200.00")], False),
        ("200.00", [make_entry(total="150.00"), make_entry(total="50.00")], False),
        ("200.00", [make_entry(total="199.99")], True),
        ("200.00", [make_entry(total="200.00", status="deleted")], True),
        ("200.00", [Entry(id="e", type="payment", record_id="p")], True),
        ("200.00", [make_entry()], True),
        ("100.00", [make_entry(total="200.00")], False),  # a payment that was deleted there, not read yet
    ],
)
def test_more_is_paid_there_than_the_entries_explain(paid: str | None, known: list[Entry], unexplained: bool) -> None:
    assert is_unexplained(make_entry(total="500.00", paid=paid), known) is unexplained


def test_what_does_not_stand_there_has_nothing_to_explain() -> None:
    assert not is_unexplained(Entry(id="e", type="invoice", record_id="r"), [])
