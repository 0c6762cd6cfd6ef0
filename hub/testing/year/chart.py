"""The demo chart (DOMAIN section 4), its tax rates, and the mappings from the gallery's words to it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hub.testing.year.values import Record, RemoteAccount, RemoteTaxRate

ACCOUNTS = (
    RemoteAccount(code="090", name="Bank", type="BANK", currency="AUD"),
    RemoteAccount(code="091", name="Stripe clearing", type="BANK", currency="AUD"),
    RemoteAccount(code="092", name="PayPal", type="BANK", currency="AUD"),
    RemoteAccount(code="093", name="Till", type="CURRENT", takes_payments=True),
    RemoteAccount(code="094", name="USD bank", type="BANK", currency="USD"),
    RemoteAccount(code="200", name="Artwork – owned", type="REVENUE"),
    RemoteAccount(code="205", name="Artwork – consigned", type="REVENUE"),
    RemoteAccount(code="210", name="Editions", type="REVENUE"),
    RemoteAccount(code="215", name="Margin-scheme art", type="REVENUE"),
    RemoteAccount(code="220", name="Framing", type="REVENUE"),
    RemoteAccount(code="230", name="Shipping", type="REVENUE"),
    RemoteAccount(code="240", name="Portal fees", type="REVENUE"),
    RemoteAccount(code="250", name="Publications", type="REVENUE"),
    RemoteAccount(code="260", name="Other", type="REVENUE"),
    RemoteAccount(code="310", name="Cost of art", type="DIRECTCOSTS"),
    RemoteAccount(code="404", name="Merchant fees", type="EXPENSE"),
    RemoteAccount(code="820", name="GST", type="CURRLIAB", system="GST"),
    RemoteAccount(code="835", name="Customer deposits", type="CURRLIAB"),
    RemoteAccount(code="836", name="Gift vouchers", type="CURRLIAB", takes_payments=True),
    RemoteAccount(code="840", name="Due to consignors", type="CURRLIAB"),
    RemoteAccount(code="845", name="Resale levy", type="CURRLIAB"),
    RemoteAccount(code="860", name="Rounding", type="CURRLIAB", system="ROUNDING"),
)
TAX_RATES = (
    RemoteTaxRate(code="OUTPUT", name="GST on Income", rate=Decimal(10)),
    RemoteTaxRate(code="EXEMPTOUTPUT", name="GST Free Income", rate=Decimal(0)),
    RemoteTaxRate(code="EXEMPTEXPORT", name="GST Free Exports", rate=Decimal(0)),
    RemoteTaxRate(code="BASEXCLUDED", name="BAS Excluded", rate=Decimal(0)),
)


def mapping(slot: str, code: str, **when: str) -> Record:
    """One mapping in the form of the API."""
    return {"slot": slot, "when": when, "to": {"code": code}}


def sales_mappings() -> tuple[Record, ...]:
    """What is sold: by ownership first (that wins over the line kind alone), then by line kind."""
    return (
        mapping("sales", "260"),
        mapping("sales", "200", line_kind="artwork"),
        mapping("sales", "200", ownership="owned"),
        mapping("sales", "205", ownership="consigned"),
        mapping("sales", "205", ownership="agent"),
        mapping("sales", "210", line_kind="edition"),
        mapping("sales", "210", line_kind="edition", ownership="owned"),
        mapping("sales", "210", line_kind="edition", ownership="consigned"),
        mapping("sales", "220", line_kind="framing"),
        mapping("sales", "230", line_kind="insurance"),
        mapping("sales", "250", line_kind="publication"),
        mapping("portal", "240"),
        mapping("shipping", "230"),
        mapping("expense", "310"),
        mapping("deposit", "835"),
        mapping("voucher", "836"),
        mapping("levy", "845"),
        mapping("donation", "840"),
        mapping("rounding", "860"),
    )


# Every method but cheques: the one cheque of the year must come up as a payment without an account.
MAPPINGS = (
    *sales_mappings(),
    mapping("tax", "OUTPUT", tax_code="gst"),
    mapping("tax", "EXEMPTOUTPUT", tax_code="gst-free"),
    mapping("tax", "EXEMPTEXPORT", tax_code="export"),
    mapping("no_tax", "BASEXCLUDED"),
    mapping("bank", "090", method="bank_transfer"),
    mapping("bank", "094", method="bank_transfer", currency="USD"),
    mapping("bank", "091", method="stripe"),
    mapping("bank", "090", method="card_terminal"),
    mapping("bank", "092", method="paypal"),
    mapping("bank", "093", method="cash"),
    mapping("bank", "836", method="voucher"),
    mapping("bank", "836", method="credit"),  # store credit: the deposits account takes no payments
    mapping("bank", "090", method="other"),
)


def xero_settings(**changed: Any) -> dict[str, Any]:
    """The settings of a Xero webservice: the defaults with what is *changed*."""
    return {
        "invoice_prefix": "AG",
        "admin_email": None,
        "scheduled": False,
        "on_change": True,
        "interval_minutes": 60,
        "import_contacts": False,
        "copy_existing": False,
        "sync_from": None,
        "window_days": 14,
        "invoice_status": "AUTHORISED",
        "rounding": "tax_adjust",
        "duplicate_names": "hold",
        "bad_email": "omit",
        **changed,
    }
