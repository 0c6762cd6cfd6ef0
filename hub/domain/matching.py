"""Which remote contact, if any, is the gallery's contact (DESIGN section 8, "What is ours"; PROMISES R6)."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from typing import Literal

import msgspec

from hub.domain.entries import Hold
from hub.domain.planning import hold
from hub.domain.records import Contact
from hub.domain.remotes import RemoteId


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A remote contact as last read. `taken`: another contact of the gallery's own has it."""

    id: RemoteId
    number: str | None
    folded_name: str
    email: str | None
    archived: bool
    merged_into: RemoteId | None
    name: str
    version: str = ""
    taken: bool = False


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """It is this one; linking changes nothing there."""

    candidate: Candidate
    why: str


class CreateContact(msgspec.Struct, frozen=True, kw_only=True):
    """There is none: create it."""


Match = Link | CreateContact | Hold


class Bring(msgspec.Struct, frozen=True, kw_only=True):
    """It becomes a contact of the gallery, or refreshes the one that it became before."""


class Attach(msgspec.Struct, frozen=True, kw_only=True):
    """It is this contact of the gallery: attached to it, nothing is made anywhere."""

    record_id: str


class Leave(msgspec.Struct, frozen=True, kw_only=True):
    """It is not imported: the gallery has it already, or nobody can say which of several it is."""

    why: Literal["known", "ambiguous"]


Import = Bring | Attach | Leave


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
    name alone is somebody else, to be told apart by a suffix once the remote side refuses the name. One that another
    contact of the gallery has already is never chosen, but for one thing: both were merged into it there.
    """
    free = [c for c in candidates if not c.taken]
    ours = [c for c in free if c.number == number]
    if ours:
        return _by_number(ours, candidates)
    wanted, email = fold(name), (contact.email or "").strip().lower()
    same_name = [c for c in free if c.folded_name == wanted]
    active = [c for c in same_name if not c.archived]
    same_both = [c for c in active if email and c.email == email]
    if len(same_both) == 1 and not distinct:
        return Link(candidate=same_both[0], why="It has the same name and e-mail address.")
    if active and not distinct and not suffix:
        names = ", ".join(_describe(c) for c in active[:5])
        return hold("duplicate_contact", cause=contact.id, names=names)
    retired = [c for c in same_name if c.archived and (not email or not c.email or c.email == email)]
    if retired and not active and not distinct:
        return hold("contact_archived", cause=contact.id, name=retired[0].name)
    return CreateContact()


def _by_number(ours: Sequence[Candidate], candidates: Iterable[Candidate]) -> Match:
    candidate = ours[0]
    if candidate.merged_into:
        heir = next((c for c in candidates if c.id == candidate.merged_into), None)
        if heir is not None and not heir.archived:
            return Link(candidate=heir, why="Our contact was merged into it there.")
    if candidate.archived:
        return hold("contact_archived", cause=candidate.id, name=candidate.name)
    return Link(candidate=candidate, why="It bears our contact number.")


def _describe(candidate: Candidate) -> str:
    return f"{candidate.name} <{candidate.email}>" if candidate.email else candidate.name


# -- the one-time import


def imported_id(kind: str, remote_id: str) -> str:
    """The id of the gallery's contact that came from there (FIXED): ``<kind>-<remote id>``."""
    return f"{kind}-{remote_id}"


def is_taken(kind: str, remote_id: str, owners: Collection[str]) -> bool:
    """Whether a contact of the gallery's own has it.

    One that came from there is its mirror and takes nothing away: it is never written there, so that the gallery's own
    contact of the same name and e-mail address goes on as if nothing had been imported.
    """
    return any(owner != imported_id(kind, remote_id) for owner in owners)


def looks_like(candidate: Candidate, *, name: str, email: str | None) -> bool:
    """Whether it is active and has this name and this e-mail address; without an address nothing looks like it."""
    wanted = (email or "").strip().lower()
    return bool(wanted) and not candidate.archived and candidate.folded_name == fold(name) and candidate.email == wanted


def judge_import(
    kind: str, candidate: Candidate, owners: Collection[str], *, claims: int, claimed_by: str | None, twins: int
) -> Import:
    """What the import does with an active remote contact.

    Matched before created: one that a contact of the gallery has is known; one whose name *and* e-mail address belong
    to exactly one contact of the gallery, and to no second one there, is that contact. Where either is not alone,
    nobody can say which is which: it is left alone, since a further contact of that name and address would only add
    to it. The same name alone, and everything else, becomes a contact of its own.

    Args:
        kind: The key of the webservice's kind.
        candidate: The remote contact.
        owners: Contacts of the gallery that have it already.
        claims: How many contacts of the gallery have its name and e-mail address; *claimed_by* is one of them.
        twins: Active remote contacts of its name and e-mail address, itself included.
    """
    if imported_id(kind, candidate.id) in owners:
        return Bring()
    if owners:
        return Leave(why="known")
    if claims == 1 and claimed_by is not None and twins == 1:
        return Attach(record_id=claimed_by)
    return Leave(why="ambiguous") if claims else Bring()
