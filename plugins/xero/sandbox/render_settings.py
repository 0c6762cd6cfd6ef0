"""An organisation's profile and chart as Xero writes them. FACTS 8. Pure."""

from __future__ import annotations

from plugins.xero.sandbox import demo_chart
from plugins.xero.sandbox.books import CURRENCY_NAMES, Books
from plugins.xero.sandbox.state import Account, TaxRate, TrackingCategory
from plugins.xero.sandbox.wire import Json, ms_date, ms_stamp


def render_account(account: Account) -> Json:
    """FACTS 8.1 [S]."""
    body: Json = {
        "AccountID": account.id,
        "Name": account.name,
        "Status": account.status,
        "Type": account.type,
        "TaxType": account.tax_type,
        "Class": account.class_,
        "EnablePaymentsToAccount": account.takes_payments,
        "ShowInExpenseClaims": False,
        "BankAccountType": account.bank_account_type,
        "ReportingCode": "",
        "HasAttachments": False,
        "UpdatedDateUTC": ms_stamp(account.updated_at),
        "AddToWatchlist": False,
    }
    if account.code:
        body["Code"] = account.code
    if account.system:
        body["SystemAccount"] = account.system
    if account.type == "BANK":
        body["BankAccountNumber"] = "0000000"
        body["CurrencyCode"] = account.currency
    return body


def render_tax_rate(rate: TaxRate) -> Json:
    """FACTS 8.2 [S]."""
    return {
        "Name": rate.name,
        "TaxType": rate.tax_type,
        "ReportTaxType": rate.report_type,
        "CanApplyToAssets": "ASSET" in rate.applies,
        "CanApplyToEquity": "EQUITY" in rate.applies,
        "CanApplyToExpenses": "EXPENSE" in rate.applies,
        "CanApplyToLiabilities": "LIABILITY" in rate.applies,
        "CanApplyToRevenue": "REVENUE" in rate.applies,
        "DisplayTaxRate": rate.rate,
        "EffectiveRate": rate.rate,
        "Status": rate.status,
        "TaxComponents": [{"Name": rate.name, "Rate": rate.rate, "IsCompound": False, "IsNonRecoverable": False}],
    }


def render_tracking(category: TrackingCategory, *, archived: bool) -> Json:
    """FACTS 8.4."""
    return {
        "Name": category.name,
        "Status": category.status,
        "TrackingCategoryID": category.id,
        "Options": [
            {"TrackingOptionID": option.id, "Name": option.name, "Status": option.status}
            for option in category.options
            if archived or option.status == "ACTIVE"
        ],
    }


def render_currency(code: str) -> Json:
    """FACTS 8.4."""
    return {"Code": code, "Description": CURRENCY_NAMES.get(code, code)}


def render_organisation(books: Books) -> Json:
    """FACTS 8.3 [S]; lock dates only when set."""
    body: Json = {
        "OrganisationID": books.id,
        "Name": books.name,
        "LegalName": books.name,
        "PaysTax": True,
        "Version": demo_chart.VERSIONS.get(books.country, "GLOBAL"),
        "OrganisationType": "COMPANY",
        "BaseCurrency": books.currency,
        "CountryCode": books.country,
        "IsDemoCompany": True,
        "OrganisationStatus": "ACTIVE",
        "FinancialYearEndDay": 30,
        "FinancialYearEndMonth": 6,
        "SalesTaxBasis": "ACCRUALS",
        "SalesTaxPeriod": "QUARTERLY1",
        "DefaultSalesTax": "Tax Exclusive",
        "DefaultPurchasesTax": "Tax Exclusive",
        "Timezone": demo_chart.TIME_ZONES[books.country][0],
        "OrganisationEntityType": "COMPANY",
        "ShortCode": books.short_code,
        "Class": "DEMO",
        "Edition": "BUSINESS",
        "LineOfBusiness": "",
        "Addresses": [],
        "Phones": [],
        "ExternalLinks": [],
        "PaymentTerms": {},
    }
    if books.period_lock:
        body["PeriodLockDate"] = ms_date(books.period_lock)
    if books.year_lock:
        body["EndOfYearLockDate"] = ms_date(books.year_lock)
    return body
