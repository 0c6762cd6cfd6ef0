"""Scripted faults: each happens as told, as often as told, and is counted."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.plugins.xero.sandbox.support import Caller, Clock, invoice, running

PATH = "Invoices?summarizeErrors=false"
BROKEN = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)


async def body_of(caller: Caller, *numbers: str) -> dict[str, Any]:
    contact = {"ContactID": caller.organisation.add_contact(f"Buyer of {numbers}").id}
    return {"Invoices": [invoice(Contact=contact, InvoiceNumber=number) for number in numbers or ("AG1",)]}


def count(caller: Caller) -> int:
    return len(caller.organisation.ledger.invoices)


async def test_a_lost_answer_is_carried_out_and_its_key_replays_it() -> None:
    async with running() as caller:
        rule = caller.sandbox.faults.add("lose_answer", method="POST", path="Invoices")
        body = await body_of(caller)
        with pytest.raises(BROKEN):
            await caller.call("POST", PATH, body=body, headers={"Idempotency-Key": "k"})
        assert (count(caller), rule.injected, rule.times) == (1, 1, 0)
        assert caller.sandbox.calls.ring[-1].status == 0
        again = await caller.call("POST", PATH, body=body, headers={"Idempotency-Key": "k"})
        assert again.json["Invoices"][0]["StatusAttributeString"] == "OK"
        assert (count(caller), caller.sandbox.faults.injected["lose_answer"]) == (1, 1)


async def test_a_lost_answer_of_a_refresh_leaves_the_old_token_good() -> None:
    async with running() as caller:
        caller.sandbox.faults.add("lose_answer", path="/connect/token")
        with pytest.raises(BROKEN):
            await caller.refresh()
        assert (await caller.refresh()).status == 200


async def test_a_cut_answer_is_carried_out() -> None:
    async with running() as caller:
        rule = caller.sandbox.faults.add("cut_answer", path="*/Invoices")
        with pytest.raises(aiohttp.ClientPayloadError):
            await caller.call("PUT", PATH, body=await body_of(caller))
        assert (count(caller), rule.injected) == (1, 1)


@pytest.mark.parametrize(("remember", "status"), [("answer", 200), ("error", 500)])
async def test_an_error_after_the_commit(remember: str, status: int) -> None:
    async with running() as caller:
        caller.sandbox.faults.add("error_after_commit", path="Invoices", remember=remember)
        body = await body_of(caller)
        first = await caller.call("PUT", PATH, body=body, headers={"Idempotency-Key": "k"})
        assert (first.status, count(caller)) == (500, 1)
        again = await caller.call("PUT", PATH, body=body, headers={"Idempotency-Key": "k"})
        assert (again.status, count(caller)) == (status, 1)


@pytest.mark.parametrize(("remember", "status", "stored"), [("answer", 200, 1), ("error", 502, 0)])
async def test_an_error_before_the_commit(remember: str, status: int, stored: int) -> None:
    async with running() as caller:
        caller.sandbox.faults.add("error_before_commit", path="Invoices", status=502, remember=remember)
        body = await body_of(caller)
        first = await caller.call("PUT", PATH, body=body, headers={"Idempotency-Key": "k"})
        assert (first.status, count(caller)) == (502, 0)
        again = await caller.call("PUT", PATH, body=body, headers={"Idempotency-Key": "k"})
        assert (again.status, count(caller)) == (status, stored)


@pytest.mark.parametrize(("when", "stored"), [("after", 1), ("before", 0)])
async def test_a_delay_before_or_after_the_deed(when: str, stored: int) -> None:
    async with running(clock_factor=0.001) as caller:
        rule = caller.sandbox.faults.add("delay", path="Invoices", seconds=150, when=when)
        body = await body_of(caller)
        task = asyncio.create_task(caller.call("PUT", PATH, body=body))
        while not rule.injected:  # noqa: ASYNC110 - a fault has no event to wait for
            await asyncio.sleep(0)
        assert count(caller) == stored
        assert (await task).status == 200
        assert count(caller) == 1


async def test_a_throttle_with_a_long_retry_after() -> None:
    async with running() as caller:
        caller.sandbox.faults.add("throttle", retry_after=66_975, problem="day")
        refused = await caller.get("Organisation")
        assert (refused.status, refused.raw, refused.headers["retry-after"]) == (429, b"", "66975")
        assert refused.headers["x-rate-limit-problem"] == "day"
        assert refused.headers["x-daylimit-remaining"] == "0"
        caller.sandbox.faults.add("throttle", retry_after=None, problem="concurrent")
        assert "retry-after" not in (await caller.get("Organisation")).headers
        assert (await caller.get("Organisation")).status == 200


async def test_shuffled_and_missing_elements() -> None:
    async with running() as caller:
        numbers = [f"AG{index}" for index in range(6)]
        caller.sandbox.faults.add("shuffle", path="Invoices")
        reply = await caller.call("PUT", PATH, body=await body_of(caller, *numbers))
        answered = [one["InvoiceNumber"] for one in reply.json["Invoices"]]
        assert answered != numbers
        assert sorted(answered) == numbers
        caller.sandbox.faults.add("drop", path="Invoices", index=1)
        reply = await caller.call("PUT", PATH, body=await body_of(caller, "B0", "B1", "B2"))
        assert [one["InvoiceNumber"] for one in reply.json["Invoices"]] == ["B0", "B2"]
        assert count(caller) == 9
        assert b'"Total":110.00,' in reply.raw


async def test_expired_revoked_and_disconnected() -> None:
    async with running() as caller:
        caller.sandbox.faults.add("expire_tokens")
        assert "TokenExpired" in (await caller.get("Organisation")).json["Detail"]
        caller.tokens = (await caller.refresh()).json
        caller.sandbox.faults.add("disconnect")
        assert (await caller.get("Organisation")).status == 403
        caller.sandbox.faults.add("revoke")
        assert (await caller.get("Organisation")).status == 401
        assert (await caller.refresh()).json == {"error": "invalid_grant"}


async def test_offline_is_plain_text() -> None:
    async with running() as caller:
        caller.sandbox.faults.add("offline", times=2)
        for _ in range(2):
            reply = await caller.get("Organisation")
            assert (reply.status, reply.raw) == (503, b"The Xero API is temporarily unavailable")
            assert reply.headers["content-type"].startswith("text/plain")
        caller.organisation.is_offline = True
        assert (await caller.get("Organisation")).raw == b"The Organisation is offline"


async def test_a_fault_waits_for_its_turn_and_stays_within_its_bounds() -> None:
    async with running() as caller:
        rule = caller.sandbox.faults.add("offline", method="get", path="Accounts", after=1, times=2)
        assert (await caller.get("Organisation")).status == 200
        found = [(await caller.get("Accounts")).status for _ in range(5)]
        assert found == [200, 503, 503, 200, 200]
        assert rule.injected == 2
        forever = caller.sandbox.faults.add("offline", times=None)
        assert [(await caller.get("Accounts")).status for _ in range(3)] == [503] * 3
        assert forever.injected == 3
        caller.sandbox.faults.clear()
        assert (await caller.get("Accounts")).status == 200
        with pytest.raises(ValueError, match="unknown fault 'nonsense'"):
            caller.sandbox.faults.add("nonsense")


async def test_a_fault_after_the_commit_leaves_refused_calls_alone() -> None:
    async with running(Clock(), per_minute=1) as caller:
        await caller.get("Organisation")
        rule = caller.sandbox.faults.add("error_after_commit", path="Invoices")
        assert (await caller.call("PUT", PATH, body=await body_of(caller))).status == 429
        assert rule.injected == 0


async def test_calls_are_remembered_and_counted() -> None:
    async with running() as caller:
        await caller.call("PUT", PATH, body=await body_of(caller, "A", "B"), headers={"Idempotency-Key": "k"})
        await caller.get("Invoices?page=1")
        calls = caller.sandbox.calls
        write, read = list(calls)
        assert (write.method, write.path, write.status, write.elements) == ("PUT", "/api.xro/2.0/Invoices", 200, 2)
        assert (write.key, write.organisation) == ("k", caller.organisation.id)
        assert write.received > 0
        assert (read.query, read.elements) == ("page=1", 0)
        assert (calls.reads, calls.writes, calls.total, calls.max_in_flight) == (1, 1, 2, 1)
        assert calls.by_path["PUT /api.xro/2.0/Invoices"] == 1
