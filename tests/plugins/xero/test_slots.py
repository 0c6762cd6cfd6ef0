"""Which slot a sort of line, a tax code or a way of payment needs: the very one that rendering asks."""

from __future__ import annotations

from typing import get_args

import pytest

from hub import Choices, Held
from hub.domain.records import LineKind
from plugins.xero.places import SLOTS, find_place, find_slot
from tests.plugins.xero.builders import make_book, make_invoice, make_line, make_subject


@pytest.mark.parametrize("kind", [one for one in get_args(LineKind) if one != "text"])
def test_a_line_without_a_mapping_is_held_for_the_slot_that_is_told_as_unmapped(kind: str) -> None:
    invoice = make_invoice(make_line(kind=kind))
    book = make_book(mappings=(), choices=Choices())
    held = find_place(invoice.lines[0], invoice, make_subject(invoice), book)
    assert isinstance(held, Held)
    slot = find_slot({"line_kind": kind}, book)
    assert slot in {one.key for one in SLOTS}
    assert held.cause.split(":")[:2] == ["mapping_missing", slot]


def test_taxes_and_payments_have_their_slots() -> None:
    book = make_book()
    assert find_slot({"tax_code": "gst"}, book) == "tax"
    assert find_slot({"tax_code": None}, book) == "no_tax"
    assert find_slot({"method": "cash", "currency": "AUD"}, book) == "bank"


def test_the_rounding_account_that_is_found_by_itself_needs_no_mapping() -> None:
    assert any(one.system == "ROUNDING" for one in make_book().choices.accounts)
    assert find_slot({"line_kind": "rounding"}, make_book()) is None
