"""The ways out of a problem, as buttons (pure): which of them fit its reason, and who may press them.

The remedy's sentence says what to do; these lead there, or do it. A reason of a kind's own gets "Try again".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from hub.domain import reasons
from hub.domain.entries import Entry
from hub.domain.sessions import Role
from hub.sync import entry_actions
from hub.sync.causes import Cause

SEEN = "seen"
MAPPINGS = frozenset(
    {
        "mapping_missing",
        "mapping_invalid",
        "tax_mapping",
        "tax_archived",
        "payment_account",
        "payment_currency",
    }
)
MAPPED_AFTER = frozenset({"tax_code_missing"})  # the mapping knows it only once something else is done
SETTINGS = frozenset({"email_invalid", "total_mismatch", "number_taken"})
AUTHORISE = frozenset({"reauthorize", "not_approved"})
DECIDED_ONE_BY_ONE: Mapping[str, str] = {
    "duplicate_contact": "Link, or say it is another person",
    "contact_archived": "Link it to another one",
    "number_taken": "Link the two",
    "unknown_outcome": "Link it, or send it again",
    "currency_precision": "Mark as resolved",
    "remote_total": "Mark as resolved",
    **dict.fromkeys(reasons.CONFLICT, "Compare and resolve"),
}
"""Reasons where a person decides about each entry, and what the button that leads there says."""
RESOLVABLE = frozenset({"currency_precision", "remote_total"})  # beside every conflict
LINKABLE = frozenset({"duplicate_contact", "contact_archived", "number_taken", "unknown_outcome"})

# What "Try again" does where it is more than looking once more; asked before it is done.
CONFIRM: Mapping[str, str] = {
    "edited_there": "What was changed there is written over with what the gallery has.",
    "payment_deleted_there": "The payment is sent again and stands there once more.",
    "possible_duplicate_payment": "With this you say that they are two payments: it is sent.",
    "unknown_outcome": "With this you say that you looked and it is not there: it is sent again.",
}
# (for one record, for several) where "Try again" would not say what it does
_RETRY: Mapping[str, tuple[str, str]] = {"edited_there": ("Write over it there", "Write over all of them there")}
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_REMOTE_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One button. `to`: path below the gallery's home; `post`: it is a form; `confirm`: the question before it."""

    label: str
    to: tuple[str, ...]
    role: Role = "reader"
    post: bool = False
    primary: bool = False
    confirm: str = ""


def list_ways(cause: Cause, *, listed: bool = False) -> tuple[Way, ...]:
    """The ways out of the cause as a whole, the best first; nothing for what is solved.

    *listed*: its page is not this one, so a way leads there.
    """
    problem, home = cause.problem, ("webservices", cause.row.id)
    if problem.closed_at is not None:
        return ()
    here = (*home, "problems", problem.id)
    found = []
    if problem.reason in AUTHORISE:
        found.append(Way(label="Reauthorise", to=(*home, "access"), role="owner"))
    elif cause.own:
        found.append(Way(label="Open the webservice", to=home))
    if problem.reason in MAPPINGS:
        found.append(Way(label="Open the mapping", to=(*home, "mappings")))
    if problem.reason in SETTINGS:
        found.append(Way(label="Open the settings", to=(*home, "settings"), role="owner"))
    if listed and problem.count:
        label = DECIDED_ONE_BY_ONE.get(problem.reason, "")
        found.insert(0 if label else len(found), Way(label=label or "Show what it holds", to=here))
    if problem.reason in MAPPED_AFTER:
        found.append(Way(label="Open the mapping", to=(*home, "mappings")))
    if problem.count and not cause.own:
        label = say_retry(problem.reason, problem.count)
        confirm = CONFIRM.get(problem.reason, "")
        found.append(Way(label=label, to=(*here, "retry"), role="bookkeeper", post=True, confirm=confirm))
    # on its own page a better button stands at each record, or what is to be done first is done elsewhere
    below = not listed and problem.reason in {*DECIDED_ONE_BY_ONE, *MAPPED_AFTER}
    return tuple(
        msgspec.structs.replace(way, primary=way is found[0] and not way.confirm and not below) for way in found
    )


def say_retry(reason: str | None, n: int = 1) -> str:
    """What the button says that asks for *n* records to be sent again."""
    one, several = _RETRY.get(reason or "", ("Try again", "Try again for all"))
    return one if n == 1 else several


def is_plain_retry(reason: str | None) -> bool:
    """Whether "Try again" is the first thing to do: it is harmless, and no other button leads further."""
    others = (MAPPINGS, MAPPED_AFTER, AUTHORISE, CONFIRM, DECIDED_ONE_BY_ONE)
    return not any(reason in one for one in others)


def seen(entry: Entry) -> dict[str, str]:
    """The field of a form about *entry* that says how it stood when it was shown."""
    return {SEEN: entry_actions.mark_of(entry)}


def may_resolve(entry: Entry) -> bool:
    """Whether "Mark as resolved" is a way out of how the entry stands."""
    return entry.state == "conflict" or (entry.state == "held" and entry.reason in RESOLVABLE)


def may_link(entry: Entry) -> bool:
    """Whether a person's word that it is a certain document or contact there is a way out."""
    about_contact = entry.reason in {"duplicate_contact", "contact_archived"}
    fits = entry.type == "contact" if about_contact else entry.type != "allocation"
    return entry.state in {"held", "conflict"} and entry.reason in LINKABLE and fits


def may_be_distinct(entry: Entry) -> bool:
    """Whether "a different person" is a way out."""
    return entry.state == "held" and entry.reason == "duplicate_contact" and entry.type == "contact"


def parse_remote_id(text: str) -> str | None:
    """The id in what somebody pasted: the id itself, or an address of the accounting system with a UUID in it."""
    if found := _UUID.findall(text):
        return str(found[-1])
    return text if _REMOTE_ID.fullmatch(text) else None
