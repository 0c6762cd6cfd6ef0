"""Charts of accounts and tax rates for demo organisations. DOMAIN section 4 "Demo chart"; FACTS 8.1, 8.2."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5

from plugins.xero.sandbox.state import Account, TaxRate, TrackingCategory, TrackingOption

_SALES = frozenset({"REVENUE", "LIABILITY", "EQUITY", "ASSET"})
_COSTS = frozenset({"EXPENSE", "LIABILITY", "EQUITY", "ASSET"})
_ALL = _SALES | _COSTS

# code, name, type, class, kind of tax (sale, cost or none), extra
_CHART = (
    ("200", "Artwork – owned", "REVENUE", "REVENUE", "sale", ""),
    ("205", "Artwork – consigned", "REVENUE", "REVENUE", "sale", ""),
    ("210", "Editions", "REVENUE", "REVENUE", "sale", ""),
    ("215", "Margin-scheme art", "REVENUE", "REVENUE", "none", ""),
    ("220", "Framing", "REVENUE", "REVENUE", "sale", ""),
    ("230", "Shipping", "REVENUE", "REVENUE", "sale", ""),
    ("240", "Portal fees", "REVENUE", "REVENUE", "sale", ""),
    ("250", "Publications", "REVENUE", "REVENUE", "sale", ""),
    ("260", "Other", "REVENUE", "REVENUE", "sale", ""),
    ("310", "Cost of art", "DIRECTCOSTS", "EXPENSE", "cost", ""),
    ("404", "Merchant fees", "EXPENSE", "EXPENSE", "cost", ""),
    ("610", "Accounts receivable", "CURRENT", "ASSET", "none", "DEBTORS"),
    ("800", "Accounts payable", "CURRLIAB", "LIABILITY", "none", "CREDITORS"),
    ("820", "GST", "CURRLIAB", "LIABILITY", "none", "GST"),
    ("835", "Customer deposits", "CURRLIAB", "LIABILITY", "none", ""),
    ("836", "Gift vouchers", "CURRLIAB", "LIABILITY", "none", "payments"),
    ("840", "Due to consignors", "CURRLIAB", "LIABILITY", "none", ""),
    ("845", "Resale levy", "CURRLIAB", "LIABILITY", "none", ""),
    ("860", "Rounding", "CURRLIAB", "LIABILITY", "none", "ROUNDING"),
    ("090", "Bank", "BANK", "ASSET", "none", "BANK"),
    ("091", "Stripe clearing", "BANK", "ASSET", "none", "BANK"),
    ("092", "PayPal", "BANK", "ASSET", "none", "PAYPAL"),
    ("093", "Till", "CURRENT", "ASSET", "none", "payments"),
    ("094", "USD bank", "BANK", "ASSET", "none", "USD"),
)


class _Taxes(NamedTuple):
    sale: str
    cost: str
    none: str
    rates: tuple[tuple[str, str, str, frozenset[str], str], ...]


_TAXES = {
    "AU": _Taxes(
        "OUTPUT",
        "INPUT",
        "BASEXCLUDED",
        (
            ("OUTPUT", "GST on Income", "10", _SALES, "OUTPUT"),
            ("INPUT", "GST on Expenses", "10", _COSTS, "INPUT"),
            ("EXEMPTOUTPUT", "GST Free Income", "0", _SALES, "EXEMPTOUTPUT"),
            ("EXEMPTEXPENSES", "GST Free Expenses", "0", _COSTS, "EXEMPTEXPENSES"),
            ("EXEMPTEXPORT", "GST Free Exports", "0", _SALES, "EXEMPTEXPORT"),
            ("BASEXCLUDED", "BAS Excluded", "0", _ALL, "BASEXCLUDED"),
        ),
    ),
    "GB": _Taxes(
        "OUTPUT2",
        "INPUT2",
        "NONE",
        (
            ("OUTPUT2", "20% (VAT on Income)", "20", _SALES, "OUTPUT"),
            ("INPUT2", "20% (VAT on Expenses)", "20", _COSTS, "INPUT"),
            ("RROUTPUT", "5% (VAT on Income)", "5", _SALES, "OUTPUT"),
            ("ZERORATEDOUTPUT", "Zero Rated Income", "0", _SALES, "OUTPUT"),
            ("EXEMPTOUTPUT", "Exempt Income", "0", _SALES, "EXEMPTOUTPUT"),
            ("ECZROUTPUT", "Zero Rated EC Goods Income", "0", _SALES, "ECOUTPUT"),
            ("NONE", "No VAT", "0", _ALL, "NONE"),
            ("OUTPUT", "17.5% (VAT on Income)", "17.5", _SALES, "OUTPUT"),
        ),
    ),
    "NZ": _Taxes(
        "OUTPUT2",
        "INPUT2",
        "NONE",
        (
            ("OUTPUT2", "15% GST on Income", "15", _SALES, "OUTPUT"),
            ("INPUT2", "15% GST on Expenses", "15", _COSTS, "INPUT"),
            ("ZERORATED", "Zero Rated", "0", _ALL, "OUTPUT"),
            ("NONE", "No GST", "0", _ALL, "NONE"),
        ),
    ),
    "US": _Taxes(
        "TAX001",
        "NONE",
        "NONE",
        (
            ("TAX001", "NYC sales tax", "8.875", _ALL, "USSALESTAX"),
            ("TAX002", "Sales tax 6.5%", "6.5", _ALL, "USSALESTAX"),
            ("OUTPUT", "Tax on Sales", "0", _SALES, "OUTPUT"),
            ("NONE", "Tax Exempt", "0", _ALL, "NONE"),
        ),
    ),
    "CA": _Taxes(
        "TAX001",
        "NONE",
        "NONE",
        (
            ("TAX001", "GST + QST", "14.975", _ALL, "OUTPUT"),
            ("TAX002", "GST", "5", _ALL, "OUTPUT"),
            ("TAX003", "HST Ontario", "13", _ALL, "OUTPUT"),
            ("NONE", "Tax Exempt", "0", _ALL, "NONE"),
        ),
    ),
}

COUNTRIES = tuple(_TAXES)
VERSIONS = {"AU": "AU", "GB": "UK", "NZ": "NZ", "US": "US"}
TIME_ZONES = {
    "AU": ("AUSEASTERNSTANDARDTIME", "Australia/Sydney"),
    "GB": ("GMTSTANDARDTIME", "Europe/London"),
    "NZ": ("NEWZEALANDSTANDARDTIME", "Pacific/Auckland"),
    "US": ("EASTERNSTANDARDTIME", "America/New_York"),
    "CA": ("EASTERNSTANDARDTIME", "America/Toronto"),
}


def stable_id(*parts: str) -> str:
    """An identifier that is the same in every process for the same *parts*."""
    return str(uuid5(NAMESPACE_URL, "xero-sandbox/" + "/".join(parts)))


def demo_accounts(country: str, currency: str, owner: str) -> list[Account]:
    """The demo chart; ids depend on *owner* (the organisation's id) and the code alone."""
    taxes = _TAXES[country]
    tax_types = {"sale": taxes.sale, "cost": taxes.cost, "none": taxes.none}
    accounts = []
    for code, name, kind, class_, tax, extra in _CHART:
        is_bank = kind == "BANK"
        accounts.append(
            Account(
                id=stable_id(owner, "account", code),
                code=code,
                name=name,
                type=kind,
                class_=class_,
                tax_type=tax_types[tax],
                system=extra if extra in {"DEBTORS", "CREDITORS", "GST", "ROUNDING"} else None,
                takes_payments=extra == "payments",
                bank_account_type=("PAYPAL" if extra == "PAYPAL" else "BANK") if is_bank else "",
                currency=("USD" if extra == "USD" else currency) if is_bank else None,
            )
        )
    # A bank account without a code, as many real ones are (FACTS 8.1 [S]).
    accounts.append(
        Account(
            id=stable_id(owner, "account", "no code"),
            code="",
            name="Savings",
            type="BANK",
            class_="ASSET",
            tax_type=taxes.none,
            bank_account_type="BANK",
            currency=currency,
        )
    )
    return accounts


def demo_tax_rates(country: str) -> list[TaxRate]:
    """The system rates of *country* (AU, GB, NZ, US, CA); the UK's old 17.5 % is deleted. FACTS 8.2."""
    return [
        TaxRate(
            tax_type=tax_type,
            name=name,
            rate=Decimal(rate),
            applies=applies,
            report_type=report,
            status="DELETED" if country == "GB" and tax_type == "OUTPUT" else "ACTIVE",
        )
        for tax_type, name, rate, applies, report in _TAXES[country].rates
    ]


def demo_tracking(owner: str, categories: Iterable[tuple[str, tuple[str, ...]]]) -> list[TrackingCategory]:
    """Tracking categories from (name, option names)."""
    return [
        TrackingCategory(
            id=stable_id(owner, "tracking", name),
            name=name,
            options=[TrackingOption(id=stable_id(owner, "tracking", name, option), name=option) for option in options],
        )
        for name, options in categories
    ]
