"""The kind `files` through the whole engine: no consent, no HTTP, only a folder."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
from pydantic import SecretStr

from hub.bootstrap import Hub, open_hub
from hub.domain import door
from hub.domain.entries import Entry
from hub.domain.records import RecordType
from hub.settings import Settings
from hub.store import entries, records, runs, webservices
from hub.store.runs import Run
from hub.sync import asking, connecting
from hub.sync.proving import prove
from plugins.core.files import Files
from tests.sync.harness import (
    GALLERY,
    make_contact,
    make_gallery,
    make_invoice,
    make_line,
    make_payment,
    make_tax_codes,
)


@dataclass
class Desk:
    """A hub whose only webservice writes files."""

    hub: Hub
    folder: Path
    webservice_id: str = ""

    async def put(self, *items: Mapping[str, Any]) -> None:
        """Store records as the API would."""
        parsed = [door.parse_record(msgspec.json.encode(dict(one)), type=one["type"], id=one["id"]) for one in items]
        async with self.hub.database.transaction() as conn:
            saved = await records.save(conn, GALLERY, parsed)
        assert [one.faults for one in saved if one.status == "refused"] == []

    async def void(self, invoice_id: str) -> None:
        """Void a stored invoice."""
        async with self.hub.database.transaction() as conn:
            await records.void(conn, GALLERY, invoice_id, None, "")

    async def connect(self) -> None:
        """Make the webservice as the API does."""
        row, link = await connecting.create(
            self.hub.services, GALLERY, kind_key="files", name="For the accountant", settings={"folder": "tax"}
        )
        assert link is None
        self.webservice_id = row.id
        assert row.state == "ready"

    async def start(self) -> Run:
        """Ask for a run by hand, and let the engine work until it rests."""
        run = await asking.start_run(self.hub.services, GALLERY, self.webservice_id)
        await self.hub.scheduler.claim()
        await self.hub.scheduler.idle()
        async with self.hub.database.connection() as conn:
            return await runs.get(conn, GALLERY, self.webservice_id, run.id)

    async def sync(self) -> Run:
        """A run by hand, to its end."""
        ended = await self.start()
        assert ended.state == "done", ended.error
        return ended

    async def entry(self, type_: RecordType, record_id: str) -> Entry:
        """How a record stands."""
        async with self.hub.database.connection() as conn:
            return (await entries.by_records(conn, GALLERY, self.webservice_id, type_, [record_id]))[record_id]

    async def states(self) -> dict[str, dict[str, int]]:
        """type -> state shown -> count."""
        async with self.hub.database.connection() as conn:
            return (await webservices.count_states(conn, GALLERY, [self.webservice_id])).get(self.webservice_id, {})

    def names(self) -> list[str]:
        """The files."""
        return sorted(one.name for one in self.folder.rglob("*.*"))

    def rows(self, type_: str) -> list[dict[str, str]]:
        """All rows of the sheets of *type_*, oldest first."""
        sheets = sorted(self.folder.rglob(f"*-{type_}s-*.csv"))
        return [row for one in sheets for row in csv.DictReader(io.StringIO(one.read_text("utf-8-sig"), newline=""))]


@asynccontextmanager
async def open_desk(dsn: str, folder: Path) -> AsyncIterator[Desk]:
    structlog.contextvars.clear_contextvars()
    books = folder / "books"
    settings = Settings(database_url=SecretStr(dsn), data_dir=folder, port=8080, plugins=("core",)).with_sections(
        {"core": {"folder": str(books)}}
    )
    async with open_hub(settings, dsn) as hub:
        desk = Desk(hub=hub, folder=books)
        await desk.put(make_gallery(), *make_tax_codes())
        yield desk
    Files.configure({})


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(dsn, tmp_path) as made:
        yield made


async def test_a_gallery_goes_into_files_to_the_cent(desk: Desk) -> None:
    await desk.connect()
    lines = [make_line("1", price="400.10"), make_line("2", price="99.90")]
    await desk.put(make_contact(), make_contact("c-2", name="=cmd()"))
    await desk.put(make_invoice(lines=lines), make_invoice("i-2", contact_id="c-2", total="12.34"), make_payment())

    run = await desk.sync()

    assert await desk.states() == {"contact": {"synced": 2}, "invoice": {"synced": 2}, "payment": {"synced": 1}}
    assert run.counts.created == 5
    assert {row["name"] for row in desk.rows("contact")} == {"Ana Ruiz c-1", "'=cmd()"}
    told = [(row["number"], row["total"], row["unit_price"]) for row in desk.rows("invoice")]
    assert sorted(told) == [("1", "500.00", "400.10"), ("1", "500.00", "99.90"), ("2", "12.34", "12.34")]
    assert [(row["invoice_number"], row["amount"]) for row in desk.rows("payment")] == [("1", "500.00")]


async def test_a_second_run_with_no_change_writes_no_file(desk: Desk) -> None:
    await desk.connect()
    await desk.put(make_contact(), make_invoice(), make_payment())
    await desk.sync()
    before = desk.names()

    run = await desk.sync()

    assert desk.names() == before
    assert (run.counts.created, run.counts.updated) == (0, 0)


async def test_a_change_is_written_as_a_new_line(desk: Desk) -> None:
    await desk.connect()
    await desk.put(make_contact(), make_invoice())
    await desk.sync()
    await desk.put(make_invoice(total="510.00"))

    run = await desk.sync()

    assert run.counts.updated == 1
    assert [(row["operation"], row["total"]) for row in desk.rows("invoice")] == [
        ("create", "500.00"),
        ("update", "510.00"),
    ]


async def test_a_void_is_written_and_only_once(desk: Desk) -> None:
    await desk.connect()
    await desk.put(make_contact(), make_invoice())
    await desk.sync()
    await desk.void("i-1")

    await desk.sync()
    await desk.sync()

    assert [(row["operation"], row["total"]) for row in desk.rows("invoice")] == [
        ("create", "500.00"),
        ("cancel", "500.00"),
    ]
    assert (await desk.entry("invoice", "i-1")).state == "voided"


async def test_a_deleted_payment_is_taken_back_and_only_once(desk: Desk) -> None:
    await desk.connect()
    await desk.put(make_contact(), make_invoice(), make_payment())
    await desk.sync()
    await desk.put(make_payment(status="deleted"))

    await desk.sync()
    await desk.put(make_payment(status="deleted", reference="noted later"))
    await desk.sync()
    await desk.put(make_payment(status="failed"))
    await desk.sync()

    assert [row["operation"] for row in desk.rows("payment")] == ["create", "cancel"]
    assert (await desk.entry("payment", "p-1")).state == "voided"


async def test_the_proof_agrees_and_finds_an_altered_cent(desk: Desk) -> None:
    await desk.connect()
    await desk.put(make_contact(), make_invoice(), make_payment(), make_invoice("i-2", total="12.34"))
    await desk.sync()

    proof = await prove(desk.hub.services, GALLERY, desk.webservice_id)
    assert (proof.agrees, proof.complete, proof.differs) == (True, True, 0)
    proof.close()

    (sheet,) = desk.folder.rglob("*-invoices-*.jsonl")
    sheet.write_bytes(sheet.read_bytes().replace(b'"12.34"', b'"12.35"'))
    proof = await prove(desk.hub.services, GALLERY, desk.webservice_id)
    assert (proof.agrees, proof.differs) == (False, 1)
    proof.close()


async def test_a_folder_that_cannot_be_written_costs_no_record(desk: Desk) -> None:
    await desk.connect()
    await desk.put(make_contact(), make_invoice(), make_payment())
    desk.folder.write_text("a file where a folder should be")
    await desk.sync()
    assert (await desk.entry("contact", "c-1")).state == "unknown"

    desk.folder.unlink()
    await desk.sync()

    assert await desk.states() == {"contact": {"synced": 1}, "invoice": {"synced": 1}, "payment": {"synced": 1}}
    assert [row["operation"] for row in desk.rows("contact")] == ["create"]


async def test_a_daemon_that_stops_writes_no_more_files(desk: Desk) -> None:
    await desk.connect()
    await desk.put(make_contact(), make_invoice())
    desk.hub.worker.draining.set()

    run = await desk.start()

    assert desk.names() == []
    assert run.state == "queued"
