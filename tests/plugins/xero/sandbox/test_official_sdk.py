"""The official SDK, a client that somebody else wrote, works against the sandbox. It is synchronous: one thread."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, date, datetime
from typing import Any

import pytest
from xero_python.accounting import AccountingApi
from xero_python.accounting.models import (
    Account,
    Allocation,
    Allocations,
    Contact,
    Contacts,
    CreditNote,
    CreditNotes,
    Invoice,
    Invoices,
    LineAmountTypes,
    LineItem,
    Payment,
    PaymentDelete,
    Payments,
)
from xero_python.api_client import ApiClient
from xero_python.api_client.configuration import Configuration
from xero_python.api_client.oauth2 import OAuth2Token, TokenApi
from xero_python.exceptions import AccountingBadRequestException
from xero_python.identity import IdentityApi

from tests.plugins.xero.sandbox.support import Caller, running


class Outsider:
    """The SDK, pointed at the sandbox."""

    def __init__(self, caller: Caller) -> None:
        self.kept = {**caller.tokens, "expires_at": time.time() + 1800, "scope": caller.tokens["scope"].split()}
        self.tenant = caller.organisation.id
        configuration = Configuration(oauth2_token=OAuth2Token("sandbox-client", "sandbox-secret"))
        self.client = ApiClient(configuration, oauth2_token_getter=lambda: self.kept, oauth2_token_saver=self.keep)
        self.accounting = AccountingApi(self.client, base_url=f"{caller.base}/api.xro/2.0")
        self.identity = IdentityApi(self.client, base_url=caller.base)

    def keep(self, token: dict[str, Any]) -> None:
        self.kept = token


def lines(amount: str = "100.00") -> list[LineItem]:
    return [
        LineItem(description="Study", quantity=1.0, unit_amount=float(amount), account_code="200", tax_type="OUTPUT")
    ]


def sales_invoice(contact_id: str, number: str) -> Invoice:
    return Invoice(
        type="ACCREC",
        contact=Contact(contact_id=contact_id),
        invoice_number=number,
        date=date(2026, 3, 4),
        due_date=date(2026, 4, 3),
        line_amount_types=LineAmountTypes.EXCLUSIVE,
        status="AUTHORISED",
        line_items=lines(),
    )


def walk_contacts_invoices_payments(outsider: Outsider) -> None:
    api, tenant = outsider.accounting, outsider.tenant
    assert [one.tenant_id for one in outsider.identity.get_connections()] == [tenant]
    assert api.get_organisations(tenant).organisations[0].base_currency.value == "AUD"
    made = api.create_contacts(tenant, Contacts(contacts=[Contact(name="Ana Ruiz", contact_number="AG-1")]))
    contact_id = made.contacts[0].contact_id
    assert api.get_contact(tenant, "AG-1").contacts[0].contact_id == contact_id
    both = api.create_invoices(
        tenant,
        Invoices(invoices=[sales_invoice(contact_id, "AG1"), sales_invoice(contact_id, "AG1")]),
        summarize_errors=False,
        unitdp=4,
        idempotency_key="some-key",
    )
    first, second = both.invoices
    assert (first.status_attribute_string, first.total, first.amount_due) == ("OK", 110.0, 110.0)
    assert first.updated_date_utc.tzinfo is not None
    assert first.date == date(2026, 3, 4)
    assert second.validation_errors[0].message == "Invoice # must be unique."
    paid = api.create_payments(
        tenant,
        Payments(
            payments=[
                Payment(
                    invoice=Invoice(invoice_id=first.invoice_id),
                    account=Account(code="090"),
                    date=date(2026, 3, 10),
                    amount=60.0,
                    reference="R1",
                )
            ]
        ),
    ).payments[0]
    assert paid.payment_type == "ACCRECPAYMENT"
    one = Payment(
        invoice=Invoice(invoice_id=first.invoice_id), account=Account(code="090"), date=date(2026, 3, 11), amount=50.0
    )
    api.create_payment(tenant, one)
    assert api.get_invoice(tenant, first.invoice_id).invoices[0].status == "PAID"
    deleted = api.delete_payment(tenant, paid.payment_id, PaymentDelete(status="DELETED"))
    assert deleted.payments[0].status == "DELETED"
    listed = api.get_invoices(
        tenant,
        if_modified_since=datetime(2026, 1, 1, tzinfo=UTC),
        where='Status=="AUTHORISED"',
        order="UpdatedDateUTC ASC",
        invoice_numbers=["AG1"],
        page=1,
        page_size=50,
        created_by_my_app=True,
        unitdp=4,
    )
    assert [(found.invoice_number, found.amount_paid) for found in listed.invoices] == [("AG1", 50.0)]
    assert listed.pagination.item_count == 1
    assert len(api.get_payments(tenant, page=1).payments) == 2


def walk_settings_and_credit(outsider: Outsider) -> None:
    api, tenant = outsider.accounting, outsider.tenant
    rates = {rate.tax_type: rate.effective_rate for rate in api.get_tax_rates(tenant).tax_rates}
    assert rates["OUTPUT"] == 10.0
    assert {account.code for account in api.get_accounts(tenant).accounts} >= {"090", "200", "860"}
    assert api.get_tracking_categories(tenant).tracking_categories[0].name == "Channel"
    assert [one.code for one in api.get_currencies(tenant).currencies]
    contact_id = api.create_contacts(tenant, Contacts(contacts=[Contact(name="Bo Lee")])).contacts[0].contact_id
    invoice = api.create_invoices(tenant, Invoices(invoices=[sales_invoice(contact_id, "AG9")])).invoices[0]
    note = CreditNote(
        type="ACCRECCREDIT",
        contact=Contact(contact_id=contact_id),
        date=date(2026, 3, 5),
        status="AUTHORISED",
        line_items=lines(),
    )
    made = api.create_credit_notes(tenant, CreditNotes(credit_notes=[note])).credit_notes[0]
    allocation = Allocation(amount=110.0, date=date(2026, 3, 6), invoice=Invoice(invoice_id=invoice.invoice_id))
    api.create_credit_note_allocation(tenant, made.credit_note_id, Allocations(allocations=[allocation]))
    settled = api.get_invoice(tenant, invoice.invoice_id).invoices[0]
    assert (settled.status, settled.amount_credited) == ("PAID", 110.0)
    with pytest.raises(AccountingBadRequestException) as refused:
        api.create_contacts(tenant, Contacts(contacts=[Contact(name="bo lee")]))
    assert "already assigned to another contact" in str(refused.value)


def walk_refresh(outsider: Outsider) -> None:
    before = outsider.kept["refresh_token"]
    outsider.client.refresh_oauth2_token()
    assert outsider.kept["refresh_token"] != before
    assert outsider.accounting.get_organisations(outsider.tenant).organisations


async def test_the_sdk_makes_and_reads_contacts_invoices_and_payments() -> None:
    async with running() as caller:
        await asyncio.to_thread(walk_contacts_invoices_payments, Outsider(caller))
        assert caller.sandbox.calls.writes == 5


async def test_the_sdk_reads_settings_and_allocates_credit() -> None:
    async with running() as caller:
        await asyncio.to_thread(walk_settings_and_credit, Outsider(caller))


async def test_the_sdk_refreshes_its_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as caller:
        monkeypatch.setattr(TokenApi, "refresh_token_url", f"{caller.base}/connect/token")
        await asyncio.to_thread(walk_refresh, Outsider(caller))
