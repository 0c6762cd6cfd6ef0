"""Allocations that a pull brought: ours are matched, those a person made there are attached or counted beside.

A person may put the gallery's credit note on the very invoice that it applies to: then that is it, and nothing is
doubled. What a person puts on another invoice has an entry of its own, so that both documents show it. An allocation
that is gone there is gone here, and where the gallery asked for it a conflict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from hub.domain import allocating
from hub.domain.entries import Entry
from hub.domain.records import Reference
from hub.domain.remotes import Remote, RemoteId
from hub.store import allocations, entries, records
from hub.store.database import Connection

ATTACHED = "A person put it on its invoice in the accounting system: it is that one, and nothing was sent."
COUNTED = "A person put the credit note on an invoice in the accounting system."
DELETED = "It was taken off in the accounting system."
OPEN = frozenset({"sending", "unknown"})


@dataclass(kw_only=True)
class _Found:
    """What is to be stored of all notes: entries with a sentence, entries to ask, and what has no entry yet."""

    changed: list[tuple[Entry, str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    fresh: list[tuple[str, Remote]] = field(default_factory=list)  # (credit note, allocation)


async def store_allocations(
    conn: Connection, gallery_id: str, webservice_id: str, notes: Sequence[Remote], standing: Mapping[str, Entry]
) -> None:
    """Match the allocations of *notes*, as read now, with their entries. *standing*: the notes' own, by remote id."""
    if not notes:
        return
    ids = [standing[note.id].record_id for note in notes]
    known = await allocations.of_notes(conn, gallery_id, webservice_id, ids)
    documents = {part.document_id for note in notes for part in note.parts or () if part.document_id}
    invoices = await entries.by_remote_ids(conn, gallery_id, webservice_id, "invoice", sorted(documents))
    stored = await records.load(conn, gallery_id, [Reference("invoice", one) for one in ids])
    found = _Found()
    for note in notes:
        record_id = standing[note.id].record_id
        record = stored.get(Reference("invoice", record_id))
        version = record.version if record is not None else 0
        told = {remote.id: remote for remote in _live(note)}
        if any(entry.state in OPEN for entry in known.get(record_id, ())):
            continue  # its own look-up settles that one; the cursor waits for a create, and all is read again with it
        own = _sort(found, told, known.get(record_id, ()))
        meant = next((one for one in told.values() if own is not None and _is_meant(own, one, invoices)), None)
        if own is not None and meant is not None:
            told.pop(meant.id)
            found.changed = [pair for pair in found.changed if pair[0].id != own.id]
            found.changed.append((allocating.attach(own, version, meant), ATTACHED))
        found.fresh += [(record_id, remote) for remote in told.values()]
    await entries.save(
        conn, gallery_id, [entry for entry, _ in found.changed], [(e.id, text) for e, text in found.changed if text]
    )
    await _observe(conn, gallery_id, webservice_id, found.fresh, invoices)
    ours = {id_: entry.record_id for id_, entry in invoices.items()}
    await allocations.place(conn, gallery_id, webservice_id, ours)  # an invoice may have become ours since
    await entries.ask_entries(conn, gallery_id, webservice_id, found.asked, forced=False)


def _sort(found: _Found, told: dict[RemoteId, Remote], known: Sequence[Entry]) -> Entry | None:
    """Pair the allocations of one credit note with their entries; *told* keeps those that have none.

    Returns the gallery's own, when it does not stand there.
    """
    own: Entry | None = None
    for entry in known:
        remote = told.pop(entry.remote.id, None) if entry.remote is not None else None
        if remote is None and not allocating.is_observed(entry):
            own = entry
        if remote is not None and not entry.in_books:
            found.changed.append((msgspec.structs.replace(entry, remote=remote), ""))
            found.asked.append(entry.id)
        elif remote is None and entry.in_books and entry.remote is not None:
            gone = msgspec.structs.replace(entry.remote, status="deleted")
            found.changed.append((msgspec.structs.replace(entry, remote=gone), DELETED))
            found.asked.append(entry.id)
    return own


def _live(note: Remote) -> list[Remote]:
    return [
        Remote(
            id=part.id,
            version=note.version,
            currency=note.currency,
            total=part.amount,
            on=part.on,
            document_id=part.document_id,
        )
        for part in note.parts or ()
        if part.kind == "allocation" and not part.deleted
    ]


def _is_meant(own: Entry, remote: Remote, invoices: Mapping[str, Entry]) -> bool:
    """Whether it is what the gallery's own allocation was to be."""
    invoice = invoices.get(remote.document_id or "")
    return invoice is not None and invoice.record_id == own.invoice_id and own.state != "voided"


async def _observe(
    conn: Connection,
    gallery_id: str,
    webservice_id: str,
    fresh: Sequence[tuple[str, Remote]],
    invoices: Mapping[str, Entry],
) -> None:
    """Entries of allocations that were made there; they need nothing."""
    named = {allocating.observed_id(note_id, remote.id): remote for note_id, remote in fresh}
    seen = []
    for record_id, remote in named.items():
        invoice = invoices.get(remote.document_id or "")
        seen.append((record_id, invoice.record_id if invoice is not None else None, remote.on))
    made = await allocations.observe(conn, gallery_id, webservice_id, seen)
    attached = [
        msgspec.structs.replace(entry, state="synced", judged=entry.asked, remote=named[record_id])
        for record_id, entry in made.items()
    ]
    await entries.save(conn, gallery_id, attached, [(e.id, COUNTED) for e in attached])
