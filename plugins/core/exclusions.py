"""The exclude filters of the hub itself: rules that keep invoices out of a webservice's sync.

`check` names every fault of a rule's arguments; `matches` and `describe` take only arguments without a fault.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, get_args, get_type_hints

from hub import ExcludeFilter, Fault, Invoice, Line
from plugins.core.arguments import (
    AMOUNT_PATTERN,
    DATE_PATTERN,
    Arguments,
    any_of,
    check_names,
    check_range,
    check_values,
    plain,
    range_schema,
    range_words,
    read_amount,
    read_date,
    values_schema,
    within,
)
from plugins.core.numbers import NumberFilter

CHANNELS: tuple[str, ...] = get_args(get_type_hints(Invoice)["channel"])
INVOICE_KINDS: tuple[str, ...] = get_args(get_type_hints(Invoice)["kind"])
LINE_KINDS: tuple[str, ...] = get_args(get_type_hints(Line)["kind"])


class ValuesFilter(ABC):
    """Leaves out an invoice that has one of the listed values; capitals and outer blanks make no difference."""

    key: str
    label: str
    help: str
    allowed: tuple[str, ...] = ()  # empty: any text

    @property
    def schema(self) -> Mapping[str, Any]:
        """The JSON Schema of its arguments."""
        return values_schema(self.allowed)

    @abstractmethod
    def values_of(self, invoice: Invoice) -> Iterable[str]:
        """What *invoice* has that can be listed."""

    def check(self, arguments: Arguments) -> list[Fault]:
        """Faults of *arguments*: unknown names, no list, nothing in it, values that can never match."""
        return [*check_names(arguments, ("values",)), *check_values(arguments, self._fault_of)]

    def matches(self, invoice: Invoice, arguments: Arguments) -> bool:
        """Whether one of the invoice's values is listed."""
        listed = {plain(value) for value in arguments["values"]}
        return any(plain(value) in listed for value in self.values_of(invoice))

    def describe(self, arguments: Arguments) -> str:
        """Such as ``channel is shopify or portal``."""
        return f"{self.label.lower()} is {any_of(arguments['values'])}"

    def _fault_of(self, value: str) -> str | None:
        if self.allowed and plain(value) not in self.allowed:
            return f"{value!r} is none of {', '.join(self.allowed)}"
        return None


class ContactFilter(ValuesFilter):
    """By the contact's id."""

    key = "contact"
    label = "Contact"
    help = "Leave out the invoices of these contacts, by the contact's id."

    def values_of(self, invoice: Invoice) -> Iterable[str]:
        """The id of its contact."""
        return (invoice.contact_id,)

    def matches(self, invoice: Invoice, arguments: Arguments) -> bool:
        """Ids are compared as they are: capitals tell two of them apart."""
        return invoice.contact_id in {value.strip() for value in arguments["values"]}


class ChannelFilter(ValuesFilter):
    """By where the sale was made."""

    key = "channel"
    label = "Channel"
    help = f"Leave out sales of these channels: {', '.join(CHANNELS)}."
    allowed = CHANNELS

    def values_of(self, invoice: Invoice) -> Iterable[str]:
        """Its channel."""
        return (invoice.channel,)


class TagFilter(ValuesFilter):
    """By tag: one of the invoice's tags is enough."""

    key = "tag"
    label = "Tag"
    help = "Leave out invoices that bear one of these tags."

    def values_of(self, invoice: Invoice) -> Iterable[str]:
        """Its tags."""
        return invoice.tags


class CurrencyFilter(ValuesFilter):
    """By the invoice's currency."""

    key = "currency"
    label = "Currency"
    help = "Leave out invoices in these currencies, by their three letters (ISO 4217)."

    @property
    def schema(self) -> Mapping[str, Any]:
        """The JSON Schema of its arguments."""
        return values_schema(pattern="^[A-Za-z]{3}$")

    def values_of(self, invoice: Invoice) -> Iterable[str]:
        """Its currency."""
        return (invoice.currency,)

    def _fault_of(self, value: str) -> str | None:
        if re.fullmatch(r"[a-z]{3}", plain(value)):
            return None
        return f"{value!r} is no currency code of three letters"


class KindFilter(ValuesFilter):
    """By kind of invoice (``credit_note``) or by kind of line, when *all* lines but texts are of listed kinds.

    All, because one shipping line must not keep a sold work out of the books.
    """

    key = "kind"
    label = "Kind"
    help = (
        "Leave out all invoices or credit notes (invoice, credit_note), or those whose lines are all of these "
        f"kinds: {', '.join(kind for kind in LINE_KINDS if kind != 'text')}."
    )
    allowed = (*INVOICE_KINDS, *(kind for kind in LINE_KINDS if kind != "text"))

    def values_of(self, invoice: Invoice) -> Iterable[str]:
        """Its own kind."""
        return (invoice.kind,)

    def matches(self, invoice: Invoice, arguments: Arguments) -> bool:
        """Whether its own kind is listed, or every line but texts is of a listed kind."""
        listed = {plain(value) for value in arguments["values"]}
        lines = [line.kind for line in invoice.lines if line.kind != "text"]
        return super().matches(invoice, arguments) or (bool(lines) and listed.issuperset(lines))


class DateFilter:
    """By the date of the invoice, both ends included; an invoice without a date is never left out by it."""

    key = "date"
    label = "Date"
    help = "Leave out invoices issued from and to these dates (YYYY-MM-DD, both included)."
    schema: Mapping[str, Any] = range_schema(format="date", pattern=DATE_PATTERN)

    def check(self, arguments: Arguments) -> list[Fault]:
        """Faults of *arguments*: unknown names, no end at all, no date, ends the wrong way round."""
        return [*check_names(arguments, ("from", "to")), *check_range(arguments, read_date)]

    def matches(self, invoice: Invoice, arguments: Arguments) -> bool:
        """Whether it was issued within the range."""
        return invoice.issued_on is not None and within(invoice.issued_on, arguments, read_date)

    def describe(self, arguments: Arguments) -> str:
        """Such as ``issued from 2026-01-01 to 2026-03-31``."""
        return f"issued {range_words(arguments)}"


class AmountFilter:
    """By the gallery's total with tax, in the invoice's own currency, both ends included."""

    key = "amount"
    label = "Amount"
    help = 'Leave out invoices with a total from and to these amounts (such as "0.00"), in the invoice\'s currency.'
    schema: Mapping[str, Any] = range_schema(pattern=AMOUNT_PATTERN)

    def check(self, arguments: Arguments) -> list[Fault]:
        """Faults of *arguments*: unknown names, no end at all, no decimal text, ends the wrong way round."""
        return [*check_names(arguments, ("from", "to")), *check_range(arguments, read_amount)]

    def matches(self, invoice: Invoice, arguments: Arguments) -> bool:
        """Whether its total lies within the range."""
        return within(invoice.total, arguments, read_amount)

    def describe(self, arguments: Arguments) -> str:
        """Such as ``total from 0.00 to 50.00``."""
        return f"total {range_words(arguments)}"


FILTERS: tuple[ExcludeFilter, ...] = (
    NumberFilter(),
    ContactFilter(),
    ChannelFilter(),
    TagFilter(),
    KindFilter(),
    CurrencyFilter(),
    DateFilter(),
    AmountFilter(),
)
