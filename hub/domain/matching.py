"""Which remote contact, if any, is the gallery's contact (DESIGN section 8, "What is ours"; PROMISES R6)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

import msgspec

from hub.domain.entries import Hold
from hub.domain.planning import hold
from hub.domain.records import Contact
from hub.domain.remotes import RemoteId


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A remote contact as last read."""

    id: RemoteId
    number: str | None
    folded_name: str
    email: str | None
    archived: bool
    merged_into: RemoteId | None
    name: str
    version: str = ""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """It is this one; linking changes nothing there."""

    candidate: Candidate
    why: str


class CreateContact(msgspec.Struct, frozen=True, kw_only=True):
    """There is none: create it."""


Match = Link | CreateContact | Hold


def fold(name: str) -> str:
    """A name as it is compared: NFKC, one space between words, case folded (names differing in case only are equal)."""
    return " ".join(unicodedata.normalize("NFKC", name).split()).casefold()


def match_contact(
    contact: Contact,
    *,
    number: str,
    name: str,
    candidates: Sequence[Candidate],
    distinct: bool = False,
    suffix: bool = False,
) -> Match:
    """Find *contact* among *candidates* (those that share its number or folded name).

    Order: our number; else exactly one active contact of the same name and e-mail; the same name alone is held, and
    never merged by guess. *name* is the name as it would be written there. *suffix*: the settings say that the same
    name alone is somebody else, to be told apart by a suffix once the remote side refuses the name.
    """
    ours = [c for c in candidates if c.number == number]
    if ours:
        return _by_number(ours, candidates)
    wanted, email = fold(name), (contact.email or "").strip().lower()
    same_name = [c for c in candidates if c.folded_name == wanted]
    active = [c for c in same_name if not c.archived]
    same_both = [c for c in active if email and c.email == email]
    if len(same_both) == 1 and not distinct:
        return Link(candidate=same_both[0], why="It has the same name and e-mail address.")
    if active and not distinct and not suffix:
        names = ", ".join(_describe(c) for c in active[:5])
        return hold("duplicate_contact", cause=contact.id, names=names)
    retired = [c for c in same_name if c.archived and (not email or not c.email or c.email == email)]
    if retired and not active and not distinct:
        return hold("contact_archived", cause=contact.id)
    return CreateContact()


def _by_number(ours: Sequence[Candidate], candidates: Iterable[Candidate]) -> Match:
    candidate = ours[0]
    if candidate.merged_into:
        heir = next((c for c in candidates if c.id == candidate.merged_into), None)
        if heir is not None and not heir.archived:
            return Link(candidate=heir, why="Our contact was merged into it there.")
    if candidate.archived:
        return hold("contact_archived", cause=candidate.id)
    return Link(candidate=candidate, why="It bears our contact number.")


def _describe(candidate: Candidate) -> str:
    return f"{candidate.name} <{candidate.email}>" if candidate.email else candidate.name
