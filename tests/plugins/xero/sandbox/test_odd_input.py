"""Whatever is sent gets an answer that names its fault: odd values in every field of every element."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from plugins.xero.sandbox import Organisation, create_sandbox, wire
from plugins.xero.sandbox.accounting import Ask, answer
from plugins.xero.sandbox.resources import WRITABLE
from tests.plugins.xero.sandbox.support import invoice, line, payment

ODD: list[Any] = [
    *(None, True, 0, -1, 10**30, Decimal("1e400"), Decimal("1e-400"), Decimal("0.000001")),
    *("", " ", "x" * 5000, "1e999", "NaN", "2026-13-01", "0001-01-01", "/Date(99999999999999999)/", "ÿ\u2028'\"<>"),
    *([], {}, [[]], [None], {"Nonsense": {}}, ["x"]),
]


@pytest.fixture(scope="module")
def organisation() -> Organisation:
    return next(iter(create_sandbox().organisations.values()))


def elements(organisation: Organisation) -> dict[str, dict[str, Any]]:
    contact = {"ContactID": organisation.add_contact("Somebody").id}
    made = organisation.add_invoice(Contact=contact, LineItems=[line(Quantity=Decimal(1))])
    full = line(TaxAmount=1, LineAmount=100, DiscountRate=0, Tracking=[{"Name": "Channel", "Option": "Fair"}])
    document = {**invoice(Contact=contact, LineItems=[full]), "CurrencyCode": "USD", "CurrencyRate": 1, "Total": 101}
    return {
        "contacts": {"Name": "Ana", "Addresses": [{"AddressType": "STREET", "Country": "A"}], "Phones": [{}]},
        "invoices": document,
        "creditnotes": {**document, "Type": "ACCRECCREDIT"},
        "payments": {**payment(made.id), "CurrencyRate": 1, "BankAmount": 5},
    }


def spoiled(value: Any) -> list[Any]:
    """*value* with each of its parts in turn replaced by each odd value."""
    found: list[Any] = list(ODD)
    if isinstance(value, dict):
        for key, part in value.items():
            found += [{**value, key: odd} for odd in spoiled(part)]
    elif isinstance(value, list):
        for index, part in enumerate(value):
            found += [[*value[:index], odd, *value[index + 1 :]] for odd in spoiled(part)]
    return found


@pytest.mark.parametrize("name", sorted(WRITABLE))
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_odd_values_are_answered(organisation: Organisation, name: str, method: str) -> None:
    key = WRITABLE[name].key
    statuses = set()
    for element in spoiled(elements(organisation)[name]):
        body = wire.encode({key: [element]})
        ask = Ask(method=method, path=(key,), params={"summarizeErrors": "false"}, body=body, app="app")
        found = answer(organisation, ask)
        statuses.add(found.status)
        if found.status == 200:
            for one in wire.decode(found.body)[key]:
                assert one["StatusAttributeString"] in {"OK", "WARNING"} or one["ValidationErrors"]
        else:
            assert wire.decode(found.body)["ErrorNumber"] in {14, 17}
    assert statuses == {200, 400}


@pytest.mark.parametrize(
    "where", ["Total==1e400", "Date==DateTime(99999999999999999999,1,1)", "Date==DateTime()", '"', "\\"]
)
def test_odd_queries_are_answered(organisation: Organisation, where: str) -> None:
    found = answer(organisation, Ask(method="GET", path=("Invoices",), params={"where": where}))
    assert (found.status, wire.decode(found.body)["ErrorNumber"]) == (400, 16)
