"""Every step that can be decided on leads to a state that its entry may take."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any, get_args

import pytest

from hub.domain.drafts import Draft
from hub.domain.entries import MOVES, STATES, Do, Entry, Hold, LeaveOut, Sent, State, Step, Wait
from hub.domain.paying import Account, Redrawn, plan_payment
from hub.domain.planning import plan_invoice, plan_standing
from hub.domain.records import Invoice, Payment
from hub.domain.remotes import Remote, RemoteId, RemoteStatus
from hub.domain.settling import judged
from tests.unit.domain.test_planning import make_word

JUDGED = [None, *(s for s in STATES if s not in {"pending", "sending", "unknown"})]  # None: never judged
REMOTE_STATUSES = [s for s in get_args(RemoteStatus) if s not in {"active", "archived"}]
REMOTES: list[Remote | None] = [
    None,
    *(
        Remote(id=RemoteId("r-1"), status=status, total=total, paid=paid)
        for status, total, paid in product(REMOTE_STATUSES, [Decimal(10), Decimal(11)], [Decimal(0), Decimal(10)])
    ),
]
SENT = Sent(fingerprint="old", record_version=1, total=Decimal(10))
WORD = make_word()
DRAFT = Draft(number="1", body={}, total=Decimal(10), on=date(2026, 3, 4))
GATES: list[Step] = [
    LeaveOut(reason="excluded", message="", freeze=True),
    LeaveOut(reason="draft", message=""),
    Hold(reason="date", message="", remedy=""),
    Wait(message=""),
]


def make_entries(type_: Any) -> list[Entry]:
    return [
        Entry(
            id="e-1",
            type=type_,
            record_id="x-1",
            state=state,
            remote=remote,
            sent=SENT if remote else None,
            forced=forced,
            resolution=word,
        )
        for state, remote, forced, word in product(JUDGED, REMOTES, [False, True], [None, WORD])
        if _is_reachable(state, remote) and (word is None or state is not None)
    ]


def _is_reachable(state: State | None, remote: Remote | None) -> bool:
    """What we voided is void there too."""
    if state == "voided":
        return remote is not None and remote.status in {"voided", "deleted"}
    return True


def check(entry: Entry, step: Step) -> None:
    """The move is in the table: `judged` raises when it is not."""
    if isinstance(step, Do):
        assert "sending" in MOVES[entry.state or "pending"], (entry.state, step)
        return
    after = judged(entry, step).entry
    assert after.state is not None
    assert after.judged == entry.asked


@pytest.mark.parametrize("status", ["draft", "issued", "void"])
@pytest.mark.parametrize("version", [1, 2])
def test_every_step_of_an_invoice_is_a_legal_move(status: Any, version: int) -> None:
    invoice = Invoice(
        id="i-1",
        number="1",
        contact_id="c-1",
        currency="AUD",
        price_mode="inclusive",
        lines=(),
        total=Decimal(10),
        status=status,
    )
    for entry in make_entries("invoice"):
        step = None
        if entry.remote is not None:
            step = plan_standing(invoice, version, entry, entry.remote)
        check(entry, step or plan_invoice(entry, DRAFT))
        for gate in GATES:
            check(entry, gate)


def make_accounts() -> list[Account]:
    """Payments follow their invoice: one that may be paid, and one that may not for each reason."""
    stands = Remote(id=RemoteId("r-i"), total=Decimal(100))
    states: list[State] = ["synced", "held", "left_out", "voided"]
    found = [
        Account(
            entry=Entry(id="e-2", type="invoice", record_id="i-1", state=state, judged=1, remote=stands, frozen=frozen),
            due=Decimal(due),
        )
        for state, frozen, due in product(states, [False, True], [0, 100])
    ]
    return [*found, Account(entry=None)]


@pytest.mark.parametrize("status", ["recorded", "pending", "failed", "deleted"])
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("redrawn", [None, Redrawn(draft=DRAFT), Redrawn(draft=DRAFT, only_texts=True)])
def test_every_step_of_a_payment_is_a_legal_move(status: Any, version: int, redrawn: Redrawn | None) -> None:
    payment = Payment(
        id="p-1", invoice_id="i-1", paid_on=date(2026, 3, 4), amount=Decimal(10), method="cash", status=status
    )
    for entry, account in product(make_entries("payment"), make_accounts()):
        drawn = redrawn if entry.in_books else None
        step = plan_payment(payment, version, entry, account, number="1", redrawn=drawn)
        check(entry, step)
        creates = isinstance(step, Do) and step.operation.value == "create"
        assert not (creates and status != "recorded"), (entry.state, entry.remote)
