"""Contacts that change on one side or the other (cases C7, C16, C18, C19, C21, C23, C24, C38 to C43)."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from plugins.xero.sandbox import SandboxSettings
from plugins.xero.sandbox.state import Contact
from tests.catalogue import desk as d
from tests.catalogue.conftest import OpenWorld
from tests.catalogue.desk import make_contact, make_invoice, make_line, make_payment
from tests.web.webservices.office import Office, open_office


async def start(desk: Office, **contact: Any) -> Contact:
    """One contact and its invoice over 500.00, synced: the contact there."""
    await d.send(desk, make_contact(**contact), make_invoice())
    await desk.sync()
    entry = await d.synced(desk, "contact", "c-1")
    return desk.bench.ledger.contacts[entry["remote_id"]]


async def rename(desk: Office, **contact: Any) -> None:
    """A change of the contact in the gallery, and the next run."""
    await d.put(desk, make_contact(**contact))
    await desk.sync()


def contact_writes(desk: Office) -> int:
    """Requests that wrote contacts so far."""
    calls = desk.bench.sandbox.calls.by_path
    return sum(count for path, count in calls.items() if "Contacts" in path and not path.startswith("GET"))


# -- C7: whether Xero takes emoji is not known


@pytest.fixture
async def plain_desk(dsn: str, tmp_path: Path) -> Any:
    """A desk whose Xero takes no emoji."""
    async with open_office(dsn, tmp_path, sandbox_settings=SandboxSettings(name_alphabet="bmp")) as office:
        await d.connect(office)
        yield office


async def test_c7_where_xero_refuses_an_emoji_the_name_goes_without_it_in_the_same_run(plain_desk: Office) -> None:
    names = {"name": "Ana 🎨 Ruiz 👩‍🎨", "first_name": "Ana 🎨", "last_name": "👩‍🎨"}
    await d.send(plain_desk, make_contact(**names), make_invoice(), make_contact("c-2"), make_invoice("i-2"))

    run = await plain_desk.sync()

    assert (run["counts"]["created"], run["counts"]["held"]) == (4 - 1, 0), run["counts"]  # i-2 is c-1's as well
    there = await d.there_contact(plain_desk, "c-1")
    assert (there["Name"], there["FirstName"], there["LastName"]) == ("Ana Ruiz", "Ana", "")
    await d.synced(plain_desk, "invoice", "i-1")
    assert "Xero refused its name “Ana 🎨 Ruiz 👩‍🎨”" in d.notes(await plain_desk.entry("contact", "c-1"))
    _, problems = await plain_desk.get(f"{plain_desk.path}/problems")
    assert problems["items"] == []


async def test_c7_a_name_that_lost_its_emoji_is_not_written_again_until_it_changes(plain_desk: Office) -> None:
    await start(plain_desk, name="Ana 🎨 Ruiz")
    writes = contact_writes(plain_desk)
    await plain_desk.call("POST", f"{d.BASE}/invoices/i-1/resync")
    await plain_desk.sync()
    assert contact_writes(plain_desk) == writes

    await rename(plain_desk, name="Ana 🎨 Ruiz-Lowe")

    assert (await d.there_contact(plain_desk, "c-1"))["Name"] == "Ana Ruiz-Lowe"


async def test_c7_a_name_of_emoji_alone_is_held_when_xero_refuses_it(plain_desk: Office) -> None:
    await d.send(plain_desk, make_contact(name="🎨🖼🗿"), make_invoice())
    await plain_desk.sync()
    entry = await d.held(plain_desk, "i-1", "refused")
    assert "characters that are not allowed" in entry["message"]


# -- what a person puts right


async def test_c16_a_shared_email_address_alone_is_no_sign_of_one_person(desk: Office) -> None:
    for name in ("Ruiz & Co", "Ruiz Family"):
        desk.bench.organisation.add_contact(name, email="c-1@example.com")
    there = await start(desk)
    assert (there.name, len(desk.bench.ledger.contacts)) == ("Ana Ruiz c-1", 3)


async def test_c16_once_the_two_are_merged_there_the_invoice_goes(desk: Office) -> None:
    organisation = desk.bench.organisation
    first, second = (
        organisation.add_contact(name, email="c-1@example.com") for name in ("Ana Ruiz c-1", "ANA RUIZ C-1")
    )
    await d.send(desk, make_contact(), make_invoice())
    await desk.sync()
    await d.held(desk, "i-1", "duplicate_contact")

    organisation.merge_contacts(second.id, first.id)
    await desk.sync()

    await d.synced(desk, "invoice", "i-1")
    assert desk.bench.invoice("AG-1").contact_id == first.id


async def test_c18_restored_in_xero_the_invoice_goes_and_the_contact_is_linked(desk: Office) -> None:
    there = desk.bench.organisation.add_contact("Ana Ruiz c-1", email="c-1@example.com")
    desk.bench.organisation.archive_contact(there.id)
    await d.send(desk, make_contact(), make_invoice(), make_contact("c-2"), make_invoice("i-2", contact_id="c-2"))
    await desk.sync()
    await d.held(desk, "i-1", "contact_archived")
    await d.synced(desk, "invoice", "i-2")  # nobody else waits

    desk.bench.organisation.restore_contact(there.id)
    await desk.sync()

    await d.synced(desk, "invoice", "i-1")
    assert desk.bench.invoice("AG-1").contact_id == there.id


async def test_c18_archived_in_xero_after_it_was_linked_holds_the_next_invoice(desk: Office) -> None:
    there = await start(desk)
    desk.bench.organisation.archive_contact(there.id)
    await d.send(desk, make_invoice("i-2"))

    await desk.sync()

    await d.held(desk, "i-2", "contact_archived")
    await d.synced(desk, "invoice", "i-1")
    desk.bench.organisation.restore_contact(there.id)
    await desk.sync()
    await d.synced(desk, "invoice", "i-2")


async def test_c19_restored_in_the_gallery_the_invoice_goes(desk: Office) -> None:
    await d.send(desk, make_contact(archived=True), make_invoice())
    await desk.sync()
    await d.held(desk, "i-1", "contact_archived_source")

    await d.put(desk, make_contact(archived=False))
    await desk.sync()

    await d.synced(desk, "invoice", "i-1")


async def test_c21_a_contact_that_stood_there_and_was_deleted_by_request_holds_what_is_new(desk: Office) -> None:
    there = await start(desk)
    desk.bench.organisation.change_contact(there.id, status="GDPRREQUEST")
    await d.send(desk, make_invoice("i-2"))

    await desk.sync()

    await d.held(desk, "i-2", "contact_archived")
    assert not d.is_there(desk, "AG-2")


@pytest.fixture(scope="module")
async def strict_world(open_world: OpenWorld) -> Office:
    """Bad e-mail addresses hold their contacts."""
    addresses = {"c-23": "foo@", "c-24": "müller@bücher.example", "c-27": "a" * 240 + "@b.example.com.x", "c-ok": None}
    records = [make_contact(contact_id, email=email) for contact_id, email in addresses.items()]
    return await open_world([*records, *map(d.invoice_for, records)], bad_email="hold")


async def assert_bad_email(strict_world: Office, case: str, why: str) -> None:
    """The case's invoice is held for its contact's address, and another one goes."""
    entry = await d.held(strict_world, f"i-{case}", "email_invalid")
    assert f"Ana Ruiz c-{case}" in entry["message"]
    assert why in entry["message"]
    await d.synced(strict_world, "invoice", "i-ok")


async def test_c23_half_an_email_address_is_held_where_the_settings_say_so(strict_world: Office) -> None:
    await assert_bad_email(strict_world, "23", "there must be something after the @-sign")


async def test_c24_an_email_address_with_umlauts_is_held_where_the_settings_say_so(strict_world: Office) -> None:
    await assert_bad_email(strict_world, "24", "it has characters that Xero does not take")


async def test_c27_an_email_address_of_256_characters_is_held_where_the_settings_say_so(strict_world: Office) -> None:
    await assert_bad_email(strict_world, "27", "it is longer than 255 characters")


# -- names that change


async def test_c38_renamed_in_the_gallery_the_name_there_follows(desk: Office) -> None:
    await start(desk)
    await rename(desk, name="Ana Lowe")
    assert (await d.there_contact(desk, "c-1"))["Name"] == "Ana Lowe"


async def test_c38_a_new_name_that_somebody_there_has_is_held_and_nothing_else_waits(desk: Office) -> None:
    await start(desk)
    desk.bench.organisation.add_contact("Ana Lowe", email="other@example.com")
    await d.send(desk, make_contact("c-2"), make_invoice("i-2", contact_id="c-2"))

    await rename(desk, name="Ana Lowe")

    await d.held(desk, "c-1", "duplicate_contact", type_="contact")
    assert [one.name for one in desk.bench.ledger.contacts_named("Ana Ruiz c-1")] == ["Ana Ruiz c-1"]
    await d.synced(desk, "invoice", "i-2")


async def test_c39_renamed_in_xero_it_stays_so_until_the_gallery_changes_the_name(desk: Office) -> None:
    there = await start(desk)
    desk.bench.organisation.change_contact(there.id, name="Ana Ruiz (collector)", tax_number="77")
    await d.send(desk, make_invoice("i-2"))
    await desk.sync()
    assert (there.name, there.tax_number) == ("Ana Ruiz (collector)", "77")

    await rename(desk, email="new@example.com")
    assert (there.name, there.email) == ("Ana Ruiz (collector)", "new@example.com")

    await rename(desk, email="new@example.com", name="Ana Lowe")
    assert (there.name, there.tax_number) == ("Ana Lowe", "77")  # the gallery wins the name, the rest stays theirs


async def test_c40_the_invoices_currency_wins_over_the_contacts_default(desk: Office) -> None:
    there = desk.bench.organisation.add_contact("Ana Ruiz c-1", email="c-1@example.com", default_currency="USD")
    await start(desk)
    assert d.there_invoice(desk, "AG-1")["CurrencyCode"] == "AUD"
    assert there.default_currency == "USD"  # and is not changed


async def test_c41_an_artist_who_buys_is_one_contact(desk: Office) -> None:
    sold = make_line(artist="Ana Ruiz c-1", ownership="consigned")
    await d.send(
        desk,
        make_contact(),
        make_contact("c-2"),
        make_invoice("i-1", contact_id="c-2", lines=[sold]),
        make_invoice("i-2", contact_id="c-1"),
    )
    await desk.sync()
    await d.synced(desk, "invoice", "i-1")
    await d.synced(desk, "invoice", "i-2")
    assert len(desk.bench.ledger.contacts_named("Ana Ruiz c-1")) == 1
    assert len(desk.bench.ledger.contacts) == 2


async def test_c42_an_unpaid_invoice_moves_to_another_contact(desk: Office) -> None:
    await start(desk)
    before = d.there_invoice(desk, "AG-1")
    await d.send(desk, make_contact("c-2"), make_invoice(contact_id="c-2"))

    await desk.sync()

    after = d.there_invoice(desk, "AG-1")
    assert (after["InvoiceID"], after["Contact"]["Name"]) == (before["InvoiceID"], "Ana Ruiz c-2")
    await d.synced(desk, "invoice", "i-1")


async def test_c42_a_paid_invoice_moved_to_another_contact_is_a_conflict(desk: Office) -> None:
    await start(desk)
    await d.send(desk, make_payment())
    await desk.sync()
    assert d.there_invoice(desk, "AG-1")["AmountDue"] == Decimal("0.00")
    await d.send(desk, make_contact("c-2"), make_invoice(contact_id="c-2"))

    await desk.sync()

    entry = await d.held(desk, "i-1", "closed", state="conflict")
    assert "contact" in entry["message"]
    assert d.there_invoice(desk, "AG-1")["Contact"]["Name"] == "Ana Ruiz c-1"

    await d.put(desk, make_invoice())  # the gallery takes it back: both sides agree again
    await desk.sync()
    await d.synced(desk, "invoice", "i-1")


async def test_c43_a_bill_to_of_the_invoice_goes_as_its_reference_and_leaves_the_card_alone(desk: Office) -> None:
    await start(desk, address={"lines": ["1 Wharf Rd"], "city": "Sydney", "country": "AU"})
    writes, card = contact_writes(desk), await d.there_contact(desk, "c-1")
    await d.send(desk, make_invoice("i-2", reference="Bill to: Estate of A. Ruiz, 9 Kent St"))

    await desk.sync()

    assert d.there_invoice(desk, "AG-2")["Reference"] == "Bill to: Estate of A. Ruiz, 9 Kent St"
    assert (contact_writes(desk), await d.there_contact(desk, "c-1")) == (writes, card)


async def test_c43_a_snapshot_of_another_shape_is_refused_at_the_door(office: Office) -> None:
    faults = await d.refused(office, make_invoice(bill_to={"name": "Estate of A. Ruiz"}))
    assert list(faults) == ["bill_to"]
