"""Apply the mapping to what is open and unpaid there: counted first, then on a person's word."""

from __future__ import annotations

from aiohttp import web

from hub.sync import applying
from hub.web.routes import Policy, Route
from hub.web.ui.pages.mapping_place import BASE, ask, crumbs_of
from hub.web.ui.render import redirect, render
from hub.web.ui.session import form_of, visit_of

COUNT_SECONDS = 0.1  # for what an answer may wait; then the count says "at least"


async def show_application(request: web.Request) -> web.StreamResponse:
    """What today's mappings would change in what is open and unpaid there; nothing is asked for."""
    return await _render_application(request, seconds=COUNT_SECONDS)


async def apply(request: web.Request) -> web.StreamResponse:
    """Count to the end, or ask for everything that differs."""
    services, names = ask(request)
    if form_of(request).flag("count"):
        return await _render_application(request, seconds=applying.SECONDS)
    done = await applying.apply(services, *names, dry_run=False)
    counted = "1 invoice is" if done.asked == 1 else f"{done.asked:,} invoices are"
    if not done.complete:
        say = f"{counted} updated with the next run. There are more: apply once more for the rest."
        return await redirect(request, visit_of(request).path("webservices", names[1], "mappings", "apply"), say=say)
    if not done.asked:
        say = "Nothing differs: the books stand as today's mappings say."
        return await redirect(
            request, visit_of(request).path("webservices", names[1], "mappings"), say=say, tone="note"
        )
    say = f"{counted} updated with the next run."
    return await redirect(request, visit_of(request).path("webservices", names[1]), say=say)


async def _render_application(request: web.Request, *, seconds: float) -> web.Response:
    services, names = ask(request)
    row = await services.get(*names)
    found = await applying.apply(services, *names, dry_run=True, seconds=seconds)
    crumbs = [*crumbs_of(request, row), ("Mapping", visit_of(request).path("webservices", row.id, "mappings"))]
    return await render(
        request,
        "mapping/apply.html",
        title="Invoices already in the books",
        crumbs=crumbs,
        row=row,
        kind=services.kind_of(row),
        found=found,
        alone=[(_ALONE[why], n) for why, n in sorted(found.left_alone.items()) if why in _ALONE],
    )


_ALONE = {
    "paid": ("paid, part-paid or credited", "What is paid stays as it was paid."),
    "locked": ("inside the locked period", "The books of that time are closed."),
    "frozen": ("excluded", "They get no more updates."),
    "pending": ("due anyway", "They are updated with the next run as it is."),
    "not_settled": ("on their way, held or in conflict", "Their own problem comes first."),
    "void": ("voided", "There is nothing left to change."),
    "held": ("not possible to draw up", "Something has to be put right first."),
}


ROUTES = (
    Route(
        method="GET",
        path=f"{BASE}/apply",
        handler=show_application,
        policy=Policy.PAGE_READER,
        summary="What the mapping would change in what stands there.",
        page=True,
    ),
    Route(
        method="POST",
        path=f"{BASE}/apply",
        handler=apply,
        policy=Policy.PAGE_BOOKKEEPER,
        summary="Apply the mapping to open, unpaid invoices.",
        page=True,
    ),
)
