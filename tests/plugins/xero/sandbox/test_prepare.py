"""Facts bring organisations to where a rehearsal starts, and let happen there what a person does."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from plugins.xero.sandbox import Organisation, Sandbox, create_sandbox
from plugins.xero.sandbox.prepare import prepare
from tests.plugins.xero.sandbox.support import invoice, line, running

HERE = {"fact": "organisation", "name": "Tide", "country": "AU", "currency": "AUD"}
DAY = date(2026, 3, 3)
INVOICE = {
    "fact": "invoice",
    "number": "AG-1",
    "contact_name": "Ada",
    "issued_on": DAY,
    "currency": "AUD",
    "total": Decimal("77.00"),
}


def prepared(*facts: dict[str, Any]) -> tuple[Sandbox, Organisation]:
    """A sandbox after *facts*, and the organisation that they are about."""
    sandbox = create_sandbox()
    prepare(sandbox, [HERE, {"fact": "currency", "code": "USD"}, *facts])
    return sandbox, next(one for one in sandbox.organisations.values() if one.name == "Tide")


def test_an_organisation_that_is_named_is_made_once_and_the_others_stay_as_they_are() -> None:
    sandbox, made = prepared()
    prepare(sandbox, [HERE, {"fact": "currency", "code": "CAD"}])
    assert [one.name for one in sandbox.organisations.values()].count("Tide") == 1
    assert made.currencies == ["AUD", "USD", "CAD"]
    assert "CAD" not in next(iter(sandbox.organisations.values())).currencies


def test_facts_without_an_organisation_are_about_the_first() -> None:
    sandbox = create_sandbox()
    prepare(sandbox, [{"fact": "lock", "on": DAY}])
    assert [one.period_lock for one in sandbox.organisations.values()] == [DAY, None]


def test_an_organisation_behaves_otherwise_alone() -> None:
    sandbox, made = prepared({"fact": "behave", "approval": "submitted"})
    assert [one.settings.approval for one in sandbox.organisations.values()] == ["granted", "granted", "submitted"]
    prepare(sandbox, [HERE, {"fact": "behave", "approval": "granted"}])
    assert made.settings == sandbox.settings


def test_an_invoice_is_edited_and_voided_by_its_number() -> None:
    sandbox, made = prepared(INVOICE)
    prepare(sandbox, [HERE, {"fact": "edit_line", "remote_number": "AG-1", "unit_amount": 90, "tax_amount": None}])
    (document,) = made.ledger.invoices_numbered("AG-1")
    assert (document.total, document.status) == (Decimal("90.00"), "AUTHORISED")
    prepare(sandbox, [HERE, {"fact": "void", "remote_number": "AG-1"}])
    assert document.status == "VOIDED"


def test_a_draft_is_approved() -> None:
    sandbox, made = prepared(INVOICE)
    (document,) = made.ledger.invoices_numbered("AG-1")
    document.status = "SUBMITTED"
    prepare(sandbox, [HERE, {"fact": "approve", "remote_number": "AG-1"}])
    assert document.status == "AUTHORISED"


def test_a_copied_payment_repeats_the_reference_and_a_deleted_one_is_gone() -> None:
    sandbox, made = prepared(INVOICE)
    (document,) = made.ledger.invoices_numbered("AG-1")
    made.pay(document.id, Decimal("50.00"), reference="TAG-MARKER thanks")
    paid = {"fact": "payment", "remote_number": "AG-1", "amount": Decimal("20.00"), "account": "090", "paid_on": DAY}
    prepare(sandbox, [HERE, {**paid, "copied": True}])
    assert [one.reference for one in made.ledger.payments_of(document)] == ["TAG-MARKER thanks"] * 2
    made.delete_payment(document.payment_ids[0])
    prepare(sandbox, [HERE, {"fact": "delete_payment", "remote_number": "AG-1"}])
    assert {one.status for one in made.ledger.payments_of(document)} == {"DELETED"}


def test_a_payment_of_its_own_has_no_reference() -> None:
    sandbox, made = prepared(INVOICE)
    paid = {"fact": "payment", "remote_number": "AG-1", "amount": Decimal("20.00"), "account": "090", "paid_on": DAY}
    prepare(sandbox, [HERE, paid])
    (payment,) = made.ledger.payments.values()
    assert (payment.amount, payment.on, payment.reference) == (Decimal("20.00"), DAY, "")


def test_accounts_and_rates_are_archived_and_restored() -> None:
    sandbox, made = prepared(
        {"fact": "archive_account", "code": "240"},
        {"fact": "tax_rate_status", "code": "EXEMPTEXPORT", "status": "ARCHIVED"},
    )
    assert (made.account("240").status, made.tax_rates["EXEMPTEXPORT"].status) == ("ARCHIVED", "ARCHIVED")
    prepare(sandbox, [HERE, {"fact": "restore_account", "code": "240"}])
    assert made.account("240").status == "ACTIVE"


def test_a_contact_is_restored_and_gets_a_website_by_its_name() -> None:
    gone = {"fact": "contact", "name": "Ada Thorne", "email": "ada@example.com", "status": "ARCHIVED"}
    sandbox, made = prepared(gone)
    (contact,) = made.ledger.contacts.values()
    assert contact.status == "ARCHIVED"
    prepare(sandbox, [HERE, {"fact": "restore_contact", "name": "Ada Thorne"}])
    prepare(sandbox, [HERE, {"fact": "website", "name": "Ada Thorne", "website": "no address"}])
    assert (contact.status, contact.website) == ("ACTIVE", "no address")


def test_faults_are_scripted_and_forgotten() -> None:
    sandbox, _ = prepared({"fact": "fault", "kind": "lose_answer", "method": "PUT", "path": "/Payments", "times": None})
    (rule,) = sandbox.faults.rules
    assert (rule.kind, rule.method, rule.path, rule.times) == ("lose_answer", "PUT", "/Payments", None)
    prepare(sandbox, [{"fact": "no_faults"}])
    assert sandbox.faults.rules == []


def test_an_unknown_fact_is_a_fault_of_whoever_wrote_it() -> None:
    with pytest.raises(KeyError, match="weather"):
        prepared({"fact": "weather"})


async def test_automatic_tax_replaces_the_rate_and_the_tax_amount_of_taxed_lines_alone() -> None:
    async with running(automatic_tax=Decimal("8.875")) as caller:
        contact = {"ContactID": caller.organisation.add_contact("Somebody").id}
        lines = [line(TaxType="OUTPUT", TaxAmount=10), line(TaxType="EXEMPTOUTPUT")]
        (made,) = await caller.put("Invoices", invoice(Contact=contact, LineItems=lines))
    assert [one["TaxAmount"] for one in made["LineItems"]] == [Decimal("8.88"), 0]
    assert made["Total"] == Decimal("208.88")
