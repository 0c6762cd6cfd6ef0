"""A restored backup of the hub's database: what went there since is found again, nothing is written twice (A4, R37).

The gallery system sends again what was lost with the backup.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hub.store.database import Connection
from hub.sync.proving import prove
from tests.sync.harness import GALLERY, Bench, make_contact, make_invoice, make_payment
from tests.sync.test_credit_notes import make_note
from tests.sync.test_refunds import make_refund

TABLES = ("record", "entry_history", "write", "batch", "entry", "problem", "remote_contact", "webservice")
LOST: dict[str, list[dict[str, Any]]] = {
    "deposit": [make_invoice(), make_payment(amount="200.00")],
    "two_deposits": [make_invoice(), make_payment(amount="200.00"), make_payment("p-2", amount="200.00")],
    "refund": [make_note(), make_refund(amount="50.00")],
    "fully_paid": [make_invoice(), make_payment(amount="500.00")],
    "allocation": [make_invoice(), make_note(total="200.00", applies_to="i-1"), make_payment(amount="300.00")],
}


async def columns(conn: Connection, table: str) -> str:
    rows = await conn.fetch(
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_schema = 'public' AND table_name = $1 AND is_generated = 'NEVER'",
        table,
    )
    return ", ".join(f'"{row["column_name"]}"' for row in rows)


async def back_up(bench: Bench) -> None:
    async with bench.hub.database.transaction() as conn:
        await conn.execute("CREATE SCHEMA backup")
        for table in TABLES:
            await conn.execute(f'CREATE TABLE backup."{table}" AS TABLE public."{table}"')


async def restore(bench: Bench) -> None:
    async with bench.hub.database.transaction() as conn:
        await conn.execute("SET LOCAL session_replication_role = replica")
        for table in TABLES:
            await conn.execute(f'DELETE FROM public."{table}"')  # noqa: S608 - names of our own
            names = await columns(conn, table)
            await conn.execute(
                f'INSERT INTO public."{table}" ({names}) OVERRIDING SYSTEM VALUE '  # noqa: S608 - names of our own
                f'SELECT {names} FROM backup."{table}"'
            )


def books_there(bench: Bench) -> list[tuple[object, ...]]:
    """What stands there: documents with what is left of them, allocations and live payments."""
    documents = [*bench.ledger.invoices.values(), *bench.ledger.credit_notes.values()]
    found: list[tuple[object, ...]] = [(d.number, d.id, d.status, d.left) for d in documents]
    found += [(d.number, a.invoice_id, a.amount) for d in documents for a in d.allocations]
    return sorted([*found, *((p.id, p.amount) for p in bench.live_payments())], key=str)


async def check_proof(bench: Bench) -> None:
    proof = await prove(bench.hub.services, GALLERY, bench.webservice_id)
    try:
        assert (proof.agrees, proof.complete, proof.differs) == (True, True, 0)
    finally:
        proof.close()


async def open_orphans(bench: Bench) -> int:
    async with bench.hub.database.connection() as conn:
        found = await conn.fetchval(
            "SELECT count(*) FROM problem WHERE reason = 'marker_without_record' AND closed_at IS NULL"
        )
    return int(found)


async def lose(bench: Bench, what: str) -> list[tuple[object, ...]]:
    """*what* goes there after the backup, which is then restored; returns what stands there."""
    await bench.put(make_contact(), make_invoice("i-0"))
    await bench.connect()
    await bench.sync()
    await back_up(bench)
    await bench.put(*LOST[what])
    assert (await bench.sync()).state == "done"
    await bench.sync()
    before = books_there(bench)
    await restore(bench)
    return before


@pytest.mark.parametrize("what", LOST)
async def test_what_is_sent_again_is_found_again_and_written_once(bench: Bench, what: str) -> None:
    before = await lose(bench, what)
    await bench.put(*LOST[what])

    run = await bench.sync()

    assert run.state == "done", run.error
    await bench.sync()
    assert books_there(bench) == before
    states = await bench.states()
    assert {s for by_state in states.values() for s, n in by_state.items() if n} == {"synced"}
    assert await open_orphans(bench) == 0
    await check_proof(bench)
    bench.sandbox.calls.clear()
    await bench.sync()
    assert bench.sandbox.calls.writes == 0


@pytest.mark.parametrize("first", [True, False])
async def test_a_payment_that_is_new_follows_those_that_were_found_again(bench: Bench, first: bool) -> None:
    before = await lose(bench, "deposit")
    new = make_payment("p-2", amount="300.00", paid_on="2026-03-09" if first else "2026-03-11")
    await bench.put(*LOST["deposit"], new)

    await bench.sync()

    amounts = sorted(p.amount for p in bench.live_payments())
    assert amounts == [Decimal("200.00"), Decimal("300.00")]
    assert len(books_there(bench)) == len(before) + 1
    assert (await bench.states())["payment"] == {"synced": 2}
    await check_proof(bench)


async def test_a_changed_payment_replaces_the_one_that_is_found_again(bench: Bench) -> None:
    await lose(bench, "deposit")
    await bench.put(make_invoice(), make_payment(amount="250.00"))

    await bench.sync()
    await bench.sync()

    assert [p.amount for p in bench.live_payments()] == [Decimal("250.00")]
    assert (await bench.states())["payment"] == {"synced": 1}
    await check_proof(bench)


async def test_what_is_never_sent_again_is_shown_as_a_problem(bench: Bench) -> None:
    before = await lose(bench, "deposit")

    await bench.sync()

    assert await open_orphans(bench) == 1
    assert books_there(bench) == before
