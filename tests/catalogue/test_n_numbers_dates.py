"""What is sent once: which invoices go, under which number and with which dates (cases N1 to N28)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.catalogue import desk as d
from tests.catalogue.conftest import OpenWorld
from tests.catalogue.desk import Json, make_contact, make_invoice
from tests.sync.harness import make_gallery
from tests.web.webservices.office import Office

FAR = date.today() + timedelta(days=730)  # noqa: DTZ011 - two years ahead of any zone's today
LONGEST = "7" * 252

# case -> what its invoice has beside a number of its own
INVOICES: dict[str, Json] = {
    "1": {"status": "draft"},
    "8": {"excluded": True},
    "13": {"number": "1234"},
    "14": {"number": "AG-5678"},
    "15": {"number": "007"},
    "19": {"number": LONGEST},
    "19-longer": {"number": "8" * 253},
    "20": {"issued_on": None},
    "21": {"issued_on": FAR.isoformat(), "due_on": None},
    "22": {"issued_on": "1899-12-31"},
    "25": {"issued_on": "2026-03-04", "due_on": "2026-03-01"},
    "26": {"due_on": None},
    "27": {"issued_on": "2024-02-29", "due_on": None},
}
STOPPED = {"1": "left_out", "8": "left_out", "19-longer": "held", "20": "held", "22": "held"}


def invoices(cases: dict[str, Json]) -> list[Json]:
    """An invoice for each case, all of one contact."""
    return [make_invoice(f"i-{case}", **changes) for case, changes in cases.items()]


def there(world: Office, number: str, key: str = "DateString") -> Any:
    """A field of the invoice of that number there; of a date only the day."""
    value = d.there_invoice(world, number)[key]
    return value.removesuffix("T00:00:00") if key.endswith("String") else value


@pytest.fixture(scope="module")
async def world(open_world: OpenWorld) -> Office:
    """Every invoice of the table, synced once."""
    return await open_world([make_contact(), *invoices(INVOICES)])


async def test_n1_a_draft_is_left_out(world: Office) -> None:
    await d.left_out(world, "i-1", "draft")


async def test_n2_a_quote_is_refused_at_the_door(world: Office) -> None:
    assert list(await d.refused(world, make_invoice("i-q", kind="quote"))) == ["kind"]


@pytest.mark.parametrize("kind", ["commercial_invoice", "customs"])
async def test_n3_a_commercial_invoice_is_refused_at_the_door(world: Office, kind: str) -> None:
    assert list(await d.refused(world, make_invoice("i-q", kind=kind))) == ["kind"]


async def test_n8_what_is_excluded_before_it_was_sent_is_left_out(world: Office) -> None:
    await d.left_out(world, "i-8", "excluded")
    assert not d.is_there(world, "AG-8")


async def test_n13_a_number_goes_behind_the_prefix(world: Office) -> None:
    assert (await d.synced(world, "invoice", "i-13"))["number"] == "AG-1234"
    assert there(world, "AG-1234", "InvoiceNumber") == "AG-1234"


async def test_n14_a_number_that_bears_the_prefix_gets_no_second_one(world: Office) -> None:
    await d.synced(world, "invoice", "i-14")
    assert d.is_there(world, "AG-5678")
    assert not d.is_there(world, "AG-AG-5678")


async def test_n15_a_number_is_text_and_keeps_its_zeros(world: Office) -> None:
    await d.synced(world, "invoice", "i-15")
    assert d.is_there(world, "AG-007")


async def test_n19_a_number_of_255_characters_goes_and_a_longer_one_is_held(world: Office) -> None:
    await d.synced(world, "invoice", "i-19")
    assert d.is_there(world, f"AG-{LONGEST}")
    entry = await d.held(world, "i-19-longer", "too_large")
    assert "255" in entry["message"]


async def test_n20_without_an_issue_date_it_is_held(world: Office) -> None:
    await d.held(world, "i-20", "date")


async def test_n21_a_date_two_years_ahead_goes_and_is_noted(world: Office) -> None:
    entry = await d.synced(world, "invoice", "i-21")
    assert there(world, "AG-21") == FAR.isoformat()
    assert f"It is dated {FAR}, more than a year ahead." in d.notes(entry)


async def test_n22_a_date_before_1900_is_held(world: Office) -> None:
    entry = await d.held(world, "i-22", "date")
    assert "1899-12-31" in entry["message"]


async def test_n25_due_before_its_date_it_goes_as_it_is_and_is_noted(world: Office) -> None:
    entry = await d.synced(world, "invoice", "i-25")
    assert (there(world, "AG-25"), there(world, "AG-25", "DueDateString")) == ("2026-03-04", "2026-03-01")
    assert "It is due on 2026-03-01, before its date." in d.notes(entry)


async def test_n26_without_a_due_date_the_gallerys_days_count(world: Office) -> None:
    entry = await d.synced(world, "invoice", "i-26")
    assert there(world, "AG-26", "DueDateString") == "2026-04-03"
    assert "It has no due date: 2026-04-03 is sent (30 days)." in d.notes(entry)


async def test_n27_the_29th_of_february_is_a_day(world: Office) -> None:
    await d.synced(world, "invoice", "i-27")
    assert (there(world, "AG-27"), there(world, "AG-27", "DueDateString")) == ("2024-02-29", "2024-03-30")


async def test_no_invoice_of_the_table_stopped_another(world: Office) -> None:
    for case in INVOICES:
        state, _ = await d.outcome(world, "invoice", f"i-{case}")
        assert state == STOPPED.get(case, "synced"), case


# -- numbers under other prefixes


async def test_n11_a_blank_prefix_is_ag(office: Office) -> None:
    await d.connect(office, invoice_prefix="  ")
    await d.send(office, make_contact(), make_invoice())
    await office.sync()
    assert d.is_there(office, "AG-1")


async def test_n12_a_prefix_may_have_a_slash_and_digits(office: Office) -> None:
    await d.connect(office, invoice_prefix="GAL/2026")
    await d.send(office, make_contact(), make_invoice())
    await office.sync()
    assert (await d.synced(office, "invoice", "i-1"))["number"] == "GAL/2026-1"
    assert d.is_there(office, "GAL/2026-1")


@pytest.mark.parametrize("prefix", ["AG 26", "🎨", "GÄL", "A" * 21, "AG\n"])
async def test_n12_a_prefix_that_xero_or_people_would_stumble_over_is_refused(world: Office, prefix: str) -> None:
    for faults in (
        await d.settings_faults(world, invoice_prefix=prefix),
        await d.patch_faults(world, invoice_prefix=prefix),
    ):
        assert list(faults) == ["settings.invoice_prefix"]
        assert "1 to 20" in faults["settings.invoice_prefix"]


async def test_n14_two_numbers_that_become_one_never_overwrite_each_other(desk: Office) -> None:
    records = [make_invoice("i-1", number="1234"), make_invoice("i-2", number="AG-1234", total="77.00")]
    await d.send(desk, make_contact(), *records)

    await desk.sync()

    states = {i: await d.outcome(desk, "invoice", i) for i in ("i-1", "i-2")}
    assert sorted(states.values(), key=str) == [("held", "number_taken"), ("synced", None)], states
    sent = records[0] if states["i-1"][0] == "synced" else records[1]
    assert str(d.there_invoice(desk, "AG-1234")["Total"]) == sent["total"]


async def test_n16_two_galleries_cannot_share_an_organisation_whatever_their_prefixes(office: Office) -> None:
    await d.connect(office)
    gallery = "/api/v1/galleries/second"
    assert (await office.put(gallery, make_gallery(id="second")))[0] == 201
    body = {"kind": "xero", "settings": {"invoice_prefix": "AG"}}
    _, made = await office.call("POST", f"{gallery}/webservices", json=body)
    await office.walk(made["authorize_url"].removeprefix(office.services.public_url))

    path = f"{gallery}/webservices/{made['id']}/organisation"
    status, told = await office.call("POST", path, json={"id": office.bench.organisation.id})

    assert (status, told["type"]) == (409, "/problems/organisation-in-use")
    assert told["detail"]


async def test_n19_a_prefix_that_is_too_long_is_refused(world: Office) -> None:
    assert list(await d.settings_faults(world, invoice_prefix="A" * 21)) == ["settings.invoice_prefix"]


# -- the sync-from date


@pytest.fixture(scope="module")
async def from_march(open_world: OpenWorld) -> Office:
    """An Auckland gallery that syncs from 4 March on, with 7 days to pay."""
    zone = make_gallery(timezone="Pacific/Auckland", country="NZ", default_due_days=7)
    late = {"source_updated_at": "2026-03-04T23:30:00+13:00", "issued_on": "2026-03-04", "due_on": None}
    dated: dict[str, Json] = {"4": {"issued_on": "2026-03-04"}, "4-before": {"issued_on": "2026-03-03"}, "28": late}
    return await open_world([zone, make_contact(), *invoices(dated)], sync_from="2026-03-04", copy_existing=False)


async def test_n4_on_the_sync_from_date_it_goes(from_march: Office) -> None:
    await d.synced(from_march, "invoice", "i-4")


async def test_n4_a_day_earlier_it_is_left_out(from_march: Office) -> None:
    entry = await d.left_out(from_march, "i-4-before", "before_sync_from")
    assert "2026-03-03" in entry["message"]
    assert "2026-03-04" in entry["message"]


async def test_n26_the_gallerys_own_days_count(from_march: Office) -> None:
    assert there(from_march, "AG-28", "DueDateString") == "2026-03-11"


async def test_n28_made_late_in_auckland_it_keeps_the_local_day(from_march: Office) -> None:
    await d.synced(from_march, "invoice", "i-28")
    assert there(from_march, "AG-28") == "2026-03-04"


async def test_n5_with_a_date_in_the_future_nothing_goes_and_it_says_why(open_world: OpenWorld) -> None:
    start = date.today() + timedelta(days=60)  # noqa: DTZ011 - far from any zone's today
    world = await open_world(
        [make_contact(), make_invoice(), make_invoice("i-2")], sync_from=start.isoformat(), copy_existing=True
    )
    for invoice_id in ("i-1", "i-2"):
        entry = await d.left_out(world, invoice_id, "before_sync_from")
        assert str(start) in entry["message"]
    _, found = await world.get(world.path)
    assert (found["settings"]["sync_from"], found["counts"]["invoice"]) == (start.isoformat(), {"left_out": 2})
    assert len(world.bench.ledger.invoices) == 0


# -- lock dates


@pytest.mark.parametrize("lock", ["period", "year_end"])
async def test_n23_on_or_before_a_lock_date_it_is_held(open_world: OpenWorld, lock: str) -> None:
    dated = {
        "before": {"issued_on": "2026-03-30"},
        "on": {"issued_on": "2026-03-31"},
        "after": {"issued_on": "2026-04-01"},
    }
    world = await open_world(
        [make_contact(), *invoices(dated)], prepare=lambda office: d.locked_until(office, **{lock: "2026-03-31"})
    )
    for case in ("before", "on"):
        entry = await d.held(world, f"i-{case}", "period_locked")
        assert "2026-03-31" in entry["message"]
    await d.synced(world, "invoice", "i-after")
