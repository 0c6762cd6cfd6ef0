"""A year in a gallery: Harbour Lane Gallery, Sydney. 400 invoices with every odd case, by fixed quotas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal, localcontext

from hub.testing.year.arithmetic import EXACT
from hub.testing.year.chart import ACCOUNTS, MAPPINGS, TAX_RATES, xero_settings
from hub.testing.year.invoices import Buyers, buyers, edited, invoices
from hub.testing.year.lines import stock
from hub.testing.year.outcome import expected_invoice, expected_payments, remote_number
from hub.testing.year.payments import payments_of
from hub.testing.year.people import contacts
from hub.testing.year.plan import Calendar, Slot, by_mark, calendar_of, plan
from hub.testing.year.values import (
    Record,
    RemoteContact,
    RemoteCurrency,
    RemoteFact,
    RemoteInvoice,
    RemoteLock,
    RemotePayment,
    Void,
    Year,
)
from hub.testing.year.works import editions, works

PREFIX = "AG"
GALLERY: Record = {
    "type": "gallery",
    "id": "harbour-lane",
    "name": "Harbour Lane Gallery",
    "email": "owner@example.com",
    "country": "AU",
    "currency": "AUD",
    "timezone": "Australia/Sydney",
    "tax_rounding": "line",
    "cash_rounding": "0.05",
    "default_due_days": 30,
}
TAX_CODES: tuple[Record, ...] = (
    {"type": "tax_code", "id": "gst", "name": "GST 10%", "rate": "10", "kind": "standard", "components": []},
    {"type": "tax_code", "id": "gst-free", "name": "GST free", "rate": "0", "kind": "zero", "components": []},
    {"type": "tax_code", "id": "export", "name": "Export", "rate": "0", "kind": "export", "components": []},
)


def generate(seed: str, anchor: date) -> Year:
    """The demo's year: twelve whole months that end with the last day of *anchor*'s month, which is its "today".

    Pure: the same seed and month give the same bytes. See `Year` for the story it tells.

    Raises:
        ValueError: The seed leaves too few invoices for a quota (not seen; the pools are wide).
    """
    with localcontext(EXACT):  # whatever the caller's precision and rounding are
        return _generate(seed, calendar_of(anchor))


def _generate(seed: str, year: Calendar) -> Year:
    slots = plan(seed, year)
    people = contacts(seed)
    who = buyers(people)
    shop = stock(seed, works(seed), editions(seed))
    made = invoices(slots, shop, who, year)
    paid = {slot.name: payments_of(slot, made[slot.name], year, seed) for slot in slots}
    changed = [edited(slot, made[slot.name]) for slot in slots if slot.marks & {"edited_price", "edited_line"}]
    last = {**made, **_by_slot(slots, changed, made)}
    return Year(
        seed=seed,
        first_day=year.months[0],
        last_day=year.last_day,
        records=tuple(_in_order(people, who.special["late"], slots, made, paid)),
        edits=tuple(changed),
        voids=tuple(
            Void(invoice_id=made[slot.name]["id"], on=year.last_day, reason="The buyer changed her mind")
            for slot in by_mark(slots, "void_later")
        ),
        remote=tuple(_remote(slots, made, people, who, year)),
        mappings=MAPPINGS,
        settings=xero_settings(invoice_prefix=PREFIX, copy_existing=True, sync_from=year.sync_from.isoformat()),
        expected_first=tuple(
            item
            for slot in slots
            for item in (
                expected_invoice(slot, made[slot.name], prefix=PREFIX),
                *expected_payments(slot, paid[slot.name]),
            )
        ),
        expected=tuple(
            item
            for slot in slots
            for item in (
                expected_invoice(slot, last[slot.name], prefix=PREFIX, later=True),
                *expected_payments(slot, paid[slot.name]),
            )
        ),
    )


def _by_slot(slots: Sequence[Slot], changed: Sequence[Record], made: Mapping[str, Record]) -> dict[str, Record]:
    by_id = {record["id"]: record for record in changed}
    return {slot.name: by_id[made[slot.name]["id"]] for slot in slots if made[slot.name]["id"] in by_id}


def _in_order(
    people: Sequence[Record],
    late: str,
    slots: Sequence[Slot],
    made: Mapping[str, Record],
    paid: Mapping[str, Sequence[Record]],
) -> Iterator[Record]:
    """Gallery, tax codes, contacts, then invoices as issued, each with its payments. One contact comes after its
    invoice: the hub takes records in any order."""
    yield GALLERY
    yield from TAX_CODES
    yield from (contact for contact in people if contact["id"] != late)
    for slot in slots:
        invoice = made[slot.name]
        yield invoice
        yield from paid[slot.name]
        if invoice["contact_id"] == late:
            yield next(contact for contact in people if contact["id"] == late)


def _remote(
    slots: Sequence[Slot], made: Mapping[str, Record], people: Sequence[Record], who: Buyers, year: Calendar
) -> Iterator[RemoteFact]:
    yield from ACCOUNTS
    yield from TAX_RATES
    yield from (RemoteCurrency(code=code) for code in ("USD", "EUR", "GBP", "JPY"))
    yield RemoteLock(on=year.locked_on)
    yield from _remote_contacts(people, who)
    for slot in by_mark(slots, "number_taken"):
        invoice = made[slot.name]
        yield RemoteInvoice(
            invoice_id=invoice["id"],
            number=remote_number(invoice["number"], PREFIX),
            contact_name="Somebody Else Entirely",
            issued_on=slot.issued_on,
            currency="AUD",
            total=Decimal("77.00"),
        )
    for slot in by_mark(slots, "remote_paid"):
        invoice = made[slot.name]
        yield RemotePayment(
            invoice_id=invoice["id"],
            remote_number=remote_number(invoice["number"], PREFIX),
            paid_on=min(slot.issued_on + timedelta(21), year.last_day),
            amount=Decimal(invoice["total"]),
            currency=invoice["currency"],
            account="090",
        )


def _remote_contacts(people: Sequence[Record], who: Buyers) -> Iterator[RemoteContact]:
    """One archived; one twice, same name and e-mail; one of the same name, but with another e-mail."""
    by_id = {contact["id"]: contact for contact in people}

    def there(special: str, status: str, email: str | None = None) -> RemoteContact:
        contact = by_id[who.special[special]]
        return RemoteContact(
            contact_id=contact["id"],
            name=contact["name"],
            email=email or contact["email"],
            status="ARCHIVED" if status == "ARCHIVED" else "ACTIVE",
        )

    yield there("archived", "ARCHIVED")
    yield there("duplicate_1", "ACTIVE")
    yield there("duplicate_1", "ACTIVE")
    yield there("duplicate_2", "ACTIVE", "another.person@example.com")
