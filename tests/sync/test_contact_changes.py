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
