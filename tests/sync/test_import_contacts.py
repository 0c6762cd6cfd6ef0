"""The one-time import of contacts: matched before created, repeatable, and it never makes anything un-sendable."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.sync.harness import GALLERY, cents, make_contact, make_invoice
from tests.sync.imports import CONTACTS, add, here, imported, put, standing, told, turn, writes
from tests.web.webservices.office import BASE, Office, open_office


@pytest.fixture
async def office(dsn: str, tmp_path: Path) -> AsyncIterator[Office]:
    async with open_office(dsn, tmp_path) as made:
        yield made


# -- brought here


async def test_contacts_there_become_contacts_of_the_gallery_and_invoices_go_to_that_very_one(office: Office) -> None:
    ana = add(
        office,
        "Ana Ruiz",
        first_name="Ana",
        last_name="Ruiz",
        email="ana@example.com",
        tax_number="51 824 753 556",
        addresses={"POBOX": {"AddressLine1": "1 Wharf Rd", "City": "Sydney", "Country": "Australia"}},
        phones={"DEFAULT": {"PhoneCountryCode": "61", "PhoneAreaCode": "2", "PhoneNumber": "5550 0123"}},
    )
    await office.connect(import_contacts=True)

    run = await office.sync()

    assert (run["state"], run["counts"]["received"]) == ("done", 1), run
    (contact,) = (await here(office)).values()
    assert contact["id"] == imported(ana)
    assert contact["origin"] == {"kind": "xero", "remote_id": ana.id, "webservice_id": office.webservice_id}
    assert (contact["name"], contact["first_name"], contact["last_name"]) == ("Ana Ruiz", "Ana", "Ruiz")
    assert (contact["email"], contact["phone"], contact["tax_number"]) == (
        "ana@example.com",
        "+61 2 5550 0123",
        "51824753556",
    )
    assert (contact["address"]["lines"], contact["address"]["country"]) == (["1 Wharf Rd"], "AU")
    entry = await office.entry("contact", imported(ana))
    assert (entry["state"], entry["remote_id"]) == ("synced", ana.id)
    assert "imported" in entry["history"][0]["text"]
    before = ana.updated_at
    await put(office, make_invoice(contact_id=imported(ana)))
    office.bench.sandbox.calls.clear()

    await office.sync()

    assert office.bench.invoice("AG-1").contact_id == ana.id
    assert (len(office.bench.ledger.contacts), ana.updated_at) == (1, before)
    assert writes(office) == 1


async def test_an_imported_contact_is_read_only_and_an_equal_put_is_taken(office: Office) -> None:
    ana = add(office, "Ana Ruiz", email="ana@example.com")
    await office.connect(import_contacts=True)
    await office.sync()
    path = f"{BASE}/contacts/{imported(ana)}"
    same = {"name": "Ana Ruiz", "email": "ana@example.com"}

    status, told_ = await office.put(path, same)
    assert (status, told_["version"]) == (200, 1)
    status, told_ = await office.put(path, same | {"name": "Ana María Ruiz"})

    assert (status, told_["type"].rsplit("/", 1)[1]) == (409, "read-only")
    assert (await here(office))[imported(ana)]["name"] == "Ana Ruiz"


async def test_what_a_person_asks_of_an_imported_contact_writes_nothing_there(office: Office) -> None:
    ana = add(office, "Ana Ruiz", email="ana@example.com")
    await office.connect(import_contacts=True)
    await office.sync()
    entry = await office.entry("contact", imported(ana))
    office.bench.sandbox.calls.clear()

    status, _ = await office.call("POST", f"{office.path}/entries/{entry['id']}/retry")
    assert status in {200, 202}
    await office.bench.work()
    await office.sync()

    assert writes(office) == 0
    assert await standing(office, imported(ana)) == ("synced", ana.id)


async def test_archived_merged_and_forgotten_ones_are_not_imported_nor_those_without_a_name(office: Office) -> None:
    kept = add(office, "Kept", is_supplier=True)
    add(office, "Archived", status="ARCHIVED")
    add(office, "Forgotten", status="GDPRREQUEST")
    add(office, " ")
    merged = add(office, "Merged")
    office.bench.organisation.merge_contacts(merged.id, kept.id)
    await office.connect(import_contacts=True)

    await office.sync()

    assert set(await here(office)) == {imported(kept)}
    (event,) = await told(office)
    assert (event["created"], event["skipped"], event["left_out"]) == (1, 4, 0)


async def test_invoices_that_came_before_their_imported_contact_go_once_it_is_there(office: Office) -> None:
    ana = add(office, "Ana Ruiz")
    await put(office, make_invoice(contact_id=imported(ana)))
    await office.connect()
    await office.sync()
    assert (await office.entry("invoice", "i-1"))["reason"] == "contact_missing"
    await turn(office, import_contacts=True)

    await office.sync()

    assert office.bench.books() == {"AG-1": ("AUTHORISED", cents("500.00"), cents("0.00"))}
    assert office.bench.invoice("AG-1").contact_id == ana.id


# -- matched before created


async def test_our_number_and_name_with_email_are_linked_and_nothing_is_made_or_written(office: Office) -> None:
    numbered = add(office, "Renamed there")
    both = add(office, "  ana RUIZ c-2", email="C-2@example.com")
    await put(office, make_contact("c-1"), make_contact("c-2"))
    await office.connect(import_contacts=True)
    row = await office.bench.hub.services.get(GALLERY, office.webservice_id)
    office.bench.organisation.change_contact(numbered.id, number=f"{row.tag}-c-1")
    office.bench.sandbox.calls.clear()

    run = await office.sync()

    assert set(await here(office)) == {"c-1", "c-2"}
    assert await standing(office, "c-1") == ("synced", numbered.id)
    assert await standing(office, "c-2") == ("synced", both.id)
    assert (writes(office), run["counts"]["received"], run["counts"]["unchanged"]) == (0, 0, 2)


async def test_the_same_name_alone_becomes_a_contact_of_its_own(office: Office) -> None:
    """And the gallery's contact is as it was: held for the name, until a person says who it is."""
    other = add(office, "Ana Ruiz c-1", email="another.ana@example.com")
    await put(office, make_contact(), make_invoice())
    await office.connect(import_contacts=True)

    await office.sync()

    assert set(await here(office)) == {"c-1", imported(other)}
    assert (await office.entry("invoice", "i-1"))["reason"] == "duplicate_contact"
    entry = await office.entry("contact", "c-1")
    status, linked = await office.call(
        "POST", f"{office.path}/entries/{entry['id']}/link", json={"remote_id": other.id}
    )
    assert status == 200, linked
    await office.sync()
    assert office.bench.invoice("AG-1").contact_id == other.id


@pytest.mark.parametrize(("twins_here", "twins_there"), [(1, 2), (2, 1), (2, 2)])
async def test_where_name_and_email_are_not_alone_nothing_is_linked_or_made(
    office: Office, twins_here: int, twins_there: int
) -> None:
    same = {"name": "Ana Ruiz", "email": "ana@example.com"}
    for _ in range(twins_there):
        add(office, "Ana Ruiz", email="ana@example.com")
    ours = [make_contact(f"c-{n}", **same) for n in range(twins_here)]
    await put(office, *ours)
    await office.connect(import_contacts=True)

    run = await office.sync()

    assert len(await here(office)) == twins_here
    assert (run["counts"]["left_out"], run["counts"]["received"]) == (twins_there, 0)


async def test_a_second_one_there_like_a_contact_that_is_linked_already_is_left_out(office: Office) -> None:
    await put(office, make_contact("c-1", name="Eve Gray", email="eve@example.com"), make_invoice())
    await office.connect()
    await office.sync()
    linked = await standing(office, "c-1")
    add(office, "Eve Gray", email="eve@example.com")
    await turn(office, import_contacts=True)
    run = await office.sync()
    assert set(await here(office)) == {"c-1"}
    assert (await standing(office, "c-1"), run["counts"]["left_out"]) == (linked, 1)


async def test_two_gallery_contacts_alike_are_served_as_without_an_import(office: Office) -> None:
    """The first that is invoiced gets the one there, and the second is held: an import took nothing from them."""
    theirs = add(office, "Ana Ruiz", email="ana@example.com")
    await put(office, *[make_contact(f"c-{n}", name="Ana Ruiz", email="ana@example.com") for n in (1, 2)])
    await office.connect(import_contacts=True)
    await office.sync()
    await put(office, make_invoice(contact_id="c-2"))

    await office.sync()

    assert office.bench.invoice("AG-1").contact_id == theirs.id


async def test_a_later_gallery_contact_of_the_same_name_and_email_is_linked_as_without_an_import(
    office: Office,
) -> None:
    theirs = add(office, "Ana Ruiz", email="ana@example.com")
    await office.connect(import_contacts=True)
    await office.sync()
    await put(office, make_contact(name="Ana Ruiz", email="ana@example.com"), make_invoice())
    await put(office, make_invoice("i-2", contact_id=imported(theirs), total="80.00"))

    await office.sync()

    assert [one.contact_id for one in office.bench.ledger.invoices.values()] == [theirs.id] * 2
    assert await standing(office, "c-1") == ("synced", theirs.id)
    assert await standing(office, imported(theirs)) == ("synced", theirs.id)
    assert len(office.bench.ledger.contacts) == 1


async def test_a_gallery_contact_of_the_id_of_an_imported_one_stays_the_gallerys(office: Office) -> None:
    theirs = add(office, "Ana Ruiz")
    await put(office, make_contact(imported(theirs), name="Somebody else"))
    await office.connect(import_contacts=True)

    run = await office.sync()

    assert (run["state"], run["counts"]["left_out"]) == ("done", 1)
    assert (await here(office))[imported(theirs)]["name"] == "Somebody else"


# -- once, and again


async def test_it_is_done_once_and_later_changes_there_come_only_when_it_is_asked_again(office: Office) -> None:
    ana = add(office, "Ana Ruiz", email="ana@example.com")
    await office.connect(import_contacts=True)
    await office.sync()
    office.bench.organisation.change_contact(ana.id, name="Ana Ruiz & Co")
    ben = add(office, "Ben")
    office.bench.sandbox.calls.clear()

    await office.sync()
    assert CONTACTS not in office.bench.sandbox.calls.by_path
    assert {one["name"] for one in (await here(office)).values()} == {"Ana Ruiz"}
    await turn(office, import_contacts=False)
    await turn(office, import_contacts=True)
    await office.sync()

    found = await here(office)
    assert {id_: one["name"] for id_, one in found.items()} == {imported(ana): "Ana Ruiz & Co", imported(ben): "Ben"}
    assert found[imported(ana)]["version"] == 2
    again = (await told(office))[1]
    assert (again["created"], again["changed"], again["unchanged"]) == (1, 1, 0)
    assert writes(office) == 0


async def test_a_run_for_chosen_invoices_and_a_dry_run_import_nothing(office: Office) -> None:
    add(office, "Ben")
    await put(office, make_contact(), make_invoice())
    await office.connect(import_contacts=True)

    await office.sync(invoices=["i-1"])
    await office.sync(dry_run=True)

    assert set(await here(office)) == {"c-1"}


async def test_archived_there_after_the_import_holds_its_invoice_as_any_other(office: Office) -> None:
    ana = add(office, "Ana Ruiz")
    await office.connect(import_contacts=True)
    await office.sync()
    office.bench.organisation.archive_contact(ana.id)
    await put(office, make_invoice(contact_id=imported(ana)))

    await office.sync()

    entry = await office.entry("invoice", "i-1")
    assert (entry["state"], entry["reason"]) == ("held", "contact_archived")


async def test_a_new_webservice_on_the_same_organisation_keeps_imported_contacts_read_only_there(
    office: Office,
) -> None:
    ana = add(office, "Ana Ruiz", email="ana@example.com")
    await office.connect(import_contacts=True)
    await office.sync()
    status, _ = await office.call("DELETE", office.path)
    assert status == 204
    await office.connect(import_contacts=True)
    office.bench.sandbox.calls.clear()

    await office.sync()

    (contact,) = (await here(office)).values()
    assert contact["origin"]["webservice_id"] == office.webservice_id
    assert await standing(office, imported(ana)) == ("synced", ana.id)
    assert writes(office) == 0
