"""Chapter O of the case catalogue: runs, limits, faults, and who is told (DOMAIN 5.9).

O15 (mail) and O17 (import of contacts) stand beside what they are about.
"""

from __future__ import annotations

import csv
import io
import json

import pytest

from hub.store import leases
from hub.sync import pulling
from hub.sync.session import Session
from tests.catalogue.desk import (
    connect,
    held,
    make_contact,
    make_invoice,
    make_line,
    make_payment,
    outcome,
    patch,
    send,
    synced,
)
from tests.sync.harness import MAPPINGS
from tests.web.webservices.office import BASE, Office


async def test_o1_one_bad_invoice_among_400_costs_itself(desk: Office) -> None:
    bad = make_invoice("i-0", lines=[])
    await send(desk, make_contact(), bad, *[make_invoice(f"i-{n}", total="100.00") for n in range(1, 400)])
    run = await desk.sync()
    assert (run["counts"]["held"], run["counts"]["created"]) == (1, 400)  # 399 invoices and their contact
    assert len(desk.bench.books()) == 399
    await held(desk, "i-0", "no_lines")


async def test_o2_a_worker_that_dies_between_contact_and_invoice_leaves_no_duplicate(desk: Office) -> None:
    """The contact's answer is lost on the way and the run cut; kill -9 at every point is the kill sweep's."""
    desk.bench.sandbox.faults.add("lose_answer", method="PUT", path="Contacts")
    await send(desk, make_contact(), make_invoice())
    for _ in range(3):
        await desk.sync()
    assert desk.bench.sandbox.faults.injected["lose_answer"] == 1
    assert [one.number for one in desk.bench.ledger.contacts.values()].count("HLANE2-c-1") <= 1
    assert len(desk.bench.ledger.contacts) == 1
    assert len(desk.bench.ledger.invoices) == 1
    await synced(desk, "invoice", "i-1")


async def test_o4_a_minute_limit_is_waited_for_as_told(desk: Office) -> None:
    desk.bench.sandbox.faults.add("throttle", method="PUT", path="Invoices", retry_after=1, problem="minute")
    await send(desk, make_contact(), make_invoice())
    for _ in range(3):
        run = await desk.sync()
    assert run["state"] == "done"
    assert desk.bench.sandbox.faults.injected["throttle"] == 1
    await synced(desk, "invoice", "i-1")


async def test_o5_a_day_limit_parks_the_run_until_it_opens_and_says_when(desk: Office) -> None:
    desk.bench.sandbox.faults.add("throttle", method="PUT", path="Invoices", retry_after=60_000, problem="day")
    await send(desk, make_contact(), make_invoice())
    run = await desk.sync()
    assert run["state"] == "waiting"
    assert run["resume_at"] is not None
    _, shown = await desk.get(desk.path)
    assert shown["running"] is False
    assert (await outcome(desk, "invoice", "i-1"))[0] == "waiting"


async def test_o6_an_expired_token_is_refreshed_once(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice())
    desk.bench.sandbox.faults.add("expire_tokens", method="GET", path="Invoices")
    desk.bench.sandbox.calls.clear()
    run = await desk.sync()
    assert run["state"] == "done"
    asked = [call.path for call in desk.bench.sandbox.calls if call.path == "/connect/token"]
    assert (desk.bench.sandbox.faults.injected["expire_tokens"], len(asked)) == (1, 1)
    assert [call.status for call in desk.bench.sandbox.calls].count(401) == 1
    await synced(desk, "invoice", "i-1")


@pytest.mark.parametrize("status", [500, 503])
async def test_o7_an_outage_there_is_waited_out_with_growing_pauses(desk: Office, status: int) -> None:
    desk.bench.sandbox.faults.add("error_before_commit", method="PUT", path="Invoices", status=status, times=2)
    await send(desk, make_contact(), make_invoice())
    await desk.sync()
    entry = await desk.entry("invoice", "i-1")
    assert entry["state"] in {"unknown", "waiting", "synced"}
    for _ in range(5):
        await desk.sync()
    assert desk.bench.sandbox.faults.injected["error_before_commit"] == 2
    await synced(desk, "invoice", "i-1")
    assert len(desk.bench.books()) == 1


async def test_o8_two_workers_never_hold_one_webservice(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice())
    assert (await desk.call("POST", f"{desk.path}/sync", json={}))[0] == 202
    database = desk.bench.hub.database
    async with database.transaction() as conn:
        mine = await leases.claim(conn, "d-one", seconds=60, limit=5)
    async with database.transaction() as conn:
        theirs = await leases.claim(conn, "d-two", seconds=60, limit=5)
    assert (len(mine), len(theirs)) == (1, 0)


async def test_o10_a_run_asked_for_while_one_is_under_way_joins_it(desk: Office) -> None:
    asked = [await desk.call("POST", f"{desk.path}/sync", json={}) for _ in range(3)]
    assert {status for status, _ in asked} == {202}
    assert len({run["id"] for _, run in asked}) == 1


async def test_o11_settings_saved_during_a_run_count_for_the_next_one(
    desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The book is one snapshot: a run goes on under the prefix that stood when it opened."""
    read = pulling.pull

    async def saved_meanwhile(session: Session) -> None:
        monkeypatch.setattr(pulling, "pull", read)
        await patch(desk, invoice_prefix="NEW")
        await read(session)

    monkeypatch.setattr(pulling, "pull", saved_meanwhile)
    await send(desk, make_contact(), make_invoice())
    await desk.sync()
    assert set(desk.bench.books()) == {"AG-1"}
    await send(desk, make_invoice("i-2"))
    await desk.sync()
    assert set(desk.bench.books()) == {"AG-1", "NEW-2"}
    assert (await synced(desk, "invoice", "i-1"))["number"] == "AG-1"


async def test_o12_a_mapping_gap_holds_those_it_concerns_in_one_problem_with_their_count(office: Office) -> None:
    without = [one for one in MAPPINGS if one[0] != "voucher"]
    await connect(office, mappings=without)
    gap = [
        make_invoice(f"i-{n}", lines=[make_line(kind="voucher", tax_code=None)], price_mode="no_tax")
        for n in range(1, 13)
    ]
    await send(office, make_contact(), make_invoice("i-99"), *gap)
    await office.sync()
    _, page = await office.get(f"{office.path}/problems")
    (problem,) = page["items"]
    assert (problem["reason"], problem["count"]) == ("mapping_missing", 12)
    await synced(office, "invoice", "i-99")


async def test_o13_an_organisation_disconnected_there_pauses_everything_and_keeps_the_data(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice(), make_payment())
    await desk.sync()
    desk.bench.sandbox.disconnect(desk.bench.organisation)
    await send(desk, make_invoice("i-2"))
    await desk.sync()
    _, shown = await desk.get(desk.path)
    assert shown["state"] == "reauthorize"
    _, page = await desk.get(f"{desk.path}/problems")
    assert [one["reason"] for one in page["items"]] == ["reauthorize"]
    await synced(desk, "invoice", "i-1")
    assert (await outcome(desk, "invoice", "i-2"))[0] == "pending"


async def test_o18_the_log_of_a_connection_and_a_run_holds_no_token_and_nothing_of_people(
    desk: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    await send(desk, make_contact(name="Zenobia Quill", email="zenobia@example.com"), make_invoice(), make_payment())
    await desk.sync()
    told = "".join(capsys.readouterr())
    assert "sync.finished" in told
    for secret in ("Zenobia", "zenobia@", "Bearer ", "refresh_token", "sandbox-secret", "500.00"):
        assert secret not in told, secret


async def test_o19_a_description_that_is_a_formula_is_harmless_in_every_table(desk: Office) -> None:
    evil = '=cmd|" /C calc"!A0'
    contact = make_contact(name=evil, archived=True)
    await send(desk, contact, make_invoice(number="=1+1"), make_contact("c-2"), make_invoice("i-2", contact_id="c-2"))
    await desk.sync()
    for path in (f"{desk.path}/entries?format=csv", f"{desk.path}/proof?format=csv"):
        answer = await desk.send("GET", path)
        cells = [cell for row in csv.reader(io.StringIO(await answer.text())) for cell in row]
        assert len(cells) > 10
        assert not [cell for cell in cells if cell[:1] in set("=+@\t\r")], path


async def test_o20_a_dry_run_changes_nothing_there_and_counts_what_it_would_write(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice(), make_payment())
    run = await desk.sync(dry_run=True)
    assert desk.bench.sandbox.calls.writes == 0
    assert desk.bench.books() == {}
    assert [(one["type"], one["operation"]) for one in run["writes"]] == [
        ("contact", "create"),
        ("invoice", "create"),
        ("payment", "create"),
    ]
    assert json.dumps(run["writes"]).count("500.00") >= 1
    assert (await outcome(desk, "invoice", "i-1"))[0] == "pending"
    status, told = await desk.get(f"{BASE}/invoices/i-1")
    assert (status, told["entries"][0]["remote_id"]) == (200, None)
