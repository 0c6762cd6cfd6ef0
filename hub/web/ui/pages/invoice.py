"""One invoice: its head, how it stands in each webservice and why, both sides, payments, history; what can be done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

import msgspec
from aiohttp import web

from hub.domain.records import Payment
from hub.errors import Fault, FormError
from hub.sync import entry_actions, invoices
from hub.web.api import records as record_views
from hub.web.api.shapes import id_of, names_of, services_of
from hub.web.deps import DEPS
from hub.web.routes import Policy, Route
from hub.web.ui import ways
from hub.web.ui.formats import Formats
from hub.web.ui.live import stream_fragments
from hub.web.ui.pages import invoice_view
from hub.web.ui.render import redirect, render
from hub.web.ui.session import HOME, form_of, visit_of

_REFRESH = 5  # seconds, for browsers without JavaScript
_LONGEST = 120


class Wrong(msgspec.Struct, frozen=True, kw_only=True):
    """A form of the page that cannot be done as it was sent, with what was typed."""

    entry_id: str
    action: str
    message: str
    value: str


async def show_invoice(request: web.Request) -> web.StreamResponse:
    """One invoice."""
    return await _show(request)


async def _show(request: web.Request, wrong: Wrong | None = None) -> web.Response:
    visit, id_ = visit_of(request), _id_of(request)
    services = services_of(request)
    whole = await invoices.load_whole(services, visit.gallery_id, id_)
    recorded = [one.record for one in whole.payments if isinstance(one.record, Payment)]
    paid, due = record_views.sum_payments(whole.invoice, recorded, whole.allocated)
    formats = Formats.of(visit.gallery, request.app[DEPS].clock.now())
    moving = invoices.is_moving(whole.standings, formats.now)
    cards = [
        invoice_view.draw_card(whole, one, paid, formats, services.registry.kinds.get(one.row.kind))
        for one in whole.standings
    ]
    noun = "Credit note" if whole.invoice.kind == "credit_note" else "Invoice"
    name = invoice_view.cut(whole.invoice.number, 60)
    return await render(
        request,
        "invoices/one.html",
        title=f"{noun} {name}",
        status=200 if wrong is None else 422,
        crumbs=[("Invoices", visit.path("invoices"))],
        whole=whole,
        invoice=whole.invoice,
        noun=noun,
        name=name,
        paid=paid,
        due=due,
        cards=cards,
        payments=invoice_view.draw_payments(whole, cards, services.registry.kinds),
        again=invoice_view.again_label(whole),
        asks=any(card.needs for card in cards),
        moving=moving,
        refresh=_REFRESH if moving and wrong is None else None,
        wrong=wrong,
        ways=ways,
    )


async def follow_invoice(request: web.Request) -> web.StreamResponse:
    """Nothing while a run is at work on it; the end of the stream loads the page anew."""
    visit, id_ = visit_of(request), _id_of(request)
    services = services_of(request)
    seen = await invoices.load_states(services, visit.gallery_id, id_)

    async def wait() -> AsyncGenerator[str, None]:
        nonlocal seen
        for _ in range(_LONGEST):
            await asyncio.sleep(1)
            now = await invoices.load_states(services, visit.gallery_id, id_)
            if now != seen:
                return
        yield ""  # so long: what is said on the page is no longer true

    return await stream_fragments(request, wait())


async def sync_again(request: web.Request) -> web.StreamResponse:
    """Compared and sent again, whatever its age."""
    visit, id_ = visit_of(request), _id_of(request)
    begun = await invoices.sync_again(services_of(request), visit.gallery_id, id_)
    say = "It is compared and sent again now." if begun else "It is compared and sent again with the next run."
    return await redirect(request, visit.path("invoices", id_), say=say)


async def retry_entry(request: web.Request) -> web.StreamResponse:
    """Try again; with `distinct` as another contact than the one of the same name there."""
    form, entry_id = form_of(request), id_of(request, "entry")
    distinct = form.flag("distinct")
    seen = form.text(ways.SEEN) or None
    await entry_actions.retry(services_of(request), *names_of(request), entry_id, distinct=distinct, seen=seen)
    say = "It is sent as a different person." if distinct else "It is tried again."
    return await redirect(request, _back(request), say=say)


async def resolve_entry(request: web.Request) -> web.StreamResponse:
    """Mark as resolved, with a note."""
    form, entry_id = form_of(request), id_of(request, "entry")
    note, seen = form.text("note"), form.text(ways.SEEN) or None

    async def work() -> str:
        checked = entry_actions.check_note(note)
        by = visit_of(request).who
        await entry_actions.resolve(services_of(request), *names_of(request), entry_id, by=by, note=checked, seen=seen)
        return "It is marked as resolved, until one of the two sides changes."

    return await _attempt(request, work, action="resolve", value=note)


async def link_entry(request: web.Request) -> web.StreamResponse:
    """A person's word that it is that remote record; nothing is changed there."""
    form, entry_id = form_of(request), id_of(request, "entry")
    text, seen = form.text("remote"), form.text(ways.SEEN) or None

    async def work() -> str:
        remote_id = ways.parse_remote_id(text)
        if remote_id is None:
            raise FormError([Fault("remote", "this is no id, and no address with one in it")])
        await entry_actions.link(services_of(request), *names_of(request), entry_id, remote_id=remote_id, seen=seen)
        return "The two are linked. Nothing was changed there."

    return await _attempt(request, work, action="link", value=text)


async def exclude_invoice(request: web.Request) -> web.StreamResponse:
    """Keep it out of one webservice."""
    visit, id_ = visit_of(request), _id_of(request)
    await invoices.exclude(services_of(request), *names_of(request), id_, by=visit.who)
    return await redirect(request, _back(request), say="It is excluded. What stands there stays as it is.")


async def include_invoice(request: web.Request) -> web.StreamResponse:
    """Take the exclusion off again."""
    visit, id_ = visit_of(request), _id_of(request)
    await invoices.include(services_of(request), *names_of(request), id_, by=visit.who)
    return await redirect(request, _back(request), say="The exclusion is taken off.")


async def _attempt(
    request: web.Request, work: Callable[[], Awaitable[str]], *, action: str, value: str
) -> web.StreamResponse:
    """Do *work* and say what it says; a fault of the form shows the page again, with what was typed."""
    names_of(request)
    try:
        say = await work()
    except FormError as error:
        message = " ".join(invoice_view.sentence(fault.message) for fault in error.faults)
        wrong = Wrong(entry_id=id_of(request, "entry"), action=action, message=message, value=value)
        return await _show(request, wrong)
    return await redirect(request, _back(request), say=say)


def _back(request: web.Request) -> str:
    return visit_of(request).path("invoices", _id_of(request))


def _id_of(request: web.Request) -> str:
    id_ = request.match_info["id"]
    record_views.check_id("invoice", id_)
    return id_


_ONE = f"{HOME}/invoices/{{id}}"
_THERE = f"{_ONE}/webservices/{{webservice}}"
_ENTRY = f"{_THERE}/entries/{{entry}}"


def _post(path: str, handler: Callable[[web.Request], Awaitable[web.StreamResponse]], summary: str) -> Route:
    policy = Policy.PAGE_BOOKKEEPER
    return Route(method="POST", path=path, handler=handler, policy=policy, summary=summary, page=True)


ROUTES = (
    Route(
        method="GET",
        path=_ONE,
        handler=show_invoice,
        policy=Policy.PAGE_READER,
        summary="One invoice: how it stands, and why.",
        page=True,
    ),
    Route(
        method="GET",
        path=f"{_ONE}/live",
        handler=follow_invoice,
        policy=Policy.PAGE_READER,
        summary="Ends when something about the invoice changed.",
        page=True,
    ),
    _post(f"{_ONE}/sync", sync_again, "Sync again."),
    _post(f"{_THERE}/exclude", exclude_invoice, "Keep the invoice out of this webservice."),
    _post(f"{_THERE}/include", include_invoice, "Take that off again."),
    _post(f"{_ENTRY}/retry", retry_entry, "Try again."),
    _post(f"{_ENTRY}/resolve", resolve_entry, "Mark as resolved."),
    _post(f"{_ENTRY}/link", link_entry, "Link to what stands there."),
)
