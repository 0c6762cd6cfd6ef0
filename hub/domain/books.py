"""The book: settings, mappings, exclusions and choices of one webservice, as one snapshot."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec

from hub.domain.records import Gallery

AccountClass = Literal["revenue", "expense", "asset", "liability", "equity"]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A remote account.

    `currency`: of a bank account, None = the organisation's. `system`: their name of a special one (``ROUNDING``).
    """

    id: str
    code: str | None = None
    name: str
    class_: AccountClass = msgspec.field(name="class")
    type: str = ""
    active: bool = True
    takes_payments: bool = False
    currency: str | None = None
    system: str | None = None
    is_bank: bool = False


class TaxRate(msgspec.Struct, frozen=True, kw_only=True):
    """A remote tax rate; `rate` is the effective rate in percent. `applies_to`: account classes it may be used with."""

    code: str
    name: str
    rate: Decimal
    active: bool = True
    applies_to: tuple[AccountClass, ...] = ("revenue", "expense", "asset", "liability", "equity")


class TrackingOption(msgspec.Struct, frozen=True, kw_only=True):
    """One option of a tracking category."""

    id: str
    name: str
    active: bool = True


class TrackingCategory(msgspec.Struct, frozen=True, kw_only=True):
    """A tracking category with its options."""

    id: str
    name: str
    options: tuple[TrackingOption, ...] = ()


class Organisation(msgspec.Struct, frozen=True, kw_only=True):
    """The business at the remote side. `locked_until`: documents dated on or before it are refused."""

    id: str
    name: str
    currency: str | None = None
    country: str | None = None
    locked_until: date | None = None
    short_code: str | None = None
    connection_id: str | None = None


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What the remote side offers to map to. `currencies`: codes subscribed there, base first; empty = not told."""

    accounts: tuple[Account, ...] = ()
    tax_rates: tuple[TaxRate, ...] = ()
    tracking: tuple[TrackingCategory, ...] = ()
    currencies: tuple[str, ...] = ()
    organisation: Organisation | None = None


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where a mapping leads: an account or tax rate by `id` or `code`, a tracking option by `id` + `category_id`."""

    id: str | None = None
    code: str | None = None
    category_id: str | None = None


class Mapping(msgspec.Struct, frozen=True, kw_only=True):
    """slot + conditions -> target. All keys of `when` must match; the most specific mapping wins."""

    slot: str
    to: Target
    when: dict[str, str] = {}


class Exclusion(msgspec.Struct, frozen=True, kw_only=True):
    """One exclude filter of a webservice: the filter's key and its own arguments (``values``, ``from``, ``to`` ...)."""

    filter: str
    arguments: dict[str, Any] = {}


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a kind that needs a remote account, tax rate or tracking option.

    Attributes:
        fills: What may fill it.
        when: The record attributes a mapping of this slot may depend on.
        required: The webservice does not sync before the slot has an unconditional mapping
            (for `tax`: before each tax code in use has one is judged per record).
    """

    key: str
    label: str
    fills: tuple[Literal["revenue", "bank", "expense", "liability", "asset", "tax", "tracking", "item"], ...]
    required: bool = False
    when: tuple[str, ...] = ()
    help: str = ""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something to know about a mapping; `code`: a reason code or ``unmapped``; `count` records wait for it."""

    code: str
    message: str
    slot: str
    when: dict[str, str] = {}
    count: int | None = None
    blocking: bool = False


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a rendering may depend on besides the record, frozen at the start of a run.

    Attributes:
        settings: The kind's own settings model (a validated, immutable pydantic object).
        tag: Six base32 characters of the gallery: what is ours at the remote side bears it.
        connected_at: When the webservice was made; gate (2) of DESIGN section 8.
        window_start: Records changed before it fall out of the window; None = no window.
        today: The calendar day in the gallery's zone at the start of the run.
    """

    gallery: Gallery
    kind: str
    webservice_id: str
    settings: Any
    tag: str
    mappings: tuple[Mapping, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    choices: Choices = Choices()
    organisation_id: str | None = None
    connected_at: datetime
    window_start: datetime | None = None
    today: date
    extra: MappingOf[str, Any] = {}
