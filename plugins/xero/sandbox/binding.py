"""From a request's JSON to typed values; what does not fit is ErrorNumber 14. FACTS 11.1. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from plugins.xero.sandbox import errors, wire
from plugins.xero.sandbox.wire import Json

_LARGEST_POWER = 12


class Choice:
    """An enumeration, compared without case."""

    def __init__(self, type_name: str, *values: str) -> None:
        self.type_name = type_name
        self.values = {value.casefold(): value for value in values}


class Many:
    """A list of parts."""

    def __init__(self, part: Mapping[str, Any]) -> None:
        self.part = part


_STATUS = Choice("InvoiceStatus", "DRAFT", "SUBMITTED", "AUTHORISED", "PAID", "VOIDED", "DELETED")
_AMOUNT_TYPES = Choice("LineAmountType", "Exclusive", "Inclusive", "NoTax")
_CURRENCY = str

_ADDRESS = {
    "AddressType": Choice("AddressType", "POBOX", "STREET"),
    **dict.fromkeys(("AddressLine1", "AddressLine2", "AddressLine3", "AddressLine4"), str),
    **dict.fromkeys(("City", "Region", "PostalCode", "Country", "AttentionTo"), str),
}
_PHONE = {
    "PhoneType": Choice("PhoneType", "DEFAULT", "DDI", "MOBILE", "FAX", "OFFICE"),
    **dict.fromkeys(("PhoneNumber", "PhoneAreaCode", "PhoneCountryCode"), str),
}
_PERSON = {"FirstName": str, "LastName": str, "EmailAddress": str, "IncludeInEmails": bool}
CONTACT: dict[str, Any] = {
    "ContactID": "guid",
    **dict.fromkeys(("ContactNumber", "AccountNumber", "Name", "FirstName", "LastName", "EmailAddress"), str),
    **dict.fromkeys(("TaxNumber", "CompanyNumber", "DefaultCurrency"), str),
    "ContactStatus": Choice("ContactStatus", "ACTIVE", "ARCHIVED", "GDPRREQUEST"),
    "Addresses": Many(_ADDRESS),
    "Phones": Many(_PHONE),
    "ContactPersons": Many(_PERSON),
}
_TRACKING = {"TrackingCategoryID": "guid", "TrackingOptionID": "guid", "Name": str, "Option": str}
_LINE: dict[str, Any] = {
    "LineItemID": "guid",
    "AccountID": "guid",
    **dict.fromkeys(("Description", "ItemCode", "AccountCode", "TaxType"), str),
    **dict.fromkeys(("Quantity", "UnitAmount", "TaxAmount", "LineAmount", "DiscountRate", "DiscountAmount"), Decimal),
    "Tracking": Many(_TRACKING),
}
_DOCUMENT: dict[str, Any] = {
    "Contact": CONTACT,
    "LineItems": Many(_LINE),
    "Date": date,
    "LineAmountTypes": _AMOUNT_TYPES,
    "Reference": str,
    "CurrencyCode": _CURRENCY,
    "CurrencyRate": Decimal,
    "Status": _STATUS,
    "BrandingThemeID": "guid",
    "SentToContact": bool,
    **dict.fromkeys(("SubTotal", "TotalTax", "Total"), Decimal),
}
INVOICE: dict[str, Any] = {
    **_DOCUMENT,
    "InvoiceID": "guid",
    "InvoiceNumber": str,
    "Type": Choice("InvoiceType", "ACCREC", "ACCPAY"),
    "DueDate": date,
    "ExpectedPaymentDate": date,
    "Url": str,
}
CREDIT_NOTE: dict[str, Any] = {
    **_DOCUMENT,
    "CreditNoteID": "guid",
    "CreditNoteNumber": str,
    "Type": Choice("CreditNoteType", "ACCRECCREDIT"),
    "DueDate": date,
}
_REFERENCE_TO_INVOICE = {"InvoiceID": "guid", "InvoiceNumber": str}
ALLOCATION: dict[str, Any] = {"Amount": Decimal, "Date": date, "Invoice": _REFERENCE_TO_INVOICE}
PAYMENT: dict[str, Any] = {
    "PaymentID": "guid",
    "Invoice": _REFERENCE_TO_INVOICE,
    "CreditNote": {"CreditNoteID": "guid", "CreditNoteNumber": str},
    "InvoiceNumber": str,
    "CreditNoteNumber": str,
    "Account": {"AccountID": "guid", "Code": str},
    "Code": str,
    "Date": date,
    **dict.fromkeys(("Amount", "CurrencyRate", "BankAmount"), Decimal),
    "Reference": str,
    "IsReconciled": bool,
    "Status": Choice("PaymentStatus", "AUTHORISED", "DELETED"),
}


def bind(raw: object, spec: Mapping[str, Any], *, numeric_strings: bool = True) -> Json:
    """The known fields of *raw*, typed as *spec* says; null and unknown fields are left out.

    Raises:
        AnswerError: ErrorNumber 14; a value cannot be converted.
    """
    if not isinstance(raw, dict):
        raise errors.cannot_bind("Error converting value: an object was expected")
    bound: Json = {}
    for name, value in raw.items():
        kind = spec.get(name)
        if kind is not None and value is not None:
            bound[name] = _convert(name, value, kind, numeric_strings)
    return bound


def _convert(name: str, value: Any, kind: Any, numeric_strings: bool) -> Any:
    if kind is str:
        return value if isinstance(value, str) else _plain_text(name, value)
    if kind is Decimal:
        return _decimal(name, value, numeric_strings)
    if kind is date:
        if isinstance(value, str) and (day := wire.parse_day(value)) is not None:
            return day
        raise _no_conversion(name, value, "DateTime")
    if kind == "guid":
        return _guid(name, value)
    if kind is bool:
        if isinstance(value, bool):
            return value
        raise _no_conversion(name, value, "Boolean")
    if isinstance(kind, Choice):
        return _choice(name, value, kind)
    if isinstance(kind, Many):
        if not isinstance(value, list):
            raise _no_conversion(name, value, "List")
        return [bind(part, kind.part, numeric_strings=numeric_strings) for part in value]
    return bind(value, kind, numeric_strings=numeric_strings)


def _guid(name: str, value: object) -> str:
    if isinstance(value, str) and (guid := wire.as_guid(value)) is not None:
        return guid
    raise _no_conversion(name, value, "Guid")


def _choice(name: str, value: object, kind: Choice) -> str:
    if isinstance(value, str) and (found := kind.values.get(value.casefold())) is not None:
        return found
    raise _no_conversion(name, value, kind.type_name)


def _plain_text(name: str, value: object) -> str:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    raise _no_conversion(name, value, "String")


def _decimal(name: str, value: object, numeric_strings: bool) -> Decimal:
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    if is_number or (isinstance(value, str) and numeric_strings):  # strings: FACTS 7.4 [U]
        try:
            number = Decimal(value)  # type: ignore[arg-type] # one of the three, see above
        except InvalidOperation:
            raise _no_conversion(name, value, "Decimal") from None
        # A product of two such numbers still has its cents within the 28 digits of the arithmetic.
        if number.is_finite() and number.adjusted() <= _LARGEST_POWER:
            return number
    raise _no_conversion(name, value, "Decimal")


def _no_conversion(name: str, value: object, type_name: str) -> errors.AnswerError:
    shown = f'"{value}"' if isinstance(value, str) else str(value)
    # FACTS 11.1 [T]: "Error converting value ... LineAmountType".
    return errors.cannot_bind(f"Error converting value {shown} to type '{type_name}'. Path '{name}'.")
