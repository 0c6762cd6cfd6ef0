"""A contact that is in the books: the gallery's later changes go out, and only those."""

from __future__ import annotations

from tests.sync.harness import Bench, make_contact, make_invoice


async def test_c39_only_what_the_gallery_changed_is_sent_and_corrections_made_there_stay(bench: Bench) -> None:
    await bench.put(make_contact(email="old@example.com", tax_number="123"), make_invoice())
    await bench.connect()
    await bench.sync()
    (there,) = bench.ledger.contacts.values()
    bench.organisation.change_contact(there.id, name="Ana Ruiz, corrected there")
    await bench.put(make_contact(email="new@example.com", tax_number="123"))

    await bench.sync()

    (after,) = bench.ledger.contacts.values()
    assert (after.name, after.email) == ("Ana Ruiz, corrected there", "new@example.com")


async def test_a_linked_contact_is_not_changed_by_the_link_and_gets_later_changes_only(bench: Bench) -> None:
    there = bench.organisation.add_contact("Ana Ruiz c-1", email="c-1@example.com", tax_number="kept")
    await bench.put(make_contact(), make_invoice())
    await bench.connect()
    await bench.sync()
    assert bench.sandbox.calls.by_path.get("PUT /api.xro/2.0/Contacts") is None
    await bench.put(make_contact(phone="+61 2 5550 0123"))

    await bench.sync()

    after = bench.ledger.contacts[there.id]
    assert (after.name, after.tax_number, after.number) == ("Ana Ruiz c-1", "kept", None)
    assert len(bench.ledger.contacts.values()) == 1
    assert "55500123" in "".join(c for c in str(after.phones) if c.isdigit())


async def test_what_the_gallery_clears_is_emptied_there_when_we_had_written_it(bench: Bench) -> None:
    full = make_contact(
        first_name="Ana",
        last_name="Ruiz",
        phone="+61 2 5550 0123",
        tax_number="123",
        address={"lines": ["1 Wharf Rd", "Level 2"], "city": "Sydney", "region": "NSW", "country": "AU"},
    )
    await bench.put(full, make_invoice())
    await bench.connect()
    await bench.sync()
    (there,) = bench.ledger.contacts.values()
    there.account_number = "kept"
    left = {"address": {"lines": ["1 Wharf Rd"], "city": "Sydney", "country": "AU"}}
    await bench.put(make_contact(email=None, **left))

    await bench.sync()

    assert (there.email, there.tax_number, there.first_name, there.last_name) == (None, None, None, None)
    assert set(there.phones["DEFAULT"].values()) == {""}
    address = {key: value for key, value in there.addresses["POBOX"].items() if value}
    assert address == {"AddressLine1": "1 Wharf Rd", "City": "Sydney", "Country": "Australia"}
    assert (there.name, there.account_number) == ("Ana Ruiz c-1", "kept")
    calls = bench.sandbox.calls.writes
    await bench.sync()
    assert bench.sandbox.calls.writes == calls


async def test_what_a_link_found_there_is_not_emptied_until_we_wrote_it(bench: Bench) -> None:
    there = bench.organisation.add_contact("Ana Ruiz c-1", email="c-1@example.com", tax_number="theirs")
    await bench.put(make_contact(tax_number="ours", phone="+61 2 5550 0123"), make_invoice())
    await bench.connect()
    await bench.sync()
    await bench.put(make_contact(phone="+61 2 5550 0199"))
    await bench.sync()
    assert (there.tax_number, there.phones["DEFAULT"]["PhoneNumber"]) == ("theirs", "255500199")

    await bench.put(make_contact())
    await bench.sync()

    assert (there.tax_number, there.email, there.phones["DEFAULT"]["PhoneNumber"]) == ("theirs", "c-1@example.com", "")
