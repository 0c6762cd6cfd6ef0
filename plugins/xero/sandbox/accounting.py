"""The accounting API without sockets: one request in, one answer out."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from plugins.xero.sandbox import errors, payments, reading, wire, writing
from plugins.xero.sandbox.books import Books
from plugins.xero.sandbox.context import Context
from plugins.xero.sandbox.errors import AnswerError
from plugins.xero.sandbox.listing import Query, parse_query
from plugins.xero.sandbox.reading import Listed
from plugins.xero.sandbox.resources import CREDIT_NOTES, WRITABLE
from plugins.xero.sandbox.state import Document

JSON = "application/json"

# Path -> scope without its `.read`. FACTS 1.5.
SCOPES = {
    **dict.fromkeys(reading.SETTINGS, "accounting.settings"),
    "contacts": "accounting.contacts",
    "invoices": "accounting.invoices",
    "creditnotes": "accounting.invoices",
    "payments": "accounting.payments",
}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP answer; *elements* counts those of the request."""

    status: int = 200
    body: bytes = b""
    content_type: str | None = JSON
    headers: Mapping[str, str] = {}
    elements: int = 0


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One request below `/api.xro/2.0/`; *path* holds its parts, *app* the caller's client id."""

    method: str
    path: tuple[str, ...]
    params: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    body: bytes = b""
    app: str = ""


def answer(books: Books, ask: Ask) -> Answer:
    """Carry *ask* out on *books*; every refusal is an answer too."""
    try:
        return _route(books, ask)
    except AnswerError as error:
        return Answer(status=error.status, body=error.body, content_type=error.content_type, headers=error.headers)


def _route(books: Books, ask: Ask) -> Answer:
    if not ask.path:
        raise errors.not_found()
    name, *rest = ask.path
    name = name.casefold()
    query = parse_query(ask.params, ask.headers)
    if ask.method == "GET":
        return _get(books, ask, name, rest, query)
    if name == "creditnotes" and len(rest) >= 2 and rest[1].casefold() == "allocations":
        return _allocations(books, ask, rest)
    if name not in WRITABLE or ask.method not in {"PUT", "POST"} or len(rest) > 1:
        raise errors.not_found()
    return _write(books, ask, name, rest, query)


def _get(books: Books, ask: Ask, name: str, rest: list[str], query: Query) -> Answer:
    if not rest:
        return _listed(books, query, _list(books, ask, name, query))
    if name == "organisation" and rest[0].casefold() == "actions":
        return _listed(books, query, reading.list_actions(books))
    resource = WRITABLE.get(name)
    found = resource.find(books, rest[0]) if resource and len(rest) == 1 else None
    if resource is None or found is None:
        raise errors.not_found()
    return _listed(books, query, Listed(resource.key, [resource.show(books, found, query.unitdp)]))


def _list(books: Books, ask: Ask, name: str, query: Query) -> Listed:
    if name in reading.SETTINGS:
        return reading.list_settings(books, name, query)
    if name == "contacts":
        return reading.list_contacts(books, query)
    if name == "invoices":
        return reading.list_invoices(books, query, ask.app)
    if name == "creditnotes":
        return reading.list_credit_notes(books, query, ask.app)
    if name == "payments":
        return reading.list_payments(books, query)
    raise errors.not_found()


def _listed(books: Books, query: Query, listed: Listed) -> Answer:
    if query.since is not None and not listed.elements and books.settings.unchanged_status == 304:
        return Answer(status=304, content_type=None)  # FACTS 7.1: never seen, to be accepted all the same
    extra = None if listed.pagination is None else {"pagination": listed.pagination}
    body = wire.envelope(books.settings.app_name, books.now(), listed.key, listed.elements, extra)
    return Answer(body=body)


def _write(books: Books, ask: Ask, name: str, rest: list[str], query: Query) -> Answer:
    resource = WRITABLE[name]
    target = None
    if rest:
        target = resource.find(books, rest[0])
        if target is None or ask.method == "PUT":
            raise errors.not_found()
    context = Context(books=books, app=ask.app, is_put=ask.method == "PUT", unitdp=query.unitdp)
    given = next((value for key, value in ask.params.items() if key.casefold() == "summarizeerrors"), "")
    # FACTS 3.3 [T]: the real default behaves like true, whatever the spec declares.
    summarize = books.settings.summarize_by_default if not given else given.casefold() != "false"
    written = writing.write_elements(resource, context, ask.body, target=target, summarize=summarize)
    body = wire.envelope(books.settings.app_name, books.now(), resource.key, written.elements)
    return Answer(body=body, elements=written.asked)


def _allocations(books: Books, ask: Ask, rest: list[str]) -> Answer:
    found = CREDIT_NOTES.find(books, rest[0])
    if found is None:
        raise errors.not_found()
    credit: Document = books.ledger.credit_notes[found]
    context = Context(books=books, app=ask.app, is_put=True)
    if ask.method == "PUT" and len(rest) == 2:
        written = writing.write_allocations(context, credit, ask.body)
        body = wire.envelope(books.settings.app_name, books.now(), "Allocations", written.elements)
        return Answer(body=body, elements=written.asked)
    if ask.method == "DELETE" and len(rest) == 3:
        allocation_id = wire.as_guid(rest[2]) or ""
        if not payments.remove_allocation(context, credit, allocation_id):
            raise errors.not_found()
        return Answer(body=wire.encode({"AllocationID": allocation_id, "IsDeleted": True}))
    raise errors.not_found()
