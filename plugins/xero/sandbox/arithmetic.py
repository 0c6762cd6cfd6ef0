"""Xero's arithmetic of documents: per line, rounded, then summed. FACTS 4.8.

An independent implementation: it shares no line with the plugin that it is there to check.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

_CENT = Decimal("0.01")
_ZERO = Decimal("0.00")
_HUNDRED = Decimal(100)
_ONE = Decimal(1)
_QUANTITY_STEP = Decimal("0.0001")
_TIES = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN}
_UNIT_STEPS = {2: Decimal("0.01"), 4: Decimal("0.0001")}


class LineTotal(NamedTuple):
    """One line worked out: unit at its decimals, amount and tax with two; *own_tax* ignores an override."""

    unit: Decimal
    quantity: Decimal
    amount: Decimal
    tax: Decimal
    own_tax: Decimal
    discount: Decimal


class Totals(NamedTuple):
    """A document worked out, all amounts with two decimals."""

    sub_total: Decimal
    total_tax: Decimal
    total: Decimal
    total_discount: Decimal
    lines: tuple[LineTotal, ...]


def number(value: object) -> Decimal:
    """A wire number as Decimal. Raises TypeError for a float: money never passes through one."""
    if type(value) is Decimal:
        return value
    if isinstance(value, bool | float):
        raise TypeError(f"not an exact number: {value!r}")
    if isinstance(value, int | str | Decimal):
        return Decimal(value)
    raise TypeError(f"not a number: {value!r}")


def line_total(
    line: Mapping[str, Any],
    *,
    rate: Decimal,
    line_amount_types: str,
    unit_step: Decimal,
    rounding: str,
    honour: bool,
) -> LineTotal:
    """Work out one wire line; *rate* is the tax rate in percent.

    A line of text alone (no quantity, unit or amount) is worth nothing. When just one of quantity and unit is
    missing, a given LineAmount supplies it.
    """
    raw_quantity, raw_unit = line.get("Quantity"), line.get("UnitAmount")
    given = line.get("LineAmount")
    if raw_unit is None and raw_quantity is None and given is None:
        return LineTotal(_ZERO, Decimal("0.0000"), _ZERO, _ZERO, _ZERO, _ZERO)
    quantity = _ONE if raw_quantity is None else number(raw_quantity)
    quantity = quantity.quantize(_QUANTITY_STEP, ROUND_HALF_UP)
    if raw_unit is not None:
        unit = number(raw_unit)
    elif given is not None and quantity:
        unit = number(given) / quantity
    else:
        unit = _ZERO
    # FACTS 3.4 [O]: without unitdp=4 the unit is rounded to 2 decimals *before* it is multiplied.
    unit = unit.quantize(unit_step, ROUND_HALF_UP)
    whole = quantity * unit
    amount = whole.quantize(_CENT, ROUND_HALF_UP)
    if (percent := line.get("DiscountRate")) is not None:
        discounted = (whole * (_HUNDRED - number(percent)) / _HUNDRED).quantize(_CENT, ROUND_HALF_UP)
        discount, amount = amount - discounted, discounted
    elif (off := line.get("DiscountAmount")) is not None:
        discount = number(off).quantize(_CENT, ROUND_HALF_UP)
        amount -= discount
    else:
        discount = _ZERO
    # FACTS 4.8 [O]: tax is worked out per line, rounded to 2 decimals, then summed.
    if line_amount_types == "Exclusive":
        tax = (amount * rate / _HUNDRED).quantize(_CENT, rounding)
    elif line_amount_types == "Inclusive":
        tax = (amount * rate / (_HUNDRED + rate)).quantize(_CENT, rounding)
    else:
        return LineTotal(unit, quantity, amount, _ZERO, _ZERO, discount)
    override = line.get("TaxAmount") if honour else None
    if override is None:
        return LineTotal(unit, quantity, amount, tax, tax, discount)
    return LineTotal(unit, quantity, amount, number(override).quantize(_CENT, ROUND_HALF_UP), tax, discount)


def total(
    *,
    lines: Iterable[Mapping[str, Any]],
    line_amount_types: str = "Exclusive",
    rates: Mapping[str, Decimal],
    unitdp: int = 4,
    honour_tax_overrides: bool = True,
    tie: str = "half_up",
    override_inclusive: bool = False,
) -> Totals:
    """What Xero makes of *lines*.

    Args:
        lines: Lines as on the wire; numbers are Decimal, int or decimal strings, never float.
        line_amount_types: ``Exclusive``, ``Inclusive`` or ``NoTax``.
        rates: EffectiveRate in percent by TaxType; a line without a TaxType is untaxed.
        unitdp: Decimals of UnitAmount, 2 or 4.
        honour_tax_overrides: Whether a sent TaxAmount replaces Xero's own.
        tie: ``half_up`` (away from zero) or ``half_even``, for tax alone.
        override_inclusive: Whether overrides count on tax-inclusive documents too.

    Raises:
        KeyError: A TaxType without a rate. TypeError: a float, or no number.
    """
    rounding, step = _TIES[tie], _UNIT_STEPS[unitdp]
    honour = honour_tax_overrides and (override_inclusive or line_amount_types == "Exclusive")
    worked = []
    amounts = taxes = discounts = _ZERO
    for line in lines:
        tax_type = line.get("TaxType")
        one = line_total(
            line,
            rate=_ZERO if tax_type is None else rates[tax_type],
            line_amount_types=line_amount_types,
            unit_step=step,
            rounding=rounding,
            honour=honour,
        )
        worked.append(one)
        amounts += one.amount
        taxes += one.tax
        discounts += one.discount
    if line_amount_types == "Inclusive":
        return Totals(amounts - taxes, taxes, amounts, discounts, tuple(worked))
    return Totals(amounts, taxes, amounts + taxes, discounts, tuple(worked))
