"""What a slot can be filled with, as options of a select, and the way back from an option to a target (pure)."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from decimal import Decimal

import msgspec

from hub.contract import Webservice
from hub.domain.books import Account, Book, Choices, Slot, Target, TaxRate
from hub.domain.books import Mapping as SlotMapping
from hub.domain.mappings import find_account, find_option, find_tax_rate
from hub.domain.records import TaxCode

MOST_ARCHIVED = 20
_CLASSES: MappingOf[str, str] = {
    "bank": "Bank accounts",
    "revenue": "Revenue",
    "expense": "Expenses",
    "liability": "Liabilities",
    "asset": "Assets",
    "equity": "Equity",
}
_GONE = "?"


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One option; `off`: shown, but nobody can take it."""

    key: str
    text: str
    off: bool = False


class OptionGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Options under a heading."""

    label: str
    options: tuple[Option, ...]


def is_tax(slot: Slot) -> bool:
    """Whether a tax rate fills it."""
    return "tax" in slot.fills


def is_tracking(slot: Slot) -> bool:
    """Whether a tracking option fills it."""
    return "tracking" in slot.fills


def name_account(account: Account) -> str:
    """``200 Sales``."""
    return f"{account.code} {account.name}" if account.code else account.name


def name_rate(rate: TaxRate) -> str:
    """``GST on Income · 10 %``."""
    return f"{rate.name} · {percent(rate.rate)}"


def percent(rate: Decimal) -> str:
    """``10 %``, ``8.25 %``, with a space that does not break."""
    return f"{rate.normalize():f}\N{NO-BREAK SPACE}%"


def name_target(target: Target, slot: Slot | None, choices: Choices) -> str:
    """What *target* is called there; what is there no more goes by its code."""
    if slot is not None and is_tracking(slot):
        pair = find_option(target, choices)
        return f"{pair[0].name}: {pair[1].name}" if pair else _gone(target)
    if slot is not None and is_tax(slot):
        rate = find_tax_rate(target, choices)
        return name_rate(rate) if rate else _gone(target)
    account = find_account(target, choices)
    return name_account(account) if account else _gone(target)


def _gone(target: Target) -> str:
    return f"{target.code or target.id} (not there any more)"


def key_of(target: Target, slot: Slot, choices: Choices) -> str:
    """The option that stands for *target*; one that no list has when it is there no more."""
    if is_tracking(slot):
        pair = find_option(target, choices)
        return f"{pair[0].id}/{pair[1].id}" if pair else f"{_GONE}{target.id}"
    if is_tax(slot):
        rate = find_tax_rate(target, choices)
        return rate.code if rate else f"{_GONE}{target.code or target.id}"
    account = find_account(target, choices)
    return (account.code or account.id) if account else f"{_GONE}{target.code or target.id}"


def target_of(key: str, slot: Slot, choices: Choices) -> dict[str, str]:
    """The target that the option *key* stands for, as the API takes it; what is unknown is refused when it is saved."""
    if is_tracking(slot):
        category, _, option = key.partition("/")
        return {"id": option or category, "category_id": category}
    if is_tax(slot):
        return {"code": key.removeprefix(_GONE)}
    account = find_account(Target(code=key), choices) or find_account(Target(id=key), choices)
    return {"id": account.id} if account else {"code": key.removeprefix(_GONE)}


def list_options(
    slot: Slot, kind: type[Webservice], book: Book, *, chosen: str = "", code: TaxCode | None = None
) -> tuple[OptionGroup, ...]:
    """What fits *slot*, in groups; *chosen* is among it whatever it is. *code*: rates equal to its come first."""
    choices = book.choices
    if is_tracking(slot):
        groups = [
            OptionGroup(
                label=category.name,
                options=tuple(Option(key=f"{category.id}/{o.id}", text=o.name) for o in category.options if o.active),
            )
            for category in choices.tracking
        ]
    elif is_tax(slot):
        groups = _tax_groups(slot, kind, book, code)
    else:
        groups = _account_groups(slot, kind, book, chosen)
    known = {one.key for group in groups for one in group.options if not one.off}
    if chosen and chosen not in known:
        text = f"{chosen.removeprefix(_GONE)} (cannot be used any more)"
        if (account := find_account(Target(code=chosen), choices)) is not None:
            text = f"{name_account(account)} ({'does not fit here' if account.active else 'archived'})"
        groups.insert(0, OptionGroup(label="Chosen until now", options=(Option(key=chosen, text=text),)))
    return tuple(group for group in groups if group.options)


def _account_groups(slot: Slot, kind: type[Webservice], book: Book, chosen: str) -> list[OptionGroup]:
    bare = msgspec.structs.replace(book, extra={})
    fitting = [one for one in book.choices.accounts if fits(one, slot, kind, bare)]
    found: dict[str, list[Option]] = {}
    for one in fitting:
        if one.active:
            name = "bank" if one.is_bank else one.class_
            found.setdefault(name, []).append(Option(key=one.code or one.id, text=name_account(one)))
    groups = [OptionGroup(label=_CLASSES[name], options=tuple(found[name])) for name in _CLASSES if name in found]
    gone = [one for one in fitting if not one.active and (one.code or one.id) != chosen][:MOST_ARCHIVED]
    archived = tuple(Option(key=one.code or one.id, text=f"{name_account(one)} (archived)", off=True) for one in gone)
    return [*groups, OptionGroup(label="Archived", options=archived)]


def fits(account: Account, slot: Slot, kind: type[Webservice], book: Book) -> bool:
    """Whether *account* is of a sort that fills *slot*, archived or not."""
    if "bank" in slot.fills:
        return account.is_bank or (account.takes_payments and account.class_ in slot.fills)
    if account.is_bank or account.class_ not in slot.fills:
        return False
    if account.system is None:
        return True
    # A special account of theirs (receivables ...): only the kind knows what it is good for.
    mapping = SlotMapping(slot=slot.key, to=Target(id=account.id))
    found = kind.check_mappings((mapping,), book.choices, book)
    return not any(one.slot == slot.key and one.code != "unmapped" for one in found)


def _tax_groups(slot: Slot, kind: type[Webservice], book: Book, code: TaxCode | None) -> list[OptionGroup]:
    equal: list[Option] = []
    others: list[Option] = []
    for rate in book.choices.tax_rates:
        if not rate.active:
            continue
        option = Option(key=rate.code, text=name_rate(rate))
        (equal if judge_rate(rate, slot, kind, book, code) is None else others).append(option)
    archived = [one for one in book.choices.tax_rates if not one.active][:MOST_ARCHIVED]
    gone = tuple(Option(key=one.code, text=f"{name_rate(one)} (archived)", off=True) for one in archived)
    return [
        OptionGroup(label="Equal" if code else "Fits", options=tuple(equal)),
        OptionGroup(label="Other rates", options=tuple(others)),
        OptionGroup(label="Archived", options=gone),
    ]


def judge_rate(rate: TaxRate, slot: Slot, kind: type[Webservice], book: Book, code: TaxCode | None) -> str | None:
    """What keeps *rate* from standing for the tax code *code*, in one sentence; None: it fits."""
    when = {"tax_code": code.id} if code is not None else {}
    mapping = SlotMapping(slot=slot.key, when=when, to=Target(code=rate.code))
    alone = msgspec.structs.replace(book, extra={"tax_codes": () if code is None else (code,)})
    for one in kind.check_mappings((mapping,), book.choices, alone):
        if one.code != "unmapped" and one.slot == slot.key and one.when == when:
            return one.message
    return None
