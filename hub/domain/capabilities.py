"""What a kind declares of its remote side: what the hub may rely on there, and the limits it has to keep."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Cancel(StrEnum):
    """How an invoice is taken back there."""

    VOID = "void"
    DELETE = "delete"
    REVERSE = "reverse"
    NONE = "none"


class Tax(StrEnum):
    """Where tax is settled there."""

    LINE = "line"
    DOCUMENT = "document"
    NONE = "none"


class Idempotency(StrEnum):
    """How a repeated request is recognised there."""

    HEADER = "header"
    QUERY = "query"
    NONE = "none"


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What the hub may rely on at the remote side.

    `allocations`: a credit note can be put on an invoice there (`Allocation`), and taken off again.
    `idempotency_name`: the header (or query key) that carries the batch's key, at most 128 characters.
    `currency_fixed`: what is approved there cannot change its currency any more: a changed one is a conflict.
    """

    cancel: Cancel = Cancel.NONE
    tax: Tax = Tax.LINE
    idempotency: Idempotency = Idempotency.NONE
    idempotency_name: str = "Idempotency-Key"
    number_unique: bool = False
    currency_fixed: bool = False
    payments: bool = False
    credit_notes: bool = False
    allocations: bool = False
    pull: bool = False
    import_contacts: bool = False
    webhooks: bool = False


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The remote side's limits. Windows are in unscaled seconds; None = no such limit.

    Attributes:
        batch: Members of one write request at most.
        body_bytes: Size of a request body at most.
        in_flight: Calls at once per organisation.
        per_minute, per_day: Calls per organisation.
        app_per_minute: Calls of the whole app.
        timeout: Seconds for one call in all.
    """

    batch: int = 1
    body_bytes: int = 1_000_000
    in_flight: int = 1
    per_second: int | None = None
    per_minute: int | None = None
    per_day: int | None = None
    app_per_minute: int | None = None
    timeout: float = 20.0
