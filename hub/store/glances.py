"""How a whole gallery stands, from its entries: by month, and since when something waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from hub.store.database import Connection
from hub.store.queries import load

QUERIES = load("glances")


async def count_months(
    conn: Connection, gallery_id: str, webservice_ids: Sequence[str], *, since: date, before: date
) -> Mapping[date, Mapping[str, int]]:
    """First day of a month -> group -> invoices (and credit notes) of that month; months and groups without any are
    absent. What is left out is not counted; each invoice counts once, where it needs most."""
    found: dict[date, dict[str, int]] = {}
    for row in await conn.fetch(QUERIES.months, gallery_id, list(webservice_ids), since, before):
        found.setdefault(row["month"], {})[row["group"]] = row["n"]
    return found


async def find_waiting_since(conn: Connection, gallery_id: str, webservice_ids: Sequence[str]) -> datetime | None:
    """Since when the oldest entry that is on its way stands as it does; None when none is."""
    since: datetime | None = await conn.fetchval(QUERIES.waiting_since, gallery_id, list(webservice_ids))
    return since
