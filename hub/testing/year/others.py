"""Smaller galleries beside the demo's: York with its margin scheme, and a handful of invoices for each odd rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal, localcontext
from types import MappingProxyType

from hub.testing.year.arithmetic import EXACT, invoice_total, money, places_of
from hub.testing.year.chart import xero_settings
from hub.testing.year.dice import Dice
from hub.testing.year.outcome import SYNCED, Verdict, remote_number
from hub.testing.year.places import (
    KUWAIT,
    KYOTO,
    NEW_YORK,
    QUEBEC,
    YORK,
    Place,
    gallery_records,
    mappings_of,
    remote_of,
)
from hub.testing.year.plan import calendar_of
from hub.testing.year.values import Expected, Record, Year
from hub.testing.year.works import works

PREFIX = "AG"
PRECISION: Verdict = ("held", "currency_precision")  # Xero holds two decimals; the dinar has three


@dataclass(frozen=True, kw_only=True, slots=True)
class Deal:
    """An invoice to be. A line is (kind, description, quantity, price, tax code or None, category or None)."""

    mode: str
    lines: tuple[tuple[str, str, str, str, str | None, str | None], ...]
    discount: Record | None = None
    tax_rounding: str = "line"
    verdict: Verdict = SYNCED


def minster_yard(seed: str, anchor: date) -> Year:
    """Minster Yard Fine Art, York, in pounds: 24 invoices, four of each of six kinds, all of which sync.

    Six kinds: full VAT; a margin-scheme work (no VAT shown) with framing at 20 %; books at 0 % beside a print; an
    export; exclusive prices with a discount; odd pennies with one tax figure an invoice.
    """
    stock = works(f"{seed}|york")
    deals = []
    for n in range(24):
        dice, first, second = Dice(seed, "york", n), stock[2 * n], stock[2 * n + 1]
        deals.append(_york(n % 6, dice, (first.title, f"{first.price}.00"), (second.title, f"{second.price}.00")))
    return _year(YORK, seed, anchor, deals)


def _york(kind: int, dice: Dice, one: tuple[str, str], two: tuple[str, str]) -> Deal:
    pence = f"{dice.between('price', 20, 400)}.{dice.between('pence', 1, 99):02d}"
    match kind:
        case 0:
            return Deal(mode="inclusive", lines=(("artwork", *_one(one), "vat", None),))
        case 1:
            art = ("artwork", f"{one[0]}. Margin scheme: works of art", "1", one[1], "margin", "margin scheme")
            return Deal(mode="inclusive", lines=(art, ("framing", "Framing", "1", pence, "vat", None)))
        case 2:
            book = ("publication", "Exhibition catalogue", str(dice.between("books", 2, 9)), "24.99", "books", None)
            return Deal(mode="inclusive", lines=(("edition", *_one(two), "vat", None), book))
        case 3:
            crate = ("shipping", "Crate and freight", "1", pence, "export", None)
            return Deal(mode="exclusive", lines=(("artwork", *_one(one), "export", None), crate))
        case 4:
            both = (("artwork", *_one(one), "vat", None), ("artwork", *_one(two), "vat", None))
            return Deal(mode="exclusive", lines=both, discount={"percent": "10"})
    prints = tuple(("edition", f"Small print {n}", "1", pence, "vat", None) for n in (1, 2, 3))
    return Deal(mode="inclusive", lines=prints, tax_rounding="invoice")


def _one(work: tuple[str, str]) -> tuple[str, str, str]:
    return (work[0], "1", work[1])


def _sale(mode: str, code: str | None, *prices: str, verdict: Verdict = SYNCED) -> Deal:
    kinds = ("artwork", "framing", "shipping")
    lines = tuple((kinds[n % 3], f"Item {n + 1}", "1", price, code, None) for n, price in enumerate(prices))
    return Deal(mode=mode, lines=lines, verdict=verdict)


# Prices of worked examples (DOMAIN 3.4.4) where there is one for the rate.
_TINY: tuple[tuple[str, Place, tuple[Deal, ...]], ...] = (
    (
        "US",
        NEW_YORK,
        (
            _sale("exclusive", "nyc", "995.00"),
            _sale("exclusive", "nyc", "1999.99", "149.50", "37.77"),
            _sale("exclusive", "resale", "12500.00"),
            _sale("inclusive", "nyc", "500.00"),
            replace(_sale("exclusive", "nyc", "25.06", "25.61", "25.63"), tax_rounding="invoice"),
        ),
    ),
    (
        "QC",
        QUEBEC,
        (
            _sale("exclusive", "gst-qst", "1999.99", "149.50"),
            _sale("exclusive", "gst-qst", "0.10", "0.20", "0.30"),
            _sale("inclusive", "gst-qst", "3000.00"),
            replace(_sale("exclusive", "gst-qst", "25.06", "25.61", "25.63"), tax_rounding="invoice"),
        ),
    ),
    (
        "JP",
        KYOTO,
        (
            _sale("inclusive", "ct10", "105005"),
            _sale("exclusive", "ct10", "99999", "15"),
            _sale("inclusive", "ct8", "3241"),
            replace(_sale("inclusive", "ct10", "333", "333", "333"), tax_rounding="invoice"),
        ),
    ),
    (
        "KW",
        KUWAIT,
        (
            _sale("no_tax", None, "120.500"),
            _sale("no_tax", None, "1250.000", "15.250"),
            _sale("no_tax", None, "33.335", verdict=PRECISION),
            _sale("no_tax", None, "500.005", "0.002", verdict=PRECISION),
        ),
    ),
)


def _maker(place: Place, deals: Sequence[Deal]) -> Callable[[str, date], Year]:
    return lambda seed, anchor: _year(place, seed, anchor, deals)


TINY: Mapping[str, Callable[[str, date], Year]] = MappingProxyType(
    {key: _maker(place, deals) for key, place, deals in _TINY}
)


def _year(place: Place, seed: str, anchor: date, deals: Sequence[Deal]) -> Year:
    """The deals spread over the year; every second invoice is paid in full by bank transfer."""
    with localcontext(EXACT):  # whatever the caller's precision and rounding are
        return _made(place, seed, anchor, deals)


def _made(place: Place, seed: str, anchor: date, deals: Sequence[Deal]) -> Year:
    calendar = calendar_of(anchor)
    records = gallery_records(place)
    expected: list[Expected] = []
    for n, deal in enumerate(deals):
        invoice = _invoice(place, deal, n, calendar.months[0] + timedelta(n * 360 // len(deals)))
        records.append(invoice)
        expected.append(_expected("invoice", invoice, invoice["total"], deal.verdict))
        if n % 2 == 0:
            payment = _payment(invoice)
            records.append(payment)
            waits: Verdict = (None, None)
            verdict = SYNCED if deal.verdict == SYNCED else waits
            expected.append(_expected("payment", payment, payment["amount"], verdict))
    return Year(
        seed=seed,
        first_day=calendar.months[0],
        last_day=calendar.last_day,
        records=tuple(records),
        edits=(),
        voids=(),
        remote=tuple(remote_of(place)),
        mappings=mappings_of(place),
        settings=xero_settings(invoice_prefix=PREFIX, copy_existing=True),
        expected_first=tuple(expected),
        expected=tuple(expected),
    )


def _invoice(place: Place, deal: Deal, n: int, issued_on: date) -> Record:
    keys = ("kind", "description", "quantity", "unit_price", "tax_code", "category")
    lines = [{"id": str(k), **dict(zip(keys, one, strict=True))} for k, one in enumerate(deal.lines, 1)]
    places = places_of(place.currency)
    rates = {tax.id: Decimal(tax.rate) for tax in place.taxes}
    total = invoice_total(
        lines, rates, mode=deal.mode, places=places, discount=deal.discount, tax_rounding=deal.tax_rounding
    )
    return {
        "type": "invoice",
        "id": f"i-{n + 1}",
        "number": str(n + 1),
        "contact_id": f"c-{1 + n % 2}",
        "issued_on": issued_on.isoformat(),
        "due_on": (issued_on + timedelta(30)).isoformat(),
        "currency": place.currency,
        "price_mode": deal.mode,
        "tax_rounding": deal.tax_rounding,
        "lines": lines,
        "discount": deal.discount,
        "total": money(total, places),
    }


def _payment(invoice: Record) -> Record:
    return {
        "type": "payment",
        "id": f"p-{invoice['number']}",
        "invoice_id": invoice["id"],
        "paid_on": invoice["due_on"],
        "amount": invoice["total"],
        "currency": invoice["currency"],
        "method": "bank_transfer",
    }


def _expected(kind: str, record: Record, total: str, verdict: Verdict) -> Expected:
    number = record.get("number")
    return Expected(
        type="invoice" if kind == "invoice" else "payment",
        record_id=record["id"],
        state=verdict[0],
        reason=verdict[1],
        number=number,
        remote_number=remote_number(number, PREFIX) if number else None,
        total=Decimal(total),
        currency=record["currency"],
    )
