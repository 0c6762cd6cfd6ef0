"""The kind `files`: what it writes, that it writes it once, and what it finds there again."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pydantic
import pytest

import hub
from hub import registry
from plugins.core import folder, sheets
from plugins.core.files import Files, FilesSettings

GALLERY = hub.Gallery(id="g", name="G", country="AU", currency="AUD", timezone="Australia/Sydney")
ANA = hub.Contact(
    id="c-7", name="=cmd()", email="ana@example.com", address=hub.Address(lines=("1 Rd", "Top"), country="AU")
)
GST = hub.TaxCode(id="gst", name="GST", rate=Decimal(10))


class NoDoor:
    """The kind needs no HTTP."""

    async def send(self, request: hub.Request, *, organisation: bool = True, key: str | None = None) -> hub.Response:
        raise AssertionError("files are not sent anywhere")


@pytest.fixture(autouse=True)
def base(tmp_path: Path) -> Iterator[Path]:
    Files.configure({"folder": str(tmp_path)})
    yield tmp_path
    Files.configure({})


def make_service(*, gallery: str = "g", name: str = "books") -> Files:
    book = hub.Book(
        gallery=msgspec.structs.replace(GALLERY, id=gallery),
        kind="files",
        webservice_id="w-1",
        settings=FilesSettings(folder=name),
        tag="abcdef",
        connected_at=datetime(2026, 1, 1, tzinfo=UTC),
        today=date(2026, 3, 4),
    )
    return Files(NoDoor(), book)


def make_invoice(**fields: Any) -> hub.Invoice:
    lines = tuple(
        hub.Line(
            id=id_, kind="artwork", description=text, quantity=Decimal(1), unit_price=Decimal("225.00"), tax_code="gst"
        )
        for id_, text in (("1", "Study, in blue"), ("2", "@SUM(A1)"))
    )
    given = {"id": "i-1", "number": "1234", "total": Decimal("450.00"), "lines": lines, **fields}
    return hub.Invoice(contact_id="c-7", currency="AUD", price_mode="inclusive", issued_on=date(2026, 3, 4), **given)


def make_payment(**fields: Any) -> hub.Payment:
    given = {"id": "p-9", "amount": Decimal("450.00"), **fields}
    return hub.Payment(invoice_id="i-1", paid_on=date(2026, 3, 10), method="cash", **given)


def make_subject(record: Any, **fields: Any) -> hub.Subject:
    known = {"contact": ANA, "invoice": make_invoice(), "tax_codes": {"gst": GST}, **fields}
    return hub.Subject(record=record, version=1, number=getattr(record, "number", record.id), gallery=GALLERY, **known)


def make_write(record: Any, *, version: int = 1) -> hub.Write:
    subject = make_subject(record)
    draft = Files.render(subject, make_service().book)  # type: ignore[arg-type] # it has a book
    assert isinstance(draft, hub.Draft)
    return hub.Write(
        reference=subject.reference,
        operation=hub.Operation.CREATE,
        number=subject.number,
        draft=draft,
        record_version=version,
    )


async def push(service: Files, *writes: hub.Write, key: str = "k-1") -> tuple[hub.Remote, ...]:
    outcomes = await service.push(Files.request(writes, {}), writes, key)
    assert all(isinstance(one, hub.Accepted) for one in outcomes)
    return tuple(one.remote for one in outcomes if isinstance(one, hub.Accepted))


def names(path: Path) -> list[str]:
    return sorted(str(one.relative_to(path)) for one in path.rglob("*") if one.is_file())


def read_rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


async def test_a_batch_becomes_a_sheet_and_lines_below_gallery_and_folder(base: Path) -> None:
    await push(make_service(), make_write(make_invoice()))
    first, second = names(base)
    assert first.startswith("g/books/000001-invoices-")
    assert (first.endswith(".csv"), second) == (True, first.removesuffix("csv") + "jsonl")
    rows = read_rows(base / first)
    assert [(row["number"], row["total"], row["line"], row["unit_price"], row["tax_rate"]) for row in rows] == [
        ("1234", "450.00", "1", "225.00", "10"),
        ("1234", "450.00", "2", "225.00", "10"),
    ]
    (line,) = msgspec.json.Decoder(dict).decode_lines((base / second).read_bytes())
    assert (line["type"], line["id"], line["operation"], line["total"]) == ("invoice", "i-1", "create", "450.00")


async def test_what_looks_like_a_formula_is_text_in_the_sheet_and_untouched_in_the_lines(base: Path) -> None:
    await push(make_service(), make_write(ANA))
    sheet, lines = names(base)
    (row,) = read_rows(base / sheet)
    assert (row["name"], row["address"], row["country"]) == ("'=cmd()", "1 Rd, Top", "AU")
    assert b'"name":"=cmd()"' in (base / lines).read_bytes()


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+61 2 5550 0123", "'+61 2 5550 0123"),
        ("-5.00", "-5.00"),
        ("-5.00-1", "'-5.00-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("  =1", "'  =1"),
        ("＝1", "'＝1"),
        ("a\x00b", "ab"),
        ("1 = 1", "1 = 1"),
        (None, ""),
        (True, "yes"),
        ("", ""),
    ],
)
def test_cells_are_escaped(value: Any, cell: str) -> None:
    assert sheets.render_cell(value) == cell


async def test_a_repeated_key_writes_nothing_anew(base: Path) -> None:
    service, write = make_service(), make_write(make_invoice())
    first = await push(service, write)
    before = {name: (base / name).stat().st_mtime_ns for name in names(base)}
    assert await push(make_service(), write) == first
    assert {name: (base / name).stat().st_mtime_ns for name in names(base)} == before


async def test_a_batch_that_was_cut_off_before_its_lines_is_taken_up_again(base: Path) -> None:
    await push(make_service(), make_write(ANA), key="k-0")
    await push(make_service(), make_write(make_invoice()))
    cut = [name for name in names(base) if "000002" in name]
    (base / cut[1]).unlink()
    lookup = hub.Lookup(reference=hub.Reference("invoice", "i-1"), number="1234")
    assert await make_service().find([lookup]) == {lookup.reference: ()}

    await push(make_service(), make_write(make_invoice()))

    assert [name for name in names(base) if "000002" in name] == cut
    assert len(names(base)) == 4


async def test_what_was_written_is_found_read_and_listed(base: Path) -> None:
    service = make_service()
    (remote,) = await push(service, make_write(make_invoice()))
    (payment,) = await push(service, make_write(make_payment()), key="k-2")
    assert (remote.total, remote.currency, remote.on) == (Decimal("450.00"), "AUD", date(2026, 3, 4))
    assert (payment.total, payment.document_id) == (Decimal("450.00"), "i-1")

    lookup = hub.Lookup(reference=hub.Reference("invoice", "i-1"), number="1234")
    other = hub.Lookup(reference=hub.Reference("invoice", "i-2"), number="1234")
    assert await make_service().find([lookup, other]) == {lookup.reference: (remote,), other.reference: ()}
    assert await make_service().read("invoice", [remote.id, hub.RemoteId("i-2")]) == (remote,)
    assert (await make_service().read_ours("payment", None)).items == (payment,)


async def test_the_last_line_tells_what_stands_there() -> None:
    service = make_service()
    (first,) = await push(service, make_write(make_invoice()))
    changed = make_write(make_invoice(total=Decimal("460.00")), version=2)
    (second,) = await push(service, msgspec.structs.replace(changed, operation=hub.Operation.UPDATE), key="k-2")
    assert await service.read("invoice", [first.id]) == (second,)
    assert (second.total, second.version) == (Decimal("460.00"), "2-2")

    cancel = msgspec.structs.replace(changed, operation=hub.Operation.CANCEL, draft=None, remote=second)
    await push(service, cancel, key="k-3")
    (there,) = await service.read("invoice", [first.id])
    assert (there.status, there.total) == ("voided", Decimal("460.00"))


async def test_an_altered_file_is_read_as_it_is_now(base: Path) -> None:
    service = make_service()
    (remote,) = await push(service, make_write(make_invoice()))
    assert await service.read("invoice", [remote.id]) == (remote,)
    lines = base / names(base)[1]
    lines.write_bytes(lines.read_bytes().replace(b'"450.00"', b'"4500.0"'))
    (there,) = await service.read("invoice", [remote.id])
    assert there.total == Decimal(4500)


@pytest.mark.parametrize("content", [b"{", b"5\n", b"{}\n", b'{"type":"invoice","id":"i-1","total":"x"}\n'])
async def test_a_broken_file_is_said_by_name_and_tried_later(base: Path, content: bytes) -> None:
    service = make_service()
    await push(service, make_write(make_invoice()))
    (base / names(base)[1]).write_bytes(content)
    with pytest.raises(hub.TemporaryError, match="cannot be read"):
        await service.read("invoice", [hub.RemoteId("i-1")])


async def test_a_folder_that_cannot_be_written_is_tried_later(base: Path) -> None:
    (base / "g").write_text("a file where a folder should be")
    with pytest.raises(hub.TemporaryError, match="cannot be written: Not a directory"):
        await push(make_service(), make_write(ANA))


@pytest.mark.parametrize("gallery", ["..", ".", ".hidden"])
async def test_no_gallery_id_leads_out_of_the_base(base: Path, gallery: str) -> None:
    await push(make_service(gallery=gallery), make_write(ANA))
    assert all(name.startswith(f"_{gallery}/books/") for name in names(base))


@pytest.mark.parametrize("name", ["", "..", "a/b", "/etc", "Books", "a b", "-a", "a" * 51, "a\n"])
def test_the_folder_is_a_plain_name(name: str) -> None:
    with pytest.raises(pydantic.ValidationError):
        FilesSettings(folder=name)


def test_galleries_and_folders_are_apart() -> None:
    folders = {make_service(gallery=gallery, name=name)._folder() for gallery in ("a", "b") for name in ("x", "y")}
    assert len(folders) == 4


async def test_the_organisation_is_the_folder() -> None:
    (organisation,) = await make_service(name="tax").organisations({})
    assert organisation.id == "g/tax"


@pytest.mark.parametrize(
    ("record", "fields", "code"),
    [
        (make_invoice(), {"contact": None}, "contact_missing"),
        (make_payment(), {"invoice": None}, "refused"),
        (GALLERY, {}, "refused"),
    ],
)
def test_what_lacks_something_is_held(record: Any, fields: dict[str, Any], code: str) -> None:
    subject = hub.Subject(record=record, version=1, number="n", gallery=GALLERY, **fields)
    held = Files.render(subject, make_service().book)  # type: ignore[arg-type] # it has a book
    assert isinstance(held, hub.Held)
    assert held.code == code


def test_an_invoice_needs_its_contact_and_a_payment_its_invoice() -> None:
    assert make_write(make_invoice()).draft.needs == (hub.Reference("contact", "c-7"),)  # type: ignore[union-attr] # a create has one
    assert make_write(make_payment()).draft.needs == (hub.Reference("invoice", "i-1"),)  # type: ignore[union-attr] # a create has one


async def test_without_the_operators_folder_nothing_can_be_written() -> None:
    Files.configure({})
    (finding,) = (await make_service().create()).findings
    assert finding.blocking
    with pytest.raises(hub.PermanentError, match="HUB_CORE__FOLDER"):
        await push(make_service(), make_write(ANA))


async def test_with_the_operators_folder_nothing_blocks() -> None:
    assert (await make_service().create()).findings == ()


@pytest.mark.parametrize(("config", "place"), [({"folder": "books"}, "folder"), ({"file": "/a"}, "file")])
def test_a_wrong_section_is_named(config: dict[str, str], place: str) -> None:
    with pytest.raises(hub.FormError) as caught:
        Files.configure(config)
    assert [fault.at for fault in caught.value.faults] == [place]


def test_the_kind_is_registered_with_the_operators_section(tmp_path: Path) -> None:
    loaded = registry.load(["core"], config={"core": {"folder": str(tmp_path / "out")}})
    assert loaded.kinds["files"] is Files
    assert Files.base == tmp_path / "out"


def test_batches_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in ("1000000", "999999"):
        (tmp_path / f"{number}-invoices-{'a' * 16}.jsonl").write_bytes(b'{"n":%s}\n' % number.encode())
    (tmp_path / "notes.txt").write_text("a person's own file")
    assert [one.batch for one in folder.read_members(tmp_path)] == [999999, 1000000]
