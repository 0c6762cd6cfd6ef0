"""The reasons the hub itself gives (FIXED codes): one sentence for people and the way out.

What a kind holds brings its own sentence; `sentence` and `remedy` are the words used when it brings none.
"""

from __future__ import annotations

from typing import NamedTuple


class Reason(NamedTuple):
    """One sentence and its remedy, as templates for `str.format`."""

    sentence: str
    remedy: str


LEFT_OUT: dict[str, Reason] = {
    "draft": Reason("It is a draft.", "Issue the invoice in the gallery system."),
    "excluded": Reason("It is excluded: {rule}.", "Take the exclusion off, and it goes with the next run."),
    "before_sync_from": Reason(
        "It is dated {on}, before the sync-from date {sync_from}.", "Move the sync-from date back to include it."
    ),
    "before_connection": Reason(
        "It was in the gallery system before the webservice was made.",
        "Turn on “Copy all existing invoices”, or set a sync-from date.",
    ),
    "outside_window": Reason(
        "It was last changed more than {days} days before the last finished run.",
        "Press “Sync again” on the invoice: that sends it whatever its age.",
    ),
    "void_never_sent": Reason("It was voided before it was ever sent.", "Nothing to do."),
    "payment_not_recorded": Reason(
        "The payment is {status}, not recorded.", "Record the payment in the gallery system when the money is there."
    ),
}

HELD: dict[str, Reason] = {
    "contact_missing": Reason("Its contact {contact} is not in the hub.", "Send the contact to the hub."),
    "contact_empty": Reason("The contact has no name and no e-mail.", "Give the contact a name."),
    "contact_archived": Reason(
        "The contact is archived in the accounting system.",
        "Restore the contact there, or link this one to another contact.",
    ),
    "contact_archived_source": Reason(
        "The contact is archived in the gallery system.", "Restore the contact in the gallery system."
    ),
    "duplicate_contact": Reason(
        "The accounting system has more than one contact, or another one, of this name: {names}.",
        "Merge them there, link this one to the right contact, or say that it is a different person.",
    ),
    "remote_total": Reason(
        "It was written, but the total there is {theirs}, not {ours}.",
        "Correct the invoice there or here; no payment goes out before the totals are equal.",
    ),
    "number_taken": Reason(
        "The number {number} is taken there by a document that is not ours.",
        "Renumber that document there, change this invoice's number, or link the two if they are the same invoice.",
    ),
    "number_void": Reason(
        "The number {number} belongs to a voided or deleted document there.",
        "Give the invoice a new number (such as {number}-2) in the gallery system.",
    ),
    "exceeds_due": Reason(
        "The payment of {amount} is more than the {due} left to pay.",
        "Correct the payment, or remove the other payment of this invoice.",
    ),
    "possible_duplicate_payment": Reason(
        "The same amount was paid on {on} in the accounting system; it may be this very payment.",
        "Delete one of the two, or press “Try again” to say that they are two payments.",
    ),
    "marker_without_record": Reason(
        "A payment with our marker stands there, but the gallery has no such payment.",
        "Delete the payment there, or send the payment to the hub again.",
    ),
    "not_approved": Reason(
        "It was written, but stands there as {status}.",
        "Approve it there, or let the connection be made by a user who may approve invoices.",
    ),
    "source_missing": Reason("The record is gone from the gallery system.", "Send the record to the hub again."),
    "unknown_outcome": Reason(
        "Nobody can say whether it arrived: no answer came and it cannot be found since {since}.",
        "Look it up there; link it when it is there, or press “Try again” when it is not.",
    ),
    "date": Reason("The invoice has no issue date.", "Give the invoice an issue date."),
    "too_large": Reason("It is larger than one request may be.", "Split the invoice."),
    "refused": Reason("The accounting system refused it: {text}", "Correct what it names and press “Try again”."),
}

CONFLICT: dict[str, Reason] = {
    "closed": Reason(
        "It is paid or credited there and closed to changes: {difference}.",
        "Remove the payment there and the change goes with the next run, or mark it as resolved.",
    ),
    "edited_there": Reason("It was changed there: {difference}.", "Make both sides equal, or mark it as resolved."),
    "voided_there": Reason(
        "It was voided or deleted there, but is live in the gallery system.",
        "Void it in the gallery system and issue a new one, or mark it as resolved.",
    ),
    "void_blocked": Reason(
        "It is void in the gallery system, but has payments or credits there.",
        "Remove the payments there and the void goes with the next run, or mark it as resolved.",
    ),
    "payment_deleted_there": Reason(
        "The payment was deleted there, but the gallery has it.",
        "Delete the payment in the gallery system, or press “Try again” to send it anew.",
    ),
}


def words(table: dict[str, Reason], code: str, **facts: object) -> tuple[str, str]:
    """Sentence and remedy of *code* with *facts* filled in."""
    reason = table[code]
    return reason.sentence.format(**facts), reason.remedy.format(**facts)


# Problems of a webservice itself: sentence and remedy.
PROBLEMS: dict[str, Reason] = {
    "reauthorize": Reason(
        "The accounting system no longer gives access to the organisation.",
        "Press “Reauthorise” and allow access again, as a user of that organisation.",
    ),
}
