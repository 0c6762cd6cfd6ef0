"""What to do about a record, given its draft and what stands there. Pure: facts in, a step out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import msgspec

from hub.domain.drafts import Draft
from hub.domain.entries import Do, Entry, Hold, Nothing, Sent, Step, Wait
from hub.domain.reasons import CONFLICT, HELD, words
from hub.domain.records import Invoice, Payment
from hub.domain.remotes import Operation, Remote, RemoteId

DUPLICATE_WITHIN = timedelta(days=7)
DRAFT_STATUSES = frozenset({"draft", "submitted"})
ZERO = Decimal(0)
EXPECTED = Remote(id=RemoteId("expected"))  # stands for an invoice that the same run would create, in a dry run


def conflict(code: str, **facts: object) -> Hold:
    """A conflict with its words."""
    sentence, remedy = words(CONFLICT, code, **facts)
    return Hold(reason=code, message=sentence, remedy=remedy, cause="", conflict=True)


def hold(code: str, *, cause: str = "", **facts: object) -> Hold:
    """A hold with its words; *cause* groups."""
    sentence, remedy = words(HELD, code, **facts)
    return Hold(reason=code, message=sentence, remedy=remedy, cause=cause)


def settled(entry: Entry, version: int, remote: Remote) -> bool:
    """Whether a person's word that the difference is fine still holds: neither side changed since."""
    word = entry.resolution
    return word is not None and word.record_version == version and word.remote_version == remote.version


def needs_rendering(entry: Entry, version: int) -> bool:
    """An entry in the books is rendered anew only when its record changed or a person asked (DESIGN section 8)."""
    return entry.remote is None or entry.sent is None or entry.forced or entry.sent.record_version != version


def differences(entry: Entry, remote: Remote) -> tuple[str, ...]:
    """What was edited there since our last write: contact, date, currency, totals; in words, empty = nothing.

    In draft mode (it stands there as a draft) only totals and contact count.
    """
    sent = entry.sent
    if sent is None:
        return ()
    found = []
    if sent.total is not None and remote.total is not None and remote.total != sent.total:
        found.append(f"total {sent.total} here, {remote.total} there")
    elif sent.tax is not None and remote.tax is not None and remote.tax != sent.tax:
        found.append(f"tax {sent.tax} here, {remote.tax} there")
    if sent.contact_id and remote.contact_id and remote.contact_id != sent.contact_id:
        found.append("another contact there")
    if remote.status in DRAFT_STATUSES:
        return tuple(found)
    if sent.on and remote.on and remote.on != sent.on:
        found.append(f"date {sent.on} here, {remote.on} there")
    if sent.currency and remote.currency and remote.currency != sent.currency:
        found.append(f"currency {sent.currency} here, {remote.currency} there")
    return tuple(found)


def hold_total(sent: Sent, remote: Remote) -> Hold:
    """An accepted write with another total stays attached and held: no payment follows."""
    return hold("remote_total", ours=sent.total, theirs=remote.total)


def is_closed(remote: Remote) -> bool:
    """Closed to edits there: paid, part-paid or credited."""
    return remote.status == "paid" or bool(remote.paid)


def plan_standing(invoice: Invoice, version: int, entry: Entry, remote: Remote) -> Step | None:
    """The step for an invoice that stands there, as far as it can be told without a draft; None: render it."""
    if settled(entry, version, remote):
        return Nothing(state="resolved")
    if remote.status in {"voided", "deleted"}:
        return Nothing(state="voided") if invoice.status == "void" else conflict("voided_there")
    if invoice.status == "void":
        return conflict("void_blocked") if remote.paid else Do(operation=Operation.CANCEL)
    edited = differences(entry, remote)
    if edited and entry.reason == "remote_total" and entry.sent is not None:
        return None if needs_rendering(entry, version) else hold_total(entry.sent, remote)
    if edited:
        return conflict("edited_there", difference="; ".join(edited))
    if not needs_rendering(entry, version):
        return Nothing()
    return None


def plan_invoice(entry: Entry, draft: Draft) -> Step:
    """The step for a rendered invoice: create, update, nothing, or a conflict when it is closed there."""
    remote, sent = entry.remote, entry.sent
    if remote is None:
        return Do(operation=Operation.CREATE)
    if sent is not None and sent.fingerprint == draft.fingerprint and remote.total == draft.total:
        return Nothing()
    if is_closed(remote):
        changed = _money_changes(sent, draft) if sent is not None else ["the invoice"]
        if not changed:
            return Nothing(note="Only its texts changed; it is closed there, so the change was not sent.")
        return conflict("closed", difference="; ".join(changed))
    return Do(operation=Operation.UPDATE)


def _money_changes(sent: Sent, draft: Draft) -> list[str]:
    """What changed that matters to the books, in words."""
    pairs = (("total", draft.total), ("tax", draft.tax), ("date", draft.on), ("currency", draft.currency))
    names = {"total": "total", "tax": "tax", "date": "on", "currency": "currency"}
    return [
        f"{label} {new} here, {getattr(sent, names[label])} there"
        for label, new in pairs
        if new is not None and getattr(sent, names[label]) is not None and new != getattr(sent, names[label])
    ]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What an invoice can still take: its remote, our payments on it, and those that came from there.

    Attributes:
        due: What is left to pay there, less what is planned or on its way in this run.
        foreign: (amount, date, payment id) of gallery payments that came from this webservice for this invoice.
    """

    entry: Entry | None
    due: Decimal = Decimal(0)
    foreign: tuple[tuple[Decimal, object, str], ...] = ()


def plan_payment(payment: Payment, version: int, entry: Entry, account: Account, *, number: str | None) -> Step:
    """The step for a recorded (or deleted) payment whose gates are passed."""
    remote = entry.remote
    if remote is not None and settled(entry, version, remote):
        return Nothing(state="resolved")
    if payment.status != "recorded":
        if remote is None or not entry.in_books:
            return Nothing(state="voided")
        return Do(operation=Operation.CANCEL)
    if remote is not None:
        if remote.status == "deleted":
            return conflict("payment_deleted_there") if not entry.forced else Do(operation=Operation.CREATE)
        return Nothing()
    return _plan_new_payment(payment, entry, account, number)


def _plan_new_payment(payment: Payment, entry: Entry, account: Account, number: str | None) -> Step:
    invoice = account.entry
    if invoice is None or not invoice.in_books:
        why = f", which is {invoice.shown.replace('_', ' ')}" if invoice is not None else ", which is not in the hub"
        return Wait(message=f"It waits for its invoice {number or payment.invoice_id}{why}.")
    if invoice.state not in {"synced", "resolved", "conflict"} or _drafted(invoice):
        return Wait(message=f"It waits for its invoice {number or payment.invoice_id}, which is not settled yet.")
    if invoice.state == "conflict" and invoice.reason != "closed":
        return Wait(message=f"It waits for its invoice {number or payment.invoice_id}, which differs on both sides.")
    twin = _twin(payment, account.foreign)
    if twin is not None and not entry.forced:
        return hold("possible_duplicate_payment", on=twin)
    if payment.amount > account.due:
        return hold("exceeds_due", amount=payment.amount, due=max(account.due, Decimal(0)))
    return Do(operation=Operation.CREATE)


def _drafted(invoice: Entry) -> bool:
    return invoice.remote is not None and invoice.remote.status in DRAFT_STATUSES


def _twin(payment: Payment, foreign: Sequence[tuple[Decimal, object, str]]) -> object | None:
    """The date of a payment made there of the same amount within a week, or None."""
    for amount, on, _ in foreign:
        if amount == payment.amount and abs(on - payment.paid_on) <= DUPLICATE_WITHIN:  # type: ignore[operator] # a date
            return on
    return None
