"""The smaller galleries themselves: their country, currency, tax codes, and what those are mapped to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from hub.testing.year.chart import ACCOUNTS, mapping, sales_mappings
from hub.testing.year.values import Record, RemoteFact, RemoteTaxRate


@dataclass(frozen=True, kw_only=True, slots=True)
class Tax:
    """A tax code of the gallery and the rate of the organisation it is mapped to."""

    id: str
    name: str
    rate: str
    kind: str
    remote: str
    components: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A gallery with its taxes; `no_tax` is the organisation's rate for lines without tax."""

    id: str
    name: str
    country: str
    currency: str
    timezone: str
    city: str
    taxes: tuple[Tax, ...]
    no_tax: str = "NONE"


YORK = Place(
    id="minster-yard",
    name="Minster Yard Fine Art",
    country="GB",
    currency="GBP",
    timezone="Europe/London",
    city="York",
    taxes=(
        Tax(id="vat", name="VAT 20%", rate="20", kind="standard", remote="OUTPUT2"),
        Tax(id="books", name="Books 0%", rate="0", kind="zero", remote="ZERORATEDOUTPUT"),
        Tax(id="margin", name="Margin scheme", rate="0", kind="margin", remote="NONE"),
        Tax(id="export", name="Export", rate="0", kind="export", remote="ZERORATEDOUTPUT"),
    ),
)
NEW_YORK = Place(
    id="tiny-us",
    name="Spring Street Prints",
    country="US",
    currency="USD",
    timezone="America/New_York",
    city="New York",
    taxes=(
        Tax(id="nyc", name="New York City sales tax", rate="8.875", kind="standard", remote="TAX001"),
        Tax(id="resale", name="Resale certificate", rate="0", kind="exempt", remote="NONE"),
    ),
)
QUEBEC = Place(
    id="tiny-qc",
    name="Galerie du Vieux-Quai",
    country="CA",
    currency="CAD",
    timezone="America/Toronto",
    city="Québec",
    taxes=(
        Tax(
            id="gst-qst",
            name="GST + QST",
            rate="14.975",
            kind="standard",
            remote="TAX001",
            components=(("GST", "5"), ("QST", "9.975")),
        ),
    ),
)
KYOTO = Place(
    id="tiny-jp",
    name="Kamogawa Gallery",
    country="JP",
    currency="JPY",
    timezone="Asia/Tokyo",
    city="Kyoto",
    taxes=(
        Tax(id="ct10", name="Consumption tax 10%", rate="10", kind="standard", remote="TAX001"),
        Tax(id="ct8", name="Consumption tax 8%", rate="8", kind="reduced", remote="TAX002"),
    ),
)
KUWAIT = Place(
    id="tiny-kw",
    name="Pearl Road Gallery",
    country="KW",
    currency="KWD",
    timezone="Asia/Kuwait",
    city="Kuwait",
    taxes=(),
)


def gallery_records(place: Place) -> list[Record]:
    """The gallery, its tax codes and its two contacts."""
    return [_gallery(place), *(_tax_code(tax) for tax in place.taxes), *_contacts(place)]


def remote_of(place: Place) -> Iterator[RemoteFact]:
    """The demo chart in the gallery's own currency, and a tax rate for each that is mapped to."""
    for account in ACCOUNTS:
        if account.currency == "AUD":
            yield replace(account, currency=place.currency)
        elif account.currency is None:
            yield account
    rates = {place.no_tax: RemoteTaxRate(code=place.no_tax, name="No tax", rate=Decimal(0))}
    for tax in place.taxes:
        rates.setdefault(tax.remote, RemoteTaxRate(code=tax.remote, name=tax.name, rate=Decimal(tax.rate)))
    yield from rates.values()


def mappings_of(place: Place) -> tuple[Record, ...]:
    """As in the demo, with the margin-scheme works on their own account."""
    return (
        *sales_mappings(),
        mapping("sales", "215", category="margin scheme"),
        *(mapping("tax", tax.remote, tax_code=tax.id) for tax in place.taxes),
        mapping("no_tax", place.no_tax),
        mapping("bank", "090", method="bank_transfer"),
    )


def _gallery(place: Place) -> Record:
    return {
        "type": "gallery",
        "id": place.id,
        "name": place.name,
        "email": "owner@example.com",
        "country": place.country,
        "currency": place.currency,
        "timezone": place.timezone,
    }


def _tax_code(tax: Tax) -> Record:
    parts = [{"name": name, "rate": rate} for name, rate in tax.components]
    return {
        "type": "tax_code", "id": tax.id, "name": tax.name, "rate": tax.rate, "kind": tax.kind, "components": parts
    }  # fmt: skip


def _contacts(place: Place) -> list[Record]:
    address = {"lines": ["12 Market Row"], "city": place.city, "country": place.country}
    names = ("Rosalind Tremayne", "Quayside Collection")
    return [
        {"type": "contact", "id": f"c-{n}", "name": name, "email": f"buyer.{n}@example.com", "address": address}
        for n, name in enumerate(names, 1)
    ]
