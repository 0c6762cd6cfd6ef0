"""Kinds with one bug each in what they send or make of answers, and the test of the suite that must find it."""

# ruff: noqa: ARG003 - a kind takes what the contract gives

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

import hub
from tests.unit.testing.bugs import COUNTER, breaks, structs
from tests.unit.testing.shelf import Shelf

# -- requests


@breaks("test_batches_stay_within_the_limits")
class BigBatch(Shelf):
    @classmethod
    def batch_size(cls, type: hub.RecordType, operation: hub.Operation) -> int:
        return 11


@breaks("test_batches_stay_within_the_limits")
class SmallBody(Shelf):
    limits = structs(Shelf.limits, body_bytes=200)


@breaks("test_the_same_writes_make_the_same_bytes")
class Nonce(Shelf):
    @classmethod
    def item(cls, write: hub.Write, remotes: Mapping[hub.Reference, hub.Remote]) -> dict[str, Any]:
        return {**super().item(write, remotes), "nonce": next(COUNTER)}


@breaks("test_request_leaves_what_it_gets_as_it_is")
class WritesIntoDrafts(Shelf):
    @classmethod
    def item(cls, write: hub.Write, remotes: Mapping[hub.Reference, hub.Remote]) -> dict[str, Any]:
        made = super().item(write, remotes)
        if write.draft is not None:
            write.draft.body["sent"] = True
        return made


@breaks("test_every_write_is_in_its_request")
class FirstOnly(Shelf):
    @classmethod
    def request(cls, writes: Sequence[hub.Write], remotes: Mapping[hub.Reference, hub.Remote]) -> hub.Request:
        return super().request(writes[:1], remotes)


@breaks("test_requests_go_where_the_door_goes")
class OwnToken(Shelf):
    @classmethod
    def request(cls, writes: Sequence[hub.Write], remotes: Mapping[hub.Reference, hub.Remote]) -> hub.Request:
        return structs(super().request(writes, remotes), headers=(("Authorization", "Bearer x"),))


# -- answers


@breaks("test_every_example_can_be_written")
class Doubles(Shelf):
    @classmethod
    def item(cls, write: hub.Write, remotes: Mapping[hub.Reference, hub.Remote]) -> dict[str, Any]:
        return {key: value for key, value in super().item(write, remotes).items() if key != "id"}


@breaks("test_what_was_written_is_found_and_read")
class FindsNothing(Shelf):
    async def find(self, lookups: Sequence[hub.Lookup]) -> dict[hub.Reference, tuple[hub.Remote, ...]]:
        return {}


@breaks("test_outcomes_are_matched_by_name_and_not_by_position")
class ByPosition(Shelf):
    @classmethod
    def outcomes(cls, writes: Sequence[hub.Write], response: hub.Response) -> tuple[hub.Outcome, ...]:
        told = super().outcomes(writes, response)
        if any(isinstance(one, hub.Unknown) for one in told):
            return told
        return tuple(hub.Accepted(remote=one) for one in cls.parse(response))


@breaks("test_a_write_that_the_answer_does_not_name_is_unknown")
class Hopeful(Shelf):
    @classmethod
    def outcomes(cls, writes: Sequence[hub.Write], response: hub.Response) -> tuple[hub.Outcome, ...]:
        told = super().outcomes(writes, response)
        missing = hub.Refused(code="refused", message="It did not answer.", remedy="Try again.")
        return tuple(missing if isinstance(one, hub.Unknown) and one.why == "It is not named." else one for one in told)


@breaks("test_a_failure_of_the_server_is_unknown_for_all")
class FailureIsNo(Shelf):
    @classmethod
    def outcomes(cls, writes: Sequence[hub.Write], response: hub.Response) -> tuple[hub.Outcome, ...]:
        if response.status == 500:
            return tuple(hub.Refused(code="refused", message="It failed.", remedy="Try again.") for _ in writes)
        return super().outcomes(writes, response)


@breaks("test_an_answer_that_was_cut_off_is_unknown_for_all")
class Trusting(Shelf):
    @classmethod
    def outcomes(cls, writes: Sequence[hub.Write], response: hub.Response) -> tuple[hub.Outcome, ...]:
        if response.status == 200:
            msgspec.json.decode(response.body)
        return super().outcomes(writes, response)


@breaks("test_only_a_success_is_accepted")
class AnythingGoes(Shelf):
    @classmethod
    def outcomes(cls, writes: Sequence[hub.Write], response: hub.Response) -> tuple[hub.Outcome, ...]:
        if response.status == 409:
            return tuple(hub.Accepted(remote=hub.Remote(id=hub.RemoteId(one.number))) for one in writes)
        return super().outcomes(writes, response)


# -- reads


@breaks("test_asked_for_nothing_it_asks_nothing")
class AsksAnyway(Shelf):
    async def find(self, lookups: Sequence[hub.Lookup]) -> dict[hub.Reference, tuple[hub.Remote, ...]]:
        await self.ask("invoice")
        return await super().find(lookups)


@breaks("test_what_is_not_there_is_not_found")
class FindsAll(Shelf):
    async def read(self, type: str, ids: Sequence[hub.RemoteId]) -> tuple[hub.Remote, ...]:
        return tuple(hub.Remote(id=one) for one in ids)


@breaks("test_an_empty_side_is_listed_to_its_end")
class Endless(Shelf):
    async def pull(self, cursor: str | None) -> hub.Pulled:
        return structs(await super().pull(cursor), more=True)


@breaks("test_contacts_that_stand_there_can_be_imported")
class TellsNoNames(Shelf):
    async def contacts(self, cursor: str | None) -> hub.ContactPage:
        return structs(await super().contacts(cursor), contacts={})


@breaks("test_a_failure_is_not_taken_for_nothing")
class Deaf(Shelf):
    async def ask(self, type_: str, **query: str) -> tuple[hub.Remote, ...]:
        try:
            return await super().ask(type_, **query)
        except hub.TemporaryError:
            return ()
