"""The one-time import of contacts: read there to the end, compared with the gallery's, then taken in small steps.

Every step is one transaction with how far it came, so that a death at any point costs only the step under way. Nothing
is written there. What is read also feeds the index that contacts are matched with, so it is not read twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
import structlog

from hub.contract import ContactPage
from hub.domain import door
from hub.domain.content import encode_body
from hub.domain.entries import Entry, Sent
from hub.domain.matching import Attach, Bring, Candidate, Leave, imported_id, judge_import
from hub.domain.records import Contact, Origin, RecordType
from hub.domain.remotes import Remote
from hub.domain.settling import Settled
from hub.errors import FormError
from hub.store import entries, events, records, remote_contacts, webservices
from hub.store.database import Connection
from hub.store.records import Saved
from hub.store.remote_contacts import Staged
from hub.sync import claiming, outcomes, reasking
from hub.sync.session import Session

log = structlog.get_logger()

CONTACT: RecordType = "contact"
STEP = 500  # contacts taken in one transaction
IMPORTED = "contacts.imported"


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far an import has come, and what it did so far.

    Attributes:
        cursor: Where reading goes on; None: at the beginning.
        is_read: All was read; what is left to do stands in the index.
        created, changed: Contacts that the gallery got, or had from an earlier import and got anew.
        linked: Contacts of the gallery that were found there.
        unchanged: Those that the gallery had already.
        left_out: Those that are one of several of their name and e-mail address, or that the gallery cannot have.
        skipped: Archived and merged ones, and those without a name.
    """

    cursor: str | None = None
    is_read: bool = False
    created: int = 0
    changed: int = 0
    linked: int = 0
    unchanged: int = 0
    left_out: int = 0
    skipped: int = 0


def is_wanted(session: Session) -> bool:
    """Whether contacts are to be imported: the kind can, the gallery wants it, and it was not done yet."""
    wants = getattr(session.book.settings, "import_contacts", False) is True
    return wants and session.kind.capabilities.import_contacts and session.row.contacts_imported_at is None


async def run(session: Session, tell: Callable[[], Awaitable[None]]) -> None:
    """Import what is to be imported, from where it stopped; *tell* stores the run's progress after each step."""
    if not is_wanted(session):
        if session.row.contact_import is not None:
            await _forget(session)
        return
    progress = await _read(session, await _open(session), tell)
    await session.renew(doing="comparing the contacts there with the gallery's")
    linked = await claiming.claim(session)
    session.counts.unchanged += linked
    progress = msgspec.structs.replace(progress, linked=progress.linked + linked)
    while True:
        progress, more = await _take(session, progress)
        await tell()
        if not more:
            break
    await _finish(session, progress)


async def _open(session: Session) -> Progress:
    """The import under way, or a new one."""
    where = (session.gallery_id, session.webservice_id)
    async with session.owned() as conn:
        if session.row.contact_import is None:
            await remote_contacts.unstage(conn, *where)
            return Progress()
        _, session.to_import = await remote_contacts.count_staged(conn, *where)
    return msgspec.convert(session.row.contact_import, Progress, strict=False)


async def _forget(session: Session) -> None:
    """It was turned off half-way: what was read and not taken is not kept."""
    async with session.owned() as conn:
        await remote_contacts.unstage(conn, session.gallery_id, session.webservice_id)
        await webservices.save_import(conn, session.gallery_id, session.webservice_id, None)


async def _save(conn: Connection, session: Session, progress: Progress) -> None:
    await webservices.save_import(conn, session.gallery_id, session.webservice_id, msgspec.to_builtins(progress))


# -- reading


async def _read(session: Session, progress: Progress, tell: Callable[[], Awaitable[None]]) -> Progress:
    """All contacts there, a page and its cursor at a time."""
    where = (session.gallery_id, session.webservice_id)
    while not progress.is_read:
        page = await session.service.contacts(progress.cursor)
        async with session.owned() as conn:
            await remote_contacts.save(conn, *where, page.items)
            await remote_contacts.stage(conn, *where, list_importable(session.kind.kind, page))
            known, staged = await remote_contacts.count_staged(conn, *where)
            progress = msgspec.structs.replace(
                progress, cursor=page.cursor, is_read=not page.more, skipped=known - staged
            )
            if not page.more:
                await webservices.save_contact_cursor(conn, *where, page.cursor)
            await _save(conn, session, progress)
        session.to_import = staged
        await session.renew(doing=f"reading the contacts there, {known} so far")
        await tell()
        if not page.more:
            session.row = msgspec.structs.replace(session.row, contact_cursor=page.cursor)
            session.contacts_read = True
    return progress


def list_importable(kind: str, page: ContactPage) -> dict[str, Contact | None]:
    """Remote id -> the contact of the gallery that it can be, None where it cannot; for each item of *page*.

    What a plugin made is looked at as if a gallery had sent it.
    """
    return {one.id: _sound(imported_id(kind, one.id), page.contacts.get(one.id)) for one in page.items}


def _sound(record_id: str, contact: object) -> Contact | None:
    if not isinstance(contact, Contact) or not contact.name.strip():
        return None
    try:
        made = door.parse_record(encode_body(msgspec.structs.replace(contact, id=record_id)), type=CONTACT)
    except (FormError, msgspec.MsgspecError, UnicodeError, TypeError):
        log.warning("import.contact_unusable", record_type=CONTACT, record_id=record_id[:50])
        return None
    return made if isinstance(made, Contact) else None


# -- taking


class _Sorted(msgspec.Struct, frozen=True, kw_only=True):
    """One step: contacts of the gallery to be (by id), those that have one there (by id), and what is left alone."""

    bring: dict[str, Staged]
    attach: dict[str, Candidate]
    known: int
    out: int


def sort_staged(kind: str, staged: Sequence[Staged], owners: Mapping[str, Sequence[str]]) -> _Sorted:
    """What becomes of each (pure)."""
    bring: dict[str, Staged] = {}
    attach: dict[str, Candidate] = {}
    left = {"known": 0, "ambiguous": 0}
    for one in staged:
        there = one.candidate
        if there.archived:  # since it was read
            left["ambiguous"] += 1
            continue
        match judge_import(
            kind, there, owners.get(there.id, ()), claims=one.claims, claimed_by=one.claimed_by, twins=one.twins
        ):
            case Bring():
                bring[imported_id(kind, there.id)] = one
            case Attach(record_id=record_id):
                attach[record_id] = there
            case Leave(why=why):
                left[why] += 1
    return _Sorted(bring=bring, attach=attach, known=left["known"], out=left["ambiguous"])


async def _take(session: Session, progress: Progress) -> tuple[Progress, bool]:
    """One step of those that were read: (how far it came, whether there are more)."""
    where = (session.gallery_id, session.webservice_id)
    async with session.owned() as conn:
        staged = await remote_contacts.list_staged(conn, *where, limit=STEP)
        ids = [one.candidate.id for one in staged]
        step = sort_staged(session.kind.kind, staged, await remote_contacts.list_owners(conn, *where, ids))
        linked = await claiming.attach(conn, session, step.attach)
        saved = await _bring(conn, session, step.bring)
        await remote_contacts.unstage(conn, *where, ids)
        out = step.out + len(step.attach) - linked
        done = _count(progress, saved, linked=linked, known=step.known, out=out)
        await _save(conn, session, done)
    _count_run(session, progress, done)
    session.done += len(staged)
    session.to_import = max(0, session.to_import - len(staged))
    return done, len(staged) == STEP


async def _bring(conn: Connection, session: Session, bring: Mapping[str, Staged]) -> list[Saved]:
    """Those that become contacts of the gallery, each with an entry that has it."""
    if not bring:
        return []
    where, kind = (session.gallery_id, session.webservice_id), session.kind.kind
    given = [
        (one.contact, Origin(kind=kind, remote_id=one.candidate.id, webservice_id=session.webservice_id))
        for one in bring.values()
    ]
    saved = await records.save_received(conn, session.gallery_id, given)
    taken = {s.stored.record.id: s for s in saved if s.status != "refused" and s.stored is not None}
    standing = await entries.ensure(conn, *where, CONTACT, list(taken))
    settled = [_imported(standing[id_], bring[id_], one) for id_, one in taken.items()]
    await outcomes.save_settled(conn, session, [one for one in settled if one is not None])
    freed = [id_ for id_ in taken if standing[id_].state != "synced"]
    session.released |= await entries.ask_invoices_of_contacts(conn, *where, freed)
    return saved


def _imported(entry: Entry, one: Staged, saved: Saved) -> Settled | None:
    """The entry of an imported contact; None when it stands so already."""
    there, version = one.candidate, saved.stored.version if saved.stored is not None else 0
    remote = Remote(
        id=there.id,
        version=there.version,
        number=there.number,
        status="active",
        name=there.name,
        email=there.email,
    )
    after = msgspec.structs.replace(
        entry,
        judged=entry.asked,
        state="synced",
        reason=None,
        message=None,
        remedy=None,
        problem_id=None,
        number=entry.number or there.number,
        remote=remote,
        sent=Sent(fingerprint="", record_version=version),
        forced=False,
        next_try_at=None,
    )
    if after == entry:
        return None
    words = {"created": "It was imported from there.", "changed": "It was imported from there again, as it is now."}
    return Settled(entry=after, text=words.get(saved.status, ""))


# -- counting


def _count(progress: Progress, saved: Sequence[Saved], *, linked: int, known: int, out: int) -> Progress:
    status = [one.status for one in saved]
    return msgspec.structs.replace(
        progress,
        created=progress.created + status.count("created"),
        changed=progress.changed + status.count("changed"),
        linked=progress.linked + linked,
        unchanged=progress.unchanged + known + status.count("same"),
        left_out=progress.left_out + out + status.count("refused"),
    )


def _count_run(session: Session, before: Progress, after: Progress) -> None:
    """The run's counts: what came from there is received, what the gallery had already is unchanged."""
    session.counts.received += after.created + after.changed - before.created - before.changed
    session.counts.unchanged += after.linked + after.unchanged - before.linked - before.unchanged
    session.counts.left_out += after.left_out - before.left_out


async def _finish(session: Session, progress: Progress) -> None:
    """It is done, and told; what waited for a contact there is judged again."""
    counts: dict[str, Any] = msgspec.to_builtins(progress)
    told = {name: counts[name] for name in counts if name not in {"cursor", "is_read"}}
    async with session.owned() as conn:
        await webservices.finish_import(conn, session.gallery_id, session.webservice_id)
        await events.append(conn, session.gallery_id, IMPORTED, {"webservice_id": session.webservice_id, **told})
    session.to_import = 0
    await reasking.ask_after(session.database, session.gallery_id, session.webservice_id, "contacts")
    log.info("import.finished", **told)
