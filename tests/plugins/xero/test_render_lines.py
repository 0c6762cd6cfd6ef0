"""Lines, accounts, tax: what is sent and what is held: DOMAIN 5.3 and 5.4."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hub import Draft, Mapping, Target
from plugins.xero.webservice import Xero
from tests.plugins.xero.builders import (
    CHOICES,
    MAPPINGS,
    draft_of,
    held_of,
    make_book,
    make_contact,
    make_invoice,
    make_line,
    make_subject,
    mapping,
    with_choices,
)

D = Decimal


def items(*lines: dict[str, Any], **changes: Any) -> list[dict[str, Any]]:
    return list(draft_of(make_invoice(*lines, **changes)).body["LineItems"])


# -- lines


def test_l2_l3_invoices_without_money_lines_are_held() -> None:
    assert held_of(make_invoice(lines=[], total="0")).code == "no_lines"
    assert held_of(make_invoice(make_line(kind="text"), total="0")).code == "no_amount"


def test_l5_a_full_discount_goes_as_a_line_of_nought() -> None:
    (item,) = items(make_line(discount={"percent": "100"}), total="0.00")
    assert item["UnitAmount"] == "0.00"
    assert "LineAmount" not in item


def test_l6_l14_negative_lines_keep_a_positive_quantity() -> None:
    found = items(make_line(), make_line(quantity="-1", unit_price="100.00"), total="400.00")
    assert [(one["Quantity"], one["UnitAmount"]) for one in found] == [("1", "454.55"), ("1", "-90.91")]


def test_l7_a_negative_total_should_be_a_credit_note() -> None:
    held = held_of(make_invoice(make_line(quantity="-1"), total="-500.00"))
    assert held.code == "discount"
    assert "credit note" in held.remedy


def test_l8_l9_a_thousand_lines_go_and_ten_thousand_do_not() -> None:
    many = [make_line(unit_price="1.00", tax_code="zero")] * 1000
    draft = draft_of(make_invoice(*many, total="1000.00"))
    assert len(draft.body["LineItems"]) == 1000
    assert held_of(make_invoice(*(many * 10), total="10000.00")).code == "too_large"


def test_l10_quantity_nought_goes_as_text() -> None:
    found = items(make_line(), make_line(quantity="0", description="By the way"))
    assert found[1] == {"Description": "By the way"}


def test_l20_a_discount_above_its_line_is_held() -> None:
    assert held_of(make_invoice(make_line(discount={"amount": "501"}), total="0")).code == "discount"


def test_l24_l25_l26_descriptions_are_cleaned_and_fit() -> None:
    assert items(make_line(description=""))[0]["Description"] == "Artwork"
    assert (
        items(make_line(description="<p>One<br>two &amp; 3</p>\r\n\x07 <x>"))[0]["Description"] == "One\ntwo & 3\n\n‹x›"
    )
    long = items(make_line(description="x" * 4001))[0]["Description"]
    assert len(long) == 4000
    assert long.endswith("…")


def test_a_discount_and_a_collapsed_quantity_are_said_in_words() -> None:
    assert items(make_line(discount={"percent": "10"}), total="450.00")[0]["Description"].endswith(
        "(list 500.00, less 10 %)"
    )
    found = items(make_line(quantity="500", unit_price="4.99", tax_code="vat"), total="2495.00")
    assert found[0]["Description"].endswith("(500 × 4.99)")
    found = items(make_line(), discount={"percent": "10"}, total="450.00")
    assert found[1] == {"Description": "A discount of 50.00 AUD (10 %) is taken off in the lines above."}


@pytest.mark.parametrize(
    ("kind", "changes", "account"),
    [
        ("artwork", {}, "200"),
        ("artwork", {"ownership": "consigned"}, "205"),
        ("artwork", {"ownership": "owned"}, "200"),
        ("framing", {}, "220"),
        ("shipping", {}, "230"),
        ("handling", {}, "230"),
        ("portal_fee", {}, "240"),
        ("deposit", {}, "835"),
        ("voucher", {}, "836"),
        ("levy", {}, "845"),
        ("donation", {}, "847"),
        ("trade_in", {}, "310"),
        ("rounding", {}, "860"),
    ],
)
def test_l29_to_l38_each_kind_goes_to_its_account(kind: str, changes: dict[str, Any], account: str) -> None:
    (item,) = items(make_line(kind=kind, tax_code=None, **changes))
    assert (item["AccountCode"], item["TaxType"]) == (account, "NONE")


def test_accounts_go_by_id_when_they_have_no_code() -> None:
    plain = msgspec.structs.replace(CHOICES.accounts[0], code=None)
    book = with_choices(make_book(mappings=(mapping("no_tax", "NONE"), _to_id("sales", plain.id))), accounts=(plain,))
    draft = draft_of(make_invoice(make_line(tax_code=None)), book)
    assert draft.body["LineItems"][0]["AccountID"] == plain.id


def _to_id(slot: str, remote_id: str) -> Mapping:
    return Mapping(slot=slot, to=Target(id=remote_id))


def test_tracking_goes_by_salesperson() -> None:
    ann = Mapping(slot="tracking", when={"salesperson": "Ann"}, to=Target(id="opt-1", category_id="cat-1"))
    book = make_book(mappings=(*MAPPINGS, ann))
    draft = draft_of(make_invoice(salesperson="Ann"), book)
    assert draft.body["LineItems"][0]["Tracking"] == [{"TrackingCategoryID": "cat-1", "TrackingOptionID": "opt-1"}]
    assert "Tracking" not in draft_of(make_invoice(salesperson="Bob"), book).body["LineItems"][0]
    old = msgspec.structs.replace(ann, to=Target(id="opt-2", category_id="cat-1"))
    assert held_of(make_invoice(salesperson="Ann"), make_book(mappings=(*MAPPINGS, old))).code == "mapping_invalid"


# -- mapping and tax holds


def without(slot: str) -> Any:
    return make_book(mappings=tuple(one for one in MAPPINGS if one.slot != slot))


def instead(*changed: Mapping) -> Any:
    """The mappings with *changed* in the place of those of the same slot and conditions."""
    keys = {(one.slot, tuple(one.when.items())) for one in changed}
    kept = tuple(one for one in MAPPINGS if (one.slot, tuple(one.when.items())) not in keys)
    return make_book(mappings=(*kept, *changed))


@pytest.mark.parametrize(
    ("book", "code"),
    [
        (without("sales"), "mapping_missing"),
        (without("tax"), "mapping_missing"),
        (instead(mapping("sales", "999")), "mapping_invalid"),
        (instead(mapping("sales", "299")), "mapping_invalid"),
        (instead(mapping("sales", "090")), "mapping_invalid"),
        (instead(mapping("sales", "610")), "mapping_invalid"),
        (instead(mapping("tax", "VAT20", tax_code="gst")), "tax_mapping"),
        (instead(mapping("tax", "NOPE", tax_code="gst")), "mapping_invalid"),
        (instead(mapping("tax", "OLD10", tax_code="gst")), "tax_archived"),
        (instead(mapping("tax", "INPUT10", tax_code="gst")), "tax_mapping"),
    ],
)
def test_o12_t29_t30_mapping_gaps_are_held_by_cause(book: Any, code: str) -> None:
    held = held_of(make_invoice(), book)
    assert held.code == code
    assert held.remedy
    assert held.cause


def test_t35_without_a_rounding_account_an_invoice_that_needs_one_is_held() -> None:
    accounts = tuple(one for one in CHOICES.accounts if one.system != "ROUNDING")
    book = with_choices(make_book(settings={"rounding": "rounding_line"}), accounts=accounts)
    held = held_of(make_invoice(), book)
    assert (held.code, "rounding" in held.message) == ("mapping_missing", True)


def test_a_missing_tax_code_is_held() -> None:
    held = held_of(make_invoice(make_line(tax_code="nope")))
    assert held.code == "tax_code_missing"
    assert "nope" in held.message


def test_t21_t25_lines_without_tax_take_the_no_tax_rate() -> None:
    (item,) = items(price_mode="no_tax")
    assert item["TaxType"] == "NONE"
    (item,) = items(make_line(tax_code="export"))
    assert item["TaxType"] == "ZERO"


def test_t23_a_margin_scheme_work_shows_no_tax_beside_taxed_framing() -> None:
    lines = (make_line(tax_code="margin"), make_line(kind="framing", unit_price="120.00", tax_code="vat"))
    draft = draft_of(make_invoice(*lines, total="620.00"))
    assert [(one.net, one.tax) for one in draft.lines] == [(D("500.00"), D("0.00")), (D("100.00"), D("20.00"))]


def test_t24_an_exempt_buyer_pays_no_tax_on_taxed_codes() -> None:
    exempt = make_contact(tax_exempt=True)
    draft = draft_of(make_invoice(), contact=exempt)
    assert (draft.tax, draft.body["LineItems"][0]["TaxType"]) == (D(0), "NONE")
    (item,) = draft_of(make_invoice(make_line(tax_code="export")), contact=exempt).body["LineItems"]
    assert item["TaxType"] == "ZERO"


def test_t38_rates_are_compared_as_numbers_and_not_as_texts() -> None:
    draft = draft_of(make_invoice(make_line(tax_code="fr", unit_price="105.50"), total="105.50"))
    assert draft.tax == D("5.50")


def test_t40_rendering_is_pure_and_repeats_itself() -> None:
    book = make_book()
    first, second = (Xero.render(make_subject(make_invoice(), book), book) for _ in range(2))
    assert isinstance(first, Draft)
    assert isinstance(second, Draft)
    assert first == second
    assert first.fingerprint == second.fingerprint
