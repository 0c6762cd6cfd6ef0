"""A gallery's callback: set, changed, looked at and removed by its people."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

import msgspec

from hub.domain import signing
from hub.domain.callbacks import check_url, is_local_hub
from hub.domain.secrets import Secret
from hub.errors import Fault, FormError, NotFoundError
from hub.store import callbacks, feed
from hub.store.callbacks import Callback, place_of
from hub.sync.services import Services

BOTH_SECONDS = 86_400.0  # after a rotation the old secret signs too for a day


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A callback and how many events wait for it (counted up to `callbacks.MOST_COUNTED`)."""

    callback: Callback
    waiting: int


async def put(services: Services, gallery_id: str, url: str, *, rotate: bool = False) -> tuple[Secret, bool]:
    """Set the callback: (its secret, whether it is new).

    A new one gets the events from now on. The same URL again keeps secret and place, and goes on where deliveries had
    stopped. Another URL has a new secret, as somebody else may listen there. *rotate* makes a new one for the same URL;
    the old one signs beside it for a day.

    Raises:
        FormError: the URL may not be called.
        NotFoundError: there is no such gallery.
    """
    if (fault := check_url(url, allow_local=is_local_hub(services.public_url))) is not None:
        raise FormError([Fault("url", fault)])
    async with services.database.transaction() as conn:
        seq = await feed.lock_feed(conn, gallery_id, 0) - 1
        old = await callbacks.find(conn, gallery_id)
        kept = None if old is None or old.url != url else _open(services, old)
        secret = Secret(signing.render_secret(os.urandom(signing.SECRET_BYTES))) if kept is None or rotate else kept
        version = old.version + 1 if old is not None else 1
        previous, until = _find_previous(services, old, kept, rotate=rotate)
        await callbacks.save(
            conn,
            gallery_id,
            url=url,
            secret=services.box.seal(secret, place_of(gallery_id, "secret", version)),
            previous_secret=None
            if previous is None
            else services.box.seal(previous, place_of(gallery_id, "previous_secret", version)),
            previous_until=until,
            version=version,
            after_seq=seq,
        )
    return secret, old is None


def _open(services: Services, old: Callback) -> Secret:
    return services.box.open(old.secret, place_of(old.gallery_id, "secret", old.version))


def _find_previous(
    services: Services, old: Callback | None, kept: Secret | None, *, rotate: bool
) -> tuple[Secret | None, datetime | None]:
    """The secret that signs beside the newest, and until when."""
    if old is None or kept is None:
        return None, None
    if rotate:
        return kept, old.at + timedelta(seconds=BOTH_SECONDS)
    if old.previous_secret is None:
        return None, None
    place = place_of(old.gallery_id, "previous_secret", old.version)
    return services.box.open(old.previous_secret, place), old.previous_until


async def get(services: Services, gallery_id: str) -> Shown:
    """The callback as it stands. Raises NotFoundError."""
    async with services.database.connection() as conn:
        found = await callbacks.find(conn, gallery_id)
        if found is None:
            raise NotFoundError("The gallery has no callback: PUT one.")
        return Shown(callback=found, waiting=await callbacks.count_waiting(conn, found))


async def remove(services: Services, gallery_id: str) -> None:
    """Forget the callback and its secret; the events stay. Raises NotFoundError."""
    async with services.database.transaction() as conn:
        await feed.lock_feed(conn, gallery_id, 0)
        if not await callbacks.delete(conn, gallery_id):
            raise NotFoundError("The gallery has no callback.")
