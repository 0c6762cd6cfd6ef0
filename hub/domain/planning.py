"""What to do about a record, given its draft and what stands there. Pure: facts in, a step out."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import msgspec

from hub.domain.drafts import Draft
from hub.domain.entries import Do, Entry, Hold, LeaveOut, Nothing, Sent, Step, Wait
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
    return hold("remote_total", number=remote.number, ours=sent.total, theirs=remote.total)


def _number(entry: Entry, remote: Remote | None) -> str | None:
    """The number it bears there, by which a person finds it."""
    return (remote.number if remote is not None else None) or entry.number


def is_closed(remote: Remote) -> bool:
    """Closed to edits there: paid, part-paid or credited."""
    return remote.status == "paid" or bool(remote.paid)


def plan_standing(invoice: Invoice, version: int, entry: Entry, remote: Remote) -> Step | None:
    """The step for an invoice that stands there, as far as it can be told without a draft; None: render it."""
    if settled(entry, version, remote):
        return Nothing(state="resolved")
    if remote.status in {"voided", "deleted"}:
        is_void = invoice.status == "void"
        return Nothing(state="voided") if is_void else conflict("voided_there", number=_number(entry, remote))
    if invoice.status == "void":
        if remote.paid:
            return conflict("void_blocked", number=_number(entry, remote))
        return Do(operation=Operation.CANCEL)
    edited = differences(entry, remote)
    if edited and entry.reason == "remote_total" and entry.sent is not None:
        return None if needs_rendering(entry, version) else hold_total(entry.sent, remote)
    if edited:
        return conflict("edited_there", number=_number(entry, remote), difference="; ".join(edited))
    return None if needs_rendering(entry, version) else _leave(entry, remote)


def _leave(entry: Entry, remote: Remote) -> Step:
    """Nothing is to be written: it stands as it should, or still waits for its approval."""
    if entry.reason == "not_approved" and remote.status in DRAFT_STATUSES:
        return hold("not_approved", number=_number(entry, remote), status=remote.status)
    return Nothing()


def plan_invoice(entry: Entry, draft: Draft, *, currency_fixed: bool = False) -> Step:
    """The step for a rendered invoice: create, update, nothing, or a conflict when it is closed there."""
    remote, sent = entry.remote, entry.sent
    if remote is None:
        return Do(operation=Operation.CREATE)
    same = sent is not None and sent.fingerprint == draft.fingerprint and remote.total == draft.total
    if same and not _waits_for_approval(entry, draft, remote):
        return Nothing()
    if is_closed(remote):
        changed = _money_changes(sent, draft) if sent is not None else ["the invoice"]
        if not changed:
            note = "Its totals, date, currency and buyer are as before; it is closed there, so the change was not sent."
            return Nothing(note=note)
        return conflict("closed", number=_number(entry, remote), difference="; ".join(changed))
    if currency_fixed and is_other_currency(remote, draft):
        return _hold_currency(entry, remote, draft)
    return Do(operation=Operation.UPDATE)


def is_other_currency(remote: Remote, draft: Draft) -> bool:
    """Whether *draft* is in another currency than what stands approved there."""
    differs = draft.currency is not None and remote.currency is not None and draft.currency != remote.currency
    return differs and remote.status not in DRAFT_STATUSES


def _hold_currency(entry: Entry, remote: Remote, draft: Draft) -> Hold:
    """Voiding and making it anew would take a new number: that is a person's word, never done silently (X11)."""
    number = _number(entry, remote) or "It"
    return Hold(
        reason="closed",
        message=f"{number} stands there in {remote.currency} and cannot be changed to {draft.currency}.",
        remedy="Void it in the gallery system and issue it anew under a new number, or put the currency back, "
        "or mark it as resolved.",
        conflict=True,
    )


def wait_for_currency(account: Account, draft: Draft) -> Wait | None:
    """A payment waits while its invoice stands there in another currency than here."""
    remote = account.entry.remote if account.entry is not None else None
    if remote is None or remote.currency is None or draft.currency in (None, remote.currency):
        return None
    return Wait(message=f"It waits for its invoice {remote.number}, which stands there in {remote.currency}.")


def contact_of(draft: Draft) -> str | None:
    """The gallery's id of the contact that a document is for."""
    return next((need.id for need in draft.needs if need.type == "contact"), None)


def _waits_for_approval(entry: Entry, draft: Draft, remote: Remote) -> bool:
    """It was to stand there approved and does not: asking again asks for the approval again."""
    return entry.reason == "not_approved" and draft.status == "approved" and remote.status in DRAFT_STATUSES


def _money_changes(sent: Sent, draft: Draft) -> list[str]:
    """What changed that matters to the books, in words."""
    pairs = (("total", draft.total), ("tax", draft.tax), ("date", draft.on), ("currency", draft.currency))
    names = {"total": "total", "tax": "tax", "date": "on", "currency": "currency"}
    moved = sent.contact_record is not None and contact_of(draft) not in (None, sent.contact_record)
    return ["another contact here"] * moved + [
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
            found.append(f"{label} {ours} here, {theirs} there")
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
    left = left_out_with(invoice, what=what)
    if left is not None:
        return left
    if invoice is None or not invoice.in_books:
        why = f", which is {invoice.shown.replace('_', ' ')}" if invoice is not None else ", which is not in the hub"
        return Wait(message=f"It waits for its {what} {number or payment.invoice_id}{why}.")
    if invoice.state not in {"synced", "resolved", "conflict"} or _drafted(invoice):
        return Wait(message=f"It waits for its {what} {number or payment.invoice_id}, which is not settled yet.")
    if invoice.state == "conflict" and invoice.reason != "closed":
        return Wait(message=f"It waits for its {what} {number or payment.invoice_id}, which differs on both sides.")
    named = _number(invoice, invoice.remote) or number or payment.invoice_id
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
    remedy = "Correct the refund, or remove another refund of this credit note."
    return Hold(reason="exceeds_due", message=message, remedy=remedy)


def left_out_with(invoice: Entry | None, *, what: str = "invoice") -> LeaveOut | None:
    """What hangs on an invoice (credit note, as *what* says) that is left out, frozen or void is left out with it."""
    if invoice is None:
        return None
    message, remedy = f"Its {what} is left out: {invoice.message or 'nothing of it goes there.'}", invoice.remedy or ""
    if _is_left_out(invoice):
        return LeaveOut(reason=invoice.reason or "excluded", message=message, remedy=remedy)
    if invoice.frozen and invoice.in_books:
        return LeaveOut(reason="excluded", message=message, remedy=remedy)
    if invoice.shown == "voided":
        sentence = f"Its {what} is left out: it is void, on both sides."
        return LeaveOut(reason="void_never_sent", message=sentence, remedy="Delete the payment in the gallery system.")
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
