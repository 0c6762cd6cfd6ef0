"""Allocations: what of a credit note is put on the invoice it applies to. Pure: facts in, a step out.

An allocation is no record: it is made from a credit note's `applies_to`, and has an entry of its own, so that it waits,
fails and is looked up by itself. One that a person made there, on another invoice or without the gallery's word, has an
entry too: it counts on both documents, and nothing is ever written for it.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from hub.domain import paying, planning
from hub.domain.drafts import Allocation
from hub.domain.entries import Do, Entry, Hold, LeaveOut, Nothing, Sent, Step, Wait
from hub.domain.records import Invoice
from hub.domain.remotes import Operation, Remote

ZERO = Decimal(0)
_THERE = ":"  # in the record id of one that was made there; ids of records have none


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the judgement of an allocation reads.

    Attributes:
        note, version: The credit note and our version of it; None: it is gone from the gallery.
        note_entry, invoice_entry: How the two documents stand; None: they have no entry.
        invoice: The gallery's invoice that `applies_to` names; None: it is not in the hub.
        refunded: The recorded refunds of the credit note, in the books or not.
        elsewhere: What of the credit note other allocations take.
        coming: The recorded payments of the invoice that do not stand in the books yet.
        taken: What allocations planned before this one in the same run take of the invoice.
        unsettled: Another allocation on the invoice is on its way, or of unknown fate: what is due there is not known.
        kept: The credit note or the invoice that it stands on is excluded: nothing is changed there.
    """

    note: Invoice | None
    version: int = 0
    note_entry: Entry | None = None
    invoice: Invoice | None = None
    invoice_entry: Entry | None = None
    refunded: Decimal = ZERO
    elsewhere: Decimal = ZERO
    coming: Decimal = ZERO
    taken: Decimal = ZERO
    unsettled: bool = False
    kept: bool = False


def observed_id(note_id: str, own_id: str) -> str:
    """The record id of an allocation that was made there."""
    return f"{note_id}{_THERE}{own_id}"


def note_of(record_id: str) -> str:
    """The credit note of an allocation's record id."""
    return record_id.partition(_THERE)[0]


def is_observed(entry: Entry) -> bool:
    """It was made there, and not for the gallery's `applies_to`."""
    return _THERE in entry.record_id


def standing_amount(entry: Entry) -> Decimal:
    """What it settles there as far as we know."""
    remote = entry.remote
    return (remote.total or ZERO) if remote is not None and entry.in_books else ZERO


def free_amount(facts: Facts) -> Decimal:
    """What can be put on the invoice: what is left of the credit note, at most what is left to pay on the invoice."""
    note = facts.note_entry.remote if facts.note_entry is not None else None
    invoice = facts.invoice_entry.remote if facts.invoice_entry is not None else None
    if note is None or invoice is None:
        return ZERO
    total = note.total or ZERO
    left = min(total - facts.refunded - facts.elsewhere, total - (note.paid or ZERO))
    due = (invoice.total or ZERO) - (invoice.paid or ZERO) - facts.coming - facts.taken
    return max(ZERO, min(left, due))


def make_allocation(facts: Facts) -> Allocation | None:
    """What is to be put on the invoice; None: nothing can be."""
    note, invoice = facts.note, facts.invoice
    if note is None or invoice is None:
        return None
    days = [one for one in (note.issued_on, invoice.issued_on) if one is not None]
    amount = free_amount(facts)
    if not days or not amount:
        return None
    return Allocation(
        id=note.id,
        invoice_id=invoice.id,
        amount=Decimal(amount),
        currency=note.currency,
        on=max(days),
        number=_number(facts.note_entry, note),
        invoice_number=_number(facts.invoice_entry, invoice),
    )


def _number(entry: Entry | None, document: Invoice) -> str:
    return (entry.number if entry is not None else None) or document.number


def is_wanted(facts: Facts) -> bool:
    """The gallery applies the credit note to an invoice."""
    note = facts.note
    return note is not None and note.status == "issued" and note.applies_to is not None


def plan_allocation(entry: Entry, facts: Facts, *, able: bool, title: str) -> Step:
    """The step for one allocation; *able*: the kind, whose name is *title*, can put a credit note on an invoice."""
    remote = entry.remote
    if is_observed(entry):
        return Nothing(state="synced" if entry.in_books else "voided")
    if remote is not None and planning.settled(entry, facts.version, remote):
        return Nothing(state="resolved")
    if remote is not None and entry.in_books:
        return _plan_standing(entry, facts, remote)
    if not is_wanted(facts):
        return Nothing(state="voided")
    if not able:
        return _unable(title)
    deleted = entry.state in {"synced", "resolved"} or entry.reason == "payment_deleted_there"
    if remote is not None and deleted and not entry.forced:
        return _deleted_there(facts, remote)
    return _plan_new(facts)


def _unable(title: str) -> LeaveOut:
    message = f"{title} cannot put a credit note on an invoice: the credit note stands there by itself."
    return LeaveOut(reason="excluded", message=message, remedy="Nothing to do.")


def _deleted_there(facts: Facts, remote: Remote) -> Hold:
    note, invoice = _names(facts)
    message = f"{remote.total} of the credit note {note} was taken off {invoice} there; the gallery applies it."
    remedy = "Take the credit note off the invoice in the gallery system, or press “Try again” to apply it anew."
    return Hold(reason="payment_deleted_there", message=message, remedy=remedy, conflict=True)


def _names(facts: Facts) -> tuple[str, str]:
    """The numbers of the credit note and of the invoice, as people know them."""
    note, invoice = facts.note, facts.invoice
    meant = note.applies_to if note is not None else None
    first = _number(facts.note_entry, note) if note is not None else ""
    return first, _number(facts.invoice_entry, invoice) if invoice is not None else meant or ""


def _plan_standing(entry: Entry, facts: Facts, remote: Remote) -> Step:
    if facts.note is None:
        return planning.hold("source_missing", cause=entry.record_id, type="credit note", record=entry.record_id)
    if facts.kept:
        return Nothing(note="Its credit note or the invoice is excluded: what stands there stays.")
    invoice = facts.invoice_entry.remote if facts.invoice_entry is not None else None
    if is_wanted(facts) and invoice is not None and invoice.id == remote.document_id:
        return Nothing()
    if entry.sent is not None and not entry.sent.fingerprint:
        note, _ = _names(facts)
        message = f"The credit note {note} was put on the invoice there by a person; the gallery applies it no more."
        remedy = "Take it off there and the change goes with the next run, or mark it as resolved."
        return Hold(reason="closed", message=message, remedy=remedy, conflict=True)
    return Do(operation=Operation.CANCEL)


def _plan_new(facts: Facts) -> Step:
    note, invoice = facts.note, facts.invoice
    assert note is not None  # noqa: S101 - `is_wanted` looked
    if invoice is None:
        return Wait(message=f"It waits for the invoice {note.applies_to}, which is not in the hub.")
    if (misfit := judge_pair(note, invoice)) is not None:
        return misfit
    for what, entry, document in (("credit note", facts.note_entry, note), ("invoice", facts.invoice_entry, invoice)):
        if (kept := _kept_back(what, entry, document)) is not None:
            return kept
    named = _number(facts.invoice_entry, invoice)
    if facts.unsettled:
        return Wait(message=f"It waits for another credit note on the invoice {named}, whose outcome is not known yet.")
    if free_amount(facts):
        return Do(operation=Operation.CREATE)
    if facts.coming or facts.taken:
        return Wait(message=f"It waits for what else settles the invoice {named}: nothing is left to pay beside that.")
    return Nothing(note=f"Nothing is left to apply: the invoice {named} or the credit note is settled already.")


def judge_pair(note: Invoice, invoice: Invoice) -> Hold | None:
    """What keeps a credit note from ever being put on this invoice, or None."""
    if invoice.kind == "credit_note":
        message = f"The credit note {note.number} applies to {invoice.number}, which is a credit note and no invoice."
        remedy = "Name the invoice that it settles in the gallery system, or none."
        return Hold(reason="refused", message=message, remedy=remedy)
    if note.currency != invoice.currency:
        message = (
            f"The credit note {note.number} is in {note.currency}, the invoice {invoice.number} that it applies to in "
            f"{invoice.currency}."
        )
        remedy = "Give the credit note the invoice's currency in the gallery system, or take it off the invoice."
        return Hold(reason="payment_currency", message=message, remedy=remedy)
    if note.contact_id != invoice.contact_id:
        message = (
            f"The credit note {note.number} and the invoice {invoice.number}, which it applies to, differ in contact."
        )
        remedy = "Give both the same contact in the gallery system, or take the credit note off the invoice."
        return Hold(reason="refused", message=message, remedy=remedy)
    return None


def _kept_back(what: str, entry: Entry | None, document: Invoice) -> LeaveOut | Wait | None:
    """What keeps it back for the state of one of its documents."""
    if (left := paying.left_out_with(entry, what=what, thing="the credit note")) is not None:
        return left
    name = f"{what} {_number(entry, document)}"
    if entry is None or not entry.in_books:
        state = f", which is {entry.shown.replace('_', ' ')}" if entry is not None else ""
        return Wait(message=f"It waits for the {name}{state}.")
    drafted = entry.remote is not None and entry.remote.status in planning.DRAFT_STATUSES
    if entry.state not in {"synced", "resolved", "conflict"} or drafted:
        return Wait(message=f"It waits for the {name}, which is not settled yet.")
    if entry.state == "conflict" and entry.reason != "closed":
        return Wait(message=f"It waits for the {name}, which differs on both sides.")
    return None


def forget_dead(entry: Entry, step: Step) -> Entry:
    """*entry* without what was taken off there, when nothing is left to apply.

    Otherwise a later judgement would take it for one that stood there and was taken off by a person.
    """
    idle = isinstance(step, Nothing) and step.state == "synced"
    if not idle or entry.remote is None or entry.in_books:
        return entry
    return msgspec.structs.replace(entry, remote=None, sent=None)


def is_letting_go(entry: Entry, note: Invoice | None) -> bool:
    """Whether an allocation is about to be taken off: what it blocks waits, and is no conflict yet.

    *note*: its credit note as the gallery has it.
    """
    if is_observed(entry) or not entry.in_books or entry.state in {"held", "conflict"}:
        return False
    return note is not None and (note.status != "issued" or note.applies_to != entry.invoice_id)


def attach(entry: Entry, version: int, remote: Remote) -> Entry:
    """*entry* with what a person put on the very invoice there: it stands, and is never doubled."""
    sent = Sent(fingerprint="", record_version=version, on=remote.on, currency=remote.currency, total=remote.total)
    return msgspec.structs.replace(
        entry,
        state="synced",
        judged=entry.asked,
        remote=remote,
        sent=sent,
        reason=None,
        message=None,
        remedy=None,
        problem_id=None,
        next_try_at=None,
        forced=False,
    )
