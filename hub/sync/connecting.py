"""Connecting a webservice: make it, take the consent over, pick the organisation, make entries, end it again."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
import structlog

from hub.contract import Webservice
from hub.domain.books import Finding, Organisation
from hub.domain.records import RecordType
from hub.errors import ConflictError, Fault, FormError, HubError, RemoteError
from hub.store import batches, entries, problems, records, runs, upkeep, webservices
from hub.store.database import Connection
from hub.store.webservices import WebserviceRow
from hub.sync import forms, reasking
from hub.sync.services import STATE_WORDS, Services
from hub.sync.worker import slot_of

log = structlog.get_logger()

MOST_NAME = 200


class FinishedConsent(Protocol):
    """How a consent ended (`hub.remote.consents.Finished`)."""

    @property
    def gallery_id(self) -> str:
        """Whose."""
        ...

    @property
    def webservice_id(self) -> str:
        """Of which webservice."""
        ...

    @property
    def grant_id(self) -> str | None:
        """The stored grant; None: refused."""
        ...

    @property
    def consent_id(self) -> str | None:
        """Names the consent over there."""
        ...

    @property
    def refused(self) -> str | None:
        """The remote side's word, None = allowed."""
        ...


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """A webservice whose organisation was picked, and what its kind says about it."""

    row: WebserviceRow
    findings: tuple[Finding, ...]


class Webservices(Services):
    """The services with what the pages of the consent call (`hub.web.deps.Webservices`)."""

    async def consented(self, finished: FinishedConsent) -> str:
        """Take a finished consent over; returns the sentence that the person reads.

        Raises:
            ConflictError: ``other-organisation``: the consent does not open the organisation of before.
            RemoteError: what it opens could not be read; the person starts again.
        """
        return await take_consent(self, finished)


def tag_of(gallery_id: str) -> str:
    """Six base32 characters of the gallery: what is ours at a remote side bears them."""
    return base64.b32encode(hashlib.sha256(gallery_id.encode()).digest()).decode()[:6]


async def create(
    services: Services, gallery_id: str, *, kind_key: str, name: str, settings: Mapping[str, Any]
) -> tuple[WebserviceRow, str | None]:
    """Make a webservice: (its row, the address where a person allows access; None without OAuth).

    Raises:
        FormError: unknown kind, faults of the name or the settings.
        NotFoundError: there is no such gallery.
    """
    kind = services.registry.kinds.get(kind_key)
    if kind is None:
        known = ", ".join(sorted(services.registry.kinds)) or "none"
        raise FormError([Fault("kind", f"no enabled plugin adds the kind {kind_key!r} (known: {known})")])
    parsed = forms.parse(kind, settings)
    webservice_id = f"w-{secrets.token_hex(8)}"
    async with services.database.transaction() as conn:
        await records.get(conn, gallery_id, "gallery", gallery_id)
        await webservices.insert(
            conn,
            gallery_id,
            webservice_id,
            kind=kind.kind,
            name=name.strip() or kind.title,
            state="authorizing" if kind.oauth() is not None else "choosing",
            settings=forms.seal(kind, parsed, services.box, gallery_id=gallery_id, webservice_id=webservice_id),
            tag=tag_of(gallery_id),
        )
        row = await webservices.get(conn, gallery_id, webservice_id)
    log.info("webservice.created", gallery_id=gallery_id, webservice_id=webservice_id, kind=kind.kind)
    if kind.oauth() is not None:
        return row, await _open_link(services, row)
    return await _choose_only_one(services, row), None


async def _choose_only_one(services: Services, row: WebserviceRow) -> WebserviceRow:
    """Without a consent there is nobody to ask, unless there are several; what fails is left to the choice by hand."""
    try:
        found = await (await services.open(row)).organisations({})
        if len(found) == 1:
            await _pin(services, row, found[0])
            return (await _settle_in(services, row.gallery_id, row.id)).row
    except RemoteError as error:
        log.warning("webservice.organisations_failed", webservice_id=row.id, error=str(error))
    return await services.get(row.gallery_id, row.id)


async def authorize(services: Services, gallery_id: str, webservice_id: str) -> str | None:
    """A new one-time address where a person allows access; None for a kind without OAuth."""
    row = await services.get(gallery_id, webservice_id)
    if row.state == "disconnected":
        raise ConflictError("not-ready", "The webservice is disconnected: make a new one for the same organisation.")
    return None if services.kind_of(row).oauth() is None else await _open_link(services, row)


async def _open_link(services: Services, row: WebserviceRow) -> str:
    path = await services.consents.open_link(row.gallery_id, row.id, row.kind)
    return services.public_url.rstrip("/") + path


async def take_consent(services: Services, finished: FinishedConsent) -> str:
    """As `Webservices.consented`."""
    row = await services.get(finished.gallery_id, finished.webservice_id)
    kind = services.kind_of(row)
    if finished.refused is not None or finished.grant_id is None:
        return (
            f"{kind.title} was not allowed to be used ({finished.refused}). Nothing has changed; start again any time."
        )
    if row.state == "disconnected":
        await _drop_grant(services, row, finished.grant_id)
        raise ConflictError("not-ready", "The webservice was disconnected meanwhile: make a new one.")
    fresh = msgspec.structs.replace(row, grant_id=finished.grant_id, consent_id=finished.consent_id)
    if row.organisation_id is None:
        return await _first_consent(services, fresh, kind)
    return await _again(services, row, fresh, kind)


async def _first_consent(services: Services, fresh: WebserviceRow, kind: type[Webservice]) -> str:
    """The person picks the organisation explicitly (PROMISES R16), also when there is only one."""
    async with services.database.transaction() as conn:
        await webservices.set_grant(conn, fresh.gallery_id, fresh.id, fresh.grant_id, fresh.consent_id)
    found = await _list_organisations(services, fresh)
    if not found:
        return f"{kind.title} allowed access, but to no organisation. Authorise it again and choose one there."
    async with services.database.transaction() as conn:
        await webservices.set_state(
            conn, fresh.gallery_id, fresh.id, "choosing", only_from=["authorizing", "choosing", "reauthorize"]
        )
    names = ", ".join(one.name for one in found[:5])
    return f"{kind.title} allowed access to {names}. Choose the organisation next."


async def _again(services: Services, row: WebserviceRow, fresh: WebserviceRow, kind: type[Webservice]) -> str:
    """The same organisation goes on; another one is refused, and the grant of before stays as it is."""
    found = {one.id: one for one in await _list_organisations(services, fresh)}
    name = row.organisation.name if row.organisation is not None else row.organisation_id
    if row.organisation_id not in found:
        found |= {one.id: one for one in await _list_organisations(services, fresh, whole_grant=True)}
    if row.organisation_id not in found:
        if fresh.grant_id != row.grant_id:
            await _drop_grant(services, row, fresh.grant_id)
        log.info("consent.other_organisation", webservice_id=row.id)
        raise ConflictError(
            "other-organisation",
            f"This consent does not open {name}, which the webservice was connected with before. Authorise it again "
            f"and choose {name} there, or make a new webservice for the other organisation.",
        )
    async with services.database.transaction() as conn:
        await records.lock_feed(conn, row.gallery_id, 0)
        await webservices.set_grant(conn, row.gallery_id, row.id, fresh.grant_id, fresh.consent_id)
        moved = await webservices.set_state(conn, row.gallery_id, row.id, "ready", only_from=["reauthorize"])
        if moved:
            await problems.close_of_webservice(conn, row.gallery_id, row.id)
            await go_on(services, conn, row)
    if moved:
        await reasking.ask_after(services.database, row.gallery_id, row.id, "access")
    if row.grant_id is not None and row.grant_id != fresh.grant_id:
        await _drop_grant(services, row, row.grant_id)
    return f"{kind.title} is connected with {name} again."


async def go_on(services: Services, conn: Connection, row: WebserviceRow) -> None:
    """The webservice is ready again: its next slot counts from now, and what waits in its queue goes on."""
    now = await batches.now(conn)
    slot = slot_of(row, now, factor=services.tuning.clock_factor)
    next_try = await entries.next_try(conn, row.gallery_id, row.id)
    await webservices.schedule(conn, row.gallery_id, row.id, slot, next_try_at=next_try)


async def _list_organisations(
    services: Services, row: WebserviceRow, *, whole_grant: bool = False
) -> Sequence[Organisation]:
    service = await services.open(msgspec.structs.replace(row, organisation_id=None))
    callback = {} if whole_grant or row.consent_id is None else {"consent_id": row.consent_id}
    return await service.organisations(callback)


async def _drop_grant(services: Services, row: WebserviceRow, grant_id: str | None) -> None:
    """Forget a grant that no other live webservice uses.

    It is never revoked: that would end the organisations of other webservices of the same remote user too.
    """
    if grant_id is None:
        return
    async with services.database.connection() as conn:
        shared = await webservices.count_sharing(conn, row.gallery_id, grant_id, besides=row.id)
    if not shared:
        await services.grants.end(row.gallery_id, grant_id, revoke=False)


async def list_organisations(services: Services, gallery_id: str, webservice_id: str) -> Sequence[Organisation]:
    """What the grant opens."""
    row = await services.get(gallery_id, webservice_id)
    if row.state == "disconnected":
        raise ConflictError("not-ready", "The webservice is disconnected: make a new one.")
    found = await _list_organisations(services, row)
    return found or await _list_organisations(services, row, whole_grant=True)


async def choose(services: Services, gallery_id: str, webservice_id: str, organisation_id: str) -> Chosen:
    """Pick the organisation; picking the same one again goes on where it stopped.

    Raises:
        ConflictError: ``other-organisation``, ``organisation-in-use``, ``not-ready``.
        FormError: the consent does not open it.
        RemoteError: the choices could not be read; the pick stands, and repeating the call goes on.
    """
    row = await services.get(gallery_id, webservice_id)
    if row.state not in {"choosing", "ready", "paused"}:
        raise ConflictError(
            "not-ready", f"The webservice {STATE_WORDS[row.state]}: an organisation is picked after the consent."
        )
    if row.organisation_id is not None and row.organisation_id != organisation_id:
        name = row.organisation.name if row.organisation is not None else row.organisation_id
        raise ConflictError(
            "other-organisation", f"The webservice is connected with {name}: make a new webservice for another one."
        )
    if row.state != "choosing":
        return Chosen(row=row, findings=())
    if row.organisation_id is None:
        offered = {one.id: one for one in await list_organisations(services, gallery_id, webservice_id)}
        if organisation_id not in offered:
            known = ", ".join(f"{one.id} ({one.name})" for one in offered.values()) or "none"
            raise FormError([Fault("id", f"the consent opens no such organisation (it opens: {known})")])
        await _pin(services, row, offered[organisation_id])
    return await _settle_in(services, gallery_id, webservice_id)


async def _pin(services: Services, row: WebserviceRow, organisation: Organisation) -> None:
    """Pin the organisation and take over what a disconnected webservice had there.

    Under the gallery's lock: a record stored before it is found by the enrolment, one stored after it is asked by its
    own change.
    """
    gallery_id = row.gallery_id
    async with services.database.transaction() as conn:
        await records.lock_feed(conn, gallery_id, 0)
        await webservices.set_organisation(conn, gallery_id, row.id, organisation, state="choosing")
        old = await webservices.inherit(conn, gallery_id, row.id, row.kind, organisation.id)
        if old is not None:
            await entries.take_over(conn, gallery_id, old, row.id)
            await upkeep.move_batches(conn, gallery_id, old, row.id)
            await problems.close_empty(conn, gallery_id, old)
            log.info("webservice.took_over", webservice_id=row.id, old=old)


async def _settle_in(services: Services, gallery_id: str, webservice_id: str) -> Chosen:
    """After the pick: choices, the kind's own word, entries for all records, and ready."""
    row = await services.get(gallery_id, webservice_id)
    service = await services.open(row)
    choices = await service.choices()
    async with services.database.transaction() as conn:
        await webservices.set_choices(conn, gallery_id, webservice_id, choices)
    if service.book is not None:
        service.book = msgspec.structs.replace(service.book, choices=choices)
    findings = (await service.create()).findings
    await enrol(services, gallery_id, webservice_id)
    if not any(one.blocking and one.code != "unmapped" for one in findings):
        async with services.database.transaction() as conn:
            if await webservices.set_state(conn, gallery_id, webservice_id, "ready", only_from=["choosing"]):
                await go_on(services, conn, row)
        log.info("webservice.ready", webservice_id=webservice_id)
    return Chosen(row=await services.get(gallery_id, webservice_id), findings=findings)


async def enrol(services: Services, gallery_id: str, webservice_id: str) -> None:
    """Make entries for all invoices and payments of the gallery, chunk by chunk; repeating it is harmless."""
    kinds: tuple[RecordType, ...] = ("invoice", "payment")
    for type_ in kinds:
        after: str | None = ""
        while after is not None:
            async with services.database.transaction() as conn:
                after = await entries.enrol(conn, gallery_id, webservice_id, type_, after)


async def disconnect(services: Services, gallery_id: str, webservice_id: str) -> None:
    """End a webservice: writes stop at once, history and entries are kept. Repeating it is harmless."""
    row = await services.get(gallery_id, webservice_id)
    if row.state == "disconnected":
        return
    async with services.database.transaction() as conn:
        await webservices.set_state(conn, gallery_id, webservice_id, "disconnected")
        await runs.cancel_open(conn, gallery_id, webservice_id, "cancelled", "The webservice was disconnected.")
        await problems.close_of_webservice(conn, gallery_id, webservice_id)
    if row.organisation_id is not None:
        await _say_goodbye(services, row)
    async with services.database.transaction() as conn:
        await upkeep.close(conn, gallery_id, webservice_id)
    await _drop_grant(services, row, row.grant_id)
    log.info("webservice.disconnected", webservice_id=webservice_id)


async def _say_goodbye(services: Services, row: WebserviceRow) -> None:
    """End the organisation's connection there. What fails is logged: it does not keep the webservice."""
    try:
        await (await services.open(row)).disconnect()
    except HubError as error:
        log.warning("webservice.goodbye_failed", webservice_id=row.id, error=str(error))
    except Exception:  # a plugin may raise anything; it must not keep the webservice
        log.exception("webservice.goodbye_failed", webservice_id=row.id)
