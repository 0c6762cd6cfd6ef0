"""Explain: why one invoice is or is not in the books, by the very judgement that a run makes; nothing is written."""

from __future__ import annotations

from typing import Any, assert_never

import msgspec

from hub.domain import allocating
from hub.domain.books import Book
from hub.domain.drafts import Draft
from hub.domain.entries import Check, Do, Entry, Hold, LeaveOut, Nothing, Step, Wait
from hub.domain.reasons import frozen
from hub.domain.records import Invoice
from hub.domain.remotes import Operation
from hub.errors import NotFoundError
from hub.store import allocations, entries, records, webservices
from hub.store.database import Connection
from hub.store.webservices import WebserviceRow
from hub.sync import subjects
from hub.sync.drafts_view import render_draft
from hub.sync.judging import Verdict, judge_invoice_entry, render
from hub.sync.services import STATE_WORDS, Services


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What `explain` tells: how it stands, why, the way out, the ordered checks, and what would be posted."""

    state: str
    reason: str | None
    verdict: str
    remedy: str | None
    checks: tuple[Check, ...]
    draft: dict[str, Any] | None


async def explain(
    services: Services, gallery_id: str, invoice_id: str, webservice_id: str | None = None
) -> Explanation:
    """Explain one invoice for a webservice (the first live one unless named). Raises NotFoundError."""
    async with services.database.connection() as conn:
        await records.get(conn, gallery_id, "invoice", invoice_id)
        row = await _pick(conn, gallery_id, webservice_id)
        kind = services.kind_of(row)
        book = await services.load_book(conn, row)
        standing = await entries.by_records(conn, gallery_id, row.id, "invoice", [invoice_id])
        entry = standing.get(invoice_id) or entries.new_entry("invoice", invoice_id)
        (dossier,) = await subjects.load_invoices(conn, kind, book, [entry])
        contact = await _find_contact(conn, row, dossier)
        joined = await allocations.of_notes(conn, gallery_id, row.id, [invoice_id])
        joined |= await allocations.on_invoices(conn, gallery_id, row.id, [invoice_id])
    verdict = judge_invoice_entry(dossier, kind, book, services.filters_of(kind))
    draft = verdict.draft or _draw(services, row, book, dossier, verdict)
    checks = [_check_webservice(row), *verdict.checks]
    if contact is not None:
        checks.append(_check_contact(contact))
    checks += [_check_allocation(one) for one in joined.get(invoice_id, ())]
    blocking = _still_held(entry)
    if blocking is not None and not any(one.message == blocking.message for one in checks if one.passed is False):
        checks.append(blocking)
    return _explanation(entry, verdict.step, contact, tuple(checks), draft)


async def _pick(conn: Connection, gallery_id: str, webservice_id: str | None) -> WebserviceRow:
    if webservice_id is not None:
        return await webservices.get(conn, gallery_id, webservice_id)
    for row in await webservices.list_all(conn, gallery_id):
        if row.state != "disconnected":
            return row
    raise NotFoundError("the gallery has no webservice: connect one first")


async def _find_contact(conn: Connection, row: WebserviceRow, dossier: subjects.Dossier) -> Entry | None:
    if dossier.subject is None or not isinstance(dossier.subject.record, Invoice):
        return None
    contact_id = dossier.subject.record.contact_id
    return (await entries.by_records(conn, row.gallery_id, row.id, "contact", [contact_id])).get(contact_id)


def _draw(
    services: Services, row: WebserviceRow, book: Book, dossier: subjects.Dossier, verdict: Verdict
) -> Draft | None:
    """What stands in the books is drawn up for people to compare, though it is not going anywhere."""
    if dossier.subject is None or not isinstance(verdict.step, Nothing | Hold) or dossier.entry.remote is None:
        return None
    drawn = render(services.kind_of(row), dossier.subject, book)
    return drawn if isinstance(drawn, Draft) else None


def _check_webservice(row: WebserviceRow) -> Check:
    if row.state == "ready":
        return Check(code="webservice", passed=True, message="The webservice is ready.")
    return Check(code="webservice", passed=False, message=f"The webservice {STATE_WORDS[row.state]}: nothing goes out.")


def _check_contact(contact: Entry) -> Check:
    if contact.state in {"held", "conflict"}:
        return Check(code="contact", passed=False, message=contact.message or "Its contact is held.")
    return Check(code="contact", passed=True, message="Its contact is no obstacle.")


def _check_allocation(allocation: Entry) -> Check:
    """How a credit note and its invoice are joined."""
    if allocation.state in {"held", "conflict"}:
        return Check(code="allocation", passed=False, message=allocation.message or "What is applied of it is held.")
    if allocation.in_books and allocation.remote is not None:
        note, amount = allocating.note_of(allocation.record_id), allocation.remote.total
        invoice = allocation.invoice_id or "(another one)"
        message = f"{amount} of the credit note {note} is put on the invoice {invoice}."
        return Check(code="allocation", passed=True, message=message)
    return Check(code="allocation", passed=True, message=allocation.message or "Nothing of a credit note is applied.")


def _still_held(entry: Entry) -> Check | None:
    """What the other side said, or a person has to decide: no rule of ours shows it."""
    if entry.state not in {"held", "conflict"} or entry.asked > entry.judged or entry.reason is None:
        return None
    return Check(code=entry.reason, passed=False, message=entry.message or entry.reason)


def _explanation(
    entry: Entry, step: Step, contact: Entry | None, checks: tuple[Check, ...], draft: Draft | None
) -> Explanation:
    """What was decided last counts while nothing is due; else what the next run would decide (pure)."""
    shown = render_draft(draft) if draft is not None else None
    decided = entry.state in {"held", "conflict", "resolved"} and entry.asked == entry.judged
    if decided or entry.state in {"sending", "unknown"}:
        reason, verdict, remedy = entry.reason, entry.message or _WORDS[entry.shown], entry.remedy
    elif isinstance(step, Do) and contact is not None and contact.state in {"held", "conflict"}:
        reason, verdict, remedy = contact.reason, contact.message or "Its contact is held.", contact.remedy
    else:
        reason, verdict, remedy = _told(step, entry)
    return Explanation(state=entry.shown, reason=reason, verdict=verdict, remedy=remedy, checks=checks, draft=shown)


_WORDS = {
    "held": "It is held.",
    "conflict": "Both sides differ.",
    "resolved": "A person accepted the difference.",
    "sending": "It is being sent at this moment.",
    "unknown": "It was sent, and no clear answer came: it is being looked up.",
}
_OPERATIONS = {
    Operation.CREATE: "The next run creates it.",
    Operation.UPDATE: "The next run updates what stands there.",
    Operation.CANCEL: "The next run voids what stands there.",
}


def _told(step: Step, entry: Entry) -> tuple[str | None, str, str | None]:
    match step:
        case LeaveOut(freeze=True) if entry.in_books:
            return step.reason, frozen(step.message), step.remedy
        case LeaveOut() | Hold():
            return step.reason, step.message, step.remedy or None
        case Wait():
            return None, step.message, None
        case Do():
            return None, _OPERATIONS[step.operation], None
        case Nothing():
            words = {"synced": "It stands in the books.", "voided": "It is voided on both sides."}
            return None, step.note or words.get(step.state, _WORDS["resolved"]), None
        case _:
            assert_never(step)
