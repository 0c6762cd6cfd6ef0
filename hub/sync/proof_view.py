"""A proof as it is kept and shown: rows as JSON lines in a file, money as decimal strings."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import IO, Any

import msgspec

from hub.domain.amounts import minor_digits, minor_unit, round_money
from hub.domain.proof import Figures, ProofRow, Sums
from hub.domain.records import EntryType
from hub.store.entries import Unbooked

_SPOOL_BYTES = 1024 * 1024


class Orphan(msgspec.Struct, frozen=True, kw_only=True):
    """Something that stands on one side only; `record_id` None: there; else its remote counterpart is gone."""

    type: EntryType
    record_id: str | None = None
    remote_id: str
    number: str | None = None
    currency: str | None = None
    total: Decimal | None = None
    state: str | None = None
    credit_note: bool = False


class Spool:
    """JSON values one a line, in memory while they are few, then in a file that has no name."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES)  # noqa: SIM115 - closed by `close`
        self.count = 0

    def write(self, values: Sequence[Any]) -> None:
        """Add values; what was read in between does not matter."""
        self._file.seek(0, os.SEEK_END)
        self._file.write(b"".join(msgspec.json.encode(value) + b"\n" for value in values))
        self.count += len(values)

    def read(self) -> Iterator[bytes]:
        """Each value as the JSON it was written as, from the first."""
        self._file.seek(0)
        for line in self._file:
            yield line.rstrip(b"\n")

    def close(self) -> None:
        """Forget everything."""
        self._file.close()


def render_figures(figures: Figures | None, currency: str | None) -> dict[str, str | None] | None:
    """``{total, tax, paid}`` as decimal strings of one form; what a side does not tell is null."""
    if figures is None:
        return None
    return {
        name: None if value is None else render_amount(value, currency)
        for name, value in (("total", figures.total), ("tax", figures.tax), ("paid", figures.paid))
    }


def render_amount(value: Decimal, currency: str | None) -> str:
    """*value* with the decimals of its currency: ``0`` of AUD is ``0.00``. One that has more keeps them."""
    plain = round_money(value, minor_unit(minor_digits(currency or "")))
    return format(plain if plain == value else value, "f")


def render_row(row: ProofRow) -> dict[str, Any]:
    """One row as the API shows it."""
    return {
        "type": row.type,
        "record_id": row.record_id,
        "number": row.number,
        "remote_id": row.remote_id,
        "state": row.state,
        "currency": row.currency,
        "ours": render_figures(row.ours, row.currency),
        "theirs": render_figures(row.theirs, row.currency),
        "difference": render_figures(row.difference, row.currency),
    }


def render_orphan(orphan: Orphan) -> dict[str, Any]:
    """One orphan as the API shows it."""
    total = None if orphan.total is None else render_amount(orphan.total, orphan.currency)
    return {
        "type": orphan.type,
        "record_id": orphan.record_id,
        "remote_id": orphan.remote_id,
        "number": orphan.number,
        "state": orphan.state,
        "currency": orphan.currency,
        "total": total,
    }


def render_unbooked(one: Unbooked) -> dict[str, Any]:
    """One record that is not in the books, as the API shows it."""
    return {
        "type": one.type,
        "record_id": one.record_id,
        "state": one.state,
        "reason": one.reason,
        "currency": one.currency,
        "total": None if one.total is None else format(one.total, "f"),
    }


def render_sums(sums: Sums) -> list[dict[str, Any]]:
    """``[{currency, ours, theirs, difference}]`` of all invoices, credit notes counted off."""
    return [
        {
            "currency": currency,
            "ours": render_figures(ours, currency),
            "theirs": render_figures(theirs, currency),
            "difference": render_figures(ours.minus(theirs), currency),
        }
        for currency, (ours, theirs) in sums.by_currency().items()
    ]
