"""One more draft when Xero worked out the tax by itself: a rounding line makes up for it (DOMAIN 3.4.3, step 10)."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from hub import Book, Draft, Held, Remote, Target, find_tax_rate, minor_digits
from plugins.xero import rounding
from plugins.xero.holds import hold
from plugins.xero.lines import ROUNDING_TEXT, Sheet, plain
from plugins.xero.places import find_rounding_place

ZERO = Decimal(0)


def fallback(draft: Draft, remote: Remote, book: Book) -> Draft | Held:
    """*draft* with its rounding line moved by what the total there differs, or the hold.

    Only where nothing but the tax differs, by no more than rounding can explain: an organisation that ignores the
    tax it is told (automatic sales tax), or that rounds halves another way.
    """
    if draft.total is None or draft.tax is None or remote.total is None or remote.tax is None:
        return hold("remote_total", number=draft.number, ours=draft.total, theirs=remote.total)
    missing = draft.total - remote.total
    same_net = draft.total - draft.tax == remote.total - remote.tax
    rates = _taxed_rates(draft, book)
    tolerance = rounding.fallback_tolerance(rates, minor_digits(draft.currency or ""))
    if book.settings.rounding == "strict" or not missing or not same_net or abs(missing) > tolerance:
        return hold("remote_total", number=draft.number, ours=draft.total, theirs=remote.total)
    place = find_rounding_place(book)
    if isinstance(place, Held):
        return place
    sheet = Sheet(notes=[], wire=list(draft.body["LineItems"]), lines=list(draft.lines))
    amount = missing
    last = sheet.lines[-1] if sheet.lines else None
    if last and last.description == ROUNDING_TEXT and last.account == place.account and not last.tax:
        amount += last.net
        sheet.lines.pop()
        sheet.wire.pop()
    if amount:
        sheet.add_rounding(amount, place)
    note = f"Xero worked out the tax as {plain(remote.tax)}: a rounding line of {plain(amount)} keeps the total."
    return msgspec.structs.replace(
        draft,
        body={**draft.body, "LineItems": sheet.wire},
        tax=remote.tax,
        lines=tuple(sheet.lines),
        notes=(*draft.notes, note),
        shown={**draft.shown, "tax": plain(remote.tax)},
    )


def _taxed_rates(draft: Draft, book: Book) -> list[Decimal]:
    rates = []
    for line in draft.lines:
        rate = find_tax_rate(Target(code=line.tax_code), book.choices) if line.tax_code else None
        if rate is not None and rate.rate:
            rates.append(rate.rate)
        elif line.tax:
            rates.append(ZERO)
    return rates
