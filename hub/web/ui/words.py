"""What people read in the place of codes: each state, group, type and reason, as a word with its tone.

A tone is never the only sign: the word says the same as its colour.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

Tone = Literal["good", "busy", "need", "bad", "off"]
"""good: done · busy: goes on by itself · need: wants a person · bad: failed · off: at rest."""


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """A word for people; `hint` explains it in one sentence."""

    text: str
    tone: Tone = "off"
    hint: str = ""


GROUPS: Mapping[str, Word] = {
    "in_the_books": Word(text="In the books", tone="good", hint="It stands in the accounting system."),
    "on_its_way": Word(text="On its way", tone="busy", hint="It goes with a coming run; there is nothing to do."),
    "needs_you": Word(text="Needs you", tone="need", hint="It waits for a decision of yours."),
    "left_out": Word(text="Left out", hint="A rule keeps it out, on purpose."),
}

ENTRY_STATES: Mapping[str, Word] = {
    "pending": Word(text="Due", tone="busy", hint="It is looked at with the next run."),
    "left_out": Word(text="Left out", hint="A rule keeps it out, on purpose."),
    "sending": Word(text="Being sent", tone="busy", hint="It is being written at this moment."),
    "unknown": Word(text="Being looked up", tone="busy", hint="No clear answer came; it is looked up, never guessed."),
    "waiting": Word(text="Waiting", tone="busy", hint="It goes later by itself."),
    "synced": Word(text="In the books", tone="good", hint="Both sides agree."),
    "held": Word(text="Held", tone="need", hint="It cannot go as it is."),
    "conflict": Word(text="Differs", tone="need", hint="The two sides differ."),
    "resolved": Word(text="Resolved", tone="good", hint="A person accepted the difference."),
    "voided": Word(text="Voided", hint="It was taken back there."),
}

GROUP_OF: Mapping[str, str] = {
    "pending": "on_its_way",
    "sending": "on_its_way",
    "unknown": "on_its_way",
    "waiting": "on_its_way",
    "synced": "in_the_books",
    "resolved": "in_the_books",
    "held": "needs_you",
    "conflict": "needs_you",
    "left_out": "left_out",
    "voided": "left_out",
}
"""The group of a state, for counts, where nothing says of each one whether it stands in the books."""

WEBSERVICE_STATES: Mapping[str, Word] = {
    "authorizing": Word(text="Waiting for access", tone="need", hint="Somebody has to allow access."),
    "choosing": Word(text="No organisation yet", tone="need", hint="Access is allowed; the choice is still open."),
    "ready": Word(text="Connected", tone="good", hint="It is kept in step."),
    "paused": Word(text="Stopped", tone="need", hint="Nothing is written until somebody starts it again."),
    "reauthorize": Word(text="Access ended", tone="bad", hint="Somebody has to allow access again."),
    "disconnected": Word(text="Disconnected", hint="It is over; its history is kept."),
}
RUNNING = Word(text="Running", tone="busy", hint="A run is under way.")

RUN_STATES: Mapping[str, Word] = {
    "queued": Word(text="Queued", tone="busy", hint="It begins in a moment."),
    "running": Word(text="Running", tone="busy", hint="It is under way."),
    "waiting": Word(text="Waiting", tone="busy", hint="The calls of now are used up; it goes on by itself."),
    "done": Word(text="Done", tone="good"),
    "paused": Word(text="Stopped", tone="need"),
    "failed": Word(text="Failed", tone="bad"),
    "cancelled": Word(text="Cancelled"),
}

ROLES: Mapping[str, str] = {
    "reader": "Reader",
    "bookkeeper": "Bookkeeper",
    "owner": "Owner",
    "operator": "Operator",
}

# singular and plural
TYPES: Mapping[str, tuple[str, str]] = {
    "gallery": ("gallery", "galleries"),
    "tax_code": ("tax code", "tax codes"),
    "contact": ("contact", "contacts"),
    "invoice": ("invoice", "invoices"),
    "payment": ("payment", "payments"),
    "credit_note": ("credit note", "credit notes"),
    "refund": ("refund", "refunds"),
    "allocation": ("allocation", "allocations"),
}

REASONS: Mapping[str, str] = {
    "draft": "Draft",
    "excluded": "Excluded",
    "before_sync_from": "Before the sync-from date",
    "before_connection": "Older than the connection",
    "outside_window": "Not changed lately",
    "void_never_sent": "Voided, never sent",
    "payment_not_recorded": "Payment not recorded",
    "contact_missing": "Contact missing",
    "contact_empty": "Contact without a name",
    "contact_archived": "Contact archived in the books",
    "contact_archived_source": "Contact archived here",
    "duplicate_contact": "Several contacts of this name",
    "email_invalid": "E-mail address not valid",
    "address": "Address not accepted",
    "tax_code_missing": "Tax code missing",
    "mapping_missing": "No account chosen",
    "mapping_invalid": "Chosen account is gone",
    "tax_mapping": "Tax rates do not agree",
    "tax_archived": "Tax rate archived in the books",
    "currency_unknown": "Currency unknown",
    "currency_not_subscribed": "Currency not set up there",
    "currency_precision": "Too many decimals",
    "no_lines": "No lines",
    "no_amount": "Nothing to pay",
    "discount": "Discount cannot be shown",
    "too_large": "Too large",
    "date": "Date missing or not accepted",
    "total_mismatch": "Total would differ",
    "remote_total": "Total differs in the books",
    "number_taken": "Number taken in the books",
    "number_void": "Number voided in the books",
    "period_locked": "Period locked in the books",
    "payment_account": "Account takes no payments",
    "payment_currency": "Payment in another currency",
    "exceeds_due": "More than is due",
    "possible_duplicate_payment": "Perhaps paid twice",
    "marker_without_record": "Payment unknown here",
    "not_approved": "Not approved there",
    "source_missing": "Record missing",
    "unknown_outcome": "Outcome unknown",
    "refused": "Refused there",
    "closed": "Closed there",
    "edited_there": "Changed in the books",
    "voided_there": "Voided in the books",
    "void_blocked": "Void not possible there",
    "payment_deleted_there": "Payment deleted in the books",
    "reauthorize": "Access ended",
}


def entry_word(state: str) -> Word:
    """The word of an entry's state."""
    return ENTRY_STATES.get(state) or _plain(state)


def webservice_word(state: str, *, running: bool = False) -> Word:
    """The word of a webservice: that it runs comes first."""
    return RUNNING if running else WEBSERVICE_STATES.get(state) or _plain(state)


def run_word(state: str) -> Word:
    """The word of a run's state."""
    return RUN_STATES.get(state) or _plain(state)


def group_word(group: str) -> Word:
    """The word of a group."""
    return GROUPS.get(group) or _plain(group)


def reason_word(code: str | None) -> str:
    """A reason in a few words; a kind's own code (no known one) is shown as words too."""
    return "" if not code else REASONS.get(code) or _plain(code).text


def type_word(type_: str, n: int = 1) -> str:
    """A type of record: ``credit note``, ``credit notes``."""
    one, many = TYPES.get(type_) or (_plain(type_).text.lower(),) * 2
    return one if n == 1 else many


def _plain(code: str) -> Word:
    return Word(text=code.replace("_", " ").replace("-", " ").capitalize())
