"""Queries and cursors: which reads are sent, and what their answers mean. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from hub import CursorExpiredError, EntryType, Lookup, Reference, Remote, RemoteId, Request, Response, TemporaryError
from plugins.xero import errors, parse, wire
from plugins.xero.request import API, UNIT_DP

PAGE_SIZE = 1000  # FACTS 5.4, 7.2
IDS_PER_QUERY = 40  # FACTS 7.2: keeps the address short
WHERE_PER_QUERY = 15
_BY_IDS = frozenset({"invoice", "contact"})
OVERLAP = timedelta(minutes=15)  # PROMISES R21: what commits late over there is read again
# The hub's own clock may be a day off (PROMISES A8); it is used only before the first answer tells the server's.
CLOCK_DOUBT = timedelta(days=1)
MOST_SEEN = 1000
_ACCEPT = (("Accept", "application/json"),)
_ORDER = ("order", "UpdatedDateUTC ASC")
_SALES_PAYMENTS = ("where", 'PaymentType=="ACCRECPAYMENT"')
_REFUNDS = ("where", 'PaymentType=="ARCREDITPAYMENT"')


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """One read. `ours`: every record of its answer was created by our app (None: the answer does not say)."""

    path: str
    params: tuple[tuple[str, str], ...] = ()
    since: datetime | None = None
    ours: bool | None = None

    def request(self) -> Request:
        """The GET; If-Modified-Since has a precision of one second, in UTC without a zone (FACTS 7.1)."""
        headers: tuple[tuple[str, str], ...] = _ACCEPT
        if self.since is not None:
            stamp = self.since.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat()
            headers = (*_ACCEPT, ("If-Modified-Since", stamp))
        return Request(method="GET", path=self.path, query=self.params, headers=headers)


def check(response: Response) -> None:
    """Raise for a read that failed: TemporaryError for 5xx, else what the answer says; 304 is a success."""
    if refusal := errors.find_refusal(response):
        raise refusal
    if response.status >= 500:
        raise TemporaryError(f"Xero answered {response.status}", delay=300.0 if response.status == 503 else None)


# -- simple reads


def connections(consent: str | None = None) -> Query:
    """The organisations of the grant, or those that one consent touched (FACTS 1.6)."""
    return Query(path="/connections", params=(("authEventId", consent),) if consent else ())


def disconnection(connection_id: str) -> Request:
    """Ends one organisation's connection."""
    return Request(method="DELETE", path=f"/connections/{connection_id}", headers=_ACCEPT)


def settings(name: str) -> Query:
    """One of Organisation, Accounts, TaxRates, TrackingCategories, Currencies."""
    return Query(path=f"{API}/{name}")


def _paged(root: str, page: int, *params: tuple[str, str], since: datetime | None = None) -> Query:
    extra = (UNIT_DP,) if root in ("Invoices", "CreditNotes") else ()
    paging = (("page", str(page)), ("pageSize", str(PAGE_SIZE)))
    return Query(path=f"{API}/{root}", params=(*params, *paging, *extra), since=since)


def our_invoices(page: int) -> Query:
    """One page of the invoices that our app created, in an order that no edit disturbs."""
    return _paged("Invoices", page, ("createdByMyApp", "true"), ("order", "InvoiceID"))


def our_credit_notes(page: int) -> Query:
    """One page of the credit notes that our app created, as far as Xero tells them apart (DESIGN section 7)."""
    return _paged("CreditNotes", page, ("createdByMyApp", "true"), ("order", "CreditNoteID"))


def id_queries(kind: EntryType | str, ids: Sequence[RemoteId]) -> Iterator[Query]:
    """Reads of records by id; of the kind ``credit_note`` those of credit notes, which know no IDs (OpenAPI)."""
    for chunk in _chunks(list(dict.fromkeys(ids)), IDS_PER_QUERY if kind in _BY_IDS else WHERE_PER_QUERY):
        joined = ",".join(chunk)
        match kind:
            case "invoice":
                yield _paged("Invoices", 1, ("IDs", joined))
            case "contact":
                yield _paged("Contacts", 1, ("IDs", joined), ("includeArchived", "true"))
            case "credit_note":
                yield _paged("CreditNotes", 1, ("where", _any_of("CreditNoteID", chunk, guid=True)))
            case "payment":
                yield _paged("Payments", 1, ("where", _any_of("PaymentID", chunk, guid=True)))


def find_queries(kind: str, lookups: Sequence[Lookup]) -> Iterator[Query]:
    """Reads of records by what makes them ours: number, contact number, or the document a payment settles.

    *kind*: contact, invoice, credit_note, payment, refund or allocation.
    """
    numbers = list(dict.fromkeys(lookup.number for lookup in lookups))
    match kind:
        case "contact":
            for chunk in _chunks(numbers, WHERE_PER_QUERY):
                yield _paged("Contacts", 1, ("where", _any_of("ContactNumber", chunk)), ("includeArchived", "true"))
        case "invoice":
            for chunk in _chunks(numbers, IDS_PER_QUERY):
                for query in _by_numbers(chunk):
                    yield query
                    mine = (*query.params, ("createdByMyApp", "true"))
                    yield msgspec.structs.replace(query, params=mine, ours=True)
        case "credit_note":
            for chunk in _chunks(numbers, WHERE_PER_QUERY):
                query = _paged("CreditNotes", 1, ("where", _any_of("CreditNoteNumber", chunk)))
                yield query
                mine = (*query.params, ("createdByMyApp", "true"))
                yield msgspec.structs.replace(query, params=mine, ours=True)
        case "payment":
            yield from payments_of_queries([one.document_id for one in lookups if one.document_id])
        case "refund":
            documents = [one.document_id for one in lookups if one.document_id]
            yield from payments_of_queries(documents, of="CreditNote.CreditNoteID")
        case "allocation":
            yield from id_queries("credit_note", [one.source_id for one in lookups if one.source_id])


def payments_of_queries(documents: Sequence[RemoteId], *, of: str = "Invoice.InvoiceID") -> Iterator[Query]:
    """Reads of all payments of these invoices (or refunds of these credit notes), deleted ones too."""
    for chunk in _chunks(list(dict.fromkeys(documents)), WHERE_PER_QUERY):
        yield _paged("Payments", 1, ("where", _any_of(of, chunk, guid=True)))


def _by_numbers(numbers: Sequence[str]) -> Iterator[Query]:
    """InvoiceNumbers is a comma list: numbers with a comma in them are asked for by `where`."""
    plain = [number for number in numbers if "," not in number]
    if plain:
        yield _paged("Invoices", 1, ("InvoiceNumbers", ",".join(plain)))
    for number in numbers:
        if "," in number:
            yield _paged("Invoices", 1, ("where", _any_of("InvoiceNumber", [number])))


def _chunks(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def _any_of(field: str, values: Sequence[str], *, guid: bool = False) -> str:
    """A where clause; a quote inside a text is doubled (FACTS 5.5)."""
    quoted = ['"' + value.replace('"', '""') + '"' for value in values]
    return " OR ".join(f"{field}==Guid({text})" if guid else f"{field}=={text}" for text in quoted)


# -- answers


def read_envelope(response: Response) -> wire.Envelope:
    """The answer's records; a 304 has none. Raises TemporaryError when it cannot be read."""
    if response.status == 304:
        return wire.Envelope()
    try:
        return wire.decode_envelope(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TemporaryError(f"Xero's answer cannot be read: {error}") from error


def count(kind: str, envelope: wire.Envelope) -> int:
    """How many records of *kind* an answer lists, those of bills included."""
    lists = {
        "contact": envelope.contacts,
        "invoice": envelope.invoices,
        "credit_note": envelope.credit_notes,
        "payment": envelope.payments,
    }
    return len(lists[kind] or ())


def list_remotes(kind: str, envelope: wire.Envelope, *, ours: bool | None = None) -> list[Remote]:
    """The records of *kind*; what belongs to bills, which comes in the same lists, is left out."""
    found: list[Remote | None]
    match kind:
        case "contact":
            found = [parse.parse_contact(one) for one in envelope.contacts or ()]
        case "invoice":
            sales = [one for one in envelope.invoices or () if parse.is_sales_invoice(one)]
            found = [parse.parse_invoice(one, ours=ours) for one in sales]
        case "credit_note":
            notes = [one for one in envelope.credit_notes or () if parse.is_sales_credit_note(one)]
            found = [parse.parse_credit_note(one, ours=ours) for one in notes]
        case _:
            found = [parse.parse_payment(one) for one in envelope.payments or () if parse.is_sales_payment(one)]
    return [one for one in found if one is not None]


def answer_lookups(lookups: Sequence[Lookup], remotes: Sequence[Remote]) -> dict[Reference, tuple[Remote, ...]]:
    """Which of *remotes* answer which look-up. Of two readings of one invoice the one that says "ours" counts."""
    known: dict[str, Remote] = {}
    for remote in remotes:
        before = known.get(remote.id)
        known[remote.id] = remote if before is None or remote.ours else before
    by_key: dict[str, list[Remote]] = {}
    for remote in known.values():
        key = (remote.number or "").partition(" ")[0] if remote.document_id else (remote.number or "")
        by_key.setdefault(key.casefold(), []).append(remote)
    found = {}
    for lookup in lookups:
        matching = by_key.get(lookup.number.casefold(), [])
        if lookup.reference.type == "payment":
            matching = [one for one in matching if one.document_id == lookup.document_id]
        if lookup.reference.type == "invoice":
            matching = [msgspec.structs.replace(one, ours=bool(one.ours)) for one in matching]
        found[lookup.reference] = tuple(matching)
    return found


# -- cursors


class Track(msgspec.Struct, frozen=True, kw_only=True):
    """How far one list was read.

    Attributes:
        since: Epoch seconds for If-Modified-Since; None: from the beginning.
        page: Only above 1 while a full page holds nothing but one second.
        seen: Short hashes of records and versions that the overlap reads again; empty when there were too many.
    """

    since: int | None = None
    page: int = 1
    seen: tuple[str, ...] = ()

    def query(self, root: str, *params: tuple[str, str]) -> Query:
        """The next page: always the first one since the last stamp, so that no row is skipped (FACTS 7.2)."""
        since = datetime.fromtimestamp(self.since, UTC) if self.since is not None else None
        return _paged(root, self.page, *params, _ORDER, since=since)

    def fresh(self, remotes: Sequence[Remote]) -> tuple[Remote, ...]:
        """Those not seen before in this version."""
        seen = frozenset(self.seen)
        return tuple(remote for remote in remotes if _mark(remote) not in seen)

    def advance(self, remotes: Sequence[Remote], *, full: bool, clock: datetime | None) -> Track:
        """After a page with these records: on to its last stamp when it was full, else to *clock* less the overlap."""
        stamps = [int(one.updated_at.timestamp()) for one in remotes if one.updated_at is not None]
        last = max(stamps, default=self.since)
        if full:
            after = (last - 1) if last is not None else None  # a second back: its other rows may be on the next page
            if after is None or (self.since is not None and after <= self.since):
                return msgspec.structs.replace(self, page=self.page + 1, seen=self._merged(remotes))
            return Track(since=after, seen=self._merged(remotes))
        # Until the clock is known, and never back.
        now = int((clock - OVERLAP).timestamp()) if clock is not None else last
        since = max((value for value in (self.since, now) if value is not None), default=None)
        kept = [one for one in remotes if one.updated_at and since is not None and one.updated_at.timestamp() >= since]
        return Track(since=since, seen=_marks(kept))

    def _merged(self, remotes: Sequence[Remote]) -> tuple[str, ...]:
        marks = _marks(remotes)
        return marks if len(marks) <= MOST_SEEN else ()


def _mark(remote: Remote) -> str:
    return _short(f"{remote.id}|{remote.version}|{remote.status}|{remote.paid}")


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _marks(remotes: Sequence[Remote]) -> tuple[str, ...]:
    return tuple(_mark(one) for one in remotes) if len(remotes) <= MOST_SEEN else ()


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """A pull's cursor: two lists, and whether payments are still to be read for the invoices that came."""

    invoices: Track = Track()
    payments: Track = Track()
    wants_payments: bool = False
    reads_payments: bool = False

    @classmethod
    def parse(cls, cursor: str | None, connected_at: datetime | None) -> Position:
        """The position of *cursor*; without one, what changed since *connected_at* (None: everything).

        Raises:
            CursorExpiredError: The text is not one of ours.
        """
        if not cursor:
            if connected_at is None:
                return cls()
            start = Track(since=int((connected_at - CLOCK_DOUBT).timestamp()))
            return cls(invoices=start, payments=start)
        try:
            return msgspec.json.decode(cursor, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise CursorExpiredError(f"the cursor cannot be read: {error}") from error

    def render(self) -> str:
        """The cursor as text."""
        return json.dumps(msgspec.to_builtins(self), separators=(",", ":"), sort_keys=True)


class LinkedPosition(msgspec.Struct, frozen=True, kw_only=True):
    """A cursor of `pull_linked`.

    Attributes:
        since: Epoch seconds for If-Modified-Since; None: nothing was read yet.
        ids: Short hashes of the invoices read so far: only of these may what is older than `since` be left out.
        seen: Short hashes of invoices and versions that the overlap reads again.
    """

    since: int | None = None
    ids: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()

    @classmethod
    def parse(cls, cursor: str | None) -> LinkedPosition:
        """The position of *cursor*. Raises CursorExpiredError: the text is not one of ours."""
        if not cursor:
            return cls()
        try:
            return msgspec.json.decode(cursor, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise CursorExpiredError(f"the cursor cannot be read: {error}") from error

    def render(self) -> str:
        """The cursor as text."""
        return json.dumps(msgspec.to_builtins(self), separators=(",", ":"), sort_keys=True)

    def queries(self, ids: Sequence[RemoteId]) -> Iterator[Query]:
        """Conditional reads of the invoices read before, plain ones of the rest."""
        known = frozenset(self.ids)
        since = datetime.fromtimestamp(self.since, UTC) if self.since is not None else None
        for query in id_queries("invoice", [one for one in ids if _short(one) in known]):
            yield msgspec.structs.replace(query, since=since)
        yield from id_queries("invoice", [one for one in ids if _short(one) not in known])

    def fresh(self, remotes: Sequence[Remote]) -> tuple[Remote, ...]:
        """Those not seen before in this version."""
        seen = frozenset(self.seen)
        return tuple(remote for remote in remotes if _mark(remote) not in seen)

    def advance(self, ids: Sequence[RemoteId], remotes: Sequence[Remote], clock: datetime | None) -> LinkedPosition:
        """After *ids* were read: on to *clock* (of their first answer) less the overlap, and never back."""
        told = int((clock - OVERLAP).timestamp()) if clock is not None else None
        since = max((value for value in (self.since, told) if value is not None), default=None)
        kept = [
            one for one in remotes if since is None or one.updated_at is None or one.updated_at.timestamp() >= since
        ]
        return LinkedPosition(
            since=since, ids=tuple(_short(one) for one in ids), seen=tuple(_mark(one) for one in kept)
        )


def read_clock(envelope: wire.Envelope, headers: Mapping[str, str]) -> datetime | None:
    """The server's own time: DateTimeUTC, else the Date header, else None."""
    if stamp := wire.parse_stamp(envelope.date_time_utc):
        return stamp
    try:
        return parsedate_to_datetime(headers.get("date", "")).astimezone(UTC)
    except (ValueError, TypeError):
        return None


def invoices_query(track: Track) -> Query:
    """Invoices of our app that changed."""
    return msgspec.structs.replace(track.query("Invoices", ("createdByMyApp", "true")), ours=True)


def payments_query(track: Track) -> Query:
    """Payments of sales invoices that changed, deleted ones too."""
    return track.query("Payments", _SALES_PAYMENTS)


def credit_notes_query(track: Track) -> Query:
    """Credit notes that changed, whoever made them: the linked ones are among them."""
    return track.query("CreditNotes")


def refunds_query(track: Track) -> Query:
    """Refunds of sales credit notes that changed, deleted ones too."""
    return track.query("Payments", _REFUNDS)


def contacts_query(track: Track) -> Query:
    """Contacts that changed, archived ones too."""
    return track.query("Contacts", ("includeArchived", "true"))
