"""Troubles that are there from the start: the gallery's records, its settings, or what the organisation holds."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal

from hub.testing.year.chart import mapping
from hub.testing.year.troubles.records import LEVY, Diary, contact, invoice, line, payment, remote_number
from hub.testing.year.troubles.values import Act, Deeds, Fact, Trouble
from hub.testing.year.values import Record


def troubles_of_the_start(diary: Diary) -> Iterator[Trouble]:
    """What the first sync finds."""
    yield from _left_out(diary)
    yield from _contacts(diary)
    yield from _choices(diary)
    yield from _amounts(diary)
    yield from _documents(diary)
    yield from _payments(diary)


def _sent(
    reason: str,
    *records: Record,
    state: Literal["left_out", "held"] = "held",
    type: Literal["invoice", "payment"] = "invoice",
    there: tuple[Fact, ...] = (),
    act: Act = "first",
    remedy: Deeds | None = None,
) -> Trouble:
    """A trouble of the last of *records*, which are sent in *act*."""
    deeds: dict[Act, Deeds] = {act: Deeds(there=there, records=records)}
    if remedy is not None:
        deeds["way out"] = remedy
    return Trouble(
        reason=reason,
        state=state,
        type=type,
        record_id=str(records[-1]["id"]),
        act="first",
        deeds=deeds,
    )


def _again(record: Record, **changed: Any) -> Deeds:
    """The record is corrected in the gallery system and sent again."""
    return Deeds(records=({**record, **changed},))


def _left_out(diary: Diary) -> Iterator[Trouble]:
    yield _sent("before_connection", invoice("before-connection", diary), state="left_out", act="before")
    draft = invoice("draft", diary, status="draft")
    yield _sent("draft", draft, state="left_out", remedy=_again(draft, status="issued"))
    yield _sent("excluded", invoice("excluded", diary, excluded=True), state="left_out")
    old = invoice("outside-window", diary, source_updated_at="2020-02-29T10:00:00Z")
    yield _sent("outside_window", old, state="left_out")
    yield _sent("void_never_sent", invoice("void", diary, status="void"), state="left_out")
    pending = payment("pending", diary, status="pending")
    yield _sent("payment_not_recorded", invoice("pending", diary), pending, state="left_out", type="payment")


def _contacts(diary: Diary) -> Iterator[Trouble]:
    nobody = invoice("contact-missing", diary, contact_id="c-missing")
    yield _sent("contact_missing", nobody, remedy=Deeds(records=(contact("missing", "Ottilie Lamb"),)))
    yield _of_contact("contact_empty", diary, contact("empty", " ", email=None))
    retired = contact("retired", "Barnaby Quill")
    archived: Fact = {"fact": "contact", "name": retired["name"], "email": retired["email"], "status": "ARCHIVED"}
    restored = Deeds(there=({"fact": "restore_contact", "name": retired["name"]},))
    yield _of_contact("contact_archived", diary, retired, there=(archived,), remedy=restored)
    yield _of_contact("contact_archived_source", diary, contact("shelved", "Cosima Reed", archived=True))
    twice = contact("twice", "Dorothea Finch")
    active: Fact = {"fact": "contact", "name": twice["name"], "email": twice["email"], "status": "ACTIVE"}
    yield _of_contact("duplicate_contact", diary, twice, there=(active, active))
    bad = contact("bad-email", "Edwin Marsh", email="edwin at example.com")
    yield _of_contact("email_invalid", diary, bad, remedy=_again(bad, email="edwin@example.com"))
    long = {"lines": ["1 Wharf Rd"], "city": "Hobart", "postcode": "7000, " * 12, "country": "AU"}
    yield _of_contact("address", diary, contact("address", "Flora Beck", address=long))


def _of_contact(
    reason: str, diary: Diary, one: Record, *, there: tuple[Fact, ...] = (), remedy: Deeds | None = None
) -> Trouble:
    """An invoice that cannot go because of its contact."""
    name = reason.replace("_", "-")
    return _sent(reason, one, invoice(name, diary, contact_id=one["id"]), there=there, remedy=remedy)


def _choices(diary: Diary) -> Iterator[Trouble]:
    yield _sent("tax_code_missing", invoice("tax-code-missing", diary, lines=[line(tax_code="gone")]))
    levy = invoice("mapping-missing", diary, lines=[line(kind="levy", description="Resale levy")])
    yield _sent("mapping_missing", levy, remedy=Deeds(mappings=(LEVY,)))
    half = {"type": "tax_code", "id": "half", "name": "GST 5%", "rate": "5", "kind": "reduced"}
    yield Trouble(
        reason="tax_mapping",
        state="held",
        type="invoice",
        record_id="i-tax-mapping",
        act="first",
        deeds={
            "first": Deeds(
                records=(half, invoice("tax-mapping", diary, lines=[line(tax_code="half")])),
                mappings=(mapping("tax", "OUTPUT", tax_code="half"),),  # which is 10 %
            )
        },
    )
    yield _sent("currency_unknown", invoice("currency-unknown", diary, currency="QQQ"))
    dollars = invoice("currency-not-subscribed", diary, currency="CAD")
    yield _sent("currency_not_subscribed", dollars, remedy=Deeds(there=({"fact": "currency", "code": "CAD"},)))


def _amounts(diary: Diary) -> Iterator[Trouble]:
    yield _sent("currency_precision", invoice("currency-precision", diary, currency="JPY", total="110.50"))
    yield _sent("no_lines", invoice("no-lines", diary, lines=[], total="0.00"))
    text = line(kind="text", description="On loan until May", quantity="0", unit_price="0", tax_code=None)
    yield _sent("no_amount", invoice("no-amount", diary, lines=[text], total="0.00"))
    generous = line(discount={"amount": "200.00"})
    yield _sent("discount", invoice("discount", diary, lines=[generous], total="-90.00"))
    huge = line(unit_price="99000000000.00")
    yield _sent("too_large", invoice("too-large", diary, lines=[huge], total="99000000000.00"))
    wrong = invoice("total-mismatch", diary, total="100.00")
    yield _sent("total_mismatch", wrong, remedy=_again(wrong, total="110.00"))


def _documents(diary: Diary) -> Iterator[Trouble]:
    yield _sent("date", invoice("date", diary, issued_on=None, due_on=None))
    locked = invoice("period-locked", diary, issued_on=diary.locked.isoformat())
    yield _sent("period_locked", locked, remedy=_again(locked, issued_on=diary.issued.isoformat()))
    yield _sent(
        "number_taken", invoice("number-taken", diary), there=(_foreign("number-taken", "Gideon Sharp", diary),)
    )
    dead = invoice("number-void", diary)
    number = remote_number("number-void")
    void: tuple[Fact, ...] = (
        _foreign("number-void", "Hester Vane", diary),
        {"fact": "void", "remote_number": number},
    )
    yield _sent("number_void", dead, there=void, remedy=_again(dead, number="number-void-2"))


def _foreign(name: str, buyer: str, diary: Diary) -> Fact:
    """A document of somebody else's that has the number of ``i-<name>``."""
    return {
        "fact": "invoice",
        "number": remote_number(name),
        "contact_name": buyer,
        "issued_on": diary.issued,
        "currency": "AUD",
        "total": Decimal("77.00"),
    }


def _payments(diary: Diary) -> Iterator[Trouble]:
    cheque = payment("cheque", diary, method="cheque")
    yield _sent(
        "payment_account",
        invoice("cheque", diary),
        cheque,
        type="payment",
        remedy=_again(cheque, method="bank_transfer"),
    )
    dollars = payment("dollars", diary, currency="USD")
    yield _sent("payment_currency", invoice("dollars", diary), dollars, type="payment")
    yield _sent("exceeds_due", invoice("exceeds", diary), payment("exceeds", diary, amount="120.00"), type="payment")
