"""Mapping: which account, tax rate and bank account everything goes to, beside a real invoice as it will stand."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from hub.domain.books import Book
from hub.domain.mappings import identity, missing_slots
from hub.errors import FormError
from hub.store import previews
from hub.store.webservices import WebserviceRow
from hub.sync import applying, drafting, mapping_changes, mapping_service
from hub.sync.mapping_service import MappingsView
from hub.sync.services import Services
from hub.web.deps import DEPS
from hub.web.queries import Query
from hub.web.routes import Policy, Route
from hub.web.ui.csrf import Form
from hub.web.ui.formats import Formats
from hub.web.ui.pages import mapping_apply, mapping_form, mapping_options, mapping_rules, mapping_waiting
from hub.web.ui.pages import mapping_rows as rows
from hub.web.ui.pages.mapping_apply import COUNT_SECONDS
from hub.web.ui.pages.mapping_form import Changes, Editor
from hub.web.ui.pages.mapping_place import BASE, LONGEST_NUMBER, Place, ask, crumbs_of, link_to, place_of
from hub.web.ui.pages.mapping_preview import DrawnView, view_drawn
from hub.web.ui.pages.mapping_rows import PARTS, Shown
from hub.web.ui.render import redirect, render
from hub.web.ui.session import form_of, visit_of

MOST_WAITING = 12  # of what is not mapped; the rest is counted


async def show(request: web.Request) -> web.StreamResponse:
    """The page as it is saved."""
    query = Query(request)
    part = query.choice("part", tuple(PARTS))
    number = query.text("invoice", longest=LONGEST_NUMBER)
    start = query.text("from", longest=6) or "0"
    change = query.text("change", longest=16)
    saved, at_least = query.flag("saved"), query.flag("more")
    differ = query.text("differ", longest=6) or "0"
    for name, value in (("from", start), ("differ", differ)):
        if not (value.isascii() and value.isdigit()):
            query.fault(name, "needs a whole number")
    query.check()
    place = Place(
        part=part or "",
        number=number or "",
        start=int(start),
        change=change or "",
        saved=saved,
        differ=int(differ),
        at_least=at_least,
    )
    return await _render(request, place)


async def look(request: web.Request) -> web.StreamResponse:
    """The page as it is typed: nothing is saved."""
    form = form_of(request)
    return await _render(request, place_of(form), form=form)


async def save(request: web.Request) -> web.StreamResponse:
    """Save what the form changes, and tell what of the books is not touched by that."""
    form, (services, names) = form_of(request), ask(request)
    place = place_of(form)
    row = await services.get(*names)
    async with services.database.connection() as conn:
        book = await services.load_book(conn, row)
    changes = mapping_form.read_changes(form, place.part, _shown(services, row, book))
    faults = dict(changes.faults)
    if not faults:
        try:
            await mapping_changes.change_mappings(services, *names, drop=changes.drop, put=changes.put)
        except FormError as error:
            faults = mapping_form.place_faults(error.faults, changes)
    if faults:
        return await _render(request, place, form=form, faults=faults, status=422)
    if not changes.put and not changes.drop:
        say = "Nothing was changed, so there was nothing to save."
        return await redirect(request, link_to(request, place), say=say, tone="note")
    return await redirect(request, link_to(request, await _count_differing(services, names, place)), say="Saved.")


async def accept(request: web.Request) -> web.StreamResponse:
    """Save suggestions: one, or all of them."""
    form, (services, names) = form_of(request), ask(request)
    everything = form.flag("all")
    row = await services.get(*names)
    view = await mapping_service.get_mappings(services, *names)
    async with services.database.connection() as conn:
        shown = _shown(services, row, await services.load_book(conn, row), view)
    offered = {rows.key_of(one.mapping): one.mapping for one in mapping_waiting.list_news(shown, view.suggestions)}
    keys = [identity(one) for key, one in offered.items() if everything or key in form.all("accept")]
    if not keys:
        return await redirect(request, link_to(request, place_of(form)), say="It was chosen already.", tone="note")
    n = await mapping_changes.accept_suggestions(services, *names, keys)
    say = (
        f"{n} suggestions accepted. Look them over." if n > 1 else "Accepted. Look it over, with the invoice beside it."
    )
    return await redirect(request, link_to(request, await _count_differing(services, names, place_of(form))), say=say)


async def refresh(request: web.Request) -> web.StreamResponse:
    """Read what there is to choose from, there and now."""
    form, (services, names) = form_of(request), ask(request)
    choices = await mapping_service.get_choices(services, *names, refresh=True)
    accounts, rates = len(choices.accounts), len(choices.tax_rates)
    fmt = Formats.of(visit_of(request).gallery, request.app[DEPS].clock.now())
    say = f"Read just now: {fmt.count(accounts, 'account')} and {fmt.count(rates, 'tax rate')}."
    return await redirect(request, link_to(request, place_of(form)), say=say)


# -- the page


async def _render(
    request: web.Request,
    place: Place,
    *,
    form: Form | None = None,
    faults: dict[str, str] | None = None,
    status: int = 200,
) -> web.Response:
    services, names = ask(request)
    row = await services.get(*names)
    kind = services.kind_of(row)
    crumbs = crumbs_of(request, row)
    parts = rows.known_parts(kind.account_mappings())
    if row.choices is None or not parts:
        return await render(
            request, "mapping/none.html", title="Mapping", crumbs=crumbs, row=row, kind=kind, parts=parts
        )
    if place.part not in parts:
        place = msgspec.structs.replace(place, part=parts[0])
    # A form sent for its preview alone takes nothing else from the answer: what waits need not be counted.
    light = form is not None and form.flag("_swap")
    view = MappingsView(mappings=row.mappings) if light else await mapping_service.get_mappings(services, *names)
    async with services.database.connection() as conn:
        shown = _shown(services, row, await services.load_book(conn, row), view)
        values = await previews.list_values(conn, row.gallery_id)
    changes = Changes()
    if form is not None:
        changes = mapping_form.read_changes(form, place.part, shown)
        shown = _as_typed(shown, changes)
    return await render(
        request,
        "mapping/show.html",
        title="Mapping",
        status=status,
        crumbs=crumbs,
        row=row,
        kind=kind,
        parts=[(key, PARTS[key], _count(key, shown)) for key in parts],
        faults=faults or {},
        drawn=await _draw(services, row, shown.book, place),
        editable=visit_of(request).may("bookkeeper") and row.state != "disconnected",
        connected=row.state not in {"disconnected", "reauthorize"},
        is_closed=mapping_rules.is_closed,
        percent=mapping_options.percent,
        **_lists(place, shown, changes, values),
        **_offers(shown, view),
    )


def _as_typed(shown: Shown, changes: Changes) -> Shown:
    """*shown* with what a form changes, and what would be wrong then."""
    book = msgspec.structs.replace(shown.book, mappings=changes.apply(shown.saved))
    findings = shown.kind.check_mappings(book.mappings, book.choices, book)
    return msgspec.structs.replace(shown, book=book, findings=findings)


def _lists(place: Place, shown: Shown, changes: Changes, values: dict[str, list[str]]) -> dict[str, Any]:
    """Rows and rules of the part; rules as they are saved, with what is typed beside them."""
    by_rows = place.part == "taxes"  # the one part whose rows are many and that has no rules
    made, n_rows = rows.make_rows(place.part, shown, start=place.start if by_rows else 0)
    kept = msgspec.structs.replace(shown, book=msgspec.structs.replace(shown.book, mappings=shown.saved))
    start = 0 if by_rows else place.start
    sets, n_rules = mapping_rules.make_rule_sets(place.part, kept, values, start=start)
    n = n_rows if by_rows else n_rules
    return {
        "place": place,
        "rows": made,
        "sets": sets,
        "editors": _editors(sets, changes, place),
        "removed": changes.removed,
        "earlier": _step(place, -1, n),
        "later": _step(place, 1, n),
    }


def _offers(shown: Shown, view: MappingsView) -> dict[str, Any]:
    """What waits, the most frequent first, and what is suggested."""
    waiting, others = mapping_waiting.pair(shown, view.suggestions)
    return {
        "waiting": waiting[:MOST_WAITING],
        "more": len(waiting) - MOST_WAITING,
        "others": others,
        "offered": sum(1 for one in waiting if one.key) + len(others),
    }


def _shown(services: Services, row: WebserviceRow, book: Book, view: MappingsView | None = None) -> Shown:
    return Shown(
        kind=services.kind_of(row),
        book=book,
        saved=row.mappings,
        findings=view.findings if view else (),
        waiting=view.unmapped if view else (),
    )


async def _draw(services: Services, row: WebserviceRow, book: Book, place: Place) -> DrawnView | None:
    found = await drafting.draw_invoice(services, row, book.mappings, number=place.number or None)
    return None if found is None else view_drawn(found, book.choices)


async def _count_differing(services: Services, names: tuple[str, str], place: Place) -> Place:
    """*place* after saving, with what the mappings as saved leave as it was in the books, counted for a moment."""
    row = await services.get(*names)
    place = msgspec.structs.replace(place, saved=True)
    if row.state != "ready" or missing_slots(services.kind_of(row).account_mappings(), row.mappings):
        return place
    found = await applying.apply(services, *names, dry_run=True, seconds=COUNT_SECONDS)
    return msgspec.structs.replace(place, differ=found.would_change.count, at_least=not found.complete)


def _editors(sets: Any, changes: Changes, place: Place) -> dict[str, Editor]:
    """What stands in the fields for a new rule: as typed, or the rule that is to be changed."""
    found = dict(changes.editors)
    for one in sets:
        rule = next((rule for rule in one.rules if place.change and rule.key == place.change), None)
        if rule is not None and one.slot.key not in found:
            found[one.slot.key] = Editor(when=dict(rule.mapping.when), to=rule.to, instead=rule.key)
    return found


def _count(part: str, shown: Shown) -> int:
    """Findings and waiting things of a part: what its tab says."""
    slots = {slot.key: slot for slot in shown.slots}
    bad = {(one.slot, repr(one.when)) for one in shown.findings if one.code != "unmapped"}
    n = sum(1 for key, when in bad if key in slots and _part_of_finding(slots[key], when) == part)
    return n + sum(1 for one in shown.waiting if rows.part_of(slots[one.slot]) == part)


def _part_of_finding(slot: Any, when: str) -> str:
    plain = when == "{}" or rows.rule_part_of(slot) is None
    return rows.part_of(slot) if plain else str(rows.rule_part_of(slot))


def _step(place: Place, direction: int, n: int) -> Place | None:
    size = rows.MOST_ROWS if place.part == "taxes" else mapping_rules.MOST_RULES
    start = place.start + direction * size
    if (direction < 0 and place.start <= 0) or start >= n:
        return None
    return Place(part=place.part, number=place.number, start=max(0, start))


ROUTES = (
    Route(
        method="GET",
        path=BASE,
        handler=show,
        policy=Policy.PAGE_READER,
        summary="The mapping, with a preview.",
        page=True,
    ),
    Route(
        method="POST",
        path=BASE,
        handler=save,
        policy=Policy.PAGE_BOOKKEEPER,
        summary="Save a part of the mapping.",
        page=True,
    ),
    Route(
        method="POST",
        path=f"{BASE}/preview",
        handler=look,
        policy=Policy.PAGE_READER,
        summary="The mapping as it is typed; nothing is saved.",
        page=True,
    ),
    Route(
        method="POST",
        path=f"{BASE}/suggestions",
        handler=accept,
        policy=Policy.PAGE_BOOKKEEPER,
        summary="Accept suggestions.",
        page=True,
    ),
    Route(
        method="POST",
        path=f"{BASE}/choices",
        handler=refresh,
        policy=Policy.PAGE_BOOKKEEPER,
        summary="Read the accounts and tax rates there anew.",
        page=True,
    ),
    *mapping_apply.ROUTES,
)
