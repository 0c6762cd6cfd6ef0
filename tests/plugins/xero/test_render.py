"""Numbers, dates, currencies, payments, links: DOMAIN 5.2, 5.5 and 5.6."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from hub import Draft, Mapping, Organisation, Reference, Remote, RemoteId
from plugins.xero.webservice import Xero
from tests.plugins.xero.builders import (
    CHOICES,
    MAPPINGS,
    TAG,
    draft_of,
    held_of,
    make_book,
    make_invoice,
    make_payment,
    mapping,
    render,
    with_choices,
)

D = Decimal


def instead(*changed: Mapping) -> Any:
    """The mappings with *changed* in the place of those of the same slot and conditions."""
    keys = {(one.slot, tuple(one.when.items())) for one in changed}
    kept = tuple(one for one in MAPPINGS if (one.slot, tuple(one.when.items())) not in keys)
    return make_book(mappings=(*kept, *changed))


# -- numbers, dates, head


@pytest.mark.parametrize(
    ("number", "prefix", "there"),
    [("1234", "AG", "AG-1234"), ("AG-1234", "AG", "AG-1234"), ("007", "AG", "AG-007"), ("1", "GAL/2026", "GAL/2026-1")],
)
def test_n12_to_n15_numbers_bear_the_prefix_once(number: str, prefix: str, there: str) -> None:
    assert Xero.number("invoice", number, make_book(settings={"invoice_prefix": prefix})) == there


def test_n19_a_number_that_is_too_long_is_held() -> None:
    assert held_of(make_invoice(number="9" * 253)).code == "too_large"


def test_n20_n22_dates_that_cannot_be_are_held() -> None:
    assert held_of(make_invoice(issued_on=None)).code == "date"
    assert held_of(make_invoice(issued_on="1899-12-31")).code == "date"
    assert held_of(make_invoice(issued_on="9999-12-31", due_on=None)).code == "date"


def test_n21_n25_n26_odd_dates_go_with_a_note() -> None:
    ahead = draft_of(make_invoice(issued_on="2028-03-04", due_on="2028-04-04"))
    assert any("year ahead" in note for note in ahead.notes)
    assert any("before its date" in note for note in draft_of(make_invoice(due_on="2026-03-01")).notes)
    draft = draft_of(make_invoice(due_on=None))
    assert draft.body["DueDate"] == "2026-04-03"  # 30 days by default


def locked(day: date) -> Any:
    organisation = msgspec.structs.replace(CHOICES.organisation, locked_until=day)
    return with_choices(make_book(), organisation=organisation)


def test_n23_p5_locked_books_hold_invoices_and_payments() -> None:
    assert held_of(make_invoice(), locked(date(2026, 3, 4))).code == "period_locked"
    assert isinstance(render(make_invoice(), locked(date(2026, 3, 3))), Draft)
    assert held_of(make_payment(), locked(date(2026, 3, 5))).code == "period_locked"


def test_x4_x12_currencies_must_be_known_and_subscribed() -> None:
    assert held_of(make_invoice(currency="XBT")).code == "currency_unknown"
    assert held_of(make_invoice(currency="CHF")).code == "currency_not_subscribed"


def test_x1_x8_a_rate_goes_only_with_a_foreign_currency() -> None:
    assert "CurrencyRate" not in draft_of(make_invoice(exchange_rate="1.5")).body
    foreign = draft_of(make_invoice(currency="USD", exchange_rate="0.12345678"))
    assert foreign.body["CurrencyRate"] == "0.123457"
    assert "CurrencyRate" not in draft_of(make_invoice(currency="USD")).body


@pytest.mark.parametrize(
    ("url", "goes"),
    [
        ("https://gallery.example.com/i/1", True),
        ("https://xero.example.com/i/1", False),
        ("ftp://example.com", False),
        ("http://gallery.example.com/i/1", False),
        ("/i/1", False),
        ("https://exa mple.com", False),
        ("http://[bad", False),
    ],
)
def test_links_go_when_xero_takes_them(url: str, goes: bool) -> None:
    assert ("Url" in draft_of(make_invoice(url=url)).body) is goes


def test_a_draft_asks_for_drafts_but_never_takes_an_approval_back() -> None:
    book = make_book(settings={"invoice_status": "DRAFT"})
    assert draft_of(make_invoice(), book).status == "draft"
    approved = Remote(id=RemoteId("r"), status="approved")
    assert draft_of(make_invoice(), book, remote=approved).status == "approved"


def test_an_invoice_needs_its_contact_and_names_no_remote_id() -> None:
    draft = draft_of(make_invoice())
    assert draft.needs == (Reference("contact", "c-7"),)
    assert "Contact" not in draft.body
    held = held_of(make_invoice(), contact=None)
    assert held.code == "contact_missing"


# -- payments


def test_p1_a_payment_bears_its_marker_first() -> None:
    draft = draft_of(make_payment(reference="Thanks"))
    marker = Xero.number("payment", "p-9", make_book())
    assert len(marker) == len(TAG) + 11
    assert draft.body["Reference"] == f"{marker} Thanks"
    assert draft.needs == (Reference("invoice", "i-1234"),)
    assert (draft.number, draft.total) == (marker, D("500.00"))


def test_p4_a_payment_in_the_future_goes_with_a_note() -> None:
    assert any("future" in note for note in draft_of(make_payment(paid_on="2026-12-24")).notes)


def test_p22_a_second_processor_account_has_its_own_clearing_account() -> None:
    second = mapping("bank", "092", method="stripe", processor_account="acct_2")
    book = make_book(mappings=(*MAPPINGS, second))
    found = [
        draft_of(make_payment(method="stripe", processor_account=one), book).body["Account"]["AccountID"]
        for one in ("acct_1", "acct_2")
    ]
    assert found == ["acc-091", "acc-092"]


@pytest.mark.parametrize("to", ["099", "200", "nope"])
def test_p24_p25_accounts_that_take_no_payments_are_held(to: str) -> None:
    held = held_of(make_payment(), instead(mapping("bank", to, method="bank_transfer")))
    assert held.code == "payment_account"


def test_p23_an_unmapped_method_holds_the_payment_alone() -> None:
    assert held_of(make_payment(method="cash")).code == "payment_account"


def test_x9_x10_currencies_of_payments() -> None:
    assert held_of(make_payment(currency="USD")).code == "payment_currency"
    dollars = make_invoice(currency="USD")
    draft = draft_of(make_payment(settled={"amount": "750.00", "currency": "AUD"}), invoice=dollars)
    assert (draft.currency, draft.body["Amount"], draft.body["BankAmount"]) == ("USD", "500.00", "750.00")
    held = held_of(make_payment(), instead(mapping("bank", "094", method="bank_transfer")))
    assert held.code == "payment_currency"


def test_a_payment_finer_than_its_currency_is_held() -> None:
    assert held_of(make_payment(amount="1.001")).code == "currency_precision"


def test_a_payment_without_its_invoice_is_held() -> None:
    assert held_of(make_payment(), invoice=None).code == "source_missing"


# -- links


def test_links_open_the_record_in_xero() -> None:
    organisation = Organisation(id="o", name="o", short_code="!abc")
    remote = Remote(id=RemoteId("r-1"))
    assert Xero.remote_url("invoice", remote, organisation) == "https://go.xero.com/app/!abc/invoicing/view/r-1"
    assert Xero.remote_url("contact", remote, organisation) == "https://go.xero.com/app/!abc/contacts/contact/r-1"
    assert Xero.remote_url("invoice", remote, None) is None
