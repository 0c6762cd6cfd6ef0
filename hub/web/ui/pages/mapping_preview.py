"""One invoice as it will stand there, for people: each line with its account and tax, and the sums that prove it."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from hub.domain.books import Choices, Target
from hub.domain.drafts import Draft, DraftLine
from hub.domain.entries import Hold
from hub.domain.mappings import find_account, find_tax_rate
from hub.domain.records import Invoice, Payment
from hub.sync.drafting import Drawn
from hub.web.ui.pages.mapping_options import name_account, name_rate

MOST_LINES = 50
_NOTHING = Decimal(0)


class LineView(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the draft with its account and tax rate by their names."""

    line: DraftLine
    account: str
    rate: str


class PaymentView(msgspec.Struct, frozen=True, kw_only=True):
    """A payment and where it arrives, or what holds it."""

    payment: Payment
    account: str = ""
    held: Hold | None = None


class DrawnView(msgspec.Struct, frozen=True, kw_only=True):
    """What the panel shows.

    Attributes:
        held: What keeps the invoice from being drawn up; then there are no lines.
        more: Lines that are there and not shown.
        net, tax, total: Sums of all lines, and what must stand there.
        exact: The lines add up to the total, and the total is the gallery's, to the cent.
    """

    invoice: Invoice
    number: str = ""
    held: Hold | None = None
    lines: tuple[LineView, ...] = ()
    more: int = 0
    net: Decimal = _NOTHING
    tax: Decimal = _NOTHING
    total: Decimal = _NOTHING
    exact: bool = False
    notes: tuple[str, ...] = ()
    payments: tuple[PaymentView, ...] = ()


def view_drawn(found: Drawn, choices: Choices) -> DrawnView:
    """*found* for people (pure)."""
    payments = tuple(_payment(one.payment, one.drawn, choices) for one in found.payments)
    draft = found.drawn
    if isinstance(draft, Hold):
        return DrawnView(invoice=found.invoice, held=draft, payments=payments)
    net = sum((line.net for line in draft.lines), _NOTHING)
    tax = sum((line.tax for line in draft.lines), _NOTHING)
    total = draft.total if draft.total is not None else _NOTHING
    return DrawnView(
        invoice=found.invoice,
        number=draft.number,
        lines=tuple(_line(line, choices) for line in draft.lines[:MOST_LINES]),
        more=max(0, len(draft.lines) - MOST_LINES),
        net=net,
        tax=tax,
        total=total,
        exact=net + tax == total == found.invoice.total,
        notes=draft.notes,
        payments=payments,
    )


def _line(line: DraftLine, choices: Choices) -> LineView:
    account = find_account(Target(code=line.account), choices) if line.account else None
    rate = find_tax_rate(Target(code=line.tax_code), choices) if line.tax_code else None
    return LineView(
        line=line,
        account=name_account(account) if account else line.account or "",
        rate=name_rate(rate) if rate else line.tax_code or "",
    )


def _payment(payment: Payment, drawn: Draft | Hold, choices: Choices) -> PaymentView:
    if isinstance(drawn, Hold):
        return PaymentView(payment=payment, held=drawn)
    name = drawn.shown.get("account", "")
    account = next((one for one in choices.accounts if one.name == name), None)
    return PaymentView(payment=payment, account=name_account(account) if account else name)
