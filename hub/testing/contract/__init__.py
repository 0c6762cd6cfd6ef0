"""The contract suite: what every kind must keep, whatever it connects.

    class TestTill(WebserviceContract):
        kind = Till

        def setup_method(self) -> None:
            self.till = FakeTill()

        def answer(self, request: hub.Request) -> hub.Response:
            return self.till.answer(request)

A failure says what the kind did and what the hub would make of it.
"""

from hub.testing.contract.answering import AnsweringTests
from hub.testing.contract.base import run
from hub.testing.contract.declared import DeclaredTests
from hub.testing.contract.reading import ReadingTests
from hub.testing.contract.rendering import RenderingTests
from hub.testing.contract.requesting import RequestingTests


class WebserviceContract(DeclaredTests, RenderingTests, RequestingTests, AnsweringTests, ReadingTests):
    """Subclass it in a test module, set `kind`, and give what the kind needs to work.

    To give:
        kind: The class under test.
        answer: What the remote side would answer to a request; one remote side for each test (`setup_method`).
            A kind that overrides `push` has no need of it.
        make_book: The book, with the mappings and choices that the kind's drafts need.
        contact, invoice, payment, credit_note: The n-th example of a record, when the plain ones do not do.
        tax_codes: Those of the examples, by id.
        secret_settings: Settings with a value for each secret, when there are required ones.
    """


__all__ = ["WebserviceContract", "run"]
