"""What a kind declares: keys, settings, slots, limits, capabilities."""

from __future__ import annotations

import re
from typing import Any, get_args

import msgspec
import pydantic

from hub.contract import Settings, Suggestion, Webservice
from hub.domain.books import Choices, Finding
from hub.domain.capabilities import Idempotency
from hub.domain.drafts import Response
from hub.errors import ThrottledError
from hub.remote.client import check_base
from hub.testing.contract.base import Base

KEY = re.compile(r"[a-z][a-z0-9_]*")
SECRET_NAME = re.compile(r"(^|_)(secret|password|passphrase|token|api_?key|private_?key)($|_)")
PROBE = "contract-probe"  # stands for a secret: it must come out nowhere


class DeclaredTests(Base):
    """Tests of the declared members."""

    def secret_settings(self) -> Settings:
        """Settings with a value for each secret."""
        names = _secrets(self.kind.settings)
        return self.kind.settings.model_validate(dict.fromkeys(names, PROBE))

    def test_the_key_is_plain_and_the_title_for_people(self) -> None:
        assert KEY.fullmatch(self.kind.kind), f"kind must be a-z, 0-9 and _, a letter first, not {self.kind.kind!r}"
        assert self.kind.title.strip(), "title is the name that people read: it must not be empty"

    def test_every_setting_has_a_help_text(self) -> None:
        fields = self.kind.settings.model_json_schema().get("properties", {})
        silent = [name for name, one in fields.items() if not str(one.get("description", "")).strip()]
        assert not silent, f"give these settings a description (pydantic.Field), the form shows it: {silent}"

    def test_settings_come_back_as_they_were_stored(self) -> None:
        made = self.secret_settings()
        stored = made.model_dump(mode="json") | _revealed(made)
        again = self.kind.settings.model_validate_json(msgspec.json.encode(stored), strict=True)
        assert made == again, f"settings change on their way through the store: {stored}"

    def test_settings_are_frozen_and_refuse_what_they_do_not_know(self) -> None:
        config = self.kind.settings.model_config
        told = config.get("extra"), config.get("frozen")
        assert told == ("forbid", True), "settings must stay frozen and forbid unknown fields, as hub.Settings does"

    def test_secrets_are_secret(self) -> None:
        fields = self.kind.settings.model_fields
        open_ = [name for name in fields if SECRET_NAME.search(name) and name not in _secrets(self.kind.settings)]
        assert not open_, f"these settings look like secrets: make them pydantic.SecretStr: {open_}"
        made = self.secret_settings()
        shown = f"{made!r} {made} {msgspec.json.encode(made.model_dump(mode='json')).decode()}"
        leaked = [value for value in _revealed(made).values() if value and value in shown]
        assert not leaked, "a secret can be read in the settings' own text or JSON"

    def test_no_secret_has_a_default(self) -> None:
        told = {name: self.kind.settings.model_fields[name].default for name in _secrets(self.kind.settings)}
        given = [name for name, one in told.items() if isinstance(one, pydantic.SecretStr) and one.get_secret_value()]
        given += [name for name, one in told.items() if isinstance(one, str) and one]
        assert not given, f"a default in the code is no secret, and the schema shows it: {given}"

    def test_slots_are_sound(self) -> None:
        slots = self.kind.account_mappings()
        keys = [one.key for one in slots]
        assert len(keys) == len(set(keys)), f"a slot is there twice: {sorted(keys)}"
        bad = [one.key for one in slots if not (KEY.fullmatch(one.key) and one.label.strip() and one.fills)]
        assert not bad, f"a slot needs a plain key, a label and what may fill it: {bad}"
        bad = [one.key for one in slots if len(one.when) != len(set(one.when))]
        assert not bad, f"a slot names an attribute twice: {bad}"

    def test_exclude_filters_are_named_once(self) -> None:
        names = self.kind.exclude_filters()
        assert len(names) == len(set(names)), f"an exclude filter is there twice: {names}"

    def test_limits_are_positive(self) -> None:
        told = msgspec.structs.asdict(self.kind.limits)
        bad = {name: value for name, value in told.items() if value is not None and value <= 0}
        assert not bad, f"a limit must be above 0, or None where there is none: {bad}"

    def test_the_address_is_one_that_the_door_calls(self) -> None:
        base = self.kind.base_url()
        if not base:
            own = self.kind.push is not Webservice.push
            assert own, "base_url is empty: the door cannot be opened, and push is not overridden"
            return
        check_base(base)

    def test_oauth_addresses_are_ones_that_the_hub_calls(self) -> None:
        facts = self.kind.oauth()
        urls = (facts.authorize_url, facts.token_url, facts.revocation_url) if facts else ()
        for url in urls:
            if url is not None:
                check_base(url)

    def test_what_is_promised_is_there(self) -> None:
        can = self.kind.capabilities
        wanted: dict[str, bool] = {
            "pull": can.pull,
            "contacts": can.import_contacts,
            "webhook": can.webhooks,
            "request": True,
            "find": True,  # after an unclear answer the hub looks, it never guesses
            "read": True,  # the proof reads back what stands there
        }
        if not self.pushes_itself():
            wanted["outcomes"] = True
        missing = [name for name, needed in wanted.items() if needed and not _overrides(self.kind, name)]
        assert not missing, f"the capabilities promise it, but these members are not overridden: {missing}"
        named = can.idempotency is Idempotency.NONE or (0 < len(can.idempotency_name) <= 128)
        assert named, "idempotency needs the name of its header or query key"

    def test_the_types_it_takes_are_those_it_promises(self) -> None:
        taken = self.taken_types()
        assert taken, "render draws up none of the plain examples: give make_book the mappings they need"
        promised = self.kind.capabilities.payments
        assert promised == ("payment" in taken), f"payments={promised}, but render draws up only {taken}"
        if promised:
            assert "invoice" in taken, "payments settle invoices: a kind with payments takes invoices too"

    def test_webhooks_without_a_signature_are_refused(self) -> None:
        if self.kind.capabilities.webhooks:
            told = self.kind.webhook({}, b"{}")
            assert told is None, f"anybody could wake the webservice: an unsigned delivery gave {told!r}, not None"

    def test_a_limit_answer_is_recognised(self) -> None:
        for name in ("", "7", "soon"):
            told = self.kind.throttled(Response(status=429, headers={"retry-after": name} if name else {}))
            assert isinstance(told, ThrottledError), f"a 429 (retry-after: {name}) is not told as a limit"
            assert told.retry_after > 0, f"a 429 (retry-after: {name}) has the webservice call again at once"
        assert self.kind.throttled(Response(status=200)) is None, "a 200 is told as a limit"

    def test_calls_left_are_whole_numbers_by_known_windows(self) -> None:
        told = self.kind.remaining(Response(status=200, headers={"x-remaining": "soon", "retry-after": ""}))
        bad = {name: n for name, n in told.items() if name not in {"minute", "day", "app"} or not isinstance(n, int)}
        assert not bad, f"remaining knows minute, day and app, each with a whole number: {bad}"

    def test_without_choices_nothing_breaks(self) -> None:
        book, slots = self.make_book(), {one.key for one in self.kind.account_mappings()}
        offered = self.kind.suggest(Choices(), book)
        assert all(isinstance(one, Suggestion) for one in offered), "suggest gives hub.Suggestion values"
        found = self.kind.check_mappings(book.mappings, Choices(), book)
        assert all(isinstance(one, Finding) for one in found), "check_mappings gives hub.Finding values"
        named = {one.mapping.slot for one in offered} | {one.slot for one in found if one.slot}
        assert named <= slots, f"slots that account_mappings does not have: {sorted(named - slots)}"


def _overrides(kind: type[Webservice], member: str) -> bool:
    ours: Any = getattr(kind, member)
    base: Any = getattr(Webservice, member)
    return getattr(ours, "__func__", ours) is not getattr(base, "__func__", base)


def _secrets(settings: type[Settings]) -> list[str]:
    return [name for name, one in settings.model_fields.items() if _is_secret(one.annotation)]


def _is_secret(annotation: Any) -> bool:
    return annotation is pydantic.SecretStr or any(_is_secret(part) for part in get_args(annotation))


def _revealed(settings: Settings) -> dict[str, str | None]:
    """The secrets of *settings* in the clear."""
    found = {name: getattr(settings, name) for name in _secrets(type(settings))}
    return {
        name: one.get_secret_value() if isinstance(one, pydantic.SecretStr) else None for name, one in found.items()
    }
