"""What a gallery chooses: prefix, e-mail, when it runs, what of the past and what not (help article, steps 3 and 7)."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.article.house import (
    enter_there,
    exclude,
    explain,
    invoice_here,
    move_time,
    press,
    preview,
    problems,
    run_quietly,
    webservice,
)
from tests.catalogue.desk import (
    BASE,
    connect,
    held,
    left_out,
    make_contact,
    make_invoice,
    make_line,
    make_payment,
    outcome,
    patch,
    put,
    send,
    synced,
)
from tests.postgres import until
from tests.sync.harness import GALLERY
from tests.telling.receivers import html_of, text_of
from tests.telling.tellers import PUBLIC_URL, Told
from tests.web.webservices.office import Office


def ago(days: int) -> str:
    """The instant so many days ago, as a gallery system sends it."""
    return (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")


# -- Invoice prefix, default AG


async def test_prefix_is_ag_when_left_blank_and_a_changed_one_touches_only_new_invoices(office: Office) -> None:
    await connect(office, invoice_prefix="")
    await send(office, make_contact(), make_invoice("i-1", number="1234"))
    await office.sync()
    assert list(office.bench.books()) == ["AG-1234"]

    await patch(office, invoice_prefix="HL")
    await send(office, make_invoice("i-1", number="1234", total="510.00"), make_invoice("i-2", number="1235"))
    await office.sync()

    assert sorted(office.bench.books()) == ["AG-1234", "HL-1235"]
    assert str(office.bench.invoice("AG-1234").total) == "510.00"
    assert (await synced(office, "invoice", "i-1"))["number"] == "AG-1234"
    assert (await office.proof())["agrees"] is True


async def test_prefix_a_number_that_is_taken_foreign_or_void_is_held_with_a_way_out_and_nothing_overwritten(
    desk: Office,
) -> None:
    theirs = enter_there(desk, "AG-1", "77.00")
    gone = enter_there(desk, "AG-2", "88.00")
    same = enter_there(desk, "AG-3", "500.00", contact="Ana Ruiz c-1", email="c-1@example.com")
    desk.bench.organisation.void(gone.id)
    await send(desk, make_contact(), *(make_invoice(f"i-{n}") for n in range(1, 5)))
    await desk.sync()

    taken = await held(desk, "i-1", "number_taken")
    await held(desk, "i-2", "number_void")
    linked = await held(desk, "i-3", "number_taken")
    await synced(desk, "invoice", "i-4")
    assert "AG-1" in taken["message"]
    assert (str(theirs.total), gone.status, str(same.total)) == ("77.00", "VOIDED", "500.00")

    await send(desk, make_invoice("i-1", number="1-2"), make_invoice("i-2", number="2-2"))
    await press(desk, linked, "link", remote_id=same.id)
    await desk.sync()

    for n in (1, 2, 3):
        await synced(desk, "invoice", f"i-{n}")
    assert (await desk.entry("invoice", "i-3"))["remote_id"] == same.id
    assert {"AG-1-2", "AG-2-2"} <= set(desk.bench.books())
    assert str(theirs.total) == "77.00"


# -- Admin e-mail


async def test_admin_email_gets_one_digest_per_cause_opened_and_closed_and_none_for_a_quiet_run(told: Told) -> None:
    office = told.office
    await connect(office, admin_email="books@gallery.example")
    unknown = [make_invoice(f"i-{n}", lines=[make_line(tax_code="moon")]) for n in range(1, 4)]
    await send(office, make_contact(), *unknown, make_invoice("i-9"))
    await office.sync()
    await told.gather()
    (opened,) = told.mailbox.mails
    (problem,) = await problems(office)
    link = f"{PUBLIC_URL}/galleries/{GALLERY}/webservices/{office.webservice_id}/problems/{problem['id']}"
    assert told.mailbox.recipients == ["books@gallery.example"]
    for part in (text_of(opened), html_of(opened)):
        assert link in part
        assert "3 records wait" in part
    assert problem["remedy"] in text_of(opened)

    await office.sync()  # nothing new
    await told.gather()
    await told.rest()
    await told.gather()
    assert len(told.mailbox.mails) == 1

    await send(office, *(make_invoice(f"i-{n}") for n in range(1, 4)))
    await office.sync()
    await told.gather()
    assert [mail["Subject"] for mail in told.mailbox.mails[1:]] == ["Harbour Lane Gallery: 1 problem in Xero is solved"]
    assert await problems(office) == []


async def test_admin_email_left_blank_means_the_gallerys_own_address(told: Told) -> None:
    await connect(told.office, admin_email="")
    await send(told.office, make_contact(), make_invoice(lines=[]))
    await told.office.sync()
    await told.gather()
    assert told.mailbox.recipients == ["owner@example.com"]


# -- Enable scheduled sync / manual run


async def test_schedule_off_nothing_runs_until_somebody_starts_it(office: Office) -> None:
    await connect(office)
    await send(office, make_contact(), make_invoice())
    assert (await webservice(office))["next_run_at"] is None
    assert await office.bench.hub.scheduler.claim() == 0
    assert (await outcome(office, "invoice", "i-1"))[0] == "pending"
    await office.sync()
    await synced(office, "invoice", "i-1")


async def test_schedule_on_sends_a_change_when_things_went_quiet_and_runs_at_its_slots(office: Office) -> None:
    await connect(office, scheduled=True, interval_minutes=60)

    async def has_gone() -> bool:
        await office.bench.work()
        return (await outcome(office, "invoice", "i-1"))[0] == "synced"

    await send(office, make_contact(), make_invoice())
    await until(has_gone)  # eight seconds of quiet, scaled by the clock factor
    _, page = await office.get(f"{office.path}/runs")
    assert {run["asked_by"] for run in page["items"]} <= {"change", "schedule"}

    await patch(office, on_change=False)
    await send(office, make_invoice("i-2"))
    await move_time(office, "UPDATE webservice SET due_at = scheduled_at + interval '1 day'")
    assert await office.bench.hub.scheduler.claim() == 0
    await move_time(office, "UPDATE webservice SET due_at = clock_timestamp()")  # its slot has come
    await office.bench.work()
    await synced(office, "invoice", "i-2")
    assert (await webservice(office))["next_run_at"] is not None


async def test_schedule_each_webservice_has_its_own_place_in_the_interval(office: Office) -> None:
    other = office.bench.sandbox.add_organisation(name="Elsewhere")
    slots = []
    for organisation in (office.bench.organisation, other):
        office.bench.books_there = organisation
        await connect(office, scheduled=True, interval_minutes=10_000, on_change=False)
        slots.append((await webservice(office))["next_run_at"])
    assert None not in slots
    assert slots[0] != slots[1]


async def test_manual_run_of_chosen_invoices_sends_those_with_their_payments_and_no_others(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice("i-1"), make_invoice("i-2"), make_payment("p-2", invoice_id="i-2"))
    run = await desk.sync(invoices=["i-2"])
    assert (run["state"], run["invoices"]) == ("done", ["i-2"])
    assert {number: status for number, (status, _, _) in desk.bench.books().items()} == {"AG-2": "PAID"}
    assert (await outcome(desk, "invoice", "i-1"))[0] == "pending"


async def test_manual_run_joins_one_that_is_under_way_and_is_not_doubled(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice())
    asked = [(await desk.call("POST", f"{desk.path}/sync", json={}))[1]["id"] for _ in range(3)]
    await desk.bench.work()
    _, page = await desk.get(f"{desk.path}/runs")
    assert [run["id"] for run in page["items"]] == [asked[0]] == list(set(asked))
    assert len(desk.bench.books()) == 1


# -- Import all Xero contacts


async def test_import_brings_2500_contacts_in_three_reads_matches_before_it_creates_and_repeats_without_doubles(
    office: Office,
) -> None:
    """Among them a homonym pair, an archived one, one merged into another, and one that the gallery has already."""
    organisation = office.bench.organisation
    names = [f"Person {n}" for n in range(2495)] + ["Maria Weiss", "Maria Weiss", "Old Buyer", "Twice", "Twice Again"]
    made = [organisation.add_contact(name, email=f"person{n}@example.com") for n, name in enumerate(names)]
    organisation.archive_contact(made[2497].id)
    organisation.merge_contacts(made[2498].id, made[2499].id)
    year_ago = organisation.now() - timedelta(days=365)
    for n, one in enumerate(made):
        office.bench.ledger.contacts.touch(one, year_ago + timedelta(minutes=n))
    await connect(office, import_contacts=True)
    await send(office, make_contact("c-1", name="Person 7", email="person7@example.com"), make_invoice())
    office.bench.sandbox.calls.clear()

    first = await office.sync()

    assert (first["state"], first["counts"]["received"]) == ("done", 2497), first
    assert Counter(office.bench.sandbox.calls.by_path)["GET /api.xro/2.0/Contacts"] == 3
    assert (await synced(office, "contact", "c-1"))["remote_id"] == made[7].id
    assert (await office.get(f"{BASE}/contacts/xero-{made[2496].id}"))[1]["name"] == "Maria Weiss"
    for absent in (made[7], made[2497], made[2498]):
        assert (await office.get(f"{BASE}/contacts/xero-{absent.id}"))[0] == 404
    assert len(office.bench.ledger.contacts) == 2500

    for wanted in (False, True):
        await patch(office, import_contacts=wanted)
    again = await run_quietly(office)
    assert (again["counts"]["received"], again["counts"]["unchanged"]) == (0, 2498)


# -- Copy all existing invoices and contacts


async def fill(office: Office) -> None:
    """Three invoices of two contacts, of two years."""
    await send(
        office,
        make_contact("c-1"),
        make_contact("c-2"),
        make_invoice("i-3", issued_on="2026-03-04", total="400.00"),
        make_invoice("i-1", issued_on="2024-03-04", total="100.00", contact_id="c-2"),
        make_invoice("i-2", issued_on="2025-03-04", total="200.00"),
    )


async def test_copy_existing_shows_how_many_and_what_total_and_then_sends_them_oldest_first(office: Office) -> None:
    await fill(office)
    await connect(office, copy_existing=False)
    await run_quietly(office)
    await left_out(office, "i-1", "before_connection")

    shown = (await preview(office, settings={"copy_existing": True}))["newly_let_in"]
    assert (shown["count"], shown["totals"]) == (3, [{"currency": "AUD", "total": "700.00"}])
    assert (shown["oldest"], shown["newest"]) == ("2024-03-04", "2026-03-04")
    await run_quietly(office)  # a preview saves nothing

    await patch(office, copy_existing=True)
    assert (await office.sync())["counts"]["created"] == 5
    made = [one.number for one in office.bench.ledger.invoices.values()]
    assert made == ["AG-1", "AG-2", "AG-3"]
    assert len(office.bench.ledger.contacts) == 2
    assert (await office.proof())["complete"] is True


# -- Sync from date


async def test_sync_from_is_inclusive_and_moved_back_it_shows_what_would_come_before_it_is_saved(
    office: Office,
) -> None:
    await fill(office)
    await connect(office, copy_existing=False, sync_from="2026-03-04")
    await office.sync()
    assert list(office.bench.books()) == ["AG-3"]
    early = await left_out(office, "i-2", "before_sync_from")
    assert "2026-03-04" in early["message"]

    shown = (await preview(office, settings={"sync_from": "2025-03-04"}))["newly_let_in"]
    assert (shown["count"], shown["totals"]) == (1, [{"currency": "AUD", "total": "200.00"}])
    saved = await patch(office, sync_from="2025-03-04")
    assert saved["preview"]["newly_let_in"] == shown
    await office.sync()
    assert sorted(office.bench.books()) == ["AG-2", "AG-3"]


async def test_sync_from_in_the_future_keeps_today_out_and_says_until_when(office: Office) -> None:
    await fill(office)
    await connect(office, sync_from="2999-01-01")
    await run_quietly(office)
    entry = await left_out(office, "i-3", "before_sync_from")
    assert "2999-01-01" in entry["message"]
    assert "Sync from date" in entry["remedy"]


# -- 14 days


async def test_14_days_leave_an_older_change_out_in_plain_sight_and_sync_anyway_sends_it(office: Office) -> None:
    await connect(office, copy_existing=False)
    assert (await webservice(office))["settings"]["window_days"] == 14
    recent, old = {"source_updated_at": ago(13)}, {"source_updated_at": ago(15)}
    await send(office, make_contact(), make_invoice("i-1", **recent), make_invoice("i-2", **old))
    await office.sync()
    await synced(office, "invoice", "i-1")
    entry = await left_out(office, "i-2", "outside_window")
    assert "Sync anyway" in entry["remedy"]
    assert (await office.proof())["not_in_books"][0]["reason"] == "outside_window"

    assert (await office.call("POST", f"{BASE}/invoices/i-2/resync"))[0] == 202
    await office.sync()
    await synced(office, "invoice", "i-2")


async def test_14_days_count_from_the_last_finished_run_so_an_outage_of_a_month_loses_nothing(office: Office) -> None:
    await connect(office, copy_existing=False)
    await office.sync()
    await move_time(office, "UPDATE webservice SET finished_at = finished_at - interval '31 days'")
    await send(office, make_contact(), make_invoice("i-1", source_updated_at=ago(30)))
    await office.sync()
    await synced(office, "invoice", "i-1")


async def test_14_days_never_drop_what_was_held_meanwhile(office: Office) -> None:
    await connect(office, copy_existing=False)
    await send(office, make_invoice("i-1", source_updated_at=ago(10)))  # its contact is missing
    await office.sync()
    await held(office, "i-1", "contact_missing")
    await move_time(office, "UPDATE webservice SET finished_at = finished_at + interval '20 days'")
    await send(office, make_contact())
    await office.sync()
    await synced(office, "invoice", "i-1")


# -- Exclude certain invoices

RULES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "number": ({"filter": "number", "from": "1000", "to": "1999"}, {"number": "1500"}),
    "contact": ({"filter": "contact", "values": ["c-2"]}, {"contact_id": "c-2"}),
    "channel": ({"filter": "channel", "values": ["shopify"]}, {"channel": "shopify"}),
    "tag": ({"filter": "tag", "values": ["fair"]}, {"tags": ["Fair"]}),
    "kind": (
        {"filter": "kind", "values": ["portal_fee"]},
        {"lines": [make_line(price="500.00", kind="portal_fee")]},
    ),
    "currency": ({"filter": "currency", "values": ["NZD"]}, {"currency": "NZD"}),
    "date": ({"filter": "date", "to": "2024-12-31"}, {"issued_on": "2024-12-31"}),
    "amount": ({"filter": "amount", "to": "9.99"}, {"total": "9.99", "lines": [make_line(price="9.99")]}),
}


async def test_exclude_by_flag_and_by_each_filter_after_a_preview_of_what_each_would_leave_out(desk: Office) -> None:
    meant = [
        make_invoice(f"i-{key}", **({"number": str(n)} | facts)) for n, (key, (_, facts)) in enumerate(RULES.items(), 1)
    ]
    flagged = make_invoice("i-flag", number="90", excluded=True)
    await send(desk, make_contact(), make_contact("c-2"), *meant, flagged, make_invoice("i-99"))
    rules = [rule for rule, _ in RULES.values()]

    shown = await preview(desk, exclusions=rules)
    assert [(one["count"], [named["id"] for named in one["examples"]]) for one in shown["exclusions"]] == [
        (1, [f"i-{key}"]) for key in RULES
    ]
    assert shown["would_go"]["count"] == 1

    await exclude(desk, *rules)
    await desk.sync()
    assert list(desk.bench.books()) == ["AG-99"]
    for key in (*RULES, "flag"):
        await left_out(desk, f"i-{key}", "excluded")
    assert "shopify" in (await explain(desk, "i-channel"))["verdict"]


async def test_exclude_after_sync_stops_updates_says_so_and_goes_on_when_it_is_taken_off(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice("i-1", channel="shopify"))
    await desk.sync()
    rule = RULES["channel"][0]
    assert (await preview(desk, exclusions=[rule]))["newly_frozen"]["count"] == 1
    await exclude(desk, rule)
    await put(desk, make_invoice("i-1", channel="shopify", total="550.00"))
    await run_quietly(desk)
    (shown,) = (await invoice_here(desk))["entries"]
    assert (shown["state"], shown["reason"]) == ("synced", "excluded")
    assert "not updated any more" in shown["message"]
    assert str(desk.bench.invoice("AG-1").total) == "500.00"

    await exclude(desk)
    await desk.sync()
    assert str(desk.bench.invoice("AG-1").total) == "550.00"
