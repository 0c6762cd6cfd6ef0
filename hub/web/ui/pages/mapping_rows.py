"""The rows of the mapping page: each place that wants an account or a tax rate, and each rule (pure)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from typing import get_args

import msgspec

from hub.contract import Webservice
from hub.domain.books import Book, Finding, Slot, Target
from hub.domain.books import Mapping as SlotMapping
from hub.domain.mappings import identity
from hub.domain.records import Channel, LineKind, Ownership, PaymentMethod, TaxCode
from hub.sync.unmapped import Unmapped
from hub.web.ui.pages import mapping_options as options
from hub.web.ui.pages.mapping_options import OptionGroup

PARTS: MappingOf[str, str] = {"accounts": "Accounts", "taxes": "Taxes", "payments": "Payments", "rules": "Rules"}
MOST_ROWS = 40  # of tax codes on one page
LONGEST_VALUE = 200

CONDITIONS: MappingOf[str, str] = {
    "line_kind": "Kind of line",
    "category": "Category",
    "artist": "Artist",
    "ownership": "Ownership",
    "channel": "Sold through",
    "salesperson": "Salesperson",
    "method": "Way of payment",
    "currency": "Currency",
    "processor_account": "Processor account",
    "tax_code": "Tax code",
}
VALUES: MappingOf[str, tuple[str, ...]] = {
    "line_kind": tuple(one for one in get_args(LineKind) if one != "text"),
    "ownership": get_args(Ownership),
    "channel": get_args(Channel),
    "method": get_args(PaymentMethod),
}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One select of the page.

    Attributes:
        name: Of the field.
        saved, value: The option as it is saved, and as it is shown now.
        empty: What the empty option says.
        waiting: What occurs in the records and waits for this row.
        findings: What is wrong with what is shown, in sentences.
        code: The gallery's tax code of a row of taxes.
        judged: Of a row of taxes with something chosen: whether the rates are equal.
    """

    name: str
    slot: Slot
    when: dict[str, str]
    label: str
    help: str = ""
    groups: tuple[OptionGroup, ...] = ()
    saved: str = ""
    value: str = ""
    shown: str = ""
    empty: str = "Not chosen"
    required: bool = False
    waiting: tuple[Unmapped, ...] = ()
    findings: tuple[str, ...] = ()
    code: TaxCode | None = None
    judged: bool | None = None


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What the rows are made of: the book with the mappings as shown, the saved ones, findings, what waits."""

    kind: type[Webservice]
    book: Book
    saved: tuple[SlotMapping, ...]
    findings: tuple[Finding, ...] = ()
    waiting: tuple[Unmapped, ...] = ()
    removed: frozenset[str] = frozenset()

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The slots of the kind."""
        return self.kind.account_mappings()

    @property
    def tax_codes(self) -> tuple[TaxCode, ...]:
        """The gallery's."""
        return tuple(self.book.extra.get("tax_codes") or ())


def part_of(slot: Slot) -> str:
    """The part in which a slot's plain rows stand."""
    if options.is_tax(slot):
        return "taxes"
    if "method" in slot.when or "bank" in slot.fills:
        return "payments"
    return "rules" if options.is_tracking(slot) else "accounts"


def rule_part_of(slot: Slot) -> str | None:
    """The part in which a slot's rules stand; None: it has none beyond its rows."""
    if not slot.when or options.is_tax(slot):
        return None
    return "payments" if part_of(slot) == "payments" else "rules"


def known_parts(slots: Sequence[Slot]) -> tuple[str, ...]:
    """The parts that these slots need."""
    used = {part_of(slot) for slot in slots} | {rule_part_of(slot) for slot in slots}
    return tuple(part for part in PARTS if part in used)


def key_of(mapping: SlotMapping) -> str:
    """A short name of a mapping in forms: its identity, hashed."""
    return hashlib.sha256(repr(identity(mapping)).encode()).hexdigest()[:16]


def describe(when: MappingOf[str, str], codes: Sequence[TaxCode] = ()) -> str:
    """``Framing, Artist M. Lowe``; ``everything`` without conditions."""
    names = {code.id: code.name for code in codes}
    parts = []
    for key in CONDITIONS:
        if key not in when:
            continue
        value = names.get(when[key], when[key]) if key == "tax_code" else humanise(key, when[key])
        parts.append(value if key in {"line_kind", "method", "tax_code"} else f"{CONDITIONS[key].lower()} {value}")
    text = ", ".join(parts)
    return text[:1].upper() + text[1:] if text else "Everything"


def humanise(key: str, value: str) -> str:
    """``private_room`` -> ``Private room``; names stay as they are."""
    if value == "paypal":
        return "PayPal"
    return value.replace("_", " ").capitalize() if key in VALUES else value


# -- rows


def plain_places(part: str, slots: Sequence[Slot], codes: Sequence[TaxCode]) -> list[tuple[Slot, dict[str, str], str]]:
    """(slot, conditions, field name) of every row of a part."""
    found: list[tuple[Slot, dict[str, str], str]] = []
    for slot in slots:
        if part_of(slot) != part or options.is_tracking(slot):
            continue
        if "tax_code" in slot.when:
            found += [(slot, {"tax_code": code.id}, f"to.{slot.key}.{code.id}") for code in codes]
            continue
        found.append((slot, {}, f"to.{slot.key}"))
        if part == "payments" and "method" in slot.when:
            methods = VALUES["method"]
            found += [(slot, {"method": method}, f"to.{slot.key}.{method}") for method in methods]
    return found


def make_rows(part: str, shown: Shown, *, start: int = 0) -> tuple[tuple[Row, ...], int]:
    """The rows of *part* from *start* on, 40 at most, and how many there are in all."""
    places = plain_places(part, shown.slots, shown.tax_codes)
    codes = {code.id: code for code in shown.tax_codes}
    return tuple(_row(shown, *place, codes) for place in places[start : start + MOST_ROWS]), len(places)


def _row(shown: Shown, slot: Slot, when: dict[str, str], name: str, codes: MappingOf[str, TaxCode]) -> Row:
    choices = shown.book.choices
    saved, now = _find(shown.saved, slot, when), _find(shown.book.mappings, slot, when)
    value = options.key_of(now.to, slot, choices) if now else ""
    code = codes.get(when.get("tax_code", ""))
    findings = find_faults(shown, slot, when) if now else ()
    return Row(
        name=name,
        slot=slot,
        when=when,
        label=_label(slot, when, code),
        help="" if when else slot.help,
        groups=options.list_options(slot, shown.kind, shown.book, chosen=value, code=code),
        saved=options.key_of(saved.to, slot, choices) if saved else "",
        value=value,
        shown=options.name_target(now.to, slot, choices) if now else "",
        empty=_empty(slot, when),
        required=slot.required and not when,
        waiting=tuple(one for one in shown.waiting if not now and _waits_for(one, slot, when)),
        findings=findings,
        code=code,
        judged=(not findings) if now and code is not None else None,
    )


def _find(mappings: Sequence[SlotMapping], slot: Slot, when: MappingOf[str, str]) -> SlotMapping | None:
    wanted = identity(SlotMapping(slot=slot.key, when=dict(when), to=Target()))[:2]
    return next((one for one in mappings if one.slot == slot.key and identity(one)[:2] == wanted), None)


def _label(slot: Slot, when: MappingOf[str, str], code: TaxCode | None) -> str:
    if code is not None:
        return code.name
    if when:
        return describe(when)
    return "Every other payment" if part_of(slot) == "payments" and "method" in slot.when else slot.label


def _empty(slot: Slot, when: MappingOf[str, str]) -> str:
    if slot.required and not when:
        return "Choose an account"
    if when and "method" in when:
        return "As every other payment"
    return "Choose a tax rate" if options.is_tax(slot) else "Not chosen"


def find_faults(shown: Shown, slot: Slot, when: MappingOf[str, str]) -> tuple[str, ...]:
    """What is wrong with the mapping shown for *slot* and *when*, in sentences."""
    return tuple(
        one.message for one in shown.findings if one.code != "unmapped" and one.slot == slot.key and one.when == when
    )


def _waits_for(one: Unmapped, slot: Slot, when: MappingOf[str, str]) -> bool:
    """Whether choosing something in this row would cover *one*; of payments the row of their own method only."""
    if one.slot != slot.key:
        return False
    if "method" in slot.when:
        return one.when.get("method") == when.get("method")
    return all(one.when.get(key) == value for key, value in when.items())
