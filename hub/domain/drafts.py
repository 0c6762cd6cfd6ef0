"""Drafts: pure renderings of records for one kind, and what a write carries."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from hub.domain.records import Contact, Gallery, Invoice, Payment, Record, Reference, TaxCode, reference
from hub.domain.remotes import Operation, Remote, RemoteId, RemoteStatus


class Allocation(msgspec.Struct, frozen=True, kw_only=True):
    """What of a credit note settles an invoice: no record, but made from the credit note's `applies_to`.

    Attributes:
        id: The id of the credit note.
        invoice_id: The gallery's invoice that it settles.
        amount: In `currency`, above 0.
        on: The later of the two documents' dates.
        number, invoice_number: The numbers the two documents bear there, for people.
    """

    id: str
    invoice_id: str
    amount: Decimal
    currency: str
    on: date
    number: str = ""
    invoice_number: str = ""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A record together with the other records that its rendering reads.

    Attributes:
        record: A Contact, Invoice or Payment, or an Allocation where the kind has the ability.
        version: Our version of *record*.
        number: The natural key frozen in the entry (invoice number with prefix, contact number, payment marker).
        contact: Of an invoice; None when it is missing.
        invoice: Of a payment: the invoice or credit note it settles; of a credit note: the invoice it applies to; None
            when it is missing.
        tax_codes: Those of an invoice's lines, by id, in the version in force for it; missing ones are absent.
        remote: What stands there now, as far as we know.
        distinct: A person said that a second contact of the same name is meant (`retry {"distinct": true}`).
    """

    record: Record | Allocation
    version: int
    number: str
    gallery: Gallery
    contact: Contact | None = None
    invoice: Invoice | None = None
    invoice_number: str | None = None
    tax_codes: Mapping[str, TaxCode] = {}
    remote: Remote | None = None
    distinct: bool = False

    @property
    def reference(self) -> Reference:
        """The record's name within its gallery."""
        if isinstance(self.record, Allocation):
            return Reference("allocation", self.record.id)
        return reference(self.record)

    @property
    def credit_note(self) -> bool:
        """Whether it is a credit note, or a payment that refunds one."""
        match self.record:
            case Invoice(kind=kind):
                return kind == "credit_note"
            case Payment(kind=kind):
                return kind == "refund"
            case _:
                return False


class DraftLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line as it will stand there, for people: amounts in the invoice's currency."""

    description: str
    quantity: Decimal
    unit_amount: Decimal
    net: Decimal
    tax: Decimal
    account: str | None = None
    tax_code: str | None = None
    tracking: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """A kind may hand on the record's own numbers."""
        _make_plain(self, "quantity", "unit_amount", "net", "tax")


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """The pure rendering of a record for one kind.

    Attributes:
        number: Natural key it will have there.
        body: The kind's own wire values, plain JSON-able (dict/list/str/int/Decimal); other records are named through
            `needs`, `Kind.request` puts their remote ids in.
        needs: Records that must stand there first, in the order they are to be written.
        currency, total, tax: What must stand there after the write, to the cent; None for contacts.
        on: The document's date.
        status: The status asked for; another one in the answer is held ``not_approved``. None: not checked.
        lines: For preview and explain.
        notes: What was changed on the way, in sentences for people (a shortened name, a left-out e-mail).
        shown: Field name -> text of what a person compares when both sides differ.
        amends: Fingerprint of the draft that this one replaces, after the remote side answered with another total
            (`Webservice.amend`); it stands for this one, so that the same record is not written again.
    """

    number: str
    body: dict[str, Any]
    needs: tuple[Reference, ...] = ()
    currency: str | None = None
    total: Decimal | None = None
    tax: Decimal | None = None
    on: date | None = None
    status: RemoteStatus | None = None
    lines: tuple[DraftLine, ...] = ()
    notes: tuple[str, ...] = ()
    shown: dict[str, str] = {}
    amends: str | None = None

    def __post_init__(self) -> None:
        """A kind may hand on the record's own numbers."""
        _make_plain(self, "total", "tax", "body")

    @property
    def fingerprint(self) -> str:
        """Equal for drafts that would write the same thing: the hash of body and needs, 32 hex characters."""
        if self.amends is not None:
            return self.amends
        data = msgspec.json.encode((self.body, self.needs), order="deterministic")
        return hashlib.sha256(data).hexdigest()[:32]


def _make_plain(struct: msgspec.Struct, *names: str) -> None:
    """Numbers that a kind took from a record become plain decimals: msgspec encodes no subclass of Decimal."""
    for name in names:
        value = getattr(struct, name)
        if (plain := _plain(value)) is not value:
            msgspec.structs.force_setattr(struct, name, plain)


def _plain(value: Any) -> Any:
    """*value* without marked decimals; the same object when there are none."""
    if isinstance(value, Decimal):
        return value if type(value) is Decimal else Decimal(value)
    if isinstance(value, dict):
        items = {key: _plain(one) for key, one in value.items()}
        return value if all(items[key] is one for key, one in value.items()) else items
    if isinstance(value, list | tuple):
        parts = [_plain(one) for one in value]
        return value if all(new is old for new, old in zip(parts, value, strict=True)) else type(value)(parts)
    return value


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """The record cannot be rendered: a reason code, one sentence for people, and the remedy.

    `cause` groups entries into one problem; by default the code with the message.
    """

    code: str
    message: str
    remedy: str
    cause: str = ""


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """One intended change at the remote side.

    Attributes:
        number: Natural key by which its outcome is recognised (invoice or contact number, payment marker).
        remote: What is updated or cancelled; None for a create.
        draft: What is to stand there; None for a cancel.
        document_id: For a payment: the remote document it was sent for, for its look-up; for an allocation: the
            invoice it settles.
        source_id: For an allocation: the remote credit note it is taken from.
        credit_note: The document is a credit note; the payment refunds one.
        before: The body last written there, for an update that sends only what changed; None where it is not kept.
        written: The keys of *before* that we wrote there ourselves: what the gallery cleared of them is emptied there.
    """

    reference: Reference
    operation: Operation
    number: str
    draft: Draft | None = None
    remote: Remote | None = None
    record_version: int = 0
    before: dict[str, Any] | None = None
    written: tuple[str, ...] = ()
    document_id: RemoteId | None = None
    source_id: RemoteId | None = None
    credit_note: bool = False


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The exact bytes of one request. `query` is ordered and not yet encoded; `body` empty for reads."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """A whole answer; header names in lower case."""

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""
