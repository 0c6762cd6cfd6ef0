"""The rules of the mapping page: mappings with conditions, as lines of text, and what a new one is made of (pure)."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence

import msgspec

from hub.domain.books import Mapping as SlotMapping
from hub.domain.books import Slot, Target
from hub.domain.mappings import identity
from hub.web.ui.pages import mapping_options as options
from hub.web.ui.pages import mapping_rows as rows
from hub.web.ui.pages.mapping_options import OptionGroup
from hub.web.ui.pages.mapping_rows import CONDITIONS, VALUES, Shown, describe, humanise, rule_part_of

MOST_RULES = 50  # on one page


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One mapping with conditions, as a line of text; `key` names it in a form, `to` is its option in a select."""

    key: str
    mapping: SlotMapping
    words: str
    to: str
    shown: str
    findings: tuple[str, ...] = ()


class RuleSet(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of one slot on this page, and what a new one may be made of. `total`: on all pages."""

    slot: Slot
    rules: tuple[Rule, ...]
    total: int
    conditions: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]
    groups: tuple[OptionGroup, ...]


def list_rules(part: str, shown: Shown) -> list[SlotMapping]:
    """The mappings shown as rules in *part*, in the order of its slots."""
    plain = {
        identity(SlotMapping(slot=slot.key, when=when, to=Target()))[:2]
        for slot, when, _ in rows.plain_places(_rows_beside(part), shown.slots, shown.tax_codes)
    }
    found = []
    for slot in shown.slots:
        if rule_part_of(slot) == part:
            found += [
                one
                for one in shown.book.mappings
                if one.slot == slot.key and (one.when or options.is_tracking(slot)) and identity(one)[:2] not in plain
            ]
    return found


def _rows_beside(part: str) -> str:
    """The part whose rows are no rules of *part*."""
    return part if part == "payments" else "accounts"


def make_rule_sets(
    part: str, shown: Shown, values: MappingOf[str, Sequence[str]], *, start: int = 0
) -> tuple[tuple[RuleSet, ...], int]:
    """The rules of *part* from *start* on, 50 at most, slot by slot, and how many there are in all."""
    everything = list_rules(part, shown)
    page = everything[start : start + MOST_RULES]
    sets = []
    for slot in shown.slots:
        if rule_part_of(slot) != part:
            continue
        own = tuple(_rule(shown, slot, one) for one in page if one.slot == slot.key)
        sets.append(
            RuleSet(
                slot=slot,
                rules=own,
                total=sum(one.slot == slot.key for one in everything),
                conditions=tuple(
                    (key, CONDITIONS.get(key, humanise("method", key)), _offer(key, shown, values)) for key in slot.when
                ),
                groups=options.list_options(slot, shown.kind, shown.book),
            )
        )
    return tuple(sets), len(everything)


def _rule(shown: Shown, slot: Slot, mapping: SlotMapping) -> Rule:
    return Rule(
        key=rows.key_of(mapping),
        mapping=mapping,
        words=describe(mapping.when, shown.tax_codes),
        to=options.key_of(mapping.to, slot, shown.book.choices),
        shown=options.name_target(mapping.to, slot, shown.book.choices),
        findings=rows.find_faults(shown, slot, mapping.when),
    )


def is_closed(key: str) -> bool:
    """Whether a condition takes one of a few known values; else it is typed."""
    return key in VALUES or key == "currency"


def _offer(key: str, shown: Shown, values: MappingOf[str, Sequence[str]]) -> tuple[tuple[str, str], ...]:
    if key in VALUES:
        return tuple((one, humanise(key, one)) for one in VALUES[key])
    if key == "currency":
        known = dict.fromkeys((shown.book.gallery.currency, *shown.book.choices.currencies))
        return tuple((one, one) for one in known)
    return tuple((one, one) for one in values.get(key, ()))
