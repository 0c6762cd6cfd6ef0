"""A webservice's settings: the form, what a change would let in or leave out, and *Update Webservice*."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from hub.domain.books import Finding
from hub.errors import ConflictError, FormError
from hub.store.webservices import WebserviceRow
from hub.sync import changing, forms, previewing
from hub.sync.changing import PREVIEW_SECONDS
from hub.sync.previewing import Preview
from hub.web.api.shapes import names_of, services_of
from hub.web.routes import Policy, Route
from hub.web.ui.fields import Faults, place_faults, read_values, typed_from, typed_of
from hub.web.ui.pages.connecting import check_name, settings_fields
from hub.web.ui.pages.webservices import ONE, crumbs_of
from hub.web.ui.render import redirect, render
from hub.web.ui.session import form_of, visit_of


def mark_of(values: Any) -> str:
    """A short mark of plain values, by which a form knows what was shown to the person before."""
    return hashlib.sha256(msgspec.json.encode(values, order="deterministic")).hexdigest()[:16]


def is_news(found: Preview) -> bool:
    """Whether saving would let in, leave out, freeze or thaw anything."""
    tallies = (found.newly_let_in, found.newly_left_out, found.newly_frozen, found.thawed)
    return any(tally.count for tally in tallies)


async def get_open(request: web.Request) -> WebserviceRow:
    """The webservice of the path. Raises ConflictError when it is disconnected: nothing of it changes any more."""
    row = await services_of(request).get(*names_of(request))
    if row.state == "disconnected":
        raise ConflictError("not-ready", "The webservice is disconnected: make a new one for the same organisation.")
    return row


async def show_settings(request: web.Request) -> web.StreamResponse:
    """The form, filled with what is saved."""
    row = await get_open(request)
    kind = services_of(request).kind_of(row)
    return await _form(
        request, row, name=row.name, typed=typed_from(settings_fields(kind), forms.show(kind, row.settings))
    )


async def update(request: web.Request) -> web.StreamResponse:
    """*Update Webservice*. What it would let in or leave out is shown first, and saved when it is sent again."""
    services, names, form = services_of(request), names_of(request), form_of(request)
    row = await get_open(request)
    fields = settings_fields(services.kind_of(row))
    name, values, typed = form.text("name"), read_values(fields, form), typed_of(fields, form)
    mark = mark_of(values)
    if form.flag("was") and form.text("was") != _stand(row):
        return await _changed_meanwhile(request, row, name=name, typed=typed)
    try:
        if faults := check_name(name):
            raise FormError(faults)
        if form.text("do") == "preview" or form.text("seen") != mark:
            found = await previewing.preview_gates(services, *names, values, seconds=PREVIEW_SECONDS)
            if form.text("do") == "preview" or (found is not None and is_news(found)):
                return await _form(request, row, name=name, typed=typed, seen=mark, preview=found or Preview())
        changed = await changing.change(services, *names, name=name, settings=values, was=row)
    except ConflictError as error:
        if error.name != "conflict":
            raise
        return await _changed_meanwhile(request, await get_open(request), name=name, typed=typed)
    except FormError as error:
        placed = place_faults(error.faults, ["name", *(field.name for field in fields)])
        return await _form(request, row, name=name, typed=typed, faults=placed)
    told = [one.message for one in changed.findings if _is_news(one)]
    said = " ".join(["The settings are saved.", *told])
    to = visit_of(request).path("webservices", row.id)
    return await redirect(request, to, say=said, tone="note" if told else "good")


def _stand(row: WebserviceRow) -> str:
    """A mark of what the form was made from."""
    return mark_of([row.name, dict(row.settings)])


async def _changed_meanwhile(
    request: web.Request, row: WebserviceRow, *, name: str, typed: Mapping[str, Any]
) -> web.StreamResponse:
    """The form as it was typed, and what stands otherwise by now: sent once more it is this person's word."""
    kind = services_of(request).kind_of(row)
    fields, saved = settings_fields(kind), forms.show(kind, row.settings)
    stands = typed_from(fields, saved)
    told = [
        f"{one.label}: {one.shown(saved.get(one.key))} is saved." for one in fields if typed[one.key] != stands[one.key]
    ]
    if name != row.name:
        told.insert(0, f"Name: {row.name} is saved.")
    said = (
        "Somebody else changed the settings meanwhile. Below stands what you typed; it is saved when you send it again."
    )
    return await _form(request, row, name=name, typed=typed, faults=Faults(others=(said, *told)), status=409)


def _is_news(finding: Finding) -> bool:
    """What is not mapped yet is told by the checklist."""
    return finding.code != "unmapped"


async def _form(
    request: web.Request,
    row: WebserviceRow,
    *,
    name: str,
    typed: Mapping[str, Any],
    faults: Faults | None = None,
    seen: str = "",
    preview: Preview | None = None,
    status: int = 422,
) -> web.StreamResponse:
    visit, kind = visit_of(request), services_of(request).kind_of(row)
    return await render(
        request,
        "webservices/settings.html",
        title=f"Settings of {row.name}",
        status=status if faults else 200,
        crumbs=crumbs_of(visit, (row.name, visit.path("webservices", row.id))),
        row=row,
        kind=kind,
        fields=settings_fields(kind),
        name=name,
        typed=typed,
        faults=faults or Faults(),
        seen=seen,
        was=_stand(row),
        preview=preview,
        news=preview is not None and is_news(preview),
    )


ROUTES = (
    Route(
        method="GET",
        path=f"{ONE}/settings",
        handler=show_settings,
        policy=Policy.PAGE_OWNER,
        summary="The settings of a webservice.",
        page=True,
    ),
    Route(
        method="POST",
        path=f"{ONE}/settings",
        handler=update,
        policy=Policy.PAGE_OWNER,
        summary="Preview or save the settings.",
        page=True,
    ),
)
