"""What the page of one invoice shows, made of what the services tell (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from hub.contract import Webservice
from hub.domain.allocating import note_of
from hub.domain.entries import Entry
from hub.domain.records import Payment
from hub.domain.remotes import Remote
from hub.sync.invoices import Standing, Whole
from hub.web.ui import words
from hub.web.ui.formats import Formats

# what keeps the page below 60 KB, for all webservices together
MOST_LINES = 20
MOST_HISTORY = 30
MOST_PAYMENTS = 20
MOST_NEEDS = 5
REMOTE_STATUS: Mapping[str, str] = {
    "draft": "Draft",
    "submitted": "Waits for approval",
    "approved": "Approved",
    "paid": "Paid",
    "voided": "Voided",
    "deleted": "Deleted",
}
RECORD_STATUS: Mapping[str, str] = {"draft": "Draft", "issued": "Issued", "void": "Void"}
METHODS: Mapping[str, str] = {
    "bank_transfer": "Bank transfer",
    "card_terminal": "Card terminal",
    "stripe": "Stripe",
    "paypal": "PayPal",
}


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One thing on both sides, written out; None: that side does not tell."""

    label: str
    ours: str | None
    theirs: str | None
    differs: bool
    number: bool = False


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """One of the ordered checks; `sign`: passed, failed, or open where it was not reached."""

    sign: str
    message: str


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that needs a person, and what can be done. `what`: "Payment of $20.00"; empty: the invoice itself."""

    entry: Entry
    what: str
    url: str | None


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """An allocation: the other document, and how much of a credit note is put there."""

    entry: Entry
    id: str | None
    number: str
    amount: Decimal | None
    is_note: bool


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """How the invoice stands in one webservice, ready to be shown."""

    standing: Standing
    title: str
    live: bool
    url: str | None
    verdict: str
    remedy: str | None
    marks: tuple[Mark, ...]
    sides: tuple[Side, ...]
    draft: dict[str, Any] | None
    more_lines: int
    accounts: Mapping[str, str]
    needs: tuple[Need, ...]
    more_needs: int
    joined: tuple[Joined, ...]
    history: tuple[tuple[datetime, str, str], ...]
    more_history: int


class PaymentRow(msgspec.Struct, frozen=True, kw_only=True):
    """One payment: `origin` None when the gallery made it, else where it came from; its entries by webservice."""

    payment: Payment
    method: str
    origin: str | None
    entries: tuple[tuple[str, Entry, str | None], ...]


def cut(text: str, most: int) -> str:
    """*text* of at most *most* characters."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def sentence(text: str) -> str:
    """*text* with a capital and a full stop."""
    done = text[:1].upper() + text[1:]
    return done if done.endswith((".", "!", "?")) else f"{done}."


def again_label(whole: Whole) -> str:
    """What the button is called: an invoice that is only too old goes anyway."""
    reasons = {one.entry.reason for one in whole.standings if one.entry is not None and one.entry.shown == "left_out"}
    return "Sync anyway" if "outside_window" in reasons else "Sync again"


def draw_card(whole: Whole, standing: Standing, paid: Decimal, formats: Formats, kind: type[Webservice] | None) -> Card:
    """The card of one webservice."""
    row, entry, told = standing.row, standing.entry, standing.explanation
    share = max(1, len(whole.standings))
    most_lines, most_history, most_needs = (-(-n // share) for n in (MOST_LINES, MOST_HISTORY, MOST_NEEDS))
    needs = _needs(whole, standing, formats, kind)
    draft = told.draft if told is not None else None
    lines = [] if draft is None else draft["lines"]
    accounts = {} if row.choices is None else {one.code: one.name for one in row.choices.accounts if one.code}
    return Card(
        standing=standing,
        title=kind.title if kind is not None else row.kind,
        live=row.state != "disconnected",
        url=_url(standing, entry, kind),
        verdict=_verdict(standing),
        remedy=told.remedy if told is not None else None,
        marks=tuple(Mark(sign=_SIGNS[one.passed], message=one.message) for one in (told.checks if told else ())),
        sides=_sides(whole, standing, paid, formats, accounts),
        draft=None if draft is None else {**draft, "lines": lines[:most_lines], "date": _date(draft["date"])},
        more_lines=max(0, len(lines) - most_lines),
        accounts=accounts,
        needs=needs[:most_needs],
        more_needs=max(0, len(needs) - most_needs),
        joined=tuple(_joined(whole, one) for one in standing.allocations.values()),
        history=tuple((at, _subject(whole, one), cut(text, 400)) for at, one, text in standing.history[:most_history]),
        more_history=max(0, len(standing.history) - most_history),
    )


_SIGNS: Mapping[bool | None, str] = {True: "passed", False: "failed", None: "open"}


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _verdict(standing: Standing) -> str:
    if standing.explanation is not None:
        return standing.explanation.verdict
    if standing.row.state == "disconnected":
        return "This webservice is disconnected: nothing goes there any more. What it knew is kept."
    return "The plugin of this webservice is not switched on, so nothing goes there. Whoever runs the hub can do that."


def _url(standing: Standing, entry: Entry | None, kind: type[Webservice] | None) -> str | None:
    if kind is None or entry is None or entry.remote is None:
        return None
    return kind.remote_url(entry.type, entry.remote, standing.row.organisation)


# -- both sides


def _sides(
    whole: Whole, standing: Standing, paid: Decimal, formats: Formats, accounts: Mapping[str, str]
) -> tuple[Side, ...]:
    """The invoice here beside what stands there; nothing while nothing stands there."""
    entry, invoice = standing.entry, whole.invoice
    if entry is None or entry.remote is None:
        return ()
    remote = entry.remote
    draft = standing.explanation.draft if standing.explanation is not None else None
    here = (draft["fields"].get("contact") if draft else None) or (whole.contact.name if whole.contact else None)
    tax = _amount(draft["tax"]) if draft else entry.sent.tax if entry.sent is not None else None

    def money(value: Decimal | None, currency: str | None) -> str | None:
        return None if value is None else formats.money(value, currency or invoice.currency)

    def row(label: str, ours: Any, theirs: Any, write: Any = str, write_there: Any = None) -> Side:
        told = [None if value is None else how(value) for value, how in ((ours, write), (theirs, write_there or write))]
        differs = ours is not None and theirs is not None and ours != theirs
        return Side(label=label, ours=told[0], theirs=told[1], differs=differs, number=write not in {str, formats.day})

    def ours(value: Decimal) -> str:
        return str(money(value, invoice.currency))

    def theirs(value: Decimal) -> str:
        return str(money(value, remote.currency))

    contact = Side(
        label="Contact", ours=here, theirs=standing.contact_there, differs=_other_contact(standing, here, remote)
    )
    sides = [
        row("Number", entry.number, remote.number),
        contact,
        row("Date", invoice.issued_on, remote.on, formats.day),
        _status(invoice.status, remote),
        row("Currency", invoice.currency, remote.currency),
        row("Total", Decimal(invoice.total), remote.total, ours, theirs),
        row("Tax", tax, remote.tax, ours, theirs),
        row("Paid", paid, remote.paid, ours, theirs),
    ]
    sums = _sums(draft)
    there = _sums_there(remote)
    if sums and there:
        for code in dict.fromkeys([*sums, *there]):
            label = f"Account {code}" + (f" {accounts[code]}" if code in accounts else "")
            nothing = Decimal(0)
            sides.append(row(label, sums.get(code, nothing), there.get(code, nothing), ours, theirs))
    return tuple(sides)


def _other_contact(standing: Standing, here: str | None, remote: Remote) -> bool:
    linked = standing.contact.remote if standing.contact is not None else None
    if linked is not None and remote.contact_id is not None:
        return linked.id != remote.contact_id
    return None not in (here, standing.contact_there) and here != standing.contact_there


def _status(status: str, remote: Remote) -> Side:
    gone = remote.status in {"voided", "deleted"}
    return Side(
        label="Status",
        ours=RECORD_STATUS.get(status, status),
        theirs=REMOTE_STATUS.get(remote.status, remote.status),
        differs=gone != (status == "void"),
    )


def _sums(draft: dict[str, Any] | None) -> dict[str, Decimal]:
    """Net by account of the draft."""
    sums: dict[str, Decimal] = {}
    for line in draft["lines"] if draft else ():
        if line["account"]:
            sums[line["account"]] = sums.get(line["account"], Decimal(0)) + Decimal(line["net"])
    return sums


def _sums_there(remote: Remote) -> dict[str, Decimal]:
    """Net by account there, tracking put together; nothing when a kind tells it in words."""
    sums: dict[str, Decimal] = {}
    for key, text in remote.lines:
        amount = _amount(text)
        if amount is None:
            return {}
        code = key.split(" | ")[0]
        sums[code] = sums.get(code, Decimal(0)) + amount
    return sums


def _amount(text: str | None) -> Decimal | None:
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        return None


# -- what needs a person


def _needs(whole: Whole, standing: Standing, formats: Formats, kind: type[Webservice] | None) -> tuple[Need, ...]:
    """The invoice first (its contact in its place when that is what holds it), then payments and allocations."""
    if standing.row.state == "disconnected":
        return ()
    found = [one for one in (standing.entry, standing.contact) if one is not None and _is_needing(one)]
    if len(found) == 2 and found[0].reason == found[1].reason:
        found = found[1:]
    found += [one for one in (*standing.payments.values(), *standing.allocations.values()) if _is_needing(one)]
    return tuple(
        Need(
            entry=one,
            what="" if one is standing.entry else _what(whole, one, formats),
            url=_url(standing, one, kind),
        )
        for one in found
    )


def _is_needing(entry: Entry) -> bool:
    return entry.shown in {"held", "conflict"}


def _what(whole: Whole, entry: Entry, formats: Formats) -> str:
    if entry.type == "contact":
        return f"Contact {cut(whole.contact.name, 60)}" if whole.contact is not None else "Contact"
    for stored in whole.payments:
        payment = stored.record
        if isinstance(payment, Payment) and entry.type == "payment" and payment.id == entry.record_id:
            amount = formats.money(payment.amount, payment.currency or whole.invoice.currency)
            return f"{words.type_word(payment.kind).capitalize()} of {amount}, {formats.day(payment.paid_on)}"
    return words.type_word(entry.type).capitalize()


def _subject(whole: Whole, entry: Entry) -> str:
    """Whose history a sentence is of; empty for the invoice's own."""
    if entry.type == "invoice":
        return ""
    if entry.type == "contact":
        return "Contact"
    if entry.type == "allocation":
        other = whole.joined.get(note_of(entry.record_id))
        return f"Credit note {cut(other.number, 40)}" if other is not None else "Credit note"
    return f"{words.type_word(entry.type).capitalize()} {entry.record_id}"


def _joined(whole: Whole, entry: Entry) -> Joined:
    note = note_of(entry.record_id)
    is_note = note != whole.invoice.id
    other = note if is_note else entry.invoice_id
    document = whole.joined.get(other or "")
    standing = entry.remote is not None and entry.in_books
    return Joined(
        entry=entry,
        id=None if document is None else document.id,
        number=cut(document.number if document is not None else other or "another invoice there", 60),
        amount=entry.remote.total if standing and entry.remote is not None else None,
        is_note=is_note,
    )


def draw_payments(whole: Whole, cards: Sequence[Card], kinds: Mapping[str, type[Webservice]]) -> tuple[PaymentRow, ...]:
    """The payments, newest first."""
    rows = []
    for stored in whole.payments:
        payment = stored.record
        if not isinstance(payment, Payment):
            continue
        origin = stored.origin
        kind = kinds.get(origin.kind) if origin is not None else None
        held = [
            (card.standing.row.name, card.standing.payments[payment.id], _url_of(card, payment.id, kinds))
            for card in cards
            if payment.id in card.standing.payments
        ]
        rows.append(
            PaymentRow(
                payment=payment,
                method=METHODS.get(payment.method, payment.method.capitalize()),
                origin=None if origin is None else kind.title if kind is not None else origin.kind,
                entries=tuple(held),
            )
        )
    rows.sort(key=lambda one: (one.payment.paid_on, one.payment.id), reverse=True)
    return tuple(rows[:MOST_PAYMENTS])


def _url_of(card: Card, payment_id: str, kinds: Mapping[str, type[Webservice]]) -> str | None:
    return _url(card.standing, card.standing.payments[payment_id], kinds.get(card.standing.row.kind))
