"""A dry run: what the next run would write, from the same judgement; nothing is written, here or there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from hub.domain import planning
from hub.domain.entries import Do
from hub.domain.records import Payment
from hub.domain.remotes import Operation
from hub.store import entries, records
from hub.sync import subjects
from hub.sync.drafts_view import render_draft
from hub.sync.judging import Verdict, judge_contact_entry, judge_invoice_entry, judge_payment_entry
from hub.sync.session import Session

MAX_WRITES = 5000


async def list_writes(session: Session, invoices: Sequence[str] | None) -> list[dict[str, Any]]:
    """``[{type, record_id, operation, draft}]``, at most 5,000, contacts before invoices before payments."""
    async with session.database.connection() as conn:
        due = await entries.list_due(
            conn, session.gallery_id, session.webservice_id, "invoice", invoices=invoices, limit=MAX_WRITES
        )
        dossiers = await subjects.load_invoices(conn, session.kind, session.book, due)
    verdicts = [judge_invoice_entry(d, session.kind, session.book, session.filters) for d in dossiers]
    writing = [v for v in verdicts if isinstance(v.step, Do)]
    contacts = await _contacts(session, writing)
    payments = await _payments(session, invoices, {v.entry.record_id for v in writing})
    return [_write(v) for v in [*contacts, *writing, *payments]][:MAX_WRITES]


async def _contacts(session: Session, writing: Sequence[Verdict]) -> list[Verdict]:
    needed = sorted({r.id for v in writing if v.draft for r in v.draft.needs if r.type == "contact"})
    async with session.database.connection() as conn:
        standing = await entries.by_records(conn, session.gallery_id, session.webservice_id, "contact", needed)
        missing = [entries.new_entry("contact", i) for i in needed if i not in standing]
        open_ones = [e for e in standing.values() if e.remote is None]
        dossiers = await subjects.load_contacts(conn, session.kind, session.book, [*open_ones, *missing])
    verdicts = [judge_contact_entry(d, session.kind, session.book) for d in dossiers]
    return [v for v in verdicts if isinstance(v.step, Do)]


async def _payments(session: Session, invoices: Sequence[str] | None, going: set[str]) -> list[Verdict]:
    """Payments that would follow, those of invoices that this very run would create included."""
    async with session.database.connection() as conn:
        due = await entries.list_due(
            conn, session.gallery_id, session.webservice_id, "payment", invoices=invoices, limit=MAX_WRITES
        )
        ids = sorted({e.invoice_id for e in due if e.invoice_id})
        standing = await entries.by_records(conn, session.gallery_id, session.webservice_id, "invoice", ids)
        dossiers = await subjects.load_payments(conn, session.kind, session.book, due, standing)
        paid = await records.payments_of(conn, session.gallery_id, ids)
    found = []
    for dossier in dossiers:
        subject = dossier.subject
        if subject is None or not isinstance(subject.record, Payment) or subject.invoice is None:
            continue
        entry = standing.get(subject.record.invoice_id)
        if entry is None or not (entry.in_books or subject.record.invoice_id in going):
            continue
        due_there = subject.invoice.total - sum(
            (p.record.amount for p in paid.get(subject.invoice.id, []) if isinstance(p.record, Payment) and p.origin),
            start=planning.ZERO,
        )
        settled = msgspec.structs.replace(entry, state="synced", remote=entry.remote or planning.EXPECTED)
        account = planning.Account(entry=settled, due=due_there)
        verdict = judge_payment_entry(dossier, session.kind, session.book, account)
        if isinstance(verdict.step, Do):
            found.append(verdict)
    return found


def _write(verdict: Verdict) -> dict[str, Any]:
    step = verdict.step
    operation = step.operation if isinstance(step, Do) else Operation.CREATE
    return {
        "type": verdict.entry.type,
        "record_id": verdict.entry.record_id,
        "operation": operation.value,
        "draft": None if verdict.draft is None else render_draft(verdict.draft),
    }
