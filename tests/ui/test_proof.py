"""The proof in a browser: a period chosen, what is being read shown, the verdict, differences first, the table."""

from __future__ import annotations

import asyncio
import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from playwright.async_api import Page, expect

from hub.contract import Page as RemotePage
from hub.domain.records import RecordType
from hub.errors import TemporaryError, ThrottledError
from hub.sync import proving
from plugins.xero.webservice import Xero
from tests.sync.harness import make_contact, make_invoice, make_line
from tests.ui.browser import look
from tests.ui.desk import HOME, Desk, Person


def proof_of(desk: Desk, query: str = "", name: str = "proof") -> str:
    return f"{HOME}/webservices/{desk.webservice_id}/{name}" + (f"?{query}" if query else "")


async def fill(desk: Desk, n: int = 3) -> None:
    """Invoices that stand in the books, one paid, one held, one draft."""
    await desk.connect()
    held = make_invoice("i-90", lines=[make_line(price="500.00", tax_code="nowhere")])
    await desk.bench.put(
        make_contact(),
        *(make_invoice(f"i-{one}", total=f"{one}00.00") for one in range(1, n + 1)),
        held,
        make_invoice("i-91", status="draft"),
        {
            "type": "payment",
            "id": "p-1",
            "invoice_id": "i-1",
            "paid_on": "2026-03-10",
            "amount": "100.00",
            "currency": "AUD",
            "method": "bank_transfer",
        },
    )
    await desk.sync()


async def csv_of(person: Person, path: str) -> list[dict[str, str]]:
    answer = await person.get(path)
    assert answer.status == 200, answer.text
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text)))


async def test_both_ledgers_are_compared_for_the_period_chosen(
    desk: Desk, page: Page, shots: Path, script: bool
) -> None:
    await fill(desk)
    await desk.bench.put(make_invoice("i-91"))  # no draft any more, and not sent yet
    await page.goto(await desk.link("reader"))
    await page.get_by_role("link", name="Proof").click()
    await expect(page.get_by_text("Choose a period")).to_be_visible()
    if script:
        await look(page, shots, "proof-pick")
    await page.get_by_label("From").fill("2026-03-01")
    await page.get_by_label("To", exact=False).last.fill("2026-03-31")
    await page.get_by_role("button", name="Compare").click()
    verdict = page.locator(".verdict")
    await expect(verdict).to_contain_text("What is in the books agrees to the cent, but not everything is there yet.")
    await expect(verdict).to_contain_text("1 March 2026 to 31 March 2026")
    await expect(verdict).to_contain_text("3 invoices, 1 payment compared.")
    await expect(page.locator(".reading").first).to_be_hidden()
    await expect(page.get_by_text("are shown; the table")).to_have_count(0)
    sums = page.get_by_role("table", name="AUD")
    await expect(sums.get_by_role("row", name="Total")).to_contain_text("$600.00")
    await expect(page.get_by_role("table", name="Not in the books")).to_contain_text("Tax code missing")
    await expect(page.get_by_role("table", name="Not in the books")).to_contain_text("Goes with the next run")
    if script:
        await look(page, shots, "proof-incomplete")
    await page.goto(desk.base + proof_of(desk, "from=2027-01-01"))
    await expect(verdict).to_contain_text("There is nothing in the books of Xero in this period.")


async def test_what_differs_comes_first_and_orphans_of_both_sides(
    desk: Desk, page: Page, shots: Path, script: bool
) -> None:
    await fill(desk)
    edited, gone, stray = (desk.bench.invoice(f"AG-{n}") for n in (2, 3, 1))
    await page.goto(await desk.link("bookkeeper"))
    original = Xero.read_ours

    async def tampered(self: Any, type: RecordType, cursor: str | None) -> RemotePage:
        found = await original(self, type, cursor)
        items = []
        for one in found.items:
            if one.id == edited.id:
                items.append(changed(one, total=Decimal("201.20")))
            elif one.id == stray.id:
                items += [one, changed(one, id="11111111-2222-3333-4444-555555555555", number="AG-77", parts=None)]
            elif one.id != gone.id:
                items.append(one)
        return RemotePage(items=tuple(items), cursor=found.cursor)

    async def read(self: Any, type: str, ids: Any) -> Any:
        return []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Xero, "read_ours", tampered)
        patch.setattr(Xero, "read", read)
        await page.goto(desk.base + proof_of(desk, "period=all"))
    await expect(page.locator(".verdict h2")).to_have_text(
        "The ledgers do not agree: 1 record differs, 1 record is gone in Xero and 1 document stands only in Xero."
    )
    rows = page.get_by_role("table", name="What differs").locator("tbody tr")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("AG-2")
    await expect(rows).to_contain_text("-$1.20")
    await expect(page.get_by_role("table", name="Only there")).to_contain_text("AG-77")
    await expect(page.get_by_role("table", name="Gone there")).to_contain_text("AG-3")
    if script:
        await look(page, shots, "proof-differs")
        await page.emulate_media(media="print")
        await page.screenshot(path=shots / "proof-print.png", full_page=True, caret="initial")
        await expect(page.locator(".pick")).to_be_hidden()


def changed(value: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(value, **changes)


async def test_the_page_shows_what_is_read_while_it_is_read(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page begins before the proof is made, so nothing in between gives up waiting."""
    await fill(desk)
    reached, go_on = asyncio.Event(), asyncio.Event()
    original = Xero.read_ours

    async def slow(self: Any, type: RecordType, cursor: str | None) -> RemotePage:
        if type == "payment":
            reached.set()
            await go_on.wait()
        return await original(self, type, cursor)

    monkeypatch.setattr(Xero, "read_ours", slow)
    person = await desk.person("reader")
    cookie = "; ".join(f"{name}={value}" for name, value in person.cookies.items())
    url = desk.base + proof_of(desk, "period=all")
    async with desk.http.get(url, headers={"Cookie": cookie}) as response:
        assert response.headers["X-Accel-Buffering"] == "no"
        assert "form-action" in response.headers["Content-Security-Policy"]
        begun = b""
        while b"Reading invoices" not in begun:
            begun += await response.content.readany()
        await reached.wait()
        assert b"Reading invoices and credit notes in Xero: 3 so far." in begun
        assert b"verdict" not in begun
        go_on.set()
        rest = await response.text()
    assert 'class="verdict' in rest
    assert rest.rstrip().endswith("</html>")
    assert begun.decode().count("<div") + rest.count("<div") == begun.decode().count("</div") + rest.count("</div")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ThrottledError(43, "minute"), "The accounting system takes no more calls for now"),
        (TemporaryError("Xero did not answer."), "Xero did not answer."),
        (ZeroDivisionError("secret"), "something went wrong in the hub"),
    ],
    ids=["throttled", "away", "bug"],
)
async def test_a_reading_that_fails_is_a_sentence_and_no_half_a_proof(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, error: Exception, says: str
) -> None:
    await fill(desk)
    original = Xero.read_ours

    async def broken(self: Any, type: RecordType, cursor: str | None) -> RemotePage:
        if type == "payment":
            raise error
        return await original(self, type, cursor)

    monkeypatch.setattr(Xero, "read_ours", broken)
    person = await desk.person("reader")
    answer = await person.get(proof_of(desk, "period=all"))
    assert answer.status == 200
    assert f"There is no proof this time: {says}" in answer.text
    assert "Try again" in answer.text
    assert "verdict" not in answer.text
    assert "secret" not in answer.text
    assert answer.text.rstrip().endswith("</html>")


async def test_the_table_has_every_row_and_ends_with_the_verdict(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await fill(desk, 60)
    monkeypatch.setattr(proving, "PAGE", 7)
    person = await desk.person("reader")
    rows = await csv_of(person, proof_of(desk, "period=all", "proof.csv"))
    numbers = [row["number"] for row in rows if row["section"] == "row" and row["type"] == "invoice"]
    assert sorted(numbers) == sorted(f"AG-{n}" for n in range(1, 61))
    assert rows[-1]["section"] == "verdict"
    assert rows[-1]["state"] == "agrees=true complete=false"
    page = await person.get(proof_of(desk, "period=all"))
    assert len(page.text.encode()) < 60_000
    assert "proof.csv?period=all" in page.text
    assert (await csv_of(person, proof_of(desk, "from=2027-01-01", "proof.csv")))[-1]["section"] == "verdict"


async def test_a_table_that_cannot_be_finished_is_a_failed_download(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(desk)
    person = await desk.person("reader")
    original = Xero.read_ours

    async def broken(self: Any, type: RecordType, cursor: str | None) -> RemotePage:
        if type == "payment":
            raise TemporaryError("Xero did not answer.")
        return await original(self, type, cursor)

    monkeypatch.setattr(Xero, "read_ours", broken)
    with pytest.raises(aiohttp.ClientError):
        await person.get(proof_of(desk, "period=all", "proof.csv"))

    async def away(self: Any, type: RecordType, cursor: str | None) -> RemotePage:
        raise TemporaryError("Xero did not answer.")

    monkeypatch.setattr(Xero, "read_ours", away)
    answer = await person.get(proof_of(desk, "period=all", "proof.csv"))
    assert (answer.status, "Xero did not answer." in answer.text) == (503, True)


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("period=sometime", 422, "There is no such period"),
        ("from=2026-02-30", 422, "needs a day such as"),
        ("from=2026-03-02&to=2026-03-01", 422, "comes before from"),
        ("from=0001-01-01&to=9999-12-31", 200, "verdict"),
        ("from=&to=", 200, "Choose a period"),
    ],
)
async def test_a_period_that_cannot_be_is_told_at_its_field(desk: Desk, query: str, status: int, says: str) -> None:
    await desk.connect()
    person = await desk.person("reader")
    answer = await person.get(proof_of(desk, query))
    assert (answer.status, says in answer.text) == (status, True), answer.text
    table = await person.get(proof_of(desk, query, "proof.csv"))
    assert table.status == (200 if "9999" in query else 422)


async def test_where_nothing_can_be_compared_the_page_says_why(desk: Desk) -> None:
    person = await desk.person("reader")
    assert "There is nothing to compare yet" in (await person.get(f"{HOME}/proof")).text
    await desk.make()
    answer = await person.get(proof_of(desk, "period=all"))
    assert answer.status == 200
    assert "Nothing can be compared now." in answer.text
    assert (await person.get(proof_of(desk, "period=all", "proof.csv"))).status == 409
    assert (await person.send("HEAD", proof_of(desk, "period=all"))).status == 200
    await desk.make()
    assert (await person.get(f"{HOME}/proof")).text.count("Compare with Xero") == 2
