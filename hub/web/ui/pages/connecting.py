"""From *New Webservice* to a chosen organisation: the kind, its form, the consent, the choice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from hub.contract import Webservice
from hub.errors import ConflictError, Fault, FormError, NotFoundError
from hub.store.webservices import WebserviceRow
from hub.sync import connecting
from hub.sync.connecting import MOST_NAME
from hub.sync.services import Services
from hub.web.api.shapes import names_of, services_of
from hub.web.routes import Policy, Route
from hub.web.ui.fields import Faults, Field, place_faults, read_schema, read_values, typed_from, typed_of
from hub.web.ui.pages.webservices import LIST, ONE, crumbs_of
from hub.web.ui.render import redirect, render, see_other
from hub.web.ui.session import form_of, visit_of

NEW = f"{LIST}/new"
PREFIX = "settings."


def settings_fields(kind: type[Webservice]) -> tuple[Field, ...]:
    """The fields of a kind's settings; their names are the places of their faults."""
    return read_schema(kind.settings.model_json_schema(), prefix=PREFIX)


def check_name(name: str) -> list[Fault]:
    """What is wrong with a webservice's name (pure)."""
    if len(name) <= MOST_NAME and name.isprintable():
        return []
    return [Fault("name", f"At most {MOST_NAME} characters in one line are needed.")]


async def list_kinds(request: web.Request) -> web.StreamResponse:
    """Which accounting system?"""
    services, visit = services_of(request), visit_of(request)
    kinds = [(key, kind.title, kind.oauth() is not None) for key, kind in services.registry.kinds.items()]
    return await render(
        request,
        "webservices/kinds.html",
        title="New Webservice",
        crumbs=crumbs_of(visit),
        kinds=sorted(kinds, key=_first),
    )


def _first(kind: tuple[str, str, bool]) -> tuple[bool, str]:
    """Accounting systems before files, then by name."""
    return not kind[2], kind[1]


async def show_form(request: web.Request) -> web.StreamResponse:
    """The form of a new webservice of a kind, with its defaults."""
    _, kind = _kind_of(request)
    return await _form(request, kind, name="", typed=typed_from(settings_fields(kind), {}))


async def create(request: web.Request) -> web.StreamResponse:
    """*Create Webservice*; a person allows access next."""
    services, kind = _kind_of(request)
    visit, form, fields = visit_of(request), form_of(request), settings_fields(kind)
    name = form.text("name")
    try:
        if faults := check_name(name):
            raise FormError(faults)
        row, url = await connecting.create(
            services, visit.gallery_id, kind_key=kind.kind, name=name, settings=read_values(fields, form)
        )
    except FormError as error:
        faults_at = place_faults(error.faults, ["name", *(field.name for field in fields)])
        return await _form(request, kind, name=name, typed=typed_of(fields, form), faults=faults_at)
    page = "access" if url is not None else "organisation"
    return await redirect(request, visit.path("webservices", row.id, page))


def _kind_of(request: web.Request) -> tuple[Services, type[Webservice]]:
    services = services_of(request)
    kind = services.registry.kinds.get(request.match_info["kind"])
    if kind is None:
        raise NotFoundError("There is no such kind of webservice.")
    return services, kind


async def _form(
    request: web.Request, kind: type[Webservice], *, name: str, typed: Mapping[str, Any], faults: Faults | None = None
) -> web.StreamResponse:
    visit = visit_of(request)
    return await render(
        request,
        "webservices/new.html",
        title=f"{kind.title}: New Webservice",
        status=422 if faults else 200,
        crumbs=crumbs_of(visit, ("New Webservice", visit.path("webservices", "new"))),
        kind=kind,
        oauth=kind.oauth() is not None,
        fields=settings_fields(kind),
        name=name,
        typed=typed,
        faults=faults or Faults(),
    )


async def show_access(request: web.Request) -> web.StreamResponse:
    """Where a person allows access, the first time or again."""
    services, visit = services_of(request), visit_of(request)
    row = await services.get(*names_of(request))
    kind = services.kind_of(row)
    if row.state == "disconnected" or kind.oauth() is None:
        return see_other(visit.path("webservices", row.id))
    return await render(
        request,
        "webservices/access.html",
        title=f"Allow access to {kind.title}",
        crumbs=crumbs_of(visit, (row.name, visit.path("webservices", row.id))),
        kind=kind,
        row=row,
    )


async def allow_access(request: web.Request) -> web.StreamResponse:
    """*Allow access*: a link that works once leads this browser to the consent page."""
    services, names = services_of(request), names_of(request)
    url = await connecting.authorize(services, *names)
    return see_other(url or visit_of(request).path("webservices", names[1], "organisation"))


async def show_organisations(request: web.Request) -> web.StreamResponse:
    """What the consent opened, to choose from; where nothing is to be chosen it leads on."""
    row = await services_of(request).get(*names_of(request))
    if row.state in {"authorizing", "reauthorize"}:
        return see_other(visit_of(request).path("webservices", row.id, "access"))
    if row.state != "choosing":
        return see_other(visit_of(request).path("webservices", row.id))
    return await _choice(request, row)


async def choose(request: web.Request) -> web.StreamResponse:
    """Pick the organisation; mapping comes next."""
    services, names = services_of(request), names_of(request)
    picked = form_of(request).text("id")
    try:
        chosen = await connecting.choose(services, *names, picked)
    except FormError:
        return await _choice(
            request, await services.get(*names), picked=picked, fault="Choose one of these.", status=422
        )
    except ConflictError as error:
        if error.name != "organisation-in-use":
            raise
        return await _choice(request, await services.get(*names), picked=picked, fault=str(error), status=409)
    row = chosen.row
    organisation = picked if row.organisation is None else row.organisation.name
    said = f"{row.name} is connected with {organisation}."
    slots = services.kind_of(row).account_mappings()
    parts = ("mappings",) if row.state == "ready" and slots else ()
    blocking = [one.message for one in chosen.findings if one.blocking and one.code != "unmapped"]
    to = visit_of(request).path("webservices", row.id, *parts)
    return await redirect(request, to, say=" ".join([said, *blocking]), tone="bad" if blocking else "good")


async def _choice(
    request: web.Request, row: WebserviceRow, *, picked: str = "", fault: str = "", status: int = 200
) -> web.StreamResponse:
    services, visit = services_of(request), visit_of(request)
    if row.organisation_id is not None:
        name = row.organisation_id if row.organisation is None else row.organisation.name
        options = [(row.organisation_id, name)]
    else:
        options = [(one.id, one.name) for one in await connecting.list_organisations(services, row.gallery_id, row.id)]
    known = {key for key, _ in options}
    return await render(
        request,
        "webservices/organisation.html",
        title="Choose the organisation",
        status=status,
        crumbs=crumbs_of(visit, (row.name, visit.path("webservices", row.id))),
        row=row,
        kind=services.kind_of(row),
        options=options,
        picked=picked if picked in known else options[0][0] if len(options) == 1 else "",
        fault=fault,
    )


ROUTES = (
    Route(
        method="GET",
        path=NEW,
        handler=list_kinds,
        policy=Policy.PAGE_OWNER,
        summary="The kinds to choose from.",
        page=True,
    ),
    Route(
        method="GET",
        path=f"{NEW}/{{kind}}",
        handler=show_form,
        policy=Policy.PAGE_OWNER,
        summary="The form of a new webservice.",
        page=True,
    ),
    Route(
        method="POST",
        path=f"{NEW}/{{kind}}",
        handler=create,
        policy=Policy.PAGE_OWNER,
        summary="Create a webservice.",
        page=True,
    ),
    Route(
        method="GET",
        path=f"{ONE}/access",
        handler=show_access,
        policy=Policy.PAGE_OWNER,
        summary="Where access is allowed.",
        page=True,
    ),
    Route(
        method="POST",
        path=f"{ONE}/access",
        handler=allow_access,
        policy=Policy.PAGE_OWNER,
        summary="To the remote consent page.",
        page=True,
    ),
    Route(
        method="GET",
        path=f"{ONE}/organisation",
        handler=show_organisations,
        policy=Policy.PAGE_OWNER,
        summary="The organisations that the consent opened.",
        page=True,
    ),
    Route(
        method="POST",
        path=f"{ONE}/organisation",
        handler=choose,
        policy=Policy.PAGE_OWNER,
        summary="Choose the organisation.",
        page=True,
    ),
)
