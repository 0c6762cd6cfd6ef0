"""The rest of the book: choices of the remote side, mappings, exclusions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from hub.contract import Suggestion, Webservice
from hub.domain.books import Book, Choices, Exclusion, Finding, Slot
from hub.domain.books import Mapping as SlotMapping
from hub.domain.exclusions import ExcludeFilter
from hub.domain.mappings import find_account, find_option, find_tax_rate, parse_mappings
from hub.errors import ConflictError, Fault, FormError
from hub.store import webservices
from hub.store.previews import Use
from hub.sync import forms, gating, reasking, unmapped
from hub.sync.services import Services, check_connected
from hub.sync.unmapped import Unmapped

MOST_MAPPINGS = 2000
MOST_EXCLUSIONS = 100
_NOT_REFUSED = frozenset({"unmapped"})


class MappingsView(msgspec.Struct, frozen=True, kw_only=True):
    """The mappings, what may be offered beside them, and what is wrong or missing."""

    mappings: tuple[SlotMapping, ...]
    suggestions: tuple[Suggestion, ...] = ()
    findings: tuple[Finding, ...] = ()
    unmapped: tuple[Unmapped, ...] = ()


async def get_choices(services: Services, gallery_id: str, webservice_id: str, *, refresh: bool) -> Choices:
    """What the remote side offers, as last read; with *refresh* (or never read) as it stands there now."""
    row = await services.get(gallery_id, webservice_id)
    if row.choices is not None and row.organisation_id is not None and not refresh:
        return row.choices
    check_connected(row)
    choices = await (await services.open(row)).choices()
    async with services.database.transaction() as conn:
        await webservices.set_choices(conn, gallery_id, webservice_id, choices)
    if choices != row.choices:
        await reasking.ask_after(services.database, gallery_id, webservice_id, "choices")
    return choices


async def get_mappings(services: Services, gallery_id: str, webservice_id: str) -> MappingsView:
    """The mappings with suggestions, findings, and what occurs in the records and is not mapped."""
    row = await services.get(gallery_id, webservice_id)
    kind = services.kind_of(row)
    if row.choices is None:
        return MappingsView(mappings=row.mappings)
    async with services.database.connection() as conn:
        book = await services.load_book(conn, row)
        uses = await unmapped.list_uses(conn, row, book)
    findings = kind.check_mappings(row.mappings, row.choices, book)
    return MappingsView(
        mappings=row.mappings,
        suggestions=kind.suggest(row.choices, book),
        findings=tuple(_counted(finding, uses) for finding in findings),
        unmapped=unmapped.find_unmapped(uses, kind, book),
    )


def _counted(finding: Finding, uses: Sequence[Use]) -> Finding:
    """*finding* with the number of records that wait for it, where that can be told."""
    if finding.count is not None:
        return finding
    for key in ("tax_code", "method"):
        if value := finding.when.get(key):
            count = sum(use.count for use in uses if use.facts.get(key) == value)
            return msgspec.structs.replace(finding, count=count)
    return finding


async def save_mappings(services: Services, gallery_id: str, webservice_id: str, data: Any) -> MappingsView:
    """Replace all mappings. Raises FormError with every bad one, ConflictError ``not-ready`` without choices."""
    row = await services.get(gallery_id, webservice_id)
    kind = services.kind_of(row)
    if row.state == "disconnected" or row.choices is None:
        raise ConflictError("not-ready", "There is nothing to map to yet: choose the webservice's organisation first.")
    async with services.database.connection() as conn:
        book = await services.load_book(conn, row)
    parsed = check_all(kind, data, row.choices, book)
    async with services.database.transaction() as conn:
        await webservices.set_mappings(conn, gallery_id, webservice_id, parsed)
    await reasking.ask_after(services.database, gallery_id, webservice_id, "mappings")
    return await get_mappings(services, gallery_id, webservice_id)


def check_all(kind: type[Webservice], data: Any, choices: Choices, book: Book) -> tuple[SlotMapping, ...]:
    """*data* as mappings that can be saved. Raises FormError with every bad one (pure)."""
    if faults := forms.find_nul(data, "mappings"):
        raise FormError(faults, title="The mappings have faults")
    bare = msgspec.structs.replace(book, extra={})  # rates are compared when something is rendered, not here
    try:
        parsed = parse_mappings(data, kind.account_mappings())
    except FormError as error:
        faults = [*error.faults, *_other_faults(kind, data, choices, bare)]
        raise FormError(faults, title="The mappings have faults") from error
    if len(parsed) > MOST_MAPPINGS:
        raise FormError([Fault("mappings", f"{MOST_MAPPINGS} mappings at most, not {len(parsed)}")])
    if faults := find_faults(kind, parsed, choices, bare):
        raise FormError(faults, title="The mappings have faults")
    return parsed


def _other_faults(kind: type[Webservice], data: Any, choices: Choices, book: Book) -> list[Fault]:
    """Where some mappings have the wrong shape: the faults of the others, so that every bad one is named at once."""
    faults: list[Fault] = []
    for index, item in enumerate(data[:MOST_MAPPINGS] if isinstance(data, list) else ()):
        try:
            alone = parse_mappings([item], kind.account_mappings())
        except FormError:
            continue
        found = find_faults(kind, alone, choices, book)
        faults += [Fault(f.at.replace("mappings[0]", f"mappings[{index}]", 1), f.message) for f in found]
    return faults


def find_faults(kind: type[Webservice], mappings: Sequence[SlotMapping], choices: Choices, book: Book) -> list[Fault]:
    """What is wrong with each mapping's target: unknown, archived, of the wrong class (pure).

    The kind says it; for one that checks nothing, the hub compares with the choices.
    """
    slots = {slot.key: slot for slot in kind.account_mappings()}
    checks_itself = getattr(kind.check_mappings, "__func__", None) is not _DEFAULT_CHECK
    faults = []
    for index, mapping in enumerate(mappings):
        place = f"mappings[{index}].to.{'id' if mapping.to.id is not None else 'code'}"
        if checks_itself:
            faults += [Fault(place, message) for message in _kind_says(kind, mapping, choices, book)]
        elif message := _compare(mapping, slots[mapping.slot], choices):
            faults.append(Fault(place, message))
    return faults


_DEFAULT_CHECK = getattr(Webservice.check_mappings, "__func__", None)


def _kind_says(kind: type[Webservice], mapping: SlotMapping, choices: Choices, book: Book) -> list[str]:
    return [
        finding.message
        for finding in kind.check_mappings((mapping,), choices, book)
        if finding.code not in _NOT_REFUSED and finding.slot == mapping.slot and finding.when == mapping.when
    ]


def _compare(mapping: SlotMapping, slot: Slot, choices: Choices) -> str | None:
    if "tracking" in slot.fills:
        return None if find_option(mapping.to, choices) else "There is no such tracking option."
    if "tax" in slot.fills:
        return _compare_rate(mapping, choices) if choices.tax_rates else None
    if not choices.accounts or "item" in slot.fills:
        return None
    return _compare_account(mapping, slot, choices)


def _compare_rate(mapping: SlotMapping, choices: Choices) -> str | None:
    rate = find_tax_rate(mapping.to, choices)
    if rate is None:
        return "There is no such tax rate."
    return None if rate.active else f"The tax rate {rate.name} is archived."


def _compare_account(mapping: SlotMapping, slot: Slot, choices: Choices) -> str | None:
    account = find_account(mapping.to, choices)
    if account is None:
        return "There is no such account."
    if not account.active:
        return f"The account {account.name} is archived."
    if account.class_ in slot.fills or (account.is_bank and "bank" in slot.fills):
        return None
    return f"The account {account.name} is of the class {account.class_}; {' or '.join(slot.fills)} is needed."


async def get_exclusions(services: Services, gallery_id: str, webservice_id: str) -> tuple[Exclusion, ...]:
    """The exclusions of a webservice."""
    return (await services.get(gallery_id, webservice_id)).exclusions


async def save_exclusions(
    services: Services,
    gallery_id: str,
    webservice_id: str,
    data: Sequence[Mapping[str, Any]],
    *,
    was: Sequence[Exclusion] | None = None,
) -> tuple[Exclusion, ...]:
    """Replace all exclusions; *was*: only if they still are what *data* was made from.

    Raises FormError with every fault, ``exclusions[0].from``; ConflictError: disconnected, or changed meanwhile.
    """

    def replace(standing: tuple[Exclusion, ...]) -> Sequence[Mapping[str, Any]]:
        if was is not None and standing != tuple(was):
            raise ConflictError("conflict", "The rules were changed meanwhile: look at them again. Nothing was saved.")
        return data

    return await change_exclusions(services, gallery_id, webservice_id, replace)


async def change_exclusions(
    services: Services,
    gallery_id: str,
    webservice_id: str,
    change: Callable[[tuple[Exclusion, ...]], Sequence[Mapping[str, Any]]],
) -> tuple[Exclusion, ...]:
    """Make of the exclusions that stand what *change* makes of them; nobody else changes them in between.

    The invoices that the changed rules concern are judged again at the next run: those in the books are frozen (no more
    updates) or thawed by it, and nothing is drawn up or written for that. Raises as `save_exclusions`.
    """
    row = await services.get(gallery_id, webservice_id)
    filters = services.filters_of(services.kind_of(row))
    async with services.database.transaction() as conn:
        await webservices.lock(conn, gallery_id, webservice_id)
        row = await webservices.get(conn, gallery_id, webservice_id)
        if row.state == "disconnected":
            raise ConflictError("not-ready", "The webservice is disconnected.")
        parsed = parse_exclusions(change(row.exclusions), filters)
        await webservices.set_exclusions(conn, gallery_id, webservice_id, parsed)
    if parsed != row.exclusions:
        await gating.ask_concerned(services.database, row, filters, parsed)
    await reasking.ask_after(services.database, gallery_id, webservice_id, "exclusions")
    return parsed


def parse_exclusions(data: Sequence[Mapping[str, Any]], filters: Mapping[str, ExcludeFilter]) -> tuple[Exclusion, ...]:
    """``[{"filter", ...arguments}]`` as exclusions. Raises FormError with every fault (pure)."""
    if nul := forms.find_nul(list(data), "exclusions"):
        raise FormError(nul, title="The exclusions have faults")
    faults: list[Fault] = []
    if len(data) > MOST_EXCLUSIONS:
        faults.append(Fault("exclusions", f"{MOST_EXCLUSIONS} exclusions at most, not {len(data)}"))
    parsed = []
    for index, item in enumerate(data):
        place = f"exclusions[{index}]"
        key = item.get("filter")
        rule = filters.get(key) if isinstance(key, str) else None
        if rule is None:
            known = ", ".join(filters) or "none"
            faults.append(Fault(f"{place}.filter", f"this kind takes no filter {key!r} (known: {known})"))
            continue
        arguments = {name: value for name, value in item.items() if name != "filter"}
        faults += [Fault(f"{place}.{at}" if at else place, message) for at, message in rule.check(arguments)]
        parsed.append(Exclusion(filter=rule.key, arguments=arguments))
    if faults:
        raise FormError(faults, title="The exclusions have faults")
    return tuple(parsed)


def render_exclusion(exclusion: Exclusion) -> dict[str, Any]:
    """*exclusion* as the API's JSON."""
    return {"filter": exclusion.filter, **exclusion.arguments}
