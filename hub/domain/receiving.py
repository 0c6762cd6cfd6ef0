"""What was read from there: entries see their remotes anew, payments made there become gallery payments. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, get_args

import msgspec

from hub.domain.books import Book, Target
from hub.domain.entries import Entry, Hold, Sent
from hub.domain.planning import hold
from hub.domain.records import Origin, Payment, PaymentMethod
from hub.domain.remotes import Remote, RemoteId

CREDITS = ("credit", "prepayment", "overpayment")  # the first words of their ids here
METHODS: tuple[PaymentMethod, ...] = get_args(PaymentMethod)


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that came from there, as it is stored here."""

    payment: Payment
    origin: Origin
    remote: Remote


def marker_of(remote: Remote) -> str | None:
    """The first word of a payment's reference: our marker stands there when we made it."""
    words = (remote.number or "").split()
    return words[0] if words else None


def seen(entry: Entry, remote: Remote) -> tuple[Entry, bool]:
    """*entry* with what stands there now, and whether that differs in what matters to a judgement."""
    before = entry.remote
    parts = remote.parts if remote.parts is not None else before.parts if before is not None else None
    ours = remote.ours if remote.ours is not None else before.ours if before is not None else None
    fresh = msgspec.structs.replace(entry, remote=msgspec.structs.replace(remote, parts=parts, ours=ours))
    if before is None or (entry.state == "resolved" and before.version != remote.version):
        return fresh, True
    if entry.state == "conflict" and before.lines != remote.lines:
        return fresh, True  # what was moved to other accounts there may be put back
    return fresh, _what_matters(before) != _what_matters(remote)


def _what_matters(remote: Remote) -> tuple[object, ...]:
    closed = remote.status in {"voided", "deleted", "draft", "submitted"}
    return (
        remote.status if closed else "standing",
        remote.total,
        remote.tax,
        remote.paid,
        remote.currency,
        remote.on,
        remote.contact_id,
        remote.reconciled,
    )


def credits_of(invoice: Remote, own: Collection[str] = ()) -> list[Remote]:
    """Credits, prepayments and overpayments that settle a remote invoice, as payments with ids of their own.

    Not those of *own*, the remote ids of the gallery's credit notes: what they settle are allocations.
    What one of them gives in several parts is one sum, dated by the last part: its parts have no ids that last.
    """
    sums: dict[RemoteId, Remote] = {}
    for part in invoice.parts or ():
        if part.kind not in CREDITS or part.deleted or part.amount <= 0 or part.id in own:
            continue
        credit_id = RemoteId(f"{part.kind}-{_short(part.id, invoice.id)}")
        before = sums.get(credit_id)
        sums[credit_id] = Remote(
            id=credit_id,
            status="approved",
            currency=invoice.currency,
            total=part.amount + (before.total or Decimal(0) if before is not None else Decimal(0)),
            on=part.on if before is None or before.on is None else max(part.on, before.on),
            document_id=invoice.id,
            number=part.reference or None,
        )
    return list(sums.values())


def credits_gone(invoice: Remote, received: Sequence[Entry], own: Collection[str] = ()) -> list[Remote]:
    """The remotes of those of *received* (credits that came back on it) that settle *invoice* no more, as deleted.

    Nothing is taken for gone when the answer tells no parts, or fewer than were paid: some lists leave them out.
    """
    parts = invoice.parts
    if parts is None or sum(part.amount for part in parts if not part.deleted) < (invoice.paid or 0):
        return []
    standing = {credit.id for credit in credits_of(invoice, own)}
    return [
        msgspec.structs.replace(entry.remote, status="deleted")
        for entry in received
        if entry.remote is not None and entry.remote.status != "deleted" and entry.remote.id not in standing
    ]


def is_credit_of(payment: Remote, note_id: RemoteId) -> bool:
    """Whether a payment that came back is what the remote credit note *note_id* gives (see `credits_of`)."""
    return payment.document_id is not None and payment.id == f"credit-{_short(note_id, payment.document_id)}"


def _short(*ids: str) -> str:
    return hashlib.sha256("|".join(ids).encode()).hexdigest()[:24]


def method_of(
    remote: Remote, book: Book, resolve: Callable[[str, dict[str, str | None], Any], Target | None]
) -> PaymentMethod:
    """The gallery's payment method by reverse mapping of the account the money went to; ``other`` when none fits."""
    if remote.account_id is None:
        return "credit" if remote.id.partition("-")[0] in CREDITS else "other"
    for method in METHODS:
        target = resolve("bank", {"method": method, "currency": remote.currency}, book.mappings)
        if target is None:
            continue
        account = next((a for a in book.choices.accounts if target.id == a.id or target.code == a.code), None)
        if account is not None and account.id == remote.account_id:
            return method
    return "other"


def receive(remote: Remote, invoice: Entry, *, kind: str, webservice_id: str, method: PaymentMethod) -> Received:
    """A payment made there as a gallery payment with its origin; its id is ``<kind>-<remote id>``.

    What pays out a credit note is a refund.
    """
    pays_out = invoice.remote is not None and invoice.remote.credit_note
    payment = Payment(
        id=f"{kind}-{remote.id}",
        invoice_id=invoice.record_id,
        kind="refund" if pays_out else "payment",
        paid_on=remote.on or date(1970, 1, 1),
        amount=remote.total or Decimal(0),
        currency=remote.currency,
        method=method,
        reference=remote.number or "",
    )
    return Received(
        payment=payment,
        origin=Origin(kind=kind, remote_id=remote.id, webservice_id=webservice_id),
        remote=remote,
    )


def attached(entry: Entry, received: Received) -> Entry:
    """The entry of a received payment: it stands there, and needs nothing."""
    return msgspec.structs.replace(
        entry,
        judged=entry.asked,
        state="synced",
        remote=received.remote,
        invoice_id=received.payment.invoice_id,
        reason=None,
        message=None,
        remedy=None,
    )


def changed(payment: Payment, remote: Remote) -> Payment:
    """A payment that came from there as it stands there now. Its method stays: mappings may have changed since."""
    return msgspec.structs.replace(
        payment,
        status="deleted" if remote.status == "deleted" else "recorded",
        amount=payment.amount if remote.total is None else remote.total,
        paid_on=remote.on or payment.paid_on,
    )


def orphan(remote: Remote) -> Hold:
    """A payment there with our marker, for which there is no record here, or a second one of the same record.

    The cause is ``<marker> <remote id>``.
    """
    return hold("marker_without_record", cause=f"{marker_of(remote)} {remote.id}", amount=remote.total, on=remote.on)


def belongs(entry: Entry, payment: Payment, invoice: Entry | None, remote: Remote) -> bool:
    """Whether a live *remote* payment with the marker of *entry* is its *payment*, sent to the hub again."""
    if entry.remote is not None or entry.state in {"sending", "unknown"} or payment.status != "recorded":
        return False
    document = invoice.remote.id if invoice is not None and invoice.remote is not None else None
    return remote.status != "deleted" and remote.document_id == document and remote.total == payment.amount


def found_again(entry: Entry, marker: str, version: int, payment: Payment, remote: Remote) -> Entry:
    """*entry* with the payment that stood there already; its next judgement finds both equal."""
    sent = Sent(fingerprint="", record_version=version, on=payment.paid_on, total=Decimal(payment.amount))
    return msgspec.structs.replace(entry, number=marker, remote=remote, sent=sent)


def is_unexplained(document: Entry, known: Sequence[Entry]) -> bool:
    """Whether more settles *document* there than the entries *known* here say, of its payments and allocations.

    Then something stands there that nobody here remembers, as after a restored backup.
    """
    paid = document.remote.paid if document.remote is not None else None
    amounts = [entry.remote.total for entry in known if entry.in_books and entry.remote is not None]
    return (paid or Decimal(0)) > sum((amount for amount in amounts if amount is not None), Decimal(0))
