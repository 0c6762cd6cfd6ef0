"""Runs in a browser: asked for, followed while they go on, read afterwards; a dry run before the first real one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from hub.store import batches
from tests.sync.harness import GALLERY, make_contact, make_invoice, make_line
from tests.ui.browser import look
from tests.ui.desk import HOME, Desk


def runs_of(desk: Desk, *parts: str) -> str:
    return "/".join((HOME, "webservices", desk.webservice_id, "runs", *parts))


async def fill(desk: Desk, n: int = 3) -> None:
    """A contact and some invoices, the first of them paid."""
    await desk.bench.put(
        make_contact(),
        *(make_invoice(f"i-{one}", total=f"{one}00.00") for one in range(1, n + 1)),
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


async def pretend_running(desk: Desk, run_id: str, doing: str, *, done: int, total: int, resume: bool = False) -> None:
    """A run in the middle of its work, as another daemon would leave it in the database."""
    async with desk.bench.hub.database.transaction() as conn:
        await conn.execute(
            "UPDATE run SET state = $3, done = $4, total = $5, calls = 24, seconds = 60, "
            "error = CASE WHEN $6 THEN 'The accounting system takes no more calls for now.' END, "
            "resume_at = CASE WHEN $6 THEN clock_timestamp() + interval '1 minute' END, "
            "started_at = clock_timestamp() - interval '1 minute' WHERE gallery_id = $1 AND id = $2",
            GALLERY,
            run_id,
            "waiting" if resume else "running",
            done,
            total,
            resume,
        )
        await conn.execute(
            "UPDATE lease SET owner = 'another', until = clock_timestamp() + interval '1 minute', doing = $3 "
            "WHERE gallery_id = $1 AND webservice_id = $2",
            GALLERY,
            desk.webservice_id,
            doing,
        )


async def start(desk: Desk, **form: str) -> str:
    """Ask for a run on the page; its id."""
    person = await desk.person("bookkeeper")
    answer = await person.post(runs_of(desk), form)
    assert answer.status == 303, answer.text
    return answer.to.rpartition("/")[2]


async def test_the_dry_run_is_read_before_the_first_real_run(desk: Desk, page: Page, shots: Path, script: bool) -> None:
    await desk.connect()
    await fill(desk)
    await page.goto(await desk.link("bookkeeper"))
    await page.goto(desk.base + runs_of(desk))
    await expect(page.get_by_text("No run yet")).to_be_visible()
    if script:
        await look(page, shots, "runs-empty")
    await page.get_by_role("button", name="Start a dry run").click()
    await expect(page.get_by_role("status").first).to_contain_text("nothing is written")
    await desk.bench.work()
    if not script:
        await page.get_by_role("link", name="Reload").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Dry run of today")
    planned = page.get_by_role("table", name="What would be written, in this order")
    await expect(planned.get_by_role("row")).to_have_text(
        [
            re.compile("What"),
            re.compile(r"Create contacts\s+1"),
            re.compile(r"Create invoices\s+3\s+\$600.00"),
            re.compile(r"Create payments\s+1\s+\$100.00"),
        ],
        use_inner_text=True,
    )
    draft = page.locator("details").filter(has_text="AG-3")
    await expect(draft.get_by_text("Study for a Harbour")).to_be_hidden()
    await draft.locator("summary").click()
    await expect(draft.get_by_text("Study for a Harbour")).to_be_visible()
    assert desk.bench.books() == {}
    if script:
        await look(page, shots, "dry-run")
    await page.get_by_role("button", name="Start the sync").click()
    await expect(page.get_by_role("status").first).to_contain_text("The run begins.")
    await desk.bench.work()
    if not script:
        await page.get_by_role("link", name="Reload").click()
    await expect(page.get_by_role("heading", name="What it did")).to_be_visible()
    await expect(page.locator(".counts")).to_contain_text("5 created")
    assert set(desk.bench.books()) == {"AG-1", "AG-2", "AG-3"}
    writes = page.get_by_role("table", name="Writes of this run")
    await expect(writes.locator("tbody tr")).to_have_count(5)
    await page.get_by_role("link", name="Contacts").click()
    await expect(writes.locator("tbody tr")).to_have_count(1)
    await expect(writes).to_contain_text("Ana Ruiz")
    if script:
        await page.goto(page.url.partition("?")[0])
        await look(page, shots, "run-done")


async def test_what_was_refused_says_so_and_leads_on(desk: Desk, page: Page, shots: Path, script: bool) -> None:
    await desk.connect()
    broken = make_invoice("i-9", lines=[make_line(price="500.00", tax_code="nowhere")])
    await desk.bench.put(broken)
    await fill(desk)
    await desk.sync()
    await desk.sync()
    await page.goto(await desk.link("reader"))
    await page.goto(desk.base + runs_of(desk))
    await expect(page.get_by_role("button", name="Sync now")).to_have_count(0)
    rows = page.get_by_role("table").locator("tbody tr")
    await expect(rows).to_have_count(2)
    await expect(rows.last).to_contain_text("5 created, 1 held")
    if script:
        await look(page, shots, "runs")
    await rows.last.get_by_role("link").click()
    await expect(page.get_by_text("1 record needs you.")).to_be_visible()


@pytest.mark.parametrize("script", [True], indirect=True)
async def test_a_run_is_followed_while_it_goes_on(desk: Desk, page: Page, shots: Path) -> None:
    await desk.connect()
    await fill(desk)
    run_id = await start(desk)
    await page.goto(await desk.link("reader"))
    await page.goto(desk.base + runs_of(desk, run_id))
    await expect(page.get_by_role("heading", name="It begins in a moment")).to_be_visible()
    await pretend_running(desk, run_id, "sending 50 invoices", done=6, total=10)
    await expect(page.get_by_role("heading", name="Sending 50 invoices.")).to_be_visible()
    # 6 in a minute, so 4 more in 40 seconds
    await expect(page.locator(".now")).to_contain_text("6 of 10")
    await expect(page.locator(".when")).to_have_text("Done within a minute.")
    await look(page, shots, "run-live")
    await pretend_running(desk, run_id, "sending 50 invoices", done=100, total=1000, resume=True)
    await expect(page.locator(".now")).to_contain_text(
        "The accounting system takes no more calls for now. It goes on by itself at about"
    )
    await look(page, shots, "run-waiting")


@pytest.mark.parametrize("script", [False], indirect=True)
async def test_without_javascript_the_page_loads_itself_again(desk: Desk, page: Page) -> None:
    await desk.connect()
    run_id = await start(desk)
    person = await desk.person("reader")
    answer = await person.get(runs_of(desk, run_id))
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in answer.text
    await desk.bench.work()
    assert "http-equiv" not in (await person.get(runs_of(desk, run_id))).text


async def test_a_run_that_stopped_says_why_and_what_to_do(desk: Desk) -> None:
    await desk.connect()
    run_id = await start(desk)
    async with desk.bench.hub.database.transaction() as conn:
        await conn.execute(
            "UPDATE run SET state = 'failed', error = 'no plugin adds the kind', finished_at = clock_timestamp() "
            "WHERE id = $1",
            run_id,
        )
    reader, bookkeeper = await desk.person("reader"), await desk.person("bookkeeper")
    text = (await reader.get(runs_of(desk, run_id))).text
    assert "No plugin adds the kind." in text
    assert "See the problems" in text
    assert "Try again" not in text
    assert "Try again" in (await bookkeeper.get(runs_of(desk, run_id))).text


async def test_who_may_not_or_cannot_start_a_run_is_told(desk: Desk) -> None:
    await desk.connect()
    reader, bookkeeper, owner = [await desk.person(role) for role in ("reader", "bookkeeper", "owner")]
    assert (await reader.post(runs_of(desk))).status == 403
    status, _ = await desk.call("PATCH", desk.path, json={"state": "paused"})
    assert status == 200
    answer = await owner.get(runs_of(desk))
    assert "No run can begin now." in answer.text
    assert "Sync now" not in answer.text
    refused = await bookkeeper.post(runs_of(desk))
    assert (refused.status, "is stopped" in refused.text) == (409, True)


@pytest.mark.parametrize(
    "query",
    ["cursor=x", "cursor=" + "A" * 600, "type=gallery", "outcome=x", "cursor=WyIyMDI2LTAxLTAxVDAwOjAwOjAwWiIsIngiXQ"],
)
async def test_odd_queries_are_refused_in_words_or_find_nothing(desk: Desk, query: str) -> None:
    await desk.connect()
    run = await desk.sync()
    person = await desk.person("reader")
    for path in (runs_of(desk), runs_of(desk, run["id"])):
        answer = await person.get(f"{path}?{query}")
        assert answer.status in {200, 422}, answer.text
        assert answer.headers["Content-Type"].startswith("text/html")
    assert (await person.get(runs_of(desk, "r-unknown"))).status == 404


async def test_the_writes_of_a_run_are_paged_newest_first(desk: Desk) -> None:
    await desk.connect()
    await fill(desk, 60)
    run = await desk.sync()
    person = await desk.person("reader")
    first = await person.get(runs_of(desk, run["id"]))
    assert first.text.count("<tr>") == 51
    (older,) = re.findall(r'rel="next" href="([^"]+)"', first.text)
    second = await person.get(older.replace("&amp;", "&"))
    assert second.text.count("<tr>") == 13
    numbers = {one for text in (first.text, second.text) for one in re.findall(r">(AG-\d+)<", text)}
    assert len(numbers) == 60
    only = await person.get(runs_of(desk, run["id"]) + "?type=payment")
    assert only.text.count("<tr>") == 2
    assert len(first.text.encode()) < 60_000


async def test_a_dry_run_promises_no_problems_that_are_not_written_down_yet(desk: Desk) -> None:
    await desk.connect()
    broken = make_invoice("i-2", lines=[make_line(tax_code="nowhere")])
    await desk.bench.put(make_contact(), make_invoice("i-1"), broken)
    run = await desk.sync(dry_run=True)
    shown = (await (await desk.person("bookkeeper")).get(runs_of(desk, run["id"]))).text
    assert "1 held" in shown
    assert re.search(r"Why, and what to do, stands under <a [^>]+>Problems</a> as soon as the sync has run", shown)
    assert "See what needs you" not in shown


async def test_a_dry_run_of_many_is_paged_and_grouped(desk: Desk) -> None:
    await desk.connect()
    await fill(desk, 60)
    long = [make_line(str(n), price="10.00", description="x" * 400) for n in range(60)]
    await desk.bench.put(make_invoice("i-long", number="long", lines=long, total="600.00"))
    run = await desk.sync(dry_run=True)
    person = await desk.person("reader")
    path, seen, pages = runs_of(desk, run["id"]), 0, 0
    answer = await person.get(f"{path}?group=invoice-create")
    while True:
        seen += answer.text.count('class="draft"')
        pages += 1
        assert len(answer.text.encode()) < 60_000
        following = re.findall(r'rel="next" href="([^"#]+)', answer.text)
        if not following:
            break
        answer = await person.get(following[0].replace("&amp;", "&"))
    assert seen == 61
    assert pages <= 3
    assert (await person.get(f"{path}?group=nothing")).status == 422
    assert (await person.get(f"{path}?start=99999")).status == 422
    assert "Start the sync" not in answer.text


async def test_writes_are_told_by_sort_and_place(desk: Desk) -> None:
    await desk.connect()
    await fill(desk)
    run = await desk.sync()
    async with desk.bench.hub.database.connection() as conn:
        names = (GALLERY, desk.webservice_id, run["id"])
        every = await batches.list_of_run(conn, *names, limit=100)
        assert [one.type for one in every] == ["payment", "invoice", "invoice", "invoice", "contact"]
        assert await batches.list_of_run(conn, *names, sort="refused", limit=100) == []
        place = (every[1].first_sent_at, every[1].batch_id, every[1].position)
        assert await batches.list_of_run(conn, *names, before=place, limit=2) == every[2:4]
        assert {(one.type, one.outcome, one.n) for one in await batches.count_of_run(conn, *names)} == {
            ("contact", "accepted", 1),
            ("invoice", "accepted", 3),
            ("payment", "accepted", 1),
        }
