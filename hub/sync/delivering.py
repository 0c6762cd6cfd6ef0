"""Telling gallery systems: each gallery's events go to its callback, one by one, until they are acknowledged."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping

import msgspec
import structlog

from hub.domain import signing, telling
from hub.domain.secrets import Sealer
from hub.domain.telling import Delivery
from hub.errors import PermanentError
from hub.hookspecs import EventNotifier
from hub.store import callbacks, events, feed
from hub.store.callbacks import Callback
from hub.store.database import Database
from hub.store.events import Event
from hub.sync.noticing import describe

log = structlog.get_logger()

DELIVER_SECONDS = 15.0  # for one event, unscaled; the call itself has less
TURN_SECONDS = 20.0  # a claim is given back after that, for others to have their turn
_PAGE = 20


class SystemTeller:
    """Delivers the events of claimed callbacks.

    Args:
        notifiers: Those that take events, by key: an event is acknowledged when all have taken it.
        box: Opens the secrets that sign.
        deadline: Seconds for one event; what takes longer is cut off and tried again.
    """

    def __init__(
        self,
        database: Database,
        notifiers: Mapping[str, EventNotifier],
        box: Sealer,
        *,
        deadline: float = DELIVER_SECONDS,
    ) -> None:
        self._database = database
        self._notifiers = notifiers
        self._box = box
        self._deadline = deadline
        self._random = random.Random()  # noqa: S311 - spreads tries, keeps no secret

    @property
    def claim_seconds(self) -> float:
        """How long a claim has to last after each event."""
        return self._deadline * (len(self._notifiers) + 1)

    async def tell(self, callback: Callback) -> None:
        """Deliver in order until all arrived, one fails, or the turn is over.

        A daemon that dies between an answer and its record delivers that event once more, under the same id.
        """
        secrets = self._open_secrets(callback)
        async with self._database.transaction() as conn:
            skipped, after = await callbacks.skip_old(conn, callback, seconds=telling.KEEP_SECONDS)
        if skipped:
            log.warning("callback.skipped", gallery_id=callback.gallery_id, skipped=skipped)
        until = time.monotonic() + TURN_SECONDS
        while time.monotonic() < until:
            async with self._database.connection() as conn:
                waiting = await events.list_waiting(conn, callback.gallery_id, after, _PAGE)
            for seq, event in waiting:
                if not await self._deliver(callback, secrets, seq, event):
                    return
                callback, after = msgspec.structs.replace(callback, attempts=0), seq
                if time.monotonic() >= until:
                    break
            if not waiting:
                break
        async with self._database.transaction() as conn:
            await feed.lock_feed(conn, callback.gallery_id, 0)
            await callbacks.rest(conn, callback)

    def _open_secrets(self, callback: Callback) -> tuple[str, ...]:
        """The secret that signs, then the one it replaces for as long as that signs too."""
        place = callbacks.place_of(callback.gallery_id, "secret", callback.version)
        found = [self._box.open(callback.secret, place).reveal()]
        until = callback.previous_until
        if callback.previous_secret is not None and until is not None and callback.at < until:
            place = callbacks.place_of(callback.gallery_id, "previous_secret", callback.version)
            found.append(self._box.open(callback.previous_secret, place).reveal())
        return tuple(found)

    async def _deliver(self, callback: Callback, secrets: tuple[str, ...], seq: int, event: Event) -> bool:
        """Whether to go on with the next event."""
        body = events.encode(event)
        headers = signing.signed_headers(secrets, event.id, int(time.time()), body)
        delivery = Delivery(
            gallery_id=callback.gallery_id,
            id=event.id,
            url=callback.url,
            headers={"Content-Type": "application/json", **headers},
            body=body,
            attempt=callback.attempts + 1,
        )
        failure: tuple[str, float | None] | None = None
        try:
            async with asyncio.timeout(self._deadline):
                for notifier in self._notifiers.values():
                    await notifier.notify(delivery)
        except asyncio.CancelledError:
            raise
        except PermanentError as error:  # the receiver wants no more
            failure = (describe(error), None)
        except BaseException as error:  # a plugin may raise anything: it costs this try alone
            if isinstance(error, KeyboardInterrupt):
                raise
            told = getattr(error, "delay", None)
            failure = (describe(error), telling.next_delay(delivery.attempt, self._random.random(), told))
        async with self._database.transaction() as conn:
            if failure is None:
                return await callbacks.acknowledge(conn, callback, seq, event.id, seconds=self.claim_seconds)
            await callbacks.fail(conn, callback, failure[0], delay=failure[1])
        self._log_failure(callback, *failure)
        return False

    def _log_failure(self, callback: Callback, error: str, delay: float | None) -> None:
        if delay is None:
            log.warning("callback.gone", gallery_id=callback.gallery_id, error=error)
        elif error != callback.error:  # said once, not at every try
            log.info("callback.failed", gallery_id=callback.gallery_id, error=error, attempts=callback.attempts + 1)
