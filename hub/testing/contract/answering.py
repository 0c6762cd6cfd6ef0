"""What a kind makes of answers: an outcome for each write, matched by name; what is not clear is unknown."""

from __future__ import annotations

import msgspec

from hub.contract import Lookup
from hub.domain.drafts import Response, Write
from hub.domain.remotes import Accepted, Operation, Outcome, Remote, Unknown
from hub.errors import RemoteError
from hub.testing.contract.base import STRANGER, Base, Stage, run

FAILURES = (500, 502, 504)
NO_SUCCESS = (301, 400, 401, 403, 404, 405, 409, 410, 422, 500)


class AnsweringTests(Base):
    """Tests of `outcomes` and `push`: `answer` says what the remote side would."""

    def test_every_example_can_be_written(self) -> None:
        ids: dict[str, set[str]] = {}
        for stage in self.walk():
            for write, remote in zip(stage.writes, stage.remotes, strict=True):
                _check_standing(stage, write, remote)
                if stage.operation is Operation.CREATE:
                    known = ids.setdefault(stage.type, set())
                    assert remote.id not in known, f"{stage.name}: two records have the remote id {remote.id}"
                    known.add(remote.id)

    def test_what_was_written_is_found_and_read(self) -> None:
        service = self.open()
        documents: dict[str, Remote] = {}
        for stage in self.walk(service):
            for write, remote in zip(stage.writes, stage.remotes, strict=True):
                documents[f"{write.reference.type} {write.reference.id}"] = remote
                if stage.operation is not Operation.CREATE:
                    continue
                needs = write.draft.needs if write.draft else ()
                document = next((documents[f"invoice {one.id}"].id for one in needs if one.type == "invoice"), None)
                lookup = Lookup(reference=write.reference, number=write.number, draft=write.draft, document_id=document)
                found = run(service.find([lookup])).get(write.reference, ())
                assert [one.id for one in found] == [remote.id], f"{stage.name}: find does not find it, but {found}"
                read = run(service.read(stage.type, [remote.id]))
                assert [one.id for one in read] == [remote.id], f"{stage.name}: read does not read it, but {read}"
                assert read[0].total == remote.total, f"{stage.name}: read tells another total than the answer"

    def test_outcomes_are_matched_by_name_and_not_by_position(self) -> None:
        self.need_answers()
        for stage in self.walk():
            if len(stage.writes) > 1:
                turned = self._outcomes(tuple(reversed(stage.writes)), _answer(stage))
                assert list(reversed(turned)) == list(stage.outcomes), f"{stage.name}: outcomes go by position"

    def test_a_write_that_the_answer_does_not_name_is_unknown(self) -> None:
        self.need_answers()
        for stage in self.walk():
            stranger = self.write(stage.type, STRANGER, stage.operation)
            told = self._outcomes((stranger, *stage.writes[1:]), _answer(stage))
            assert isinstance(told[0], Unknown), f"{stage.name}: the answer to another write gave {told[0]}"
            rest = list(stage.outcomes[1:])
            assert list(told[1:]) == rest, f"{stage.name}: what the answer names has another outcome beside a stranger"

    def test_a_failure_of_the_server_is_unknown_for_all(self) -> None:
        self.need_answers()
        for stage in self.walk():
            bodies = (b"", b"<html>Bad gateway</html>", _answer(stage).body)  # the last: it failed after the commit
            for answer in (Response(status=status, body=body) for status in FAILURES for body in bodies):
                told = self._outcomes(stage.writes, answer)
                known = [one for one in told if not isinstance(one, Unknown)]
                assert not known, f"{stage.name}: after {answer.status} nobody knows, but it says {known[0]}"

    def test_an_answer_that_was_cut_off_is_unknown_for_all(self) -> None:
        self.need_answers()
        for stage in self.walk():
            whole = _answer(stage)
            for length in {len(whole.body) // 4, len(whole.body) // 2, len(whole.body) - 1} - {-1}:
                cut = msgspec.structs.replace(whole, body=whole.body[:length])
                if not whole.body:
                    continue  # the status alone says it: there is nothing to cut
                told = self._outcomes(stage.writes, cut)
                known = [one for one in told if not isinstance(one, Unknown)]
                assert not known, f"{stage.name}: of {length} bytes of {len(whole.body)} it reads {known[0]}"

    def test_only_a_success_is_accepted(self) -> None:
        self.need_answers()
        for stage in self.walk():
            for status in NO_SUCCESS:
                try:
                    told: tuple[Outcome, ...] = self.kind.outcomes(stage.writes, Response(status=status))
                except RemoteError:
                    continue  # a refusal of the whole
                wrong = [one for one in told if isinstance(one, Accepted)]
                assert not wrong, f"{stage.name}: an empty {status} counts as accepted"
                assert len(told) == len(stage.writes), f"{stage.name}: after {status} there are {len(told)} outcomes"

    def _outcomes(self, writes: tuple[Write, ...], response: Response) -> tuple[Outcome, ...]:
        """The outcomes; the kind may raise nothing here."""
        try:
            told = self.kind.outcomes(writes, response)
        except Exception as error:
            raise AssertionError(f"outcomes raised {error!r} for an unclear answer ({response.status})") from error
        assert len(told) == len(writes), f"{len(writes)} writes, but {len(told)} outcomes"
        return told


def _answer(stage: Stage) -> Response:
    assert stage.response is not None, "a kind that overrides push has no answers"
    return stage.response


def _check_standing(stage: Stage, write: Write, remote: Remote) -> None:
    """What the hub relies on when it plans the next step."""
    assert remote.id, f"{stage.name}: it has no remote id"
    if stage.operation is Operation.CANCEL:
        gone = {"deleted"} if stage.type == "payment" else {"voided", "deleted"}  # the hub's words for it
        assert remote.status in gone, f"{stage.name}: taken back, but it is told as {remote.status}, not {sorted(gone)}"
        return
    alive = remote.status not in {"voided", "deleted", "archived"}
    assert alive, f"{stage.name}: written, but it stands there as {remote.status}"
    if stage.operation is Operation.UPDATE and write.remote is not None:
        assert remote.id == write.remote.id, f"{stage.name}: the change made a second record"
    if stage.type == "invoice" and write.draft is not None:
        told = (remote.total, remote.currency)
        wanted = (write.draft.total, write.draft.currency)
        assert told == wanted, f"{stage.name}: {told} stands there, the draft says {wanted}"
