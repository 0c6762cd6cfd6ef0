"""What the tests of the import of contacts share: contacts there, contacts here, and what was told of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from plugins.xero.sandbox.state import Contact
from tests.web.webservices.office import BASE, Office

CONTACTS = "GET /api.xro/2.0/Contacts"


async def put(office: Office, *records: dict[str, Any]) -> None:
    await office.bench.put(*records)


def add(office: Office, name: str, **fields: Any) -> Contact:
    return office.bench.organisation.add_contact(name, **fields)


def spread(office: Office) -> None:
    """As in years of book-keeping: no two were changed in one second."""
    ledger = office.bench.ledger
    year_ago = office.bench.organisation.now() - timedelta(days=365)
    for n, one in enumerate(ledger.contacts.values()):
        ledger.contacts.touch(one, year_ago + timedelta(minutes=n))


async def here(office: Office) -> dict[str, dict[str, Any]]:
    """The gallery's contacts by id, as the API tells them."""
    found: dict[str, dict[str, Any]] = {}
    query: dict[str, Any] = {"limit": 500}
    while True:
        status, page = await office.get(f"{BASE}/contacts", **query)
        assert status == 200, page
        found |= {one["id"]: one for one in page["items"]}
        if page["next"] is None:
            return found
        query["cursor"] = page["next"]


async def told(office: Office) -> list[dict[str, Any]]:
    """What the events say of imports."""
    found: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": 500}
    while True:
        _, page = await office.get(f"{BASE.removesuffix('/')}/events", **query)
        found += [one["data"] for one in page["items"] if one["type"] == "contacts.imported"]
        if page["next"] is None:
            return found
        query["after"] = page["next"]


async def turn(office: Office, **settings: Any) -> None:
    status, answer = await office.call("PATCH", office.path, json={"settings": settings})
    assert status == 200, answer


async def standing(office: Office, contact_id: str) -> tuple[str, str | None]:
    entry = await office.entry("contact", contact_id)
    return entry["state"], entry["remote_id"]


def imported(contact: Contact) -> str:
    return f"xero-{contact.id}"


def writes(office: Office) -> int:
    return office.bench.sandbox.calls.writes
