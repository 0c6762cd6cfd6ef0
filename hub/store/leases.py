"""Leases in Postgres: one live lease per webservice, with an owner and an epoch; "running" means a live lease."""

from __future__ import annotations

import msgspec

from hub.errors import LeaseLostError
from hub.store.database import Connection
from hub.store.queries import load

QUERIES = load("leases")


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """The right to work for one webservice. `epoch` grows by one with each claim."""

    gallery_id: str
    webservice_id: str
    owner: str
    epoch: int


async def claim(conn: Connection, owner: str, *, seconds: float, limit: int) -> list[Lease]:
    """Claim up to *limit* due webservices, of all galleries, in one statement; each is looked at again if we die."""
    rows = await conn.fetch(QUERIES.claim, owner, seconds, limit)
    leases = [
        Lease(gallery_id=r["gallery_id"], webservice_id=r["webservice_id"], owner=owner, epoch=r["epoch"]) for r in rows
    ]
    for lease in leases:
        await conn.execute(QUERIES.note_claim, lease.gallery_id, lease.webservice_id, seconds)
    return leases


async def renew(conn: Connection, lease: Lease, *, seconds: float, doing: str | None = None) -> None:
    """Keep the lease for *seconds* more. Raises LeaseLostError when it is not ours any more."""
    epoch = await conn.fetchval(
        QUERIES.renew, lease.gallery_id, lease.webservice_id, lease.owner, lease.epoch, seconds, doing
    )
    if epoch is None:
        raise LeaseLostError(f"the lease on webservice {lease.webservice_id} is lost")


async def hold(conn: Connection, lease: Lease) -> None:
    """Make sure, until the transaction ends, that the lease is ours. Raises LeaseLostError."""
    if not await conn.fetchval(QUERIES.hold, lease.gallery_id, lease.webservice_id, lease.owner, lease.epoch):
        raise LeaseLostError(f"the lease on webservice {lease.webservice_id} is lost")


async def release(conn: Connection, lease: Lease) -> None:
    """Give the lease back; harmless when it is lost already."""
    await conn.execute(QUERIES.release, lease.gallery_id, lease.webservice_id, lease.owner, lease.epoch)


async def take_over_all(conn: Connection) -> int:
    """End every lease: only for the one daemon of an embedded Postgres, when it starts."""
    return len(await conn.fetch(QUERIES.take_over_all))
