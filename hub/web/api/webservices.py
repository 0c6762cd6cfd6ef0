"""Webservices: make, look, change, connect, disconnect."""

from __future__ import annotations

from typing import Any, Literal, get_args

import msgspec
import pydantic
from aiohttp import web

from hub.domain.books import Finding, Organisation
from hub.errors import Fault, FormError
from hub.store.webservices import WebserviceRow
from hub.sync import changing, connecting, overview
from hub.sync.connecting import MOST_NAME
from hub.sync.overview import Overview
from hub.web.api import runs as run_views
from hub.web.api.previews import PREVIEW, render_preview
from hub.web.api.shapes import (
    FINDING,
    FLAG,
    FREE,
    MAYBE,
    MAYBE_TIME,
    ONE,
    TEXT,
    TIME,
    WEBSERVICES,
    listed,
    names_of,
    services_of,
    shape,
    without,
)
from hub.web.bodies import answer, read_model
from hub.web.routes import Policy, Route

State = Literal["authorizing", "choosing", "ready", "paused", "reauthorize", "disconnected"]


class WebserviceInput(pydantic.BaseModel):
    """A webservice to make: its kind, a name (the kind's title when empty) and settings as the kind's schema says."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    kind: str = pydantic.Field(max_length=50)
    name: str = pydantic.Field(default="", max_length=MOST_NAME, pattern=r"^[^\x00-\x1f\x7f]*$")
    settings: dict[str, Any] = {}


class WebserviceChange(pydantic.BaseModel):
    """What changes: settings that are left out stay; `paused` stops writes at once, `ready` goes on.

    What GET adds may be sent back, and is ignored; so are its own state, `id` and `kind`, which cannot be changed.
    """

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    name: str | None = pydantic.Field(default=None, max_length=MOST_NAME, pattern=r"^[^\x00-\x1f\x7f]*$")
    settings: dict[str, Any] | None = None
    state: State | None = None
    id: str | None = pydantic.Field(default=None, max_length=50)
    kind: str | None = pydantic.Field(default=None, max_length=50)

    @pydantic.model_validator(mode="before")
    @classmethod
    def _drop(cls, data: Any) -> Any:
        return without(data, *(name for name in _FIELDS if name not in cls.model_fields), "findings", "preview")


class OrganisationInput(pydantic.BaseModel):
    """The organisation that a person picks, by the id it was offered with."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    id: str = pydantic.Field(min_length=1, max_length=255)


async def create_webservice(request: web.Request) -> web.StreamResponse:
    """Make a webservice."""
    told = await read_model(request, WebserviceInput)
    row, url = await connecting.create(
        services_of(request), request.match_info["gallery"], kind_key=told.kind, name=told.name, settings=told.settings
    )
    return answer({"id": row.id, "state": row.state, "authorize_url": url}, status=201)


async def list_webservices(request: web.Request) -> web.StreamResponse:
    """All webservices of the gallery."""
    found = await overview.list_overviews(services_of(request), request.match_info["gallery"])
    return answer({"items": [render_webservice(one) for one in found], "next": None})


async def get_webservice(request: web.Request) -> web.StreamResponse:
    """One webservice."""
    return answer(render_webservice(await overview.get_overview(services_of(request), *names_of(request))))


async def change_webservice(request: web.Request) -> web.StreamResponse:
    """Change name, settings or state."""
    told = await read_model(request, WebserviceChange)
    services, names = services_of(request), names_of(request)
    _check_same(await services.get(*names), told)
    changed = await changing.change(services, *names, name=told.name, settings=told.settings, state=told.state)
    shown = None if changed.preview is None else render_preview(changed.preview)
    return answer({**await _with_findings(request, changed.findings), "preview": shown})


def _check_same(row: WebserviceRow, told: WebserviceChange) -> None:
    """Raises FormError when *told* names another webservice or kind than *row* (pure)."""
    pairs = (("id", told.id, row.id), ("kind", told.kind, row.kind))
    if faults := [
        Fault(at, f"cannot be changed: it is {ours}") for at, said, ours in pairs if said not in {None, ours}
    ]:
        raise FormError(faults)


async def disconnect_webservice(request: web.Request) -> web.StreamResponse:
    """Disconnect; its history stays."""
    await connecting.disconnect(services_of(request), *names_of(request))
    return web.Response(status=204)


async def authorize_webservice(request: web.Request) -> web.StreamResponse:
    """A new link to the consent page."""
    return answer({"authorize_url": await connecting.authorize(services_of(request), *names_of(request))})


async def list_organisations(request: web.Request) -> web.StreamResponse:
    """What the consent opened."""
    found = await connecting.list_organisations(services_of(request), *names_of(request))
    return answer({"items": [{"id": one.id, "name": one.name} for one in found], "next": None})


async def choose_organisation(request: web.Request) -> web.StreamResponse:
    """Pick the organisation; records get their entries, and the webservice becomes ready."""
    told = await read_model(request, OrganisationInput)
    chosen = await connecting.choose(services_of(request), *names_of(request), told.id)
    return answer(await _with_findings(request, chosen.findings))


async def _with_findings(request: web.Request, findings: tuple[Finding, ...]) -> dict[str, Any]:
    body = render_webservice(await overview.get_overview(services_of(request), *names_of(request)))
    return {**body, "findings": msgspec.to_builtins(findings)}


def render_webservice(one: Overview) -> dict[str, Any]:
    """A webservice as the API shows it; secrets never come back."""
    row = one.row
    return {
        "id": row.id,
        "kind": row.kind,
        "name": row.name,
        "state": row.state,
        "running": row.running,
        "doing": row.doing if row.running else "",
        "organisation": render_organisation(row.organisation, row.organisation_id),
        "settings": one.settings,
        "missing": list(one.missing),
        "counts": one.counts,
        "last_run": None if one.last_run is None else run_views.render_run(one.last_run),
        "next_run_at": one.next_run_at,
        "budget": one.budget,
        "checklist": msgspec.to_builtins(one.checklist),
        "created_at": row.created_at,
    }


def render_organisation(organisation: Organisation | None, pinned: str | None) -> dict[str, Any] | None:
    """The organisation under the id that it was picked by."""
    if organisation is None:
        return None
    return {
        "id": pinned or organisation.id,
        "name": organisation.name,
        "currency": organisation.currency,
        "country": organisation.country,
        "locked_until": organisation.locked_until,
    }


ORGANISATION = {
    **shape(None, id=TEXT, name=TEXT, currency=MAYBE, country=MAYBE, locked_until=MAYBE),
    "type": ["object", "null"],
}
_STATES = list(get_args(State))
_BUDGET = {
    **shape(None, minute={"type": ["integer", "null"]}, day={"type": ["integer", "null"]}, resets_at=MAYBE_TIME),
    "type": ["object", "null"],
}
_FIELDS: dict[str, Any] = {
    "id": TEXT,
    "kind": TEXT,
    "name": TEXT,
    "state": {"type": "string", "enum": _STATES},
    "running": {**FLAG, "description": "A worker holds its lease now."},
    "doing": TEXT,
    "organisation": ORGANISATION,
    "settings": FREE,
    "missing": {**listed(TEXT), "description": "Required slots without a mapping."},
    "counts": {**FREE, "description": "type -> state -> number of entries."},
    "last_run": {**run_views.RUN, "type": ["object", "null"]},
    "next_run_at": MAYBE_TIME,
    "budget": _BUDGET,
    "checklist": listed(shape(None, code=TEXT, done=FLAG, message=TEXT)),
    "created_at": TIME,
}
WEBSERVICE = shape("Webservice", **_FIELDS)
_CHANGED = shape("ChangedWebservice", **_FIELDS, findings=listed(FINDING))
_PATCHED = shape(
    "PatchedWebservice",
    **_FIELDS,
    findings=listed(FINDING),
    preview={
        **PREVIEW,
        "type": ["object", "null"],
        "description": "What the new settings let in or leave out; null when no setting of that sort changed.",
    },
)
_CREATED = shape(
    None,
    id=TEXT,
    state={"type": "string", "enum": _STATES},
    authorize_url={**MAYBE, "description": "Where a person allows access, once; null without OAuth."},
)

ROUTES = (
    Route(
        method="GET",
        path=WEBSERVICES,
        handler=list_webservices,
        policy=Policy.GALLERY_READER,
        summary="All webservices of the gallery, oldest first, disconnected ones too.",
        tag="Webservices",
        response=shape(None, items=listed(WEBSERVICE), next={"type": "null"}),
    ),
    Route(
        method="POST",
        path=WEBSERVICES,
        handler=create_webservice,
        policy=Policy.GALLERY_ADMIN,
        summary="Make a webservice; a person opens `authorize_url` next.",
        tag="Webservices",
        request=WebserviceInput,
        response=_CREATED,
        status=(201,),
    ),
    Route(
        method="GET",
        path=ONE,
        handler=get_webservice,
        policy=Policy.GALLERY_READER,
        summary="How a webservice stands.",
        tag="Webservices",
        response=WEBSERVICE,
    ),
    Route(
        method="PATCH",
        path=ONE,
        handler=change_webservice,
        policy=Policy.GALLERY_ADMIN,
        summary="Change name or settings, stop (`paused`) or go on (`ready`).",
        tag="Webservices",
        request=WebserviceChange,
        response=_PATCHED,
        problems=("not-ready",),
    ),
    Route(
        method="DELETE",
        path=ONE,
        handler=disconnect_webservice,
        policy=Policy.GALLERY_ADMIN,
        summary="Disconnect a webservice; entries and history are kept.",
        tag="Webservices",
        status=(204,),
    ),
    Route(
        method="POST",
        path=f"{ONE}/authorize",
        handler=authorize_webservice,
        policy=Policy.GALLERY_ADMIN,
        summary="A new one-time link to the remote consent page.",
        tag="Webservices",
        response=shape(None, authorize_url=MAYBE),
        problems=("not-ready",),
    ),
    Route(
        method="GET",
        path=f"{ONE}/organisations",
        handler=list_organisations,
        policy=Policy.GALLERY_READER,
        summary="The organisations that the consent opened.",
        tag="Webservices",
        response=shape(None, items=listed(shape(None, id=TEXT, name=TEXT)), next={"type": "null"}),
        problems=("not-ready", "remote", "remote-unavailable", "limit-reached"),
    ),
    Route(
        method="POST",
        path=f"{ONE}/organisation",
        handler=choose_organisation,
        policy=Policy.GALLERY_ADMIN,
        summary="Pick the organisation that the webservice keeps in step.",
        tag="Webservices",
        request=OrganisationInput,
        response=_CHANGED,
        problems=(
            "not-ready",
            "other-organisation",
            "organisation-in-use",
            "remote",
            "remote-unavailable",
            "limit-reached",
        ),
    ),
)
