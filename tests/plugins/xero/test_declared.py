"""Settings, operator's part, findings, cursors, webhooks, dates: what is declared and decided besides drafts."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pydantic
import pytest

from hub import CursorExpiredError, Draft, FormError, Held, Lookup, Reference, Remote, RemoteId
from plugins import xero
from plugins.xero import normalise, reading, wire
from plugins.xero.countries import NAMES
from plugins.xero.fields import FIELDS
from plugins.xero.settings import XeroConfig, XeroSettings
from plugins.xero.webservice import Xero
from tests.plugins.xero.builders import (
    CHOICES,
    MAPPINGS,
    TAX_CODES,
    draft_of,
    make_book,
    make_invoice,
    make_line,
    mapping,
)

D = Decimal


@pytest.fixture(autouse=True)
def _same_config() -> Iterator[None]:
    config, limits = Xero.config, Xero.limits
    yield
    Xero.config, Xero.limits = config, limits


# -- settings


def test_the_settings_have_the_fixed_names_and_defaults() -> None:
    assert XeroSettings().model_dump() == {
        "invoice_prefix": "AG",
        "admin_email": None,
        "scheduled": False,
        "on_change": True,
        "interval_minutes": 60,
        "import_contacts": False,
        "copy_existing": False,
        "sync_from": None,
        "window_days": 14,
        "invoice_status": "AUTHORISED",
        "rounding": "tax_adjust",
        "duplicate_names": "hold",
        "bad_email": "omit",
    }
    for name, field in XeroSettings.model_fields.items():
        assert field.title, name
        assert field.description, name


@pytest.mark.parametrize("prefix", ["", "  ", None])
def test_n11_a_blank_prefix_is_ag(prefix: str | None) -> None:
    assert XeroSettings.model_validate({"invoice_prefix": prefix}).invoice_prefix == "AG"


@pytest.mark.parametrize("prefix", ["A B", "🎨", "x" * 21, "AG\n"])
def test_n12_a_prefix_with_other_characters_is_refused(prefix: str) -> None:
    with pytest.raises(pydantic.ValidationError):
        XeroSettings(invoice_prefix=prefix)
    assert XeroSettings(invoice_prefix="GAL/2026").invoice_prefix == "GAL/2026"


@pytest.mark.parametrize(
    "changes",
    [
        {"admin_email": "nobody"},
        {"rounding": "other"},
        {"invoice_status": "PAID"},
        {"window_days": 0},
        {"interval_minutes": 0},
        {"sync_from": "2026-02-30"},
        {"unknown": 1},
    ],
)
def test_settings_with_a_fault_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        XeroSettings.model_validate(changes)


def test_empty_form_fields_mean_not_set() -> None:
    told = XeroSettings.model_validate({"admin_email": " ", "sync_from": "", "window_days": ""})
    assert (told.admin_email, told.sync_from, told.window_days) == (None, None, None)


def test_the_operators_part_sets_addresses_limits_and_credentials() -> None:
    Xero.configure({"client_id": "id", "client_secret": "s", "api_url": "http://127.0.0.1:9/", "per_minute": "30"})
    assert (Xero.base_url(), Xero.limits.per_minute) == ("http://127.0.0.1:9", 30)
    oauth = Xero.oauth()
    assert (oauth.client_id, oauth.client_authentication, oauth.pkce) == ("id", "basic", True)
    assert "offline_access" in oauth.scopes
    assert "secret" not in repr(Xero.config).replace("client_secret", "")
    Xero.configure({"client_id": "id"})
    assert Xero.oauth().client_authentication == "none"


def test_faults_of_the_operators_part_are_named_and_secrets_are_not() -> None:
    with pytest.raises(FormError) as caught:
        Xero.configure({"api_url": "xero", "per_day": "0", "scopes": "x", "nope": "very-secret"})
    assert {fault.at for fault in caught.value.faults} == {"xero.api_url", "xero.per_day", "xero.scopes", "xero.nope"}
    assert "very-secret" not in str(caught.value)


# -- findings


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (mapping("sales", "299"), "mapping_invalid"),
        (mapping("sales", "nope"), "mapping_invalid"),
        (mapping("sales", "610"), "mapping_invalid"),
        (mapping("sales", "310"), "mapping_invalid"),
        (mapping("bank", "200", method="cash"), "payment_account"),
        (mapping("bank", "099", method="cash"), "payment_account"),
        (mapping("bank", "094", method="cash", currency="EUR"), "payment_currency"),
        (mapping("tax", "VAT20", tax_code="gst"), "tax_mapping"),
        (mapping("tax", "OLD10", tax_code="gst"), "tax_archived"),
        (mapping("tax", "INPUT10", tax_code="gst"), "tax_mapping"),
        (mapping("no_tax", "GST10"), "tax_mapping"),
    ],
)
def test_p25_t28_t29_findings_name_what_is_wrong_with_a_mapping(changed: Any, code: str) -> None:
    key = (changed.slot, changed.when)
    kept = tuple(one for one in MAPPINGS if (one.slot, one.when) != key)
    book = make_book(extra={"tax_codes": tuple(TAX_CODES.values())})
    (finding,) = Xero.check_mappings((*kept, changed), CHOICES, book)
    assert (finding.code, finding.slot) == (code, changed.slot)


def test_sound_mappings_have_no_findings_and_missing_ones_are_told() -> None:
    book = make_book(extra={"tax_codes": tuple(TAX_CODES.values())})
    assert Xero.check_mappings(MAPPINGS, CHOICES, book) == ()
    slots = {finding.slot for finding in Xero.check_mappings((), CHOICES, book)}
    assert slots == {"sales", "bank", "tax", "no_tax"}
    no_rounding = tuple(one for one in CHOICES.accounts if one.system != "ROUNDING")
    found = Xero.check_mappings(MAPPINGS, msgspec.structs.replace(CHOICES, accounts=no_rounding), book)
    assert [finding.slot for finding in found] == ["rounding"]


# -- fallback


def stand(total: str, tax: str) -> Remote:
    return Remote(id=RemoteId("r"), total=D(total), tax=D(tax))


def test_step_10_a_cent_of_tax_is_made_up_by_a_rounding_line() -> None:
    draft = draft_of(make_invoice())
    again = Xero.amend(draft, stand("500.01", "45.46"), make_book())
    assert isinstance(again, Draft)
    assert again.body["LineItems"][-1]["UnitAmount"] == "-0.01"
    assert (again.total, again.tax) == (D("500.00"), D("45.46"))
    assert len(draft.body["LineItems"]) == 1


@pytest.mark.parametrize(("total", "tax"), [("500.10", "45.55"), ("600.00", "45.45"), ("454.55", "0.00")])
def test_step_10_more_than_rounding_is_held(total: str, tax: str) -> None:
    held = Xero.amend(draft_of(make_invoice()), stand(total, tax), make_book())
    assert isinstance(held, Held)
    assert held.code == "remote_total"


def test_step_10_moves_a_rounding_line_that_is_there_or_takes_it_away() -> None:
    book = make_book(settings={"rounding": "rounding_line"})
    draft = draft_of(make_invoice(make_line(unit_price="120.03", tax_code="vat"), total="120.03"), book)
    again = Xero.amend(draft, stand("120.02", "20.00"), book)
    assert isinstance(again, Draft)
    assert [line.description for line in again.lines] == ["Study for a Harbour (2024)"]


# -- webhooks


def sign(key: str, raw: bytes) -> dict[str, str]:
    return {"x-xero-signature": base64.b64encode(hmac.new(key.encode(), raw, hashlib.sha256).digest()).decode()}


def test_d5_deliveries_count_only_with_a_good_signature_of_any_key() -> None:
    raw = b'{"events":[{"tenantId":"t-1"},{"tenantId":"t-1"},{"tenantId":"t-2"}],"entropy":"x"}'
    Xero.config = XeroConfig(webhook_key="old, new")  # type: ignore[arg-type] # pydantic makes the secret of it
    assert Xero.webhook(sign("new", raw), raw) == ("t-1", "t-2")
    assert Xero.webhook(sign("old", raw), raw) == ("t-1", "t-2")
    assert Xero.webhook(sign("other", raw), raw) is None
    assert Xero.webhook({}, raw) is None
    assert Xero.webhook(sign("new", b'{"events":[]}'), b'{"events":[]}') == ()
    assert Xero.webhook(sign("new", b"[]"), b"[]") == ()


def test_d5_without_a_key_no_signature_is_good() -> None:
    Xero.config = XeroConfig()
    assert Xero.webhook(sign("", b"{}"), b"{}") is None


# -- cursors and dates


def remote(n: int, at: datetime) -> Remote:
    return Remote(id=RemoteId(f"r-{n}"), updated_at=at, version=at.isoformat())


def test_a_full_page_goes_on_by_its_last_stamp_and_the_last_one_by_the_clock() -> None:
    noon = datetime(2026, 3, 4, 12, tzinfo=UTC)
    rows = [remote(n, noon + timedelta(seconds=n)) for n in range(10)]
    track = reading.Track().advance(rows, full=True, clock=noon)
    assert (track.since, track.page) == (int(rows[-1].updated_at.timestamp()) - 1, 1)  # type: ignore[union-attr] # it has one
    assert track.fresh(rows) == ()
    later = noon + timedelta(hours=1)
    done = track.advance(rows[-1:], full=False, clock=later)
    assert done.since == int((later - reading.OVERLAP).timestamp())


def test_r21_a_cursor_never_goes_back_and_overlaps() -> None:
    noon = datetime(2026, 3, 4, 12, tzinfo=UTC)
    track = reading.Track(since=int(noon.timestamp()))
    assert track.advance([], full=False, clock=noon).since == track.since
    assert track.advance([], full=False, clock=None).since == track.since


def test_a_cursor_of_something_else_is_expired() -> None:
    for text in ("x", "[]", '{"invoices":7}'):
        with pytest.raises(CursorExpiredError):
            reading.Position.parse(text, None)


def test_if_modified_since_is_a_header_with_seconds_in_utc() -> None:
    request = reading.invoices_query(reading.Track(since=1_772_625_600)).request()
    assert dict(request.headers)["If-Modified-Since"] == "2026-03-04T12:00:00"
    assert dict(request.query)["createdByMyApp"] == "true"
    assert dict(request.query)["page"] == "1"


def test_quotes_in_a_where_are_doubled() -> None:
    (query,) = reading.find_queries("contact", [Lookup(reference=Reference("contact", "c"), number='a"b')])
    assert dict(query.params)["where"] == 'ContactNumber=="a""b"'


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("/Date(1439434356790+0000)/", date(2015, 8, 13)),
        ("/Date(1552329729002)/", date(2019, 3, 11)),
        ("/Date(0)/", date(1970, 1, 1)),
        ("/Date(-86400000+0000)/", date(1969, 12, 31)),
        ("2026-09-14T00:00:00", date(2026, 9, 14)),
        ("/Date(99999999999999999999)/", None),
        ("soon", None),
        (None, None),
    ],
)
def test_dates_are_read_in_both_forms(text: str | None, day: date | None) -> None:
    assert wire.parse_day(text) == day


# -- texts


@pytest.mark.parametrize(
    ("text", "most", "kept"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "abc"),
        ("ab\u0301c", 2, "a"),
        ("a👩\u200d🎨", 4, "a"),
        ("a👍🏽", 4, "a"),
        ("🇦🇺🇳🇿", 4, "🇦🇺"),
        ("🇦🇺🇳🇿", 6, "🇦🇺"),
    ],
)
def test_texts_are_never_cut_inside_a_visible_character(text: str, most: int, kept: str) -> None:
    assert normalise.cut_text(text, most) == kept


def test_every_country_name_fits_its_field() -> None:
    most = FIELDS["Address.Country"].most
    assert len(NAMES) == 249
    assert all(name.replace(" ", "").isascii() and name.replace(" ", "").isalpha() for name in NAMES.values())
    assert all(len(name) <= most for name in NAMES.values())


def test_the_sandbox_and_the_kind_are_registered() -> None:
    assert xero.hub_webservices() == [Xero]
    (factory,) = xero.hub_sandboxes()
    assert factory.kind == "xero"
    assert factory.app(clock_factor=1.0, client_id="id", client_secret="s") is not None
