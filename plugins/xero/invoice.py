"""An invoice of the gallery -> a tax-exclusive invoice in Xero whose total is the same to the cent. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hub import (
    Amounts,
    Book,
    Draft,
    Held,
    Invoice,
    Line,
    Reference,
    Remote,
    RemoteStatus,
    Subject,
    compute_amounts,
    is_currency,
    judge_difference,
    minor_digits,
)
from plugins.xero import normalise, rounding
from plugins.xero.fields import FIELDS, MOST_LINES
from plugins.xero.holds import hold
from plugins.xero.lines import Sheet, plain
from plugins.xero.places import Place, find_place, find_rounding_place, gallery_rate
from plugins.xero.settings import XeroSettings

ZERO = Decimal(0)
_EARLIEST, _LATEST_YEAR = date(1900, 1, 1), 2200
_FAR = timedelta(days=366)
_SHOWN_DIGITS = 20
_RATE_STEP, _MOST_RATE = Decimal("0.000001"), Decimal(10) ** 12  # CurrencyRate is [18].[6], FACTS 4.1


def render_invoice(invoice: Invoice, subject: Subject, book: Book) -> Draft | Held:
    """The draft of an issued invoice whose contact is sound, or why there is none."""
    if held := _check_head(invoice, subject, book):
        return held
    rates = _line_rates(invoice, subject)
    if isinstance(rates, Held):
        return rates
    amounts = compute_amounts(invoice, rates, tax_rounding=invoice.tax_rounding or book.gallery.tax_rounding)
    if not isinstance(amounts, Amounts):
        return hold(amounts.code, currency=invoice.currency, why=amounts.message, total=invoice.total)
    if not any(_is_money(line) for line in invoice.lines):
        return hold("no_amount")
    sheet = Sheet(notes=[])
    if held := _judge_total(invoice, amounts, book, sheet.notes):
        return held
    return _compose(invoice, subject, book, amounts, sheet)


# -- checks


def _check_head(invoice: Invoice, subject: Subject, book: Book) -> Held | None:
    if len(subject.number) > FIELDS["Invoice.InvoiceNumber"].most:
        most = FIELDS["Invoice.InvoiceNumber"].most
        return hold("too_large", why=f"its number has more than {most} characters.")
    if held := _check_date(invoice, book) or _check_currency(invoice, book):
        return held
    if not invoice.lines:
        return hold("no_lines")
    if len(invoice.lines) > MOST_LINES:
        return hold("too_large", why=f"it has {len(invoice.lines)} lines, and {MOST_LINES} go at most.")
    if invoice.total < 0:
        return hold("negative_total")
    return None


def _check_date(invoice: Invoice, book: Book) -> Held | None:
    issued = invoice.issued_on
    if issued is None:
        return hold("date", why="it has none")
    if issued < _EARLIEST or issued.year > _LATEST_YEAR:
        return hold("date", why=f"it is {issued}")
    return check_lock(issued, book)


def _check_currency(invoice: Invoice, book: Book) -> Held | None:
    cause = f"currency:{invoice.currency}"
    if not is_currency(invoice.currency):
        return hold("currency_unknown", currency=invoice.currency, cause=cause)
    if book.choices.currencies and invoice.currency not in book.choices.currencies:
        return hold("currency_not_subscribed", currency=invoice.currency, cause=cause)
    return None


def check_lock(on: date, book: Book) -> Held | None:
    """A hold when *on* is not after the day up to which the organisation's books are locked."""
    organisation = book.choices.organisation
    if organisation and organisation.locked_until and on <= organisation.locked_until:
        return hold("period_locked", locked=organisation.locked_until, cause="period_locked")
    return None


def _is_money(line: Line) -> bool:
    return line.kind != "text" and bool(line.quantity)


def _line_rates(invoice: Invoice, subject: Subject) -> list[Decimal] | Held:
    """Percent per line as it stands on the document."""
    rates = []
    for line in invoice.lines:
        rate = gallery_rate(line, invoice, subject)
        if rate is None:
            cause = f"tax_code:{line.tax_code}"
            return hold("tax_code_missing", tax_code=line.tax_code, cause=cause)
        rates.append(rate)
    return rates


def _judge_total(invoice: Invoice, amounts: Amounts, book: Book, notes: list[str]) -> Held | None:
    settings: XeroSettings = book.settings
    difference = amounts.difference
    match judge_difference(difference, invoice.total, book.gallery.cash_rounding):
        case "mismatch":
            lines = invoice.total - difference
            return hold("total_mismatch", total=invoice.total, why=f"they come to {plain(lines)}.")
        case "small" if settings.rounding == "strict":
            why = f"the lines come to {plain(invoice.total - difference)}."
            return hold("strict_rounding", total=invoice.total, why=why)
        case "small":
            notes.append(f"The total differs from the lines by {plain(difference)}: a rounding line makes up for it.")
        case "cash":
            notes.append(f"The total is rounded for cash by {plain(difference)}.")
    return None


def _places(invoice: Invoice, subject: Subject, book: Book) -> list[Place | None] | Held:
    """Account, tax rate and tracking per line; None for lines of text alone."""
    places: list[Place | None] = []
    for line in invoice.lines:
        if not _is_money(line):
            places.append(None)
            continue
        place = find_place(line, invoice, subject, book)
        if isinstance(place, Held):
            return place
        places.append(place)
    return places


# -- composition


def _compose(invoice: Invoice, subject: Subject, book: Book, amounts: Amounts, sheet: Sheet) -> Draft | Held:
    """Bring the lines to the total, and the draft around them."""
    settings: XeroSettings = book.settings
    places = _places(invoice, subject, book)
    if isinstance(places, Held):
        return places
    worths = [
        rounding.Worth(quantity=line.quantity, net=worth.net, tax=worth.tax, rate=place.rate)
        for line, worth, place in zip(invoice.lines, amounts.lines, places, strict=True)
        if place is not None
    ]
    digits = minor_digits(invoice.currency)
    done = rounding.convert(worths, difference=amounts.difference, strategy=settings.rounding, digits=digits)
    if isinstance(done, rounding.Impossible):
        return _explain(done, invoice, places, strict=settings.rounding == "strict")
    pieces = iter(done.pieces)
    for line, place in zip(invoice.lines, places, strict=True):
        if place is None:
            sheet.add_wordy(line)
        else:
            sheet.add_line(line, next(pieces), place)
    sheet.add_discount(invoice, amounts)
    if done.rounding:
        rounding_place = find_rounding_place(book)
        if isinstance(rounding_place, Held):
            return rounding_place
        sheet.add_rounding(done.rounding, rounding_place)
    tax = sum((piece.tax for piece in done.pieces), ZERO)
    if sum((line.net for line in sheet.lines), ZERO) + tax != invoice.total:
        return hold("total_mismatch", total=invoice.total, why="they cannot be brought to it.")
    return _draft(invoice, subject, book, sheet, tax)


def _explain(
    fault: rounding.Impossible, invoice: Invoice, places: Sequence[Place | None], *, strict: bool = False
) -> Held:
    shown = [place for place in places if place is not None]
    place = shown[fault.line] if fault.line is not None else None
    if fault.code == "tax_mapping" and place is not None:
        return hold("tax_mapping", what=place.tax_what, why=fault.message.rstrip("."), slot=place.tax_slot)
    if fault.code == "total_mismatch" and strict:
        return hold("strict_rounding", total=invoice.total, why=fault.message)
    return hold(fault.code, currency=invoice.currency, total=invoice.total, why=fault.message, what="it", slot="tax")


def _draft(invoice: Invoice, subject: Subject, book: Book, sheet: Sheet, tax: Decimal) -> Draft:
    notes = sheet.notes
    settings: XeroSettings = book.settings
    issued = invoice.issued_on
    assert issued is not None  # noqa: S101 - checked in _check_head
    due = invoice.due_on or issued + timedelta(days=book.gallery.default_due_days)
    if invoice.due_on is None:
        notes.append(f"It has no due date: {due} is sent ({book.gallery.default_due_days} days).")
    elif due < issued:
        notes.append(f"It is due on {due}, before its date.")
    if issued > book.today + _FAR:
        notes.append(f"It is dated {issued}, more than a year ahead.")
    reference, note = normalise.fit("Invoice.Reference", normalise.clean_line(invoice.reference))
    if note:
        notes.append(note)
    body: dict[str, Any] = {
        "Type": "ACCREC",
        "InvoiceNumber": subject.number,
        "Reference": reference or "",
        "Date": issued.isoformat(),
        "DueDate": due.isoformat(),
        "LineAmountTypes": "Exclusive",
        "CurrencyCode": invoice.currency,
    }
    if rate := _currency_rate(invoice, book):
        body["CurrencyRate"] = plain(rate)
    elif _is_foreign(invoice, book) and invoice.exchange_rate is not None:
        shown = _shown_rate(invoice.exchange_rate)
        notes.append(f"Its exchange rate {shown} was left out: Xero takes its own of the day.")
    body["Status"] = settings.invoice_status
    if url := normalise.clean_url(invoice.url):
        body["Url"] = url
    elif invoice.url:
        notes.append("Its link was left out: only https addresses go, and Xero takes none with “xero” in them.")
    body["LineItems"] = sheet.wire
    contact = subject.contact
    return Draft(
        number=subject.number,
        body=body,
        needs=(Reference("contact", invoice.contact_id),),
        currency=invoice.currency,
        total=Decimal(invoice.total),
        tax=tax,
        on=issued,
        status=_asked_status(settings.invoice_status, subject.remote),
        lines=tuple(sheet.lines),
        notes=tuple(dict.fromkeys(notes)),
        shown={
            "contact": normalise.clean_line(contact.name) if contact else invoice.contact_id,
            "date": issued.isoformat(),
            "due": due.isoformat(),
            "reference": reference or "",
            "currency": invoice.currency,
            "total": plain(invoice.total),
            "tax": plain(tax),
        },
    )


def _asked_status(wanted: str, remote: Remote | None) -> RemoteStatus:
    """The status that must stand there afterwards: what a person approved in Xero stays approved."""
    asked: RemoteStatus = "draft" if wanted == "DRAFT" else "approved"
    if remote is None or asked == "approved" or remote.status not in ("submitted", "approved", "paid"):
        return asked
    return "submitted" if remote.status == "submitted" else "approved"


def _is_foreign(invoice: Invoice, book: Book) -> bool:
    organisation = book.choices.organisation
    return organisation is None or invoice.currency != organisation.currency


def _shown_rate(rate: Decimal) -> str:
    """A rate of any size for people."""
    text = f"{rate:f}" if abs(rate.adjusted()) <= _SHOWN_DIGITS else str(rate)
    return normalise.cut_text(text, 2 * _SHOWN_DIGITS, end="…")


def _currency_rate(invoice: Invoice, book: Book) -> Decimal | None:
    """The gallery's rate for a foreign currency; without one Xero takes its rate of the day (FACTS 4.1).

    Units of the invoice's currency for one of the base currency, which is taken to be Xero's direction too (FACTS
    4.1 [U]); six decimals.
    """
    rate = invoice.exchange_rate
    if rate is None or not _is_foreign(invoice, book) or not _RATE_STEP <= rate < _MOST_RATE:
        return None
    return rate.quantize(_RATE_STEP, ROUND_HALF_UP)
