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
    "draft": Reason("The invoice is a draft.", "Issue the invoice in the gallery system."),
    "excluded": Reason("The invoice is excluded: {rule}.", "Take the exclusion off, and it goes with the next run."),
    "before_sync_from": Reason(
        "The invoice is dated {on}, before the sync-from date {sync_from}.",
        "Move the “Sync from date” in the settings back to include it.",
    ),
    "before_connection": Reason(
        "The invoice was in the gallery system before the webservice was made.",
        "Turn on “Copy all existing invoices” in the settings, or set a “Sync from date” that includes it.",
    ),
    "outside_window": Reason(
        "The invoice was last changed more than {days} days before the last finished run.",
        "Press “Sync anyway” on the invoice, or raise “Days to look back” in the settings.",
    ),
    "void_never_sent": Reason("The invoice was voided before it was ever sent.", "Nothing to do."),
    "payment_not_recorded": Reason(
        "The payment is {status}, not recorded.", "Record the payment in the gallery system when the money is there."
    ),
}

HELD: dict[str, Reason] = {
    "contact_missing": Reason(
        "The contact {contact} is not in the hub.", "Send the contact to the hub; its invoices follow by themselves."
    ),
    "contact_empty": Reason("The contact has no name and no e-mail.", "Give the contact a name."),
    "contact_archived": Reason(
        "The contact “{name}” is archived in the accounting system.",
        "Restore the contact there, or link the gallery's contact to another one there.",
    ),
    "contact_archived_source": Reason(
        "The contact “{name}” is archived in the gallery system.",
        "Restore the contact in the gallery system, or put the invoice to another contact.",
    ),
    "duplicate_contact": Reason(
        "The accounting system has another contact of this name, or several: {names}.",
        "Merge them there, link the gallery's contact to the right one, or say that it is a different person.",
    ),
    "remote_total": Reason(
        "{number} was written, but its total there is {theirs}, not {ours}.",
        "Correct it there or in the gallery system; no payment goes out before the totals are equal.",
    ),
    "number_taken": Reason(
        "The number {number} is taken there by a document that is not ours.",
        "Renumber that document there and press “Try again”, change this invoice's number in the gallery system, or "
        "link the two if they are the same invoice.",
    ),
    "number_void": Reason(
        "The number {number} belongs to a voided or deleted document there.",
        "Give the invoice a new number (such as {number}-2) in the gallery system.",
    ),
    "exceeds_due": Reason(
        "The payment of {amount} is more than the {due} left to pay on {number}.",
        "Correct the payment, or remove another payment of this invoice.",
    ),
    "possible_duplicate_payment": Reason(
        "A payment of {amount} on {number} was made in the accounting system on {on}: it may be this very one.",
        "Delete one of the two, or press “Try again” to say that they are two payments.",
    ),
    "marker_without_record": Reason(
        "A payment of {amount} on {on} stands there with our marker, but the gallery has no such payment.",
        "Delete the payment there, or send the payment to the hub again.",
    ),
    "not_approved": Reason(
        "{number} was written, but stands there as {status}.",
        "Approve it there, or authorise the webservice again as a user who may approve invoices and press “Try again”.",
    ),
    "source_missing": Reason("The {type} {record} is not in the hub.", "Send the {type} to the hub."),
    "unknown_outcome": Reason(
        "Nobody can say whether the {type} {record} arrived: no answer came on {since}, and it was not found since.",
        "Look it up there; link it when it is there, or press “Try again” when it is not.",
    ),
    "date": Reason("The invoice has no issue date.", "Give the invoice an issue date."),
    "too_large": Reason("The invoice is larger than one request may be.", "Split the invoice in the gallery system."),
    "refused": Reason("The accounting system refused it: {text}", "Correct what it names and press “Try again”."),
}

CONFLICT: dict[str, Reason] = {
    "closed": Reason(
        "{number} is paid or credited there and closed to changes: {difference}.",
        "Remove what settles it (a payment or a credit there; a credit note of the gallery's own by taking off what it "
        "applies to) and the change goes with the next run, or mark it as resolved.",
    ),
    "edited_there": Reason(
        "{number} was changed there: {difference}.",
        "Make both sides equal, there or in the gallery, or mark it as resolved.",
    ),
    "voided_there": Reason(
        "{number} was voided or deleted there, but is live in the gallery system.",
        "Void it in the gallery system and issue a new one, or mark it as resolved.",
    ),
    "void_blocked": Reason(
        "{number} is void in the gallery system, but has payments or credits there.",
        "Remove the payments there and the void goes with the next run, or mark it as resolved.",
    ),
    "payment_deleted_there": Reason(
        "The payment of {amount} on {on} was deleted there, but the gallery has it.",
        "Delete the payment in the gallery system, or press “Try again” to send it anew.",
    ),
}


def words(table: dict[str, Reason], code: str, **facts: object) -> tuple[str, str]:
    """Sentence and remedy of *code* with *facts* filled in."""
    reason = table[code]
    return reason.sentence.format(**facts), reason.remedy.format(**facts)


def frozen(message: str) -> str:
    """The sentence of what was sent before it was excluded, from *message*, which says why it is excluded."""
    return f"{message.removesuffix('.')}; what stands there stays as it is, and is not updated any more."


# Problems of a webservice itself: sentence and remedy.
PROBLEMS: dict[str, Reason] = {
    "reauthorize": Reason(
        "The accounting system no longer gives access to the organisation.",
        "Press “Reauthorise” and allow access again, as a user of that organisation.",
    ),
}
