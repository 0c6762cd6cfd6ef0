"""What to do about a payment or refund, given the document it settles and what stands there. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import msgspec

from hub.domain.drafts import Draft
from hub.domain.entries import Do, Entry, Hold, LeaveOut, Nothing, Step, Wait
from hub.domain.planning import DRAFT_STATUSES, conflict, hold, number_of, settled
from hub.domain.records import Invoice, Payment
from hub.domain.remotes import Operation, Remote

DUPLICATE_WITHIN = timedelta(days=7)
ZERO = Decimal(0)


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What an invoice can still take: its remote, our payments on it, and those that came from there.

    Attributes:
        due: What is left to pay there, less what is planned or on its way in this run.
        foreign: (amount, date, payment id) of gallery payments that came from this webservice for this invoice.
    """

    entry: Entry | None
    due: Decimal = Decimal(0)
    foreign: tuple[tuple[Decimal, date, str], ...] = ()


class Redrawn(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that stands there, drawn up anew since its record changed; *only_texts*: no money changed."""

    draft: Draft
    only_texts: bool = False


def needs_redrawing(payment: Payment, version: int, entry: Entry) -> bool:
    """Whether a payment that stands there is to be compared: its record changed since it was sent."""
    sent, remote = entry.sent, entry.remote
    if payment.status != "recorded" or sent is None or remote is None or not entry.in_books:
        return False
    return sent.record_version != version and not settled(entry, version, remote)


def plan_payment(
    payment: Payment,
    version: int,
    entry: Entry,
    account: Account,
    *,
    number: str | None,
    redrawn: Redrawn | None = None,
) -> Step:
    """The step for a payment whose gates are passed. *redrawn*: asked for by `needs_redrawing`.

    Payments cannot be changed there, only deleted and made again: a changed one is cancelled first, and created when
    it is judged again. Nothing is created for a payment that is not recorded.
    """
    remote = entry.remote
    if remote is not None and settled(entry, version, remote):
        return Nothing(state="resolved")
    if payment.status != "recorded":
        return _plan_unrecorded(payment, entry, account)
    if remote is not None and entry.in_books:
        return Nothing() if redrawn is None else _plan_changed(payment, entry, account, redrawn, number)
    if remote is not None and _deleted_by_others(entry) and not entry.forced:
        return conflict("payment_deleted_there", amount=remote.total or payment.amount, on=remote.on or payment.paid_on)
    return _plan_new_payment(payment, entry, account, number)


def _deleted_by_others(entry: Entry) -> bool:
    """Somebody there deleted it while it stood as it should; what we take back ourselves becomes `voided` first."""
    return entry.state in {"synced", "resolved"} or entry.reason == "payment_deleted_there"


def _plan_unrecorded(payment: Payment, entry: Entry, account: Account) -> Step:
    """A payment that is deleted, pending or failed: taken back where it stands, or shown to a person."""
    remote = entry.remote
    if remote is None or not entry.in_books:
        return Nothing(state="voided")
    if payment.status != "deleted":
        message = f"The payment is {payment.status} in the gallery system, but stands in the accounting system."
        return Hold(reason="refused", message=message, remedy="Delete it in the gallery system, or record it.")
    if _is_frozen(account):
        return Nothing(note="Its invoice is excluded: the payment stays there.")
    return _closed_payment(entry, remote, "it is deleted in the gallery system") or Do(operation=Operation.CANCEL)


def _plan_changed(payment: Payment, entry: Entry, account: Account, redrawn: Redrawn, number: str | None) -> Step:
    """A payment that stands there and whose record changed: taken back when the changed one may go."""
    sent, remote, draft = entry.sent, entry.remote, redrawn.draft
    assert sent is not None  # noqa: S101 - `needs_redrawing` asked for the draft
    assert remote is not None  # noqa: S101 - as above
    if sent.fingerprint == draft.fingerprint:
        return Nothing()
    moved = _has_moved(remote, account)
    changes = _payment_changes(remote, draft, moved=moved)
    if redrawn.only_texts or (_is_theirs(entry, remote) and not changes):
        return Nothing(note="Only its texts changed; payments cannot be changed there, so it was not sent.")
    closed = _closed_payment(entry, remote, "; ".join(changes) or "the account")
    if closed is not None:
        return closed
    if moved:
        return Do(operation=Operation.CANCEL)
    free = msgspec.structs.replace(account, due=account.due + (remote.total or ZERO))
    step = _plan_new_payment(payment, entry, free, number)
    if isinstance(step, LeaveOut):
        return Nothing(note=f"It changed, but stays there as it is. {step.message}")
    return Do(operation=Operation.CANCEL) if isinstance(step, Do) else step


def _has_moved(remote: Remote, account: Account) -> bool:
    """The gallery moved it to another invoice than the one it settles there."""
    invoice = account.entry.remote if account.entry is not None else None
    return remote.document_id is not None and (invoice is None or invoice.id != remote.document_id)


def _payment_changes(remote: Remote, draft: Draft, *, moved: bool) -> list[str]:
    found = ["another invoice"] if moved else []
    for label, ours, theirs in (("amount", draft.total, remote.total), ("date", draft.on, remote.on)):
        if ours is not None and theirs is not None and ours != theirs:
            found.append(f"{label} {ours} in the gallery, {theirs} there")
    return found


def _is_theirs(entry: Entry, remote: Remote) -> bool:
    """It was made there and linked: the side that made a payment is the one that may remove it."""
    linked = entry.sent is not None and not entry.sent.fingerprint
    return linked and not (entry.number and (remote.number or "").startswith(entry.number))


def _closed_payment(entry: Entry, remote: Remote, difference: str) -> Hold | None:
    """What keeps us from deleting a payment there, or None."""
    if remote.reconciled:
        why = "It is reconciled there"
    elif remote.batch_id is not None:
        why = "It is part of a batch payment there"
    elif _is_theirs(entry, remote):
        why = "It was made there"
    else:
        return None
    message = f"{why} and closed to changes: {difference}."
    remedy = "Delete the payment there and the change goes with the next run, or mark it as resolved."
    return Hold(reason="closed", message=message, remedy=remedy, conflict=True)


def _plan_new_payment(payment: Payment, entry: Entry, account: Account, number: str | None) -> Step:
    invoice = account.entry
    what = settled_by(payment)
    left = left_out_with(invoice, what=what, thing=f"the {payment.kind}")
    if left is not None:
        return left
    if invoice is None or not invoice.in_books:
        why = f", which is {invoice.shown.replace('_', ' ')}" if invoice is not None else ", which is not in the hub"
        return Wait(message=f"It waits for its {what} {number or payment.invoice_id}{why}.")
    if invoice.state not in {"synced", "resolved", "conflict"} or _drafted(invoice):
        return Wait(message=f"It waits for its {what} {number or payment.invoice_id}, which is not settled yet.")
    if invoice.state == "conflict" and invoice.reason != "closed":
        return Wait(message=f"It waits for its {what} {number or payment.invoice_id}, which differs on both sides.")
    named = number_of(invoice, invoice.remote) or number or payment.invoice_id
    twins = _twins(payment, account)
    if twins and not entry.forced:
        return hold("possible_duplicate_payment", amount=payment.amount, number=named, on=twins[0][1])
    if payment.amount > account.due:
        return _hold_exceeding(payment, named, max(account.due, ZERO))
    return Do(operation=Operation.CREATE)


def _hold_exceeding(payment: Payment, number: str, due: Decimal) -> Hold:
    if payment.kind == "payment":
        return hold("exceeds_due", amount=payment.amount, number=number, due=due)
    message = f"The refund of {payment.amount} is more than the {due} left of the credit note {number}."
    remedy = (
        "Correct the refund, or remove another refund of this credit note, or take off for one run what it applies to: "
        "refunds go before that."
    )
    return Hold(reason="exceeds_due", message=message, remedy=remedy)


def left_out_with(invoice: Entry | None, *, what: str, thing: str) -> LeaveOut | None:
    """What hangs on an invoice (credit note, as *what* says) that is left out, frozen or void is left out with it.

    *thing*: what hangs there, with its article (``the payment``), for the remedy.
    """
    if invoice is None:
        return None
    message, remedy = f"Its {what} is left out: {invoice.message or 'nothing of it goes there.'}", invoice.remedy or ""
    if _is_left_out(invoice):
        return LeaveOut(reason=invoice.reason or "excluded", message=message, remedy=remedy)
    if invoice.frozen and invoice.in_books:
        return LeaveOut(reason="excluded", message=message, remedy=remedy)
    if invoice.shown == "voided":
        sentence = f"Its {what} is left out: it is void, on both sides."
        way_out = f"Take {thing} off it in the gallery system."
        return LeaveOut(reason="void_never_sent", message=sentence, remedy=way_out)
    return None


def settled_by(payment: Payment) -> str:
    """What a payment settles, in words: an invoice, or the credit note that a refund pays out."""
    return "credit note" if payment.kind == "refund" else "invoice"


def judge_settled(payment: Payment, document: Invoice | None) -> Hold | None:
    """A refund pays out a credit note, a payment settles an invoice; None: it does, or nobody knows yet."""
    if payment.kind == "refund" and (document is None or document.kind != "credit_note"):
        named = f"{payment.invoice_id} is not in the hub" if document is None else f"{document.number} is an invoice"
        message = f"It is a refund, and a refund pays out a credit note: {named}."
        remedy = "Make a credit note in the gallery system, and let the refund name it; the refund follows by itself."
        return Hold(reason="refused", message=message, remedy=remedy, cause=f"refund:{payment.invoice_id}")
    if payment.kind == "payment" and document is not None and document.kind == "credit_note":
        message = f"It is a payment, and {document.number} is a credit note, which only refunds pay out."
        remedy = "Make it a refund in the gallery system, or let it name an invoice."
        return Hold(reason="refused", message=message, remedy=remedy, cause=f"refund:{payment.invoice_id}")
    if payment.status == "recorded" and document is None:
        facts = {"type": "invoice", "record": payment.invoice_id}
        return hold("source_missing", cause=f"invoice:{payment.invoice_id}", **facts)
    return None


def _is_left_out(invoice: Entry) -> bool:
    return invoice.shown == "left_out" and not invoice.in_books


def _is_frozen(account: Account) -> bool:
    return account.entry is not None and account.entry.frozen and account.entry.in_books


def _drafted(invoice: Entry) -> bool:
    return invoice.remote is not None and invoice.remote.status in DRAFT_STATUSES


def find_twin(payment: Payment, account: Account) -> str | None:
    """The id of the one payment made there that must be this very one: what is left due cannot hold both."""
    twins = _twins(payment, account)
    return twins[0][2] if len(twins) == 1 and account.due < payment.amount else None


def _twins(payment: Payment, account: Account) -> list[tuple[Decimal, date, str]]:
    """The payments made there of the same amount within a week."""
    return [
        (amount, on, id_)
        for amount, on, id_ in account.foreign
        if amount == payment.amount and abs(on - payment.paid_on) <= DUPLICATE_WITHIN
    ]


def wait_for_currency(account: Account, draft: Draft) -> Wait | None:
    """A payment waits while its invoice stands there in another currency than here."""
    remote = account.entry.remote if account.entry is not None else None
    if remote is None or remote.currency is None or draft.currency in (None, remote.currency):
        return None
    return Wait(message=f"It waits for its invoice {remote.number}, which stands there in {remote.currency}.")
