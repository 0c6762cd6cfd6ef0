"""What changes between runs: dates and exclusions moved, locks lifted, records that come late or vanish (N6 to N32)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.catalogue import desk as d
from tests.catalogue.desk import make_contact, make_invoice, make_line
from tests.sync.harness import GALLERY
from tests.web.webservices.office import Office

OLD = ("2025-07-09", "2025-05-07", "2025-06-08")  # not in their order


async def preview(office: Office, **wanted: Any) -> dict[str, Any]:
    """What a changed book would do, before it is saved."""
    status, told = await office.call("POST", f"{office.path}/preview", json=wanted)
    assert status == 200, told
    return dict(told)


async def age(office: Office, **by: float) -> None:
    """The last run ended that much earlier."""
    async with office.bench.hub.database.transaction() as conn:
        await conn.execute(
            "UPDATE webservice SET finished_at = finished_at - $2::interval WHERE id = $1",
            office.webservice_id,
            timedelta(**by),
        )


def ago(**by: float) -> str:
    """An instant, as a record's source would give it."""
    return (datetime.now(UTC) - timedelta(**by)).isoformat()


def writes(office: Office) -> int:
    """Requests that wrote invoices so far."""
    calls = office.bench.sandbox.calls.by_path
    return sum(count for path, count in calls.items() if path.endswith("Invoices") and not path.startswith("GET"))


# -- the sync-from date moved


async def test_n6_moved_back_it_counts_before_it_is_saved_and_goes_oldest_first(office: Office) -> None:
    await d.connect(office, sync_from="2026-01-01", copy_existing=False)
    old = [make_invoice(f"i-{n}", issued_on=day, due_on=None) for n, day in enumerate(OLD, start=1)]
    await d.send(office, make_contact(), make_invoice("i-new"), *old)
    await office.sync()
    for n in (1, 2, 3):
        await d.left_out(office, f"i-{n}", "before_sync_from")

    told = await preview(office, settings={"sync_from": "2025-01-01"})
    assert told["newly_let_in"]["count"] == 3
    assert told["newly_let_in"]["totals"] == [{"currency": "AUD", "total": "1500.00"}]
    assert (told["newly_let_in"]["oldest"], told["newly_let_in"]["newest"]) == ("2025-05-07", "2025-07-09")
    assert len(office.bench.ledger.invoices) == 1

    await d.patch(office, sync_from="2025-01-01")
    await office.sync()

    made = [invoice.on.isoformat() for invoice in office.bench.ledger.invoices.values()]
    assert made == ["2026-03-04", *sorted(OLD)]


async def test_n7_moved_forward_past_what_is_synced_keeps_it_and_updates_it(office: Office) -> None:
    await d.connect(office, sync_from="2026-03-01", copy_existing=False)
    await d.send(office, make_contact(), make_invoice())
    await office.sync()
    before = await d.synced(office, "invoice", "i-1")

    await d.patch(office, sync_from="2026-06-01")
    await d.put(office, make_invoice(total="600.00"))
    await office.sync()

    after = await d.synced(office, "invoice", "i-1")
    assert after["remote_id"] == before["remote_id"]
    assert str(d.there_invoice(office, "AG-1")["Total"]) == "600.00"


# -- exclusions


async def exclude(office: Office, *rules: dict[str, Any]) -> None:
    """Save the exclusions."""
    status, told = await office.put(f"{office.path}/exclusions", {"exclusions": list(rules)})
    assert status == 200, told


async def test_n8_a_rule_leaves_out_what_it_matches_and_nothing_else(desk: Office) -> None:
    await exclude(desk, {"filter": "channel", "values": ["shopify"]})
    await d.send(desk, make_contact(), make_invoice(), make_invoice("i-2", channel="shopify"))
    await desk.sync()
    await d.synced(desk, "invoice", "i-1")
    entry = await d.left_out(desk, "i-2", "excluded")
    assert "shopify" in entry["message"]


async def test_n9_excluded_after_it_was_sent_it_stays_there_without_updates_and_says_so(desk: Office) -> None:
    await d.send(desk, make_contact(), make_invoice())
    await desk.sync()

    await d.put(desk, make_invoice(excluded=True, total="600.00"))
    await desk.sync()

    entry = await desk.entry("invoice", "i-1")
    assert (entry["state"], entry["reason"], entry["frozen"]) == ("synced", "excluded", True)
    assert "not updated any more" in entry["message"]
    assert str(d.there_invoice(desk, "AG-1")["Total"]) == "500.00"


async def test_n10_no_longer_excluded_it_is_pending_and_goes_with_the_next_run(desk: Office) -> None:
    await exclude(desk, {"filter": "number", "from": "1", "to": "1"})
    await d.send(desk, make_contact(), make_invoice(), make_invoice("i-2", excluded=True))
    await desk.sync()
    await d.left_out(desk, "i-1", "excluded")
    await d.left_out(desk, "i-2", "excluded")

    await exclude(desk)
    await d.put(desk, make_invoice("i-2", excluded=False))

    for invoice_id in ("i-1", "i-2"):
        assert (await d.outcome(desk, "invoice", invoice_id))[0] == "pending"
    await desk.sync()
    for invoice_id in ("i-1", "i-2"):
        await d.synced(desk, "invoice", invoice_id)


async def test_n10_no_longer_excluded_what_stood_there_is_brought_up_to_date(desk: Office) -> None:
    await d.send(desk, make_contact(), make_invoice())
    await desk.sync()
    await d.put(desk, make_invoice(excluded=True, total="600.00"))
    await desk.sync()

    await d.put(desk, make_invoice(total="600.00"))
    await desk.sync()

    assert (await d.synced(desk, "invoice", "i-1"))["frozen"] is False
    assert str(d.there_invoice(desk, "AG-1")["Total"]) == "600.00"


# -- lock dates moved


async def test_n24_a_lock_lifted_there_frees_what_it_held(office: Office) -> None:
    d.locked_until(office, period="2026-03-31")
    await d.connect(office)
    await d.send(office, make_contact(), make_invoice())
    await office.sync()
    await d.held(office, "i-1", "period_locked")

    d.locked_until(office, period="2026-02-28")
    await office.sync()

    await d.synced(office, "invoice", "i-1")


async def test_n24_a_lock_set_there_while_an_invoice_was_pending_holds_it(desk: Office) -> None:
    await d.send(desk, make_contact(), make_invoice(), make_invoice("i-2", issued_on="2026-04-01"))
    d.locked_until(desk, period="2026-03-31")  # after the choices were read

    await desk.sync()

    await d.held(desk, "i-1", "period_locked")
    await d.synced(desk, "invoice", "i-2")
    d.locked_until(desk)
    await desk.sync()
    await d.synced(desk, "invoice", "i-1")


# -- the window, and clocks


async def test_n30_what_was_pending_through_a_month_without_a_run_goes(office: Office) -> None:
    await d.connect(office, copy_existing=False)
    await office.sync()
    await age(office, days=31)
    await d.send(office, make_contact(), make_invoice(source_updated_at=ago(days=20)))

    await office.sync()

    await d.synced(office, "invoice", "i-1")


async def test_n30_what_was_held_never_falls_out_of_the_window(office: Office) -> None:
    await d.connect(office, copy_existing=False)
    await office.sync()
    await age(office, days=31)
    await d.send(office, make_invoice(source_updated_at=ago(days=20)))  # its contact is still to come
    await office.sync()  # from now on the window counts back from today
    await d.held(office, "i-1", "contact_missing")

    await d.send(office, make_contact())
    await office.sync()

    await d.synced(office, "invoice", "i-1")


async def test_n30_what_did_change_longer_ago_is_left_out_and_sync_again_sends_it(office: Office) -> None:
    await d.connect(office, copy_existing=False)
    await d.send(office, make_contact(), make_invoice(source_updated_at=ago(days=20)))
    await office.sync()
    await d.left_out(office, "i-1", "outside_window")

    assert (await office.call("POST", f"{d.BASE}/invoices/i-1/resync"))[0] == 202
    await office.sync()

    await d.synced(office, "invoice", "i-1")


async def test_n31_a_source_whose_clock_is_ten_minutes_behind_loses_nothing(office: Office) -> None:
    await d.connect(office, copy_existing=False)
    await d.send(office, make_contact(), make_invoice(source_updated_at=ago(minutes=30)))
    await office.sync()

    await d.send(
        office,
        make_invoice("i-2", source_updated_at=ago(minutes=10)),  # both stamped before the last run began
        make_invoice(source_updated_at=ago(minutes=10), total="600.00"),
    )
    await office.sync()

    await d.synced(office, "invoice", "i-2")
    await d.synced(office, "invoice", "i-1")
    assert str(d.there_invoice(office, "AG-1")["Total"]) == "600.00"


# -- what vanishes


async def test_n32_a_connected_gallery_cannot_delete_an_invoice(desk: Office) -> None:
    await d.send(desk, make_contact(), make_invoice())
    status, told = await desk.call("DELETE", f"{d.BASE}/invoices/i-1")
    assert (status, told["type"]) == (409, "/problems/connected")
    assert "oid" in told["detail"]


async def test_n32_an_invoice_that_vanished_all_the_same_is_held_and_stays_there(desk: Office) -> None:
    await d.send(desk, make_contact(), make_invoice(), make_invoice("i-2"))
    await desk.sync()
    before = d.there_invoice(desk, "AG-1")
    async with desk.bench.hub.database.transaction() as conn:  # no call of the hub does this
        await conn.execute("DELETE FROM record WHERE gallery_id = $1 AND type = 'invoice' AND id = 'i-1'", GALLERY)
        await conn.execute("UPDATE entry SET asked = asked + 1 WHERE gallery_id = $1 AND record_id = 'i-1'", GALLERY)
    calls = writes(desk)
    await d.put(desk, make_invoice("i-2", lines=[make_line(price="600.00")], total="600.00"))

    await desk.sync()

    entry = await d.held(desk, "i-1", "source_missing")
    assert entry["remote_id"] == before["InvoiceID"]
    assert d.there_invoice(desk, "AG-1") == before
    assert writes(desk) == calls + 1  # the other invoice goes on

    await d.put(desk, make_invoice())  # sent again, it is the same invoice
    await desk.sync()
    await d.synced(desk, "invoice", "i-1")
