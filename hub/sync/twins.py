"""Twins: a payment entered on both sides, where what is left to pay cannot hold both, is made one (DESIGN section 8).

The gallery's payment takes over what stands there; the one that came from there is reversed in the gallery, so that
the money counts once on each side. Nothing is written there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from hub.domain.entries import Entry, Sent
from hub.domain.records import Origin, Payment, Reference
from hub.domain.settling import Settled
from hub.store import entries, records
from hub.store.database import Connection
from hub.store.records import Stored
from hub.sync import outcomes
from hub.sync.judging import Verdict
from hub.sync.progress import booked, look_at
from hub.sync.session import Session


async def link(session: Session, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Make one of each payment and its twin, in one transaction; returns the verdicts that are left as they are."""
    if not any(v.twin for v in verdicts):
        return list(verdicts)
    async with booked(session) as conn:
        return [v for v in verdicts if v.twin is None or not await _link(conn, session, v, v.twin)]


async def _link(conn: Connection, session: Session, verdict: Verdict, twin_id: str) -> bool:
    """Whether they are one now; not when either changed meanwhile, or the other is a credit and no payment."""
    gallery_id, subject = session.gallery_id, verdict.dossier.subject
    named = await entries.by_records(conn, gallery_id, session.webservice_id, "payment", [twin_id])
    ids = [verdict.entry.id, *(e.id for e in named.values())]
    standing = {e.record_id: e for e in (await entries.by_ids(conn, gallery_id, ids)).values()}
    ours, theirs = standing.get(verdict.entry.record_id), standing.get(twin_id)
    stored = await records.load(conn, gallery_id, [Reference("payment", twin_id)])
    received = _received(stored, twin_id)
    if ours is None or theirs is None or subject is None or received is None:
        return False
    if ours.updated_at != verdict.entry.updated_at or theirs.state != "synced" or not theirs.in_books:
        return False
    payment, origin = received
    taken = msgspec.structs.replace(
        ours,
        judged=verdict.entry.asked,
        state="synced",
        reason=None,
        message=None,
        remedy=None,
        problem_id=None,
        next_try_at=None,
        forced=False,
        number=ours.number or subject.number,
        remote=theirs.remote,
        sent=Sent(fingerprint="", record_version=subject.version, on=payment.paid_on, total=Decimal(payment.amount)),
    )
    await _save(conn, session, theirs, taken, payment)
    gone = msgspec.structs.replace(payment, status="deleted")
    await records.save_received(conn, gallery_id, [(gone, origin)])
    return True


def _received(stored: Mapping[Reference, Stored], twin_id: str) -> tuple[Payment, Origin] | None:
    found = stored.get(Reference("payment", twin_id))
    if found is None or found.origin is None or not isinstance(found.record, Payment):
        return None
    payment = found.record
    return (payment, found.origin) if payment.status == "recorded" and payment.method != "credit" else None


async def _save(conn: Connection, session: Session, theirs: Entry, ours: Entry, payment: Payment) -> None:
    """First the one lets go, then the other takes over: a remote payment has one entry."""
    freed = msgspec.structs.replace(theirs, state="voided", remote=None, sent=None, message=None)
    text = f"It is the gallery's own payment {ours.record_id}, which stands for it from now on."
    await entries.save(conn, session.gallery_id, [freed], [(theirs.id, text)])
    text = f"It was made there on {payment.paid_on} already; the two are one payment now, and nothing was sent."
    await outcomes.save_settled(conn, session, [Settled(entry=ours, text=text)])
    session.counts.unchanged += 1
    look_at(session, 1)
