"""The proof: every record in the books beside its remote counterpart, read from there now, to the cent.

It reads what our app created there page by page (that finds orphans too), then by id what those pages did not hold:
documents that a person linked, and payments that are not told with their invoice. Rows go to a file on the way, so
that memory stays flat and an error of the remote side is told before the answer begins.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from hub.contract import Webservice
from hub.domain import proof, receiving
from hub.domain.entries import Entry
from hub.domain.proof import ProofRow, Sums
from hub.domain.records import EntryType, Invoice, Payment, RecordType, Reference
from hub.domain.remotes import Remote, RemoteId
from hub.errors import ConflictError
from hub.store import allocations, entries, records
from hub.store.database import Database
from hub.store.records import Stored
from hub.store.webservices import WebserviceRow
from hub.sync.proof_view import Orphan, Spool, render_row, render_unbooked
from hub.sync.services import Services, check_connected

PAGE = 500

Period = tuple[date | None, date | None]
Tell = Callable[["Proof", str, int], Awaitable[None]]
"""Awaited after each page: the proof so far, what is being read and how many so far (``invoice``, ``payment``: read
there; ``others``: rows compared; ``not_in_books``: found)."""


@dataclass(kw_only=True)
class Proof:
    """What was found. Whoever made it closes it."""

    rows: Spool = field(default_factory=Spool)
    not_in_books: Spool = field(default_factory=Spool)
    ours: list[Orphan] = field(default_factory=list)
    theirs: list[Orphan] = field(default_factory=list)
    sums: Sums = field(default_factory=Sums)
    differs: int = 0
    waiting: int = 0  # not in the books, and not left out

    @property
    def agrees(self) -> bool:
        """Every difference is 0 and nothing stands on one side only."""
        return not (self.differs or self.ours or self.theirs)

    @property
    def complete(self) -> bool:
        """What is not in the books is left out on purpose."""
        return self.waiting == 0

    def close(self) -> None:
        """Forget the rows."""
        self.rows.close()
        self.not_in_books.close()


async def _tell_nobody(made: Proof, what: str, n: int) -> None:
    """Nobody waits for more than the end."""


async def prove(
    services: Services,
    gallery_id: str,
    webservice_id: str,
    *,
    period: Period = (None, None),
    tell: Tell = _tell_nobody,
) -> Proof:
    """Pair every record that has a remote id with what stands there now; *period* bounds the record's date, inclusive.

    *tell* learns how far it is; what it raises ends the proof.

    Raises:
        ConflictError: ``not-ready``: nothing can be read there.
        RemoteError: the remote side could not be read to the end; there is no half a proof.
    """
    row = await services.get(gallery_id, webservice_id)
    check_connected(row)
    if row.state == "choosing":
        raise ConflictError("not-ready", "The webservice is not ready yet: finish its checklist first.")
    made = Proof()
    try:
        await _Prover(services.database, row, await services.open(row), period, made, tell=tell).run()
    except BaseException:
        made.close()
        raise
    return made


class _Prover:
    def __init__(
        self,
        database: Database,
        row: WebserviceRow,
        service: Webservice,
        period: Period,
        made: Proof,
        *,
        tell: Tell,
    ) -> None:
        self._database = database
        self._row = row
        self._service = service
        self._period = period
        self._made = made
        self._tell = tell
        self._seen: set[str] = set()  # entries that have their row

    async def run(self) -> None:
        await self._read_ours()
        await self._read_by_id("invoice")
        await self._read_by_id("payment")
        await self._read_by_id("allocation")
        await self._list_not_in_books()

    # -- reading

    async def _read_ours(self) -> None:
        """All that our app created there: rows for what has an entry, orphans for what has none."""
        kinds: tuple[RecordType, ...] = ("invoice", "payment")
        for type_ in kinds:
            cursor: str | None = None
            n = 0
            while True:
                page = await self._service.read_ours(type_, cursor)
                await self._take_page(type_, page.items)
                n += len(page.items)
                await self._tell(self._made, type_, n)
                cursor = page.cursor
                if cursor is None:
                    break

    async def _take_page(self, type_: EntryType, remotes: Sequence[Remote]) -> None:
        async with self._database.connection() as conn:
            known = await entries.by_remote_ids(
                conn, self._row.gallery_id, self._row.id, type_, [one.id for one in remotes]
            )
        pairs = [(known[one.id], one) for one in remotes if one.id in known]
        strangers = [one for one in remotes if one.id not in known and not proof.is_dead(one) and one.ours is not False]
        self._made.theirs += [_stranger(type_, one) for one in strangers if self._within(one.on)]
        await self._emit(type_, pairs)

    async def _read_by_id(self, type_: EntryType) -> None:
        """What has no row yet, by its remote id."""
        after = ""
        while True:
            async with self._database.connection() as conn:
                page = await entries.in_books_page(
                    conn, self._row.gallery_id, self._row.id, type_, after=after, limit=PAGE, period=self._period
                )
            wanted = [one for one in page if one.id not in self._seen and one.remote is not None]
            if wanted:
                ids = [_id_of(one) for one in wanted if not self._is_made_up(one)]
                found = {one.id: one for one in await self._service.read(type_, ids)} if ids else {}
                await self._emit(type_, [(one, found.get(_id_of(one))) for one in wanted])
                await self._tell(self._made, "others", self._made.rows.count)
            if len(page) < PAGE:
                return
            after = page[-1].id

    def _within(self, on: date | None) -> bool:
        start, end = self._period
        if on is None:
            return start is None and end is None
        return (start is None or on >= start) and (end is None or on <= end)

    def _is_made_up(self, entry: Entry) -> bool:
        """Whether its remote id is one that we gave to a credit, which is told with its invoice only."""
        remote_id = _id_of(entry)
        made_here = entry.record_id == f"{self._row.kind}-{remote_id}"
        return made_here and remote_id.startswith(("credit-", "prepayment-", "overpayment-"))

    # -- rows

    async def _emit(self, type_: EntryType, pairs: Sequence[tuple[Entry, Remote | None]]) -> None:
        for start in range(0, len(pairs), PAGE):
            chunk = [(e, r) for e, r in pairs[start : start + PAGE] if e.id not in self._seen]
            if type_ == "invoice":
                await self._emit_invoices(chunk)
            elif type_ == "allocation":
                self._emit_allocations(chunk)
            else:
                await self._emit_payments(chunk)
            await asyncio.sleep(0)  # a long proof leaves the loop to others

    async def _emit_invoices(self, pairs: Sequence[tuple[Entry, Remote | None]]) -> None:
        gallery_id, ids = self._row.gallery_id, [entry.record_id for entry, _ in pairs]
        async with self._database.connection() as conn:
            stored = await records.load(conn, gallery_id, [Reference("invoice", one) for one in ids])
            payments = await entries.payments_of(conn, gallery_id, self._row.id, ids)
            names = [Reference("payment", one.record_id) for group in payments.values() for one in group]
            paid_by = await records.load(conn, gallery_id, names)
            of_notes = await allocations.of_notes(conn, gallery_id, self._row.id, ids)
            on_invoices = await allocations.on_invoices(conn, gallery_id, self._row.id, ids)
        rows: list[ProofRow] = []
        strays: list[Remote] = []
        for entry, remote in pairs:
            found = stored.get(Reference("invoice", entry.record_id))
            if found is None or not isinstance(found.record, Invoice):
                self._gone_here(entry)
                continue
            invoice = found.record
            settling = _with_records(payments.get(entry.record_id, ()), paid_by)
            if self._within(invoice.issued_on):
                joined = of_notes if invoice.kind == "credit_note" else on_invoices
                paid = proof.sum_paid(invoice.currency, settling, kind=invoice.kind)
                paid += proof.sum_allocated(invoice.currency, joined.get(entry.record_id, ()))
                rows.append(proof.pair_invoice(invoice, entry, remote, paid))
                self._seen.add(entry.id)
            if remote is not None and remote.parts is not None:
                found_rows, more = self._pair_parts(invoice, remote, settling)
                rows += found_rows
                strays += more
                rows += self._pair_allocations(remote, of_notes.get(entry.record_id, ()))
        self._write(rows)
        await self._note_strays(strays)

    def _pair_parts(
        self, invoice: Invoice, remote: Remote, settling: Sequence[tuple[Payment, Entry]]
    ) -> tuple[list[ProofRow], list[Remote]]:
        """Rows of the payments that were told with their invoice; the parts with our marker that are none of them."""
        told = {one.id: one for one in _told(remote)}
        rows = []
        for payment, entry in settling:
            there = told.pop(_id_of(entry), None)
            if entry.remote is None or entry.id in self._seen or (there is None and not self._is_made_up(entry)):
                continue  # not in the books, or read by its id: only that tells deleted from gone
            self._seen.add(entry.id)
            if self._within(payment.paid_on):
                rows.append(proof.pair_payment(payment, payment.currency or invoice.currency, entry, there))
        marker = f"{self._row.tag}-"
        return rows, [one for one in told.values() if (receiving.marker_of(one) or "").startswith(marker)]

    def _pair_allocations(self, note: Remote, found: Sequence[Entry]) -> list[ProofRow]:
        """Rows of the allocations that were told with their credit note; the others are read by their ids."""
        told = proof.told_allocations(note)
        pairs = [(entry, told[_id_of(entry)]) for entry in found if _id_of(entry) in told]
        self._seen.update(entry.id for entry, _ in pairs)
        return [proof.pair_allocation(entry, there) for entry, there in pairs if self._within(there.on)]

    def _emit_allocations(self, pairs: Sequence[tuple[Entry, Remote | None]]) -> None:
        self._seen.update(entry.id for entry, _ in pairs)
        shown = [(entry, there) for entry, there in pairs if entry.remote is None or self._within(entry.remote.on)]
        self._write([proof.pair_allocation(entry, there) for entry, there in shown])

    async def _note_strays(self, strays: Sequence[Remote]) -> None:
        """Orphans are those without an entry; one whose record names another invoice by now gets its own row."""
        if not strays:
            return
        async with self._database.connection() as conn:
            known = await entries.by_remote_ids(
                conn, self._row.gallery_id, self._row.id, "payment", [one.id for one in strays]
            )
        orphans = [one for one in strays if one.id not in known and self._within(one.on)]
        self._made.theirs += [_stranger("payment", one) for one in orphans]

    async def _emit_payments(self, pairs: Sequence[tuple[Entry, Remote | None]]) -> None:
        wanted = [Reference("payment", entry.record_id) for entry, _ in pairs]
        wanted += [Reference("invoice", entry.invoice_id) for entry, _ in pairs if entry.invoice_id]
        async with self._database.connection() as conn:
            stored = await records.load(conn, self._row.gallery_id, wanted)
        rows = []
        for entry, remote in pairs:
            self._seen.add(entry.id)
            found = stored.get(Reference("payment", entry.record_id))
            if found is None or not isinstance(found.record, Payment):
                self._gone_here(entry)
                continue
            payment = found.record
            settled = stored.get(Reference("invoice", payment.invoice_id))
            currency = settled.record.currency if settled and isinstance(settled.record, Invoice) else None
            if self._within(payment.paid_on):
                rows.append(proof.pair_payment(payment, payment.currency or currency, entry, remote))
        self._write(rows)

    def _gone_here(self, entry: Entry) -> None:
        """The record is gone from the gallery, while something of it stands there."""
        self._seen.add(entry.id)
        remote = entry.remote
        if remote is not None and not proof.is_dead(remote):
            self._made.theirs.append(_stranger(entry.type, remote))

    def _write(self, rows: Sequence[ProofRow]) -> None:
        for row in rows:
            self._made.differs += not row.difference.is_zero
            self._made.sums.add(row)
            if row.theirs is None and not row.ours.is_zero:
                self._made.ours.append(
                    Orphan(
                        type=row.type,
                        record_id=row.record_id,
                        remote_id=row.remote_id,
                        number=row.number,
                        currency=row.currency,
                        total=row.ours.total,
                        state=row.state,
                    )
                )
        self._made.rows.write([render_row(row) for row in rows])

    async def _list_not_in_books(self) -> None:
        after: str | None = ""
        while after is not None:
            async with self._database.connection() as conn:
                page, after = await entries.not_in_books_page(
                    conn, self._row.gallery_id, self._row.id, after=after, limit=PAGE, period=self._period
                )
            self._made.waiting += sum(one.state != "left_out" for one in page)
            self._made.not_in_books.write([render_unbooked(one) for one in page])
            await self._tell(self._made, "not_in_books", self._made.not_in_books.count)


def _with_records(found: Sequence[Entry], stored: Mapping[Reference, Stored]) -> list[tuple[Payment, Entry]]:
    pairs = []
    for entry in found:
        one = stored.get(Reference("payment", entry.record_id))
        if one is not None and isinstance(one.record, Payment):
            pairs.append((one.record, entry))
    return pairs


def _told(invoice: Remote) -> list[Remote]:
    """What settles a remote invoice, as payments: its own payments by their ids, credits by the ids we gave them."""
    payments = [
        Remote(
            id=part.id,
            status="approved",
            currency=invoice.currency,
            total=part.amount,
            on=part.on,
            number=part.reference or None,
            document_id=invoice.id,
        )
        for part in invoice.parts or ()
        if part.kind == "payment" and not part.deleted
    ]
    return [*payments, *receiving.credits_of(invoice)]


def _id_of(entry: Entry) -> RemoteId:
    return entry.remote.id if entry.remote is not None else RemoteId("")


def _stranger(type_: EntryType, remote: Remote) -> Orphan:
    return Orphan(
        type=type_,
        remote_id=remote.id,
        number=remote.number,
        currency=remote.currency,
        total=remote.total,
        state=remote.status,
        credit_note=remote.credit_note,
    )
