"""What to do about an invoice or contact, given its draft and what stands there. Pure: facts in, a step out.

Payments are in `hub.domain.paying`.
"""

from __future__ import annotations

from hub.domain.drafts import Draft
from hub.domain.entries import Do, Entry, Hold, Nothing, Sent, Step
from hub.domain.reasons import CONFLICT, HELD, words
from hub.domain.records import Invoice
from hub.domain.remotes import Operation, Remote, RemoteId

DRAFT_STATUSES = frozenset({"draft", "submitted"})
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
        found.append(f"total {sent.total} in the gallery, {remote.total} there")
    elif sent.tax is not None and remote.tax is not None and remote.tax != sent.tax:
        found.append(f"tax {sent.tax} in the gallery, {remote.tax} there")
    if sent.contact_id and remote.contact_id and remote.contact_id != sent.contact_id:
        found.append("another contact there")
    if remote.status in DRAFT_STATUSES:
        return tuple(found)
    if sent.on and remote.on and remote.on != sent.on:
        found.append(f"date {sent.on} in the gallery, {remote.on} there")
    if sent.currency and remote.currency and remote.currency != sent.currency:
        found.append(f"currency {sent.currency} in the gallery, {remote.currency} there")
    return tuple(found)


def hold_total(sent: Sent, remote: Remote) -> Hold:
    """An accepted write with another total stays attached and held: no payment follows."""
    return hold("remote_total", number=remote.number, ours=sent.total, theirs=remote.total)


def number_of(entry: Entry, remote: Remote | None) -> str | None:
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
        return Nothing(state="voided") if is_void else conflict("voided_there", number=number_of(entry, remote))
    if invoice.status == "void":
        if remote.paid:
            return conflict("void_blocked", number=number_of(entry, remote))
        return Do(operation=Operation.CANCEL)
    edited = differences(entry, remote)
    if edited and entry.reason == "remote_total" and entry.sent is not None:
        return None if needs_rendering(entry, version) else hold_total(entry.sent, remote)
    if edited:
        return conflict("edited_there", number=number_of(entry, remote), difference="; ".join(edited))
    return None if needs_rendering(entry, version) else _leave(entry, remote)


def _leave(entry: Entry, remote: Remote) -> Step:
    """Nothing is to be written: it stands as it should, or still waits for its approval."""
    if entry.reason == "not_approved" and remote.status in DRAFT_STATUSES:
        return hold("not_approved", number=number_of(entry, remote), status=remote.status)
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
        return conflict("closed", number=number_of(entry, remote), difference="; ".join(changed))
    if currency_fixed and is_other_currency(remote, draft):
        return _hold_currency(entry, remote, draft)
    return Do(operation=Operation.UPDATE)


def is_other_currency(remote: Remote, draft: Draft) -> bool:
    """Whether *draft* is in another currency than what stands approved there."""
    differs = draft.currency is not None and remote.currency is not None and draft.currency != remote.currency
    return differs and remote.status not in DRAFT_STATUSES


def _hold_currency(entry: Entry, remote: Remote, draft: Draft) -> Hold:
    """Voiding and making it anew would take a new number: that is a person's word, never done silently (X11)."""
    number = number_of(entry, remote) or "It"
    return Hold(
        reason="closed",
        message=f"{number} stands there in {remote.currency} and cannot be changed to {draft.currency}.",
        remedy="Void it in the gallery system and issue it anew under a new number, or put the currency back, "
        "or mark it as resolved.",
        conflict=True,
    )


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
        f"{label} {new} in the gallery, {getattr(sent, names[label])} there"
        for label, new in pairs
        if new is not None and getattr(sent, names[label]) is not None and new != getattr(sent, names[label])
    ]
