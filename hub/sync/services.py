"""What people ask of webservices, outside of runs: the parts that all of these services share.

Every service is a function of `Services` and plain values. It works in short transactions, and calls the remote side
only between them, through a door that takes a person's place in the limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from hub.contract import Webservice
from hub.domain.books import Book
from hub.domain.capabilities import Limits
from hub.domain.exclusions import ExcludeFilter
from hub.domain.records import TaxCode
from hub.domain.secrets import Sealer
from hub.errors import ConflictError
from hub.registry import Registry
from hub.store import records, webservices
from hub.store.database import Connection, Database
from hub.store.limits import Remaining
from hub.store.webservices import WebserviceRow, WebserviceState
from hub.sync import forms
from hub.sync.session import Doors, Tuning, load_book

_PAGE = 500

STATE_WORDS: Mapping[WebserviceState, str] = {
    "authorizing": "has no access yet",
    "choosing": "has no organisation yet",
    "ready": "is ready",
    "paused": "is stopped",
    "reauthorize": "has lost its access",
    "disconnected": "is disconnected",
}
"""What a sentence says of a webservice in each state: "The webservice is stopped"."""


class Links(Protocol):
    """Makes the one-use links of consents (`hub.remote.consents.Consents`)."""

    async def open_link(self, gallery_id: str, webservice_id: str, kind: str) -> str:
        """The path of a new link."""
        ...


class Tokens(Protocol):
    """Forgets grants (`hub.remote.grants.Grants`)."""

    async def end(self, gallery_id: str, grant_id: str, *, revoke: bool) -> None:
        """Remove the tokens; *revoke* ends them over there too, for all organisations of their user."""


class Budget(Protocol):
    """Knows how many calls are left (`hub.store.limits.Limiter`)."""

    async def remaining(self, kind: str, organisation_id: str, limits: Limits) -> Remaining:
        """Calls left now."""
        ...


@dataclass(frozen=True, kw_only=True)
class Services:
    """What the services work with; made in `hub.bootstrap`.

    `public_url`: where browsers reach the hub, without a slash at the end. `box` seals the secret settings of kinds.
    """

    database: Database
    registry: Registry
    doors: Doors
    consents: Links
    grants: Tokens
    budget: Budget
    box: Sealer
    public_url: str
    tuning: Tuning = field(default_factory=Tuning)

    async def get(self, gallery_id: str, webservice_id: str) -> WebserviceRow:
        """The webservice as stored. Raises NotFoundError."""
        async with self.database.connection() as conn:
            return await webservices.get(conn, gallery_id, webservice_id)

    def kind_of(self, row: WebserviceRow) -> type[Webservice]:
        """The class of its kind. Raises ConflictError: no enabled plugin adds it."""
        kind = self.registry.kinds.get(row.kind)
        if kind is None:
            raise ConflictError("not-ready", f"No enabled plugin adds the kind {row.kind!r}: enable its plugin.")
        return kind

    def filters_of(self, kind: type[Webservice]) -> dict[str, ExcludeFilter]:
        """The registered exclude filters that the kind takes, by key, in the kind's order."""
        registered: Mapping[str, ExcludeFilter] = self.registry.filters
        return {key: registered[key] for key in kind.exclude_filters() if key in registered}

    async def load_book(self, conn: Connection, row: WebserviceRow) -> Book:
        """The book with the gallery's tax codes beside it (``extra["tax_codes"]``), for suggestions and findings."""
        kind = self.kind_of(row)
        book = await load_book(conn, forms.open_row(kind, row, self.box), kind)
        return msgspec.structs.replace(book, extra={"tax_codes": await list_tax_codes(conn, row.gallery_id)})

    async def open(self, row: WebserviceRow) -> Webservice:
        """The webservice at work for a person. Raises ConflictError ``not-ready``: nobody allowed access yet."""
        kind = self.kind_of(row)
        if kind.oauth() is not None and row.grant_id is None:
            raise ConflictError("not-ready", f"{kind.title} has not allowed access yet: authorise the webservice.")
        async with self.database.connection() as conn:
            book = await self.load_book(conn, row)
        return kind(self.doors.open(kind, row, priority="person"), book)


async def list_tax_codes(conn: Connection, gallery_id: str) -> tuple[TaxCode, ...]:
    """All tax codes of the gallery as they stand now."""
    found: list[TaxCode] = []
    cursor: str | None = None
    while True:
        page = await records.list_page(conn, gallery_id, "tax_code", limit=_PAGE, cursor=cursor)
        found += [one.record for one in page.items if isinstance(one.record, TaxCode)]
        if page.next is None:
            return tuple(found)
        cursor = page.next


def check_connected(row: WebserviceRow) -> None:
    """Raises ConflictError ``not-ready`` unless an organisation is chosen and access to it stands."""
    if row.organisation_id is None or row.state not in {"choosing", "ready", "paused"}:
        raise ConflictError("not-ready", f"The webservice {STATE_WORDS[row.state]}: {_WAY_OUT[row.state]}")


_WAY_OUT = {
    "authorizing": "allow access first.",
    "choosing": "choose its organisation first.",
    "ready": "choose its organisation first.",
    "paused": "choose its organisation first.",
    "reauthorize": "authorise it again.",
    "disconnected": "make a new webservice.",
}
