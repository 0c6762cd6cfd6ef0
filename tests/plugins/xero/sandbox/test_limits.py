"""FACTS 2.1: the minute, the day, five at once, the app's minute."""

from __future__ import annotations

import asyncio

import pytest

from tests.plugins.xero.sandbox.support import Clock, invoice, running

REMAINING = ("x-daylimit-remaining", "x-minlimit-remaining", "x-appminlimit-remaining")


async def test_every_answer_says_what_is_left() -> None:
    async with running(Clock(), per_minute=60, per_day=5000, app_per_minute=10_000) as caller:
        first = await caller.get("Organisation")
        assert [first.headers[name] for name in REMAINING] == ["4999", "59", "9999"]
        failed = await caller.get("Invoices?where=nonsense")
        assert failed.status == 400
        assert [failed.headers[name] for name in REMAINING] == ["4998", "58", "9998"]
        assert failed.headers["xero-correlation-id"]


async def test_the_minute_is_refused_with_an_empty_429() -> None:
    clock = Clock()
    async with running(clock, per_minute=3) as caller:
        for _ in range(3):
            assert (await caller.get("Organisation")).status == 200
            clock.pass_(10)
        refused = await caller.get("Organisation")
        assert (refused.status, refused.raw) == (429, b"")
        assert refused.headers["x-rate-limit-problem"] == "minute"
        assert refused.headers["retry-after"] == "30"
        assert refused.headers["x-minlimit-remaining"] == "0"
        assert "content-type" not in refused.headers
        assert caller.sandbox.calls.throttled == 1
        clock.pass_(30)
        assert (await caller.get("Organisation")).status == 200


async def test_the_day_has_its_own_limit() -> None:
    clock = Clock()
    async with running(clock, per_day=2) as caller:
        for _ in range(2):
            await caller.get("Organisation")
        refused = await caller.get("Organisation")
        assert refused.headers["x-rate-limit-problem"] == "day"
        assert refused.headers["retry-after"] == "86400"
        clock.pass_(86_400)
        assert (await caller.get("Organisation")).status in {200, 401}
        assert caller.sandbox.calls.throttled == 1


async def test_windows_scale_with_the_clock_factor_and_retry_after_does_not() -> None:
    clock = Clock()
    async with running(clock, per_minute=1, clock_factor=0.01) as caller:
        await caller.get("Organisation")
        clock.pass_(0.1)
        refused = await caller.get("Organisation")
        assert refused.headers["retry-after"] == "50"  # 0.5 s are left, of a window of 0.6 s
        clock.pass_(0.5)
        assert (await caller.get("Organisation")).status == 200


async def test_a_fixed_window_starts_anew_all_at_once() -> None:
    clock = Clock()
    async with running(clock, per_minute=2, limit_window="fixed") as caller:
        await caller.get("Organisation")
        await caller.get("Organisation")
        refused = await caller.get("Organisation")
        wait = int(refused.headers["retry-after"])
        assert 0 < wait <= 60
        clock.pass_(wait)
        assert (await caller.get("Organisation")).headers["x-minlimit-remaining"] == "1"


@pytest.mark.parametrize("is_told", [True, False])
async def test_five_at_once_and_no_more(is_told: bool) -> None:
    async with running(latency_seconds=0.05, short_retry_after=is_told) as caller:
        replies = await asyncio.gather(*(caller.get("Organisation") for _ in range(8)))
        refused = [reply for reply in replies if reply.status == 429]
        assert len(refused) == 3
        assert {reply.headers["x-rate-limit-problem"] for reply in refused} == {"concurrent"}
        assert ("retry-after" in refused[0].headers) is is_told
        assert caller.sandbox.gate.limits.of(caller.organisation.id).max_in_flight == 5


async def test_the_app_has_a_minute_over_all_organisations() -> None:
    async with running(Clock(), app_per_minute=1) as caller:
        await caller.get("Organisation")
        assert (await caller.get("Organisation")).headers["x-rate-limit-problem"] == "appminute"


async def test_refused_calls_do_not_count_and_the_write_is_not_done() -> None:
    clock = Clock()
    async with running(clock, per_minute=1) as caller:
        contact = caller.organisation.add_contact("Ana")
        await caller.get("Organisation")
        body = {"Invoices": [invoice(Contact={"ContactID": contact.id})]}
        for _ in range(3):
            assert (await caller.call("PUT", "Invoices", body=body)).status == 429
        assert len(caller.organisation.ledger.invoices) == 0
        clock.pass_(60)
        assert (await caller.call("PUT", "Invoices", body=body)).status == 200


async def test_a_call_is_in_flight_until_it_is_answered() -> None:
    async with running(in_flight=1, clock_factor=0.001) as caller:
        rule = caller.sandbox.faults.add("delay", path="Accounts", seconds=150)
        slow = asyncio.create_task(caller.get("Accounts"))
        while not rule.injected:  # noqa: ASYNC110 - a fault has no event to wait for
            await asyncio.sleep(0)
        assert (await caller.get("Organisation")).headers["x-rate-limit-problem"] == "concurrent"
        assert (await slow).status == 200
        assert (await caller.get("Organisation")).status == 200
