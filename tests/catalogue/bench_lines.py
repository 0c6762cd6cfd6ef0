"""For the chapters L, T and X: invoices that differ in their lines, and what stands there for them, by value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from plugins.xero.sandbox.demo_chart import stable_id
from plugins.xero.sandbox.state import TaxRate
from tests.catalogue.desk import GALLERY, Json, make_contact, make_invoice, there_invoice
from tests.sync.harness import MAPPINGS
from tests.web.webservices.office import Office

D = Decimal
SALES = frozenset({"REVENUE", "LIABILITY", "ASSET", "EQUITY"})

# gallery tax code -> rate here, kind, Xero's tax type, rate there (another text of the same number where it can be)
CODES: dict[str, tuple[str, str, str, str]] = {
    "vat": ("20", "standard", "TAXVAT", "20.0000"),
    "nz": ("15", "standard", "TAXNZ", "15"),
    "qc": ("14.975", "standard", "TAXQC", "14.9750"),
    "nyc": ("8.875", "standard", "TAXNYC", "8.875"),
    "qst": ("9.9750", "standard", "TAXQST", "9.975"),
    "fr": ("5.50", "reduced", "TAXFR", "5.5"),
    "bc": ("12", "standard", "TAXBC", "12"),
    "zero": ("0", "zero", "TAXZERO", "0"),
    "export": ("0", "export", "EXEMPTEXPORT", "0"),
    "margin": ("20", "margin", "EXEMPTOUTPUT", "0"),
}
COMPONENTS = {
    "qc": [{"name": "GST", "rate": "5"}, {"name": "QST", "rate": "9.975"}],
    "bc": [{"name": "GST", "rate": "5"}, {"name": "PST", "rate": "7"}],
}
TAX_MAPPINGS = [("tax", {"tax_code": code}, tax_type) for code, (_, _, tax_type, _) in CODES.items()]
MORE_MAPPINGS = [
    *MAPPINGS,
    *TAX_MAPPINGS,
    ("sales", {"ownership": "consigned"}, "205"),
    ("sales", {"ownership": "owned"}, "200"),
    ("sales", {"artist": "M. Lowe"}, "260"),
    ("sales", {"artist": "Gilbert & George"}, "250"),
    ("bank", {"method": "voucher"}, "836"),
]


class Row(NamedTuple):
    """One line with money as it stands there; *sent*: the TaxAmount that was sent for it, None when it was left."""

    quantity: Decimal
    unit: Decimal
    net: Decimal
    tax: Decimal
    sent: Decimal | None


def row(quantity: str, unit: str, net: str, tax: str, *, sent: bool = False) -> Row:
    """A row by its texts; *sent*: the tax was told to Xero."""
    return Row(D(quantity), D(unit), D(net), D(tax), D(tax) if sent else None)


def add_rates(office: Office) -> None:
    """Every rate of `CODES` in the organisation, and the currencies of the catalogue."""
    organisation = office.bench.organisation
    for code, (_, _, tax_type, rate) in CODES.items():
        if tax_type not in organisation.tax_rates:
            organisation.tax_rates[tax_type] = TaxRate(tax_type=tax_type, name=code, rate=D(rate), applies=SALES)
    for currency in ("JPY", "HUF", "ISK", "CLP", "KWD", "USD"):
        organisation.subscribe(currency)


def tax_codes() -> list[Json]:
    """The gallery's tax codes."""
    return [
        {
            "type": "tax_code",
            "id": code,
            "name": code.upper(),
            "rate": rate,
            "kind": kind,
            "components": COMPONENTS.get(code, []),
        }
        for code, (rate, kind, _, _) in CODES.items()
    ]


def line(price: str, code: str | None = "gst", quantity: str = "1", **changes: Any) -> Json:
    """One artwork."""
    made = {"kind": "artwork", "description": "Study for a Harbour", "quantity": quantity, "unit_price": price}
    return made | {"tax_code": code} | changes


def invoice(key: str, *lines: Json, total: str, **changes: Any) -> Json:
    """The invoice ``i-<key>``, which stands there as ``AG-<key>``; inclusive unless told."""
    numbered = [{"id": str(n), **one} for n, one in enumerate(lines, start=1)]
    return make_invoice(f"i-{key}", total=total, lines=numbered, **changes)


def basics() -> list[Json]:
    """What the invoices need: tax codes and a contact."""
    return [*tax_codes(), make_contact()]


async def bodies(office: Office, number: str) -> list[Json]:
    """What was sent for the invoice of that number, oldest first: the elements of the stored requests."""
    query = "SELECT body FROM batch WHERE gallery_id = $1 AND type = 'invoice' ORDER BY first_sent_at"
    async with office.bench.hub.database.connection() as conn:
        stored = await conn.fetch(query, GALLERY)
    decoder = msgspec.json.Decoder(float_hook=Decimal)
    elements = [one for kept in stored for one in decoder.decode(kept["body"])["Invoices"]]
    return [one for one in elements if one.get("InvoiceNumber") == number]


async def rows(office: Office, key: str) -> list[Row]:
    """The lines with money of ``AG-<key>`` as they stand there, beside the tax that was sent last."""
    there = there_invoice(office, f"AG-{key}")
    (*_, sent) = await bodies(office, f"AG-{key}")
    pairs = zip(there["LineItems"], sent["LineItems"], strict=True)
    return [
        Row(
            quantity=_exact(kept["Quantity"]),
            unit=_exact(kept["UnitAmount"]),
            net=_exact(kept["LineAmount"]),
            tax=_exact(kept["TaxAmount"]),
            sent=_tax(told),
        )
        for kept, told in pairs
        if "Quantity" in told
    ]


def _exact(value: Any) -> Decimal:
    return D(str(value))


def _tax(told: Mapping[str, Any]) -> Decimal | None:
    return _exact(told["TaxAmount"]) if "TaxAmount" in told else None


def texts(office: Office, key: str) -> list[str]:
    """The descriptions of the lines of ``AG-<key>``."""
    return [one["Description"] for one in there_invoice(office, f"AG-{key}")["LineItems"]]


def places(office: Office, key: str) -> list[tuple[str, str | None]]:
    """(account code, tax type) of each line with money of ``AG-<key>``."""
    there = there_invoice(office, f"AG-{key}")
    return [(one["AccountCode"], one.get("TaxType")) for one in there["LineItems"] if one.get("AccountCode")]


def total(office: Office, key: str) -> Decimal:
    """The total of ``AG-<key>`` there."""
    return office.bench.invoice(f"AG-{key}").total


def net_of_account(office: Office, code: str, keys: Iterable[str]) -> Decimal:
    """What the invoices *keys* put on an account together."""
    account = stable_id(office.bench.organisation.id, "account", code)
    documents = [office.bench.invoice(f"AG-{key}") for key in keys]
    return sum((one.amount for document in documents for one in document.lines if one.account_id == account), D(0))
