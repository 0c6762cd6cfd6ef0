"""Versions of tax codes: an invoice keeps those in force when it was first stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from hub.domain.content import decode_body
from hub.domain.records import Invoice, TaxCode
from hub.store.database import Connection
from hub.store.queries import load
from hub.store.saving import Stored

QUERIES = load("records")


async def load_tax_codes(
    conn: Connection, gallery_id: str, wanted: Sequence[tuple[str, int]]
) -> dict[tuple[str, int], TaxCode]:
    """Tax codes in the versions *wanted*; what never was is absent."""
    pairs = list(dict.fromkeys(wanted))
    rows = await conn.fetch(
        QUERIES.find_tax_codes, gallery_id, [id_ for id_, _ in pairs], [version for _, version in pairs]
    )
    codes = {}
    for row in rows:
        code = decode_body("tax_code", row["body"])
        assert isinstance(code, TaxCode)  # noqa: S101 - decoded as one
        codes[row["id"], row["version"]] = code
    return codes


async def find_current(conn: Connection, gallery_id: str, invoices: Sequence[Invoice]) -> dict[str, int]:
    """Tax code -> its version in force now, for the codes on the lines of *invoices*."""
    codes = {line.tax_code for invoice in invoices for line in invoice.lines if line.tax_code}
    if not codes:
        return {}
    rows = await conn.fetch(QUERIES.find_code_versions, gallery_id, sorted(codes))
    return {row["id"]: row["version"] for row in rows}


async def complete(conn: Connection, gallery_id: str, found: Sequence[Stored]) -> list[Stored]:
    """*found* with the versions of tax codes that were missing when their invoice was first stored.

    Such a code counts in the version that was in force then, or in its first one when it came later.
    """
    missing = {id(one): _missing_codes(one) for one in found}
    wanted = {code for codes in missing.values() for code in codes}
    if not wanted:
        return list(found)
    versions: dict[str, list[tuple[int, datetime]]] = {}
    for row in await conn.fetch(QUERIES.list_code_versions, gallery_id, sorted(wanted)):
        versions.setdefault(row["id"], []).append((row["version"], row["since"]))
    completed = []
    for one in found:
        more = {
            code: max((version for version, since in known if since < one.created_at), default=known[0][0])
            for code in missing[id(one)]
            if (known := versions.get(code))
        }
        completed.append(msgspec.structs.replace(one, tax_versions={**one.tax_versions, **more}) if more else one)
    return completed


def _missing_codes(stored: Stored) -> set[str]:
    if not isinstance(stored.record, Invoice):
        return set()
    return {line.tax_code for line in stored.record.lines if line.tax_code} - stored.tax_versions.keys()
