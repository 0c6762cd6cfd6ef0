"""Switches of the sandbox that change what a run can do at all: approval, access, limits. See `test_switches`."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from plugins.xero.sandbox import SandboxSettings
from tests.sync.harness import make_contact, make_invoice, make_payment, open_bench
from tests.sync.test_switches import Row, books_of, row, until_quiet

D = Decimal


@pytest.mark.parametrize("approval", ["submitted", "draft"])
async def test_invoices_that_come_back_unapproved_wait_for_a_person_and_then_go_on(
    dsn: str, tmp_path: Path, approval: Any
) -> None:
    async with open_bench(dsn, tmp_path, sandbox_settings=SandboxSettings(approval=approval)) as bench:
        await bench.put(make_contact(), make_invoice(), make_payment(), make_invoice("i-zero", total="0.00"))
        await bench.connect()
        await until_quiet(bench)
        for record_id in ("i-1", "i-zero"):
            assert (await bench.entry("invoice", record_id)).reason == "not_approved"
        assert bench.live_payments() == []

        for invoice in bench.ledger.invoices.values():
            bench.organisation.approve(invoice.id)
        await until_quiet(bench)

        assert books_of(bench) == {"AG-1": row("PAID", "500.00", "500.00"), "AG-zero": row("PAID", "0.00")}
        assert await bench.states() == {"contact": {"synced": 1}, "invoice": {"synced": 2}, "payment": {"synced": 1}}


async def test_an_approval_that_xero_refuses_is_held_and_nothing_stands_there(dsn: str, tmp_path: Path) -> None:
    async with open_bench(dsn, tmp_path, sandbox_settings=SandboxSettings(approval="refused")) as bench:
        await bench.put(make_contact(), make_invoice(), make_payment())
        await bench.connect()

        await until_quiet(bench)

        assert (await bench.entry("invoice", "i-1")).reason == "not_approved"
        assert (await bench.entry("payment", "p-1")).state == "waiting"
        assert books_of(bench) == {}


@pytest.mark.parametrize(
    ("strategy", "reason", "books"),
    [("tax_adjust", "tax_mapping", {}), ("rounding_line", None, {"AG-1": row("AUTHORISED", "500.00")})],
)
async def test_where_xero_takes_no_other_tax_at_all_only_a_rounding_line_reaches_the_total(
    dsn: str, tmp_path: Path, strategy: str, reason: str | None, books: dict[str, Row]
) -> None:
    """`tax_override_limit` 0: the strictest reading of FACTS 13.6. What needs no other tax goes either way."""
    limits = SandboxSettings(tax_override_limit=D("0.00"))
    async with open_bench(dsn, tmp_path, sandbox_settings=limits) as bench:
        await bench.put(make_contact(), make_invoice(), make_invoice("i-2", total="300.00"))
        await bench.connect(rounding=strategy)

        await until_quiet(bench)

        assert (await bench.entry("invoice", "i-1")).reason == reason
        assert books_of(bench) == {**books, "AG-2": row("AUTHORISED", "300.00")}


@pytest.mark.parametrize("shows", ["forbidden", "unauthorized", "invalid_grant"])
async def test_the_last_organisation_taken_away_asks_for_a_new_consent_however_it_shows(
    dsn: str, tmp_path: Path, shows: Any
) -> None:
    async with open_bench(dsn, tmp_path, sandbox_settings=SandboxSettings(last_disconnect=shows)) as bench:
        await bench.put(make_contact(), make_invoice())
        await bench.connect()
        await until_quiet(bench)
        bench.sandbox.disconnect(bench.organisation)
        bench.sandbox.faults.add("expire_tokens")
        await bench.put(make_invoice("i-2", total="80.00"))

        run = await bench.sync()

        assert (run.state, (await bench.row()).state) == ("failed", "reauthorize")
        assert (await bench.entry("invoice", "i-1")).state == "synced"
        assert (await bench.entry("invoice", "i-2")).shown in {"pending", "waiting"}


@pytest.mark.parametrize("status", [401, 403])
async def test_a_consent_without_a_scope_asks_for_a_new_one(dsn: str, tmp_path: Path, status: Any) -> None:
    async with open_bench(dsn, tmp_path, sandbox_settings=SandboxSettings(insufficient_scope_status=status)) as bench:
        kind: Any = bench.hub.registry.kinds["xero"]
        scopes = kind.config.scopes.replace("accounting.payments ", "")
        kind.config = kind.config.model_copy(update={"scopes": scopes})
        await bench.put(make_contact(), make_invoice(), make_payment())
        await bench.connect()

        run = await bench.sync()

        assert (run.state, (await bench.row()).state) == ("failed", "reauthorize")
        assert books_of(bench) == {"AG-1": row("AUTHORISED", "500.00")}
        assert bench.sandbox.calls.by_status[status] == 1 + (status == 401)  # a 401 is refreshed once, and no more


@pytest.mark.parametrize("status", [400, 401])
async def test_a_wrong_client_secret_ends_the_run_and_costs_no_grant(dsn: str, tmp_path: Path, status: Any) -> None:
    async with open_bench(dsn, tmp_path, sandbox_settings=SandboxSettings(invalid_client_status=status)) as bench:
        await bench.put(make_contact(), make_invoice())
        await bench.connect()
        kind: Any = bench.hub.registry.kinds["xero"]
        right = kind.config
        kind.config = right.model_copy(update={"client_secret": SecretStr("wrong")})
        bench.sandbox.faults.add("expire_tokens")

        run = await bench.sync()

        assert run.state == "failed"
        assert (await bench.row()).state == "ready"
        kind.config = right
        for _ in range(100):  # the token endpoint is left alone for a while
            if (await bench.sync()).state == "done":
                break
        assert books_of(bench) == {"AG-1": row("AUTHORISED", "500.00")}


@pytest.mark.parametrize("short", [True, False])
async def test_too_many_at_once_is_waited_for_with_or_without_a_retry_after(
    dsn: str, tmp_path: Path, short: bool
) -> None:
    switches = SandboxSettings(short_retry_after=short, in_flight=1, latency_seconds=20)
    async with open_bench(dsn, tmp_path, sandbox_settings=switches) as bench:
        await bench.put(make_contact(), *[make_invoice(f"i-{n}", total="10.00") for n in range(1, 152)])
        await bench.connect()

        for _ in range(200):  # each waits for what it is told, and gets further
            await bench.sync()
            if (await bench.states())["invoice"] == {"synced": 151}:
                break

        assert bench.sandbox.calls.throttled > 0
        assert len(books_of(bench)) == 151
        assert (await bench.states())["invoice"] == {"synced": 151}
