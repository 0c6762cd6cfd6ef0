"""The kind `xero` keeps the contract; the sandbox's own rules answer, without a socket."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import unquote

from hub import Book, Request, Response, TaxCode
from hub.testing import FakeHttp, WebserviceContract, run
from plugins.xero.sandbox.accounting import Ask, answer
from plugins.xero.sandbox.books import Books
from plugins.xero.sandbox.settings import SandboxSettings
from plugins.xero.webservice import Xero
from tests.plugins.xero.builders import make_book, tax_code
from tests.plugins.xero.world import MAPPINGS

API = "/api.xro/2.0/"


class TestXero(WebserviceContract):
    kind = Xero

    def setup_method(self) -> None:
        self.books = Books(
            organisation_id="00000000-0000-4000-8000-000000000001",
            name="Harbour Lane",
            country="AU",
            currency="AUD",
            settings=SandboxSettings(),
            clock=lambda: datetime(2026, 3, 5, 9, tzinfo=UTC),
        )
        plain = make_book(mappings=MAPPINGS, organisation_id=self.books.id)
        choices = run(Xero(FakeHttp(self.answer), plain).choices())
        self.book = make_book(mappings=MAPPINGS, organisation_id=self.books.id, choices=choices)

    def make_book(self) -> Book:
        return self.book

    def tax_codes(self) -> dict[str, TaxCode]:
        return {"gst": tax_code("gst")}

    def answer(self, request: Request) -> Response:
        path = tuple(unquote(part) for part in request.path.removeprefix(API).split("/"))
        headers = {name.lower(): value for name, value in request.headers}
        told = answer(
            self.books,
            Ask(
                method=request.method,
                path=path,
                params=dict(request.query),
                headers=headers,
                body=request.body,
                app="the-app",
            ),
        )
        return Response(status=told.status, headers=told.headers, body=told.body)
