"""The door: a record, or every fault with its place."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain import door, door_faults
from hub.domain.content import encode_body
from hub.domain.records import RECORD_TYPES, TYPES, Contact, Invoice, Payment, RecordType
from hub.errors import FormError

SAMPLES: dict[RecordType, dict[str, Any]] = {
    "gallery": {"id": "g", "name": "Harbour", "country": "AU", "currency": "AUD", "timezone": "Australia/Sydney"},
    "tax_code": {"id": "gst", "name": "GST", "rate": "10", "components": [{"name": "a", "rate": "4"}]},
    "contact": {"id": "c-7", "name": "Ana Ruiz", "address": {"lines": ["1 Wharf Rd"], "country": "AU"}},
    "invoice": {
        "id": "i-1",
        "number": "1",
        "contact_id": "c-7",
        "currency": "AUD",
        "price_mode": "inclusive",
        "total": "450.00",
        "lines": [{"id": "1", "kind": "artwork", "description": "Study", "quantity": "1", "unit_price": "450.00"}],
    },
    "payment": {"id": "p-9", "invoice_id": "i-1", "paid_on": "2026-03-10", "amount": "450.00", "method": "cash"},
}


def sample(type_: RecordType, **changes: Any) -> dict[str, Any]:
    return {"type": type_, **json.loads(json.dumps(SAMPLES[type_])), **changes}


def parse(value: Any, **told: Any) -> Any:
    return door.parse_record(json.dumps(value).encode(), **told)


def faults_of(value: Any, **told: Any) -> dict[str, str]:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    with pytest.raises(FormError) as caught:
        door.parse_record(raw, **told)
    return {fault.at: fault.message for fault in caught.value.faults}


@pytest.mark.parametrize("type_", RECORD_TYPES)
def test_the_smallest_record_of_each_type_comes_in(type_: RecordType) -> None:
    assert isinstance(parse(sample(type_)), TYPES[type_])


def test_type_and_id_may_be_left_out_when_the_address_says_them() -> None:
    body = {"name": "Ana Ruiz"}
    assert parse(body, type="contact", id="c-7") == Contact(id="c-7", name="Ana Ruiz")


def test_type_and_id_that_contradict_the_address_are_faults() -> None:
    found = faults_of(sample("contact"), type="invoice", id="i-1")
    assert found["type"] == "is 'contact', but the address says 'invoice'"
    assert found["id"] == "is 'c-7', but the address says 'i-1'"


def test_an_id_of_the_address_is_checked_too() -> None:
    assert list(faults_of({"name": "x"}, type="contact", id="a b")) == ["id"]


def test_a_record_without_a_type_is_told_the_types() -> None:
    assert faults_of({"id": "x"}) == {"type": "needs one of: gallery, tax_code, contact, invoice, payment"}


def test_all_faults_come_at_once_each_with_its_place() -> None:
    value = sample("invoice", kind="bill", total=450.0, channel=None, colour="red", source_updated_at="2026-03-04")
    value["lines"] = [
        {"id": "1", "kind": "artwork", "description": "a", "quantity": 1, "unit_price": "1e3"},
        {"id": "1", "kind": "art", "description": "a", "quantity": "1", "unit_price": "1", "discount": {}},
        7,
    ]
    del value["number"]
    assert list(faults_of(value)) == [
        "number",
        "lines[0].quantity",
        "lines[0].unit_price",
        "lines[1].kind",
        "lines[1].discount",
        "lines[2]",
        "total",
        "kind",
        "channel",
        "source_updated_at",
        "colour",
        "lines[1].id",
    ]


@pytest.mark.parametrize("amount", [450, 450.0, True, None, "NaN", "Infinity", "1e3", "", " 1", "+1", "1.", ".5", "١"])
def test_money_is_only_ever_a_plain_decimal_string(amount: object) -> None:
    assert list(faults_of(sample("payment", amount=amount))) == ["amount"]


@pytest.mark.parametrize("amount", ["1" * 21, "0." + "1" * 13])
def test_over_long_decimals_are_refused(amount: str) -> None:
    assert list(faults_of(sample("invoice", total=amount))) == ["total"]


@pytest.mark.parametrize("amount", ["9" * 20 + "." + "9" * 12, "-0.000000000001", "0", "007.50"])
def test_long_decimals_are_kept_exactly(amount: str) -> None:
    assert parse(sample("invoice", total=amount)).total == Decimal(amount)


@pytest.mark.parametrize("amount", ["0", "-1", "0.00"])
def test_a_payment_is_greater_than_zero(amount: str) -> None:
    assert list(faults_of(sample("payment", amount=amount))) == ["amount"]


def test_a_value_outside_an_enum_is_told_the_values() -> None:
    assert faults_of(sample("invoice", price_mode="gross")) == {
        "price_mode": "needs one of: exclusive, inclusive, no_tax; not 'gross'"
    }


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (sample("contact", id="x" * 51), "id"),
        (sample("contact", id="a/b"), "id"),
        (sample("contact", id="a\n"), "id"),
        (sample("contact", name=7), "name"),
        (sample("contact", name=None), "name"),
        (sample("contact", name="a\0b"), "name"),
        (sample("contact", name="x" * 65_537), "name"),
        (sample("contact", archived="yes"), "archived"),
        (sample("contact", archived=1), "archived"),
        (sample("contact", address={"lines": "1 Wharf Rd"}), "address.lines"),
        (sample("contact", address={"lines": ["a", 1]}), "address.lines[1]"),
        (sample("contact", address={"street": "1 Wharf Rd"}), "address.street"),
        (sample("gallery", timezone="Australia/Sidney"), "timezone"),
        (sample("gallery", timezone="../../etc/passwd"), "timezone"),
        (sample("gallery", timezone="x\0"), "timezone"),
        (sample("gallery", currency="aud"), "currency"),
        (sample("gallery", country="AUS"), "country"),
        (sample("gallery", default_due_days=True), "default_due_days"),
        (sample("gallery", default_due_days=-1), "default_due_days"),
        (sample("gallery", default_due_days=30.5), "default_due_days"),
        (sample("gallery", cash_rounding="0"), "cash_rounding"),
        (sample("tax_code", rate="-1"), "rate"),
        (sample("tax_code", components=[{"name": "a", "rate": "-1"}]), "components[0].rate"),
        (sample("invoice", discount={"percent": "1", "amount": "1"}), "discount"),
        (sample("invoice", discount={"percent": None}), "discount"),
        (sample("invoice", issued_on="2026-02-30"), "issued_on"),
        (sample("invoice", issued_on=20260203), "issued_on"),
        (sample("invoice", number=""), "number"),
        (sample("invoice", source_updated_at="2026-03-04T00:00:00"), "source_updated_at"),
        (sample("invoice", source_updated_at="0001-01-01T00:00:00+14:00"), "source_updated_at"),
        (sample("invoice", source_updated_at=1), "source_updated_at"),
        (sample("payment", fee={"amount": "1", "currency": "dollar"}), "fee.currency"),
        (sample("payment", origin={"kind": "xero"}), "origin"),
    ],
)
def test_a_fault_names_its_place(value: dict[str, Any], place: str) -> None:
    assert list(faults_of(value)) == [place]


def test_two_lines_of_one_id_are_a_fault() -> None:
    value = sample("invoice")
    value["lines"] *= 2
    assert faults_of(value) == {"lines[1].id": "is also the id of lines[0]"}


def test_an_unknown_field_is_told_its_neighbour() -> None:
    assert faults_of(sample("contact", firstname="Ana")) == {
        "firstname": "is not a field here; did you mean 'first_name'?"
    }


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "is not JSON: the text ends too early, after byte 0"),
        (b'{"a": tru}', "is not JSON: invalid character near byte 10"),
        (b'{"a": NaN}', "is not JSON: invalid character near byte 6"),
        (b"{} {}", "is not JSON: trailing characters near byte 4"),
        (b'{"a": "\xff"}', "is not UTF-8 (byte 7)"),
        (b'{"a": "\\ud800"}', "is not JSON: an escape is half of a surrogate pair, or the text ends too early"),
        (b'{"a":' * 5000, "is nested too deeply"),
        (b"[" * 5000, "is nested too deeply"),
        (b"[1]", "needs a JSON object, not an array"),
        (b"null", "needs a JSON object, not null"),
        (b'"x"', "needs a JSON object, not a text"),
    ],
)
def test_what_is_no_json_object_is_told_why(raw: bytes, message: str) -> None:
    assert faults_of(raw) == {"": message}


@pytest.mark.parametrize(
    "changes",
    [
        {"currency": "XBT"},
        {"currency": "dollars"},
        {"lines": []},
        {"issued_on": "1899-01-01"},
        {"due_on": "0001-01-01"},
        {"total": "1.23456789"},
        {"total": "-450.00", "kind": "credit_note"},
        {"total": "1.00"},
        {"notes": "x" * 65_536},
        {"contact_id": "nobody"},
        {"exchange_rate": "0"},
        {"url": "javascript:alert(1)"},
        {"reference": "text about \\u0000"},
        {"number": "A/1 <b>\u202e"},
    ],
)
def test_everything_else_comes_in_and_is_judged(changes: dict[str, Any]) -> None:
    record = parse(sample("invoice", **changes))
    assert {name: str(getattr(record, name)) for name in changes if name != "lines"} == {
        name: str(value) for name, value in changes.items() if name != "lines"
    }


def test_texts_stay_as_they_were_sent() -> None:
    name = "Ame\u0301lie \u202e <script> \u00a0 "
    assert parse(sample("contact", name=name)).name == name


def test_a_message_shows_no_more_than_a_short_line_of_the_input() -> None:
    found = faults_of(sample("invoice", price_mode="\n\x1b[31m" + "x" * 10_000, **{"y\n" * 500: 1}))
    assert all(len(place) < 80 and place.isprintable() for place in found)
    assert all(len(message) < 200 and message.isprintable() for message in found.values())


def test_countless_faults_are_cut_off_with_a_word() -> None:
    value = sample("invoice", lines=[0] * 200_000)
    with pytest.raises(FormError) as caught:
        parse(value)
    assert len(caught.value.faults) == door.MOST_FAULTS + 1
    assert caught.value.faults[-1].message == "has 100 faults or more; here are the first"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)
FIELDS = sorted({name for shape in TYPES.values() for name in shape.__struct_fields__} | {"type", "percent", "x"})
near_values = st.sampled_from(
    ["1", "-1", "0.10", "2026-03-04", "issued", "artwork", "AUD", "", "a b", "2026-03-04T00:00Z"]
)


@st.composite
def near_records(draw: st.DrawFn) -> dict[str, Any]:
    value = sample(draw(st.sampled_from(RECORD_TYPES)))
    target = value
    if value.get("lines") and draw(st.booleans()):
        target = value["lines"][0]
    for name in draw(st.lists(st.sampled_from(FIELDS), max_size=4)):
        if draw(st.booleans()):
            target[name] = draw(json_values | near_values)
        else:
            target.pop(name, None)
    return value


@given(json_values | near_records(), st.none() | st.sampled_from(RECORD_TYPES), st.none() | st.text(max_size=4))
def test_any_json_gets_a_record_or_faults(value: Any, type_: RecordType | None, id_: str | None) -> None:
    raw = json.dumps(value).encode()
    record = None
    faults = None
    try:
        record = door.parse_record(raw, type=type_, id=id_)
    except FormError as error:
        faults = error.faults
    if record is None:
        assert faults
    else:
        tree = {name: one for name, one in value.items() if name != "type"} | {"id": record.id}
        assert list(door_faults.list_faults(type(record), tree)) == []
        assert door.parse_record(encode_body(record)) == record


@given(st.binary(max_size=60))
def test_any_bytes_get_a_record_or_faults(raw: bytes) -> None:
    with pytest.raises(FormError):
        door.parse_record(raw)


@given(near_records())
def test_the_walk_and_the_decoder_agree(value: dict[str, Any]) -> None:
    shape = TYPES[value["type"]] if value.get("type") in RECORD_TYPES else Invoice
    tree = {name: one for name, one in value.items() if name != "type"}
    if not list(door_faults.list_faults(shape, tree)):
        assert isinstance(msgspec.convert(tree, shape, dec_hook=door.parse_exact), shape)


def test_a_payment_keeps_its_numbers_as_sent() -> None:
    payment = parse(
        sample("payment", amount="450.10", settled={"amount": "300.0", "currency": "EUR", "rate": "0.6665"})
    )
    assert isinstance(payment, Payment)
    assert json.loads(encode_body(payment))["amount"] == "450.10"
    assert json.loads(encode_body(payment))["settled"]["amount"] == "300.0"
