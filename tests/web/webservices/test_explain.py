"""Explain says why, by the same judgement that a run makes."""

from __future__ import annotations

from typing import Any

from tests.sync.harness import make_contact, make_invoice
from tests.web.webservices.office import BASE, Office


async def explain(office: Office, invoice_id: str = "i-1", **query: str) -> dict[str, Any]:
    status, told = await office.get(f"{BASE}/invoices/{invoice_id}/explain", **query)
    assert status == 200, told
    return dict(told)


async def test_what_would_go_shows_every_check_and_the_exact_draft(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice())
    await office.connect()
    told = await explain(office)
    assert (told["state"], told["reason"], told["verdict"]) == ("pending", None, "The next run creates it.")
    assert {check["pass"] for check in told["checks"]} == {True}
    assert (told["draft"]["total"], told["draft"]["tax"], told["draft"]["currency"]) == ("500.00", "45.45", "AUD")
    assert told["draft"]["lines"][0]["net"] == "454.55"
    assert office.bench.books() == {}
    assert (await office.entry("invoice", "i-1"))["state"] == "pending"


async def test_what_is_left_out_says_which_check_stopped_it_and_what_was_not_reached(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice(status="draft"))
    await office.connect()
    told = await explain(office)
    assert (told["reason"], told["draft"]) == ("draft", None)
    assert told["remedy"] == "Issue the invoice in the gallery system."
    assert {check["code"]: check["pass"] for check in told["checks"]} == {
        "webservice": True,
        "status": False,
        "excluded": None,
        "date": None,
        "sync_from": None,
        "window": None,
    }


async def test_what_the_other_side_refused_is_told_in_its_own_words(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice())
    await office.connect()
    theirs = office.bench.organisation.add_contact("Somebody")
    line = {"Description": "x", "Quantity": 1, "UnitAmount": 1, "AccountCode": "200", "TaxType": "OUTPUT"}
    office.bench.organisation.add_invoice(InvoiceNumber="AG-1", Contact={"ContactID": theirs.id}, LineItems=[line])
    await office.sync()
    told = await explain(office)
    assert (told["state"], told["reason"]) == ("held", "number_taken")
    assert told["checks"][-1] == {"code": "number_taken", "pass": False, "message": told["verdict"]}


async def test_what_stands_there_is_drawn_up_for_comparison(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice())
    await office.connect()
    await office.sync()
    told = await explain(office)
    assert (told["state"], told["verdict"]) == ("synced", "It stands in the books.")
    assert told["draft"]["number"] == "AG-1"


async def test_a_held_contact_explains_its_invoice(office: Office) -> None:
    await office.bench.put(make_contact("c-1", name="Ben", email=None), make_invoice())
    await office.connect()
    office.bench.organisation.add_contact("Ben")
    await office.sync()
    told = await explain(office)
    assert told["reason"] == "duplicate_contact"
    assert next(check for check in told["checks"] if check["code"] == "contact")["pass"] is False


async def test_the_webservice_can_be_named_and_must_be_there(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice())
    assert (await office.get(f"{BASE}/invoices/i-1/explain"))[0] == 404
    await office.connect()
    assert (await explain(office, webservice=office.webservice_id))["state"] == "pending"
    for webservice in ("w-none", "a b"):
        assert (await office.get(f"{BASE}/invoices/i-1/explain", webservice=webservice))[0] == 404
    assert (await office.get(f"{BASE}/invoices/none/explain"))[0] == 404


async def test_a_webservice_that_stands_still_is_the_first_failed_check(office: Office) -> None:
    await office.bench.put(make_contact(), make_invoice())
    await office.connect()
    await office.call("PATCH", office.path, json={"state": "paused"})
    told = await explain(office)
    assert (told["checks"][0]["code"], told["checks"][0]["pass"]) == ("webservice", False)
