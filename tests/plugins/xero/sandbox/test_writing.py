"""FACTS 3 and 11: batches, summarizeErrors, binding, sizes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plugins.xero.sandbox.support import Caller, invoice, line, messages, running


async def mixed(caller: Caller) -> dict[str, Any]:
    contact = {"ContactID": await caller.contact()}
    return {
        "Invoices": [
            invoice(Contact=contact, InvoiceNumber="AG1"),
            invoice(Contact=contact, InvoiceNumber="AG2", LineItems=[line(AccountCode="999")]),
            invoice(Contact=contact, InvoiceNumber="AG3"),
        ]
    }


async def test_without_summarize_errors_one_bad_element_makes_a_400_and_the_good_ones_are_stored() -> None:
    async with running() as caller:
        reply = await caller.call("PUT", "Invoices", body=await mixed(caller))
        assert reply.status == 400
        body = reply.json
        assert (body["ErrorNumber"], body["Type"]) == (10, "ValidationException")
        (bad,) = body["Elements"]
        assert bad["InvoiceNumber"] == "AG2"
        assert bad["ValidationErrors"] == [{"Message": "Account code '999' is not a valid code for this document."}]
        assert "StatusAttributeString" not in bad
        assert len(caller.organisation.ledger.invoices) == 2


async def test_the_good_siblings_may_be_lost_too() -> None:
    async with running(siblings_survive=False) as caller:
        assert (await caller.call("PUT", "Invoices", body=await mixed(caller))).status == 400
        assert len(caller.organisation.ledger.invoices) == 0


async def test_the_default_of_summarize_errors_is_a_switch() -> None:
    async with running(summarize_by_default=False) as caller:
        reply = await caller.call("PUT", "Invoices", body=await mixed(caller))
        assert reply.status == 200


async def test_every_element_has_its_status_in_the_order_sent() -> None:
    async with running() as caller:
        reply = await caller.call("PUT", "Invoices?SummarizeErrors=false", body=await mixed(caller))
        assert reply.status == 200
        found = [(one["InvoiceNumber"], one["StatusAttributeString"]) for one in reply.json["Invoices"]]
        assert found == [("AG1", "OK"), ("AG2", "ERROR"), ("AG3", "OK")]
        assert reply.json["Status"] == "OK"
        assert caller.sandbox.calls.ring[-1].elements == 3


async def test_plain_answers_have_no_element_status() -> None:
    async with running() as caller:
        contact = {"ContactID": await caller.contact()}
        reply = await caller.call("PUT", "Invoices", body={"invoices": [invoice(Contact=contact)]})
        assert "StatusAttributeString" not in reply.json["Invoices"][0]


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b'{"Nonsense":[{}]}', b'{"Invoices":[]}', b'{"Type":"ACCREC"}'],
)
async def test_a_body_without_anything_known_is_error_17(caller: Caller, body: bytes) -> None:
    reply = await caller.call("PUT", "Invoices", body=body)
    assert (reply.status, reply.json["ErrorNumber"]) == (400, 17)


@pytest.mark.parametrize(
    "fields",
    [
        {"LineAmountTypes": "NO_TAX"},
        {"Status": "OPEN"},
        {"Date": "4 March"},
        {"Contact": {"ContactID": "nonsense"}},
        {"Contact": "Ana"},
        {"LineItems": "none"},
        {"LineItems": [{"Quantity": "one"}]},
        {"SentToContact": "maybe"},
        {"Reference": ["x"]},
    ],
)
async def test_what_does_not_fit_is_error_14_for_the_whole_request(caller: Caller, fields: dict[str, Any]) -> None:
    before = len(caller.organisation.ledger.invoices)
    body = {"Invoices": [invoice(), {**invoice(), **fields}]}
    reply = await caller.call("PUT", "Invoices?summarizeErrors=false", body=body)
    assert (reply.status, reply.json["ErrorNumber"], reply.json["Type"]) == (400, 14, "PostDataInvalidException")
    assert "Elements" not in reply.json
    assert len(caller.organisation.ledger.invoices) == before


async def test_broken_json_is_error_14(caller: Caller) -> None:
    reply = await caller.call("PUT", "Invoices", body=b'{"Invoices":[')
    assert reply.json["ErrorNumber"] == 14


async def test_a_body_over_the_limit_is_413() -> None:
    async with running(max_body_bytes=1000) as caller:
        reply = await caller.call("PUT", "Contacts", body={"Contacts": [{"Name": "x" * 2000}]})
        assert reply.status == 413
        assert len(caller.organisation.ledger.contacts) == 0


async def test_an_address_over_the_limit_is_414(caller: Caller) -> None:
    assert (await caller.get("Invoices?searchTerm=" + "x" * 4000)).status == 414


async def test_an_id_of_the_other_kind_is_the_wrong_endpoint(caller: Caller) -> None:
    made = await caller.invoice()
    (refused,) = await caller.post("CreditNotes", {"CreditNoteID": made["InvoiceID"]})
    assert messages(refused) == ["The document with the supplied id was not found for this endpoint."]


async def test_only_json_is_spoken(caller: Caller) -> None:
    assert (await caller.get("Organisation", Accept="*/*")).status == 406


async def test_answers_are_compressed_when_asked() -> None:
    async with running() as caller:
        plain = await caller.get("Accounts", Accept_Encoding="identity")
        packed = await caller.get("Accounts", Accept_Encoding="gzip")
        assert "content-encoding" not in plain.headers
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.json["Accounts"] == plain.json["Accounts"]
        assert caller.sandbox.calls.ring[-1].sent < caller.sandbox.calls.ring[-2].sent / 3


async def test_a_post_to_an_address_needs_what_it_names(caller: Caller) -> None:
    for path in ("Invoices/nope", "Contacts/nope", "Payments/nope"):
        assert (await caller.call("POST", path, body={"Status": "VOIDED"})).status == 404
    assert (await caller.call("PUT", "Items", body={"Items": []})).status == 404
