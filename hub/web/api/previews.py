"""Looking before saving: what a changed book would let in, leave out or freeze; and applying it to what stands."""

from __future__ import annotations

from typing import Any

import msgspec
import pydantic
from aiohttp import web

from hub.domain.tallies import MOST_NAMED, Tally
from hub.sync import applying, mapping_service, previewing
from hub.sync.applying import Application
from hub.sync.previewing import Preview, Wanted
from hub.sync.unmapped import Unmapped
from hub.web.api.shapes import FINDING, FLAG, FREE, MAYBE, NUMBER, ONE, TEXT, listed, names_of, services_of, shape
from hub.web.bodies import answer, parse_model, read_body, read_model
from hub.web.routes import Policy, Route

_BYTES = 1024 * 1024


class PreviewInput(pydantic.BaseModel):
    """What would change: settings (those left out stay), all exclusions, all mappings; each may be left out."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    settings: dict[str, Any] | None = None
    exclusions: list[dict[str, Any]] | None = None
    mappings: list[Any] | None = None


class ApplyInput(pydantic.BaseModel):
    """`dry_run`: only count."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)

    dry_run: bool = True


async def preview_changes(request: web.Request) -> web.StreamResponse:
    """Preview a changed book."""
    told = parse_model(PreviewInput, await read_body(request, limit=_BYTES))
    wanted = Wanted(settings=told.settings, exclusions=told.exclusions, mappings=told.mappings)
    return answer(render_preview(await previewing.preview(services_of(request), *names_of(request), wanted)))


async def apply_book(request: web.Request) -> web.StreamResponse:
    """Apply the book to what is open and unpaid there."""
    told = await read_model(request, ApplyInput)
    done = await applying.apply(services_of(request), *names_of(request), dry_run=told.dry_run)
    return answer(render_application(done), status=200 if done.dry_run else 202)


def render_tally(tally: Tally) -> dict[str, Any]:
    """A tally as the API shows it: decimal strings, `examples` newest first."""
    return {
        "count": tally.count,
        "totals": [{"currency": code, "total": total} for code, total in sorted(tally.totals.items())],
        "oldest": tally.oldest,
        "newest": tally.newest,
        "reasons": dict(sorted(tally.reasons.items())),
        "examples": msgspec.to_builtins(tally.named, builtin_types=(object,)),
    }


def render_preview(found: Preview) -> dict[str, Any]:
    """A preview as the API shows it."""
    return {
        "complete": found.complete,
        "looked_at": found.looked_at,
        "would_go": {**render_tally(found.would_go), "held": found.held},
        "newly_let_in": render_tally(found.newly_let_in),
        "newly_left_out": render_tally(found.newly_left_out),
        "newly_frozen": render_tally(found.newly_frozen),
        "thawed": render_tally(found.thawed),
        "kept_out": [{"reason": code, **render_tally(tally)} for code, tally in sorted(found.kept_out.items())],
        "exclusions": [
            {
                "exclusion": mapping_service.render_exclusion(one.exclusion),
                "words": one.words,
                **render_tally(one.tally),
            }
            for one in found.exclusions
        ],
        "unmapped": None if found.unmapped is None else [render_unmapped(one) for one in found.unmapped],
        "findings": None if found.findings is None else msgspec.to_builtins(found.findings),
    }


def render_unmapped(one: Unmapped) -> dict[str, Any]:
    """Something that no mapping covers, as the API shows it."""
    return {
        "slot": one.slot,
        "when": one.when,
        "type": one.type,
        "label": one.label,
        "count": one.count,
        "example": {"number": one.number, "id": one.record_id},
        "message": one.message,
    }


def render_application(done: Application) -> dict[str, Any]:
    """What applying changes, as the API shows it."""
    return {
        "dry_run": done.dry_run,
        "complete": done.complete,
        "looked_at": done.looked_at,
        "would_change": render_tally(done.would_change),
        "same": done.same,
        "left_alone": dict(sorted(done.left_alone.items())),
        "held": dict(sorted(done.held.items())),
        "asked": done.asked,
    }


_NAMED = shape(None, id=TEXT, number=TEXT, kind=TEXT, on=MAYBE, currency=TEXT, total=TEXT)
_TALLY_FIELDS: dict[str, Any] = {
    "count": {**NUMBER, "description": "Documents, credit notes too."},
    "totals": {
        **listed(shape(None, currency=TEXT, total=TEXT)),
        "description": "Sums in each currency; credit notes are taken off.",
    },
    "oldest": MAYBE,
    "newest": MAYBE,
    "reasons": {**FREE, "description": "Reason -> how many."},
    "examples": {**listed(_NAMED), "maxItems": MOST_NAMED, "description": "Some of them, the newest first."},
}
TALLY = shape("Tally", **_TALLY_FIELDS)
UNMAPPED = shape(
    "Unmapped",
    slot=TEXT,
    when={**FREE, "description": "The conditions of the mapping that is missing."},
    type={"type": "string", "enum": ["invoice", "payment"], "description": "What is counted."},
    label=TEXT,
    count=NUMBER,
    example=shape(None, number=TEXT, id=TEXT),
    message=TEXT,
)
PREVIEW = shape(
    "Preview",
    complete={**FLAG, "description": "False: the time was used up, and all counts are of the first `looked_at`."},
    looked_at=NUMBER,
    would_go={
        **shape(None, **_TALLY_FIELDS, held={**NUMBER, "description": "Of those, held now for another reason."}),
        "description": "Not in the books, and let through by every gate.",
    },
    newly_let_in={**TALLY, "description": "Of those that would go, what is kept out now; `reasons` of now."},
    newly_left_out={**TALLY, "description": "Free to go now and kept out then; `reasons` of then."},
    newly_frozen={**TALLY, "description": "In the books and excluded then: no more updates."},
    thawed={**TALLY, "description": "In the books, excluded now and updated again then."},
    kept_out=listed(shape(None, reason=TEXT, **_TALLY_FIELDS)),
    exclusions={
        **listed(shape(None, exclusion=FREE, words=TEXT, **_TALLY_FIELDS)),
        "description": "Each exclusion with what it alone would leave out or freeze.",
    },
    unmapped={"type": ["array", "null"], "items": UNMAPPED, "description": "Only where mappings were given."},
    findings={"type": ["array", "null"], "items": FINDING, "description": "Only where mappings were given."},
)
_APPLICATION = shape(
    "Application",
    dry_run=FLAG,
    complete={**FLAG, "description": "False: the time was used up; ask again for the rest."},
    looked_at=NUMBER,
    would_change={**TALLY, "description": "Open and unpaid there, and drawn up otherwise today."},
    same={**NUMBER, "description": "Open and unpaid there, and drawn up as they stand."},
    left_alone={
        **FREE,
        "description": "Why -> how many: paid, locked, frozen, pending, not_settled, void, held (see `held`).",
    },
    held={**FREE, "description": "Reason -> how many could not be drawn up today."},
    asked={**NUMBER, "description": "How many are updated at the next run; 0 in a dry run."},
)

ROUTES = (
    Route(
        method="POST",
        path=f"{ONE}/preview",
        handler=preview_changes,
        policy=Policy.GALLERY_READER,
        summary="What changed settings, exclusions or mappings would let in, leave out or freeze; nothing is saved.",
        tag="Webservices",
        request=PreviewInput,
        response=PREVIEW,
        problems=("not-ready",),
    ),
    Route(
        method="POST",
        path=f"{ONE}/apply",
        handler=apply_book,
        policy=Policy.GALLERY_ADMIN,
        summary="Apply today's mappings and settings to invoices that are open and unpaid there, or only count them.",
        tag="Mappings",
        request=ApplyInput,
        response=_APPLICATION,
        status=(202, 200),
        problems=("not-ready",),
    ),
)
