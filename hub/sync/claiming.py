"""Which contacts of the gallery are found among those that an import read: by number at once, else as claims.

Whether a name and an e-mail address are alone is known only when all contacts of both sides were compared.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from hub.domain.drafts import Draft, Subject
from hub.domain.entries import Entry
from hub.domain.matching import Candidate, fold, looks_like
from hub.domain.records import RecordType
from hub.domain.remotes import RemoteId
from hub.domain.settling import Settled
from hub.store import entries, remote_contacts
from hub.store.database import Connection
from hub.store.remote_contacts import OwnContact
from hub.sync import contacts, outcomes, subjects
from hub.sync.judging import render
from hub.sync.session import Session

CONTACT: RecordType = "contact"
PAGE = 500
BREATH = 50  # contacts drawn up between two turns of everything else: rendering is pure computing


class _Looking(msgspec.Struct, frozen=True, kw_only=True):
    """A contact of the gallery that looks for itself there; one that stands there already only says that it is known.

    So a second one of its name and address there is no new contact of the gallery.
    """

    id: str
    number: str
    name: str
    email: str | None
    stands: bool = False


async def claim(session: Session) -> int:
    """Compare all contacts of the gallery with those read: link those there that bear our number, note other claims.

    Returns how many were linked. It begins anew each time: the gallery may have changed since it was begun.
    """
    where = (session.gallery_id, session.webservice_id)
    async with session.owned() as conn:
        await remote_contacts.clear_claims(conn, *where)
    linked, after = 0, ""
    while True:
        async with session.database.connection() as conn:
            page = await remote_contacts.list_own(conn, *where, after=after, limit=PAGE)
            standing = await entries.by_records(conn, *where, CONTACT, [one.contact.id for one in page])
        looking = await _list_looking(session, page, standing)
        if looking:
            linked += await _compare(session, looking, standing)
        if len(page) < PAGE:
            return linked
        after = page[-1].contact.id


async def _list_looking(session: Session, page: Sequence[OwnContact], standing: Mapping[str, Entry]) -> list[_Looking]:
    """All of the page: those that do not stand there yet under the name that they would have there."""
    found = []
    for n, one in enumerate(page):
        if n % BREATH == BREATH - 1:
            await asyncio.sleep(0)
        contact, entry = one.contact, standing.get(one.contact.id)
        if entry is not None and entry.remote is not None:
            found.append(_Looking(id=contact.id, number="", name=contact.name, email=contact.email, stands=True))
            continue
        number = (entry.number if entry else None) or session.kind.number(CONTACT, contact.id, session.book)
        subject = Subject(record=contact, version=one.version, number=number, gallery=session.book.gallery)
        draft = render(session.kind, subject, session.book)
        name = contacts.name_of(draft) if isinstance(draft, Draft) else contact.name
        found.append(_Looking(id=contact.id, number=number, name=name or contact.name, email=contact.email))
    return found


async def _compare(session: Session, looking: Sequence[_Looking], standing: Mapping[str, Entry]) -> int:
    """One page, in one transaction; returns how many were linked by their number."""
    where = (session.gallery_id, session.webservice_id)
    async with session.owned() as conn:
        numbers = [one.number for one in looking if not one.stands]
        names = [one.name for one in looking]
        candidates = await remote_contacts.list_candidates(conn, *where, numbers=numbers, names=names)
        owners = await remote_contacts.list_owners(conn, *where, [c.id for c in candidates])
        by_number = {c.number: c for c in candidates if c.number and not c.archived and c.id not in owners}
        ours = {one.id: by_number[one.number] for one in looking if one.number in by_number}
        on_way = {id_ for id_ in ours if id_ in standing and standing[id_].state in {"sending", "unknown"}}
        linked = await attach(conn, session, {id_: there for id_, there in ours.items() if id_ not in on_way})
        # Ours all the same: what is on its way is settled first, what is held for itself is linked when it may go.
        await remote_contacts.unstage(conn, *where, [there.id for there in ours.values()])
        rest = [one for one in looking if one.id not in ours and not _is_distinct(standing.get(one.id))]
        await remote_contacts.claim(conn, *where, list(_claims(rest, candidates)))
    return linked


def _is_distinct(entry: Entry | None) -> bool:
    return entry is not None and entry.distinct


def _claims(looking: Sequence[_Looking], candidates: Sequence[Candidate]) -> Iterator[tuple[RemoteId, str | None]]:
    by_name: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        by_name.setdefault(candidate.folded_name, []).append(candidate)
    for one in looking:
        for candidate in by_name.get(fold(one.name), ()):
            if looks_like(candidate, name=one.name, email=one.email):
                yield candidate.id, None if one.stands else one.id


async def attach(conn: Connection, session: Session, found: Mapping[str, Candidate]) -> int:
    """Link contacts of the gallery (by id) to those there, as far as they still look like them; returns how many."""
    where = (session.gallery_id, session.webservice_id)
    if not found:
        return 0
    standing = await entries.ensure(conn, *where, CONTACT, list(found))
    free = [e for e in standing.values() if e.remote is None and e.state not in {"sending", "unknown"}]
    settled: list[Settled] = []
    for dossier in await subjects.load_contacts(conn, session.kind, session.book, free):
        there, subject = found[dossier.entry.record_id], dossier.subject
        draft = render(session.kind, subject, session.book) if subject is not None else None
        if subject is None or not isinstance(draft, Draft):
            continue
        numbered = there.number == draft.number
        email = getattr(subject.record, "email", None)
        if numbered or looks_like(there, name=contacts.name_of(draft), email=email):
            why = "It bears our contact number." if numbered else "It has the same name and e-mail address."
            settled.append(contacts.link(dossier.entry, subject.version, draft, there, why))
    await outcomes.save_settled(conn, session, settled)
    ids = [one.entry.record_id for one in settled]
    session.released |= await entries.ask_invoices_of_contacts(conn, *where, ids)
    return len(settled)
