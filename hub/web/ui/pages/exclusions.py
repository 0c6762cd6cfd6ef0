"""What stays out: the exclusions, one rule on each form, with a look at what it leaves out before it is saved.

Every rule is saved by itself. A form says which rules it was made from (`was`), so that two people at once never change
one another's rule by its place in the list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from aiohttp import web

from hub.domain.exclusions import ExcludeFilter, arguments_schema, describe
from hub.errors import ConflictError, Fault, FormError, NotFoundError
from hub.store.webservices import WebserviceRow
from hub.sync import mapping_service, previewing
from hub.sync.changing import PREVIEW_SECONDS
from hub.sync.mapping_service import MOST_EXCLUSIONS, render_exclusion
from hub.sync.previewing import Preview, Wanted
from hub.web.api.shapes import names_of, services_of
from hub.web.queries import Query
from hub.web.routes import Policy, Route
from hub.web.ui.csrf import Form
from hub.web.ui.fields import Faults, Field, place_faults, read_schema, read_values, typed_from, typed_of
from hub.web.ui.pages.settings import get_open, is_news, mark_of
from hub.web.ui.pages.webservices import ONE, crumbs_of
from hub.web.ui.render import redirect, render
from hub.web.ui.session import form_of, visit_of

PAGE = f"{ONE}/exclusions"
LONGEST_WORDS = 160
_PREFIX = "argument."
_PLACE = re.compile(r"exclusions\[([0-9]+)\]\.?(.*)")
_MEANWHILE = "The rules were changed meanwhile: look at them again. Nothing was saved."


async def list_rules(request: web.Request) -> web.StreamResponse:
    """The rules in words; with `?count=1` what each of them leaves out."""
    services, names, visit = services_of(request), names_of(request), visit_of(request)
    query = Query(request)
    counted = query.flag("count")
    query.check()
    row = await services.get(*names)
    filters = services.filters_of(services.kind_of(row))
    tallies = None
    if counted and row.state != "disconnected":
        found = await previewing.preview(services, *names, Wanted(exclusions=_plain(row)), seconds=PREVIEW_SECONDS)
        tallies = [one.tally for one in found.exclusions]
    return await render(
        request,
        "webservices/exclusions.html",
        title=f"What stays out of {row.name}",
        crumbs=crumbs_of(visit, (row.name, visit.path("webservices", row.id))),
        row=row,
        rules=[shorten(describe(one, filters)) for one in row.exclusions],
        tallies=tallies,
        complete=tallies is None or found.complete,
        filters=list(filters.values()),
        full=len(row.exclusions) >= MOST_EXCLUSIONS,
        was=mark_of(_plain(row)),
    )


def shorten(text: str) -> str:
    """A rule in words, cut where a list of values makes it long."""
    return text if len(text) <= LONGEST_WORDS else text[: LONGEST_WORDS - 1].rstrip() + "…"


def _plain(row: WebserviceRow) -> list[dict[str, Any]]:
    return [render_exclusion(one) for one in row.exclusions]


async def show_new(request: web.Request) -> web.StreamResponse:
    """The form of a new rule of a filter."""
    row = await get_open(request)
    rule = _filter_of(request, row, request.match_info["filter"])
    return await _form(request, row, rule, None, typed=typed_from(_fields(rule), {}))


async def show_rule(request: web.Request) -> web.StreamResponse:
    """The form of a saved rule."""
    row = await get_open(request)
    n = _number_of(request.match_info["rule"], row)
    rule = _filter_of(request, row, row.exclusions[n].filter)
    return await _form(request, row, rule, n, typed=typed_from(_fields(rule), row.exclusions[n].arguments))


async def save_new(request: web.Request) -> web.StreamResponse:
    """Look at, or save, a new rule."""
    row = await get_open(request)
    return await _save(request, row, _filter_of(request, row, request.match_info["filter"]), None)


async def save_rule(request: web.Request) -> web.StreamResponse:
    """Look at, or save, a changed rule."""
    row = await get_open(request)
    _check_same(request, row)
    n = _number_of(request.match_info["rule"], row)
    return await _save(request, row, _filter_of(request, row, row.exclusions[n].filter), n)


async def remove_rule(request: web.Request) -> web.StreamResponse:
    """Take a rule away."""
    row = await get_open(request)
    _check_same(request, row)
    n = _number_of(form_of(request).text("rule"), row)
    rules = [one for index, one in enumerate(_plain(row)) if index != n]
    await mapping_service.save_exclusions(services_of(request), *names_of(request), rules, was=row.exclusions)
    words = shorten(describe(row.exclusions[n], services_of(request).filters_of(services_of(request).kind_of(row))))
    said = f"The rule is gone: {words}. What it kept out is looked at again with the next run."
    return await redirect(request, visit_of(request).path("webservices", row.id, "exclusions"), say=said)


def _check_same(request: web.Request, row: WebserviceRow) -> None:
    """Raises ConflictError when the rules are not those that the form was made from."""
    if form_of(request).text("was") != mark_of(_plain(row)):
        raise ConflictError("not-ready", _MEANWHILE)


def _number_of(told: str, row: WebserviceRow) -> int:
    """The place of the rule that people count from 1. Raises NotFoundError."""
    if not re.fullmatch("[0-9]{1,3}", told) or not 1 <= int(told) <= len(row.exclusions):
        raise NotFoundError("There is no such rule.")
    return int(told) - 1


def _filter_of(request: web.Request, row: WebserviceRow, key: str) -> ExcludeFilter:
    services = services_of(request)
    rule = services.filters_of(services.kind_of(row)).get(key)
    if rule is None:
        raise NotFoundError("No enabled plugin knows this rule: it can be removed, not changed.")
    return rule


def _fields(rule: ExcludeFilter) -> tuple[Field, ...]:
    """The fields of its arguments; a list of values bears the name of what is listed."""
    found = read_schema(arguments_schema(rule), prefix=_PREFIX)
    return tuple(msgspec.structs.replace(one, label=rule.label) if one.key == "values" else one for one in found)


async def _save(request: web.Request, row: WebserviceRow, rule: ExcludeFilter, n: int | None) -> web.StreamResponse:
    services, names, form = services_of(request), names_of(request), form_of(request)
    fields = _fields(rule)
    arguments = _given(fields, form)
    rules, place = _with(_plain(row), {"filter": rule.key, **arguments}, n)
    mark, typed = mark_of(rules[place]), typed_of(fields, form)
    try:
        if form.text("do") == "preview" or form.text("seen") != mark:
            found = await previewing.preview(services, *names, Wanted(exclusions=rules), seconds=PREVIEW_SECONDS)
            if form.text("do") == "preview" or is_news(found):
                return await _form(request, row, rule, n, typed=typed, seen=mark, preview=found)
        await mapping_service.save_exclusions(services, *names, rules, was=row.exclusions)
    except FormError as error:
        faults = _place(error.faults, place, fields)
        return await _form(request, row, rule, n, typed=typed, faults=faults)
    said = f"Saved. Left out from now on: {shorten(rule.describe(arguments))}."
    return await redirect(request, visit_of(request).path("webservices", row.id, "exclusions"), say=said)


def _given(fields: Sequence[Field], form: Form) -> dict[str, Any]:
    """The arguments that were typed: what is empty is left out."""
    return {key: value for key, value in read_values(fields, form).items() if value not in (None, "", [])}


def _with(rules: list[dict[str, Any]], rule: Mapping[str, Any], n: int | None) -> tuple[list[dict[str, Any]], int]:
    """*rules* with *rule* at place *n*, or at their end; and its place (pure)."""
    if n is None:
        return [*rules, dict(rule)], len(rules)
    return [dict(rule) if index == n else one for index, one in enumerate(rules)], n


def _place(faults: Sequence[Fault], place: int, fields: Sequence[Field]) -> Faults:
    """The rule's own faults at its fields; those of other rules by their number, as people count."""
    told = []
    for fault in faults:
        found = _PLACE.fullmatch(fault.at)
        if found is None:
            told.append(fault)
        elif int(found[1]) == place:
            told.append(Fault(f"{_PREFIX}{found[2]}" if found[2] else "", fault.message))
        else:
            told.append(Fault(f"Rule {int(found[1]) + 1}", fault.message))
    return place_faults(told, [field.name for field in fields])


async def _form(
    request: web.Request,
    row: WebserviceRow,
    rule: ExcludeFilter,
    n: int | None,
    *,
    typed: Mapping[str, Any],
    faults: Faults | None = None,
    seen: str = "",
    preview: Preview | None = None,
) -> web.StreamResponse:
    visit = visit_of(request)
    back = visit.path("webservices", row.id, "exclusions")
    return await render(
        request,
        "webservices/exclusion.html",
        title=f"Leave out by: {rule.label.lower()}",
        status=422 if faults else 200,
        crumbs=crumbs_of(visit, (row.name, visit.path("webservices", row.id)), ("What stays out", back)),
        row=row,
        rule=rule,
        action=f"{back}/{n + 1}" if n is not None else f"{back}/new/{rule.key}",
        fields=_fields(rule),
        typed=typed,
        faults=faults or Faults(),
        was=mark_of(_plain(row)),
        seen=seen,
        preview=preview,
        own=None if preview is None else preview.exclusions[len(row.exclusions) if n is None else n].tally,
        news=preview is not None and is_news(preview),
    )


ROUTES = (
    Route(
        method="GET",
        path=PAGE,
        handler=list_rules,
        policy=Policy.PAGE_READER,
        summary="What stays out.",
        page=True,
    ),
    Route(
        method="GET",
        path=f"{PAGE}/new/{{filter}}",
        handler=show_new,
        policy=Policy.PAGE_OWNER,
        summary="The form of a new rule.",
        page=True,
    ),
    Route(
        method="POST",
        path=f"{PAGE}/new/{{filter}}",
        handler=save_new,
        policy=Policy.PAGE_OWNER,
        summary="Preview or save a new rule.",
        page=True,
    ),
    Route(
        method="POST",
        path=f"{PAGE}/remove",
        handler=remove_rule,
        policy=Policy.PAGE_OWNER,
        summary="Remove a rule.",
        page=True,
    ),
    Route(
        method="GET",
        path=f"{PAGE}/{{rule}}",
        handler=show_rule,
        policy=Policy.PAGE_OWNER,
        summary="The form of a rule.",
        page=True,
    ),
    Route(
        method="POST",
        path=f"{PAGE}/{{rule}}",
        handler=save_rule,
        policy=Policy.PAGE_OWNER,
        summary="Preview or save a rule.",
        page=True,
    ),
)
