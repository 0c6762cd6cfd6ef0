"""What occurs in the records and leads nowhere is listed with counts, the most frequent first."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.sync.harness import MAPPINGS, make_contact, make_invoice, make_line, make_payment
from tests.web.webservices.office import Office


def bare(*without: str) -> dict[str, Any]:
    """The usual mappings without those of some slots."""
    kept = [{"slot": slot, "when": when, "to": {"code": code}} for slot, when, code in MAPPINGS if slot not in without]
    return {"mappings": kept}


async def unmapped(office: Office) -> list[tuple[str, dict[str, str], int]]:
    """(slot, when, count) of what is not mapped."""
    _, found = await office.get(f"{office.path}/mappings")
    return [(one["slot"], one["when"], one["count"]) for one in found["unmapped"]]


async def test_kinds_of_lines_ways_of_payment_and_tax_codes_without_a_mapping_are_counted(office: Office) -> None:
    gifts = [make_line(n, kind="voucher", price="0.00", tax_code=None) for n in ("2", "3")]
    await office.bench.put(
        make_contact(),
        *(make_invoice(f"i-{n}", lines=[make_line(price="500.00"), *gifts]) for n in range(1, 4)),
        make_invoice("i-4", lines=[make_line(price="500.00", kind="shipping")]),
        make_invoice("i-5", status="draft", lines=[make_line(price="500.00", kind="shipping")]),
        make_invoice("i-6", lines=[make_line(price="500.00"), make_line("2", kind="text", quantity="1", price="0.00")]),
        make_payment("p-1", invoice_id="i-1"),
        make_payment("p-2", invoice_id="i-2", method="stripe", processor_account="eu"),
        make_payment("p-3", invoice_id="i-3", status="pending"),
    )
    await office.connect()
    assert await unmapped(office) == []
    _, saved = await office.call("PUT", f"{office.path}/mappings", json=bare("voucher", "shipping", "bank", "tax"))
    found = [(one["slot"], one["when"], one["count"]) for one in saved["unmapped"]]
    assert found[0] == ("tax", {"tax_code": "gst"}, 5)
    assert found[1] == ("voucher", {}, 3)
    ways = {"method": "stripe", "currency": "AUD", "processor_account": "eu"}
    rest = [
        ("shipping", {"line_kind": "shipping"}, 1),
        ("bank", {"method": "bank_transfer", "currency": "AUD"}, 1),
        ("bank", ways, 1),
    ]
    assert sorted(map(str, found[2:])) == sorted(map(str, rest))
    told = {one["slot"]: one for one in saved["unmapped"]}
    assert told["tax"]["message"] == "5 invoices wait for “GST 10%”: nothing is chosen for it (slot “Taxes”)."
    assert told["voucher"]["example"] == {"number": "1", "id": "i-1"}
    assert (told["voucher"]["label"], told["shipping"]["message"][:16]) == ("Voucher", "1 invoice waits ")
    assert told["bank"]["type"] == "payment"


async def test_only_what_is_to_go_is_counted(office: Office) -> None:
    await office.bench.put(
        make_contact(),
        make_invoice("i-1", issued_on="2025-03-04"),
        make_invoice("i-2", excluded=True),
        make_invoice("i-3"),
        make_invoice("i-4", channel="shopify"),
        make_payment("p-1", invoice_id="i-1", method="cash"),
    )
    await office.connect(copy_existing=False, sync_from="2026-01-01")
    rules = [{"filter": "channel", "values": ["shopify"]}]
    await office.call("PUT", f"{office.path}/exclusions", json={"exclusions": rules})
    await office.call("PUT", f"{office.path}/mappings", json=bare("tax", "bank"))
    await office.sync()
    assert await unmapped(office) == [("tax", {"tax_code": "gst"}, 1)]
    await office.map()
    await office.sync()
    await office.call("PUT", f"{office.path}/mappings", json=bare("tax", "bank"))
    assert await unmapped(office) == []  # what stands in the books waits for nothing


async def test_lines_are_told_apart_by_what_the_mappings_depend_on(office: Office) -> None:
    lines = [make_line("1", price="200.00", artist="M. Lowe"), make_line("2", price="300.00", artist="B. Ray")]
    await office.bench.put(make_contact(), make_invoice(lines=lines))
    await office.connect()
    only = [{"slot": "sales", "when": {"artist": "m. lowe"}, "to": {"code": "200"}}]
    mappings = [*only, *bare("sales")["mappings"]]
    status, found = await office.call("POST", f"{office.path}/preview", json={"mappings": mappings})
    assert status == 200
    (one,) = found["unmapped"]
    assert (one["slot"], one["when"]) == ("sales", {"line_kind": "artwork", "artist": "B. Ray"})
    assert [each for each in found["findings"] if each["slot"] == "sales"] == []
    assert await unmapped(office) == []  # nothing was saved


async def test_an_answer_of_get_can_be_sent_back_as_it_is(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice())
    await office.connect()
    await office.call("PUT", f"{office.path}/mappings", json=bare("tax"))
    _, told = await office.get(f"{office.path}/mappings")
    assert told["unmapped"]
    assert told["suggestions"]
    assert (await office.call("PUT", f"{office.path}/mappings", json=told)) == (200, told)
    status, refused = await office.call("PUT", f"{office.path}/mappings", json={**told, "moon": 1})
    assert (status, refused["errors"][0]["at"]) == (422, "moon")
    rules = {"exclusions": [{"filter": "channel", "values": ["shopify"]}]}
    await office.call("PUT", f"{office.path}/exclusions", json=rules)
    _, told = await office.get(f"{office.path}/exclusions")
    assert (await office.call("PUT", f"{office.path}/exclusions", json=told)) == (200, told)
    for _ in range(2):  # what PATCH adds can be sent back too
        status, told = await office.get(office.path)
        status, patched = await office.call("PATCH", office.path, json=told)
        assert (status, patched["settings"], patched["state"]) == (200, told["settings"], "ready"), patched
        assert (await office.call("PATCH", office.path, json=patched))[0] == 200
    status, refused = await office.call("PATCH", office.path, json={**told, "moon": 1})
    assert (status, refused["errors"][0]["at"]) == (422, "moon")
    status, refused = await office.call("PATCH", office.path, json={**told, "id": "w-other", "kind": "files"})
    assert (status, [one["at"] for one in refused["errors"]]) == (422, ["id", "kind"])
    status, refused = await office.call("PATCH", office.path, json={"state": "choosing"})
    assert (status, refused["errors"][0]["at"]) == (422, "state")


async def test_a_webservice_that_is_not_connected_takes_its_own_answer_back(office: Office) -> None:
    await office.make()
    _, told = await office.get(office.path)
    status, patched = await office.call("PATCH", office.path, json=told)
    assert (status, patched["state"]) == (200, "authorizing"), patched


async def test_what_changed_there_is_found_at_the_next_run_that_needs_it(office: Office) -> None:
    """Archived, of a class that takes no payments, another rate: held with its own code; nothing wrong goes out."""
    organisation = office.bench.organisation
    await office.bench.put(
        make_contact(),
        make_invoice("i-1", lines=[make_line(price="500.00", kind="framing")]),
        make_invoice("i-2", lines=[make_line(price="500.00", tax_code="free")]),
        make_invoice("i-3"),
        make_invoice("i-4", lines=[make_line(price="500.00", tax_code="free", kind="shipping")]),
        make_payment("p-4", invoice_id="i-4", method="stripe"),
    )
    await office.connect()
    organisation.archive_account("220")
    organisation.change_tax_rate("OUTPUT", rate=Decimal(15))
    organisation.archive_account("091")
    async with office.bench.hub.database.transaction() as conn:  # the last look there is more than an hour old
        await conn.execute("UPDATE webservice SET choices_at = choices_at - interval '2 hours'")
    await office.sync()
    wanted = {"i-1": "mapping_invalid", "i-2": None, "i-3": "tax_mapping", "i-4": None}
    assert {i: (await office.entry("invoice", i))["reason"] for i in wanted} == wanted
    assert (await office.entry("payment", "p-4"))["reason"] == "payment_account"
    assert sorted(office.bench.books()) == ["AG-2", "AG-4"]
    _, found = await office.get(f"{office.path}/mappings")
    blocking = {(one["slot"], one["code"]) for one in found["findings"] if one["blocking"]}
    assert {("sales", "mapping_invalid"), ("tax", "tax_mapping"), ("bank", "payment_account")} <= blocking
    organisation.restore_account("220")
    organisation.change_tax_rate("OUTPUT", rate=Decimal(10))
    organisation.restore_account("091")
    await office.sync()
    assert sorted(office.bench.books()) == ["AG-1", "AG-2", "AG-3", "AG-4"]
    assert (await office.entry("payment", "p-4"))["state"] == "synced"


async def test_what_was_archived_within_the_hour_is_refused_there_and_held_under_its_own_code(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice("i-1", lines=[make_line(price="500.00", kind="framing")]))
    await office.bench.put(make_invoice("i-2"))
    await office.connect()
    office.bench.organisation.archive_account("220")
    await office.sync()
    assert (await office.entry("invoice", "i-1"))["reason"] == "mapping_invalid"
    assert (await office.entry("invoice", "i-2"))["state"] == "synced"
