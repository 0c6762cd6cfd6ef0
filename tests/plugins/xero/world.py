"""One organisation of the sandbox, connected over a real socket, and a hand that writes to it through the plugin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from hub import (
    Accepted,
    Book,
    Contact,
    Draft,
    Invoice,
    Operation,
    Outcome,
    Payment,
    Reference,
    Refused,
    Remote,
    Request,
    Response,
    TaxCode,
    Write,
)
from plugins.xero.webservice import Xero
from tests.plugins.xero.builders import (
    draft_of,
    make_book,
    mapping,
    tax_code,
)
from tests.plugins.xero.sandbox.support import Caller, Clock, running

D = Decimal
MAPPINGS = (
    mapping("sales", "200"),
    mapping("shipping", "230"),
    mapping("bank", "090"),
    mapping("no_tax", "BASEXCLUDED"),
    mapping("tax", "OUTPUT", tax_code="gst"),
    mapping("tax", "EXEMPTOUTPUT", tax_code="zero"),
)
CODES: tuple[TaxCode, ...] = (tax_code("gst"), tax_code("zero"))


class Door:
    """The `Http` of these tests: a signed-in caller of the sandbox."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.sent: list[Request] = []

    async def send(self, request: Request, *, organisation: bool = True, key: str | None = None) -> Response:
        self.sent.append(request)
        headers = dict(request.headers)
        if key:
            headers["Idempotency-Key"] = key
        path = request.path + (f"?{urlencode(request.query)}" if request.query else "")
        if organisation:
            headers["xero-tenant-id"] = self.caller.organisation.id
        reply = await self.caller.call(request.method, path, data=request.body or None, headers=headers, is_api=False)
        return Response(status=reply.status, headers=reply.headers, body=reply.raw)


class World:
    """One organisation, connected, with its book."""

    def __init__(self, caller: Caller, book: Book) -> None:
        self.caller = caller
        self.door = Door(caller)
        self.book = book
        self.service = Xero(self.door, book)
        self.keys = 0
        self.remotes: dict[Reference, Remote] = {}

    async def push(
        self, *records: Contact | Invoice | Payment, operation: Operation = Operation.CREATE, **facts: Any
    ) -> list[Outcome]:
        """Write *records* in one batch."""
        writes = []
        for record in records:
            draft = draft_of(record, self.book, **facts)
            writes.append(self.write(record, draft, operation))
        return await self.send(writes)

    def write(self, record: Any, draft: Draft, operation: Operation) -> Write:
        kind = type(record).__name__.lower()
        reference = Reference(kind, record.id)
        return Write(
            reference=reference,
            operation=operation,
            number=draft.number,
            draft=None if operation is Operation.CANCEL else draft,
            remote=self.remotes.get(reference),
        )

    async def send(self, writes: list[Write]) -> list[Outcome]:
        self.keys += 1
        outcomes = await self.service.push(Xero.request(writes, self.remotes), writes, f"key-{self.keys}")
        for write, outcome in zip(writes, outcomes, strict=True):
            if isinstance(outcome, Accepted):
                self.remotes[write.reference] = outcome.remote
        return list(outcomes)


@asynccontextmanager
async def world(clock: Clock | None = None, **settings: Any) -> AsyncIterator[World]:
    async with running(clock, **settings) as caller:
        plain = make_book(mappings=MAPPINGS, organisation_id=caller.organisation.id)
        choices = await Xero(Door(caller), plain).choices()
        yield World(caller, make_book(mappings=MAPPINGS, organisation_id=caller.organisation.id, choices=choices))


def accepted(outcome: Outcome) -> Remote:
    assert isinstance(outcome, Accepted), outcome
    return outcome.remote


def refused(outcome: Outcome) -> Refused:
    assert isinstance(outcome, Refused), outcome
    return outcome
