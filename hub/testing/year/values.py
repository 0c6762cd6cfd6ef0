"""What a generated year is made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any, Literal

Record = dict[str, Any]  # the FIXED JSON form, with `type` and `id`
State = Literal["synced", "held", "left_out", "conflict", "voided"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """How one invoice, credit note or payment stands.

    `number` is the gallery's, `remote_number` the one it has (or would have) in the books, both None for a payment;
    `total` is what the gallery states, a payment's amount. `state` is None where nothing is asserted: a payment
    whose invoice does not get into the books waits with it, and how the hub calls that is not this file's business.
    """

    type: Literal["invoice", "payment"]
    record_id: str
    state: State | None
    reason: str | None
    number: str | None
    remote_number: str | None
    total: Decimal
    currency: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteAccount:
    """An account of the chart; `currency` is set for bank accounts only, `takes_payments` is Xero's switch."""

    code: str
    name: str
    type: str  # Xero's words: REVENUE, CURRLIAB, BANK, ...
    currency: str | None = None
    takes_payments: bool = False
    system: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteTaxRate:
    """A tax rate of the organisation; `rate` in percent."""

    code: str
    name: str
    rate: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteCurrency:
    """A currency the organisation is subscribed to, beside its own."""

    code: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteLock:
    """Nothing dated on or before this day may be made or changed (the period lock date)."""

    on: date


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteContact:
    """A contact that is there before the hub comes; `contact_id` names the gallery's contact it collides with."""

    contact_id: str
    name: str
    email: str
    status: Literal["ACTIVE", "ARCHIVED"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteInvoice:
    """An invoice that is there before the hub comes and was not made by it: it takes the number of `invoice_id`."""

    invoice_id: str
    number: str
    contact_name: str
    issued_on: date
    currency: str
    total: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class RemotePayment:
    """A payment a bookkeeper enters there after the first sync, on the invoice the hub made."""

    invoice_id: str
    remote_number: str
    paid_on: date
    amount: Decimal
    currency: str
    account: str


RemoteFact = RemoteAccount | RemoteTaxRate | RemoteCurrency | RemoteLock | RemoteContact | RemoteInvoice | RemotePayment


@dataclass(frozen=True, kw_only=True, slots=True)
class Void:
    """A void that people ask for after the first sync: ``POST .../invoices/{id}/void``."""

    invoice_id: str
    on: date
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Year:
    """The records of a gallery, what must be prepared at the remote side, and what must come out.

    The story: prepare `remote` (all but the `RemotePayment`s), send `records`, sync; then stands `expected_first`.
    Then the bookkeeper enters the `RemotePayment`s, the gallery sends `edits` (second versions, by PUT) and asks for
    `voids`, sync again; then stands `expected`. Both have one item per invoice or credit note and one per payment,
    in the order of the records.
    """

    seed: str
    first_day: date
    last_day: date
    records: tuple[Record, ...]
    edits: tuple[Record, ...]
    voids: tuple[Void, ...]
    remote: tuple[RemoteFact, ...]
    mappings: tuple[Record, ...]
    settings: Mapping[str, Any]
    expected_first: tuple[Expected, ...]
    expected: tuple[Expected, ...]

    def of_type(self, record_type: str) -> list[Record]:
        """The records of one type, in their order."""
        return [record for record in self.records if record["type"] == record_type]

    def ndjson(self) -> bytes:
        """The records as NDJSON: one a line, keys sorted, UTF-8."""
        return b"".join(ndjson_line(record) for record in self.records)

    def digest(self) -> str:
        """SHA-256 of everything: records, edits, voids, remote facts, mappings, settings and expectations."""
        rest = repr((self.edits, self.voids, self.remote, self.mappings, self.expected_first, self.expected))
        settings = json.dumps(dict(self.settings), sort_keys=True)
        return sha256(self.ndjson() + rest.encode() + settings.encode()).hexdigest()


def ndjson_line(record: Record) -> bytes:
    """One record as a line of NDJSON: keys sorted, UTF-8, no spaces."""
    return json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"
