"""The reference pages name everything there is, and nothing else."""

import ast
import inspect
import re
import tomllib
from pathlib import Path
from typing import Any

import pydantic
import pytest

from hub import errors, hookspecs, settings
from hub.domain import entries, reasons
from plugins.core.exclusions import FILTERS
from plugins.core.files import Files, FilesSettings
from plugins.xero.settings import XeroConfig, XeroSettings
from tests.docs.pages import ROOT, headings, read_page, rows, section

# The codes that programs outside rely on.
LEFT_OUT = [
    "draft",
    "excluded",
    "before_sync_from",
    "before_connection",
    "outside_window",
    "void_never_sent",
    "payment_not_recorded",
]
HELD = [
    "contact_missing",
    "contact_empty",
    "contact_archived",
    "contact_archived_source",
    "duplicate_contact",
    "email_invalid",
    "address",
    "tax_code_missing",
    "mapping_missing",
    "mapping_invalid",
    "tax_mapping",
    "tax_archived",
    "currency_unknown",
    "currency_not_subscribed",
    "currency_precision",
    "no_lines",
    "no_amount",
    "discount",
    "too_large",
    "date",
    "total_mismatch",
    "remote_total",
    "number_taken",
    "number_void",
    "period_locked",
    "payment_account",
    "payment_currency",
    "exceeds_due",
    "possible_duplicate_payment",
    "marker_without_record",
    "not_approved",
    "source_missing",
    "unknown_outcome",
    "refused",
]
CONFLICT = ["closed", "edited_there", "voided_there", "void_blocked", "payment_deleted_there"]


def test_every_hook_has_its_heading() -> None:
    hooks = [name for name, _ in inspect.getmembers(hookspecs, inspect.isfunction) if name.startswith("hub_")]
    page = [one for one in headings(read_page("docs/reference/hooks.md")) if one.startswith("hub_")]
    assert sorted(page) == sorted(hooks)


def test_every_exclude_filter_of_the_hub_has_its_row() -> None:
    assert list(rows(read_page("docs/reference/hooks.md"))) == [one.key for one in FILTERS]


def test_every_error_has_its_row() -> None:
    classes = [one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, errors.HubError)]
    assert sorted(rows(read_page("docs/reference/errors.md"))) == sorted(one.__name__ for one in classes)


def test_every_error_is_drawn_in_the_tree() -> None:
    classes = [one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, errors.HubError)]
    drawn = re.findall(r"\b[A-Z]\w+Error\b", errors.__doc__ or "")
    assert sorted(set(drawn)) == sorted(one.__name__ for one in classes)


@pytest.mark.parametrize(
    ("title", "codes", "table"),
    [
        ("Left out", LEFT_OUT, reasons.LEFT_OUT),
        ("Held", HELD, reasons.HELD),
        ("Conflict", CONFLICT, reasons.CONFLICT),
    ],
)
def test_every_reason_has_a_sentence_and_a_remedy(title: str, codes: list[str], table: dict[str, Any]) -> None:
    listed = rows(section(read_page("docs/reference/reasons.md"), title))
    assert sorted(listed) == sorted(codes)
    assert [code for code, cells in listed.items() if [cell[-1:] for cell in cells] != [".", "."]] == []
    assert sorted(set(table) - set(codes)) == []


def codes_in(path: Path) -> set[str]:
    """The constant codes of `Held(code=...)` and `Refused(code=...)` in a source file."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    return {
        keyword.value.value
        for call in calls
        if (call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", ""))
        in {"Held", "Refused"}
        for keyword in call.keywords
        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str)
    }


def test_the_code_gives_no_reason_that_is_not_listed() -> None:
    sources = [*(ROOT / "hub").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")]
    given = {code: path.name for path in sources for code in codes_in(path)}
    assert "refused" in given  # the contract's default, so that this test sees something
    assert {code: name for code, name in given.items() if code not in {*LEFT_OUT, *HELD, *CONFLICT}} == {}


def test_the_states_of_an_entry_and_their_moves_are_listed() -> None:
    listed = rows(read_page("docs/one-sync.md"))
    assert list(listed) == list(entries.MOVES)
    written = {state: cells[1].split(", ") for state, cells in listed.items()}
    assert {state: sorted(after) for state, after in written.items()} == {
        state: sorted(after) for state, after in entries.MOVES.items()
    }


def shown(value: Any, *, unset: str) -> str:
    """A default as the pages write it."""
    match value:
        case pydantic.SecretStr():
            return shown(value.get_secret_value(), unset=unset)
        case None | "":
            return unset
        case ():
            return "none"
        case tuple():
            return f"`{','.join(value)}`"
        case bool():
            return f"`{str(value).lower()}`"
        case float():
            return f"`{value:g}`"
        case _:
            return f"`{value}`"


@pytest.mark.parametrize(
    ("title", "model", "prefix", "unset"),
    [
        ("The hub", settings.Settings, "HUB_", "unset"),
        ("The Xero plugin, for the operator", XeroConfig, "HUB_XERO__", "unset"),
        ("A Xero webservice, for the gallery", XeroSettings, "", "`null`"),
        ("A files webservice, for the gallery", FilesSettings, "", "`null`"),
    ],
)
def test_every_setting_has_its_row_with_its_default(
    title: str, model: type[pydantic.BaseModel], prefix: str, unset: str
) -> None:
    fields = {
        (prefix + name.upper() if prefix else name): shown(field.get_default(call_default_factory=True), unset=unset)
        for name, field in model.model_fields.items()
    }
    listed = rows(section(read_page("docs/reference/settings.md"), title))
    assert {name: cells[0] for name, cells in listed.items()} == fields


def test_every_setting_of_the_core_plugin_is_taken() -> None:
    listed = rows(section(read_page("docs/reference/settings.md"), "The core plugin, for the operator"))
    taken = {name.removeprefix("HUB_CORE__").lower(): "/somewhere" for name in listed}
    try:
        Files.configure(taken)
    finally:
        Files.configure({})
    assert taken


def test_the_example_of_the_settings_has_them_all() -> None:
    text = (ROOT / "config" / "hub.example.toml").read_text(encoding="utf-8")
    live = tomllib.loads(re.sub(r"^# ?(?=\[|\w+ = )", "", text, flags=re.MULTILINE))
    tables = {name: value for name, value in live.items() if isinstance(value, dict)}
    assert sorted(set(live) - set(tables)) == sorted(settings.Settings.model_fields)
    known = {"xero": sorted(XeroConfig.model_fields), "core": ["folder"]}
    assert {name: sorted(value) for name, value in tables.items()} in (known, {"xero": known["xero"]})
