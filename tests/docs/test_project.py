"""The files around the code: read as their users read them."""

import re
import subprocess
from typing import Any

import pytest
import yaml

from hub import Contact, Invoice, TaxCode
from hub.domain.door import parse_record
from hub.domain.records import RecordType
from hub.web.metrics import Metrics
from tests.docs.pages import DOCS, ROOT, headings, read_page

TYPES: dict[str, RecordType] = {"contacts": "contact", "tax-codes": "tax_code", "invoices": "invoice"}
PARTS = ["What hurt", "What we decided", "What it costs"]


@pytest.mark.parametrize("path", sorted(DOCS.glob("adr/0*.md")), ids=lambda path: path.name)
def test_a_decision_says_status_what_hurt_what_and_what_it_costs(path: Any) -> None:
    text = path.read_text(encoding="utf-8")
    title, *parts = headings(text)
    assert parts == PARTS
    assert title.startswith(f"{int(path.name[:4])}. ")
    assert re.search(r"^Status: (accepted|replaced by \[)", text, re.MULTILINE)
    assert f"({path.name})" in read_page("docs/adr/README.md")


def test_fragments_of_changes_are_named_by_number_and_kind() -> None:
    names = [path.name for path in (DOCS / "changes").iterdir()]
    kinds = "added|changed|fixed|removed|deprecated|security"
    assert [name for name in names if not re.fullmatch(rf"\d+\.({kinds})\.md", name)] == []


def test_readme_says_plainly_that_no_live_xero_was_ever_used() -> None:
    assert "never run against a live Xero" in read_page("README.md")


def test_the_records_of_the_quick_tour_are_records() -> None:
    calls = re.findall(r"PUT \$HUB/([a-z-]+)/(\S+) --json '([^']+)'", read_page("README.md"))
    made = [parse_record(body.encode(), type=TYPES[path], id=id_) for path, id_, body in calls]
    assert [type(one) for one in made] == [Contact, TaxCode, Invoice]


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_make_command_that_is_told_of_exists(page: str) -> None:
    told = set(
        re.findall(
            r"\bmake (\.?[a-z]+)\b", "\n".join(re.findall(r"`[^`\n]+`|^make .*$", read_page(page), re.MULTILINE))
        )
    )
    targets = set(re.findall(r"^(\.?[a-z-]+):", read_page("Makefile"), re.MULTILINE))
    assert told
    assert sorted(told - targets) == []


def test_make_alone_lists_every_command_with_its_words() -> None:
    said = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout
    targets = re.findall(r"^\.PHONY: (\S+)$", read_page("Makefile"), re.MULTILINE)
    listed = re.findall(r"^  make (\S+) +\S", said, re.MULTILINE)
    assert listed == targets


def test_alerts_look_at_metrics_that_exist() -> None:
    alerts = yaml.safe_load(read_page("config/prometheus-alerts.yml"))
    exposed = {
        sample
        for family in Metrics().registry.collect()
        for sample in (family.name, f"{family.name}_total", f"{family.name}_bucket", f"{family.name}_count")
    }
    expressions = [rule["expr"] for group in alerts["groups"] for rule in group["rules"]]
    used = {name for text in expressions for name in re.findall(r"\bhub_\w+", text)}
    assert used
    assert sorted(used - exposed) == []


def known_settings() -> set[str]:
    return set(re.findall(r"^\| `(HUB_\w+)` \|", read_page("docs/reference/settings.md"), re.MULTILINE))


def test_the_compose_file_sets_only_settings_that_exist() -> None:
    compose = yaml.safe_load(read_page("config/compose.yaml"))
    known = known_settings()
    assert sorted(set(compose["services"]["hub"]["environment"]) - set(known)) == []


def test_the_unit_sets_only_settings_that_exist() -> None:
    known = known_settings() | {"HUB_CONFIG"}
    used = re.findall(r"^Environment=(\w+)=", read_page("config/hub.service"), re.MULTILINE)
    assert used
    assert sorted(set(used) - known) == []
