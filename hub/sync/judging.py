"""Judging a page: gates, what stands there, rendering, planning. Pure but for being called with loaded dossiers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

import msgspec
import structlog

from hub.contract import Webservice
from hub.domain import agreeing, allocating, paying, planning, recoding
from hub.domain.books import Book
from hub.domain.capabilities import Cancel
from hub.domain.drafts import Allocation, Draft, Held, Subject
from hub.domain.eligibility import judge_invoice, judge_payment
from hub.domain.entries import Check, Do, Entry, Hold, Nothing, Step, Wait
from hub.domain.exclusions import ExcludeFilter
from hub.domain.records import Contact, Invoice, Payment
from hub.domain.remotes import Operation
from hub.domain.unsure import await_word
from hub.errors import RemoteError
from hub.store.records import Stored
from hub.sync.subjects import Dossier

log = structlog.get_logger()

S = TypeVar("S", bound=Step | None)


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done about one record, with the draft when it got that far, and the checks on the way.

    `twin`: the payment that came from there and must be this very one; `twins.link` makes them one, else *step* holds.
    """

    dossier: Dossier
    step: Step
    draft: Draft | None = None
    checks: tuple[Check, ...] = ()
    twin: str | None = None

    @property
    def entry(self) -> Entry:
        """The entry that was judged."""
        return self.dossier.entry


def _passed(code: str, message: str) -> Check:
    return Check(code=code, passed=True, message=message)


def _failed(code: str, message: str) -> Check:
    return Check(code=code, passed=False, message=message)


def render(kind: type[Webservice], subject: Subject, book: Book) -> Draft | Hold:
    """The kind's draft, or what holds it; a plugin that raises holds its own record and nothing else (PROMISES E1)."""
    try:
        draft: object = kind.render(subject, book)
    except (RemoteError, KeyboardInterrupt):
        raise
    except BaseException as error:
        log.exception("sync.render_failed", kind=kind.kind, record_type=subject.reference.type)
        message = f"The {kind.title} plugin failed on it ({type(error).__name__})."
        return Hold(reason="refused", message=message, remedy="Report this to whoever runs the hub.", cause=kind.kind)
    if isinstance(draft, Held):
        return Hold(reason=draft.code, message=draft.message, remedy=draft.remedy, cause=draft.cause or draft.message)
    if not isinstance(draft, Draft):
        message = f"The {kind.title} plugin gave no draft ({type(draft).__name__})."
        return Hold(reason="refused", message=message, remedy="Report this to whoever runs the hub.", cause=kind.kind)
    return _checked(draft, subject)


def _checked(draft: Draft, subject: Subject) -> Draft | Hold:
    """What a plugin returns is validated before anything is stored or sent (PROMISES E3): money to the cent."""
    record = subject.record
    ours = record.total if isinstance(record, Invoice) else None
    if isinstance(record, Payment | Allocation):
        ours = record.amount
    if ours is not None and draft.total != ours:
        message = f"It would stand there as {draft.total}, not as {ours}."
        return Hold(reason="total_mismatch", message=message, remedy="Report this to whoever runs the hub.")
    return draft


def judge_invoice_entry(
    dossier: Dossier, kind: type[Webservice], book: Book, filters: Mapping[str, ExcludeFilter]
) -> Verdict:
    """The whole judgement of one invoice."""
    subject, entry = dossier.subject, dossier.entry
    if subject is None or dossier.times is None:
        missing = planning.hold("source_missing", cause=entry.record_id, type=entry.type, record=entry.record_id)
        return Verdict(dossier=dossier, step=missing, checks=(_failed("source", missing.message),))
    if (unsure := await_word(entry)) is not None:
        return Verdict(dossier=dossier, step=unsure, checks=(_failed("unknown_outcome", unsure.message),))
    invoice = subject.record
    assert isinstance(invoice, Invoice)  # noqa: S101 - the loader keeps types apart
    if (turned := _judge_turned(invoice, subject.version, entry)) is not None:
        return Verdict(dossier=dossier, step=turned, checks=(_failed(turned.reason, turned.message),))
    gates = judge_invoice(invoice, entry, dossier.times, book, filters)
    stop = gates.stop or _judge_credit(kind, subject, invoice, entry)
    if stop is not None:
        return Verdict(dossier=dossier, step=stop, checks=gates.checks)
    checks = list(gates.checks)
    if entry.remote is not None:
        standing = _possible(
            kind, "void_blocked", planning.plan_standing(invoice, subject.version, entry, entry.remote)
        )
        if isinstance(standing, Hold) and standing.reason == "void_blocked" and dossier.letting_go:
            standing = Wait(message="It is void, and waits until its credit is taken off the invoice there.")
        agreed = _agree(kind, dossier, subject, book, standing)
        if agreed is not None:
            return _agreed(dossier, agreed, checks)
        if standing is not None:
            ok = not isinstance(standing, Hold)
            checks.append(Check(code="standing", passed=ok, message=getattr(standing, "message", "") or "It stands."))
            return Verdict(dossier=dossier, step=standing, checks=tuple(checks))
        checks.append(_passed("standing", "What stands there is ours."))
    draft = render(kind, subject, book)
    if isinstance(draft, Hold):
        checks.append(_failed(draft.reason, draft.message))
        return Verdict(dossier=dossier, step=draft, checks=tuple(checks))
    checks.append(_passed("render", "It can be drawn up, and its total is exact."))
    planned = planning.plan_invoice(entry, draft, currency_fixed=kind.capabilities.currency_fixed)
    step = recoding.judge_recoded(entry, planned)
    ok = not isinstance(step, Hold)
    checks.append(Check(code="plan", passed=ok, message=step.message if isinstance(step, Hold) else "It may go."))
    return Verdict(dossier=dossier, step=step, draft=draft, checks=tuple(checks))


def _judge_turned(invoice: Invoice, version: int, entry: Entry) -> Hold | None:
    """A conflict when an invoice that stands there became a credit note, or the reverse: they are two things."""
    remote = entry.remote
    if remote is None or not entry.in_books or remote.credit_note == (invoice.kind == "credit_note"):
        return None
    if planning.settled(entry, version, remote):
        return None
    there, here = ("a credit note", "an invoice") if remote.credit_note else ("an invoice", "a credit note")
    message = f"{entry.number or 'It'} stands there as {there}, and is {here} in the gallery system now."
    remedy = (
        "Change its kind back and send the other as a record of its own, or void it there and mark this as resolved."
    )
    return Hold(reason="edited_there", message=message, remedy=remedy, cause="", conflict=True)


def _judge_credit(kind: type[Webservice], subject: Subject, invoice: Invoice, entry: Entry) -> Hold | None:
    """What keeps a credit note from being sent at all: the kind, or an invoice that it can never be put on (R7)."""
    if invoice.kind != "credit_note" or entry.remote is not None:
        return None
    if not kind.capabilities.credit_notes:
        return _unable(kind, "credit note")
    misfit = allocating.judge_pair(invoice, subject.invoice) if subject.invoice is not None else None
    return misfit if misfit is not None and misfit.reason == "payment_currency" else None


def _unable(kind: type[Webservice], what: str) -> Hold:
    message = f"{kind.title} takes no {what}s from the hub."
    remedy = f"Enter the {what} there by hand, and mark this one as resolved."
    return Hold(reason="refused", message=message, remedy=remedy, cause=f"unable:{what}")


def _agree(
    kind: type[Webservice], dossier: Dossier, subject: Subject, book: Book, standing: Step | None
) -> Entry | None:
    """The entry measured anew, when the record was changed to what somebody made of it there; else None."""
    entry = dossier.entry
    edited = isinstance(standing, Hold) and standing.reason == "edited_there"
    if not edited or not planning.needs_rendering(entry, subject.version):
        return None
    draft = render(kind, subject, book)
    if not isinstance(draft, Draft):
        return None
    return agreeing.agree(entry, draft, subject.version, contact_there=dossier.contact_there)


def _agreed(dossier: Dossier, agreed: Entry, checks: Sequence[Check]) -> Verdict:
    """Both sides were made equal: nothing is written, and later differences are measured from here."""
    note = "Both sides are equal again."
    step = Nothing(note=note)
    measured = msgspec.structs.replace(dossier, entry=agreed)
    return Verdict(dossier=measured, step=step, checks=(*checks, _passed("standing", note)))


def judge_contact_entry(dossier: Dossier, kind: type[Webservice], book: Book) -> Verdict:
    """The judgement of a contact that an invoice needs, or that stands there and changed."""
    subject, entry = dossier.subject, dossier.entry
    if subject is None:
        return Verdict(
            dossier=dossier, step=planning.hold("contact_missing", cause=entry.record_id, contact=entry.record_id)
        )
    if (unsure := await_word(entry)) is not None:
        return Verdict(dossier=dossier, step=unsure)
    contact = subject.record
    assert isinstance(contact, Contact)  # noqa: S101 - the loader keeps types apart
    if entry.remote is not None and entry.remote.status == "archived":
        name = entry.remote.name or contact.name
        return Verdict(dossier=dossier, step=planning.hold("contact_archived", cause=entry.record_id, name=name))
    imported = entry.remote is not None and dossier.from_there  # never written there, whatever is asked
    if imported or (entry.remote is not None and not planning.needs_rendering(entry, subject.version)):
        return Verdict(dossier=dossier, step=Nothing())
    draft = render(kind, subject, book)
    if isinstance(draft, Hold):
        return Verdict(dossier=dossier, step=draft)
    return Verdict(dossier=dossier, step=planning.plan_invoice(entry, draft), draft=draft)


def judge_payment_entry(dossier: Dossier, kind: type[Webservice], book: Book, account: paying.Account) -> Verdict:
    """The judgement of one payment; *account* is what its invoice can still take."""
    subject, entry = dossier.subject, dossier.entry
    if subject is None:
        missing = planning.hold("source_missing", cause=entry.record_id, type=entry.type, record=entry.record_id)
        return Verdict(dossier=dossier, step=missing)
    payment = subject.record
    assert isinstance(payment, Payment)  # noqa: S101 - the loader keeps types apart
    if dossier.from_there:
        return Verdict(dossier=dossier, step=Nothing(state="voided" if payment.status == "deleted" else "synced"))
    if (unsure := await_word(entry)) is not None:
        return Verdict(dossier=dossier, step=unsure, checks=(_failed("unknown_outcome", unsure.message),))
    gates = judge_payment(payment, entry)
    stop = gates.stop or _judge_purpose(payment, subject, entry)
    if stop is not None:
        return Verdict(dossier=dossier, step=stop, checks=gates.checks)
    if payment.kind == "refund" and not kind.capabilities.credit_notes:
        return Verdict(dossier=dossier, step=_unable(kind, "refund"), checks=gates.checks)
    step, draft = _plan_payment(kind, subject, book, entry, account)
    twin = None
    if isinstance(step, Hold) and step.reason == "possible_duplicate_payment" and entry.remote is None:
        twin = paying.find_twin(payment, account)
    return Verdict(dossier=dossier, step=step, draft=draft, checks=gates.checks, twin=twin)


def _judge_purpose(payment: Payment, subject: Subject, entry: Entry) -> Hold | None:
    """What it settles fits what it is; one that stands there is held too when its kind changed, if it is recorded."""
    is_known = subject.invoice is not None and payment.status == "recorded"
    return paying.judge_settled(payment, subject.invoice) if entry.remote is None or is_known else None


def _plan_payment(
    kind: type[Webservice], subject: Subject, book: Book, entry: Entry, account: paying.Account
) -> tuple[Step, Draft | None]:
    """The step for a payment that passed its gate, with the draft of what is to be created, after a cancel too."""
    payment = subject.record
    assert isinstance(payment, Payment)  # noqa: S101 - the loader keeps types apart
    redrawn = _redraw(kind, subject, book, payment, entry)
    if isinstance(redrawn, Hold):
        return redrawn, None
    step = paying.plan_payment(payment, subject.version, entry, account, number=subject.invoice_number, redrawn=redrawn)
    step = _possible(kind, "closed", step)
    if not isinstance(step, Do) or step.operation is not Operation.CREATE:
        return step, redrawn.draft if redrawn is not None and isinstance(step, Do) else None
    draft = render(kind, subject, book)
    if isinstance(draft, Hold):
        return draft, None
    waits = paying.wait_for_currency(account, draft)
    return (waits, None) if waits is not None else (step, draft)


def _possible(kind: type[Webservice], reason: str, step: S) -> S | Hold:
    """*step*, or a conflict when it would take something back where nothing can be taken back."""
    cancels = isinstance(step, Do) and step.operation is Operation.CANCEL
    if not cancels or kind.capabilities.cancel is not Cancel.NONE:
        return step
    message = f"It changed in the gallery system, and {kind.title} cannot take it back."
    return Hold(reason=reason, message=message, remedy="Correct it there, then mark it as resolved.", conflict=True)


def _redraw(
    kind: type[Webservice], subject: Subject, book: Book, payment: Payment, entry: Entry
) -> paying.Redrawn | Hold | None:
    """What a payment that stands there and changed since would look like; None: there is nothing to compare.

    Only its texts changed when the reference that stands there, put in, gives what was sent.
    """
    if not paying.needs_redrawing(payment, subject.version, entry):
        return None
    draft = render(kind, subject, book)
    if isinstance(draft, Hold):
        return draft
    sent, remote = entry.sent, entry.remote
    if sent is None or remote is None or draft.fingerprint == sent.fingerprint:
        return paying.Redrawn(draft=draft)
    reference = (remote.number or "").removeprefix(subject.number).strip()
    before = msgspec.structs.replace(payment, reference=reference)
    same = render(kind, msgspec.structs.replace(subject, record=before), book)
    only_texts = isinstance(same, Draft) and same.fingerprint == sent.fingerprint
    return paying.Redrawn(draft=draft, only_texts=only_texts)


def account_of(entry: Entry | None, stored: Sequence[Stored], webservice_id: str) -> paying.Account:
    """What an invoice can still take, and the payments on it that came from there."""
    remote = entry.remote if entry is not None else None
    due = (remote.total or Decimal(0)) - (remote.paid or Decimal(0)) if remote is not None else Decimal(0)
    foreign = tuple(
        (s.record.amount, s.record.paid_on, s.record.id)
        for s in stored
        if isinstance(s.record, Payment)
        and s.origin is not None
        and s.origin.webservice_id == webservice_id
        and s.record.status == "recorded"
    )
    return paying.Account(entry=entry, due=due, foreign=foreign)


def take(account: paying.Account, amount: Decimal) -> paying.Account:
    """The account after a payment of *amount* was planned on it."""
    return msgspec.structs.replace(account, due=account.due - amount)


def once_a_number(writing: Sequence[Verdict]) -> list[Verdict]:
    """*writing* without creates under a number that another of them bears: those stay due, for a request of their own.

    Two numbers of the gallery may become one there (1234 and AG-1234, N14), and an answer that names it twice says
    nothing about either.
    """
    first: dict[tuple[str, str], Verdict] = {}
    for verdict in writing:
        if isinstance(verdict.step, Do) and verdict.step.operation is Operation.CREATE and verdict.draft is not None:
            assert verdict.dossier.subject is not None  # noqa: S101 - what has a draft has a subject
            kind = getattr(verdict.dossier.subject.record, "kind", "")
            first.setdefault((kind, verdict.draft.number), verdict)
        else:
            first[verdict.entry.id, ""] = verdict
    return list(first.values())


def do_steps(verdicts: Sequence[Verdict]) -> tuple[list[Verdict], list[Verdict]]:
    """(those that need a write, those that do not)."""
    writing = [v for v in verdicts if isinstance(v.step, Do)]
    return writing, [v for v in verdicts if not isinstance(v.step, Do)]
