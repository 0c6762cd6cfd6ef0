"""What a kind decides about a record: drafts are pure and to the cent, what is held says why."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec

from hub.domain.books import Book, Choices
from hub.domain.drafts import Draft, Held, Subject
from hub.domain.records import Invoice, Payment, Reference
from hub.domain.remotes import Remote, RemoteId
from hub.testing.builders import make_credit_note, make_invoice, make_line
from hub.testing.contract.base import FEW, TYPES, Base

# The codes that a held record may have (fixed; docs/reference/reasons.md has their sentences).
HELD_CODES = frozenset(
    {
        *("contact_missing", "contact_empty", "contact_archived", "contact_archived_source", "duplicate_contact"),
        *("email_invalid", "address", "tax_code_missing", "mapping_missing", "mapping_invalid", "tax_mapping"),
        *("tax_archived", "currency_unknown", "currency_not_subscribed", "currency_precision", "no_lines"),
        *("no_amount", "discount", "too_large", "date", "total_mismatch", "remote_total", "number_taken"),
        *("number_void", "period_locked", "payment_account", "payment_currency", "exceeds_due"),
        *("possible_duplicate_payment", "marker_without_record", "not_approved", "source_missing"),
        *("unknown_outcome", "refused"),
    }
)
OTHERS = {"contact_id": "remote-id-of-contact", "document_id": "remote-id-of-document"}


class RenderingTests(Base):
    """Tests of `number` and `render`."""

    def test_numbers_tell_records_apart(self) -> None:
        book = self.make_book()
        for type_ in self.taken_types():
            made = [self.subject(self.example(type_, n), book, n).number for n in range(1, FEW + 1)]
            assert all(made), f"a {type_} has an empty number"
            assert len(set(made)) == FEW, f"records of type {type_} share a number: {made}"

    def test_the_same_record_makes_the_same_draft(self) -> None:
        for type_ in self.taken_types():
            drafts = [self.draft(type_, 1)[1] for _ in range(FEW)]
            prints = {one.fingerprint for one in drafts}
            assert len(prints) == 1, f"the draft of a {type_} is another one each time: it would be sent in every run"
            assert all(one == drafts[0] for one in drafts), f"drafts of one {type_} differ beside their bodies"

    def test_different_records_make_different_drafts(self) -> None:
        for type_ in self.taken_types():
            prints = {self.draft(type_, n)[1].fingerprint for n in range(1, FEW + 1)}
            assert len(prints) == FEW, f"different records of type {type_} make one draft: changes would not be seen"

    def test_render_leaves_what_it_gets_as_it_is(self) -> None:
        book = self.make_book()
        for subject in self._plain(book):
            before = copy.deepcopy((subject, book))
            self.kind.render(subject, book)
            assert before == (subject, book), f"render changed its {subject.reference.type}, its book or both"

    def test_a_draft_has_the_frozen_number(self) -> None:
        book = self.make_book()
        for subject in self._plain(book):
            frozen = msgspec.structs.replace(subject, number=f"{subject.number}-2")
            draft = self.kind.render(frozen, book)
            assert isinstance(draft, Draft), f"with another number the {subject.reference.type} is held: {draft}"
            assert draft.number == frozen.number, "a number is frozen before the first write: take subject.number"

    def test_totals_are_the_records_own_to_the_cent(self) -> None:
        for type_ in self.taken_types():
            subject, draft = self.draft(type_, 1)
            match subject.record:
                case Invoice() as invoice:
                    wanted: tuple[Any, Any] = (invoice.total, invoice.currency)
                case Payment() as payment:
                    due = subject.invoice.currency if subject.invoice else None
                    wanted = (payment.amount, payment.currency or due)
                case _:
                    wanted = (None, None)
            told = (draft.total, draft.currency)
            assert told == wanted, f"the draft of a {type_} promises {told}, the record says {wanted}"

    def test_credit_notes_are_drawn_up_if_promised(self) -> None:
        book = self.make_book()
        made = self.kind.render(self.subject(self.credit_note(1), book), book)
        promised = self.kind.capabilities.credit_notes
        assert promised == isinstance(made, Draft), f"credit_notes={promised}, but render gives {type(made).__name__}"
        if isinstance(made, Draft):
            assert made.total == self.credit_note(1).total, "the draft of a credit note has another total"

    def test_bodies_are_plain_and_exact(self) -> None:
        for type_ in self.taken_types():
            _, draft = self.draft(type_, 1)
            odd = sorted({type(one).__name__ for one in _leaves(draft.body)})
            assert not odd, f"the body of a {type_} holds {odd}: only texts, whole numbers, Decimals, lists and dicts"

    def test_no_remote_id_of_another_record_is_in_a_body(self) -> None:
        book = self.make_book()
        for subject in self._plain(book):
            there = _remote(subject, **{name: RemoteId(one) for name, one in OTHERS.items()})
            draft = self.kind.render(msgspec.structs.replace(subject, remote=there), book)
            text = repr(draft.body) if isinstance(draft, Draft) else ""
            found = [one for one in OTHERS.values() if one in text]
            assert not found, f"name other records in `needs` ({subject.reference.type}): request puts their ids in"

    def test_a_draft_is_the_same_once_the_record_stands_there(self) -> None:
        book = self.make_book()
        for subject in self._plain(book):
            before = self.kind.render(subject, book)
            after = self.kind.render(msgspec.structs.replace(subject, remote=_remote(subject), version=2), book)
            same = isinstance(before, Draft) and isinstance(after, Draft) and before.fingerprint == after.fingerprint
            assert same, (
                f"a {subject.reference.type} that stands there is drawn up differently: every run would send it"
            )

    def test_needs_are_records_of_the_subject(self) -> None:
        for type_ in self.taken_types():
            subject, draft = self.draft(type_, 1)
            record = subject.record
            known = set()
            if isinstance(record, Invoice):
                known = {Reference("contact", record.contact_id)}
            elif isinstance(record, Payment):
                known = {Reference("invoice", record.invoice_id)}
                assert known <= set(draft.needs), "a payment needs its invoice there first: name it in `needs`"
            assert set(draft.needs) <= known, f"a {type_} needs {draft.needs}; it can need only {sorted(known)}"
            taken = self.taken_types()
            unmet = [one for one in draft.needs if one.type not in taken]
            assert not unmet, f"a {type_} needs {unmet}, which this kind never writes"

    def test_what_is_odd_is_drawn_up_or_held_with_reason_and_remedy(self) -> None:
        plain = self.make_book()
        empty = msgspec.structs.replace(plain, mappings=(), choices=Choices())
        for name, subject in self._odd(plain):
            for book in (plain, empty):
                made = self.kind.render(subject, book)
                assert isinstance(made, Draft | Held), f"{name}: render gives {type(made).__name__}"
                if isinstance(made, Held):
                    _check_held(name, made)

    # -- subjects

    def _plain(self, book: Book) -> Iterator[Subject]:
        for type_ in self.taken_types():
            yield self.subject(self.example(type_, 1), book)

    def _odd(self, book: Book) -> Iterator[tuple[str, Subject]]:
        """Records as galleries send them, in ways that a kind may not take."""
        replace = msgspec.structs.replace
        for type_ in TYPES:
            yield f"a plain {type_}", self.subject(self.example(type_, 1), book)
        contact, invoice, payment = self.contact(1), self.invoice(1), self.payment(1)
        yield "an invoice without its contact", self.subject(invoice, book, contact=None)
        yield "an invoice without its tax codes", self.subject(invoice, book, tax_codes={})
        yield "a payment without its invoice", self.subject(payment, book, invoice=None, invoice_number=None)
        yield "a contact without any text", self.subject(replace(contact, name="", email=None), book)
        yield "a contact of odd texts", self.subject(replace(contact, name="\x00<b>ü\u202e" * 99, email="@"), book)
        yield "an archived contact", self.subject(replace(contact, archived=True), book)
        yield "an invoice without lines", self.subject(replace(invoice, lines=(), total=Decimal(0)), book)
        yield "an invoice without a date", self.subject(replace(invoice, issued_on=None, due_on=None), book)
        yield "an invoice in no currency", self.subject(replace(invoice, currency="nothing"), book)
        yield "an invoice of another total", self.subject(replace(invoice, total=invoice.total + 7), book)
        yield "an invoice of nothing", self.subject(make_invoice(make_line(unit_price="0"), total="0"), book)
        yield "a credit note", self.subject(make_credit_note(), book)
        yield "a refund", self.subject(replace(payment, kind="refund"), book, invoice=make_credit_note())
        yield "a payment in another currency", self.subject(replace(payment, currency="XTS"), book)
        yield "a text line alone", self.subject(make_invoice(make_line(kind="text", unit_price="0"), total="0"), book)
        gallery = Subject(record=book.gallery, version=1, number="g", gallery=book.gallery)
        yield "a gallery", gallery
        yield "a tax code", replace(gallery, record=next(iter(self.tax_codes().values())))


def _check_held(name: str, held: Held) -> None:
    assert held.code in HELD_CODES, f"{name}: {held.code!r} is no reason code of the hub"
    assert held.message.strip(), f"{name}: {held.code} has no sentence for people"
    assert held.remedy.strip(), f"{name}: {held.code} has no remedy: what can a person do?"


def _remote(subject: Subject, **fields: Any) -> Remote:
    """What would stand there for *subject* after a plain write."""
    record = subject.record
    status: dict[str, Any] = {"status": "approved"}
    if isinstance(record, Invoice):
        status |= {"total": record.total, "currency": record.currency, "on": record.issued_on}
    elif isinstance(record, Payment):
        status |= {"total": record.amount, "on": record.paid_on}
    else:
        status = {"status": "active", "name": getattr(record, "name", None)}
    return Remote(id=RemoteId("own-remote-id"), version="v1", number=subject.number, **(status | fields))


def _leaves(value: Any) -> Iterator[Any]:
    """What is not plain in *value*."""
    if isinstance(value, dict):
        for key, one in value.items():
            if not isinstance(key, str):
                yield key
            yield from _leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    elif not (value is None or isinstance(value, str | int | Decimal)):
        yield value
