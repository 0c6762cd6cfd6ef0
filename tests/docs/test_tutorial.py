"""The plugin of the tutorial is loaded as a stranger's, works on an invoice, and passes its own tests."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest

import hub
from hub import registry
from hub.testing import FakeHttp
from tests.docs.pages import ROOT, code_blocks, read_page

PAGE = "docs/tutorial/first-plugin.md"


class FakeTill:
    """Till itself, behind the door that the hub gives to plugins."""

    def __init__(self) -> None:
        self.invoices: dict[str, dict[str, Any]] = {}

    async def send(self, request: hub.Request, *, organisation: bool = True, key: str | None = None) -> hub.Response:
        number = unquote(request.path.removeprefix("/invoices/"))
        if request.method == "PUT":
            told = msgspec.json.decode(request.body)
            if not told["customer"]:
                return hub.Response(status=422, body=b"no customer")
            self.invoices[number] = {
                "id": number,
                "number": number,
                "currency": told["currency"],
                "total": told["total"],
            }
        elif number not in self.invoices:
            return hub.Response(status=404)
        elif request.method == "DELETE":
            self.invoices[number]["status"] = "deleted"
        return hub.Response(status=200, body=msgspec.json.encode(self.invoices[number]))


@pytest.fixture
def till(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[hub.Webservice]]:
    """The kind, installed as the page says."""
    code, tests = code_blocks(read_page(PAGE), "python")
    (project,) = code_blocks(read_page(PAGE), "toml")
    (tmp_path / "hub_till.py").write_text(code, encoding="utf-8")
    (tmp_path / "test_till.py").write_text(tests, encoding="utf-8")
    (info := tmp_path / "hub_till-1.0.dist-info").mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hub-till\nVersion: 1.0\n")
    plugins = msgspec.toml.decode(project)["project"]["entry-points"][registry.GROUP]
    (info / "entry_points.txt").write_text(
        f"[{registry.GROUP}]\n" + "".join(f"{name} = {target}\n" for name, target in plugins.items())
    )
    monkeypatch.syspath_prepend(tmp_path)
    strangers = [one for each in distributions(path=[str(tmp_path)]) for one in each.entry_points]
    core = EntryPoint(name="core", value="plugins.core", group=registry.GROUP)
    loaded = registry.load(
        ["core", "till"], config={"till": {"url": "https://till.test"}}, entry_points=[core, *strangers]
    )
    yield loaded.kinds["till"]
    del sys.modules["hub_till"]


def make_subject(*, contact: str | None = "Ana Ruiz") -> hub.Subject:
    gallery = hub.Gallery(id="g", name="G", country="AU", currency="AUD", timezone="Australia/Sydney")
    line = hub.Line(id="1", kind="artwork", description="", quantity=Decimal(1), unit_price=Decimal(450))
    invoice = hub.Invoice(
        id="i-1",
        number="1234/b",
        contact_id="c-7",
        currency="AUD",
        price_mode="no_tax",
        lines=(line,),
        total=Decimal("450.00"),
        issued_on=date(2026, 3, 4),
    )
    known = None if contact is None else hub.Contact(id="c-7", name=contact)
    return hub.Subject(record=invoice, version=1, number="AG-1234/b", gallery=gallery, contact=known)


def make_book(kind: type[hub.Webservice]) -> hub.Book:
    return hub.Book(
        gallery=make_subject().gallery,
        kind=kind.kind,
        webservice_id="w-1",
        settings=kind.settings(),
        tag="abcdef",
        connected_at=datetime(2026, 1, 1, tzinfo=UTC),
        today=date(2026, 3, 4),
    )


def make_write(kind: type[hub.Webservice], subject: hub.Subject) -> hub.Write:
    draft = kind.render(subject, make_book(kind))
    assert isinstance(draft, hub.Draft)
    return hub.Write(reference=subject.reference, operation=hub.Operation.CREATE, number=draft.number, draft=draft)


async def push(kind: type[hub.Webservice], door: FakeTill, write: hub.Write) -> hub.Outcome:
    service = kind(door, make_book(kind))
    (outcome,) = await service.push(kind.request([write], {}), [write], "key")
    return outcome


def test_the_operators_section_reaches_the_kind(till: type[hub.Webservice]) -> None:
    assert till.base_url() == "https://till.test"


def test_the_number_has_the_prefix_of_the_settings(till: type[hub.Webservice]) -> None:
    assert till.number("invoice", "1234", make_book(till)) == "AG-1234"


async def test_an_invoice_is_written_found_and_read(till: type[hub.Webservice]) -> None:
    door = FakeTill()
    write = make_write(till, make_subject())

    outcome = await push(till, door, write)

    assert isinstance(outcome, hub.Accepted)
    assert outcome.remote.total == Decimal("450.00")
    service = till(door, make_book(till))
    lookup = hub.Lookup(reference=write.reference, number=write.number)
    assert await service.find([lookup]) == {write.reference: (outcome.remote,)}
    assert await service.read("invoice", [outcome.remote.id]) == (outcome.remote,)


async def test_an_invoice_is_taken_back(till: type[hub.Webservice]) -> None:
    door = FakeTill()
    write = make_write(till, make_subject())
    await push(till, door, write)

    outcome = await push(till, door, msgspec.structs.replace(write, operation=hub.Operation.CANCEL, draft=None))

    assert isinstance(outcome, hub.Accepted)
    assert outcome.remote.status == "deleted"


async def test_a_refusal_is_refused_with_their_words(till: type[hub.Webservice]) -> None:
    outcome = await push(till, FakeTill(), make_write(till, make_subject(contact="")))
    assert isinstance(outcome, hub.Refused)
    assert outcome.message == "Till says: no customer"


@pytest.mark.parametrize("answer", [(500, b""), (200, b'{"id": "AG-1", "number": "AG-1"}')])
def test_an_answer_that_says_nothing_about_the_write_is_unknown(
    till: type[hub.Webservice], answer: tuple[int, bytes]
) -> None:
    response = hub.Response(status=answer[0], body=answer[1])
    (outcome,) = till.outcomes([make_write(till, make_subject())], response)
    assert isinstance(outcome, hub.Unknown)


async def test_what_is_not_there_is_not_found(till: type[hub.Webservice]) -> None:
    lookup = hub.Lookup(reference=make_subject().reference, number="AG-1234/b")
    assert await till(FakeTill(), make_book(till)).find([lookup]) == {lookup.reference: ()}


def test_an_invoice_without_its_contact_is_held(till: type[hub.Webservice]) -> None:
    held = till.render(make_subject(contact=None), make_book(till))
    assert isinstance(held, hub.Held)
    assert held.code == "contact_missing"


def test_a_credit_note_is_no_invoice(till: type[hub.Webservice]) -> None:
    invoice = make_subject()
    credit = msgspec.structs.replace(invoice, record=msgspec.structs.replace(invoice.record, kind="credit_note"))
    assert isinstance(till.render(credit, make_book(till)), hub.Held)


async def test_a_failure_is_not_taken_for_no_invoice(till: type[hub.Webservice]) -> None:
    lookup = hub.Lookup(reference=make_subject().reference, number="AG-1234/b")
    for answer in (hub.Response(status=500), hub.Response(status=200, body=b"{")):
        with pytest.raises(hub.TemporaryError):
            await till(FakeHttp(answer), make_book(till)).find([lookup])


@pytest.mark.usefixtures("till")
def test_the_tests_of_the_page_pass_with_nothing_left_out(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "test_till.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert told.returncode == 0, told.stdout
    assert re.search(r"^\d\d passed in", told.stdout, re.MULTILINE), told.stdout
