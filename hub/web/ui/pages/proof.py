"""The proof that both ledgers agree, as a page that is sent while it is made, and as a table to keep.

A proof reads the other side for as long as that takes. So the page begins at once, each page that was read there adds
a line (only the last one is shown), and the result ends it: no proxy and no browser gives up in between, without
JavaScript too, and nothing is kept in the hub.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import date
from itertools import islice

import msgspec
import structlog
from aiohttp import web
from markupsafe import Markup, escape

from hub.domain.records import Invoice, Reference
from hub.domain.remotes import Remote, RemoteId
from hub.errors import ConflictError, Fault, FormError, HubError
from hub.store import records, webservices
from hub.store.webservices import WebserviceRow
from hub.sync import proving
from hub.sync.proof_view import Orphan
from hub.sync.proving import Period, Proof
from hub.sync.services import Services, check_connected
from hub.web import problems
from hub.web.api.proof import write_head, write_rest, write_rows
from hub.web.api.shapes import names_of, services_of
from hub.web.deps import DEPS
from hub.web.queries import Query
from hub.web.routes import Policy, Route
from hub.web.ui.formats import Formats
from hub.web.ui.pages import proof_views as views
from hub.web.ui.pages import run_views
from hub.web.ui.pages.runs import ONE, crumbs_of
from hub.web.ui.render import Crumb, render, render_fragment
from hub.web.ui.session import HOME, visit_of

log = structlog.get_logger(__name__)

MARK = "<!--proof-->"  # where the page is cut: what is read and found goes between
STREAM = {"X-Accel-Buffering": "no"}  # nginx: send on what comes, as it comes


async def choose_webservice(request: web.Request) -> web.StreamResponse:
    """The proof of the gallery's webservice, or which one's."""
    services, visit = services_of(request), visit_of(request)
    async with services.database.connection() as conn:
        rows = await webservices.list_all(conn, visit.gallery_id)
    live = [row for row in rows if row.state != "disconnected"]
    if len(live) == 1:
        return await _show_picker(request, live[0], crumbs=[])
    return await render(request, "proof/choose.html", title="Proof", rows=live)


async def show_proof(request: web.Request) -> web.StreamResponse:
    """The period to choose; with one chosen, both ledgers beside each other."""
    services = services_of(request)
    row = await services.get(*names_of(request))
    crumbs = crumbs_of(visit_of(request), row)
    try:
        chosen = _read_period(request)
    except FormError as error:
        return await _show_picker(request, row, crumbs=crumbs, faults=error.faults)
    hindrance = _hindrance_of(row)
    if chosen is None or hindrance or request.method == "HEAD":
        return await _show_picker(request, row, crumbs=crumbs, chosen=chosen)
    page = await _show_picker(request, row, crumbs=crumbs, chosen=chosen, proving=True)
    return await _stream(request, row, chosen, page)


async def send_table(request: web.Request) -> web.StreamResponse:
    """The whole proof as a table (CSV); its rows are sent as they are found. A reading that fails ends the download."""
    services = services_of(request)
    row = await services.get(*names_of(request))
    chosen = _read_period(request)
    if chosen is None:
        raise FormError([Fault("period", "is needed")], title="The query has faults")
    response = web.StreamResponse(headers=STREAM | {"Content-Type": "text/csv; charset=utf-8"})
    response.headers["Content-Disposition"] = f'attachment; filename="{_name_file(chosen.period)}"'
    if request.method == "HEAD":  # a body would be taken for the next answer of the connection
        await response.prepare(request)
        await response.write_eof()
        return response
    sent = 0

    async def send_rows(made: Proof, *_: object) -> None:
        nonlocal sent
        if not response.prepared:
            await response.prepare(request)
            await response.write(write_head())
        await response.write(b"".join(write_rows(islice(made.rows.read(), sent, None))))
        sent = made.rows.count

    try:
        found = await proving.prove(services, row.gallery_id, row.id, period=chosen.period, tell=send_rows)
    except HubError:
        if response.prepared and request.transport is not None:
            request.transport.abort()  # there is no half a proof: the browser says that the download failed
            return response
        raise
    try:
        await send_rows(found)
        await response.write(b"".join(write_rest(found)))
    finally:
        found.close()
    await response.write_eof()
    return response


# -- inside


class _Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """A period as it was asked for: `key` of `PERIODS`, "" for days of one's own."""

    key: str
    period: Period

    @property
    def query(self) -> str:
        """As a query of an address."""
        if self.key:
            return f"period={self.key}"
        names = zip(("from", "to"), self.period, strict=True)
        return "&".join(f"{name}={day.isoformat()}" for name, day in names if day is not None)


def _read_period(request: web.Request) -> _Chosen | None:
    """The period of the query; None: none is chosen. Raises FormError."""
    query = Query(request)
    key = query.choice("period", tuple(views.PERIODS))
    start, end = query.day("from"), query.day("to")
    if start is not None and end is not None and start > end:
        query.fault("to", "comes before from")
    query.check()
    if key is not None:
        return _Chosen(key=key, period=views.resolve_period(key, _today(request)))
    if start is None and end is None:
        return None
    return _Chosen(key="", period=(start, end))


def _today(request: web.Request) -> date:
    fmt = _formats(request)
    return fmt.now.astimezone(fmt.zone).date()


def _formats(request: web.Request) -> Formats:
    return Formats.of(visit_of(request).gallery, request.app[DEPS].clock.now())


async def _show_picker(
    request: web.Request,
    row: WebserviceRow,
    *,
    crumbs: Sequence[Crumb],
    chosen: _Chosen | None = None,
    faults: Sequence[Fault] = (),
    proving: bool = False,
) -> web.Response:
    """The page with the periods; *proving*: a result follows at `MARK`."""
    start, end = chosen.period if chosen is not None else (None, None)
    return await render(
        request,
        "proof/page.html",
        title="Proof",
        crumbs=crumbs,
        status=422 if faults else 200,
        row=row,
        kind_title=_title_of(services_of(request), row),
        chosen=chosen,
        typed={
            "from": request.query.get("from", "")[:20] if faults else start,
            "to": request.query.get("to", "")[:20] if faults else end,
        },
        faults={fault.at: fault.message for fault in faults},
        hindrance=_hindrance_of(row),
        proving=proving,
        views=views,
        mark=Markup(MARK),  # noqa: S704 - a constant
    )


async def _stream(request: web.Request, row: WebserviceRow, chosen: _Chosen, page: web.Response) -> web.StreamResponse:
    """Send *page* around what is read and found."""
    before, _, after = (page.text or "").partition(MARK)
    response = web.StreamResponse(headers=STREAM | {"Content-Type": "text/html; charset=utf-8"})
    response.headers["Content-Security-Policy"] = page.headers["Content-Security-Policy"]
    await response.prepare(request)
    title, fmt = _title_of(services_of(request), row), _formats(request)

    async def tell(_made: Proof, what: str, n: int) -> None:
        line = escape(views.say_reading(what, n, fmt, title))
        await response.write(f'<p class="reading">{line}</p>\n'.encode())

    await response.write(before.encode())
    with contextlib.suppress(ConnectionResetError):  # nobody reads it any more
        await response.write(f'<p class="reading">{escape(f"Opening the books of {title}.")}</p>\n'.encode())
        text = await _prove(request, row, chosen, tell)
        await response.write(f"</div>{text}{after}".encode())
        await response.write_eof()
    return response


async def _prove(request: web.Request, row: WebserviceRow, chosen: _Chosen, tell: proving.Tell) -> str:
    """The result as HTML; what goes wrong is a sentence in it, for the page has begun."""
    services = services_of(request)
    try:
        found = await proving.prove(services, row.gallery_id, row.id, period=chosen.period, tell=tell)
        try:
            result = await views.sum_up(found)
            numbers = await _numbers_of(request, result)
        finally:
            found.close()
    except HubError as error:
        problem = problems.explain(error).problem
        said = run_views.say_error(problem.detail or problem.title)
        return render_fragment(request, "proof/failed.html", said=said, chosen=chosen, row=row)
    except ConnectionResetError:
        raise
    except Exception:  # the page has begun: no other answer can be given, and the log gets the cause
        log.exception("request.crashed")
        return render_fragment(request, "proof/failed.html", said="", chosen=chosen, row=row)
    fmt, title = _formats(request), _title_of(services, row)
    kind = services.registry.kinds.get(row.kind)

    def url_of(orphan: Orphan) -> str | None:
        remote = Remote(id=RemoteId(orphan.remote_id), credit_note=orphan.credit_note)
        return None if kind is None else kind.remote_url(orphan.type, remote, row.organisation)

    return render_fragment(
        request,
        "proof/result.html",
        row=row,
        result=result,
        verdict=views.say_verdict(result, fmt, title),
        period=views.say_period(chosen.period, fmt),
        chosen=chosen,
        kind_title=title,
        url_of=url_of,
        numbers=numbers,
        views=views,
    )


async def _numbers_of(request: web.Request, result: views.Result) -> dict[str, str]:
    """Invoice -> its number in the gallery, of those that are named as not in the books."""
    wanted = [Reference(type_, id_) for one in result.absent for type_, id_ in one.named if type_ == "invoice"]
    async with services_of(request).database.connection() as conn:
        found = await records.load(conn, visit_of(request).gallery_id, wanted)
    return {one.record.id: one.record.number for one in found.values() if isinstance(one.record, Invoice)}


def _title_of(services: Services, row: WebserviceRow) -> str:
    kind = services.registry.kinds.get(row.kind)
    return kind.title if kind is not None else row.kind


def _hindrance_of(row: WebserviceRow) -> str:
    """Why nothing can be compared now; "" when it can."""
    try:
        check_connected(row)
    except ConflictError as error:
        return str(error)
    return "Its set-up is not finished yet." if row.state == "choosing" else ""


def _name_file(period: Period) -> str:
    """``proof-2026-03-01-2026-03-31.csv``."""
    days = [day.isoformat() for day in period if day is not None]
    return "-".join(["proof", *days]) + ".csv"


ROUTES = (
    Route(
        method="GET",
        path=f"{HOME}/proof",
        handler=choose_webservice,
        policy=Policy.PAGE_READER,
        summary="Whose proof.",
        page=True,
    ),
    Route(
        method="GET",
        path=f"{ONE}/proof",
        handler=show_proof,
        policy=Policy.PAGE_READER,
        summary="Both ledgers beside each other.",
        page=True,
    ),
    Route(
        method="GET",
        path=f"{ONE}/proof.csv",
        handler=send_table,
        policy=Policy.PAGE_READER,
        summary="The proof as a table.",
        page=True,
    ),
)
