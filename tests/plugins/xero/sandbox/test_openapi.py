"""The sandbox's answers against the official OpenAPI description, where a copy lies beside the repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from jsonschema import Draft4Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from tests.plugins.xero.sandbox.support import Caller, invoice, line, payment, running

SPEC = Path(__file__).resolve().parents[5] / "shared" / "xero" / "openapi" / "xero_accounting.yaml"

pytestmark = pytest.mark.skipif(not SPEC.exists(), reason="no copy of xero_accounting.yaml in ../shared")

ENVELOPE = {"Id", "Status", "ProviderName", "DateTimeUTC"}
# What Xero sends and the description leaves out: FACTS 7.3 [T] (string twins), 3.3 [T] (messages on sub-objects).
TWINS = {"DateString", "DueDateString", "ValidationErrors"}


class Description:
    """The schemas, with a check that also refuses keys they do not know."""

    def __init__(self) -> None:
        document = yaml.load(SPEC.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        self.schemas: dict[str, Any] = document["components"]["schemas"]
        resource = Resource(contents=document, specification=DRAFT4)
        self.registry: Registry[Any] = Registry().with_resource("urn:xero", resource)

    def faults(self, name: str, value: Any) -> list[str]:
        validator = Draft4Validator(
            {"$ref": f"urn:xero#/components/schemas/{name}"},
            registry=self.registry,
            format_checker=FormatChecker(["uuid"]),
        )
        found = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]
        return found + self.unknown(name, value, name)

    def unknown(self, name: str, value: Any, at: str) -> list[str]:
        properties = self.schemas[name].get("properties", {})
        found = []
        for key, one in value.items():
            if key in TWINS:
                continue
            if key not in properties:
                found.append(f"{at}.{key}: not described")
                continue
            schema = properties[key]
            inner = schema.get("$ref") or schema.get("items", {}).get("$ref", "")
            for part in one if isinstance(one, list) else [one]:
                if isinstance(part, dict) and inner:
                    found += self.unknown(inner.rsplit("/", 1)[1], part, f"{at}.{key}")
        return found


@pytest.fixture(scope="module")
def description() -> Description:
    return Description()


async def answer(caller: Caller, method: str, path: str, body: Any = None) -> Any:
    reply = await caller.call(method, path, body=body)
    return msgspec.json.decode(reply.raw)


async def check(description: Description, caller: Caller, method: str, path: str, body: Any = None) -> Any:
    """Call, check the whole answer, give its elements."""
    found = await answer(caller, method, path, body)
    key = next(name for name in found if name not in ENVELOPE | {"pagination"})
    assert description.faults(key, {name: one for name, one in found.items() if name not in ENVELOPE}) == []
    assert found[key], f"{path} answered nothing to check"
    return found[key]


async def test_every_answer_fits_its_schema(description: Description) -> None:
    async with running() as caller:
        organisation = caller.organisation
        organisation.lock(period=None, year_end=None)
        for path in ("Organisation", "Organisation/Actions", "Accounts", "TaxRates", "Currencies"):
            await check(description, caller, "GET", path)
        await check(description, caller, "GET", "TrackingCategories?includeArchived=true")
        address = {"AddressType": "STREET", "City": "Sydney", "Country": "Australia"}
        person = {"FirstName": "Bo", "EmailAddress": "bo@example.com", "IncludeInEmails": True}
        sent = {"Name": "Ana", "ContactNumber": "AG-1", "Addresses": [address], "ContactPersons": [person]}
        (contact,) = await check(description, caller, "PUT", "Contacts", {"Contacts": [sent]})
        buyer = {"ContactID": contact["ContactID"]}
        tracked = line(Tracking=[{"Name": "Channel", "Option": "Fair"}], DiscountRate=5)
        wanted = invoice(Contact=buyer, InvoiceNumber="AG1", LineItems=[tracked], Url="https://gallery.example/1")
        bad = invoice(Contact=buyer, InvoiceNumber="AG1")
        path = "Invoices?summarizeErrors=false&unitdp=4"
        made = await check(description, caller, "PUT", path, {"Invoices": [wanted, {**bad, "LineItems": []}]})
        assert [one["StatusAttributeString"] for one in made] == ["OK", "ERROR"]
        key = made[0]["InvoiceID"]
        await check(description, caller, "PUT", "Payments", {"Payments": [payment(key, "10.00", Reference="R")]})
        organisation.credit(key, organisation.ledger.invoices[key].left / 2 // 1)
        organisation.credit(key, source="overpayment")
        other = await caller.invoice(Contact=buyer)
        organisation.batch_pay([(other["InvoiceID"], None)])
        organisation.merge_contacts(organisation.add_contact("Old Ana").id, contact["ContactID"])
        for path in ("Invoices", "Invoices?page=1", f"Invoices/{key}", "Payments?page=1", "CreditNotes?page=1"):
            await check(description, caller, "GET", path)
        await check(description, caller, "GET", "Contacts?page=1&includeArchived=true")


async def test_refusals_fit_the_error_schema(description: Description) -> None:
    async with running() as caller:
        for path, body in (
            ("Contacts", {"Contacts": [{"Name": ""}]}),
            ("Invoices", {"Invoices": [{"Type": "ACCREC"}]}),
            ("Payments", {"Payments": [{"Amount": 5}]}),
        ):
            refused = await answer(caller, "PUT", path, body)
            elements = refused.pop("Elements")
            assert description.faults("Error", refused) == []
            kind = path.removesuffix("s")
            assert [fault for one in elements for fault in description.faults(kind, one)] == []


def test_the_check_itself_finds_faults(description: Description) -> None:
    assert description.faults("Invoice", {"InvoiceID": "nonsense", "Total": "5", "Nonsense": 1}) != []
    assert len(description.faults("Invoice", {"InvoiceID": "nonsense", "Total": "5", "Nonsense": 1})) == 3
