"""Gallery amounts -> tax-exclusive Xero lines whose total is the gallery's to the cent (DOMAIN 3.4.3, steps 6 to 10).

What Xero does: a line is round(quantity x unit), its tax is round(line x rate) unless TaxAmount says otherwise, both
to two decimals; the total is their sum (FACTS 4.8). Halves go away from zero, so a credit note mirrors its invoice.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Literal

import msgspec

from plugins.xero.fields import MOST_LINE_AMOUNT

Strategy = Literal["tax_adjust", "rounding_line", "strict"]

ZERO = Decimal(0)
ONE = Decimal(1)
CENT = Decimal("0.01")
UNIT_STEP = Decimal("0.0001")  # UnitAmount with unitdp=4, FACTS 3.4; Quantity, FACTS 4.1
_HALF_CENT = Decimal("0.005")
_PERCENT = Decimal("0.01")
_MOST_LINE = Decimal(MOST_LINE_AMOUNT)
_FALLBACK_SLACK = Decimal("0.05")
_EXACT = Context(prec=80, rounding=ROUND_HALF_UP)


class Worth(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the gallery, worked out: quantity, net and tax in the invoice's currency.

    `rate`: percent of the mapped Xero tax rate.
    """

    quantity: Decimal
    net: Decimal
    tax: Decimal
    rate: Decimal


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One line as it is sent.

    Attributes:
        quantity: Positive, at most four decimals.
        unit: Bears the sign, at most four decimals.
        tax: What Xero will say its tax is.
        override: The TaxAmount to send; None leaves it to Xero.
        collapsed: Quantity and unit are 1 x net, because the true ones do not multiply to it.
    """

    quantity: Decimal
    unit: Decimal
    tax: Decimal
    override: Decimal | None
    collapsed: bool


class Converted(msgspec.Struct, frozen=True, kw_only=True):
    """The lines, and the amount of the one rounding line (0: none is needed)."""

    pieces: tuple[Piece, ...]
    rounding: Decimal


class Impossible(msgspec.Struct, frozen=True, kw_only=True):
    """Not to be brought to the cent: a reason code, one sentence, and the line it is about (from 0), if one."""

    code: Literal["tax_mapping", "currency_precision", "total_mismatch", "too_large"]
    message: str
    line: int | None = None


def round_cents(value: Decimal) -> Decimal:
    """*value* with two decimals, halves away from zero."""
    return value.quantize(CENT, ROUND_HALF_UP, _EXACT)


def convert(worths: Sequence[Worth], *, difference: Decimal, strategy: Strategy, digits: int) -> Converted | Impossible:
    """Bring the gallery's lines into Xero's form.

    Args:
        worths: The lines with money, in their order.
        difference: The gallery's total less the sum of these lines, already judged as acceptable.
        strategy: ``tax_adjust`` sends the tax where Xero's own differs or is an exact half cent; ``rounding_line``
            never does and adds one rounding line; ``strict`` does not convert where it would have to adjust.
        digits: Decimals of the currency.
    """
    unit = max(Decimal(1).scaleb(-digits), CENT)
    pieces: list[Piece] = []
    shift = bound = ZERO
    for index, worth in enumerate(worths):
        if fault := _check_amounts(worth, index):
            return fault
        exact = _EXACT.multiply(_EXACT.multiply(worth.net, worth.rate), _PERCENT)
        own = exact.quantize(CENT, ROUND_HALF_UP, _EXACT)
        if abs(worth.tax - own) > 2 * unit:  # more than rounding: the wrong rate is mapped, or it was changed there
            return Impossible(
                code="tax_mapping",
                message=f"Xero would work out {own} tax where the gallery has {worth.tax}.",
                line=index,
            )
        override = None
        if strategy == "strict" and worth.tax != own:
            return Impossible(
                code="total_mismatch",
                message=f"Xero would work out {own} tax where the gallery has {worth.tax}.",
                line=index,
            )
        if strategy != "rounding_line" and (worth.tax != own or is_tie(exact, own)):
            override = worth.tax
        shift += worth.tax - (worth.tax if override is not None else own)
        if worth.rate:
            bound += most_shift(worth.rate, unit)
        quantity, price, collapsed = split_quantity(worth.quantity, worth.net)
        pieces.append(
            Piece(
                quantity=quantity,
                unit=price,
                tax=own if override is None else override,
                override=override,
                collapsed=collapsed,
            )
        )
    rounding = difference + shift
    if abs(shift) > bound:
        return Impossible(code="total_mismatch", message=f"The rounding line would have to be {rounding}.")
    if fault := _check_amounts(Worth(quantity=ONE, net=rounding, tax=ZERO, rate=ZERO), None):
        return fault
    return Converted(pieces=tuple(pieces), rounding=rounding)


def _check_amounts(worth: Worth, index: int | None) -> Impossible | None:
    for value in (worth.net, worth.tax):
        if abs(value) > _MOST_LINE:
            return Impossible(
                code="too_large", message=f"Xero takes lines up to {_MOST_LINE}, not {value}.", line=index
            )
        if value != round_cents(value):
            return Impossible(
                code="currency_precision", message=f"Xero holds two decimals, and {value} has more.", line=index
            )
    return None


def is_tie(exact: Decimal, rounded: Decimal) -> bool:
    """Whether *exact* lies on an exact half cent: Xero's rule for those is not certain (DOMAIN 3.4.2 c)."""
    return abs(exact - rounded) == _HALF_CENT


def most_shift(rate: Decimal, unit: Decimal) -> Decimal:
    """How far Xero's own tax of one line can be from the gallery's: half a minor unit of net and its tax, half a cent.

    Just above 0.01 at two decimals and 0.50 at none, the figures of DOMAIN 3.4.3 step 5, which leave the tax on the
    half unit out.
    """
    return unit / 2 * (1 + rate / 100) + _HALF_CENT


def split_quantity(quantity: Decimal, net: Decimal) -> tuple[Decimal, Decimal, bool]:
    """Quantity, unit amount, and whether they were collapsed to 1 x net because no four-decimal unit gives *net*."""
    count = abs(quantity)
    if count == ONE:
        return ONE, net, False
    if count and count == count.quantize(UNIT_STEP, ROUND_HALF_UP, _EXACT):
        unit = (net / count).quantize(UNIT_STEP, ROUND_HALF_UP, _EXACT)
        if round_cents(_EXACT.multiply(count, unit)) == net:
            return count, unit, False
    return ONE, net, True


def fallback_tolerance(rates: Sequence[Decimal], digits: int) -> Decimal:
    """How much a rounding line may make up for tax that Xero worked out itself; *rates*: those of the taxed lines."""
    unit = max(Decimal(1).scaleb(-digits), CENT)
    return sum((most_shift(rate, unit) for rate in rates), ZERO) + _FALLBACK_SLACK
