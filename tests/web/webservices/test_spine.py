"""A webservice from nothing to a proof, over HTTP and the real consent."""

from __future__ import annotations

from tests.sync.harness import make_contact, make_invoice, make_payment
from tests.web.webservices.office import Office


async def test_from_nothing_to_a_proof_that_agrees(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice(), make_payment())
    await office.connect()

    run = await office.sync()

    assert (run["state"], run["counts"]["created"], run["dry_run"]) == ("done", 3, False), run
    entry = await office.entry("invoice", "i-1")
    assert (entry["state"], entry["number"], entry["reason"]) == ("synced", "AG-1", None)
    assert entry["remote_url"].endswith(entry["remote_id"])
    assert entry["history"][0]["text"].startswith("It was written there as AG-1.")
    proof = await office.proof()
    assert (proof["agrees"], proof["complete"]) == (True, True), proof
    _, found = await office.get(office.path)
    assert found["counts"] == {"contact": {"synced": 1}, "invoice": {"synced": 1}, "payment": {"synced": 1}}
    assert (found["running"], found["last_run"]["id"], found["missing"]) == (False, run["id"], [])
    assert found["budget"]["day"] < 5000
    assert all(task["done"] for task in found["checklist"])
