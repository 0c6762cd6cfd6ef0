"""What handlers work with: one frozen value, made in `hub.bootstrap`, reached by a typed key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from aiohttp import web

from hub.domain.records import RecordType
from hub.registry import Registry
from hub.remote.consents import Begun, Finished
from hub.settings import Settings
from hub.store.database import Connection, Database
from hub.store.entries import EntryView


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The aware UTC time."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The aware UTC time."""
        return datetime.now(UTC)


class Consents(Protocol):
    """The OAuth walk of a browser: `hub.remote.consents.Consents`."""

    def cookie_name(self, state: str) -> str:
        """The cookie that binds a browser to this state."""
        ...

    async def begin(self, one_time: str) -> Begun:
        """Bind the browser and name the remote consent page. Raises NotFoundError, ConflictError."""
        ...

    async def finish(self, kind: str, query: Mapping[str, str], cookies: Mapping[str, str]) -> Finished:
        """Check the callback and store the grant. Raises ConflictError, RemoteError."""
        ...


class Webservices(Protocol):
    """What the pages of the consent need of the webservices (the sync side adds more)."""

    async def consented(self, finished: Finished) -> str:
        """Take a finished consent over; returns the sentence that the person reads. Raises RemoteError."""
        ...


class EntryStore(Protocol):
    """How records stand in webservices: the module `hub.store.entries`."""

    async def for_records(
        self,
        conn: Connection,
        gallery_id: str,
        type: RecordType,
        record_ids: Iterable[str],
        /,
    ) -> Mapping[str, Sequence[EntryView]]:
        """Record id -> how it stands in every webservice; a record without entries is absent."""
        ...

    async def any_in_books(
        self,
        conn: Connection,
        gallery_id: str,
        type: RecordType,
        record_id: str,
        /,
    ) -> bool:
        """Whether the record stands in any books, those of disconnected webservices included."""
        ...


class WebserviceStore(Protocol):
    """The module `hub.store.webservices`."""

    async def any_connected(self, conn: Connection, gallery_id: str, /) -> bool:
        """Whether any webservice of the gallery is connected."""
        ...


@dataclass(frozen=True, kw_only=True)
class Deps:
    """Everything handlers use. What is None is not there (a part of the hub without the sync side, a test)."""

    settings: Settings
    database: Database
    clock: Clock = field(default_factory=SystemClock)
    registry: Registry | None = None
    consents: Consents | None = None
    webservices: Webservices | None = None
    entry_store: EntryStore | None = None
    webservice_store: WebserviceStore | None = None


DEPS = web.AppKey("deps", Deps)
