"""A plugin that fails costs its own record or its own run, never another webservice (PROMISES E1 to E3).

The failing kind keeps its books in memory; beside it the same gallery syncs with Xero's stand-in, undisturbed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

import msgspec
import pytest

from hub import (
    Accepted,
    Book,
    Capabilities,
    Choices,
    Draft,
    Held,
    Limits,
    Organisation,
    Outcome,
    Pulled,
    Reference,
    Remote,
    RemoteId,
    Request,
    Response,
    Settings,
    Subject,
    Webservice,
    Write,
)
from hub.store import entries, problems, runs, webservices
from hub.store.runs import Run
from tests.sync.harness import GALLERY, Bench, cents, make_contact, make_invoice, make_payment

SHAKY = "w-shaky"
THREE = ("i-1", "i-2", "i-3")


class ShakySettings(Settings):
    """What the gates read."""

    copy_existing: bool = True
    window_days: int | None = None


class Well(Webservice):
    """A kind without faults, whose books are `stand`."""

    kind: ClassVar[str] = "shaky"
    title: ClassVar[str] = "Shaky"
    settings: ClassVar[type[Settings]] = ShakySettings
    limits: ClassVar[Limits] = Limits(batch=1, timeout=20.0)
    capabilities: ClassVar[Capabilities] = Capabilities(payments=True, pull=True)
    stand: ClassVar[dict[str, Remote]] = {}

    @classmethod
    def base_url(cls) -> str:
        """Nothing is ever sent there."""
        return "https://shaky.example"

    @classmethod
    def render(cls, subject: Subject, book: Book) -> Draft | Held:
        """Everything as it is."""
        _ = book
        record: Any = subject.record
        needs = {"contact": (), "invoice": ("contact",), "payment": ("invoice",)}[subject.reference.type]
        return Draft(
            number=subject.number,
            body={"id": record.id},
            needs=tuple(Reference(type_, getattr(record, f"{type_}_id")) for type_ in needs),  # type: ignore[arg-type] # record types
            currency=getattr(record, "currency", None),
            total=getattr(record, "total", None) or getattr(record, "amount", None),
        )

    @classmethod
    def request(cls, writes: Sequence[Write], remotes: Any) -> Request:
        """The numbers."""
        _ = remotes
        return Request(method="PUT", path="/", body=msgspec.json.encode([write.number for write in writes]))

    async def push(self, request: Request, writes: Sequence[Write], key: str) -> tuple[Outcome, ...]:
        """Take every write."""
        _ = request, key
        for write in writes:
            total = write.draft.total if write.draft else None
            self.stand[write.number] = Remote(id=RemoteId(f"r-{write.number}"), total=total, paid=Decimal(0))
        return tuple(Accepted(remote=self.stand[write.number]) for write in writes)


@pytest.fixture
def well() -> type[Well]:
    """A fresh `Well`: subclass it to fail."""
    return type("Fresh", (Well,), {"stand": {}})


async def add_shaky(bench: Bench, kind: type[Webservice]) -> None:
    """A second webservice of the gallery, of this kind, ready to sync."""
    bench.hub.registry.kinds["shaky"] = kind
    bench.hub.registry.owners["shaky"] = "shaky_plugin"
    async with bench.hub.database.transaction() as conn:
        await webservices.insert(
            conn, GALLERY, SHAKY, kind="shaky", name="Shaky", state="choosing", settings={}, tag="HLANE2"
        )
        organisation = Organisation(id="o-1", name="Shaky books")
        await webservices.set_organisation(conn, GALLERY, SHAKY, organisation, state="ready")
        for type_ in ("invoice", "payment"):
            await entries.enrol(conn, GALLERY, SHAKY, type_, "")


async def run_both(bench: Bench, kind: type[Webservice]) -> Run:
    """Let both webservices of the gallery work at once until they rest; returns the failing kind's run."""
    await bench.put(make_contact(), *[make_invoice(i, total="100.00") for i in THREE], make_payment(amount="100.00"))
    await bench.connect()
    await add_shaky(bench, kind)
    async with bench.hub.database.transaction() as conn:
        for webservice_id in (bench.webservice_id, SHAKY):
            await runs.open_run(
                conn, GALLERY, webservice_id, f"r-{webservice_id}", invoices=None, dry_run=False, asked_by="person"
            )
            await webservices.wake(conn, GALLERY, webservice_id)
    await bench.work()
    healthy = await bench.run_named(f"r-{bench.webservice_id}")
    assert healthy.state == "done", healthy.error
    assert bench.books() == {
        "AG-1": ("PAID", cents("100.00"), cents("100.00")),
        "AG-2": ("AUTHORISED", cents("100.00"), cents("0.00")),
        "AG-3": ("AUTHORISED", cents("100.00"), cents("0.00")),
    }
    async with bench.hub.database.connection() as conn:
        row = await webservices.get(conn, GALLERY, SHAKY)
        assert not row.running
        return await runs.get(conn, GALLERY, SHAKY, f"r-{SHAKY}")


async def states(bench: Bench) -> dict[str, str | None]:
    """Of the three invoices in the failing kind."""
    async with bench.hub.database.connection() as conn:
        found = await entries.by_records(conn, GALLERY, SHAKY, "invoice", list(THREE))
    return {i: found[i].reason or found[i].state for i in THREE}


async def shaky_problems(bench: Bench) -> list[tuple[str, int]]:
    async with bench.hub.database.connection() as conn:
        found = await problems.list_page(conn, GALLERY, SHAKY, closed=False, after=None, limit=50)
    return [(p.reason, p.count) for p in found]


async def test_a_kind_without_faults_syncs_beside_another(bench: Bench, well: type[Well]) -> None:
    """The ground of the tests below: what they see fail works otherwise."""
    run = await run_both(bench, well)

    assert run.state == "done", run.error
    assert await states(bench) == dict.fromkeys(THREE, "synced")
    assert len(well.stand) == 5


# -- render: pure, one record at a time


def failing(well: type[Well], record_id: str, answer: Any) -> type[Well]:
    """A kind whose render goes wrong for one record: *answer* is raised, or applied to the draft."""

    class Failing(well):  # type: ignore[valid-type, misc] # made by the fixture
        @classmethod
        def render(cls, subject: Subject, book: Book) -> Any:
            draft = super().render(subject, book)
            if subject.record.id != record_id:
                return draft
            if isinstance(answer, BaseException):
                raise answer
            return answer(draft)

    return Failing


@pytest.mark.parametrize("error", [ZeroDivisionError("no"), KeyError("x"), RecursionError(), AssertionError()])
async def test_e1_a_render_that_raises_holds_its_own_record_and_names_the_kind(
    bench: Bench, well: type[Well], error: Exception
) -> None:
    run = await run_both(bench, failing(well, "i-2", error))

    assert run.state == "done", run.error
    assert await states(bench) == {"i-1": "synced", "i-2": "refused", "i-3": "synced"}
    assert await shaky_problems(bench) == [("refused", 1)]
    async with bench.hub.database.connection() as conn:
        found = await entries.by_records(conn, GALLERY, SHAKY, "invoice", ["i-2"])
    message = found["i-2"].message or ""
    assert "Shaky" in message
    assert type(error).__name__ in message


async def test_e1_a_render_that_raises_for_a_contact_holds_its_invoices_as_one_problem(
    bench: Bench, well: type[Well]
) -> None:
    run = await run_both(bench, failing(well, "c-1", ValueError("no")))

    assert run.state == "done", run.error
    assert await states(bench) == dict.fromkeys(THREE, "refused")
    assert await shaky_problems(bench) == [("refused", 4)]
    assert well.stand == {}


async def test_e3_a_draft_of_another_total_is_never_sent(bench: Bench, well: type[Well]) -> None:
    kind = failing(well, "i-2", lambda draft: msgspec.structs.replace(draft, total=draft.total + Decimal("0.01")))

    run = await run_both(bench, kind)

    assert run.state == "done", run.error
    assert await states(bench) == {"i-1": "synced", "i-2": "total_mismatch", "i-3": "synced"}
    assert "2" not in well.stand


async def test_e3_a_payment_drawn_up_with_another_amount_is_never_sent(bench: Bench, well: type[Well]) -> None:
    kind = failing(well, "p-1", lambda draft: msgspec.structs.replace(draft, total=Decimal("1.00")))

    run = await run_both(bench, kind)

    assert run.state == "done", run.error
    assert await shaky_problems(bench) == [("total_mismatch", 1)]
    assert "p-1" not in well.stand


# -- push: what is not accounted for is unknown


def pushing(well: type[Well], behave: Any, *, timeout: float = 20.0) -> type[Well]:
    """A kind whose push of invoices does what *behave* says, after having done them."""

    class Pushing(well):  # type: ignore[valid-type, misc] # made by the fixture
        limits = Limits(batch=3, timeout=timeout)

        async def push(self, request: Request, writes: Sequence[Write], key: str) -> Any:
            done = await super().push(request, writes, key)
            return done if writes[0].reference.type != "invoice" else await behave(done)

    return Pushing


async def too_few(done: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
    return done[:-1]


async def too_many(done: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
    return (*done, done[0])


async def none_at_all(done: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
    _ = done
    return ()


async def raising(done: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
    raise LookupError("what was that")


@pytest.mark.parametrize("behave", [too_few, too_many, none_at_all, raising])
async def test_e1_writes_a_plugin_does_not_account_for_are_unknown_and_no_payment_follows(
    bench: Bench, well: type[Well], behave: Any
) -> None:
    run = await run_both(bench, pushing(well, behave))

    assert run.state == "done", run.error
    assert await states(bench) == dict.fromkeys(THREE, "unknown")
    assert run.counts.unknown == 3
    assert len(well.stand) == 4  # the contact and the invoices, no payment


async def test_e1_a_push_that_never_returns_ends_by_its_deadline_and_is_unknown(bench: Bench, well: type[Well]) -> None:
    async def never(done: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
        await asyncio.Event().wait()
        return done

    # a push may take the call's time and what its door may wait for a place, 125 s: a tenth of a second is left of it
    kind = pushing(well, never, timeout=-124.9)
    began = time.monotonic()

    run = await run_both(bench, kind)

    assert time.monotonic() - began < 60
    assert run.state == "done", run.error
    assert await states(bench) == dict.fromkeys(THREE, "unknown")


# -- the other members: the run ends in a record, and nothing is lost


class Away(Exception):  # noqa: N818 - a plugin's own, named as it likes
    """What no hub knows."""


def broken(well: type[Well], member: str) -> type[Well]:
    """A kind whose *member* raises."""

    async def fails(self: Any, *args: Any) -> Any:
        _ = self, args
        raise Away(member)

    def fails_at_once(cls: Any, *args: Any) -> Any:
        _ = cls, args
        raise Away(member)

    is_pure = member in {"request", "batch_size", "number"}
    return type("Broken", (well,), {member: classmethod(fails_at_once) if is_pure else fails})


@pytest.mark.parametrize("member", ["pull", "contacts", "choices", "request", "batch_size", "number"])
async def test_e1_any_other_member_that_raises_ends_its_own_run_in_a_record_that_names_the_plugin(
    bench: Bench, well: type[Well], member: str
) -> None:
    run = await run_both(bench, broken(well, member))

    assert run.state == "failed"
    assert run.finished_at is not None
    assert "'shaky_plugin'" in (run.error or "")
    assert "Away" in (run.error or "")
    assert len(well.stand) <= 1


async def test_e1_a_run_after_the_plugin_was_put_right_goes_on_and_loses_nothing(
    bench: Bench, well: type[Well]
) -> None:
    await run_both(bench, broken(well, "request"))
    bench.hub.registry.kinds["shaky"] = well
    async with bench.hub.database.transaction() as conn:
        await runs.open_run(conn, GALLERY, SHAKY, "r-2", invoices=None, dry_run=False, asked_by="person")
        await webservices.wake(conn, GALLERY, SHAKY)

    await bench.work()

    assert await states(bench) == dict.fromkeys(THREE, "synced")
    assert len(well.stand) == 5


# -- what a plugin is given


async def test_e2_a_plugin_sees_its_own_webservice_and_no_token_or_key(bench: Bench, well: type[Well]) -> None:
    seen: list[Webservice] = []

    class Curious(well):  # type: ignore[valid-type, misc] # made by the fixture
        async def pull(self, cursor: str | None) -> Pulled:
            seen.append(self)
            return Pulled(cursor=cursor or "1")

    await run_both(bench, Curious)

    (service,) = seen
    assert service.book is not None
    assert (service.book.webservice_id, service.book.kind) == (SHAKY, "shaky")
    assert service.book.choices == Choices()
    shown = repr([service.book, vars(service.http)])
    grants = [token for token in bench.sandbox.tokens.__dict__.values() if isinstance(token, dict)]
    secrets = [key for one in grants for key in one if isinstance(key, str) and len(key) > 30]
    assert secrets
    assert not [secret for secret in secrets if secret in shown]
    assert "sandbox-secret" not in shown


def test_e3_an_answer_is_never_taken_for_outcomes_of_a_kind_that_reads_none() -> None:
    """The base class's own `outcomes` accounts for nothing, so nothing is taken as written."""
    assert Webservice.outcomes([], Response(status=200)) == ()
