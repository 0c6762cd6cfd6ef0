"""The lines of each invoice, by its type and marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from hub.testing.year.arithmetic import money, rounded
from hub.testing.year.dice import Dice, shuffled
from hub.testing.year.plan import Slot
from hub.testing.year.values import Record
from hub.testing.year.works import Work

SPECIAL_PRICES = {"price_500": 500, "price_995": 995, "price_3800": 3800}  # GST has to be adjusted by a cent
YEN_PRICE = "105005"  # DOMAIN 3.4.4 example J


@dataclass(frozen=True, kw_only=True, slots=True)
class Stock:
    """What is for sale, in the order in which it is sold: no single work is sold twice."""

    seed: str
    works: Sequence[Work]
    editions: Sequence[Work]

    def work(self, slot: Slot) -> Work:
        """The main work of an invoice; a deposit is for the work of its final invoice."""
        number = _MAIN.get(slot.type, 0) + slot.index
        found = self.works[number]
        price = next((SPECIAL_PRICES[mark] for mark in slot.marks if mark in SPECIAL_PRICES), found.price)
        return replace(found, price=price)

    def more(self, slot: Slot) -> Sequence[Work]:
        """Further works of an invoice with several."""
        start = 400 + slot.index * 3
        return self.works[start : start + Dice(self.seed, "more", slot.name).between("works", 1, 3)]


_MAIN = {
    "single_bank": 0,
    "single_stripe": 120,
    "shipping": 190,
    "framing": 235,
    "several": 265,
    "instalments": 295,
    "deposit": 310,
    "final": 310,
    "export": 315,
    "foreign": 327,
    "void": 341,
    "zero": 347,
}


def stock(seed: str, works: Sequence[Work], editions: Sequence[Work]) -> Stock:
    """The stock in the order of sale."""
    order = [int(n) for n in shuffled(seed, "sale", [str(n) for n in range(len(works))])]
    return Stock(seed=seed, works=tuple(works[n] for n in order), editions=tuple(editions))


def lines_of(slot: Slot, shop: Stock) -> list[Record]:
    """The lines of one invoice (credit notes: see `credit_lines`), numbered from 1."""
    dice = Dice(shop.seed, "lines", slot.name)
    made = _main_lines(slot, shop, dice)
    if "line_discount" in slot.marks:
        made[0]["discount"] = line_discount(dice)
    if slot.mode == "no_tax":
        made = [{**line, "tax_code": None} for line in made]
        made[0]["ownership"] = "agent"  # the artist is not registered, the gallery sells in the artist's name
    return [{"id": str(number), **line} for number, line in enumerate(made, 1)]


def _main_lines(slot: Slot, shop: Stock, dice: Dice) -> list[Record]:  # noqa: PLR0911 - one case per invoice type
    match slot.type:
        case "edition":
            return _edition(slot, shop, dice)
        case "portal":
            fee = dice.choose("fee", ("5.00", "12.50", "25.00"))
            text = "Portal entry fee, works accepted"
            return [line("portal_fee", text, fee, quantity=str(dice.between("works", 1, 6)))]
        case "deposit":
            return [line("deposit", f"Deposit: {shop.work(slot).title}", money(deposit(slot, shop), 2), code=None)]
        case "final":
            paid = line("deposit", "Less deposit received", money(-deposit(slot, shop), 2), code=None)
            return [artwork(shop.work(slot)), paid]
        case "foreign":
            return [_foreign(slot, shop)]
        case "export":
            crate = line("shipping", "Crate and air freight", f"{dice.between('freight', 180, 1400)}.00", code="export")
            return [artwork(shop.work(slot), code="export"), crate]
        case "zero":
            given = artwork(shop.work(slot))
            return [{**given, "discount": {"percent": "100"}} if slot.index == 0 else given]
        case "several":
            return _several(slot, shop)
        case "shipping":
            return [artwork(shop.work(slot)), *_delivery(slot, shop.work(slot), dice)]
        case "framing":
            return [artwork(shop.work(slot)), *_framing(slot, dice)]
    return _single(slot, shop.work(slot))


def deposit(slot: Slot, shop: Stock) -> Decimal:
    """A quarter of the work's price, in whole units."""
    return Decimal(shop.work(slot).price // 4)


def line(kind: str, description: str, price: str, *, quantity: str = "1", code: str | None = "gst") -> Record:
    """A line without a discount that is no work of art."""
    return {
        "kind": kind,
        "description": description,
        "quantity": quantity,
        "unit_price": price,
        "tax_code": code,
        "artist": None,
        "category": None,
        "ownership": None,
    }


def artwork(work: Work, *, kind: str = "artwork", quantity: str = "1", code: str = "gst") -> Record:
    """A line for a work or an edition."""
    made = line(kind, work.title, f"{work.price}.00", quantity=quantity, code=code)
    return {**made, "artist": work.artist, "category": work.category, "ownership": work.ownership}


def line_discount(dice: Dice) -> Record:
    """10 % most of the time, sometimes an awkward percentage or an amount."""
    if dice.below("discount kind", 4) == 0:
        return {"amount": dice.choose("discount amount", ("25.00", "50.00", "49.95"))}
    return {"percent": dice.choose("discount percent", ("10", "10", "15", "20", "7.5", "33.3"))}


def invoice_discount(slot: Slot, dice: Dice) -> Record | None:
    """The invoice's own discount.

    In exclusive prices only round percentages of whole prices, so that every share is exact and no rule for ties
    can move the total.
    """
    if slot.name == "zero-1":
        return {"percent": "100"}
    if "invoice_discount" not in slot.marks:
        return None
    if slot.mode == "exclusive" or dice.below("invoice discount kind", 2):
        return {"percent": dice.choose("invoice discount percent", ("5", "10"))}
    return {"amount": dice.choose("invoice discount amount", ("100.00", "45.55", "20.00"))}


def credit_lines(slot: Slot, credited: Sequence[Record]) -> list[Record]:
    """The lines of a credit note: most give back the whole invoice, two take 10 % off the price of its work."""
    if slot.index < 4:
        return [{**one} for one in credited]
    price = money(Decimal(credited[0]["unit_price"]) / 10, 2)
    return [{**credited[0], "description": f"Price reduction: {credited[0]['description']}", "unit_price": price}]


def _edition(slot: Slot, shop: Stock, dice: Dice) -> list[Record]:
    if slot.index < 2 and "cash" not in slot.marks:
        cards = line("publication", "Postcards", "4.99", quantity=("250", "500")[slot.index])
        return [cards]
    chosen = dice.choose("edition", shop.editions)
    if slot.index in (2, 3):  # one of each ownership for certain
        chosen = shop.editions[slot.index - 2]
    made = [artwork(chosen, kind="edition", quantity=str(dice.between("quantity", 2, 12)))]
    if "cash" in slot.marks:  # none of these prices is a multiple of 0.05
        made.append(line("publication", "Catalogue", dice.choose("catalogue", ("19.98", "24.96", "14.99", "29.97"))))
    return made


def _foreign(slot: Slot, shop: Stock) -> Record:
    work = shop.work(slot)
    if slot.name == "foreign-12":
        return {**artwork(work), "unit_price": YEN_PRICE}
    price = f"{work.price}00" if slot.index > 12 else f"{work.price}.00"
    return {**artwork(work, code="export"), "unit_price": price}


def _single(slot: Slot, work: Work) -> list[Record]:
    if slot.type == "single_stripe" and slot.index % 10 == 9:  # an unregistered artist, in prices with tax
        return [artwork(work, code="gst-free")]
    if slot.type == "single_bank" and slot.index % 25 == 0:
        return [artwork(work), line("text", "Certificate of authenticity enclosed.", "0.00", code=None)]
    return [artwork(work)]


def _delivery(slot: Slot, work: Work, dice: Dice) -> list[Record]:
    made = [line("shipping", "Delivery", f"{dice.between('delivery', 35, 320)}.00")]
    if slot.index % 3 == 0:
        made.append(line("handling", "Packing", f"{dice.between('packing', 20, 90)}.00"))
    if slot.index % 3 == 1:
        cover = Decimal(work.price) * Decimal("0.0135")  # odd cents, except where an exact share matters
        places = 0 if "invoice_discount" in slot.marks else 2
        made.append(line("insurance", "Transit insurance", f"{rounded(cover, places):.2f}"))
    return made


def _framing(slot: Slot, dice: Dice) -> list[Record]:
    made = [line("framing", "Framing, Tasmanian oak", f"{dice.between('framing', 140, 980)}.00")]
    if slot.index % 5 == 0:
        made.append(line("installation", "Hanging, hours", "64.00", quantity="1.375"))
    return made


def _several(slot: Slot, shop: Stock) -> list[Record]:
    made = [artwork(shop.work(slot))]
    if "invoice_tax" in slot.marks:  # as DOMAIN 3.4.4 examples H and O; at 10 % three 25.04 differ
        prices = ("25.04", "25.04", "25.04") if slot.mode == "exclusive" else ("99.99", "99.99", "99.99")
        made += [line("publication", f"Monograph, volume {n}", price) for n, price in enumerate(prices, 1)]
        return made
    made += [artwork(work) for work in shop.more(slot)]
    extra = _EXTRAS.get(slot.index)
    if extra is None:
        return made
    kind, text, price, quantity = extra
    if kind == "levy":  # 5 % resale royalty on the work
        price = money(Decimal(made[0]["unit_price"]) / 20, 2)
    code = None if kind in ("levy", "donation", "voucher", "trade_in", "rounding") else "gst"
    return [*made, line(kind, text, price, quantity=quantity, code=code)]


_EXTRAS = {
    0: ("trade_in", "Part exchange: earlier print", "-150.00", "1"),
    1: ("trade_in", "Part exchange: small bronze", "-220.00", "1"),
    2: ("levy", "Artists' resale royalty 5 %", "", "1"),
    3: ("levy", "Artists' resale royalty 5 %", "", "1"),
    4: ("levy", "Artists' resale royalty 5 %", "", "1"),
    5: ("donation", "Regional museum appeal", "50.00", "1"),
    6: ("donation", "Regional museum appeal", "120.00", "1"),
    7: ("voucher", "Gift voucher", "100.00", "1"),
    8: ("voucher", "Gift voucher", "50.00", "2"),
    9: ("rounding", "Agreed price", "-0.50", "1"),
    10: ("publication", "Exhibition catalogue", "45.00", "3"),
    11: ("rental", "Plinth hire, weeks", "35.00", "2"),
    12: ("service", "Valuation", "180.00", "1"),
    13: ("other", "Gift wrapping", "12.00", "1"),
    14: ("text", "Sold during the autumn fair.", "0.00", "1"),
    15: ("artwork", "Frame returned", "-80.00", "1"),
}
