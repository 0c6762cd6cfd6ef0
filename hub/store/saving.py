"""What becomes of records that arrive: decided here, without the database, written by `hub.store.records`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from hub.domain.content import content_hash, settle
from hub.domain.records import Gallery, Invoice, Origin, Record, Reference, TaxCode, reference
from hub.errors import Fault

Status = Literal["created", "changed", "same", "stale", "refused"]
READ_ONLY = "read-only"


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A record as it stands in the database.

    Attributes:
        version: Ours, from 1, one more with every real change.
        seq: The gallery's change number of its last change.
        created_at: When it was first stored.
        updated_at: When it last really changed.
        origin: Where it came from, when it came from a webservice; such a record is read-only.
        tax_versions: Of an invoice: tax code -> its version in force when the invoice was first stored. A code that
            was missing then counts in its first version; one that is still missing is not in here.
        void: Of an invoice voided by `void`: ``{"on": "2026-03-04" | null, "reason": ""}``.
    """

    record: Record
    version: int
    seq: int
    created_at: datetime
    updated_at: datetime
    origin: Origin | None = None
    tax_versions: dict[str, int] = {}
    void: dict[str, Any] | None = None


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one record.

    Attributes:
        stored: How it stands now; None when it was refused and is not there.
        faults: Why it was refused.
        conflict: The rule when not the record but the state of things refused it (``read-only``: 409 instead of 422).
    """

    status: Status
    stored: Stored | None = None
    faults: list[Fault] = []
    conflict: str | None = None


class Decision(msgspec.Struct, kw_only=True):
    """What to do with one record; `record`, `version` and `origin` are how it stands after that."""

    status: Status
    reference: Reference
    record: Record | None
    version: int = 0
    origin: Origin | None = None
    faults: list[Fault] = []
    conflict: str | None = None


class _Now(msgspec.Struct, kw_only=True):
    record: Record
    hash: bytes
    version: int
    origin: Origin | None
    number: tuple[str, str] | None


class Ledger:
    """A batch of records in the order they came, against what is stored.

    Args:
        standing: The stored records among those of the batch.
        numbers: (kind, number) -> invoice that has it, for the numbers of the batch.
        codes: Tax code -> version in force, for the codes that new invoices of the batch name.

    After `decide` for each record: `written` are the records to write, in order of their last change, each once;
    `touched` those of which only `source_updated_at` is newer; `code_versions` the new versions of tax codes;
    `tax_versions` what new invoices keep; `cleared` stored invoices whose number changes.
    """

    def __init__(
        self,
        gallery_id: str,
        standing: Mapping[Reference, Stored],
        numbers: Mapping[tuple[str, str], str],
        codes: Mapping[str, int],
    ) -> None:
        self._gallery_id = gallery_id
        self._stored = standing
        self._now = {name: _standing_now(stored) for name, stored in standing.items()}
        self._numbers = dict(numbers)
        self._codes = dict(codes)
        self.written: dict[Reference, _Now] = {}
        self.touched: dict[Reference, Record] = {}
        self.code_versions: list[tuple[int, TaxCode]] = []
        self.tax_versions: dict[Reference, dict[str, int]] = {}
        self.cleared: list[str] = []

    def decide(self, record: Record, origin: Origin | None) -> Decision:
        """Take the next record; *origin* tells that it comes from a webservice."""
        record = settle(record)
        name, digest = reference(record), content_hash(record)
        now = self._now.get(name)
        if now is not None and now.origin != origin and (conflict := self._foreign(now, digest, origin)):
            return conflict
        if now is not None and origin is None and _is_older(record, now.record):
            return _decision("stale", name, now)
        if now is not None and now.hash == digest:
            return self._same(name, now, record)
        faults = self._faults(record, now)
        if faults:
            return _decision("refused", name, now, faults=faults)
        return self._write(name, now, record, digest, origin)

    def _foreign(self, now: _Now, digest: bytes, origin: Origin | None) -> Decision | None:
        """What belongs to the other side of the border; None when *origin* only names its webservice anew."""
        name = reference(now.record)
        if now.origin is None:
            fault = Fault("id", f"the gallery has a {name.type} of its own under {name.id!r}")
            return _decision("refused", name, now, faults=[fault], conflict=READ_ONLY)
        if origin is not None:
            now.origin = origin
            return None
        if now.hash == digest:
            return _decision("same", name, now)
        fault = Fault("", f"{name.type} {name.id!r} came from {now.origin.kind} and is read-only: change it there")
        return _decision("refused", name, now, faults=[fault], conflict=READ_ONLY)

    def _same(self, name: Reference, now: _Now, record: Record) -> Decision:
        if record.source_updated_at is not None and record.source_updated_at != now.record.source_updated_at:
            # else a change that is older than this word of the gallery could still overwrite it
            now.record = msgspec.structs.replace(now.record, source_updated_at=record.source_updated_at)
            self.touched[name] = now.record
        return _decision("same", name, now)

    def _faults(self, record: Record, now: _Now | None) -> list[Fault]:
        if isinstance(record, Gallery) and record.id != self._gallery_id:
            return [Fault("id", f"is {record.id!r}, but this is gallery {self._gallery_id!r}")]
        if not isinstance(record, Invoice):
            return []
        faults = []
        was_void = now is not None and isinstance(now.record, Invoice) and now.record.status == "void"
        if was_void and record.status != "void":
            faults.append(Fault("status", "was voided, and stays so: send a new invoice under another id and number"))
        if now is not None and record.status == "void" and not was_void:
            faults.append(Fault("status", "is void only when the invoice is new here: use POST .../void"))
        holder = self._numbers.get((record.kind, record.number))
        if holder is not None and holder != record.id:
            words = record.kind.replace("_", " ")
            faults.append(Fault("number", f"{record.number!r} is already used by {words} {holder!r}"))
        return faults

    def _write(
        self, name: Reference, now: _Now | None, record: Record, digest: bytes, origin: Origin | None
    ) -> Decision:
        version = now.version + 1 if now else 1
        after = _Now(record=record, hash=digest, version=version, origin=origin, number=_number_of(record))
        if isinstance(record, Invoice):
            self._move_number(record.id, now.number if now else None, (record.kind, record.number), name)
            if now is None:
                named = dict.fromkeys(line.tax_code for line in record.lines if line.tax_code is not None)
                self.tax_versions[name] = {code: self._codes[code] for code in named if code in self._codes}
        if isinstance(record, TaxCode):
            self._codes[record.id] = version
            self.code_versions.append((version, record))
        self._now[name] = after
        self.written.pop(name, None)  # its place is that of its last change
        self.written[name] = after
        self.touched.pop(name, None)
        return _decision("changed" if now else "created", name, after)

    def _move_number(self, id_: str, before: tuple[str, str] | None, after: tuple[str, str], name: Reference) -> None:
        if before == after:
            return
        if before is not None:
            self._numbers.pop(before, None)
            if name in self._stored and id_ not in self.cleared:
                self.cleared.append(id_)
        self._numbers[after] = id_


def _standing_now(stored: Stored) -> _Now:
    # hashed anew: what an earlier version of the hub hashed may have had fewer fields
    return _Now(
        record=stored.record,
        hash=content_hash(stored.record),
        version=stored.version,
        origin=stored.origin,
        number=_number_of(stored.record),
    )


def _decision(
    status: Status, name: Reference, now: _Now | None, *, faults: Sequence[Fault] = (), conflict: str | None = None
) -> Decision:
    return Decision(
        status=status,
        reference=name,
        record=now.record if now else None,
        version=now.version if now else 0,
        origin=now.origin if now else None,
        faults=list(faults),
        conflict=conflict,
    )


def _number_of(record: Record) -> tuple[str, str] | None:
    return (record.kind, record.number) if isinstance(record, Invoice) else None


def _is_older(record: Record, stored: Record) -> bool:
    told, known = record.source_updated_at, stored.source_updated_at
    return told is not None and known is not None and told < known
