"""What the form of the mapping page says: which mappings go, which come, and where each fault belongs (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from typing import Any

import msgspec

from hub.domain.books import Mapping as SlotMapping
from hub.domain.books import Slot, Target
from hub.domain.mappings import identity
from hub.errors import Fault
from hub.sync.mapping_changes import merge
from hub.web.ui.csrf import Form
from hub.web.ui.pages import mapping_options as options
from hub.web.ui.pages.mapping_rows import LONGEST_VALUE, Shown, key_of, plain_places, rule_part_of

_AT = re.compile(r"mappings\[(\d+)\](?:\.(\w+))?(?:\.(\w+))?")


class Editor(msgspec.Struct, frozen=True, kw_only=True):
    """What is typed as a new rule of one slot. `instead`: key of the rule it is to replace."""

    when: dict[str, str] = {}
    to: str = ""
    instead: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is typed."""
        return not self.to and not self.when


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What a form changes.

    Attributes:
        drop: Identities of mappings that go.
        put: New and changed mappings, as the API takes them; `places`: the field of each.
        editors: Slot -> the rule as typed.
        removed: Keys of the rules ticked to go.
        faults: Field -> what is wrong with it, before anything is checked there.
    """

    drop: frozenset[Any] = frozenset()
    put: tuple[dict[str, Any], ...] = ()
    places: tuple[str, ...] = ()
    editors: MappingOf[str, Editor] = {}
    removed: frozenset[str] = frozenset()
    faults: MappingOf[str, str] = {}

    def apply(self, saved: Sequence[SlotMapping]) -> tuple[SlotMapping, ...]:
        """The mappings as they would be, unchecked: what cannot be used shows itself as a finding."""
        made = [SlotMapping(slot=one["slot"], when=one["when"], to=Target(**one["to"])) for one in self.put]
        return merge(saved, self.drop, made)


def read_changes(form: Form, part: str, shown: Shown) -> Changes:
    """The changes of *part*; only what the form has counts, and what stands in it as it is saved is no change."""
    reader = _Reader(form, shown)
    for slot, when, name in plain_places(part, shown.slots, shown.tax_codes):
        if form.flag(name):
            reader.read_row(slot, when, name)
    for slot in shown.slots:
        if rule_part_of(slot) == part:
            reader.read_rule(slot)
    return reader.changes()


class _Reader:
    """Goes through a form, collecting."""

    def __init__(self, form: Form, shown: Shown) -> None:
        self.form, self.shown = form, shown
        self.saved = {identity(one)[:2]: one for one in shown.saved}
        self.by_key = {key_of(one): one for one in shown.saved}
        self.removed = frozenset(form.all("remove"))
        self.drop: set[Any] = {identity(self.by_key[key]) for key in self.removed if key in self.by_key}
        self.put: list[tuple[str, dict[str, Any]]] = []
        self.editors: dict[str, Editor] = {}
        self.faults: dict[str, str] = {}

    def read_row(self, slot: Slot, when: dict[str, str], name: str) -> None:
        """One select."""
        choices = self.shown.book.choices
        chosen = self.form.text(name)[:LONGEST_VALUE]
        before = self.saved.get(identity(SlotMapping(slot=slot.key, when=when, to=Target()))[:2])
        standing = options.key_of(before.to, slot, choices) if before else ""
        if chosen in {standing, self.form.text(f"was.{name}", standing)}:
            return  # as it stands, or not touched: what somebody else chose since stays
        if chosen:
            to = options.target_of(chosen, slot, choices)
            self.put.append((name, {"slot": slot.key, "when": dict(before.when if before else when), "to": to}))
        elif before is not None:
            self.drop.add(identity(before))

    def read_rule(self, slot: Slot) -> None:
        """What is typed as a rule of *slot*."""
        base = f"new.{slot.key}"
        typed = {key: value for key in slot.when if (value := self.form.text(f"{base}.{key}"))}
        editor = Editor(when=typed, to=self.form.text(f"{base}.to"), instead=self.form.text(f"{base}.instead"))
        if editor.is_empty:
            return
        self.editors[slot.key] = editor
        for key, value in typed.items():
            if len(value) > LONGEST_VALUE:
                self.faults[f"{base}.{key}"] = f"This needs at most {LONGEST_VALUE} characters."
        if not editor.to:
            self.faults[f"{base}.to"] = "Choose where it goes."
        elif not typed and not options.is_tracking(slot):
            first = slot.when[0]
            self.faults[f"{base}.{first}"] = "Give one condition at least."
        if any(name.startswith(f"{base}.") for name in self.faults):
            return
        to = options.target_of(editor.to, slot, self.shown.book.choices)
        if not options.is_tracking(slot) or to["category_id"]:
            self.put.append((base, {"slot": slot.key, "when": typed, "to": to}))
        if (before := self.by_key.get(editor.instead)) is not None:
            self.drop.add(identity(before))

    def changes(self) -> Changes:
        """What was read."""
        return Changes(
            drop=frozenset(self.drop),
            put=tuple(one for _, one in self.put),
            places=tuple(name for name, _ in self.put),
            editors=self.editors,
            removed=self.removed,
            faults=self.faults,
        )


def place_faults(faults: Sequence[Fault], changes: Changes) -> dict[str, str]:
    """Field -> message, for faults of saving *changes*; what belongs to no field is at ``""``."""
    found: dict[str, str] = {}
    for fault in faults:
        parts = _AT.match(fault.at)
        name = ""
        if parts is not None and int(parts[1]) < len(changes.places):
            name = changes.places[int(parts[1])]
            if name.startswith("new."):
                name = f"{name}.{parts[3]}" if parts[2] == "when" and parts[3] else f"{name}.to"
        message = fault.message[:1].upper() + fault.message[1:]
        found.setdefault(name, message if message.endswith(".") else f"{message}.")
    return found
