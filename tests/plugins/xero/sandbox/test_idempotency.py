"""FACTS 3.5: keys, six minutes, errors replayed too."""

from __future__ import annotations

from tests.plugins.xero.sandbox.support import Clock, invoice, running

PATH = "Invoices?summarizeErrors=false"


async def test_the_same_request_under_the_same_key_is_replayed() -> None:
    async with running(Clock(), per_minute=60) as caller:
        contact = caller.organisation.add_contact("Ana")
        body = {"Invoices": [invoice(Contact={"ContactID": contact.id})]}
        first = await caller.call("PUT", PATH, body=body, headers={"Idempotency-Key": "k"})
        again = await caller.call("PUT", PATH, body=body, headers={"Idempotency-Key": "k"})
        assert first.raw == again.raw
        assert len(caller.organisation.ledger.invoices) == 1
        assert again.headers["x-minlimit-remaining"] == "58"  # replays count


async def test_another_request_under_the_same_key_is_400() -> None:
    async with running() as caller:
        contact = caller.organisation.add_contact("Ana")
        body = {"Invoices": [invoice(Contact={"ContactID": contact.id})]}
        await caller.call("PUT", PATH, body=body, headers={"Idempotency-Key": "k"})
        other_body = await caller.call("PUT", PATH, body={"Invoices": []}, headers={"Idempotency-Key": "k"})
        other_path = await caller.call("PUT", "Invoices", body=body, headers={"Idempotency-Key": "k"})
        for refused in (other_body, other_path):
            assert refused.status == 400
            assert refused.json["Detail"] == "Idempotency Key: k is used with a different request."


async def test_errors_are_replayed_even_after_the_cause_is_gone() -> None:
    async with running() as caller:
        contact = caller.organisation.add_contact("Ana")
        caller.organisation.archive_contact(contact.id)
        body = {"Invoices": [invoice(Contact={"ContactID": contact.id})]}
        first = await caller.call("PUT", PATH, body=body, headers={"Idempotency-Key": "k"})
        assert first.json["Invoices"][0]["StatusAttributeString"] == "ERROR"
        caller.organisation.restore_contact(contact.id)
        again = await caller.call("PUT", PATH, body=body, headers={"Idempotency-Key": "k"})
        assert again.raw == first.raw
        fresh = await caller.call("PUT", PATH, body=body, headers={"Idempotency-Key": "k2"})
        assert fresh.json["Invoices"][0]["StatusAttributeString"] == "OK"


async def test_a_key_is_kept_six_scaled_minutes_from_its_first_call() -> None:
    clock = Clock()
    async with running(clock, clock_factor=0.1) as caller:
        contact = caller.organisation.add_contact("Ana")
        body = {"Invoices": [invoice(Contact={"ContactID": contact.id})]}
        for seconds, expected in ((0, 1), (18, 1), (18, 1), (0.1, 2)):
            clock.pass_(seconds)
            await caller.call("PUT", PATH, body=body, headers={"Idempotency-Key": "k"})
            assert len(caller.organisation.ledger.invoices) == expected


async def test_a_key_has_at_most_128_characters() -> None:
    async with running() as caller:
        body = {"Contacts": [{"Name": "Ana"}]}
        for length, status in ((128, 200), (129, 400)):
            reply = await caller.call("PUT", "Contacts", body=body, headers={"Idempotency-Key": "k" * length})
            assert reply.status == status


async def test_a_read_takes_no_key() -> None:
    async with running() as caller:
        before = await caller.get("Contacts?page=1", Idempotency_Key="k")
        caller.organisation.add_contact("Ana")
        after = await caller.get("Contacts?page=1", Idempotency_Key="k")
        assert (len(before.json["Contacts"]), len(after.json["Contacts"])) == (0, 1)
