"""The proof that both ledgers agree to the cent, as JSON or as a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from aiohttp import web

from hub.errors import Fault, FormError
from hub.sync import proving
from hub.sync.proof_view import render_orphan, render_sums
from hub.sync.proving import Proof
from hub.web.api.shapes import FLAG, FREE, MAYBE, MONEY, ONE, TEXT, listed, names_of, services_of, shape
from hub.web.queries import Query
from hub.web.routes import Parameter, Policy, Route
from hub.web.tables import each, prefers_csv, send_parts, write_line

_FIGURES = ("total", "tax", "paid")
_COLUMNS = ("section", "type", "record_id", "number", "remote_id", "state", "reason", "currency", "total")
_HEADER = (*_COLUMNS, *(f"{side}_{name}" for side in ("ours", "theirs", "difference") for name in _FIGURES))


async def get_proof(request: web.Request) -> web.StreamResponse:
    """Read both ledgers and compare; the answer begins when everything was read."""
    query = Query(request)
    start, end = query.day("from"), query.day("to")
    format_ = query.choice("format", ("json", "csv"))
    query.check()
    if start is not None and end is not None and start > end:
        raise FormError([Fault("to", "comes before from")], title="The query has faults")
    found = await proving.prove(services_of(request), *names_of(request), period=(start, end))
    try:
        if format_ == "csv" or (format_ is None and prefers_csv(request)):
            return await send_parts(request, "text/csv", each(write_csv(found)), name="proof.csv")
        return await send_parts(request, "application/json", each(write_json(found)), name="proof.json")
    finally:
        found.close()


def write_json(found: Proof) -> Iterator[bytes]:
    """The proof as one JSON object, in parts; its rows come from their file."""
    yield b'{"agrees":%s,"complete":%s,"rows":[' % (_word(found.agrees), _word(found.complete))
    yield from _joined(found.rows.read())
    orphans = {
        "ours": [render_orphan(one) for one in found.ours],
        "theirs": [render_orphan(one) for one in found.theirs],
    }
    yield b'],"orphans":' + msgspec.json.encode(orphans)
    yield b',"sums":' + msgspec.json.encode(render_sums(found.sums)) + b',"not_in_books":['
    yield from _joined(found.not_in_books.read())
    yield b"]}"


def _word(value: bool) -> bytes:
    return b"true" if value else b"false"


def _joined(values: Iterable[bytes]) -> Iterator[bytes]:
    for index, value in enumerate(values):
        yield b"," + value if index else value


def write_csv(found: Proof) -> Iterator[bytes]:
    """The proof as a table: rows, orphans, sums, and what is not in the books, told apart by `section`."""
    yield write_head()
    yield from write_rows(found.rows.read())
    yield from write_rest(found)


def write_head() -> bytes:
    """The line with the names of the columns."""
    return write_line(_HEADER)


def write_rows(rows: Iterable[bytes]) -> Iterator[bytes]:
    """Lines of the rows of a proof, which are JSON."""
    for raw in rows:
        yield write_line(_cells("row", msgspec.json.decode(raw)))


def write_rest(found: Proof) -> Iterator[bytes]:
    """The lines that follow the rows."""
    for section, orphans in (("orphan_ours", found.ours), ("orphan_theirs", found.theirs)):
        for orphan in orphans:
            yield write_line(_cells(section, render_orphan(orphan)))
    for one in render_sums(found.sums):
        yield write_line(_cells("sum", one))
    for raw in found.not_in_books.read():
        yield write_line(_cells("not_in_books", msgspec.json.decode(raw)))
    verdict = {"state": f"agrees={found.agrees} complete={found.complete}".lower()}
    yield write_line(_cells("verdict", verdict))


def _cells(section: str, one: dict[str, Any]) -> list[str]:
    cells = [section, *(str(one.get(name) or "") for name in _COLUMNS[1:])]
    for side in ("ours", "theirs", "difference"):
        figures = one.get(side) or {}
        cells += [figures.get(name) or "" for name in _FIGURES]
    return cells


_SIDE = shape(None, total=MONEY, tax=MONEY, paid=MONEY)
_ROW = shape(
    None,
    type=TEXT,
    record_id=TEXT,
    number=MAYBE,
    remote_id=TEXT,
    state={**TEXT, "description": "`resolved`: a person accepted the difference; it still counts as one."},
    currency=MAYBE,
    ours=_SIDE,
    theirs={**_SIDE, "type": ["object", "null"], "description": "null: gone there."},
    difference=_SIDE,
)
_PROOF = shape(
    "Proof",
    agrees={**FLAG, "description": "Every difference is 0 and nothing stands on one side only."},
    complete={**FLAG, "description": "What is not in the books is left out on purpose."},
    rows=listed(_ROW),
    orphans=shape(None, ours=listed(FREE), theirs=listed(FREE)),
    sums=listed(shape(None, currency=TEXT, ours=_SIDE, theirs=_SIDE, difference=_SIDE)),
    not_in_books=listed(shape(None, type=TEXT, record_id=TEXT, state=TEXT, reason=MAYBE, currency=MAYBE, total=MONEY)),
)
_DAY = {"type": "string", "format": "date"}

ROUTES = (
    Route(
        method="GET",
        path=f"{ONE}/proof",
        handler=get_proof,
        policy=Policy.GALLERY_READER,
        summary="Every record in the books beside what stands there now, to the cent (also as text/csv).",
        tag="Proof",
        query=(
            Parameter(name="from", summary="Records dated on or after this day.", schema=_DAY),
            Parameter(name="to", summary="Records dated on or before this day.", schema=_DAY),
            Parameter(
                name="format",
                summary="Instead of the Accept header.",
                schema={"type": "string", "enum": ["json", "csv"]},
            ),
        ),
        response=_PROOF,
        problems=("not-ready", "remote", "remote-unavailable", "limit-reached"),
    ),
)
