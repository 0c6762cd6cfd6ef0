"""What is looked at anew when a run opens, so that a cause put right over there frees what it held.

It costs calls only when something depends on it: accounts, rates and lock dates when something is due or held for them
and the last look is an hour old (or a person asked); the contacts that changed when an entry is held for its contact.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from hub.store import batches, entries, webservices
from hub.sync import importing, reasking
from hub.sync.contacts import refresh_index
from hub.sync.session import Session

CHOICES_SECONDS = 3600.0
BY_CHOICES = tuple(sorted(reasking.OF_CHOICES))
BY_CONTACT = ("contact_archived", "duplicate_contact")


async def refresh(session: Session, *, by_person: bool) -> None:
    """See what changed there that entries wait for, and have them judged again."""
    async with session.database.connection() as conn:
        now = await batches.now(conn)
        due = await entries.count_due(conn, session.gallery_id, session.webservice_id, None)
        held = await entries.list_held_reasons(conn, session.gallery_id, session.webservice_id)
    waits_for_choices = bool(held & set(BY_CHOICES))
    if due or waits_for_choices:
        at = session.row.choices_at
        limit = timedelta(seconds=CHOICES_SECONDS * session.tuning.clock_factor)
        asked = by_person and waits_for_choices
        if at is None or now - at >= limit or asked:
            await _refresh_choices(session, ask=asked)
    if held & set(BY_CONTACT) and not importing.is_wanted(session):  # the import reads them all
        await _refresh_contacts(session)


async def _refresh_choices(session: Session, *, ask: bool) -> None:
    """*ask*: judge again what was refused for a lock date, though nothing changed: it may never have been seen here."""
    choices = await session.service.choices()
    changed = choices != session.book.choices
    async with session.owned() as conn:
        await webservices.set_choices(conn, session.gallery_id, session.webservice_id, choices)
    session.book = msgspec.structs.replace(session.book, choices=choices)
    session.service.take_book(session.book)
    if changed or ask:
        change: reasking.Change = "choices" if changed else "locks"
        await reasking.ask_after(session.database, session.gallery_id, session.webservice_id, change)


async def _refresh_contacts(session: Session) -> None:
    if await refresh_index(session):
        await reasking.ask_after(session.database, session.gallery_id, session.webservice_id, "contacts")
