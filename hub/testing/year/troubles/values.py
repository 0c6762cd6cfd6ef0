"""What the story of the troubles is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hub.testing.year.values import Record

Act = Literal["before", "first", "life", "lost", "way out"]
ACTS: tuple[Act, ...] = ("before", "first", "life", "lost", "way out")
SYNCED_ACTS: tuple[Act, ...] = ACTS[1:]  # those that end with a sync; nothing is connected in the first
Fact = Record  # as the sandbox's `prepare` takes it: {"fact": ..., ...}
Standing = Literal["synced", "voided", "left_out", "held", "conflict", "open"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Press:
    """A person presses "Try again" on the entry of a record: ``POST .../entries/{e}/retry``."""

    type: Literal["contact", "invoice", "payment"]
    record_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Deeds:
    """What happens in one act, in this order: over there, then records, voids, mappings and buttons here."""

    there: tuple[Fact, ...] = ()
    records: tuple[Record, ...] = ()
    voids: tuple[str, ...] = ()  # ids of invoices
    mappings: tuple[Record, ...] = ()  # beside, or instead of, those that there are
    presses: tuple[Press, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """One reason, the record that has it, the act that brings it about, and what everybody does in each act.

    A trouble with deeds in ``way out`` is solved by them: then its record stands as `solved` says. ``open`` is a
    problem without an entry of its own; its record is the one it is about. `differs`: the records that the proof shows
    with a difference as long as it stands.
    """

    reason: str
    state: Literal["left_out", "held", "conflict", "open"]
    type: Literal["contact", "invoice", "payment"]
    record_id: str
    act: Act
    deeds: Mapping[Act, Deeds]
    differs: tuple[str, ...] = ()
    solved: Literal["synced", "voided"] = "synced"

    @property
    def is_solved(self) -> bool:
        """Whether the last act carries its remedy out."""
        return "way out" in self.deeds


@dataclass(frozen=True, kw_only=True, slots=True)
class Expectation:
    """How one record stands after the sync of one act. ``open``: a problem with this reason is open, about no entry."""

    gallery: str
    act: str
    type: str
    record_id: str
    state: str
    reason: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """A small gallery in which everything goes wrong once, act by act.

    `here` is the fact that names the organisation, `there` what the hub finds in it. `opening` is sent before anything
    is connected. The deeds of an act come before its sync; after ``lost`` a day passes and a second sync is compared.
    """

    gallery: Record
    here: Fact
    there: tuple[Fact, ...]
    opening: tuple[Record, ...]
    mappings: tuple[Record, ...]
    settings: Mapping[str, Any]
    voided_on: str
    troubles: tuple[Trouble, ...]

    @property
    def gallery_id(self) -> str:
        """The gallery's id."""
        return str(self.gallery["id"])

    @property
    def organisation(self) -> str:
        """The organisation's name."""
        return str(self.here["name"])

    def mappings_in(self, act: Act) -> tuple[Record, ...]:
        """All mappings that there are in *act*: a later one replaces an earlier one of the same slot and conditions."""
        chosen = [*self.mappings, *(one for name in ACTS[: ACTS.index(act) + 1] for one in self.deeds(name).mappings)]
        return tuple({(one["slot"], *sorted(one["when"].items())): one for one in chosen}.values())

    def deeds(self, act: Act) -> Deeds:
        """What happens in *act*, all troubles together, in their order."""
        found = [trouble.deeds[act] for trouble in self.troubles if act in trouble.deeds]
        return Deeds(
            there=tuple(fact for one in found for fact in one.there),
            records=tuple(record for one in found for record in one.records),
            voids=tuple(invoice for one in found for invoice in one.voids),
            mappings=tuple(mapping for one in found for mapping in one.mappings),
            presses=tuple(press for one in found for press in one.presses),
        )

    def expected(self, act: Act) -> tuple[Expectation, ...]:
        """How the records stand after *act*: those whose trouble came are in it, until it is solved."""
        return tuple(
            Expectation(
                gallery=self.gallery_id,
                act=act,
                type="problem" if trouble.state == "open" else trouble.type,
                record_id=trouble.record_id,
                state=trouble.solved if solved else trouble.state,
                reason=None if solved else trouble.reason,
            )
            for trouble in self.troubles
            if ACTS.index(trouble.act) <= ACTS.index(act)
            for solved in [trouble.is_solved and act == "way out"]
        )

    def standing(self, act: Act) -> tuple[Trouble, ...]:
        """The troubles that came in *act* or before, and that it did not solve."""
        return tuple(
            trouble
            for trouble in self.troubles
            if ACTS.index(trouble.act) <= ACTS.index(act) and not (trouble.is_solved and act == "way out")
        )

    def differing(self, act: Act) -> tuple[str, ...]:
        """The records that differ on both sides after *act*, as the proof must say."""
        return tuple(name for trouble in self.standing(act) for name in trouble.differs)

    def count_strangers(self, act: Act) -> int:
        """How many payments stand there with our marker and without a record, after *act*."""
        return sum(trouble.state == "open" for trouble in self.standing(act))

    def sound_before(self, act: Act) -> tuple[Expectation, ...]:
        """The records whose trouble is still to come after *act*, but which are in the books already."""
        return tuple(
            Expectation(
                gallery=self.gallery_id,
                act=act,
                type=trouble.type,
                record_id=trouble.record_id,
                state="synced",
                reason=None,
            )
            for trouble in self.troubles
            if trouble.state != "open" and _sent_in(trouble, act) and ACTS.index(act) < ACTS.index(trouble.act)
        )


def _sent_in(trouble: Trouble, act: Act) -> bool:
    """Whether its record was sent in *act* or before."""
    return any(
        (record["type"], record["id"]) == (trouble.type, trouble.record_id)
        for name in ACTS[: ACTS.index(act) + 1]
        if name in trouble.deeds
        for record in trouble.deeds[name].records
    )
