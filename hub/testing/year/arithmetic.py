"""What the lines of an invoice add up to in the gallery (DOMAIN 3.4.3, steps 1 to 4).

Written by itself, sharing nothing with the hub's own arithmetic, so that the two can be held against each other.
Exact decimals; halves are rounded away from zero, so that a credit note mirrors its invoice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

ZERO = Decimal(0)
EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
PLACES = {"JPY": 0, "KRW": 0, "KWD": 3}  # ISO 4217; 2 for the others


def places_of(currency: str) -> int:
    """How many decimals amounts in *currency* have."""
    return PLACES.get(currency, 2)


def rounded(value: Decimal, places: int) -> Decimal:
    """*value* to so many decimals, halves away from zero (ROUND_HALF_UP in decimal's words)."""
    return EXACT.quantize(value, Decimal(1).scaleb(-places))


def money(value: Decimal, places: int) -> str:
    """The amount as the JSON has it: ``"450.00"``, ``"105005"`` for yen."""
    return f"{rounded(value, places):.{places}f}"


def invoice_total(
    lines: Sequence[Mapping[str, Any]],
    rates: Mapping[str, Decimal],
    *,
    mode: str,
    places: int,
    discount: Mapping[str, str] | None = None,
    tax_rounding: str = "line",
) -> Decimal:
    """The total the gallery prints, without cash rounding.

    Args:
        lines: Lines in the records' JSON form.
        rates: Percent by tax code: 10 % is ``Decimal(10)``. A line without a code bears no tax.
        mode: ``inclusive``, ``exclusive`` or ``no_tax``.
        places: Decimals of the currency.
        discount: The invoice's own discount, in the terms of the price mode.
        tax_rounding: ``line``, or ``invoice`` for one tax figure per rate.
    """
    bases = [_base(line, places) for line in lines]
    if discount:
        parts = spread(_discount(discount, sum(bases, ZERO), places), bases, places)
        bases = [base - part for base, part in zip(bases, parts, strict=True)]
    if mode != "exclusive":  # tax is inside the prices, however it is rounded, or there is none
        return sum(bases, ZERO)
    taxed = [(base, rates[line["tax_code"]] / 100) for base, line in zip(bases, lines, strict=True) if line["tax_code"]]
    if tax_rounding == "line":
        return sum(bases, ZERO) + sum((rounded(base * rate, places) for base, rate in taxed), ZERO)
    sums: dict[Decimal, Decimal] = {}
    for base, rate in taxed:
        sums[rate] = sums.get(rate, ZERO) + base
    return sum(bases, ZERO) + sum((rounded(base * rate, places) for rate, base in sums.items()), ZERO)


def _base(line: Mapping[str, Any], places: int) -> Decimal:
    amount = EXACT.multiply(Decimal(line["quantity"]), Decimal(line["unit_price"]))
    cut = line.get("discount") or {}
    if "percent" in cut:
        return rounded(EXACT.multiply(amount, 1 - Decimal(cut["percent"]) / 100), places)
    return rounded(amount - Decimal(cut.get("amount", "0")), places)


def _discount(discount: Mapping[str, str], base: Decimal, places: int) -> Decimal:
    if "percent" in discount:
        return rounded(base * Decimal(discount["percent"]) / 100, places)
    return Decimal(discount["amount"])


def spread(amount: Decimal, weights: Sequence[Decimal], places: int) -> list[Decimal]:
    """Parts of *amount* in proportion to the positive *weights*, by largest remainder, ties by position."""
    unit = Decimal(1).scaleb(-places)
    whole = sum((weight for weight in weights if weight > 0), ZERO)
    if amount == 0:
        return [ZERO for _ in weights]
    units, total = int(amount / unit), int(whole / unit)
    shares = [divmod(units * int(weight / unit), total) if weight > 0 else (0, -1) for weight in weights]
    left = units - sum(share for share, _ in shares)
    first = sorted(range(len(shares)), key=lambda i: (-shares[i][1], i))[:left]
    return [unit * (share + (i in first)) for i, (share, _) in enumerate(shares)]
