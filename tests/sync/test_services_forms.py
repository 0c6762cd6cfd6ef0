"""Settings, mappings and exclusions as forms: every fault has its place, and secrets never come back."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
import pydantic
import pytest

import hub
from hub.domain.books import Account, Book, Choices, Slot, TaxRate
from hub.errors import FormError, SecretError
from hub.remote.secrets import SecretBox
from hub.store.webservices import WebserviceRow
from hub.sync import forms
from hub.sync.mapping_service import find_faults, parse_exclusions
from plugins.core.exclusions import FILTERS

BOX = SecretBox([bytes(32)])
WHERE = {"gallery_id": "g", "webservice_id": "w-1"}


class BankSettings(hub.Settings):
    """Settings with a secret."""

    user: str = "ana"
    password: pydantic.SecretStr | None = None
    every: int = 5


class Bank(hub.Webservice):
    """A kind that checks no mapping by itself."""

    kind = "bank"
    title = "Bank"
    settings: ClassVar[type[hub.Settings]] = BankSettings

    @classmethod
    def account_mappings(cls) -> tuple[Slot, ...]:
        return (
            Slot(key="sales", label="Sales", fills=("revenue",), required=True),
            Slot(key="tax", label="Tax", fills=("tax",), when=("tax_code",)),
            Slot(key="money", label="Money", fills=("bank",)),
        )


def make_row(settings: dict[str, Any], **changes: Any) -> WebserviceRow:
    blank: dict[str, Any] = dict.fromkeys(WebserviceRow.__struct_fields__)
    given = {"gallery_id": "g", "id": "w-1", "kind": "bank", "settings": settings}
    return WebserviceRow(**{**blank, **given, **changes})


def test_a_secret_is_stored_sealed_opens_only_in_its_row_and_is_never_shown() -> None:
    parsed = forms.parse(Bank, {"password": "hunter2"})
    stored = forms.seal(Bank, parsed, BOX, **WHERE)
    assert "hunter2" not in str(stored)
    assert forms.show(Bank, stored) == {"user": "ana", "every": 5}
    assert forms.open_row(Bank, make_row(stored), BOX).settings["password"] == "hunter2"
    for other in ({"id": "w-2"}, {"gallery_id": "h"}):
        with pytest.raises(SecretError):
            forms.open_row(Bank, make_row(stored, **other), BOX)


def test_settings_without_a_secret_are_stored_as_they_are() -> None:
    stored = forms.seal(Bank, forms.parse(Bank, {"every": 7}), BOX, **WHERE)
    assert stored == {"user": "ana", "password": None, "every": 7}
    row = make_row(stored)
    assert forms.open_row(Bank, row, BOX) is row


@pytest.mark.parametrize(
    ("data", "places"),
    [
        ({"every": "7", "colour": 1}, {"settings.every", "settings.colour"}),
        ({"user": "a\0b"}, {"settings.user"}),
        ({"every": 2**70, "user": 5}, {"settings.user"}),
        ({"a\0": 1}, {"settings"}),
    ],
)
def test_every_fault_of_settings_is_named_and_no_value_repeated(data: dict[str, Any], places: set[str]) -> None:
    with pytest.raises(FormError) as caught:
        forms.parse(Bank, data)
    assert {fault.at for fault in caught.value.faults} == places


CHOICES = Choices(
    accounts=(
        Account(id="a-1", code="200", name="Sales", class_="revenue"),
        Account(id="a-2", code="090", name="Bank", class_="asset", is_bank=True),
        Account(id="a-3", code="201", name="Old", class_="revenue", active=False),
    ),
    tax_rates=(TaxRate(code="GST", name="GST", rate="10"), TaxRate(code="OLD", name="Old", rate="9", active=False)),  # type: ignore[arg-type] # only names matter here
)


@pytest.mark.parametrize(
    ("slot", "to", "words"),
    [
        ("sales", {"code": "200"}, None),
        ("sales", {"id": "a-1"}, None),
        ("sales", {"code": "999"}, "no such account"),
        ("sales", {"code": "201"}, "archived"),
        ("sales", {"code": "090"}, "revenue is needed"),
        ("money", {"code": "090"}, None),
        ("money", {"code": "200"}, "bank is needed"),
        ("tax", {"code": "GST"}, None),
        ("tax", {"code": "OLD"}, "archived"),
        ("tax", {"code": "NOPE"}, "no such tax rate"),
    ],
)
def test_a_target_is_compared_with_the_choices_where_the_kind_does_not(
    slot: str, to: dict[str, str], words: str | None
) -> None:
    mapping = hub.Mapping(slot=slot, to=hub.Target(**to))
    faults = find_faults(Bank, [mapping], CHOICES, _no_book())
    assert [words in fault.message for fault in faults if words] == ([True] if words else [])
    assert [fault.at for fault in faults] == ([f"mappings[0].to.{next(iter(to))}"] if words else [])


def _no_book() -> Book:
    blank: dict[str, Any] = dict.fromkeys(Book.__struct_fields__)
    return Book(**blank)


def test_without_choices_of_a_sort_nothing_is_compared() -> None:
    mapping = hub.Mapping(slot="sales", to=hub.Target(code="999"))
    assert find_faults(Bank, [mapping], Choices(), _no_book()) == []


def test_every_fault_of_exclusions_is_named() -> None:
    filters = {rule.key: rule for rule in FILTERS}
    bad: list[dict[str, Any]] = [{"filter": "moon"}, {"filter": 5}, {"filter": "tag", "values": ["\0"]}]
    with pytest.raises(FormError) as caught:
        parse_exclusions(bad, filters)
    assert [fault.at for fault in caught.value.faults] == ["exclusions[2].values[0]"]
    with pytest.raises(FormError) as caught:
        parse_exclusions([*bad[:2], {"filter": "number", "from": 10}], filters)
    assert [fault.at for fault in caught.value.faults] == [
        "exclusions[0].filter",
        "exclusions[1].filter",
        "exclusions[2].from",
    ]
    with pytest.raises(FormError):
        parse_exclusions([{"filter": "tag", "values": ["x"]}] * 101, filters)
    kept = parse_exclusions([{"filter": "tag", "values": ["x"]}], filters)
    assert msgspec.to_builtins(list(kept)) == [{"filter": "tag", "arguments": {"values": ["x"]}}]
