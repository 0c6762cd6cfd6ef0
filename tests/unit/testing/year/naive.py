"""What invoices come to and where their lines go, worked out a second time and as plainly as possible."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

PLACES = {"JPY": 0, "KWD": 3}
SLOTS = {
    "portal_fee": "portal",
    "shipping": "shipping",
    "handling": "shipping",
    "deposit": "deposit",
    "voucher": "voucher",
    "levy": "levy",
    "donation": "donation",
    "rounding": "rounding",
    "trade_in": "expense",
}
ORDER = (("artist",), ("category",), ("channel",), ("line_kind", "ownership"), ("ownership",), ("line_kind",), ())
BANK_ORDER = (("method", "processor_account"), ("currency", "method"), ("method",), ())


def cents(value: Fraction, places: int) -> Fraction:
    """Rounded to so many decimals, halves away from zero."""
    scaled = abs(value) * 10**places
    whole = int(scaled + Fraction(1, 2))
    return Fraction(whole if value >= 0 else -whole, 10**places)


def naive_total(invoice: dict[str, Any], codes: dict[str, Fraction]) -> Fraction:
    """The lines' total. In exclusive prices every share of an invoice discount must be exact, else it fails."""
    places = PLACES.get(invoice["currency"], 2)
    bases = [base(line, places) for line in invoice["lines"]]
    off = invoice_discount(invoice, sum(bases, Fraction(0)), places)
    if invoice["price_mode"] != "exclusive":
        return sum(bases) - off
    whole = sum(amount for amount in bases if amount > 0)
    shares = [off * amount / whole if off and amount > 0 else Fraction(0) for amount in bases]
    assert shares == [cents(share, places) for share in shares]
    taxed = [
        (amount - share, codes[line["tax_code"]])
        for amount, share, line in zip(bases, shares, invoice["lines"], strict=True)
        if line["tax_code"]
    ]
    if invoice["tax_rounding"] == "line":
        tax = sum(cents(net * rate, places) for net, rate in taxed)
    else:
        tax = sum(
            cents(sum(net for net, other in taxed if other == rate) * rate, places) for rate in {r for _, r in taxed}
        )
    return sum(bases) - off + tax


def base(line: dict[str, Any], places: int) -> Fraction:
    """The line after its own discount."""
    amount = Fraction(line["quantity"]) * Fraction(line["unit_price"])
    discount = line.get("discount") or {}
    amount -= amount * Fraction(discount.get("percent", 0)) / 100 + Fraction(discount.get("amount", 0))
    return cents(amount, places)


def invoice_discount(invoice: dict[str, Any], whole: Fraction, places: int) -> Fraction:
    """The invoice's own discount."""
    discount = invoice["discount"] or {}
    return cents(whole * Fraction(discount.get("percent", 0)) / 100, places) + Fraction(discount.get("amount", 0))


def rates(records: Any) -> dict[str, Fraction]:
    """Fractions by tax code: 10 % is 1/10."""
    return {record["id"]: Fraction(record["rate"]) / 100 for record in records if record["type"] == "tax_code"}


def account_of(line: dict[str, Any], channel: str, mappings: Any) -> str | None:
    """The account of a line."""
    facts = {
        "line_kind": line["kind"],
        "ownership": line.get("ownership"),
        "category": line.get("category"),
        "artist": line.get("artist"),
        "channel": channel,
    }
    return _resolve(SLOTS.get(line["kind"], "sales"), facts, mappings, ORDER)


def bank_of(payment: dict[str, Any], mappings: Any) -> str | None:
    """The account a payment goes to, None without a mapping."""
    return _resolve("bank", payment, mappings, BANK_ORDER)


def _resolve(slot: str, facts: dict[str, Any], mappings: Any, order: Any) -> str | None:
    for keys in order:
        for one in mappings:
            fits = all(facts.get(key) == value for key, value in one["when"].items())
            if one["slot"] == slot and tuple(sorted(one["when"])) == keys and fits:
                return str(one["to"]["code"])
    return None
