"""Bringing an organisation into the state that a rehearsal starts from: plain facts in, done as a person would there.

A fact is a mapping with the key ``fact``: ``account``, ``tax_rate``, ``currency``, ``lock``, ``contact``, ``invoice``,
``payment``. No rule is checked for contacts: people's books are untidy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from plugins.xero.sandbox.demo_chart import stable_id
from plugins.xero.sandbox.organisation import Organisation
from plugins.xero.sandbox.state import Account, TaxRate

Fact = Mapping[str, Any]

_CLASSES = {"REVENUE": "REVENUE", "SALES": "REVENUE", "OTHERINCOME": "REVENUE", "DIRECTCOSTS": "EXPENSE"}
_CLASSES |= {"EXPENSE": "EXPENSE", "OVERHEADS": "EXPENSE", "CURRLIAB": "LIABILITY", "LIABILITY": "LIABILITY"}
_CLASSES |= {"BANK": "ASSET", "CURRENT": "ASSET", "INVENTORY": "ASSET", "FIXED": "ASSET"}


def prepare(organisation: Organisation, facts: Sequence[Fact]) -> None:
    """Carry out *facts* in their order. Raises KeyError for a kind of fact that is not known."""
    for fact in facts:
        _DEEDS[fact["fact"]](organisation, fact)


def _account(organisation: Organisation, fact: Fact) -> None:
    """Add an account unless its code is there; one that is there only gets what the fact says of payments."""
    for account in organisation.accounts.values():
        if account.code == fact["code"]:
            return
    made = Account(
        id=stable_id(organisation.id, "account", fact["code"]),
        code=fact["code"],
        name=fact["name"],
        type=fact["type"],
        class_=_CLASSES[fact["type"]],
        tax_type="NONE",
        system=fact["system"],
        takes_payments=fact["takes_payments"],
        bank_account_type="BANK" if fact["type"] == "BANK" else "",
        currency=fact["currency"],
    )
    organisation.accounts[made.id] = made


def _tax_rate(organisation: Organisation, fact: Fact) -> None:
    if fact["code"] in organisation.tax_rates:
        return
    everywhere = frozenset({"ASSET", "EQUITY", "EXPENSE", "LIABILITY", "REVENUE"})
    rate = TaxRate(tax_type=fact["code"], name=fact["name"], rate=fact["rate"], applies=everywhere)
    organisation.tax_rates[rate.tax_type] = rate


def _contact(organisation: Organisation, fact: Fact) -> None:
    made = organisation.add_contact(fact["name"], email=fact["email"])
    if fact["status"] == "ARCHIVED":
        organisation.archive_contact(made.id)


def _invoice(organisation: Organisation, fact: Fact) -> None:
    """A document of somebody else's that has a number the hub would use."""
    contact = organisation.add_contact(fact["contact_name"])
    line = {
        "Description": "Entered by hand",
        "Quantity": 1,
        "UnitAmount": fact["total"],
        "AccountID": organisation.account("260").id,
        "TaxType": "EXEMPTOUTPUT",
    }
    organisation.add_invoice(
        InvoiceNumber=fact["number"],
        Contact={"ContactID": contact.id},
        Date=fact["issued_on"],
        CurrencyCode=fact["currency"],
        LineItems=[line],
    )


def _payment(organisation: Organisation, fact: Fact) -> None:
    (invoice_id,) = organisation.ledger.invoice_numbers.ids(fact["remote_number"])
    organisation.pay(invoice_id, fact["amount"], account=fact["account"], on=fact["paid_on"])


_DEEDS: dict[str, Callable[[Organisation, Fact], None]] = {
    "account": _account,
    "tax_rate": _tax_rate,
    "currency": lambda organisation, fact: organisation.subscribe(fact["code"]),
    "lock": lambda organisation, fact: organisation.lock(period=fact["on"]),
    "contact": _contact,
    "invoice": _invoice,
    "payment": _payment,
}
