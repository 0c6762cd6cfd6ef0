"""The whole path under every reading of what FACTS calls unverified: the sandbox's switches."""

from __future__ import annotations

from typing import Any

import pytest

from hub import (
    Lookup,
    Operation,
    Reference,
)
from plugins.xero.webservice import Xero
from tests.plugins.xero.builders import (
    make_contact,
    make_invoice,
    make_payment,
)
from tests.plugins.xero.world import D, accepted, refused, world

SWITCHES: list[dict[str, Any]] = [
    {"unchanged_status": 304},
    {"nested_errors": True},
    {"where_case": "sensitive"},
    {"numeric_strings": False},
    {"summary_pagination": False},
    {"contact_slots": "whole"},
    {"tax_tie": "half_even"},
    {"void_keeps_amount_due": False},
    {"name_spaces": "trim"},
    {"deleted_payments_listed": True},
    {"payment_rate_zero": True},
    {"country_alphabet": "any"},
    {"wrong_totals": "ignore"},
    {"negative_total_refused": False},
]


@pytest.mark.parametrize("settings", SWITCHES, ids=[next(iter(one)) for one in SWITCHES])
async def test_the_whole_path_holds_under_every_reading_of_an_unsure_fact(settings: dict[str, Any]) -> None:
    async with world(**settings) as one:
        address = {"lines": ["1 Wharf Rd"], "city": "York", "country": "GB"}
        accepted((await one.push(make_contact(name=" Ana  Ruiz ", address=address, phone="+61 2 5550 0123")))[0])
        invoice = accepted((await one.push(make_invoice()))[0])
        assert (invoice.total, invoice.tax) == (D("500.00"), D("45.45"))
        assert refused((await one.push(make_payment(amount="501.00")))[0]).code == "exceeds_due"
        payment = accepted((await one.push(make_payment()))[0])
        pulled = await one.service.pull(None)
        assert [(remote.id, remote.paid) for remote in pulled.invoices] == [(invoice.id, D("500.00"))]
        assert [remote.id for remote in pulled.payments] == [payment.id]
        assert (await one.service.pull(pulled.cursor)).invoices == ()
        lookup = Lookup(reference=Reference("contact", "c-7"), number=Xero.number("contact", "c-7", one.book))
        assert len((await one.service.find([lookup]))[lookup.reference]) == 1
        assert accepted((await one.push(make_payment(), operation=Operation.CANCEL))[0]).status == "deleted"
        assert accepted((await one.push(make_invoice(), operation=Operation.CANCEL))[0]).status == "voided"


@pytest.mark.parametrize(("approval", "status"), [("submitted", "submitted"), ("draft", "draft")])
async def test_a_user_who_may_not_approve_leaves_another_status(approval: str, status: str) -> None:
    async with world(approval=approval) as one:
        accepted((await one.push(make_contact()))[0])
        assert accepted((await one.push(make_invoice()))[0]).status == status


async def test_an_approval_that_is_refused_is_told() -> None:
    async with world(approval="refused") as one:
        accepted((await one.push(make_contact()))[0])
        assert refused((await one.push(make_invoice()))[0]).code == "not_approved"
