"""What stopped the sync before, and must not any more (help article, troubleshooting and FAQ)."""

from __future__ import annotations

import signal
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from tests.acceptance.daemon import environment, start_daemon
from tests.article.house import (
    accounts_of,
    enter_there,
    explain,
    invoice_here,
    live_payments,
    move_time,
    press,
    problems,
    run_quietly,
    webservice,
    writes,
)
from tests.catalogue.desk import (
    BASE,
    Json,
    connect,
    contacts_there,
    held,
    make_contact,
    make_invoice,
    make_line,
    make_payment,
    notes,
    outcome,
    patch,
    put,
    send,
    synced,
    there_contact,
)
from tests.postgres import until
from tests.sync.harness import cents
from tests.web.webservices.office import Office

UNITED_KINGDOM = "United Kingdom of Great Britain and Northern Ireland"


def buyer(case: str, **changes: object) -> list[Json]:
    """A contact and its invoice."""
    contact = make_contact(f"c-{case}", **({"name": f"Buyer {case}"} | changes))
    return [contact, make_invoice(f"i-{case}", contact_id=f"c-{case}")]


# -- Archived contact, bad e-mail, duplicates, the long country name


async def test_contacts_that_cannot_go_are_named_with_the_remedy_the_rest_put_right_and_no_other_invoice_waits(
    desk: Office,
) -> None:
    organisation = desk.bench.organisation
    gone = organisation.add_contact("Buyer gone", email="c-gone@example.com")
    organisation.archive_contact(gone.id)
    for _ in range(2):
        organisation.add_contact("Buyer twice", email="c-twice@example.com")
    await send(
        desk,
        *buyer("gone"),
        *buyer("twice"),
        *buyer("filed", archived=True),
        *buyer("mail", email="ana(at)example.com"),
        *buyer("long", address={"lines": ["1 Pall Mall"], "country_text": UNITED_KINGDOM}),
        *buyer("space", name="  Buyer \n space ", address={"lines": ["x" * 600], "city": "C" * 300}),
        *buyer("fine"),
    )
    await desk.sync()

    archived = await held(desk, "i-gone", "contact_archived")
    twice = await held(desk, "i-twice", "duplicate_contact")
    filed = await held(desk, "i-filed", "contact_archived_source")
    for entry, name in ((archived, "Buyer gone"), (twice, "Buyer twice"), (filed, "Buyer filed")):
        assert name in entry["message"]
    for case in ("mail", "long", "space", "fine"):
        await synced(desk, "invoice", f"i-{case}")

    assert "EmailAddress" not in {key for key, value in (await there_contact(desk, "c-mail")).items() if value}
    assert "e-mail" in notes(await desk.entry("contact", "c-mail")).lower()
    (address,) = [one for one in (await there_contact(desk, "c-long"))["Addresses"] if one.get("Country")]
    assert address["Country"] == "United Kingdom"
    assert "United Kingdom" in notes(await desk.entry("contact", "c-long"))
    assert (await there_contact(desk, "c-space"))["Name"] == "Buyer space"
    assert "cut" in notes(await desk.entry("contact", "c-space"))

    organisation.restore_contact(gone.id)
    organisation.merge_contacts(*[one.id for one in desk.bench.ledger.contacts_named("Buyer twice")])
    await put(desk, make_contact("c-filed", name="Buyer filed"))
    await desk.sync()
    for case in ("gone", "twice", "filed"):
        await synced(desk, "invoice", f"i-{case}")
    assert await problems(desk) == []


async def test_contacts_with_a_bad_email_are_held_where_the_gallery_wants_that(office: Office) -> None:
    await connect(office, bad_email="hold")
    await send(office, *buyer("mail", email="ana(at)example.com"), *buyer("fine"))
    await office.sync()
    entry = await held(office, "i-mail", "email_invalid")
    assert "Buyer mail" in entry["message"]
    await synced(office, "invoice", "i-fine")
    await put(office, make_contact("c-mail", name="Buyer mail", email="ana@example.com"))
    await office.sync()
    assert (await there_contact(office, "c-mail"))["EmailAddress"] == "ana@example.com"


async def test_contacts_of_one_name_are_linked_or_told_apart_by_a_person(desk: Office) -> None:
    there = desk.bench.organisation.add_contact("Buyer same", email="old@example.com")
    other = desk.bench.organisation.add_contact("Buyer other", email="old@example.com")
    await send(desk, *buyer("same", email="new@example.com"), *buyer("other", email="new2@example.com"))
    await desk.sync()
    for case in ("same", "other"):
        await held(desk, f"i-{case}", "duplicate_contact")
    await press(desk, await desk.entry("contact", "c-same"), "link", remote_id=there.id)
    await put(desk, make_contact("c-other", name="Buyer other the younger", email="new2@example.com"))
    await desk.sync()
    assert (await synced(desk, "contact", "c-same"))["remote_id"] == there.id
    assert (await synced(desk, "contact", "c-other"))["remote_id"] != other.id
    for case in ("same", "other"):
        await synced(desk, "invoice", f"i-{case}")


async def test_one_bad_invoice_of_every_sort_among_many_costs_only_itself(desk: Office) -> None:
    bad = [
        make_invoice("i-no-lines", lines=[], total="0.00"),
        make_invoice("i-no-contact", contact_id="c-none"),
        make_invoice("i-no-code", lines=[make_line(tax_code="moon")]),
        make_invoice("i-no-date", issued_on=None),
        make_invoice("i-wrong-sum", total="501.00", lines=[make_line(price="500.00")]),
        make_invoice("i-currency", currency="XQX"),
    ]
    await send(desk, make_contact(), *(bad + [make_invoice(f"i-{n}") for n in range(1, 31)]))
    run = await desk.sync()
    assert (run["state"], run["counts"]["held"]) == ("done", len(bad))
    assert len(desk.bench.books()) == 30
    assert len({(await desk.entry("invoice", one["id"]))["reason"] for one in bad}) == len(bad)
    assert sum(one["count"] for one in await problems(desk)) == len(bad)


# -- Stuck on "Running..."


async def test_running_is_a_live_lease_so_a_killed_worker_is_not_running_within_a_minute_and_its_run_goes_on(
    desk: Office, dsn: str, tmp_path: Path
) -> None:
    """A real daemon, killed in the middle of a write; the minute is passed in the database."""
    bench = desk.bench
    section = {f"HUB_XERO__{name.upper()}": str(value) for name, value in bench.hub.settings.section("xero").items()}
    env = environment(tmp_path, HUB_DATABASE_URL=dsn, HUB_CLOCK_FACTOR="0.01", **section)
    bench.sandbox.faults.add("delay", method="PUT", path="Invoices", seconds=100_000, when="before")
    await send(desk, make_contact(), make_invoice(), make_payment())
    async with start_daemon(env) as daemon:
        status, run = await desk.call("POST", f"{desk.path}/sync", json={})
        assert status == 202
        await until(lambda: bench.sandbox.faults.injected["delay"] == 1)
        shown = await webservice(desk)
        assert (shown["running"], shown["last_run"]["id"], shown["last_run"]["state"]) == (True, run["id"], "running")
        assert shown["doing"]
        assert shown["last_run"]["started_at"]
        await daemon.stop(signal.SIGKILL)

    bench.sandbox.faults.clear()
    await move_time(desk, "UPDATE lease SET until = until - interval '60 seconds'")
    await move_time(desk, "UPDATE webservice SET due_at = due_at - interval '60 seconds'")
    shown = await webservice(desk)
    assert (shown["running"], shown["last_run"]["id"], shown["last_run"]["state"]) == (False, run["id"], "queued")

    await bench.work()
    _, page = await desk.get(f"{desk.path}/runs")
    assert [(one["id"], one["state"]) for one in page["items"]] == [(run["id"], "done")]
    for _ in range(2):
        await desk.sync()
    assert bench.books() == {"AG-1": ("PAID", cents("500.00"), cents("500.00"))}
    assert contacts_there(desk) == 1
    assert live_payments(desk) == [cents("500.00")]


async def test_running_is_never_shown_for_a_run_that_waits_for_a_limit_which_says_until_when(desk: Office) -> None:
    desk.bench.sandbox.faults.add("throttle", method="PUT", path="Invoices", retry_after=60_000, problem="day")
    await send(desk, make_contact(), make_invoice())
    run = await desk.sync()
    assert (run["state"], run["resume_at"] is not None) == ("waiting", True)
    assert (await webservice(desk))["running"] is False


async def test_running_no_specific_invoice_can_prevent_the_sync_from_completing(desk: Office) -> None:
    """One whose refusal takes the whole batch with it: it is found by halves, and all others arrive in that run."""
    msgspec.structs.force_setattr(desk.bench.sandbox.settings, "siblings_survive", False)
    desk.bench.organisation.archive_account("220")  # just now: the hub does not know yet
    poison = make_invoice("i-8", lines=[make_line(price="500.00", kind="framing")])
    await send(desk, make_contact(), *(make_invoice(f"i-{n}") for n in range(1, 8)), poison)
    run = await desk.sync()
    assert run["state"] == "done"
    assert set(desk.bench.books()) == {f"AG-{n}" for n in range(1, 8)}
    assert "220" in (await held(desk, "i-8", "mapping_invalid"))["message"]


# -- Edit to re-flag


async def test_resync_any_change_flags_an_invoice_again_and_notes_alone_write_nothing(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice())
    await desk.sync()
    await put(desk, make_invoice(notes="."))
    assert (await outcome(desk, "invoice", "i-1"))[0] == "pending"
    await run_quietly(desk)
    await synced(desk, "invoice", "i-1")

    await put(desk, make_invoice(due_on="2026-05-01"))
    assert (await desk.sync())["counts"]["updated"] == 1
    assert str(desk.bench.invoice("AG-1").due_on) == "2026-05-01"


async def test_resync_by_a_button_compares_and_sends_again_so_nobody_needs_the_trick(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice())
    await desk.sync()
    assert (await desk.call("POST", f"{BASE}/invoices/i-1/resync"))[0] == 202
    assert (await outcome(desk, "invoice", "i-1"))[0] == "pending"
    await run_quietly(desk)  # both sides are equal
    await synced(desk, "invoice", "i-1")

    await send(desk, make_invoice("i-2", lines=[]))
    await desk.sync()
    await held(desk, "i-2", "no_lines")
    await put(desk, make_invoice("i-2"))
    await desk.call("POST", f"{BASE}/invoices/i-2/resync")
    await desk.sync()
    await synced(desk, "invoice", "i-2")


# -- Xero invoices outside the sync


async def test_outside_the_sync_nothing_of_xeros_own_is_ever_touched_or_imported(desk: Office) -> None:
    organisation = desk.bench.organisation
    theirs = enter_there(desk, "INV-1", "77.00")
    twin = enter_there(desk, "AG-1", "500.00", contact="Ana Ruiz c-1", email="c-1@example.com")
    organisation.add_bill(theirs.contact_id, cents("12.00"))
    organisation.pay(theirs.id, cents("70.00"))
    organisation.credit(theirs.id, cents("7.00"))
    before = {one.id: msgspec.json.encode(one, order="sorted") for one in desk.bench.ledger.invoices.values()}

    await send(desk, make_contact(), make_invoice(), make_invoice("i-2", total="60.00"))
    await desk.sync()
    await patch(desk, import_contacts=True)
    await desk.sync()

    after = {one.id: msgspec.json.encode(one, order="sorted") for one in desk.bench.ledger.invoices.values()}
    assert {id_: after[id_] for id_ in before} == before
    _, invoices = await desk.get(f"{BASE}/invoices")
    _, payments = await desk.get(f"{BASE}/payments")
    assert {one["id"] for one in invoices["items"]} == {"i-1", "i-2"}
    assert payments["items"] == []
    await held(desk, "i-1", "number_taken")  # of the same number and buyer: not adopted, a person says
    assert (await desk.entry("invoice", "i-1"))["remote_id"] is None
    assert twin.status == "AUTHORISED"
    proof = await desk.proof()
    assert proof["orphans"] == {"ours": [], "theirs": []}
    assert [row["number"] for row in proof["rows"] if row["type"] == "invoice"] == ["AG-2"]


async def test_outside_the_sync_what_a_bookkeeper_recoded_is_not_written_over_unless_a_person_says_so(
    desk: Office,
) -> None:
    """No conflict by itself; our next change of that invoice then is one, with both sides shown (DESIGN 8)."""
    await send(desk, make_contact(), make_invoice(total="110.00"), make_invoice("i-2", total="110.00"))
    await desk.sync()
    there = [desk.bench.invoice(f"AG-{n}").id for n in (1, 2)]
    for id_ in there:
        desk.bench.organisation.edit_line(id_, AccountCode="205")
    await run_quietly(desk)
    for n in (1, 2):
        await synced(desk, "invoice", f"i-{n}")

    await send(desk, *(make_invoice(f"i-{n}", total="110.00", due_on="2026-09-01") for n in (1, 2)))
    await run_quietly(desk)
    for n in (1, 2):
        entry = await held(desk, f"i-{n}", "edited_there", state="conflict")
        assert "account 200 100.00 in the gallery, nothing there" in entry["message"]
        assert "account 205 nothing in the gallery, 100.00 there" in entry["message"]
    assert accounts_of(desk, "AG-1") == ["205"]

    desk.bench.organisation.edit_line(there[0], AccountCode="200")  # put back there
    assert "Try again" in entry["remedy"]
    await press(desk, entry, "retry")
    await desk.sync()
    for n in (1, 2):
        await synced(desk, "invoice", f"i-{n}")
        assert accounts_of(desk, f"AG-{n}") == ["200"]
        assert str(desk.bench.invoice(f"AG-{n}").due_on) == "2026-09-01"
    assert await problems(desk) == []


@pytest.mark.parametrize("amount", ["500.00", "123.45"])
async def test_outside_the_sync_a_number_outside_our_prefix_never_meets_ours(desk: Office, amount: str) -> None:
    enter_there(desk, "1", amount)
    await send(desk, make_contact(), make_invoice())
    await desk.sync()
    await synced(desk, "invoice", "i-1")
    assert sorted(desk.bench.books()) == ["1", "AG-1"]
    assert (await explain(desk))["verdict"] == "It stands in the books."
    assert (await invoice_here(desk))["paid"] == "0.00"
    assert writes(desk) == 2
    assert Decimal(amount) == desk.bench.invoice("1").total
