"""How amounts, counts and times are written for a gallery (pure): its country's digits, its zone, English words."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

from hub.domain.records import Gallery

_ANYWHERE = Locale.parse("en_001")  # English of no country: 4 March 2026, 1,234.50
_CODE = re.compile(r"([A-Z]{3})(?=\d)")  # CLDR's space between a code and a figure, which babel leaves out
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


@cache
def number_locale(country: str) -> Locale:
    """How *country* (ISO 3166) writes numbers: English as it is written there, else its own main language."""
    try:
        return Locale("en", country)
    except UnknownLocaleError:
        pass
    try:
        found = Locale.parse(f"und_{country}")
    except (UnknownLocaleError, ValueError):
        return _ANYWHERE
    return _ANYWHERE if found.character_order != "left-to-right" else found


@cache
def word_locale(country: str) -> Locale:
    """How *country* writes dates in English."""
    try:
        return Locale("en", country)
    except UnknownLocaleError:
        return _ANYWHERE


class Formats:
    """The ways of writing of one gallery, at one moment.

    Args:
        country: ISO 3166 alpha-2; what is none is written as in no country.
        timezone: IANA name; what is none is UTC.
        now: Aware; what "today" and "3 minutes ago" are told from.
    """

    def __init__(self, *, country: str, timezone: str, now: datetime) -> None:
        self._numbers = number_locale(country)
        self._words = word_locale(country)
        try:
            self.zone: ZoneInfo = ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self.zone = ZoneInfo("UTC")
        self.now = now

    @classmethod
    def of(cls, gallery: Gallery | None, now: datetime) -> Formats:
        """A gallery's; without one those of no country, in UTC."""
        if gallery is None:
            return cls(country="001", timezone="UTC", now=now)
        return cls(country=gallery.country, timezone=gallery.timezone, now=now)

    def money(self, amount: Decimal | str, currency: str) -> str:
        """``$1,234.50``, ``EUR 1,234.50``; every decimal that is there is shown, nothing is rounded."""
        written = format_currency(Decimal(amount), currency, locale=self._numbers, decimal_quantization=False)
        return _CODE.sub("\\1\xa0", written)

    def number(self, value: Decimal | int | str) -> str:
        """``1,234.5``; nothing is rounded."""
        return format_decimal(Decimal(value), locale=self._numbers, decimal_quantization=False)

    def count(self, n: int, one: str, many: str | None = None) -> str:
        """``1 invoice``, ``1,204 invoices``."""
        return f"{self.number(n)} {one if n == 1 else many or one + 's'}"

    def day(self, on: date) -> str:
        """``4 March 2026``; a datetime counts in the gallery's zone."""
        return format_date(self._local(on), format="long", locale=self._words)

    def month(self, on: date) -> str:
        """``March 2026``."""
        return format_date(self._local(on), format="MMMM y", locale=self._words)

    def moment(self, at: datetime) -> str:
        """``today 10:04``, ``yesterday 18:20``, ``4 March 2026, 10:04``, in the gallery's zone."""
        there = at.astimezone(self.zone)
        clock = f"{there:%H:%M}"
        days = (self.now.astimezone(self.zone).date() - there.date()).days
        near = {0: "today", 1: "yesterday", -1: "tomorrow"}.get(days)
        return f"{near} {clock}" if near else f"{self.day(at)}, {clock}"

    def exact(self, at: datetime) -> str:
        """``4 March 2026, 10:04:31 AEDT``."""
        there = at.astimezone(self.zone)
        return f"{self.day(at)}, {there:%H:%M:%S %Z}"

    def machine(self, at: datetime) -> str:
        """For the attribute of a `<time>`: RFC 3339 in UTC."""
        return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"

    def ago(self, at: datetime) -> str:
        """``just now``, ``3 minutes ago``, ``in 2 hours``; beyond a week the day."""
        seconds = round((self.now - at).total_seconds())
        size = abs(seconds)
        if size < _MINUTE:
            return "just now" if seconds >= 0 else "in a moment"
        if size >= 7 * _DAY:
            return self.day(at)
        for unit, name in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
            if size >= unit:
                said = self.count(size // unit, name)
                break
        return f"{said} ago" if seconds > 0 else f"in {said}"

    def lasting(self, seconds: float) -> str:
        """How long something took: ``4 seconds``, ``2 minutes``, ``1 hour 5 minutes``."""
        whole = max(0, round(seconds))
        if whole < _MINUTE:
            return self.count(whole, "second")
        if whole < _HOUR - _MINUTE // 2:  # half a minute less than an hour is an hour, not 60 minutes
            return self.count(round(whole / _MINUTE), "minute")
        whole = max(whole, _HOUR)
        hours, rest = divmod(timedelta(seconds=whole) // timedelta(minutes=1), 60)
        return self.count(hours, "hour") + (f" {self.count(rest, 'minute')}" if rest else "")

    def _local(self, on: date) -> date:
        return on.astimezone(self.zone).date() if isinstance(on, datetime) else on
