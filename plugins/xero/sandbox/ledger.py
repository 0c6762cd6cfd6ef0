"""Shelves of records in order of their last change, and indexes beside them: built for 20,000 invoices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from plugins.xero.sandbox.state import NEVER, Batch, Contact, Document, Payment


class Stamped(Protocol):
    """Anything with an id and the stamp of its last change."""

    id: str
    updated_at: datetime


T = TypeVar("T", bound=Stamped)


class Shelf(Generic[T]):
    """Records by id, kept in the order of their last change."""

    def __init__(self) -> None:
        self._rows: dict[str, T] = {}
        self._latest = NEVER
        self._in_order = True

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def __getitem__(self, key: str) -> T:
        return self._rows[key]

    def get(self, key: str) -> T | None:
        """The record *key*, or None."""
        return self._rows.get(key)

    def values(self) -> list[T]:
        """Every record, the one changed last at the end."""
        return list(self._rows.values())

    def touch(self, row: T, now: datetime) -> None:
        """Store *row* as changed at *now*."""
        row.updated_at = now
        self._rows.pop(row.id, None)
        self._rows[row.id] = row
        if now < self._latest:
            self._in_order = False  # a test turned its clock back: `since` looks at every row from now on
        else:
            self._latest = now

    def since(self, moment: datetime) -> list[T]:
        """Records changed at or after *moment*, in seconds: fractions are cut. FACTS 7.1."""
        if not self._in_order:
            return [row for row in self._rows.values() if row.updated_at.replace(microsecond=0) >= moment]
        found = []
        for row in reversed(self._rows.values()):
            if row.updated_at.replace(microsecond=0) < moment:
                break
            found.append(row)
        found.reverse()
        return found


class Index:
    """Ids by a text key that is compared without case."""

    def __init__(self) -> None:
        self._ids: dict[str, dict[str, None]] = {}

    def add(self, key: str | None, row_id: str) -> None:
        """File *row_id* under *key*; nothing for an empty key."""
        if key:
            self._ids.setdefault(key.casefold(), {})[row_id] = None

    def move(self, old: str | None, new: str | None, row_id: str) -> None:
        """File *row_id* under *new* instead of *old*."""
        if old and (ids := self._ids.get(old.casefold())):
            ids.pop(row_id, None)
        self.add(new, row_id)

    def ids(self, key: str) -> tuple[str, ...]:
        """The ids filed under *key*, oldest first."""
        return tuple(self._ids.get(key.casefold(), ()))


class Ledger:
    """The records of one organisation. Tests may read and alter them directly."""

    def __init__(self) -> None:
        self.contacts: Shelf[Contact] = Shelf()
        self.invoices: Shelf[Document] = Shelf()
        self.credit_notes: Shelf[Document] = Shelf()
        self.payments: Shelf[Payment] = Shelf()
        self.batches: Shelf[Batch] = Shelf()
        self.contact_names = Index()
        self.contact_numbers = Index()
        self.invoice_numbers = Index()
        self.credit_numbers = Index()

    def shelf_of(self, document: Document) -> Shelf[Document]:
        """Where *document* stands."""
        return self.credit_notes if document.is_credit else self.invoices

    def number_index(self, document: Document) -> Index:
        """The index of numbers that *document* belongs to."""
        return self.credit_numbers if document.is_credit else self.invoice_numbers

    def invoices_numbered(self, number: str) -> list[Document]:
        """Sales invoices that bear *number*, whatever their status, oldest first."""
        return [self.invoices[key] for key in self.invoice_numbers.ids(number)]

    def contacts_named(self, name: str) -> list[Contact]:
        """Contacts called *name* (compared without case), archived ones too."""
        return [self.contacts[key] for key in self.contact_names.ids(name)]

    def contacts_numbered(self, number: str) -> list[Contact]:
        """Contacts that bear *number*, archived ones too."""
        return [self.contacts[key] for key in self.contact_numbers.ids(number)]

    def payments_of(self, document: Document) -> list[Payment]:
        """Payments of *document*, deleted ones too, oldest first."""
        return self._rows(document.payment_ids)

    def _rows(self, ids: Iterable[str]) -> list[Payment]:
        return [self.payments[key] for key in ids]
