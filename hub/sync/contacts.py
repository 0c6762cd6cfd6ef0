"""Contacts: matched before created, written before the invoices that need them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeVar

import msgspec

from hub.domain import settling
from hub.domain.drafts import Draft
from hub.domain.entries import Do, Entry, Hold, LeaveOut, Nothing, Sent, Wait
from hub.domain.matching import Candidate, CreateContact, Link, is_taken, match_contact
from hub.domain.records import Contact, RecordType
from hub.domain.remotes import Remote
from hub.domain.settling import Settled
from hub.store import entries, remote_contacts, webservices
from hub.store.database import Connection
from hub.sync import outcomes, subjects
from hub.sync.judging import Verdict, do_steps, judge_contact_entry
from hub.sync.session import Session
from hub.sync.writing import Planned, plan_write, write_all, write_amends

CONTACT: RecordType = "contact"

T = TypeVar("T", bound=LeaveOut | Hold | Wait | Nothing)


async def refresh_index(session: Session) -> int:
    """Read the contacts that changed there since the last look: what new ones are matched with. One call per 1,000.

    Returns how many there were.
    """
    cursor, count = session.row.contact_cursor, 0
    while True:
        page = await session.service.contacts(cursor)
        async with session.owned() as conn:
            await remote_contacts.save(conn, session.gallery_id, session.webservice_id, page.items)
            await webservices.save_contact_cursor(conn, session.gallery_id, session.webservice_id, page.cursor)
        cursor, count = page.cursor, count + len(page.items)
        if not page.more:
            break
    session.row = msgspec.structs.replace(session.row, contact_cursor=cursor)
    session.contacts_read = True
    return count


async def list_candidates(conn: Connection, session: Session, drafts: Sequence[Draft]) -> list[Candidate]:
    """The remote contacts, as last read, that these contacts may be, with those that they were merged into."""
    where = (session.gallery_id, session.webservice_id)
    found = await remote_contacts.list_candidates(
        conn, *where, numbers=[d.number for d in drafts], names=[name_of(d) for d in drafts]
    )
    known = {c.id for c in found}  # an heir of the same name is there already, and stands once
    if heirs := [c.merged_into for c in found if c.merged_into and c.merged_into not in known]:
        found += await remote_contacts.list_candidates(conn, *where, numbers=[], names=[], ids=heirs)
    owners = await remote_contacts.list_owners(conn, *where, [c.id for c in found])
    return [mark_taken(c, {i for i in owners if is_taken(session.kind.kind, i, owners[i])}) for c in found]


def mark_taken(candidate: Candidate, taken: Collection[str]) -> Candidate:
    """*candidate*, taken when its id is in *taken*."""
    return msgspec.structs.replace(candidate, taken=True) if candidate.id in taken else candidate


class ContactStage:
    """The contacts of a run: the index is read once, and only when a contact is to be created."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def judge(self, contact_ids: Sequence[str]) -> tuple[list[Verdict], list[Settled]]:
        """Verdicts of needed contacts that do not stand there yet or changed, and what is settled already."""
        session = self._session
        async with session.database.transaction() as conn:
            standing = await entries.ensure(conn, session.gallery_id, session.webservice_id, CONTACT, contact_ids)
            due = [e for e in standing.values() if _is_due(e)]
            dossiers = await subjects.load_contacts(conn, session.kind, session.book, due)
        verdicts = [judge_contact_entry(d, session.kind, session.book) for d in dossiers]
        writing, still = do_steps(verdicts)
        settled = [settling.judged(v.entry, _caused(v.entry, v.step)) for v in still if not isinstance(v.step, Do)]
        creating = [v for v in writing if v.entry.remote is None]
        if creating:
            matched, done = await self._match(creating)
            writing = [v for v in writing if v.entry.remote is not None] + matched
            settled += done
        return writing, settled

    async def _match(self, creating: Sequence[Verdict]) -> tuple[list[Verdict], list[Settled]]:
        """Those that are to be created, and those that were linked or held."""
        session = self._session
        if not session.contacts_read:
            await refresh_index(session)
        drafts = [v.draft for v in creating if v.draft is not None]
        async with session.database.connection() as conn:
            candidates = await list_candidates(conn, session, drafts)
        return self._sort(creating, candidates)

    def _sort(
        self, creating: Sequence[Verdict], candidates: Sequence[Candidate]
    ) -> tuple[list[Verdict], list[Settled]]:
        to_write, settled = [], []
        taken: set[str] = set()  # two contacts of the gallery may look like one there: the first is linked
        for verdict in creating:
            subject, draft = verdict.dossier.subject, verdict.draft
            assert subject is not None  # noqa: S101 - a Do step has a subject
            assert draft is not None  # noqa: S101 - and a draft
            assert isinstance(subject.record, Contact)  # noqa: S101 - the loader keeps types apart
            match match_contact(
                subject.record,
                number=draft.number,
                name=name_of(draft),
                candidates=[mark_taken(c, taken) for c in candidates],
                distinct=subject.distinct,
                suffix=getattr(self._session.book.settings, "duplicate_names", "hold") == "suffix",
            ):
                case CreateContact():
                    to_write.append(verdict)
                case Hold() as held:
                    settled.append(settling.judged(verdict.entry, _caused(verdict.entry, held)))
                case Link(candidate=candidate, why=why):
                    taken.add(candidate.id)
                    settled.append(link(verdict.entry, subject.version, draft, candidate, why))
        return to_write, settled

    async def write(self, contact_ids: Sequence[str]) -> dict[str, Entry]:
        """See that these contacts stand there as far as they can; returns their entries by contact id."""
        session = self._session
        writing, settled = await self.judge(contact_ids)
        async with session.owned() as conn:
            await outcomes.save_settled(conn, session, settled)
        await write_all(session, CONTACT, [plan_write(v) for v in writing], {})
        await write_amends(session, CONTACT, {})
        async with session.database.connection() as conn:
            return await entries.by_records(conn, session.gallery_id, session.webservice_id, CONTACT, contact_ids)

    async def write_changed(self) -> None:
        """Contacts in the books whose record changed: their changes go out too."""
        session = self._session
        while True:
            async with session.database.connection() as conn:
                changed = await entries.list_due_contacts(
                    conn, session.gallery_id, session.webservice_id, limit=session.tuning.page
                )
                dossiers = await subjects.load_contacts(conn, session.kind, session.book, changed)
            if not changed:
                return
            verdicts = [judge_contact_entry(d, session.kind, session.book) for d in dossiers]
            writing, still = do_steps(verdicts)
            settled = [settling.judged(v.entry, v.step) for v in still if not isinstance(v.step, Do)]
            async with session.owned() as conn:
                await outcomes.save_settled(conn, session, settled)
            planned: list[Planned] = [plan_write(v) for v in writing]
            await write_all(session, CONTACT, planned, {})
            await write_amends(session, CONTACT, {})


def _is_due(entry: Entry) -> bool:
    if entry.state in {"sending", "unknown"}:
        return False
    return entry.asked > entry.judged or (entry.remote is None and entry.state != "held")


def _caused(entry: Entry, step: T) -> T:
    """A contact's hold is one problem together with the invoices it blocks."""
    return msgspec.structs.replace(step, cause=cause_of(entry)) if isinstance(step, Hold) else step


def cause_of(contact: Entry) -> str:
    """The cause of the problem that a held contact makes for itself and its invoices."""
    return f"contact:{contact.record_id}"


def name_of(draft: Draft) -> str:
    """The name as it would be written there."""
    return str(draft.shown.get("name") or draft.body.get("Name") or "")


def link(entry: Entry, version: int, draft: Draft, candidate: Candidate, why: str) -> Settled:
    """Attach a contact that stands there already; linking changes nothing there. *version*: of its record."""
    remote = Remote(
        id=candidate.id,
        version=candidate.version,
        number=candidate.number,
        status="active",
        name=candidate.name,
        email=candidate.email,
    )
    sent = Sent(fingerprint=draft.fingerprint, record_version=version, body=draft.body)
    linked = msgspec.structs.replace(
        entry,
        judged=entry.asked,
        state="synced",
        reason=None,
        message=None,
        remedy=None,
        number=entry.number or draft.number,
        remote=remote,
        sent=sent,
        forced=False,
    )
    return Settled(entry=linked, text=f"It was linked to {candidate.name}. {why}")
