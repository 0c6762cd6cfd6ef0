"""What an outcome or a look-up makes of an entry. Pure: the shell stores what these functions return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from hub.domain.drafts import Draft, Write
from hub.domain.entries import Entry, Hold, LeaveOut, Nothing, Sent, State, Wait, move
from hub.domain.planning import contact_of, hold, hold_total
from hub.domain.reasons import HELD, frozen, words
from hub.domain.records import Reference
from hub.domain.remotes import Accepted, NotNow, Operation, Refused, Remote, RemoteId, Unknown

BACKOFF_SECONDS = (30.0, 120.0, 600.0, 1800.0, 3600.0)
UNKNOWN_SECONDS = (5.0, 15.0, 60.0, 300.0)  # unscaled; at first inside the time in which the key is known there


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as it is to be stored, the sentence for its history, and what holds it, for grouping into problems."""

    entry: Entry
    text: str
    hold: Hold | None = None


def _become(entry: Entry, state: State, **changes: object) -> Entry:
    """*entry* in *state* with its old reason gone; raises IllegalMoveError."""
    fresh: dict[str, object] = {
        "reason": None,
        "message": None,
        "remedy": None,
        "problem_id": None,
        "next_try_at": None,
    }
    if state not in {"waiting", "sending", "unknown"}:
        fresh["forced"] = False  # a person's word holds until it was carried out or answered
    return msgspec.structs.replace(entry, state=move(entry.state, state), **{**fresh, **changes})


def holding(entry: Entry, held: Hold, **changes: object) -> Settled:
    """*entry* as a hold or conflict makes it."""
    state: State = "conflict" if held.conflict else "held"
    words_ = {"reason": held.reason, "message": held.message, "remedy": held.remedy}
    return Settled(entry=_become(entry, state, **{**words_, **changes}), text=held.message, hold=held)


def judged(entry: Entry, step: LeaveOut | Hold | Wait | Nothing) -> Settled:
    """*entry* after a judgement that needs no write; only one that excludes it leaves it frozen."""
    done = msgspec.structs.replace(entry, judged=entry.asked, frozen=False)
    match step:
        case Hold():
            told = (entry.reason, entry.message) == (step.reason, step.message) and entry.state in {"held", "conflict"}
            holding_it = holding(done, step)
            return msgspec.structs.replace(holding_it, text="") if told else holding_it  # its history has the sentence
        case LeaveOut(freeze=True) if entry.in_books:
            text = frozen(step.message)
            after = _become(done, "synced", reason=step.reason, message=text, remedy=step.remedy, frozen=True)
            return Settled(entry=after, text=text)
        case LeaveOut() if entry.state == "voided" or (entry.remote is not None and not entry.in_books):
            return Settled(entry=_become(done, "voided", message=step.message), text="")
        case LeaveOut():
            changes = {"reason": step.reason, "message": step.message, "remedy": step.remedy or None}
            return Settled(entry=_become(done, "left_out", **changes), text=f"Left out: {step.message}")
        case Wait():
            said = entry.state == "waiting" and entry.message == step.message  # waiting on is no news
            return Settled(entry=_become(done, "waiting", message=step.message), text="" if said else step.message)
        case Nothing():
            resolution = entry.resolution if step.state == "resolved" else None
            note = step.note or None
            after = _become(done, step.state, frozen=False, resolution=resolution, attempts=0, message=note)
            return Settled(entry=after, text=step.note)


def broken(entry: Entry, why: str) -> Settled:
    """*entry* when the hub itself is at fault: held with a sentence, so that no other entry waits for it."""
    message = f"The hub could not decide on it ({why})."
    remedy = "Report this to whoever runs the hub; “Try again” judges it anew."
    words_ = {"reason": "refused", "message": message, "remedy": remedy, "problem_id": None, "next_try_at": None}
    after = msgspec.structs.replace(entry, state="held", judged=entry.asked, forced=False, **words_)
    return Settled(entry=after, text=message, hold=Hold(reason="refused", message=message, remedy=remedy, cause="hub"))


def sent_of(write: Write, draft: Draft, remotes: Mapping[Reference, Remote]) -> Sent:
    """What an accepted write leaves as the ground for later comparison."""
    needed = [remotes[r].id for r in draft.needs if r in remotes and r.type == "contact"]
    return Sent(
        fingerprint=draft.fingerprint,
        record_version=write.record_version,
        on=draft.on,
        currency=draft.currency,
        total=draft.total,
        tax=draft.tax,
        contact_id=needed[0] if needed else None,
        contact_record=contact_of(draft),
        body=draft.body if write.reference.type == "contact" else None,
        written=_written(write, draft) if write.reference.type == "contact" else (),
    )


def _written(write: Write, draft: Draft) -> tuple[str, ...]:
    """The keys of the body that stand there by our hand: all of a create, of an update those before and the changed."""
    before = write.before or {} if write.operation is Operation.UPDATE else {}
    return tuple(key for key, value in draft.body.items() if key in write.written or before.get(key) != value)


def accepted(entry: Entry, write: Write, outcome: Accepted, remotes: Mapping[Reference, Remote]) -> Settled:
    """*entry* after the remote side took the write; another total or status than asked for is held and shown."""
    remote = outcome.remote
    if write.operation is Operation.CANCEL:
        text = "It was taken off the invoice there." if entry.type == "allocation" else "It was voided there."
        return Settled(entry=_become(entry, "voided", remote=remote, attempts=0), text=text)
    draft = write.draft
    assert draft is not None  # noqa: S101 - creates and updates carry one
    sent = msgspec.structs.replace(sent_of(write, draft, remotes), lines=remote.lines)
    notes = [*draft.notes, *outcome.warnings]
    if draft.tax is not None and remote.tax is not None and remote.tax != draft.tax:
        notes.append(f"Its tax there is {remote.tax}, not {draft.tax}.")
        sent = msgspec.structs.replace(sent, tax=remote.tax)
    verb = "written" if write.operation is Operation.CREATE else "updated"
    text = " ".join([f"It was {verb} there as {draft.number}.", *notes])
    changes = {"remote": remote, "sent": sent, "attempts": 0, "resolution": None, "frozen": False}
    if entry.type != "allocation" and None not in (draft.total, remote.total) and remote.total != draft.total:
        return holding(entry, hold_total(sent, remote), **changes)
    if draft.status is not None and remote.status not in {draft.status, "paid"}:
        held = hold("not_approved", number=remote.number or draft.number, status=remote.status)
        return holding(entry, held, **changes)
    return Settled(entry=_become(entry, "synced", **changes), text=text)


def _backoff(entry: Entry, steps: Sequence[float], factor: float) -> timedelta:
    return timedelta(seconds=steps[min(entry.attempts, len(steps) - 1)] * factor)


def refused(entry: Entry, outcome: Refused, draft: Draft | None = None) -> Settled:
    """*entry* after a known refusal of its write alone. *draft*: what was to be written; it names the contact.

    A document that is refused for its archived contact is one problem with the others of that contact.
    """
    contact = next((need.id for need in draft.needs if need.type == "contact"), None) if draft is not None else None
    if outcome.code == "contact_archived" and draft is not None and contact is not None:
        name = draft.shown.get("contact") or contact
        return holding(entry, hold("contact_archived", cause=f"contact:{contact}", name=name))
    own = f"contact:{entry.record_id}" if entry.type == "contact" else entry.record_id
    held = Hold(
        reason=outcome.code,
        message=outcome.message,
        remedy=outcome.remedy,
        cause=outcome.cause or own,
        conflict=outcome.code in {"closed", "void_blocked", "voided_there"},
    )
    return holding(entry, held)


def not_now(entry: Entry, outcome: NotNow, now: datetime, *, factor: float) -> Settled:
    """*entry* after an answer that says it was not done and may be tried again without a person."""
    at = now + _backoff(entry, BACKOFF_SECONDS, factor)
    if outcome.retry_after is not None:
        at = now + timedelta(seconds=outcome.retry_after * factor)
    after = _become(entry, "waiting", attempts=entry.attempts + 1, next_try_at=at, message=outcome.why)
    return Settled(entry=after, text=f"Not now: {outcome.why}")


def unknown(entry: Entry, outcome: Unknown, now: datetime, *, factor: float) -> Settled:
    """*entry* when nobody can say what became of its write; the next try settles it."""
    at = now + _backoff(entry, UNKNOWN_SECONDS, factor)
    after = _become(entry, "unknown", message=outcome.why, attempts=entry.attempts + 1, next_try_at=at)
    return Settled(entry=after, text=f"No clear answer: {outcome.why} It will be looked up.")


class Present(msgspec.Struct, frozen=True):
    """The look-up found what was written: it is ours."""

    remote: Remote


class Taken(msgspec.Struct, frozen=True):
    """Something of that name stands there, and it is not what we wrote."""

    remote: Remote


class Absent(msgspec.Struct, frozen=True):
    """Nothing of that name stands there."""


def judge_found(
    write: Write, found: Sequence[Remote], contact_id: RemoteId | None, *, attached: frozenset[str] = frozenset()
) -> Present | Taken | Absent:
    """What a look-up says about a create whose fate is unknown (DESIGN section 8, "What is ours").

    An invoice: created by our app, and number, contact, currency, date and total equal to the stored write. A contact:
    its number is ours. A payment: its marker is ours. An allocation: it is taken of that credit note and settles that
    invoice; who made it is the same, since none is ever made twice. *attached*: remote ids that belong to other entries
    already.
    """
    free = [remote for remote in found if remote.id not in attached]
    live = [remote for remote in free if remote.status != "deleted"]
    if write.reference.type in {"contact", "payment", "allocation"}:
        return Present(live[0]) if live else Absent()
    for remote in live:
        if remote.ours is not False and _is_what_we_wrote(write.draft, remote, contact_id):
            return Present(remote)
    return Taken(found[0]) if found else Absent()


def _is_what_we_wrote(draft: Draft | None, remote: Remote, contact_id: RemoteId | None) -> bool:
    if draft is None or remote.status == "voided":
        return False
    pairs = (
        (draft.number, remote.number),
        (draft.currency, remote.currency),
        (draft.on, remote.on),
        (draft.total, remote.total),
        (contact_id, remote.contact_id),
    )
    return all(ours is None or theirs is None or ours == theirs for ours, theirs in pairs)


def seen_change(entry: Entry, write: Write, remote: Remote, remotes: Mapping[Reference, Remote]) -> Entry:
    """*entry* with what stands there after an update whose fate is unknown.

    When that is what the write was to leave there, later differences are measured from the write: our own change is
    no edit of theirs. Texts cannot be compared, so it is drawn up anew and sent again all the same, by id. A contact
    is nothing but texts: its changes go on being measured from what surely arrived.
    """
    ground = entry.sent
    if write.draft is not None and write.reference.type != "contact":
        sent = sent_of(write, write.draft, remotes)
        if _is_what_we_wrote(write.draft, remote, RemoteId(sent.contact_id) if sent.contact_id else None):
            ground = msgspec.structs.replace(sent, tax=sent.tax if remote.tax is None else remote.tax)
    if ground is not None:
        ground = msgspec.structs.replace(ground, fingerprint="", record_version=0)
    return msgspec.structs.replace(entry, remote=remote, sent=ground)


def taken(entry: Entry, remote: Remote, number: str) -> Settled:
    """*entry* when its number belongs to something else there."""
    code = "number_void" if remote.status in {"voided", "deleted"} else "number_taken"
    return holding(entry, hold(code, cause=number, number=number))


def lost(entry: Entry, since: datetime) -> Settled:
    """*entry* when a day of looking did not tell what became of its write."""
    facts = {"type": entry.type, "record": entry.record_id, "since": f"{since:%Y-%m-%d %H:%M} UTC"}
    sentence, remedy = words(HELD, "unknown_outcome", **facts)
    return holding(entry, Hold(reason="unknown_outcome", message=sentence, remedy=remedy, cause=entry.record_id))


def again_distinct(entry: Entry, now: datetime) -> Settled:
    """A contact whose name was refused as taken: it goes again at once, told apart by a suffix."""
    text = "Its name is taken there; it is written with a suffix."
    return Settled(entry=_become(entry, "waiting", next_try_at=now, message=text, distinct=True), text=text)


def again(entry: Entry, now: datetime, text: str) -> Settled:
    """*entry* whose write is known not to have arrived: it is due again at once."""
    return Settled(entry=_become(entry, "waiting", next_try_at=now, message=text), text=text)
