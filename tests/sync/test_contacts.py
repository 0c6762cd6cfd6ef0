"""Which contact there is the gallery's: matched before created, followed when merged, never merged by guess."""

from __future__ import annotations

from datetime import timedelta

from hub.store import problems
from hub.sync import entry_actions
from plugins.xero.sandbox.state import Contact
from tests.sync.harness import GALLERY, Bench, cents, make_contact, make_invoice

NUMBER = "HLANE2-c-1"
NAME = "Ana Ruiz c-1"  # what `make_contact` gives
EMAIL = "c-1@example.com"
PAID_BY_NOBODY = ("AUTHORISED", cents("500.00"), cents("0.00"))


async def connected(bench: Bench, **settings: object) -> None:
    await bench.put(make_contact(), make_invoice())
    await bench.connect(**settings)
    bench.sandbox.calls.clear()


def contact_writes(bench: Bench) -> int:
    return sum(count for call, count in bench.sandbox.calls.elements.items() if "Contacts" in call)


def buyer_of(bench: Bench, number: str = "AG-1") -> Contact:
    return bench.ledger.contacts[bench.invoice(number).contact_id]


async def standing(bench: Bench, type_: str, record_id: str) -> tuple[str | None, str | None]:
    entry = await bench.entry(type_, record_id)
    return entry.state, entry.reason


async def open_problems(bench: Bench) -> list[tuple[str, int]]:
    async with bench.hub.database.connection() as conn:
        found = await problems.list_page(conn, GALLERY, bench.webservice_id, closed=False, after=None, limit=50)
    return [(p.reason, p.count) for p in found]


async def say_distinct(bench: Bench, type_: str, record_id: str) -> None:
    """A person presses Try again and says that it is another contact."""
    entry = await bench.entry(type_, record_id)
    await entry_actions.retry(bench.hub.services, GALLERY, bench.webservice_id, entry.id, distinct=True)
    await bench.work()


# -- matching


async def test_a_contact_that_bears_our_number_is_ours_whatever_its_name(bench: Bench) -> None:
    theirs = bench.organisation.add_contact("Renamed there", number=NUMBER)
    await connected(bench)

    await bench.sync()

    assert buyer_of(bench) is theirs
    assert len(bench.ledger.contacts) == 1
    assert theirs.name == "Renamed there"
    assert contact_writes(bench) == 0


async def test_one_of_the_same_name_and_email_is_linked_and_stays_unchanged_there(bench: Bench) -> None:
    theirs = bench.organisation.add_contact(f"  {NAME.upper()}", email=EMAIL.upper(), tax_number="99")
    before = theirs.updated_at
    await connected(bench)

    await bench.sync()

    assert buyer_of(bench) is theirs
    assert contact_writes(bench) == 0
    assert (theirs.number, theirs.tax_number, theirs.updated_at) == (None, "99", before)
    assert await standing(bench, "contact", "c-1") == ("synced", None)


async def test_the_same_name_alone_is_held_as_one_problem_for_the_contact_and_its_invoices(bench: Bench) -> None:
    bench.organisation.add_contact(NAME, email="another.ana@example.com")
    await bench.put(make_invoice("i-2", total="80.00"))
    await connected(bench)

    await bench.sync()

    for type_, record_id in (("contact", "c-1"), ("invoice", "i-1"), ("invoice", "i-2")):
        assert await standing(bench, type_, record_id) == ("held", "duplicate_contact")
    assert await open_problems(bench) == [("duplicate_contact", 3)]
    assert bench.sandbox.calls.writes == 0


async def test_two_of_the_same_name_and_email_are_not_chosen_from(bench: Bench) -> None:
    bench.organisation.add_contact(NAME, email=EMAIL)
    bench.organisation.add_contact(NAME, email=EMAIL)
    await connected(bench)

    await bench.sync()

    assert await standing(bench, "contact", "c-1") == ("held", "duplicate_contact")
    assert bench.sandbox.calls.writes == 0


async def test_a_contact_merged_there_is_followed(bench: Bench) -> None:
    source = bench.organisation.add_contact("Old card", number=NUMBER)
    heir = bench.organisation.add_contact("Ana Ruiz & Co")
    bench.organisation.merge_contacts(source.id, heir.id)
    await connected(bench)

    await bench.sync()

    assert buyer_of(bench) is heir
    assert contact_writes(bench) == 0
    assert bench.books() == {"AG-1": PAID_BY_NOBODY}


async def test_two_gallery_contacts_of_one_name_and_email_never_share_one_contact_there(bench: Bench) -> None:
    """The first is linked; the second is refused its name there and waits for a person. The run itself goes on."""
    theirs = bench.organisation.add_contact("Ana Ruiz", email="ana@example.com")
    twins = [make_contact(f"c-{n}", name="Ana Ruiz", email="ana@example.com") for n in (1, 2)]
    await bench.put(*twins, make_invoice(), make_invoice("i-2", total="80.00", contact_id="c-2"))
    await bench.connect()

    run = await bench.sync()

    assert run.state == "done", run.error
    assert [i.contact_id for i in bench.ledger.invoices.values()] == [theirs.id]
    assert (await bench.states())["contact"] == {"held": 1, "synced": 1}
    assert await open_problems(bench) == [("duplicate_contact", 2)]


async def test_two_of_ours_merged_into_one_there_both_go_on_with_it(bench: Bench) -> None:
    cards = [bench.organisation.add_contact(f"Card {n}", number=f"HLANE2-c-{n}") for n in (1, 2)]
    heir = bench.organisation.add_contact("Heir")
    for card in cards:
        bench.organisation.merge_contacts(card.id, heir.id)
    await bench.put(make_contact("c-2"), make_invoice("i-2", total="80.00", contact_id="c-2"))
    await connected(bench)

    run = await bench.sync()

    assert run.state == "done", run.error
    assert [i.contact_id for i in bench.ledger.invoices.values()] == [heir.id, heir.id]
    assert await open_problems(bench) == []
    assert contact_writes(bench) == 0
    await bench.put(make_contact("c-2", phone="+61 2 5550 0123"))
    await bench.sync()
    assert (heir.name, heir.phones["DEFAULT"]["PhoneNumber"]) == ("Heir", "255500123")


async def test_2500_contacts_there_cost_three_reads_and_the_next_run_reads_only_what_changed(bench: Bench) -> None:
    year_ago = bench.organisation.now() - timedelta(days=365)
    for n in range(2500):
        one = bench.organisation.add_contact(f"Somebody {n}", email=f"s{n}@example.com")
        bench.ledger.contacts.touch(one, year_ago + timedelta(minutes=n))
    await connected(bench)

    await bench.sync()

    reads = [call for call in bench.sandbox.calls if call.method == "GET" and call.path.endswith("/Contacts")]
    assert len(reads) == 3
    assert bench.books() == {"AG-1": PAID_BY_NOBODY}
    await bench.put(make_contact("c-2"), make_invoice("i-2", total="80.00", contact_id="c-2"))
    bench.sandbox.calls.clear()
    await bench.sync()
    assert bench.sandbox.calls.by_path["GET /api.xro/2.0/Contacts"] == 1
    assert len(bench.ledger.contacts) == 2502


# -- told apart


async def test_a_person_who_says_distinct_gets_a_second_contact_with_a_suffix(bench: Bench) -> None:
    theirs = bench.organisation.add_contact(NAME, email="another.ana@example.com")
    await connected(bench)
    await bench.sync()

    await say_distinct(bench, "contact", "c-1")

    assert (buyer_of(bench).name, buyer_of(bench).number) == (f"{NAME} (c-1)", NUMBER)
    assert buyer_of(bench) is not theirs
    assert (theirs.name, theirs.email) == (NAME, "another.ana@example.com")
    assert await open_problems(bench) == []


async def test_distinct_may_be_said_of_the_invoice_as_well(bench: Bench) -> None:
    bench.organisation.add_contact(NAME)
    await connected(bench)
    await bench.sync()

    await say_distinct(bench, "invoice", "i-1")

    assert buyer_of(bench).name == f"{NAME} (c-1)"
    assert bench.books() == {"AG-1": PAID_BY_NOBODY}


async def test_the_suffix_stays_when_the_contact_changes_later(bench: Bench) -> None:
    bench.organisation.add_contact(NAME)
    await connected(bench)
    await bench.sync()
    await say_distinct(bench, "contact", "c-1")
    await bench.put(make_contact(email="new@example.com"))

    await bench.sync()

    assert (buyer_of(bench).name, buyer_of(bench).email) == (f"{NAME} (c-1)", "new@example.com")


async def test_duplicate_names_suffix_writes_the_name_again_with_its_suffix_once_it_was_refused(bench: Bench) -> None:
    theirs = bench.organisation.add_contact(NAME, email="another.ana@example.com")
    await connected(bench, duplicate_names="suffix")

    for _ in range(3):
        await bench.sync()

    assert buyer_of(bench).name == f"{NAME} (c-1)"
    assert theirs.name == NAME
    assert contact_writes(bench) == 2  # the refused one, and the one with the suffix
    assert await open_problems(bench) == []
    assert bench.books() == {"AG-1": PAID_BY_NOBODY}


async def test_duplicate_names_suffix_still_links_the_one_of_the_same_name_and_email(bench: Bench) -> None:
    theirs = bench.organisation.add_contact(NAME, email=EMAIL)
    await connected(bench, duplicate_names="suffix")

    await bench.sync()

    assert buyer_of(bench) is theirs
    assert contact_writes(bench) == 0


async def test_duplicate_names_suffix_needs_no_suffix_where_the_name_is_free(bench: Bench) -> None:
    await connected(bench, duplicate_names="suffix")

    await bench.sync()

    assert buyer_of(bench).name == NAME
    assert contact_writes(bench) == 1


# -- archived


async def test_an_archived_contact_blocks_its_invoices_until_it_is_restored_there(bench: Bench) -> None:
    """The remedy that the problem names is carried out, and nothing else is asked of a person."""
    theirs = bench.organisation.add_contact(NAME, number=NUMBER, email=EMAIL, status="ARCHIVED")
    await connected(bench)
    await bench.sync()
    assert await standing(bench, "contact", "c-1") == ("held", "contact_archived")
    assert await standing(bench, "invoice", "i-1") == ("held", "contact_archived")
    assert await open_problems(bench) == [("contact_archived", 2)]
    assert bench.sandbox.calls.writes == 0
    bench.organisation.restore_contact(theirs.id)

    (problem,) = await list_open(bench)
    await entry_actions.retry_problem(bench.hub.services, GALLERY, bench.webservice_id, problem)
    await bench.work()

    assert buyer_of(bench) is theirs
    assert bench.books() == {"AG-1": PAID_BY_NOBODY}
    assert await open_problems(bench) == []


async def list_open(bench: Bench) -> list[str]:
    async with bench.hub.database.connection() as conn:
        found = await problems.list_page(conn, GALLERY, bench.webservice_id, closed=False, after=None, limit=50)
    return [p.id for p in found]


async def test_a_contact_archived_after_it_was_written_blocks_new_invoices_until_it_is_restored(bench: Bench) -> None:
    await connected(bench)
    await bench.sync()
    theirs = buyer_of(bench)
    bench.organisation.archive_contact(theirs.id)
    await bench.put(make_invoice("i-2", total="80.00"))
    await bench.sync()
    assert await standing(bench, "invoice", "i-2") == ("held", "contact_archived")
    bench.organisation.restore_contact(theirs.id)

    entry = await bench.entry("invoice", "i-2")
    await entry_actions.retry(bench.hub.services, GALLERY, bench.webservice_id, entry.id)
    await bench.work()

    assert bench.books()["AG-2"] == ("AUTHORISED", cents("80.00"), cents("0.00"))
    assert len(bench.ledger.contacts) == 1


# -- changed


async def test_a_contact_changed_in_the_gallery_is_updated_there_by_its_id(bench: Bench) -> None:
    await connected(bench)
    await bench.sync()
    theirs = buyer_of(bench)
    address = {"lines": ["1 Wharf Rd"], "city": "York", "country": "GB"}
    await bench.put(make_contact(name="Ana María Ruiz", email="new@example.com", address=address))
    bench.sandbox.calls.clear()

    await bench.sync()

    assert (theirs.name, theirs.email, theirs.number) == ("Ana María Ruiz", "new@example.com", NUMBER)
    assert theirs.addresses["POBOX"]["Country"] == "United Kingdom"
    assert (contact_writes(bench), bench.sandbox.calls.writes) == (1, 1)
    assert len(bench.ledger.contacts) == 1


async def test_a_contact_without_invoices_is_never_sent(bench: Bench) -> None:
    await bench.put(make_contact("c-9"))
    await connected(bench)

    await bench.sync()

    assert [c.number for c in bench.ledger.contacts.values()] == [NUMBER]
