"""What the kind `xero` reads: its part that looks things up, page by page, through the `http` it is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from hub import (
    ContactPage,
    EntryType,
    Lookup,
    Page,
    Pulled,
    RecordType,
    Reference,
    Remote,
    RemoteId,
    Response,
    Webservice,
)
from plugins.xero import credit, imported, reading, wire

_NOTES = "credit-notes-"  # of the cursors of `read_ours`
# What Xero calls the records to look for -> the list they stand in.
_SORTS = {
    "contact": "contact",
    "invoice": "invoice",
    "credit_note": "credit_note",
    "payment": "payment",
    "refund": "payment",
    "allocation": "credit_note",
}


class Reader(Webservice):
    """The I/O members that read records."""

    async def _get(self, what: reading.Query, *, organisation: bool = True) -> Response:
        """One read. Raises for everything that is no success; a 304 counts as one."""
        response = await self.http.send(what.request(), organisation=organisation)
        reading.check(response)
        return response

    async def _envelope(self, what: reading.Query) -> wire.Envelope:
        return reading.read_envelope(await self._get(what))

    async def find(self, lookups: Sequence[Lookup]) -> dict[Reference, tuple[Remote, ...]]:
        """By number and marker; for invoices and credit notes `ours` says whether our app created them."""
        found: dict[Reference, tuple[Remote, ...]] = {}
        for sort, listed in _SORTS.items():
            wanted = [lookup for lookup in lookups if credit.sort_of(lookup) == sort]
            remotes: list[Remote] = []
            for query in reading.find_queries(sort, wanted):
                remotes += reading.list_remotes(listed, await self._envelope(query), ours=query.ours)
            answer = credit.answer_allocations if sort == "allocation" else reading.answer_lookups
            found |= answer(wanted, remotes)
        return found

    async def read(self, type: EntryType, ids: Sequence[RemoteId]) -> tuple[Remote, ...]:
        """By id, in chunks that keep the address short; what is no invoice is looked for among the credit notes."""
        if type == "allocation":
            notes = await self._read("credit_note", credit.notes_of(ids))
            return tuple(credit.read_allocations(ids, notes))
        remotes = await self._read(type, ids)
        if type == "invoice":
            known = {one.id for one in remotes}
            remotes += await self._read("credit_note", [one for one in ids if one.lower() not in known])
        return tuple(remotes)

    async def _read(self, kind: EntryType | str, ids: Sequence[RemoteId]) -> list[Remote]:
        remotes: list[Remote] = []
        for query in reading.id_queries(kind, ids):
            remotes += reading.list_remotes(kind, await self._envelope(query))
        return remotes

    async def read_ours(self, type: RecordType, cursor: str | None) -> Page:
        """Invoices, then credit notes that our app created, by page in the order of their ids; no other types."""
        if type != "invoice":
            return Page(items=())
        if cursor is not None and cursor.startswith(_NOTES):
            return await self._our_credit_notes(int(cursor.removeprefix(_NOTES)))
        number = int(cursor or 1)
        envelope = await self._envelope(reading.our_invoices(number))
        pages = envelope.pagination.page_count if envelope.pagination else number + bool(envelope.invoices)
        remotes = reading.list_remotes("invoice", envelope, ours=True)
        if number < pages:
            return Page(items=tuple(remotes), cursor=str(number + 1))
        notes = await self._our_credit_notes(1)
        return Page(items=(*remotes, *notes.items), cursor=notes.cursor)

    async def _our_credit_notes(self, number: int) -> Page:
        """The OpenAPI file names `createdByMyApp` for invoices only: what lacks our prefix may be another's."""
        envelope = await self._envelope(reading.our_credit_notes(number))
        pages = envelope.pagination.page_count if envelope.pagination else number + bool(envelope.credit_notes)
        prefix = f"{self.book.settings.invoice_prefix}-" if self.book else ""
        remotes = [
            msgspec.structs.replace(one, ours=(one.number or "").startswith(prefix))
            for one in reading.list_remotes("credit_note", envelope)
        ]
        return Page(items=tuple(remotes), cursor=f"{_NOTES}{number + 1}" if number < pages else None)

    async def pull(self, cursor: str | None) -> Pulled:
        """Invoices of our app changed since, then, only when there were any, payments (DESIGN sections 8 and 11)."""
        position = reading.Position.parse(cursor, self.book.connected_at if self.book else None)
        invoices: tuple[Remote, ...] = ()
        if not position.reads_payments:
            invoices, track, more = await self._next("invoice", position.invoices, reading.invoices_query)
            wants = position.wants_payments or bool(invoices)
            position = msgspec.structs.replace(
                position, invoices=track, wants_payments=wants, reads_payments=wants and not more
            )
            if more or not wants:
                return Pulled(invoices=invoices, cursor=position.render(), more=more)
        payments, track, more = await self._next("payment", position.payments, reading.payments_query)
        position = msgspec.structs.replace(position, payments=track, wants_payments=more, reads_payments=more)
        return Pulled(invoices=invoices, payments=payments, cursor=position.render(), more=more)

    async def pull_linked(self, ids: Sequence[RemoteId], cursor: str | None) -> Pulled:
        """By id, since `createdByMyApp` leaves them out; then all payments of those that changed."""
        position = reading.LinkedPosition.parse(cursor)
        invoices: list[Remote] = []
        clock = None
        for query in position.queries(ids):
            response = await self._get(query)
            envelope = reading.read_envelope(response)
            clock = clock or reading.read_clock(envelope, response.headers)
            invoices += reading.list_remotes("invoice", envelope)
        fresh = position.fresh(invoices)
        payments: list[Remote] = []
        for query in reading.payments_of_queries([one.id for one in fresh]):
            payments += reading.list_remotes("payment", await self._envelope(query))
        after = position.advance(ids, invoices, clock)
        return Pulled(invoices=fresh, payments=tuple(payments), cursor=after.render())

    async def pull_credit_notes(self, cursor: str | None) -> Pulled:
        """Credit notes that changed since, then, only when there were any, their refunds."""
        position = reading.Position.parse(cursor, self.book.connected_at if self.book else None)
        notes: tuple[Remote, ...] = ()
        if not position.reads_payments:
            notes, track, more = await self._next("credit_note", position.invoices, reading.credit_notes_query)
            wants = position.wants_payments or bool(notes)
            position = msgspec.structs.replace(
                position, invoices=track, wants_payments=wants, reads_payments=wants and not more
            )
            if more or not wants:
                return Pulled(invoices=notes, cursor=position.render(), more=more)
        refunds, track, more = await self._next("payment", position.payments, reading.refunds_query)
        position = msgspec.structs.replace(position, payments=track, wants_payments=more, reads_payments=more)
        return Pulled(invoices=notes, payments=refunds, cursor=position.render(), more=more)

    async def contacts(self, cursor: str | None) -> ContactPage:
        """All contacts, archived ones too, changed since the cursor."""
        position = reading.Position.parse(cursor, None)
        envelope, items, track, more = await self._read_next("contact", position.invoices, reading.contacts_query)
        after = msgspec.structs.replace(position, invoices=track)
        fresh = {one.id for one in items}
        read = imported.parse_contacts(envelope.contacts or ())
        contacts = {id_: one for id_, one in read.items() if id_ in fresh}
        return ContactPage(items=items, cursor=after.render(), more=more, contacts=contacts)

    async def _next(
        self, kind: str, track: reading.Track, query: Callable[[reading.Track], reading.Query]
    ) -> tuple[tuple[Remote, ...], reading.Track, bool]:
        """One page of a list: what is new on it, how far it was read, and whether there is more."""
        _, fresh, after, more = await self._read_next(kind, track, query)
        return fresh, after, more

    async def _read_next(
        self, kind: str, track: reading.Track, query: Callable[[reading.Track], reading.Query]
    ) -> tuple[wire.Envelope, tuple[Remote, ...], reading.Track, bool]:
        """As `_next`, with the answer itself."""
        asked = query(track)
        response = await self._get(asked)
        envelope = reading.read_envelope(response)
        full = reading.count(kind, envelope) >= reading.PAGE_SIZE
        remotes = reading.list_remotes(kind, envelope, ours=asked.ours)
        clock = reading.read_clock(envelope, response.headers)
        return envelope, track.fresh(remotes), track.advance(remotes, full=full, clock=clock), full
