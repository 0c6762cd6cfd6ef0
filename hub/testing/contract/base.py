"""What the tests of the contract share: the examples, their drafts and writes, and a walk through all operations."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any, ClassVar, NoReturn, TypeVar

import msgspec

from hub.contract import Webservice
from hub.domain.books import Book
from hub.domain.capabilities import Cancel
from hub.domain.drafts import Draft, Held, Request, Response, Subject, Write
from hub.domain.records import Contact, EntryType, Invoice, Payment, RecordType, Reference, TaxCode
from hub.domain.remotes import Accepted, Operation, Outcome, Remote, RemoteId
from hub.testing.builders import (
    make_book,
    make_contact,
    make_credit_note,
    make_invoice,
    make_payment,
    make_subject,
    make_tax_code,
)
from hub.testing.fake_http import FakeHttp

T = TypeVar("T")
TYPES: tuple[RecordType, ...] = ("contact", "invoice", "payment")
FEW = 3  # members of a batch: enough to tell order from matching
STRANGER = 99  # an example that was never written


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One batch of the walk. `response` is None for a kind that overrides `push`."""

    type: EntryType
    operation: Operation
    writes: tuple[Write, ...]
    request: Request
    response: Response | None
    outcomes: tuple[Outcome, ...]

    @property
    def name(self) -> str:
        """For messages: ``invoice create``."""
        return f"{self.type} {self.operation.value}"

    @property
    def remotes(self) -> list[Remote]:
        """What stands there after it; fails when a write was not accepted."""
        wrong = [one for one in self.outcomes if not isinstance(one, Accepted)]
        assert not wrong, f"{self.name}: `answer` and `outcomes` do not accept every example, but give {wrong[0]}"
        return [one.remote for one in self.outcomes if isinstance(one, Accepted)]


class Base:
    """The examples. What a subclass may give is listed at `WebserviceContract`."""

    kind: ClassVar[type[Webservice]]

    def answer(self, request: Request) -> Response:
        """What the remote side would answer to *request*."""
        raise AssertionError(f"give {type(self).__name__} a method `answer`: {request.method} {request.path} asks it")

    def make_book(self) -> Book:
        """The book that the examples are drawn up with."""
        return make_book(self.kind)

    def contact(self, n: int) -> Contact:
        """The n-th contact."""
        return make_contact(id=f"c-{n}", name=f"Ana Ruiz {n}", email=f"ana{n}@example.com")

    def invoice(self, n: int) -> Invoice:
        """The n-th invoice, to the n-th contact."""
        return make_invoice(id=f"i-{n}", number=str(1000 + n), contact_id=f"c-{n}")

    def credit_note(self, n: int) -> Invoice:
        """The n-th credit note, to the n-th contact."""
        return make_credit_note(id=f"n-{n}", number=f"CN-{1000 + n}", contact_id=f"c-{n}")

    def payment(self, n: int) -> Payment:
        """The n-th payment, of the n-th invoice and as much as that."""
        return make_payment(id=f"p-{n}", invoice_id=f"i-{n}", amount=self.invoice(n).total)

    def tax_codes(self) -> dict[str, TaxCode]:
        """The tax codes of the examples."""
        return {"gst": make_tax_code()}

    # -- made of them

    def example(self, type: EntryType, n: int, *, changed: bool = False) -> Contact | Invoice | Payment:
        """The n-th record of *type*; *changed*: edited by a person since."""
        if type == "contact":
            return msgspec.structs.replace(self.contact(n), **({"phone": "+61 2 5550 0123"} if changed else {}))
        if type == "invoice":
            return msgspec.structs.replace(self.invoice(n), **({"reference": "Changed"} if changed else {}))
        return self.payment(n)

    def subject(self, record: Contact | Invoice | Payment, book: Book, n: int = 1, **fields: Any) -> Subject:
        """*record* with the n-th examples beside it."""
        own: dict[str, Any] = {}
        if isinstance(record, Invoice):
            own = {"contact": self.contact(n), "tax_codes": self.tax_codes()}
        elif isinstance(record, Payment):
            invoice = self.invoice(n)
            own = {"invoice": invoice, "invoice_number": self.kind.number("invoice", invoice.number, book)}
        return make_subject(self.kind, record, book, **(own | fields))

    def taken_types(self) -> list[EntryType]:
        """The types whose plain example the kind draws up, in the order they are written."""
        book = self.make_book()
        made = {one: self.kind.render(self.subject(self.example(one, 1), book), book) for one in TYPES}
        return [one for one in TYPES if isinstance(made[one], Draft)]

    def draft(self, type: EntryType, n: int, *, changed: bool = False) -> tuple[Subject, Draft]:
        """The n-th example of *type* drawn up."""
        book = self.make_book()
        subject = self.subject(self.example(type, n, changed=changed), book, n)
        draft = self.kind.render(subject, book)
        assert isinstance(draft, Draft), f"the plain {type} number {n} is held: {_told(draft)}"
        return subject, draft

    def write(
        self, type: EntryType, n: int, operation: Operation = Operation.CREATE, remote: Remote | None = None
    ) -> Write:
        """The n-th example of *type* as a write."""
        subject, draft = self.draft(type, n, changed=operation is Operation.UPDATE)
        return Write(
            reference=subject.reference,
            operation=operation,
            number=subject.number,
            draft=None if operation is Operation.CANCEL else draft,
            remote=None if operation is Operation.CREATE else remote or made_up(type, n),
            record_version=1,
        )

    def operations(self) -> list[tuple[EntryType, Operation]]:
        """All that the hub would ask of the kind, in an order that a remote side allows."""
        taken = self.taken_types()
        steps: list[tuple[EntryType, Operation]] = [(one, Operation.CREATE) for one in taken if one != "payment"]
        steps += [(one, Operation.UPDATE) for one in taken if one != "payment"]
        steps += [("payment", Operation.CREATE)] if "payment" in taken else []
        if self.kind.capabilities.cancel is not Cancel.NONE:
            steps += [(one, Operation.CANCEL) for one in reversed(taken) if one != "contact"]
        return steps

    def size(self, type: EntryType, operation: Operation) -> int:
        """Members of a small batch."""
        return max(1, min(FEW, self.kind.batch_size(type, operation)))

    def open(self) -> Webservice:
        """The kind at work, on a door that `answer` stands behind."""
        return self.kind(FakeHttp(self.answer), self.make_book())

    def walk(self, service: Webservice | None = None) -> Iterator[Stage]:
        """Create, change and take back what stands there, one batch of each; each is to be accepted as a whole."""
        service = service or self.open()
        remotes: dict[Reference, Remote] = {}
        for type_, operation in self.operations():
            members = range(1, FEW + 1)
            size = self.size(type_, operation)
            for start in range(0, FEW, size):
                writes = tuple(
                    self.write(type_, n, operation, remotes.get(Reference(type_, self.example(type_, n).id)))
                    for n in members[start : start + size]
                )
                stage = self._push(service, writes, remotes)
                remotes |= {write.reference: one for write, one in zip(writes, stage.remotes, strict=True)}
                yield stage

    def _push(self, service: Webservice, writes: tuple[Write, ...], remotes: dict[Reference, Remote]) -> Stage:
        request = self.kind.request(writes, remotes)
        response = None if self.pushes_itself() else self.answer(request)
        if response is None:
            key = f"key-{writes[0].reference.type}-{writes[0].reference.id}-{writes[0].operation.value}"
            outcomes = run(service.push(request, writes, key))
        else:
            outcomes = self.kind.outcomes(writes, response)
        name = f"{writes[0].reference.type} {writes[0].operation.value}"
        assert len(outcomes) == len(writes), f"{name}: {len(writes)} writes, but {len(outcomes)} outcomes"
        return Stage(
            type=writes[0].reference.type,
            operation=writes[0].operation,
            writes=writes,
            request=request,
            response=response,
            outcomes=tuple(outcomes),
        )

    def pushes_itself(self) -> bool:
        """Whether the kind overrides `push`: then there is no answer to read."""
        return self.kind.push is not Webservice.push

    def need_answers(self) -> None:
        """Skip a test about answers for a kind that reads none."""
        if self.pushes_itself():
            skip("this kind overrides push: it has no answers to read")


def made_up(type: EntryType, n: int) -> Remote:
    """What stands there, for requests that nobody answers."""
    return Remote(id=RemoteId(f"0000{TYPES.index(type)}{n:03}-remote"), version="v1", number=f"made-up-{n}")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run *work* to its end, on a loop of its own that the test runner does not notice."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(work)


def skip(why: str) -> NoReturn:
    """Skip the test at hand."""
    import pytest  # noqa: PLC0415 - of tests only: the hub runs without it

    pytest.skip(why)


def _told(made: Draft | Held) -> str:
    return f"{made.code}: {made.message}" if isinstance(made, Held) else ""
