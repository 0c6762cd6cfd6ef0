"""`/sandbox/`: an outside process drives faults and acts."""

from __future__ import annotations

from typing import Any

from plugins.xero.sandbox import create_sandbox
from tests.plugins.xero.sandbox.support import Caller, Reply, running


async def act(caller: Caller, what: str, /, **body: Any) -> Reply:
    path = f"/sandbox/organisations/{caller.organisation.id}/{what}"
    return await caller.call("POST", path, body=body, is_api=False)


async def test_the_front_page_shows_organisations_and_ways() -> None:
    async with running() as caller:
        assert (await caller.call("GET", "/", is_api=False)).headers["location"] == "/sandbox/"
        page = (await caller.call("GET", "/sandbox/", is_api=False)).raw.decode()
        assert "Harbour Lane" in page
        assert "POST /sandbox/faults" in page
        assert caller.sandbox.calls.total == 0  # the control endpoints count nowhere


async def test_acts_of_a_person() -> None:
    async with running() as caller:
        made = await caller.invoice(InvoiceNumber="AG1")
        key = made["InvoiceID"]
        ledger = caller.organisation.ledger
        paid = await act(caller, "pay", invoice="AG1", amount="10.00", on="2026-03-20", reference="R")
        assert ledger.payments[paid.json["done"]].reference == "R"
        assert (await act(caller, "void", invoice=key)).status == 409
        assert (await act(caller, "delete-payment", payment=paid.json["done"])).status == 200
        stamp = ledger.invoices[key].updated_at
        assert (await act(caller, "alter", invoice="AG1", total_by="0.01")).json == {"done": "110.01"}
        assert ledger.invoices[key].updated_at == stamp
        assert (await act(caller, "credit", invoice="AG1", amount="5.00")).status == 200
        contact = (await act(caller, "add-contact", name="Zoe")).json["done"]
        await act(caller, "archive-contact", contact="zoe")
        assert ledger.contacts[contact].status == "ARCHIVED"
        await act(caller, "restore-contact", contact=contact)
        assert ledger.contacts[contact].status == "ACTIVE"
        await act(caller, "archive-account", account="200")
        assert caller.organisation.account("200").status == "ARCHIVED"
        await act(caller, "restore-account", account="200")
        await act(caller, "lock", period="2026-03-31")
        assert str(caller.organisation.period_lock) == "2026-03-31"
        assert (await act(caller, "disconnect")).json == {"done": 1}
        assert (await caller.get("Organisation")).status == 403


async def test_bad_acts_name_their_fault() -> None:
    async with running() as caller:
        assert (await act(caller, "explode")).status == 404
        assert (await act(caller, "pay")).status == 422
        assert (await act(caller, "pay", invoice="nope")).status == 422
        await caller.invoice(InvoiceNumber="AG1")
        assert (await act(caller, "pay", invoice="AG1", amount="lots")).status == 422


async def test_faults_and_state_over_http() -> None:
    async with running() as caller:
        sent = {"kind": "offline", "path": "Accounts", "times": 1}
        assert (await caller.call("POST", "/sandbox/faults", body=sent, is_api=False)).status == 201
        assert (await caller.get("Accounts")).status == 503
        state = (await caller.call("GET", "/sandbox/state", is_api=False)).json
        assert state["faults"][0]["injected"] == 1
        assert state["organisations"][0]["name"] == "Harbour Lane"
        bad = await caller.call("POST", "/sandbox/faults", body={"kind": "nonsense"}, is_api=False)
        assert bad.status == 422
        assert (await caller.call("DELETE", "/sandbox/faults", is_api=False)).status == 204
        calls = (await caller.call("GET", "/sandbox/calls?last=1", is_api=False)).json
        assert [one["status"] for one in calls] == [503]


async def test_the_demo_sandbox_has_two_organisations_with_stable_ids() -> None:
    one, other = (create_sandbox(clock_factor=0.5, client_id="a", client_secret="b") for _ in range(2))
    assert [found.name for found in one.organisations.values()] == [
        "Harbour Lane Gallery (Demo)",
        "Minster Yard Fine Art (Demo)",
    ]
    assert list(one.organisations) == list(other.organisations)
    assert (one.settings.clock_factor, one.settings.client_id, one.settings.client_secret) == (0.5, "a", "b")
    first = next(iter(one.organisations.values()))
    assert sorted(account.code for account in first.accounts.values())[1:6] == ["090", "091", "092", "093", "094"]
