"""Exclude filters: rules that keep invoices out of the sync."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from hub.domain.books import Exclusion
from hub.domain.records import Invoice
from hub.errors import Fault


class ExcludeFilter(Protocol):
    """One filter, registered by a plugin's `hub_exclude_filters`.

    It may have a `schema` too: the JSON Schema of its arguments, from which a form is made.
    """

    key: str
    label: str
    help: str

    def check(self, arguments: Mapping[str, Any]) -> list[Fault]:
        """Faults of *arguments*, with places relative to them; none = they can be saved."""
        ...

    def matches(self, invoice: Invoice, arguments: Mapping[str, Any]) -> bool:
        """Whether *invoice* is left out."""
        ...

    def describe(self, arguments: Mapping[str, Any]) -> str:
        """The rule as words for people: ``channel is shopify``."""
        ...


def find_exclusion(
    invoice: Invoice, exclusions: Iterable[Exclusion], filters: Mapping[str, ExcludeFilter]
) -> str | None:
    """The words of the first rule that leaves *invoice* out, or None.

    A rule whose filter is not registered any more leaves nothing out silently: it is reported at settings time.
    """
    for exclusion in exclusions:
        if is_matched(invoice, exclusion, filters):
            return describe(exclusion, filters)
    return None


def is_matched(invoice: Invoice, exclusion: Exclusion, filters: Mapping[str, ExcludeFilter]) -> bool:
    """Whether the rule leaves *invoice* out; never when its filter is not registered."""
    rule = filters.get(exclusion.filter)
    return rule is not None and rule.matches(invoice, exclusion.arguments)


def describe(exclusion: Exclusion, filters: Mapping[str, ExcludeFilter]) -> str:
    """The rule in words, as its filter says them; the filter's key when it is not registered."""
    rule = filters.get(exclusion.filter)
    return exclusion.filter if rule is None else rule.describe(exclusion.arguments)


FREE_ARGUMENTS: Mapping[str, Any] = {"type": "object"}


def arguments_schema(rule: ExcludeFilter) -> Mapping[str, Any]:
    """The JSON Schema of a rule's arguments: the filter's own `schema` where it has one, else any object."""
    schema = getattr(rule, "schema", None)
    return schema if isinstance(schema, Mapping) else FREE_ARGUMENTS
