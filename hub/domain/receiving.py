"""What was read from there: entries see their remotes anew, payments made there become gallery payments. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, get_args

import msgspec

from hub.domain.books import Book, Target
from hub.domain.entries import Entry, Hold
from hub.domain.planning import hold
from hub.domain.records import Origin, Payment, PaymentMethod
from hub.domain.remotes import Remote, RemoteId

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
    fresh = msgspec.structs.replace(entry, remote=msgspec.structs.replace(remote, parts=parts))
    if before is None or (entry.state == "resolved" and before.version != remote.version):
        return fresh, True
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
    )


def credits_of(invoice: Remote) -> list[Remote]:
    """Credits, prepayments and overpayments that settle a remote invoice, as payments with ids of their own."""
    return [
        Remote(
            id=RemoteId(f"{part.kind}-{_short(part.id, invoice.id)}"),
            status="approved",
            currency=invoice.currency,
            total=part.amount,
            on=part.on,
            document_id=invoice.id,
            number=part.reference or None,
        )
        for part in invoice.parts or ()
        if part.kind != "payment" and not part.deleted and part.amount > 0
    ]


def _short(*ids: str) -> str:
    return hashlib.sha256("|".join(ids).encode()).hexdigest()[:24]


def method_of(
    remote: Remote, book: Book, resolve: Callable[[str, dict[str, str | None], Any], Target | None]
) -> PaymentMethod:
    """The gallery's payment method by reverse mapping of the account the money went to; ``other`` when none fits."""
    if remote.account_id is None:
        return "credit" if remote.id.startswith(("credit-", "prepayment-", "overpayment-")) else "other"
    for method in METHODS:
        target = resolve("bank", {"method": method, "currency": remote.currency}, book.mappings)
        if target is None:
            continue
        account = next((a for a in book.choices.accounts if target.id == a.id or target.code == a.code), None)
        if account is not None and account.id == remote.account_id:
            return method
    return "other"


def receive(remote: Remote, invoice: Entry, *, kind: str, webservice_id: str, method: PaymentMethod) -> Received:
    """A payment made there as a gallery payment with its origin; its id is ``<kind>-<remote id>``."""
    payment = Payment(
        id=f"{kind}-{remote.id}",
        invoice_id=invoice.record_id,
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


def orphan(remote: Remote) -> Hold:
    """A payment there with our marker, for which there is no record here."""
    return hold("marker_without_record", cause=remote.id)
