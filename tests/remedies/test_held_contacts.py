"""What holds a contact, and with it the invoices that need it."""

from __future__ import annotations

import pytest

from tests.remedies.casebook import Casebook, Sick, make_contact, make_invoice

NAME, EMAIL = "Ana Ruiz c-1", "c-1@example.com"  # what `make_contact` gives


async def blocked(book: Casebook, reason: str, *names: str, count: int = 1) -> Sick:
    """The invoice i-1 is held for its contact; *count*: with the contact itself where that has an entry."""
    return await book.find("invoice", "i-1", "held", reason, *names, count=count)


# -- in the gallery system


async def test_contact_missing_send_the_contact(book: Casebook) -> None:
    await book.put(make_invoice())
    await book.connect()
    sick = await blocked(book, "contact_missing", "c-1")

    await book.put(make_contact())

    await book.check_cured(sick, "500.00")


async def test_contact_empty_give_it_a_name(book: Casebook) -> None:
    await book.put(make_contact(name=" ", email=None), make_invoice())
    await book.connect()
    sick = await blocked(book, "contact_empty", "c-1")

    await book.put(make_contact())

    await book.check_cured(sick, "500.00")


async def test_contact_archived_source_restore_it(book: Casebook) -> None:
    await book.put(make_contact(archived=True), make_invoice())
    await book.connect()
    sick = await blocked(book, "contact_archived_source", NAME)

    await book.put(make_contact(archived=False))

    await book.check_cured(sick, "500.00")


async def test_contact_archived_source_put_the_invoice_to_another(book: Casebook) -> None:
    await book.put(make_contact(archived=True), make_contact("c-2"), make_invoice())
    await book.connect()
    sick = await blocked(book, "contact_archived_source", NAME)

    await book.put(make_invoice(contact_id="c-2"))

    await book.check_cured(sick, "500.00")


async def test_email_invalid_correct_it(book: Casebook) -> None:
    await book.put(make_contact(email="ana@nowhere"), make_invoice())
    await book.connect(bad_email="hold")
    sick = await blocked(book, "email_invalid", NAME)

    await book.put(make_contact())

    await book.check_cured(sick, "500.00")


async def test_email_invalid_set_it_to_omit(book: Casebook) -> None:
    await book.put(make_contact(email="ana.example.com"), make_invoice())
    await book.connect(bad_email="hold")
    sick = await blocked(book, "email_invalid", NAME)

    await book.change(bad_email="omit")

    await book.check_cured(sick, "500.00")


async def test_address_correct_it(book: Casebook) -> None:
    address = {"lines": ["1 Wharf Rd"], "city": "Sydney", "postcode": "2000 " * 11, "country": "AU"}
    await book.put(make_contact(address=address), make_invoice())
    await book.connect()
    sick = await blocked(book, "address", NAME, "postcode")

    await book.put(make_contact(address={**address, "postcode": "2000"}))

    await book.check_cured(sick, "500.00")


# -- in Xero


async def test_contact_archived_restore_it_there(book: Casebook) -> None:
    """Nothing is pressed: the next run sees it."""
    await book.put(make_contact(), make_invoice())
    await book.connect()
    theirs = book.xero.add_contact(NAME, email=EMAIL, status="ARCHIVED")
    sick = await blocked(book, "contact_archived", NAME, count=2)

    book.xero.restore_contact(theirs.id)

    await book.check_cured(sick, "500.00")
    assert book.numbered("AG-1").contact_id == theirs.id


async def test_contact_archived_link_to_another(book: Casebook) -> None:
    await book.put(make_contact(), make_invoice())
    await book.connect()
    book.xero.add_contact(NAME, email=EMAIL, status="ARCHIVED")
    sick = await blocked(book, "contact_archived", NAME, count=2)
    other = book.xero.add_contact("Ana Ruiz & Co")

    told = await book.act(await book.office.entry("contact", "c-1"), "link", remote_id=other.id)

    assert (told["state"], told["problem_id"]) == ("synced", None)
    await book.check_cured(sick, "500.00")
    assert book.numbered("AG-1").contact_id == other.id


@pytest.fixture
async def retired(book: Casebook) -> Casebook:
    """A contact that we wrote was archived there afterwards, and has a new invoice."""
    await book.put(make_contact(), make_invoice("i-5", total="50.00"))
    await book.connect()
    await book.run()
    book.xero.archive_contact(book.numbered("AG-5").contact_id)
    await book.put(make_invoice())
    return book


async def test_contact_archived_later_restore_it_there(retired: Casebook) -> None:
    sick = await blocked(retired, "contact_archived", NAME, count=1)

    retired.xero.restore_contact(retired.numbered("AG-5").contact_id)

    await retired.check_cured(sick, "500.00")


async def test_contact_archived_later_link_to_another(retired: Casebook) -> None:
    sick = await blocked(retired, "contact_archived", NAME, count=1)
    other = retired.xero.add_contact("Ana Ruiz & Co")

    await retired.act(await retired.office.entry("contact", "c-1"), "link", remote_id=other.id)

    await retired.check_cured(sick, "500.00")
    assert retired.numbered("AG-1").contact_id == other.id


async def test_duplicate_contact_merge_them_there(book: Casebook) -> None:
    await book.put(make_contact(), make_invoice())
    await book.connect()
    one, two = (book.xero.add_contact(NAME, email=EMAIL) for _ in range(2))
    sick = await blocked(book, "duplicate_contact", NAME, count=2)

    book.xero.merge_contacts(one.id, two.id)

    await book.check_cured(sick, "500.00")
    assert book.numbered("AG-1").contact_id == two.id


async def test_duplicate_contact_link_to_the_right_one(book: Casebook) -> None:
    await book.put(make_contact(), make_invoice())
    await book.connect()
    theirs = book.xero.add_contact(NAME)
    sick = await blocked(book, "duplicate_contact", NAME, count=2)

    await book.act(await book.office.entry("contact", "c-1"), "link", remote_id=theirs.id)

    await book.check_cured(sick, "500.00")
    assert book.numbered("AG-1").contact_id == theirs.id


@pytest.mark.parametrize("said_of", ["contact", "invoice"])
async def test_duplicate_contact_say_that_it_is_a_different_person(book: Casebook, said_of: str) -> None:
    await book.put(make_contact(), make_invoice())
    await book.connect()
    theirs = book.xero.add_contact(NAME, email="another.ana@example.com")
    sick = await blocked(book, "duplicate_contact", NAME, "another.ana@example.com", count=2)

    record_id = "c-1" if said_of == "contact" else "i-1"
    await book.act(await book.office.entry(said_of, record_id), "retry", distinct=True)
    await book.office.bench.work()

    await book.check_cured(sick, "500.00", runs=False)
    assert book.numbered("AG-1").contact_id != theirs.id
