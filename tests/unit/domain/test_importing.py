"""What the one-time import does with a remote contact: the rule as a table; and who counts as taken."""

from __future__ import annotations

import pytest

from hub.domain.matching import (
    Attach,
    Bring,
    Candidate,
    CreateContact,
    Import,
    Leave,
    Link,
    is_taken,
    judge_import,
    looks_like,
    match_contact,
)
from hub.domain.records import Contact
from hub.domain.remotes import RemoteId


def there(name: str = "ana ruiz", email: str | None = "ana@example.com", **fields: object) -> Candidate:
    plain = {"id": RemoteId("r-1"), "number": None, "archived": False, "merged_into": None, "name": "Ana Ruiz"}
    return Candidate(**{**plain, "folded_name": name, "email": email, **fields})  # type: ignore[arg-type] # by test


@pytest.mark.parametrize(
    ("owners", "claims", "claimed_by", "twins", "wanted"),
    [
        ((), 0, None, 0, Bring()),
        ((), 0, None, 2, Bring()),  # nobody here is meant: homonyms there are contacts of their own
        ((), 1, "c-1", 1, Attach(record_id="c-1")),
        ((), 1, "c-1", 2, Leave(why="ambiguous")),
        ((), 2, "c-1", 1, Leave(why="ambiguous")),
        (("c-1",), 0, None, 1, Leave(why="known")),
        (("c-1",), 1, "c-2", 1, Leave(why="known")),
        (("k-r-1",), 1, "c-2", 1, Bring()),  # it came from there before: refreshed
        (("c-1", "k-r-1"), 0, None, 1, Bring()),
    ],
)
def test_matched_before_created(
    owners: tuple[str, ...], claims: int, claimed_by: str | None, twins: int, wanted: Import
) -> None:
    assert judge_import("k", there(), owners, claims=claims, claimed_by=claimed_by, twins=twins) == wanted


@pytest.mark.parametrize(
    ("name", "email", "wanted"),
    [
        ("Ana Ruiz", "ana@example.com", True),
        ("  ANA   ruiz ", " Ana@Example.com ", True),
        ("Ana Ruiz", None, False),
        ("Ana Ruiz", "other@example.com", False),
        ("Ana", "ana@example.com", False),
    ],
)
def test_only_name_and_email_together_look_like_somebody(name: str, email: str | None, wanted: bool) -> None:
    assert looks_like(there(), name=name, email=email) is wanted
    assert looks_like(there(archived=True), name=name, email=email) is False
    assert looks_like(there(email=None), name=name, email=None) is False


def test_an_imported_contact_takes_nothing_away() -> None:
    assert is_taken("k", "r-1", ["k-r-1"]) is False
    assert is_taken("k", "r-1", ["k-r-1", "c-1"]) is True
    assert is_taken("k", "r-1", []) is False


def test_one_that_another_contact_has_is_chosen_only_when_both_were_merged_into_it() -> None:
    contact = Contact(id="c-2", name="Ana Ruiz", email="ana@example.com")
    heir = there(taken=True)
    card = there(id=RemoteId("r-2"), number="T-c-2", archived=True, merged_into=heir.id, name="card")

    alone = match_contact(contact, number="T-c-2", name="Ana Ruiz", candidates=[heir])
    merged = match_contact(contact, number="T-c-2", name="Ana Ruiz", candidates=[heir, card])

    assert isinstance(alone, CreateContact)
    assert isinstance(merged, Link)
    assert merged.candidate is heir
