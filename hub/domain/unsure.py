"""What nobody could find out: a write without an outcome waits for a person's word, whatever else changes. Pure."""

from __future__ import annotations

from hub.domain.entries import Entry, Hold


def await_word(entry: Entry) -> Hold | None:
    """The hold of an entry that was given up as `unknown_outcome`, or None: it may be judged.

    A changed record, contact or book is no reason to send again what may stand there already: a payment sent twice is
    paid twice. Pressing “Try again” is the word (`forced`), linking it the other way out.
    """
    if entry.state != "held" or entry.reason != "unknown_outcome" or entry.forced or entry.remote is not None:
        return None
    return Hold(reason=entry.reason, message=entry.message or "", remedy=entry.remedy or "", cause=entry.record_id)
