"""How every record must stand in the end, derived from the plan alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from hub.testing.year.plan import Slot
from hub.testing.year.values import Expected, Record, State

Verdict = tuple[State | None, str | None]

SYNCED: Verdict = ("synced", None)
CREDIT_NOTE: Verdict = SYNCED
REFUND: Verdict = SYNCED

VERDICTS: Mapping[str, Verdict] = {  # by mark, after the first sync
    "excluded": ("left_out", "excluded"),
    "draft": ("left_out", "draft"),
    "before_sync_from": ("left_out", "before_sync_from"),
    "period_locked": ("held", "period_locked"),
    "archived": ("held", "contact_archived"),
    "duplicate_1": ("held", "duplicate_contact"),
    "duplicate_2": ("held", "duplicate_contact"),
    "number_taken": ("held", "number_taken"),
}
LATER: Mapping[str, Verdict] = {  # by mark, after edits, voids and the second sync
    "edited_price": ("conflict", "closed"),
    "edited_line": ("conflict", "closed"),
    "void_later": ("voided", None),
}


def expected_invoice(slot: Slot, invoice: Record, *, prefix: str, later: bool = False) -> Expected:
    """How an invoice or credit note stands after the first sync, or with *later* at the end."""
    state, reason = _invoice_verdict(slot, later=later)
    return Expected(
        type="invoice",
        record_id=invoice["id"],
        state=state,
        reason=reason,
        number=invoice["number"],
        remote_number=remote_number(invoice["number"], prefix),
        total=Decimal(invoice["total"]),
        currency=invoice["currency"],
    )


def _invoice_verdict(slot: Slot, *, later: bool) -> Verdict:
    if slot.type == "credit":
        return CREDIT_NOTE
    if slot.type == "void" and "void_later" not in slot.marks:
        return ("left_out", "void_never_sent")
    found = [VERDICTS[mark] for mark in slot.marks if mark in VERDICTS]
    if later:
        found += [LATER[mark] for mark in slot.marks if mark in LATER]
    return found[0] if found else SYNCED


def remote_number(number: str, prefix: str) -> str:
    """The number in the books: with the prefix, which is never put twice."""
    return number if number.startswith(f"{prefix}-") else f"{prefix}-{number}"


def expected_payments(slot: Slot, payments: Sequence[Record]) -> list[Expected]:
    """How the payments of one invoice stand; neither edits nor voids change that."""
    return [
        Expected(
            type="payment",
            record_id=payment["id"],
            state=verdict[0],
            reason=verdict[1],
            number=None,
            remote_number=None,
            total=Decimal(payment["amount"]),
            currency=payment["currency"],
        )
        for position, payment in enumerate(payments)
        for verdict in [_payment_verdict(slot, payment, position)]
    ]


def _payment_verdict(slot: Slot, payment: Record, position: int) -> Verdict:
    if payment["status"] != "recorded":
        return ("left_out", "payment_not_recorded")
    if payment["kind"] == "refund":
        return REFUND
    if _invoice_verdict(slot, later=False) != SYNCED:
        return (None, None)  # it waits for its invoice
    if "unmapped_method" in slot.marks:
        return ("held", "payment_account")
    if "exceeds" in slot.marks and position > 0:
        return ("held", "exceeds_due")
    return SYNCED
