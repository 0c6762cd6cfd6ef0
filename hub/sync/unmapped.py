"""What occurs in records that are to go and leads nowhere yet: "12 invoices wait for “Framing”"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from hub.contract import Webservice
from hub.domain.books import Book, Slot
from hub.domain.eligibility import Gates
from hub.domain.mappings import resolve
from hub.domain.records import EntryType, TaxCode
from hub.store import previews
from hub.store.database import Connection
from hub.store.previews import LINE_FACTS, Since, Use
from hub.store.webservices import WebserviceRow

MOST_UNMAPPED = 200


class Unmapped(msgspec.Struct, frozen=True, kw_only=True):
    """Something that no mapping covers.

    Attributes:
        slot, when: The mapping that is missing; `when` has only what the slot may depend on.
        type: What is counted: invoices or payments that are not in the books.
        label: What it is, in words.
        number, record_id: One of them (of a payment: its invoice's number).
    """

    slot: str
    when: dict[str, str]
    type: EntryType
    label: str
    count: int
    number: str
    record_id: str
    message: str


async def list_uses(conn: Connection, row: WebserviceRow, book: Book) -> list[Use]:
    """What occurs in the records that are to go, told apart by what the book's mappings depend on."""
    gates = Gates.of(book.settings)
    only_new = gates.sync_from is None and not gates.copy_existing
    since = Since(issued_on=gates.sync_from, created_at=book.connected_at if only_new else None)
    anyway = _mapped_anyway(book)
    apart = {key for one in book.mappings if one.slot not in anyway for key in one.when} & set(LINE_FACTS)
    return await previews.list_uses(conn, row.gallery_id, row.id, since=since, apart=apart)


async def list_unmapped(
    conn: Connection, kind: type[Webservice], row: WebserviceRow, book: Book
) -> tuple[Unmapped, ...]:
    """What is not mapped in *book*, the most frequent first."""
    return find_unmapped(await list_uses(conn, row, book), kind, book)


def find_unmapped(uses: Sequence[Use], kind: type[Webservice], book: Book) -> tuple[Unmapped, ...]:
    """Those of *uses* that lead nowhere, at most 200, the most frequent first (pure)."""
    slots = {slot.key: slot for slot in kind.account_mappings()}
    codes: dict[str, TaxCode] = {code.id: code for code in book.extra.get("tax_codes") or ()}
    found: dict[tuple[str, tuple[tuple[str, str], ...], str], Use] = {}
    anyway = _mapped_anyway(book)
    for use in uses:
        slot = slots.get(kind.slot_of(use.facts, book) or "")
        if slot is None or slot.key in anyway or resolve(slot.key, use.facts, book.mappings) is not None:
            continue
        when = tuple((key, value) for key in slot.when if (value := use.facts.get(key)) is not None)
        named = (slot.key, when, _label(use, slot, when, codes))
        before = found.get(named)
        found[named] = use if before is None else msgspec.structs.replace(before, count=before.count + use.count)
    listed = [_unmapped(use, slots[key], when, label) for (key, when, label), use in found.items()]
    return tuple(sorted(listed, key=lambda one: -one.count)[:MOST_UNMAPPED])


def _mapped_anyway(book: Book) -> set[str]:
    """Slots with a mapping without conditions: whatever occurs leads somewhere, so its rules need not be looked at."""
    return {mapping.slot for mapping in book.mappings if not mapping.when}


def _unmapped(use: Use, slot: Slot, when: Sequence[tuple[str, str]], label: str) -> Unmapped:
    number, record_id = use.example
    counted = f"1 {use.type} waits" if use.count == 1 else f"{use.count} {use.type}s wait"
    return Unmapped(
        slot=slot.key,
        when=dict(when),
        type=use.type,
        label=label,
        count=use.count,
        number=number,
        record_id=record_id,
        message=f"{counted} for “{label}”: nothing is chosen for it (slot “{slot.label}”).",
    )


def _label(use: Use, slot: Slot, when: Sequence[tuple[str, str]], codes: Mapping[str, TaxCode]) -> str:
    """What people call it: the line's kind, the way of payment with its account and currency, the tax code's name."""
    if "tax_code" in use.facts:
        code = use.facts["tax_code"]
        return slot.label if code is None else codes[code].name if code in codes else code
    named = use.facts.get("line_kind") or use.facts.get("method") or slot.label
    more = [value for key, value in when if key not in {"line_kind", "method"}]
    return ", ".join([named.replace("_", " ").capitalize(), *more])
