"""Telling people: the news about one webservice becomes one notice for each notifier, told once."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
import structlog

from hub.domain import telling
from hub.domain.records import Gallery
from hub.domain.telling import Notice, NoticeProblem
from hub.errors import HubError, NotFoundError, PermanentError
from hub.hookspecs import Notifier
from hub.registry import Registry
from hub.store import feed, notices, records, webservices
from hub.store.database import Connection, Database
from hub.store.notices import Cause, Claim
from hub.store.webservices import WebserviceRow

log = structlog.get_logger()

NOTIFY_SECONDS = 60.0  # for one notice, unscaled
SOON_SECONDS = 15.0  # a run under way is looked at again after that (scaled)


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What one notifier has not told yet. `renewed`: (closed, open) problems of one cause that went and came back."""

    opened: tuple[Cause, ...]
    closed: tuple[Cause, ...]
    renewed: tuple[tuple[str, str], ...]
    last_told: datetime | None

    @property
    def is_stop(self) -> bool:
        """Whether the webservice itself needs a person: that does not wait."""
        return any(cause.own for cause in self.opened)


class Told(msgspec.Struct, kw_only=True):
    """How telling went over all notifiers: unscaled seconds until the next look, or None; what failed."""

    again: float | None = None
    failed: bool = False
    error: str | None = None

    def put_off(self, seconds: float) -> None:
        """Somebody is to look in *seconds* at the latest."""
        self.again = seconds if self.again is None else min(self.again, seconds)


class PeopleTeller:
    """Tells the news of claimed webservices.

    Args:
        notifiers: Those that tell people, by key.
        deadline: Seconds for one notice; what takes longer is cut off and tried again.
    """

    def __init__(
        self,
        database: Database,
        registry: Registry,
        notifiers: Mapping[str, Notifier],
        *,
        public_url: str,
        clock_factor: float,
        deadline: float = NOTIFY_SECONDS,
    ) -> None:
        self._database = database
        self._registry = registry
        self._notifiers = notifiers
        self._public_url = public_url
        self._factor = clock_factor
        self._deadline = deadline

    @property
    def claim_seconds(self) -> float:
        """How long a claim has to last."""
        return self._deadline * (len(self._notifiers) + 1)

    async def tell(self, claimed: Claim) -> None:
        """Tell every notifier what it has not told yet, then say when somebody is to look again.

        A daemon that dies between a notice that went out and its record tells it once more, under the same id.
        """
        told = Told()
        try:
            async with self._database.connection() as conn:
                row = await webservices.get(conn, claimed.gallery_id, claimed.webservice_id)
        except NotFoundError:
            row = None
        if row is not None and row.state != "disconnected":
            for key, notifier in self._notifiers.items():
                await self._tell_by(key, notifier, claimed, row, told)
        attempts = claimed.attempts + 1 if told.failed else 0
        async with self._database.transaction() as conn:
            await notices.settle(conn, claimed, again=told.again, attempts=attempts, error=told.error)

    async def _tell_by(self, key: str, notifier: Notifier, claimed: Claim, row: WebserviceRow, told: Told) -> None:
        async with self._database.transaction() as conn:
            news = await self._read_news(conn, key, row)
        if not news.opened and not news.closed:
            return
        if (wait := find_wait(news, claimed, running=row.running, factor=self._factor)) is not None:
            told.put_off(wait)
            return
        async with self._database.connection() as conn:
            notice = await self._draw_up(conn, row, news, claimed.at)
        names = {"notifier": key, "gallery_id": row.gallery_id, "webservice_id": row.id}
        try:
            async with asyncio.timeout(self._deadline):
                await notifier.notify(notice)
        except asyncio.CancelledError:
            raise
        except PermanentError as error:  # nothing is lost: it stays untold, and the next news tries again
            told.put_off(telling.LATER_SECONDS)
            self._note_failure(claimed, told, f"{key}: {error}", names)
        except BaseException as error:  # a plugin may raise anything: it costs this notice alone
            if isinstance(error, KeyboardInterrupt):
                raise
            told.put_off(telling.next_delay(claimed.attempts + 1, 1.0, getattr(error, "delay", None)))
            self._note_failure(claimed, told, f"{key}: {describe(error)}", names)
        else:
            async with self._database.transaction() as conn:
                await feed.lock_feed(conn, row.gallery_id, 0)
                opened, closed = [one.id for one in news.opened], [one.id for one in news.closed]
                await notices.record_told(conn, row.gallery_id, row.id, key, opened=opened, closed=closed)
            log.info("notice.told", opened=len(news.opened), closed=len(news.closed), **names)

    def _note_failure(self, claimed: Claim, told: Told, error: str, names: Mapping[str, str]) -> None:
        told.failed = True
        told.error = error if told.error is None else f"{told.error}; {error}"
        if error not in (claimed.error or ""):  # said once, not at every try
            log.warning("notice.not_told", error=error, attempts=claimed.attempts + 1, **names)

    async def _read_news(self, conn: Connection, key: str, row: WebserviceRow) -> News:
        """What is untold; causes that went and came back before anybody heard of it are settled on the way."""
        opened = await notices.list_opened(conn, row.gallery_id, row.id, key)
        closed = await notices.list_closed(conn, row.gallery_id, row.id, key)
        news = sort_news(opened, closed, await notices.find_last_told(conn, row.gallery_id, row.id, key))
        if news.renewed:
            await feed.lock_feed(conn, row.gallery_id, 0)
            await notices.record_renewed(conn, row.gallery_id, key, news.renewed)
        return news

    async def _draw_up(self, conn: Connection, row: WebserviceRow, news: News, at: datetime) -> Notice:
        gallery = (await records.get(conn, row.gallery_id, "gallery", row.gallery_id)).record
        assert isinstance(gallery, Gallery)  # noqa: S101 - the store keeps types apart
        shown = [*news.opened[: telling.MOST_SHOWN], *news.closed[: telling.MOST_SHOWN]]
        ids = [cause.id for cause in shown if cause.closed_at is None and not cause.own]
        blocked = await notices.list_blocked(conn, row.gallery_id, ids, limit=telling.MOST_RECORDS)
        problems = {
            cause.id: NoticeProblem(
                id=cause.id,
                reason=cause.reason,
                message=cause.message,
                remedy=cause.remedy,
                own=cause.own,
                count=cause.count,
                records=tuple(telling.name_record(one) for one in blocked.get(cause.id, ())),
                url=telling.problem_url(self._public_url, row.gallery_id, row.id, cause.id),
                opened_at=cause.opened_at,
                closed_at=cause.closed_at,
            )
            for cause in shown
        }
        return Notice(
            id=notice_id(row.id, news),
            gallery_id=row.gallery_id,
            gallery=gallery.name,
            webservice_id=row.id,
            webservice=row.name,
            kind=row.kind,
            state=row.state,
            to=str(row.settings.get("admin_email") or "") or gallery.email or None,
            timezone=gallery.timezone,
            at=at,
            opened=tuple(problems[cause.id] for cause in news.opened[: telling.MOST_SHOWN]),
            closed=tuple(problems[cause.id] for cause in news.closed[: telling.MOST_SHOWN]),
            opened_count=len(news.opened),
            closed_count=len(news.closed),
            open_count=await notices.count_open(conn, row.gallery_id, row.id),
            url=telling.webservice_url(self._public_url, row.gallery_id, row.id),
        )


def sort_news(opened: Sequence[Cause], closed: Sequence[Cause], last_told: datetime | None) -> News:
    """What is to be said: a cause that closed and opened again in between is neither (pure)."""
    standing = {(one.reason, one.cause): one.id for one in opened}
    renewed = {one.id: standing[one.reason, one.cause] for one in closed if (one.reason, one.cause) in standing}
    back = set(renewed.values())
    return News(
        opened=tuple(one for one in opened if one.id not in back),
        closed=tuple(one for one in closed if one.id not in renewed),
        renewed=tuple(renewed.items()),
        last_told=last_told,
    )


def find_wait(news: News, claimed: Claim, *, running: bool, factor: float) -> float | None:
    """Unscaled seconds to wait before telling; None: now (pure).

    A run under way is waited for (15 minutes at most), and there is an hour between two notices, unless the
    webservice itself has stopped.
    """
    if news.is_stop:
        return None
    if running and claimed.since is not None:
        waited = (claimed.at - claimed.since).total_seconds() / factor
        if waited < telling.RUNNING_SECONDS:
            return SOON_SECONDS
    if news.last_told is not None:
        rested = (claimed.at - news.last_told).total_seconds() / factor
        if rested < telling.PAUSE_SECONDS:
            return telling.PAUSE_SECONDS - rested
    return None


def notice_id(webservice_id: str, news: News) -> str:
    """The same for the same news: 24 characters behind the webservice's id (pure)."""
    told = " ".join([*(f"+{one.id}" for one in news.opened), *(f"-{one.id}" for one in news.closed)])
    return f"{webservice_id}-{hashlib.sha256(told.encode()).hexdigest()[:24]}"


def describe(error: BaseException) -> str:
    """An error in words that are safe to keep: our own texts, of others the class alone."""
    if isinstance(error, HubError):
        return str(error)
    return "no end within its time" if isinstance(error, TimeoutError) else f"it raised {type(error).__name__}"
