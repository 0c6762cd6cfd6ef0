"""The plugin against the sandbox over a real socket: choices, writes, look-ups, pulls, cancels, disconnection."""

from __future__ import annotations

from datetime import date

import pytest

from hub import (
    Accepted,
    AuthorizationError,
    Draft,
    Lookup,
    Operation,
    Reference,
)
from plugins.xero.webservice import Xero
from tests.plugins.xero.builders import (
    draft_of,
    make_book,
    make_contact,
    make_invoice,
    make_line,
    make_payment,
)
from tests.plugins.xero.sandbox.support import Clock, line
from tests.plugins.xero.world import CODES, MAPPINGS, D, accepted, refused, world


async def test_the_choices_are_what_the_organisation_has() -> None:
    async with world() as one:
        choices = one.book.choices
        assert choices.organisation is not None
        assert (choices.organisation.id, choices.organisation.currency) == (one.caller.organisation.id, "AUD")
        assert choices.currencies == ("AUD", "USD", "EUR")
        assert {account.code: account.system for account in choices.accounts}["860"] == "ROUNDING"
        assert {rate.code: rate.rate for rate in choices.tax_rates}["OUTPUT"] == 10
        findings = Xero.check_mappings(one.book.mappings, choices, one.book)
        assert findings == ()


async def test_suggested_mappings_fit_what_they_are_for() -> None:
    async with world() as one:
        book = make_book(mappings=(), choices=one.book.choices, extra={"tax_codes": CODES})
        offered = tuple(suggestion.mapping for suggestion in Xero.suggest(book.choices, book))
        assert {"sales", "shipping", "portal", "bank", "tax", "no_tax", "rounding"} <= {one.slot for one in offered}
        assert [f for f in Xero.check_mappings(offered, book.choices, book) if f.blocking] == []
        draft = draft_of(make_invoice(), make_book(mappings=offered, choices=one.book.choices))
        assert draft.body["LineItems"][0]["TaxType"] == "OUTPUT"


async def test_a_contact_an_invoice_and_its_payment_go_into_the_books_to_the_cent() -> None:
    async with world() as one:
        contact = make_contact(
            phone="+61 2 5550 0123",
            tax_number="51 824 753 556",
            address={"lines": ["1 Wharf Rd"], "city": "Sydney", "postcode": "2000", "country": "AU"},
        )
        accepted((await one.push(contact))[0])
        invoice = accepted((await one.push(make_invoice(url="https://gallery.example.com/1")))[0])
        assert (invoice.number, invoice.total, invoice.tax, invoice.status) == (
            "AG-1234",
            D("500.00"),
            D("45.45"),
            "approved",
        )
        assert (invoice.ours, invoice.on) == (True, date(2026, 3, 4))
        payment = accepted((await one.push(make_payment(reference="Thanks")))[0])
        assert (payment.total, payment.document_id) == (D("500.00"), invoice.id)
        (read,) = await one.service.read("invoice", [invoice.id])
        assert (read.status, read.paid) == ("paid", D("500.00"))
        assert read.parts is not None
        assert [(part.amount, part.id) for part in read.parts] == [(D("500.00"), payment.id)]
        (again,) = await one.service.read("payment", [payment.id])
        assert again.number == payment.number


async def test_a_batch_of_fifty_with_a_bad_one_costs_that_one_alone() -> None:
    async with world() as one:
        accepted((await one.push(make_contact()))[0])
        accepted((await one.push(make_invoice(id="i-7", number="7")))[0])
        records = [make_invoice(id=f"i-{n}", number=str(n)) for n in range(1, 51)]
        one.remotes.pop(Reference("invoice", "i-7"))
        outcomes = await one.push(*records)
        bad = refused(outcomes[6])
        assert (bad.code, bad.ambiguous) == ("number_taken", True)
        assert sum(isinstance(outcome, Accepted) for outcome in outcomes) == 49


async def test_a_taken_name_is_refused_and_a_suffix_helps() -> None:
    async with world() as one:
        one.caller.organisation.add_contact("ana ruiz")
        first = refused((await one.push(make_contact()))[0])
        assert (first.code, first.ambiguous) == ("duplicate_contact", False)
        assert accepted((await one.push(make_contact(), distinct=True))[0]).name == "Ana Ruiz (c-7)"


async def test_updates_and_voids_go_by_id() -> None:
    async with world() as one:
        accepted((await one.push(make_contact()))[0])
        first = accepted((await one.push(make_invoice()))[0])
        changed = make_invoice(make_line(unit_price="995.00"), total="995.00")
        second = accepted((await one.push(changed, operation=Operation.UPDATE))[0])
        assert (second.id, second.total) == (first.id, D("995.00"))
        renamed = make_contact(name="Ana Ruiz-Lopez")
        assert accepted((await one.push(renamed, operation=Operation.UPDATE))[0]).name == "Ana Ruiz-Lopez"
        gone = accepted((await one.push(changed, operation=Operation.CANCEL))[0])
        assert (gone.id, gone.status) == (first.id, "voided")
        one.remotes.pop(Reference("invoice", "i-1234"))
        assert refused((await one.push(make_invoice()))[0]).code in ("number_taken", "number_void")


async def test_r9_a_draft_is_deleted_and_not_voided() -> None:
    async with world() as one:
        one.book = make_book(
            mappings=MAPPINGS, choices=one.book.choices, settings={"invoice_status": "DRAFT"}, organisation_id="x"
        )
        accepted((await one.push(make_contact()))[0])
        draft = accepted((await one.push(make_invoice()))[0])
        assert draft.status == "draft"
        assert accepted((await one.push(make_invoice(), operation=Operation.CANCEL))[0]).status == "deleted"


async def test_a_paid_invoice_is_closed_and_its_payment_can_be_deleted() -> None:
    async with world() as one:
        accepted((await one.push(make_contact()))[0])
        accepted((await one.push(make_invoice()))[0])
        accepted((await one.push(make_payment()))[0])
        closed = await one.push(make_invoice(), operation=Operation.UPDATE)
        assert refused(closed[0]).code == "closed"
        blocked = await one.push(make_invoice(), operation=Operation.CANCEL)
        assert refused(blocked[0]).code in ("void_blocked", "closed")
        gone = accepted((await one.push(make_payment(), operation=Operation.CANCEL))[0])
        assert gone.status == "deleted"
        assert accepted((await one.push(make_invoice(), operation=Operation.CANCEL))[0]).status == "voided"


async def test_p9_a_payment_that_exceeds_is_refused() -> None:
    async with world() as one:
        accepted((await one.push(make_contact()))[0])
        accepted((await one.push(make_invoice()))[0])
        assert refused((await one.push(make_payment(amount="500.01")))[0]).code == "exceeds_due"


async def test_records_are_found_by_number_and_marker_and_say_whether_they_are_ours() -> None:
    async with world() as one:
        accepted((await one.push(make_contact()))[0])
        theirs = one.caller.organisation.add_contact("Somebody")
        one.caller.organisation.add_invoice(Contact={"ContactID": theirs.id}, InvoiceNumber="AG-9", LineItems=[line()])
        invoice = accepted((await one.push(make_invoice()))[0])
        payment = accepted((await one.push(make_payment()))[0])
        marker = Xero.number("payment", "p-9", one.book)
        lookups = [
            Lookup(reference=Reference("contact", "c-7"), number=Xero.number("contact", "c-7", one.book)),
            Lookup(reference=Reference("contact", "c-8"), number=Xero.number("contact", "c-8", one.book)),
            Lookup(reference=Reference("invoice", "i-1234"), number="AG-1234"),
            Lookup(reference=Reference("invoice", "i-9"), number="AG-9"),
            Lookup(reference=Reference("invoice", "i-8"), number="AG,8"),
            Lookup(reference=Reference("payment", "p-9"), number=marker, document_id=invoice.id),
            Lookup(reference=Reference("payment", "p-8"), number="nothing", document_id=invoice.id),
        ]
        found = await one.service.find(lookups)
        counts = {reference.id: len(remotes) for reference, remotes in found.items()}
        assert counts == {"c-7": 1, "c-8": 0, "i-1234": 1, "i-9": 1, "i-8": 0, "p-9": 1, "p-8": 0}
        assert found[Reference("invoice", "i-1234")][0].ours is True
        assert found[Reference("invoice", "i-9")][0].ours is False
        assert found[Reference("payment", "p-9")][0].id == payment.id


async def test_a_pull_brings_what_changed_once_and_an_idle_one_asks_once() -> None:
    clock = Clock()
    async with world(clock) as one:
        one.book = make_book(
            mappings=MAPPINGS,
            choices=one.book.choices,
            connected_at=clock.now,
            organisation_id=one.caller.organisation.id,
        )
        one.service = Xero(one.door, one.book)
        first = await one.service.pull(None)
        assert (first.invoices, first.payments, first.more) == ((), (), False)
        accepted((await one.push(make_contact()))[0])
        invoice = accepted((await one.push(make_invoice()))[0])
        clock.pass_(60)
        one.caller.organisation.pay(invoice.id, D("100.00"))
        second = await one.service.pull(first.cursor)
        assert [remote.id for remote in second.invoices] == [invoice.id]
        assert [remote.total for remote in second.payments] == [D("100.00")]
        one.door.sent.clear()
        third = await one.service.pull(second.cursor)
        assert (third.invoices, third.payments) == ((), ())
        assert [request.path for request in one.door.sent] == ["/api.xro/2.0/Invoices"]
        clock.pass_(3600)
        await one.caller.sign_in()
        fourth = await one.service.pull(third.cursor)
        assert (fourth.invoices, fourth.payments) == ((), ())
        fifth = await one.service.pull(fourth.cursor)
        assert fifth.invoices == ()


async def test_a_deleted_payment_comes_back_as_deleted() -> None:
    clock = Clock()
    async with world(clock) as one:
        accepted((await one.push(make_contact()))[0])
        invoice = accepted((await one.push(make_invoice()))[0])
        made = one.caller.organisation.pay(invoice.id, D("100.00"))
        first = await one.service.pull(None)
        clock.pass_(5)
        one.caller.organisation.delete_payment(made.id)
        second = await one.service.pull(first.cursor)
        assert [(remote.id, remote.status) for remote in second.payments] == [(made.id, "deleted")]


async def test_pages_are_turned_only_inside_one_second_and_nothing_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugins.xero.reading.PAGE_SIZE", 2)
    clock = Clock()
    async with world(clock) as one:
        accepted((await one.push(make_contact()))[0])
        wanted = set()
        for n in range(7):
            wanted.add(accepted((await one.push(make_invoice(id=f"i-{n}", number=str(n))))[0]).id)
            clock.pass_(1 if n > 4 else 0)  # five of them in one second
        cursor, found, pulls = None, set(), 0
        while pulls < 20:
            pulls += 1
            page = await one.service.pull(cursor)
            cursor = page.cursor
            found |= {remote.id for remote in page.invoices}
            if not page.more:
                break
        assert found == wanted
        assert pulls < 20


async def test_contacts_come_with_the_archived_ones_and_then_only_what_changed() -> None:
    clock = Clock()
    async with world(clock) as one:
        made = one.caller.organisation.add_contact("Ann", email="ann@example.com")
        one.caller.organisation.add_contact("Bob")
        one.caller.organisation.archive_contact(made.id)
        first = await one.service.contacts(None)
        assert {remote.name: remote.status for remote in first.items} == {"Ann": "archived", "Bob": "active"}
        clock.pass_(3600)
        await one.caller.sign_in()
        second = await one.service.contacts(first.cursor)
        assert second.items == ()


async def test_the_orphans_of_a_proof_are_what_our_app_created() -> None:
    async with world() as one:
        accepted((await one.push(make_contact()))[0])
        invoice = accepted((await one.push(make_invoice()))[0])
        theirs = one.caller.organisation.add_contact("Somebody")
        one.caller.organisation.add_invoice(Contact={"ContactID": theirs.id}, InvoiceNumber="T-1", LineItems=[line()])
        page = await one.service.read_ours("invoice", None)
        assert ([remote.id for remote in page.items], page.cursor) == ([invoice.id], None)


@pytest.mark.parametrize("strategy", ["tax_adjust", "rounding_line"])
@pytest.mark.parametrize("honour", [True, False])
async def test_an_organisation_that_ignores_told_tax_gets_one_rounding_line(strategy: str, honour: bool) -> None:
    async with world(honour_tax_overrides=honour) as one:
        one.book = make_book(mappings=MAPPINGS, choices=one.book.choices, settings={"rounding": strategy})
        accepted((await one.push(make_contact()))[0])
        invoice = make_invoice(*[make_line(unit_price="0.05") for _ in range(10)], total="0.50")
        draft = draft_of(invoice, one.book)
        remote = accepted((await one.push(invoice))[0])
        if remote.total != draft.total:
            assert (strategy, honour) == ("tax_adjust", False)
            again = Xero.amend(draft, remote, one.book)
            assert isinstance(again, Draft)
            remote = accepted((await one.send([one.write(invoice, again, Operation.UPDATE)]))[0])
            draft = again
        assert (remote.total, remote.tax) == (D("0.50"), draft.tax)


async def test_the_consent_names_its_organisation_and_disconnecting_ends_it() -> None:
    async with world() as one:
        found = await one.service.organisations({"consent_id": ""})
        assert [organisation.name for organisation in found] == ["Harbour Lane"]
        await one.service.disconnect()
        await one.service.disconnect()  # repeating it is harmless
        with pytest.raises(AuthorizationError):
            await one.service.choices()


async def test_locked_books_are_told_by_the_choices_and_by_refusals() -> None:
    async with world() as one:
        accepted((await one.push(make_contact()))[0])
        one.caller.organisation.lock(period=date(2026, 3, 31))
        assert refused((await one.push(make_invoice()))[0]).code == "period_locked"
        choices = await one.service.choices()
        assert choices.organisation is not None
        assert choices.organisation.locked_until == date(2026, 3, 31)


async def test_an_archived_contact_holds_its_invoices() -> None:
    async with world() as one:
        contact = accepted((await one.push(make_contact()))[0])
        one.caller.organisation.archive_contact(contact.id)
        assert refused((await one.push(make_invoice()))[0]).code == "contact_archived"
        assert refused((await one.push(make_contact(), operation=Operation.UPDATE))[0]).code == "contact_archived"


async def test_a_read_of_many_ids_comes_in_chunks() -> None:
    async with world() as one:
        accepted((await one.push(make_contact()))[0])
        outcomes = await one.push(*(make_invoice(id=f"i-{n}", number=str(n)) for n in range(45)))
        ids = [accepted(outcome).id for outcome in outcomes]
        one.door.sent.clear()
        assert {remote.id for remote in await one.service.read("invoice", ids)} == set(ids)
        assert len(one.door.sent) == 2
