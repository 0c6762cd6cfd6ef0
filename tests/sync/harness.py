"""A whole hub beside a Xero sandbox on a real socket: what the tests of the engine work with."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import aiohttp
import msgspec
import structlog
from pydantic import SecretStr

from hub.bootstrap import Hub, open_hub
from hub.client import ConsentForm
from hub.domain import door
from hub.domain.books import Mapping as SlotMapping
from hub.domain.books import Target
from hub.domain.entries import Entry
from hub.domain.records import Record
from hub.settings import Settings
from hub.store import entries, records, runs, webservices
from hub.store.runs import Run
from hub.store.webservices import WebserviceRow
from hub.sync.session import Tuning, load_book
from plugins.xero.sandbox import Sandbox, SandboxSettings, create_sandbox
from plugins.xero.sandbox.ledger import Ledger
from plugins.xero.sandbox.organisation import Organisation
from plugins.xero.sandbox.state import Document, Payment

GALLERY = "harbour-lane"
FAST = 0.01

# slot, when, code: the demo chart of DOMAIN section 4
MAPPINGS: tuple[tuple[str, dict[str, str], str], ...] = (
    ("sales", {}, "200"),
    ("sales", {"line_kind": "framing"}, "220"),
    ("portal", {}, "240"),
    ("shipping", {}, "230"),
    ("bank", {}, "090"),
    ("bank", {"method": "stripe"}, "091"),
    ("tax", {"tax_code": "gst"}, "OUTPUT"),
    ("tax", {"tax_code": "free"}, "EXEMPTOUTPUT"),
    ("no_tax", {}, "BASEXCLUDED"),
    ("expense", {}, "310"),
    ("deposit", {}, "835"),
    ("voucher", {}, "836"),
    ("levy", {}, "845"),
    ("donation", {}, "840"),
    ("rounding", {}, "860"),
)


@dataclass
class Bench:
    """One gallery, one webservice, one sandbox organisation."""

    hub: Hub
    remote: Sandbox | None
    books_there: Organisation | None
    webservice_id: str = "w-test"

    # -- the gallery's side

    async def put(self, *items: Mapping[str, Any]) -> None:
        """Store records as the API would."""
        parsed: list[Record] = [
            door.parse_record(msgspec.json.encode(dict(item)), type=item["type"], id=item["id"]) for item in items
        ]
        async with self.hub.database.transaction() as conn:
            saved = await records.save(conn, GALLERY, parsed)
        refused = [s.faults for s in saved if s.status == "refused"]
        assert not refused, refused

    async def void(self, invoice_id: str) -> None:
        """Void a stored invoice."""
        async with self.hub.database.transaction() as conn:
            await records.void(conn, GALLERY, invoice_id, None, "")

    # -- the webservice

    async def connect(self, **settings: Any) -> None:
        """Make the webservice, walk the consent, pick the organisation, map, enrol."""
        kind = self.hub.registry.kinds["xero"]
        chosen = kind.settings.model_validate({"copy_existing": True, **settings}).model_dump(mode="json")
        async with self.hub.database.transaction() as conn:
            await webservices.insert(
                conn,
                GALLERY,
                self.webservice_id,
                kind="xero",
                name="Xero",
                state="authorizing",
                settings=chosen,
                tag="HLANE2",
            )
        link = await self.hub.consents.open_link(GALLERY, self.webservice_id, "xero")
        begun = await self.hub.consents.begin(link.rsplit("/", 1)[1])
        back = await self._allow(begun.redirect_url)
        query = dict(parse_qsl(urlsplit(back).query))
        finished = await self.hub.consents.finish("xero", query, {begun.cookie_name: begun.cookie_value})
        async with self.hub.database.transaction() as conn:
            await webservices.set_grant(conn, GALLERY, self.webservice_id, finished.grant_id, finished.consent_id)
        row = await self.row()
        service = kind(self.hub.doors.open(kind, row, priority="person"))
        (chosen_organisation,) = await service.organisations({"consent_id": finished.consent_id or ""})
        async with self.hub.database.transaction() as conn:
            await webservices.set_organisation(conn, GALLERY, self.webservice_id, chosen_organisation, state="ready")
        await self.remap(MAPPINGS)
        await self.refresh_choices()
        for type_ in ("invoice", "payment"):
            after: str | None = ""
            while after is not None:
                async with self.hub.database.transaction() as conn:
                    after = await entries.enrol(conn, GALLERY, self.webservice_id, type_, after)

    async def _allow(self, authorize_url: str) -> str:
        """What the browser is sent back to: asked of the sandbox itself, or through its pages when it is elsewhere."""
        if self.remote is not None:
            return self.sandbox.approve(authorize_url, organisations=[self.organisation])
        async with aiohttp.ClientSession() as browser:
            async with browser.get(authorize_url) as page:
                form = ConsentForm()
                form.feed(await page.text())
                target = urljoin(str(page.url), form.action)
            async with browser.post(target, data=form.fields, allow_redirects=False) as back:
                return back.headers["Location"]

    async def refresh_choices(self) -> None:
        """Read what the organisation offers now."""
        kind = self.hub.registry.kinds["xero"]
        row = await self.row()
        async with self.hub.database.connection() as conn:
            book = await load_book(conn, row, kind)
        choices = await kind(self.hub.doors.open(kind, row, priority="person"), book).choices()
        async with self.hub.database.transaction() as conn:
            await webservices.set_choices(conn, GALLERY, self.webservice_id, choices)

    async def remap(self, mappings: Iterable[tuple[str, dict[str, str], str]]) -> None:
        """Replace the mappings."""
        made = [SlotMapping(slot=slot, when=when, to=Target(code=code)) for slot, when, code in mappings]
        async with self.hub.database.transaction() as conn:
            await webservices.set_mappings(conn, GALLERY, self.webservice_id, made)

    async def row(self) -> WebserviceRow:
        """The webservice as stored."""
        async with self.hub.database.connection() as conn:
            return await webservices.get(conn, GALLERY, self.webservice_id)

    async def sync(self, *, invoices: list[str] | None = None, dry_run: bool = False) -> Run:
        """Ask for a run by hand, let the engine work until it rests, and return the run."""
        async with self.hub.database.transaction() as conn:
            run, _ = await runs.open_run(
                conn,
                GALLERY,
                self.webservice_id,
                f"r-{secrets.token_hex(6)}",
                invoices=invoices,
                dry_run=dry_run,
                asked_by="person",
            )
            await webservices.wake(conn, GALLERY, self.webservice_id)
        await self.work()
        return await self.run_named(run.id)

    async def work(self) -> None:
        """One tick of the scheduler, and all the work that follows from it."""
        await self.hub.scheduler.claim()
        await self.hub.scheduler.idle()

    async def run_named(self, run_id: str) -> Run:
        """A run as stored."""
        async with self.hub.database.connection() as conn:
            return await runs.get(conn, GALLERY, self.webservice_id, run_id)

    async def entry(self, type_: str, record_id: str) -> Entry:
        """How a record stands."""
        async with self.hub.database.connection() as conn:
            found = await entries.by_records(conn, GALLERY, self.webservice_id, type_, [record_id])
        return found[record_id]

    # -- the books over there

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox, when it is in this process."""
        assert self.remote is not None
        return self.remote

    @property
    def organisation(self) -> Organisation:
        """The organisation there."""
        assert self.books_there is not None
        return self.books_there

    @property
    def ledger(self) -> Ledger:
        """What Xero holds."""
        return self.organisation.ledger

    def invoice(self, number: str) -> Document:
        """The one invoice of that number there."""
        (found,) = [i for i in self.ledger.invoices.values() if i.number == number]
        return found

    def books(self) -> dict[str, tuple[str, Decimal, Decimal]]:
        """number -> status, total, paid; fails when a number is there twice."""
        rows = [(i.number, (i.status, i.total, i.paid)) for i in self.ledger.invoices.values()]
        assert len(rows) == len(dict(rows))
        return dict(rows)

    def live_payments(self) -> list[Payment]:
        """Payments that are not deleted."""
        return [p for p in self.ledger.payments.values() if p.status != "DELETED"]

    async def states(self) -> dict[str, dict[str, int]]:
        """type -> state shown -> count."""
        async with self.hub.database.connection() as conn:
            return (await webservices.count_states(conn, GALLERY, [self.webservice_id])).get(self.webservice_id, {})


@asynccontextmanager
async def open_bench_at(dsn: str, folder: Path, base: str) -> AsyncIterator[Bench]:
    """A bench whose sandbox is served elsewhere, without limits: for measuring."""
    section = {
        "client_id": "sandbox-client",
        "client_secret": "sandbox-secret",
        "login_url": base,
        "identity_url": base,
        "api_url": base,
        "per_minute": "1000000",
        "per_day": "10000000",
    }
    settings = Settings(database_url=SecretStr(dsn), data_dir=folder, port=8080).with_sections({"xero": section})
    async with open_hub(settings, dsn) as hub:
        bench = Bench(hub=hub, remote=None, books_there=None)
        await bench.put(make_gallery(), *make_tax_codes())
        yield bench


@asynccontextmanager
async def open_bench(
    dsn: str,
    folder: Path,
    *,
    clock_factor: float = FAST,
    sandbox_settings: SandboxSettings | None = None,
    tuning: Tuning | None = None,
    port: int = 8080,
) -> AsyncIterator[Bench]:
    """A bench on a fresh database, with the gallery stored and nothing connected; *port*: where browsers reach it."""
    structlog.contextvars.clear_contextvars()
    sandbox = create_sandbox(clock_factor=clock_factor, settings=sandbox_settings)
    async with sandbox.serve() as base:
        section = {
            "client_id": "sandbox-client",
            "client_secret": "sandbox-secret",
            "login_url": base,
            "identity_url": base,
            "api_url": base,
        }
        settings = Settings(
            database_url=SecretStr(dsn), data_dir=folder, clock_factor=clock_factor, port=port
        ).with_sections({"xero": section})
        tuned = replace(tuning or Tuning(), clock_factor=clock_factor)
        async with open_hub(settings, dsn, tuning=tuned) as hub:
            organisation = next(iter(sandbox.organisations.values()))
            bench = Bench(hub=hub, remote=sandbox, books_there=organisation)
            await bench.put(make_gallery(), *make_tax_codes())
            yield bench


# -- builders: what a test is about is given, the rest is plain


def make_gallery(**changes: Any) -> dict[str, Any]:
    """The gallery."""
    gallery = {
        "type": "gallery",
        "id": GALLERY,
        "name": "Harbour Lane Gallery",
        "email": "owner@example.com",
        "country": "AU",
        "currency": "AUD",
        "timezone": "Australia/Sydney",
    }
    return gallery | changes


def make_tax_codes() -> list[dict[str, Any]]:
    """GST and no GST."""
    return [
        {"type": "tax_code", "id": "gst", "name": "GST 10%", "rate": "10", "kind": "standard"},
        {"type": "tax_code", "id": "free", "name": "GST free", "rate": "0", "kind": "exempt"},
    ]


def make_contact(contact_id: str = "c-1", **changes: Any) -> dict[str, Any]:
    """A person."""
    contact = {"type": "contact", "id": contact_id, "name": f"Ana Ruiz {contact_id}"}
    contact["email"] = f"{contact_id}@example.com"
    return contact | changes


def make_line(line_id: str = "1", *, price: str = "500.00", **changes: Any) -> dict[str, Any]:
    """An artwork at 10 % GST."""
    line = {"id": line_id, "kind": "artwork", "description": "Study for a Harbour", "quantity": "1"}
    return line | {"unit_price": price, "tax_code": "gst"} | changes


def make_invoice(invoice_id: str = "i-1", *, total: str = "500.00", **changes: Any) -> dict[str, Any]:
    """One artwork, GST included, so that the line's price is the total."""
    invoice = {
        "type": "invoice",
        "id": invoice_id,
        "number": invoice_id.removeprefix("i-"),
        "contact_id": "c-1",
        "issued_on": "2026-03-04",
        "due_on": "2026-04-03",
        "currency": "AUD",
        "price_mode": "inclusive",
        "lines": [make_line(price=total)],
        "total": total,
    }
    return invoice | changes


def make_payment(payment_id: str = "p-1", *, amount: str = "500.00", **changes: Any) -> dict[str, Any]:
    """A bank transfer."""
    payment = {"type": "payment", "id": payment_id, "invoice_id": "i-1", "paid_on": "2026-03-10", "amount": amount}
    return payment | {"method": "bank_transfer"} | changes


def cents(text: str) -> Decimal:
    """An amount."""
    return Decimal(text)
