"""The table of switches is whole, and each is tried both ways somewhere in this folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from plugins.xero.sandbox import SandboxSettings
from plugins.xero.sandbox.errors import TEXTS

TABLE = re.findall(r"^    ([a-z_]+) {2,}(.+?) {2,}(.+)$", SandboxSettings.__doc__ or "", re.MULTILINE)
SWITCHES = [name for name, _, _ in TABLE if name != "switch"]
# Everything that is no switch: the app, limits, lifetimes.
PLAIN = {
    *("client_id", "client_secret", "app_name", "redirect_uris", "clock_factor", "latency_seconds", "gzip"),
    *("per_minute", "per_day", "app_per_minute", "in_flight", "max_body_bytes", "max_url_chars"),
    *("code_seconds", "access_token_seconds", "refresh_token_seconds", "grace_seconds", "idempotency_seconds"),
}


def test_the_table_names_every_switch_once() -> None:
    assert len(SWITCHES) == len(set(SWITCHES))
    assert set(SWITCHES) == set(SandboxSettings.__struct_fields__) - PLAIN


@pytest.mark.parametrize(("name", "values"), [(name, values) for name, values, _ in TABLE if name in SWITCHES])
def test_the_first_value_of_the_table_is_the_default(name: str, values: str) -> None:
    default = getattr(SandboxSettings(), name)
    first = re.split(r", | \(", values)[0]
    assert first == str(default) or (first, default) in [("{}", {}), ("()", ())]


def test_every_switch_is_tried_in_these_tests() -> None:
    sources = "".join(file.read_text(encoding="utf-8") for file in Path(__file__).parent.glob("test_*.py"))
    untried = [name for name in SWITCHES if f"{name}=" not in sources]
    assert untried == []


def test_every_text_is_used_by_a_rule() -> None:
    folder = Path(__file__).resolve().parents[4] / "plugins" / "xero" / "sandbox"
    sources = "".join(file.read_text(encoding="utf-8") for file in folder.glob("*.py") if file.name != "errors.py")
    assert [key for key in TEXTS if f'"{key}"' not in sources] == []
