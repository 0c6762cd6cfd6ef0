"""The payments the gallery recorded for each invoice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from hub.testing.year.arithmetic import money, places_of, rounded
from hub.testing.year.dice import Dice
from hub.testing.year.plan import Calendar, Slot
from hub.testing.year.values import Record

UNPAID = {"draft", "not_due", "overdue", "remote_paid"}
METHODS = {  # the methods of a type are used in turn
    "single_bank": ("bank_transfer",),
    "single_stripe": ("stripe",),
    "shipping": ("bank_transfer", "card_terminal", "bank_transfer", "paypal"),
    "framing": ("card_terminal", "bank_transfer"),
    "several": ("bank_transfer", "card_terminal", "paypal"),
    "edition": ("card_terminal", "stripe", "other"),
    "instalments": ("bank_transfer",),
    "deposit": ("bank_transfer",),
    "final": ("bank_transfer",),
    "portal": ("stripe",),
    "export": ("bank_transfer", "paypal"),
}
PART_BY = ("voucher", "voucher", "credit", "credit")  # what the first four final invoices are paid with in part
FEES = {"stripe": (Decimal("0.0175"), Decimal("0.30")), "paypal": (Decimal("0.026"), Decimal("0.30"))}
EUR_RATE = Decimal("1.6625")  # AUD for one euro, invented


def payments_of(slot: Slot, invoice: Record, year: Calendar, seed: str) -> list[Record]:
    """Every payment of one invoice, by date; the refund of a credit note is among them."""
    total = Decimal(invoice["total"])
    if total == 0 or slot.type == "void" or slot.marks & UNPAID:
        return []
    dice = Dice(seed, "payments", slot.name)
    parts = _parts(slot, total, invoice["currency"])
    made = []
    for number, (method, amount) in enumerate(parts, 1):
        paid_on = _paid_on(slot, number, dice, year)
        made.append(_payment(slot, invoice, number=number, method=method, amount=amount, paid_on=paid_on))
    return made


def _parts(slot: Slot, total: Decimal, currency: str) -> Sequence[tuple[str, Decimal]]:
    method = _method(slot, currency)
    third = (total / 3).quantize(Decimal(1))
    match slot.type:
        case "credit":
            return [(method, total)] if slot.index % 2 == 0 else []
        case "instalments":
            parts = [(method, third), (method, third), (method, total - 2 * third)]
            return parts[:2] if "part_paid" in slot.marks else parts
        case "final" if slot.index < len(PART_BY):
            return [(PART_BY[slot.index], Decimal(50)), (method, total - 50)]
    if "part_paid" in slot.marks:
        return [(method, (total * 2 / 5).quantize(Decimal(1)))]
    if "exceeds" in slot.marks:
        return [(method, total), (method, Decimal(25))]
    return [(method, total)]


def _method(slot: Slot, currency: str) -> str:
    if "unmapped_method" in slot.marks:
        return "cheque"
    if "cash" in slot.marks:
        return "cash"
    if slot.type == "foreign":
        return "stripe" if currency in ("EUR", "GBP") else "bank_transfer"
    options = METHODS.get(slot.type, ("bank_transfer",))
    return options[slot.index % len(options)]


def _paid_on(slot: Slot, number: int, dice: Dice, year: Calendar) -> date:
    if "exceeds" in slot.marks:  # by date: the whole, and then what does not fit any more
        days = (5, 12)[number - 1]
    elif slot.type == "instalments":  # the first is a deposit paid before the invoice is written
        days = (-3, 14, 40)[number - 1]
    elif _method(slot, "AUD") in ("bank_transfer", "cheque"):
        days = dice.between(f"days {number}", 1, 24)
    else:
        days = 0
    day = min(slot.issued_on + timedelta(days), year.last_day)
    open_since = year.locked_on + timedelta(1)  # what is paid earlier could not be entered
    return max(day, open_since) if slot.issued_on >= open_since else day


def _payment(slot: Slot, invoice: Record, *, number: int, method: str, amount: Decimal, paid_on: date) -> Record:
    currency = invoice["currency"]
    places = places_of(currency)
    share, fixed = FEES.get(method, (Decimal(0), Decimal(0)))
    fee = {"amount": money(amount * share + fixed, places), "currency": currency} if method in FEES else None
    status = next((mark for mark in ("pending", "failed") if mark in slot.marks), "recorded")
    return {
        "type": "payment",
        "id": f"p-{invoice['id'].removeprefix('i-')}-{number}",
        "invoice_id": invoice["id"],
        "kind": "refund" if slot.type == "credit" else "payment",
        "paid_on": paid_on.isoformat(),
        "amount": money(amount, places),
        "currency": currency,
        "method": method,
        "processor_account": "stripe-main" if method == "stripe" else None,
        "settled": _settled(amount) if currency == "EUR" else None,
        "fee": fee,
        "reference": f"ref {invoice['number']}" if method == "bank_transfer" else "",
        "status": status,
    }


def _settled(amount: Decimal) -> Record:
    return {"amount": money(rounded(amount * EUR_RATE, 2), 2), "currency": "AUD", "rate": str(EUR_RATE)}
