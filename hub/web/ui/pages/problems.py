"""Problems: one card for each cause, the ways out as buttons, and the entries behind it."""

from __future__ import annotations

from datetime import UTC, date, datetime

from aiohttp import web

from hub.contract import Webservice
from hub.errors import Fault, FormError, NotFoundError
from hub.store.causes import Blocked
from hub.sync import causes, entry_actions
from hub.sync.causes import CausePage
from hub.web.api.shapes import id_of, names_of, parse_timed_cursor, render_cursor, services_of
from hub.web.queries import Query
from hub.web.routes import Policy, Route
from hub.web.ui import ways
from hub.web.ui.render import redirect, render
from hub.web.ui.session import HOME, form_of, visit_of

PAGE = 50
CARDS = 25  # their sentences may be long: more of them would be more than 60 KB
MOST_PAGES = 200
_WEBSERVICE = f"{HOME}/webservices/{{webservice}}"
_ONE = f"{_WEBSERVICE}/problems/{{problem}}"


async def list_problems(request: web.Request) -> web.StreamResponse:
    """What needs a person, of the whole gallery or of one webservice."""
    visit = visit_of(request)
    webservice_id = names_of(request)[1] if "webservice" in request.match_info else None
    query = Query(request)
    number = _page_of(query)
    query.check()
    services = services_of(request)
    skip = (number - 1) * CARDS
    found = await causes.list_causes(services, visit.gallery_id, webservice_id, limit=CARDS, skip=skip)
    base = visit.path("problems") if webservice_id is None else visit.path("webservices", webservice_id, "problems")
    row = None if webservice_id is None else await services.get(visit.gallery_id, webservice_id)
    return await render(
        request,
        "problems/list.html",
        title="Problems",
        crumbs=[] if row is None else [(row.name, visit.path("webservices", row.id))],
        row=row,
        found=found,
        ways=ways,
        next=f"{base}?page={number + 1}" if skip + CARDS < found.total else "",
        previous=f"{base}?page={number - 1}" if number > 1 else "",
    )


def _page_of(query: Query) -> int:
    text = query.text("page") or "1"
    if not text.isascii() or not text.isdigit() or len(text) > 3 or not 1 <= int(text) <= MOST_PAGES:
        query.fault("page", f"needs a whole number from 1 to {MOST_PAGES}")
        return 1
    return int(text)


async def show_problem(request: web.Request) -> web.StreamResponse:
    """One cause: the address that stands in mails."""
    return await _show(request)


async def _show(
    request: web.Request, *, faults: list[Fault] | None = None, entry_id: str = "", status: int = 200
) -> web.StreamResponse:
    """The page; *faults* of a form about *entry_id* are told, with what was typed."""
    visit, services = visit_of(request), services_of(request)
    query = Query(request)
    cursor = query.text("cursor")
    query.check()
    found = await causes.get_cause(
        services,
        *names_of(request),
        id_of(request, "problem"),
        after=_place_of(cursor),
        limit=PAGE + 1,
    )
    row, problem = found.cause.row, found.cause.problem
    kind = services.registry.kinds.get(row.kind)
    shown = found.blocked[:PAGE]
    here = visit.path("webservices", row.id, "problems", problem.id)
    more = f"{here}?cursor={_cursor_of(shown[-1])}" if len(found.blocked) > PAGE else ""
    typed = form_of(request) if request.method == "POST" else None
    return await render(
        request,
        "problems/one.html",
        status=status,
        title="Problem",
        crumbs=[("Problems", visit.path("problems")), (row.name, visit.path("webservices", row.id, "problems"))],
        cause=found.cause,
        blocked=[(one, _url_of(kind, found, one)) for one in shown],
        candidates=found.candidates,
        there=row.name if kind is None else kind.title,
        ways=ways,
        here=here,
        next=more,
        first=cursor is None,
        faults=faults or [],
        wrong=entry_id,
        typed={} if typed is None else {name: typed.text(name) for name in ("note", "remote_id")},
    )


def _url_of(kind: type[Webservice] | None, found: CausePage, one: Blocked) -> str | None:
    if kind is None or one.entry.remote is None:
        return None
    return kind.remote_url(one.entry.type, one.entry.remote, found.cause.row.organisation)


def _cursor_of(one: Blocked) -> str:
    return render_cursor(one.entry.id, datetime(one.place.year, one.place.month, one.place.day, tzinfo=UTC))


def _place_of(cursor: str | None) -> tuple[date, str] | None:
    place = parse_timed_cursor(cursor)
    return None if place is None else (place[0].date(), place[1])


async def retry_problem(request: web.Request) -> web.StreamResponse:
    """Try again for all."""
    services, names = services_of(request), names_of(request)
    problem = await entry_actions.retry_problem(services, *names, id_of(request, "problem"))
    row = await services.get(*names)
    what = "It is tried" if problem.count == 1 else "All are tried"
    say = f"{what} again now." if row.state == "ready" else f"{what} again as soon as {row.name} runs again."
    return await redirect(request, _here(request), say=say)


async def act(request: web.Request) -> web.StreamResponse:
    """What a person says about one entry: try again, a different person, resolved, linked."""
    form, visit, services = form_of(request), visit_of(request), services_of(request)
    names, entry_id = names_of(request), id_of(request, "entry")
    seen = form.text(ways.SEEN) or None
    try:
        match form.text("way"):
            case "retry":
                await entry_actions.retry(services, *names, entry_id, seen=seen)
                say = "It is tried again."
            case "distinct":
                await entry_actions.retry(services, *names, entry_id, distinct=True, seen=seen)
                say = "It is made as another contact of the same name."
            case "resolve":
                note = entry_actions.check_note(form.text("note"))
                await entry_actions.resolve(services, *names, entry_id, by=visit.who, note=note, seen=seen)
                say = "Marked as resolved. It opens again when either side changes."
            case "link":
                remote_id = ways.parse_remote_id(form.text("remote_id"))
                if remote_id is None:
                    raise FormError([Fault("remote_id", "Paste its address there, or its id.")])
                await entry_actions.link(services, *names, entry_id, remote_id=remote_id, seen=seen)
                say = "Linked. Nothing was changed there."
            case _:
                raise NotFoundError("There is no such way out.")
    except FormError as error:
        return await _show(request, faults=error.faults, entry_id=entry_id, status=422)
    return await redirect(request, _here(request), say=say)


def _here(request: web.Request) -> str:
    return visit_of(request).path("webservices", names_of(request)[1], "problems", id_of(request, "problem"))


ROUTES = (
    Route(
        method="GET",
        path=f"{HOME}/problems",
        handler=list_problems,
        policy=Policy.PAGE_READER,
        summary="What needs a person.",
        page=True,
    ),
    Route(
        method="GET",
        path=f"{_WEBSERVICE}/problems",
        handler=list_problems,
        policy=Policy.PAGE_READER,
        summary="What needs a person in one webservice.",
        page=True,
    ),
    Route(
        method="GET",
        path=_ONE,
        handler=show_problem,
        policy=Policy.PAGE_READER,
        summary="One problem with what it blocks.",
        page=True,
    ),
    Route(
        method="POST",
        path=f"{_ONE}/retry",
        handler=retry_problem,
        policy=Policy.PAGE_BOOKKEEPER,
        summary="Try again for all that it blocks.",
        page=True,
    ),
    Route(
        method="POST",
        path=f"{_ONE}/entries/{{entry}}",
        handler=act,
        policy=Policy.PAGE_BOOKKEEPER,
        summary="A person's word about one entry.",
        page=True,
    ),
)
