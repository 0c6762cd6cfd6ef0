"""The book of a webservice: choices, mappings, exclusions."""

from __future__ import annotations

from typing import Any

import msgspec
import pydantic
from aiohttp import web

from hub.domain.books import Choices
from hub.domain.mappings import render_mappings
from hub.sync import mapping_service
from hub.sync.mapping_service import MappingsView
from hub.web.api.previews import UNMAPPED, render_unmapped
from hub.web.api.shapes import FINDING, FLAG, FREE, MAYBE, ONE, TEXT, listed, names_of, services_of, shape, without
from hub.web.bodies import answer, parse_model, read_body
from hub.web.queries import Query
from hub.web.routes import Parameter, Policy, Route

_BYTES = 1024 * 1024


class MappingsInput(pydantic.BaseModel):
    """All mappings; they replace those of before. What GET adds beside them may be sent back, and is ignored."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    mappings: list[Any]

    @pydantic.model_validator(mode="before")
    @classmethod
    def _drop(cls, data: Any) -> Any:
        return without(data, "suggestions", "findings", "unmapped")


class ExclusionsInput(pydantic.BaseModel):
    """All exclusions; they replace those of before."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    exclusions: list[dict[str, Any]]


async def get_choices(request: web.Request) -> web.StreamResponse:
    """Accounts, tax rates, tracking and currencies to choose from."""
    query = Query(request)
    refresh = query.flag("refresh")
    query.check()
    services, names = services_of(request), names_of(request)
    choices = await mapping_service.get_choices(services, *names, refresh=refresh)
    pinned = (await services.get(*names)).organisation_id
    return answer(render_choices(choices, pinned))


async def get_mappings(request: web.Request) -> web.StreamResponse:
    """The mappings with suggestions and findings."""
    return answer(_render(await mapping_service.get_mappings(services_of(request), *names_of(request))))


async def put_mappings(request: web.Request) -> web.StreamResponse:
    """Replace the mappings."""
    told = parse_model(MappingsInput, await read_body(request, limit=_BYTES))
    return answer(_render(await mapping_service.save_mappings(services_of(request), *names_of(request), told.mappings)))


async def get_exclusions(request: web.Request) -> web.StreamResponse:
    """The exclusions."""
    found = await mapping_service.get_exclusions(services_of(request), *names_of(request))
    return answer({"exclusions": [mapping_service.render_exclusion(one) for one in found]})


async def put_exclusions(request: web.Request) -> web.StreamResponse:
    """Replace the exclusions."""
    told = parse_model(ExclusionsInput, await read_body(request, limit=_BYTES))
    saved = await mapping_service.save_exclusions(services_of(request), *names_of(request), told.exclusions)
    return answer({"exclusions": [mapping_service.render_exclusion(one) for one in saved]})


def _render(view: MappingsView) -> dict[str, Any]:
    offered = zip(render_mappings([one.mapping for one in view.suggestions]), view.suggestions, strict=True)
    return {
        "mappings": render_mappings(view.mappings),
        "suggestions": [{**mapping, "why": one.why} for mapping, one in offered],
        "findings": msgspec.to_builtins(view.findings),
        "unmapped": [render_unmapped(one) for one in view.unmapped],
    }


def render_choices(choices: Choices, pinned: str | None) -> dict[str, Any]:
    """The choices as the API shows them; rates are decimal strings in percent."""
    organisation = choices.organisation
    return {
        "accounts": [
            {
                "id": one.id,
                "code": one.code,
                "name": one.name,
                "class": one.class_,
                "type": one.type,
                "active": one.active,
                "takes_payments": one.takes_payments,
                "currency": one.currency,
            }
            for one in choices.accounts
        ],
        "tax_rates": [
            {"code": one.code, "name": one.name, "rate": format(one.rate, "f"), "active": one.active}
            for one in choices.tax_rates
        ],
        "tracking": [
            {"id": one.id, "name": one.name, "options": [{"id": o.id, "name": o.name} for o in one.options if o.active]}
            for one in choices.tracking
        ],
        "currencies": list(choices.currencies),
        "organisation": None
        if organisation is None
        else {
            "id": pinned or organisation.id,
            "name": organisation.name,
            "currency": organisation.currency,
            "country": organisation.country,
            "locked_until": organisation.locked_until,
        },
    }


_TARGET = {
    "type": "object",
    "properties": {"id": TEXT, "code": TEXT, "category_id": TEXT},
    "description": "An account or tax rate by `id` or `code`; a tracking option by `id` and `category_id`.",
}
_MAPPING = {
    "type": "object",
    "properties": {"slot": TEXT, "when": {"type": "object", "additionalProperties": TEXT}, "to": _TARGET},
    "required": ["slot", "to"],
}
_IGNORED = {"description": "What GET adds; ignored.", "readOnly": True}
_MAPPINGS_IN = {
    **shape("MappingsInput", mappings=listed(_MAPPING)),
    "additionalProperties": False,
}
_MAPPINGS_IN["properties"] |= dict.fromkeys(("suggestions", "findings", "unmapped"), _IGNORED)
_MAPPINGS = shape(
    "Mappings",
    mappings=listed(_MAPPING),
    suggestions={**listed(FREE), "description": "Mappings to accept, each with `why`."},
    findings=listed(FINDING),
    unmapped={
        **listed(UNMAPPED),
        "description": "What occurs in the records and is not mapped, the most frequent first.",
    },
)
_EXCLUSION = {
    "type": "object",
    "properties": {"filter": TEXT},
    "required": ["filter"],
    "additionalProperties": True,
    "description": "A filter and its arguments: `values`, or `from` and `to`.",
}
_EXCLUSIONS = shape(None, exclusions=listed(_EXCLUSION))
_ACCOUNT = shape(
    None,
    **{
        "id": TEXT,
        "code": MAYBE,
        "name": TEXT,
        "class": TEXT,
        "type": TEXT,
        "active": FLAG,
        "takes_payments": FLAG,
        "currency": MAYBE,
    },
)
_CHOICES = shape(
    "Choices",
    accounts=listed(_ACCOUNT),
    tax_rates=listed(shape(None, code=TEXT, name=TEXT, rate=TEXT, active=FLAG)),
    tracking=listed(shape(None, id=TEXT, name=TEXT, options=listed(shape(None, id=TEXT, name=TEXT)))),
    currencies=listed(TEXT),
    organisation={
        **shape(None, id=TEXT, name=TEXT, currency=MAYBE, country=MAYBE, locked_until=MAYBE),
        "type": ["object", "null"],
    },
)
_REFRESH = Parameter(name="refresh", summary="Read them there now.", schema={"type": "boolean"})

ROUTES = (
    Route(
        method="GET",
        path=f"{ONE}/choices",
        handler=get_choices,
        policy=Policy.GALLERY_READER,
        summary="What the organisation offers to map to.",
        tag="Mappings",
        query=(_REFRESH,),
        response=_CHOICES,
        problems=("not-ready", "remote", "remote-unavailable", "limit-reached"),
    ),
    Route(
        method="GET",
        path=f"{ONE}/mappings",
        handler=get_mappings,
        policy=Policy.GALLERY_READER,
        summary="The mappings, with suggestions, findings, and what occurs in the records and is not mapped.",
        tag="Mappings",
        response=_MAPPINGS,
    ),
    Route(
        method="PUT",
        path=f"{ONE}/mappings",
        handler=put_mappings,
        policy=Policy.GALLERY_ADMIN,
        summary="Replace all mappings; what was held for them is judged again.",
        tag="Mappings",
        request=_MAPPINGS_IN,
        response=_MAPPINGS,
        problems=("not-ready",),
    ),
    Route(
        method="GET",
        path=f"{ONE}/exclusions",
        handler=get_exclusions,
        policy=Policy.GALLERY_READER,
        summary="The rules that keep invoices out.",
        tag="Mappings",
        response=_EXCLUSIONS,
    ),
    Route(
        method="PUT",
        path=f"{ONE}/exclusions",
        handler=put_exclusions,
        policy=Policy.GALLERY_ADMIN,
        summary="Replace all exclusions.",
        tag="Mappings",
        request={**_EXCLUSIONS, "additionalProperties": False},
        response=_EXCLUSIONS,
        problems=("not-ready",),
    ),
)
