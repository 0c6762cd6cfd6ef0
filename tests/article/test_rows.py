"""Every row of the article (issue 3's table), and every item beyond it, has acceptance tests that bear its word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
_TEST = re.compile(r"^async def (test_\w+)\(", re.MULTILINE)

# row of the table -> file, beginnings of the names of its tests
ROWS: dict[str, tuple[str, tuple[str, ...]]] = {
    "Invoice prefix, default AG": ("settings", ("test_prefix_",)),
    "Admin e-mail": ("settings", ("test_admin_email_",)),
    "Enable scheduled sync / manual run": ("settings", ("test_schedule_", "test_manual_run_")),
    "Import all Xero contacts": ("settings", ("test_import_",)),
    "Copy all existing invoices and contacts": ("settings", ("test_copy_existing_",)),
    "Allow access": ("connecting", ("test_allow_access_",)),
    "Accounts: bank, tax, revenue, expense; several revenue accounts": ("connecting", ("test_accounts_",)),
    "Sync from date, past or future": ("settings", ("test_sync_from_",)),
    "14 days": ("settings", ("test_14_days_",)),
    "Exclude certain invoices": ("settings", ("test_exclude_",)),
    "Payments come back": ("money", ("test_payments_",)),
    "Void, not delete": ("money", ("test_void_",)),
    "Archived contact, bad e-mail, duplicates, the long country name": (
        "trouble",
        ("test_contacts_", "test_one_bad_invoice_"),
    ),
    'Stuck on "Running..."': ("trouble", ("test_running_",)),
    "Closed invoice changed": ("money", ("test_closed_",)),
    "Tax exclusive with the same total": ("money", ("test_tax_",)),
    "Edit to re-flag": ("trouble", ("test_resync_",)),
    "Xero invoices outside the sync": ("trouble", ("test_outside_the_sync_",)),
}

# what the issue adds beyond the article -> beginnings of the names of its tests
BEYOND: dict[str, tuple[str, ...]] = {
    "explain": ("test_explain_",),
    "preview and dry run": ("test_dry_run_",),
    "problems by cause, with retry for all": ("test_problems_",),
    "history in plain sentences": ("test_history_",),
    "events and signed outgoing webhooks": ("test_webhooks_",),
    "credit notes, allocations and refunds": ("test_credit_notes_", "test_refunds_"),
    "deposit, voucher, levy, trade_in lines": ("test_lines_",),
    "multi-currency invoices": ("test_currencies_",),
    "tracking by salesperson or artist": ("test_tracking_",),
    "the link back, deep links": ("test_links_",),
    "nothing that costs a call per invoice": ("test_cost_",),
}

ALL = ROWS | {item: ("beyond", names) for item, names in BEYOND.items()}


def list_tests(file: str) -> list[str]:
    """Names of the tests of one file of rows."""
    return _TEST.findall((FOLDER / f"test_{file}_rows.py").read_text())


def test_the_table_has_eighteen_rows() -> None:
    assert len(ROWS) == 18


@pytest.mark.parametrize("row", list(ALL))
def test_every_row_has_acceptance_tests(row: str) -> None:
    file, beginnings = ALL[row]
    names = list_tests(file)
    assert [one for one in beginnings if not any(name.startswith(one) for name in names)] == []


@pytest.mark.parametrize("file", ["settings", "connecting", "money", "trouble", "beyond"])
def test_every_test_belongs_to_a_row(file: str) -> None:
    beginnings = tuple(one for of, names in ALL.values() if of == file for one in names)
    assert [name for name in list_tests(file) if not name.startswith(beginnings)] == []
