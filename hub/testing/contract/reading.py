"""What a kind reads: nothing there is an answer, a failure is none."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from hub.contract import ContactPage, Lookup, Page, Pulled, Webservice
from hub.domain.drafts import Response
from hub.domain.records import RecordType
from hub.domain.remotes import RemoteId
from hub.errors import RemoteError
from hub.testing.contract.base import STRANGER, TYPES, Base, run
from hub.testing.fake_http import FakeHttp

FAILED = (Response(status=500), Response(status=502, body=b"<html>"), Response(status=200, body=b'{"cut": [{"a'))

MOST_CALLS = 20  # of one question


class ReadingTests(Base):
    """Tests of `find`, `read`, `read_ours`, `pull` and `contacts`."""

    def test_asked_for_nothing_it_asks_nothing(self) -> None:
        door = FakeHttp()
        service = self.kind(door, self.make_book())
        assert run(service.find([])) == {}, "find of no look-ups gives something"
        for type_ in TYPES:
            assert run(service.read(type_, [])) == (), f"read of no {type_} gives something"

    def test_what_is_not_there_is_not_found(self) -> None:
        service = self.open()
        for lookup in self._lookups():
            found = run(service.find([lookup])).get(lookup.reference, ())
            assert found == (), f"nothing was written, but find finds a {lookup.reference.type}: {found}"
            read = run(service.read(lookup.reference.type, [lookup.document_id or RemoteId("0")]))
            assert read == (), f"nothing was written, but read reads a {lookup.reference.type}: {read}"

    def test_an_empty_side_is_listed_to_its_end(self) -> None:
        service = self.open()
        for type_ in TYPES:
            page = run(service.read_ours(type_, None))
            assert page == Page(items=()), f"nothing was written, but read_ours gives {page}"
        if self.kind.capabilities.pull:
            _check_pull(service)
        if self.kind.capabilities.import_contacts:
            _check_contacts(service)

    def test_a_failure_is_not_taken_for_nothing(self) -> None:
        for lookup in self._lookups():
            type_ = lookup.reference.type
            self._check_failures(f"find {type_}", partial(_find, lookup=lookup))
            self._check_failures(f"read {type_}", partial(_read, type_=type_))
        if self.kind.capabilities.pull:
            self._check_failures("pull", _pull)
        if self.kind.capabilities.import_contacts:
            self._check_failures("contacts", _contacts)

    def _check_failures(self, name: str, ask: Callable[[Webservice], Coroutine[Any, Any, object]]) -> None:
        for failed in FAILED:
            door = FakeHttp(*[failed] * MOST_CALLS)
            service = self.kind(door, self.make_book())
            try:
                told = run(ask(service))
            except RemoteError:
                continue
            except Exception as error:
                raise AssertionError(f"{name}: raise a hub.RemoteError for {failed.status}, not {error!r}") from error
            assert not door.sent, f"{name}: the remote side failed ({failed.status}), but it says {told}"

    def _lookups(self) -> list[Lookup]:
        """One for each type that the kind takes, of an example that was never written."""
        writes = [self.write(type_, STRANGER) for type_ in self.taken_types()]
        there = RemoteId("00000000-0000-4000-8000-000000000099")
        return [
            Lookup(reference=one.reference, number=one.number, draft=one.draft, document_id=there) for one in writes
        ]


async def _find(service: Webservice, lookup: Lookup) -> object:
    return await service.find([lookup])


async def _read(service: Webservice, type_: RecordType) -> object:
    return await service.read(type_, [RemoteId("0")])


async def _pull(service: Webservice) -> object:
    return await service.pull(None)


async def _contacts(service: Webservice) -> object:
    return await service.contacts(None)


def _check_pull(service: Webservice) -> None:
    first = run(service.pull(None))
    assert isinstance(first, Pulled), "pull gives a hub.Pulled"
    assert (first.invoices, first.payments) == ((), ()), "nothing was written, but pull gives something"
    assert not first.more, "nothing was written, but pull says that there is more"
    again = run(service.pull(first.cursor))
    assert (again.invoices, again.payments, again.more) == ((), (), False), "pull does not go on from its own cursor"


def _check_contacts(service: Webservice) -> None:
    first = run(service.contacts(None))
    assert isinstance(first, ContactPage), "contacts gives a hub.ContactPage"
    again = run(service.contacts(first.cursor))
    assert not again.items or again.more, "contacts reads the same page again from its own cursor"
