"""Changing a webservice: its name and settings, and Stop and Go."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import msgspec
import structlog

from hub.contract import Settings, Webservice
from hub.domain.books import Finding
from hub.domain.eligibility import Gates
from hub.errors import AuthorizationError, ConflictError, Fault, FormError, TemporaryError, ThrottledError
from hub.store import problems, runs, webservices
from hub.store.database import Connection
from hub.store.webservices import WebserviceRow, WebserviceState
from hub.sync import forms, previewing, reasking
from hub.sync.connecting import go_on
from hub.sync.previewing import Preview
from hub.sync.services import STATE_WORDS, Services

log = structlog.get_logger()

Wanted = WebserviceState
PREVIEW_SECONDS = 5.0


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """A webservice after a change, and what its kind says about the new settings.

    `preview`: what they let in or leave out; None when nothing of that sort changed.
    """

    row: WebserviceRow
    findings: tuple[Finding, ...] = ()
    preview: Preview | None = None


async def change(
    services: Services,
    gallery_id: str,
    webservice_id: str,
    *,
    name: str | None = None,
    settings: Mapping[str, Any] | None = None,
    state: Wanted | None = None,
    was: WebserviceRow | None = None,
) -> Changed:
    """Change what is given; settings that are left out stay. All or nothing, faults first. Its own state is no change.

    *was*: what the form was made from; name and settings are saved only if they still are what they were there.

    Raises:
        FormError: faults of the settings, ours or the kind's; a state that nobody can set.
        ConflictError: ``not-ready``: it is disconnected, or cannot be paused or go on from where it is; ``conflict``:
            somebody else changed it since *was*.
    """
    row = await services.get(gallery_id, webservice_id)
    if row.state == "disconnected":
        raise ConflictError("not-ready", "The webservice is disconnected: make a new one for the same organisation.")
    check_move(row, state)
    findings: tuple[Finding, ...] = ()
    if name is not None or settings is not None:
        findings = await _save_form(services, row, name=name, settings=settings, was=was)
    if state is not None and state != row.state:
        await (_pause(services, row) if state == "paused" else _resume(services, row))
    after = await services.get(gallery_id, webservice_id)
    return Changed(row=after, findings=findings, preview=await _compare(services, row, after))


async def _compare(services: Services, row: WebserviceRow, after: WebserviceRow) -> Preview | None:
    """How many invoices the saved settings let in or leave out, where a gate changed."""
    async with services.database.connection() as conn:
        now, then = await services.load_book(conn, row), await services.load_book(conn, after)
    if Gates.of(now.settings) == Gates.of(then.settings):
        return None
    return await previewing.compare(services, after, now, then, seconds=PREVIEW_SECONDS)


def check_move(row: WebserviceRow, state: Wanted | None) -> None:
    """Raises ConflictError when a person cannot bring *row* into *state* (pure)."""
    if state is None or state == row.state:
        return
    if state not in {"ready", "paused"}:
        raise FormError([Fault("state", "only paused and ready can be set")])
    if row.state in {"ready", "paused"}:
        return
    way = {"authorizing": "allow access first", "choosing": "choose its organisation first"}
    out = way.get(row.state, "authorise it again")
    raise ConflictError("not-ready", f"The webservice {STATE_WORDS[row.state]}, so it cannot be set to {state}: {out}.")


async def _save_form(
    services: Services,
    row: WebserviceRow,
    *,
    name: str | None,
    settings: Mapping[str, Any] | None,
    was: WebserviceRow | None,
) -> tuple[Finding, ...]:
    kind = services.kind_of(row)
    old, new = _merge(services, row, kind, settings)
    changed = new != old
    findings = await _ask_kind(services, row, kind, old, new) if changed else ()
    async with services.database.transaction() as conn:
        await webservices.lock(conn, row.gallery_id, row.id)
        standing = await webservices.get(conn, row.gallery_id, row.id)
        if was is not None and (standing.name, standing.settings) != (was.name, was.settings):
            raise ConflictError("conflict", "Somebody else changed the settings meanwhile. Nothing was saved.")
        if standing.settings != row.settings:  # what others saved while the kind was asked stays, unless it is given
            _, new = _merge(services, standing, kind, settings)
        stored = forms.seal(kind, new, services.box, gallery_id=row.gallery_id, webservice_id=row.id)
        title = standing.name if name is None else (name.strip() or kind.title)
        await webservices.update_form(conn, row.gallery_id, row.id, name=title, settings=stored)
        if row.state == "ready":
            await go_on(services, conn, await webservices.get(conn, row.gallery_id, row.id))
    if changed and row.organisation_id is not None:
        asked = await reasking.ask_after(services.database, row.gallery_id, row.id, "settings")
        log.info("webservice.settings_changed", webservice_id=row.id, asked=asked)
    return findings


def _merge(
    services: Services, row: WebserviceRow, kind: type[Webservice], given: Mapping[str, Any] | None
) -> tuple[Settings, Settings]:
    """The settings of *row*, and those with what is *given*. Raises FormError."""
    before = forms.open_row(kind, row, services.box).settings
    return kind.settings.model_validate(before), forms.parse(kind, {**before, **(given or {})})


async def _ask_kind(
    services: Services, row: WebserviceRow, kind: type[Webservice], old: Settings, new: Settings
) -> tuple[Finding, ...]:
    """The kind's word on new settings, where it can be asked; a remote side that is away does not keep them."""
    if row.organisation_id is None or row.state not in {"ready", "paused"}:
        return ()
    try:
        return (await (await services.open(_with(kind, row, new, services))).edit(old)).findings
    except (TemporaryError, ThrottledError, AuthorizationError) as error:
        message = f"The settings are saved; {kind.title} could not be asked about them: {error}"
        return (Finding(code="unchecked", message=message, slot=""),)


def _with(kind: type[Webservice], row: WebserviceRow, settings: Settings, services: Services) -> WebserviceRow:
    stored = forms.seal(kind, settings, services.box, gallery_id=row.gallery_id, webservice_id=row.id)
    return msgspec.structs.replace(row, settings=stored)


async def _pause(services: Services, row: WebserviceRow) -> None:
    """Stop: the state is looked at right before each send, so nothing more goes out within a second."""
    async with services.database.transaction() as conn:
        if await webservices.set_state(conn, row.gallery_id, row.id, "paused", only_from=["ready"]):
            await runs.cancel_open(conn, row.gallery_id, row.id, "paused", "A person paused the webservice.")
    log.info("webservice.paused", webservice_id=row.id)


async def _resume(services: Services, row: WebserviceRow) -> None:
    """Go on: the pause's problem is over, the schedule counts again, and a run asked for by hand is taken up again."""
    async with services.database.transaction() as conn:
        if not await webservices.set_state(conn, row.gallery_id, row.id, "ready", only_from=["paused"]):
            return
        await problems.close_of_webservice(conn, row.gallery_id, row.id)
        await go_on(services, conn, row)
        await _take_up(conn, row)
    log.info("webservice.resumed", webservice_id=row.id)


async def _take_up(conn: Connection, row: WebserviceRow) -> None:
    """A person's run that the pause ended goes on as a new one; what a schedule began waits for its next slot."""
    last = await runs.list_page(conn, row.gallery_id, row.id, before=None, limit=1)
    if not last or last[0].state != "paused" or last[0].asked_by != "person":
        return
    run = last[0]
    run_id = f"r-{secrets.token_hex(10)}"
    only = None if run.invoices is None else list(run.invoices)
    await runs.open_run(conn, row.gallery_id, row.id, run_id, invoices=only, dry_run=run.dry_run, asked_by="person")
    await webservices.wake(conn, row.gallery_id, row.id)
