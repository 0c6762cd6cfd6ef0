"""Lists: filters, order, pages, If-Modified-Since. FACTS 5.4, 7.1, 7.2."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Generic, TypeVar

import msgspec

from plugins.xero.sandbox import where, wire
from plugins.xero.sandbox.errors import bad_query
from plugins.xero.sandbox.where import Field
from plugins.xero.sandbox.wire import Json

R = TypeVar("R")

PAGE_SIZE = 100
LARGEST_PAGE = 1000


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of a list, read from the URL and If-Modified-Since. *page* None = unpaged."""

    page: int | None = None
    page_size: int = PAGE_SIZE
    where: str = ""
    order: str = ""
    since: datetime | None = None
    ids: frozenset[str] | None = None
    invoice_numbers: tuple[str, ...] | None = None
    contact_ids: frozenset[str] | None = None
    statuses: frozenset[str] | None = None
    search: str = ""
    created_by_my_app: bool = False
    include_archived: bool = False
    summary_only: bool = False
    unitdp: int = 2


def parse_query(params: Mapping[str, str], headers: Mapping[str, str]) -> Query:
    """Read a list's parameters; their names are compared without case.

    Raises:
        AnswerError: ErrorNumber 16 for a malformed GUID or number.
    """
    given = {key.casefold(): value for key, value in params.items()}
    numbers = _split(given.get("invoicenumbers"))
    statuses = _split(given.get("statuses"))
    return Query(
        page=None if "page" not in given else max(1, _whole(given["page"])),
        page_size=min(max(1, _whole(given.get("pagesize", str(PAGE_SIZE)))), LARGEST_PAGE),  # FACTS 7.2: clamped
        where=given.get("where", ""),
        order=given.get("order", ""),
        since=parse_since(headers.get("If-Modified-Since", "")),
        ids=_guids(given.get("ids")),
        invoice_numbers=None if numbers is None else tuple(numbers),
        contact_ids=_guids(given.get("contactids")),
        statuses=None if statuses is None else frozenset(status.upper() for status in statuses),
        search=given.get("searchterm", "").casefold(),
        created_by_my_app=_flag(given, "createdbymyapp"),
        include_archived=_flag(given, "includearchived"),
        summary_only=_flag(given, "summaryonly"),
        unitdp=4 if given.get("unitdp") == "4" else 2,
    )


def _flag(given: Mapping[str, str], key: str) -> bool:
    return given.get(key, "").casefold() == "true"


def _split(text: str | None) -> list[str] | None:
    if not text:
        return None
    return [part.strip() for part in text.split(",") if part.strip()]


def _whole(text: str) -> int:
    if not text.lstrip("-").isdigit():
        raise bad_query(f"'{text}' is not a whole number")
    return int(text)


def _guids(text: str | None) -> frozenset[str] | None:
    parts = _split(text)
    if parts is None:
        return None
    guids = [wire.as_guid(part) for part in parts]
    if None in guids:
        raise bad_query("Guid should contain 32 digits with 4 dashes")
    return frozenset(guid for guid in guids if guid is not None)


def parse_since(text: str) -> datetime | None:
    """If-Modified-Since: ISO without zone in UTC, or RFC 1123 (FACTS 7.1 [O], [U]); fractions cut; None = no limit."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).replace(microsecond=0)


class Found(msgspec.Struct, Generic[R], kw_only=True):
    """One page of rows, or all of them; *pagination* only when a page was asked for. FACTS 7.2 [S]."""

    rows: list[R]
    pagination: Json | None = None


def select(
    rows: Sequence[R],
    query: Query,
    fields: Mapping[str, Field[R]],
    *,
    keep: Callable[[R], bool] | None = None,
    narrow: Mapping[str, Callable[[Any], Sequence[R]]] | None = None,
    fold: bool = True,
) -> Found[R]:
    """Filter, sort and page *rows*, which come in order of their last change: the default order.

    *narrow* finds rows by a field's value, for a `where` that asks for equality on it: then *rows* need not be walked.

    Raises:
        AnswerError: ErrorNumber 16.
    """
    if query.where:
        parsed = where.parse_where(query.where, fields, fold=fold)
        key = next((name for name in parsed.keys if narrow and name in narrow), None)
        if key is not None and narrow is not None and query.since is None:
            by_index = [row for value in parsed.keys[key] for row in narrow[key](value)]
            rows = sorted(dict.fromkeys(by_index), key=lambda row: getattr(row, "updated_at"))  # noqa: B009 - rows of any kind
        rows = [row for row in rows if parsed.test(row)]
    if keep is not None:
        rows = [row for row in rows if keep(row)]
    if query.order:
        rows = where.sort_rows(rows, query.order, fields)
    if query.page is None:
        return Found(rows=list(rows))
    start = (query.page - 1) * query.page_size
    pagination = {
        "page": query.page,
        "pageSize": query.page_size,
        "pageCount": -(-len(rows) // query.page_size),
        "itemCount": len(rows),
    }
    return Found(rows=list(rows[start : start + query.page_size]), pagination=pagination)
