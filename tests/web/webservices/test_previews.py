"""Previews: counts and totals before anything is saved."""

from __future__ import annotations

import tracemalloc
from collections.abc import Awaitable
from typing import Any

from hub.sync import applying, previewing
from hub.sync.previewing import Preview, Wanted
from tests.sync.harness import GALLERY, make_contact, make_invoice
from tests.web.webservices.office import BASE, Office
from tests.web.webservices.test_garbage import BODIES


async def preview(office: Office, **body: Any) -> dict[str, Any]:
    """The preview of a changed book."""
    status, found = await office.call("POST", f"{office.path}/preview", json=body)
    assert status == 200, found
    return dict(found)


def numbers(tally: dict[str, Any]) -> list[str]:
    """The numbers named in a tally."""
    return [one["number"] for one in tally["examples"]]


async def fill(office: Office) -> None:
    """Four invoices of one contact: two of last year, one of this year, one in francs."""
    await office.bench.put(
        make_contact(),
        make_invoice("i-1", issued_on="2025-03-04", total="100.00"),
        make_invoice("i-2", issued_on="2025-09-04", total="200.00", channel="shopify"),
        make_invoice("i-3", issued_on="2026-03-04", total="400.00", channel="shopify"),
        make_invoice("i-4", issued_on="2026-04-04", total="800.00", currency="CHF"),
    )


async def test_n6_a_sync_from_moved_back_shows_how_many_and_what_total_before_it_is_saved(office: Office) -> None:
    await fill(office)
    await office.connect(copy_existing=False, sync_from="2026-01-01")
    found = await preview(office, settings={"sync_from": "2025-01-01"})
    assert (found["complete"], found["looked_at"]) == (True, 4)
    let_in = found["newly_let_in"]
    assert (let_in["count"], let_in["totals"]) == (2, [{"currency": "AUD", "total": "300.00"}])
    assert (let_in["oldest"], let_in["newest"]) == ("2025-03-04", "2025-09-04")
    assert (numbers(let_in), let_in["reasons"]) == (["2", "1"], {"before_sync_from": 2})
    go = found["would_go"]
    assert (go["count"], go["held"]) == (4, 0)
    assert go["totals"] == [{"currency": "AUD", "total": "700.00"}, {"currency": "CHF", "total": "800.00"}]
    assert (await office.get(office.path))[1]["settings"]["sync_from"] == "2026-01-01"


async def test_a_backfill_shows_how_many_and_what_total(office: Office) -> None:
    await fill(office)
    await office.connect(copy_existing=False)
    assert (await preview(office))["would_go"]["count"] == 0
    found = await preview(office, settings={"copy_existing": True})
    assert (found["newly_let_in"]["count"], found["newly_let_in"]["reasons"]) == (4, {"before_connection": 4})
    assert found["would_go"]["totals"][0] == {"currency": "AUD", "total": "700.00"}


async def test_a_preview_works_before_the_connection_is_complete(office: Office) -> None:
    await fill(office)
    await office.make(copy_existing=False)
    found = await preview(office, settings={"copy_existing": True})
    assert (found["would_go"]["count"], found["newly_let_in"]["count"]) == (4, 4)
    await office.bench.put(
        make_invoice("i-5")
    )  # stored after the webservice was made, before its organisation is chosen
    assert (await preview(office))["would_go"]["count"] == 0


async def test_what_the_preview_counts_is_what_the_next_run_sends(office: Office) -> None:
    await fill(office)
    await office.connect(copy_existing=False, sync_from="2026-01-01")
    await office.sync()
    rules = [{"filter": "channel", "values": ["shopify"]}]
    found = await preview(office, settings={"sync_from": "2025-01-01"}, exclusions=rules)
    assert numbers(found["would_go"]) == ["4", "1"]  # 4 waits: its currency is not used there
    assert found["would_go"]["held"] == 1
    await office.call("PUT", f"{office.path}/exclusions", json={"exclusions": rules})
    await office.call("PATCH", office.path, json={"settings": {"sync_from": "2025-01-01"}})
    assert (await office.sync())["counts"]["created"] == 1
    assert sorted(office.bench.books()) == ["AG-1", "AG-3"]


async def test_each_exclusion_has_a_count_of_its_own_and_names_up_to_20_invoices(office: Office) -> None:
    await office.bench.put(make_contact(), *(make_invoice(f"i-{n}", tags=["fair"]) for n in range(1, 24)))
    await office.bench.put(make_invoice("i-50", currency="USD"), make_invoice("i-51", status="draft", tags=["fair"]))
    await office.connect()
    rules = [
        {"filter": "tag", "values": ["fair"]},
        {"filter": "number", "from": "20", "to": "50"},
        {"filter": "channel", "values": ["portal"]},
    ]
    found = await preview(office, exclusions=rules)
    assert [one["count"] for one in found["exclusions"]] == [23, 5, 0]  # a draft goes nowhere anyway
    assert [one["words"] for one in found["exclusions"]][2] == "channel is portal"
    assert found["exclusions"][1]["exclusion"] == rules[1]
    assert len(found["exclusions"][0]["examples"]) == 20
    assert (found["newly_left_out"]["count"], found["newly_left_out"]["reasons"]) == (24, {"excluded": 24})
    assert {one["reason"]: one["count"] for one in found["kept_out"]} == {"draft": 1, "excluded": 24}
    assert found["would_go"]["count"] == 0
    assert (await office.get(f"{office.path}/exclusions"))[1] == {"exclusions": []}


async def test_what_stands_in_the_books_would_be_frozen_and_thawed(office: Office) -> None:
    await fill(office)
    await office.connect()
    await office.sync()
    rules = [{"filter": "channel", "values": ["shopify"]}]
    found = await preview(office, exclusions=rules)
    assert (numbers(found["newly_frozen"]), found["newly_left_out"]["count"]) == (["3", "2"], 0)
    await office.call("PUT", f"{office.path}/exclusions", json={"exclusions": rules})
    found = await preview(office, exclusions=[])
    assert (numbers(found["thawed"]), found["newly_frozen"]["count"]) == (["3", "2"], 0)


async def test_credit_notes_are_taken_off_the_total(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice("i-1", total="500.00"))
    await office.bench.put(make_invoice("i-2", kind="credit_note", total="100.00"))
    await office.make()
    go = (await preview(office))["would_go"]
    assert (go["count"], go["totals"]) == (2, [{"currency": "AUD", "total": "400.00"}])


async def test_faults_of_all_parts_are_named_at_once(office: Office) -> None:
    await office.connect()
    body = {
        "settings": {"rounding": "up"},
        "exclusions": [{"filter": "moon"}],
        "mappings": [{"slot": "sales", "to": {"code": "999"}}],
    }
    status, told = await office.call("POST", f"{office.path}/preview", json=body)
    assert status == 422
    wanted = {"settings.rounding", "exclusions[0].filter", "mappings[0].to.code"}
    assert {one["at"] for one in told["errors"]} == wanted
    status, told = await office.call("POST", f"{office.path}/preview", json={"moon": 1})
    assert (status, told["errors"][0]["at"]) == (422, "moon")
    assert (await office.call("POST", f"{BASE}/webservices/w-none/preview", json={}))[0] == 404
    await office.call("DELETE", office.path)
    status, told = await office.call("POST", f"{office.path}/preview", json={})
    assert (status, told["type"]) == (409, "/problems/not-ready")


async def test_a_reader_may_preview_and_nothing_is_written(office: Office) -> None:
    await fill(office)
    await office.connect()
    status, made = await office.call("POST", f"{BASE}/keys", json={"role": "gallery-reader"})
    assert status == 201, made
    before = await _stored(office)
    headers = {"Authorization": f"Bearer {made['key']}"}
    rules = [{"filter": "channel", "values": ["shopify"]}]
    answer = await office.client.post(
        f"{office.path}/preview", json={"exclusions": rules, "mappings": []}, headers=headers
    )
    assert answer.status == 200, await answer.text()
    assert await _stored(office) == before
    refused = await office.client.post(f"{office.path}/apply", json={}, headers=headers)
    assert refused.status == 403


async def test_saving_settings_that_move_a_gate_tells_what_they_let_in(office: Office) -> None:
    await fill(office)
    await office.connect(copy_existing=False, sync_from="2026-01-01")
    _, renamed = await office.call("PATCH", office.path, json={"name": "Ours", "settings": {"invoice_prefix": "HL"}})
    assert renamed["preview"] is None
    _, changed = await office.call("PATCH", office.path, json={"settings": {"sync_from": "2025-06-01"}})
    assert (changed["preview"]["newly_let_in"]["count"], numbers(changed["preview"]["newly_let_in"])) == (1, ["2"])


async def test_a_preview_reads_page_by_page_in_flat_memory_and_ends_in_time(office: Office) -> None:
    """More pages need no more memory than two (one at hand, one being read); when the time is used up, it says so."""
    await office.connect(copy_existing=False)
    wanted = Wanted(settings={"copy_existing": True})
    names = (GALLERY, office.webservice_id)
    await office.bench.put(make_contact(), *(make_invoice(f"i-{n}") for n in range(1000)))
    small, few = await _peak(previewing.preview(office.services, *names, wanted))
    await office.bench.put(*(make_invoice(f"i-{n}") for n in range(1000, 3000)))
    large, many = await _peak(previewing.preview(office.services, *names, wanted))
    assert (few.would_go.count, many.would_go.count, many.complete) == (1000, 3000, True)
    assert large < 1.5 * small
    cut = await previewing.preview(office.services, *names, wanted, seconds=0)
    assert (cut.complete, cut.looked_at) == (False, 0)
    applied = await applying.apply(office.services, *names, dry_run=True, seconds=0)
    assert (applied.complete, applied.looked_at) == (False, 0)


async def test_any_body_is_answered_without_a_5xx_and_changes_nothing(office: Office) -> None:
    await fill(office)
    await office.connect()
    before = await _stored(office)
    rules = [{"filter": "number", "from": "9" * 255}, {"filter": "number", "to": "\ud83d\ude00"}]
    more = [{"settings": []}, {"exclusions": [{}]}, {"mappings": None, "exclusions": None}, {"dry_run": "yes"}]
    for body in (*BODIES[1:], *more, {"exclusions": rules}, {"exclusions": rules[:1] * 101}):
        status, told = await office.call("POST", f"{office.path}/preview", json=body)
        assert status in {200, 422}, (body, told)
        assert status == 200 or all(one["at"] or one["message"] for one in told["errors"])
    for body in ({"dry_run": "yes"}, {"dry_run": None}, [], 5, {"moon": 1}):
        assert (await office.call("POST", f"{office.path}/apply", json=body))[0] == 422
    assert await _stored(office) == before


async def _stored(office: Office) -> dict[str, Any]:
    """The webservice as it stands; the calls left come back by themselves."""
    _, found = await office.get(office.path)
    return {name: value for name, value in found.items() if name != "budget"}


async def _peak(work: Awaitable[Preview]) -> tuple[int, Preview]:
    """The most memory that *work* held at once, and what it came to."""
    tracemalloc.start()
    try:
        found = await work
        return tracemalloc.get_traced_memory()[1], found
    finally:
        tracemalloc.stop()
