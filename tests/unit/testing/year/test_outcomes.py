"""The totals, the expected outcomes, and the remote facts that bring the odd ones about."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from hub.testing.year import (
    TINY,
    RemoteAccount,
    RemoteContact,
    RemoteCurrency,
    RemoteInvoice,
    RemotePayment,
    RemoteTaxRate,
    Year,
    generate,
    minster_yard,
)
from tests.unit.testing.year import naive

ANCHOR = date(2026, 6, 30)
YEARS = {"harbour": generate, "york": minster_yard, **TINY}


@pytest.fixture(scope="module")
def year() -> Year:
    return generate("demo", ANCHOR)


@pytest.mark.parametrize("seed", ["demo", "x", "another seed"])
@pytest.mark.parametrize("name", YEARS)
def test_totals_are_what_the_lines_come_to(name: str, seed: str) -> None:
    made: Year = YEARS[name](seed, ANCHOR)
    codes = naive.rates(made.records)
    cash = {p["invoice_id"] for p in made.of_type("payment") if p["method"] == "cash"}
    for invoice in [*made.of_type("invoice"), *made.edits]:
        total = naive.naive_total(invoice, codes)
        if invoice["id"] in cash:
            total = naive.cents(total * 20, 0) / 20
        assert Fraction(invoice["total"]) == total, invoice


def test_six_cash_totals_are_rounded_to_five_cents(year: Year) -> None:
    codes = naive.rates(year.records)
    differences = [
        Fraction(invoice["total"]) - naive.naive_total(invoice, codes) for invoice in year.of_type("invoice")
    ]
    off = [difference for difference in differences if difference]
    assert len(off) == 6
    assert all(abs(difference) <= Fraction(2, 100) for difference in off)


def test_twelve_invoices_round_their_tax_as_a_whole_and_it_shows(year: Year) -> None:
    codes = naive.rates(year.records)
    whole = [invoice for invoice in year.of_type("invoice") if invoice["tax_rounding"] == "invoice"]
    by_line = [naive.naive_total({**invoice, "tax_rounding": "line"}, codes) for invoice in whole]
    assert len(whole) == 12
    assert {Fraction(i["total"]) == n for i, n in zip(whole, by_line, strict=True)} == {True, False}


def test_every_invoice_and_payment_has_one_expectation_in_the_order_of_the_records(year: Year) -> None:
    names = [(record["type"], record["id"]) for record in year.records if record["type"] in ("invoice", "payment")]
    assert [(item.type, item.record_id) for item in year.expected_first] == names
    assert [(item.type, item.record_id) for item in year.expected] == names


def test_outcomes_after_the_first_sync(year: Year) -> None:
    found = Counter((item.state, item.reason) for item in year.expected_first if item.type == "invoice")
    assert found == {
        ("left_out", "before_sync_from"): 8,
        ("left_out", "excluded"): 4,
        ("left_out", "draft"): 2,
        ("left_out", "void_never_sent"): 4,
        ("held", "contact_archived"): 1,
        ("held", "duplicate_contact"): 2,
        ("held", "number_taken"): 1,
        ("held", "period_locked"): 1,
        ("synced", None): 377,
    }


def test_outcomes_of_payments(year: Year) -> None:
    found = Counter((item.state, item.reason) for item in year.expected if item.type == "payment")
    odd = {key: count for key, count in found.items() if key[0] not in ("synced", None)}
    assert odd == {
        ("left_out", "payment_not_recorded"): 2,
        ("held", "payment_account"): 1,
        ("held", "exceeds_due"): 1,
    }
    assert found["synced", None] > 300


def test_payments_wait_with_their_invoice_and_only_then(year: Year) -> None:
    states = {item.record_id: item.state for item in year.expected_first}
    waiting = {item.record_id for item in year.expected_first if item.state is None}
    odd = {
        p["id"]
        for p in year.of_type("payment")
        if states[p["invoice_id"]] != "synced" and p["kind"] == "payment" and p["status"] == "recorded"
    }
    assert waiting == odd


def test_edits_conflict_and_late_voids_are_voided(year: Year) -> None:
    pairs = zip(year.expected_first, year.expected, strict=True)
    changed = {after.record_id: (before.state, after.state, after.reason) for before, after in pairs if before != after}
    assert changed == {
        **{edit["id"]: ("synced", "conflict", "closed") for edit in year.edits},
        **{void.invoice_id: ("synced", "voided", None) for void in year.voids},
    }
    assert (len(year.edits), len(year.voids)) == (2, 2)


def test_edits_change_the_total_of_an_invoice_that_is_paid_in_full(year: Year) -> None:
    first = {record["id"]: record for record in year.of_type("invoice")}
    paid = {p["invoice_id"]: p["amount"] for p in year.of_type("payment")}
    for edit in year.edits:
        assert paid[edit["id"]] == first[edit["id"]]["total"]
        assert Decimal(edit["total"]) > Decimal(first[edit["id"]]["total"])
        assert edit["number"] == first[edit["id"]]["number"]


def test_voids_asked_for_later_have_no_payment(year: Year) -> None:
    paid = {p["invoice_id"] for p in year.of_type("payment")}
    assert not paid & {void.invoice_id for void in year.voids}


def test_remote_contacts_bring_out_the_held_invoices(year: Year) -> None:
    there = [fact for fact in year.remote if isinstance(fact, RemoteContact)]
    ours = {contact["id"]: contact for contact in year.of_type("contact")}
    assert all(fact.name == ours[fact.contact_id]["name"] for fact in there)
    held = {item.record_id for item in year.expected_first if item.reason in ("contact_archived", "duplicate_contact")}
    buyers = Counter(invoice["contact_id"] for invoice in year.of_type("invoice") if invoice["id"] in held)
    everywhere = Counter(invoice["contact_id"] for invoice in year.of_type("invoice"))
    assert set(buyers) == {fact.contact_id for fact in there}
    assert all(everywhere[buyer] == 1 for buyer in buyers)
    same = [(fact.status, fact.email == ours[fact.contact_id]["email"]) for fact in there]
    assert same == [("ARCHIVED", True), ("ACTIVE", True), ("ACTIVE", True), ("ACTIVE", False)]


def test_the_taken_number_is_the_one_the_hub_would_give(year: Year) -> None:
    taken = [fact for fact in year.remote if isinstance(fact, RemoteInvoice)]
    held = [item for item in year.expected if item.reason == "number_taken"]
    assert [(fact.invoice_id, fact.number) for fact in taken] == [(item.record_id, item.remote_number) for item in held]


def test_payments_made_there_settle_synced_invoices(year: Year) -> None:
    synced = {item.record_id: item for item in year.expected_first if item.state == "synced"}
    for fact in [fact for fact in year.remote if isinstance(fact, RemotePayment)]:
        assert synced[fact.invoice_id].total == fact.amount
        assert synced[fact.invoice_id].remote_number == fact.remote_number


def test_a_prefix_that_is_there_is_not_put_twice(year: Year) -> None:
    typed = [item for item in year.expected if item.number and item.number.startswith("AG-")]
    assert [item.remote_number for item in typed] == [item.number for item in typed]
    assert len(typed) == 1


@pytest.mark.parametrize("name", YEARS)
def test_mappings_lead_to_accounts_and_rates_that_exist_with_equal_rates(name: str) -> None:
    made: Year = YEARS[name]("demo", ANCHOR)
    codes = {fact.code for fact in made.remote if isinstance(fact, RemoteAccount)}
    rates = {fact.code: fact.rate for fact in made.remote if isinstance(fact, RemoteTaxRate)}
    gallery = {record["id"]: Decimal(record["rate"]) for record in made.of_type("tax_code")}
    for one in made.mappings:
        assert one["to"]["code"] in (rates if one["slot"] in ("tax", "no_tax") else codes), one
        if one["slot"] == "tax":
            assert rates[one["to"]["code"]] == gallery[one["when"]["tax_code"]]


def test_synced_lines_use_every_account_of_the_demo_chart(year: Year) -> None:
    synced = {item.record_id for item in year.expected_first if item.state == "synced"}
    used = {
        naive.account_of(line, invoice["channel"], year.mappings)
        for invoice in year.of_type("invoice")
        if invoice["id"] in synced
        for line in invoice["lines"]
    }
    assert used == {"200", "205", "210", "220", "230", "240", "250", "260", "310", "835", "836", "840", "845", "860"}


def test_only_the_one_cheque_has_no_account(year: Year) -> None:
    accounts = {p["id"]: naive.bank_of(p, year.mappings) for p in year.of_type("payment")}
    held = [item.record_id for item in year.expected if item.reason == "payment_account"]
    assert [record_id for record_id, account in accounts.items() if account is None] == held
    assert {account for account in accounts.values() if account} == {"090", "091", "092", "093", "094", "836"}


def test_bank_accounts_have_the_currency_of_the_invoice_or_of_the_gallery(year: Year) -> None:
    accounts = {fact.code: fact for fact in year.remote if isinstance(fact, RemoteAccount)}
    subscribed = {fact.code for fact in year.remote if isinstance(fact, RemoteCurrency)}
    for payment in year.of_type("payment"):
        account = accounts.get(naive.bank_of(payment, year.mappings) or "")
        if account:
            assert account.type == "BANK" or account.takes_payments
            assert account.currency in (None, "AUD", payment["currency"])
        assert payment["currency"] in subscribed | {"AUD"}


def test_synced_payments_never_exceed_their_invoice(year: Year) -> None:
    synced = {item.record_id for item in year.expected if item.state == "synced"}
    sums: Counter[str] = Counter()
    for payment in year.of_type("payment"):
        if payment["id"] in synced:
            sums[payment["invoice_id"]] += Fraction(payment["amount"])  # type: ignore[assignment] # a sum of fractions
    totals = {invoice["id"]: Fraction(invoice["total"]) for invoice in year.of_type("invoice")}
    assert all(total <= totals[invoice] for invoice, total in sums.items())


def test_credit_notes_mirror_or_reduce_an_earlier_invoice(year: Year) -> None:
    first = {record["id"]: record for record in year.of_type("invoice")}
    notes = [record for record in first.values() if record["kind"] == "credit_note"]
    for note in notes:
        target = first[note["applies_to"]]
        assert (target["contact_id"], target["currency"]) == (note["contact_id"], note["currency"])
        assert target["issued_on"] <= note["issued_on"]
        assert 0 < Decimal(note["total"]) <= Decimal(target["total"])
    assert Counter(n["total"] == first[n["applies_to"]]["total"] for n in notes) == {True: 4, False: 2}


def test_dinars_with_a_third_decimal_are_held() -> None:
    made = TINY["KW"]("demo", ANCHOR)
    for item in made.expected:
        fits = item.total * 100 % 1 == 0
        if item.type == "invoice":
            assert (item.state, item.reason) == (("synced", None) if fits else ("held", "currency_precision"))
    assert {item.state for item in made.expected} == {"synced", "held", None}
