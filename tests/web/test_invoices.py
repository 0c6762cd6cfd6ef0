"""Deleting invoices, and how they stand in the books, with remembered entries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import pytest

from hub.contract import Webservice
from hub.domain.entries import Entry
from hub.domain.remotes import Remote, RemoteId
from hub.registry import Registry
from hub.store import entries, webservices
from hub.store.entries import EntryView
from tests.web.conftest import BASE, GALLERY, OPERATOR_KEY, Api, Starter, make_invoice


class Ledger(Webservice):
    """A kind that can link."""

    kind: ClassVar[str] = "ledger"
    title: ClassVar[str] = "Ledger"

    @classmethod
    def remote_url(cls, type: Any, remote: Remote, organisation: Any) -> str | None:  # noqa: ARG003 - the contract fixes them
        return f"https://ledger.example.com/{remote.id}"


class FakeEntries:
    """Entries of i-1."""

    def __init__(self, *entries: Entry, in_books: bool = False) -> None:
        self.entries = entries
        self.in_books = in_books

    async def for_records(self, _conn: Any, _gallery: str, type_: str, ids: Iterable[str], /) -> Any:
        views = [EntryView(webservice_id="w-1", kind="ledger", organisation=None, entry=one) for one in self.entries]
        return {"i-1": views} if type_ == "invoice" and "i-1" in list(ids) else {}

    async def any_in_books(self, _conn: Any, _gallery: str, _type: str, _id: str, /) -> bool:
        return self.in_books


class FakeWebservices:
    """Whether any is connected."""

    def __init__(self, *, connected: bool) -> None:
        self.connected = connected

    async def any_connected(self, _conn: Any, _gallery: str, /) -> bool:
        return self.connected


async def begin(start: Starter, **parts: Any) -> Api:
    api = Api(await start(**parts), OPERATOR_KEY)
    await api.put("/api/v1/galleries/harbour-lane", GALLERY)
    await api.put(f"{BASE}/invoices/i-1", make_invoice())
    return api


async def test_an_unconnected_invoice_is_deleted_and_its_number_free(start: Starter) -> None:
    api = await begin(start)
    assert await api.call("DELETE", f"{BASE}/invoices/i-1") == (204, None)
    assert (await api.get(f"{BASE}/invoices/i-1"))[0] == 404
    assert (await api.call("DELETE", f"{BASE}/invoices/i-1"))[0] == 404
    assert (await api.put(f"{BASE}/invoices/i-2", make_invoice()))[0] == 201


@pytest.mark.parametrize(("connected", "in_books"), [(True, False), (False, True)])
async def test_what_books_know_is_not_deleted(start: Starter, connected: bool, in_books: bool) -> None:
    api = await begin(
        start, entry_store=FakeEntries(in_books=in_books), webservice_store=FakeWebservices(connected=connected)
    )
    status, problem = await api.call("DELETE", f"{BASE}/invoices/i-1")
    assert (status, problem["type"]) == (409, "/problems/connected")
    assert "void" in problem["detail"]
    assert (await api.get(f"{BASE}/invoices/i-1"))[0] == 200


async def test_the_store_itself_fits_in_the_place_of_the_fakes(start: Starter) -> None:
    api = await begin(start, entry_store=entries, webservice_store=webservices)
    assert (await api.get(f"{BASE}/invoices/i-1"))[1]["entries"] == []
    assert await api.call("DELETE", f"{BASE}/invoices/i-1") == (204, None)


async def test_an_invoice_says_how_it_stands_in_every_webservice(start: Starter) -> None:
    synced = Entry(
        id="e-1", type="invoice", record_id="i-1", judged=1, state="synced", remote=Remote(id=RemoteId("r-1"))
    )
    held = Entry(
        id="e-2", type="invoice", record_id="i-1", judged=1, state="held", reason="date", message="m", remedy="r"
    )
    due = Entry(id="e-3", type="invoice", record_id="i-1", asked=2, judged=1, state="held")
    api = await begin(start, entry_store=FakeEntries(synced, held, due), registry=Registry(kinds={"ledger": Ledger}))
    _, body = await api.get(f"{BASE}/invoices/i-1")
    empty = {"webservice_id": "w-1", "reason": None, "message": None, "remedy": None} | {
        "remote_id": None,
        "remote_url": None,
    }
    link = "https://ledger.example.com/r-1"
    assert body["entries"] == [
        {**empty, "id": "e-1", "state": "synced", "remote_id": "r-1", "remote_url": link},
        {**empty, "id": "e-2", "state": "held", "reason": "date", "message": "m", "remedy": "r"},
        {**empty, "id": "e-3", "state": "pending"},
    ]
