"""The lines of an invoice, as they are sent and as people see them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from zlib import crc32

import msgspec

from hub import Amounts, DraftLine, Invoice, Line
from plugins.xero import normalise, rounding
from plugins.xero.fields import FIELDS
from plugins.xero.places import Place, split_artists

ROUNDING_TEXT = "Rounding"
ZERO = Decimal(0)


def plain(value: Decimal, least: int = 2) -> str:
    """A number as Xero gets it: no exponent, no needless zeros beyond *least* decimals, no negative zero."""
    text = f"{value + ZERO:f}"
    whole, _, decimals = text.partition(".")
    decimals = decimals.rstrip("0").ljust(least, "0")
    return f"{whole}.{decimals}" if decimals else whole


class Sheet(msgspec.Struct):
    """The lines while they are put together: as sent (`wire`), as shown (`lines`), and what was changed (`notes`)."""

    notes: list[str]
    wire: list[dict[str, Any]] = []
    lines: list[DraftLine] = []

    def add_text(self, text: str) -> None:
        """A line of text alone."""
        self.wire.append({"Description": text})
        self.lines.append(DraftLine(description=text, quantity=ZERO, unit_amount=ZERO, net=ZERO, tax=ZERO))

    def add_wordy(self, line: Line) -> None:
        """A line without money: of the kind `text`, or with quantity 0."""
        text = line_text(line)
        if line.kind != "text":
            self.notes.append(f"“{normalise.cut_text(text, 60, end='…')}” has quantity 0 and goes as text alone.")
        self.add_text(text)

    def add_line(self, line: Line, piece: rounding.Piece, place: Place) -> None:
        """A line with money."""
        text = line_text(line, collapsed=piece.collapsed)
        most = FIELDS["LineItem.Description"].most
        if len(line.description) > most and "…" in text:
            self.notes.append(f"A description was cut to {most} characters.")
        if not normalise.clean_text(line.description):
            self.notes.append(f"A line has no description and goes as “{text}”.")
        item: dict[str, Any] = {
            "Description": text,
            "Quantity": plain(piece.quantity, 0),
            "UnitAmount": plain(piece.unit),
            **place.wire,
        }
        if piece.override is not None:
            item["TaxAmount"] = plain(piece.override)
        if place.tracking:
            item["Tracking"] = [
                {"TrackingCategoryID": category, "TrackingOptionID": option} for category, option, _ in place.tracking
            ]
        self.wire.append(item)
        self.lines.append(
            DraftLine(
                description=text,
                quantity=piece.quantity,
                unit_amount=piece.unit,
                net=rounding.round_cents(piece.quantity * piece.unit),
                tax=piece.tax,
                account=place.account,
                tax_code=place.tax_code,
                tracking=tuple(name for _, _, name in place.tracking),
            )
        )

    def add_discount(self, invoice: Invoice, amounts: Amounts) -> None:
        """The invoice's own discount is inside the lines (DOMAIN 3.4.6); it is said in words."""
        discount = sum((line.discount for line in amounts.lines), ZERO)
        if not discount:
            return
        percent = invoice.discount.percent if invoice.discount else None
        share = f" ({plain(percent, 0)} %)" if percent is not None else ""
        self.add_text(f"A discount of {plain(discount)} {invoice.currency}{share} is taken off in the lines above.")

    def add_rounding(self, amount: Decimal, place: Place) -> None:
        """The one rounding line: 1 x *amount*, without tax."""
        self.wire.append(
            {
                "Description": ROUNDING_TEXT,
                "Quantity": "1",
                "UnitAmount": plain(amount),
                **place.wire,
                "TaxAmount": "0.00",
            }
        )
        self.lines.append(
            DraftLine(
                description=ROUNDING_TEXT,
                quantity=Decimal(1),
                unit_amount=amount,
                net=amount,
                tax=ZERO,
                account=place.account,
                tax_code=place.tax_code,
            )
        )


def line_text(line: Line, *, collapsed: bool = False) -> str:
    """The line's description, cut to its limit, with what the amounts alone do not say.

    Count, list price and discount; and the artists where there are several, for the account is the first one's.
    """
    text = normalise.clean_text(line.description) or line.kind.replace("_", " ").capitalize()
    said = []
    artists = [normalise.clean_line(name) for name in split_artists(line.artist)]
    if len(artists) > 1 and any(name.casefold() not in text.casefold() for name in artists):
        said.append(" & ".join(artists))
    price = plain(line.unit_price)
    if collapsed:
        said.append(f"{plain(line.quantity, 0)} × {price}")
    if line.discount and (line.discount.percent or line.discount.amount):
        if not collapsed:
            said.append(f"list {price}")
        value = line.discount.percent if line.discount.percent is not None else line.discount.amount or ZERO
        said.append(f"less {plain(value, 0)} %" if line.discount.percent is not None else f"less {plain(value)}")
    suffix = f" ({', '.join(said)})" if said else ""
    most = FIELDS["LineItem.Description"].most - len(suffix)
    return normalise.cut_text(text, most, end="…") + suffix


def text_key(description: str | None) -> str:
    """What tells lines of one invoice apart: 8 hex digits of their text; identical texts have one key."""
    return f"{crc32((description or '').encode()):08x}"


def keep_line_ids(items: Sequence[dict[str, Any]], stands: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """*items* with the LineItemIDs of the lines that stand there (FACTS 4.6): they are changed, not replaced.

    The same text keeps its id, the first the first; what is left over takes the ids left over, in order.

    Args:
        items: Lines as they are sent; not changed.
        stands: (LineItemID, `text_key`) of each line there, in order; empty where nothing is known of them.
    """
    by_text: dict[str, list[str]] = {}
    for line_id, key in stands:
        by_text.setdefault(key, []).append(line_id)
    kept = [ids.pop(0) if (ids := by_text.get(text_key(item.get("Description")))) else None for item in items]
    taken = set(kept)
    free = iter([line_id for line_id, _ in stands if line_id not in taken])
    found = [line_id or next(free, None) for line_id in kept]
    return [
        {"LineItemID": line_id, **item} if line_id else dict(item) for line_id, item in zip(found, items, strict=True)
    ]
