"""Bringing organisations into the state that a rehearsal starts from: plain facts in, done as a person would there.

A fact is a mapping with the key ``fact``, a key of `_DEEDS` below. Facts are about the first organisation until an
``organisation`` fact names another, which is made when it is not there. No rule is checked for contacts: people's
books are untidy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from plugins.xero.sandbox.demo_chart import stable_id
from plugins.xero.sandbox.organisation import Organisation
from plugins.xero.sandbox.server import Sandbox
from plugins.xero.sandbox.state import Account, Document, Payment, TaxRate

Fact = Mapping[str, Any]

_CLASSES = {"REVENUE": "REVENUE", "SALES": "REVENUE", "OTHERINCOME": "REVENUE", "DIRECTCOSTS": "EXPENSE"}
_CLASSES |= {"EXPENSE": "EXPENSE", "OVERHEADS": "EXPENSE", "CURRLIAB": "LIABILITY", "LIABILITY": "LIABILITY"}
_CLASSES |= {"BANK": "ASSET", "CURRENT": "ASSET", "INVENTORY": "ASSET", "FIXED": "ASSET"}


def prepare(sandbox: Sandbox, facts: Sequence[Fact]) -> None:
    """Carry out *facts* in their order. Raises KeyError for a kind of fact, or a thing, that is not known."""
    organisation = next(iter(sandbox.organisations.values()))
    for fact in facts:
        match fact["fact"]:
            case "organisation":
                organisation = _organisation(sandbox, fact)
            case "fault":
                rule = {key: value for key, value in fact.items() if key not in {"fact", "kind"}}
                sandbox.faults.add(fact["kind"], **rule)
            case "no_faults":
                sandbox.faults.clear()
            case kind:
                _DEEDS[kind](organisation, fact)


def _organisation(sandbox: Sandbox, fact: Fact) -> Organisation:
    """The organisation of that name; a new one has the demo chart of its country."""
    for one in sandbox.organisations.values():
        if one.name == fact["name"]:
            return one
    return sandbox.add_organisation(name=fact["name"], country=fact["country"], currency=fact["currency"])


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


def _numbered(organisation: Organisation, fact: Fact) -> Document:
    (found,) = organisation.ledger.invoices_numbered(fact["remote_number"])
    return found


def _payment_on(organisation: Organisation, fact: Fact) -> Payment:
    """The one live payment on the invoice that *fact* names."""
    payments = organisation.ledger.payments_of(_numbered(organisation, fact))
    (found,) = [one for one in payments if one.status != "DELETED"]
    return found


def _payment(organisation: Organisation, fact: Fact) -> None:
    """A payment entered by hand; with ``copied`` it repeats the reference of the one that stands there already."""
    reference = _payment_on(organisation, fact).reference if fact.get("copied") else ""
    invoice = _numbered(organisation, fact)
    organisation.pay(invoice.id, fact["amount"], account=fact["account"], on=fact["paid_on"], reference=reference or "")


def _contact_named(organisation: Organisation, fact: Fact) -> str:
    return organisation.ledger.contacts_named(fact["name"])[0].id


def _behave(organisation: Organisation, fact: Fact) -> None:
    """What this organisation does from now on, by the names of `SandboxSettings`."""
    changed = {key: value for key, value in fact.items() if key != "fact"}
    organisation.settings = msgspec.structs.replace(organisation.settings, **changed)


_DEEDS: dict[str, Callable[[Organisation, Fact], Any]] = {
    "account": _account,
    "tax_rate": _tax_rate,
    "currency": lambda organisation, fact: organisation.subscribe(fact["code"]),
    "lock": lambda organisation, fact: organisation.lock(period=fact["on"]),
    "contact": _contact,
    "invoice": _invoice,
    "payment": _payment,
    # what happens later
    "behave": _behave,
    "void": lambda organisation, fact: organisation.void(_numbered(organisation, fact).id),
    "approve": lambda organisation, fact: organisation.approve(_numbered(organisation, fact).id),
    "edit_line": lambda organisation, fact: organisation.edit_line(
        _numbered(organisation, fact).id, UnitAmount=fact["unit_amount"], TaxAmount=fact["tax_amount"]
    ),
    "delete_payment": lambda organisation, fact: organisation.delete_payment(_payment_on(organisation, fact).id),
    "archive_account": lambda organisation, fact: organisation.archive_account(fact["code"]),
    "restore_account": lambda organisation, fact: organisation.restore_account(fact["code"]),
    "tax_rate_status": lambda organisation, fact: organisation.change_tax_rate(fact["code"], status=fact["status"]),
    "restore_contact": lambda organisation, fact: organisation.restore_contact(_contact_named(organisation, fact)),
    "website": lambda organisation, fact: organisation.change_contact(
        _contact_named(organisation, fact), website=fact["website"]
    ),
}
