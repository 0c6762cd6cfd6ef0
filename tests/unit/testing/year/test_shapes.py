"""Every record uses only what DESIGN section 5 documents; the sets are written out here on purpose."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any

import pytest

from hub.testing.year import TINY, Year, generate, load_gallery, many, minster_yard

ANCHOR = date(2026, 6, 30)
FIELDS = {
    "gallery": "id name email country currency timezone tax_rounding cash_rounding default_due_days",
    "tax_code": "id name rate kind components",
    "contact": "id name first_name last_name organisation email phone tax_number tax_exempt archived address",
    "invoice": """id number kind applies_to status contact_id issued_on due_on currency exchange_rate price_mode
        tax_rounding lines discount total reference notes url channel event tags salesperson excluded""",
    "payment": """id invoice_id kind paid_on amount currency method processor_account settled fee reference status""",
    "line": "id kind description quantity unit_price tax_code discount artist category ownership",
    "address": "lines city region postcode country country_text",
    "component": "name rate compound",
}
NEEDED = {
    "gallery": "name country currency timezone",
    "tax_code": "id name rate",
    "contact": "id name",
    "invoice": "id number contact_id currency price_mode lines total",
    "payment": "id invoice_id paid_on amount method",
    "line": "id kind description quantity unit_price",
    "address": "",
    "component": "name rate",
}
ENUMS = {
    ("tax_code", "kind"): "standard|reduced|zero|exempt|out_of_scope|margin|reverse_charge|export",
    ("invoice", "kind"): "invoice|credit_note",
    ("invoice", "status"): "draft|issued|void",
    ("invoice", "price_mode"): "inclusive|exclusive|no_tax",
    ("invoice", "tax_rounding"): "line|invoice",
    ("invoice", "channel"): "gallery|private_room|website|portal|shopify|fair|other",
    ("line", "kind"): """artwork|edition|framing|shipping|handling|insurance|installation|service|rental|publication|\
portal_fee|levy|deposit|voucher|trade_in|donation|rounding|other|text""",
    ("line", "ownership"): "owned|consigned|agent",
    ("payment", "kind"): "payment|refund",
    ("payment", "status"): "recorded|pending|failed|deleted",
    ("payment", "method"): "bank_transfer|stripe|card_terminal|paypal|cash|cheque|voucher|credit|other",
}
MONEY = {
    "line": ("quantity", "unit_price"),
    "invoice": ("total", "exchange_rate"),
    "payment": ("amount",),
    "tax_code": ("rate",),
    "component": ("rate",),
    "gallery": ("cash_rounding",),
}
YEARS = {"harbour": generate, "york": minster_yard, **TINY}
ID = re.compile(r"[A-Za-z0-9._-]{1,50}")
DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def check(kind: str, value: dict[str, Any]) -> None:
    given = set(value) - {"type"}
    assert given <= set(FIELDS[kind].split()), value
    assert set(NEEDED[kind].split()) <= given, value
    for (owner, field), options in ENUMS.items():
        if owner == kind and value.get(field) is not None:
            assert value[field] in options.split("|"), value
    for field in MONEY.get(kind, ()):
        assert value.get(field) is None or DECIMAL.fullmatch(value[field]), value
    for discount in filter(None, [value.get("discount")]):
        assert list(discount) in (["percent"], ["amount"])
        assert all(DECIMAL.fullmatch(amount) for amount in discount.values())
    for field, inner in (("lines", "line"), ("components", "component")):
        if kind in ("invoice", "tax_code"):
            for part in value.get(field, ()):
                check(inner, part)


def check_record(record: dict[str, Any]) -> None:
    check(record["type"], record)
    assert ID.fullmatch(record["id"]), record
    if record["type"] == "contact":
        check("address", record["address"])
        country = record["address"].get("country")
        assert country is None or re.fullmatch("[A-Z]{2}", country)
    if record["type"] == "payment":
        assert Decimal(record["amount"]) > 0
        for field, keys in (("fee", {"amount", "currency"}), ("settled", {"amount", "currency", "rate"})):
            assert record.get(field) is None or set(record[field]) == keys
    for field in ("issued_on", "due_on", "paid_on"):
        if record.get(field) is not None:
            assert date.fromisoformat(record[field]).isoformat() == record[field]


@pytest.mark.parametrize("name", YEARS)
def test_records_use_only_documented_fields_and_values(name: str) -> None:
    year: Year = YEARS[name]("demo", ANCHOR)
    for record in [*year.records, *year.edits]:
        check_record(record)


@pytest.mark.parametrize("currency", ["AUD", "JPY", "KWD"])
def test_records_for_load_use_only_documented_fields_and_values(currency: str) -> None:
    check_record(load_gallery(currency))
    for record in islice(many("demo", 50, 10, 120, currency), 200):
        check_record(record)


@pytest.mark.parametrize("name", YEARS)
def test_ids_are_unique_by_type_and_numbers_by_kind(name: str) -> None:
    year: Year = YEARS[name]("demo", ANCHOR)
    names = [(record["type"], record["id"]) for record in year.records]
    assert len(set(names)) == len(names)
    numbers = [(record.get("kind", "invoice"), record["number"]) for record in year.of_type("invoice")]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("name", YEARS)
def test_amounts_have_the_decimals_of_their_currency(name: str) -> None:
    year: Year = YEARS[name]("demo", ANCHOR)
    for record in year.records:
        amount = record.get("total") or record.get("amount")
        if amount:
            wanted = {"JPY": 0, "KWD": 3}.get(record["currency"], 2)
            assert -int(Decimal(amount).as_tuple().exponent) == wanted, record


def test_every_name_of_another_record_resolves() -> None:
    year = generate("demo", ANCHOR)
    ids = {kind: {record["id"] for record in year.of_type(kind)} for kind in ("tax_code", "contact", "invoice")}
    for record in year.of_type("invoice"):
        assert record["contact_id"] in ids["contact"]
        assert record["applies_to"] is None or record["applies_to"] in ids["invoice"]
        assert {line["tax_code"] for line in record["lines"]} <= ids["tax_code"] | {None}
    assert {record["invoice_id"] for record in year.of_type("payment")} <= ids["invoice"]


def test_only_reserved_domains_occur() -> None:
    text = generate("demo", ANCHOR).ndjson().decode()
    hosts = set(re.findall(r"[@/]([A-Za-z0-9.-]+\.[a-z]+)\b", text))
    assert hosts
    assert all(host == "example.com" or host.endswith((".example.com", ".test")) for host in hosts), hosts


def test_ndjson_has_a_sorted_record_on_every_line() -> None:
    year = generate("demo", ANCHOR)
    lines = year.ndjson().splitlines()
    assert [json.loads(line) for line in lines] == list(year.records)
    assert all(list(json.loads(line)) == sorted(json.loads(line)) for line in lines)
