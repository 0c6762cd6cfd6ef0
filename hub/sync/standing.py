"""How a gallery stands as a whole: a year by month, and since when something waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import msgspec

from hub.store import glances
from hub.sync.services import Services

MONTHS = 12


class Month(msgspec.Struct, frozen=True, kw_only=True):
    """Invoices and credit notes dated in one month, by group; what is left out is not counted."""

    on: date
    in_the_books: int = 0
    on_its_way: int = 0
    needs_you: int = 0

    @property
    def total(self) -> int:
        """All that are counted."""
        return self.in_the_books + self.on_its_way + self.needs_you


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """`months`: twelve, oldest first; `since`: since when the oldest of what is on its way stands so, None: nothing."""

    months: tuple[Month, ...]
    since: datetime | None


async def get_standing(services: Services, gallery_id: str, webservice_ids: Sequence[str], *, today: date) -> Standing:
    """The twelve months that end with the month of *today* (the gallery's day), over these webservices."""
    days = list_months(today)
    before = _add(days[-1], 1)
    async with services.database.connection() as conn:
        counted = await glances.count_months(conn, gallery_id, webservice_ids, since=days[0], before=before)
        since = await glances.find_waiting_since(conn, gallery_id, webservice_ids)
    return Standing(months=tuple(_month(day, counted.get(day, {})) for day in days), since=since)


def list_months(today: date) -> list[date]:
    """The first days of the twelve months that end with that of *today*, oldest first."""
    return [_add(today, back) for back in range(1 - MONTHS, 1)]


def _add(day: date, months: int) -> date:
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(years, month + 1, 1)


def _month(on: date, groups: Mapping[str, int]) -> Month:
    return Month(on=on, **groups)
