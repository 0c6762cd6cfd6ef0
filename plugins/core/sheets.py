"""Sheets of the kind `files`: what the JSON Lines of a batch look like as CSV for a spreadsheet. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from typing import Any

COLUMNS: dict[str, tuple[str, ...]] = {
    "contact": (
        *("operation", "number", "name", "first_name", "last_name", "organisation", "email", "phone", "tax_number"),
        *("address", "city", "region", "postcode", "country"),
    ),
    "invoice": (
        *("operation", "number", "kind", "issued_on", "due_on", "contact_id", "contact", "currency", "price_mode"),
        *("total", "discount", "reference", "channel", "line", "line_kind", "description", "quantity", "unit_price"),
        *("line_discount", "tax_code", "tax_rate", "artist", "category", "ownership"),
    ),
    "payment": (
        *("operation", "number", "kind", "invoice_number", "paid_on", "amount", "currency", "method", "fee"),
        *("fee_currency", "reference"),
    ),
}
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)


def render_sheet(type_: str, members: Iterable[Mapping[str, Any]]) -> bytes:
    """The members of one batch as CSV, a row per invoice line; UTF-8 with the byte order mark spreadsheets want."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS[type_])
    for member in members:
        for row in _rows(member):
            writer.writerow([render_cell(row.get(column)) for column in COLUMNS[type_]])
    return text.getvalue().encode("utf-8-sig")


def render_cell(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula: what begins like one, and is no number, gets an apostrophe.

    Source: OWASP, "CSV Injection" (= + - @, tab, carriage return and line feed at the beginning).
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value).replace("\x00", "")
    if text.lstrip(" ")[:1] in tuple("=+-@\t\r\n＝＋－＠") and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def _rows(member: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row, or for an invoice one row a line, its own columns repeated."""
    head = {key: value for key, value in member.items() if key != "lines"}
    return [{**head, **line} for line in member.get("lines", ())] or [head]
