"""What people and gallery systems are told: notices, deliveries, and when the next try is (pure).

A *notice* is what people read about one webservice: the problems that opened and closed since they were last told. A
*delivery* is one event on its way to the gallery system's callback.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

import msgspec

# Every type of event, with the sentence of docs/reference/events.md.
EVENTS: dict[str, str] = {
    "payment.received": "A payment recorded in the accounting system has become a payment of the gallery.",
    "payment.changed": "A payment that came back was changed there.",
    "payment.deleted": "A payment that came back was deleted there.",
    "entry.needs_person": "A record cannot go, or differs there: a person has to decide.",
    "entry.cleared": "A record that needed a person needs nobody any more.",
    "problem.opened": "A cause appeared that needs a person; it may block many records.",
    "problem.closed": "A cause is gone.",
    "webservice.ready": "The webservice works, or works again.",
    "webservice.paused": "The webservice was paused, by a person or because too much was refused.",
    "webservice.reauthorize": "The accounting system gives no access any more: a person has to allow it again.",
    "webservice.disconnected": "The webservice was disconnected.",
    "run.finished": "A run ended that did something, or that a person asked for.",
}

MOST_SHOWN = 25  # problems in one notice, with their words; the others are counted
MOST_RECORDS = 5  # named records of one problem
GATHER_SECONDS = 60.0  # unscaled, as all here: one run makes one notice
RUNNING_SECONDS = 900.0  # a run under way is waited for that long
PAUSE_SECONDS = 3600.0  # between two notices about one webservice, unless it stopped
LATER_SECONDS = 86_400.0  # until a notice that cannot be told now is tried again by itself
KEEP_SECONDS = 7 * 86_400.0  # how long an event waits for its acknowledgement; real time, never scaled
_FIRST_SECONDS = 5.0
_LONGEST_SECONDS = 3600.0


class NoticeProblem(msgspec.Struct, frozen=True, kw_only=True):
    """One cause in a notice.

    Attributes:
        own: It is about the webservice itself: it has stopped, or a plugin failed.
        count: Entries that it blocks now.
        records: Up to five of their records in plain words ("invoice 1234"), names as the gallery wrote them.
        url: The page of the problem.
        closed_at: None while it is open.
    """

    id: str
    reason: str
    message: str
    remedy: str
    own: bool
    count: int
    records: tuple[str, ...]
    url: str
    opened_at: datetime
    closed_at: datetime | None = None


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What people are told about one webservice: the same value for every notifier.

    Texts come from galleries and accounting systems: whoever shows them escapes them.

    Attributes:
        id: The same for the same news: a notice told twice after a crash can be recognised.
        gallery, webservice: Names for people.
        state: Of the webservice, such as ``ready`` or ``reauthorize``.
        to: The address to write to: the webservice's `admin_email`, else the gallery's; None when there is neither.
        timezone: Of the gallery, an IANA name.
        at: When it was drawn up, UTC.
        opened, closed: At most 25 each, those of the webservice itself first, then by entries; the problems that
            opened and are still open, and those people had been told of that closed since.
        opened_count, closed_count: How many there are, also those not shown.
        open_count: Problems open now, told or not.
        url: The page of the webservice.
    """

    id: str
    gallery_id: str
    gallery: str
    webservice_id: str
    webservice: str
    kind: str
    state: str
    to: str | None
    timezone: str
    at: datetime
    opened: tuple[NoticeProblem, ...]
    closed: tuple[NoticeProblem, ...]
    opened_count: int
    closed_count: int
    open_count: int
    url: str

    @property
    def stopped(self) -> bool:
        """Whether it tells that the webservice itself needs a person."""
        return any(one.own for one in self.opened)


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event on its way to a gallery's callback.

    Attributes:
        id: Of the event; the same at every try.
        url: The callback.
        headers: All that belong to it, signed for this try (`webhook-id`, `webhook-timestamp`, `webhook-signature`).
        body: The event as JSON, the same bytes as in `GET .../events`.
        attempt: 1 for the first try.
    """

    gallery_id: str
    id: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    attempt: int


def next_delay(attempts: int, chance: float, told: float | None = None) -> float:
    """Unscaled seconds until the next try after *attempts* failures (1 or more): 5 s, doubled, at most an hour.

    Args:
        chance: From 0 to 1: the delay is spread between a half and the whole, so that tries do not come in herds.
        told: What the receiver asked for; never less than that, but at most an hour.
    """
    whole = min(_LONGEST_SECONDS, _FIRST_SECONDS * 2.0 ** min(attempts - 1, 20))
    return max(whole * (0.5 + chance / 2), min(told or 0.0, _LONGEST_SECONDS))


def webservice_url(public_url: str, gallery_id: str, webservice_id: str) -> str:
    """The page of a webservice."""
    return f"{public_url}/galleries/{quote(gallery_id)}/webservices/{quote(webservice_id)}"


def problem_url(public_url: str, gallery_id: str, webservice_id: str, problem_id: str) -> str:
    """The page of a problem."""
    return f"{webservice_url(public_url, gallery_id, webservice_id)}/problems/{quote(problem_id)}"


class BlockedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a blocked record for naming it; amounts are texts."""

    type: str
    record_id: str
    kind: str | None = None
    number: str | None = None
    name: str | None = None
    amount: str | None = None
    currency: str | None = None


def name_record(record: BlockedRecord) -> str:
    """A record in plain words: "invoice 1234", "contact Ana Ruiz", "payment of 450.00 AUD"; one line, at most 100."""
    match record.type:
        case "invoice" if record.number:
            words = f"{'credit note' if record.kind == 'credit_note' else 'invoice'} {record.number}"
        case "allocation" if record.number:
            words = f"credit note {record.number}, as applied"
        case "contact" if record.name:
            words = f"contact {record.name}"
        case "payment" if record.amount:
            what = "refund" if record.kind == "refund" else "payment"
            words = f"{what} of {record.amount} {record.currency or ''} ({record.record_id})"
        case _:
            words = f"{record.type} {record.record_id}"
    return one_line(words, 100)


def one_line(text: str, longest: int) -> str:
    """*text* without control characters and direction marks, white space run together, at most *longest* characters."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    short = " ".join(plain.split())
    return short if len(short) <= longest else short[: longest - 1].rstrip() + "…"
