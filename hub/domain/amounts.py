"""The gallery's own arithmetic of an invoice: line bases, discounts, tax, and what its stated total differs by.

DOMAIN 3.4.3, steps 1 to 5. Exact decimals throughout; halves are rounded away from zero, so that a credit note is the
mirror of its invoice. Nothing here knows how a remote side computes: that is a plugin's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Literal

import msgspec
from babel.numbers import list_currencies

from hub.domain.records import Discount, Invoice, Line, PriceMode, TaxRounding

ZERO = Decimal(0)
HUNDRED = Decimal(100)
# Products of the widest allowed inputs stay exact in it; ROUND_HALF_UP of `decimal` is half away from zero.
_EXACT = Context(prec=80, rounding=ROUND_HALF_UP)
_WIDEST = Decimal(10) ** 15
_MOST_DECIMALS = 20
SOURCE_TOLERANCE = Decimal("0.05")

# ISO 4217 minor units other than 2, list one of 2026. CLDR (babel) is no help here: it gives the decimals that are
# *shown*, such as 0 for RSD, where ISO has 2.
_MINOR_DIGITS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}
_NO_MONEY = frozenset(
    ["XAG", "XAU", "XBA", "XBB", "XBC", "XBD", "XDR", "XPD", "XPT", "XSU", "XTS", "XUA", "XXX"]
)  # metals, units, tests
_CURRENCIES = frozenset(list_currencies()) - _NO_MONEY


def is_currency(code: str) -> bool:
    """Whether *code* is an ISO 4217 code of money, past or present (``XBT`` and ``XAU`` are not)."""
    return code in _CURRENCIES


def minor_digits(currency: str) -> int:
    """Decimals of amounts in *currency* by ISO 4217: 2 for AUD, 0 for JPY, 3 for KWD."""
    return _MINOR_DIGITS.get(currency, 2)


def minor_unit(digits: int) -> Decimal:
    """The smallest amount of a currency with so many decimals: ``Decimal("0.01")`` for 2."""
    return Decimal(1).scaleb(-digits)


def round_money(value: Decimal, unit: Decimal) -> Decimal:
    """*value* in whole *unit*s (``Decimal("0.01")``), halves away from zero."""
    return value.quantize(unit, ROUND_HALF_UP, _EXACT)


def is_precise(value: Decimal, digits: int) -> bool:
    """Whether *value* has no more decimals than *digits*; trailing zeros do not count."""
    return value == round_money(value, minor_unit(digits))


class LineAmounts(msgspec.Struct, frozen=True, kw_only=True):
    """What one line is worth in the gallery, in the invoice's currency and to its minor unit.

    `discount` is the line's share of the invoice's own discount, in the terms of the price mode; `net` and `tax` are
    after it. Signs follow the line.
    """

    discount: Decimal
    net: Decimal
    tax: Decimal


class Amounts(msgspec.Struct, frozen=True, kw_only=True):
    """What the lines of an invoice add up to in the gallery.

    Attributes:
        lines: One for each line of the invoice, in its order.
        difference: The stated total less the sum of all nets and taxes: what the lines do not explain.
    """

    lines: tuple[LineAmounts, ...]
    difference: Decimal


class AmountsFault(msgspec.Struct, frozen=True, kw_only=True):
    """The amounts cannot be worked out: a reason code of the hub and one sentence for people."""

    code: Literal["discount", "currency_precision", "too_large", "total_mismatch"]
    message: str


def compute_amounts(
    invoice: Invoice, rates: Sequence[Decimal], *, tax_rounding: TaxRounding = "line"
) -> Amounts | AmountsFault:
    """Work out net and tax of every line as the gallery does.

    Args:
        invoice: With `price_mode`, lines, discounts and the stated total.
        rates: Percent per line, in the order of the lines (10 % is ``Decimal(10)``); ignored for ``no_tax``.
        tax_rounding: Whether tax is rounded per line, or once per rate and given back to the lines.
    """
    if fault := _check_sizes(invoice, rates):
        return fault
    digits = minor_digits(invoice.currency)
    if fault := _check_precision(invoice, digits):
        return fault
    with localcontext(_EXACT):
        unit = minor_unit(digits)
        bases: list[Decimal] = []
        for position, line in enumerate(invoice.lines, start=1):
            base = _line_base(line, unit)
            if base is None:
                return AmountsFault(
                    code="discount", message=f"The discount of line {position} is larger than the line."
                )
            bases.append(base)
        discount = _invoice_discount(invoice.discount, bases, unit)
        parts = allocate(discount, bases, unit)
        if parts is None:
            return AmountsFault(code="discount", message="The invoice's discount is larger than its lines.")
        bases = [base - part for base, part in zip(bases, parts, strict=True)]
        split = split_tax(bases, rates, invoice.price_mode, unit, tax_rounding)
        if split is None:
            return AmountsFault(code="total_mismatch", message="The tax of the invoice cannot be given to its lines.")
        nets, taxes = split
        return Amounts(
            lines=tuple(
                LineAmounts(discount=part, net=net, tax=tax) for part, net, tax in zip(parts, nets, taxes, strict=True)
            ),
            difference=invoice.total - sum(nets, ZERO) - sum(taxes, ZERO),
        )


def _check_sizes(invoice: Invoice, rates: Sequence[Decimal]) -> AmountsFault | None:
    values = [invoice.total, *rates, *_discount_values(invoice.discount)]
    for line in invoice.lines:
        values += [line.quantity, line.unit_price, *_discount_values(line.discount)]
    for value in values:
        exponent = value.as_tuple().exponent
        if not isinstance(exponent, int) or exponent < -_MOST_DECIMALS or value.adjusted() >= _WIDEST.adjusted():
            return AmountsFault(code="too_large", message=f"{value} has more digits than an amount can have.")
    if any(rate < 0 for rate in rates):
        return AmountsFault(code="total_mismatch", message="A tax rate is negative.")
    return None


def _discount_values(discount: Discount | None) -> tuple[Decimal, ...]:
    if discount is None:
        return ()
    return tuple(value for value in (discount.percent, discount.amount) if value is not None)


def _check_precision(invoice: Invoice, digits: int) -> AmountsFault | None:
    """Unit prices may be finer than the currency (0.004 a gram); stated amounts may not."""
    stated = [("total", invoice.total)]
    if invoice.discount and invoice.discount.amount is not None:
        stated.append(("discount", invoice.discount.amount))
    for name, value in stated:
        if not is_precise(value, digits):
            return AmountsFault(
                code="currency_precision",
                message=f"The {name} {value} has more decimals than {invoice.currency} has ({digits}).",
            )
    return None


def _line_base(line: Line, unit: Decimal) -> Decimal | None:
    """Quantity x price less the line's discount, rounded once; None when the discount turns its sign."""
    if line.kind == "text":
        return ZERO
    whole = line.quantity * line.unit_price
    base = whole
    if line.discount and line.discount.percent is not None:
        base = whole * (HUNDRED - line.discount.percent) / HUNDRED
    elif line.discount and line.discount.amount is not None:
        base = whole - line.discount.amount
    base = round_money(base, unit)
    if line.discount and (base < 0 < whole or whole < 0 < base or (whole == 0 and base != 0)):
        return None
    return base


def _invoice_discount(discount: Discount | None, bases: Sequence[Decimal], unit: Decimal) -> Decimal:
    if discount is None:
        return ZERO
    if discount.percent is not None:
        return round_money(sum(bases, ZERO) * discount.percent / HUNDRED, unit)
    return discount.amount or ZERO


def allocate(amount: Decimal, bases: Sequence[Decimal], unit: Decimal) -> list[Decimal] | None:
    """Parts of *amount* for the positive *bases*, in proportion to them, that add up to it exactly.

    Largest remainder, ties by position; other bases get nothing. None when *amount* is more than they hold together.
    """
    if not amount:
        return [ZERO] * len(bases)
    whole = sum((base for base in bases if base > 0), ZERO)
    if abs(amount) > whole:
        return None
    exact = [amount * base / whole if base > 0 else ZERO for base in bases]
    parts = [round_money(share, unit) for share in exact]
    left = int((amount - sum(parts, ZERO)) / unit)
    step = unit if left > 0 else -unit
    side = 1 if left > 0 else -1
    order = sorted((i for i, base in enumerate(bases) if base > 0), key=lambda i: ((parts[i] - exact[i]) * side, i))
    for i in order[: abs(left)]:
        parts[i] += step
    return parts


def split_tax(
    bases: Sequence[Decimal], rates: Sequence[Decimal], mode: PriceMode, unit: Decimal, tax_rounding: TaxRounding
) -> tuple[list[Decimal], list[Decimal]] | None:
    """Nets and taxes of *bases*, which are in the terms of *mode*.

    Inclusive: net and tax of a line add up to its base exactly. None when a tax per invoice cannot be given to its
    lines (more units than lines; no real rate does that).
    """
    if mode == "no_tax":
        return list(bases), [ZERO] * len(bases)
    if mode == "inclusive":
        nets = [round_money(base * HUNDRED / (HUNDRED + rate), unit) for base, rate in zip(bases, rates, strict=True)]
        taxes = [base - net for base, net in zip(bases, nets, strict=True)]
    else:
        nets = list(bases)
        taxes = [round_money(base * rate / HUNDRED, unit) for base, rate in zip(bases, rates, strict=True)]
    if tax_rounding == "invoice":
        for rate in {rate: None for rate in rates if rate}:
            places = [i for i, other in enumerate(rates) if other == rate]
            if not _spread_tax(nets, taxes, bases, places, rate, inclusive=mode == "inclusive", unit=unit):
                return None
    return nets, taxes


def _spread_tax(
    nets: list[Decimal],
    taxes: list[Decimal],
    bases: Sequence[Decimal],
    places: Sequence[int],
    rate: Decimal,
    *,
    inclusive: bool,
    unit: Decimal,
) -> bool:
    """Give the difference to the one tax figure of *rate* out to its lines, a unit each, largest lines first."""
    whole = sum((bases[i] for i in places), ZERO)
    if inclusive:
        tax = whole - round_money(whole * HUNDRED / (HUNDRED + rate), unit)
    else:
        tax = round_money(whole * rate / HUNDRED, unit)
    left = int((tax - sum((taxes[i] for i in places), ZERO)) / unit)
    if abs(left) > len(places):
        return False
    step = unit if left > 0 else -unit
    for i in sorted(places, key=lambda i: (-abs(bases[i]), i))[: abs(left)]:
        taxes[i] += step
        if inclusive:
            nets[i] -= step
    return True


def judge_difference(
    difference: Decimal, total: Decimal, cash_rounding: Decimal | None
) -> Literal["none", "cash", "small", "mismatch"]:
    """What the difference between the stated total and its lines is (DOMAIN 3.4.3, step 5).

    Args:
        difference: As in `Amounts`.
        total: The stated total.
        cash_rounding: The gallery's step for cash totals, such as ``0.05``.

    Returns:
        ``cash``: the total is the sum rounded to the step; ``small``: at most 0.05, taken with a note;
        ``mismatch``: the total does not come from these lines.
    """
    if not difference:
        return "none"
    if cash_rounding and cash_rounding > 0:
        lines = total - difference
        steps = (lines / cash_rounding).quantize(Decimal(1), ROUND_HALF_UP, _EXACT)
        # Exactly between two steps a till may go either way; further than half a step it is no cash rounding.
        if total % cash_rounding == 0 and (steps * cash_rounding == total or abs(difference) * 2 <= cash_rounding):
            return "cash"
    return "small" if abs(difference) <= SOURCE_TOLERANCE else "mismatch"
