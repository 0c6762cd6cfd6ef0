"""Runs over HTTP: previews, joining, following."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tests.sync.harness import make_contact, make_invoice, make_payment
from tests.web.webservices.office import Office


async def test_a_dry_run_lists_what_it_would_write_and_writes_nothing(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice(), make_payment())
    await office.connect()
    run = await office.sync(dry_run=True)
    assert [(one["type"], one["operation"]) for one in run["writes"]] == [
        ("contact", "create"),
        ("invoice", "create"),
        ("payment", "create"),
    ]
    assert run["writes"][1]["draft"]["total"] == "500.00"
    assert office.bench.sandbox.calls.writes == 0
    assert (await office.entry("invoice", "i-1"))["state"] == "pending"
    _, listed = await office.get(f"{office.path}/runs")
    assert "writes" not in listed["items"][0]


async def test_a_full_run_is_joined_and_any_other_is_queued_behind_it(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice())
    await office.connect()
    _, first = await office.call("POST", f"{office.path}/sync", json={})
    _, again = await office.call("POST", f"{office.path}/sync", json={})
    _, narrow = await office.call("POST", f"{office.path}/sync", json={"invoices": ["i-1"]})
    assert first["id"] == again["id"] != narrow["id"]
    assert (first["state"], narrow["invoices"], narrow["asked_by"]) == ("queued", ["i-1"], "person")
    await office.bench.work()
    _, page = await office.get(f"{office.path}/runs", limit="1")
    _, rest = await office.get(f"{office.path}/runs", limit="1", cursor=page["next"])
    assert [one["id"] for one in (*page["items"], *rest["items"])] == [narrow["id"], first["id"]]
    assert (page["items"][0]["state"], rest["items"][0]["state"], rest["next"]) == ("done", "done", None)


async def test_a_run_needs_every_required_slot_and_known_invoices(office: Office) -> None:
    await office.walk(await office.make())
    status, told = await office.call("POST", f"{office.path}/sync", json={})
    assert (status, told["type"]) == (409, "/problems/not-ready")
    await office.choose(office.bench.organisation)
    status, told = await office.call("POST", f"{office.path}/sync", json={})
    assert (status, told["type"]) == (409, "/problems/not-ready")
    assert "sales" in told["detail"]
    await office.map()
    status, told = await office.call("POST", f"{office.path}/sync", json={"invoices": ["i-1", "i-2"]})
    assert [one["at"] for one in told["errors"]] == ["invoices[0]", "invoices[1]"]
    bad: tuple[dict[str, Any], ...] = ({"invoices": []}, {"dry_run": "yes"}, {"more": 1}, {"invoices": ["a b"]})
    for body in bad:
        assert (await office.call("POST", f"{office.path}/sync", json=body))[0] == 422


async def test_asking_by_hand_is_the_word_that_the_settings_are_right(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice())
    await office.connect()
    await office.sync()
    _, found = await office.get(office.path)
    assert next(task for task in found["checklist"] if task["code"] == "settings")["done"] is True


async def test_a_run_is_followed_until_it_ends(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice())
    await office.connect()
    _, run = await office.call("POST", f"{office.path}/sync", json={})
    told: list[str] = []
    async with asyncio.timeout(30):
        async with office.client.get(f"{office.path}/runs/{run['id']}/events", headers=office.headers) as stream:
            assert stream.content_type == "text/event-stream"
            async for line in stream.content:
                if not line.startswith(b"data: "):
                    continue
                told.append(json.loads(line.removeprefix(b"data: "))["state"])
                if len(told) == 1:
                    await office.bench.work()
    assert (told[0], told[-1]) == ("queued", "done")


async def test_a_bad_cursor_is_422(office: Office) -> None:
    await office.make()
    for tail in ("runs", "problems", "entries"):
        for cursor in ("!", "bm9uc2Vuc2U", "e30"):
            status, told = await office.get(f"{office.path}/{tail}", cursor=cursor)
            assert (status, told["errors"][0]["at"]) == (422, "cursor")
