"""Payments that stand there already though nobody here remembers: recognised by their marker before any is sent.

After a restored backup of the hub an invoice is found again by its number, and what settled it is known as a sum only.
Nothing there protects a payment from being made twice, so where more is paid than the entries here explain, each
payment is looked up first. Where all is explained, as it is in every ordinary run, this costs no call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import structlog

from hub.contract import Lookup
from hub.domain import receiving, settling
from hub.domain.entries import Do, Entry, Hold
from hub.domain.records import Payment
from hub.domain.remotes import NotNow, Operation, Remote
from hub.domain.settling import Settled
from hub.errors import PermanentError, TemporaryError
from hub.store import allocations, batches, entries, problems
from hub.sync import outcomes
from hub.sync.judging import Verdict
from hub.sync.progress import booked, look_at
from hub.sync.session import Session

log = structlog.get_logger()

TEXT = "It stands there already, with its marker: nothing was sent."


async def recognise(session: Session, verdicts: Sequence[Verdict], invoices: Mapping[str, Entry]) -> list[Verdict]:
    """Attach what stands there already; returns the verdicts that hold. *invoices*: the entries of their documents.

    The payments of a document where one was recognised are left due: what it can take is counted anew. While the
    look-up fails nothing is sent; its payments are tried again after a growing while.
    """
    asking = [v for v in verdicts if _is_new(v) and (v.entry.invoice_id or "") in invoices]
    if not asking:
        return list(verdicts)
    doubtful = await _list_doubtful(
        session, {v.entry.invoice_id or "": invoices[v.entry.invoice_id or ""] for v in asking}
    )
    asking = [v for v in asking if v.entry.invoice_id in doubtful]
    if not asking:
        return list(verdicts)
    await session.renew(doing=f"looking for {len(asking)} payments that may stand there already")
    try:
        found = await session.service.find([_lookup(v, invoices) for v in asking])
    except (TemporaryError, PermanentError) as error:
        log.info("sync.recognising_failed", webservice_id=session.webservice_id, error=str(error))
        await _wait(session, asking, str(error))
        later = {v.entry.id for v in asking}
        return [v for v in verdicts if v.entry.id not in later]
    touched = await _attach(session, asking, {reference.id: remotes for reference, remotes in found.items()})
    return [v for v in verdicts if v.entry.invoice_id not in touched]


def _is_new(verdict: Verdict) -> bool:
    """It would be made there, or is kept back only since nothing more fits (or a like one stands there)."""
    if verdict.dossier.subject is None or verdict.entry.in_books:
        return False
    step = verdict.step
    if isinstance(step, Hold):
        return step.reason in {"exceeds_due", "possible_duplicate_payment"}
    return isinstance(step, Do) and step.operation is Operation.CREATE


async def _list_doubtful(session: Session, documents: Mapping[str, Entry]) -> set[str]:
    """Those of *documents* (by record id) that are paid or credited there with more than the entries here explain."""
    paid = {i: e for i, e in documents.items() if e.remote is not None and e.remote.paid}
    if not paid:
        return set()
    where = (session.gallery_id, session.webservice_id)
    async with session.database.connection() as conn:
        payments = await entries.payments_of(conn, *where, list(paid))
        taken = await allocations.of_notes(conn, *where, paid)
        put = await allocations.on_invoices(conn, *where, paid)
    return {
        record_id
        for record_id, document in paid.items()
        if receiving.is_unexplained(
            document, [*payments.get(record_id, ()), *taken.get(record_id, ()), *put.get(record_id, ())]
        )
    }


def _lookup(verdict: Verdict, invoices: Mapping[str, Entry]) -> Lookup:
    subject, document = verdict.dossier.subject, invoices[verdict.entry.invoice_id or ""].remote
    assert subject is not None  # noqa: S101 - `_is_new` looked
    return Lookup(
        reference=subject.reference,
        number=subject.number,
        draft=verdict.draft,
        document_id=document.id if document is not None else None,
        credit_note=subject.credit_note,
    )


async def _wait(session: Session, asking: Sequence[Verdict], why: str) -> None:
    factor = session.tuning.clock_factor
    async with booked(session) as conn:
        now = await batches.now(conn)
        outcome = NotNow(why=f"It may stand there already, and that could not be looked up: {why}")
        waiting = [msgspec.structs.replace(v.entry, judged=v.entry.asked) for v in asking]
        await outcomes.save_settled(conn, session, [settling.not_now(e, outcome, now, factor=factor) for e in waiting])
        session.counts.waiting += len(asking)
        look_at(session, len(asking))


async def _attach(
    session: Session, asking: Sequence[Verdict], found: Mapping[str, Sequence[Remote]]
) -> set[str | None]:
    """Attach what was found for each payment (by record id); returns the documents of those."""
    ids = [remote.id for remotes in found.values() for remote in remotes]
    if not ids:
        return set()
    async with session.owned() as conn:
        others = await entries.by_remote_ids(conn, session.gallery_id, session.webservice_id, "payment", ids)
        settled: list[Settled] = []
        for verdict in asking:
            live = [r for r in found.get(verdict.entry.record_id, ()) if r.status != "deleted" and r.id not in others]
            if live:
                settled.append(Settled(entry=_recognised(verdict, live), text=TEXT))
        await outcomes.save_settled(conn, session, settled)
        attached = [s.entry.remote.id for s in settled if s.entry.remote is not None]
        await problems.close_orphans(conn, session.gallery_id, session.webservice_id, attached)
    for one in settled:
        log.info("sync.payment_recognised", webservice_id=session.webservice_id, entry_id=one.entry.id)
    return {s.entry.invoice_id for s in settled}


def _recognised(verdict: Verdict, live: Sequence[Remote]) -> Entry:
    """The entry with the one that is most like it; it is still due, and its next judgement compares the two.

    Another amount or date is a change of the gallery that is to be carried over.
    """
    subject = verdict.dossier.subject
    assert subject is not None  # noqa: S101 - `_is_new` looked
    payment = subject.record
    assert isinstance(payment, Payment)  # noqa: S101 - the loader keeps types apart
    remote = max(live, key=lambda one: (one.total == payment.amount, one.on == payment.paid_on))
    same = remote.total == payment.amount and remote.on in {None, payment.paid_on}
    return receiving.found_again(verdict.entry, subject.number, subject.version if same else 0, payment, remote)
