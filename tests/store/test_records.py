"""Saving records: each rule by name, on real Postgres."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from hub.domain.records import Invoice, Origin, Payment, Reference
from hub.errors import ConflictError, NotFoundError
from hub.store import entries, events, records
from hub.store.database import Connection, Database
from tests.store.record_builders import contact, gallery, invoice, payment, rows_written, save, statuses, tax_code


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    async with await Database.open(dsn, size=4) as opened:
        await save(opened, gallery())
        yield opened


async def get(database: Database, type_: Any, id_: str) -> records.Stored:
    async with database.connection() as conn:
        return await records.get(conn, "g", type_, id_)


async def test_a_record_is_created_then_the_same_then_changed(database: Database) -> None:
    assert await statuses(database, contact()) == ["created"]
    assert await statuses(database, contact()) == ["same"]
    assert await statuses(database, contact(email="ana@example.com")) == ["changed"]
    stored = await get(database, "contact", "c-7")
    assert (stored.version, stored.record) == (2, contact(email="ana@example.com"))
    assert stored.created_at < stored.updated_at


async def test_an_answer_tells_how_the_record_stands(database: Database) -> None:
    (created,) = await save(database, invoice())
    assert created.stored == await get(database, "invoice", "i-1")
    (same,) = await save(database, invoice(total="450.0"))
    assert same.stored == created.stored


async def test_equal_records_write_no_row_and_take_no_number(database: Database) -> None:
    given = [tax_code(), contact(), invoice(), payment()]
    await save(database, *given)
    async with database.connection() as conn:
        before = await rows_written(conn)
        feed = await conn.fetchrow("SELECT ctid::text, seq FROM gallery_feed")
        assert await statuses(database, *given, gallery()) == ["same"] * 5
        assert await rows_written(conn) == before
        assert await conn.fetchrow("SELECT ctid::text, seq FROM gallery_feed") == feed


async def test_numbers_are_compared_as_numbers_and_kept_as_sent(database: Database) -> None:
    await save(database, invoice(total="450.0"))
    assert await statuses(database, invoice(total="450.00"), invoice(total="450")) == ["same", "same"]
    assert await statuses(database, invoice(total="450.01")) == ["changed"]
    await save(database, invoice(total="450.10"))
    record = (await get(database, "invoice", "i-1")).record
    assert isinstance(record, Invoice)
    assert str(record.total) == "450.10"


async def test_left_out_fields_equal_their_defaults(database: Database) -> None:
    await save(database, contact())
    assert await statuses(database, contact(archived=False, phone=None)) == ["same"]


async def test_an_older_word_of_the_source_is_stale(database: Database) -> None:
    await save(database, contact(name="new", source_updated_at="2026-03-04T10:00:00Z"))
    (stale,) = await save(database, contact(name="old", source_updated_at="2026-03-04T20:59:59+11:00"))
    assert (stale.status, stale.stored) == ("stale", await get(database, "contact", "c-7"))
    assert await statuses(database, contact(name="other")) == ["changed"]


async def test_an_equal_record_with_a_newer_stamp_guards_against_older_ones(database: Database) -> None:
    await save(database, contact(name="A", source_updated_at="2026-03-01T00:00:00Z"))
    assert await statuses(database, contact(name="A", source_updated_at="2026-03-03T00:00:00Z")) == ["same"]
    assert await statuses(database, contact(name="B", source_updated_at="2026-03-02T00:00:00Z")) == ["stale"]
    stored = await get(database, "contact", "c-7")
    assert (stored.version, stored.record) == (1, contact(name="A", source_updated_at="2026-03-03T00:00:00Z"))


async def test_a_number_has_one_invoice_of_each_kind(database: Database) -> None:
    await save(database, invoice("i-1", "7"))
    assert await statuses(database, invoice("cn-1", "7", kind="credit_note")) == ["created"]
    (refused,) = await save(database, invoice("i-2", "7"))
    assert (refused.status, refused.stored, refused.conflict) == ("refused", None, None)
    assert refused.faults == [("number", "'7' is already used by invoice 'i-1'")]


async def test_a_number_counts_within_a_batch_in_its_order(database: Database) -> None:
    given = [invoice("i-1", "1"), invoice("i-2", "1"), invoice("i-1", "2"), invoice("i-2", "1")]
    assert await statuses(database, *given) == ["created", "refused", "changed", "created"]


async def test_stored_invoices_may_hand_their_numbers_round_in_one_batch(database: Database) -> None:
    await save(database, invoice("i-1", "1"), invoice("i-2", "2"))
    given = [invoice("i-1", "3"), invoice("i-2", "1"), invoice("i-1", "2")]
    assert await statuses(database, *given) == ["changed"] * 3
    assert [(await get(database, "invoice", id_)).record for id_ in ("i-1", "i-2")] == [
        invoice("i-1", "2"),
        invoice("i-2", "1"),
    ]
    assert (await get(database, "invoice", "i-1")).version == 3


async def test_a_number_of_another_gallery_is_free(database: Database) -> None:
    await save(database, invoice())
    assert [one.status for one in await save(database, gallery("h"), invoice(), to="h")] == ["created", "created"]


async def test_one_record_twice_in_a_batch_is_two_changes_in_order(database: Database) -> None:
    saved = await save(database, contact(name="A"), contact(name="B"), contact(name="B"))
    assert [(one.status, one.stored and one.stored.version) for one in saved] == [
        ("created", 1),
        ("changed", 2),
        ("same", 2),
    ]
    assert (await get(database, "contact", "c-7")).record == contact(name="B")


async def test_a_bad_record_does_not_stop_the_rest(database: Database) -> None:
    given = [invoice("i-1", "1"), invoice("i-2", "1"), invoice("i-3", "3")]
    assert await statuses(database, *given) == ["created", "refused", "created"]


async def test_a_gallery_comes_first(database: Database) -> None:
    with pytest.raises(NotFoundError, match="gallery 'x' does not exist: PUT it first"):
        await save(database, contact(), to="x")
    (refused,) = await save(database, gallery("y"))
    assert [fault.at for fault in refused.faults] == ["id"]


async def test_void_comes_in_only_with_a_new_invoice(database: Database) -> None:
    assert await statuses(database, invoice(status="void")) == ["created"]
    (refused,) = await save(database, invoice(status="issued"))
    assert (refused.status, [fault.at for fault in refused.faults]) == ("refused", ["status"])
    assert await statuses(database, invoice("i-2", "2")) == ["created"]
    (refused,) = await save(database, invoice("i-2", "2", status="void"))
    assert (refused.status, [fault.at for fault in refused.faults]) == ("refused", ["status"])


async def test_an_invoice_keeps_the_tax_codes_of_when_it_was_first_stored(database: Database) -> None:
    await save(database, tax_code(rate="10"), invoice("i-1", "1"))
    await save(database, tax_code(rate="12"), invoice("i-2", "2"))
    await save(database, invoice("i-1", "1", reference="changed"))
    assert (await get(database, "invoice", "i-1")).tax_versions == {"gst": 1}
    assert (await get(database, "invoice", "i-2")).tax_versions == {"gst": 2}
    async with database.connection() as conn:
        codes = await records.load_tax_codes(conn, "g", [("gst", 1), ("gst", 2), ("gst", 3), ("vat", 1)])
    assert {name: code.rate for name, code in codes.items()} == {("gst", 1): Decimal(10), ("gst", 2): Decimal(12)}


async def test_a_tax_code_that_was_missing_counts_as_it_first_came(database: Database) -> None:
    await save(database, invoice())
    assert (await get(database, "invoice", "i-1")).tax_versions == {}
    await save(database, tax_code(rate="10"))
    await save(database, tax_code(rate="12"))
    assert (await get(database, "invoice", "i-1")).tax_versions == {"gst": 1}


async def test_a_code_added_to_an_invoice_later_counts_as_it_was_at_first(database: Database) -> None:
    await save(database, tax_code(rate="10"))
    await save(database, tax_code(rate="11"))
    await save(database, invoice(code=None))
    await save(database, tax_code(rate="12"))
    await save(database, invoice(code="gst"))
    assert (await get(database, "invoice", "i-1")).tax_versions == {"gst": 2}


async def test_void_turns_an_invoice_and_repeats_harmlessly(database: Database) -> None:
    await save(database, invoice())
    async with database.transaction() as conn:
        voided = await records.void(conn, "g", "i-1", date(2026, 3, 4), "sold twice")
    assert voided == await get(database, "invoice", "i-1")
    assert isinstance(voided.record, Invoice)
    assert (voided.record.status, voided.version) == ("void", 2)
    assert voided.void == {"on": "2026-03-04", "reason": "sold twice"}
    async with database.transaction() as conn:
        assert await records.void(conn, "g", "i-1", None, "again") == voided
    assert await statuses(database, invoice(status="void")) == ["same"]


async def test_an_invoice_with_recorded_payments_is_not_voided(database: Database) -> None:
    await save(database, invoice(), payment())
    async with database.transaction() as conn:
        with pytest.raises(ConflictError, match="'p-9'") as caught:
            await records.void(conn, "g", "i-1", None, "")
    assert caught.value.name == "has-payments"
    await save(database, payment(status="deleted"))
    async with database.transaction() as conn:
        assert (await records.void(conn, "g", "i-1", None, "")).version == 2


async def test_a_deleted_invoice_is_gone_and_its_number_free(database: Database) -> None:
    await save(database, invoice("i-1", "1"))
    async with database.transaction() as conn:
        await records.delete_invoice(conn, "g", "i-1")
        with pytest.raises(NotFoundError):
            await records.delete_invoice(conn, "g", "i-1")
        with pytest.raises(NotFoundError):
            await records.void(conn, "g", "i-1", None, "")
        with pytest.raises(NotFoundError):
            await records.get(conn, "g", "invoice", "i-1")
    assert await statuses(database, invoice("i-2", "1")) == ["created"]


async def test_what_is_wanted_is_loaded_at_once(database: Database) -> None:
    await save(database, contact(), invoice())
    wanted = [Reference("contact", "c-7"), Reference("invoice", "i-1"), Reference("invoice", "c-7")]
    async with database.connection() as conn:
        assert set(await records.load(conn, "g", wanted)) == set(wanted[:2])
        assert await records.load(conn, "h", wanted) == {}


async def test_payments_are_found_by_their_invoice(database: Database) -> None:
    await save(database, payment("p-1"), payment("p-2", invoice_id="i-2"), payment("p-3", kind="refund"))
    async with database.connection() as conn:
        found = await records.payments_of(conn, "g", ["i-1", "i-3"])
    assert {id_: [one.record.id for one in payments] for id_, payments in found.items()} == {
        "i-1": ["p-1", "p-3"],
        "i-3": [],
    }


async def received(database: Database, *given: Payment, webservice: str = "w") -> list[records.Saved]:
    async with database.transaction() as conn:
        origin = [(one, Origin(kind="xero", remote_id=one.id[5:], webservice_id=webservice)) for one in given]
        return await records.save_received(conn, "g", origin)


async def told(database: Database) -> list[tuple[str, str, str]]:
    async with database.connection() as conn:
        page = await events.list_after(conn, "g", None, 100)
    return [(event.type, event.data["payment_id"], event.data["amount"]) for event in page.items]


async def test_a_payment_that_came_back_is_stored_once_and_told_once(database: Database) -> None:
    back = payment("xero-1")
    assert [one.status for one in await received(database, back)] == ["created"]
    again = Payment(id="xero-1", invoice_id="i-1", paid_on=date(2026, 3, 10), amount=Decimal("4.5E+2"), method="cash")
    assert [one.status for one in await received(database, again, webservice="w2")] == ["same"]
    assert await told(database) == [("payment.received", "xero-1", "450.00")]
    assert [one.status for one in await received(database, payment("xero-1", status="deleted"))] == ["changed"]
    assert [type_ for type_, *_ in await told(database)] == ["payment.received", "payment.deleted"]
    stored = await get(database, "payment", "xero-1")
    assert stored.origin == Origin(kind="xero", remote_id="1", webservice_id="w")


async def test_what_came_back_is_read_only_for_the_gallery(database: Database) -> None:
    await received(database, payment("xero-1"))
    assert await statuses(database, payment("xero-1")) == ["same"]
    (refused,) = await save(database, payment("xero-1", amount="1.00"))
    assert (refused.status, refused.conflict) == ("refused", "read-only")
    assert refused.stored == await get(database, "payment", "xero-1")


async def test_what_comes_back_never_overwrites_a_record_of_the_gallery(database: Database) -> None:
    await save(database, payment("xero-1"))
    (refused,) = await received(database, payment("xero-1", amount="1.00"))
    assert (refused.status, refused.conflict) == ("refused", "read-only")
    assert await told(database) == []


async def test_entries_are_asked_in_the_same_transaction_about_what_changed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, list[Reference], bool]] = []

    async def ask(conn: Connection, gallery_id: str, references: list[Reference]) -> None:
        asked.append((gallery_id, list(references), conn.is_in_transaction()))

    await save(database, contact())
    monkeypatch.setattr(entries, "ask", ask)
    await save(database, contact(), invoice(), payment(), invoice("i-2", "1"))
    await save(database, contact())
    await save(database, payment(status="deleted"))
    async with database.transaction() as conn:
        await records.void(conn, "g", "i-1", None, "")
    assert asked == [
        ("g", [Reference("invoice", "i-1"), Reference("payment", "p-9")], True),
        ("g", [Reference("payment", "p-9")], True),
        ("g", [Reference("invoice", "i-1")], True),
    ]


async def test_many_records_take_no_more_statements_than_one(database: Database) -> None:
    counts = []
    for size in (1, 300):
        given = [invoice(f"i-{size}-{n}", f"{size}-{n}") for n in range(size)]
        async with database.transaction() as conn:
            statements: list[str] = []
            conn.add_query_logger(lambda query, statements=statements: statements.append(query.query))
            await records.save(conn, "g", given)
            counts.append(len(statements))
    assert counts[0] == counts[1] < 15
