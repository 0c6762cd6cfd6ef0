"""Some mappings changed and the others left as they are, as the pages do it: one part of the book at a time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from hub.contract import Suggestion
from hub.domain.books import Mapping as SlotMapping
from hub.domain.mappings import identity, render_mappings
from hub.errors import ConflictError, Fault, FormError
from hub.store import webservices
from hub.sync import mapping_service, reasking
from hub.sync.services import Services


async def change_mappings(
    services: Services, gallery_id: str, webservice_id: str, *, drop: Collection[Any] = (), put: Sequence[Any] = ()
) -> int:
    """Take the mappings with the identities *drop* away and set those of *put*; returns how many were asked for.

    Only what is put is checked: a mapping that went bad over there does not keep others from being saved.

    Args:
        drop: `hub.domain.mappings.identity` of each.
        put: As the API takes them, ``{"slot", "when", "to"}``.

    Raises:
        FormError: every fault of *put*, at ``mappings[n]...``, n counting in *put*.
        ConflictError: ``not-ready``: there is nothing to map to, or it is over.
    """
    row = await services.get(gallery_id, webservice_id)
    if row.state == "disconnected" or row.choices is None:
        raise ConflictError("not-ready", "There is nothing to map to yet: choose the webservice's organisation first.")
    async with services.database.connection() as conn:
        book = await services.load_book(conn, row)
    parsed = mapping_service.check_all(services.kind_of(row), list(put), row.choices, book)
    async with services.database.transaction() as conn:
        await webservices.lock(conn, gallery_id, webservice_id)
        standing = (await webservices.get(conn, gallery_id, webservice_id)).mappings
        merged = merge(standing, drop, parsed)
        if len(merged) > mapping_service.MOST_MAPPINGS:
            message = f"{mapping_service.MOST_MAPPINGS} mappings at most, not {len(merged)}"
            raise FormError([Fault("mappings", message)])
        await webservices.set_mappings(conn, gallery_id, webservice_id, merged)
    if merged != standing:
        await reasking.ask_after(services.database, gallery_id, webservice_id, "mappings")
    return len(parsed) + len(drop)


def merge(
    standing: Sequence[SlotMapping], drop: Collection[Any], put: Sequence[SlotMapping]
) -> tuple[SlotMapping, ...]:
    """*standing* without *drop* and with *put*, each in the place of the one it replaces, new ones last (pure)."""
    new = {identity(one): one for one in put}
    kept = [new.pop(key, one) for one in standing if (key := identity(one)) in new or key not in drop]
    return (*kept, *new.values())


async def accept_suggestions(services: Services, gallery_id: str, webservice_id: str, wanted: Collection[Any]) -> int:
    """Save the suggestions of now with these identities; returns how many there were.

    Raises what `change_mappings` raises.
    """
    view = await mapping_service.get_mappings(services, gallery_id, webservice_id)
    taken: list[Suggestion] = [one for one in view.suggestions if identity(one.mapping) in wanted]
    put = render_mappings([one.mapping for one in taken])
    await change_mappings(services, gallery_id, webservice_id, put=put)
    return len(taken)
