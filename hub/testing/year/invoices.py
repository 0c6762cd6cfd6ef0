"""The invoice records of the year: contact, dates, number, lines and the total that follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from hub.testing.year import words
from hub.testing.year.arithmetic import invoice_total, money, places_of, rounded
from hub.testing.year.dice import Dice
from hub.testing.year.lines import Stock, credit_lines, invoice_discount, line, lines_of
from hub.testing.year.people import country_of, special_ids
from hub.testing.year.plan import CURRENCIES, Calendar, Slot, by_mark
from hub.testing.year.values import Record

RATES = {"gst": Decimal(10), "gst-free": Decimal(0), "export": Decimal(0)}
FIRST_NUMBER = 1001
CASH_STEP = Decimal("0.05")
ZONES = {"USD": ("US",), "EUR": words.EU, "GBP": ("GB",), "JPY": ("JP",)}
CHANNELS = {"single_bank": ("gallery", "gallery", "fair"), "single_stripe": ("website", "private_room")}


@dataclass(frozen=True, kw_only=True, slots=True)
class Buyers:
    """Who may buy: contacts by country, and those with a problem, who buy once."""

    special: Mapping[str, str]
    by_country: Mapping[str, Sequence[str]]
    artists: Sequence[str]

    def among(self, dice: Dice, countries: Sequence[str]) -> str:
        """A buyer from one of *countries*."""
        return dice.choose("buyer", [buyer for country in countries for buyer in self.by_country.get(country, ())])


def buyers(contacts: Sequence[Record]) -> Buyers:
    """The buyers among *contacts*."""
    special = special_ids(list(contacts))
    by_country: dict[str, list[str]] = {}
    for contact in contacts:
        if contact["id"].startswith("c-") and contact["id"] not in special.values():
            by_country.setdefault(country_of(contact), []).append(contact["id"])
    artists = [contact["id"] for contact in contacts if contact["id"].startswith("artist-")]
    return Buyers(special=special, by_country=by_country, artists=artists)


def invoices(slots: Sequence[Slot], shop: Stock, who: Buyers, year: Calendar) -> dict[str, Record]:
    """The invoice of each slot by the slot's name, in order of issue."""
    made: dict[str, Record] = {}
    credited = by_mark(slots, "credited")
    numbers = iter(range(FIRST_NUMBER, FIRST_NUMBER + len(slots)))
    for slot in slots:
        if slot.type == "credit":
            made[slot.name] = _credit_note(slot, made[credited[slot.index].name])
        else:
            buyer = _buyer(slot, who, Dice(shop.seed, "buyer", _deal(slot)))
            made[slot.name] = _invoice(slot, shop, buyer, _number(slot, next(numbers)), year)
    return made


def edited(slot: Slot, invoice: Record) -> Record:
    """The second version of an invoice that was paid: a higher price, or the frame that was forgotten."""
    lines = [{**one} for one in invoice["lines"]]
    if "edited_price" in slot.marks:
        lines[0]["unit_price"] = money(Decimal(lines[0]["unit_price"]) + 100, 2)
    else:
        frame = line("framing", "Framing, forgotten at first", "180.00")
        lines.append({"id": str(len(lines) + 1), **frame})
    return _totalled({**invoice, "lines": lines})


def _deal(slot: Slot) -> str:
    return f"final-{slot.index}" if slot.type == "deposit" else slot.name  # one buyer for both


def _buyer(slot: Slot, who: Buyers, dice: Dice) -> str:
    mark = next((mark for mark in slot.marks if mark in who.special), None)
    if mark:
        return who.special[mark]
    if slot.type == "portal":
        return who.artists[slot.index]
    if slot.type == "foreign":
        return who.among(dice, ZONES[CURRENCIES[slot.index]])
    if slot.type == "export":
        return who.among(dice, sorted(set(who.by_country) - {"AU"}))
    return who.among(dice, ["AU"] if dice.below("visitor", 5) else sorted(who.by_country))


def _number(slot: Slot, number: int) -> str:
    """Plain counting; once somebody typed the prefix, once a leading zero."""
    return {40: f"AG-{number}", 60: f"0{number}"}.get(slot.position, str(number))


def _invoice(slot: Slot, shop: Stock, buyer: str, number: str, year: Calendar) -> Record:
    dice = Dice(shop.seed, "invoice", slot.name)
    due = _due_on(slot, year)
    lines = lines_of(slot, shop)
    channel = "portal" if slot.type == "portal" else dice.choose("channel", CHANNELS.get(slot.type, ("gallery",)))
    return _totalled(
        {
            "type": "invoice",
            "id": f"i-{number.removeprefix('AG-')}",
            "number": number,
            "kind": "invoice",
            "applies_to": None,
            "status": _status(slot),
            "contact_id": buyer,
            "issued_on": slot.issued_on.isoformat(),
            "due_on": due.isoformat() if due else None,
            "currency": CURRENCIES[slot.index] if slot.type == "foreign" else "AUD",
            "exchange_rate": None,
            "price_mode": slot.mode,
            "tax_rounding": "invoice" if "invoice_tax" in slot.marks else "line",
            "lines": lines,
            "discount": invoice_discount(slot, dice),
            "reference": f"PO {dice.between('order', 1000, 9999)}" if dice.below("has order", 4) == 0 else "",
            "notes": "Loves the blue ones." if dice.below("has note", 9) == 0 else "",
            "url": f"https://gallery.example.com/invoices/{number}" if dice.below("has url", 2) else None,
            "channel": channel,
            "event": f"Harbour Art Fair {slot.issued_on.year}" if channel == "fair" else None,
            "tags": ["collector"] if dice.below("tagged", 6) == 0 else [],
            "salesperson": dice.choose("salesperson", words.STAFF) if dice.below("sold by", 3) else None,
            "excluded": "excluded" in slot.marks,
        },
        cash="cash" in slot.marks,
    )


def _totalled(invoice: Record, *, cash: bool = False) -> Record:
    places = places_of(invoice["currency"])
    total = invoice_total(
        invoice["lines"],
        RATES,
        mode=invoice["price_mode"],
        places=places,
        discount=invoice["discount"],
        tax_rounding=invoice["tax_rounding"],
    )
    if cash:
        total = rounded(total / CASH_STEP, 0) * CASH_STEP
    return {**invoice, "total": money(total, places)}


def _status(slot: Slot) -> str:
    if slot.type == "void" and "void_later" not in slot.marks:
        return "void"
    return "draft" if "draft" in slot.marks else "issued"


def _due_on(slot: Slot, year: Calendar) -> date | None:
    """At once where people pay at once, else 30 days; late enough where the invoice is open but not overdue."""
    if slot.marks & {"draft", "pending", "failed", "not_due"}:
        choices = [slot.issued_on + timedelta(days) for days in (30, 45, 60, 90, 120)]
        return next(day for day in choices if day >= year.last_day)
    if slot.type in ("single_stripe", "edition", "portal") and "overdue" not in slot.marks:
        return slot.issued_on
    if slot.type == "shipping" and slot.index % 15 == 7 and "overdue" not in slot.marks:
        return None  # the gallery's default counts
    return slot.issued_on + timedelta(30)


def _credit_note(slot: Slot, target: Record) -> Record:
    """A credit note for *target*, which has no discounts of its own and inclusive prices."""
    return _totalled(
        {
            **target,
            "id": f"cn-{slot.index + 1:04d}",
            "number": f"C{slot.index + 1:04d}",
            "kind": "credit_note",
            "applies_to": target["id"],
            "issued_on": slot.issued_on.isoformat(),
            "due_on": None,
            "lines": credit_lines(slot, target["lines"]),
            "reference": f"Credit for {target['number']}",
        }
    )
