"""What a kind sends: the same bytes for the same writes, all of them, within its limits."""

from __future__ import annotations

import copy
import re
from urllib.parse import unquote

from hub.domain.drafts import Request, Write
from hub.domain.records import EntryType, Reference
from hub.domain.remotes import Operation, Remote
from hub.remote.http import build_url
from hub.testing.contract.base import TYPES, Base, made_up

FORBIDDEN = re.compile(r"authorization|cookie|host|content-length|transfer-encoding", re.IGNORECASE)


class RequestingTests(Base):
    """Tests of `batch_size` and `request`. Nobody answers them: remote ids are made up."""

    def test_batches_stay_within_the_limits(self) -> None:
        for type_, operation in self.operations():
            name, size = f"{type_} {operation.value}", self.kind.batch_size(type_, operation)
            most = self.kind.limits.batch
            assert 1 <= size <= most, f"{name}: a batch of {size} members, but limits.batch is {most}"
            length = len(self._request(type_, operation, size).body)
            most = self.kind.limits.body_bytes
            assert length <= most, f"{name}: a full batch of plain examples is {length} bytes of {most}"

    def test_the_same_writes_make_the_same_bytes(self) -> None:
        for type_, operation in self.operations():
            size = self.size(type_, operation)
            told = [self._request(type_, operation, size) for _ in range(2)]
            assert told[0] == told[1], f"{type_} {operation.value}: two requests of the same writes differ"

    def test_request_leaves_what_it_gets_as_it_is(self) -> None:
        for type_, operation in self.operations():
            writes, remotes = self._writes(type_, operation, self.size(type_, operation)), self._remotes()
            before = copy.deepcopy((writes, remotes))
            self.kind.request(writes, remotes)
            assert before == (writes, remotes), f"{type_} {operation.value}: request changed what it was given"

    def test_every_write_is_in_its_request(self) -> None:
        for type_, operation in self.operations():
            writes = self._writes(type_, operation, self.size(type_, operation))
            request = self.kind.request(writes, self._remotes())
            values = " ".join(value for _, value in request.query)
            text = f"{unquote(request.path)} {values} {request.body.decode(errors='replace')}"
            for write in writes:
                names = [write.number, *([write.remote.id] if write.remote else [])]
                named = any(one in text for one in names)
                assert named, f"{type_} {operation.value}: the answer cannot be matched, {names} is not in the request"

    def test_requests_go_where_the_door_goes(self) -> None:
        for type_, operation in self.operations():
            request = self._request(type_, operation, self.size(type_, operation))
            name = f"{type_} {operation.value}"
            assert request.method == request.method.upper() != "", f"{name}: the method is {request.method!r}"
            build_url("https://example.com", request)
            own = [header for header, _ in request.headers if FORBIDDEN.fullmatch(header)]
            assert not own, f"{name}: these headers are the door's own: {own}"

    # -- writes

    def _writes(self, type_: EntryType, operation: Operation, size: int) -> list[Write]:
        return [self.write(type_, n, operation) for n in range(1, size + 1)]

    def _request(self, type_: EntryType, operation: Operation, size: int) -> Request:
        return self.kind.request(self._writes(type_, operation, size), self._remotes(size))

    def _remotes(self, most: int = 3) -> dict[Reference, Remote]:
        """Remotes for all that the drafts may need."""
        return {
            Reference(type_, self.example(type_, n).id): made_up(type_, n)
            for type_ in TYPES
            for n in range(1, most + 1)
        }
