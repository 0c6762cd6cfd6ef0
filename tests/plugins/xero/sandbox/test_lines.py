"""FACTS 4.1, 4.8, 4.10: what a line may hold."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.plugins.xero.sandbox.support import Caller, invoice, line, messages, running


async def refusals(caller: Caller, *lines: dict[str, Any], **fields: Any) -> list[str]:
    contact = {"ContactID": caller.organisation.add_contact("Somebody").id}
    (made,) = await caller.put("Invoices", invoice(Contact=contact, LineItems=list(lines), **fields))
    assert made["StatusAttributeString"] == "ERROR", made
    return messages(made)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"AccountCode": ...}, ["The account code or ID must be specified"]),
        ({"AccountCode": "999"}, ["Account code '999' is not a valid code for this document."]),
        ({"AccountCode": "090"}, ["Account code '090' is not a valid code for this document."]),
        ({"AccountCode": "610"}, ["Account code '610' is not a valid code for this document."]),
        ({"AccountID": "11111111-1111-1111-1111-111111111111"}, ["Account must be valid."]),
        (
            {"TaxType": "TAX999"},
            ["The TaxType code 'TAX999' does not exist or cannot be used for this type of transaction."],
        ),
        ({"TaxType": "INPUT"}, ["The TaxType code 'INPUT' cannot be used with account code '200'."]),
        ({"Description": ...}, ["The line item Description must be specified"]),
        ({"Description": "x" * 4001}, ["Description cannot exceed 4000 characters"]),
        ({"Quantity": ...}, ["The line item Quantity must be specified"]),
        ({"UnitAmount": ...}, ["The line item UnitAmount must be specified"]),
        ({"Quantity": -1, "UnitAmount": -1}, ["The line item Quantity cannot be less than zero"]),
        ({"LineAmount": 1}, ["The line total 1.00 does not match the expected line total 100.00"]),
        ({"TaxAmount": Decimal("100.01")}, ["Tax amount cannot be greater than the line amount"]),
        ({"ItemCode": "BOOK"}, ["Item code 'BOOK' is not valid"]),
        ({"DiscountRate": 5, "DiscountAmount": 5}, ["Only one of DiscountRate and DiscountAmount can be specified"]),
        ({"DiscountRate": 101}, ["The discount must be between zero and the line amount"]),
        ({"Tracking": [{"Name": "Nothing", "Option": "x"}]}, ["The tracking category 'Nothing' could not be found"]),
        (
            {"Tracking": [{"Name": "Channel", "Option": "Moon"}]},
            ["The tracking option 'Moon' could not be found or has been archived"],
        ),
        (
            {"UnitAmount": Decimal("0.000029104"), "LineAmount": 0},
            ["Account must be valid.", "Tax rate must be valid."],
        ),
    ],
)
async def test_what_a_line_may_not_hold(caller: Caller, fields: dict[str, Any], expected: list[str]) -> None:
    assert await refusals(caller, line(**fields)) == expected


async def test_every_fault_of_every_line_is_named(caller: Caller) -> None:
    assert len(await refusals(caller, line(AccountCode="999"), line(TaxType="TAX999", Description=...))) == 3


async def test_an_account_by_id_and_a_default_tax(caller: Caller) -> None:
    framing = caller.organisation.account("220")
    made = await caller.invoice(LineItems=[line(AccountCode=..., AccountID=framing.id, TaxType=...)])
    (shown,) = made["LineItems"]
    assert (shown["AccountCode"], shown["AccountID"], shown["TaxType"]) == ("220", framing.id, "OUTPUT")


async def test_an_archived_account_and_a_retired_tax_rate_are_refused() -> None:
    async with running() as caller:
        caller.organisation.archive_account("200")
        assert "has been archived, or has been deleted." in (await refusals(caller, line()))[0]
        caller.organisation.restore_account("200")
        caller.organisation.change_tax_rate("OUTPUT", status="ARCHIVED")
        assert "does not exist or cannot be used" in (await refusals(caller, line()))[0]


async def test_a_changed_rate_is_used_from_then_on() -> None:
    async with running() as caller:
        caller.organisation.change_tax_rate("OUTPUT", rate=Decimal("12.5"))
        assert (await caller.invoice())["TotalTax"] == Decimal("12.5")


async def test_tracking_by_id_or_name_and_at_most_two(caller: Caller) -> None:
    (category,) = (await caller.get("TrackingCategories")).json["TrackingCategories"]
    option = category["Options"][1]
    by_id = {"TrackingCategoryID": category["TrackingCategoryID"], "TrackingOptionID": option["TrackingOptionID"]}
    made = await caller.invoice(
        LineItems=[line(Tracking=[by_id]), line(Tracking=[{"Name": "Channel", "Option": "Fair"}])]
    )
    assert [one["Tracking"][0]["Option"] for one in made["LineItems"]] == ["Website", "Fair"]
    assert await refusals(caller, line(Tracking=[by_id] * 3)) == [
        "A maximum of 2 tracking categories can be specified for a line item"
    ]


async def test_an_archived_tracking_option_is_refused_and_listed_on_request() -> None:
    async with running() as caller:
        caller.organisation.tracking_option("Channel", "Fair").status = "ARCHIVED"
        assert await refusals(caller, line(Tracking=[{"Name": "Channel", "Option": "Fair"}]))
        for path, count in (("TrackingCategories", 2), ("TrackingCategories?includeArchived=true", 3)):
            (category,) = (await caller.get(path)).json["TrackingCategories"]
            assert len(category["Options"]) == count


async def test_a_line_of_text_needs_nothing_else(caller: Caller) -> None:
    made = await caller.invoice(LineItems=[line(), {"Description": "With thanks"}])
    assert (made["Total"], "AccountCode" in made["LineItems"][1]) == (110, False)


async def test_overrides_of_tax_are_honoured_or_not() -> None:
    adjusted = [line(UnitAmount=Decimal("454.55"), TaxAmount=Decimal("45.45"))]
    for is_honoured, total in ((True, "500.00"), (False, "500.01")):
        async with running(honour_tax_overrides=is_honoured) as caller:
            assert (await caller.invoice(LineItems=adjusted))["Total"] == Decimal(total)


async def test_the_tie_rule_is_a_switch() -> None:
    for tie, total in (("half_up", "499.90"), ("half_even", "499.89")):
        async with running(tax_tie=tie) as caller:
            made = await caller.invoice(LineItems=[line(UnitAmount=Decimal("454.45"))])
            assert made["Total"] == Decimal(total)


async def test_overrides_of_inclusive_lines_are_a_switch() -> None:
    for is_honoured, tax in ((False, 10), (True, Decimal("9.99"))):
        async with running(override_inclusive=is_honoured) as caller:
            lines = [line(UnitAmount=110, TaxAmount=Decimal("9.99"))]
            made = await caller.invoice(LineAmountTypes="Inclusive", LineItems=lines)
            assert (made["Total"], made["TotalTax"]) == (110, tax)


async def test_how_far_an_override_may_go_is_a_switch() -> None:
    far = line(TaxAmount=Decimal("10.11"))
    async with running(tax_override_limit=Decimal("0.10")) as caller:
        assert await refusals(caller, far) == ["The tax amount 10.11 is too far from the expected tax amount 10.00"]
        await caller.invoice(LineItems=[line(TaxAmount=Decimal("10.10"))])
    async with running() as caller:
        await caller.invoice(LineItems=[far])


async def test_how_far_a_line_amount_may_be_off_is_a_switch(caller: Caller) -> None:
    off = line(LineAmount=Decimal("100.01"))
    assert await refusals(caller, off)
    async with running(line_total_tolerance=Decimal("0.01")) as other:
        assert (await other.invoice(LineItems=[off]))["SubTotal"] == 100


async def test_negative_quantities_may_be_accepted() -> None:
    async with running(negative_quantity_refused=False) as caller:
        assert (await caller.invoice(LineItems=[line(), line(Quantity=-1, UnitAmount=10)]))["Total"] == 99


async def test_units_have_four_decimals_only_with_unitdp(caller: Caller) -> None:
    contact = {"ContactID": caller.organisation.add_contact("Decimal").id}
    body = {"Invoices": [invoice(Contact=contact, LineItems=[line(Quantity=3, UnitAmount=Decimal("27.7767"))])]}
    for path, unit, net in (("Invoices", "27.78", "83.34"), ("Invoices?unitdp=4", "27.7767", "83.33")):
        (made,) = (await caller.call("PUT", path, body=body)).json["Invoices"]
        assert (made["LineItems"][0]["UnitAmount"], made["SubTotal"]) == (Decimal(unit), Decimal(net))


async def test_numbers_are_written_exactly(caller: Caller) -> None:
    contact = {"ContactID": caller.organisation.add_contact("Exact").id}
    reply = await caller.call("PUT", "Invoices", body={"Invoices": [invoice(Contact=contact)]})
    assert b'"Total":110.00,' in reply.raw
    assert b'"Quantity":1.0000,' in reply.raw


@pytest.mark.parametrize(("is_accepted", "status"), [(True, 200), (False, 400)])
async def test_numbers_as_strings_are_a_switch(is_accepted: bool, status: int) -> None:
    async with running(numeric_strings=is_accepted) as caller:
        contact = {"ContactID": caller.organisation.add_contact("Ana").id}
        body = {"Invoices": [invoice(Contact=contact, LineItems=[line(UnitAmount="100.00")])]}
        reply = await caller.call("PUT", "Invoices", body=body)
        assert reply.status == status
        assert is_accepted or reply.json["ErrorNumber"] == 14


async def test_messages_of_lines_may_sit_on_the_line() -> None:
    async with running(nested_errors=True) as caller:
        contact = {"ContactID": caller.organisation.add_contact("Ana").id}
        (refused,) = await caller.put("Invoices", invoice(Contact=contact, LineItems=[line(), line(AccountCode="9")]))
        assert messages(refused) == []
        assert len(messages(refused["LineItems"][1])) == 1
