"""A changed book re-asks only what is held or left out, by reason, in chunks that are transactions of their own."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from hub.domain.entries import Entry
from hub.store import entries, upkeep
from hub.store.database import Database
from hub.store.entries import CHUNK

Change = Literal["settings", "mappings", "exclusions", "choices", "locks", "contacts", "access"]

# Held before anything of theirs was on its way, or refused for a known reason: judging them again is harmless.
# Never in it: `unknown_outcome`, `possible_duplicate_payment`, `marker_without_record` and what else only a person's
# word may send again.
_HARMLESS = frozenset(
    {
        "contact_missing",
        "contact_empty",
        "contact_archived",
        "contact_archived_source",
        "duplicate_contact",
        "email_invalid",
        "address",
        "tax_code_missing",
        "mapping_missing",
        "mapping_invalid",
        "tax_mapping",
        "tax_archived",
        "currency_unknown",
        "currency_not_subscribed",
        "currency_precision",
        "no_lines",
        "no_amount",
        "discount",
        "too_large",
        "date",
        "total_mismatch",
        "number_taken",
        "number_void",
        "period_locked",
        "payment_account",
        "payment_currency",
        "refused",
    }
)
_OF_MAPPINGS = frozenset(
    {"mapping_missing", "mapping_invalid", "tax_mapping", "tax_archived", "payment_account", "payment_currency"}
)
OF_CHOICES = _OF_MAPPINGS | {"currency_not_subscribed", "period_locked"}
_GATES = frozenset({"before_sync_from", "before_connection", "outside_window"})

# Change -> (states, reasons) to judge again.
_AGAIN: dict[Change, tuple[tuple[tuple[str, ...], frozenset[str] | None], ...]] = {
    "settings": ((("left_out",), _GATES), (("held",), _HARMLESS)),
    "mappings": ((("held",), _OF_MAPPINGS),),
    # A new rule may leave out what is held; a rule that is gone lets in what it left out or froze.
    "exclusions": ((("left_out", "synced"), frozenset({"excluded"})), (("held",), _HARMLESS)),
    "choices": ((("held",), OF_CHOICES),),
    # A lock date that was set and lifted between two looks changes nothing that was ever seen here. Where it still
    # stands it is seen now, so that nothing is sent in vain; the other reasons of choices could be, run after run.
    "locks": ((("held",), frozenset({"period_locked"})),),
    "contacts": ((("held",), frozenset({"contact_archived", "duplicate_contact"})),),
    "access": ((("waiting",), None),),  # None: whatever the reason
}


def is_harmless(entry: Entry) -> bool:
    """Whether judging *entry* again sends nothing that only a person's word may send again (pure)."""
    return entry.state != "held" or entry.reason in _HARMLESS


async def ask_after(database: Database, gallery_id: str, webservice_id: str, change: Change) -> int:
    """Judge again what *change* of the book may let through or leave out; returns how many entries that is."""
    count = 0
    if change == "settings":
        count += await _renumber(database, gallery_id, webservice_id)
    for states, reasons in _AGAIN[change]:
        count += await _ask(database, gallery_id, webservice_id, states, reasons)
    if count:
        async with database.transaction() as conn:
            await upkeep.note_change(conn, gallery_id, webservice_id)
    return count


async def _ask(
    database: Database, gallery_id: str, webservice_id: str, states: Collection[str], reasons: Collection[str] | None
) -> int:
    count = 0
    wanted = None if reasons is None else sorted(reasons)
    while True:
        async with database.transaction() as conn:
            found = await entries.ask_again(conn, gallery_id, webservice_id, list(states), wanted)
        count += found
        if found < CHUNK:
            return count


async def _renumber(database: Database, gallery_id: str, webservice_id: str) -> int:
    """Numbers are frozen in entries; those of which nothing ever stood there may follow a new prefix."""
    count = 0
    while True:
        async with database.transaction() as conn:
            found = await upkeep.renumber(conn, gallery_id, webservice_id)
        count += found
        if found < CHUNK:
            return count
