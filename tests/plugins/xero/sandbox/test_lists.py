"""FACTS 5.4, 5.5, 6.5, 7, 8: filters, pages, where, If-Modified-Since, settings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio

from tests.plugins.xero.sandbox.support import Caller, Clock, invoice, running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shelf() -> AsyncIterator[Caller]:
    """Five invoices of the app (AG1 to AG5; AG4 voided, AG5 paid), one minute apart, one by a person, one bill."""
    clock = Clock()
    async with running(clock) as caller:
        organisation = caller.organisation
        ana = organisation.add_contact("Ana", email="ana@example.com", number="c-1").id
        bo = organisation.add_contact('Bo "the Fox" Lee', number="c-2").id
        made = []
        for index in range(1, 6):
            clock.pass_(60)
            buyer = ana if index % 2 else bo
            sent = invoice(InvoiceNumber=f"AG{index}", Contact={"ContactID": buyer}, Reference=f"order {index}")
            made += await caller.put("Invoices", sent)
        clock.pass_(60)
        organisation.void(made[3]["InvoiceID"])
        clock.pass_(60)
        organisation.pay(made[4]["InvoiceID"], reference="AG-abc")
        by_hand = {"Description": "By hand", "Quantity": Decimal(1), "UnitAmount": Decimal(5), "AccountCode": "260"}
        organisation.add_invoice(Contact={"ContactID": ana}, InvoiceNumber="OWN1", LineItems=[by_hand])
        organisation.add_bill(bo, Decimal(20))
        yield caller


async def numbers(caller: Caller, query: str, **headers: str) -> list[str]:
    reply = await caller.get(f"Invoices?page=1&{query}", **headers)
    assert reply.status == 200, reply
    return [one["InvoiceNumber"] for one in reply.json["Invoices"] if not one["InvoiceNumber"].startswith("INV-")]


ALL = ["AG1", "AG2", "AG3", "AG4", "AG5", "OWN1"]


async def test_the_default_order_is_that_of_the_last_change(shelf: Caller) -> None:
    assert await numbers(shelf, "") == ALL


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("createdByMyApp=true", ALL[:5]),
        ("Statuses=VOIDED,PAID", ["AG4", "AG5"]),
        ("InvoiceNumbers=ag2,AG5,AG9", ["AG2", "AG5"]),
        ("searchTerm=ORDER 3", ["AG3"]),
        ("searchTerm=own", ["OWN1"]),
        ("order=InvoiceNumber DESC", ALL[::-1]),
        ("order=Status,InvoiceNumber DESC", ["OWN1", "AG3", "AG2", "AG1", "AG5", "AG4"]),
        ('where=InvoiceNumber=="AG3"', ["AG3"]),
        ('where=invoicenumber=="ag3" OR InvoiceNumber=="AG1"', ["AG1", "AG3"]),
        ('where=Status=="AUTHORISED" AND Type=="ACCREC" AND Total>=110', ["AG1", "AG2", "AG3"]),
        ('where=(Status=="PAID" OR Status=="VOIDED") AND Contact.Name=="ana"', ["AG5"]),
        ("where=AmountDue>0 AND AmountDue<100", ["OWN1"]),
        ("where=Date>=DateTime(2026,03,04) AND Date<DateTime(2026,03,05)", ["AG1", "AG2", "AG3", "AG4", "AG5"]),
        ('where=Reference.StartsWith("order")', ALL[:5]),
        ('where=Reference.Contains("3")==false', ["AG1", "AG2", "AG4", "AG5", "OWN1"]),
        ('where=Contact.Name=="Bo ""the Fox"" Lee"', ["AG2", "AG4"]),
        ("where=FullyPaidOnDate!=null", ["AG5"]),
    ],
)
async def test_filters(shelf: Caller, query: str, expected: list[str]) -> None:
    key, _, value = query.partition("=")
    found = await numbers(shelf, f"{key}={quote(value)}")
    assert found == expected


async def test_ids_and_contact_ids(shelf: Caller) -> None:
    ledger = shelf.organisation.ledger
    ids = ",".join(ledger.invoices_numbered(number)[0].id for number in ("AG3", "AG1"))
    assert await numbers(shelf, f"IDs={ids}") == ["AG1", "AG3"]
    (ana,) = ledger.contacts_named("Ana")
    assert await numbers(shelf, f"ContactIDs={ana.id}") == ["AG1", "AG3", "AG5", "OWN1"]
    where = quote(f'Contact.ContactID==Guid("{ana.id}")')
    assert await numbers(shelf, f"where={where}") == ["AG1", "AG3", "AG5", "OWN1"]


@pytest.mark.parametrize(
    "query",
    [
        'where=InvoiceNumber=="a\\"b"',
        'where=Nonsense=="x"',
        "where=InvoiceNumber==5",
        'where=InvoiceID=="11111111-1111-1111-1111-111111111111"',
        'where=InvoiceID==Guid("xyz")',
        "where=Date>=DateTime(2026,13,01)",
        'where=(Status=="PAID"',
        'where=Status=="PAID" AND',
        "where=Status",
        'where=Total>"5"',
        "where=Total>null",
        "where=" + "(" * 3000,
        "order=Nonsense",
        "order=Status SIDEWAYS",
        "IDs=nonsense",
        "pageSize=many",
    ],
)
async def test_a_bad_query_is_error_16(shelf: Caller, query: str) -> None:
    key, _, value = query.partition("=")
    reply = await shelf.get(f"Invoices?page=1&{key}={quote(value)}")
    assert reply.status in {400, 414}
    if reply.status == 400:
        assert (reply.json["ErrorNumber"], reply.json["Type"]) == (16, "QueryParseException")
        assert "Elements" not in reply.json


async def test_starts_with_on_nothing_fails(shelf: Caller) -> None:
    reply = await shelf.get("Contacts?page=1&where=" + quote('EmailAddress.StartsWith("x")'))
    assert reply.json["Message"] == "Where clause invocation error: StartsWith"
    guarded = await shelf.get("Contacts?page=1&where=" + quote('EmailAddress!=null&&EmailAddress.StartsWith("ana")'))
    assert [one["Name"] for one in guarded.json["Contacts"]] == ["Ana"]


@pytest.mark.parametrize(("switch", "count"), [("insensitive", 1), ("sensitive", 0)])
async def test_the_case_of_where_is_a_switch(switch: str, count: int) -> None:
    async with running(where_case=switch) as caller:
        await caller.contact("Ana Ruiz")
        reply = await caller.get("Contacts?page=1&where=" + quote('Name=="ANA RUIZ"'))
        assert len(reply.json["Contacts"]) == count


async def test_pages(shelf: Caller) -> None:
    first = await shelf.get("Invoices?page=1&pageSize=3")
    assert first.json["pagination"] == {"page": 1, "pageSize": 3, "pageCount": 3, "itemCount": 7}
    assert [len((await shelf.get(f"Invoices?page={page}&pageSize=3")).json["Invoices"]) for page in (1, 2, 3, 4)] == [
        3,
        3,
        1,
        0,
    ]
    assert (await shelf.get("Invoices?page=1&pageSize=5000")).json["pagination"]["pageSize"] == 1000
    assert (await shelf.get("Invoices?page=1")).json["pagination"]["pageSize"] == 100


async def test_only_pages_have_pagination_and_lines(shelf: Caller) -> None:
    unpaged = (await shelf.get("Invoices")).json
    assert "pagination" not in unpaged
    assert {len(one["LineItems"]) for one in unpaged["Invoices"]} == {0}
    paged = (await shelf.get("Invoices?page=1")).json
    assert {len(one["LineItems"]) for one in paged["Invoices"]} == {1}


async def test_a_summary_leaves_payments_and_lines_out(shelf: Caller) -> None:
    reply = (await shelf.get("Invoices?page=1&summaryOnly=true")).json
    assert "pagination" in reply
    assert not any("Payments" in one or one["LineItems"] for one in reply["Invoices"])


async def test_a_summary_may_lose_its_pagination() -> None:
    async with running(summary_pagination=False) as caller:
        assert "pagination" not in (await caller.get("Invoices?page=1&summaryOnly=true")).json
        assert "pagination" in (await caller.get("Invoices?page=1")).json


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ("2026-03-02T09:03:00", ["AG3", "AG4", "AG5", "OWN1"]),
        ("2026-03-02T09:03:01", ["AG4", "AG5", "OWN1"]),
        ("Mon, 02 Mar 2026 09:06:00 GMT", ["AG4", "AG5", "OWN1"]),
        ("2026-03-02T09:08:00Z", []),
        ("nonsense", ALL),
    ],
)
async def test_if_modified_since(shelf: Caller, since: str, expected: list[str]) -> None:
    assert await numbers(shelf, "", If_Modified_Since=since) == expected


async def test_if_modified_since_with_other_filters(shelf: Caller) -> None:
    since = "2026-03-02T09:03:00"
    assert await numbers(shelf, "where=" + quote('InvoiceNumber=="AG2"'), If_Modified_Since=since) == []
    assert await numbers(shelf, "InvoiceNumbers=AG2,AG3", If_Modified_Since=since) == ["AG3"]


async def test_fractions_of_a_second_are_cut() -> None:
    clock = Clock()
    clock.pass_(0.999)
    async with running(clock) as caller:
        await caller.invoice(InvoiceNumber="AG1")
        assert await numbers(caller, "", If_Modified_Since="2026-03-02T09:00:00") == ["AG1"]


@pytest.mark.parametrize("status", [200, 304])
async def test_nothing_changed(status: int) -> None:
    async with running(unchanged_status=status) as caller:
        reply = await caller.get("Invoices?page=1", If_Modified_Since="2030-01-01T00:00:00")
        assert reply.status == status
        assert (reply.raw == b"") is (status == 304)


async def test_a_clock_that_was_turned_back_loses_no_change() -> None:
    clock = Clock()
    async with running(clock) as caller:
        await caller.invoice(InvoiceNumber="AG1")
        clock.pass_(-3600)
        await caller.invoice(InvoiceNumber="AG2")
        assert await numbers(caller, "", If_Modified_Since="2026-03-02T08:30:00") == ["AG1"]
        assert await numbers(caller, "", If_Modified_Since="2026-03-02T07:30:00") == ["AG1", "AG2"]


async def test_payments_by_invoice_and_reference(shelf: Caller) -> None:
    (paid,) = shelf.organisation.ledger.invoices_numbered("AG5")
    for where in (
        f'Invoice.InvoiceID==Guid("{paid.id}")',
        'Invoice.InvoiceNumber=="AG5" AND Status=="AUTHORISED"',
        'Reference=="AG-abc"',
        f'Invoice.InvoiceID==Guid("{paid.id}") OR Invoice.InvoiceID==Guid("11111111-1111-1111-1111-111111111111")',
    ):
        found: list[dict[str, Any]] = (await shelf.get("Payments?page=1&where=" + quote(where))).json["Payments"]
        assert [one["Reference"] for one in found] == ["AG-abc"]
    nothing = quote('Invoice.InvoiceNumber=="AG1"')
    assert (await shelf.get(f"Payments?where={nothing}")).json["Payments"] == []


async def test_contacts_by_search_and_number(shelf: Caller) -> None:
    for query in ("searchTerm=EXAMPLE.com", "searchTerm=c-1", "where=" + quote('ContactNumber=="c-1"')):
        found = (await shelf.get(f"Contacts?page=1&{query}")).json["Contacts"]
        assert [one["Name"] for one in found] == ["Ana"]


async def test_settings(shelf: Caller) -> None:
    (organisation,) = (await shelf.get("Organisation")).json["Organisations"]
    assert (organisation["BaseCurrency"], organisation["CountryCode"]) == ("AUD", "AU")
    assert organisation["ShortCode"].startswith("!")
    assert "EndOfYearLockDate" not in organisation
    currencies = (await shelf.get("Currencies")).json["Currencies"]
    assert [one["Code"] for one in currencies] == ["AUD", "USD", "EUR"]
    rates = (await shelf.get("TaxRates?where=" + quote('Status=="ACTIVE"'))).json["TaxRates"]
    assert {one["TaxType"]: one["EffectiveRate"] for one in rates}["OUTPUT"] == 10


async def test_archived_accounts_are_listed_unless_asked_otherwise() -> None:
    async with running() as caller:
        caller.organisation.archive_account("210")
        every = (await caller.get("Accounts")).json["Accounts"]
        active = (await caller.get("Accounts?where=" + quote('Status=="ACTIVE"'))).json["Accounts"]
        assert len(every) == len(active) + 1
        assert [one["Name"] for one in every if "Code" not in one] == ["Savings"]
        rounding = next(one for one in every if one.get("SystemAccount") == "ROUNDING")
        assert rounding["Code"] == "860"


@pytest.mark.parametrize(
    ("country", "tax_type", "rate"),
    [("GB", "OUTPUT2", "20"), ("NZ", "OUTPUT2", "15"), ("US", "TAX001", "8.875"), ("CA", "TAX001", "14.975")],
)
async def test_tax_rates_differ_by_country(country: str, tax_type: str, rate: str) -> None:
    async with running() as caller:
        books = caller.sandbox.add_organisation(name=f"Books {country}", country=country, currency="USD")
        assert books.rates()[tax_type] == Decimal(rate)
        default = next(account for account in books.accounts.values() if account.code == "200").tax_type
        assert default == tax_type


@pytest.mark.parametrize(
    "path", ["Invoices/nope", "Invoices/11111111-1111-1111-1111-111111111111", "Nonsense", "", "Payments/AG1"]
)
async def test_404_is_47_bytes_of_html(shelf: Caller, path: str) -> None:
    reply = await shelf.get(path)
    assert (reply.status, len(reply.raw)) == (404, 47)
    assert reply.headers["content-type"].startswith("text/html")
