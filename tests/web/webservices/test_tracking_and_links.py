"""Tracking options on lines, the link back to the gallery's page, links into Xero in every entry."""

from __future__ import annotations

from typing import Any

from tests.sync.harness import MAPPINGS, make_contact, make_invoice, make_line, make_payment
from tests.web.webservices.office import BASE, Office

Option = tuple[str, str]


def usual() -> list[dict[str, Any]]:
    """The usual mappings."""
    return [{"slot": slot, "when": when, "to": {"code": code}} for slot, when, code in MAPPINGS]


async def add_tracking(office: Office) -> dict[str, Option]:
    """Two categories more in Xero; "category: option" -> (category id, option id)."""
    office.bench.organisation.tracking.clear()
    office.bench.organisation.add_tracking("Seller", ["Ann", "Bob"])
    office.bench.organisation.add_tracking("Artist", ["Lowe", "Ray"])
    _, choices = await office.get(f"{office.path}/choices", refresh="1")
    return {
        f"{one['name']}: {option['name']}": (one["id"], option["id"])
        for one in choices["tracking"]
        for option in one["options"]
    }


def tracked(when: dict[str, str], option: Option) -> dict[str, Any]:
    """A mapping of the slot `tracking`."""
    return {"slot": "tracking", "when": when, "to": {"category_id": option[0], "id": option[1]}}


async def test_lines_carry_the_options_of_their_salesperson_and_artist_one_of_each_category(office: Office) -> None:
    lines = [make_line("1", price="200.00", artist="M. Lowe"), make_line("2", price="300.00", artist="B. Ray")]
    await office.bench.put(make_contact(), make_invoice("i-1", lines=lines, salesperson="Ann"), make_invoice("i-2"))
    await office.connect()
    options = await add_tracking(office)
    mappings = [
        *usual(),
        tracked({"salesperson": "ann"}, options["Seller: Ann"]),
        tracked({"artist": "M. Lowe"}, options["Artist: Lowe"]),
        tracked({"artist": "M. Lowe", "salesperson": "Ann"}, options["Seller: Bob"]),
    ]
    status, told = await office.call("PUT", f"{office.path}/mappings", json={"mappings": mappings})
    assert status == 200, told
    await office.sync()
    first, second = office.bench.invoice("AG-1").lines
    assert set(first.tracking) == {options["Seller: Bob"], options["Artist: Lowe"]}  # the more specific of one category
    assert second.tracking == (options["Seller: Ann"],)
    assert office.bench.invoice("AG-2").lines[0].tracking == ()
    _, why = await office.get(f"{BASE}/invoices/i-1/explain")
    assert sorted(why["draft"]["lines"][0]["tracking"]) == ["Artist: Lowe", "Seller: Bob"]


async def test_an_unknown_option_is_refused_when_it_is_chosen(office: Office) -> None:
    await office.connect()
    options = await add_tracking(office)
    seller, _ = options["Seller: Ann"]
    bad = [tracked({"salesperson": "Ann"}, (seller, "no-such-option")), tracked({"artist": "X"}, ("moon", "moon"))]
    status, told = await office.call("PUT", f"{office.path}/mappings", json={"mappings": [*usual(), *bad]})
    at = len(MAPPINGS)
    assert (status, [one["at"] for one in told["errors"]]) == (422, [f"mappings[{n}].to.id" for n in (at, at + 1)])
    assert all("tracking option" in one["message"] for one in told["errors"])


async def test_an_option_archived_there_holds_only_the_invoices_that_need_it(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice("i-1", salesperson="Ann"), make_invoice("i-2"))
    await office.connect()
    options = await add_tracking(office)
    mappings = [*usual(), tracked({"salesperson": "Ann"}, options["Seller: Ann"])]
    await office.call("PUT", f"{office.path}/mappings", json={"mappings": mappings})
    office.bench.organisation.tracking_option("Seller", "Ann").status = "ARCHIVED"
    await office.get(f"{office.path}/choices", refresh="1")
    await office.sync()
    held = await office.entry("invoice", "i-1")
    assert (held["state"], held["reason"]) == ("held", "mapping_invalid")
    assert "tracking" in held["message"]
    assert list(office.bench.books()) == ["AG-2"]
    _, found = await office.get(f"{office.path}/mappings")
    (finding,) = [one for one in found["findings"] if one["slot"] == "tracking"]
    assert (finding["code"], finding["blocking"]) == ("mapping_invalid", True)
    office.bench.organisation.tracking_option("Seller", "Ann").status = "ACTIVE"
    await office.sync()
    assert office.bench.invoice("AG-1").lines[0].tracking == (options["Seller: Ann"],)


async def test_the_link_to_the_gallerys_page_goes_along_and_one_that_xero_refuses_is_left_out_with_a_note(
    office: Office,
) -> None:
    long = "https://gallery.example/" + "a" * 3000
    urls = {
        "i-1": ("https://gallery.example/i/1", True),
        "i-2": ("https://xero.example/i/2", False),
        "i-3": ("gallery.example/i/3", False),
        "i-4": ("http://gallery.example/i/4", False),
        "i-5": ("javascript:alert(1)", False),
        "i-6": (long, False),
    }
    await office.bench.put(make_contact(), *(make_invoice(id_, url=url) for id_, (url, _) in urls.items()))
    await office.connect()
    await office.sync()
    for id_, (url, goes) in urls.items():
        there = office.bench.invoice(f"AG-{id_.removeprefix('i-')}")
        assert (there.url or None) == (url if goes else None)
        noted = any("link was left out" in one["text"] for one in (await office.entry("invoice", id_))["history"])
        assert noted is not goes


async def test_every_entry_in_the_books_has_a_link_into_xero(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice(), make_payment())
    await office.connect()
    await office.sync()
    for type_, id_ in (("contact", "c-1"), ("invoice", "i-1"), ("payment", "p-1")):
        entry = await office.entry(type_, id_)
        assert entry["remote_url"].startswith("https://go.xero.com/"), entry
        assert entry["remote_id"] in entry["remote_url"]
    _, invoice = await office.get(f"{BASE}/invoices/i-1")
    assert invoice["entries"][0]["remote_url"] == (await office.entry("invoice", "i-1"))["remote_url"]
