"""What people do in Xero's own pages, as a test does it by method."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from plugins.xero.sandbox import Organisation, RefusedError, Sandbox
from plugins.xero.sandbox.state import Document
from tests.plugins.xero.sandbox.support import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def organisation(clock: Clock) -> Organisation:
    return Sandbox(clock=clock).add_organisation(name="Harbour Lane")


def enter(organisation: Organisation, **fields: object) -> Document:
    contact = organisation.add_contact(f"Buyer {len(organisation.ledger.contacts)}")
    line = {"Description": "Work", "Quantity": Decimal(1), "UnitAmount": Decimal(100), "AccountCode": "200"}
    return organisation.add_invoice(Contact={"ContactID": contact.id}, LineItems=[line], **fields)


def test_an_altered_total_leaves_the_stamp_alone_unless_touched(organisation: Organisation, clock: Clock) -> None:
    made = enter(organisation)
    stamp = made.updated_at
    clock.pass_(5)
    organisation.alter(made.id, total_by=Decimal("0.01"))
    assert (made.total, made.left, made.lines[0].amount, made.updated_at) == (
        Decimal("110.01"),
        Decimal("110.01"),
        Decimal("100.01"),
        stamp,
    )
    organisation.alter(made.id, number="OTHER", touch=True)
    assert made.updated_at > stamp
    assert organisation.ledger.invoices_numbered("other") == [made]
    with pytest.raises(AttributeError, match="nonsense"):
        organisation.alter(made.id, nonsense=1)


def test_an_edited_line_is_worked_out_anew(organisation: Organisation) -> None:
    made = enter(organisation)
    kept = made.lines[0].id
    organisation.edit_line(made.id, UnitAmount=Decimal(200), AccountCode="220")
    (line,) = made.lines
    assert (made.total, line.account_code, line.id) == (Decimal("220.00"), "220", kept)


def test_a_person_is_held_by_the_same_rules(organisation: Organisation) -> None:
    made = enter(organisation)
    with pytest.raises(RefusedError, match="exceeds the amount outstanding"):
        organisation.pay(made.id, Decimal(111))
    organisation.pay(made.id, Decimal(10))
    with pytest.raises(RefusedError, match="cannot be edited"):
        organisation.void(made.id)
    with pytest.raises(RefusedError, match="exceeds"):
        organisation.credit(made.id, Decimal(101), source="overpayment")
    organisation.lock(period=date(2027, 1, 1))
    with pytest.raises(RefusedError, match="lock date"):
        organisation.pay(made.id)


def test_records_made_by_people_bear_no_app(organisation: Organisation) -> None:
    made = enter(organisation)
    assert (made.created_by, organisation.pay(made.id).created_by) == (None, None)


def test_drafts_are_approved_or_deleted(organisation: Organisation) -> None:
    one, other = enter(organisation, Status="DRAFT"), enter(organisation, Status="DRAFT")
    assert (organisation.approve(one.id).status, organisation.void(other.id).status) == ("AUTHORISED", "DELETED")
    assert organisation.void(one.id).status == "VOIDED"


def test_currencies_come_and_go(organisation: Organisation) -> None:
    organisation.subscribe("EUR")
    organisation.subscribe("EUR")
    assert organisation.currencies == ["AUD", "EUR"]
    organisation.unsubscribe("EUR")
    with pytest.raises(RefusedError, match="not subscribed to currency EUR"):
        enter(organisation, CurrencyCode="EUR")


def test_tracking_is_added_and_found(organisation: Organisation) -> None:
    organisation.add_tracking("Artist", ["M. Lowe"])
    assert organisation.tracking_option("Artist", "M. Lowe").status == "ACTIVE"
    with pytest.raises(KeyError):
        organisation.tracking_option("Artist", "Nobody")


def test_two_organisations_of_one_name_are_two() -> None:
    sandbox = Sandbox()
    first, second = (sandbox.add_organisation(name="Harbour Lane") for _ in range(2))
    assert first.id != second.id
    assert set(first.accounts).isdisjoint(second.accounts)
