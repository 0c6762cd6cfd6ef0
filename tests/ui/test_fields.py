"""Forms from schemas, by value: which field a property becomes, what is read from it, where faults stand."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Any, Literal

import pydantic
import pytest

from hub.contract import Settings
from hub.errors import Fault
from hub.web.ui.csrf import Form
from hub.web.ui.fields import place_faults, read_schema, read_values, say, typed_from, typed_of


class Colour(Enum):
    RED = "red"


class Every(Settings):
    """One of each."""

    text: str = "a"
    maybe: str | None = None
    whole: int = pydantic.Field(default=1, ge=1, le=9)
    maybe_whole: int | None = None
    on: date | None = None
    flag: bool = False
    maybe_flag: bool | None = None
    one_of: Literal["a_b", "c"] = pydantic.Field(
        default="c", json_schema_extra={"labels": {"a_b": "First"}, "more": True}
    )
    only: Literal["x"] = "x"
    named: Colour = Colour.RED
    secret: pydantic.SecretStr | None = None
    several: list[str] = pydantic.Field(default=[])
    ticked: list[Literal["p", "q"]] = pydantic.Field(default=[])
    inner: dict[str, str] = pydantic.Field(default={})


FIELDS = {one.key: one for one in read_schema(Every.model_json_schema(), prefix="settings.")}


def form(**typed: str) -> Form:
    return Form([(f"settings.{key}", value) for key, value in typed.items()])


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("text", "text"),
        ("maybe", "text"),
        ("whole", "number"),
        ("maybe_whole", "number"),
        ("on", "date"),
        ("flag", "checkbox"),
        ("maybe_flag", "checkbox"),
        ("one_of", "select"),
        ("only", "select"),
        ("named", "select"),
        ("secret", "password"),
        ("several", "textarea"),
        ("ticked", "ticks"),
    ],
)
def test_each_sort_of_property_has_its_field(key: str, kind: str) -> None:
    assert FIELDS[key].kind == kind


def test_what_no_field_can_ask_for_has_none() -> None:
    assert "inner" not in FIELDS


def test_choices_bear_their_words_and_what_is_seldom_needed_is_marked() -> None:
    assert FIELDS["one_of"].options == (("a_b", "First"), ("c", "C"))
    assert (FIELDS["one_of"].more, FIELDS["text"].more) == (True, False)
    assert FIELDS["one_of"].shown("a_b") == "First"


def test_the_browser_checks_what_the_schema_bounds() -> None:
    assert FIELDS["whole"].attrs == {"min": "1", "max": "9"}
    assert (FIELDS["whole"].required, FIELDS["maybe_whole"].required, FIELDS["text"].required) == (True, False, False)


@pytest.mark.parametrize(
    ("key", "typed", "value"),
    [
        ("text", "", ""),
        ("maybe", "", None),
        ("whole", "7", 7),
        ("whole", "-7", -7),
        ("whole", "7.5", "7.5"),
        ("whole", "", ""),
        ("whole", "9" * 30, "9" * 30),
        ("whole", "٣", "٣"),
        ("maybe_whole", "", None),
        ("on", "2026-03-04", "2026-03-04"),
        ("on", "", None),
        ("one_of", "a_b", "a_b"),
        ("several", "a\n\n b ", ["a", "b"]),
        ("several", "", []),
        ("ticked", "q", ["q"]),
    ],
)
def test_what_was_typed_becomes_a_plain_value_or_stays_as_it_is(key: str, typed: str, value: object) -> None:
    assert read_values([FIELDS[key]], form(**{key: typed})) == {key: value}


def test_a_box_that_is_not_ticked_is_no() -> None:
    assert read_values([FIELDS["flag"]], form()) == {"flag": False}
    assert read_values([FIELDS["flag"]], form(flag="1")) == {"flag": True}


def test_an_empty_secret_is_left_out_so_that_the_stored_one_stays_and_none_is_shown_again() -> None:
    assert read_values([FIELDS["secret"]], form(secret="")) == {}
    assert read_values([FIELDS["secret"]], form(secret="s")) == {"secret": "s"}
    assert typed_of([FIELDS["secret"]], form(secret="s")) == {"secret": ""}


def test_stored_values_stand_in_their_fields_and_defaults_where_there_are_none() -> None:
    stored: dict[str, Any] = {"several": ["a", "b"], "whole": 5, "flag": True, "ticked": ["p"], "maybe": None}
    typed = typed_from(tuple(FIELDS.values()), stored)
    assert (typed["several"], typed["whole"], typed["flag"], typed["ticked"]) == ("a\nb", "5", True, ("p",))
    assert (typed["maybe"], typed["text"], typed["one_of"]) == ("", "a", "c")


def test_faults_stand_at_their_fields_and_the_others_above() -> None:
    told = [
        Fault("settings.whole", "Input should be greater than or equal to 1"),
        Fault("settings.several[2]", "is too long"),
        Fault("settings.colour", "Extra inputs are not permitted"),
        Fault("", "needs from, to or both"),
    ]
    placed = place_faults(told, [one.name for one in FIELDS.values()])
    assert placed.at == {"settings.whole": "It has to be at least 1.", "settings.several": "Line 3: Is too long."}
    assert placed.others == ("settings.colour: Extra inputs are not permitted.", "Needs from, to or both.")
    assert placed
    assert not place_faults([], [])


@pytest.mark.parametrize(
    ("said", "ours"),
    [
        ("Input should be a valid integer", "A whole number is needed."),
        ("Input should be less than 9", "It has to be less than 9."),
        ("Input should be 'a' or 'b'", "It has to be 'a' or 'b'."),
        ("is no day.", "Is no day."),
    ],
)
def test_messages_are_sentences(said: str, ours: str) -> None:
    assert say(said) == ours
