"""The gallery of the troubles, and its records in their plain form: each trouble changes what it is about."""

from __future__ import annotations

from datetime import date
from typing import Any

from hub.testing.year.chart import ACCOUNTS, MAPPINGS, TAX_RATES, mapping, xero_settings
from hub.testing.year.troubles.values import Fact
from hub.testing.year.values import Record

PREFIX = "AG"
BUYER = "c-buyer"
GALLERY: Record = {
    "type": "gallery",
    "id": "tidemark",
    "name": "Tidemark Editions",
    "email": "owner@example.com",
    "country": "AU",
    "currency": "AUD",
    "timezone": "Australia/Hobart",
}
HERE: Fact = {"fact": "organisation", "name": "Tidemark Editions (Demo)", "country": "AU", "currency": "AUD"}
# Of no trouble: what all records of the story need.
TAX_CODES: tuple[Record, ...] = (
    {"type": "tax_code", "id": "gst", "name": "GST 10%", "rate": "10", "kind": "standard"},
    {"type": "tax_code", "id": "export", "name": "Export", "rate": "0", "kind": "export"},
)
# The levy has no account here: it must come up as a slot without a mapping.
STORY_MAPPINGS = tuple(one for one in MAPPINGS if one["slot"] != "levy")
LEVY = mapping("levy", "845")
SETTINGS = xero_settings(invoice_prefix=PREFIX, bad_email="hold")


class Diary:
    """The days of the story, all in the month of its anchor; the month before is locked."""

    def __init__(self, anchor: date) -> None:
        self.issued = anchor.replace(day=3)
        self.paid = anchor.replace(day=12)
        self.locked = date.fromordinal(anchor.replace(day=1).toordinal() - 1)


def organisation_facts(diary: Diary) -> tuple[Fact, ...]:
    """The organisation before the hub comes: the demo chart, two currencies, a lock date."""
    accounts = [
        {
            "fact": "account",
            "code": one.code,
            "name": one.name,
            "type": one.type,
            "currency": one.currency,
            "takes_payments": one.takes_payments,
            "system": one.system,
        }
        for one in ACCOUNTS
    ]
    rates = [{"fact": "tax_rate", "code": one.code, "name": one.name, "rate": one.rate} for one in TAX_RATES]
    currencies = [{"fact": "currency", "code": code} for code in ("USD", "JPY")]
    return (*accounts, *rates, *currencies, {"fact": "lock", "on": diary.locked})


def contact(name: str, shown: str, **changed: Any) -> Record:
    """The contact ``c-<name>``."""
    return {"type": "contact", "id": f"c-{name}", "name": shown, "email": f"{name}@example.com", **changed}


def line(**changed: Any) -> Record:
    """A print for 110.00, GST included."""
    return {
        "id": "1",
        "kind": "edition",
        "description": "Tide table, etching",
        "quantity": "1",
        "unit_price": "110.00",
        "tax_code": "gst",
        **changed,
    }


def invoice(name: str, diary: Diary, **changed: Any) -> Record:
    """The invoice ``i-<name>`` of one print, 110.00 in all, to the buyer; its number is its name."""
    return {
        "type": "invoice",
        "id": f"i-{name}",
        "number": name,
        "contact_id": BUYER,
        "issued_on": diary.issued.isoformat(),
        "due_on": diary.issued.isoformat(),
        "currency": "AUD",
        "price_mode": "inclusive",
        "lines": [line()],
        "total": "110.00",
        **changed,
    }


def payment(name: str, diary: Diary, **changed: Any) -> Record:
    """The payment ``p-<name>`` of 50.00 on ``i-<name>``, by bank transfer."""
    return {
        "type": "payment",
        "id": f"p-{name}",
        "invoice_id": f"i-{name}",
        "paid_on": diary.paid.isoformat(),
        "amount": "50.00",
        "currency": "AUD",
        "method": "bank_transfer",
        **changed,
    }


def remote_number(name: str) -> str:
    """The number of ``i-<name>`` in the books."""
    return f"{PREFIX}-{name}"
