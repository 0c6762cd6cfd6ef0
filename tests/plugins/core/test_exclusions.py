"""Which invoices each exclude filter leaves out, which arguments it takes, and its words."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from hub import ExcludeFilter, Exclusion, Invoice, Line
from hub.domain.exclusions import find_exclusion
from plugins.core.exclusions import FILTERS

BY_KEY: dict[str, ExcludeFilter] = {one.key: one for one in FILTERS}


def make_invoice(*, lines: tuple[str, ...] = ("artwork",), **fields: Any) -> Invoice:
    made = tuple(
        Line(
            id=str(position),
            kind=kind,  # type: ignore[arg-type] # the tables below name line kinds
            description="",
            quantity=Decimal(1),
            unit_price=Decimal(1),
        )
        for position, kind in enumerate(lines)
    )
    given = {
        "id": "i-1",
        "number": "1234",
        "contact_id": "c-7",
        "currency": "AUD",
        "total": Decimal("450.00"),
        **fields,
    }
    return Invoice(price_mode="inclusive", lines=made, **given)


@pytest.mark.parametrize(
    ("key", "arguments", "fields", "left_out"),
    [
        ("number", {"from": "1000", "to": "1999"}, {"number": "1000"}, True),
        ("number", {"from": "1000", "to": "1999"}, {"number": "1999"}, True),
        ("number", {"from": "1000", "to": "1999"}, {"number": "999"}, False),
        ("number", {"from": "1000", "to": "1999"}, {"number": "2000"}, False),
        ("number", {"from": "1000", "to": "1999"}, {"number": "INV-1500"}, True),
        ("number", {"from": "1000", "to": "1999"}, {"number": "INV-0999"}, False),
        ("number", {"from": "AG-1000", "to": "AG-1999"}, {"number": "1500"}, True),
        ("number", {"from": "AG-INV-1000"}, {"number": "INV-1500"}, True),
        ("number", {"from": "INV-1000", "to": "INV-1999"}, {"number": "inv-1500"}, True),
        ("number", {"from": "INV-1000", "to": "INV-1999"}, {"number": "CN-1500"}, False),
        ("number", {"to": "INV-1999"}, {"number": "CN-1500"}, False),
        ("number", {"from": "INV-1000"}, {"number": "CN-1500"}, False),
        ("number", {"from": "9", "to": "10"}, {"number": "0010"}, True),
        ("number", {"to": "1999"}, {"number": "1999-2"}, True),
        ("number", {"to": "1999"}, {"number": "2000-1"}, False),
        ("number", {"from": "2024", "to": "2024"}, {"number": "2024/118"}, True),
        ("number", {"from": "2024/9", "to": "2024/100"}, {"number": "2024/10"}, True),
        ("number", {"from": "2024/9", "to": "2024/100"}, {"number": "2024/118"}, False),
        ("number", {"from": "2"}, {"number": "1a"}, False),
        ("number", {"to": "9"}, {"number": "DEPOSIT"}, False),
        ("number", {"from": "0"}, {"number": "٣"}, False),  # digits of other scripts are text
        ("number", {"values": ["1234", "7"]}, {"number": "7"}, True),
        ("number", {"values": ["AG-1234"]}, {"number": "1234"}, True),
        ("number", {"values": ["1234"]}, {"number": "12345"}, False),
        ("number", {"values": ["CN-1234"]}, {"number": "INV-1234"}, False),
        ("number", {"values": ["deposit"]}, {"number": "DEPOSIT"}, True),
        ("number", {"values": ["deposit"]}, {"number": "DEPOSIT 2"}, False),
        ("contact", {"values": ["c-1", "c-7"]}, {"contact_id": "c-7"}, True),
        ("contact", {"values": ["C-7"]}, {"contact_id": "c-7"}, False),
        ("contact", {"values": ["c-70"]}, {"contact_id": "c-7"}, False),
        ("channel", {"values": ["shopify", " Portal "]}, {"channel": "portal"}, True),
        ("channel", {"values": ["shopify"]}, {"channel": "gallery"}, False),
        ("tag", {"values": ["Staff"]}, {"tags": ("loan", "staff")}, True),
        ("tag", {"values": ["staff"]}, {"tags": ()}, False),
        ("tag", {"values": ["staff"]}, {"tags": ("staffing",)}, False),
        ("currency", {"values": ["eur"]}, {"currency": "EUR"}, True),
        ("currency", {"values": ["EUR"]}, {"currency": "AUD"}, False),
        ("kind", {"values": ["credit_note"]}, {"kind": "credit_note"}, True),
        ("kind", {"values": ["credit_note"]}, {"kind": "invoice"}, False),
        ("kind", {"values": ["portal_fee"]}, {"lines": ("portal_fee", "text", "portal_fee")}, True),
        ("kind", {"values": ["portal_fee"]}, {"lines": ("portal_fee", "artwork")}, False),
        ("kind", {"values": ["portal_fee", "shipping"]}, {"lines": ("portal_fee", "shipping")}, True),
        ("kind", {"values": ["portal_fee"]}, {"lines": ()}, False),
        ("kind", {"values": ["portal_fee"]}, {"lines": ("text",)}, False),
        ("date", {"from": "2026-01-01", "to": "2026-03-31"}, {"issued_on": date(2026, 1, 1)}, True),
        ("date", {"from": "2026-01-01", "to": "2026-03-31"}, {"issued_on": date(2026, 3, 31)}, True),
        ("date", {"from": "2026-01-01", "to": "2026-03-31"}, {"issued_on": date(2026, 4, 1)}, False),
        ("date", {"to": "2026-03-31"}, {"issued_on": date(1999, 1, 1)}, True),
        ("date", {"from": "2026-01-01", "to": None}, {"issued_on": date(2025, 12, 31)}, False),
        ("date", {"from": "2026-01-01"}, {"issued_on": None}, False),
        ("amount", {"from": "450.00"}, {"total": Decimal(450)}, True),
        ("amount", {"to": "450"}, {"total": Decimal("450.00")}, True),
        ("amount", {"to": "449.99"}, {"total": Decimal("450.00")}, False),
        ("amount", {"from": "-1", "to": "0"}, {"total": Decimal("0.00")}, True),
        ("amount", {"from": "9"}, {"total": Decimal(10)}, True),
    ],
)
def test_a_filter_leaves_out_what_its_arguments_say(
    key: str, arguments: dict[str, Any], fields: dict[str, Any], left_out: bool
) -> None:
    assert BY_KEY[key].check(arguments) == []
    assert BY_KEY[key].matches(make_invoice(**fields), arguments) is left_out


@pytest.mark.parametrize(
    ("key", "arguments", "faults"),
    [
        ("number", {}, [("", "needs values, or from, to or both")]),
        ("number", {"from": "a", "to": "b"}, [("from", "no digit"), ("to", "no digit")]),
        ("number", {"from": "2000", "to": "1000"}, [("to", "1000 comes before from (2000)")]),
        ("number", {"from": "10", "to": "9"}, [("to", "9 comes before from (10)")]),
        ("number", {"from": 1000}, [("from", "must be a text")]),
        ("number", {"from": "1" * 256}, [("from", "255 characters at most")]),
        ("number", {"values": ["1"], "from": "1"}, [("values", "make two rules of it")]),
        ("number", {"values": [], "size": 1}, [("size", "known: values, from, to"), ("values", "at least one")]),
        ("contact", {}, [("values", "must be a list with at least one text")]),
        ("contact", {"values": "c-7"}, [("values", "must be a list")]),
        ("contact", {"values": ["c-7"], "from": "1"}, [("from", "is not known here (known: values)")]),
        (
            "contact",
            {"values": ["", 7, "c" * 256]},
            [("values[0]", "empty"), ("values[1]", "text"), ("values[2]", "255")],
        ),
        ("contact", {"values": ["c"] * 1001}, [("values", "1000 texts at most, not 1001")]),
        ("channel", {"values": ["shop", "fair", "fax"]}, [("values[0]", "none of gallery"), ("values[2]", "'fax'")]),
        ("currency", {"values": ["EURO", "EUR"]}, [("values[0]", "'EURO' is no currency code")]),
        ("kind", {"values": ["text"]}, [("values[0]", "'text' is none of invoice, credit_note, artwork")]),
        ("date", {}, [("", "needs from, to or both")]),
        (
            "date",
            {"from": "1.3.2026", "to": "2026-02-30"},
            [("from", "no date like"), ("to", "no day of")],
        ),
        ("date", {"from": "20260301"}, [("from", "no date like")]),
        ("date", {"from": "2026-02-01", "to": "2026-01-01"}, [("to", "comes before")]),
        ("amount", {"from": 100}, [("from", "must be a text")]),
        ("amount", {"from": "1,000", "to": "NaN"}, [("from", "no amount"), ("to", "no amount")]),
        ("amount", {"from": "1e3"}, [("from", "no amount")]),
        ("amount", {"from": "100", "to": "99.99"}, [("to", "comes before")]),
        ("amount", {"values": ["1"]}, [("values", "known: from, to"), ("", "needs from, to or both")]),
    ],
)
def test_check_names_every_fault_with_its_place(
    key: str, arguments: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    found = BY_KEY[key].check(arguments)
    assert [fault.at for fault in found] == [at for at, _ in faults]
    assert [
        (fault.message, text) for fault, (_, text) in zip(found, faults, strict=True) if text not in fault.message
    ] == []


@pytest.mark.parametrize(
    ("key", "arguments", "words"),
    [
        ("number", {"from": "1000", "to": "1999"}, "invoice number from 1000 to 1999"),
        ("number", {"values": ["7"]}, "invoice number is 7"),
        ("contact", {"values": ["c-1", "c-2", "c-3"]}, "contact is c-1, c-2 or c-3"),
        ("channel", {"values": ["shopify"]}, "channel is shopify"),
        ("tag", {"values": [" staff ", "loan"]}, "tag is staff or loan"),
        ("currency", {"values": ["EUR"]}, "currency is EUR"),
        ("kind", {"values": ["credit_note"]}, "kind is credit_note"),
        ("date", {"to": "2026-03-31"}, "issued to 2026-03-31"),
        ("date", {"from": "2026-01-01", "to": "2026-03-31"}, "issued from 2026-01-01 to 2026-03-31"),
        ("amount", {"from": "100", "to": None}, "total from 100"),
    ],
)
def test_a_rule_is_put_into_words(key: str, arguments: dict[str, Any], words: str) -> None:
    assert BY_KEY[key].describe(arguments) == words


def test_every_filter_has_a_key_of_its_own_and_words_for_people() -> None:
    assert list(BY_KEY) == ["number", "contact", "channel", "tag", "kind", "currency", "date", "amount"]
    assert [one.key for one in FILTERS if not (one.label and one.help.endswith("."))] == []


def test_the_words_of_the_first_rule_that_matches_are_given() -> None:
    rules = [
        Exclusion(filter="channel", arguments={"values": ["shopify"]}),
        Exclusion(filter="amount", arguments={"to": "500"}),
        Exclusion(filter="contact", arguments={"values": ["c-7"]}),
    ]
    assert find_exclusion(make_invoice(), rules, BY_KEY) == "total to 500"
