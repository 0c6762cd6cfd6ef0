"""Entries: how records stand in a webservice, and what a person can do about one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, TypedDict

import pydantic
from aiohttp import web

from hub.contract import Webservice
from hub.domain.entries import STATES
from hub.sync import entry_actions
from hub.sync.entry_actions import MOST_NOTE, EntryDetail
from hub.sync.services import Services
from hub.web.api.shapes import (
    FLAG,
    FREE,
    MAYBE,
    MAYBE_TIME,
    NUMBER,
    ONE,
    TEXT,
    TIME,
    caller_of,
    id_of,
    listed,
    names_of,
    parse_cursor,
    render_cursor,
    services_of,
    shape,
)
from hub.web.bodies import answer, read_model
from hub.web.queries import CURSOR, LIMIT, Query
from hub.web.routes import PageOf, Parameter, Policy, Route
from hub.web.tables import prefers_csv, send_parts, write_line

_TYPES = ("contact", "invoice", "payment", "allocation")
_PAGE = 500
_COLUMNS = (
    "type",
    "record_id",
    "number",
    "state",
    "reason",
    "message",
    "remedy",
    "remote_id",
    "remote_url",
    "attempts",
    "next_try_at",
)


class _Chosen(TypedDict):
    """Which entries are asked for; None: all."""

    state: str | None
    type: str | None
    problem: str | None
    record: str | None


class ResolveInput(pydantic.BaseModel):
    """Why the difference is fine as it is."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    note: str = pydantic.Field(max_length=MOST_NOTE)


class RetryInput(pydantic.BaseModel):
    """`distinct`: it is another contact than the one of the same name there."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    distinct: bool = False


class LinkInput(pydantic.BaseModel):
    """The remote record that this one is, by its id there."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    remote_id: str = pydantic.Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._-]+$")


async def list_entries(request: web.Request) -> web.StreamResponse:
    """One page of entries, filtered; as a table all of them."""
    query = Query(request)
    limit, cursor = query.limit(), query.text("cursor")
    chosen: _Chosen = {
        "state": query.choice("state", STATES),
        "type": query.choice("type", _TYPES),
        "problem": query.text("problem"),
        "record": query.text("record"),
    }
    format_ = query.choice("format", ("json", "csv"))
    query.check()
    after = parse_cursor(cursor)
    services = services_of(request)
    if format_ == "csv" or (format_ is None and prefers_csv(request)):
        table = _write_table(services, names_of(request), chosen)
        return await send_parts(request, "text/csv", await _begun(table), name="entries.csv")
    found = await entry_actions.list_entries(
        services, *names_of(request), **chosen, after=after[1] if after else None, limit=limit + 1
    )
    page = found[:limit]
    following = render_cursor(page[-1].entry.id) if len(found) > limit else None
    return answer({"items": [render_entry(one, _kind(services, one)) for one in page], "next": following})


async def _write_table(services: Services, names: tuple[str, str], chosen: _Chosen) -> AsyncIterator[bytes]:
    """All chosen entries as lines of a table, read in pages; histories stay in the JSON."""
    after = None
    while page := await entry_actions.list_entries(services, *names, **chosen, after=after, limit=_PAGE):
        if after is None:
            yield write_line(_COLUMNS)
        for one in page:
            shown = render_entry(one, _kind(services, one))
            yield write_line([None if shown[name] is None else str(shown[name]) for name in _COLUMNS])
        after = page[-1].entry.id
    if after is None:
        yield write_line(_COLUMNS)


async def _begun(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """*parts*, after the first is there: what is wrong with the question is told before the answer begins."""
    first = await anext(parts)

    async def go_on() -> AsyncIterator[bytes]:
        yield first
        async for part in parts:
            yield part

    return go_on()


async def resolve_entry(request: web.Request) -> web.StreamResponse:
    """Mark as resolved."""
    note = entry_actions.check_note((await read_model(request, ResolveInput)).note)
    services, entry_id = services_of(request), id_of(request, "entry")
    detail = await entry_actions.resolve(services, *names_of(request), entry_id, by=caller_of(request), note=note)
    return answer(render_entry(detail, _kind(services, detail)))


async def retry_entry(request: web.Request) -> web.StreamResponse:
    """Try again."""
    told = await read_model(request, RetryInput) if request.can_read_body else RetryInput()
    services, entry_id = services_of(request), id_of(request, "entry")
    detail = await entry_actions.retry(services, *names_of(request), entry_id, distinct=told.distinct)
    return answer(render_entry(detail, _kind(services, detail)))


async def link_entry(request: web.Request) -> web.StreamResponse:
    """Link by a person's word."""
    told = await read_model(request, LinkInput)
    services, entry_id = services_of(request), id_of(request, "entry")
    detail = await entry_actions.link(services, *names_of(request), entry_id, remote_id=told.remote_id)
    return answer(render_entry(detail, _kind(services, detail)))


def _kind(services: Services, detail: EntryDetail) -> type[Webservice] | None:
    return services.registry.kinds.get(detail.row.kind)


def render_entry(detail: EntryDetail, kind: type[Webservice] | None) -> dict[str, Any]:
    """An entry as the API shows it; the link comes from the kind, when its plugin is loaded."""
    entry, remote = detail.entry, detail.entry.remote
    url = None
    if kind is not None and remote is not None:
        url = kind.remote_url(entry.type, remote, detail.row.organisation)
    resolution = entry.resolution
    return {
        "id": entry.id,
        "type": entry.type,
        "record_id": entry.record_id,
        "state": entry.shown,
        "reason": entry.reason,
        "message": entry.message,
        "remedy": entry.remedy,
        "number": entry.number,
        "remote_id": remote.id if remote is not None else None,
        "remote_url": url,
        "frozen": entry.frozen,
        "problem_id": entry.problem_id,
        "attempts": entry.attempts,
        "next_try_at": entry.next_try_at,
        "resolution": None
        if resolution is None
        else {"by": resolution.by, "at": resolution.at, "note": resolution.note},
        "history": [{"at": at, "text": text} for at, text in detail.history],
    }


_STATE = {"type": "string", "enum": list(STATES)}
_TYPE = {"type": "string", "enum": list(_TYPES)}
ENTRY = shape(
    "Entry",
    id=TEXT,
    type=_TYPE,
    record_id=TEXT,
    state=_STATE,
    reason=MAYBE,
    message=MAYBE,
    remedy=MAYBE,
    number=MAYBE,
    remote_id=MAYBE,
    remote_url=MAYBE,
    frozen={**FLAG, "description": "Excluded after it was sent: no more updates."},
    problem_id=MAYBE,
    attempts=NUMBER,
    next_try_at=MAYBE_TIME,
    resolution={**FREE, "type": ["object", "null"]},
    history=listed(shape(None, at=TIME, text=TEXT)),
)
_ONE = f"{ONE}/entries/{{entry}}"

ROUTES = (
    Route(
        method="GET",
        path=f"{ONE}/entries",
        handler=list_entries,
        policy=Policy.GALLERY_READER,
        summary="How records stand in this webservice (also as text/csv).",
        tag="Entries",
        query=(
            Parameter(name="state", summary="Only these.", schema={"type": "string", "enum": list(STATES)}),
            Parameter(
                name="type", summary="Only records of this type.", schema={"type": "string", "enum": list(_TYPES)}
            ),
            Parameter(name="problem", summary="Only what this problem blocks."),
            Parameter(name="record", summary="Only the record of this id."),
            Parameter(
                name="format",
                summary="Instead of the Accept header; `csv` gives all of them as a table.",
                schema={"type": "string", "enum": ["json", "csv"]},
            ),
            LIMIT,
            CURSOR,
        ),
        response=PageOf(item=ENTRY),
    ),
    Route(
        method="POST",
        path=f"{_ONE}/resolve",
        handler=resolve_entry,
        policy=Policy.GALLERY_ADMIN,
        summary="Mark as resolved: the difference is accepted until either side changes.",
        tag="Entries",
        request=ResolveInput,
        response=ENTRY,
        problems=("conflict",),
    ),
    Route(
        method="POST",
        path=f"{_ONE}/retry",
        handler=retry_entry,
        policy=Policy.GALLERY_ADMIN,
        summary="Try again.",
        tag="Entries",
        request=RetryInput,
        response=ENTRY,
    ),
    Route(
        method="POST",
        path=f"{_ONE}/link",
        handler=link_entry,
        policy=Policy.GALLERY_ADMIN,
        summary="A person's word that this record is that remote record; nothing is changed there.",
        tag="Entries",
        request=LinkInput,
        response=ENTRY,
        problems=("conflict", "not-ready", "remote", "remote-unavailable", "limit-reached"),
    ),
)
