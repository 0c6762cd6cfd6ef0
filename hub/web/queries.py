"""Reading the query of a list: every fault at once, in words."""

from __future__ import annotations

import re
from datetime import date

import msgspec
from aiohttp import web

from hub.errors import Fault, FormError
from hub.web.routes import Parameter

MOST_ITEMS = 500
USUAL_ITEMS = 100
_LONGEST = 500

LIMIT = Parameter(
    name="limit",
    summary=f"Items in a page at most, {USUAL_ITEMS} when left out.",
    schema={"type": "integer", "minimum": 1, "maximum": MOST_ITEMS},
)
CURSOR = Parameter(name="cursor", summary="`next` of the page before; opaque.")
CHANGED_SINCE = Parameter(
    name="changed_since",
    summary="Only what changed at or after this time (RFC 3339, with an offset); also a cursor.",
)
Q = Parameter(name="q", summary="Text to look for.", schema={"type": "string", "maxLength": _LONGEST})
STATE = Parameter(name="state", summary="Only records that stand so in some webservice.")


class Query:
    """The query of a request. Take all values, then `check`: it raises FormError with every fault."""

    def __init__(self, request: web.Request) -> None:
        self._query = request.query
        self._faults: list[Fault] = []

    def text(self, name: str, *, longest: int = _LONGEST) -> str | None:
        """A text without control characters; None when it is absent or empty."""
        value = self._query.get(name) or None
        if value is not None and (len(value) > longest or not value.isprintable()):
            self.fault(name, f"needs at most {longest} printable characters")
            return None
        return value

    def choice(self, name: str, known: tuple[str, ...]) -> str | None:
        """One of *known*, or None."""
        value = self.text(name)
        if value is not None and value not in known:
            self.fault(name, f"needs one of: {', '.join(known)}")
        return value

    def limit(self) -> int:
        """Items of a page."""
        value = self._query.get("limit") or str(USUAL_ITEMS)
        if not re.fullmatch("[0-9]{1,4}", value) or not 1 <= int(value) <= MOST_ITEMS:
            self.fault("limit", f"needs a whole number from 1 to {MOST_ITEMS}")
            return USUAL_ITEMS
        return int(value)

    def day(self, name: str) -> date | None:
        """A calendar day, or None."""
        value = self.text(name)
        try:
            return None if value is None else msgspec.convert(value, date)
        except msgspec.ValidationError:
            self.fault(name, "needs a day such as 2026-03-04")
            return None

    def flag(self, name: str) -> bool:
        """Whether it is there and true: `?refresh=1`, `?refresh=true`."""
        value = (self._query.get(name) or "false").lower()
        if value not in {"1", "0", "true", "false"}:
            self.fault(name, "needs true or false")
        return value in {"1", "true"}

    def fault(self, name: str, message: str) -> None:
        """Note a fault of the parameter *name*."""
        self._faults.append(Fault(name, message))

    def check(self) -> None:
        """Raises FormError with everything noted."""
        if self._faults:
            raise FormError(self._faults, title="The query has faults")
