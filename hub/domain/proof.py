"""The arithmetic of a proof: what stands here and there for one record, and the difference, to the cent. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, localcontext

import msgspec

from hub.domain.amounts import minor_digits, minor_unit
from hub.domain.entries import Entry
from hub.domain.records import EntryType, Invoice, Payment
from hub.domain.remotes import Remote, RemoteId

_WIDE = 80  # digits: sums of the widest amounts the door lets in stay exact
_DEAD = frozenset({"voided", "deleted"})


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Amounts of one side, in the record's currency; None = that side does not tell it."""

    total: Decimal | None = None
    tax: Decimal | None = None
    paid: Decimal | None = None

    def minus(self, other: Figures) -> Figures:
        """What is here and not there; None where either side does not tell."""
        return Figures(
            total=_minus(self.total, other.total), tax=_minus(self.tax, other.tax), paid=_minus(self.paid, other.paid)
        )

    def plus(self, other: Figures, *, sign: int = 1) -> Figures:
        """The sum; what is not told counts as nothing."""
        return Figures(
            total=_plus(self.total, other.total, sign),
            tax=_plus(self.tax, other.tax, sign),
            paid=_plus(self.paid, other.paid, sign),
        )

    @property
    def is_zero(self) -> bool:
        """Nothing but zeros (and what is not told)."""
        return not any((self.total, self.tax, self.paid))


def _minus(ours: Decimal | None, theirs: Decimal | None) -> Decimal | None:
    if ours is None or theirs is None:
        return None
    with localcontext(prec=_WIDE):
        return ours - theirs


def _plus(first: Decimal | None, second: Decimal | None, sign: int) -> Decimal | None:
    if second is None:
        return first
    with localcontext(prec=_WIDE):
        return (first if first is not None else second * 0) + sign * second


class ProofRow(msgspec.Struct, frozen=True, kw_only=True):
    """One record beside its remote counterpart; `theirs` None: it is gone there."""

    type: EntryType
    record_id: str
    number: str | None
    remote_id: str
    state: str
    currency: str | None
    ours: Figures
    theirs: Figures | None
    difference: Figures
    sign: int = 1  # -1: a credit note, for the sums


def pair_invoice(invoice: Invoice, entry: Entry, remote: Remote | None, paid: Decimal) -> ProofRow:
    """An invoice with what was just read; *paid* is what settles it here and stands there. A void one counts as 0.

    The tax that must stand there is known from the last write; of an invoice whose total changed since, it is not told.
    """
    nothing = zero(invoice.currency)
    tax = entry.sent.tax if entry.sent is not None else None
    if entry.sent is not None and entry.sent.total not in {None, invoice.total} and invoice.status != "void":
        tax = None
    if invoice.status == "void":
        ours = Figures(total=nothing, tax=nothing if tax is not None else None, paid=paid)
    else:
        ours = Figures(total=invoice.total, tax=tax, paid=paid)
    sign = -1 if invoice.kind == "credit_note" else 1
    return _pair(entry, invoice.currency, ours, remote, nothing, sign=sign)


def pair_payment(payment: Payment, currency: str | None, entry: Entry, remote: Remote | None) -> ProofRow:
    """A payment with what was just read; one that is not recorded (any more) counts as 0."""
    nothing = zero(currency)
    total = payment.amount if payment.status == "recorded" else nothing
    return _pair(entry, currency, Figures(total=total), remote, nothing)


def pair_allocation(entry: Entry, remote: Remote | None) -> ProofRow:
    """An allocation with what was just read; one that stands no more counts as 0.

    Where it was deleted there and a person has to say something, or has said it, the gallery's side still counts.
    """
    currency = entry.remote.currency if entry.remote is not None else None
    nothing = zero(currency)
    return _pair(entry, currency, Figures(total=counted(entry, nothing)), remote, nothing)


def counted(entry: Entry, nothing: Decimal) -> Decimal:
    """What an allocation settles on the gallery's side: what stands there as it knows, or stood when it was deleted."""
    stands = entry.in_books or entry.state in {"conflict", "resolved"}
    total = entry.remote.total if entry.remote is not None and stands else None
    return nothing if total is None else total


def sum_allocated(currency: str, allocations: Iterable[Entry]) -> Decimal:
    """What these allocations settle of an invoice, or use up of a credit note."""
    with localcontext(prec=_WIDE):
        return sum((counted(entry, zero(currency)) for entry in allocations), zero(currency))


def told_allocations(note: Remote) -> dict[RemoteId, Remote]:
    """The allocations that were told with a remote credit note, by their ids."""
    return {
        part.id: Remote(id=part.id, currency=note.currency, total=part.amount, on=part.on, document_id=part.document_id)
        for part in note.parts or ()
        if part.kind == "allocation" and not part.deleted
    }


def _pair(
    entry: Entry,
    currency: str | None,
    ours: Figures,
    remote: Remote | None,
    nothing: Decimal,
    *,
    sign: int = 1,
) -> ProofRow:
    theirs = None if remote is None else figures_of(remote, nothing)
    # A total in another currency is no total of ours, whatever its number.
    if remote is not None and theirs is not None and None not in (remote.currency, currency):
        theirs = theirs if remote.currency == currency else Figures(total=nothing, tax=nothing, paid=nothing)
    gone = Figures(total=nothing, tax=nothing, paid=nothing)
    return ProofRow(
        type=entry.type,
        record_id=entry.record_id,
        number=(remote.number if remote is not None and entry.type == "invoice" else None) or entry.number,
        remote_id=entry.remote.id if entry.remote is not None else "",
        state=entry.shown,
        currency=currency,
        ours=ours,
        theirs=theirs,
        difference=ours.minus(theirs if theirs is not None else gone),
        sign=sign,
    )


def figures_of(remote: Remote, nothing: Decimal) -> Figures:
    """What stands there; voided and deleted documents count as 0, but not what was paid on them."""
    if remote.status not in _DEAD:
        return Figures(total=remote.total, tax=remote.tax, paid=remote.paid)
    return Figures(
        total=nothing if remote.total is not None else None,
        tax=nothing if remote.tax is not None else None,
        paid=remote.paid,
    )


def is_dead(remote: Remote) -> bool:
    """Whether it counts as nothing there."""
    return remote.status in _DEAD


def zero(currency: str | None) -> Decimal:
    """Nothing, with the decimals of *currency*."""
    with localcontext(prec=_WIDE):
        return minor_unit(minor_digits(currency or "")) * 0


def sum_paid(currency: str, payments: Iterable[tuple[Payment, Entry]], *, kind: str = "invoice") -> Decimal:
    """What settles an invoice here: its recorded payments less refunds, as far as they stand in the books.

    A payment that is not in the books is listed as such, and not counted as a difference of its invoice too.
    """
    pays = "refund" if kind == "credit_note" else "payment"
    with localcontext(prec=_WIDE):
        total = zero(currency)
        for payment, entry in payments:
            if payment.status == "recorded" and entry.remote is not None:
                total += payment.amount if payment.kind == pays else -payment.amount
        return total


class Sums:
    """Figures of invoices less those of credit notes, added up by currency."""

    def __init__(self) -> None:
        self._sums: dict[str, tuple[Figures, Figures]] = {}

    def add(self, row: ProofRow) -> None:
        """Count one row; payments and allocations are in their documents' `paid` already.

        A tax that one side does not tell (of an invoice whose total changed since it was written) counts on neither:
        half of it would look like a difference. Its row says so, and its totals differ anyway.

        Credit notes, whose rows are positive as the documents are, count off: total, tax and paid, on both sides.
        """
        if row.type != "invoice":
            return
        ours, theirs = self._sums.get(row.currency or "", (Figures(), Figures()))
        here, there = row.ours, row.theirs
        if there is None:
            there = Figures(total=zero(row.currency))
        elif here.tax is None or there.tax is None:
            here, there = (msgspec.structs.replace(side, tax=None) for side in (here, there))
        self._sums[row.currency or ""] = (ours.plus(here, sign=row.sign), theirs.plus(there, sign=row.sign))

    def by_currency(self) -> Mapping[str, tuple[Figures, Figures]]:
        """currency -> (ours, theirs), in the order of the currencies."""
        return dict(sorted(self._sums.items()))
