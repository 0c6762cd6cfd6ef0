"""Mappings: which remote account, tax rate or tracking option a slot leads to for one record (DESIGN section 6)."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, get_args

from hub.domain.books import Account, Choices, Mapping, Slot, Target, TaxRate, TrackingCategory, TrackingOption
from hub.domain.records import Channel, LineKind, Ownership, PaymentMethod
from hub.errors import Fault, FormError

# The most specific mapping wins. Compared key by key: one that names the artist beats any that does not, and so on;
# `ownership` before `line_kind` gives "ownership + line_kind, ownership, line_kind"; `method` before `currency` before
# `processor_account` gives "(method, currency, processor), (method, currency), (method, processor), method, currency".
_PRECEDENCE = (
    "tax_code",
    "salesperson",
    "artist",
    "category",
    "channel",
    "ownership",
    "line_kind",
    "method",
    "currency",
    "processor_account",
)
_VALUES: dict[str, tuple[str, ...]] = {
    "line_kind": get_args(LineKind),
    "ownership": get_args(Ownership),
    "channel": get_args(Channel),
    "method": get_args(PaymentMethod),
}
_TARGET_KEYS = ("id", "code", "category_id")


@lru_cache(maxsize=4096)  # the same few words are compared for every line of every invoice
def _fold(text: str) -> str:
    return " ".join(text.split()).casefold()


def _matches(mapping: Mapping, facts: MappingOf[str, str | None]) -> bool:
    for key, wanted in mapping.when.items():
        value = facts.get(key)
        if value is None or (value != wanted and _fold(value) != _fold(wanted)):
            return False
    return True


def _rank(mapping: Mapping) -> tuple[bool, ...]:
    return tuple(key in mapping.when for key in _PRECEDENCE)


def resolve(slot: str, facts: MappingOf[str, str | None], mappings: Sequence[Mapping]) -> Target | None:
    """Where *slot* leads for *facts* (``{"artist": ..., "line_kind": ...}``), or None when nothing matches.

    All keys of a mapping's `when` must match, letter case and spacing apart. The most specific wins; among equals the
    first.
    """
    fitting = [mapping for mapping in mappings if mapping.slot == slot and _matches(mapping, facts)]
    return max(fitting, key=_rank).to if fitting else None


def resolve_tracking(
    slot: str, facts: MappingOf[str, str | None], mappings: Sequence[Mapping], *, most: int = 2
) -> tuple[Target, ...]:
    """The tracking options for *facts*: the most specific of each category, in the order of the mappings."""
    best: dict[str | None, Mapping] = {}
    for mapping in mappings:
        if mapping.slot != slot or not _matches(mapping, facts):
            continue
        before = best.get(mapping.to.category_id)
        if before is None or _rank(mapping) > _rank(before):
            best[mapping.to.category_id] = mapping
    return tuple(mapping.to for mapping in best.values())[:most]


def find_account(target: Target, choices: Choices) -> Account | None:
    """The account that *target* names by id or by code, or None."""
    for account in choices.accounts:
        if target.id is not None and _fold(account.id) == _fold(target.id):
            return account
    for account in choices.accounts:
        if account.code and account.code in (target.code, target.id):
            return account
    return None


def find_tax_rate(target: Target, choices: Choices) -> TaxRate | None:
    """The tax rate that *target* names (a tax rate's code is its id), or None."""
    return next((rate for rate in choices.tax_rates if rate.code in (target.code, target.id)), None)


def find_option(target: Target, choices: Choices) -> tuple[TrackingCategory, TrackingOption] | None:
    """The tracking category and option that *target* names, or None."""
    for category in choices.tracking:
        if target.category_id is not None and category.id != target.category_id:
            continue
        for option in category.options:
            if option.id == target.id:
                return category, option
    return None


def missing_slots(slots: Sequence[Slot], mappings: Sequence[Mapping]) -> tuple[str, ...]:
    """Keys of the required slots without an unconditional mapping."""
    mapped = {mapping.slot for mapping in mappings if not mapping.when}
    return tuple(slot.key for slot in slots if slot.required and slot.key not in mapped)


def parse_mappings(data: Any, slots: Sequence[Slot], *, at: str = "mappings") -> tuple[Mapping, ...]:
    """The API's ``[{"slot", "when", "to"}]`` as mappings.

    Raises:
        FormError: Names every fault with its place, ``mappings[0].when.artist``.
    """
    faults: list[Fault] = []
    if not isinstance(data, list):
        raise FormError([Fault(at, "a list of mappings is needed")])
    known = {slot.key: slot for slot in slots}
    seen: dict[tuple[Any, ...], int] = {}
    parsed: list[Mapping] = []
    for index, item in enumerate(data):
        place = f"{at}[{index}]"
        mapping = _parse_mapping(item, known, place, faults)
        if mapping is None:
            continue
        key = identity(mapping)
        if key in seen:
            faults.append(Fault(place, f"says the same as {at}[{seen[key]}]: one of them has to go"))
            continue
        seen[key] = index
        parsed.append(mapping)
    if faults:
        raise FormError(faults, title="The mappings have faults")
    return tuple(parsed)


def identity(mapping: Mapping) -> tuple[Any, ...]:
    """What two mappings must not have in common: slot, conditions (case and spacing apart), tracking category."""
    when = tuple(sorted((key, _fold(value)) for key, value in mapping.when.items()))
    return mapping.slot, when, mapping.to.category_id


def _parse_mapping(item: Any, known: MappingOf[str, Slot], place: str, faults: list[Fault]) -> Mapping | None:
    if not isinstance(item, dict):
        faults.append(Fault(place, "an object with slot, when and to is needed"))
        return None
    before = len(faults)
    faults += [Fault(f"{place}.{key}", "unknown field") for key in item if key not in ("slot", "when", "to")]
    name = item.get("slot")
    slot = known.get(name) if isinstance(name, str) else None
    if slot is None:
        faults.append(Fault(f"{place}.slot", f"unknown slot {name!r} (known: {', '.join(known)})"))
    when = _parse_when(item.get("when"), slot, f"{place}.when", faults)
    target = _parse_target(item.get("to"), slot, f"{place}.to", faults)
    if len(faults) > before or slot is None or target is None:
        return None
    return Mapping(slot=slot.key, when=when, to=target)


def _parse_when(data: Any, slot: Slot | None, place: str, faults: list[Fault]) -> dict[str, str]:
    if data is None:
        return {}
    if not isinstance(data, dict):
        faults.append(Fault(place, "an object of conditions is needed"))
        return {}
    for key, value in data.items():
        if slot is not None and key not in slot.when:
            allowed = f"may depend on {', '.join(slot.when)}" if slot.when else "takes no conditions"
            faults.append(Fault(f"{place}.{key}", f"slot {slot.key!r} {allowed}"))
        elif not isinstance(value, str) or not value.strip():
            faults.append(Fault(f"{place}.{key}", "a text is needed"))
        elif key in _VALUES and value not in _VALUES[key]:
            faults.append(Fault(f"{place}.{key}", f"{value!r} is none of {', '.join(_VALUES[key])}"))
    return {key: value for key, value in data.items() if isinstance(value, str)}


def _parse_target(data: Any, slot: Slot | None, place: str, faults: list[Fault]) -> Target | None:
    if not isinstance(data, dict):
        faults.append(Fault(place, "an object with id or code is needed"))
        return None
    before = len(faults)
    for key, value in data.items():
        if key not in _TARGET_KEYS:
            faults.append(Fault(f"{place}.{key}", "unknown field"))
        elif value is not None and (not isinstance(value, str) or not value):
            faults.append(Fault(f"{place}.{key}", "a text is needed"))
    named = [key for key in ("id", "code") if data.get(key)]
    if not named:
        faults.append(Fault(place, "id or code is needed"))
    elif len(named) > 1:
        faults.append(Fault(place, "either id or code, not both"))
    tracking = slot is not None and "tracking" in slot.fills
    if tracking and not (data.get("id") and data.get("category_id")):
        faults.append(Fault(place, "a tracking option needs id and category_id"))
    if slot is not None and not tracking and data.get("category_id"):
        faults.append(Fault(f"{place}.category_id", "only a tracking option has a category"))
    return Target(**{key: data.get(key) for key in _TARGET_KEYS}) if len(faults) == before else None


def render_mappings(mappings: Sequence[Mapping]) -> list[dict[str, Any]]:
    """*mappings* as the API's JSON."""
    return [
        {
            "slot": mapping.slot,
            "when": dict(mapping.when),
            "to": {key: value for key in _TARGET_KEYS if (value := getattr(mapping.to, key)) is not None},
        }
        for mapping in mappings
    ]
