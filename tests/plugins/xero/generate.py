"""Random invoices with the total that a gallery would print, by the arithmetic of DOMAIN's Appendix A, naively."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from hub import Discount, Invoice, Line

D = Decimal
ZERO = D(0)
CODES = ("gst", "vat", "nz", "qc", "nyc", "fr", "zero", None)
RATES = {"gst": D(10), "vat": D(20), "nz": D(15), "qc": D("14.975"), "nyc": D("8.875"), "fr": D("5.5"), "zero": ZERO}
KINDS: tuple[Any, ...] = ("artwork", "framing", "shipping", "edition", "portal_fee")
DAY = date(2026, 3, 4)


class Made(NamedTuple):
    """An invoice, and the parts its total was made of."""

    invoice: Invoice
    nets: list[Decimal]
    taxes: list[Decimal]


def rnd(value: Decimal, unit: Decimal) -> Decimal:
    """Half away from zero."""
    return value.quantize(unit, rounding=ROUND_HALF_UP)


def allocate(total: Decimal, weights: list[Decimal], unit: Decimal) -> list[Decimal]:
    """Largest remainder over the positive weights."""
    positive = [max(weight, ZERO) for weight in weights]
    whole = sum(positive, ZERO)
    exact = [total * weight / whole for weight in positive]
    out = [rnd(one, unit) for one in exact]
    left = int((total - sum(out, ZERO)) / unit)
    step = unit if left > 0 else -unit
    side = 1 if left > 0 else -1
    order = sorted((i for i, w in enumerate(positive) if w), key=lambda i: ((out[i] - exact[i]) * side, i))
    for i in order[: abs(left)]:
        out[i] += step
    return out


def amounts(
    lines: tuple[Line, ...], *, mode: str, unit: Decimal, discount: Discount | None, per_invoice: bool
) -> tuple[list[Decimal], list[Decimal]]:
    """Nets and taxes as in Appendix A."""
    rates = [RATES[line.tax_code] / 100 if line.tax_code and mode != "no_tax" else ZERO for line in lines]
    base = []
    for line in lines:
        percent = line.discount.percent if line.discount and line.discount.percent is not None else ZERO
        fixed = line.discount.amount if line.discount and line.discount.amount is not None else ZERO
        base.append(rnd(line.quantity * line.unit_price * (1 - percent / 100) - fixed, unit))
    if discount is not None:
        off = discount.amount if discount.amount is not None else rnd(sum(base, ZERO) * discount.percent / 100, unit)
        base = [one - part for one, part in zip(base, allocate(off, base, unit), strict=True)]
    if mode == "no_tax":
        return base, [ZERO] * len(base)
    if mode == "inclusive":
        nets = [rnd(one / (1 + rate), unit) for one, rate in zip(base, rates, strict=True)]
        taxes = [one - net for one, net in zip(base, nets, strict=True)]
    else:
        nets, taxes = list(base), [rnd(one * rate, unit) for one, rate in zip(base, rates, strict=True)]
    if per_invoice:
        for rate in {one: None for one in rates if one}:
            places = [i for i, one in enumerate(rates) if one == rate]
            whole = sum((base[i] for i in places), ZERO)
            tax = whole - rnd(whole / (1 + rate), unit) if mode == "inclusive" else rnd(whole * rate, unit)
            left = int((tax - sum((taxes[i] for i in places), ZERO)) / unit)
            step = unit if left > 0 else -unit
            for i in sorted(places, key=lambda i: (-abs(base[i]), i))[: abs(left)]:
                taxes[i] += step
                if mode == "inclusive":
                    nets[i] -= step
    return nets, taxes


def generate(seed: int, count: int) -> Iterator[Made]:
    """*count* invoices of a total >= 0, the same ones for the same seed."""
    dice = random.Random(seed)
    made = 0
    while made < count:
        currency, unit = (
            ("JPY", D(1)) if dice.random() < 0.2 else (dice.choice(("AUD", "GBP", "CAD", "USD")), D("0.01"))
        )
        mode = dice.choices(("inclusive", "exclusive", "no_tax"), (6, 3, 1))[0]
        per_invoice = dice.random() < 0.3
        lines = tuple(_line(dice, index, unit) for index in range(1, dice.choice((1, 1, 2, 2, 3, 4, 8)) + 1))
        whole = sum((max(line.quantity * line.unit_price, ZERO) for line in lines if not line.discount), ZERO)
        discount = _invoice_discount(dice, whole, unit)
        nets, taxes = amounts(lines, mode=mode, unit=unit, discount=discount, per_invoice=per_invoice)
        total = sum(nets, ZERO) + sum(taxes, ZERO)
        if total < 0 or any(abs(net) > 10**9 for net in nets):  # beyond what Xero takes in one line
            continue
        made += 1
        yield Made(
            Invoice(
                id=f"i-{made}",
                number=str(made),
                contact_id="c-7",
                currency=currency,
                price_mode=mode,  # type: ignore[arg-type] # one of the three above
                tax_rounding="invoice" if per_invoice else "line",
                issued_on=DAY,
                due_on=DAY,
                discount=discount,
                lines=lines,
                total=total,
            ),
            nets,
            taxes,
        )


def _line(dice: random.Random, index: int, unit: Decimal) -> Line:
    price = D(dice.choice((dice.randint(1, 9), dice.randint(1, 9_999), dice.randint(1, 4_800_000)))) * unit
    quantity = D(1)
    luck = dice.random()
    if luck < 0.1:
        quantity = D(dice.randint(2, 600))
    elif luck < 0.15:
        quantity = D(dice.randint(1, 99_999)).scaleb(-dice.randint(1, 5))
    elif luck < 0.18:
        quantity = D(-dice.randint(1, 3))
    elif luck < 0.2:
        price = price / 1000
    discount = None
    if dice.random() < 0.15:
        discount = Discount(percent=D(dice.choice(("10", "15", "33.3", "5", "100", "12.5"))))
    elif quantity > 0 and dice.random() < 0.05:
        discount = Discount(amount=rnd(quantity * price / 3, unit))
    return Line(
        id=str(index),
        kind=dice.choice(KINDS),
        description="Study",
        quantity=quantity,
        unit_price=price,
        tax_code=dice.choice(CODES),
        discount=discount,
    )


def _invoice_discount(dice: random.Random, whole: Decimal, unit: Decimal) -> Discount | None:
    luck = dice.random()
    if whole <= unit * 10 or luck > 0.2:
        return None
    if luck < 0.1:
        return Discount(amount=rnd(whole / dice.randint(2, 40), unit))
    return Discount(percent=D(dice.choice(("5", "10", "12.5", "3.33"))))
