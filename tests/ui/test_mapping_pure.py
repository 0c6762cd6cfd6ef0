"""The parts of the mapping page that only decide."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hub.domain.books import Account, Choices, Mapping, Slot, Target, TaxRate
from hub.domain.mappings import identity
from hub.domain.records import TaxCode
from hub.errors import Fault
from hub.sync.mapping_changes import merge
from hub.web.ui.pages import mapping_options as options
from hub.web.ui.pages.mapping_form import Changes, place_faults
from hub.web.ui.pages.mapping_rows import describe, known_parts, part_of, rule_part_of
from plugins.xero.places import SLOTS

SALES = Slot(key="sales", label="Sales", fills=("revenue",), when=("artist",))
CHOICES = Choices(
    accounts=(
        Account(id="a-1", code="200", name="Sales", class_="revenue"),
        Account(id="a-2", name="No code", class_="revenue"),
    ),
    tax_rates=(TaxRate(code="OUTPUT", name="GST on Income", rate=Decimal(10)),),
)


def mapping(to: str, slot: str = "sales", **when: str) -> Mapping:
    return Mapping(slot=slot, when=when, to=Target(id=to))


def test_a_change_takes_the_place_of_the_one_it_replaces_and_new_ones_come_last() -> None:
    before = (mapping("a"), mapping("b", artist="M. Lowe"), mapping("c", slot="levy"))
    new = (mapping("d", artist="m. LOWE"), mapping("e", artist="A. Ruiz"))
    assert merge(before, {identity(before[2])}, new) == (before[0], new[0], new[1])


def test_what_is_dropped_and_put_at_once_is_put() -> None:
    before = (mapping("a"),)
    assert merge(before, {identity(before[0])}, (mapping("b"),)) == (mapping("b"),)


@pytest.mark.parametrize("to", [Target(id="A-1"), Target(code="200")])
def test_an_option_leads_back_to_the_account_by_its_id(to: Target) -> None:
    key = options.key_of(to, SALES, CHOICES)
    assert key == "200"
    assert options.target_of(key, SALES, CHOICES) == {"id": "a-1"}


def test_an_account_without_a_code_goes_by_its_id() -> None:
    key = options.key_of(Target(id="a-2"), SALES, CHOICES)
    assert options.target_of(key, SALES, CHOICES) == {"id": "a-2"}


def test_what_is_there_no_more_has_an_option_of_its_own_that_no_account_has() -> None:
    key = options.key_of(Target(code="999"), SALES, CHOICES)
    assert key == "?999"
    assert options.name_target(Target(code="999"), SALES, CHOICES) == "999 (not there any more)"
    assert options.target_of(key, SALES, CHOICES) == {"code": "999"}


def test_conditions_are_told_in_words() -> None:
    code = TaxCode(id="gst", name="GST 10%", rate=Decimal(10), kind="standard")
    assert describe({}) == "Everything"
    assert describe({"line_kind": "portal_fee", "artist": "M. Lowe"}) == "Portal fee, artist M. Lowe"
    assert describe({"tax_code": "gst"}, [code]) == "GST 10%"
    assert describe({"method": "paypal", "currency": "USD"}) == "PayPal, currency USD"


def test_every_slot_of_xero_has_its_part() -> None:
    assert known_parts(SLOTS) == ("accounts", "taxes", "payments", "rules")
    parts = {slot.key: (part_of(slot), rule_part_of(slot)) for slot in SLOTS}
    assert parts["sales"] == ("accounts", "rules")
    assert parts["bank"] == ("payments", "payments")
    assert parts["tax"] == ("taxes", None)
    assert parts["tracking"] == ("rules", "rules")
    assert known_parts(()) == ()


def test_faults_of_saving_stand_at_the_fields_they_came_from() -> None:
    changes = Changes(places=("to.sales", "new.sales"))
    faults = [
        Fault("mappings[0].to.id", "The account is not in Xero any more."),
        Fault("mappings[1].when.artist", "a text is needed"),
        Fault("mappings[1].to.id", "the account is archived"),
        Fault("mappings", "2000 mappings at most, not 2001"),
    ]
    assert place_faults(faults, changes) == {
        "to.sales": "The account is not in Xero any more.",
        "new.sales.artist": "A text is needed.",
        "new.sales.to": "The account is archived.",
        "": "2000 mappings at most, not 2001.",
    }
