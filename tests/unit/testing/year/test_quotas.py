"""The quotas of DOMAIN section 6, counted from the records themselves."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from hub.testing.year import RemoteLock, RemotePayment, Year, generate

ANCHOR = date(2026, 6, 30)
UK_LONG = "United Kingdom of Great Britain and Northern Ireland"
TYPED = {UK_LONG: "GB", "England": "GB", "U.K.": "GB", "Great Britain": "GB", "United States of America": "US"}
PARTS = {"DE": "EU", "FR": "EU", "IT": "EU", "NL": "EU", "JP": "ASIA", "SG": "ASIA", "HK": "ASIA", "KR": "ASIA"}


@pytest.fixture(scope="module", params=["demo", "another seed"])
def year(request: pytest.FixtureRequest) -> Year:
    return generate(request.param, ANCHOR)


def paid(year: Year, invoice: dict[str, Any]) -> Decimal:
    return sum(
        (Decimal(p["amount"]) for p in year.of_type("payment") if is_paid(p) and p["invoice_id"] == invoice["id"]),
        Decimal(0),
    )


def is_paid(payment: dict[str, Any]) -> bool:
    return bool(payment["status"] == "recorded" and payment["kind"] == "payment")


def main_type(year: Year, invoice: dict[str, Any]) -> str:  # noqa: PLR0911 - one answer per main type
    payments = [p for p in year.of_type("payment") if p["invoice_id"] == invoice["id"]]
    kinds = [line["kind"] for line in invoice["lines"] if line["kind"] != "text"]
    codes = {line["tax_code"] for line in invoice["lines"]}
    voided = {void.invoice_id for void in year.voids}
    if invoice["kind"] == "credit_note":
        return "credit"
    if invoice["status"] == "void" or invoice["id"] in voided:
        return "void"
    if Decimal(invoice["total"]) == 0:
        return "zero"
    if invoice["currency"] != "AUD":
        return "foreign"
    if codes == {"export"}:
        return "export"
    if "portal_fee" in kinds:
        return "portal"
    if kinds[0] in ("edition", "publication"):
        return "edition"
    if "deposit" in kinds or (len(payments) > 1 and payments[0]["paid_on"] < invoice["issued_on"]):
        return "instalments"
    if set(kinds) & {"shipping", "handling", "insurance"}:
        return "shipping"
    if "framing" in kinds:
        return "framing"
    if len(kinds) > 1:
        return "several"
    return "single_stripe" if invoice["channel"] in ("website", "private_room") else "single_bank"


def test_400_invoices_by_month(year: Year) -> None:
    months = Counter(record["issued_on"][:7] for record in year.of_type("invoice"))
    assert [count for _, count in sorted(months.items())] == [18, 22, 30, 34, 40, 36, 30, 28, 38, 44, 42, 38]
    assert (min(months), max(months)) == ("2025-07", "2026-06")


def test_invoices_by_main_type(year: Year) -> None:
    found = Counter(main_type(year, invoice) for invoice in year.of_type("invoice"))
    assert found == {
        "single_bank": 120,
        "single_stripe": 70,
        "shipping": 45,
        "framing": 30,
        "several": 30,
        "edition": 20,
        "instalments": 25,
        "portal": 20,
        "export": 12,
        "foreign": 14,
        "void": 6,
        "credit": 6,
        "zero": 2,
    }


def test_single_works_are_paid_by_bank_or_by_stripe_with_a_fee(year: Year) -> None:
    types = {invoice["id"]: main_type(year, invoice) for invoice in year.of_type("invoice")}
    methods = {kind: Counter[str]() for kind in types.values()}
    for payment in year.of_type("payment"):
        methods[types[payment["invoice_id"]]][payment["method"]] += 1
        if payment["method"] == "stripe":
            assert Decimal(payment["fee"]["amount"]) > 0
    assert set(methods["single_bank"]) == {"bank_transfer", "cheque"}
    assert set(methods["single_stripe"]) == {"stripe"}
    assert set(methods["portal"]) == {"stripe"}


def test_foreign_currencies(year: Year) -> None:
    found = Counter(invoice["currency"] for invoice in year.of_type("invoice"))
    assert found == {"AUD": 386, "USD": 5, "EUR": 4, "GBP": 3, "JPY": 2}


def test_price_modes(year: Year) -> None:
    found = Counter(invoice["price_mode"] for invoice in year.of_type("invoice"))
    assert found == {"inclusive": 260, "exclusive": 130, "no_tax": 10}


def test_discounts(year: Year) -> None:
    invoices = year.of_type("invoice")
    assert sum(any(line.get("discount") for line in invoice["lines"]) for invoice in invoices) == 60
    assert sum(invoice["discount"] is not None for invoice in invoices) == 25


def test_editions_go_out_in_numbers(year: Year) -> None:
    editions = [invoice for invoice in year.of_type("invoice") if main_type(year, invoice) == "edition"]
    assert all(int(invoice["lines"][0]["quantity"]) > 1 for invoice in editions)


def test_unpaid_overdue_part_paid_and_paid_only_there(year: Year) -> None:
    there = {fact.invoice_id for fact in year.remote if isinstance(fact, RemotePayment)}
    voided = {void.invoice_id for void in year.voids}
    owed = [
        invoice
        for invoice in year.of_type("invoice")
        if invoice["kind"] == "invoice" and invoice["status"] != "void" and invoice["id"] not in voided | there
    ]
    unpaid = [invoice for invoice in owed if paid(year, invoice) == 0 and Decimal(invoice["total"]) > 0]
    assert len(unpaid) == 40
    assert sum(invoice["due_on"] < year.last_day.isoformat() for invoice in unpaid) == 25
    assert sum(0 < paid(year, invoice) < Decimal(invoice["total"]) for invoice in owed) == 20
    assert sum(paid(year, invoice) > Decimal(invoice["total"]) for invoice in owed) == 1
    assert len(there) == 15
    assert not there & {payment["invoice_id"] for payment in year.of_type("payment")}


def test_before_sync_from_excluded_drafts_and_locked(year: Year) -> None:
    invoices = year.of_type("invoice")
    early = [invoice for invoice in invoices if invoice["issued_on"] < year.settings["sync_from"]]
    locks = [fact.on.isoformat() for fact in year.remote if isinstance(fact, RemoteLock)]
    assert len(locks) == 1
    locked = [i for i in invoices if i not in early and i["issued_on"] <= locks[0]]
    assert (len(early), len(locked)) == (8, 1)
    assert sum(invoice["excluded"] for invoice in invoices) == 4
    assert Counter(invoice["status"] for invoice in invoices) == {"issued": 394, "draft": 2, "void": 4}
    sent = {item.record_id for item in year.expected_first if item.type == "payment" and item.state == "synced"}
    assert not [p for p in year.of_type("payment") if p["id"] in sent and p["paid_on"] <= locks[0]]


def test_contacts_by_kind_and_country(year: Year) -> None:
    contacts = year.of_type("contact")
    kinds = Counter(
        "artist" if contact["id"].startswith("artist-") else "firm" if contact["organisation"] else "person"
        for contact in contacts
    )
    countries = Counter(
        PARTS.get(code, code)
        for contact in contacts
        for code in [contact["address"]["country"] or TYPED[contact["address"]["country_text"]]]
    )
    assert kinds == {"person": 170, "firm": 60, "artist": 30}
    assert countries == {"AU": 156, "NZ": 26, "GB": 26, "US": 26, "EU": 16, "ASIA": 10}


def test_names_of_contacts_are_unique_whatever_the_case(year: Year) -> None:
    names = [" ".join(contact["name"].lower().split()) for contact in year.of_type("contact")]
    assert len(set(names)) == 260


def test_problem_contacts(year: Year) -> None:
    contacts = year.of_type("contact")
    long_names = [c["id"] for c in contacts if c["address"]["country_text"] == UK_LONG]
    broken = [c["id"] for c in contacts if c["email"] == "foo@"]
    bought = Counter(invoice["contact_id"] for invoice in year.of_type("invoice"))
    assert [bought[contact] for contact in long_names + broken] == [1, 1, 1]


def test_special_prices_are_sold_with_tax_inside_and_reach_the_books(year: Year) -> None:
    synced = {item.record_id for item in year.expected if item.state == "synced"}
    totals = [i["total"] for i in year.of_type("invoice") if i["price_mode"] == "inclusive" and i["id"] in synced]
    assert {"500.00", "995.00", "3800.00", "105005"} <= set(totals)


def test_one_contact_arrives_after_its_invoice(year: Year) -> None:
    seen = set()
    early = []
    for record in year.records:
        if record["type"] == "invoice" and ("contact", record["contact_id"]) not in seen:
            early.append(record["id"])
        seen.add((record["type"], record["id"]))
    assert len(early) == 1


def test_no_single_work_is_sold_twice(year: Year) -> None:
    sold = Counter(
        (line["description"], line["artist"], line["unit_price"])
        for invoice in year.of_type("invoice")
        if invoice["kind"] == "invoice"
        for line in invoice["lines"]
        if line["kind"] == "artwork" and line["artist"]
    )
    assert sum(sold.values()) > 380
    assert max(sold.values()) <= 2  # two works of one artist may share a title such as "Untitled (no. 7)" and a price
