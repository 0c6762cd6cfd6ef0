"""O17: the import of contacts, of a size that real books have."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.catalogue.desk import BASE, connect, make_contact, make_invoice, patch, send, synced
from tests.web.webservices.office import Office

MANY = 5000
PAGE = 1000


async def list_contacts(office: Office) -> dict[str, Any]:
    """The gallery's contacts by id."""
    found: dict[str, Any] = {}
    cursor: dict[str, str] = {}
    while True:
        status, page = await office.get(f"{BASE}/contacts", limit="500", **cursor)
        assert status == 200, page
        found |= {one["id"]: one for one in page["items"]}
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


async def test_o17_5000_contacts_come_by_page_and_a_rerun_makes_no_duplicates(office: Office) -> None:
    organisation = office.bench.organisation
    year_ago = organisation.now() - timedelta(days=365)
    for n in range(MANY):
        one = organisation.add_contact(f"Person {n}", email=f"person{n}@example.com")
        office.bench.ledger.contacts.touch(one, year_ago + timedelta(minutes=n))
    ours = [make_contact(f"c-{n}", name=f"Person {n}", email=f"person{n}@example.com") for n in range(10)]
    await connect(office, import_contacts=True)
    await send(office, *ours, make_invoice(contact_id="c-3"))
    office.bench.sandbox.calls.clear()

    first = await office.sync()

    contacts = await list_contacts(office)
    assert (first["state"], len(contacts)) == ("done", MANY)
    assert sum("origin" in one for one in contacts.values()) == MANY - len(ours)
    assert office.bench.sandbox.calls.by_path["GET /api.xro/2.0/Contacts"] == MANY // PAGE + 1
    await synced(office, "invoice", "i-1")
    assert len(office.bench.ledger.contacts) == MANY
    for wanted in (False, True):
        await patch(office, import_contacts=wanted)

    again = await office.sync()

    assert (again["state"], again["counts"]["received"], again["counts"]["unchanged"]) == ("done", 0, MANY)
    assert await list_contacts(office) == contacts
