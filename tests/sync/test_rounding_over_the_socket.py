"""2,000 generated invoices through the whole engine over a real socket: the books' totals are the gallery's, exactly.

The generator is that of the plugin's own tests (discounts, fractional and negative quantities, mixed rates, tax per
line and per invoice); the sandbox does its own arithmetic. AUD has 2 decimals, JPY none.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hub.domain.entries import Entry
from hub.domain.records import Invoice
from hub.store import entries
from plugins.xero.sandbox import SandboxSettings
from plugins.xero.sandbox.state import Document, TaxRate
from tests.plugins.xero.generate import RATES, generate
from tests.sync.harness import GALLERY, MAPPINGS, Bench, make_contact, open_bench

PER_CASE = 167  # 12 cases: 2,004 invoices
STRATEGIES = ("tax_adjust", "rounding_line", "strict")
READINGS = ((True, "half_up"), (True, "half_even"), (False, "half_up"), (False, "half_even"))
ZERO = Decimal(0)


def make_invoices(seed: int) -> list[Invoice]:
    """AUD where the generator has any currency of 2 decimals, JPY where it has none."""
    return [
        msgspec.structs.replace(
            made.invoice, contact_id="c-1", currency="JPY" if made.invoice.currency == "JPY" else "AUD"
        )
        for made in generate(seed, PER_CASE)
    ]


async def load(bench: Bench, invoices: list[Invoice], strategy: str) -> None:
    """The organisation has every rate of the generator, the gallery a code for each."""
    mappings = [row for row in MAPPINGS if row[0] != "tax"]
    for code, rate in RATES.items():
        tax_type = f"TAX{code.upper()}"
        applies = frozenset({"REVENUE", "LIABILITY"})
        bench.organisation.tax_rates[tax_type] = TaxRate(tax_type=tax_type, name=code, rate=rate, applies=applies)
        kind = "standard" if rate else "zero"
        await bench.put({"type": "tax_code", "id": code, "name": code, "rate": str(rate), "kind": kind})
        mappings.append(("tax", {"tax_code": code}, tax_type))
    await bench.put(make_contact(), *[msgspec.to_builtins(invoice) for invoice in invoices])
    await bench.connect(rounding=strategy)
    await bench.remap(mappings)


async def entries_of(bench: Bench, invoices: list[Invoice]) -> dict[str, Entry]:
    async with bench.hub.database.connection() as conn:
        return await entries.by_records(conn, GALLERY, bench.webservice_id, "invoice", [one.id for one in invoices])


def overridden(document: Document) -> int:
    """Lines whose tax there is not what Xero works out by itself, halves away from zero."""
    rates = {f"TAX{code.upper()}": rate for code, rate in RATES.items()}
    cent = Decimal("0.01")
    own = [
        (one.amount * rates.get(one.tax_type or "", ZERO) / 100).quantize(cent, "ROUND_HALF_UP")
        for one in document.lines
    ]
    return sum(1 for one, tax in zip(document.lines, own, strict=True) if one.tax != tax)


def rounding_lines(bench: Bench, document: Document) -> int:
    return sum(1 for one in document.lines if one.account_id == bench.organisation.account("860").id)


@pytest.mark.parametrize(("honour", "tie"), READINGS)
@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_every_total_in_the_books_is_the_gallerys_whatever_xero_does_with_tax(
    dsn: str, tmp_path: Path, strategy: str, honour: bool, tie: Any
) -> None:
    switches = SandboxSettings(honour_tax_overrides=honour, tax_tie=tie)
    seed = STRATEGIES.index(strategy) * len(READINGS) + READINGS.index((honour, tie))
    invoices = make_invoices(1000 + seed)
    assert {(one.currency, one.price_mode) for one in invoices} >= {
        (currency, mode) for currency in ("AUD", "JPY") for mode in ("inclusive", "exclusive")
    }
    async with open_bench(dsn, tmp_path, sandbox_settings=switches) as bench:
        await load(bench, invoices, strategy)

        run = await bench.sync()

        assert run.state == "done", run.error
        standing = await entries_of(bench, invoices)
        there = {one.number: one for one in bench.ledger.invoices.values()}
        seen: Counter[str] = Counter()
        for invoice in invoices:
            entry, document = standing[invoice.id], there.get(f"AG-{invoice.number}")
            if entry.state == "synced":
                assert document is not None
                assert (document.total, document.currency) == (invoice.total, invoice.currency), (invoice, document)
                seen["rounding lines"] += rounding_lines(bench, document)
                seen["overrides"] += overridden(document)
            seen[entry.reason or str(entry.state)] += 1
        check_counts(seen, strategy, honour=honour, tie=tie)
        writes = bench.sandbox.calls.writes
        await bench.sync()
        assert bench.sandbox.calls.writes == writes


def check_counts(seen: Counter[str], strategy: str, *, honour: bool, tie: str) -> None:
    """What each strategy may hold, and that it was needed: invoices that come out by themselves do not pass."""
    states = {key: n for key, n in seen.items() if key not in {"rounding lines", "overrides"}}
    assert sum(states.values()) == PER_CASE
    if strategy != "strict":
        assert states == {"synced": PER_CASE}, seen
    else:
        # held before it is sent, or, where ties go another way or tax is not taken, after
        assert states.keys() <= {"synced", "total_mismatch", "remote_total"}, seen
        assert states["synced"] > PER_CASE // 4, seen
        assert states["total_mismatch"] > 20, seen
        assert ("remote_total" in states) == (not honour and tie == "half_even"), seen
        assert seen["rounding lines"] == 0
    if strategy == "tax_adjust":
        assert (seen["overrides"] > 20) == honour, seen
        assert (seen["rounding lines"] > 20) == (not honour), seen
    if strategy == "rounding_line":
        assert seen["rounding lines"] > 20, seen
