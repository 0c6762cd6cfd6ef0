"""Settings, Stop and Go, mappings, exclusions, choices."""

from __future__ import annotations

from typing import Any

from tests.sync.harness import make_contact, make_invoice, make_payment
from tests.web.webservices.office import BASE, Office


async def test_settings_are_merged_and_checked(office: Office) -> None:
    await office.make()
    status, changed = await office.call("PATCH", office.path, json={"name": "Ours", "settings": {"window_days": None}})
    assert (status, changed["name"], changed["settings"]["window_days"]) == (200, "Ours", None)
    assert changed["settings"]["copy_existing"] is True
    status, told = await office.call("PATCH", office.path, json={"settings": {"rounding": "up"}, "colour": 1})
    assert status == 422
    status, told = await office.call("PATCH", office.path, json={"settings": {"rounding": "up"}})
    assert [one["at"] for one in told["errors"]] == ["settings.rounding"]


async def test_a_moved_sync_from_date_lets_in_what_it_left_out(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice())
    await office.connect(copy_existing=False, sync_from="2026-06-01")
    await office.sync()
    assert (await office.entry("invoice", "i-1"))["reason"] == "before_sync_from"
    await office.call("PATCH", office.path, json={"settings": {"sync_from": "2026-01-01"}})
    assert (await office.entry("invoice", "i-1"))["state"] == "pending"
    await office.sync()
    assert (await office.entry("invoice", "i-1"))["state"] == "synced"


async def test_a_new_prefix_frees_a_held_number_and_leaves_old_books_alone(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice("i-1"))
    await office.connect()
    await office.sync()
    buyer = office.bench.organisation.add_contact("Somebody")
    office.bench.organisation.add_invoice(InvoiceNumber="AG-2", Contact={"ContactID": buyer.id}, LineItems=_lines())
    await office.bench.put(make_invoice("i-2"))
    await office.sync()
    held = await office.entry("invoice", "i-2")
    assert (held["state"], held["reason"], held["number"]) == ("held", "number_taken", "AG-2"), held

    await office.call("PATCH", office.path, json={"settings": {"invoice_prefix": "HL"}})
    await office.sync()

    assert (await office.entry("invoice", "i-2"))["number"] == "HL-2"
    assert (await office.entry("invoice", "i-1"))["number"] == "AG-1"
    assert sorted(office.bench.books()) == ["AG-1", "AG-2", "HL-2"]


def _lines() -> list[dict[str, Any]]:
    return [{"Description": "Theirs", "Quantity": 1, "UnitAmount": 10, "AccountCode": "200", "TaxType": "OUTPUT"}]


async def test_stop_and_go(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice())
    await office.connect()
    _, queued = await office.call("POST", f"{office.path}/sync", json={})
    status, paused = await office.call("PATCH", office.path, json={"state": "paused"})
    assert (status, paused["state"], paused["next_run_at"]) == (200, "paused", None)
    await office.bench.work()
    assert office.bench.books() == {}
    assert (await office.get(f"{office.path}/runs/{queued['id']}"))[1]["state"] == "paused"
    assert (await office.call("POST", f"{office.path}/sync", json={}))[1]["type"] == "/problems/not-ready"

    status, ready = await office.call("PATCH", office.path, json={"state": "ready"})
    assert (status, ready["state"]) == (200, "ready")
    await office.bench.work()  # the run that a person had asked for is taken up again
    assert list(office.bench.books()) == ["AG-1"]


async def test_a_webservice_that_is_not_connected_cannot_be_paused(office: Office) -> None:
    await office.make()
    for state in ("paused", "ready"):
        status, told = await office.call("PATCH", office.path, json={"state": state})
        assert (status, told["type"]) == (409, "/problems/not-ready")


async def test_a_schedule_gives_the_next_slot(office: Office) -> None:
    await office.connect()
    assert (await office.get(office.path))[1]["next_run_at"] is None
    _, changed = await office.call("PATCH", office.path, json={"settings": {"scheduled": True}})
    assert changed["next_run_at"] is not None


async def test_choices_have_the_fixed_shape_and_are_not_there_before_the_consent(office: Office) -> None:
    await office.make()
    status, told = await office.get(f"{office.path}/choices")
    assert (status, told["type"]) == (409, "/problems/not-ready")
    await office.connect()
    status, choices = await office.get(f"{office.path}/choices")
    assert status == 200
    account = next(one for one in choices["accounts"] if one["code"] == "090")
    assert {"id", "code", "name", "class", "type", "active", "takes_payments"} <= account.keys()
    assert account["takes_payments"] is True
    rate = next(one for one in choices["tax_rates"] if one["code"] == "OUTPUT")
    assert (rate["rate"], rate["active"]) == ("10", True) or rate["rate"].startswith("10")
    assert choices["tracking"][0]["options"][0].keys() == {"id", "name"}
    assert choices["organisation"]["id"] == office.bench.organisation.id


async def test_every_bad_mapping_is_named(office: Office) -> None:
    await office.connect()
    office.bench.organisation.account_coded("220").status = "ARCHIVED"  # type: ignore[union-attr] # it is there
    await office.get(f"{office.path}/choices", refresh="1")
    mappings = [
        {"slot": "sales", "to": {"code": "200"}},
        {"slot": "sales", "when": {"line_kind": "framing"}, "to": {"code": "220"}},
        {"slot": "sales", "when": {"line_kind": "edition"}, "to": {"code": "999"}},
        {"slot": "sales", "when": {"line_kind": "rental"}, "to": {"code": "310"}},
        {"slot": "tax", "when": {"tax_code": "gst"}, "to": {"code": "NOPE"}},
    ]
    status, told = await office.call("PUT", f"{office.path}/mappings", json={"mappings": mappings})
    assert status == 422
    assert {one["at"] for one in told["errors"]} == {f"mappings[{n}].to.code" for n in (1, 2, 3, 4)}
    status, told = await office.call("PUT", f"{office.path}/mappings", json={"mappings": [{"slot": "colour"}]})
    assert {one["at"] for one in told["errors"]} == {"mappings[0].slot", "mappings[0].to"}
    mixed = [{"slot": "colour"}, *mappings]
    status, told = await office.call("PUT", f"{office.path}/mappings", json={"mappings": mixed})
    wanted = {"mappings[0].slot", "mappings[0].to", *(f"mappings[{n}].to.code" for n in (2, 3, 4, 5))}
    assert {one["at"] for one in told["errors"]} == wanted
    _, kept = await office.get(f"{office.path}/mappings")
    assert len(kept["mappings"]) > 5


async def test_mappings_come_back_as_given_with_suggestions_and_findings(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice())
    await office.connect()
    body = {"mappings": [{"slot": "sales", "when": {"line_kind": "framing"}, "to": {"code": "220"}}]}
    status, saved = await office.call("PUT", f"{office.path}/mappings", json=body)
    assert (status, saved["mappings"]) == (200, body["mappings"])
    assert {"slot": "sales", "when": {}}.items() <= saved["suggestions"][0].items()
    assert saved["suggestions"][0]["why"]
    tax = next(one for one in saved["findings"] if one["when"] == {"tax_code": "gst"})
    assert (tax["code"], tax["count"]) == ("unmapped", 1)


async def test_what_was_held_for_a_mapping_goes_when_it_is_there(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice(), make_payment(method="cheque"))
    await office.connect()
    bare = [one for one in (await office.get(f"{office.path}/mappings"))[1]["mappings"] if one["slot"] != "bank"]
    await office.call("PUT", f"{office.path}/mappings", json={"mappings": bare})
    await office.sync()
    assert (await office.entry("payment", "p-1"))["reason"] == "payment_account"
    await office.map()
    await office.sync()
    assert (await office.entry("payment", "p-1"))["state"] == "synced"


async def test_exclusions_are_checked_kept_and_take_effect_both_ways(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice(channel="shopify"))
    await office.connect()
    bad = {"exclusions": [{"filter": "moon"}, {"filter": "number", "from": "20", "to": "10"}, {"filter": "channel"}]}
    status, told = await office.call("PUT", f"{office.path}/exclusions", json=bad)
    assert status == 422
    assert {"exclusions[0].filter", "exclusions[1].to", "exclusions[2].values"} == {o["at"] for o in told["errors"]}
    good = {"exclusions": [{"filter": "channel", "values": ["shopify"]}, {"filter": "number", "from": "1000"}]}
    assert (await office.call("PUT", f"{office.path}/exclusions", json=good)) == (200, good)
    assert (await office.get(f"{office.path}/exclusions")) == (200, good)
    await office.sync()
    assert (await office.entry("invoice", "i-1"))["reason"] == "excluded"
    await office.call("PUT", f"{office.path}/exclusions", json={"exclusions": []})
    await office.sync()
    assert (await office.entry("invoice", "i-1"))["state"] == "synced"


async def test_kinds_say_what_a_form_needs(office: Office) -> None:
    status, found = await office.get("/api/v1/kinds")
    xero = next(one for one in found["items"] if one["kind"] == "xero")
    assert status == 200
    assert (xero["title"], xero["oauth"], xero["limits"]["batch"]) == ("Xero", True, 50)
    assert xero["settings"]["properties"]["invoice_prefix"]["default"] == "AG"
    assert {"sales", "bank", "tax", "no_tax"} <= {slot["key"] for slot in xero["slots"]}
    assert {"channel", "number"} <= {one["key"] for one in xero["filters"]}
    assert xero["capabilities"]["cancel"] == "void"


async def test_what_is_not_there_is_404(office: Office) -> None:
    for path in ("w-none", "w-none/entries", "w-none/runs", "w-none/problems", "w-none/proof", "w-none/mappings"):
        assert (await office.get(f"{BASE}/webservices/{path}"))[0] == 404
