"""Kinds with one bug each in what they declare or draw up, and the test of the contract suite that must find it."""

# ruff: noqa: ARG003 - a kind takes what the contract gives

from __future__ import annotations

import itertools
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
import pydantic

import hub
from hub import Slot
from tests.unit.testing.shelf import Shelf, ShelfSettings

S = TypeVar("S", bound=msgspec.Struct)
COUNTER = itertools.count()
BUGS: dict[str, tuple[type[Shelf], str]] = {}


def breaks(test: str) -> Any:
    """Enter a broken kind with the name of the test that finds it."""

    def enter(kind: type[Shelf]) -> type[Shelf]:
        BUGS[kind.__name__] = (kind, test)
        return kind

    return enter


def structs(value: S, **changes: Any) -> S:
    """*value* with other fields."""
    return msgspec.structs.replace(value, **changes)


# -- declared


@breaks("test_the_key_is_plain_and_the_title_for_people")
class OddKey(Shelf):
    kind = "Shelf 2"


@breaks("test_every_setting_has_a_help_text")
class SilentSetting(Shelf):
    class settings(ShelfSettings):  # noqa: N801 - the contract's name
        quiet: str = ""


@breaks("test_settings_come_back_as_they_were_stored")
class ChangingSettings(Shelf):
    class settings(ShelfSettings):  # noqa: N801 - the contract's name
        @pydantic.field_validator("prefix")
        @classmethod
        def grow(cls, value: str) -> str:
            return f"{value}x"


@breaks("test_settings_are_frozen_and_refuse_what_they_do_not_know")
class OpenSettings(Shelf):
    class settings(ShelfSettings):  # noqa: N801 - the contract's name
        model_config = pydantic.ConfigDict(extra="ignore")


@breaks("test_secrets_are_secret")
class PlainToken(Shelf):
    class settings(ShelfSettings):  # noqa: N801 - the contract's name
        api_token: str = pydantic.Field(default="", description="Of the shelf.")


@breaks("test_secrets_are_secret")
class ShownSecret(Shelf):
    class settings(ShelfSettings):  # noqa: N801 - the contract's name
        @pydantic.field_serializer("password")
        def show(self, value: pydantic.SecretStr | None) -> str | None:
            return value.get_secret_value() if value else None


@breaks("test_no_secret_has_a_default")
class DefaultSecret(Shelf):
    class settings(ShelfSettings):  # noqa: N801 - the contract's name
        pin: pydantic.SecretStr = pydantic.Field(default=pydantic.SecretStr("1234"), description="Of the shelf.")


@breaks("test_slots_are_sound")
class SlotTwice(Shelf):
    @classmethod
    def account_mappings(cls) -> tuple[Slot, ...]:
        return super().account_mappings() * 2


@breaks("test_exclude_filters_are_named_once")
class FilterTwice(Shelf):
    @classmethod
    def exclude_filters(cls) -> tuple[str, ...]:
        return ("number", "number")


@breaks("test_limits_are_positive")
class NoTime(Shelf):
    limits = structs(Shelf.limits, timeout=0.0)


@breaks("test_the_address_is_one_that_the_door_calls")
class PlainHttp(Shelf):
    @classmethod
    def base_url(cls) -> str:
        return "http://shelf.example.com"


@breaks("test_oauth_addresses_are_ones_that_the_hub_calls")
class PlainLogin(Shelf):
    @classmethod
    def oauth(cls) -> hub.OAuth:
        return hub.OAuth(authorize_url="http://login.example.com", token_url="https://login.example.com")


@breaks("test_what_is_promised_is_there")
class NoPull(Shelf):
    pull = hub.Webservice.pull


@breaks("test_what_is_promised_is_there")
class NoFind(Shelf):
    find = hub.Webservice.find


@breaks("test_the_types_it_takes_are_those_it_promises")
class NoPayments(Shelf):
    @classmethod
    def render(cls, subject: hub.Subject, book: hub.Book) -> hub.Draft | hub.Held:
        return cls.hold() if isinstance(subject.record, hub.Payment) else super().render(subject, book)


@breaks("test_webhooks_without_a_signature_are_refused")
class AnybodyWakes(Shelf):
    @classmethod
    def webhook(cls, headers: Mapping[str, str], raw: bytes) -> tuple[str, ...] | None:
        return ()


@breaks("test_a_limit_answer_is_recognised")
class NoLimit(Shelf):
    @classmethod
    def throttled(cls, response: hub.Response) -> hub.ThrottledError | None:
        return None


@breaks("test_calls_left_are_whole_numbers_by_known_windows")
class HourLeft(Shelf):
    @classmethod
    def remaining(cls, response: hub.Response) -> Mapping[str, int]:
        return {"hour": 1}


@breaks("test_without_choices_nothing_breaks")
class OtherSlot(Shelf):
    @classmethod
    def check_mappings(cls, mappings: Any, choices: hub.Choices, book: hub.Book) -> tuple[hub.Finding, ...]:
        return (hub.Finding(code="unmapped", message="It is not mapped.", slot="bank"),)


# -- rendered


class Rendered(Shelf):
    """A bug in the drafts: `spoil` is it."""

    @classmethod
    def render(cls, subject: hub.Subject, book: hub.Book) -> hub.Draft | hub.Held:
        made = super().render(subject, book)
        return cls.spoil(made, subject) if isinstance(made, hub.Draft) else made

    @classmethod
    def spoil(cls, draft: hub.Draft, subject: hub.Subject) -> hub.Draft:
        raise AssertionError("of the subclasses")


@breaks("test_numbers_tell_records_apart")
class OneNumber(Shelf):
    @classmethod
    def number(cls, subject_type: str, record_number: str, book: hub.Book) -> str:
        return "S-1"


@breaks("test_the_same_record_makes_the_same_draft")
class Restless(Rendered):
    @classmethod
    def spoil(cls, draft: hub.Draft, subject: hub.Subject) -> hub.Draft:
        return structs(draft, body={**draft.body, "at": next(COUNTER)})


@breaks("test_different_records_make_different_drafts")
class Blind(Rendered):
    @classmethod
    def spoil(cls, draft: hub.Draft, subject: hub.Subject) -> hub.Draft:
        return structs(draft, body={}, needs=())


@breaks("test_render_leaves_what_it_gets_as_it_is")
class Meddler(Rendered):
    @classmethod
    def spoil(cls, draft: hub.Draft, subject: hub.Subject) -> hub.Draft:
        subject.tax_codes.clear()  # type: ignore[attr-defined] # the bug
        return draft


@breaks("test_a_draft_has_the_frozen_number")
class Renumbered(Rendered):
    @classmethod
    def spoil(cls, draft: hub.Draft, subject: hub.Subject) -> hub.Draft:
        own = getattr(subject.record, "number", subject.record.id)
        return structs(draft, number=f"S-{own}")


@breaks("test_totals_are_the_records_own_to_the_cent")
class CentOff(Rendered):
    @classmethod
    def spoil(cls, draft: hub.Draft, subject: hub.Subject) -> hub.Draft:
        return draft if draft.total is None else structs(draft, total=draft.total + Decimal("0.01"))


@breaks("test_credit_notes_are_drawn_up_if_promised")
class NoCreditNotes(Shelf):
    capabilities = structs(Shelf.capabilities, credit_notes=True)


@breaks("test_bodies_are_plain_and_exact")
class Floating(Rendered):
    @classmethod
    def spoil(cls, draft: hub.Draft, subject: hub.Subject) -> hub.Draft:
        return structs(draft, body={**draft.body, "rate": 0.1})


@breaks("test_no_remote_id_of_another_record_is_in_a_body")
class Shortcut(Rendered):
    @classmethod
    def spoil(cls, draft: hub.Draft, subject: hub.Subject) -> hub.Draft:
        there = subject.remote
        return structs(draft, body={**draft.body, "contact": there.contact_id}) if there else draft


@breaks("test_a_draft_is_the_same_once_the_record_stands_there")
class Versioned(Rendered):
    @classmethod
    def spoil(cls, draft: hub.Draft, subject: hub.Subject) -> hub.Draft:
        return structs(draft, body={**draft.body, "version": subject.version})


@breaks("test_needs_are_records_of_the_subject")
class Homeless(Rendered):
    @classmethod
    def spoil(cls, draft: hub.Draft, subject: hub.Subject) -> hub.Draft:
        return structs(draft, needs=()) if isinstance(subject.record, hub.Payment) else draft


class OwnWords(Shelf):
    """Holds with other words."""

    words = hub.Held(code="contact_missing", message="It is missing.", remedy="Send it.")

    @classmethod
    def hold(cls) -> hub.Held:
        return cls.words


@breaks("test_what_is_odd_is_drawn_up_or_held_with_reason_and_remedy")
class OwnCode(OwnWords):
    words = hub.Held(code="no_contact", message="It is missing.", remedy="Send it.")


@breaks("test_what_is_odd_is_drawn_up_or_held_with_reason_and_remedy")
class NoRemedy(OwnWords):
    words = hub.Held(code="contact_missing", message="It is missing.", remedy="")
