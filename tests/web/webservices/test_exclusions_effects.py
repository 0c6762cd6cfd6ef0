"""What exclusions do to what is on its way, in the books, or left out; every filter of the hub by its form."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sync.harness import make_contact, make_invoice, make_line, make_payment
from tests.web.webservices.office import BASE, Office

SHOPIFY: dict[str, Any] = {"filter": "channel", "values": ["shopify"]}


async def exclude(office: Office, *rules: dict[str, Any]) -> None:
    """Replace the exclusions."""
    status, told = await office.call("PUT", f"{office.path}/exclusions", json={"exclusions": list(rules)})
    assert status == 200, told


async def test_n9_excluded_after_the_sync_stops_updating_and_says_so_at_the_next_run(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice("i-1", channel="shopify"), make_invoice("i-2"))
    await office.connect()
    await office.sync()
    await exclude(office, SHOPIFY)
    assert (await office.entry("invoice", "i-1"))["state"] == "pending"
    assert (await office.entry("invoice", "i-2"))["state"] == "synced"  # not concerned
    run = await office.sync()
    assert (run["counts"]["updated"], run["counts"]["voided"], run["counts"]["unchanged"]) == (0, 0, 1)
    entry = await office.entry("invoice", "i-1")
    assert (entry["state"], entry["reason"], entry["remote_id"] is not None) == ("synced", "excluded", True)
    assert "not updated any more" in entry["message"]
    assert "not updated any more" in entry["history"][-1]["text"]
    await office.bench.put(make_invoice("i-1", channel="shopify", total="600.00"))
    assert (await office.sync())["counts"]["updated"] == 0
    assert str(office.bench.invoice("AG-1").total) == "500.00"


async def test_n10_an_exclusion_taken_off_lets_the_change_through(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice("i-1", channel="shopify"), make_payment())
    await office.connect()
    await exclude(office, SHOPIFY)
    await office.sync()
    assert (await office.entry("invoice", "i-1"))["state"] == "left_out"
    assert (await office.entry("payment", "p-1"))["state"] == "left_out"
    await exclude(office)
    assert (await office.entry("invoice", "i-1"))["state"] == "pending"
    await office.sync()
    assert (await office.entry("invoice", "i-1"))["state"] == "synced"
    assert (await office.entry("payment", "p-1"))["state"] == "synced"


async def test_a_frozen_invoice_is_updated_again_when_its_exclusion_goes(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice("i-1", channel="shopify"))
    await office.connect()
    await office.sync()
    await exclude(office, SHOPIFY)
    await office.bench.put(make_invoice("i-1", channel="shopify", total="600.00"), make_payment(amount="100.00"))
    await office.sync()
    assert (await office.entry("payment", "p-1"))["state"] == "left_out"
    await exclude(office)
    await office.sync()
    assert str(office.bench.invoice("AG-1").total) == "600.00"
    thawed = await office.entry("invoice", "i-1")
    assert (thawed["reason"], thawed["frozen"]) == (None, False)
    assert (await office.entry("payment", "p-1"))["state"] == "synced"


async def test_what_is_held_after_its_exclusion_went_is_frozen_no_more(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice("i-1", channel="shopify"))
    await office.connect()
    await office.sync()
    await exclude(office, SHOPIFY)
    await office.bench.put(make_invoice("i-1", channel="shopify", lines=[make_line(price="500.00", tax_code="moon")]))
    await office.sync()
    assert (await office.entry("invoice", "i-1"))["frozen"] is True
    await exclude(office)
    await office.sync()
    held = await office.entry("invoice", "i-1")
    assert (held["state"], held["reason"], held["frozen"]) == ("held", "tax_code_missing", False)


async def test_saving_exclusions_asks_only_what_they_concern_and_the_run_writes_nothing(office: Office) -> None:
    await office.bench.put(make_contact(), *(make_invoice(f"i-{n}") for n in range(1, 31)))
    await office.connect()
    await office.sync()
    await exclude(office, {"filter": "number", "from": "1", "to": "10"})
    _, told = await office.get(office.path)
    assert told["counts"]["invoice"] == {"pending": 10, "synced": 20}
    run = await office.sync()
    assert (run["counts"]["unchanged"], run["counts"]["updated"]) == (10, 0)
    await exclude(office, {"filter": "number", "from": "1", "to": "10"})
    assert (await office.get(office.path))[1]["counts"]["invoice"]["synced"] + 10 >= 30
    await exclude(office, {"filter": "number", "from": "6", "to": "15"})
    await office.sync()
    frozen = [n for n in range(1, 31) if (await office.entry("invoice", f"i-{n}"))["reason"] == "excluded"]
    assert frozen == list(range(6, 16))


async def test_n8_the_flag_of_the_invoice_keeps_it_out_and_freezes_it(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice("i-1", excluded=True), make_invoice("i-2"))
    await office.connect()
    await office.sync()
    left = await office.entry("invoice", "i-1")
    assert (left["state"], left["reason"]) == ("left_out", "excluded")
    assert left["remedy"]
    await office.bench.put(make_invoice("i-1"), make_invoice("i-2", excluded=True, total="700.00"))
    await office.sync()
    assert (await office.entry("invoice", "i-1"))["state"] == "synced"
    assert (await office.entry("invoice", "i-2"))["reason"] == "excluded"
    assert str(office.bench.invoice("AG-2").total) == "500.00"


async def test_every_filter_has_words_help_and_the_schema_of_its_arguments(office: Office) -> None:
    _, kinds = await office.get("/api/v1/kinds")
    xero = next(one for one in kinds["items"] if one["kind"] == "xero")
    wanted = {"number", "contact", "channel", "tag", "kind", "currency", "date", "amount"}
    assert {one["key"] for one in xero["filters"]} == wanted
    for one in xero["filters"]:
        assert one["label"], one
        assert one["help"].startswith("Leave out"), one
        assert one["arguments"]["additionalProperties"] is False
        assert set(one["arguments"]["properties"]) <= {"values", "from", "to"}
    channel = next(one for one in xero["filters"] if one["key"] == "channel")
    assert "shopify" in channel["arguments"]["properties"]["values"]["items"]["enum"]


@pytest.mark.parametrize(
    ("rule", "at"),
    [
        ({"filter": "number", "from": "20", "to": "10"}, "to"),
        ({"filter": "number", "from": "abc"}, "from"),
        ({"filter": "number", "values": ["1"], "from": "2"}, "values"),
        ({"filter": "date", "from": "2026-03-02", "to": "2026-03-01"}, "to"),
        ({"filter": "date", "from": "2026-02-30"}, "from"),
        ({"filter": "amount", "from": "10.00", "to": "9.99"}, "to"),
        ({"filter": "amount", "from": 10}, "from"),
        ({"filter": "channel", "values": ["moon"]}, "values[0]"),
        ({"filter": "kind", "values": ["quote"]}, "values[0]"),
        ({"filter": "currency", "values": ["DOLLAR"]}, "values[0]"),
        ({"filter": "contact", "values": []}, "values"),
        ({"filter": "tag", "values": [" "]}, "values[0]"),
        ({"filter": "tag", "values": ["x"], "moon": 1}, "moon"),
        ({"filter": "moon"}, "filter"),
    ],
)
async def test_a_bad_rule_is_refused_with_its_place_and_a_sentence(
    office: Office, rule: dict[str, Any], at: str
) -> None:
    await office.make()
    status, told = await office.call("PUT", f"{office.path}/exclusions", json={"exclusions": [rule]})
    assert status == 422
    assert [one["at"] for one in told["errors"]] == [f"exclusions[0].{at}"]
    assert all(len(one["message"]) > 8 for one in told["errors"])


async def test_every_filter_leaves_out_what_it_says_over_the_socket(office: Office) -> None:
    """One invoice for each filter, and one that none of them means."""
    await office.bench.put(
        make_contact(),
        make_contact("c-2"),
        make_invoice("i-1"),
        make_invoice("i-2", contact_id="c-2"),
        make_invoice("i-3", channel="portal"),
        make_invoice("i-4", tags=["Fair", "x"]),
        make_invoice("i-5", lines=[make_line(price="500.00", kind="portal_fee")]),
        make_invoice("i-6", currency="NZD"),
        make_invoice("i-7", issued_on="2024-12-31"),
        make_invoice("i-8", total="5.00"),
        make_invoice("i-9"),
    )
    await office.connect()
    await exclude(
        office,
        {"filter": "number", "values": ["1"]},
        {"filter": "contact", "values": ["c-2"]},
        {"filter": "channel", "values": ["portal"]},
        {"filter": "tag", "values": ["fair"]},
        {"filter": "kind", "values": ["portal_fee"]},
        {"filter": "currency", "values": ["nzd"]},
        {"filter": "date", "to": "2024-12-31"},
        {"filter": "amount", "to": "9.99"},
    )
    await office.sync()
    assert list(office.bench.books()) == ["AG-9"]
    for n in range(1, 9):
        entry = await office.entry("invoice", f"i-{n}")
        assert (entry["state"], entry["reason"]) == ("left_out", "excluded"), entry
    assert "tag is fair" in (await office.entry("invoice", "i-4"))["message"]


@pytest.mark.parametrize("way", ["resync", "retry"])
async def test_outside_window_goes_after_sync_anyway_by_resync_or_retry(office: Office, way: str) -> None:
    old = {"source_updated_at": "2025-01-01T00:00:00Z"}
    await office.connect(copy_existing=False, window_days=14)
    await office.bench.put(make_contact(), make_invoice("i-1", **old), make_invoice("i-2", **old))
    await office.sync()
    entry = await office.entry("invoice", "i-1")
    assert (entry["state"], entry["reason"]) == ("left_out", "outside_window")
    assert "Sync anyway" in entry["remedy"]
    if way == "resync":
        assert (await office.call("POST", f"{BASE}/invoices/i-1/resync"))[0] == 202
    else:
        assert (await office.call("POST", f"{office.path}/entries/{entry['id']}/retry", json={}))[0] == 200
    await office.sync()
    assert (await office.entry("invoice", "i-1"))["state"] == "synced"
    assert (await office.entry("invoice", "i-2"))["state"] == "left_out"


async def test_what_only_a_persons_word_may_send_again_is_not_asked_by_a_changed_rule(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice("i-2"))
    await office.connect()
    await office.sync()  # the contact stands there: writing it would have the invoices that are held judged again
    await office.bench.put(make_invoice("i-1", channel="shopify"))
    async with office.bench.hub.database.transaction() as conn:
        await conn.execute(
            "UPDATE entry SET state = 'held', reason = 'unknown_outcome', judged = asked WHERE record_id = 'i-1'"
        )
    await exclude(office, SHOPIFY)
    await exclude(office)
    await office.sync()
    lost = await office.entry("invoice", "i-1")
    assert (lost["state"], lost["reason"]) == ("held", "unknown_outcome")
    assert list(office.bench.books()) == ["AG-2"]
