"""Invoices as people look for them: searched, filtered and counted by group, with how each stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import msgspec

from hub.domain.entries import Group
from hub.store import entries
from hub.store.database import Connection
from hub.store.entries import EntryView
from hub.store.queries import load
from hub.store.record_rows import fold

QUERIES = load("invoice_lists")


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which invoices are looked for; None: all.

    Attributes:
        webservice_ids: Those whose entries count.
        only: Leave out invoices without an entry in any of them.
        text: A part of number (here or there), id, reference, or the contact's name or e-mail address, in any case.
        reason: The invoice, a payment of it or an allocation on it has it.
        since, until: Of the invoice's date, both included.
    """

    webservice_ids: tuple[str, ...] = ()
    only: bool = False
    text: str | None = None
    group: Group | None = None
    reason: str | None = None
    since: date | None = None
    until: date | None = None


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """One invoice of a list. `contact` None: its contact is missing; `needing`: type -> entries that need a person."""

    id: str
    number: str
    kind: str
    status: str
    on: date | None
    total: Decimal
    currency: str
    contact_id: str
    contact: str | None
    entries: tuple[EntryView, ...] = ()
    needing: Mapping[str, int] = {}


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One page, newest first. `counts`: group -> invoices that match but for the group; one may be in several groups
    when there are several webservices. `all`: invoices that match but for the group."""

    items: tuple[Head, ...]
    counts: Mapping[str, int]
    all: int


async def search(conn: Connection, gallery_id: str, wanted: Filter, *, limit: int, offset: int) -> Found:
    """One page of the invoices that match *wanted*, and how many there are in each group."""
    names = list(wanted.webservice_ids)
    rows = await conn.fetch(
        QUERIES.search,
        gallery_id,
        names,
        wanted.only,
        fold(wanted.text) if wanted.text else None,
        wanted.group,
        wanted.reason,
        wanted.since,
        wanted.until,
        limit,
        offset,
    )
    heads = await _heads(conn, gallery_id, names, [row["id"] for row in rows if row["what"] == "invoice"])
    return Found(
        items=heads,
        counts={row["id"]: row["n"] for row in rows if row["what"] == "group"},
        all=next(row["n"] for row in rows if row["what"] == "all"),
    )


async def _heads(
    conn: Connection, gallery_id: str, webservice_ids: Sequence[str], ids: Sequence[str]
) -> tuple[Head, ...]:
    """The invoices *ids* in their order."""
    if not ids:
        return ()
    rows = {row["id"]: row for row in await conn.fetch(QUERIES.heads, gallery_id, ids)}
    views = await entries.for_records(conn, gallery_id, "invoice", ids)
    needing: dict[str, dict[str, int]] = {}
    for row in await conn.fetch(QUERIES.needing, gallery_id, webservice_ids, ids):
        needing.setdefault(row["invoice_id"], {})[row["type"]] = row["n"]
    return tuple(
        Head(
            id=one,
            number=rows[one]["number"],
            kind=rows[one]["kind"],
            status=rows[one]["status"],
            on=rows[one]["dated_on"],
            total=rows[one]["amount"],
            currency=rows[one]["currency"],
            contact_id=rows[one]["contact_id"],
            contact=rows[one]["contact"],
            entries=tuple(view for view in views.get(one, ()) if view.webservice_id in webservice_ids),
            needing=needing.get(one, {}),
        )
        for one in ids
        if one in rows  # deleted since the search
    )


async def list_reasons(conn: Connection, gallery_id: str, webservice_ids: Sequence[str]) -> list[str]:
    """The reasons that occur, by code."""
    return [row["reason"] for row in await conn.fetch(QUERIES.reasons, gallery_id, list(webservice_ids))]


async def list_named(conn: Connection, gallery_id: str, text: str, more: Sequence[str]) -> list[tuple[str, str, bool]]:
    """(id, number, whether it is called *text*) of invoices called *text*, or with one of the numbers *more*.

    Called so: its id, or its number here or there without case. At most 20.
    """
    texts = [text.lower(), *(one.lower() for one in more)]
    rows = await conn.fetch(QUERIES.named, gallery_id, texts, [text])
    return [(row["id"], row["number"], row["by_name"]) for row in rows]
