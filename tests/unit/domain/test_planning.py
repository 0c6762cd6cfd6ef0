"""What is to be done about a payment, by table: its record, its entry, its invoice."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from hub.domain.drafts import Draft
from hub.domain.eligibility import judge_payment
from hub.domain.entries import Do, Entry, Hold, LeaveOut, Nothing, Resolution, Sent, Step, Wait
from hub.domain.paying import Account, Redrawn, find_twin, needs_redrawing, plan_payment
from hub.domain.records import Payment, Reference
from hub.domain.remotes import Operation, Remote, RemoteId

ON = date(2026, 3, 10)


def make_word(version: int = 1) -> Resolution:
    """A person's word on that version of the record, and on what stands there."""
    at = datetime(2026, 3, 20, tzinfo=UTC)
    return Resolution(by="Ana", at=at, note="", record_version=version, remote_version="")


def cents(text: str) -> Decimal:
    return Decimal(text)


def make_payment(**changes: Any) -> Payment:
    fields: dict[str, Any] = {"amount": cents("200.00"), "method": "cash", "paid_on": ON}
    return Payment(id="p-1", invoice_id="i-1", **{**fields, **changes})


def make_remote(**changes: Any) -> Remote:
    fields: dict[str, Any] = {"number": "M-1", "total": cents("200.00"), "on": ON, "document_id": RemoteId("r-i")}
    return Remote(id=RemoteId("r-p"), **{**fields, **changes})


def make_entry(remote: Remote | None = None, **changes: Any) -> Entry:
    sent = Sent(fingerprint="old", record_version=1, total=cents("200.00"), on=ON) if remote else None
    fields: dict[str, Any] = {"state": "synced" if remote else None, "number": "M-1", "remote": remote, "sent": sent}
    return Entry(id="e-1", type="payment", record_id="p-1", **{**fields, **changes})


def make_account(due: str = "300.00", foreign: Any = (), **invoice: Any) -> Account:
    stands = Remote(id=RemoteId("r-i"), total=cents("500.00"))
    fields: dict[str, Any] = {"state": "synced", "judged": 1, "remote": stands}
    entry = Entry(id="e-2", type="invoice", record_id="i-1", **{**fields, **invoice})
    return Account(entry=entry, due=cents(due), foreign=foreign)


def redraw(total: str = "200.00", **changes: Any) -> Redrawn:
    draft = Draft(number="M-1", body={"Amount": total}, needs=(Reference("invoice", "i-1"),), total=cents(total), on=ON)
    return Redrawn(draft=draft, **changes)


def word(step: Step) -> str:
    """A step as the tables below name it."""
    match step:
        case Do():
            return step.operation.value
        case Hold() | LeaveOut():
            return step.reason
        case Wait():
            return "wait"
        case Nothing():
            return step.state


def plan(payment: Payment, entry: Entry, account: Account | None = None, redrawn: Redrawn | None = None) -> str:
    return word(plan_payment(payment, 2, entry, account or make_account(), number="AG-1", redrawn=redrawn))


GONE = make_remote(status="deleted")


@pytest.mark.parametrize(
    ("status", "remote", "changes", "expected"),
    [
        ("recorded", None, {}, "create"),
        ("recorded", make_remote(), {}, "synced"),
        # deleted there by somebody; a person's word makes it anew
        ("recorded", GONE, {}, "payment_deleted_there"),
        ("recorded", GONE, {"state": "conflict", "reason": "payment_deleted_there"}, "payment_deleted_there"),
        ("recorded", GONE, {"state": "resolved"}, "payment_deleted_there"),
        ("recorded", GONE, {"state": "conflict", "reason": "payment_deleted_there", "forced": True}, "create"),
        # taken back by us, or what kept it from being taken back is gone
        ("recorded", GONE, {"state": "voided"}, "create"),
        ("recorded", GONE, {"state": "waiting"}, "create"),
        ("recorded", GONE, {"state": "held", "reason": "exceeds_due"}, "create"),
        ("recorded", GONE, {"state": "conflict", "reason": "closed"}, "create"),
        # not recorded: never created, whatever a person pressed
        ("deleted", make_remote(), {}, "cancel"),
        ("deleted", make_remote(reconciled=True), {}, "closed"),
        ("deleted", make_remote(batch_id="b-1"), {}, "closed"),
        ("deleted", GONE, {"state": "voided"}, "voided"),
        ("failed", make_remote(), {}, "refused"),
        ("pending", make_remote(), {"forced": True}, "refused"),
        ("failed", GONE, {"state": "voided", "forced": True}, "voided"),
        ("pending", GONE, {"state": "conflict", "forced": True}, "voided"),
    ],
)
def test_the_step_of_a_payment(status: str, remote: Remote | None, changes: dict[str, Any], expected: str) -> None:
    assert plan(make_payment(status=status), make_entry(remote, **changes)) == expected


@pytest.mark.parametrize(
    ("remote", "redrawn", "account", "expected"),
    [
        (make_remote(), redraw("300.00"), make_account(), "cancel"),
        (make_remote(), redraw("500.00"), make_account(), "cancel"),
        (make_remote(), redraw("500.01"), make_account(), "exceeds_due"),
        (make_remote(), redraw("200.00", only_texts=True), make_account(), "synced"),
        (make_remote(), redraw("200.00"), make_account(), "cancel"),  # another account
        (make_remote(reconciled=True), redraw("300.00"), make_account(), "closed"),
        (make_remote(reconciled=True), redraw("200.00", only_texts=True), make_account(), "synced"),
        (make_remote(batch_id="b-1"), redraw("300.00"), make_account(), "closed"),
        (make_remote(document_id=RemoteId("r-other")), redraw("200.00"), make_account(), "cancel"),
        (make_remote(document_id=RemoteId("r-other")), redraw("200.00"), make_account(remote=None), "cancel"),
        (make_remote(), redraw("300.00"), make_account(frozen=True), "synced"),
        (make_remote(), redraw("300.00"), make_account(state="waiting"), "wait"),
    ],
)
def test_a_changed_payment_is_taken_back_when_the_changed_one_may_go(
    remote: Remote, redrawn: Redrawn, account: Account, expected: str
) -> None:
    payment = make_payment(amount=redrawn.draft.total)
    assert plan(payment, make_entry(remote), account, redrawn) == expected


def test_a_payment_drawn_up_as_it_was_sent_needs_nothing() -> None:
    redrawn = redraw("200.00")
    sent = Sent(fingerprint=redrawn.draft.fingerprint, record_version=1)
    assert plan(make_payment(), make_entry(make_remote(), sent=sent), None, redrawn) == "synced"


@pytest.mark.parametrize(
    ("total", "number", "expected"),
    [("200.00", None, "synced"), ("300.00", None, "closed"), ("300.00", "M-1", "cancel")],
)
def test_a_payment_made_there_and_linked_is_never_taken_back(total: str, number: str | None, expected: str) -> None:
    linked = make_entry(make_remote(number=number), sent=Sent(fingerprint="", record_version=1))
    assert plan(make_payment(amount=cents(total)), linked, None, redraw(total)) == expected


@pytest.mark.parametrize(
    ("payment", "entry", "expected"),
    [
        (make_payment(), make_entry(make_remote()), True),
        (make_payment(status="deleted"), make_entry(make_remote()), False),
        (make_payment(), make_entry(), False),
        (make_payment(), make_entry(GONE), False),
        (make_payment(), make_entry(make_remote(), sent=Sent(fingerprint="old", record_version=2)), False),
        (
            make_payment(),
            make_entry(make_remote(), resolution=make_word(2)),
            False,
        ),
    ],
)
def test_a_payment_is_drawn_up_anew_only_when_its_record_changed(
    payment: Payment, entry: Entry, expected: bool
) -> None:
    assert needs_redrawing(payment, 2, entry) is expected


@pytest.mark.parametrize(
    ("invoice", "expected"),
    [
        ({}, "create"),
        ({"state": "resolved"}, "create"),
        ({"state": "conflict", "reason": "closed"}, "create"),
        ({"state": "conflict", "reason": "edited_there"}, "wait"),
        ({"state": "held", "reason": "remote_total"}, "wait"),
        ({"state": "waiting", "remote": None}, "wait"),
        ({"remote": Remote(id=RemoteId("r-i"), status="draft")}, "wait"),
        ({"state": "left_out", "reason": "draft", "remote": None}, "draft"),
        ({"state": "left_out", "reason": "outside_window", "remote": None}, "outside_window"),
        ({"state": "left_out", "reason": "draft", "remote": None, "asked": 2}, "wait"),
        ({"frozen": True, "reason": "excluded"}, "excluded"),
        ({"state": "voided", "remote": Remote(id=RemoteId("r-i"), status="voided")}, "void_never_sent"),
    ],
)
def test_a_new_payment_goes_the_way_of_its_invoice(invoice: dict[str, Any], expected: str) -> None:
    assert plan(make_payment(), make_entry(), make_account(**invoice)) == expected


SAME = (cents("200.00"), ON, "xero-1")
LATER = (cents("200.00"), date(2026, 3, 18), "xero-2")
OTHER = (cents("100.00"), ON, "xero-3")


@pytest.mark.parametrize(
    ("due", "foreign", "step", "twin"),
    [
        ("300.00", (SAME,), "possible_duplicate_payment", None),
        ("200.00", (SAME,), "possible_duplicate_payment", None),
        ("199.99", (SAME,), "possible_duplicate_payment", "xero-1"),
        ("0.00", (SAME, LATER, OTHER), "possible_duplicate_payment", "xero-1"),
        ("0.00", (SAME, SAME), "possible_duplicate_payment", None),
        ("0.00", (LATER, OTHER), "exceeds_due", None),
        ("300.00", (LATER, OTHER), "create", None),
    ],
)
def test_a_payment_made_on_both_sides(due: str, foreign: Any, step: str, twin: str | None) -> None:
    account = make_account(due, foreign)
    assert plan(make_payment(), make_entry(), account) == step
    assert find_twin(make_payment(), account) == twin


@pytest.mark.parametrize(
    ("status", "remote", "reason"),
    [
        ("recorded", None, None),
        ("pending", None, "payment_not_recorded"),
        ("failed", None, "payment_not_recorded"),
        ("deleted", None, "payment_not_recorded"),
        ("failed", make_remote(), None),
        ("deleted", make_remote(), None),
        ("deleted", GONE, None),
    ],
)
def test_the_gate_of_a_payment_stops_what_never_stood_there(
    status: str, remote: Remote | None, reason: str | None
) -> None:
    stop = judge_payment(make_payment(status=status), make_entry(remote)).stop
    assert (stop.reason if stop else None) == reason


def test_a_payment_that_was_another_one_stays_voided() -> None:
    entry = make_entry(state="voided")
    assert judge_payment(make_payment(status="deleted"), entry).stop is None
    assert plan(make_payment(status="deleted"), entry) == "voided"


def test_a_cancel_is_asked_of_the_payment_that_stands_there() -> None:
    step = plan_payment(make_payment(status="deleted"), 2, make_entry(make_remote()), make_account(), number=None)
    assert step == Do(operation=Operation.CANCEL)
