"""The whole engine under every reading of what FACTS calls unverified: each switch of the sandbox, each value.

One story is told under each: three contacts, a dozen invoices with payments, then a season of changes on both sides.
Switches that no request of ours can feel are turned all at once; the others one by one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hub.domain.records import Payment
from hub.store import records
from hub.sync.session import Tuning
from plugins.xero.sandbox import SandboxSettings
from plugins.xero.sandbox import settings as switches
from tests.sync.harness import (
    GALLERY,
    MAPPINGS,
    Bench,
    cents,
    make_contact,
    make_invoice,
    make_line,
    make_payment,
    open_bench,
)

D = Decimal
PER_MINUTE = 20
Row = tuple[str, Decimal, Decimal]

# Turned all at once: nothing that the story sends or reads may depend on them.
NOT_FELT: dict[str, Any] = {
    "override_inclusive": True,  # documents go out tax-exclusive
    "line_total_tolerance": D("0.05"),  # no LineAmount is sent
    "wrong_totals": "ignore",  # nor totals
    "negative_total_refused": False,  # held before it is sent
    "negative_quantity_refused": False,  # the sign stands on the unit
    "due_date_required": False,  # always sent
    "void_keeps_amount_due": False,  # nothing is read from it
    "paid_editable": ("Reference", "DueDate"),  # what is paid is not edited
    "adviser_passes_period_lock": True,  # lock dates are kept whoever connected
    "reference_max": None,  # cut to 255 all the same
    "contact_number_unique": False,  # numbers are looked up before they are used
    "country_alphabet": "any",  # plain names are sent
    "name_spaces": "trim",  # names are tidied before
    "contact_slots": "whole",  # one address and one phone are all we send
    "payment_rate_zero": True,  # payments' rates are not read
    "siblings_survive": False,  # summarizeErrors=false is always sent
    "summarize_by_default": False,
    "summary_pagination": False,  # no summaries are asked for
    "grace_ends_on_use": False,  # tokens are refreshed one at a time
    "retry_kills_first_pair": False,
    "limit_window": "fixed",  # what keeps any minute's limit keeps a fixed one's
}
# Felt by other parts than a run, and tried there.
ELSEWHERE = {
    "broad_scopes_allowed": "the consent page alone",
    "settings_read_allowed": "the consent page alone",
    "bulk_connect": "the consent page alone",
    "name_alphabet": "the case catalogue (C7)",
    "automatic_tax": "the demo's gallery of troubles (`remote_total`)",
}
APART = {"approval", "insufficient_scope_status", "invalid_client_status", "last_disconnect", "short_retry_after"}


@dataclass(frozen=True, kw_only=True)
class Case:
    """Switches, and how the end differs from the plain story: books by number, reasons by record."""

    switches: dict[str, Any]
    books: dict[str, Row | None] = field(default_factory=dict)
    held: dict[str, str | None] = field(default_factory=dict)


def row(status: str, total: str, paid: str = "0.00") -> Row:
    return status, cents(total), cents(paid)


GB_GONE: dict[str, Row | None] = {"AG-sign": None}
CASES: dict[str, Case] = {
    "the first values": Case(switches={}),
    "all that is not felt": Case(switches=NOT_FELT),
    "honour_tax_overrides": Case(switches={"honour_tax_overrides": False}),
    "honour_tax_overrides, tax_tie": Case(switches={"honour_tax_overrides": False, "tax_tie": "half_even"}),
    "tax_tie, tax_override_limit, zero_total_paid": Case(
        switches={"tax_tie": "half_even", "tax_override_limit": D("0.01"), "zero_total_paid": False},
        books={"AG-zero": row("AUTHORISED", "0.00")},
    ),
    # a number that is free again there may be used again; where it stays taken, a person gives it another
    "voided_number_reusable": Case(
        switches={"voided_number_reusable": True},
        books={"AG-void": row("AUTHORISED", "260.00")},
        held={"invoice i-again": None},
    ),
    # a country that Xero would refuse for its space is the address's fault: the contact and its invoice wait
    "country_alphabet": Case(
        switches={"country_alphabet": "letters_only"},
        books=GB_GONE,
        held={"contact c-3": "address", "invoice i-sign": "address"},
    ),
    # what a book-keeper matched with the bank is never deleted by us, whether Xero would allow it or not (DOMAIN P13);
    # another currency for an approved invoice is a person's decision, whether Xero would take it or not (DOMAIN X11)
    "reconciled_payment_deletable, approved_currency_fixed": Case(
        switches={"reconciled_payment_deletable": True, "approved_currency_fixed": False}
    ),
    "deleted_payments_listed, archived_payment_account": Case(
        switches={"deleted_payments_listed": True, "archived_payment_account": "archived"}
    ),
    # a credit that moves no stamp comes back with the next change of its invoice
    "allocation_bumps_invoice": Case(switches={"allocation_bumps_invoice": False}),
    "nested_errors, numeric_strings": Case(switches={"nested_errors": True, "numeric_strings": False}),
    "where_case, unchanged_status": Case(switches={"where_case": "sensitive", "unchanged_status": 304}),
    # refusals in other words: still refused, still shown with Xero's own text, nothing overwritten
    "wording": Case(
        switches={
            "wording": {
                "invoice_number_taken": "This number exists.",
                "payment_reconciled": "It was matched.",
            }
        },
        held={"invoice i-again": "refused"},
    ),
}

# the plain story's end
BOOKS: dict[str, Row] = {
    "AG-full": row("PAID", "500.00", "500.00"),
    "AG-part": row("AUTHORISED", "499.90", "200.00"),
    "AG-zero": row("PAID", "0.00"),
    "AG-update": row("AUTHORISED", "319.99"),
    "AG-void": row("VOIDED", "250.00"),
    "AG-there": row("PAID", "150.00", "150.00"),
    "AG-credit": row("PAID", "120.00", "120.00"),
    "AG-gone": row("AUTHORISED", "80.00"),
    "AG-matched": row("PAID", "90.00", "90.00"),
    "AG-till": row("AUTHORISED", "70.00"),
    "AG-sign": row("AUTHORISED", "350.00"),
    "AG-money": row("AUTHORISED", "60.00"),
}
HELD: dict[str, str] = {
    "invoice i-again": "number_void",
    "invoice i-locked": "period_locked",
    "invoice i-money": "closed",
    "payment p-till": "payment_account",
    "payment p-matched": "closed",
}
RECEIVED = [
    ("i-credit", "40.00", "recorded"),
    ("i-credit", "80.00", "recorded"),
    ("i-part", "30.00", "deleted"),
    ("i-there", "150.00", "recorded"),
]


async def tell_the_year(bench: Bench) -> None:
    """What the gallery has before anything is connected, and what stands there already."""
    organisation = bench.organisation
    organisation.lock(period=date(2025, 6, 30))
    organisation.add_contact("Léa Morel", email="lea@example.com")
    york = {"lines": ["1 Minster Yard"], "city": "York", "country_text": "United Kingdom of Great Britain"}
    minus = make_line("2", price="50.00", quantity="-1")
    await bench.put(
        make_contact(name=" Ana  Ruiz ", phone="+61 2 5550 0123"),
        make_contact("c-2", name="Léa Morel", email="lea@example.com"),
        make_contact("c-3", address=york | {"country": "GB"}),
        make_invoice("i-full"),
        make_invoice("i-part", total="499.90", contact_id="c-2"),  # its own tax is an exact half cent, as the one above
        make_invoice("i-zero", total="0.00"),
        make_invoice("i-update", total="300.00", reference="R" * 300),
        make_invoice("i-void", total="250.00", contact_id="c-2"),
        make_invoice("i-there", total="150.00"),
        make_invoice("i-credit", total="120.00", contact_id="c-2"),
        make_invoice("i-gone", total="80.00"),
        make_invoice("i-matched", total="90.00"),
        make_invoice("i-till", total="70.00"),
        make_invoice("i-sign", total="350.00", contact_id="c-3", lines=[make_line(price="400.00"), minus]),
        make_invoice("i-money", total="60.00"),
        make_payment("p-full", invoice_id="i-full"),
        make_payment("p-part", invoice_id="i-part", amount="200.00", method="stripe"),
        make_payment("p-gone", invoice_id="i-gone", amount="80.00"),
        make_payment("p-matched", invoice_id="i-matched", amount="90.00"),
    )


async def live_on(bench: Bench) -> None:
    """A season of changes on both sides; every one of them was synced at least once before."""
    organisation = bench.organisation
    await bench.put(
        make_contact("c-2", name="Léa Morel", email="lea@example.com", phone="+64 9 555 0100"),
        make_invoice("i-update", total="319.99", reference="R" * 300),
        make_invoice("i-money", total="61.00", currency="USD"),
        make_payment("p-gone", invoice_id="i-gone", amount="80.00", status="deleted"),
    )
    await bench.void("i-void")
    organisation.pay(bench.invoice("AG-there").id, cents("150.00"))
    wrong = organisation.pay(bench.invoice("AG-part").id, cents("30.00"))
    organisation.credit(bench.invoice("AG-credit").id, cents("40.00"))
    (matched,) = [p for p in bench.live_payments() if p.amount == cents("90.00")]
    organisation.reconcile(matched.id)
    organisation.archive_account("093")
    await until_quiet(bench)
    await bench.put(
        make_invoice("i-again", number="AG-void", total="260.00"),
        make_invoice("i-locked", total="40.00", issued_on="2025-06-30", due_on="2025-07-30"),
        make_payment("p-till", invoice_id="i-till", amount="70.00", method="cash"),
        make_payment("p-matched", invoice_id="i-matched", amount="90.00", status="deleted"),
    )
    organisation.delete_payment(wrong.id)
    organisation.pay(bench.invoice("AG-credit").id, cents("80.00"))
    await until_quiet(bench)


async def until_quiet(bench: Bench, runs: int = 5) -> None:
    """Sync until a run writes nothing."""
    for _ in range(runs):
        before = bench.sandbox.calls.writes
        run = await bench.sync()
        assert run.state == "done", run.error
        if bench.sandbox.calls.writes == before:
            return
    raise AssertionError(f"{runs} runs, and still something to write: {await bench.states()}")


def books_of(bench: Bench) -> dict[str, Row]:
    """number -> status, total, settled; a voided document gives way to a live one of its number."""
    found: dict[str, Row] = {}
    for one in sorted(bench.ledger.invoices.values(), key=lambda one: one.status != "VOIDED"):
        assert found.get(one.number, ("VOIDED",))[0] == "VOIDED", f"{one.number} stands there twice"
        found[one.number] = one.status, one.total, one.paid + one.credited
    return found


async def held_of(bench: Bench) -> dict[str, str | None]:
    """Everything that needs a person, by type and id; fails when something is still on its way."""
    ids: dict[str, list[str]] = {"contact": ["c-1", "c-2", "c-3"]}
    ids["invoice"] = [f"i-{number.removeprefix('AG-')}" for number in BOOKS] + ["i-again", "i-locked"]
    ids["payment"] = ["p-full", "p-part", "p-gone", "p-matched", "p-till"]
    found: dict[str, str | None] = {}
    for type_, wanted in ids.items():
        for record_id in wanted:
            entry = await bench.entry(type_, record_id)
            assert entry.state not in {None, "sending", "unknown"}, (type_, record_id, entry)
            if entry.state in {"held", "conflict", "waiting"}:
                found[f"{type_} {record_id}"] = entry.reason or entry.state
    return found


async def received_amounts(bench: Bench) -> list[tuple[str, str, str]]:
    """What came back from there: invoice, amount, status."""
    invoices = ["i-there", "i-credit", "i-part"]
    async with bench.hub.database.connection() as conn:
        stored = await records.payments_of(conn, GALLERY, invoices)
    rows = [s.record for one in stored.values() for s in one if s.origin is not None]
    return sorted((r.invoice_id, str(r.amount), r.status) for r in rows if isinstance(r, Payment))


def merged(plain: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {**plain, **changes}.items() if value is not None}


@pytest.mark.parametrize("name", CASES)
async def test_the_books_are_exact_under_every_reading_of_an_unsure_fact(dsn: str, tmp_path: Path, name: str) -> None:
    case = CASES[name]
    tuning = Tuning(resend_seconds=0)  # a lost answer is looked up at once
    settings = SandboxSettings(per_minute=PER_MINUTE, **case.switches)
    async with open_bench(dsn, tmp_path, sandbox_settings=settings, tuning=tuning) as bench:
        kind = bench.hub.registry.kinds["xero"]
        kind.limits = msgspec.structs.replace(kind.limits, per_minute=PER_MINUTE)
        await tell_the_year(bench)
        await bench.connect()
        await bench.remap((*MAPPINGS, ("bank", {"method": "cash"}, "093")))
        bench.sandbox.faults.add("lose_answer", method="PUT", path="Contacts")
        bench.sandbox.faults.add("expire_tokens", method="GET", path="Invoices")

        await until_quiet(bench)
        await live_on(bench)

        assert await held_of(bench) == merged(HELD, case.held)
        assert books_of(bench) == merged(BOOKS, case.books)
        assert await received_amounts(bench) == RECEIVED
        assert bench.sandbox.faults.injected == {"lose_answer": 1, "expire_tokens": 1}
        assert bench.sandbox.calls.throttled == 0
        assert bench.sandbox.calls.total > PER_MINUTE  # so the limit was felt
        assert len(bench.ledger.contacts) == 3 - ("contact c-3" in case.held)


def test_no_switch_is_forgotten() -> None:
    """The table of the sandbox's settings against what is turned here; a new switch needs its place."""
    table = (switches.SandboxSettings.__doc__ or "").split("=====\n")
    named = {match[1] for match in re.finditer(r"^    (\w+)  +\S", table[-2], re.MULTILINE)}
    assert named <= set(SandboxSettings.__struct_fields__)
    assert len(named) > 40
    turned = {switch for case in CASES.values() for switch in case.switches}
    assert turned | set(ELSEWHERE) | APART == named
