"""What occurs in the records and is not mapped, each with the suggestion that would cover it (pure)."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from typing import Any

import msgspec

from hub.contract import Suggestion
from hub.domain.books import Mapping as SlotMapping
from hub.domain.books import Slot, Target
from hub.domain.mappings import identity, resolve
from hub.sync.unmapped import Unmapped
from hub.web.ui.pages import mapping_options as options
from hub.web.ui.pages.mapping_rows import PARTS, Shown, describe, key_of, part_of, plain_places


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Something that occurs and is not mapped, with the suggestion that would cover it (`key` names it in a form).

    `unknown`: it is a tax code that the hub has not got, which no choice on the page can map.
    """

    one: Unmapped
    slot: Slot
    part: str
    anchor: str
    key: str = ""
    target: str = ""
    why: str = ""
    unknown: bool = False


def pair(shown: Shown, suggestions: Sequence[Suggestion]) -> tuple[tuple[Waiting, ...], tuple[Waiting, ...]]:
    """What waits, each with its suggestion if there is one; and what is suggested beyond, which nothing waits for."""
    suggestions = list_news(shown, suggestions)
    slots = {slot.key: slot for slot in shown.slots}
    names = {_bare(slot.key, when): name for slot, when, name in _places(shown)}
    offered = [one.mapping for one in suggestions]
    found = []
    for one in shown.waiting:
        target = resolve(one.slot, dict(one.when), offered)
        best = None if target is None else next(s for s in suggestions if s.mapping.to is target)
        found.append(_waiting(shown, slots[one.slot], one, best, names))
    used = {one.key for one in found}
    rest = [one for one in suggestions if key_of(one.mapping) not in used]
    others = [_waiting(shown, slots[one.mapping.slot], _unused(shown, slots, one), one, names) for one in rest]
    return tuple(found), tuple(others)


def list_news(shown: Shown, suggestions: Sequence[Suggestion]) -> list[Suggestion]:
    """Those of *suggestions* that would change where something goes: what a general mapping does already is none."""
    slots = {slot.key: slot for slot in shown.slots}
    return [
        one
        for one in suggestions
        if (slot := slots.get(one.mapping.slot)) is not None and _now(shown, slot, one) != _then(shown, slot, one)
    ]


def _now(shown: Shown, slot: Slot, one: Suggestion) -> str | None:
    target = resolve(slot.key, dict(one.mapping.when), shown.book.mappings)
    return None if target is None else options.key_of(target, slot, shown.book.choices)


def _then(shown: Shown, slot: Slot, one: Suggestion) -> str:
    return options.key_of(one.mapping.to, slot, shown.book.choices)


def _bare(slot: str, when: MappingOf[str, str]) -> Any:
    """The identity of a mapping wherever it leads."""
    return identity(SlotMapping(slot=slot, when=dict(when), to=Target()))[:2]


def _unused(shown: Shown, slots: MappingOf[str, Slot], suggestion: Suggestion) -> Unmapped:
    mapping = suggestion.mapping
    label = slots[mapping.slot].label
    if mapping.when:
        label = f"{label}: {describe(mapping.when, shown.tax_codes)}"
    return Unmapped(
        slot=mapping.slot,
        when=dict(mapping.when),
        type="invoice",
        label=label,
        count=0,
        number="",
        record_id="",
        message="",
    )


def _waiting(shown: Shown, slot: Slot, one: Unmapped, best: Suggestion | None, names: MappingOf[Any, str]) -> Waiting:
    wanted = {key: value for key, value in one.when.items() if key in {"tax_code", "method"}}
    place = names.get(_bare(slot.key, wanted), f"to.{slot.key}")
    anchor = "f-" + place.replace(".", "-")
    if best is None:
        code = one.when.get("tax_code")
        unknown = code is not None and all(known.id != code for known in shown.tax_codes)
        return Waiting(one=one, slot=slot, part=part_of(slot), anchor=anchor, unknown=unknown)
    target = options.name_target(best.mapping.to, slot, shown.book.choices)
    why = best.why.removeprefix(target).strip()  # the name stands right before it
    return Waiting(
        one=one,
        slot=slot,
        part=part_of(slot),
        anchor=anchor,
        key=key_of(best.mapping),
        target=target,
        why=why[:1].upper() + why[1:],
    )


def _places(shown: Shown) -> list[tuple[Slot, dict[str, str], str]]:
    return [place for part in PARTS for place in plain_places(part, shown.slots, shown.tax_codes)]
