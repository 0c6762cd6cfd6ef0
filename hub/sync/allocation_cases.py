"""What the judgement of an allocation reads, and its verdicts. Pure but for the loading."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from hub.contract import Webservice
from hub.domain import allocating
from hub.domain.allocating import Facts
from hub.domain.books import Book
from hub.domain.drafts import Allocation, Draft, Subject
from hub.domain.eligibility import Times
from hub.domain.entries import Do, Entry, Hold
from hub.domain.records import Invoice, Payment, Reference
from hub.domain.remotes import Operation, Remote
from hub.domain.unsure import await_word
from hub.store import allocations, entries, records
from hub.store.database import Connection
from hub.store.records import Stored
from hub.sync.judging import Verdict, render
from hub.sync.subjects import Dossier

ZERO = Decimal(0)
OPEN = frozenset({"sending", "unknown"})
NOT_COMING = frozenset({"resolved", "left_out", "voided"})


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """An allocation's entry with all that its judgement reads."""

    entry: Entry
    facts: Facts
    times: Times | None = None


async def load(conn: Connection, book: Book, page: Sequence[Entry]) -> list[Case]:
    """The cases of allocation entries, in their order, by a constant number of queries."""
    gallery_id, webservice_id = book.gallery.id, book.webservice_id
    note_ids = sorted({allocating.note_of(e.record_id) for e in page})
    stored = await records.load(conn, gallery_id, [Reference("invoice", one) for one in note_ids])
    notes = {name.id: one for name, one in stored.items() if isinstance(one.record, Invoice)}
    meant = {name: one.record.applies_to for name, one in notes.items() if isinstance(one.record, Invoice)}
    wanted = sorted({one for one in meant.values() if one} | {e.invoice_id for e in page if e.invoice_id})
    named = await records.load(conn, gallery_id, [Reference("invoice", one) for one in wanted])
    documents = await entries.by_records(conn, gallery_id, webservice_id, "invoice", [*note_ids, *wanted])
    around = await allocations.of_notes(conn, gallery_id, webservice_id, note_ids)
    beside = await allocations.on_invoices(conn, gallery_id, webservice_id, wanted)
    money = await _load_money(conn, gallery_id, webservice_id, [*note_ids, *wanted])
    cases = []
    for entry in page:
        note_id = allocating.note_of(entry.record_id)
        found, target = notes.get(note_id), meant.get(note_id)
        invoice = named.get(Reference("invoice", target)) if target else None
        facts = Facts(
            note=_invoice_of(found),
            version=found.version if found is not None else 0,
            note_entry=documents.get(note_id),
            invoice=_invoice_of(invoice),
            invoice_entry=documents.get(target) if target else None,
            refunded=sum((p.amount for p, _ in money.get(note_id, ()) if p.kind == "refund"), ZERO),
            elsewhere=sum((allocating.standing_amount(e) for e in around.get(note_id, ()) if e.id != entry.id), ZERO),
            coming=_coming(money.get(target or "", ())),
            unsettled=any(e.state in OPEN and e.id != entry.id for e in beside.get(target or "", ())),
            kept=any(_is_kept(one, documents, stored | named) for one in (note_id, entry.invoice_id) if one),
        )
        times = Times(created_at=found.created_at, changed_at=found.updated_at) if found is not None else None
        cases.append(Case(entry=entry, facts=facts, times=times))
    return cases


def _is_kept(id: str, documents: Mapping[str, Entry], stored: Mapping[Reference, Stored]) -> bool:
    """Whether nothing is to be written to this document: it is excluded, or marked so since."""
    entry, document = documents.get(id), _invoice_of(stored.get(Reference("invoice", id)))
    return (entry is not None and entry.frozen) or (document is not None and document.excluded)


def _invoice_of(stored: Stored | None) -> Invoice | None:
    return stored.record if stored is not None and isinstance(stored.record, Invoice) else None


async def _load_money(
    conn: Connection, gallery_id: str, webservice_id: str, ids: Sequence[str]
) -> dict[str, list[tuple[Payment, Entry | None]]]:
    """The recorded payments and refunds of these documents, each with its entry."""
    stored = await records.payments_of(conn, gallery_id, ids)
    standing = await entries.payments_of(conn, gallery_id, webservice_id, ids)
    by_id = {e.record_id: e for group in standing.values() for e in group}
    return {
        document: [
            (one.record, by_id.get(one.record.id))
            for one in group
            if isinstance(one.record, Payment) and one.record.status == "recorded"
        ]
        for document, group in stored.items()
    }


def _coming(money: Iterable[tuple[Payment, Entry | None]]) -> Decimal:
    """Payments that are to settle the invoice, and do not stand in the books yet.

    One that is left out, or that a person marked as resolved, is not sent any more.
    """
    return sum((p.amount for p, entry in money if p.kind == "payment" and (entry is None or _is_coming(entry))), ZERO)


def _is_coming(entry: Entry) -> bool:
    return not entry.in_books and entry.state not in NOT_COMING


def judge(cases: Sequence[Case], kind: type[Webservice], book: Book) -> list[Verdict]:
    """In order of date: what an earlier one takes of an invoice is not there for a later one."""
    taken: dict[str, Decimal] = {}
    verdicts = []
    for case in cases:
        invoice = case.facts.invoice
        before = taken.get(invoice.id, ZERO) if invoice is not None else ZERO
        verdict, amount = judge_one(msgspec.structs.replace(case.facts, taken=before), case, kind, book)
        if invoice is not None:
            taken[invoice.id] = before + amount
        verdicts.append(verdict)
    return verdicts


def judge_one(facts: Facts, case: Case, kind: type[Webservice], book: Book) -> tuple[Verdict, Decimal]:
    """The judgement of one allocation, and what it takes of its invoice."""
    if (unsure := await_word(case.entry)) is not None:
        return Verdict(dossier=Dossier(entry=case.entry, subject=None, times=case.times), step=unsure), ZERO
    able = kind.capabilities.allocations
    step = allocating.plan_allocation(case.entry, facts, able=able, title=kind.title)
    bare = Dossier(entry=allocating.forget_dead(case.entry, step), subject=None, times=case.times)
    if not isinstance(step, Do):
        return Verdict(dossier=bare, step=step), ZERO
    made = allocating.make_allocation(facts)
    if step.operation is Operation.CANCEL or made is None:
        subject = _standing_subject(case.entry, facts, book)
        return Verdict(dossier=msgspec.structs.replace(bare, subject=subject), step=step), ZERO
    number = f"{made.number} on {made.invoice_number}"
    subject = Subject(record=made, version=facts.version, number=number, gallery=book.gallery, remote=case.entry.remote)
    draft = render(kind, subject, book)
    if isinstance(draft, Hold):
        return Verdict(dossier=bare, step=draft), ZERO
    return Verdict(dossier=msgspec.structs.replace(bare, subject=subject), step=step, draft=draft), made.amount


def _standing_subject(entry: Entry, facts: Facts, book: Book) -> Subject:
    """What is taken off: named by what stands there."""
    remote = entry.remote
    assert remote is not None  # noqa: S101 - only what stands is cancelled
    record = Allocation(
        id=entry.record_id,
        invoice_id=entry.invoice_id or "",
        amount=remote.total or ZERO,
        currency=remote.currency or "",
        on=remote.on or book.today,
    )
    return Subject(
        record=record,
        version=facts.version,
        number=entry.number or entry.record_id,
        gallery=book.gallery,
        remote=remote,
    )


def aimed_anew(cases: Iterable[Case]) -> dict[str, str]:
    """Entry -> the invoice the gallery means now, where nothing stands: what happens there is what it waits for."""
    found = {}
    for case in cases:
        entry, note = case.entry, case.facts.note
        target = note.applies_to if note is not None and allocating.is_wanted(case.facts) else None
        free = not entry.in_books and not allocating.is_observed(entry)
        if free and target is not None and target != entry.invoice_id:
            found[entry.id] = target
    return found


def moved(verdicts: Iterable[Verdict]) -> dict[str, str]:
    """Entry -> the invoice that it is to stand on now, where that is another than it says."""
    found = {}
    for verdict in verdicts:
        draft: Draft | None = verdict.draft
        if draft is not None and draft.needs[0].id != verdict.entry.invoice_id:
            found[verdict.entry.id] = draft.needs[0].id
    return found


async def load_remotes(conn: Connection, book: Book, verdicts: Sequence[Verdict]) -> dict[Reference, Remote]:
    """What stands there of the documents that these allocations join."""
    ids = {need.id for v in verdicts if v.draft is not None for need in v.draft.needs}
    ids |= {v.entry.record_id for v in verdicts}
    standing = await entries.by_records(conn, book.gallery.id, book.webservice_id, "invoice", sorted(ids))
    return {Reference("invoice", one): e.remote for one, e in standing.items() if e.remote is not None}


def waves(verdicts: Sequence[Verdict]) -> list[list[Verdict]]:
    """One open write per invoice and credit note: the n-th of an invoice goes in the n-th wave."""
    seen: dict[str, int] = {}
    found: list[list[Verdict]] = []
    for verdict in verdicts:
        key = verdict.entry.invoice_id or ""
        n = seen.get(key, 0)
        seen[key] = n + 1
        if n == len(found):
            found.append([])
        found[n].append(verdict)
    return found


def may_adopt(case: Case) -> bool:
    """Whether it is worth looking for what a person made there before the gallery asked for it."""
    entry, facts = case.entry, case.facts
    fresh = not allocating.is_observed(entry) and not entry.in_books and facts.elsewhere > 0
    return fresh and allocating.is_wanted(facts) and facts.invoice is not None


def find_twin(case: Case, around: Iterable[Entry]) -> Entry | None:
    """The allocation on the very invoice that a person made there."""
    invoice = case.facts.invoice
    for other in around:
        if allocating.is_observed(other) and other.in_books and invoice is not None and other.invoice_id == invoice.id:
            return other
    return None
