"""Whether both sides of a difference were made equal by hand. Pure."""

from __future__ import annotations

import msgspec

from hub.domain.drafts import Draft
from hub.domain.entries import Entry
from hub.domain.planning import contact_of, differences
from hub.domain.remotes import RemoteId


def agree(entry: Entry, draft: Draft, version: int, *, contact_there: RemoteId | None = None) -> Entry | None:
    """*entry* measured from *draft*, when that is what stands there already, whoever wrote it; None: they differ.

    *contact_there*: where the contact of the draft stands there, when it is another one than we wrote.
    """
    sent, remote = entry.sent, entry.remote
    if sent is None or remote is None or draft.total is None:
        return None
    fresh = msgspec.structs.replace(
        sent,
        fingerprint=draft.fingerprint,
        record_version=version,
        on=draft.on,
        currency=draft.currency,
        total=draft.total,
        tax=draft.tax,
        contact_id=contact_there or sent.contact_id,
        contact_record=contact_of(draft),
        lines=remote.lines,
    )
    measured = msgspec.structs.replace(entry, sent=fresh)
    return None if differences(measured, remote) else measured
