"""What a Xero organisation offers to map to, what to suggest, and what is wrong with a mapping. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as MappingOf
from datetime import date
from decimal import Decimal
from typing import Any

from hub import (
    Account,
    AccountClass,
    Choices,
    Finding,
    Mapping,
    Organisation,
    TaxCode,
    TaxRate,
    TrackingCategory,
    TrackingOption,
    find_account,
    find_option,
    find_tax_rate,
    resolve,
)
from plugins.xero import wire
from plugins.xero.places import NONE_RATE, SLOTS, document_rate, line_account_fault

_CLASSES: dict[str, AccountClass] = {
    "ASSET": "asset",
    "EQUITY": "equity",
    "EXPENSE": "expense",
    "LIABILITY": "liability",
    "REVENUE": "revenue",
}
_APPLIES: tuple[tuple[str, AccountClass], ...] = (
    ("CanApplyToRevenue", "revenue"),
    ("CanApplyToExpenses", "expense"),
    ("CanApplyToAssets", "asset"),
    ("CanApplyToLiabilities", "liability"),
    ("CanApplyToEquity", "equity"),
)
_SLOTS = {slot.key: slot for slot in SLOTS}


def _list(body: bytes, root: str) -> list[dict[str, Any]]:
    """The records of an answer. Raises `msgspec.DecodeError` when it cannot be read."""
    data = wire.decode_any(body)
    found = data.get(root) if isinstance(data, dict) else None
    return [one for one in found or () if isinstance(one, dict)]


def _number(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value or 0))


def parse_accounts(body: bytes) -> tuple[Account, ...]:
    """`GET /Accounts`; deleted ones are left out, archived ones kept as inactive (FACTS 8.1)."""
    return tuple(
        Account(
            id=str(one.get("AccountID") or "").lower(),
            code=one.get("Code") or None,
            name=one.get("Name") or one.get("Code") or "",
            class_=_CLASSES.get(one.get("Class") or "", "asset"),
            type=one.get("Type") or "",
            active=(one.get("Status") or "ACTIVE") == "ACTIVE",
            takes_payments=one.get("Type") == "BANK" or bool(one.get("EnablePaymentsToAccount")),
            currency=one.get("CurrencyCode") or None,
            system=one.get("SystemAccount") or None,
            is_bank=one.get("Type") == "BANK",
        )
        for one in _list(body, "Accounts")
        if one.get("Status") != "DELETED" and one.get("AccountID")
    )


def parse_tax_rates(body: bytes) -> tuple[TaxRate, ...]:
    """`GET /TaxRates`; the rate is the effective one, in percent (FACTS 8.2)."""
    return tuple(
        TaxRate(
            code=one["TaxType"],
            name=one.get("Name") or one["TaxType"],
            rate=_number(one.get("EffectiveRate")),
            active=(one.get("Status") or "ACTIVE") == "ACTIVE",
            applies_to=tuple(class_ for key, class_ in _APPLIES if one.get(key, True)),
        )
        for one in _list(body, "TaxRates")
        if one.get("TaxType") and one.get("Status") != "DELETED"
    )


def parse_tracking(body: bytes) -> tuple[TrackingCategory, ...]:
    """`GET /TrackingCategories`; only active categories, options with their state (FACTS 8.4)."""
    return tuple(
        TrackingCategory(
            id=one["TrackingCategoryID"],
            name=one.get("Name") or "",
            options=tuple(
                TrackingOption(
                    id=option["TrackingOptionID"],
                    name=option.get("Name") or "",
                    active=(option.get("Status") or "ACTIVE") == "ACTIVE",
                )
                for option in one.get("Options") or ()
                if option.get("TrackingOptionID") and option.get("Status") != "DELETED"
            ),
        )
        for one in _list(body, "TrackingCategories")
        if one.get("TrackingCategoryID") and (one.get("Status") or "ACTIVE") == "ACTIVE"
    )


def parse_currencies(body: bytes, base: str | None) -> tuple[str, ...]:
    """`GET /Currencies`: the codes, the base currency first (it is always usable)."""
    codes = [one["Code"] for one in _list(body, "Currencies") if one.get("Code")]
    return tuple(dict.fromkeys([*([base] if base else []), *codes]))


def parse_organisation(body: bytes, organisation_id: str | None = None) -> Organisation | None:
    """`GET /Organisation`; `locked_until` is the later of the two lock dates (FACTS 4.9, 8.3).

    *organisation_id* is the tenant id of the connection, by which the hub knows it.
    """
    for one in _list(body, "Organisations"):
        return Organisation(
            id=organisation_id or one.get("OrganisationID") or "",
            name=one.get("Name") or one.get("LegalName") or "",
            currency=one.get("BaseCurrency") or None,
            country=one.get("CountryCode") or None,
            locked_until=_latest(one.get("PeriodLockDate"), one.get("EndOfYearLockDate")),
            short_code=one.get("ShortCode") or None,
        )
    return None


def _latest(*texts: str | None) -> date | None:
    return max((day for text in texts if (day := wire.parse_day(text)) is not None), default=None)


def parse_connections(body: bytes) -> tuple[Organisation, ...]:
    """`GET /connections`: the organisations; practices are left out (FACTS 1.6)."""
    found = wire.decode_any(body)
    return tuple(
        Organisation(
            id=one["tenantId"], name=one.get("tenantName") or one["tenantId"], connection_id=one.get("id") or None
        )
        for one in (found if isinstance(found, list) else ())
        if isinstance(one, dict) and one.get("tenantId") and one.get("tenantType") == "ORGANISATION"
    )


# -- findings


def check_mappings(
    mappings: Sequence[Mapping], choices: Choices, tax_codes: Iterable[TaxCode] = ()
) -> tuple[Finding, ...]:
    """What is wrong with *mappings* against *choices*, and which slots have none.

    Rates are compared with those of *tax_codes*; every rendering compares them again.
    """
    codes = {code.id: code for code in tax_codes}
    findings = [finding for mapping in mappings if (finding := _check(mapping, choices, codes)) is not None]
    findings += [
        Finding(code="unmapped", slot="tax", when={"tax_code": key}, message=f"Nothing is chosen for “{code.name}”.")
        for key, code in codes.items()
        if resolve("tax", {"tax_code": key}, mappings) is None
    ]
    mapped = {mapping.slot for mapping in mappings}
    for key in ("sales", "bank", "tax", "no_tax"):
        if key not in mapped:
            label = _SLOTS[key].label
            message = f"Nothing is chosen for “{label}”."
            findings.append(Finding(code="unmapped", slot=key, message=message, blocking=_SLOTS[key].required))
    if (finding := _check_rounding(mappings, choices)) is not None:
        findings.append(finding)
    return tuple(findings)


def _check_rounding(mappings: Sequence[Mapping], choices: Choices) -> Finding | None:
    """Whether a rounding line could be written: said once and before any invoice needs it (DOMAIN 3.4.5 ix)."""
    target = resolve("rounding", {}, mappings)
    if target is None:
        account = next((one for one in choices.accounts if one.system == "ROUNDING"), None)
    else:
        account = find_account(target, choices)
    if account is None and target is None:
        message = "The organisation has no rounding account of its own: choose one."
        return Finding(code="unmapped", slot="rounding", message=message, blocking=True)
    untaxed = resolve("no_tax", {}, mappings)
    rate = find_tax_rate(untaxed, choices) if untaxed is not None else None
    if account is None or rate is None or account.class_ in rate.applies_to:
        return None
    shown = f"{account.code} {account.name}" if account.code else account.name
    message = f"The tax rate {rate.name}, for lines without tax, cannot be used with {shown}: choose another account."
    return Finding(code="tax_mapping", slot="rounding", message=message, blocking=True)


def _check(mapping: Mapping, choices: Choices, codes: MappingOf[str, TaxCode]) -> Finding | None:
    slot = _SLOTS.get(mapping.slot)
    if slot is None:
        return _finding("mapping_invalid", mapping, f"There is no slot “{mapping.slot}”.")
    if "tax" in slot.fills:
        return _check_tax(mapping, choices, codes)
    if "tracking" in slot.fills:
        pair = find_option(mapping.to, choices)
        if pair is None:
            return _finding("mapping_invalid", mapping, "The tracking option is not in Xero any more.")
        if not pair[1].active:
            return _finding("mapping_invalid", mapping, f"The tracking option {pair[1].name} is archived in Xero.")
        return None
    return _check_account(mapping, choices)


def _check_tax(mapping: Mapping, choices: Choices, codes: MappingOf[str, TaxCode]) -> Finding | None:
    rate = find_tax_rate(mapping.to, choices)
    if rate is None and NONE_RATE.code in (mapping.to.code, mapping.to.id):
        rate = NONE_RATE
    if rate is None:
        return _finding("mapping_invalid", mapping, "The tax rate is not in Xero any more.")
    if not rate.active:
        return _finding("tax_archived", mapping, f"The tax rate {rate.name} is archived in Xero.")
    if "revenue" not in rate.applies_to:
        return _finding("tax_mapping", mapping, f"The tax rate {rate.name} cannot be used for sales.")
    if mapping.slot == "no_tax" and rate.rate != 0:
        return _finding("tax_mapping", mapping, f"The tax rate {rate.name} is {rate.rate:f} %, and 0 % is needed.")
    code = codes.get(mapping.when.get("tax_code", ""))
    if code is not None and rate.rate != (wanted := document_rate(code)):
        message = f"The tax rate {rate.name} is {rate.rate:f} %, and “{code.name}” needs {wanted:f} %."
        return _finding("tax_mapping", mapping, message)
    return None


def _check_account(mapping: Mapping, choices: Choices) -> Finding | None:
    slot = _SLOTS[mapping.slot]
    account = find_account(mapping.to, choices)
    if account is None:
        return _finding("mapping_invalid", mapping, "The account is not in Xero any more.")
    shown = f"{account.code} {account.name}" if account.code else account.name
    if slot.key == "bank":
        return _check_bank(mapping, account, shown, choices)
    if why := line_account_fault(account):
        return _finding("mapping_invalid", mapping, f"{why[:1].upper()}{why[1:]}.")
    if account.class_ not in slot.fills:
        wanted = " or ".join(slot.fills)
        message = f"{shown} is an account of the class {account.class_}; “{slot.label}” is meant for {wanted}."
        return Finding(code="mapping_invalid", slot=slot.key, when=dict(mapping.when), message=message)
    return None


def _check_bank(mapping: Mapping, account: Account, shown: str, choices: Choices) -> Finding | None:
    if not account.active:
        return _finding("payment_account", mapping, f"{shown} is archived in Xero.")
    if not account.takes_payments:
        return _finding("payment_account", mapping, f"{shown} does not take payments in Xero.")
    base = choices.organisation.currency if choices.organisation else None
    currency = mapping.when.get("currency")
    if currency is not None and choices.currencies and currency not in choices.currencies:
        message = f"The organisation does not use {currency}: add it in Xero first (not every plan has several)."
        return _finding("currency_not_subscribed", mapping, message)
    if account.currency and base and account.currency != base and currency not in (None, account.currency):
        message = f"{shown} is in {account.currency}: it takes no payments of {currency} invoices."
        return _finding("payment_currency", mapping, message)
    return None


def _finding(code: str, mapping: Mapping, message: str) -> Finding:
    return Finding(code=code, slot=mapping.slot, when=dict(mapping.when), message=message, blocking=True)
