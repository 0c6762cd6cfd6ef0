"""What a kind reads: nothing there is an answer, a failure is none."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import msgspec

from hub.contract import ContactPage, Lookup, Page, Pulled, Webservice
from hub.domain.content import encode_body
from hub.domain.door import parse_record
from hub.domain.drafts import Response
from hub.domain.matching import imported_id
from hub.domain.records import Contact, EntryType
from hub.domain.remotes import Operation, Remote, RemoteId
from hub.errors import FormError, RemoteError
from hub.testing.contract.base import FEW, STRANGER, TYPES, Base, run
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

    def test_contacts_that_stand_there_can_be_imported(self) -> None:
        if not self.kind.capabilities.import_contacts or "contact" not in self.taken_types():
            return
        service = self.open()
        stages = [one for one in self.walk(service) if one.type == "contact" and one.operation is Operation.CREATE]
        wanted = sorted(remote.id for stage in stages for remote in stage.remotes)
        items, found = _list_contacts(service)
        assert sorted(items) == wanted, f"contacts does not list what stands there, but {sorted(items)}"
        names = set()
        for id_, item in items.items():
            assert item.status == "active", f"contact {id_} is {item.status}: the hub takes only active ones"
            assert id_ in found, f"contact {id_} is listed, but not among the page's `contacts`"
            names.add(_parse_imported(self.kind, id_, found[id_]).name)
        theirs = {self.contact(n).name for n in range(1, FEW + 1)}
        assert names == theirs, f"contacts come under other names: {sorted(names ^ theirs)}"

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


async def _read(service: Webservice, type_: EntryType) -> object:
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


def _list_contacts(service: Webservice) -> tuple[dict[RemoteId, Remote], dict[RemoteId, Contact]]:
    """All that `contacts` lists from the beginning, and what of it can be imported."""
    items: dict[RemoteId, Remote] = {}
    found: dict[RemoteId, Contact] = {}
    cursor, pages = None, 0
    while True:
        page = run(service.contacts(cursor))
        items |= {one.id: one for one in page.items}
        found |= page.contacts
        assert set(found) <= set(items), "contacts gives some to import that it does not list"
        cursor, pages = page.cursor, pages + 1
        assert pages <= MOST_CALLS, "contacts says that there is more, again and again"
        if not page.more:
            return items, found


def _parse_imported(kind: type[Webservice], remote_id: RemoteId, contact: Contact) -> Contact:
    """*contact* as the door takes it under the id that the hub gives it."""
    record_id = imported_id(kind.kind, remote_id)
    try:
        made = parse_record(encode_body(msgspec.structs.replace(contact, id=record_id)), type="contact", id=record_id)
    except FormError as error:
        raise AssertionError(f"contact {remote_id} cannot be a contact of a gallery: {error.faults}") from error
    assert isinstance(made, Contact), f"contact {remote_id} comes as a {type(made).__name__}"
    return made


def _check_contacts(service: Webservice) -> None:
    first = run(service.contacts(None))
    assert isinstance(first, ContactPage), "contacts gives a hub.ContactPage"
    again = run(service.contacts(first.cursor))
    assert not again.items or again.more, "contacts reads the same page again from its own cursor"
