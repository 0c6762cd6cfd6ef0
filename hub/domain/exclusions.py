"""Exclude filters: rules that keep invoices out of the sync."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from hub.domain.books import Exclusion
from hub.domain.records import Invoice
from hub.errors import Fault


class ExcludeFilter(Protocol):
    """One filter, registered by a plugin's `hub_exclude_filters`."""

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
        rule = filters.get(exclusion.filter)
        if rule is not None and rule.matches(invoice, exclusion.arguments):
            return rule.describe(exclusion.arguments)
    return None
