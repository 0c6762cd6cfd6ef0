"""Allow access, and the accounts that things go to (help article, steps 4 and 6, "multiple revenue accounts")."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.article.house import (
    accounts_of,
    events,
    invoice_here,
    move_time,
    problems,
    run_quietly,
    save_mappings,
    usual,
    webservice,
)
from tests.catalogue.desk import (
    connect,
    held,
    make_contact,
    make_invoice,
    make_line,
    make_payment,
    outcome,
    send,
    synced,
)
from tests.telling.receivers import text_of
from tests.telling.tellers import Told
from tests.web.webservices.office import Office


async def link_again(office: Office) -> str:
    """The path of a new consent link."""
    status, told = await office.call("POST", f"{office.path}/authorize")
    assert status == 200, told
    return str(told["authorize_url"]).removeprefix(office.services.public_url)


# -- Allow access


async def test_allow_access_opens_several_organisations_and_only_the_picked_one_is_written_to(office: Office) -> None:
    ours, other = office.bench.organisation, office.bench.sandbox.add_organisation(name="Elsewhere")
    await send(office, make_contact(), make_invoice())
    status, page = await office.walk(await office.make(), ours, other)
    assert status == 200
    assert (await webservice(office))["state"] == "choosing"
    _, offered = await office.get(f"{office.path}/organisations")
    assert {one["name"] for one in offered["items"]} == {ours.name, "Elsewhere"}
    assert {name for name in (ours.name, "Elsewhere") if name in page} == {ours.name, "Elsewhere"}

    office.bench.books_there = other
    assert (await office.choose(other))[1]["state"] == "ready"
    assert (await office.map())[0] == 200
    await office.sync()
    assert list(office.bench.books()) == ["AG-1"]
    assert (list(ours.ledger.contacts.values()), list(ours.ledger.invoices.values())) == ([], [])


async def test_allow_access_refused_says_so_changes_nothing_and_can_be_tried_again(office: Office) -> None:
    link = await office.make()
    begun = await office.client.get(link, allow_redirects=False)
    back = office.bench.sandbox.refuse(begun.headers["Location"])
    cookies = {name: morsel.value for name, morsel in begun.cookies.items()}
    answer = await office.client.get(back[back.index("/oauth/") :], cookies=cookies)
    assert (answer.status, "not allowed" in (await answer.text()).lower()) == (200, True)
    assert (await webservice(office))["state"] == "authorizing"

    status, page = await office.walk(await link_again(office))
    assert status == 200, page
    assert (await office.choose(office.bench.organisation))[1]["state"] == "ready"


async def test_allow_access_again_takes_the_same_organisation_only(office: Office) -> None:
    other = office.bench.sandbox.add_organisation(name="Elsewhere")
    await connect(office)
    office.bench.sandbox.disconnect(office.bench.organisation)
    await send(office, make_contact(), make_invoice())
    await office.sync()

    status, page = await office.walk(await link_again(office), other)
    assert (status, office.bench.organisation.name in page) == (409, True)
    assert (await webservice(office))["state"] == "reauthorize"

    assert (await office.walk(await link_again(office)))[0] == 200
    assert (await webservice(office))["state"] == "ready"
    status, told = await office.choose(other)
    assert (status, told["type"]) == (409, "/problems/other-organisation")
    await office.sync()
    await synced(office, "invoice", "i-1")
    assert list(other.ledger.invoices.values()) == []


async def test_allow_access_taken_away_in_xero_is_noticed_and_said_by_page_problem_event_and_mail(told: Told) -> None:
    office = told.office
    await connect(office)
    await send(office, make_contact(), make_invoice())
    await office.sync()
    office.bench.sandbox.disconnect(office.bench.organisation)
    await send(office, make_invoice("i-2"))
    assert (await office.sync())["state"] == "failed"
    await told.gather()

    assert (await webservice(office))["state"] == "reauthorize"
    (problem,) = await problems(office)
    assert (problem["reason"], "Reauthorise" in problem["remedy"]) == ("reauthorize", True)
    assert "webservice.reauthorize" in [one["type"] for one in await events(office)]
    (mail,) = told.mailbox.mails
    assert mail["Subject"] == "Harbour Lane Gallery: Xero has stopped and needs you"
    assert "Reauthorise" in text_of(mail)
    await synced(office, "invoice", "i-1")
    assert (await outcome(office, "invoice", "i-2"))[0] == "pending"

    assert (await office.walk(await link_again(office)))[0] == 200
    await office.sync()
    assert await problems(office) == []
    await synced(office, "invoice", "i-2")


async def test_allow_access_ended_here_ends_it_there_keeps_the_history_and_is_an_event(office: Office) -> None:
    await connect(office)
    await send(office, make_contact(), make_invoice())
    await office.sync()
    assert (await office.call("DELETE", office.path))[0] == 204
    assert office.bench.sandbox.disconnect(office.bench.organisation) == 0  # nothing was left to end
    assert (await webservice(office))["state"] == "disconnected"
    assert (await events(office))[-1]["type"] == "webservice.disconnected"
    assert (await synced(office, "invoice", "i-1"))["history"]

    await connect(office)  # a new webservice on the same books
    await run_quietly(office)
    await synced(office, "invoice", "i-1")
    assert (await office.proof())["agrees"] is True


# -- Accounts


async def test_accounts_of_sales_portal_shipping_tax_and_bank_are_where_things_go(desk: Office) -> None:
    lines = [
        make_line("1", price="300.00"),
        make_line("2", price="40.00", kind="portal_fee"),
        make_line("3", price="60.00", kind="shipping"),
        make_line("4", price="100.00", kind="framing", tax_code="free"),
    ]
    stripe = make_payment("p-2", amount="200.00", method="stripe")
    await send(desk, make_contact(), make_invoice(lines=lines), make_payment(amount="300.00"), stripe)
    await desk.sync()
    assert accounts_of(desk, "AG-1") == ["200", "240", "230", "220"]
    assert [line.tax_type for line in desk.bench.invoice("AG-1").lines] == ["OUTPUT"] * 3 + ["EXEMPTOUTPUT"]
    organisation = desk.bench.organisation
    banks = {one.account_id: str(one.amount) for one in desk.bench.live_payments()}
    assert banks == {organisation.account("090").id: "300.00", organisation.account("091").id: "200.00"}


async def test_accounts_several_for_revenue_by_kind_category_artist_ownership_and_channel(office: Office) -> None:
    await connect(office)
    conditions: list[tuple[dict[str, str], str]] = [
        ({"category": "print"}, "210"),
        ({"ownership": "consigned"}, "205"),
        ({"artist": "M. Lowe"}, "215"),
        ({"channel": "website"}, "260"),
    ]
    more = [{"slot": "sales", "when": when, "to": {"code": code}} for when, code in conditions]
    await save_mappings(office, *usual(), *more)
    lines = [
        make_line("1", price="100.00"),
        make_line("2", price="100.00", category="print"),
        make_line("3", price="100.00", ownership="consigned"),
        make_line("4", price="100.00", ownership="consigned", artist="M. Lowe", tax_code="free"),
        make_line("5", price="100.00", kind="framing"),
    ]
    website = make_invoice("i-2", channel="website")
    await send(office, make_contact(), make_invoice(lines=lines), website)
    await office.sync()
    assert accounts_of(office, "AG-1") == ["200", "210", "205", "215", "220"]
    assert accounts_of(office, "AG-2") == ["260"]


async def test_accounts_are_offered_with_suggestions_before_anything_is_chosen(office: Office) -> None:
    await office.walk(await office.make())
    await office.choose(office.bench.organisation)
    assert (await webservice(office))["missing"] == ["sales"]
    status, told = await office.call("POST", f"{office.path}/sync", json={})
    assert (status, told["type"]) == (409, "/problems/not-ready")
    _, choices = await office.get(f"{office.path}/choices")
    assert {"200", "240", "230", "310"} <= {one["code"] for one in choices["accounts"]}
    _, mappings = await office.get(f"{office.path}/mappings")
    suggested = {one["slot"] for one in mappings["suggestions"]}
    assert {"sales", "bank", "tax", "no_tax", "shipping"} <= suggested


WRONG: dict[str, dict[str, Any]] = {
    "archived": {"slot": "sales", "when": {"line_kind": "rental"}, "to": {"code": "250"}},
    "wrong class": {"slot": "sales", "when": {"line_kind": "rental"}, "to": {"code": "310"}},
    "takes no payments": {"slot": "bank", "when": {"method": "cash"}, "to": {"code": "200"}},
    "another currency": {"slot": "bank", "when": {"method": "cash", "currency": "AUD"}, "to": {"code": "094"}},
    "not there": {"slot": "sales", "when": {"line_kind": "rental"}, "to": {"code": "999"}},
}


@pytest.mark.parametrize("what", list(WRONG))
async def test_accounts_are_checked_when_they_are_saved(office: Office, what: str) -> None:
    office.bench.organisation.archive_account("250")
    await connect(office)
    wrong = WRONG[what]
    kept = [one for one in usual() if (one["slot"], one["when"]) != (wrong["slot"], wrong["when"])]
    status, told = await office.put(f"{office.path}/mappings", {"mappings": [*kept, wrong]})
    assert status == 422, told
    assert {fault["at"].split(".")[0] for fault in told["errors"]} == {f"mappings[{len(kept)}]"}
    _, before = await office.get(f"{office.path}/mappings")
    assert len(before["mappings"]) == len(usual())  # nothing was saved


async def test_accounts_a_tax_rate_that_differs_is_told_at_once_and_holds_what_it_concerns(desk: Office) -> None:
    others = [one for one in usual() if one["when"] != {"tax_code": "gst"}]
    wrong = {"slot": "tax", "when": {"tax_code": "gst"}, "to": {"code": "EXEMPTOUTPUT"}}
    told = await save_mappings(desk, *others, wrong)
    (finding,) = told["findings"]
    assert (finding["code"], finding["blocking"]) == ("tax_mapping", True)
    assert "needs 10 %" in finding["message"]
    await send(desk, make_contact(), make_invoice("i-1"), make_invoice("i-2", lines=[make_line(tax_code="free")]))
    await desk.sync()
    await held(desk, "i-1", "tax_mapping")
    await synced(desk, "invoice", "i-2")


async def test_accounts_are_checked_at_each_run_and_only_what_they_concern_is_held_until_they_are_right(
    desk: Office,
) -> None:
    organisation = desk.bench.organisation
    await send(
        desk,
        make_contact(),
        make_invoice("i-1", lines=[make_line(price="500.00", kind="framing")]),
        make_invoice("i-2"),
        make_invoice("i-3", lines=[make_line(price="500.00", tax_code="free")]),
        make_payment("p-3", invoice_id="i-3", method="stripe"),
    )
    organisation.archive_account("220")
    organisation.archive_account("091")
    organisation.change_tax_rate("OUTPUT", rate=Decimal(15))
    await move_time(desk, "UPDATE webservice SET choices_at = choices_at - interval '2 hours'")
    await desk.sync()
    assert "Framing" in (await held(desk, "i-1", "mapping_invalid"))["message"]
    assert "15" in (await held(desk, "i-2", "tax_mapping"))["message"]
    await synced(desk, "invoice", "i-3")
    await held(desk, "p-3", "payment_account", type_="payment")
    _, page = await desk.get(f"{desk.path}/mappings")
    assert {"mapping_invalid", "tax_mapping", "payment_account"} <= {one["code"] for one in page["findings"]}

    organisation.restore_account("220")
    organisation.restore_account("091")
    organisation.change_tax_rate("OUTPUT", rate=Decimal(10))
    await desk.sync()
    for type_, id_ in (("invoice", "i-1"), ("invoice", "i-2"), ("payment", "p-3")):
        await synced(desk, type_, id_)


async def test_accounts_not_chosen_for_what_the_records_have_are_listed_with_counts_and_one_press_sends_all(
    office: Office,
) -> None:
    await connect(office)
    await save_mappings(office, *usual("voucher", "bank"))
    gift = make_line(price="500.00", kind="voucher", tax_code=None)
    vouchers = [make_invoice(f"i-{n}", lines=[gift], price_mode="no_tax") for n in range(1, 4)]
    await send(office, make_contact(), *vouchers, make_invoice("i-9"), make_payment("p-9", invoice_id="i-9"))
    _, told = await office.get(f"{office.path}/mappings")
    assert {one["slot"]: one["count"] for one in told["unmapped"]} == {"voucher": 3, "bank": 1}
    assert "3 invoices wait" in next(one["message"] for one in told["unmapped"] if one["slot"] == "voucher")

    await office.sync()
    await synced(office, "invoice", "i-9")
    by_reason = {one["reason"]: one["count"] for one in await problems(office)}
    assert by_reason == {"mapping_missing": 3, "payment_account": 1}

    assert (await save_mappings(office, *usual()))["unmapped"] == []
    await office.sync()
    assert (await office.proof())["complete"] is True
    assert await problems(office) == []


async def test_accounts_in_several_wrong_places_are_all_named_at_once(desk: Office) -> None:
    bad = [WRONG["not there"], WRONG["takes no payments"], {"slot": "moon", "to": {"code": "200"}}]
    status, told = await desk.put(f"{desk.path}/mappings", {"mappings": bad})
    assert status == 422
    assert {fault["at"].split(".")[0] for fault in told["errors"]} == {f"mappings[{n}]" for n in range(3)}


async def test_accounts_changed_later_leave_old_books_alone_until_a_person_applies_them(desk: Office) -> None:
    await send(desk, make_contact(), make_invoice("i-1"), make_invoice("i-2"), make_payment("p-2", invoice_id="i-2"))
    await desk.sync()
    await save_mappings(desk, {"slot": "sales", "to": {"code": "205"}}, *usual("sales"))
    await run_quietly(desk)
    status, counted = await desk.call("POST", f"{desk.path}/apply", json={"dry_run": True})
    assert (status, counted["would_change"]["count"], counted["left_alone"]) == (200, 1, {"paid": 1})
    assert (await desk.call("POST", f"{desk.path}/apply", json={"dry_run": False}))[0] == 202
    await desk.sync()
    assert (accounts_of(desk, "AG-1"), accounts_of(desk, "AG-2")) == (["205"], ["200"])
    assert (await invoice_here(desk, "i-2"))["due"] == "0.00"
