"""Mappings: precedence (DESIGN section 6), targets, and the faults of the API's JSON."""

from __future__ import annotations

from typing import Any

import pytest

from hub.domain.books import Account, Choices, Mapping, Slot, Target, TaxRate, TrackingCategory, TrackingOption
from hub.domain.mappings import (
    find_account,
    find_option,
    find_tax_rate,
    missing_slots,
    parse_mappings,
    render_mappings,
    resolve,
    resolve_tracking,
)
from hub.errors import FormError

SLOTS = (
    Slot(
        key="sales",
        label="Sales",
        fills=("revenue",),
        required=True,
        when=("line_kind", "category", "artist", "ownership", "channel"),
    ),
    Slot(key="bank", label="Bank", fills=("bank",), when=("method", "currency", "processor_account")),
    Slot(key="tracking", label="Tracking", fills=("tracking",), when=("salesperson", "artist")),
    Slot(key="levy", label="Levy", fills=("liability",)),
)
FACTS = {
    "artist": "M. Lowe",
    "category": "painting",
    "channel": "fair",
    "ownership": "consigned",
    "line_kind": "artwork",
}
BANK = {"method": "stripe", "currency": "USD", "processor_account": "acct_2"}


def to(code: str, slot: str = "sales", **when: str) -> Mapping:
    return Mapping(slot=slot, when=when, to=Target(code=code))


def test_the_most_specific_mapping_wins_in_the_fixed_order() -> None:
    order = [
        to("artist", artist="M. Lowe"),
        to("category", category="painting"),
        to("channel", channel="fair"),
        to("both", ownership="consigned", line_kind="artwork"),
        to("ownership", ownership="consigned"),
        to("kind", line_kind="artwork"),
        to("none"),
    ]
    found = []
    for start in range(len(order)):
        target = resolve("sales", FACTS, list(reversed(order[start:])))
        found.append(target.code if target else None)
    assert found == ["artist", "category", "channel", "both", "ownership", "kind", "none"]


def test_a_bank_mapping_prefers_method_then_currency_then_processor() -> None:
    order = [
        to("all", "bank", **BANK),
        to("method+currency", "bank", method="stripe", currency="USD"),
        to("method+processor", "bank", method="stripe", processor_account="acct_2"),
        to("method", "bank", method="stripe"),
        to("currency", "bank", currency="USD"),
        to("none", "bank"),
    ]
    found = []
    for start in range(len(order)):
        target = resolve("bank", BANK, list(reversed(order[start:])))
        found.append(target.code if target else None)
    assert found == ["all", "method+currency", "method+processor", "method", "currency", "none"]


def test_all_conditions_must_match_and_an_absent_fact_matches_nothing() -> None:
    mappings = [to("x", artist="M. Lowe", channel="website")]
    assert resolve("sales", FACTS, mappings) is None
    assert resolve("sales", {"artist": None}, [to("x", artist="M. Lowe")]) is None


def test_names_match_without_case_and_spacing() -> None:
    target = resolve("sales", {"artist": " m.  LOWE"}, [to("x", artist="M. Lowe")])
    assert target == Target(code="x")


def test_tracking_takes_the_best_of_each_category_and_two_at_most() -> None:
    def option(category: str, name: str, **when: str) -> Mapping:
        return Mapping(slot="tracking", when=when, to=Target(id=name, category_id=category))

    mappings = [
        option("a", "a-default"),
        option("a", "a-ann", salesperson="Ann"),
        option("b", "b-lowe", artist="M. Lowe"),
        option("c", "c-default"),
    ]
    facts = {"salesperson": "Ann", "artist": "M. Lowe"}
    assert [one.id for one in resolve_tracking("tracking", facts, mappings)] == ["a-ann", "b-lowe"]


def test_targets_are_found_by_id_and_by_code() -> None:
    choices = Choices(
        accounts=(Account(id="A1", code="200", name="Sales", class_="revenue"),),
        tax_rates=(TaxRate(code="GST", name="GST", rate=1),),  # type: ignore[arg-type] # the rate does not matter here
        tracking=(TrackingCategory(id="c", name="c", options=(TrackingOption(id="o", name="o"),)),),
    )
    for target in (Target(id="A1"), Target(id="a1"), Target(code="200"), Target(id="200")):
        found = find_account(target, choices)
        assert found is not None
        assert found.id == "A1"
    assert find_account(Target(id="x"), choices) is None
    assert find_tax_rate(Target(id="GST"), choices) == find_tax_rate(Target(code="GST"), choices) is not None
    assert find_option(Target(id="o", category_id="c"), choices) is not None
    assert find_option(Target(id="o", category_id="d"), choices) is None


def test_required_slots_need_an_unconditional_mapping() -> None:
    assert missing_slots(SLOTS, [to("x", artist="M. Lowe")]) == ("sales",)
    assert missing_slots(SLOTS, [to("x")]) == ()


def test_parsed_mappings_come_back_as_they_were() -> None:
    data = [
        {"slot": "sales", "when": {"line_kind": "framing"}, "to": {"id": "a-1"}},
        {"slot": "tracking", "when": {}, "to": {"id": "o", "category_id": "c"}},
    ]
    assert data == render_mappings(parse_mappings(data, SLOTS))


@pytest.mark.parametrize(
    ("item", "place"),
    [
        ("x", "mappings[0]"),
        ({"slot": "saels", "to": {"id": "1"}}, "mappings[0].slot"),
        ({"slot": "sales"}, "mappings[0].to"),
        ({"slot": "sales", "to": {}}, "mappings[0].to"),
        ({"slot": "sales", "to": {"id": 7}}, "mappings[0].to.id"),
        ({"slot": "sales", "to": {"id": "1", "code": "2"}}, "mappings[0].to"),
        ({"slot": "sales", "to": {"id": "1", "name": "x"}}, "mappings[0].to.name"),
        ({"slot": "sales", "to": {"id": "1", "category_id": "x"}}, "mappings[0].to.category_id"),
        ({"slot": "sales", "to": {"id": "1"}, "wen": {}}, "mappings[0].wen"),
        ({"slot": "sales", "to": {"id": "1"}, "when": []}, "mappings[0].when"),
        ({"slot": "sales", "to": {"id": "1"}, "when": {"method": "cash"}}, "mappings[0].when.method"),
        ({"slot": "sales", "to": {"id": "1"}, "when": {"line_kind": "frame"}}, "mappings[0].when.line_kind"),
        ({"slot": "sales", "to": {"id": "1"}, "when": {"artist": ""}}, "mappings[0].when.artist"),
        ({"slot": "levy", "to": {"id": "1"}, "when": {"artist": "x"}}, "mappings[0].when.artist"),
        ({"slot": "tracking", "to": {"id": "1"}}, "mappings[0].to"),
    ],
)
def test_each_fault_is_named_with_its_place(item: Any, place: str) -> None:
    with pytest.raises(FormError) as caught:
        parse_mappings([item], SLOTS)
    assert place in [fault.at for fault in caught.value.faults]


def test_all_faults_are_named_at_once_and_duplicates_refused() -> None:
    same = {"slot": "sales", "when": {"artist": "M. Lowe"}, "to": {"id": "1"}}
    again = {**same, "when": {"artist": "m. lowe "}}
    with pytest.raises(FormError) as caught:
        parse_mappings([same, again, {"slot": "x", "to": None}], SLOTS)
    assert [fault.at for fault in caught.value.faults] == ["mappings[1]", "mappings[2].slot", "mappings[2].to"]


def test_something_else_than_a_list_is_refused() -> None:
    with pytest.raises(FormError):
        parse_mappings({"slot": "sales"}, SLOTS)
