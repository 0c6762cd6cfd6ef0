"""A gallery's desk: send records by the API, look at how they stand, and at what Xero would answer about them.

A *world* is an office whose records were sent and synced once; many single-shot cases share one (`open_world` in
conftest). A case of several steps has an office of its own (fixtures `office`, `desk`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from plugins.xero.sandbox.organisation import Organisation
from plugins.xero.sandbox.render import render_contact, render_invoice
from tests.sync.harness import GALLERY, MAPPINGS, make_contact, make_invoice, make_line, make_payment
from tests.web.webservices.office import BASE, Office

__all__ = [
    "BASE",
    "GALLERY",
    "Json",
    "connect",
    "contacts_there",
    "flat",
    "held",
    "invoice_for",
    "is_there",
    "left_out",
    "lines_there",
    "locked_until",
    "make_contact",
    "make_invoice",
    "make_line",
    "make_payment",
    "notes",
    "outcome",
    "patch",
    "patch_faults",
    "path_of",
    "put",
    "refresh",
    "refused",
    "send",
    "settings_faults",
    "synced",
    "there_contact",
    "there_invoice",
    "use_organisation",
]

Json = dict[str, Any]
PATHS = {"contact": "contacts", "tax_code": "tax-codes", "invoice": "invoices", "payment": "payments"}


# -- the gallery's side


def path_of(record: Mapping[str, Any]) -> str:
    """Where a record is put."""
    if record["type"] == "gallery":
        return BASE
    return f"{BASE}/{PATHS[record['type']]}/{record['id']}"


async def send(office: Office, *records: Mapping[str, Any]) -> None:
    """Send records in one bulk (NDJSON); none may be refused."""
    lines = [msgspec.json.encode(dict(record)) for record in records]
    answer = await office.send("POST", f"{BASE}/records", data=b"\n".join(lines))
    told = [msgspec.json.decode(line) for line in (await answer.read()).splitlines()]
    bad = [one for one in told if one["status"] == "refused"]
    assert (answer.status, bad, len(told)) == (200, [], len(records)), (answer.status, bad)


async def put(office: Office, record: Mapping[str, Any]) -> Json:
    """Put one record: it must be taken; the answer."""
    status, told = await office.put(path_of(record), dict(record))
    assert status in {200, 201}, told
    return dict(told)


async def refused(office: Office, record: Mapping[str, Any]) -> dict[str, str]:
    """Put one record that the door must refuse (422): place -> message."""
    status, told = await office.put(path_of(record), dict(record))
    assert status == 422, (status, told)
    return {fault["at"]: fault["message"] for fault in told["errors"]}


def invoice_for(contact: Mapping[str, Any], **changes: Any) -> Json:
    """The invoice ``i-7`` of the contact ``c-7``: 500.00, GST included."""
    name = str(contact["id"]).removeprefix("c-")
    return make_invoice(f"i-{name}", **({"contact_id": contact["id"], "number": name} | changes))


def flat(cases: Iterable[Json | Iterable[Json]]) -> list[Json]:
    """The records of a table of cases, in its order: each is one record or several."""
    return [record for case in cases for record in ([case] if isinstance(case, dict) else case)]


# -- the webservice


def use_organisation(office: Office, country: str) -> Organisation:
    """Work with the sandbox's organisation of *country* (AU, the default, or GB) from now on; before `connect`."""
    (found,) = [one for one in office.bench.sandbox.organisations.values() if one.country == country]
    office.bench.books_there = found
    return found


async def connect(
    office: Office,
    *,
    mappings: Iterable[tuple[str, Mapping[str, str], str]] = MAPPINGS,
    **settings: Any,
) -> None:
    """Make, allow, choose the organisation, save *mappings* (slot, when, code): a webservice that is ready."""
    status, page = await office.walk(await office.make(**settings))
    assert status == 200, page
    status, chosen = await office.choose(office.bench.organisation)
    assert (status, chosen["state"]) == (200, "ready"), chosen
    body = [{"slot": slot, "when": dict(when), "to": {"code": code}} for slot, when, code in mappings]
    status, told = await office.put(f"{office.path}/mappings", {"mappings": body})
    assert status == 200, told


async def patch(office: Office, **settings: Any) -> Json:
    """Change settings: they must be taken; the webservice as answered."""
    status, told = await office.call("PATCH", office.path, json={"settings": settings})
    assert status == 200, told
    return dict(told)


async def patch_faults(office: Office, **settings: Any) -> dict[str, str]:
    """Change settings that must be refused (422): place -> message."""
    status, told = await office.call("PATCH", office.path, json={"settings": settings})
    assert status == 422, (status, told)
    return {fault["at"]: fault["message"] for fault in told["errors"]}


async def settings_faults(office: Office, **settings: Any) -> dict[str, str]:
    """Make a webservice whose settings must be refused (422): place -> message."""
    body = {"kind": "xero", "name": "", "settings": settings}
    status, told = await office.call("POST", f"{BASE}/webservices", json=body)
    assert status == 422, (status, told)
    return {fault["at"]: fault["message"] for fault in told["errors"]}


async def outcome(office: Office, type_: str, record_id: str) -> tuple[str, str | None]:
    """State and reason of a record's entry."""
    entry = await office.entry(type_, record_id)
    return entry["state"], entry["reason"]


def notes(entry: Mapping[str, Any]) -> str:
    """What a person reads about an entry: its message and its history."""
    return "\n".join(filter(None, [entry["message"], *(one["text"] for one in entry["history"])]))


async def synced(office: Office, type_: str, record_id: str) -> Json:
    """The entry, which must be synced."""
    entry = await office.entry(type_, record_id)
    assert (entry["state"], entry["reason"]) == ("synced", None), entry
    return entry


async def held(office: Office, record_id: str, reason: str, *, type_: str = "invoice", state: str = "held") -> Json:
    """The entry, which must be held (or in conflict) for *reason*, with a sentence and a remedy."""
    entry = await office.entry(type_, record_id)
    assert (entry["state"], entry["reason"]) == (state, reason), entry
    assert entry["message"], entry
    assert entry["remedy"], entry
    assert entry["message"].rstrip("”")[-1] in ".…", entry["message"]
    return entry


async def left_out(office: Office, record_id: str, reason: str, *, type_: str = "invoice") -> Json:
    """The entry, which must be left out for *reason*, with a sentence and a remedy, and not be there."""
    entry = await held(office, record_id, reason, type_=type_, state="left_out")
    assert entry["remote_id"] is None, entry
    return entry


# -- what stands there, as Xero would answer


async def there_contact(office: Office, contact_id: str) -> Json:
    """The gallery's contact as its organisation holds it, in wire form; it must be synced."""
    entry = await synced(office, "contact", contact_id)
    return dict(render_contact(office.bench.ledger.contacts[entry["remote_id"]]))


def there_invoice(office: Office, number: str) -> Json:
    """The one invoice of that number there, in wire form with four decimals of UnitAmount; amounts are Decimal."""
    return dict(render_invoice(office.bench.organisation, office.bench.invoice(number), unitdp=4, whole_contact=False))


def is_there(office: Office, number: str) -> bool:
    """Whether an invoice of that number stands there, whatever its status."""
    return any(invoice.number == number for invoice in office.bench.ledger.invoices.values())


def contacts_there(office: Office) -> int:
    """How many contacts stand there, archived ones too."""
    return len(office.bench.ledger.contacts)


def locked_until(office: Office, *, period: str | None = None, year_end: str | None = None) -> None:
    """Set the lock dates there (None takes one away); the hub knows once it has read the choices anew."""
    office.bench.organisation.lock(
        period=date.fromisoformat(period) if period else None,
        year_end=date.fromisoformat(year_end) if year_end else None,
    )


async def refresh(office: Office) -> Json:
    """Read the organisation's choices anew, as the page's button does."""
    status, told = await office.get(f"{office.path}/choices", refresh="true")
    assert status == 200, told
    return dict(told)


def lines_there(invoice: Mapping[str, Any]) -> list[tuple[Decimal, Decimal, Decimal, Decimal]]:
    """(quantity, unit amount, line amount, tax amount) of each line of `there_invoice`."""
    keys = ("Quantity", "UnitAmount", "LineAmount", "TaxAmount")
    return [tuple(line.get(key, Decimal(0)) for key in keys) for line in invoice["LineItems"]]
